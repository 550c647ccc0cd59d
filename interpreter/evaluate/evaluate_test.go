package evaluate

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/load"
	"bayplan/lang/schema"
	"bayplan/lang/value"
	"bayplan/stdlib"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// TestMain plays bay: what Load starts is this program.
func TestMain(m *testing.M) {
	switch {
	case raced:
		fmt.Println("what the race detector takes is beyond a child's limits")
		os.Exit(0)
	case IsChild(os.Args):
		weaken()
		Child(universe(), stdlib.Modules())
	case os.Getenv("EVALUATE_PARENT") != "":
		fmt.Println(Load(load.Options{Universe: universe(), Path: os.Getenv("EVALUATE_PARENT")}, Options{}))
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// universe is bay's, with a function that does what no program can.
func universe() *schema.Universe {
	u := &schema.Universe{Funcs: stdlib.Funcs()}
	for _, k := range stdlib.Kinds() {
		u.Kinds = append(u.Kinds, k.Schema())
	}
	u.Funcs = append(u.Funcs, &schema.Func{Name: "probe", Doc: "Does what no program can.", Make: func(env schema.FuncEnv) function.Function {
		return function.New(&function.Spec{
			Params: []function.Parameter{{Name: "what", Type: cty.String}, {Name: "arg", Type: cty.String}},
			Type:   function.StaticReturnType(cty.String),
			Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
				return cty.StringVal(probe(args[0].AsString(), args[1].AsString())), nil
			},
		})
	}})
	return u
}

func probe(what, arg string) string {
	switch what {
	case "env":
		return fmt.Sprint(os.Environ(), os.Args)
	case "pid":
		fmt.Fprint(os.Stderr, os.Getpid())
		return strconv.Itoa(os.Getpid())
	case "open":
		_, err := os.Open(arg)
		return fmt.Sprint(err)
	case "write":
		return fmt.Sprint(os.WriteFile(arg, nil, 0o600))
	case "dial":
		_, err := net.Dial("unix", arg)
		return fmt.Sprint(err)
	case "listen":
		_, err := net.Listen("tcp", "127.0.0.1:0")
		return fmt.Sprint(err)
	case "start":
		return fmt.Sprint(exec.Command(arg).Run())
	case "kill":
		return fmt.Sprint(syscall.Kill(os.Getppid(), 0))
	case "descriptors":
		var open []int
		for fd := range 100 {
			if _, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFD, 0); errno == 0 {
				open = append(open, fd)
			}
		}
		return fmt.Sprint(open)
	case "die":
		os.Exit(7)
	case "panic":
		panic("with " + arg)
	case "trap":
		go func() { panic("apart with " + arg) }()
		time.Sleep(time.Second)
	case "deep":
		return strconv.Itoa(deep(1 << 40))
	case "sleep":
		d, _ := time.ParseDuration(arg)
		time.Sleep(d)
	case "spin":
		for n := 0; ; n++ {
			if n < 0 {
				return "never"
			}
		}
	case "eat":
		for all := [][]byte{}; len(all) >= 0; {
			b := make([]byte, 16<<20)
			for i := 0; i < len(b); i += 4096 {
				b[i] = 1
			}
			all = append(all, b)
		}
	case "gulp":
		n, _ := strconv.Atoi(arg)
		return strconv.Itoa(len(make([]byte, n)))
	}
	return ""
}

func deep(n int) int {
	if n == 0 {
		return 0
	}
	return deep(n-1) + 1
}

// body writes a program in a directory of its own, and returns its options.
func body(t *testing.T, name, text string) load.Options {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return load.Options{Universe: universe(), Modules: stdlib.Modules(), Path: dir}
}

// result is what has to be the same either way.
func result(r load.Result) load.Result {
	r.Missing = slices.Clone(r.Missing)
	for i, v := range r.Missing {
		r.Missing[i] = &value.Variable{Name: v.Name, Pos: v.Pos, Description: v.Description, Sensitive: v.Sensitive, Type: v.Type}
	}
	return r
}

// TestSame holds that a child says what this process would: all programs that
// other tests have, good and wrong.
func TestSame(t *testing.T) {
	programs := 0
	for _, pattern := range []string{"../../lang/hclfile/testdata/*.bay.hcl", "../../lang/starfile/testdata/*.bay.star", "../../lang/load/testdata/*.bay.*"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			name := "main.bay" + filepath.Ext(file)
			for _, text := range strings.Split(string(data), "\n---\n") {
				if programs++; testing.Short() && programs%20 != 0 {
					continue
				}
				same(t, body(t, name, text))
			}
		}
	}
	for _, pattern := range []string{"../../examples/*/main.bay.*", "../../lang/load/testdata/split/main.bay.*"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, file := range files {
			same(t, load.Options{Universe: universe(), Modules: stdlib.Modules(), Path: file})
		}
	}
	same(t, load.Options{Universe: universe(), Path: "no/such/directory"})
	odd := body(t, "main.bay.star", "stack(name = 'a')\nx = variable('x', type = 'string', description = 'a \\u202e b')\ns = variable('s', sensitive = True)\nprint('\xff')\n")
	odd.Env = func(name string) (string, bool) { return "\xff" + name, name == "BAY_VAR_s" }
	same(t, odd)
	odd.Opaque, odd.Vars = true, []load.Var{{Name: "x", Value: "\xff"}}
	same(t, odd)
}

func same(t *testing.T, o load.Options) {
	t.Helper()
	var within, apart []ir.Value
	o.Secret = func(v ir.Value) { within = append(within, v) }
	want := load.Load(o)
	o.Secret = func(v ir.Value) { apart = append(apart, v) }
	got, err := Load(o, Options{})
	if err != nil {
		t.Fatal(err)
	}
	opts := cmp.Options{cmpopts.EquateEmpty(), cmp.AllowUnexported(value.Type{}), cmpopts.EquateNaNs()}
	if d := cmp.Diff(result(want).Diags, got.Diags, opts); d != "" {
		t.Errorf("%s: messages (-within +apart)\n%s", o.Path, d)
	}
	if d := cmp.Diff(want.Program, got.Program, opts); d != "" {
		t.Errorf("%s: program (-within +apart)\n%s", o.Path, d)
	}
	if d := cmp.Diff(want.Sources, got.Sources, opts); d != "" {
		t.Errorf("%s: sources (-within +apart)\n%s", o.Path, d)
	}
	if d := cmp.Diff(want.Taken, got.Taken, opts); d != "" {
		t.Errorf("%s: taken (-within +apart)\n%s", o.Path, d)
	}
	if want.Stack != got.Stack {
		t.Errorf("%s: stack %q, want %q", o.Path, got.Stack, want.Stack)
	}
	if len(want.Missing) != len(got.Missing) {
		t.Errorf("%s: %d variables are missing, want %d", o.Path, len(got.Missing), len(want.Missing))
	}
	if d := cmp.Diff(within, apart, opts); d != "" {
		t.Errorf("%s: secrets (-within +apart)\n%s", o.Path, d)
	}
}

// TestInside looks out of a child.
func TestInside(t *testing.T) {
	t.Setenv("SECRET_OF_THE_SHELL", "hunter2")
	for _, c := range []struct{ what, arg, want string }{
		{"env", "", "[] [bay " + argument + "]"},
		{"open", "/etc/passwd", "open /etc/passwd: operation not permitted"},
		{"open", "/proc/self/environ", "open /proc/self/environ: operation not permitted"},
		{"write", "/tmp/bay-probe", "open /tmp/bay-probe: operation not permitted"},
		{"dial", "/var/run/docker.sock", "dial unix /var/run/docker.sock: socket: operation not permitted"},
		{"listen", "", "listen tcp 127.0.0.1:0: socket: operation not permitted"},
		{"start", "/bin/true", "operation not permitted"},
		{"kill", "", "operation not permitted"},
		{"descriptors", "", "[0 1 2]"},
	} {
		if _, ok := filters[c.what]; ok && !filtered() {
			continue // it is the code alone that does none of this
		}
		o := body(t, "main.bay.star", fmt.Sprintf("stack(name = 'a')\noutput('x', fn.probe(%q, %q))\n", c.what, c.arg))
		got, err := Load(o, Options{})
		if err != nil || got.Program == nil {
			t.Errorf("%s: %v %v", c.what, err, got.Diags)
			continue
		}
		if said := got.Program.Outputs[0].Value.Str; !strings.HasSuffix(said, c.want) && !(c.what == "descriptors" && strings.HasPrefix(said, "[0 1 2")) {
			t.Errorf("%s %s: %s, want %s", c.what, c.arg, said, c.want)
		}
	}
}

var filters = map[string]bool{"open": true, "write": true, "dial": true, "listen": true, "start": true, "kill": true}

// TestStopped holds what is said of a program that takes too much, wherever it
// is and whatever ends it.
func TestStopped(t *testing.T) {
	how := Options{Limits: Limits{Live: 64 << 20, Memory: 96 << 20}}
	for _, c := range []struct{ what, arg, want string }{
		{"spin", "", "it takes more than 1s of processor time"},
		{"eat", "", "the program needs more than 64 MiB of memory"},
		{"gulp", "4000000000", "the program needs more than 64 MiB of memory"},
		{"deep", "", "the program is nested too deeply"},
	} {
		for name, text := range map[string]string{
			"main.bay.hcl":  "stack { name = \"a\" }\n\noutput \"x\" { value = probe(%q, %q) }\n",
			"main.bay.star": "stack(name = 'a')\n\noutput('x',       fn.probe(%q, %q))\n",
		} {
			o := body(t, name, fmt.Sprintf(text, c.what, c.arg))
			how.Limits.Time = 20 * time.Second // a busy machine eats slowly
			if c.what == "spin" {
				how.Limits.Time = time.Second
			}
			begin := time.Now()
			got, err := Load(o, how)
			if err != nil || len(got.Diags) != 1 {
				t.Errorf("%s in %s: %v %v", c.what, name, err, got.Diags)
				continue
			}
			d := got.Diags[0]
			if !strings.HasSuffix(d.Msg, c.want) || filepath.Base(d.Pos.File) != name || d.Pos.Line != 3 || d.Pos.Col < 19 || got.Sources[d.Pos.File] == nil {
				t.Errorf("%s in %s: %v, want %s at line 3", c.what, name, d, c.want)
			}
			if took := time.Since(begin); took > 60*time.Second {
				t.Errorf("%s in %s: it took %v", c.what, name, took)
			}
		}
	}
}

// TestPast holds what of the time is a program's own: it may wait for others, but
// not without an end.
func TestPast(t *testing.T) {
	l := Limits{Time: 8 * time.Second, Clock: 48 * time.Second}
	for _, c := range []struct {
		processor, clock float64
		more             float64
		want             bool
	}{
		{1, 40, 0, false}, {1.9, 47, 0, false}, {7.9, 11.9, 0, false},
		{8.1, 5, 0, true}, {0, 49, 0, true}, {2.1, 12.1, 0, true},
		{8.1, 5, unheard, false}, {9.1, 5, unheard, true}, {2.1, 12.1, unheard, false}, {2.1, 13.6, unheard, true}, {0, 49, unheard, false}, {0, 55, unheard, true},
	} {
		seconds := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
		if got := l.past(taken{seconds(c.processor), seconds(c.clock)}, c.more); got != c.want {
			t.Errorf("%v s of the processor in %v s, %v more: %v, want %v", c.processor, c.clock, c.more, got, c.want)
		}
	}
	o := body(t, "main.bay.star", "stack(name = 'a')\nfn.probe('sleep', '1500ms')\n")
	got, err := Load(o, Options{Limits: Limits{Time: time.Second}})
	if err != nil || got.Program == nil {
		t.Errorf("a program that waits: %v %v", err, got.Diags)
	}
	got, err = Load(o, Options{Limits: Limits{Clock: time.Second / 2}})
	if err != nil || len(got.Diags) != 1 || !strings.Contains(got.Diags[0].Msg, "evaluation was stopped here: it has not ended after ") {
		t.Errorf("a program that waits for too long: %v %v", err, got.Diags)
	}
}

// TestFormat holds that a child formats as this process would, and that a file
// that takes too much ends in an error of its own.
func TestFormat(t *testing.T) {
	for name, text := range map[string]string{
		"a.hcl":  "x=1\n# why\ny = 2\n",
		"b.hcl":  "x = [\n",
		"a.star": "x=1 # why\n",
		"b.star": "x = (\n",
		"c.hcl":  "",
		"c.star": "",
		"d.yaml": "x: 1\n",
		"e.hcl":  strings.Repeat("#", load.MaxFile+1),
	} {
		f := schema.File{Name: name, Src: []byte(text)}
		want, wrong := load.Format(f)
		got, ds, err := Format(f, Options{})
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %q %v, want %q", name, got, err, want)
		}
		if d := cmp.Diff(wrong, ds, cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%s: messages (-within +apart)\n%s", name, d)
		}
	}
	small := Options{Limits: Limits{Live: 24 << 20, Memory: 48 << 20}}
	for name, text := range map[string]string{
		"a.hcl":  "x = [" + strings.Repeat("1,", 500_000) + "]\n",
		"a.star": "x = [" + strings.Repeat("1,", 500_000) + "]\n",
	} {
		_, ds, err := Format(schema.File{Name: name, Src: []byte(text)}, small)
		const want = "formatting was stopped: the program needs more than 24 MiB of memory"
		if err != nil || len(ds) != 1 || ds[0].Msg != want || ds[0].Pos != (diag.Pos{File: name}) || ds[0].Hint == "" {
			t.Errorf("%s: %v %v, want %s", name, ds, err, want)
		}
	}
	_, ds, err := Format(schema.File{Name: "a.star", Src: []byte("x = 1\n")}, fake(t, "/bin/cat >/dev/null"))
	if err != nil || len(ds) != 1 || !strings.HasPrefix(ds[0].Msg, "formatting was stopped: it has not ended after ") {
		t.Errorf("one that does not end: %v %v", ds, err)
	}
}

// TestLost has children that die of something else.
func TestLost(t *testing.T) {
	const secret = "correct horse battery"
	for _, c := range []struct{ what, want string }{
		{"die", "evaluating the program: its process ended without an answer (exit status 7); nothing was changed"},
		{"trap", "evaluating the program: panic: apart with (sensitive)"},
	} {
		o := body(t, "main.bay.star", fmt.Sprintf("stack(name = 'a')\nx = variable('x')\noutput('x', fn.probe(%q, x))\n", c.what))
		o.Vars = []load.Var{{Name: "x", Value: secret}}
		_, err := Load(o, Options{})
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", c.what, err, c.want)
		}
		if bug, ok := errors.AsType[*Bug](err); ok && (strings.Contains(string(bug.Stack), secret) || !strings.Contains(string(bug.Stack), "goroutine")) {
			t.Errorf("%s: the stack is\n%s", c.what, bug.Stack)
		}
	}
}

// fake returns a program that is no bay: a script that says something.
func fake(t *testing.T, script string) Options {
	t.Helper()
	file := filepath.Join(t.TempDir(), "bay")
	if err := os.WriteFile(file, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return Options{Program: file, Limits: Limits{Clock: time.Second}}
}

// TestNonsense has children that are not what they should be.
func TestNonsense(t *testing.T) {
	for _, c := range []struct{ script, want string }{
		{"echo this is garbage", "answers what makes no sense"},
		{"printf '\\000\\000\\000\\002\\377\\377'", "answers what makes no sense"},
		{"printf '\\000\\000\\000\\001\\000'", "answers what makes no sense"},
		{"printf '\\000\\000\\001\\000half'", "ended without an answer (exit status 0)"},
		{"exit 3", "ended without an answer (exit status 3)"},
		{"kill -9 $$", "ended without an answer (signal: killed)"},
		{"/bin/cat >/dev/null", "it has not ended after "},
		{"exec >&- ; exec /bin/sleep 60", "ended without an answer (signal: killed)"},
	} {
		o := body(t, "main.bay.hcl", "stack { name = \"a\" }\n")
		got, err := Load(o, fake(t, c.script))
		if said := fmt.Sprint(err, got.Diags); !strings.Contains(said, c.want) {
			t.Errorf("%s: %s, want %s", c.script, said, c.want)
		}
	}
	o := body(t, "main.bay.hcl", "stack { name = \"a\" }\n")
	_, err := Load(o, Options{Program: "/no/such/bay"})
	if _, ok := errors.AsType[*NoChild](err); !ok {
		t.Errorf("no program: %v", err)
	}
}

// TestDesk asks the parent for what no program may see.
func TestDesk(t *testing.T) {
	top := t.TempDir()
	for name, text := range map[string]string{"stack/main.bay.hcl": "", "stack/in": "in", "secret": "secret", "vars.env": "", "stack/large": strings.Repeat("x", 2<<20)} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(top, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(top, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	stack := filepath.Join(top, "stack")
	for link, to := range map[string]string{"link": "../secret", "dir": "..", "null": "/dev/null"} {
		if err := os.Symlink(to, filepath.Join(stack, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(stack, "pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	d, err := newDesk(load.Options{Path: stack, VarFiles: []string{filepath.Join(top, "vars.env")}, Env: func(string) (string, bool) { return "set", true }})
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	if r := d.answer(&ask{What: askRoot, Name: stack}); r.Err != nil {
		t.Fatal(r.Err)
	}
	for _, a := range []ask{
		{What: askRoot, Name: filepath.Join(top, "other")}, {What: askRoot, Name: "stack"}, {What: askRoot, Name: filepath.Join(stack, "dir")},
		{What: askRead, Name: "../secret"}, {What: askRead, Name: "/etc/passwd"}, {What: askRead, Name: "link"}, {What: askRead, Name: "dir/secret"},
		{What: askRead, Name: "null"}, {What: askRead, Name: "pipe"}, {What: askRead, Name: "."}, {What: askRead, Root: 1, Name: "in"}, {What: askRead, Root: -1, Name: "in"},
		{What: askStat, Name: "../secret"}, {What: askStat, Name: "link"}, {What: askDir, Name: ".."}, {What: askDir, Name: "dir"},
		{What: askVarFile, Name: filepath.Join(top, "secret")}, {What: askVarFile, Name: "/etc/passwd"},
		{What: askFile, Name: filepath.Join(top, "secret")}, {What: askFile, Name: filepath.Join(stack, "link")}, {What: askFile, Name: filepath.Join(stack, "large")},
		{What: askFile, Name: filepath.Join(stack, "pipe")}, {What: askFile, Name: "in"}, {What: askLook, Name: filepath.Join(top, "secret")}, {What: "else"},
	} {
		if r := d.answer(&a); r.Err == nil {
			t.Errorf("%+v: answered with %+v", a, r)
		}
	}
	for _, a := range []ask{
		{What: askInput, Name: "HOME"}, {What: askIsFile, Name: "/etc/passwd"}, {What: askWithin, Name: "/", Second: "/etc/passwd"},
		{What: askWithin, Name: stack, Second: filepath.Join(stack, "link")}, {What: askSame, Name: "link", Second: "../secret"},
	} {
		if r := d.answer(&a); r.Yes || r.Data != nil {
			t.Errorf("%+v: answered with %+v", a, r)
		}
	}
	if r := d.answer(&ask{What: askRead, Name: "in"}); r.Err != nil || string(r.Data) != "in" {
		t.Errorf("a file of the stack: %+v", r)
	}
	if r := d.answer(&ask{What: askInput, Name: "BAY_VAR_x"}); !r.Yes || string(r.Data) != "set" {
		t.Errorf("an input: %+v", r)
	}
}

// TestOrphan kills a parent: the child ends with it.
func TestOrphan(t *testing.T) {
	o := body(t, "main.bay.star", "stack(name = 'a')\nfn.probe('pid', '')\nfn.probe('spin', '')\n")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "EVALUATE_PARENT="+o.Path)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	child := childOf(t, cmd.Process.Pid)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	// Beyond its Time it would end by itself.
	for until := time.Now().Add(Default().Time * 3 / 4); time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
		if syscall.Kill(child, 0) != nil || zombie(child) {
			return
		}
	}
	t.Errorf("the child %d lives on", child)
}

func zombie(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || bytes.Contains(stat, []byte(") Z "))
}

// childOf waits for a process to have a child.
func childOf(t *testing.T, pid int) int {
	t.Helper()
	for range 200 {
		files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if data, err := os.ReadFile(f); err == nil {
				if child, err := strconv.Atoi(strings.TrimSpace(string(data))); err == nil {
					return child
				}
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Skip("this system does not tell the children of a process")
	return 0
}

// TestRefuses asks a child whether a value will do, by rules that only it has.
func TestRefuses(t *testing.T) {
	o := body(t, "main.bay.star", "stack(name = 'a')\nn = variable('n', type = 'number', description = 'how many', validation = [rule(lambda v: v > 2, 'too few: {value}')])\n")
	got, err := Load(o, Options{})
	if err != nil || len(got.Missing) != 1 {
		t.Fatalf("%v %+v", err, got)
	}
	for text, want := range map[string]string{"1": "too few: 1", "3": "", "many": "not a value"} {
		d := got.Missing[0].Refuses(text)
		if (d == nil) != (want == "") || d != nil && !strings.Contains(d.Msg, want) {
			t.Errorf("%s: %v, want %q", text, d, want)
		}
	}
}

func TestCodec(t *testing.T) {
	want := up{Answer: &answer{
		Diags:   diag.List{{Pos: diag.Pos{File: "a", Line: 1, Col: 2}, Msg: "\xff", Calls: []diag.Call{}}},
		Program: &ir.Program{Stack: "a", Resources: []*ir.Resource{{Attrs: []ir.Attr{{Name: "x", Value: ir.ListVal()}, {Name: "x", Value: ir.FloatVal(0.5)}, {Name: "y", Value: ir.MapVal(map[string]ir.Value{"": ir.IntVal(-1)})}}}}},
		Sources: []source{{Name: "a", Text: []byte{0}}},
	}}
	data, err := encode(want)
	if err != nil {
		t.Fatal(err)
	}
	var got up
	if err := decode(data[4:], &got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	for n := range len(data) - 4 {
		if err := decode(data[4:4+n], new(up)); err == nil {
			t.Errorf("%d bytes of %d are a message", n, len(data)-4)
		}
	}
}

// FuzzFrame holds that nobody is hurt by what is no message.
func FuzzFrame(f *testing.F) {
	for _, m := range []up{{}, {Ask: &ask{What: askRead, Name: "a"}}, {Answer: &answer{Diags: diag.List{{Msg: "m"}}}}} {
		data, err := encode(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var m up
		if err := readFrame(bytes.NewReader(data), &m); err != nil {
			return
		}
		again, err := encode(m)
		if err != nil {
			t.Fatal(err)
		}
		if err := decode(again[4:], new(up)); err != nil {
			t.Errorf("what was read cannot be read again: %v", err)
		}
	})
}

// filtered reports whether the kernel holds a child to what it may do.
func filtered() bool {
	return runtime.GOOS == "linux" && (runtime.GOARCH == "amd64" || runtime.GOARCH == "arm64")
}

// bombs are programs that ask for all there is, by what they do. Each ends in
// one error, whichever limit is the first.
var bombs = map[string]string{
	"hcl/doubling":    `stack { name = "a" }` + "\n" + doubling(40) + `output "x" { value = local.x40 }`,
	"hcl/lists":       `stack { name = "a" }` + "\n" + lists(30) + `output "x" { value = jsonencode(local.x30) }`,
	"hcl/for":         `stack { name = "a" }` + "\n" + `output "x" { value = [for a in range(9999) : [for b in range(9999) : [for c in range(9999) : a + b + c]]] }`,
	"hcl/format":      `stack { name = "a" }` + "\n" + `output "x" { value = format("%1000000000d", 1) }`,
	"hcl/product":     `stack { name = "a" }` + "\n" + `output "x" { value = setproduct(range(9999), range(9999), range(9999)) }`,
	"hcl/pow":         `stack { name = "a" }` + "\n" + `output "x" { value = pow(10, 1000000000) }`,
	"hcl/parseint":    `stack { name = "a" }` + "\n" + `output "x" { value = parseint("` + strings.Repeat("9", 500_000) + `", 10) }`,
	"hcl/digits":      `stack { name = "a" }` + "\n" + `output "x" { value = 1` + strings.Repeat("0", 900_000) + ` }`,
	"hcl/nesting":     `stack { name = "a" }` + "\n" + `output "x" { value = ` + strings.Repeat("(", 250_000) + "1" + strings.Repeat(")", 250_000) + ` }`,
	"hcl/brackets":    `stack { name = "a" }` + "\n" + `output "x" { value = ` + strings.Repeat("[", 250_000) + strings.Repeat("]", 250_000) + ` }`,
	"hcl/not":         `stack { name = "a" }` + "\n" + `output "x" { value = ` + strings.Repeat("!", 900_000) + `true }`,
	"hcl/template":    `stack { name = "a" }` + "\n" + `output "x" { value = "%{ for a in range(9999) }%{ for b in range(9999) }` + strings.Repeat("x", 1000) + `%{ endfor }%{ endfor }" }`,
	"hcl/yaml":        `stack { name = "a" }` + "\n" + `output "x" { value = yamldecode(<<EOT` + "\n" + aliases(30) + "EOT\n) }",
	"hcl/replace":     `stack { name = "a" }` + "\n" + `output "x" { value = replace(join("", [for i in range(9999) : "aaaaaaaaaa"]), "/a/", join("", [for i in range(9999) : "bbbbbbbbbb"])) }`,
	"hcl/regex":       `stack { name = "a" }` + "\n" + `output "x" { value = regexall("(((a{0,100}){0,100}){0,100})*", join("", [for i in range(9999) : "aaaaaaaaaa"])) }`,
	"hcl/many":        `stack { name = "a" }` + "\n" + `network "n" { for_each = range(9999) }` + "\n" + `network "o" { for_each = range(9999) }` + "\n" + `network "p" { for_each = range(9999) }` + "\n" + `network "q" { for_each = range(9999) }`,
	"star/doubling":   "stack(name = 'a')\nx = 'a'\nfor i in range(100): x += x\n",
	"star/repeat":     "stack(name = 'a')\nx = 'a' * (1 << 40)\n",
	"star/lists":      "stack(name = 'a')\nx = [1]\nfor i in range(60): x = [x, x]\noutput('x', x)\n",
	"star/equal":      "stack(name = 'a')\nx, y = [1], [1]\nfor i in range(60): x, y = [x, x], [y, y]\noutput('x', x == y)\n",
	"star/tuples":     "stack(name = 'a')\nx = (1,)\nfor i in range(60): x = (x, x)\noutput('x', len({x: 1}))\n",
	"star/loop":       "stack(name = 'a')\nfor i in range(1 << 40): pass\n",
	"star/append":     "stack(name = 'a')\nx = []\nfor i in range(1 << 40): x.append('a' * 100000 + str(i))\n",
	"star/format":     "stack(name = 'a')\nx = format('%1000000000d', 1)\n",
	"star/shift":      "stack(name = 'a')\nx = 1 << 1000000000\n",
	"star/square":     "stack(name = 'a')\nx = 3\nfor i in range(100): x = x * x\n",
	"star/digits":     "stack(name = 'a')\nx = 1" + strings.Repeat("0", 900_000) + "\noutput('x', str(x))\n",
	"star/int":        "stack(name = 'a')\nx = int('9' * 3000000)\n",
	"star/sorted":     "stack(name = 'a')\nx = sorted(range(1 << 40))\n",
	"star/nesting":    "stack(name = 'a')\nx = " + strings.Repeat("(", 400_000) + "1" + strings.Repeat(")", 400_000) + "\n",
	"star/product":    "stack(name = 'a')\nx = setproduct(list(range(9999)), list(range(9999)), list(range(9999)))\n",
	"star/yaml":       "stack(name = 'a')\nx = yamldecode('''" + aliases(30) + "''')\n",
	"star/union":      "stack(name = 'a')\nx = [i for i in range(1000) for j in range(1000) for k in range(1000)]\n",
	"star/concat":     "stack(name = 'a')\nx = []\nfor i in range(1 << 30): x = x + [i]\n",
	"star/dict":       "stack(name = 'a')\nx = {}\nfor i in range(1 << 40): x[str(i)] = 'a' * 10000 + str(i)\n",
	"star/many":       "stack(name = 'a')\nfor i in range(1 << 40): network('n', key = str(i))\n",
	"star/comparison": "stack(name = 'a')\nx = list(range(1000000))\ny = list(range(1000000))\nfor i in range(1 << 40): x == y\n",
}

func doubling(n int) string {
	text := "locals {\n  x0 = \"a\"\n"
	for i := range n {
		text += fmt.Sprintf("  x%d = \"${local.x%d}${local.x%d}\"\n", i+1, i, i)
	}
	return text + "}\n"
}

func lists(n int) string {
	text := "locals {\n  x0 = [1]\n"
	for i := range n {
		text += fmt.Sprintf("  x%d = [local.x%d, local.x%d]\n", i+1, i, i)
	}
	return text + "}\n"
}

func aliases(n int) string {
	text := "x0: &x0 [1]\n"
	for i := range n {
		text += fmt.Sprintf("x%d: &x%d [*x%d, *x%d]\n", i+1, i+1, i, i)
	}
	return text
}

// fits are the bombs that are programs within bay's own limits.
var fits = []string{"star/digits"}

// TestBombs holds that each ends in an error of the program. With bay's own limits
// (BOMBS=all) each ends within 15 s and 700 MiB.
func TestBombs(t *testing.T) {
	all := os.Getenv("BOMBS") == "all"
	limits := Limits{Live: 96 << 20, Memory: 160 << 20, Time: 600 * time.Millisecond}
	if all {
		limits = Default()
	}
	for _, name := range slices.Sorted(maps.Keys(bombs)) {
		t.Run(name, func(t *testing.T) {
			file := map[string]string{"hcl": "main.bay.hcl", "star": "main.bay.star"}[path.Dir(name)]
			o := body(t, file, bombs[name])
			begin := time.Now()
			p, a, err := evaluate(o, false, Options{Limits: limits})
			took := time.Since(begin)
			if err != nil {
				t.Fatal(err)
			}
			said := p.stopped
			if a != nil {
				said = a.Diags
			}
			p.end()
			<-p.gone
			most := p.most() >> 20
			t.Logf("%v, %d MiB: %.200v", took.Round(time.Millisecond), most, said)
			if all && slices.Contains(fits, name) && a != nil && a.Program != nil && len(said) == 0 {
				t.Log("it is within bay's own limits")
			} else if len(said) != 1 || said[0].Warning || !said[0].Pos.Known() {
				t.Errorf("%.500v, want one error", said)
			}
			if all && (took > 15*time.Second || most > 700) {
				t.Errorf("it took %v and %d MiB", took, most)
			}
		})
	}
}

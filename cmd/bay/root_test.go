package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bayplan/interpreter"
	"bayplan/interpreter/apply"
	"bayplan/interpreter/engine"
	"bayplan/interpreter/engine/embedded"
	"bayplan/interpreter/kind"
	"bayplan/interpreter/plan"
	"bayplan/lang/ir"
	"bayplan/stdlib"

	"github.com/google/go-cmp/cmp"
)

// tester is an app whose outputs are files.
type tester struct {
	*app
	t   *testing.T
	env map[string]string
}

func newTester(t *testing.T) *tester {
	t.Helper()
	file := func(name string) screen {
		f, err := os.Create(filepath.Join(t.TempDir(), name))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return screenOf(f)
	}
	x := &tester{t: t, env: map[string]string{}}
	x.app = &app{
		bay: &interpreter.Bay{Kinds: stdlib.Kinds(), Funcs: stdlib.Funcs()},
		in:  strings.NewReader("y\n"), out: file("out"), err: file("err"),
		getenv: func(name string) string { return x.env[name] }, signals: new(signals),
	}
	return x
}

func (x *tester) read(s screen) string {
	x.t.Helper()
	data, err := os.ReadFile(s.Name())
	if err != nil {
		x.t.Fatal(err)
	}
	return string(data)
}

func TestWrongUse(t *testing.T) {
	for _, c := range []struct {
		args []string
		err  string
	}{
		{[]string{"plan", "--jsn"}, "error: unknown flag: --jsn\n  hint: see `bay plan --help`\n"},
		{[]string{"plan", "a", "b"}, "error: want one DIR at most, got [\"a\" \"b\"]\n  hint: see `bay plan --help`\n"},
		{[]string{"pln"}, "error: there is no command \"pln\"\n  hint: did you mean `bay plan`?\n"},
		{[]string{"frobnicate"}, "error: there is no command \"frobnicate\"\n  hint: see `bay --help`\n"},
		{[]string{"plan", "--var", "x"}, "error: --var x: want NAME=VALUE\n  hint: see `bay plan --help`\n"},
		{[]string{"apply", "--parallelism", "0"}, "error: --parallelism is 0, want at least 1\n  hint: see `bay apply --help`\n"},
		{[]string{"apply", "--remove-volume", "pgdata"}, "error: --remove-volume: address \"pgdata\": want KIND.LABEL or KIND.LABEL[\"KEY\"]\n  hint: see `bay apply --help`\n"},
		{[]string{"validate", "no/such"}, "error: there is no no/such\n  hint: name the directory of the stack, or a file main.bay.star or *.bay.hcl in it\n"},
	} {
		x := newTester(t)
		code := x.run(c.args)
		if d := cmp.Diff(c.err, x.read(x.err)); d != "" || code != exitError || x.read(x.out) != "" {
			t.Errorf("bay %s: exit code %d, output %q, errors (-want +got):\n%s", strings.Join(c.args, " "), code, x.read(x.out), d)
		}
	}
}

func TestUnreachable(t *testing.T) {
	x := newTester(t)
	code := x.run([]string{"ls", "--engine", "unix:///no/such.sock"})
	got := x.read(x.err)
	if code != exitUnreachable {
		t.Errorf("exit code %d, want %d", code, exitUnreachable)
	}
	for _, want := range []string{"error: no Docker Engine answers at unix:///no/such.sock", "tried: --engine unix:///no/such.sock", "--engine embedded"} {
		if !strings.Contains(got, want) {
			t.Errorf("the error does not say %q:\n%s", want, got)
		}
	}
}

func TestHeld(t *testing.T) {
	x := newTester(t)
	err := fmt.Errorf("opening: %w", &embedded.Held{World: "default", By: "process 4711 since 12s"})
	if code := x.report(x.root(), x.unreachable(err)); code != exitLocked {
		t.Errorf("exit code %d, want %d", code, exitLocked)
	}
	want := "error: embedded world default is held by process 4711 since 12s; wait until it has ended, or take another world\n"
	if d := cmp.Diff(want, x.read(x.err)); d != "" {
		t.Errorf("errors (-want +got):\n%s", d)
	}
}

func TestBugsAreNoChanges(t *testing.T) {
	x := newTester(t)
	x.bay = nil // as good as any bug
	if code := x.run([]string{"validate", "."}); code != exitError {
		t.Errorf("exit code %d, want %d", code, exitError)
	}
	if got := x.read(x.err); !strings.HasPrefix(got, "error: this is a bug in bay: ") {
		t.Errorf("errors:\n%s", got)
	}
}

func TestHelpNamesEveryCode(t *testing.T) {
	x := newTester(t)
	if code := x.run([]string{"help", "exit-codes"}); code != exitDone {
		t.Fatalf("exit code %d", code)
	}
	got := x.read(x.out)
	for _, c := range exitCodes() {
		if !strings.Contains(got, c.meaning) {
			t.Errorf("help does not say %q:\n%s", c.meaning, got)
		}
	}
}

func TestAgree(t *testing.T) {
	shop := &plan.Plan{Mode: plan.Destroy, Stack: "shop"}
	for _, c := range []struct {
		name string
		o    destroyFlags
		err  string // "" is agreed
		hint string
	}{
		{"nothing said, no terminal", destroyFlags{}, "nothing was changed: there is no terminal on which to ask", "`bay destroy --yes` removes without asking"},
		{"yes", destroyFlags{yes: true}, "", ""},
		{"data, no terminal", destroyFlags{volumes: true}, "nothing was changed: there is no terminal on which to ask", "agree with --confirm shop"},
		{"data, yes", destroyFlags{volumes: true, yes: true}, "nothing was changed: data would go, and --yes is not enough for that", "agree with --confirm shop"},
		{"data, confirmed", destroyFlags{volumes: true, confirm: "shop"}, "", ""},
		{"data, another stack confirmed", destroyFlags{volumes: true, yes: true, confirm: "blog"}, `nothing was changed: --confirm says "blog", and the stack is "shop"`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := newTester(t).agreeDestroy(shop, "dock", c.o)
			if err == nil {
				if c.err != "" {
					t.Error("agreed")
				}
				return
			}
			var f *failure
			if !errors.As(err, &f) || f.Error() != c.err || f.hint != c.hint || f.code != 0 {
				t.Errorf("got %#v, want %q, hint %q", err, c.err, c.hint)
			}
		})
	}
}

func TestAgreeToLosingAVolume(t *testing.T) {
	gone := &plan.Step{Verb: kind.Remove, Addr: ir.Addr{Kind: "volume", Label: "data"}}
	p := &plan.Plan{Mode: plan.Apply, Stack: "shop", Steps: []*plan.Step{gone}}
	for _, c := range []struct {
		o    applyFlags
		want bool
	}{{applyFlags{yes: true}, false}, {applyFlags{}, false}, {applyFlags{confirm: "blog"}, false}, {applyFlags{confirm: "shop"}, true}} {
		if err := newTester(t).agreeApply(p, "dock", c.o); (err == nil) != c.want {
			t.Errorf("%+v: agreed is %v, want %v", c.o, err == nil, c.want)
		}
	}
	p.Steps = nil
	if err := newTester(t).agreeApply(p, "dock", applyFlags{yes: true}); err != nil {
		t.Error(err)
	}
}

func TestOutputArgs(t *testing.T) {
	for _, c := range []struct {
		args      []string
		dir, name string
	}{
		{nil, ".", ""},
		{[]string{"url"}, ".", "url"},
		{[]string{"./shop"}, "./shop", ""},
		{[]string{".."}, "..", ""},
		{[]string{"main.bay.star"}, "main.bay.star", ""},
		{[]string{"shop", "url"}, "shop", "url"},
	} {
		if dir, name := outputArgs(c.args); dir != c.dir || name != c.name {
			t.Errorf("%q: %q and %q, want %q and %q", c.args, dir, name, c.dir, c.name)
		}
	}
}

func TestOneOutput(t *testing.T) {
	db := ir.Addr{Kind: "container", Label: "db"}
	for _, c := range []struct {
		name   string
		v      ir.Value
		asJSON bool
		want   string
		err    string
	}{
		{"text", ir.StringVal("http://x"), false, "http://x\n", ""},
		{"number", ir.IntVal(8080), false, "8080\n", ""},
		{"list", ir.ListVal(ir.StringVal("a"), ir.IntVal(1)), false, "[\n  \"a\",\n  1\n]\n", ""},
		{"text as JSON", ir.StringVal("<x>"), true, "\"<x>\"\n", ""},
		{"sensitive", ir.StringVal("pw").AsSensitive(), false, "pw\n", ""},
		{"sensitive inside", ir.ListVal(ir.StringVal("pw").AsSensitive()), true, "[\n  \"pw\"\n]\n", ""},
		{"not known", ir.EngineVal(db, "ip"), false, "", "output x is not known: the engine does not tell container.db.ip now"},
		{"not given", ir.Value{Kind: ir.String, Sensitive: true, Opaque: true}, false, "", "output x holds a sensitive input that was not given"},
	} {
		x := newTester(t)
		err := x.oneOutput("x", c.v, c.asJSON)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != c.err || x.read(x.out) != c.want {
			t.Errorf("%s: %q, error %q; want %q, %q", c.name, x.read(x.out), got, c.want, c.err)
		}
	}
}

func TestLocale(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want bool
	}{
		{nil, false},
		{map[string]string{"LANG": "de_DE.UTF-8"}, false},
		{map[string]string{"LANG": "C.utf8"}, false},
		{map[string]string{"LANG": "C"}, true},
		{map[string]string{"LC_ALL": "POSIX", "LANG": "en_US.UTF-8"}, true},
	} {
		x := newTester(t)
		x.env = c.env
		if got := x.ascii(); got != c.want {
			t.Errorf("%v: ascii is %v, want %v", c.env, got, c.want)
		}
	}
}

// TestProgress shows an apply to a file: a line for what begins, what is
// waited for, and how it ends.
func TestProgress(t *testing.T) {
	x := newTester(t)
	web := &plan.Step{Verb: kind.Replace, Addr: ir.Addr{Kind: "container", Label: "web"}}
	data := &plan.Step{Verb: kind.Create, Addr: ir.Addr{Kind: "volume", Label: "data"}}
	p := &plan.Plan{Mode: plan.Apply, Stack: "shop", Steps: []*plan.Step{data, web}}
	sick := &engine.NotReady{Container: "shop-web", Reason: "became unhealthy", Health: "refused", Logs: []string{"one", "two\x1b[31m"}}
	v := x.progress(p, false)
	v.mu.Lock()
	v.while = 0
	v.mu.Unlock()
	for _, ev := range []apply.Event{
		{Kind: apply.Begin, Step: data},
		{Kind: apply.Doing, Step: data, Text: "POST /volumes/create"},
		{Kind: apply.Done, Step: data, Took: 120 * time.Millisecond},
		{Kind: apply.Begin, Step: web},
		{Kind: apply.Progress, Step: web, Progress: engine.Progress{Text: "Step 1/3 : FROM scratch"}},
		{Kind: apply.Progress, Step: web, Progress: engine.Progress{Text: " ---> 1234"}},
		{Kind: apply.Waiting, Step: web, Text: "to be healthy, at most 1m0s"},
		{Kind: apply.Stopping},
		{Kind: apply.Undoing, Step: web, Err: sick},
		{Kind: apply.Failed, Step: web, Err: sick, Took: 12 * time.Second},
	} {
		v.event(ev)
		v.refresh()
	}
	v.close()
	want := `  + volume.data    creating…
  + volume.data    created in 100ms
  ± container.web  replacing…
  ± container.web  Step 1/3 : FROM scratch
  ± container.web  waits to be healthy, at most 1m0s
  stopping after what runs now; Ctrl-C again leaves at once
  ± container.web  failed: container shop-web became unhealthy
  ± container.web  is taken back…
  ± container.web  failed after 12s
`
	if d := cmp.Diff(want, x.read(x.out)); d != "" {
		t.Errorf("progress (-want +got):\n%s", d)
	}
	x.summary(p, &apply.Report{Done: []*plan.Step{data}, Failed: []apply.Failure{{Step: web, Err: sick, Touched: true, RolledBack: true}}, Took: 13 * time.Second})
	want = `
error: container.web: container shop-web became unhealthy
  its health check said: refused
  its last lines:
    one
    two\x1b[31m
  it was taken back: what was there before is there again

Not all is done after 13s: 1 of 2 steps done, 1 failed. The next ` + "`bay apply`" + ` goes on from here.
`
	if d := cmp.Diff(want, x.read(x.err)); d != "" {
		t.Errorf("summary (-want +got):\n%s", d)
	}
}

// Package loadtest checks what a reader makes of sources, for the tests of
// both languages.
//
// A file of testdata holds programs, with a line of three dashes between them.
// What is expected stands in a comment on the line that it is about:
//
//	### = V               the output that is declared here has the value V
//	### N: MSG            at column N the message is MSG
//	### N: MSG ~ HINT     and HINT stands in its hint
//
// A line may have several. A message without a line is expected by -: MSG.
package loadtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
	"bayplan/lang/value"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// Reader is what the readers of both languages are.
type Reader func(*schema.Builder, schema.Body, *value.Inputs, schema.Source)

// Read has a program read as the stack in directory /stack. Variables have the
// values in vars.
func Read(read Reader, f schema.File, vars map[string]string) (*ir.Program, diag.List) {
	return ReadIn(Universe(), read, f, vars)
}

// ReadIn is Read with these kinds and functions.
func ReadIn(u *schema.Universe, read Reader, f schema.File, vars map[string]string) (*ir.Program, diag.List) {
	b := schema.NewBuilder(u, "/stack", "")
	b.LoadBy(loader{})
	in := &value.Inputs{Lookup: func(name string) (value.Given, bool) {
		text, ok := vars[name]
		return value.Given{Text: text, From: "--var"}, ok
	}}
	read(b, schema.Body{Dir: "/stack", Files: []schema.File{f}}, in, oneFile{})
	return b.Finish(), b.Diags
}

// Check reads each program of the files that match pattern and compares what
// it says with what is expected.
func Check(t *testing.T, pattern string, read Reader) {
	t.Helper()
	CheckIn(t, Universe(), pattern, read)
}

// CheckIn is Check with these kinds and functions.
func CheckIn(t *testing.T, u *schema.Universe, pattern string, read Reader) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no files match %s: %v", pattern, err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range Programs(string(data)) {
			t.Run(fmt.Sprintf("%s:%d", filepath.Base(name), p.Line), func(t *testing.T) { p.check(t, u, read) })
		}
	}
}

// Program is one program of a file.
type Program struct {
	Line int    // where it begins, from 1
	Src  string // with empty lines before it, so that its lines are the file's
}

// Programs cuts a file into its programs.
func Programs(file string) []Program {
	var out []Program
	line := 1
	for chunk := range strings.SplitSeq(file, "\n---\n") {
		out = append(out, Program{Line: line, Src: strings.Repeat("\n", line-1) + chunk + "\n"})
		line += strings.Count(chunk, "\n") + 2
	}
	return out
}

func (p Program) check(t *testing.T, u *schema.Universe, read Reader) {
	prog, ds := ReadIn(u, read, schema.File{Name: "f", Src: []byte(p.Src)}, nil)
	got := map[int][]string{}
	for _, d := range ds {
		got[d.Pos.Line] = append(got[d.Pos.Line], fmt.Sprintf("%d: %s", d.Pos.Col, d.Msg))
	}
	if !ds.HasErrors() {
		for _, o := range prog.Outputs {
			got[o.Pos.Line] = append(got[o.Pos.Line], "= "+o.Value.Show())
		}
	}
	want, hints := p.expected()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("line: what is said there (-want +got):\n%s", diff)
	}
	for _, d := range ds {
		if hint := hints[d.Msg]; !strings.Contains(d.Hint, hint) {
			t.Errorf("%s\nhas the hint %q, want %q in it", d, d.Hint, hint)
		}
	}
}

// expected returns what the comments expect by line, and hints by message.
func (p Program) expected() (map[int][]string, map[string]string) {
	want, hints := map[int][]string{}, map[string]string{}
	for i, line := range strings.Split(p.Src, "\n") {
		for _, e := range strings.Split(line, "### ")[1:] {
			text, hint, _ := strings.Cut(strings.TrimSpace(e), " ~ ")
			if msg, ok := strings.CutPrefix(text, "-: "); ok {
				want[0] = append(want[0], "0: "+msg)
			} else {
				want[i+1] = append(want[i+1], text)
			}
			if _, msg, ok := strings.Cut(text, ": "); ok {
				hints[msg] = hint
			}
		}
	}
	return want, hints
}

// oneFile is a Source with one file.
type oneFile struct{}

func (oneFile) Open(dir, path string) (schema.File, error) {
	if path != "motd.txt" {
		return schema.File{}, fmt.Errorf("there is no file %q", path)
	}
	return schema.File{Name: path, Path: dir + "/" + path, Src: []byte("hello\n")}, nil
}

func (oneFile) Files(string, string) ([]string, error) { return []string{"motd.txt"}, nil }

func file(env schema.FuncEnv) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			f, err := env.Source.Open(env.Dir, args[0].AsString())
			return cty.StringVal(string(f.Src)), err
		},
	})
}

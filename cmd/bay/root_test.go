package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bayplan/interpreter"
	"bayplan/interpreter/engine/embedded"
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
		bay: &interpreter.Bay{Kinds: stdlib.Kinds(), Funcs: stdlib.Funcs(), Modules: stdlib.Modules()},
		in:  strings.NewReader("y\n"), out: file("out"), err: file("err"),
		getenv: func(name string) string { return x.env[name] }, signals: new(signals),
	}
	return x
}

func (x *tester) read(s screen) string {
	x.t.Helper()
	data, err := os.ReadFile(s.file.Name())
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
		{[]string{"plan", "--var", "x"}, "error: --var wants NAME=VALUE\n  hint: see `bay plan --help`\n"},
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
	err := fmt.Errorf("opening: %w", &embedded.Held{World: "default", By: "process 4711, for 12s"})
	if code := x.report(x.root(), x.unreachable(err)); code != exitLocked {
		t.Errorf("exit code %d, want %d", code, exitLocked)
	}
	want := "error: embedded world default is held by process 4711, for 12s; wait until it has ended, or take another world\n"
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

func TestHelpSaysWhatHolds(t *testing.T) {
	x := newTester(t) // without evaluate.Options
	if code := x.run([]string{"help", "limits"}); code != exitDone {
		t.Fatalf("exit code %d", code)
	}
	if got := x.read(x.out); !strings.HasSuffix(got, "\n\nHere programs are evaluated in bay itself, without any of that.\n") {
		t.Errorf("of this machine: %s", got)
	}
	for want, got := range map[string]string{
		"All of that holds here.": holding(nil, nil),
		"All of that holds here but for what this system refuses:\n  no core: why\n  memory: why": holding([]string{"no core: why", "memory: why"}, nil),
		"Here none of that can be had: no process.":                                               holding(nil, errors.New("no process")),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"bayplan/interpreter/show"
)

// docked is a tester with a stack on an embedded engine of its own.
func docked(t *testing.T) (x *tester, dir string) {
	t.Helper()
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.bay.hcl"), []byte(dock), 0o644); err != nil {
		t.Fatal(err)
	}
	return newTester(t), dir
}

// linesOf reads events, and holds that each has no field but those that the
// reference names for it.
func linesOf(t *testing.T, text string) []show.Event {
	t.Helper()
	var events []show.Event
	for line := range strings.Lines(text) {
		dec := json.NewDecoder(strings.NewReader(line))
		dec.DisallowUnknownFields()
		var ev show.Event
		if err := dec.Decode(&ev); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		v := reflect.ValueOf(ev)
		for i := range v.NumField() {
			in := v.Type().Field(i).Tag.Get("in")
			if in != "" && !v.Field(i).IsZero() && !slices.Contains(strings.Fields(in), string(ev.Event)) {
				t.Errorf("%s stands in an event %s, and is only to be in %s", v.Type().Field(i).Name, ev.Event, in)
			}
		}
		events = append(events, ev)
	}
	return events
}

func kindsOf(events []show.Event) string {
	var kinds []string
	for _, ev := range events {
		kinds = append(kinds, string(ev.Event))
	}
	return strings.Join(kinds, " ")
}

func TestEvents(t *testing.T) {
	_, dir := docked(t)
	for _, c := range []struct {
		line  string
		code  int
		kinds string
		err   string // of the last line
	}{
		{"apply --json", exitError, "run plan end", "nothing was changed: with --json nobody is asked"},
		{"apply --json --yes --parallelism 1", exitDone, "run plan begin doing done begin doing done end", ""},
		{"apply --json", exitDone, "run plan end", ""},
		{"destroy --json --yes", exitDone, "run plan begin doing done end", ""},
		{"gc --json --yes", exitDone, "run plan end", ""},
		{"destroy --json --volumes --yes", exitError, "run plan end", "nothing was changed: data would go, and --yes is not enough for that"},
		{"apply --json --yes --engine unix:///no/such.sock", exitUnreachable, "", ""},
	} {
		x := newTester(t)
		out := x.out
		args := append(strings.Fields(c.line), dir, "--var", "key=k1k1k1")
		if !strings.Contains(c.line, "--engine") {
			args = append(args, "--engine", "embedded")
		}
		code := x.run(args)
		events := linesOf(t, x.read(out))
		if got := kindsOf(events); code != c.code || got != c.kinds {
			t.Errorf("bay %s: exit code %d, events %s; want %d, %s", c.line, code, got, c.code, c.kinds)
			continue
		}
		if len(events) == 0 {
			continue
		}
		first, last := events[0], events[len(events)-1]
		if first.Format != show.EventsFormat || first.Stack != "dock" || first.Engine == nil || first.Command != strings.Fields(c.line)[0] {
			t.Errorf("bay %s: the first line is %+v", c.line, first)
		}
		if last.Exit == nil || *last.Exit != c.code || last.Error != c.err {
			t.Errorf("bay %s: the last line is %+v", c.line, last)
		}
		if strings.Contains(x.read(out), "k1k1k1") {
			t.Errorf("bay %s: a sensitive value is shown", c.line)
		}
		if strings.HasPrefix(c.line, "apply") && c.code == exitDone && (last.Outputs["network"] != "dock-back" || !reflect.DeepEqual(last.Outputs["key"], map[string]any{"sensitive": true})) {
			t.Errorf("bay %s: the outputs are %v", c.line, last.Outputs)
		}
	}
}

// Beside the view for people, events go into a file that holds one run and that
// nobody else reads.
func TestEventsInto(t *testing.T) {
	x, dir := docked(t)
	into := filepath.Join(t.TempDir(), "events")
	if err := os.WriteFile(into, bytes.Repeat([]byte("of old\n"), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	if code := x.run([]string{"apply", dir, "--yes", "--var", "key=k", "--engine", "embedded", "--json-into", into}); code != exitDone {
		t.Fatalf("exit code %d: %s", code, x.read(x.err))
	}
	holds(t, "what people see", x.read(x.out), "Done: 2 created in ")
	data, err := os.ReadFile(into)
	if err != nil {
		t.Fatal(err)
	}
	if got := kindsOf(linesOf(t, string(data))); !strings.HasPrefix(got, "run plan begin ") || !strings.HasSuffix(got, " end") {
		t.Errorf("events %s", got)
	}

	x = newTester(t)
	private := filepath.Join(t.TempDir(), "events")
	if code := x.run([]string{"destroy", dir, "--yes", "--var", "key=k", "--engine", "embedded", "--json-into", private}); code != exitDone {
		t.Fatalf("exit code %d: %s", code, x.read(x.err))
	}
	if info, err := os.Stat(private); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v; want mode 0600", info, err)
	}

	x = newTester(t)
	if code := x.run([]string{"apply", dir, "--yes", "--var", "key=k", "--engine", "embedded", "--json-into", dir}); code != exitError {
		t.Errorf("a file that cannot be written: exit code %d", code)
	}
	holds(t, "errors", x.read(x.err), "nothing was changed: opening the file for events: ")
}

// Output that cannot be written stops nothing that was agreed to, and changes
// no exit code.
func TestOutputsThatAreFull(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	_, dir := docked(t)
	run := func(want int, args ...string) *tester {
		t.Helper()
		x := newTester(t)
		x.out = screenOf(full)
		if code := x.run(append(args, dir, "--var", "key=k", "--engine", "embedded")); code != want {
			t.Errorf("bay %s: exit code %d, want %d: %s", strings.Join(args, " "), code, want, x.read(x.err))
		}
		return x
	}
	run(exitDone, "apply", "--yes")
	run(exitDone, "destroy", "--yes")
	x := run(exitDone, "apply", "--yes", "--json")
	holds(t, "errors", x.read(x.err), "not all events could be written: ")
	x = run(exitDone, "destroy", "--yes", "--json-into", "/dev/full")
	holds(t, "errors", x.read(x.err), "not all events could be written: ")
	run(exitError, "plan")

	x = newTester(t)
	x.out, x.err = screenOf(full), screenOf(full)
	if code := x.run([]string{"apply", "--yes", dir, "--var", "key=k", "--engine", "embedded"}); code != exitDone {
		t.Errorf("nowhere to say anything: exit code %d", code)
	}
	x = newTester(t)
	x.run([]string{"plan", dir, "--var", "key=k", "--engine", "embedded"})
	holds(t, "the plan afterwards", x.read(x.out), "Nothing to do: stack dock is as its program says")
}

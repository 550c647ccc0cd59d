package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// An apply and a destroy that are traced tell of their steps, of each call that
// they send, and of whom it was sent for.
func TestTraceOfApply(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	dir := t.TempDir()
	program := "stack { name = \"pier\" }\nvolume \"data\" {}\nnetwork \"back\" {}\n"
	if err := os.WriteFile(filepath.Join(dir, "main.bay.hcl"), []byte(program), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ verb, step, does, call string }{
		{"apply", "volume.data", "create", "POST /v1.51/volumes/create"},
		{"destroy", "network.back", "remove", "DELETE /v1.51/networks/"},
	} {
		trace, profile := filepath.Join(dir, c.verb+".json"), filepath.Join(dir, c.verb+".pprof")
		x := newTester(t)
		if code := x.run([]string{c.verb, "--yes", "--engine", "embedded", "--trace", trace, "--profile", profile, dir}); code != exitDone {
			t.Fatalf("bay %s ended with %d: %s", c.verb, code, x.read(x.err))
		}
		if i, err := os.Stat(profile); err != nil || i.Size() == 0 {
			t.Errorf("bay %s: the profile: %v", c.verb, err)
		}
		data, err := os.ReadFile(trace)
		if err != nil {
			t.Fatal(err)
		}
		type event struct {
			Name string
			Args map[string]string
		}
		var doc struct{ TraceEvents []event }
		if err := json.Unmarshal(data, &doc); err != nil {
			t.Fatal(err)
		}
		has := func(name, key, value string) bool {
			return slices.ContainsFunc(doc.TraceEvents, func(e event) bool {
				return strings.HasPrefix(e.Name, name) && (key == "" || e.Args[key] == value)
			})
		}
		if !has("evaluate", "", "") || !has("lock", "", "") || !has(c.step, "verb", c.does) || !has(c.call, "step", c.step) {
			t.Errorf("bay %s: something is missing in\n%s", c.verb, data)
		}
	}
}

// What cannot be written is said before anything is done.
func TestTraceNowhere(t *testing.T) {
	x := newTester(t)
	if code := x.run([]string{"apply", "--yes", "--trace", t.TempDir() + "/no/such", t.TempDir()}); code != exitError || x.read(x.out) != "" {
		t.Errorf("ended with %d: %s", code, x.read(x.out))
	}
}

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const dock = `stack { name = "dock" }

variable "key" {
  type      = string
  sensitive = true
}

network "back" { internal = true }
volume "data" {}

output "network" { value = network.back.name }
output "key" { value = var.key }
`

// TestTheMainJob plans, applies, looks at and destroys a stack on the embedded
// engine, by command lines alone.
func TestTheMainJob(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.bay.hcl"), []byte(dock), 0o644); err != nil {
		t.Fatal(err)
	}
	without := filepath.Join(dir, "without")
	if err := os.Mkdir(without, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		line string
		code int
		out  string // a part of it; "-" for nothing at all
		err  string
	}{
		{"validate DIR", exitDone, "Valid: stack dock, 2 resources, 2 outputs.", "-"},
		{"plan DIR", exitError, "-", "key"},
		{"plan DIR --var key=k1 --detailed-exitcode", exitChanges, "Plan: 2 create, 0 live, 0 replace, 0 remove", "-"},
		{"plan DIR --var key=k1 --json", exitDone, `"format": "bayplan.plan/1"`, "-"},
		{"apply DIR --var key=k1", exitError, "+ volume.data", "there is no terminal on which to ask"},
		{"apply DIR --var key=k1 --yes", exitDone, "Done: 2 created in ", "-"},
		{"plan DIR --var key=k1 --detailed-exitcode", exitDone, "Nothing to do: stack dock is as its program says (2 resources).", "-"},
		{"apply DIR --var key=k1", exitDone, "network = dock-back", "-"},
		{"output DIR --var key=k1", exitDone, "key     = (sensitive)", "-"},
		{"output DIR --var key=k1 key", exitDone, "k1\n", "-"},
		{"output DIR --json", exitDone, `"network": "dock-back"`, "-"},
		{"output DIR key", exitError, "-", "output key holds a sensitive input that was not given"},
		{"output DIR netwrk", exitError, "-", `did you mean "network"?`},
		{"ls", exitDone, "network.back  dock-back", "-"},
		{"ls --json --stack dock", exitDone, `"address": "volume.data"`, "-"},
		{"ls --stack dok", exitError, "-", `did you mean "dock"?`},
		{"destroy DIR", exitError, "- network.back", "there is no terminal on which to ask"},
		{"destroy DIR --yes", exitDone, "1 kept", "-"},
		{"destroy --stack dock --volumes --yes", exitError, "1 volume removed", "--confirm dock"},
		{"destroy --stack dock --volumes --confirm dock", exitDone, "Done: 1 removed in ", "-"},
		{"destroy --stack dock --yes", exitDone, "Nothing to do: nothing of stack dock is on the engine.", "-"},
		{"ls", exitDone, "-", "No stacks on the embedded engine."},
		{"plan DIR/without", exitError, "-", "there is no stack in this directory"},
		{"version --json", exitDone, `"host": "the embedded engine"`, "-"},
	} {
		x := newTester(t)
		args := strings.Fields(strings.ReplaceAll(c.line, "DIR", dir))
		code := x.run(append(args, "--engine", "embedded"))
		if code != c.code {
			t.Errorf("bay %s: exit code %d, want %d", c.line, code, c.code)
		}
		holds(t, "bay "+c.line+": output", x.read(x.out), c.out)
		holds(t, "bay "+c.line+": errors", x.read(x.err), c.err)
		if strings.Contains(x.read(x.out)+x.read(x.err), "\x1b") {
			t.Errorf("bay %s: colours, and there is no terminal", c.line)
		}
	}
}

func holds(t *testing.T, what, got, want string) {
	t.Helper()
	switch {
	case want == "-" && got != "":
		t.Errorf("%s: got %q, want nothing", what, got)
	case want != "-" && !strings.Contains(got, want):
		t.Errorf("%s: got %q, which does not hold %q", what, got, want)
	}
}

package golden

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docker/docker/client"
)

// A workshop is a folder with a program in it, and an engine.
type workshop struct {
	dock
	dir string
}

func newWorkshop(t *testing.T) *workshop {
	t.Helper()
	dir := t.TempDir()
	d, err := newDock(filepath.Join(dir, ".state"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.sweep(); err != nil {
			t.Error(err)
		}
	})
	if err := layProbe(filepath.Join(dir, "probe")); err != nil {
		t.Fatal(err)
	}
	return &workshop{d, dir}
}

// say makes text the program.
func (w *workshop) say(text string) {
	if err := os.WriteFile(filepath.Join(w.dir, "main.bay.hcl"), []byte(w.out(text)), 0o644); err != nil {
		panic(err) // in a folder of our own
	}
}

// bay runs the command on the engine, wants it to end well, and returns what
// it prints.
func (w *workshop) bay(t *testing.T, args ...string) string {
	t.Helper()
	cmd := w.command(t, w.address, args...)
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("bay %s: %v\n%s%s", strings.Join(args, " "), err, out, errs.String())
	}
	return string(out)
}

// hand does something on the engine behind bay's back.
func (w *workshop) hand(t *testing.T, what string, args ...string) {
	t.Helper()
	for i := range args {
		args[i] = w.out(args[i])
	}
	if err := w.with(func(ctx context.Context, c *client.Client) error { return handed[what].do(ctx, c, args) }); err != nil {
		t.Fatal(err)
	}
}

func (w *workshop) command(t *testing.T, engine string, args ...string) *exec.Cmd {
	t.Helper()
	program, err := built("bay")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, append([]string{"--engine", engine}, args...)...)
	cmd.Dir = w.dir
	cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+filepath.Join(w.dir, ".state"))
	return cmd
}

// onWire runs f with a wire between bay and the engine, and returns the calls
// that went over it. Meanwhile nobody else can use an embedded engine.
func (w *workshop) onWire(t *testing.T, f func(*wire)) []call {
	t.Helper()
	wire, closing, err := w.listen()
	if err != nil {
		t.Fatal(err)
	}
	defer closing()
	f(wire)
	return wire.taken()
}

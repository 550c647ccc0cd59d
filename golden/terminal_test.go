package golden

import (
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// TestTerminal talks to a command in a container from a terminal, and ends the
// conversation in every way. The terminal is as it was before, each time.
func TestTerminal(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	w.say(`
stack { name = "harbour" }
image "probe" { build = { context = "./probe" } }
container "web" {
  image        = image.probe
  network_mode = "none"
}
`)
	w.bay(t, "apply", "--yes")
	exec := []string{"exec", "-it", "web", "/probe", "echo"}
	for _, c := range []struct {
		name string
		keys string // after the first line
		code int
		says string
	}{
		{"the end of what is typed", "\x04", 0, ""},
		{"ctrl-c goes to the command", "\x03", 130, ""},
		{"left", "\x10\x11", 0, "left; what runs in the container goes on"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := start(t, w.command(t, w.address, exec...), true)
			before := modes(t, r)
			r.raw()
			r.types("ahoy\r")
			r.says("ahoy\r\nahoy\r\n")
			r.types(c.keys)
			r.ends(c.code)
			holds(t, r.text(), c.says)
			if diff := cmp.Diff(before, modes(t, r)); diff != "" {
				t.Errorf("the terminal is not as it was (-before +after):\n%s", diff)
			}
		})
	}
	t.Run("terminated", func(t *testing.T) {
		r := start(t, w.command(t, w.address, exec...), true)
		before := modes(t, r)
		r.raw()
		r.types("ahoy\r")
		r.says("ahoy\r\nahoy\r\n")
		if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		r.ends(130)
		if diff := cmp.Diff(before, modes(t, r)); diff != "" {
			t.Errorf("the terminal is not as it was (-before +after):\n%s", diff)
		}
	})
}

// types presses keys on bay's terminal.
func (r *running) types(keys string) {
	r.t.Helper()
	if _, err := r.tty.Write([]byte(keys)); err != nil {
		r.t.Fatal(err)
	}
}

// raw waits until keys go to bay as they are: what is typed before is changed.
func (r *running) raw() {
	r.t.Helper()
	for range 3000 {
		if modes(r.t, r).Lflag&unix.ICANON == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	r.t.Fatalf("the terminal is not raw:\n%s", r.text())
}

// modes is how bay's terminal is set.
func modes(t *testing.T, r *running) unix.Termios {
	t.Helper()
	var got *unix.Termios
	control(t, r.tty, func(fd int) (err error) {
		got, err = unix.IoctlGetTermios(fd, unix.TCGETS)
		return err
	})
	return *got
}

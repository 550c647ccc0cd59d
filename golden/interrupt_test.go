package golden

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestInterrupts stops an apply while the engine is busy with one of its calls,
// from a terminal and without one. What runs is finished, nothing new begins,
// and bay says what is done and what is not; a second signal leaves at once, but
// for that of a terminal that closes. The next apply does the rest.
func TestInterrupts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		terminal bool
		signals  []syscall.Signal
		atOnce   bool
	}{
		{"interrupt", false, []syscall.Signal{syscall.SIGINT}, false},
		{"ctrl-c", true, []syscall.Signal{syscall.SIGINT}, false},
		{"terminated", false, []syscall.Signal{syscall.SIGTERM}, false},
		{"hung up twice", false, []syscall.Signal{syscall.SIGHUP, syscall.SIGHUP}, false},
		{"interrupted twice", false, []syscall.Signal{syscall.SIGINT, syscall.SIGINT}, true},
		{"ctrl-c twice", true, []syscall.Signal{syscall.SIGINT, syscall.SIGINT}, true},
		{"hung up and terminated", false, []syscall.Signal{syscall.SIGHUP, syscall.SIGTERM}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorkshop(t)
			w.say(before)
			w.bay(t, "apply", "--yes")
			w.say(after)
			w.onWire(t, func(wire *wire) {
				busy, free := wire.busyAt("/stop")
				r := start(t, w.command(t, wire.address, "apply", "--yes", "--parallelism", "1"), c.terminal)
				<-busy
				r.interrupt(c.signals[0])
				r.says("stopping after what runs now")
				for _, sig := range c.signals[1:] {
					r.interrupt(sig)
				}
				if c.atOnce {
					r.ends(130)
					close(free)
					holds(t, r.text(), "left at once")
					return
				}
				close(free)
				r.ends(130)
				holds(t, r.text(), "Interrupted after ", "goes on from here", "done: ", "not begun: ")
			})
			w.bay(t, "apply", "--yes")
			w.bay(t, "plan", "--detailed-exitcode")
		})
	}
}

func holds(t *testing.T, text string, want ...string) {
	t.Helper()
	for _, s := range want {
		if !strings.Contains(text, s) {
			t.Errorf("bay does not say %q:\n%s", s, text)
		}
	}
}

// busyAt makes the engine take long for the first call whose path ends so: until
// free is closed. busy is closed when the call has come.
func (w *wire) busyAt(end string) (busy, free chan struct{}) {
	busy, free = make(chan struct{}), make(chan struct{})
	came := false
	w.cutBy(func(n int, acted bool) bool {
		if acted {
			return false
		}
		w.mu.Lock()
		path, _, _ := strings.Cut(w.calls[n-1].Path, "?")
		first := !came && strings.HasSuffix(path, end)
		came = came || first
		w.mu.Unlock()
		if first {
			close(busy)
			<-free
		}
		return false
	})
	return busy, free
}

// TestTerminalThatCloses takes the terminal away in the middle of an apply. It
// goes on to a place where it can be left, though nobody reads any more.
func TestTerminalThatCloses(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	w.say(before)
	w.bay(t, "apply", "--yes")
	w.say(after)
	sent := w.onWire(t, func(wire *wire) {
		busy, free := wire.busyAt("/stop")
		r := start(t, w.command(t, wire.address, "apply", "--yes", "--parallelism", "1"), true)
		<-busy
		r.tty.Close()
		time.Sleep(100 * time.Millisecond) // so that it most likely hears of it before the call has ended; else it does all
		close(free)
		select {
		case <-r.ended:
		case <-time.After(forbearance):
			t.Fatal("bay does not end")
		}
		if code := r.cmd.ProcessState.ExitCode(); code != 130 && code != 0 {
			t.Errorf("bay ended with exit code %d, want 130", code)
		}
	})
	stopped := false
	for _, c := range sent {
		if stopped && (c.Method == "DELETE" || strings.HasSuffix(c.Path, "/start")) {
			w.bay(t, "apply", "--yes")
			w.bay(t, "plan", "--detailed-exitcode")
			return
		}
		stopped = stopped || strings.HasSuffix(c.Path, "/stop")
	}
	t.Errorf("the step that had stopped a container was not finished; it sent\n%v", sent)
}

// shortDir is a folder for a socket, whose path has to be short.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "wire-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// TestInterruptedPlan stops a plan while the engine takes long to answer, and an
// apply while it asks or takes its lock. Nothing was changed.
func TestInterruptedPlan(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	w.say(before)
	w.interrupted(t, &hangs{at: 4}, "plan")
	w.interrupted(t, &hangs{end: "/attach"}, "apply", "--yes")

	sent := w.onWire(t, func(wire *wire) {
		r := start(t, w.command(t, wire.address, "apply"), true)
		r.says("[y/N]")
		r.interrupt(syscall.SIGINT)
		r.ends(130)
		holds(t, r.text(), "interrupted, nothing was changed")
	})
	if len(sent) != 0 {
		t.Errorf("an apply that was not agreed to has sent\n%v", sent)
	}
}

// interrupted stops bay while h lets a request hang.
func (w *workshop) interrupted(t *testing.T, h *hangs, args ...string) {
	t.Helper()
	c, closeEngine, err := w.open()
	if err != nil {
		t.Fatal(err)
	}
	h.engine, h.over, h.came = (&wire{}).through(c), make(chan struct{}), make(chan struct{})
	socket := filepath.Join(shortDir(t), "engine.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: duplex(h)}
	go server.Serve(l)
	r := start(t, w.command(t, "unix://"+socket, args...), false)
	<-h.came
	r.interrupt(syscall.SIGINT)
	r.ends(130)
	holds(t, r.text(), "interrupted, nothing was changed")
	close(h.over)
	server.Close()
	if err := closeEngine(); err != nil {
		t.Fatal(err)
	}
}

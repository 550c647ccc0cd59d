package golden

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// forbearance is what a process has for what takes a moment, on a slow machine.
const forbearance = 2 * time.Minute

// A running is a bay that runs while a test looks on.
type running struct {
	t     *testing.T
	cmd   *exec.Cmd
	tty   *os.File // the other end of its terminal; nil if it has none
	ended chan error

	mu   sync.Mutex
	said strings.Builder
}

// Write takes what bay prints.
func (r *running) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.said.Write(p)
}

func (r *running) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.said.String()
}

// start runs bay, on a terminal or without one.
func start(t *testing.T, cmd *exec.Cmd, terminal bool) *running {
	t.Helper()
	r := &running{t: t, cmd: cmd, ended: make(chan error, 1)}
	cmd.Stdout, cmd.Stderr = r, r
	cmd.Env = append(cmd.Env, "NO_COLOR=1", "TERM=xterm", "LC_ALL=C.UTF-8")
	read := make(chan struct{})
	close(read)
	if terminal {
		tty, ours := openTerminal(t)
		defer tty.Close()
		cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
		r.tty, read = ours, make(chan struct{})
		go func() {
			defer close(read)
			for buf := make([]byte, 4096); ; {
				n, err := ours.Read(buf)
				r.Write(buf[:n])
				if err != nil {
					return // nobody has the terminal any more
				}
			}
		}()
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		err := cmd.Wait()
		<-read
		r.ended <- err
	}()
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // if it has not ended long ago
	return r
}

// openTerminal returns both ends of a new terminal.
func openTerminal(t *testing.T) (theirs, ours *os.File) {
	t.Helper()
	ours, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	var n int
	control(t, ours, func(fd int) (err error) {
		if err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err == nil {
			n, err = unix.IoctlGetInt(fd, unix.TIOCGPTN)
		}
		return err
	})
	theirs, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	resize(t, ours, 80)
	return theirs, ours
}

// resize gives a terminal so many columns.
func resize(t *testing.T, tty *os.File, columns uint16) {
	t.Helper()
	control(t, tty, func(fd int) error {
		return unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns})
	})
}

// control calls f with a terminal's descriptor, as (*os.File).Fd does not: that
// would have a reader hold the terminal open though it is closed.
func control(t *testing.T, tty *os.File, f func(fd int) error) {
	t.Helper()
	c, err := tty.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if cerr := c.Control(func(fd uintptr) { err = f(int(fd)) }); cerr != nil {
		err = cerr
	}
	if err != nil {
		t.Fatal(err)
	}
}

// interrupt sends a signal; Ctrl-C where there is a terminal.
func (r *running) interrupt(sig syscall.Signal) {
	r.t.Helper()
	var err error
	if r.tty != nil && sig == syscall.SIGINT {
		_, err = r.tty.Write([]byte{3})
	} else {
		err = r.cmd.Process.Signal(sig)
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

// says waits until bay has printed a text.
func (r *running) says(text string) {
	r.t.Helper()
	r.saysSince(0, text)
}

// saysSince waits until bay has printed a text behind so many bytes.
func (r *running) saysSince(before int, text string) {
	r.t.Helper()
	for until := time.Now().Add(forbearance); !strings.Contains(r.text()[before:], text); time.Sleep(10 * time.Millisecond) {
		if len(r.ended) > 0 && !strings.Contains(r.text()[before:], text) {
			r.t.Fatalf("bay has ended with %v and did not say %q:\n%s", r.cmd.ProcessState, text, r.text())
		}
		if time.Now().After(until) {
			r.t.Fatalf("bay does not say %q:\n%s", text, r.stuck())
		}
	}
}

// stuck has a bay that does not go on say where it is, and returns all that it said.
func (r *running) stuck() string {
	_ = r.cmd.Process.Signal(syscall.SIGQUIT) // it may have ended after all
	select {
	case <-r.ended:
	case <-time.After(5 * time.Second):
	}
	return r.text()
}

// ends waits until bay has ended, and holds its exit code.
func (r *running) ends(code int) {
	r.t.Helper()
	select {
	case <-r.ended:
		if got := r.cmd.ProcessState.ExitCode(); got != code {
			r.t.Errorf("bay ended with exit code %d, want %d:\n%s", got, code, r.text())
		}
	case <-time.After(forbearance):
		r.t.Fatalf("bay does not end:\n%s", r.stuck())
	}
}

package main

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestMain lets the tests' own program be bay, for those that need one on a
// terminal.
func TestMain(m *testing.M) {
	if os.Getenv("BAY_TEST_AS_BAY") != "" {
		main()
	}
	os.Exit(m.Run())
}

// A terminal is a pseudo terminal with bay on it.
type terminal struct {
	t    *testing.T
	ours *os.File // what a person types and sees
	bays *os.File // bay's side
	cmd  *exec.Cmd
	mu   sync.Mutex
	seen strings.Builder
	more chan struct{} // something was seen
}

// onTerminal begins bay with a terminal of its own.
func onTerminal(t *testing.T, args ...string) *terminal {
	t.Helper()
	ours, bays := openTerminal(t)
	x := &terminal{t: t, ours: ours, bays: bays, more: make(chan struct{}, 1)}
	x.cmd = exec.Command(os.Args[0], append(args, "--engine", "embedded")...)
	// The race detector needs more than a process for evaluation may have.
	x.cmd.Env = append(os.Environ(), "BAY_TEST_AS_BAY=1", "NO_COLOR=1", inProcess+"=1")
	x.cmd.Stdin, x.cmd.Stdout, x.cmd.Stderr = bays, bays, bays
	x.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := x.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = x.cmd.Process.Kill() }) // it has ended long ago, unless the test failed
	go x.look()
	return x
}

// openTerminal returns both ends of a new terminal.
func openTerminal(t *testing.T) (ours, bays *os.File) {
	t.Helper()
	ours, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ours.Close() })
	if err := unix.IoctlSetPointerInt(int(ours.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(ours.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	bays, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { bays.Close() })
	return ours, bays
}

// look reads the screen until it is gone.
func (x *terminal) look() {
	buf := make([]byte, 4096)
	for {
		n, err := x.ours.Read(buf)
		x.mu.Lock()
		x.seen.Write(buf[:n])
		x.mu.Unlock()
		select {
		case x.more <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

func (x *terminal) screen() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return strings.ReplaceAll(x.seen.String(), "\r\n", "\n")
}

// wait waits until the screen shows text n times.
func (x *terminal) wait(text string, n int) {
	x.t.Helper()
	late := time.After(time.Minute)
	for strings.Count(x.screen(), text) < n {
		select {
		case <-x.more:
		case <-late:
			x.t.Fatalf("%q did not come %d times:\n%s", text, n, x.screen())
		}
	}
}

// waitEcho waits until the terminal shows what is typed, or no longer does.
func (x *terminal) waitEcho(on bool) {
	x.t.Helper()
	for range 6000 {
		if x.echoes() == on {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	x.t.Fatalf("what is typed is shown: %t, want %t", !on, on)
}

func (x *terminal) echoes() bool {
	x.t.Helper()
	state, err := unix.IoctlGetTermios(int(x.bays.Fd()), unix.TCGETS)
	if err != nil {
		x.t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

func (x *terminal) types(text string) {
	x.t.Helper()
	if _, err := io.WriteString(x.ours, text); err != nil {
		x.t.Fatal(err)
	}
}

// ends waits for bay's end and returns its exit code.
func (x *terminal) ends() int {
	x.t.Helper()
	late := time.AfterFunc(time.Minute, func() { _ = x.cmd.Process.Kill() }) // the exit code tells of it
	defer late.Stop()
	var exit *exec.ExitError
	if err := x.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		x.t.Fatal(err)
	}
	if !x.echoes() {
		x.t.Error("the terminal was left without echo")
	}
	return x.cmd.ProcessState.ExitCode()
}

// asking is a stack that needs values, in both languages.
var asking = map[string]string{
	"main.bay.hcl": `stack { name = "shop" }
variable "replicas" {
  type        = number
  description = "How many."
  validation {
    condition     = var.replicas < 10
    error_message = "at most 9, got ${var.replicas}"
  }
}
variable "password" {
  type      = string
  sensitive = true
  validation {
    condition     = length(var.password) > 3
    error_message = "too short"
  }
}
volume "data" { options = { type = "tmpfs", device = "tmpfs", o = var.password } }
network "back" { labels = { replicas = var.replicas } }
`,
	"main.bay.star": `stack(name = "shop")
replicas = variable("replicas", type = "number", description = "How many.", validation = [rule(lambda v: v < 10, "at most 9, got {value}")])
password = variable("password", type = "string", sensitive = True, validation = [rule(lambda v: len(v) > 3, "too short")])
volume("data", options = {"type": "tmpfs", "device": "tmpfs", "o": password})
network("back", labels = {"replicas": replicas})
`,
}

func askingStack(t *testing.T, body string) {
	t.Helper()
	inStack(t, ".", body)
	write(t, body, asking[body])
}

// TestAsks answers what bay asks: each answer is held against type and
// validation, and a secret is never on the screen.
func TestAsks(t *testing.T) {
	for body := range asking {
		t.Run(body, func(t *testing.T) {
			askingStack(t, body)
			x := onTerminal(t, "plan", "--out", "next.plan")
			x.wait("\n  value: ", 1)
			x.types("many\n")
			x.wait("\n  value: ", 2)
			x.types("12\n")
			x.wait("\n  value: ", 3)
			x.types("3\n")
			x.wait("\n  value: ", 4)
			x.waitEcho(false)
			x.types("abc\r")
			x.wait("\n  value: ", 5)
			x.waitEcho(false)
			x.types("wrong\x15hunter2hunterX\x7f2\r")
			if code := x.ends(); code != exitDone {
				t.Fatalf("exit code %d:\n%s", code, x.screen())
			}
			x.wait("Saved: bay apply next.plan", 1)
			for _, want := range []string{
				"replicas (number)\n  How many.\n  value: many\n", "\"many\" is not a value", "at most 9, got 12",
				"password (string, sensitive: it is not shown)\n  value: \n", "too short", "labels replicas  3",
			} {
				if !strings.Contains(x.screen(), want) {
					t.Errorf("the screen does not show %q:\n%s", want, x.screen())
				}
			}
			if strings.Contains(x.screen(), "hunter2") || strings.Contains(x.screen(), "abc") {
				t.Errorf("a secret is on the screen:\n%s", x.screen())
			}
			x = onTerminal(t, "apply", "next.plan")
			x.wait("\n  value: ", 1)
			x.waitEcho(false)
			x.types("wrong\x15hunter2hunterX\x7f2\r")
			if code := x.ends(); code != exitDone {
				t.Errorf("exit code %d:\n%s", code, x.screen())
			}
			if strings.Contains(x.screen(), "replicas (number)") {
				t.Errorf("what the plan records was asked for:\n%s", x.screen())
			}
		})
	}
}

// TestAskIsLeft ends bay while it asks: it says so, and the terminal is as it
// was.
func TestAskIsLeft(t *testing.T) {
	for _, c := range []struct {
		name, types string
		secret      bool
		code        int
		says        string
	}{
		{"Ctrl-C at a secret", "\x03", true, exitInterrupted, "interrupted, nothing was changed"},
		{"Ctrl-D at a secret", "\x04", true, exitError, "no value for the variable password, nothing was changed\n  hint: set BAY_VAR_password"},
		{"Ctrl-C", "\x03", false, exitInterrupted, "interrupted, nothing was changed"},
		{"Ctrl-D", "\x04", false, exitError, "no value for the variable replicas, nothing was changed\n  hint: set BAY_VAR_replicas"},
	} {
		t.Run(c.name, func(t *testing.T) {
			askingStack(t, "main.bay.hcl")
			if c.secret {
				t.Setenv("BAY_VAR_replicas", "3")
			}
			x := onTerminal(t, "apply")
			x.wait("\n  value: ", 1)
			x.waitEcho(!c.secret)
			x.types(c.types)
			if code := x.ends(); code != c.code {
				t.Errorf("exit code %d, want %d:\n%s", code, c.code, x.screen())
			}
			x.wait(c.says, 1)
		})
	}
}

// TestAsksNobody has no terminal: one error names all that is missing.
func TestAsksNobody(t *testing.T) {
	askingStack(t, "main.bay.hcl")
	got := runBay(t, "plan").want(t, exitError, "no value for the variables replicas, password", "--var replicas=…", "BAY_VAR_replicas", "BAY_VAR_password", "$(cat FILE)")
	if strings.Contains(got.err, "--var password") {
		t.Errorf("a secret is wanted on the command line:\n%s", got.err)
	}
	askingStack(t, "main.bay.hcl")
	runBay(t, "destroy", "--yes", "--var", "replicas=3").want(t, exitDone)
}

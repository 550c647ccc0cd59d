package golden

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"bayplan/interpreter/engine"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/client"
)

// contest is the program that all want to apply, each with a word of his own:
// its containers are made and never started, so that a round takes little time.
const contest = `
stack { name = "harbour" }
image "probe" { build = { context = "./probe" } }
container "web" {
  image        = image.probe
  network_mode = "none"
  state        = "created"
  env          = { BY = %q }
}
container "worker" {
  image        = image.probe
  network_mode = "none"
  state        = "created"
  env          = { BY = %q }
}
`

// contenders is how many bays want a stack at once.
const contenders = 16

// lockRounds is how often they do: some times on every run, LOCK_ROUNDS times
// where that is set.
func lockRounds(t *testing.T) int {
	text := os.Getenv("LOCK_ROUNDS")
	if text == "" {
		return 3
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("LOCK_ROUNDS is %q, want a number", text)
	}
	return n
}

// freed is how long a test waits for a lock whose holder was killed. The promise
// is 5 s on a machine that has time; a lock that is not freed stays for ever.
const freed = forbearance

// A contender is a folder with a program, and a wire of its own to the engine.
type contender struct {
	*workshop
	wire *wire
	cmd  *exec.Cmd
	out  bytes.Buffer
	err  error     // of cmd
	died time.Time // when it was killed; zero if it was not
}

// TestOneAppliesAtATime has many bays apply one stack at once, and kills one of
// them. What they change is seen on their wires: no two are ever at it at once,
// and the next one gets the lock of a killed one.
func TestOneAppliesAtATime(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	all, again := contending(t, w, contenders), contending(t, w, 1)[0]
	killed, worked := 0, 0
	var longest time.Duration
	for round := range lockRounds(t) {
		for i, c := range all {
			c.round(fmt.Sprintf("%d-%d", round, i))
		}
		killed += compete(t, all, rand.N(contenders))
		worked += alone(t, all)
		for _, c := range all {
			c.check(t)
		}
		again.round(fmt.Sprintf("%d-last", round))
		begin := time.Now()
		again.run(t)
		longest = max(longest, time.Since(begin))
		again.check(t)
		if t.Failed() {
			t.Fatalf("round %d", round)
		}
	}
	t.Logf("%d rounds of %d: %d applied something, %d were killed, the next apply took %s at most", lockRounds(t), contenders, worked, killed, longest)
	w.unlocked(t)
}

// contending returns n contenders for the stack of w.
func contending(t *testing.T, w *workshop, n int) []*contender {
	t.Helper()
	c, closing, err := w.open()
	if err != nil {
		t.Fatal(err)
	}
	var all []*contender
	for range n {
		dir, err := os.MkdirTemp("", "wire-")
		if err != nil {
			t.Fatal(err)
		}
		wire, err := newWire(dir, c)
		if err != nil {
			t.Fatal(err)
		}
		own := t.TempDir()
		if err := layProbe(filepath.Join(own, "probe")); err != nil {
			t.Fatal(err)
		}
		wire.cutBy(func(int, bool) bool { return false }) // what a killed bay has sent, the engine does
		all = append(all, &contender{workshop: &workshop{dock: w.dock, dir: own}, wire: wire})
		t.Cleanup(func() {
			wire.under.Wait()
			if err := errors.Join(wire.server.Close(), os.RemoveAll(dir)); err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(func() { _ = closing() })
	// The engine is open already: an embedded one cannot be opened twice.
	w.dock.open = func() (*client.Client, func() error, error) { return c, func() error { return nil }, nil }
	return all
}

// round begins a round: the contender wants its word in the stack.
func (c *contender) round(word string) {
	c.say(fmt.Sprintf(contest, word, word))
	c.wire.taken()
	c.wire.spans = nil
	c.out.Reset()
	c.err, c.died = nil, time.Time{}
}

// compete runs all contenders at once, and kills one of them at random: in half
// of the cases one that has the lock. It returns how many were killed.
func compete(t *testing.T, all []*contender, victim int) (killed int) {
	holder := make(chan *contender, len(all))
	var running sync.WaitGroup
	for i, c := range all {
		args := []string{"apply", "--yes"}
		if i%4 == 0 {
			args = append(args, "--lock-timeout", "5m")
		}
		c.cmd = c.command(t, c.wire.address, args...)
		c.cmd.Stdout, c.cmd.Stderr = &c.out, &c.out
		c.wire.locked = func() { holder <- c }
		if err := c.cmd.Start(); err != nil {
			t.Fatal(err)
		}
		running.Go(func() { c.err = c.cmd.Wait() })
	}
	target := all[victim]
	if rand.N(2) == 0 {
		select {
		case target = <-holder:
		case <-time.After(time.Minute):
		}
	}
	time.Sleep(rand.N(300 * time.Millisecond))
	if target.cmd.Process.Kill() == nil {
		target.died, killed = time.Now(), 1
	}
	running.Wait()
	for _, c := range all {
		c.wire.under.Wait()
	}
	return killed
}

func (c *contender) run(t *testing.T) {
	t.Helper()
	c.cmd = c.command(t, c.wire.address, "apply", "--yes")
	c.cmd.Stdout, c.cmd.Stderr = &c.out, &c.out
	c.err = c.cmd.Run()
	if c.err != nil {
		t.Errorf("the apply after a killed one: %v\n%s", c.err, &c.out)
	}
}

// check holds that a contender ended as one may: done, locked out, or overtaken.
func (c *contender) check(t *testing.T) {
	t.Helper()
	code := c.cmd.ProcessState.ExitCode()
	if c.died.IsZero() && !slices.Contains([]int{0, 11, 12}, code) {
		t.Errorf("a bay ended with %d, which was not killed:\n%s", code, &c.out)
	}
}

// alone holds that no two contenders changed something at once, and returns how
// many did. A call that was on its way when its bay was killed does not count:
// nobody can call it back.
func alone(t *testing.T, all []*contender) int {
	t.Helper()
	type work struct {
		who      int
		from, to time.Time
	}
	var works []work
	for i, c := range all {
		x := work{who: i}
		for _, s := range c.wire.spans {
			if !c.died.IsZero() && s.to.After(c.died) {
				continue
			}
			if x.from.IsZero() || s.from.Before(x.from) {
				x.from = s.from
			}
			if s.to.After(x.to) {
				x.to = s.to
			}
		}
		if !x.from.IsZero() {
			works = append(works, x)
		}
	}
	slices.SortFunc(works, func(a, b work) int { return cmp.Compare(a.from.UnixNano(), b.from.UnixNano()) })
	for i := 1; i < len(works); i++ {
		if a, b := works[i-1], works[i]; b.from.Before(a.to) {
			t.Errorf("two were at work at once: %d began %s before %d had ended\n%s\n%s", b.who, a.to.Sub(b.from), a.who, &all[a.who].out, &all[b.who].out)
		}
	}
	return len(works)
}

// unlocked holds that nobody has locked the stack, by and by.
func (w *workshop) unlocked(t *testing.T) {
	t.Helper()
	name := engine.LockName(w.out(harbour))
	begin := time.Now()
	for {
		err := w.with(func(ctx context.Context, c *client.Client) error {
			_, err := c.ContainerInspect(ctx, name)
			return err
		})
		switch {
		case errdefs.IsNotFound(err):
			return
		case err != nil:
			t.Fatal(err)
		case time.Since(begin) > freed:
			t.Fatalf("%s is still there %s after its holder has ended", name, freed)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// A holder that is killed frees its lock without anybody's help, at every call
// of its work.
func TestKilledHolderFreesItsLock(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	c := contending(t, w, 1)[0]
	for moment := range 4 {
		c.round(fmt.Sprint(moment))
		c.wire.cut = func(n int, acted bool) bool {
			if n > moment/2 && acted == (moment%2 == 1) {
				_ = c.cmd.Process.Kill()
				return true
			}
			return false
		}
		c.cmd = c.command(t, c.wire.address, "apply", "--yes")
		c.cmd.Stdout, c.cmd.Stderr = &c.out, &c.out
		if err := c.cmd.Run(); err == nil || c.cmd.ProcessState.Exited() {
			t.Fatalf("it was not killed: %v\n%s", err, &c.out)
		}
		c.wire.under.Wait()
		w.unlocked(t)
	}
}

// A holder that sleeps, and whose lock was freed meanwhile, sends nothing more
// when it wakes up.
func TestSleeperSendsNothingMore(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	c := contending(t, w, 1)[0]
	c.round("first")
	c.run(t)
	for moment := 1; moment <= 3; moment++ {
		c.round(fmt.Sprintf("sleeper-%d", moment))
		asleep := make(chan bool, 1)
		c.wire.cutBy(func(n int, acted bool) bool {
			if n == moment && acted {
				asleep <- c.cmd.Process.Signal(syscall.SIGSTOP) == nil && stopped(c.cmd.Process.Pid)
			}
			return false
		})
		c.cmd = c.command(t, c.wire.address, "apply", "--yes", "--parallelism", "1")
		c.cmd.Stdout, c.cmd.Stderr = &c.out, &c.out
		if err := c.cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if !<-asleep {
			t.Fatal("it does not sleep")
		}
		w.bayOn(t, c.wire.address, c.dir, "unlock", "--yes")
		if err := c.cmd.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		_ = c.cmd.Wait() // its code is looked at
		if code := c.cmd.ProcessState.ExitCode(); code != 3 || !strings.Contains(c.out.String(), "the lock of stack "+w.out(harbour)+" was lost") {
			t.Errorf("moment %d: it ended with %d\n%s", moment, code, &c.out)
		}
		if sent := c.wire.taken(); len(sent) != moment {
			t.Errorf("moment %d: it sent %v", moment, sent)
		}
	}
}

// stopped waits until every thread of a process has stopped: until one of them
// has heard of the signal, the others go on.
func stopped(pid int) bool {
	for begin := time.Now(); time.Since(begin) < time.Minute; time.Sleep(time.Millisecond) {
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
		if err != nil || len(threads) == 0 {
			return false
		}
		if !slices.ContainsFunc(threads, func(file string) bool {
			data, err := os.ReadFile(file)
			_, state, _ := strings.Cut(string(data), ") ")
			return err == nil && !strings.HasPrefix(state, "T")
		}) {
			return true
		}
	}
	return false
}

// bayOn runs a command in a folder on an engine, and wants it to end well.
func (w *workshop) bayOn(t *testing.T, address, dir string, args ...string) {
	t.Helper()
	cmd := w.command(t, address, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("bay %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// Two bays on one embedded engine exclude each other, and one that is killed
// keeps nobody from it.
func TestEmbeddedEngineIsHeld(t *testing.T) {
	if *lane != "embedded" {
		t.Skip("it is about the embedded engine")
	}
	w := newWorkshop(t)
	w.say(fmt.Sprintf(contest, "a", "a"))
	var running sync.WaitGroup
	for range 4 {
		cmd := w.command(t, w.address, "apply", "--yes", "--lock-timeout", "5m")
		running.Go(func() {
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	running.Wait()
	w.bay(t, "plan", "--detailed-exitcode")
}

// span is when a call that changes something was under way.
type span struct{ from, to time.Time }

// spanned keeps when it was.
func (w *wire) spanned(from time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.spans = append(w.spans, span{from, time.Now()})
}

// hasLock tells that bay has made its lock.
func (w *wire) hasLock(r *http.Response) {
	if w.locked != nil && strings.HasSuffix(r.Request.URL.Path, "/create") {
		w.locked()
	}
}

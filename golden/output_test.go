package golden

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/show"

	"github.com/docker/docker/client"
)

// TestReaderThatLeaves has what bay says read by one who goes after the first
// line, as head does. The apply goes on to its end.
func TestReaderThatLeaves(t *testing.T) {
	t.Parallel()
	for _, flags := range [][]string{nil, {"--json"}} {
		t.Run(strings.Join(append(flags, "apply"), " "), func(t *testing.T) {
			t.Parallel()
			w := newWorkshop(t)
			w.say(before)
			read, write, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			cmd := w.command(t, w.address, append([]string{"apply", "--yes"}, flags...)...)
			var errs strings.Builder
			cmd.Stdout, cmd.Stderr = write, &errs
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			write.Close()
			if _, err := bufio.NewReaderSize(read, 16).ReadByte(); err != nil {
				t.Fatal(err)
			}
			read.Close()
			if err := cmd.Wait(); err != nil {
				t.Errorf("bay apply: %v\n%s", err, errs.String())
			}
			w.bay(t, "plan", "--detailed-exitcode")
		})
	}
}

// TestInterruptedWait has somebody else at work on the stack, and stops an apply
// that waits for him, from a terminal and without one. It says who that is, to
// people and to programs, and has changed nothing.
func TestInterruptedWait(t *testing.T) {
	t.Parallel()
	for _, terminal := range []bool{false, true} {
		w := newWorkshop(t)
		w.say(before)
		events := filepath.Join(t.TempDir(), "events")
		w.onWire(t, func(wire *wire) {
			free := wire.held(t, w.out(harbour))
			wire.taken()
			r := start(t, w.command(t, wire.address, "apply", "--yes", "--lock-timeout", "1h", "--json-into", events), terminal)
			r.says("Waiting for ann@quay, process 7 (bay apply)")
			r.interrupt(syscall.SIGINT)
			r.ends(130)
			holds(t, r.text(), "interrupted, nothing was changed")
			if sent := wire.taken(); len(sent) != 0 {
				t.Errorf("an apply that waited has sent\n%v", sent)
			}
			free()
		})
		want := show.EventHolder{User: "ann", Host: "quay", Process: 7, Command: "bay apply", Bay: "v1"}
		if got := lockedIn(t, events); got.Holder == nil || *got.Holder != want || got.Limit != 3600 {
			t.Errorf("the event of the lock is %+v", got)
		}
		w.bay(t, "apply", "--yes")
	}
}

// held locks a stack as somebody else, until free is called.
func (w *wire) held(t *testing.T, stack string) (free func()) {
	t.Helper()
	c, err := client.NewClientWithOpts(client.WithHost(w.address), client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.New(t.Context(), c, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	who := engine.Holder{Stack: stack, Run: "elsewhere", Command: "bay apply", User: "ann", Host: "quay", PID: 7, Version: "v1"}
	l, err := e.Lock(t.Context(), who, engine.LockOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := l.Release(context.Background()); err != nil {
			t.Error(err)
		}
		c.Close()
	}
}

// lockedIn returns the event of a lock that was waited for.
func lockedIn(t *testing.T, file string) (ev show.Event) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for dec := json.NewDecoder(f); dec.More(); {
		var next show.Event
		if err := dec.Decode(&next); err != nil {
			t.Fatal(err)
		}
		if next.Event == show.EventLocked {
			return next
		}
	}
	t.Error("there is no event of a lock")
	return ev
}

package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What is said to two outputs comes in its order, however long each takes.
func TestSpoolOrder(t *testing.T) {
	var s spool
	var got bytes.Buffer
	out, err := s.lane(&got), s.lane(&got) // of two lanes only one writes at a time
	var want strings.Builder
	for i := range 200 {
		text := strings.Repeat(string(rune('a'+i%26)), 1+i*50) + "\n" // some in more than one bite
		want.WriteString(text)
		to := out
		if i%3 == 0 {
			to = err
		}
		if n, err := io.WriteString(to, text); n != len(text) || err != nil {
			t.Fatal(n, err)
		}
	}
	s.flush()
	if d := cmp.Diff(want.String(), got.String()); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if out.behind() != 0 || out.failed() != nil {
		t.Errorf("%d bytes behind, %v", out.behind(), out.failed())
	}
}

// An output that takes nothing holds back no other for long, and gets all when
// it does take something.
func TestSpoolStuck(t *testing.T) {
	var s spool
	read, write := io.Pipe()
	var other bytes.Buffer
	stuck, free := s.lane(write), s.lane(&other)
	long := strings.Repeat("x", 3*bite)
	io.WriteString(stuck, long)
	io.WriteString(free, "all the same")
	s.flush()
	if other.String() != "all the same" || !errors.Is(stuck.failed(), errUnread) || free.failed() != nil {
		t.Errorf("got %q, %v, %v", other.String(), stuck.failed(), free.failed())
	}
	all := make(chan string)
	go func() {
		data, _ := io.ReadAll(read)
		all <- string(data)
	}()
	for until := time.Now().Add(time.Minute); stuck.behind() > 0 && time.Now().Before(until); {
		time.Sleep(time.Millisecond)
	}
	write.Close()
	if got := <-all; got != long || stuck.failed() != nil {
		t.Errorf("later it got %d bytes of %d, %v", len(got), len(long), stuck.failed())
	}
}

// Outputs that are full and that nobody reads keep no apply from its end.
func TestOutputsThatNobodyReads(t *testing.T) {
	_, dir := docked(t)
	fifo := filepath.Join(t.TempDir(), "events")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	events, err := os.OpenFile(fifo, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer events.Close()
	fill(t, events)
	for _, args := range [][]string{{"apply", "--json-into", fifo}, {"destroy", "--json"}} {
		in, out, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer in.Close()
		defer out.Close()
		fill(t, out)
		x := newTester(t)
		x.out = screen{file: out}
		if code := x.run(append(args, "--yes", dir, "--var", "key=k", "--engine", "embedded")); code != exitDone {
			t.Errorf("bay %s: exit code %d: %s", args, code, x.read(x.err))
		}
		holds(t, "errors", x.read(x.err), "not all events could be written: nobody reads them")
	}
	x := newTester(t)
	x.run([]string{"plan", dir, "--var", "key=k", "--engine", "embedded"})
	holds(t, "the plan afterwards", x.read(x.out), "Plan: 1 create")
}

// fill writes to a pipe until it takes no more.
func fill(t *testing.T, pipe *os.File) {
	t.Helper()
	if err := pipe.SetWriteDeadline(time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := pipe.Write(make([]byte, 4096)); errors.Is(err, os.ErrDeadlineExceeded) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if err := pipe.SetWriteDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
}

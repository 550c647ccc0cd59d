package main

import (
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// watched is a terminal that somebody looks at.
type watched struct {
	t    *testing.T
	bays *os.File

	mu     sync.Mutex
	screen emulator
	came   bool // something did, since somebody looked
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.came = true
	return w.screen.Write(p)
}

// resize makes the terminal wider or narrower.
func (w *watched) resize(width int) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.screen.width = width
	if err := unix.IoctlSetWinsize(int(w.bays.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: uint16(width)}); err != nil {
		w.t.Fatal(err)
	}
}

// shows waits until the screen shows just that.
func (w *watched) shows(want ...string) {
	w.t.Helper()
	text := strings.Join(want, "\n") + "\n"
	var got string
	calm := 0 // looks in which nothing came: a kernel hands on what was written a little later
	for until := time.Now().Add(time.Minute); time.Now().Before(until); time.Sleep(10 * time.Millisecond) {
		w.mu.Lock()
		came := w.came
		got, w.came = w.screen.text(), false
		w.mu.Unlock()
		if calm++; came || got != text {
			calm = 0
		}
		if calm == 10 {
			return
		}
	}
	w.t.Fatalf("the terminal (-want +got)\n%s", cmp.Diff(text, got))
}

// TestResize makes a terminal narrower and wider while an apply is shown on it:
// no line stays that was to be painted over, and none goes that was said for good.
func TestResize(t *testing.T) {
	ours, bays := openTerminal(t)
	w := &watched{t: t, bays: bays}
	go func() {
		for buf := make([]byte, 4096); ; {
			n, err := ours.Read(buf)
			w.Write(buf[:n])
			if err != nil {
				return // it is closed
			}
		}
	}()
	w.resize(80)
	x := newTester(t)
	x.env["NO_COLOR"] = "1"
	x.out = screenOf(bays)
	p, moments := voyage()
	v := x.view(p, false)
	now := time.Unix(0, 0)
	v.clock = func() time.Time { return now }
	at := 0
	until := func(end time.Duration) {
		for ; at < len(moments) && moments[at].at <= end; at++ {
			now = time.Unix(0, 0).Add(moments[at].at)
			v.event(moments[at].Event)
		}
	}
	until(3 * time.Second)
	v.refresh()
	w.shows("  + image.base     pulling 12.6 of 14.1 MB, 1 of 3 layers 3s  POST /images/crea",
		"      aaaaaaaaaaaa extracting 1.0 of 12.1 MB",
		"      cccccccccccc downloading 0.5 of 2.0 MB")
	w.resize(30)
	v.refresh()
	w.shows("+ 3s image.base")
	w.resize(12)
	until(5 * time.Second)
	v.refresh()
	w.shows("  + image.base     created in 5s", "+ 0s image.")
	w.resize(200)
	until(9 * time.Second)
	v.refresh()
	w.shows("  + image.base     created in 5s", "  + image.app      the engine warns: no swap limit", "  + image.app      created in 4s",
		"  + container.db   waiting to be healthy, 0s of 1m", "  ± container.web  waiting for container.db to be healthy, 0s of 1m")
	w.resize(45)
	now = now.Add(7 * time.Second)
	v.refresh()
	w.shows("  + image.base     created in 5s", "  + image.app      the engine warns: no swap limit", "  + image.app      created in 4s",
		"  + container.db   waiting to be h, 7s of 1m", "  ± container.web  waiting for con, 7s of 1m")
	v.close()
	w.shows("  + image.base     created in 5s", "  + image.app      the engine warns: no swap limit", "  + image.app      created in 4s")
}

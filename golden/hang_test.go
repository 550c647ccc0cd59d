package golden

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"bayplan/interpreter"
	"bayplan/interpreter/apply"
	"bayplan/interpreter/engine"
	"bayplan/interpreter/engine/embedded"
	"bayplan/stdlib"
)

const hungBefore = `
stack { name = "harbour" }
image "probe" { build = { context = "./probe" } }
volume "data" {}
container "web" {
  image        = image.probe
  network_mode = "none"
  mounts       = [{ volume = volume.data, target = "/data" }]
  env          = { LOG_LEVEL = "info" }
}
container "gone" {
  image        = image.probe
  network_mode = "none"
}
`

const hungAfter = `
stack { name = "harbour" }
image "probe" { build = { context = "./probe" } }
volume "data" {}
network "back" {}
container "web" {
  image    = image.probe
  networks = [network.back]
  mounts   = [{ volume = volume.data, target = "/data" }]
  env      = { LOG_LEVEL = "debug" }
}
`

// hangs answers for an engine, but for one request that it never answers.
type hangs struct {
	engine http.Handler
	at     int    // which request, from 1; 0 is none
	end    string // or the first one whose path ends so; "" is none
	acts   bool   // the engine gets it all the same
	over   chan struct{}
	came   chan struct{} // closed when that request has come; may be nil

	mu   sync.Mutex
	seen int
	hung string // the request that was not answered
}

func (h *hangs) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	h.seen++
	now := h.seen == h.at || h.end != "" && h.hung == "" && strings.HasSuffix(r.URL.Path, h.end)
	if now {
		h.hung = r.Method + " " + r.URL.Path
	}
	h.mu.Unlock()
	if !now {
		h.engine.ServeHTTP(w, r)
		return
	}
	if h.came != nil {
		close(h.came)
	}
	if h.acts {
		h.engine.ServeHTTP(httptest.NewRecorder(), r)
	}
	<-h.over
	panic(http.ErrAbortHandler)
}

// TestHungCalls lets each request of a plan, a lock and an apply hang in turn, before
// the engine has heard of it and after it has acted. The run has to end within
// its bound, and the next has to converge.
func TestHungCalls(t *testing.T) {
	if *lane != "embedded" {
		return // what hangs is between bay and the engine: one engine is enough
	}
	calls := hung(t, 0, false).seen
	if calls < 20 {
		t.Fatalf("an apply makes %d requests; something is not seen", calls)
	}
	for at := 1; at <= calls; at++ {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			t.Parallel()
			if h := hung(t, at, false); !strings.HasPrefix(h.hung, "GET ") {
				hung(t, at, true)
			}
		})
	}
}

// brief is the limit of calls. One that a slow machine answers later has failed,
// which is no harm here.
const brief = 500 * time.Millisecond

// hungBound is what a run may take of which one call hangs: the limits of the
// call, of the look after it and of what takes it back are seconds; the rest is
// for slow machines. It is less than the limits that calls have by default.
const hungBound = 100 * time.Second

// hung applies one program and then another, while a request hangs.
func hung(t *testing.T, at int, acts bool) *hangs {
	x := newInMemory(t)
	x.say(hungBefore)
	x.mustApply()
	x.say(hungAfter)

	h := &hangs{engine: x.world.Handler(), at: at, acts: acts, over: make(chan struct{})}
	limits := engine.Limits{Connect: brief, Read: brief, Call: brief, Registry: brief, Pull: brief, Build: brief}
	if at == 0 { // then all of it has to go well, on a slow machine too
		limits = engine.Limits{}
	}
	server := httptest.NewServer(h)
	began := time.Now()
	_, err := x.apply(func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
	}, limits)
	took := time.Since(began)
	close(h.over)
	server.Close()
	if took > hungBound {
		t.Errorf("%s hung: the run took %s", h.hung, took)
	}
	if at == 0 && err != nil {
		t.Fatalf("nothing hung: %v", err)
	}
	x.mustApply()
	if left := x.mustApply(); left > 0 {
		t.Errorf("%s hung, and the run ended with %v: after the next apply %d steps are left", h.hung, err, left)
	}
	return h
}

// inMemory is a program and an engine in memory, both in this process.
type inMemory struct {
	t     *testing.T
	dir   string
	world *embedded.World
}

func newInMemory(t *testing.T) *inMemory {
	t.Helper()
	world, err := embedded.InMemory("harbour", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { world.Close() })
	x := &inMemory{t: t, dir: t.TempDir(), world: world}
	if err := layProbe(filepath.Join(x.dir, "probe")); err != nil {
		t.Fatal(err)
	}
	return x
}

// say makes text the program.
func (x *inMemory) say(text string) {
	if err := os.WriteFile(filepath.Join(x.dir, "main.bay.hcl"), []byte(text), 0o644); err != nil {
		x.t.Fatal(err)
	}
}

// mustApply applies the program, and returns how many steps it took.
func (x *inMemory) mustApply() int {
	x.t.Helper()
	steps, err := x.apply(x.world.Dial, engine.Limits{})
	if err != nil {
		x.t.Fatal(err)
	}
	return steps
}

// apply plans and applies the program on the engine that dial leads to.
func (x *inMemory) apply(dial func(ctx context.Context, network, addr string) (net.Conn, error), l engine.Limits) (steps int, err error) {
	ctx := context.Background()
	e, err := engine.Through(ctx, dial, engine.Options{Local: true, Sleep: x.world.Sleep, Limits: l})
	if err != nil {
		return 0, err
	}
	defer e.Close()
	bay := &interpreter.Bay{Kinds: stdlib.Kinds(), Funcs: stdlib.Funcs(), Modules: stdlib.Modules()}
	got, err := bay.Load(interpreter.Program{Path: x.dir})
	if err != nil {
		return 0, err
	}
	if err := got.Diags.Err(); err != nil {
		x.t.Fatal(err)
	}
	p, err := bay.Plan(ctx, e, got.Program, interpreter.PlanOptions{})
	if err != nil {
		return 0, err
	}
	lock, err := bay.Lock(ctx, e, p.Stack, interpreter.LockOptions{Command: "bay apply"})
	if err != nil {
		return 0, err
	}
	r := bay.Apply(ctx, e, p, apply.Options{Held: lock.Check})
	for _, f := range r.Failed {
		err = errors.Join(err, f.Err, f.UndoErr)
	}
	return len(p.Steps), errors.Join(err, lock.Release(ctx))
}

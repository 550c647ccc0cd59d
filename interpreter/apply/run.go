package apply

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"time"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/plan"
	"bayplan/lang/ir"
)

// Run applies p. When ctx is cancelled, nothing new begins; what runs is
// finished or undone, since a call that is cut may leave half of its work.
// After a failure nothing new begins either.
func Run(ctx context.Context, e *engine.Engine, p *plan.Plan, o Options) *Report {
	if o.Random == nil {
		o.Random = rand.Reader
	}
	r := &run{e: e, p: p, o: o, made: map[string]string{}, report: &Report{}}
	r.id = r.random(4)
	if r.o.Parallelism <= 0 {
		r.o.Parallelism = DefaultParallelism
	}
	began := time.Now()
	if err := r.elsewhere(ctx); err != nil {
		r.report.Failed, r.report.NotRun = []Failure{{Step: p.Steps[0], Err: err}}, p.Steps[1:]
		return r.report
	}
	r.steps(ctx)
	r.report.Took = time.Since(began)
	if len(r.report.Failed) == 0 && len(r.report.NotRun) == 0 {
		r.report.Outputs = r.outputs(context.WithoutCancel(ctx)) // all is done: somebody who wanted to stop came too late
	}
	return r.report
}

// elsewhere returns an error if another engine answers than the one that the
// plan is of: another one behind the same socket, or a new installation.
func (r *run) elsewhere(ctx context.Context) error {
	if len(r.p.Steps) == 0 || r.p.Info.ID == "" {
		return nil
	}
	source := engine.Source{Read: engine.Read{Call: "Info"}, Path: []string{"ID"}}
	err := r.facts(ctx, []engine.Fact{{Source: source, Want: r.p.Info.ID}})
	if errors.Is(err, errInterrupted) {
		return nil // nothing will begin
	}
	return err
}

// run is one apply.
type run struct {
	e  *engine.Engine
	p  *plan.Plan
	o  Options
	id string // names this apply in labels

	report *Report
	alone  sync.Mutex // held by an op that must be sent alone

	mu   sync.Mutex // guards made and the calls of o.Events
	made map[string]string
}

// steps runs the steps as their needs allow. Only this goroutine touches the
// report.
func (r *run) steps(ctx context.Context) {
	waits, frees := edges(r.p.Steps)
	var ready plan.Queue
	for i, n := range waits {
		if n == 0 {
			ready.Push(i)
		}
	}
	ended := make(chan result)
	running, begun, stop := 0, map[int]bool{}, false
	var bug *Bug
	cancelled := ctx.Done()
	for {
		for !stop && running < r.o.Parallelism && ready.Len() > 0 && ctx.Err() == nil {
			i := ready.Pop()
			begun[i] = true
			running++
			go func() { ended <- r.caught(ctx, i) }()
		}
		if running == 0 {
			break
		}
		select {
		case <-cancelled:
			cancelled = nil
			r.report.Interrupted = true
			r.emit(Event{Kind: Stopping})
		case res := <-ended:
			running--
			if res.bug != nil {
				bug, stop = res.bug, true
				continue
			}
			if !r.note(res) {
				stop = true
				continue
			}
			for _, i := range frees[res.index] {
				if waits[i]--; waits[i] == 0 {
					ready.Push(i)
				}
			}
		}
	}
	if bug != nil {
		panic(bug)
	}
	r.report.Interrupted = r.report.Interrupted || ctx.Err() != nil
	for i, s := range r.p.Steps {
		if !begun[i] {
			r.report.NotRun = append(r.report.NotRun, s)
		}
	}
}

// Bug is what a step panicked with. Run panics with it in turn when all that
// ran has ended, so that its caller can catch it.
type Bug struct {
	Value any
	Stack []byte
}

func (b *Bug) Error() string { return fmt.Sprintf("%v\n%s", b.Value, b.Stack) }

// caught runs a step and catches its panic.
func (r *run) caught(ctx context.Context, i int) (res result) {
	defer func() {
		if v := recover(); v != nil {
			res = result{index: i, bug: &Bug{Value: v, Stack: debug.Stack()}}
		}
	}()
	return r.step(ctx, i)
}

// result is how one step ended.
type result struct {
	bug     *Bug // it panicked
	index   int
	began   time.Time
	failure *Failure // nil if it ended well
	skipped bool     // an interrupt came before it had touched anything, or it is lost
	lost    error    // why nothing more may be sent, a NotHeld; else nil
}

// note enters a result in the report and reports whether to go on.
func (r *run) note(res result) bool {
	s := r.p.Steps[res.index]
	if !res.skipped {
		r.report.Ran = append(r.report.Ran, Ran{Step: s, Began: res.began, Took: time.Since(res.began)})
	}
	if r.report.Lost == nil && res.lost != nil {
		r.report.Lost = res.lost
	}
	switch {
	case res.skipped:
		r.report.NotRun = append(r.report.NotRun, s)
	case res.failure != nil:
		r.report.Failed = append(r.report.Failed, *res.failure)
	default:
		r.report.Done = append(r.report.Done, s)
		return true
	}
	return false
}

// held returns a NotHeld if nothing more may be sent.
func (r *run) held(ctx context.Context) error {
	if r.o.Held == nil {
		return nil
	}
	if err := r.o.Held(ctx); err != nil {
		return &NotHeld{err}
	}
	return nil
}

// edges returns how many steps each step waits for, and which wait for it.
func edges(steps []*plan.Step) (waits []int, frees [][]int) {
	waits, frees = make([]int, len(steps)), make([][]int, len(steps))
	for i, s := range steps {
		waits[i] = len(s.Needs)
		for _, n := range s.Needs {
			frees[n] = append(frees[n], i)
		}
	}
	return waits, frees
}

func (r *run) emit(ev Event) {
	if r.o.Events == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.o.Events(ev)
}

func (r *run) outputs(ctx context.Context) map[string]ir.Value {
	out := map[string]ir.Value{}
	for _, o := range r.p.Outputs {
		out[o.Name] = Resolve(ctx, r.e, o)
	}
	return out
}

// Resolve fills an output with what the engine knows. What it does not know,
// or not yet, stays as a reference.
func Resolve(ctx context.Context, e *engine.Engine, o plan.Output) ir.Value {
	v := o.Value.Resolve(func(ref ir.Ref) (ir.Value, bool) {
		src, ok := o.Sources[ref]
		if !ok {
			return ir.Value{}, false
		}
		text, ok, err := e.Get(ctx, src)
		return ir.StringVal(text), ok && err == nil && text != ""
	})
	v.Sensitive = v.Sensitive || o.Sensitive
	return v
}

// random returns n random bytes as hex.
func (r *run) random(n int) string {
	b := make([]byte, n)
	if _, err := io.ReadFull(r.o.Random, b); err != nil {
		panic("apply: no random bytes: " + err.Error())
	}
	return hex.EncodeToString(b)
}

package apply

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/interpreter/plan"
	"bayplan/lang/ir"
)

// Stale is the error of a step whose facts no longer hold: the engine has
// changed since the plan was made.
type Stale struct {
	Fact engine.Fact
	Got  string // what is there now; "" with Gone
	Gone bool   // the object does not exist
}

func (s *Stale) Error() string {
	what := cmp.Or(s.Fact.Read.Arg, "the engine")
	switch {
	case s.Fact.Absent:
		return fmt.Sprintf("%s has appeared since the plan was made; plan again", what)
	case s.Gone:
		return fmt.Sprintf("%s has gone since the plan was made; plan again", what)
	case s.Fact.Among != nil:
		return fmt.Sprintf("%s has changed since the plan was made: %s had at most %q and has %q; plan again",
			what, strings.Join(s.Fact.Path, "."), strings.Join(s.Fact.Among, ","), s.Got)
	}
	return fmt.Sprintf("%s has changed since the plan was made: %s was %q and is %q; plan again",
		what, strings.Join(s.Fact.Path, "."), s.Fact.Want, s.Got)
}

// CallError is the error of one call of a step.
type CallError struct {
	Op  engine.Op
	Err error
}

func (c *CallError) Error() string {
	method, path := c.Op.Path()
	return fmt.Sprintf("%s %s: %v", method, path, c.Err)
}

// Unwrap returns what the engine said.
func (c *CallError) Unwrap() error { return c.Err }

// errInterrupted says that a step was given up before it had touched anything.
var errInterrupted = errors.New("interrupted before it began")

// stepRun is one step being applied.
type stepRun struct {
	*run
	s       *plan.Step
	index   int
	touched bool   // a call has changed something, or may have
	started string // ID of the container that it started last; "" if none
}

func (r *run) step(ctx context.Context, i int) result {
	if err := r.held(ctx); err != nil {
		return result{index: i, skipped: true, lost: err}
	}
	began := time.Now()
	x := &stepRun{run: r, s: r.p.Steps[i], index: i}
	ctx = engine.Named(ctx, x.s.Addr.String())
	x.emit(Event{Kind: Begin, Step: x.s})
	failure := x.do(ctx)
	took := time.Since(began)
	switch {
	case failure == nil:
		x.emit(Event{Kind: Done, Step: x.s, Took: took})
	case errors.Is(failure.Err, errInterrupted):
		return result{index: i, skipped: true}
	default:
		x.emit(Event{Kind: Failed, Step: x.s, Err: failure.Err, Took: took})
	}
	res := result{index: i, began: began, failure: failure}
	var lost *NotHeld
	if failure != nil && errors.As(failure.Err, &lost) {
		res.lost = lost
	}
	return res
}

// do runs the step: facts, gates, ops, the wait, checks, commit. A failure before
// commit is undone.
func (x *stepRun) do(ctx context.Context) *Failure {
	if err := x.before(ctx); err != nil {
		return &Failure{Step: x.s, Err: err, Look: x.look(ctx, err)}
	}
	ctx = context.WithoutCancel(ctx)
	err := x.ops(ctx, x.s.Work.Ops)
	if err == nil && x.s.Work.Wait != nil {
		x.emit(Event{Kind: Waiting, Step: x.s, Text: waitText(*x.s.Work.Wait), Wait: *x.s.Work.Wait})
		err = x.e.Wait(ctx, *x.s.Work.Wait)
	}
	if err == nil && x.s.Checks != nil {
		err = x.checks(ctx, x.s.Checks)
	}
	if err != nil {
		return x.undo(ctx, err)
	}
	if err := x.ops(ctx, x.s.Work.Commit); err != nil {
		f := &Failure{Step: x.s, Err: err, Touched: true, Look: x.look(ctx, err)}
		f.Serves = x.serving(ctx)
		return f
	}
	return nil
}

// Unmet is the error of a resource that is there, and not as its postconditions
// want it.
type Unmet struct{ Err error }

func (u *Unmet) Error() string { return "a postcondition does not hold: " + u.Err.Error() }

// Unwrap returns what was said about the postconditions.
func (u *Unmet) Unwrap() error { return u.Err }

// checks has the postconditions of the step's resource decided.
func (x *stepRun) checks(ctx context.Context, c *plan.Checks) error {
	values, err := x.e.Tell(ctx, c.Sources)
	if err != nil {
		return fmt.Errorf("reading what the postconditions need: %w", err)
	}
	if err := x.o.Decide(ir.Told{Addr: c.Addr, Values: values}); err != nil {
		return &Unmet{err}
	}
	return nil
}

// before checks what the step relies on, and waits for what it asks of others.
func (x *stepRun) before(ctx context.Context) error {
	for _, g := range x.s.Gates {
		x.emit(Event{Kind: Waiting, Step: x.s, Text: g.On.String() + " " + waitText(g.Wait), Wait: g.Wait})
		if err := x.e.Wait(ctx, g.Wait); err != nil {
			if ctx.Err() != nil {
				return errInterrupted
			}
			return fmt.Errorf("waiting for %s: %w", g.On, err)
		}
	}
	return x.facts(ctx, x.s.Work.Facts)
}

func (r *run) facts(ctx context.Context, facts []engine.Fact) error {
	f, got, there, err := r.e.Broken(ctx, facts)
	switch {
	case f == nil:
		return nil
	case ctx.Err() != nil:
		return errInterrupted
	case err != nil:
		return fmt.Errorf("looking at %s: %w", cmp.Or(f.Read.Arg, "the engine"), err)
	}
	return &Stale{Fact: *f, Got: got, Gone: !there}
}

func waitText(w engine.Wait) string {
	return fmt.Sprintf("to be %s, at most %s", w.Until, w.Limit)
}

func (x *stepRun) ops(ctx context.Context, ops []engine.Op) error {
	for _, op := range ops {
		if err := x.op(ctx, op); err != nil {
			return &CallError{Op: op, Err: err}
		}
	}
	return nil
}

func (x *stepRun) op(ctx context.Context, op engine.Op) error {
	call, stream, err := x.fill(ctx, op)
	if err != nil {
		return err
	}
	if err := x.facts(ctx, op.Facts); err != nil {
		return err
	}
	if op.Alone {
		x.alone.Lock()
		defer x.alone.Unlock()
	}
	if err := x.held(ctx); err != nil {
		return err
	}
	method, path := op.Path()
	x.emit(Event{Kind: Doing, Step: x.s, Text: method + " " + path})
	id, err := x.e.DoWhile(ctx, call, stream, func(p engine.Progress) {
		x.emit(Event{Kind: Progress, Step: x.s, Progress: p})
	}, x.held)
	if op.IfThere && engine.Gone(err) && x.e.ForNobody(ctx, call) {
		return nil
	}
	var part *engine.LeftOut
	acted := err == nil || errors.As(err, &part)
	x.touched = x.touched || acted || engine.Unknown(err)
	if !acted {
		return err
	}
	if c, ok := call.(*engine.ContainerStart); ok {
		x.started = c.Container
	}
	if op.Makes != "" {
		x.mu.Lock()
		x.made[op.Makes] = id
		x.mu.Unlock()
	}
	return err
}

// fill returns the op's call and stream with their blanks filled. Values made
// here are made once for the op, so that sending it again sends the same.
func (x *stepRun) fill(ctx context.Context, op engine.Op) (engine.Call, *engine.Stream, error) {
	fresh := map[string]string{"run": fmt.Sprintf("%s-%d", x.id, x.index)}
	blank := func(b engine.Blank) (string, error) {
		switch b.Kind {
		case engine.Secret:
			return b.Value, nil
		case engine.FreshValue:
			if fresh[b.Name] == "" {
				fresh[b.Name] = x.random(16)
			}
			return fresh[b.Name], nil
		case engine.MadeID:
			return x.madeID(b.Name)
		}
		return x.engineValue(ctx, b)
	}
	call, err := op.Filled(blank)
	if err != nil {
		return nil, nil, err
	}
	stream, err := op.Sent(blank)
	return call, stream, err
}

// notMade is the error of an ID that no call has answered yet.
type notMade string

func (n notMade) Error() string { return fmt.Sprintf("%s was not made", string(n)) }

func (x *stepRun) madeID(name string) (string, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	id, ok := x.made[name]
	if !ok {
		return "", notMade(name)
	}
	return id, nil
}

func (x *stepRun) engineValue(ctx context.Context, b engine.Blank) (string, error) {
	if b.From == nil {
		panic("apply: nobody knows where to read " + b.Ref.String())
	}
	text, there, err := x.e.Get(ctx, *b.From)
	switch {
	case err != nil:
		return "", fmt.Errorf("reading %s: %w", b.Ref, err)
	case !there || text == "":
		return "", fmt.Errorf("the engine does not tell %s: %s", b.Ref, b.From.Read.Arg+" has none now")
	}
	return text, nil
}

// A call of an undo that fails is sent again: half of the way back is worse
// than none.
const (
	undoTries = 3
	undoPause = time.Second
)

// undo takes back what the step did before err, unless nothing more may be
// sent. Each of its calls is left out
// where what it wants is so already, or what it is about was never made.
func (x *stepRun) undo(ctx context.Context, err error) *Failure {
	f := &Failure{Step: x.s, Err: err, Touched: x.touched, Look: x.look(ctx, err), Holder: x.holder(ctx, err)}
	defer func() { f.Serves = x.serving(ctx) }()
	var lost *NotHeld
	back := x.back(err)
	if !x.touched || len(back) == 0 || errors.As(err, &lost) {
		return f
	}
	if x.o.NoRollback {
		f.Kept = true
		return f
	}
	x.emit(Event{Kind: Undoing, Step: x.s, Err: err})
	for _, op := range back {
		if f.UndoErr != nil && (op.Forgets || engine.Serves(op.Call)) {
			continue // what could not be taken back may still run: never both at once
		}
		uerr := x.undoOp(ctx, op)
		for try := 1; uerr != nil && try < undoTries && !errors.As(uerr, &lost) && x.e.Sleep(ctx, undoPause) == nil; try++ {
			uerr = x.undoOp(ctx, op)
		}
		if uerr != nil {
			f.UndoErr = errors.Join(f.UndoErr, &CallError{Op: op, Err: uerr})
		}
	}
	f.RolledBack = f.UndoErr == nil
	return f
}

// back returns the calls that take back what the step did before err. A
// creation leaves what it has made, for the next apply to go on with; but not
// what the engine made otherwise than it was told, of which nothing can come.
func (x *stepRun) back(err error) []engine.Op {
	var part *engine.LeftOut
	if x.s.Verb != kind.Create || len(x.s.Work.Undo) > 0 || !errors.As(err, &part) {
		return x.s.Work.Undo
	}
	op := engine.Op{}
	op.Call = &engine.ContainerRemove{Container: op.Blanks.MadeID(x.s.Addr.String()), RemoveVolumes: true}
	return []engine.Op{op}
}

func (x *stepRun) undoOp(ctx context.Context, op engine.Op) error {
	call, _, err := x.fill(ctx, op)
	var never notMade
	if errors.As(err, &never) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, held, err := x.e.Held(ctx, call); err == nil && held {
		return nil
	}
	err = x.op(ctx, op)
	if engine.Gone(err) && (!engine.Serves(call) || x.e.ForNobody(ctx, call)) {
		return nil
	}
	return err
}

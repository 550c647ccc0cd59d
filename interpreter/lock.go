package interpreter

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/plan"
	"bayplan/interpreter/show"
	"bayplan/lang/ir"
)

// LockOptions says how to take a stack's lock.
type LockOptions struct {
	Command string               // for whoever meets the lock, such as "bay apply"
	Version string               // of bay
	Wait    time.Duration        // how long to wait for another holder; 0 is not at all
	Waiting func(*engine.Locked) // told for whom it waits; may be nil
}

// Lock takes the lock of a stack on e, or returns who holds it as an
// engine.Locked. Who means to change something takes it, then plans again
// (PlanAgain), and frees it when it is done.
func (b *Bay) Lock(ctx context.Context, e *engine.Engine, stack string, o LockOptions) (*engine.Lock, error) {
	run := make([]byte, 8)
	_, _ = rand.Read(run) // never fails: it crashes the program instead
	h := engine.HolderOf(stack, hex.EncodeToString(run), o.Command, o.Version)
	return e.Lock(ctx, h, engine.LockOptions{Wait: o.Wait, Waiting: o.Waiting})
}

// Overtaken is the error of a plan that would be another now: somebody changed
// the engine since it was made.
type Overtaken struct {
	Stack       string
	Differences []show.Difference
}

func (o *Overtaken) Error() string {
	return fmt.Sprintf("nothing was changed: what lives of stack %s has changed since the plan was made", o.Stack)
}

// PlanAgain makes a plan anew when nobody else changes the stack any more, and
// returns it: it is the same as the one that was agreed to, byte for byte, or
// empty, since somebody else has done it all. Else the error is an Overtaken.
func (b *Bay) PlanAgain(ctx context.Context, e *engine.Engine, prog *ir.Program, o PlanOptions, agreed *plan.Plan) (*plan.Plan, error) {
	if prog == nil {
		o.Stack = agreed.Stack
	}
	now, err := b.Plan(ctx, e, prog, o)
	if err != nil || now.Empty() {
		return now, err
	}
	if same, err := show.Same(agreed, now); err != nil || same {
		return now, err
	}
	before, err := show.Encode(agreed, show.Origin{})
	if err != nil {
		return nil, err
	}
	after, err := show.Encode(now, show.Origin{})
	if err != nil {
		return nil, err
	}
	differ, err := show.Differ(before, after)
	if err != nil {
		return nil, err
	}
	return nil, &Overtaken{Stack: agreed.Stack, Differences: differ}
}

// Package apply sends the calls of a plan, in its order, side by side where
// the plan allows it. It decides nothing: what is sent is what the plan
// printed, or it stops.
package apply

import (
	"context"
	"io"
	"time"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/plan"
	"bayplan/lang/ir"
)

// Options says how to apply. The zero value is right for most.
type Options struct {
	Parallelism int         // steps at once; 0 is DefaultParallelism
	Events      func(Event) // told what happens, one at a time; may be nil
	Random      io.Reader   // what uids and runs are made of; nil is crypto/rand
	NoRollback  bool        // what fails stays as it is, for a look

	// Decide says what of a resource's postconditions does not hold by what the
	// engine has told, as an error. A plan that has any cannot do without.
	Decide func(ir.Told) error

	// Held is asked right before each step begins and each call is sent. If it
	// returns an error, nothing more is sent, not even to take something back:
	// somebody else may be at work. Nil: nobody else is.
	Held func(context.Context) error
}

// DefaultParallelism is how many steps run at once. The engine is what limits: on
// two cores, 100 containers took bare calls 30.1 s one at a time, 18.0 s two at
// once, 16.3 s four, 17.2 s eight, 16.5 s sixteen, and to remove them 12.9, 9.6,
// 8.3, 7.9 and 6.9 s. `make parallelism` measures it with bay.
const DefaultParallelism = 8

// Report is how an apply ended.
type Report struct {
	Done        []*plan.Step
	Failed      []Failure
	NotRun      []*plan.Step // that another's failure or an interrupt kept from beginning
	Interrupted bool
	Lost        error // what Held returned, if it ended the apply; see NotHeld
	Took        time.Duration
	Ran         []Ran               // the steps that ran, in the order in which they ended
	Outputs     map[string]ir.Value // by name, with what the engine knows filled in; nil unless all is done
}

// NotHeld is the error of a call that was not sent, and not tried, because
// Options.Held returned an error.
type NotHeld struct{ Err error }

func (n *NotHeld) Error() string { return n.Err.Error() }

// Unwrap returns what Held returned.
func (n *NotHeld) Unwrap() error { return n.Err }

// Failure is a step that ended in an error.
type Failure struct {
	Step       *plan.Step
	Err        error
	RolledBack bool  // all that the step had done is taken back
	Touched    bool  // it had changed something on the engine before it failed
	UndoErr    error // why taking back failed; nil if it did not
	Kept       bool  // it was not taken back, since Options.NoRollback says so

	Look   *engine.Look // its container before anything was taken back; nil if there is none
	Holder string       // for people: who holds what it could not get; "" if nobody does
	Serves string       // for people: what is in the place of what was to be replaced; "" if nothing was
}

// Package apply sends the calls of a plan, in its order, side by side where
// the plan allows it. It decides nothing: what is sent is what the plan
// printed, or it stops.
package apply

import (
	"time"

	"bayplan/interpreter/plan"
	"bayplan/lang/ir"
)

// Options says how to apply. The zero value is right for most.
type Options struct {
	Parallelism int         // steps at once; 0 is DefaultParallelism
	Events      func(Event) // told what happens, one at a time; may be nil
}

// DefaultParallelism is how many steps run at once. On two cores more than
// eight gains nothing, since the engine is what limits.
const DefaultParallelism = 8

// Report is how an apply ended.
type Report struct {
	Done        []*plan.Step
	Failed      []Failure
	NotRun      []*plan.Step // that another's failure or an interrupt kept from beginning
	Interrupted bool
	Took        time.Duration
	Outputs     map[string]ir.Value // by name, with what the engine knows filled in; nil unless all is done
}

// Failure is a step that ended in an error.
type Failure struct {
	Step       *plan.Step
	Err        error
	RolledBack bool  // all that the step had done is taken back
	Touched    bool  // it had changed something on the engine before it failed
	UndoErr    error // why taking back failed; nil if it did not
}

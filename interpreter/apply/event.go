package apply

import (
	"time"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/plan"
)

// EventKind says what an event tells.
type EventKind string

// The kinds of events.
const (
	Begin    EventKind = "begin"    // a step begins
	Doing    EventKind = "doing"    // it is about to send the call in Text
	Waiting  EventKind = "waiting"  // it waits for what Text says
	Progress EventKind = "progress" // a pull or a build says something
	Undoing  EventKind = "undoing"  // it failed for Err and takes back what it did
	Done     EventKind = "done"     // a step has ended well
	Failed   EventKind = "failed"   // a step has ended in Err
	Stopping EventKind = "stopping" // somebody asked to stop: nothing new begins
)

// Event is one thing that happens while a plan is applied. Events of one step
// come in order; events of several steps come mixed.
type Event struct {
	Kind     EventKind
	Step     *plan.Step // nil for Stopping
	Text     string
	Wait     engine.Wait     // of Waiting: for what
	Progress engine.Progress // of Progress
	Err      error           // of Undoing and Failed
	Took     time.Duration   // of Done and Failed: since Begin
}

// Package plan turns a program and a snapshot of an engine into steps: what
// will be made, changed, replaced, removed and kept, in which order, by which
// calls, and why.
//
// It is pure: no context, no I/O, no clock. Two plans of one program and one
// world are the same, byte for byte.
package plan

import (
	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
)

// Format is the version of a plan's JSON form.
const Format = "bayplan.plan/1"

// Mode is what a plan is for.
type Mode string

// Modes.
const (
	Apply   Mode = "apply"   // make the engine as the program says
	Destroy Mode = "destroy" // take the stack away
	Collect Mode = "collect" // take away what the stack brought and nothing needs any more
	Once    Mode = "run"     // make what runs once after a resource, and change nothing of the stack
)

// Plan is what apply will do. It is data; nothing in it asks an engine.
type Plan struct {
	Mode    Mode
	Stack   string
	Info    engine.Info
	Steps   []*Step    // in an order that respects Needs; by address where that leaves a choice
	Moved   []*Moved   // objects that have another address than their labels say
	Kept    []*Kept    // objects that stay although the program no longer has them
	Ignored []*Ignored // what differs and is no change, in order of Addr
	Unready []*Unready // what it leaves as it is, and does not serve, in order of Addr; it passes, so that no document has it
	Same    int        // resources with nothing to do
	LeftOut int        // resources that the plan is not about
	Lives   int        // objects of the stack on the engine before it, caches not counted
	Part    Part       // what was asked for
	Outputs []Output   // in order of their names
	Checks  []*Checks  // of resources that it leaves as they are: to be decided before anything is shown or done
	Notes   diag.List
}

// Empty reports whether there is nothing to do.
func (p *Plan) Empty() bool { return len(p.Steps) == 0 }

// Step is one resource's part of a plan.
type Step struct {
	Verb    kind.Verb
	Addr    ir.Addr
	Name    string          // the engine's name of the object, as it is afterwards; empty for kinds without one
	Pos     diag.Pos        // of the declaration; unknown for what is no longer in the program
	Why     string          // in a few words: "image", "no longer in the program"; empty for a plain creation
	Changes []schema.Change // of Update, Restart, Replace, Finish and Restore; of Create what is set
	Needs   []int           // indexes of steps that come first, in order
	Gates   []Gate          // what must be true of others before it begins
	Work    kind.Work
	ID      string // the engine's ID of the object that it starts from; "" for a creation

	LosesData bool // what it removes cannot be made again

	Checks *Checks // postconditions that are decided after Work.Wait and before Work.Commit; nil for none
}

// Gate is a condition on a dependency.
type Gate struct {
	On   ir.Addr
	Wait engine.Wait
}

// Kept is an object that stays although the program no longer has it.
type Kept struct {
	Addr ir.Addr
	Name string
	Why  string // "its data is not bay's to give up"
	Hint string // how to remove it all the same
}

// Ignored is a resource that differs from its object in what its lifecycle ignores.
type Ignored struct {
	Addr  ir.Addr
	Names []string // of what differs: "env LOG_LEVEL"
}

// Unready is an object that is as the program says, and does not serve, or not yet.
type Unready struct {
	Addr ir.Addr
	What string // "is unhealthy"
}

// Output is a value to show after apply.
type Output struct {
	Name      string
	Value     ir.Value                 // engine values that the plan does not know yet are still in it
	Sensitive bool                     // never shown unless asked for by name
	Sources   map[ir.Ref]engine.Source // where these are read after apply
	Pos       diag.Pos
}

// Options says what is special about a plan.
type Options struct {
	Mode    Mode
	Kinds   []kind.Kind
	Part    Part
	Volumes bool      // of Destroy: data goes too
	Remove  []ir.Addr // of Apply: data that goes although it is never removed by itself

	Reconnect bool        // of Apply: what is not the program's is taken along where it is in the way
	Of        ir.Addr     // of Once: the resource
	OneOff    kind.OneOff // of Once: what it has otherwise

	ReplaceData []ir.Addr // of Apply: data that is lost where the object that holds it has to be made anew
}

// Interrupts reports whether the step stops something that runs.
func (s *Step) Interrupts() bool { return s.Work.Impact != "" }

// Worst returns the worst effect among changes.
func Worst(cs []schema.Change) schema.Effect {
	worst := schema.None
	for _, c := range cs {
		worst = max(worst, c.Effect)
	}
	return worst
}

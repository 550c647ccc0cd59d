// Package ir is the one form in which programs of both languages end: a stack
// of resources, each with an address, attributes and positions.
//
// A program is plain data. It can be written as JSON and read back, and it
// knows nothing of HCL, Starlark or Docker: what an attribute means is the
// business of lang/schema and of the rooms in stdlib.
package ir

import (
	"cmp"
	"time"

	"bayplan/lang/diag"
)

// Format is the version of a program's JSON form.
const Format = "bayplan.program/1"

// Program is what one evaluation of a root module says.
type Program struct {
	Format    string      `json:"format"`
	Stack     string      `json:"stack"`             // the stack's name
	StackPos  diag.Pos    `json:"stack_pos"`         // where it was declared
	Dir       string      `json:"dir"`               // below which all of its files lie, absolute: the root module's, or one above
	Resources []*Resource `json:"resources"`         // in order of their addresses
	Outputs   []Output    `json:"outputs,omitempty"` // in order of their names
	Moves     []Move      `json:"moves,omitempty"`   // in order of New
	Adopts    []Adopt     `json:"adopts,omitempty"`  // in order of Addr
	Forgets   []Forget    `json:"forgets,omitempty"` // in order of Addr
	Logins    []Login     `json:"logins,omitempty"`  // in order of Host
	Pins      []Pin       `json:"pins,omitempty"`    // of the lock file, in order of Kind and Ref
}

// Login is an account at a registry.
type Login struct {
	Host     string   `json:"host"` // of several names the one by which it is known
	Username Value    `json:"username"`
	Password Value    `json:"password"` // always sensitive
	Pos      diag.Pos `json:"pos"`
}

// Pin is what a lock file says that a reference stands for.
type Pin struct {
	Kind   string   `json:"kind"` // of resources that name such references
	Ref    string   `json:"ref"`  // canonical
	Digest string   `json:"digest"`
	Pos    diag.Pos `json:"pos"`
}

// Pinned returns what references of a kind stand for, by the lock file.
func (p *Program) Pinned(kind string) map[string]string {
	out := map[string]string{}
	for _, pin := range p.Pins {
		if pin.Kind == kind {
			out[pin.Ref] = pin.Digest
		}
	}
	return out
}

// Move says that the object of one address has another one now.
type Move struct {
	Old Addr     `json:"old"`
	New Addr     `json:"new"`
	Pos diag.Pos `json:"pos"`
}

// Adopt says that an object which is on the engine already is a resource's.
type Adopt struct {
	Addr Addr     `json:"addr"`
	Name string   `json:"name"` // the engine's
	Pos  diag.Pos `json:"pos"`
}

// Forget says that an object leaves the stack without being removed. An
// address without a key stands for all of its keys, that of a module for all
// that is in it.
type Forget struct {
	Addr Addr     `json:"addr"`
	Pos  diag.Pos `json:"pos"`
}

// Resource is one declaration of a thing on an engine.
type Resource struct {
	Addr    Addr        `json:"addr"`
	Pos     diag.Pos    `json:"pos"`               // of the declaration
	Calls   []diag.Call `json:"calls,omitempty"`   // of modules and of Starlark's functions that led to it, outermost first
	Dir     string      `json:"dir"`               // its module's directory, absolute: relative paths start here
	Name    string      `json:"name"`              // the engine's name; empty for kinds without one
	Alias   string      `json:"alias,omitempty"`   // rule 3's name without stack and key: what it answers to on networks
	Implied bool        `json:"implied,omitempty"` // true if no declaration says it, but another resource needs it
	Attrs   []Attr      `json:"attrs"`             // as decoded, canonical, in the order of the kind's table
	Deps    []Dep       `json:"deps,omitempty"`    // references and depends_on, in order of address
	Guard   Lifecycle   `json:"lifecycle,omitzero"`
}

// Attr is one attribute of a resource.
type Attr struct {
	Name  string   `json:"name"`
	Pos   diag.Pos `json:"pos"` // of the name
	Value Value    `json:"value"`
}

// Attr returns the attribute with this name, or nil if it is not set.
func (r *Resource) Attr(name string) *Attr {
	for i := range r.Attrs {
		if r.Attrs[i].Name == name {
			return &r.Attrs[i]
		}
	}
	return nil
}

// AttrPos returns where the attribute was written, or else where the resource
// was declared.
func (r *Resource) AttrPos(name string) diag.Pos {
	if a := r.Attr(name); a != nil && a.Pos.Known() {
		return a.Pos
	}
	return r.Pos
}

// Condition says what a dependency must have reached before its user is touched.
type Condition string

// Conditions. Exists asks for nothing but that the thing is there; it is what
// a plain reference asks for of anything.
const (
	Exists    Condition = ""
	Started   Condition = "started"
	Healthy   Condition = "healthy"
	Completed Condition = "completed"
)

// Dep is an edge: the resource needs another one.
type Dep struct {
	To    Addr          `json:"to"`
	Cond  Condition     `json:"cond,omitempty"`
	Limit time.Duration `json:"limit,omitempty"` // how long to wait for Cond; 0 is the kind's own limit
	In    Addr          `json:"in,omitzero"`     // the module whose every part is asked for; zero where To itself was named
	Pos   diag.Pos      `json:"pos"`             // where the edge comes from
}

// Lifecycle is what a program says about the life of a resource.
type Lifecycle struct {
	PreventDestroy bool           `json:"prevent_destroy,omitempty"` // a plan that removes it is an error
	Keep           bool           `json:"keep,omitempty"`            // it is never removed, only released
	Ignore         []string       `json:"ignore,omitempty"`          // attributes whose difference from what lives is no change, in the table's order
	Strategy       Strategy       `json:"strategy,omitempty"`        // how a new one takes the place of the old one
	Settle         *time.Duration `json:"settle,omitempty"`          // how long a new one has to last before it counts as started; nil is the kind's own time
	ReplaceOn      []Trigger      `json:"replace_on,omitempty"`      // where one of these comes about in a plan, it is made anew
	RestartOn      []Trigger      `json:"restart_on,omitempty"`      // the same, and it is restarted
	ReplaceKeys    []Value        `json:"replace_keys,omitempty"`    // where one of these is another than it remembers, it is made anew
	Checks         []Check        `json:"checks,omitempty"`          // postconditions that only a running engine can decide
	Pos            diag.Pos       `json:"pos,omitzero"`
}

// Trigger is a resource whose part in a plan is a reason for another one's.
type Trigger struct {
	On  Addr     `json:"on"`
	Pos diag.Pos `json:"pos"`
}

// Check is a postcondition that is decided when the engine has told what it
// needs: the program is evaluated again with that.
type Check struct {
	Pos   diag.Pos `json:"pos"`   // of the condition
	Needs []string `json:"needs"` // what it came upon first, as paths below the handle: "ip"
	Reads []string `json:"reads"` // all that only the engine knows about the resource, in order
}

// Told is what an engine has told about a resource, for a check.
type Told struct {
	Addr   Addr             `json:"addr"`
	Values map[string]Value `json:"values"` // by path below the handle; what it does not tell is not there
}

// Strategy is the order in which a new object takes the place of an old one.
type Strategy string

// Strategies. Auto is the kind's choice.
const (
	Auto       Strategy = ""
	StartFirst Strategy = "start_first" // the old one serves until the new one does
	StopFirst  Strategy = "stop_first"
)

// Output is a value to show after apply.
type Output struct {
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	Pos         diag.Pos `json:"pos"`
	Value       Value    `json:"value"` // sensitive if the output says so
}

// CompareDeps orders edges by address, then by condition.
func CompareDeps(a, b Dep) int {
	return cmp.Or(a.To.Compare(b.To), cmp.Compare(a.Cond, b.Cond))
}

// Now returns the address that the object made at a has in the program.
func (p *Program) Now(a Addr) Addr {
	if p != nil {
		for _, m := range p.Moves {
			if m.Old == a {
				return m.New
			}
		}
	}
	return a
}

// Forgotten returns where the program forgets the object at a, if it does.
func (p *Program) Forgotten(a Addr) (diag.Pos, bool) {
	if p != nil {
		for _, f := range p.Forgets {
			if f.Addr.Covers(a) {
				return f.Pos, true
			}
		}
	}
	return diag.Pos{}, false
}

// Resource returns the resource with this address, or nil.
func (p *Program) Resource(a Addr) *Resource {
	for _, r := range p.Resources {
		if r.Addr == a {
			return r
		}
	}
	return nil
}

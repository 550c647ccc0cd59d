package plan

import (
	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
)

// Checks are the postconditions of one resource that an engine has to decide:
// what they read of it, and where. They are decided by an evaluation of the
// program that is given the answers; a plan holds none of their text.
type Checks struct {
	Addr    ir.Addr
	Of      []ir.Check
	Sources map[string]engine.Source // by path below the handle
}

// checks plans for the postconditions of a resource. Where this plan leaves what
// they read as it is they are decided before it is shown, else in the resource's
// step, once the object is ready and before anything is given up for good.
func (m *maker) checks(r *ir.Resource, s *Step) {
	if len(r.Guard.Checks) == 0 {
		return
	}
	c := &Checks{Addr: r.Addr, Of: r.Guard.Checks, Sources: map[string]engine.Source{}}
	live := m.live[r.Addr]
	if live != nil && !m.outcomes[r.Addr].Disturbed() {
		m.read(c, live.Name)
		m.plan.Checks = append(m.plan.Checks, c)
		return
	}
	name := m.outcomes[r.Addr].Name
	if w := s.Work.Wait; w != nil {
		name = w.Container // it may get its name only when it is ready
	}
	m.read(c, name)
	s.Checks = c
}

// read says where the values are read, of an object with this name.
func (m *maker) read(c *Checks, name string) {
	for _, path := range c.Of[0].Reads {
		if src := m.kinds[c.Addr.Kind].Source(m.w.Wants[c.Addr].Spec, name, path); src != nil {
			c.Sources[path] = *src
		}
	}
}

// Unmet is what is wrong, by messages at its postconditions, with a resource that
// this plan leaves as it is. It says what to do about it.
func (c *Checks) Unmet(ds diag.List) diag.List {
	for i := range ds {
		if ds[i].Hint == "" {
			ds[i].Hintf("it is so on the engine now: change the program, or have the object made anew with --%s '%s'", kind.Replace, c.Addr)
		}
	}
	return ds
}

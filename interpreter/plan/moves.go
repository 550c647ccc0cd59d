package plan

import (
	"slices"
	"strings"

	"bayplan/interpreter/kind"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
)

// moves notes what bears an address that is not its own any more.
func (m *maker) moves() {
	for _, l := range m.lives() {
		if !l.Was.IsZero() {
			m.plan.Moved = append(m.plan.Moved, &Moved{Old: l.Was, New: l.Identity.Addr, Name: l.Name})
		}
	}
	slices.SortFunc(m.plan.Moved, func(a, b *Moved) int { return a.New.Compare(b.New) })
}

// adoptions checks that what the program adopts is there, and that no object
// of the stack is in its place already.
func (m *maker) adoptions() {
	if m.prog == nil {
		return
	}
	for _, a := range m.prog.Adopts {
		if !m.about(a.Addr) {
			continue
		}
		l := m.live[a.Addr]
		second := slices.IndexFunc(m.spare, func(s *kind.Live) bool { return s.Identity.Addr == a.Addr })
		switch {
		case l == nil && m.kinds[a.Addr.Kind].Data():
			m.diags.Addf(a.Pos, "adopt: there is no %s %q on the engine", a.Addr.Kind, a.Name).
				Hintf("correct the name, or take adopt away to have it made, empty")
		case l == nil:
			m.plan.Notes.Warnf(a.Pos, "adopt: there is no %s %q on the engine, so that it is made", a.Addr.Kind, a.Name).
				Hintf("correct the name if another one is meant")
		case l.Name != a.Name && l.Adopted == "" && l.Old == nil:
			m.diags.Addf(a.Pos, "adopt: %s is on the engine already, as %s", a.Addr, l.Name).
				Hintf("one resource has one object: take adopt away, or give %q a resource of its own", a.Name)
		case second >= 0:
			m.diags.Addf(a.Pos, "adopt: %s is on the engine already, as %s", a.Addr, m.spare[second].Name).
				Hintf("one resource has one object: take adopt away, or give %q a resource of its own", a.Name)
		case l.Adopted == "":
			m.plan.Notes.Warnf(a.Pos, "adopt: %s has been made anew since, and bears the stack's labels", a.Addr).
				Hintf("take adopt away; name = %q in its declaration keeps its name", a.Name)
		}
	}
}

// adopted tells the author that an object is the stack's by its name alone,
// and what it has that the program does not say: that would go with it when it
// is made anew.
func (m *maker) adopted(k kind.Kind, job *kind.Job, verb kind.Verb, changes []schema.Change) {
	if job.Live == nil || job.Live.Adopted == "" {
		return
	}
	r := job.Want.Res
	lost := m.unsaid(k, job, changes)
	if lost != "" {
		lost = "it loses what the program does not say: " + lost
	}
	switch {
	case verb == kind.Replace || verb == kind.Restore:
		m.plan.Notes.Warnf(r.Pos, "%s was adopted, and bears the stack's labels when it has been made anew", r.Addr).Hintf("%s", lost)
	case k.Data():
		m.plan.Notes.Warnf(r.Pos, "%s is the stack's by its name alone: %s", r.Addr, job.Live.Adopted).
			Hintf("leave adopt in place: what holds data is not made anew, and takes no labels afterwards")
	default:
		m.plan.Notes.Warnf(r.Pos, "%s is the stack's by its name alone: %s", r.Addr, job.Live.Adopted).
			Hintf("once it is made anew, it bears the stack's labels%s", strings.Replace(lost, "it loses", "; it then loses", 1))
	}
}

// unsaid names the fields of an object that would not be so if the program had
// made it, and that no planned change is about.
func (m *maker) unsaid(k kind.Kind, job *kind.Job, changes []schema.Change) string {
	whole := *job.Live
	whole.Record = schema.RecordOf(schema.Bind(whole.Spec).Told())
	trial := *job
	trial.Live, trial.Diags = &whole, new(diag.List)
	var names []string
	for _, c := range m.compare(k, &trial) {
		planned := slices.ContainsFunc(changes, func(p schema.Change) bool { return p.Attr == c.Attr && p.Path == c.Path })
		if !planned {
			names = append(names, diag.Escape(c.Name()))
		}
	}
	return strings.Join(names, ", ")
}

// forgotten keeps an object that the program forgets, and reports whether it
// does.
func (m *maker) forgotten(l *kind.Live) bool {
	a := l.Identity.Addr
	if _, ok := m.prog.Forgotten(a); !ok {
		return false
	}
	m.plan.Kept = append(m.plan.Kept, &Kept{Addr: a, Name: l.Name, Why: "forgotten", Hint: "forget has to stand for as long as the object does: its labels cannot be taken away"})
	return true
}

// left notes what a destroyed stack had adopted, and leaves as it was found.
func (m *maker) left() {
	if m.prog == nil || !m.o.Part.Whole() {
		return
	}
	for _, a := range m.prog.Adopts {
		if _, there := m.taken(a.Addr.Kind, a.Name); there {
			m.plan.Kept = append(m.plan.Kept, &Kept{Addr: a.Addr, Name: a.Name, Why: "adopted, not made by the stack"})
		}
	}
}

// Moved is an object whose labels bear another address than the program gives it.
type Moved struct {
	Old, New ir.Addr
	Name     string // on the engine now
}

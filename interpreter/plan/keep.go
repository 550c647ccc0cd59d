package plan

import (
	"fmt"
	"slices"

	"bayplan/interpreter/kind"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
)

// keeps returns the objects that a lifecycle keeps from being removed, each with
// the reason: what is kept, and what that uses.
func (m *maker) keeps() map[*kind.Live]string {
	out := map[*kind.Live]string{}
	var open []*kind.Live
	for _, l := range m.lives() {
		_, forgotten := m.prog.Forgotten(l.Identity.Addr)
		switch {
		case m.o.Mode == Apply && m.w.Wants[l.Identity.Addr] != nil: // it goes on
		case forgotten:
			open = append(open, l)
		case m.isKept(l):
			out[l] = "its lifecycle says keep"
			if l.Old != nil {
				out[l] += "; it was about to replace the other one"
			}
			open = append(open, l)
		}
	}
	for len(open) > 0 {
		l := open[0]
		open = open[1:]
		for _, u := range l.Uses {
			used := m.byName[object{u.Kind, u.Name}]
			if used == nil || used == l || out[used] != "" {
				continue
			}
			out[used] = fmt.Sprintf("%s stays and uses it", l.Identity.Addr)
			open = append(open, used)
		}
	}
	return out
}

// isKept reports what the program says of an object, or else its labels.
func (m *maker) isKept(l *kind.Live) bool {
	if want := m.w.Wants[l.Identity.Addr]; want != nil {
		return want.Res.Guard.Keep
	}
	return l.Identity.Keep
}

// stays keeps an object that would be removed, if a lifecycle says so.
func (m *maker) stays(l *kind.Live, why string) bool {
	by, ok := m.kept[l]
	if !ok {
		return false
	}
	a := l.Identity.Addr
	hint := fmt.Sprintf("docker %s rm %s removes it", l.Kind, l.Name)
	if slices.Contains(m.o.Remove, a) {
		m.diags.Addf(diag.Pos{}, "%s cannot be removed: %s", a, by).Hintf("%s", hint)
		return true
	}
	if why != "" {
		by = why + ", but " + by
	}
	m.plan.Kept = append(m.plan.Kept, &Kept{Addr: a, Name: l.Name, Why: by, Hint: hint})
	return true
}

// keepable reports a keep that says nothing, and tells of one that the object's
// labels do not know: they cannot be changed.
func (m *maker) keepable(k kind.Kind, job *kind.Job, verb kind.Verb) {
	r, l := job.Want.Res, job.Live
	switch {
	case !r.Guard.Keep:
	case k.Lasts():
		job.Diags.Addf(r.Guard.Pos, "%s.lifecycle: keep has no meaning here: no plan removes an object of kind %s", r.Addr, r.Addr.Kind).
			Hintf("take it away")
	case l != nil && !l.Identity.Keep && l.Adopted == "" && slices.Contains([]kind.Verb{kind.Same, kind.Update, kind.Restart}, verb):
		job.Diags.Warnf(r.Guard.Pos, "%s was made before keep was written, and is kept for as long as the program says so: its labels cannot be changed", r.Addr).
			Hintf("once it is made anew, they say it; where the declaration goes before, forget { address = %q } keeps it", r.Addr)
	}
}

// forbids returns the word of a lifecycle by which an object may not be made
// anew, or "". What is kept holds data that would be lost, or goes on.
func forbids(g ir.Lifecycle, k kind.Kind) string {
	switch {
	case g.PreventDestroy:
		return "prevent_destroy"
	case g.Keep && k.Data():
		return "keep"
	}
	return ""
}

package plan

import (
	"fmt"

	"bayplan/interpreter/kind"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
)

// The words of a lifecycle that name reasons.
const (
	replaceOn = "replace_on"
	restartOn = "restart_on"
)

// isReason reports whether a change is that of something which the lifecycle
// names as a reason.
func isReason(c schema.Change) bool { return c.Attr == replaceOn || c.Attr == restartOn }

// reasons returns what of that which a lifecycle names is a reason now: another
// resource's part in this plan, or a value that is not the one which the object
// remembers. Of a value that it does not know it tells nothing, since it was made
// before the value was named.
func (m *maker) reasons(job *kind.Job) []schema.Change {
	g := job.Want.Res.Guard
	var out []schema.Change
	for _, t := range g.ReplaceOn {
		if what := m.another(job, t.On); what != "" {
			out = append(out, schema.Change{Attr: replaceOn, Note: what, Effect: schema.Replace, Pos: t.Pos})
		}
	}
	if gone, come := job.Live.Record.Reasons(g.ReplaceKeys); len(gone) > 0 && len(come) > 0 {
		out = append(out, schema.Change{Attr: replaceOn, Old: one(gone), New: one(come), Effect: schema.Replace, Pos: come[0].Pos})
	}
	for _, t := range g.RestartOn {
		o := job.Env.Outcome(t.On)
		what := m.anew(o, t.On)
		if what == "" && o != nil && o.Verb == kind.Update && !m.kinds[t.On.Kind].Lasts() {
			what = fmt.Sprintf("%s is %s", t.On, past[o.Verb])
		}
		if what != "" {
			out = append(out, schema.Change{Attr: restartOn, Note: what, Effect: schema.Restart, Pos: t.Pos})
		}
	}
	return out
}

// another says how a resource comes to be another one than the object was made
// with: in this plan, or in one before that did not come so far. What is made
// again just as it was is the same.
func (m *maker) another(job *kind.Job, a ir.Addr) string {
	o := job.Env.Outcome(a)
	what, was := m.anew(o, a), job.Live.Record.With(a)
	switch {
	case o == nil || was == "" || o.Is == "":
		return what
	case was == o.Is && o.Verb != kind.Restart:
		return ""
	case what == "":
		return fmt.Sprintf("%s is another one than it was made with", a)
	}
	return what
}

// one is a value alone, or several as a list.
func one(vs []ir.Value) ir.Value {
	if len(vs) == 1 {
		return vs[0]
	}
	return ir.ListVal(vs...)
}

// anew says how this plan makes a resource, makes it anew or starts it again; ""
// if it does none of these. What is made beside the old one, as images are, is
// made anew where something of it has moved.
func (m *maker) anew(o *kind.Outcome, a ir.Addr) string {
	if o == nil {
		return ""
	}
	what := fmt.Sprintf("%s is %s", a, past[o.Verb])
	switch o.Verb {
	case kind.Update:
		if !m.kinds[a.Kind].Lasts() || o.Why == "" {
			return ""
		}
		what = fmt.Sprintf("%s is made anew", a)
	case kind.Create, kind.Replace, kind.Restart, kind.Finish, kind.Restore:
	default:
		return ""
	}
	if o.Why != "" {
		what += ": " + o.Why
	}
	return what
}

// pointless reports reasons of what cannot be made anew, or does not run.
func pointless(k kind.Kind, r *ir.Resource) diag.List {
	var out diag.List
	say := func(word, why, hint string) {
		d := out.Addf(r.Guard.Pos, "%s.lifecycle: %s has no meaning here: %s", r.Addr, word, why).Hintf("%s", hint)
		d.Calls = r.Calls
	}
	switch some := len(r.Guard.ReplaceOn)+len(r.Guard.ReplaceKeys) > 0; {
	case some && k.Data():
		say(replaceOn, fmt.Sprintf("a %s holds data, which would be lost", r.Addr.Kind), "write it at what uses it")
	case some && k.Lasts():
		say(replaceOn, fmt.Sprintf("an object of kind %s is made anew when what it is made of has changed", r.Addr.Kind), "write it at what uses it")
	}
	if len(r.Guard.RestartOn) > 0 && !k.Restarts() {
		say(restartOn, fmt.Sprintf("a %s does not run", r.Addr.Kind), "write it at what uses it")
	}
	return out
}

// forgetful tells of values that are no reason yet, since the object was made
// before they were named: its labels cannot be changed.
func (m *maker) forgetful(job *kind.Job, verb kind.Verb) {
	r := job.Want.Res
	if job.Live == nil || verb == kind.Create || verb == kind.Replace || len(r.Guard.ReplaceKeys) == 0 {
		return
	}
	if gone, come := job.Live.Record.Reasons(r.Guard.ReplaceKeys); len(gone) == 0 && len(come) > 0 {
		job.Diags.Warnf(come[0].Pos, "%s was made before replace_on named this value, and does not remember it: a change of it is no reason until it is made anew", r.Addr).
			Hintf("--replace '%s' makes it anew now", r.Addr)
	}
}

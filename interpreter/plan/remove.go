package plan

import (
	"fmt"
	"slices"

	"bayplan/interpreter/kind"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
)

// lives returns every object of the stack, a half-done pair as two.
func (m *maker) lives() []*kind.Live {
	var out []*kind.Live
	for _, k := range m.o.Kinds {
		for _, l := range m.w.Found[k.Schema().Name].Live {
			out = append(out, l)
			if l.Old != nil {
				out = append(out, l.Old)
			}
		}
	}
	return out
}

// orphans plans for what the program no longer has: data is kept, the rest goes.
func (m *maker) orphans() {
	for _, l := range m.lives() {
		a := l.Identity.Addr
		extra := slices.Contains(m.spare, l) && m.about(a)
		switch {
		case m.chosen != nil && !extra: // what the program has says nothing about what it no longer has
		case m.forgotten(l):
		case extra:
			m.second(l)
			if l.Identity.Replaces != "" && m.steps[a] != nil {
				m.need(m.steps[a], m.steering[l]) // its name is that of the next successor
			}
		case m.w.Wants[a] == nil:
			m.remove(l, "no longer in the program")
		}
	}
	for _, a := range m.o.Remove {
		if m.chosen != nil {
			m.diags.Addf(diag.Pos{}, "%s cannot be removed by this plan, which is about a part of what the program has", a).
				Hintf("leave --target and --exclude away")
			continue
		}
		if l := m.live[a]; l == nil {
			m.diags.Addf(diag.Pos{}, "there is no %s to remove", a).Hintf("bay ls shows what the stack has")
		} else if m.w.Wants[a] != nil {
			m.diags.Addf(m.w.Wants[a].Res.Pos, "%s is still in the program and cannot be removed", a).
				Hintf("take its declaration away first")
		}
	}
	for _, a := range m.o.ReplaceData {
		if m.w.Wants[a] == nil || !m.kinds[a.Kind].Data() {
			m.diags.Addf(diag.Pos{}, "%s is nothing in the program that holds data", a).Hintf("bay ls shows what the stack has")
		} else if !m.about(a) {
			m.diags.Addf(diag.Pos{}, "%s cannot be made anew: it is left out of this plan", a).Hintf("take it in")
		}
	}
}

// second plans for an object to go whose address another one has.
func (m *maker) second(l *kind.Live) {
	on := m.live[l.Identity.Addr]
	why, then := "a second one of this address", fmt.Sprintf("%s is the one that stays", on.Name)
	if on.Old != nil && l.Identity.Replaces == on.Identity.Replaces {
		why, then = "a second successor", fmt.Sprintf("%s is the one that is to replace %s", on.Name, on.Old.Name)
	}
	m.remove(l, why)
	if s := m.steering[l]; s != nil {
		s.Work.Then = then
	}
}

// destroy plans for taking the stack away.
func (m *maker) destroy() {
	goes := m.leaving()
	leave := map[string]bool{} // names of what runs once and goes too
	for _, l := range m.onces() {
		leave[l.Name] = goes == nil || goes[l.Identity.Addr]
	}
	for _, l := range m.lives() {
		l.Guests = slices.DeleteFunc(slices.Clone(l.Guests), func(name string) bool { return leave[name] })
		switch {
		case goes != nil && !goes[l.Identity.Addr]:
			if !m.kinds[l.Kind].Lasts() {
				m.plan.LeftOut++
			}
		case !m.forgotten(l):
			m.remove(l, m.along(l, goes))
		}
	}
	for _, l := range m.onces() {
		if leave[l.Name] {
			m.remove(l, "a one-off, "+l.Status)
		}
	}
}

// onces returns what runs once beside the stack's.
func (m *maker) onces() []*kind.Live {
	var out []*kind.Live
	for _, k := range m.o.Kinds {
		out = append(out, m.w.Found[k.Schema().Name].Once...)
	}
	return out
}

// collect plans for taking away what the stack brought and nothing needs.
func (m *maker) collect() {
	for _, k := range m.o.Kinds {
		for _, l := range m.w.Found[k.Schema().Name].Idle {
			m.all = append(m.all, &Step{
				Verb: kind.Remove, Addr: l.Identity.Addr, ID: l.ID, Why: "no container and no program uses it",
				Changes: k.Dropped(l), Work: k.Drop(kind.Removal{Live: l, Env: m.env, Diags: &m.diags}),
			})
		}
	}
	for _, l := range m.onces() {
		if l.Left {
			m.remove(l, "a one-off that nobody waits for, "+l.Status)
		}
	}
}

func (m *maker) remove(l *kind.Live, why string) {
	k := m.kinds[l.Kind]
	a := l.Identity.Addr
	if k.Lasts() || m.stays(l, why) {
		return
	}
	if k.Data() && !m.o.Volumes && !slices.Contains(m.o.Remove, a) {
		m.plan.Kept = append(m.plan.Kept, &Kept{Addr: a, Name: l.Name, Why: keptWhy(why), Hint: keptHint(m.o.Mode, a)})
		return
	}
	if want := m.w.Wants[a]; want != nil && want.Res.Guard.PreventDestroy && m.o.Mode == Destroy {
		m.diags.Addf(want.Res.Guard.Pos, "%s would be removed, and prevent_destroy forbids it", a).
			Hintf("take prevent_destroy away first, or leave its data out of what is destroyed")
		return
	}
	if k.Data() {
		why = lostWhy(why, l.Status)
	}
	s := &Step{Verb: kind.Remove, Addr: a, Name: l.Name, Why: why, ID: l.ID, LosesData: k.Data()}
	if want := m.w.Wants[a]; want != nil {
		s.Pos = want.Res.Pos
	}
	s.Work = k.Remove(kind.Removal{Live: l, Env: m.env, Volumes: m.o.Volumes, Diags: &m.diags})
	m.steering[l] = s
	m.all = append(m.all, s)
}

func keptWhy(why string) string {
	if why == "" {
		return "it holds data"
	}
	return why + ", but it holds data"
}

// lostWhy says that data goes, and of what it is known how old it is.
func lostWhy(why, status string) string {
	lost := "its data goes too"
	if status != "" {
		lost = "its data, " + status + ", goes too"
	}
	if why == "" {
		return lost
	}
	return why + "; " + lost
}

func keptHint(mode Mode, a ir.Addr) string {
	if mode == Destroy {
		return "bay destroy --volumes removes it"
	}
	return "bay apply --remove-volume '" + a.String() + "' removes it"
}

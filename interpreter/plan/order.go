package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"bayplan/interpreter/kind"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
)

// order puts the steps in a line and says of each what it waits for.
func (m *maker) order() {
	m.alongDeps()
	m.beforeRemovals()
	m.earlyFirst()
	m.madeAgain()
	slices.SortStableFunc(m.all, func(a, b *Step) int {
		return cmp.Or(a.Addr.Compare(b.Addr), strings.Compare(a.ID, b.ID))
	})
	m.line()
}

func (m *maker) need(s, first *Step) {
	if s == first || first == nil {
		return
	}
	if m.needs[s] == nil {
		m.needs[s] = map[*Step]bool{}
	}
	m.needs[s][first] = true
}

// alongDeps lets a step wait for those of its dependencies, through resources
// that have nothing to do.
func (m *maker) alongDeps() {
	if m.prog == nil {
		return
	}
	byAddr := m.byAddr()
	reached := map[ir.Addr][]*Step{} // what stands for a resource: its step, or those that its dependencies stand for
	var stand func(a ir.Addr) []*Step
	stand = func(a ir.Addr) []*Step {
		if s := m.steps[a]; s != nil {
			return []*Step{s}
		}
		if got, ok := reached[a]; ok || byAddr[a] == nil {
			return got
		}
		reached[a] = nil
		var out []*Step
		for _, d := range byAddr[a].Deps {
			out = append(out, stand(d.To)...)
		}
		reached[a] = out
		return out
	}
	for a, s := range m.steps {
		for _, d := range byAddr[a].Deps {
			for _, first := range stand(d.To) {
				m.need(s, first)
			}
		}
		for _, used := range m.holds(a) {
			if first := m.steps[used]; first != nil && begins(m.outcomes[used].Verb) && !depends(byAddr, used, a) {
				m.need(s, first)
			}
		}
	}
}

// begins reports whether an object starts anew in a step: what another one holds on
// to it with is lost, or comes back.
func begins(v kind.Verb) bool { return v == kind.Replace || v == kind.Restart }

func (m *maker) byAddr() map[ir.Addr]*ir.Resource {
	out := map[ir.Addr]*ir.Resource{}
	for _, r := range m.prog.Resources {
		out[r.Addr] = r
	}
	return out
}

// beforeRemovals lets the removal of an object wait until everything that
// holds on to it has let go, and what is made anew wait until what goes away
// has gone.
func (m *maker) beforeRemovals() {
	for l, s := range m.steering {
		for _, used := range m.uses(l) {
			first := m.steering[used]
			switch {
			case first == nil:
			case first.Verb == kind.Remove:
				m.need(first, s)
			case s.Verb == kind.Remove && (first.Verb == kind.Replace || first.Verb == kind.Restart):
				m.need(first, s)
			}
		}
	}
}

// uses returns what an object holds on to, and what it said that it needs when
// it was made.
func (m *maker) uses(l *kind.Live) []*kind.Live {
	var out []*kind.Live
	for _, u := range l.Uses {
		if used := m.byName[object{u.Kind, u.Name}]; used != nil && used != l {
			out = append(out, used)
		}
	}
	for _, a := range l.Identity.Deps {
		if used := m.live[a]; used != nil && used != l {
			out = append(out, used)
		}
	}
	return out
}

// earlyFirst brings all that disturbs nothing and may take long, pulls and
// builds, before all that disturbs.
func (m *maker) earlyFirst() {
	for _, s := range m.all {
		if s.Work.Early || s.Verb == kind.Create {
			continue
		}
		for _, first := range m.all {
			if first.Work.Early {
				m.need(s, first)
			}
		}
	}
}

// madeAgain lets a step wait for what its object holds on to that is gone, and that
// this plan makes again: an undo goes back to it. Where that would be a circle the
// undo has to do without.
func (m *maker) madeAgain() {
	for _, s := range m.all {
		if m.steps[s.Addr] != s {
			continue
		}
		for _, used := range m.holds(s.Addr) {
			if first := m.steps[used]; first != nil && first.Verb == kind.Create && !m.waits(first, s) {
				m.need(s, first)
			}
		}
	}
}

// waits reports whether a step comes after another one.
func (m *maker) waits(s, first *Step) bool {
	seen := map[*Step]bool{}
	var visit func(*Step) bool
	visit = func(s *Step) bool {
		if s == first || seen[s] {
			return s == first
		}
		seen[s] = true
		for n := range m.needs[s] {
			if visit(n) {
				return true
			}
		}
		return false
	}
	return visit(s)
}

// claims finds resources that want what only one object can hold: a name, a
// host port. What another gives up in this plan is waited for.
func (m *maker) claims() {
	wanted := map[string]*ir.Resource{}
	held := m.held()
	for _, r := range m.prog.Resources {
		s := m.steps[r.Addr]
		claims := m.kinds[r.Addr.Kind].Claims(m.w.Wants[r.Addr].Spec)
		for _, c := range claims {
			if other := wanted[c]; other != nil {
				m.diags = append(m.diags, bothWant(other, r, c))
				continue
			}
			wanted[c] = r
			m.acquire(r, s, c, held)
		}
		if r.Name != "" {
			m.acquireName(r, s)
		}
	}
}

func bothWant(first, r *ir.Resource, claim string) diag.Diag {
	d := diag.Diag{Pos: r.Pos, Msg: fmt.Sprintf("%s and %s both want %s", first.Addr, r.Addr, claim)}
	return *d.Hintf("%s was declared at %s; only one of them can have it", first.Addr, first.Pos)
}

func (m *maker) held() map[string]*kind.Live {
	held := map[string]*kind.Live{}
	for _, l := range m.lives() {
		for _, c := range l.Claims {
			held[c] = l
		}
	}
	return held
}

func (m *maker) acquire(r *ir.Resource, s *Step, claim string, held map[string]*kind.Live) {
	mine := m.live[r.Addr]
	if s == nil || mine != nil && slices.Contains(mine.Claims, claim) {
		return
	}
	if l := held[claim]; l != nil && !isOf(l, mine) {
		m.after(r, s, l, claim)
		return
	}
	if h, ok := m.w.Found[r.Addr.Kind].Held[claim]; ok {
		m.diags.Addf(r.Pos, "%s wants %s, which is held by %s", r.Addr, claim, h.What).
			Hintf("bay touches nothing that it did not make: stop that one, or choose another")
	}
}

// isOf reports whether an object is what a resource has, or what that is to replace:
// not a second one at its address.
func isOf(l, mine *kind.Live) bool { return mine != nil && (l == mine || l == mine.Old) }

func (m *maker) acquireName(r *ir.Resource, s *Step) {
	l := m.byName[object{r.Addr.Kind, r.Name}]
	if s != nil && l != nil && !isOf(l, m.live[r.Addr]) {
		m.after(r, s, l, "the name "+r.Name)
	}
}

// after lets a step wait for the one in which another object of the stack
// gives up what it wants.
func (m *maker) after(r *ir.Resource, s *Step, holder *kind.Live, what string) {
	if first := m.steering[holder]; first != nil {
		m.need(s, first)
		return
	}
	a := holder.Identity.Addr
	d := m.diags.Addf(r.Pos, "%s wants %s, which %s has", r.Addr, what, a)
	if m.w.Wants[a] == nil {
		d.Hintf("where they are the same, say so: moved with old = %q; otherwise choose another", a)
	} else {
		d.Hintf("%s keeps it in this plan: choose another for one of them", a)
	}
}

// line sorts the steps so that each comes after what it needs, by address
// where that leaves a choice.
func (m *maker) line() {
	waits := make([]int, len(m.all)) // how many steps each still waits for
	frees := map[*Step][]int{}       // which wait for a step
	index := map[*Step]int{}
	var ready Queue
	for i, s := range m.all {
		waits[i] = len(m.needs[s])
		for first := range m.needs[s] {
			frees[first] = append(frees[first], i)
		}
		if waits[i] == 0 {
			ready.Push(i)
		}
	}
	for ready.Len() > 0 {
		s := m.all[ready.Pop()]
		index[s] = len(m.plan.Steps)
		m.plan.Steps = append(m.plan.Steps, s)
		for first := range m.needs[s] {
			s.Needs = append(s.Needs, index[first])
		}
		slices.Sort(s.Needs)
		for _, i := range frees[s] {
			if waits[i]--; waits[i] == 0 {
				ready.Push(i)
			}
		}
	}
	if len(index) < len(m.all) {
		m.stuck(index)
	}
}

// stuck reports steps that wait for each other: two resources that change
// places, or the engine's objects use each other otherwise than the program says.
func (m *maker) stuck(index map[*Step]int) {
	var names []string
	var pos diag.Pos
	for _, s := range m.all {
		if _, placed := index[s]; !placed {
			names = append(names, s.Addr.String())
			if !pos.Known() {
				pos = s.Pos
			}
		}
	}
	m.diags.Addf(pos, "these have to wait for each other: %s", strings.Join(names, ", ")).
		Hintf("they exchange a name or a port: apply it in two goes, by giving one of them another for a while")
}

package plan

import (
	"fmt"
	"slices"
	"strings"

	"bayplan/interpreter/kind"
	"bayplan/interpreter/world"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
)

// Part says what of a stack a plan is about, and what it does there whatever
// has changed. The zero value is the whole stack, and nothing beside what has
// changed.
//
// What an Apply is about is closed: what a resource needs is in it too. So it
// never makes anything that stands on what it has not looked at. A Destroy is
// closed the other way round: what needs an object goes with it.
type Part struct {
	Target  []ir.Pattern `json:"target,omitempty"`  // only these, and what they need
	Exclude []ir.Pattern `json:"exclude,omitempty"` // all but these, and what needs them
	Replace []ir.Pattern `json:"replace,omitempty"` // made anew
	Restart []ir.Pattern `json:"restart,omitempty"` // restarted in place
	Task    kind.Task    `json:"task,omitempty"`    // only what this task is about, and what that needs
	Tag     string       `json:"tag,omitempty"`     // of the task: the one tag that it is about
}

// Whole reports whether the plan is about the whole stack.
func (p Part) Whole() bool { return len(p.Target) == 0 && len(p.Exclude) == 0 && p.Task == "" }

// Anew reports whether what has this address is made anew whatever has changed.
func (p Part) Anew(a ir.Addr) bool { return matches(p.Replace, a) }

// flags is the part as the command line says it, but for Replace and Restart.
func (p Part) flags() string {
	var words []string
	for _, x := range p.Target {
		words = append(words, "--target "+x.String())
	}
	for _, x := range p.Exclude {
		words = append(words, "--exclude "+x.String())
	}
	return strings.Join(words, " ")
}

func matches(ps []ir.Pattern, a ir.Addr) bool {
	return slices.ContainsFunc(ps, func(p ir.Pattern) bool { return p.Matches(a) })
}

// MostGo returns how many objects p removes, where these are most of the
// stack: at least three, and more than half of it. Else it returns 0.
func (p *Plan) MostGo() int {
	n := p.Removals()
	if n < 3 || 2*n <= p.Lives {
		return 0
	}
	return n
}

// Removals returns how many objects p removes.
func (p *Plan) Removals() int {
	n := 0
	for _, s := range p.Steps {
		if s.Verb == kind.Remove {
			n++
		}
	}
	return n
}

// Choose returns what of a program an Apply is about, nil for all of it, and
// reports what makes no sense. What a Destroy is about is decided by what lives.
func Choose(kinds []kind.Kind, prog *ir.Program, o Part) (func(ir.Addr) bool, diag.List) {
	c := &choice{kinds: map[string]kind.Kind{}, prog: prog, part: o}
	for _, k := range kinds {
		c.kinds[k.Schema().Name] = k
	}
	c.check()
	if len(o.Target) > 0 && len(o.Exclude) > 0 {
		c.diags.Addf(diag.Pos{}, "--target and --exclude cannot stand together").Hintf("--target names all that the plan is about, and what that needs")
	}
	if o.Whole() {
		c.able()
		return nil, c.diags
	}
	c.close()
	c.able()
	return func(a ir.Addr) bool { return c.in[a] }, c.diags
}

// choice is a choice in the making.
type choice struct {
	kinds map[string]kind.Kind
	prog  *ir.Program
	part  Part
	in    map[ir.Addr]bool // nil for all
	diags diag.List
}

// check reports patterns that match nothing.
func (c *choice) check() {
	var addrs []ir.Addr
	for _, r := range c.prog.Resources {
		addrs = append(addrs, r.Addr)
	}
	c.part.check(addrs, "nothing in the program has such an address", &c.diags)
}

func (p Part) check(addrs []ir.Addr, none string, diags *diag.List) {
	var names, there []string // there: without keys
	for _, a := range addrs {
		for _, m := range a.Modules() {
			names = append(names, m.Base().String(), m.String())
		}
		base := a.Base()
		if a.Label == "" {
			base = a // of an image that a container names
		}
		names = append(names, base.String(), a.String())
		there = append(there, base.String())
	}
	slices.Sort(there)
	there = slices.Compact(there)
	const most = 12
	few := strings.Join(there[:min(len(there), most)], ", ")
	if more := len(there) - most; more > 0 {
		few += fmt.Sprintf(" and %d more", more)
	}
	target := "--target "
	if p.Task != "" {
		target = "" // its addresses are arguments
	}
	for _, x := range []struct {
		flag     string
		patterns []ir.Pattern
	}{{target, p.Target}, {"--exclude ", p.Exclude}, {"--replace ", p.Replace}, {"--restart ", p.Restart}} {
		for _, pat := range x.patterns {
			if !slices.ContainsFunc(addrs, pat.Matches) {
				m := diags.Addf(diag.Pos{}, "%s%s: %s", x.flag, pat, none).DidYouMean(pat.String(), names)
				if m.Hint == "" && few != "" {
					m.Hintf("there is %s", few)
				}
			}
		}
	}
}

// close says of each resource whether it is in: with --target if something
// that is named needs it, with --exclude if it needs nothing that is named.
func (c *choice) close() {
	c.in = map[ir.Addr]bool{}
	byAddr := map[ir.Addr]*ir.Resource{}
	for _, r := range c.prog.Resources {
		byAddr[r.Addr] = r
	}
	var take func(*ir.Resource)
	take = func(r *ir.Resource) {
		if r == nil || c.in[r.Addr] {
			return
		}
		c.in[r.Addr] = true
		for _, d := range r.Deps {
			take(byAddr[d.To])
		}
	}
	out := map[ir.Addr]bool{}
	seen := map[ir.Addr]bool{}
	var leave func(*ir.Resource) bool
	leave = func(r *ir.Resource) bool {
		if r == nil || seen[r.Addr] {
			return r != nil && out[r.Addr]
		}
		seen[r.Addr] = true
		out[r.Addr] = matches(c.part.Exclude, r.Addr)
		for _, d := range r.Deps {
			out[r.Addr] = leave(byAddr[d.To]) || out[r.Addr]
		}
		return out[r.Addr]
	}
	for _, r := range c.prog.Resources {
		if (len(c.part.Target) == 0 && !leave(r) || matches(c.part.Target, r.Addr)) && c.does(r, c.part.Tag) {
			take(r)
		}
	}
	c.idle()
	if c.part.Tag != "" && len(c.in) == 0 && !c.diags.HasErrors() {
		c.untagged()
	}
}

// does reports whether the part's task, if there is one, is about a resource: by
// the one tag, or by any for "".
func (c *choice) does(r *ir.Resource, tag string) bool {
	k := c.kinds[r.Addr.Kind]
	return c.part.Task == "" || k.Does(world.Decode(k.Schema(), r, r.Attrs), c.part.Task, tag)
}

// untagged reports the one tag that a push shall be about and that nothing in the
// part has.
func (c *choice) untagged() {
	var all []string
	for _, r := range c.prog.Resources {
		if len(c.part.Target) == 0 || matches(c.part.Target, r.Addr) {
			k := c.kinds[r.Addr.Kind]
			all = append(all, k.Pushes(world.Decode(k.Schema(), r, r.Attrs))...)
		}
	}
	d := c.diags.Addf(diag.Pos{}, "--tag %s: no image is pushed by it", c.part.Tag).DidYouMean(c.part.Tag, all)
	if d.Hint == "" && len(all) > 0 {
		d.Hintf("the tags are %s", strings.Join(all, ", "))
	}
}

// idle reports what is named and is nothing for the task. A pattern that names
// many takes those that are.
func (c *choice) idle() {
	for _, p := range c.part.Target {
		named := slices.ContainsFunc(c.prog.Resources, func(r *ir.Resource) bool { return p.Matches(r.Addr) })
		if named && !slices.ContainsFunc(c.prog.Resources, func(r *ir.Resource) bool { return p.Matches(r.Addr) && c.does(r, "") }) {
			c.diags.Addf(diag.Pos{}, "%s: there is nothing to %s", p, c.part.Task).Hintf("bay %s without an address takes all that there is", c.part.Task)
		}
	}
}

// able reports what cannot be made anew or restarted. A pattern that names
// many takes those that can.
func (c *choice) able() {
	c.force("--replace", c.part.Replace, func(k kind.Kind) bool { return !k.Data() && !k.Lasts() })
	c.force("--restart", c.part.Restart, kind.Kind.Restarts)
}

func (c *choice) force(flag string, patterns []ir.Pattern, can func(kind.Kind) bool) {
	for _, p := range patterns {
		var named, able, here bool
		var one ir.Addr // that cannot
		for _, r := range c.prog.Resources {
			if !p.Matches(r.Addr) {
				continue
			}
			named = true
			if !can(c.kinds[r.Addr.Kind]) {
				one = r.Addr
				continue
			}
			able = true
			here = here || c.in == nil || c.in[r.Addr]
		}
		switch {
		case !named || here:
		case able:
			c.diags.Addf(diag.Pos{}, "%s %s: it is left out of this plan", flag, p).Hintf("take it in, or leave %s away", flag)
		case flag == "--restart":
			c.diags.Addf(diag.Pos{}, "%s %s: a %s does not run", flag, p, one.Kind).Hintf("name what uses it instead")
		case c.kinds[one.Kind].Data():
			c.diags.Addf(diag.Pos{}, "%s %s: it holds data, which would be lost", flag, p).
				Hintf("bay destroy --volumes --target '%s' takes it away, with all that uses it, and the next bay apply makes it anew", one)
		default:
			c.diags.Addf(diag.Pos{}, "%s %s: this is made anew when what it is made of has changed, and only then", flag, p).
				Hintf("name what uses it instead")
		}
	}
}

// asked returns what somebody wants to be done to a resource whatever has
// changed.
func (m *maker) asked(k kind.Kind, a ir.Addr) schema.Effect {
	switch {
	case m.o.Part.Anew(a) && !k.Data() && !k.Lasts():
		return schema.Replace
	case matches(m.o.Part.Restart, a) && k.Restarts():
		return schema.Restart
	}
	return schema.None
}

// about reports whether the plan is about the resource at a.
func (m *maker) about(a ir.Addr) bool { return m.chosen == nil || m.chosen(a) }

// leave notes a resource that the plan is not about: it stays as it is.
func (m *maker) leave(r *ir.Resource) {
	m.plan.LeftOut++
	l := m.live[r.Addr]
	if l == nil {
		return
	}
	k := m.kinds[r.Addr.Kind]
	out := k.Outcome(&kind.Job{
		Want: m.w.Wants[r.Addr], Live: l, Known: m.w.Found[r.Addr.Kind].Known[r.Addr], Env: m.env, Diags: new(diag.List),
	}, kind.Same, nil)
	out.Name = l.Name
	m.outcomes[r.Addr] = &out
	if l.Old != nil {
		m.plan.Notes.Warnf(r.Pos, "the replacement of %s was cut short, and is left so: this plan is not about it", r.Addr).
			Hintf("bay %s without --target and --exclude finishes it or takes it back", Apply)
	}
}

// partial tells what a plan of a part is not about, and refuses one that hurts
// what it leaves out.
func (m *maker) partial() {
	if m.chosen == nil || m.o.Part.Task != "" { // a task disturbs nobody
		return
	}
	m.plan.Notes.Warnf(diag.Pos{}, "this plan is about a part of the stack (%s): what is left out may differ, and what the program no longer has stays", m.o.Part.flags()).
		Hintf("bay plan shows all")
	for _, r := range m.prog.Resources {
		if !m.about(r.Addr) && m.live[r.Addr] != nil {
			m.hurt(r)
		}
	}
	m.strays()
}

// hurt reports what the plan would change of a resource that it leaves out: it
// holds on to something that is made anew or restarted.
func (m *maker) hurt(r *ir.Resource) {
	if !slices.ContainsFunc(r.Deps, func(d ir.Dep) bool { return m.disturbed(d.To) }) {
		return
	}
	before := m.trial(r, m.asLives, func(a ir.Addr) *kind.Outcome {
		if m.disturbed(a) {
			return nil
		}
		return m.outcomes[a]
	})
	for _, c := range m.trial(r, m.known, m.outcome) {
		same := func(o schema.Change) bool { return o.Attr == c.Attr && o.Path == c.Path }
		if slices.ContainsFunc(before, same) {
			continue
		}
		cause := ""
		if c.Cause != "" {
			cause = ", since " + c.Cause
		} else if isReason(c) && c.Note != "" {
			cause = ", since " + c.Note
		}
		m.diags.Addf(c.Pos, "%s is left out of this plan, which would change it all the same: %s%s", r.Addr, c.Name(), cause).
			Hintf("%s", m.takeIn(r.Addr))
		return
	}
}

// disturbed reports whether the plan does something to a resource that who holds
// on to it may feel. Nobody has to follow an image that is made beside the old one.
func (m *maker) disturbed(a ir.Addr) bool {
	s := m.steps[a]
	return s != nil && !s.Work.Early
}

func (m *maker) takeIn(a ir.Addr) string {
	if len(m.o.Part.Target) > 0 {
		return fmt.Sprintf("take it in: --target '%s'", a)
	}
	return "take it in, or leave out what it holds on to"
}

// trial compares a resource that is left out with what lives, if that was known
// of others, and they came out so.
func (m *maker) trial(r *ir.Resource, known func(ir.Ref) (ir.Value, bool), outcome func(ir.Addr) *kind.Outcome) []schema.Change {
	k := m.kinds[r.Addr.Kind]
	env := *m.env
	env.Outcome = outcome
	return m.compare(k, &kind.Job{
		Want: m.wantBy(k, r, known), Live: m.live[r.Addr], Known: m.w.Found[r.Addr.Kind].Known[r.Addr], Env: &env, Diags: new(diag.List),
	})
}

// asLives returns what the engine knows about a resource, as if this plan did
// nothing to it.
func (m *maker) asLives(ref ir.Ref) (ir.Value, bool) {
	l := m.live[ref.Addr]
	if l == nil {
		return ir.Value{}, false
	}
	v, ok := l.Attrs[ref.Attr]
	return v, ok
}

// strays reports what the program no longer has and what holds on to something
// that is made anew: a plan of the whole would remove it first.
func (m *maker) strays() {
	for _, l := range m.lives() {
		a := l.Identity.Addr
		if m.w.Wants[a] != nil && !slices.Contains(m.spare, l) {
			continue
		}
		if m.fate(l.Kind, l.ID) == kind.LeftAlone { // it stays under every plan, and the room heeds it
			continue
		}
		for _, used := range m.uses(l) {
			if s := m.steering[used]; s != nil && s.Verb == kind.Replace {
				m.diags.Addf(s.Pos, "%s would be made anew, and %s, which the program no longer has, holds on to it", s.Addr, l.Name).
					Hintf("a plan without --target and --exclude removes %s first", l.Name)
				break
			}
		}
	}
}

// leaving returns which of the stack's objects a Destroy is about, by address:
// with --target those that are named and what needs them, with --exclude all
// but those that are named and what they need. It is nil for all.
func (m *maker) leaving() map[ir.Addr]bool {
	if m.o.Part.Whole() {
		return nil
	}
	needs := m.needsOf()
	named := append(slices.Clone(m.o.Part.Target), m.o.Part.Exclude...)
	marked := map[ir.Addr]bool{}
	for a := range needs {
		marked[a] = matches(named, a)
	}
	for grown := true; grown; {
		grown = false
		for a, needed := range needs {
			for _, b := range needed {
				from, to := b, a // what goes takes along what needs it
				if len(m.o.Part.Exclude) > 0 {
					from, to = a, b // what stays keeps what it needs
				}
				if marked[from] && !marked[to] {
					marked[to], grown = true, true
				}
			}
		}
	}
	out := map[ir.Addr]bool{}
	for a := range needs {
		out[a] = marked[a] == (len(m.o.Part.Target) > 0)
	}
	return out
}

// needsOf returns what each object that can be removed needs, by address, and
// reports patterns that match none of them.
func (m *maker) needsOf() map[ir.Addr][]ir.Addr {
	needs := map[ir.Addr][]ir.Addr{}
	var addrs []ir.Addr
	for _, l := range m.lives() {
		a := l.Identity.Addr
		if m.kinds[l.Kind].Lasts() {
			continue
		}
		addrs = append(addrs, a)
		needs[a] = append(needs[a], l.Identity.Deps...)
		for _, used := range m.uses(l) {
			needs[a] = append(needs[a], used.Identity.Addr)
		}
	}
	m.o.Part.check(addrs, "nothing that can be removed has such an address", &m.diags)
	return needs
}

// along names what an object that is taken along needs, of what goes.
func (m *maker) along(l *kind.Live, goes map[ir.Addr]bool) string {
	if goes == nil || len(m.o.Part.Target) == 0 || matches(m.o.Part.Target, l.Identity.Addr) {
		return ""
	}
	for _, used := range m.uses(l) {
		if goes[used.Identity.Addr] {
			return fmt.Sprintf("it needs %s", used.Identity.Addr)
		}
	}
	return ""
}

// countLives counts the objects that a removal could be about.
func (m *maker) countLives() {
	for _, l := range m.lives() {
		if !m.kinds[l.Kind].Lasts() {
			m.plan.Lives++
		}
	}
}

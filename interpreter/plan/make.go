package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/interpreter/world"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
)

// Make plans. prog may be nil, which only a Destroy can do with. The plan is
// of use only if the list has no errors.
func Make(w *world.World, prog *ir.Program, o Options) (*Plan, diag.List) {
	m := &maker{
		o: o, w: w, prog: prog,
		plan:     &Plan{Mode: o.Mode, Stack: w.Stack, Info: w.Info, Part: o.Part},
		kinds:    map[string]kind.Kind{},
		live:     map[ir.Addr]*kind.Live{},
		byName:   map[object]*kind.Live{},
		byID:     map[object]*kind.Live{},
		names:    map[object]ir.Addr{},
		outcomes: map[ir.Addr]*kind.Outcome{},
		steps:    map[ir.Addr]*Step{},
		needs:    map[*Step]map[*Step]bool{},
		steering: map[*kind.Live]*Step{},
	}
	m.env = &kind.Env{Info: w.Info, Stack: w.Stack, Outcome: m.outcome, Named: m.named, Taken: m.taken, Live: m.liveNamed, Source: m.source, Fate: m.fate, Agreed: m.agreed, Along: o.Reconnect}
	m.index()
	m.moves()
	m.countLives()
	m.kept = m.keeps()
	switch o.Mode {
	case Destroy:
		m.destroy()
		m.left()
	case Collect:
		m.collect()
	case Once:
		m.once()
	default:
		chosen, diags := Choose(o.Kinds, prog, o.Part)
		m.chosen, m.diags = chosen, append(m.diags, diags...)
		if diags.HasErrors() {
			break
		}
		m.adoptions()
		for _, r := range m.inOrder() {
			m.resource(r)
		}
		m.orphans()
		m.partial()
		m.claims()
		if o.Part.Task == "" {
			m.outputs()
		}
	}
	m.order()
	slices.SortFunc(m.plan.Unready, func(a, b *Unready) int { return a.Addr.Compare(b.Addr) })
	m.plan.Notes.Sort()
	m.diags.Sort()
	return m.plan, m.diags
}

// object is a thing on the engine by kind and name.
type object struct{ kind, name string }

// maker is a plan in the making.
type maker struct {
	o    Options
	w    *world.World
	prog *ir.Program
	plan *Plan
	env  *kind.Env

	chosen func(ir.Addr) bool // what an Apply is about; nil for all

	kinds    map[string]kind.Kind
	live     map[ir.Addr]*kind.Live // the one that a resource goes on with
	byName   map[object]*kind.Live
	byID     map[object]*kind.Live // by the engine's ID as name; both of a half-done pair
	names    map[object]ir.Addr    // of the program's resources
	spare    []*kind.Live          // others at the address of one in live
	kept     map[*kind.Live]string // what is not removed, and why
	outcomes map[ir.Addr]*kind.Outcome

	steps    map[ir.Addr]*Step        // of resources of the program
	all      []*Step                  // these, and removals
	steering map[*kind.Live]*Step     // what happens to what lives
	needs    map[*Step]map[*Step]bool // what comes first
	diags    diag.List
}

func (m *maker) index() {
	for a, w := range m.w.Wants {
		if w.Res.Name != "" {
			m.names[object{a.Kind, w.Res.Name}] = a
		}
	}
	for _, k := range m.o.Kinds {
		name := k.Schema().Name
		m.kinds[name] = k
		found := m.w.Found[name]
		m.note(found.Notes)
		for _, l := range found.Live {
			m.byName[object{name, l.Name}], m.byID[object{name, l.ID}] = l, l
			if l.Old != nil {
				m.byID[object{name, l.Old.ID}] = l.Old
			}
			m.settle(l)
		}
	}
}

// settle chooses between two objects at one address.
func (m *maker) settle(l *kind.Live) {
	a := l.Identity.Addr
	switch old := m.live[a]; {
	case old == nil:
		m.live[a] = l
	case m.before(l, old):
		m.live[a] = l
		m.extra(old)
	default:
		m.extra(l)
	}
}

// before reports whether the first of two objects at one address stays rather than
// the second: the one that is in the middle of a replacement, else that is fitter,
// else that has the name which the program gives it.
func (m *maker) before(l, other *kind.Live) bool {
	switch {
	case (l.Old == nil) != (other.Old == nil):
		return l.Old != nil
	case l.Fitness != other.Fitness:
		return l.Fitness > other.Fitness
	}
	want := m.w.Wants[l.Identity.Addr]
	return want != nil && l.Name == want.Res.Name
}

// extra notes an object whose address another one has, and the one that it was to
// replace.
func (m *maker) extra(l *kind.Live) {
	m.spare = append(m.spare, l)
	if l.Old != nil {
		m.spare = append(m.spare, l.Old)
	}
}

// note sorts messages into what forbids the plan and what an author should know.
func (m *maker) note(l diag.List) {
	for _, d := range l {
		if d.Warning {
			m.plan.Notes = append(m.plan.Notes, d)
		} else {
			m.diags = append(m.diags, d)
		}
	}
}

// What rooms may ask.

func (m *maker) outcome(a ir.Addr) *kind.Outcome { return m.outcomes[a] }

func (m *maker) named(k, name string) (ir.Addr, bool) {
	a, ok := m.names[object{k, name}]
	return a, ok
}

func (m *maker) taken(k, name string) (kind.Holder, bool) {
	h, ok := m.w.Found[k].Taken[name]
	return h, ok
}

func (m *maker) liveNamed(k, name string) *kind.Live { return m.byName[object{k, name}] }

// fate says of what the program no longer has that it goes. A plan of a part
// leaves that where it is; strays reports it where it matters.
func (m *maker) fate(k, id string) kind.Fate {
	l := m.byID[object{k, id}]
	if l == nil {
		return kind.LeftAlone
	}
	if m.w.Wants[l.Identity.Addr] != nil && !slices.Contains(m.spare, l) {
		return kind.GoesOn
	}
	if _, forgotten := m.prog.Forgotten(l.Identity.Addr); forgotten || m.kept[l] != "" {
		return kind.LeftAlone
	}
	return kind.Goes
}

func (m *maker) agreed(a ir.Addr) bool { return slices.Contains(m.o.ReplaceData, a) }

func (m *maker) source(r ir.Ref) *engine.Source {
	return m.kinds[r.Addr.Kind].Source(m.w.Wants[r.Addr].Spec, m.outcomes[r.Addr].Name, r.Attr)
}

// inOrder returns the program's resources, each after those that it depends
// on and those whose objects its own holds on to now: what is made anew among
// these takes it off. By address where that leaves a choice. The program has no
// cycle.
func (m *maker) inOrder() []*ir.Resource {
	byAddr := m.byAddr()
	var out []*ir.Resource
	seen := map[ir.Addr]bool{}
	var visit func(*ir.Resource)
	visit = func(r *ir.Resource) {
		if r == nil || seen[r.Addr] {
			return
		}
		seen[r.Addr] = true
		for _, d := range r.Deps {
			visit(byAddr[d.To])
		}
		for _, a := range m.holds(r.Addr) {
			if !depends(byAddr, a, r.Addr) {
				visit(byAddr[a])
			}
		}
		out = append(out, r)
	}
	for _, r := range m.prog.Resources {
		visit(r)
	}
	return out
}

// holds returns the program's resources whose objects that of a holds on to now,
// or the one that it is about to replace.
func (m *maker) holds(a ir.Addr) []ir.Addr {
	l := m.live[a]
	if l == nil {
		return nil
	}
	uses := l.Uses
	if l.Old != nil {
		uses = slices.Concat(uses, l.Old.Uses)
	}
	var out []ir.Addr
	for _, u := range uses {
		if used, ok := m.names[object{u.Kind, u.Name}]; ok {
			out = append(out, used)
		}
	}
	return out
}

// depends reports whether a is b, or depends on it, by whatever is between.
func depends(byAddr map[ir.Addr]*ir.Resource, a, b ir.Addr) bool {
	seen := map[ir.Addr]bool{}
	var visit func(ir.Addr) bool
	visit = func(a ir.Addr) bool {
		if a == b || seen[a] || byAddr[a] == nil {
			return a == b
		}
		seen[a] = true
		return slices.ContainsFunc(byAddr[a].Deps, func(d ir.Dep) bool { return visit(d.To) })
	}
	return visit(a)
}

// resource plans one resource of the program.
func (m *maker) resource(r *ir.Resource) {
	if !m.about(r.Addr) {
		m.leave(r)
		return
	}
	k := m.kinds[r.Addr.Kind]
	var said diag.List
	job := &kind.Job{
		Want: m.want(k, r), Live: m.live[r.Addr], Known: m.w.Found[r.Addr.Kind].Known[r.Addr],
		Asked: m.asked(k, r.Addr), Env: m.env, Diags: &said,
	}
	verb, changes := m.decide(k, job)
	changes = m.ignored(k, job, verb, changes)
	m.guard(job, verb, changes)
	m.adopted(k, job, verb, changes)
	out := k.Outcome(job, verb, changes)
	m.outcomes[r.Addr] = &out
	m.note(said)
	if said.HasErrors() || verb == kind.Same {
		if verb == kind.Same {
			m.plan.Same++
			m.unready(r)
			m.checks(r, nil)
		}
		return
	}
	s := &Step{Verb: verb, Addr: r.Addr, Name: out.Name, Pos: r.Pos, Changes: changes, Why: why(r, verb, job, changes, out)}
	s.Work = work(k, job, verb, changes)
	s.LosesData = k.Data() && verb == kind.Replace
	if job.Live != nil {
		s.ID = job.Live.ID
		m.steering[job.Live] = s
		for _, half := range []*kind.Live{job.Live.Old, job.Discard} {
			if half != nil {
				m.steering[half] = s // it goes in this step, and lets go of what it holds
			}
		}
	}
	if verb == kind.Create {
		s.Changes = append(m.written(r), foretold(out)...)
	}
	m.steps[r.Addr] = s
	m.all = append(m.all, s)
	m.gates(r, s)
	m.checks(r, s)
}

// unready tells of an object that is left as it is and does not serve: what an
// apply that was cut short has not waited for, nobody else tells of.
func (m *maker) unready(r *ir.Resource) {
	if l := m.live[r.Addr]; l != nil && l.Unready != "" {
		m.plan.Unready = append(m.plan.Unready, &Unready{Addr: r.Addr, What: l.Unready})
	}
}

// want returns a resource decoded, with what the engine knows filled in where
// this plan leaves it as it is.
func (m *maker) want(k kind.Kind, r *ir.Resource) *kind.Want { return m.wantBy(k, r, m.known) }

func (m *maker) wantBy(k kind.Kind, r *ir.Resource, known func(ir.Ref) (ir.Value, bool)) *kind.Want {
	if !slices.ContainsFunc(r.Attrs, func(a ir.Attr) bool { return a.Value.HasEngine() }) {
		return m.w.Wants[r.Addr]
	}
	attrs := slices.Clone(r.Attrs)
	for i, a := range attrs {
		attrs[i].Value = a.Value.Resolve(known)
	}
	return &kind.Want{Res: r, Spec: world.Decode(k.Schema(), r, attrs)}
}

// known returns what the engine knows about a resource, where this plan leaves
// that as it is.
func (m *maker) known(ref ir.Ref) (ir.Value, bool) {
	l, out := m.live[ref.Addr], m.outcomes[ref.Addr]
	if out != nil && !out.Attrs[ref.Attr].IsNull() {
		return out.Attrs[ref.Attr], true
	}
	if l == nil || out == nil || out.Disturbed() {
		return ir.Value{}, false
	}
	v, ok := l.Attrs[ref.Attr]
	return v, ok
}

// decide compares what is wanted with what lives.
func (m *maker) decide(k kind.Kind, job *kind.Job) (kind.Verb, []schema.Change) {
	switch {
	case job.Live == nil:
		m.free(job, kind.Create)
		k.Adjust(job, nil)
		return kind.Create, nil
	case job.Live.Old != nil:
		return m.halfDone(k, job)
	}
	changes := m.compare(k, job)
	switch max(Worst(changes), job.Asked) {
	case schema.None:
		return kind.Same, nil
	case schema.Live, schema.Reconnect:
		return kind.Update, changes
	case schema.Restart:
		return kind.Restart, changes
	}
	return kind.Replace, changes
}

// halfDone judges a replacement that was cut short: the new object goes on if
// it is what the program wants. Else, or if it has failed, the old one comes
// back first, or gives way to another new one.
func (m *maker) halfDone(k kind.Kind, job *kind.Job) (kind.Verb, []schema.Change) {
	var said diag.List
	trial := *job
	trial.Diags, trial.Asked = &said, schema.None // it is made anew, and starts
	changes := m.compare(k, &trial)
	if Worst(changes) < schema.Replace && job.Live.Failed == "" {
		*job.Diags, job.Asked = append(*job.Diags, said...), schema.None
		return kind.Finish, changes
	}
	job.Discard, job.Live = job.Live, job.Live.Old
	changes = m.compare(k, job)
	if max(Worst(changes), job.Asked) == schema.Replace {
		return kind.Replace, changes
	}
	return kind.Restore, changes
}

func (m *maker) compare(k kind.Kind, job *kind.Job) []schema.Change {
	m.free(job, kind.Update)
	want := k.Expect(job)
	changes := schema.Diff(want, job.Live.Spec, job.Live.Record)
	for i := range changes {
		changes[i].Pos = job.Want.Res.AttrPos(changes[i].Attr)
	}
	because := m.reasons(job)
	job.Asked = max(job.Asked, Worst(because)) // also of what has ended, and runs again
	changes = append(changes, because...)
	job.Left = nil
	changes = job.Heed(k.Adjust(job, job.Heed(changes)))
	for i := range changes {
		m.followed(job.Want.Res, &changes[i])
		m.cause(&changes[i])
	}
	return changes
}

// followed finds that a change is of a value that only the engine knows, and
// that this plan knows: it is nobody's doing that it is another now.
func (m *maker) followed(r *ir.Resource, c *schema.Change) {
	a := r.Attr(c.Attr)
	if a == nil {
		return
	}
	v := a.Value
	if at, ok := v.Map[c.Path]; ok {
		v = at
	}
	v.Refs(func(ref ir.Ref, _ diag.Pos) {
		if ref.Attr == "" {
			return
		}
		c.ByHand = false
		if out := m.outcomes[ref.Addr]; c.Cause == "" && out != nil && out.Disturbed() {
			c.Cause = fmt.Sprintf("%s is %s", ref.Addr, past[out.Verb])
		}
	})
}

// ignored tells of what differs and is no change, since the program ignores it.
// An object that is made anew for another reason gets that too.
func (m *maker) ignored(k kind.Kind, job *kind.Job, verb kind.Verb, changes []schema.Change) []schema.Change {
	r := job.Want.Res
	if len(r.Guard.Ignore) > 0 && k.Lasts() {
		job.Diags.Addf(r.Guard.Pos, "%s.lifecycle: ignore_changes has no meaning here: one of kind %s is what it is made of", r.Addr, r.Addr.Kind).
			Hintf("name the attribute of what uses it")
	}
	if verb == kind.Create || len(job.Left) == 0 {
		return changes
	}
	if verb == kind.Replace {
		for _, c := range job.Left {
			c.Effect, c.Reason = schema.None, "ignored unless it is made anew"
			changes = append(changes, c)
		}
		return changes
	}
	var names []string
	for _, c := range job.Left {
		names = append(names, c.Name())
	}
	m.plan.Ignored = append(m.plan.Ignored, &Ignored{Addr: r.Addr, Names: slices.Compact(names)})
	return changes
}

// cause names the resource whose part in the plan brings a change: one that
// yields a value which only the engine knows.
func (m *maker) cause(c *schema.Change) {
	if c.Cause != "" {
		return
	}
	c.New.Refs(func(ref ir.Ref, _ diag.Pos) {
		out := m.outcomes[ref.Addr]
		if c.Cause == "" && out != nil && out.Disturbed() {
			c.Cause = fmt.Sprintf("%s is %s", ref.Addr, past[out.Verb])
		}
	})
}

// past is how a sentence says that a verb happens to something.
var past = map[kind.Verb]string{
	kind.Create: "created", kind.Update: "changed", kind.Restart: "restarted", kind.Replace: "replaced",
	kind.Remove: "removed", kind.Finish: "replaced", kind.Restore: "put back",
}

// free reports a name that somebody else holds.
func (m *maker) free(job *kind.Job, verb kind.Verb) {
	r := job.Want.Res
	if r.Name == "" || job.Live != nil && job.Live.Name == r.Name {
		return
	}
	h, ok := m.taken(r.Addr.Kind, r.Name)
	if !ok {
		return
	}
	d := job.Diags.Addf(r.AttrPos("name"), "%s: the name %s is taken by %s", r.Addr, r.Name, h.What)
	d.Hintf("bay touches nothing that it did not make: rename or remove that one, or give %s another `name`", r.Addr)
	d.Calls = r.Calls
}

// guard refuses what the program's lifecycle forbids.
func (m *maker) guard(job *kind.Job, verb kind.Verb, changes []schema.Change) {
	r := job.Want.Res
	if (r.Guard.Strategy != ir.Auto || r.Guard.Settle != nil) && !m.kinds[r.Addr.Kind].Succeeds() {
		job.Diags.Addf(r.Guard.Pos, "%s.lifecycle: strategy and settle say how a new one takes over from the old one, and no %s does", r.Addr, r.Addr.Kind).
			Hintf("take them away")
	}
	m.keepable(m.kinds[r.Addr.Kind], job, verb)
	*job.Diags = append(*job.Diags, pointless(m.kinds[r.Addr.Kind], r)...)
	m.forgetful(job, verb)
	word := forbids(r.Guard, m.kinds[r.Addr.Kind])
	if word == "" || verb != kind.Replace && verb != kind.Restore {
		return
	}
	var names []string
	for _, c := range changes {
		if c.Effect == schema.Replace {
			names = append(names, c.Name())
		}
	}
	if len(names) == 0 && job.Asked == schema.Replace {
		job.Diags.Addf(r.Guard.Pos, "%s would be replaced, since --replace asks for it, and %s forbids it", r.Addr, word).
			Hintf("take %s away first", word)
		return
	}
	job.Diags.Addf(r.Guard.Pos, "%s would be replaced, since %s changed, and %s forbids it", r.Addr, list(names, len(names)), word).
		Hintf("put the change back, or take %s away first", word)
}

func work(k kind.Kind, job *kind.Job, verb kind.Verb, changes []schema.Change) kind.Work {
	switch verb {
	case kind.Create:
		return k.Create(job)
	case kind.Update, kind.Restart:
		return k.Update(job, changes)
	case kind.Replace:
		return k.Replace(job, changes)
	case kind.Finish:
		return k.Finish(job, changes)
	case kind.Restore:
		return k.Restore(job, changes)
	}
	panic("plan: no work for " + string(verb))
}

// why says in a few words what brings a step.
func why(r *ir.Resource, verb kind.Verb, job *kind.Job, changes []schema.Change, out kind.Outcome) string {
	failed := job.Discard != nil && job.Discard.Failed != ""
	switch {
	case verb == kind.Create:
		return out.Why
	case verb == kind.Finish:
		return "its replacement was cut short and goes on"
	case verb == kind.Restore && failed:
		return fmt.Sprintf("its replacement %s; it is taken back", job.Discard.Failed)
	case verb == kind.Restore:
		return "its replacement was cut short and is taken back"
	case failed:
		return fmt.Sprintf("its replacement %s; it is made anew", job.Discard.Failed)
	case job.Discard != nil:
		return "its replacement was cut short; it is made anew"
	}
	if job.Asked > Worst(changes) {
		return "--" + job.Asked.String()
	}
	if out.Why != "" {
		return out.Why
	}
	worst := Worst(changes)
	var names []string
	for _, c := range changes {
		switch {
		case c.Effect != worst:
		case isReason(c) && c.Note != "":
			names = append(names, fmt.Sprintf("%s (%s)", c.Note, c.Attr))
		default:
			names = append(names, c.Name())
		}
	}
	return list(names, 3)
}

// list joins up to n names and counts the rest.
func list(names []string, n int) string {
	names = slices.Compact(slices.Clone(names))
	if rest := len(names) - n; rest > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:n], ", "), rest)
	}
	return strings.Join(names, ", ")
}

// written is what a creation shows: what the program says, and of what only the
// engine knows what this plan leaves as it is.
func (m *maker) written(r *ir.Resource) []schema.Change {
	out := slices.Grow([]schema.Change(nil), len(r.Attrs))
	for _, a := range r.Attrs {
		out = append(out, schema.Change{Attr: a.Name, New: a.Value.Resolve(m.known), Pos: a.Pos})
	}
	return out
}

// foretold is what a creation shows beside: what it will have and the plan
// knows already.
func foretold(out kind.Outcome) []schema.Change {
	var cs []schema.Change
	for _, name := range slices.Sorted(maps.Keys(out.Attrs)) {
		cs = append(cs, schema.Change{Attr: name, New: out.Attrs[name]})
	}
	return cs
}

// gates makes the conditions that a resource asks of others part of its step, and
// those that its work asks of what the program asks nothing.
func (m *maker) gates(r *ir.Resource, s *Step) {
	asks := slices.DeleteFunc(s.Work.Asks, func(d ir.Dep) bool {
		return slices.ContainsFunc(r.Deps, func(said ir.Dep) bool { return said.To == d.To && said.Cond != ir.Exists })
	})
	for _, d := range slices.Concat(r.Deps, asks) {
		to := m.w.Wants[d.To]
		if d.Cond == ir.Exists || to == nil {
			continue
		}
		var said diag.List
		job := &kind.Job{
			Want: to, Live: m.live[d.To], Known: m.w.Found[d.To.Kind].Known[d.To], Env: m.env, Diags: &said,
		}
		if w := m.kinds[d.To.Kind].Gate(job, d); w != nil {
			w.Container = m.outcomes[d.To].Name
			s.Gates = append(s.Gates, Gate{On: d.To, Wait: *w})
		}
		m.note(said)
	}
}

func (m *maker) outputs() {
	for _, o := range m.prog.Outputs {
		out := Output{
			Name: o.Name, Value: o.Value.Resolve(m.known), Sensitive: o.Value.Sensitive, Pos: o.Pos,
			Sources: map[ir.Ref]engine.Source{},
		}
		out.Value.Refs(func(ref ir.Ref, _ diag.Pos) {
			if ref.Attr == "" || m.outcomes[ref.Addr] == nil {
				return
			}
			if src := m.source(ref); src != nil {
				out.Sources[ref] = *src
			}
		})
		m.plan.Outputs = append(m.plan.Outputs, out)
	}
}

package schema

import (
	"slices"

	"bayplan/lang/diag"
	"bayplan/lang/ir"
)

// move is a declaration `moved`. An address without a key stands for all of a
// declaration's keys, that of a module for all that is in it.
type move struct {
	ir.Move
	calls []diag.Call
}

// from returns the address that the object of a resource had before, if this
// is the move of it.
func (m move) from(a ir.Addr) (ir.Addr, bool) {
	if _, parts := m.parts(a); parts {
		return ir.Addr{}, false
	}
	switch {
	case m.New.IsModule():
		rest, in := a.Below(m.New)
		a.Module = m.Old.Module + rest
		return a, in
	case m.New == a:
		return m.Old, true
	case m.New == a.Base():
		old := m.Old
		old.Key, old.Keyed = a.Key, a.Keyed
		return old, true
	}
	return ir.Addr{}, false
}

// parts reports whether the move is from one of many to many, of which a is one, or
// is in one: it does not say which of them that becomes.
func (m move) parts(a ir.Addr) (one ir.Addr, yes bool) {
	if _, keyed := m.Old.Instance(); !keyed {
		return ir.Addr{}, false
	}
	ones := []ir.Addr{a}
	if m.New.IsModule() {
		ones = a.Modules()
	}
	i := slices.IndexFunc(ones, func(o ir.Addr) bool { return o != m.New && o.Base() == m.New })
	if i < 0 {
		return ir.Addr{}, false
	}
	return ones[i], true
}

// adoption is a declaration `adopt`.
type adoption struct {
	ir.Adopt
	calls []diag.Call
}

// target is a resource or module that a declaration is about.
type target struct {
	ir.Addr
	written bool // as text: it starts at the module where it stands
	many    bool // it stands in a list or map
}

// targets binds one or more resources. What is in a module has no name outside
// of it unless it is an output, so that its address is taken as text too.
func (s *Set) targets(p *[]target, name, doc string) *Field {
	return s.add(name, "resource", None, doc, codec{
		decode: func(d *decoder, v ir.Value) { d.targets(p, v, false) },
		encode: func() ir.Value { return ir.Value{} },
	})
}

func (d *decoder) targets(p *[]target, v ir.Value, many bool) {
	switch v.Kind {
	case ir.Handle:
		*p = append(*p, target{Addr: v.Ref.Addr, many: many})
	case ir.List:
		for _, e := range v.List {
			d.targets(p, e, true)
		}
	case ir.Map:
		for _, k := range v.Keys() {
			d.targets(p, v.Map[k], true)
		}
	case ir.String:
		a, err := ir.ParseTarget(v.Str)
		if err != nil || a.Module == "" || v.Sensitive {
			d.want(v, "a resource").Hintf("write the resource itself; text is for what is in a module: \"module.db.volume.data\"")
			return
		}
		*p = append(*p, target{a, true, many})
	case ir.Null: // of a disabled resource: nothing is there to get it
	default:
		d.want(v, "a resource")
	}
}

// at returns the address of a target that was written in this module.
func (b *Builder) at(t target) ir.Addr {
	if t.written {
		return t.In(b.module)
	}
	return t.Addr
}

// address binds the address of a resource or module, as text.
func (s *Set) address(p *ir.Addr, name, doc string) *Field {
	var text string
	return s.Parsed(&text, name, "address", `an address such as "volume.data"`, None, doc, func(text string) (string, error) {
		a, err := ir.ParseTarget(text)
		*p = a
		return text, err
	})
}

// unclear reports whether one of attrs has no value, which was reported.
func unclear(attrs []ir.Attr) bool {
	return slices.ContainsFunc(attrs, func(a ir.Attr) bool { return a.Value.IsBroken() })
}

type movedSpec struct {
	old ir.Addr
	new []target
}

func (s *movedSpec) Bind(f *Set) {
	f.address(&s.old, "old", "The address that the resource or module had, as text; in a module it starts at the module.").Required()
	f.targets(&s.new, "new", "The resource or module that it is now.").Required()
	f.Elsewhere("from", "`from` is `old` here, an address as text")
	f.Elsewhere("to", "`to` is `new` here")
}

// Moved takes a declaration `moved`.
func (b *Builder) Moved(attrs []ir.Attr, pos diag.Pos, calls []diag.Call) {
	var s movedSpec
	before := len(b.Diags)
	Decoding{Owner: "moved", Pos: pos, Diags: &b.Diags}.Decode(&s, attrs)
	if b.Diags[before:].HasErrors() || unclear(attrs) {
		return
	}
	if !s.old.IsModule() && b.Universe.Kind(s.old.Kind) == nil {
		b.Diags.Addf(pos, "moved: there is no kind %q", s.old.Kind).Calls = calls
		return
	}
	for _, t := range s.new {
		to := b.at(t)
		if to.IsModule() != s.old.IsModule() {
			b.Diags.Addf(pos, "moved: %s cannot become %s: a module becomes a module, and a resource a resource", s.old, to).Calls = calls
			continue
		}
		m := move{ir.Move{Old: s.old.In(b.module), New: to, Pos: pos}, b.led(calls)}
		if _, keyed := m.Old.Instance(); t.many && !keyed { // it stands for all of its keys
			m.Old = m.Old.WithInstance(to.Instance())
		}
		b.moves = append(b.moves, m)
		if !b.rename(to, "moved", pos, calls) {
			b.moves = b.moves[:len(b.moves)-1]
		}
	}
}

type adoptSpec struct {
	resource []target
	name     string
}

func (s *adoptSpec) Bind(f *Set) {
	f.targets(&s.resource, "resource", "The resource that the object becomes.").Required()
	f.String(&s.name, "name", None, "The object's name on the engine.").Required()
	f.Elsewhere("id", "an object is adopted by its name, which outlives it: name = \"NAME\"")
	f.Elsewhere("to", "`to` is `resource` here")
}

// Adopt takes a declaration `adopt`.
func (b *Builder) Adopt(attrs []ir.Attr, pos diag.Pos, calls []diag.Call) {
	var s adoptSpec
	before := len(b.Diags)
	Decoding{Owner: "adopt", Pos: pos, Diags: &b.Diags}.Decode(&s, attrs)
	switch {
	case b.Diags[before:].HasErrors() || unclear(attrs) || len(s.resource) == 0:
		return
	case len(s.resource) > 1:
		b.Diags.Addf(pos, "adopt: %d resources are named, and one object becomes one of them", len(s.resource)).
			Hintf("write one adopt for each, such as resource = %s", s.resource[0])
		return
	case s.resource[0].IsModule():
		b.Diags.Addf(pos, "adopt: %s is a module, and an object becomes a resource", s.resource[0]).
			Hintf("write the address of the resource in it: resource = \"%s.volume.data\"", s.resource[0])
		return
	case !isName(s.name):
		b.Diags.Addf(pos, "adopt: %q is no name on the engine", s.name).Hintf("docker ps, docker volume ls and docker network ls show the names")
		return
	}
	a := b.at(s.resource[0])
	b.adopts = append(b.adopts, adoption{ir.Adopt{Addr: a, Name: s.name, Pos: pos}, b.led(calls)})
	if !b.rename(a, "adopt", pos, calls) {
		b.adopts = b.adopts[:len(b.adopts)-1]
	}
}

type forgetSpec struct{ addr ir.Addr }

func (s *forgetSpec) Bind(f *Set) {
	f.address(&s.addr, "address", "The address of what leaves the stack, as text; in a module it starts at the module.").Required()
	f.Elsewhere("from", "`from` is `address` here, as text")
}

// Forget takes a declaration `forget`.
func (b *Builder) Forget(attrs []ir.Attr, pos diag.Pos, calls []diag.Call) {
	var s forgetSpec
	before := len(b.Diags)
	Decoding{Owner: "forget", Pos: pos, Diags: &b.Diags}.Decode(&s, attrs)
	if b.Diags[before:].HasErrors() || unclear(attrs) {
		return
	}
	b.forgets = append(b.forgets, ir.Forget{Addr: s.addr.In(b.module), Pos: pos})
}

// given returns the engine's name of a resource that does not say it itself:
// of an adopted object the one that it has, of a moved one that cannot be
// renamed the one that it had.
func (b *Builder) given(x *declared) string {
	a := x.res.Addr
	for _, d := range b.adopts {
		if d.Addr == a {
			return d.Name
		}
	}
	for _, m := range b.moves {
		if old, ok := m.from(a); ok && tableOf(x.spec).static.Field("name").Effect != Live {
			return old.EngineName(b.StackName())
		}
	}
	return a.EngineName(b.StackName())
}

// rename gives resources that were declared already the names that follow from
// a move or an adoption, and reports false if it cannot any more.
func (b *Builder) rename(to ir.Addr, decl string, pos diag.Pos, calls []diag.Call) bool {
	for _, x := range b.order {
		a := x.res.Addr
		if !to.Covers(a) || !x.named || x.res.Name != a.EngineName(b.StackName()) {
			continue
		}
		name := b.given(x)
		if name == x.res.Name {
			continue
		}
		if x.used {
			m := b.Diags.Addf(pos, "%s: the name of %s follows from this, and was used before", decl, a).
				Hintf("write %s right after the declaration of %s", decl, a)
			m.Calls = calls
			if a.Module != b.module {
				m.Hintf("write %s above the module, with the address as text: %q", decl, a)
			}
			return false
		}
		x.rename(name)
		x.shown = nil // it shows another name
	}
	return true
}

// finishMoves checks moves, adoptions and what is forgotten against what was
// declared, and gives them to the program.
func (b *Builder) finishMoves(p *ir.Program) {
	for _, m := range b.moves {
		for _, x := range b.order {
			if one, parts := m.parts(x.res.Addr); parts {
				d := b.Diags.Addf(m.Pos, "moved: %s is one, and %s are many", m.Old, m.New).
					Hintf("say which of them it becomes: new = %s", one)
				d.Calls = m.calls
				break
			}
			if old, ok := m.from(x.res.Addr); ok && b.movable(m, old, x.res.Addr, p) {
				p.Moves = append(p.Moves, ir.Move{Old: old, New: x.res.Addr, Pos: m.Pos})
			}
		}
	}
	slices.SortStableFunc(p.Moves, func(a, b ir.Move) int { return a.New.Compare(b.New) })
	for _, d := range b.adopts {
		if b.adoptable(d, p) {
			p.Adopts = append(p.Adopts, d.Adopt)
		}
	}
	slices.SortStableFunc(p.Adopts, func(a, b ir.Adopt) int { return a.Addr.Compare(b.Addr) })
	for _, f := range b.forgets {
		if i := slices.IndexFunc(b.order, func(x *declared) bool { return f.Addr.Covers(x.res.Addr) }); i >= 0 {
			b.Diags.Addf(f.Pos, "forget: %s is still declared", f.Addr).
				Hintf("take its declaration at %s away, or this one", b.order[i].res.Pos)
			continue
		}
		p.Forgets = append(p.Forgets, f)
	}
	slices.SortStableFunc(p.Forgets, func(a, b ir.Forget) int { return a.Addr.Compare(b.Addr) })
}

func (b *Builder) movable(m move, old, to ir.Addr, p *ir.Program) bool {
	report := func(format string, args ...any) *diag.Diag {
		d := b.Diags.Addf(m.Pos, "moved: "+format, args...)
		d.Calls = m.calls
		return d
	}
	if old.Kind != to.Kind {
		report("%s cannot become %s: they are of different kinds", old, to)
		return false
	}
	if old == to {
		report("%s is where it was", to).Hintf("take this declaration away")
		return false
	}
	if x := b.resources[old]; x != nil {
		report("%s is still declared", old).Hintf("it is declared at %s: what has moved is at one address alone", x.res.Pos)
		return false
	}
	for _, other := range p.Moves {
		if other.Old == old || other.New == to {
			report("%s has moved to %s already", other.Old, other.New).
				Hintf("that was said at %s: one object has one address", other.Pos)
			return false
		}
	}
	return true
}

func (b *Builder) adoptable(d adoption, p *ir.Program) bool {
	report := func(format string, args ...any) *diag.Diag {
		m := b.Diags.Addf(d.Pos, "adopt: "+format, args...)
		m.Calls = d.calls
		return m
	}
	x := b.resources[d.Addr]
	many := slices.IndexFunc(b.order, func(x *declared) bool { return x.res.Addr.Base() == d.Addr })
	switch {
	case x == nil && many >= 0:
		report("%s are many, and one object becomes one of them", d.Addr).Hintf("say which: resource = %s", b.order[many].res.Addr)
	case x == nil: // it is disabled
	case !x.named:
		report("a %s has no name of its own and cannot be adopted", d.Addr.Kind).
			Hintf("write a reference to it in the declaration")
	case x.res.Name != d.Name:
		report("the object is called %q, and %s says name = %q", d.Name, d.Addr, x.res.Name).
			Hintf("leave `name` out while adopt stands")
	case slices.ContainsFunc(p.Adopts, func(o ir.Adopt) bool { return o.Addr == d.Addr }):
		report("%s adopts another object already", d.Addr)
	default:
		return true
	}
	return false
}

package schema

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"bayplan/lang/diag"
	"bayplan/lang/ir"
)

// Postcondition is a rule about a resource as it came to be, as a reader found
// it. It is asked when all is declared, and knows the resource as its handle.
//
// A condition that comes upon what only the engine knows of the resource cannot
// be decided yet: that becomes a Check of the program. Whoever can ask the engine
// does so when it can tell, and has the program evaluated again with the answer
// (KnowBy), which is as pure as the first time. So a program stays data, plans are
// compared as ever, and nobody but the readers needs to know a language.
type Postcondition struct {
	Pos       diag.Pos // of the condition
	Condition func() (ir.Value, diag.List)
	Message   func() (ir.Value, diag.List) // of a condition that does not hold
}

// self is a resource whose postconditions are being asked.
type self struct {
	ir.Addr
	shown map[string]ir.Value
}

// KnowBy gives what an engine has told about one resource, whose postconditions
// are decided by that.
func (b *Builder) KnowBy(told ir.Told) { b.told = &told }

// postconditions asks those of x. One that does not hold is reported.
func (b *Builder) postconditions(x *declared) {
	if x.hurt || len(x.post) == 0 {
		return
	}
	b.self = &self{Addr: x.res.Addr, shown: x.showNow()}
	defer func() { b.self = nil }()
	reads := b.reads(x)
	asked := b.told != nil && b.told.Addr == x.res.Addr
	if asked {
		for name, v := range b.self.shown {
			b.self.shown[name] = v.Resolve(b.tells)
		}
	}
	for _, p := range x.post {
		v, ds := p.Condition()
		if m := Undecided(v, "a condition"); m != nil && !ds.HasErrors() {
			m.Pos = p.Pos
			ds = append(ds, *m)
		}
		needs, pending := b.pending(ds, reads)
		switch {
		case pending && !asked:
			x.res.Guard.Checks = append(x.res.Guard.Checks, ir.Check{Pos: p.Pos, Needs: needs, Reads: reads})
		case pending:
			b.say(x, diag.List{{Pos: p.Pos, Msg: fmt.Sprintf("%s: the postcondition cannot be decided: the engine does not tell %s", x.res.Addr, strings.Join(needs, ", "))}})
		case ds.HasErrors():
			b.say(x, aboutSelf(ds))
		default:
			b.say(x, ds)
			b.judge(x, p, v)
		}
	}
}

// reads returns what only the engine knows about x, as paths below its handle.
func (b *Builder) reads(x *declared) []string {
	set := map[string]bool{}
	for _, v := range b.self.shown {
		v.Refs(func(r ir.Ref, _ diag.Pos) {
			if r.Addr == x.res.Addr && r.Attr != "" {
				set[r.Attr] = true
			}
		})
	}
	return slices.Sorted(maps.Keys(set))
}

// tells answers what an engine has told.
func (b *Builder) tells(r ir.Ref) (ir.Value, bool) {
	v, ok := b.told.Values[r.Attr]
	return v, ok && r.Addr == b.told.Addr
}

// pending reports whether messages were said for want of what only the engine
// knows about the resource that is asked about, and of what.
func (b *Builder) pending(ds diag.List, reads []string) (needs []string, pending bool) {
	for _, d := range ds {
		if d.Warning {
			continue
		}
		if len(d.Needs) == 0 {
			return nil, false
		}
		for _, n := range d.Needs {
			path, own := strings.CutPrefix(n, b.self.Addr.String()+".")
			if !own || !slices.Contains(reads, path) {
				return nil, false
			}
			if !slices.Contains(needs, path) {
				needs = append(needs, path)
			}
		}
	}
	return needs, len(needs) > 0
}

// aboutSelf returns messages with what a postcondition can do about values that
// only the engine knows.
func aboutSelf(ds diag.List) diag.List {
	out := slices.Clone(ds)
	for i, d := range out {
		if len(d.Needs) > 0 {
			out[i].Hintf("a postcondition knows what the engine has made of its own resource, as self.…; of another one it knows what the program says")
		}
	}
	return out
}

// judge reports that a condition does not hold, as its author says it.
func (b *Builder) judge(x *declared, p Postcondition, v ir.Value) {
	var ds diag.List
	d := &decoder{Decoding: &Decoding{Owner: x.res.Addr.String(), Diags: &ds}, pos: p.Pos}
	if v.IsBroken() {
		return
	}
	holds, ok := d.bool(v)
	if ok && !holds {
		s := ruleSpec{broken: true, pos: p.Pos}
		s.message, ds = p.Message()
		if !ds.HasErrors() {
			s.judge(d, d.Owner)
		}
	}
	b.say(x, ds)
}

// say adds messages about x, with what led to it.
func (b *Builder) say(x *declared, ds diag.List) {
	for _, d := range ds {
		if len(d.Calls) == 0 {
			d.Calls = x.res.Calls
		}
		b.Diags = append(b.Diags, d)
	}
}

package schema

import (
	"strings"

	"bayplan/lang/diag"
	"bayplan/lang/ir"
)

// ruleSpec is a condition that has to hold, and what is said where it does not:
// the declaration `assert`, and an element of a resource's preconditions.
type ruleSpec struct {
	broken  bool // the condition is known, and is false
	pos     diag.Pos
	message ir.Value
}

func (s *ruleSpec) Bind(f *Set) {
	f.add("condition", "bool", None, "Has to be true. It is decided before an engine is asked, and cannot depend on a sensitive value.", codec{
		decode: func(d *decoder, v ir.Value) {
			if m := Undecided(v, "a condition"); m != nil {
				m.Pos = d.pos
				*d.Diags = append(*d.Diags, *m)
				return
			}
			holds, ok := d.bool(v)
			s.broken, s.pos = ok && !holds, d.pos
		},
		encode: func() ir.Value { return ir.Value{} },
	}).Required()
	f.add("error_message", "text", None, "What is said where it is not. Nothing sensitive can be in it.", codec{
		decode: func(_ *decoder, v ir.Value) { s.message = v },
		encode: func() ir.Value { return ir.Value{} },
	}).Required()
	f.Elsewhere("message", "`message` is `error_message` here")
}

// judge reports that the rule does not hold, as its author says it.
func (s *ruleSpec) judge(d *decoder, owner string) {
	if !s.broken || s.message.IsNull() {
		return // what is missing was reported
	}
	if s.message.HasSensitive() {
		d.Diags.Addf(s.pos, "%s: the condition does not hold, and its message would show a sensitive value", owner).
			Hintf("write the message without the value")
		return
	}
	in := d.in("error_message")
	if text, ok := in.loose(s.message); ok {
		d.Diags.Addf(s.pos, "%s: %s", owner, text.Template())
	}
}

// rules binds a list of rules about the resource whose lifecycle it is in. One
// that does not hold is reported.
func (s *Set) rules(name, doc string) *Field {
	f := s.add(name, "list of object", None, doc, codec{
		decode: func(d *decoder, v ir.Value) {
			if v.Kind == ir.Map {
				v = ir.ListVal(v).At(v.Pos)
			}
			if v.Kind != ir.List {
				d.want(v, "a list of rules").Hintf("a rule has condition and error_message")
				return
			}
			for i, e := range v.List {
				at := d.at(i)
				if got, ok := decodeObject[ruleSpec](at, e, Short[ruleSpec]{}); ok {
					got[0].judge(at, strings.TrimSuffix(d.Owner, inLifecycle))
				}
			}
		},
		encode: func() ir.Value { return ir.Value{} },
	})
	f.Fields = FieldsOf(new(ruleSpec))
	return f
}

// Assert takes a declaration `assert`, a rule on the program. One place may
// declare it many times, as a loop does.
func (b *Builder) Assert(label string, attrs []ir.Attr, pos diag.Pos, calls []diag.Call) {
	before := len(b.Diags)
	a := b.Addr("assert", label)
	old, twice := b.asserts[a]
	switch {
	case !ir.IsIdent(label):
		b.Diags.Addf(pos, "%q is no label: want letters, digits, _ and -, not a digit or - first", label)
	case twice && old != pos:
		b.Diags.Addf(pos, "%s is declared twice", a).Hintf("it was declared at %s", old)
	default:
		b.asserts[a] = pos
		d := &decoder{Decoding: &Decoding{Owner: a.String(), Pos: pos, Diags: &b.Diags}, pos: pos}
		var s ruleSpec
		d.into(&s, attrs, pos)
		s.judge(d, a.String())
	}
	for i := range b.Diags[before:] {
		b.Diags[before+i].Calls = calls
	}
}

// Undecided returns what is wrong with deciding something on v, which may not
// be sensitive and has to be known before an engine is asked; nil if nothing is.
// what is that something: "a condition", "a key".
func Undecided(v ir.Value, what string) *diag.Diag {
	if v.HasSensitive() {
		m := &diag.Diag{Msg: what + " cannot depend on a sensitive value"}
		return m.Hintf("it would show something of the value; pass it on, put it into text, or decide on another variable")
	}
	if !v.HasEngine() {
		return nil
	}
	name := v.Kind.String()
	var needs []string
	v.Refs(func(r ir.Ref, _ diag.Pos) {
		if r.Attr != "" {
			name = r.String()
			needs = append(needs, name)
		}
	})
	m := &diag.Diag{Msg: name + " is known only to a running engine, so " + what + " cannot depend on it", Needs: needs}
	return m.Hintf("it can be passed on and put into text; decide on a variable, or on what the program itself says")
}

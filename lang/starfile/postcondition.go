package starfile

import (
	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"

	"go.starlark.net/starlark"
)

const postcondition = "postcondition"

// takeFunctions takes the rules out of the argument postcondition whose
// conditions are functions: they are asked when the resource is known. What is
// left are values as others are.
func (in *invocation) takeFunctions() []*rule {
	for i, kv := range in.kwargs {
		if string(kv[0].(starlark.String)) == postcondition {
			rest, rules := askers(kv[1])
			in.kwargs[i] = starlark.Tuple{kv[0], rest}
			return rules
		}
	}
	return nil
}

// askers tells rules whose conditions are functions from the others.
func askers(v starlark.Value) (rest starlark.Value, rules []*rule) {
	if x, ok := v.(*rule); ok {
		return starlark.None, []*rule{x}
	}
	list, ok := v.(*starlark.List)
	if !ok {
		return v, nil
	}
	var others []starlark.Value
	for e := range list.Elements() {
		if x, ok := e.(*rule); ok {
			rules = append(rules, x)
		} else {
			others = append(others, e)
		}
	}
	if rules == nil {
		return v, nil
	}
	return starlark.NewList(others), rules
}

// takePosts returns the rules of a resource's lifecycle, whether lifecycle(…)
// made that or it is a map.
func (in *invocation) takePosts() []*rule {
	for i, kv := range in.kwargs {
		if string(kv[0].(starlark.String)) != "lifecycle" {
			continue
		}
		switch v := kv[1].(type) {
		case *word:
			return v.post
		case *starlark.Dict:
			of, found, err := v.Get(starlark.String(postcondition))
			if !found || err != nil {
				return nil
			}
			rest, rules := askers(of)
			in.kwargs[i] = starlark.Tuple{kv[0], with(v, postcondition, rest)}
			return rules
		}
	}
	return nil
}

// with returns a copy of a map in which key has another value.
func with(m *starlark.Dict, key string, v starlark.Value) *starlark.Dict {
	out := starlark.NewDict(m.Len())
	for _, kv := range m.Items() {
		if kv[0] == starlark.String(key) {
			kv[1] = v
		}
		if err := out.SetKey(kv[0], kv[1]); err != nil {
			panic(err) // it is a key already
		}
	}
	return out
}

// posts returns rules as postconditions of the resource at a.
func (in *invocation) posts(a ir.Addr, rules []*rule) []schema.Postcondition {
	if len(rules) == 0 {
		return nil
	}
	var out []schema.Postcondition
	self := &handle{a, in.r}
	for _, x := range rules {
		out = append(out, schema.Postcondition{
			Pos:       x.pos,
			Condition: func() (ir.Value, diag.List) { return in.asked(x.holds, self) },
			Message: func() (ir.Value, diag.List) {
				if f, ok := x.message.(*starlark.Function); ok {
					return in.asked(f, self)
				}
				return in.filled(x, self)
			},
		})
	}
	return out
}

// asked returns what a function of a rule answers about self, and what is said
// meanwhile.
func (in *invocation) asked(f starlark.Callable, self *handle) (ir.Value, diag.List) {
	before := len(in.r.b.Diags)
	v, wrong := in.answer(f, self)
	said := append(diag.List(nil), in.r.b.Diags[before:]...)
	in.r.b.Diags = in.r.b.Diags[:before]
	if wrong != nil {
		said = append(said, *wrong)
	}
	return v, said
}

// answer returns what a function answers about a value; it is broken where the
// function came upon what has none, for a reason that was reported.
func (in *invocation) answer(f starlark.Callable, about starlark.Value) (ir.Value, *diag.Diag) {
	got, d := in.call(f, in.r.print, about)
	if d != nil || got == nil {
		return ir.BrokenVal(), d
	}
	if x, ok := got.(*deferred); ok && x.standIn() {
		return ir.BrokenVal(), nil
	}
	return in.r.toIR(got, nil)
}

// filled returns the message of a rule with its fields filled in: {self.NAME} is
// an attribute.
func (in *invocation) filled(x *rule, self *handle) (ir.Value, diag.List) {
	format, ok := starlark.AsString(x.message)
	if !ok {
		v, _ := in.r.toIR(x.message, nil) // it is text that is not shown, or not known
		return v, nil
	}
	var fields []starlark.Tuple
	for _, name := range self.AttrNames() {
		if v, err := self.Attr(name); err == nil && v != nil {
			fields = append(fields, starlark.Tuple{starlark.String("self." + name), v})
		}
	}
	got, err := in.r.format(format, nil, fields)
	if err != nil {
		d := asDiag(err)
		d.Pos = x.pos
		return ir.BrokenVal(), diag.List{d}
	}
	v, _ := in.r.toIR(got, nil)
	return v, nil
}

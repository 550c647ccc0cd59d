package starfile

import (
	"fmt"
	"math"
	"unicode/utf8"

	"bayplan/lang/diag"
	"bayplan/lang/ir"

	"go.starlark.net/starlark"
)

// fromIR returns a value as a program sees it. What comes from outside of the
// program is frozen.
func (r *reader) fromIR(v ir.Value) starlark.Value {
	switch {
	case v.Sensitive || v.Kind == ir.Engine || v.Kind == ir.Text:
		return &deferred{v, r}
	case v.Kind == ir.Null && v.Off != "":
		return &off{v.Off}
	}
	switch v.Kind {
	case ir.Null:
		return starlark.None
	case ir.Bool:
		return starlark.Bool(v.Bool)
	case ir.Int:
		return starlark.MakeInt64(v.Int)
	case ir.Float:
		return starlark.Float(v.Float)
	case ir.String:
		return starlark.String(v.Str)
	case ir.List:
		elems := make([]starlark.Value, len(v.List))
		for i, e := range v.List {
			elems[i] = r.fromIR(e)
		}
		list := starlark.NewList(elems)
		list.Freeze()
		return list
	case ir.Map:
		return &record{v, r}
	case ir.Handle:
		return &handle{v.Ref.Addr, r}
	}
	panic("starfile: value of unknown kind")
}

// toIR returns v as an intermediate value. sh says where its parts were
// written; it may be nil. A value that has no place in a program is reported
// by the diagnostic, which has no position if none is known.
func (r *reader) toIR(v starlark.Value, sh *shape) (ir.Value, *diag.Diag) {
	c := converter{r: r, budget: maxNodes}
	return c.value(v, sh, 0)
}

// hidden returns the result of an operation on what is sensitive: it is never shown,
// nor is why there is none. Of what is opaque it is opaque too, and there is one.
func (r *reader) hidden(what string, opaque bool, v starlark.Value, err error) (starlark.Value, error) {
	x, failed := ir.StringVal(""), err != nil
	if !failed {
		got, d := r.toIR(v, nil)
		if failed = d != nil; failed {
			what = "the operation"
		} else {
			x = got
		}
	}
	if failed && !opaque {
		return nil, withheld(what)
	}
	x = x.AsSensitive()
	x.Opaque = x.Opaque || opaque
	return &deferred{x, r}, nil
}

// unknown returns a stand-in for a value that could not be had, for a reason
// that was reported.
func (r *reader) unknown() *deferred {
	r.unresolved = true
	v := ir.MapVal(map[string]ir.Value{}).AsSensitive()
	v.Opaque = true
	return &deferred{v, r}
}

// converter turns values into intermediate ones. A value that stands in
// another one twice counts twice, so that none can grow without bound.
type converter struct {
	r      *reader
	budget int
}

func (c *converter) value(v starlark.Value, sh *shape, depth int) (ir.Value, *diag.Diag) {
	at := sh.at()
	if c.budget--; c.budget < 0 {
		return ir.Value{}, &diag.Diag{Pos: at, Msg: fmt.Sprintf("the value is too large: it holds more than %d values", maxNodes)}
	}
	if depth > maxDepth {
		return ir.Value{}, &diag.Diag{Pos: at, Msg: fmt.Sprintf("the value is nested more than %d deep", maxDepth)}
	}
	out, d := c.scalar(v, at)
	if d != nil {
		return ir.Value{}, d
	}
	switch v := v.(type) {
	case starlark.String, starlark.Bytes:
		return out, nil
	case *record, *word:
		return out, nil
	case starlark.IterableMapping:
		return c.mapping(v, sh, depth)
	case starlark.Iterable:
		return c.list(v, sh, depth)
	}
	return out, nil
}

func (c *converter) scalar(v starlark.Value, at diag.Pos) (ir.Value, *diag.Diag) {
	wrong := func(format string, args ...any) (ir.Value, *diag.Diag) {
		return ir.Value{}, &diag.Diag{Pos: at, Msg: fmt.Sprintf(format, args...)}
	}
	switch v := v.(type) {
	case starlark.NoneType:
		return ir.Value{Pos: at}, nil
	case *off:
		return ir.Value{Off: v.addr, Pos: at}, nil
	case starlark.Bool:
		return ir.BoolVal(bool(v)).At(at), nil
	case starlark.Int:
		if n, ok := v.Int64(); ok {
			return ir.IntVal(n).At(at), nil
		}
		f := float64(v.Float()) // as HCL rounds what has more than 64 bits
		if math.IsInf(f, 0) {
			return wrong("the number is too large")
		}
		return ir.FloatVal(f).At(at), nil
	case starlark.Float:
		if f := float64(v); math.IsInf(f, 0) || math.IsNaN(f) {
			return wrong("the number is not finite")
		}
		return ir.FloatVal(float64(v)).At(at), nil
	case starlark.String:
		if !utf8.ValidString(string(v)) {
			return wrong("the text is not valid UTF-8")
		}
		return ir.StringVal(string(v)).At(at), nil
	case *deferred:
		return v.v.At(at), nil
	case *handle:
		return ir.HandleVal(v.addr).At(at), nil
	case *record:
		return adrift(v.v).At(at), nil
	case *word:
		if at.Known() {
			return v.v.At(at), nil
		}
		return v.v, nil
	case *rule:
		out, d := wrong("the condition of this rule is a function, which asks about a variable's value, or about a resource after it was made")
		d.Hintf("a rule that is decided here takes True or False: rule(n > 0, \"want more than 0\")")
		return out, d
	case starlark.Callable:
		return wrong("got the function %s, want a value", v.Name())
	case starlark.IterableMapping, starlark.Iterable:
		return ir.Value{}, nil
	}
	return wrong("a value of type %s has no place in a declaration", v.Type())
}

// adrift returns v without the positions of what is within it, which say where
// it comes from and not where it is used.
func adrift(v ir.Value) ir.Value {
	v.Pos = diag.Pos{}
	if v.List != nil {
		list := make([]ir.Value, len(v.List))
		for i, e := range v.List {
			list[i] = adrift(e)
		}
		v.List = list
	}
	if v.Map != nil {
		m := make(map[string]ir.Value, len(v.Map))
		for k, e := range v.Map {
			m[k] = adrift(e)
		}
		v.Map = m
	}
	return v
}

// room returns how many elements of v will be taken, as far as that is known.
func (c *converter) room(v starlark.Value) int { return min(max(starlark.Len(v), 0), c.budget) }

func (c *converter) list(v starlark.Iterable, sh *shape, depth int) (ir.Value, *diag.Diag) {
	out := ir.ListVal().At(sh.at())
	out.List = make([]ir.Value, 0, c.room(v))
	it := v.Iterate()
	defer it.Done()
	var e starlark.Value
	for i := 0; it.Next(&e); i++ {
		x, d := c.value(e, sh.elem(i), depth+1)
		if d != nil {
			return ir.Value{}, d
		}
		out.List = append(out.List, x)
	}
	return out, nil
}

func (c *converter) mapping(v starlark.IterableMapping, sh *shape, depth int) (ir.Value, *diag.Diag) {
	out := ir.MapVal(make(map[string]ir.Value, c.room(v))).At(sh.at())
	for _, kv := range v.Items() {
		key, ok := kv[0].(starlark.String)
		if !ok {
			d := &diag.Diag{Pos: sh.at(), Msg: fmt.Sprintf("the keys of a map are text, got %s", kv[0])}
			return ir.Value{}, d.Hintf("write it as text: %q", kv[0].String())
		}
		x, d := c.value(kv[1], sh.key(string(key)), depth+1)
		if d != nil {
			return ir.Value{}, d
		}
		out.Map[string(key)] = x
	}
	return out, nil
}

package starfile

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"bayplan/lang/diag"
	"bayplan/lang/ir"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// deferred is a value of which Starlark may not see the inside: what only the
// engine knows, text with such values in it, and whatever is sensitive. The
// operators of a rewritten program know what to do with it; wherever it comes
// to an operation that Starlark decides by itself, that is an error.
type deferred struct {
	v  ir.Value
	in *reader
}

var (
	_ starlark.HasAttrs   = (*deferred)(nil)
	_ starlark.Mapping    = (*deferred)(nil)
	_ starlark.HasBinary  = (*deferred)(nil)
	_ starlark.HasUnary   = (*deferred)(nil)
	_ starlark.Comparable = (*deferred)(nil)
	_ starlark.Callable   = (*deferred)(nil)
)

func (d *deferred) String() string       { return d.v.Show() }
func (d *deferred) Freeze()              {}
func (d *deferred) Truth() starlark.Bool { return starlark.True }

func (d *deferred) Type() string {
	if d.v.Sensitive {
		return "sensitive value"
	}
	return "value that only a running engine knows"
}

// plain returns what a sensitive value hides. The result of whatever is done
// with it has to be made sensitive again.
func (d *deferred) plain() starlark.Value { return d.in.fromIR(bare(d.v)) }

func (d *deferred) Name() string { return d.Type() }

// CallInternal lets a method of a value that could not be had be called.
func (d *deferred) CallInternal(*starlark.Thread, starlark.Tuple, []starlark.Tuple) (starlark.Value, error) {
	if d.standIn() {
		return d, nil
	}
	return nil, failf("a %s cannot be called", d.Type())
}

// standIn reports whether d stands for a value that could not be had, for a
// reason that was reported. Messages about it would only repeat that.
func (d *deferred) standIn() bool { return d.v.Opaque && d.in.unresolved }

// bare returns v without the mark of sensitive values, at every depth.
func bare(v ir.Value) ir.Value {
	v.Sensitive = false
	v.List = slices.Clone(v.List)
	for i, e := range v.List {
		v.List[i] = bare(e)
	}
	v.Map = maps.Clone(v.Map)
	for k, e := range v.Map {
		v.Map[k] = bare(e)
	}
	return v
}

func (d *deferred) Hash() (uint32, error) { return 0, d.in.decision(d.v, "a key") }

// Get serves x[y]: an element of a sensitive value is sensitive.
func (d *deferred) Get(k starlark.Value) (starlark.Value, bool, error) {
	switch {
	case d.standIn():
		return d, true, nil
	case !d.v.Sensitive:
		return nil, false, undecided(d.v, "an element")
	case d.v.Opaque:
		return d.part(k), true, nil
	}
	v, err := index(d.plain(), k)
	v, err = d.in.hidden("[ ]", false, v, err)
	return v, err == nil, err
}

// part returns an element of what was not asked for: that which its type has, or
// what may be any.
func (d *deferred) part(k starlark.Value) *deferred {
	e := ir.StringVal("")
	if key, ok := starlark.AsString(k); ok {
		if x, there := d.v.Map[key]; there {
			e = x
		}
	}
	if i, err := starlark.AsInt32(k); err == nil && 0 <= i && i < len(d.v.List) {
		e = d.v.List[i]
	}
	e = e.AsSensitive()
	e.Opaque = true
	return &deferred{e, d.in}
}

func (d *deferred) Attr(name string) (starlark.Value, error) {
	if d.standIn() && d.v.Kind != ir.String {
		return d, nil
	}
	if d.v.Kind == ir.Map {
		if e, ok := d.v.Map[name]; ok {
			e = e.AsSensitive()
			e.Opaque = e.Opaque || d.v.Opaque
			return &deferred{e, d.in}, nil
		}
	}
	if isText(d) {
		if m, err := textMethod(d, name); m != nil || err != nil {
			return m, err
		}
	}
	if d.v.Opaque {
		return d.part(starlark.String(name)), nil
	}
	return nil, nil
}

func (d *deferred) AttrNames() []string { return nil }

func (d *deferred) Binary(op syntax.Token, y starlark.Value, side starlark.Side) (starlark.Value, error) {
	if side == starlark.Left {
		return arithmetic(op, d, y)
	}
	return arithmetic(op, y, d)
}

func (d *deferred) Unary(op syntax.Token) (starlark.Value, error) {
	if d.standIn() {
		return d, nil
	}
	if !d.v.Sensitive {
		return nil, undecided(d.v, "arithmetic")
	}
	v, err := starlark.Unary(op, d.plain())
	return d.in.hidden(op.String(), d.v.Opaque, v, err)
}

func (d *deferred) CompareSameType(syntax.Token, starlark.Value, int) (bool, error) {
	return false, undecided(d.v, "a comparison")
}

// handle is a resource, or a module, whose attributes are its outputs.
type handle struct {
	addr ir.Addr
	in   *reader
}

var (
	_ starlark.HasAttrs   = (*handle)(nil)
	_ starlark.Mapping    = (*handle)(nil)
	_ starlark.Callable   = (*handle)(nil)
	_ starlark.Comparable = (*handle)(nil)
)

func (h *handle) String() string       { return h.addr.String() }
func (h *handle) Type() string         { return cmp.Or(h.addr.Kind, "module") }
func (h *handle) Freeze()              {}
func (h *handle) Truth() starlark.Bool { return starlark.True }
func (h *handle) Name() string         { return h.addr.String() }

func (h *handle) Hash() (uint32, error) { return starlark.String(h.addr.String()).Hash() }

// CompareSameType lets a handle be found among the keys of a map.
func (h *handle) CompareSameType(op syntax.Token, y starlark.Value, _ int) (bool, error) {
	same := h.addr == y.(*handle).addr
	switch op {
	case syntax.EQL:
		return same, nil
	case syntax.NEQ:
		return !same, nil
	}
	return false, failf("resources have no order")
}

func (h *handle) Attr(name string) (starlark.Value, error) {
	if name == "name" {
		h.in.b.Use(h.addr)
	}
	shown, hurt := h.in.b.Shown(h.addr)
	v, ok := shown[name]
	switch {
	case v.IsNull() && hurt && (ok || h.addr.IsModule()):
		return h.in.unknown(), nil // what it would be was not understood
	case !ok:
		return nil, nil
	}
	v.Opaque = v.Opaque || hurt && v.Kind == ir.Map // more may have been meant to be in it
	return h.in.fromIR(v), nil
}

// Get serves h["name"], which is h.name, as in HCL.
func (h *handle) Get(k starlark.Value) (starlark.Value, bool, error) {
	name, ok := starlark.AsString(k)
	if !ok {
		return nil, false, failf("%s is one %s, whose attributes have names: got %s", h.addr, h.Type(), typeName(k))
	}
	v, err := h.in.attr(h, name)
	return v, err == nil, err
}

func (h *handle) AttrNames() []string {
	shown, _ := h.in.b.Shown(h.addr)
	return sortedKeys(shown)
}

// CallInternal says what went wrong when a kind's name was taken for a
// variable: network = network("back"), then network("front").
func (h *handle) CallInternal(t *starlark.Thread, _ starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	f := failf("%s is %s and cannot be called", h.addr, h.addr.Noun())
	if name, pos, ok := h.in.takenAt(t, h.Type()); ok {
		other := cmp.Or(h.addr.Label, "db")
		f.Hintf("the name %s was taken at %s; give that variable another name, such as %s", name, pos, other)
	}
	return nil, f
}

// off is the null handle of a disabled resource.
type off struct{ addr string }

func (o *off) String() string        { return "None" }
func (o *off) Type() string          { return "NoneType" }
func (o *off) Freeze()               {}
func (o *off) Truth() starlark.Bool  { return starlark.False }
func (o *off) Hash() (uint32, error) { return starlark.None.Hash() }

func (o *off) AttrNames() []string { return nil }

func (o *off) Attr(string) (starlark.Value, error) { return nil, o.missing() }

// missing says that there is no such resource.
func (o *off) missing() error {
	return failf("%s does not exist, since its `enabled` is off", o.addr).
		Hintf("leave it out in that case, or enable %s", o.addr)
}

// record is a map that a program did not write itself: an element of a handle,
// a variable's value, a function's result. Its elements answer to r.x and r["x"].
type record struct {
	v  ir.Value
	in *reader
}

var (
	_ starlark.IterableMapping = (*record)(nil)
	_ starlark.Sequence        = (*record)(nil)
	_ starlark.HasAttrs        = (*record)(nil)
	_ starlark.HasBinary       = (*record)(nil)
)

func (r *record) String() string        { return r.dict().String() }
func (r *record) Type() string          { return "dict" }
func (r *record) Freeze()               {}
func (r *record) Truth() starlark.Bool  { return len(r.v.Map) > 0 }
func (r *record) Hash() (uint32, error) { return 0, failf("a map cannot be a key") }
func (r *record) Len() int              { return len(r.v.Map) }

func (r *record) Iterate() starlark.Iterator { return r.dict().Iterate() }
func (r *record) Items() []starlark.Tuple    { return r.dict().Items() }

// Binary makes the union with another map, as dicts do.
func (r *record) Binary(op syntax.Token, y starlark.Value, side starlark.Side) (starlark.Value, error) {
	if side == starlark.Left {
		if other, ok := y.(*record); ok {
			y = other.dict()
		}
		return starlark.Binary(op, r.dict(), y)
	}
	return starlark.Binary(op, y, r.dict())
}

func (r *record) Get(k starlark.Value) (starlark.Value, bool, error) {
	key, ok := starlark.AsString(k)
	if !ok {
		if d, ok := k.(*deferred); ok {
			return nil, false, undecided(d.v, "a key")
		}
		return nil, false, nil
	}
	v, ok := r.v.Map[key]
	switch {
	case !ok && r.v.Opaque:
		return r.in.unknown(), true, nil
	case !ok:
		return nil, false, noElement(r, key)
	}
	return r.in.fromIR(v), true, nil
}

func (r *record) Attr(name string) (starlark.Value, error) {
	if v, ok := r.v.Map[name]; ok {
		return r.in.fromIR(v), nil
	}
	return r.dict().Attr(name) // a method, such as keys
}

func (r *record) AttrNames() []string {
	return append(sortedKeys(r.v.Map), r.dict().AttrNames()...)
}

func (r *record) dict() *starlark.Dict {
	d := starlark.NewDict(len(r.v.Map))
	for _, k := range r.v.Keys() {
		if err := d.SetKey(starlark.String(k), r.in.fromIR(r.v.Map[k])); err != nil {
			panic(err) // a string is a key
		}
	}
	d.Freeze()
	return d
}

// word is a value that only one attribute takes: what lifecycle(...) and
// started(...) return. Its positions are those of its arguments.
type word struct {
	name string
	v    ir.Value
	post []*rule // of lifecycle: postconditions
}

func (w *word) String() string        { return w.name + "(...)" }
func (w *word) Type() string          { return w.name }
func (w *word) Freeze()               {}
func (w *word) Truth() starlark.Bool  { return starlark.True }
func (w *word) Hash() (uint32, error) { return 0, fmt.Errorf("%s(...) cannot be a key", w.name) }

// rule is a validation of a variable, or a postcondition of a resource.
type rule struct {
	holds   starlark.Callable // of the variable's value, or of the resource
	message starlark.Value    // text with fields, or a function as holds
	pos     diag.Pos
}

func (r *rule) String() string        { return "rule(...)" }
func (r *rule) Type() string          { return "rule" }
func (r *rule) Freeze()               { r.holds.Freeze() }
func (r *rule) Truth() starlark.Bool  { return starlark.True }
func (r *rule) Hash() (uint32, error) { return 0, fmt.Errorf("rule(...) cannot be a key") }

// namespace is fn: the functions of the registry by name.
type namespace struct {
	name    string
	members starlark.StringDict
}

func (n *namespace) String() string        { return n.name }
func (n *namespace) Type() string          { return "module" }
func (n *namespace) Freeze()               {}
func (n *namespace) Truth() starlark.Bool  { return starlark.True }
func (n *namespace) Hash() (uint32, error) { return 0, fmt.Errorf("%s cannot be a key", n.name) }
func (n *namespace) AttrNames() []string   { return n.members.Keys() }

func (n *namespace) Attr(name string) (starlark.Value, error) {
	if v, ok := n.members[name]; ok {
		return v, nil
	}
	return nil, nil
}

// findDeferred finds the first deferred value within v, or nil. One that only
// the engine knows goes before one that is sensitive.
func findDeferred(vs ...starlark.Value) *deferred {
	var found *deferred
	for _, v := range vs {
		find(v, func(v starlark.Value) bool {
			d, ok := v.(*deferred)
			if !ok {
				return false
			}
			if found == nil || !d.v.Sensitive {
				found = d
			}
			return !d.v.Sensitive
		})
	}
	return found
}

// find returns the first value within v, v itself included, for which f holds.
func find(v starlark.Value, f func(starlark.Value) bool) starlark.Value {
	w := walk{f: f, budget: 4 * maxWalk}
	return w.find(v)
}

// walk visits values, each list, dict and set once: they can hold themselves.
type walk struct {
	f      func(starlark.Value) bool
	seen   map[starlark.Value]bool
	budget int
}

func (w *walk) find(v starlark.Value) starlark.Value {
	if w.budget--; w.budget < 0 {
		return nil
	}
	if w.f(v) {
		return v
	}
	switch v := v.(type) {
	case *starlark.List:
		if w.enter(v) {
			return w.any(v.Len(), v.Index)
		}
	case starlark.Tuple:
		return w.any(v.Len(), v.Index)
	case *starlark.Set:
		if w.enter(v) {
			elems := slices.Collect(v.Elements())
			return w.any(len(elems), func(i int) starlark.Value { return elems[i] })
		}
	case *starlark.Dict:
		if w.enter(v) {
			return w.items(v)
		}
	case *record:
		return w.items(v)
	}
	return nil
}

func (w *walk) any(n int, at func(int) starlark.Value) starlark.Value {
	for i := range n {
		if got := w.find(at(i)); got != nil {
			return got
		}
	}
	return nil
}

func (w *walk) items(m starlark.IterableMapping) starlark.Value {
	for _, kv := range m.Items() {
		if got := w.any(2, kv.Index); got != nil {
			return got
		}
	}
	return nil
}

func (w *walk) enter(v starlark.Value) bool {
	if w.seen[v] {
		return false
	}
	if w.seen == nil {
		w.seen = map[starlark.Value]bool{}
	}
	w.seen[v] = true
	return true
}

package starfile

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"bayplan/lang/ir"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// operators returns the functions that rewritten programs call. A name in
// brackets cannot be that of a function of the registry, which has a $ too.
func operators() starlark.StringDict {
	ops := starlark.StringDict{}
	add := func(name string, f func(r *reader, args starlark.Tuple) (starlark.Value, error)) {
		ops["$"+name] = builtin("$"+name, forgiving(func(r *reader, _ *starlark.Thread, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
			return f(r, args)
		}))
	}
	for _, op := range []syntax.Token{syntax.EQL, syntax.NEQ, syntax.LT, syntax.GT, syntax.LE, syntax.GE} {
		add(op.String(), func(r *reader, a starlark.Tuple) (starlark.Value, error) {
			if d := r.standInWithin(a); d != nil {
				return d, nil
			}
			return compare(op, a[0], a[1])
		})
	}
	for op, want := range map[string]starlark.Bool{"in": true, "not in": false} {
		add(op, func(r *reader, a starlark.Tuple) (starlark.Value, error) {
			if d := r.standInWithin(a); d != nil {
				return d, nil
			}
			yes, err := contains(a[0], a[1])
			return starlark.Bool(yes == want), err
		})
	}
	for op, assign := range map[syntax.Token]syntax.Token{
		syntax.PLUS: syntax.PLUS_EQ, syntax.STAR: syntax.STAR_EQ, syntax.PERCENT: syntax.PERCENT_EQ,
		syntax.MINUS: syntax.MINUS_EQ, syntax.SLASH: syntax.SLASH_EQ, syntax.SLASHSLASH: syntax.SLASHSLASH_EQ,
		syntax.PIPE: syntax.PIPE_EQ, syntax.AMP: syntax.AMP_EQ, syntax.CIRCUMFLEX: syntax.CIRCUMFLEX_EQ,
		syntax.LTLT: syntax.LTLT_EQ, syntax.GTGT: syntax.GTGT_EQ,
	} {
		add(op.String(), func(r *reader, a starlark.Tuple) (starlark.Value, error) { return r.operate(op, a[0], a[1]) })
		add(assign.String(), func(r *reader, a starlark.Tuple) (starlark.Value, error) { return r.augment(op, a[0], a[1]) })
		add("[]"+assign.String(), func(r *reader, a starlark.Tuple) (starlark.Value, error) {
			return starlark.None, r.augmentElem(op, a[0], a[1], a[2])
		})
	}
	add("(truth)", func(_ *reader, a starlark.Tuple) (starlark.Value, error) { return a[0], decidable(a[0], "a condition") })
	add("(for)", func(_ *reader, a starlark.Tuple) (starlark.Value, error) { return a[0], iterable(a[0]) })
	add("(spread)", func(_ *reader, a starlark.Tuple) (starlark.Value, error) {
		return a[0], cmp.Or(iterable(a[0]), walkable(a[0]))
	})
	add("(slice)", func(_ *reader, a starlark.Tuple) (starlark.Value, error) { return a[0], sliceable(a[0]) })
	ops["$."] = builtin("$.", func(r *reader, t *starlark.Thread, a starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
		v, err := r.attr(a[0], string(a[1].(starlark.String)))
		if err != nil {
			return r.mend(t, err)
		}
		return v, nil
	})
	return ops
}

// decidable refuses to decide on a deferred value.
func decidable(v starlark.Value, what string) error {
	if d, ok := v.(*deferred); ok {
		return d.in.decision(d.v, what)
	}
	return nil
}

// standInAmong returns the first value that stands for one that could not be
// had, or nil.
func standInAmong(vs ...starlark.Value) *deferred {
	for _, v := range vs {
		if d, ok := v.(*deferred); ok && d.standIn() {
			return d
		}
	}
	return nil
}

// forgiving makes a function that fails on a stand-in among its positional
// arguments return one.
func forgiving(f function) function {
	return func(r *reader, t *starlark.Thread, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		v, err := f(r, t, args, kwargs)
		return r.forgive(v, err, args)
	}
}

// forgive returns a stand-in among args in the place of an error, since a message
// about it would only repeat that there is no value.
func (r *reader) forgive(v starlark.Value, err error, args starlark.Tuple) (starlark.Value, error) {
	if err == nil || !r.unresolved {
		return v, err
	}
	if _, stop := errors.AsType[*stopped](err); stop {
		return v, err
	}
	if d := r.standInWithin(args); d != nil {
		return d, nil
	}
	return nil, err
}

// standInWithin returns a stand-in at any depth, or nil: what would be decided on
// it is not known either.
func (r *reader) standInWithin(args starlark.Tuple) starlark.Value {
	if !r.unresolved {
		return nil
	}
	return find(args, func(v starlark.Value) bool {
		d, ok := v.(*deferred)
		return ok && d.standIn()
	})
}

func iterable(v starlark.Value) error {
	switch v := v.(type) {
	case *deferred:
		switch {
		case v.standIn():
			return new(stopped)
		case v.v.Sensitive:
			return failf("a for cannot walk over a sensitive value").
				Hintf("it would show how many elements there are; pass the value on as a whole")
		}
		return undecided(v.v, "a for")
	case *handle:
		return failf("%s is %s, and a for walks over many", v.addr, strings.Replace(v.addr.Noun(), "a ", "one ", 1)).Hintf("write [%s]", v.addr)
	case *off:
		return v.missing()
	case starlark.String:
		return failf("a for walks over a list or a map, got a string").Hintf("write .elems() after it for its characters")
	case starlark.Iterable:
		return nil
	}
	return failf("a for walks over a list or a map, got %s", typeName(v))
}

func sliceable(v starlark.Value) error {
	d, ok := v.(*deferred)
	switch {
	case !ok:
		return nil
	case d.standIn():
		return new(stopped)
	case d.v.Sensitive:
		return failf("a sensitive value cannot be cut with [ : ]").Hintf("write substr(value, start, length)")
	}
	return undecided(d.v, "a part of it")
}

// typeName says what v is, for messages.
func typeName(v starlark.Value) string {
	switch v := v.(type) {
	case starlark.NoneType:
		return "nothing (None)"
	case starlark.Int, starlark.Float:
		return "a number"
	case *handle:
		return "the " + strings.TrimPrefix(v.addr.Noun(), "a ") + " " + v.addr.String()
	case *deferred:
		return "a " + v.Type()
	case *starlark.Function, *starlark.Builtin:
		return "a function"
	}
	return "a " + v.Type()
}

func compare(op syntax.Token, x, y starlark.Value) (starlark.Value, error) {
	if err := undecidedAmong("a comparison", x, y); err != nil {
		return nil, err
	}
	if op == syntax.EQL || op == syntax.NEQ {
		eq, err := equal(x, y)
		return starlark.Bool(eq == (op == syntax.EQL)), err
	}
	yes, err := starlark.Compare(op, normal(x), normal(y))
	return starlark.Bool(yes), err
}

// equal compares values of which none is deferred.
func equal(x, y starlark.Value) (bool, error) {
	if h, ok := x.(*handle); ok {
		return sameHandle(h, y)
	}
	if h, ok := y.(*handle); ok {
		return sameHandle(h, x)
	}
	return starlark.Equal(normal(x), normal(y))
}

func sameHandle(h *handle, y starlark.Value) (bool, error) {
	switch y := y.(type) {
	case *handle:
		return h.addr == y.addr, nil
	case starlark.String:
		return false, failf("%s is %s and never equals text", h.addr, h.addr.Noun()).Hintf("%s", h.addr.ForText())
	}
	return false, nil
}

// normal returns v in the form in which Starlark itself compares it: without
// values of types of ours, at any depth.
func normal(v starlark.Value) starlark.Value {
	if !hasOwn(v) || cyclic(v) {
		return v
	}
	switch v := v.(type) {
	case *off:
		return starlark.None
	case *starlark.List:
		return starlark.NewList(normals(v.Len(), v.Index))
	case starlark.Tuple:
		return starlark.Tuple(normals(v.Len(), v.Index))
	case starlark.IterableMapping:
		d := new(starlark.Dict)
		for _, kv := range v.Items() {
			if err := d.SetKey(kv[0], normal(kv[1])); err != nil {
				panic(err) // it was a key before
			}
		}
		return d
	}
	return v
}

func normals(n int, at func(int) starlark.Value) []starlark.Value {
	elems := make([]starlark.Value, n)
	for i := range elems {
		elems[i] = normal(at(i))
	}
	return elems
}

// hasOwn reports whether v is, or holds, a value of a type of ours.
func hasOwn(v starlark.Value) bool {
	return find(v, func(v starlark.Value) bool {
		switch v.(type) {
		case *record, *off:
			return true
		}
		return false
	}) != nil
}

// cyclic reports whether v holds itself, or so much that it may as well.
func cyclic(v starlark.Value) bool {
	size := measure{nodes: maxNodes, bytes: maxText}
	return !size.spend(v, 0)
}

// contains is x in y.
func contains(x, y starlark.Value) (starlark.Bool, error) {
	if err := undecidedAmong("a comparison", x); err != nil {
		return false, err
	}
	switch y := y.(type) {
	case *deferred:
		return false, y.in.decision(y.v, "a comparison")
	case *starlark.List:
		return among(x, y.Len(), y.Index)
	case starlark.Tuple:
		return among(x, y.Len(), y.Index)
	case *handle:
		return false, failf("%s is one resource, and `in` looks for something among many", y.addr)
	}
	got, err := starlark.Binary(syntax.IN, x, y)
	if err != nil {
		return false, err
	}
	return got.Truth(), nil
}

func among(x starlark.Value, n int, at func(int) starlark.Value) (starlark.Bool, error) {
	for i := range n {
		e := at(i)
		if err := undecidedAmong("a comparison", e); err != nil {
			return false, err
		}
		if eq, err := equal(x, e); eq || err != nil {
			return starlark.Bool(eq), err
		}
	}
	return false, nil
}

// operate is x op y for operators that make a new value.
func (r *reader) operate(op syntax.Token, x, y starlark.Value) (starlark.Value, error) {
	if op == syntax.PERCENT {
		if isText(x) {
			return r.interpolate(x, y)
		}
	}
	if err := r.spend(sizeOf(op, x, y)); err != nil {
		return nil, err
	}
	return arithmetic(op, x, y)
}

// arithmetic is x op y, where either may be deferred.
func arithmetic(op syntax.Token, x, y starlark.Value) (starlark.Value, error) {
	for _, v := range []starlark.Value{x, y} {
		if h, ok := v.(*handle); ok {
			return nil, inText(h)
		}
		if o, ok := v.(*off); ok {
			return nil, o.missing()
		}
	}
	dx, okx := x.(*deferred)
	dy, oky := y.(*deferred)
	if !okx && !oky {
		if rec, ok := y.(*record); ok {
			y = rec.dict()
		}
		return starlark.Binary(op, x, y)
	}
	for _, d := range []*deferred{dx, dy} {
		if d != nil && d.standIn() {
			return d, nil
		}
	}
	if op == syntax.PLUS && isText(x) && isText(y) {
		return concat(first(dx, dy).in, x, y)
	}
	for _, d := range []*deferred{dx, dy} {
		if d != nil && !d.v.Sensitive {
			return nil, wantsText(op, d)
		}
	}
	return first(dx, dy).in.secretly(op.String(), func(args []starlark.Value) (starlark.Value, error) {
		return starlark.Binary(op, args[0], args[1])
	}, x, y)
}

func wantsText(op syntax.Token, d *deferred) error {
	if op == syntax.PLUS {
		return failf("%s can be added to text alone", d.v.Show()).Hintf("turn the other side into text: str(x)")
	}
	return undecided(d.v, "arithmetic")
}

func first(ds ...*deferred) *deferred {
	for _, d := range ds {
		if d != nil {
			return d
		}
	}
	return nil
}

// secretly calls f with what sensitive arguments hide, and hides the result.
func (r *reader) secretly(what string, f func([]starlark.Value) (starlark.Value, error), args ...starlark.Value) (starlark.Value, error) {
	opaque := false
	bare := make([]starlark.Value, len(args))
	for i, a := range args {
		bare[i] = a
		if d, ok := a.(*deferred); ok {
			bare[i], opaque = d.plain(), opaque || d.v.Opaque
		}
	}
	v, err := f(bare)
	return r.hidden(what, opaque, v, err)
}

// sizeOf returns how many bytes the result of an operation takes, roughly.
func sizeOf(op syntax.Token, x, y starlark.Value) int {
	switch op {
	case syntax.PLUS:
		return length(x) + length(y)
	case syntax.STAR:
		return product(x, y)
	case syntax.LTLT:
		if n, err := starlark.AsInt32(y); err == nil {
			return digits(bits(x) + n)
		}
	}
	return 0
}

// length returns the size of a text in bytes, or of a list in those of its
// elements' places.
func length(v starlark.Value) int {
	switch v := v.(type) {
	case starlark.String:
		return len(v)
	case starlark.Bytes:
		return len(v)
	case *deferred:
		return len(v.v.Str)
	case starlark.Sequence:
		return times(v.Len(), 16)
	}
	return 0
}

// times multiplies sizes, and stays just above the limit.
func times(n, size int) int {
	if size > 0 && n > maxText/size {
		return maxText + 1
	}
	return n * size
}

func product(x, y starlark.Value) int {
	nx, okx := x.(starlark.Int)
	ny, oky := y.(starlark.Int)
	switch {
	case okx && oky:
		return digits(bits(nx) + bits(ny))
	case okx:
		x, ny = y, nx
	case !oky:
		return 0
	}
	n, err := starlark.AsInt32(ny)
	if err != nil || n < 0 {
		n = 1 << 31
	}
	return times(n, length(x))
}

// digits weighs the bits of a number so that the limit is 64 Ki: greater ones
// are of no use here, and slow.
func digits(bits int) int { return bits * (maxText >> 16) }

func bits(v starlark.Value) int {
	i, ok := v.(starlark.Int)
	if !ok {
		return 0
	}
	return i.BigInt().BitLen()
}

// augment is x op= y for a name: lists and dicts are changed in place.
func (r *reader) augment(op syntax.Token, x, y starlark.Value) (starlark.Value, error) {
	if list, ok := x.(*starlark.List); ok && op == syntax.PLUS {
		if it, ok := y.(starlark.Iterable); ok {
			if err := r.spend(sizeOf(op, x, y)); err != nil {
				return nil, err
			}
			return list, callMethod(list, "extend", it)
		}
	}
	if dict, ok := x.(*starlark.Dict); ok && op == syntax.PIPE {
		if m, ok := y.(starlark.IterableMapping); ok {
			return dict, callMethod(dict, "update", m)
		}
	}
	return r.operate(op, x, y)
}

func callMethod(recv starlark.HasAttrs, name string, arg starlark.Value) error {
	m, err := recv.Attr(name)
	if err != nil {
		return err
	}
	_, err = starlark.Call(new(starlark.Thread), m, starlark.Tuple{arg}, nil)
	return err
}

// augmentElem is x[k] op= y.
func (r *reader) augmentElem(op syntax.Token, x, k, y starlark.Value) error {
	old, err := index(x, k)
	if err != nil {
		return err
	}
	v, err := r.augment(op, old, y)
	if err != nil {
		return err
	}
	switch x := x.(type) {
	case starlark.HasSetKey:
		return x.SetKey(k, v)
	case starlark.HasSetIndex:
		i, err := starlark.AsInt32(k)
		if err != nil {
			return err
		}
		if i < 0 {
			i += x.Len()
		}
		return x.SetIndex(i, v)
	}
	return failf("the elements of a %s cannot be changed", x.Type())
}

// index is x[k].
func index(x, k starlark.Value) (starlark.Value, error) {
	switch x := x.(type) {
	case starlark.Mapping:
		v, found, err := x.Get(k)
		if err == nil && !found {
			return nil, fmt.Errorf("key %v not in %s", k, x.Type())
		}
		return v, err
	case starlark.Indexable:
		i, err := starlark.AsInt32(k)
		if err != nil {
			return nil, fmt.Errorf("%s index: %w", x.Type(), err)
		}
		n := x.Len()
		if i < -n || i >= n {
			return nil, fmt.Errorf("%s index %d out of range: it has %d elements", x.Type(), i, n)
		}
		return x.Index((i + n) % n), nil
	}
	return nil, fmt.Errorf("unhandled index operation %s[%s]", x.Type(), k.Type())
}

// attr is x.name.
func (r *reader) attr(x starlark.Value, name string) (starlark.Value, error) {
	if s, ok := x.(starlark.String); ok {
		m, err := textMethod(s, name)
		if m != nil || err != nil {
			return m, err
		}
		return nil, noAttr(x, name)
	}
	switch x := x.(type) {
	case *starlark.List:
		return guardArgs(x, name, name == "index" || name == "remove", "a comparison")
	case *starlark.Dict:
		return guardArgs(x, name, name == "get" || name == "pop" || name == "setdefault", "a key")
	case *starlark.Set:
		return guardArgs(x, name, true, "a key")
	}
	if b, ok := x.(*starlark.Builtin); ok && (r.b.Universe.Kind(b.Name()) != nil || b.Name() == "module" || b.Name() == "variable") {
		return nil, failf("%s is the function that declares one, and has no %q", b.Name(), name).
			Hintf("what it returned is the reference: %s = %s(%q, …), then %[1]s", strings.ReplaceAll(name, "-", "_"), b.Name(), name)
	}
	has, ok := x.(starlark.HasAttrs)
	if !ok {
		return nil, noAttr(x, name)
	}
	v, err := has.Attr(name)
	if err != nil {
		return nil, err
	}
	if v == nil {
		return nil, noAttr(x, name)
	}
	return v, nil
}

// noAttr says that x has no attribute of this name.
func noAttr(x starlark.Value, name string) error {
	switch x := x.(type) {
	case *namespace:
		return failf("there is no function %q", name).didYouMean(name, x.AttrNames())
	case *record:
		return noElement(x, name)
	case *deferred:
		if m, _ := new(starlark.Dict).Attr(name); m != nil && x.v.Kind == ir.Map {
			return failf("a sensitive map has no method %q", name).
				Hintf("take an element with [ ], or use functions such as keys, values, lookup and merge, whose results are sensitive too")
		}
	case *handle:
		if x.addr.IsModule() {
			return noOutput(x, name)
		}
		f := failf("%s has no attribute %q", x.addr, name).didYouMean(name, x.AttrNames())
		switch {
		case f.Hint == "" && name == "id":
			f.Hintf("a reference is the resource itself, without .id; its name on the engine is %s.name", x.addr)
		case f.Hint == "":
			f.Hintf("it has %s", strings.Join(x.AttrNames(), ", "))
		}
		return f
	}
	f := failf("%s has no attribute %q", typeName(x), name)
	if has, ok := x.(starlark.HasAttrs); ok {
		f.didYouMean(name, has.AttrNames())
	}
	return f
}

// noOutput says that a module has no such output.
func noOutput(h *handle, name string) error {
	f := failf("%s has no output %q", h.addr, name).didYouMean(name, h.AttrNames())
	switch {
	case f.Hint != "":
	case len(h.AttrNames()) == 0:
		f.Hintf("the module has no outputs; it can have one: output(%q, value)", name)
	default:
		f.Hintf("its outputs are %s", strings.Join(h.AttrNames(), ", "))
	}
	return f
}

// noElement says that a map has no such element.
func noElement(r *record, name string) error {
	f := failf("the map has no element %q", name).didYouMean(name, r.v.Keys())
	switch keys := r.v.Keys(); {
	case f.Hint != "":
	case len(keys) == 0:
		f.Hintf("it is empty")
	default:
		f.Hintf("it has %s", strings.Join(keys[:min(len(keys), 12)], ", "))
	}
	return f
}

// guardArgs returns a method of Starlark's own. Where it decides something on
// its arguments, these may not be deferred, nor may be what it compares them with.
func guardArgs(recv starlark.HasAttrs, name string, decides bool, what string) (starlark.Value, error) {
	m, err := recv.Attr(name)
	if err != nil {
		return nil, err
	}
	if m == nil {
		return nil, noAttr(recv, name)
	}
	return starlark.NewBuiltin(name, func(t *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		if err := walkable(args...); err != nil {
			return nil, err
		}
		if decides && len(args) > 0 {
			among := slices.Clone(args)
			if list, ok := recv.(*starlark.List); ok {
				among = append(among, list)
			}
			if err := undecidedAmong(what, among...); err != nil {
				return nil, err
			}
		}
		return starlark.Call(t, m, args, kwargs)
	}), nil
}

// undecidedAmong refuses values of which any holds a deferred one.
func undecidedAmong(what string, vs ...starlark.Value) error {
	if d := findDeferred(vs...); d != nil {
		return d.in.decision(d.v, what)
	}
	return nil
}

// decision reports a decision on a deferred value. Where the value stands for
// one that was not given, which is reported, what follows is not.
func (r *reader) decision(v ir.Value, what string) error {
	if v.Opaque && r.unresolved {
		return new(stopped)
	}
	return undecided(v, what)
}

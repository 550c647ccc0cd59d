package starfile

import (
	"strconv"
	"strings"

	"bayplan/lang/ir"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// isText reports whether v is text, known or not.
func isText(v starlark.Value) bool {
	switch v := v.(type) {
	case starlark.String:
		return true
	case *deferred:
		return v.v.Kind == ir.String || v.v.Kind == ir.Text || v.v.Kind == ir.Engine
	}
	return false
}

// text is text that is being put together.
type text struct {
	r     *reader
	parts []ir.Value
	size  int
}

func (t *text) lit(s string) error { return t.part(ir.StringVal(s)) }

func (t *text) part(v ir.Value) error {
	t.size += len(v.Str)
	if t.size > maxText {
		return t.r.spend(t.size)
	}
	t.parts = append(t.parts, v)
	return nil
}

// add appends v as str(v) shows it.
func (t *text) add(v starlark.Value) error {
	piece, err := t.r.textOf(v)
	if err != nil {
		return err
	}
	return t.part(piece)
}

func (t *text) value() (starlark.Value, error) {
	if err := t.r.spend(t.size); err != nil {
		return nil, err
	}
	return t.r.fromIR(ir.Concat(t.parts...)), nil
}

// textOf returns v as a piece of text.
func (r *reader) textOf(v starlark.Value) (ir.Value, error) {
	switch v := v.(type) {
	case starlark.String:
		return ir.StringVal(string(v)), nil
	case starlark.Float:
		return ir.FloatVal(float64(v)).ToText(), nil
	case *handle:
		return ir.Value{}, inText(v)
	case *off:
		return ir.Value{}, v.missing()
	case *deferred:
		if isText(v) {
			return v.v, nil
		}
		piece, err := r.textOf(v.plain())
		if err != nil {
			return ir.Value{}, withheld("text")
		}
		piece.Opaque = v.v.Opaque
		return piece.AsSensitive(), nil
	}
	return shown(v)
}

// shown returns a value of Starlark's own as str shows it. One that holds a
// deferred value or a resource has no such form.
func shown(v starlark.Value) (ir.Value, error) {
	switch v.(type) {
	case starlark.Int, starlark.Bool, starlark.NoneType: // these hold nothing
		return ir.StringVal(v.String()), nil
	}
	own := find(v, func(v starlark.Value) bool {
		switch v.(type) {
		case *deferred, *handle:
			return true
		}
		return false
	})
	switch own := own.(type) {
	case *handle:
		return ir.Value{}, inText(own)
	case *deferred:
		return ir.Value{}, failf("a %s that holds a %s cannot stand in text as a whole", v.Type(), own.Type()).
			Hintf("put its elements into text one by one, or use join")
	}
	size := measure{nodes: maxNodes, bytes: maxText}
	if !size.spend(v, 0) {
		return ir.Value{}, failf("the value is too large for text")
	}
	return ir.StringVal(v.String()), nil
}

// measure is what is left to spend on a value that is going to be walked as
// often as it occurs.
type measure struct{ nodes, bytes int }

func (m *measure) spend(v starlark.Value, depth int) bool {
	m.nodes--
	m.bytes -= length(v)
	if m.nodes < 0 || m.bytes < 0 || depth > maxDepth {
		return false
	}
	switch v := v.(type) {
	case starlark.IterableMapping:
		for _, kv := range v.Items() {
			if !m.spend(kv[0], depth+1) || !m.spend(kv[1], depth+1) {
				return false
			}
		}
	case starlark.Sequence:
		it := v.Iterate()
		defer it.Done()
		var e starlark.Value
		for it.Next(&e) {
			if !m.spend(e, depth+1) {
				return false
			}
		}
	}
	return true
}

// concat is x + y for texts.
func concat(r *reader, vs ...starlark.Value) (starlark.Value, error) {
	t := text{r: r}
	for _, v := range vs {
		if err := t.add(v); err != nil {
			return nil, err
		}
	}
	return t.value()
}

// known returns the literal behind text that is known, and a function that
// hides what is made of it if the text is sensitive.
func (r *reader) known(x starlark.Value, what string) (string, func(starlark.Value, error) (starlark.Value, error), error) {
	d, ok := x.(*deferred)
	if !ok {
		s, _ := starlark.AsString(x)
		return s, func(v starlark.Value, err error) (starlark.Value, error) { return v, err }, nil
	}
	if d.v.Kind != ir.String {
		return "", nil, undecided(d.v, what)
	}
	return d.v.Str, func(v starlark.Value, err error) (starlark.Value, error) { return r.hidden(what, d.v.Opaque, v, err) }, nil
}

// interpolate is x % y.
func (r *reader) interpolate(x, y starlark.Value) (starlark.Value, error) {
	format, hide, err := r.known(x, "% on it")
	if err != nil {
		return nil, err
	}
	return hide(r.percent(format, y))
}

// percent does what Starlark's own % does. It leaves all but the order of
// pieces to it, and takes deferred values for %s and %d.
func (r *reader) percent(format string, y starlark.Value) (starlark.Value, error) {
	t := text{r: r}
	args, isTuple := y.(starlark.Tuple)
	if !isTuple {
		args = starlark.Tuple{y}
	}
	named, isNamed := y.(starlark.Mapping)
	if _, secret := y.(*deferred); secret {
		isNamed = false
	}
	used := 0
	for {
		before, after, found := strings.Cut(format, "%")
		if err := t.lit(before); err != nil {
			return nil, err
		}
		if !found {
			break
		}
		var arg starlark.Value
		switch {
		case strings.HasPrefix(after, "%"):
			if err := t.lit("%"); err != nil {
				return nil, err
			}
			format = after[1:]
			continue
		case strings.HasPrefix(after, "("):
			key, rest, closed := strings.Cut(after[1:], ")")
			if !closed || !isNamed {
				return nil, failf("%%: %%(name)s needs a map after %%, and a closing parenthesis")
			}
			v, ok, _ := named.Get(starlark.String(key))
			if !ok {
				return nil, failf("%%: the map has no key %q", key)
			}
			arg, after = v, rest
		case used >= len(args):
			return nil, failf("%%: the text asks for more values than the %d given", len(args))
		default:
			arg = args[used]
		}
		used++
		if after == "" {
			return nil, failf("%%: the text ends in a lone %%").Hintf("write %%%% for a percent sign")
		}
		if err := t.verb(after[0], arg); err != nil {
			return nil, err
		}
		format = after[1:]
	}
	if used < len(args) && !isNamed {
		return nil, failf("%%: the text asks for %d values, and %d are given", used, len(args))
	}
	return t.value()
}

// verb appends a value as %c asks.
func (t *text) verb(c byte, v starlark.Value) error {
	d, isDeferred := v.(*deferred)
	switch {
	case c == 's', isDeferred && !d.v.Sensitive && (c == 'd' || c == 'i'):
		return t.add(v)
	case isDeferred && !d.v.Sensitive:
		return undecided(d.v, "%"+string(c))
	case c == 'r':
		if _, err := t.r.textOf(v); err != nil {
			return err
		}
	}
	bare := v
	if isDeferred {
		bare = d.plain()
	}
	if h, ok := v.(*handle); ok {
		return inText(h)
	}
	got, err := starlark.Binary(syntax.PERCENT, starlark.String("%"+string(c)), starlark.Tuple{bare})
	if err != nil && isDeferred {
		return withheld("%" + string(c))
	}
	if err != nil && strings.Contains(err.Error(), "format requires") {
		return failf("%%: %s", err).Hintf("%%s takes any value")
	}
	if err != nil {
		return failf("%%: %s", err).Hintf("the verbs are %%s, %%r, %%d, %%x, %%o, %%f, %%e, %%g and %%c; none takes a width")
	}
	piece := ir.StringVal(string(got.(starlark.String)))
	if isDeferred {
		piece = piece.AsSensitive()
	}
	return t.part(piece)
}

// textMethod returns a method of text, or nil if there is none of this name.
func textMethod(x starlark.Value, name string) (starlark.Value, error) {
	native, err := starlark.String("").Attr(name)
	if native == nil || err != nil {
		return nil, err
	}
	return starlark.NewBuiltin(name, func(t *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		r := readerOf(t)
		s, hide, err := r.known(x, "."+name)
		if err != nil {
			return nil, err
		}
		v, err := hide(r.method(t, s, name, args, kwargs))
		return r.forgive(v, err, args)
	}), nil
}

// method calls a method of text.
func (r *reader) method(t *starlark.Thread, s, name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	switch name {
	case "format":
		return r.format(s, args, kwargs)
	case "join":
		return r.join(s, args, kwargs)
	}
	return r.native(t, s, name, args, kwargs)
}

// native calls a method of Starlark's own, whose arguments may be sensitive.
func (r *reader) native(t *starlark.Thread, s, name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	m, err := starlark.String(s).Attr(name)
	if err != nil {
		return nil, err
	}
	if d := findDeferred(args...); d != nil {
		if !d.v.Sensitive || d.v.Kind == ir.Text || d.v.Kind == ir.Engine {
			return nil, undecided(d.v, "."+name)
		}
		return r.secretly("."+name, func(args []starlark.Value) (starlark.Value, error) {
			return starlark.Call(t, m, args, kwargs)
		}, args...)
	}
	for _, a := range args {
		if h, ok := a.(*handle); ok {
			return nil, inText(h)
		}
	}
	if name == "replace" && len(args) >= 2 {
		old, _ := starlark.AsString(args[0])
		if err := r.spend(times(strings.Count(s, old), length(args[1]))); err != nil {
			return nil, err
		}
	}
	return starlark.Call(t, m, args, kwargs)
}

// join is sep.join(list).
func (r *reader) join(sep string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var list starlark.Value
	if err := starlark.UnpackPositionalArgs("join", args, kwargs, 1, &list); err != nil {
		return nil, err
	}
	if err := iterable(list); err != nil {
		return nil, err
	}
	t := text{r: r}
	it := list.(starlark.Iterable).Iterate()
	defer it.Done()
	var e starlark.Value
	for i := 0; it.Next(&e); i++ {
		if _, ok := e.(*handle); !ok && !isText(e) {
			return nil, failf("join: element %d is %s, want text", i, typeName(e)).Hintf("turn it into text: str(x)")
		}
		if i > 0 {
			if err := t.lit(sep); err != nil {
				return nil, err
			}
		}
		if err := t.add(e); err != nil {
			return nil, err
		}
	}
	return t.value()
}

// format is s.format(…).
func (r *reader) format(s string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	f := fields{text: text{r: r}, args: args, kwargs: kwargs}
	for s != "" {
		n := strings.IndexAny(s, "{}")
		if n < 0 {
			n = len(s)
		}
		if err := f.lit(s[:n]); err != nil {
			return nil, err
		}
		s = s[n:]
		if s == "" {
			break
		}
		if strings.HasPrefix(s, "{{") || strings.HasPrefix(s, "}}") {
			if err := f.lit(s[:1]); err != nil {
				return nil, err
			}
			s = s[2:]
			continue
		}
		name, rest, closed := strings.Cut(s[1:], "}")
		if s[0] == '}' || !closed {
			return nil, failf("format: a lone %c", s[0]).Hintf("write %c%c for a brace in the text", s[0], s[0])
		}
		if err := f.field(name); err != nil {
			return nil, err
		}
		s = rest
	}
	return f.value()
}

// fields are the values of a format.
type fields struct {
	text
	args   starlark.Tuple
	kwargs []starlark.Tuple
	next   int
	manual bool // numbers were written
}

func (f *fields) field(field string) error {
	name, conv, hasConv := strings.Cut(field, "!")
	if strings.Contains(field, ":") {
		return failf("format: {%s}: widths and precisions after a colon are not supported", field).Hintf("use fn.format")
	}
	v, err := f.lookup(name)
	if err != nil {
		return err
	}
	switch {
	case !hasConv || conv == "s":
		return f.add(v)
	case conv == "r":
		return f.verb('r', v)
	}
	return failf("format: unknown conversion !%s, want !s or !r", conv)
}

func (f *fields) lookup(name string) (starlark.Value, error) {
	n, err := strconv.Atoi(name)
	switch {
	case name == "":
		n, f.next = f.next, f.next+1
		if f.manual {
			return nil, failf("format: {} cannot stand beside {%d}", n)
		}
	case err == nil && n >= 0:
		if f.next > 0 {
			return nil, failf("format: {%d} cannot stand beside {}", n)
		}
		f.manual = true
	default:
		for _, kv := range f.kwargs {
			if string(kv[0].(starlark.String)) == name {
				return kv[1], nil
			}
		}
		return nil, failf("format: no value is given for {%s}", name).Hintf("a field is {}, {0} or {name}; for more, give the value itself: x = a.b")
	}
	if n >= len(f.args) {
		return nil, failf("format: the text asks for more values than the %d given", len(f.args))
	}
	return f.args[n], nil
}

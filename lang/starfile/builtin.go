package starfile

import (
	"strings"

	"bayplan/lang/ir"
	"bayplan/lang/schema"
	"bayplan/lang/value"

	"go.starlark.net/starlark"
)

// names returns what a program can name without a definition. Each stands
// there twice, once behind a $, for files that take the name themselves. All
// modules of an evaluation share it: no function holds a reader, which it has of
// the thread that calls it.
func names(u *schema.Universe) starlark.StringDict {
	names := operators()
	add := func(name string, v starlark.Value) { names[name], names["$"+name] = v, v }
	for name, v := range starlark.Universe {
		names["$"+name] = v
	}
	fn := registered(u)
	for name, v := range fn.members {
		if !starlark.Universe.Has(name) {
			add(name, v)
		}
	}
	add("fn", fn)
	for name, v := range guarded() {
		add(name, v)
	}
	for name, v := range declarations(u) {
		add(name, v)
	}
	return names
}

// function is what a program calls; r is the reader of the module that is being
// evaluated.
type function = func(r *reader, t *starlark.Thread, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error)

// builtin makes a function that programs call. It tells where it is called: one
// call is the only thing that no count of steps can stop.
func builtin(name string, f function) *starlark.Builtin {
	return starlark.NewBuiltin(name, func(t *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		r := readerOf(t)
		if r.b.Spent.Watch != nil && t.CallStackDepth() > 1 {
			r.b.Spent.Watch.AtLine(position(t.CallFrame(1).Pos))
		}
		return f(r, t, args, kwargs)
	})
}

// registered returns the functions of the registry.
func registered(u *schema.Universe) *namespace {
	ns := &namespace{name: "fn", members: starlark.StringDict{}}
	for _, f := range u.Funcs {
		call := forgiving(func(r *reader, t *starlark.Thread, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
			return r.call(f, t, args)
		})
		ns.members[f.Name] = builtin(f.Name, func(r *reader, t *starlark.Thread, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
			if len(kwargs) > 0 {
				return nil, failf("%s takes no named arguments", f.Name).Hintf("%s", usage(f))
			}
			return call(r, t, args, nil)
		})
	}
	return ns
}

// call calls a function of the registry.
func (r *reader) call(f *schema.Func, t *starlark.Thread, args starlark.Tuple) (starlark.Value, error) {
	c := r.callOn(t)
	vals := make([]ir.Value, len(args))
	for i, a := range args {
		v, d := r.toIR(a, c.arg(i))
		if d != nil {
			return nil, failed(d)
		}
		vals[i] = v
	}
	got, d := value.Call(f.Name, f.Make(schema.FuncEnv{Dir: r.dir, Source: r.src}), vals)
	if d != nil {
		return nil, failed(d)
	}
	return r.fromIR(adrift(got)), nil
}

func usage(f *schema.Func) string {
	if f.Example == "" {
		return f.Doc
	}
	return f.Doc + " " + f.Example + " is " + f.Result
}

// callOn returns what is known about the call that runs.
func (r *reader) callOn(t *starlark.Thread) *call {
	if t.CallStackDepth() > 1 {
		if c := r.callAt(position(t.CallFrame(1).Pos)); c != nil {
			return c
		}
	}
	return new(call)
}

func (c *call) arg(i int) *shape {
	if i < len(c.args) {
		return c.args[i]
	}
	return c.spread
}

// guarded returns Starlark's own functions that would decide on a deferred
// value, or show it, without a word.
func guarded() starlark.StringDict {
	out := starlark.StringDict{}
	add := func(name string, f function) { out[name] = builtin(name, forgiving(f)) }
	native := func(name string) *starlark.Builtin { return starlark.Universe[name].(*starlark.Builtin) }
	// These look into their arguments, or let others look into them.
	for _, name := range []string{"abs", "bool", "bytes", "chr", "float", "hash", "int", "len", "ord", "repr", "type"} {
		add(name, computing(native(name)))
	}
	// These move elements about and want to know how many there are.
	for _, name := range []string{"dict", "enumerate", "list", "range", "reversed", "set", "tuple", "zip"} {
		add(name, walking(native(name)))
	}
	// These compare elements or ask for their truth.
	for _, name := range []string{"all", "any", "max", "min", "sorted"} {
		add(name, deciding(native(name)))
	}
	add("str", (*reader).str)
	add("hasattr", (*reader).hasattr)
	add("getattr", (*reader).getattr)
	add("dir", (*reader).dirOf)
	add("print", (*reader).printed)
	out["fail"] = builtin("fail", (*reader).fail)
	return out
}

// computing is for functions of one known value: of a sensitive one they make
// a sensitive result.
func computing(native *starlark.Builtin) function {
	name := native.Name()
	shallow := name == "bool" || name == "len" || name == "type" // they ask nothing of the elements
	return func(r *reader, t *starlark.Thread, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		d := findDeferred(args...)
		if own := len(args) == 1 && isDeferred(args[0]); shallow && !own {
			d = nil
		}
		if d != nil {
			if !d.v.Sensitive || d.v.Any(func(v ir.Value) bool { return v.Kind == ir.Text || v.Kind == ir.Engine }) {
				return nil, r.decision(d.v, name+"()")
			}
			return r.secretly(name, func(args []starlark.Value) (starlark.Value, error) {
				return starlark.Call(t, native, args, kwargs)
			}, args...)
		}
		if err := walkable(args...); err != nil && name != "len" && name != "type" {
			return nil, err
		}
		if len(args) == 0 {
			return starlark.Call(t, native, args, kwargs)
		}
		switch a := args[0].(type) {
		case starlark.String:
			if name == "int" && len(a) > maxDigit {
				return nil, failf("int: the text has more than %d digits", maxDigit)
			}
		case *starlark.List, starlark.Tuple, *starlark.Dict, *starlark.Set:
			if name == "repr" {
				if _, err := shown(a); err != nil {
					return nil, err
				}
			}
		case *handle, *off:
			if name != "type" && name != "bool" {
				_, err := r.textOf(a)
				return nil, err
			}
		}
		return starlark.Call(t, native, args, kwargs)
	}
}

func isDeferred(v starlark.Value) bool {
	_, ok := v.(*deferred)
	return ok
}

func walking(native *starlark.Builtin) function {
	return func(r *reader, t *starlark.Thread, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		if native.Name() == "set" {
			if err := undecidedAmong("a key", args...); err != nil {
				return nil, err
			}
		}
		for _, a := range args {
			if err := walkable(a); err != nil {
				return nil, err
			}
			if d, ok := a.(*deferred); ok {
				err := r.decision(d.v, native.Name()+"()")
				if f, ok := err.(*failure); ok && native.Name() == "dict" && d.v.Sensitive {
					f.Hintf("merge(a, b) takes it as a whole, and what comes of it is sensitive")
				}
				return nil, err
			}
			if _, ok := a.(*handle); ok {
				return nil, iterable(a)
			}
		}
		return starlark.Call(t, native, args, kwargs)
	}
}

func deciding(native *starlark.Builtin) function {
	return func(r *reader, t *starlark.Thread, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		if err := undecidedAmong(native.Name()+"()", args...); err != nil {
			if f, ok := err.(*failure); ok && native.Name() == "sorted" && findDeferred(args...).v.Sensitive {
				f.Hintf("sort(x) of texts takes it, and what comes of it is sensitive")
			}
			return nil, err
		}
		if err := walkable(args...); err != nil {
			return nil, err
		}
		return starlark.Call(t, native, args, kwargs)
	}
}

func (r *reader) str(_ *starlark.Thread, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if len(args) != 1 || len(kwargs) > 0 {
		return nil, starlark.UnpackPositionalArgs("str", args, kwargs, 1, new(starlark.Value))
	}
	x := args[0]
	if _, ok := x.(*off); ok {
		x = starlark.None
	}
	piece, err := r.textOf(x)
	if err != nil {
		return nil, err
	}
	return r.fromIR(piece.ToText()), nil
}

func (r *reader) hasattr(_ *starlark.Thread, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var x starlark.Value
	var name string
	if err := starlark.UnpackPositionalArgs("hasattr", args, kwargs, 2, &x, &name); err != nil {
		return nil, err
	}
	if err := decidable(x, "hasattr()"); err != nil {
		return nil, err
	}
	v, err := r.attr(x, name)
	return starlark.Bool(v != nil && err == nil), nil
}

func (r *reader) getattr(_ *starlark.Thread, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var x, def starlark.Value
	var name string
	if err := starlark.UnpackPositionalArgs("getattr", args, kwargs, 2, &x, &name, &def); err != nil {
		return nil, err
	}
	v, err := r.attr(x, name)
	if err != nil && def != nil && decidable(x, "") == nil {
		return def, nil
	}
	return v, err
}

func (r *reader) dirOf(t *starlark.Thread, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	for _, a := range args {
		if err := decidable(a, "dir()"); err != nil {
			return nil, err
		}
	}
	return starlark.Call(t, starlark.Universe["dir"], args, kwargs)
}

// words returns arguments as print and fail show them.
func (r *reader) words(name string, args starlark.Tuple, kwargs []starlark.Tuple) (string, error) {
	sep := " "
	if err := starlark.UnpackArgs(name, nil, kwargs, "sep?", &sep); err != nil {
		return "", err
	}
	parts := make([]string, len(args))
	for i, a := range args {
		parts[i] = r.display(a)
	}
	return strings.Join(parts, sep), nil
}

// display returns v for the eyes of the author.
func (r *reader) display(v starlark.Value) string {
	if s, ok := v.(starlark.String); ok {
		return string(s)
	}
	if size := (&measure{nodes: 1000, bytes: 1 << 16}); !size.spend(v, 0) {
		return "a " + v.Type() + " that is too large to show"
	}
	return v.String()
}

func (r *reader) printed(t *starlark.Thread, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	msg, err := r.words("print", args, kwargs)
	if err != nil {
		return nil, err
	}
	t.Print(t, msg)
	return starlark.None, nil
}

func (r *reader) fail(_ *starlark.Thread, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	msg, err := r.words("fail", args, kwargs)
	if err != nil {
		return nil, err
	}
	return nil, failf("%s", msg)
}

package starfile

import (
	"fmt"
	"slices"
	"strings"

	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
	"bayplan/lang/value"

	"go.starlark.net/starlark"
)

// functions is a file whose functions another language calls. It implements
// schema.Library.
type functions struct {
	r      *reader
	byName starlark.StringDict
}

// ReadLibrary reads a file of functions for expressions of a module in dir.
// What is wrong with it goes to b.Diags. The functions declare nothing: what
// they are given becomes a value of Starlark's, and what they return comes back
// as a value.
func ReadLibrary(b *schema.Builder, f schema.File, src schema.Source, dir string) schema.Library {
	r := newReader(b.Aside(), new(value.Inputs), src, dir)
	r.library = f.Name
	l := &functions{r: r, byName: starlark.StringDict{}}
	globals, err := r.run(f)
	if err != nil {
		r.report(err)
	}
	b.Diags = append(b.Diags, l.said()...)
	for name, v := range globals {
		if _, ok := v.(*starlark.Function); ok && !strings.HasPrefix(name, "_") {
			l.byName[name] = v
		}
	}
	return l
}

// said returns the messages since it was last asked.
func (l *functions) said() diag.List {
	ds := l.r.b.Diags
	l.r.b.Diags = nil
	return ds
}

// Funcs lists the functions. See schema.Library.
func (l *functions) Funcs() []schema.LibraryFunc {
	var out []schema.LibraryFunc
	for _, name := range l.byName.Keys() {
		f := l.byName[name].(*starlark.Function)
		out = append(out, schema.LibraryFunc{Name: name, Doc: strings.TrimSpace(f.Doc()), Params: params(f)})
	}
	return out
}

// params returns the parameters as they are written.
func params(f *starlark.Function) []string {
	var out []string
	for i := range f.NumParams() {
		name, _ := f.Param(i)
		switch def := f.ParamDefault(i); {
		case f.HasKwargs() && i == f.NumParams()-1:
			name = "**" + name
		case f.HasVarargs() && i == f.NumParams()-1-count(f.HasKwargs()):
			name = "*" + name
		case def != nil:
			name += " = " + def.String()
		}
		out = append(out, name)
	}
	return out
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// Call calls a function. See schema.Library.
func (l *functions) Call(name, as string, at diag.Pos, args []ir.Value) (ir.Value, diag.List) {
	f := l.byName[name].(*starlark.Function)
	if d := fits(f, as, len(args)); d != nil {
		d.Pos = at
		return ir.Value{}, diag.List{*d}
	}
	vals := make(starlark.Tuple, len(args))
	for i, a := range args {
		vals[i] = l.r.fromIR(a)
	}
	t := &starlark.Thread{Name: as, Load: l.r.load, Print: l.r.print}
	t.SetLocal(readerKey, l.r)
	defer l.r.guard(t)()
	got, err := starlark.Call(t, f, vals, nil)
	if err != nil {
		l.r.report(err)
		return ir.Value{}, l.led(as, at)
	}
	v, d := l.r.toIR(got, nil)
	if d != nil {
		d.Pos, d.Msg = at, as+": "+d.Msg
		return ir.Value{}, append(l.led(as, at), *d)
	}
	return adrift(v).At(at), l.led(as, at)
}

// led returns what was said in a call, with the call.
func (l *functions) led(as string, at diag.Pos) diag.List {
	ds := l.said()
	for i := range ds {
		ds[i].Calls = slices.Concat([]diag.Call{{Pos: at, Func: as}}, ds[i].Calls)
	}
	return ds
}

// fits returns what is wrong with the number of arguments.
func fits(f *starlark.Function, as string, n int) *diag.Diag {
	most := f.NumParams() - f.NumKwonlyParams() - count(f.HasKwargs()) - count(f.HasVarargs())
	least := 0
	for i := range most {
		if f.ParamDefault(i) == nil {
			least++
		}
	}
	if n >= least && (n <= most || f.HasVarargs()) {
		return nil
	}
	d := &diag.Diag{Msg: fmt.Sprintf("%s: got %d arguments", as, n)}
	return d.Hintf("it is called as %s(%s)", as, strings.Join(params(f), ", "))
}

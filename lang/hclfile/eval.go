package hclfile

import (
	"fmt"
	"slices"
	"strings"

	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
	"bayplan/lang/value"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// Limits of one evaluation, over all modules.
const (
	maxSteps = 1_000_000 // expressions evaluated
	maxText  = 64 << 20  // bytes of text put together
	maxNodes = 1_000_000 // values within one value
)

// eval evaluates expressions to values of the intermediate form. A result of
// false means that there is no value, for a reason that was reported.
type eval struct {
	files map[string][]byte // by name
	diags *diag.List
	nodes map[string]*node // declarations by what names them: var.x, local.x, container.web, module.db
	kinds map[string]*schema.Kind
	b     *schema.Builder // knows what handles show; nil where there are none
	spent *schema.Spent
	funcs map[string]function.Function
	libs  map[string]schema.Library // by the name of their declaration; nil for one that could not be had

	lost    map[string]bool // what begins a reference to blocks of which one has no name that can be read
	stopped bool            // a limit was passed and reported
}

// scope holds a name that a for expression or for_each brings, or the item of a
// splat, and the scope that it stands in; nil has none.
type scope struct {
	parent *scope
	name   string
	item   *hclsyntax.AnonSymbolExpr
	value  ir.Value
}

func (s *scope) lookup(name string) (ir.Value, bool) {
	for ; s != nil; s = s.parent {
		if s.item == nil && s.name == name {
			return s.value, true
		}
	}
	return ir.Value{}, false
}

func (e *eval) pos(r hcl.Range) diag.Pos { return position(e.files[r.Filename], r.Filename, r.Start) }

// fail reports an error at r.
func (e *eval) fail(r hcl.Range, format string, args ...any) *diag.Diag {
	return e.diags.Addf(e.pos(r), format, args...)
}

// failed reports d, at r if it has no position of its own.
func (e *eval) failed(r hcl.Range, d *diag.Diag) (ir.Value, bool) {
	m := *d
	if !m.Pos.Known() {
		m.Pos = e.pos(r)
	}
	*e.diags = append(*e.diags, m)
	return ir.Value{}, false
}

// spend counts work and reports when there was too much of it.
func (e *eval) spend(r hcl.Range, text int) bool {
	e.spent.Steps++
	e.spent.Text += text
	e.spent.Watch.At(r.Filename, r.Start.Byte)
	if why := e.spent.Watch.Stopped(); why != "" && !e.stopped {
		e.stopped = true
		e.fail(r, "%s", why)
	}
	if !e.stopped && (e.spent.Steps > maxSteps || e.spent.Text > maxText) {
		e.stopped = true
		e.fail(r, "evaluation was stopped here: the program takes too many steps or makes too much text").
			Hintf("the limits are %d steps and %d MiB of text", maxSteps, maxText>>20)
	}
	return !e.stopped
}

// eval returns the value of x with x's position, but for what x only chooses
// or names: elements keep the place where they were written.
func (e *eval) eval(x hclsyntax.Expression, sc *scope) (ir.Value, bool) {
	if !e.spend(x.StartRange(), 0) {
		return ir.Value{}, false
	}
	switch x := x.(type) {
	case *hclsyntax.LiteralValueExpr:
		return e.literal(x)
	case *hclsyntax.ParenthesesExpr:
		return e.eval(x.Expression, sc)
	case *hclsyntax.TemplateExpr:
		return e.template(x, sc)
	case *hclsyntax.TemplateWrapExpr:
		return e.templateWrap(x, sc)
	case *hclsyntax.TemplateJoinExpr:
		return e.templateJoin(x, sc)
	case *hclsyntax.ScopeTraversalExpr:
		return e.reference(x.Traversal, sc)
	case *hclsyntax.RelativeTraversalExpr:
		v, ok := e.eval(x.Source, sc)
		if !ok {
			return v, false
		}
		return e.traverse(v, x.Traversal, x.SrcRange)
	case *hclsyntax.FunctionCallExpr:
		return e.call(x, sc)
	case *hclsyntax.ConditionalExpr:
		return e.conditional(x, sc)
	case *hclsyntax.IndexExpr:
		return e.indexExpr(x, sc)
	case *hclsyntax.TupleConsExpr:
		return e.tuple(x, sc)
	case *hclsyntax.ObjectConsExpr:
		return e.object(x, sc)
	case *hclsyntax.ForExpr:
		return e.forExpr(x, sc)
	case *hclsyntax.SplatExpr:
		return e.splat(x, sc)
	case *hclsyntax.AnonSymbolExpr:
		return e.item(x, sc)
	case *hclsyntax.BinaryOpExpr:
		return e.binary(x, sc)
	case *hclsyntax.UnaryOpExpr:
		return e.unary(x, sc)
	}
	panic(fmt.Sprintf("hclfile: expression of type %T", x))
}

func (e *eval) literal(x *hclsyntax.LiteralValueExpr) (ir.Value, bool) {
	v, err := value.FromCty(x.Val)
	if err != nil {
		e.fail(x.SrcRange, "%v", err)
		return ir.Value{}, false
	}
	return v.At(e.pos(x.SrcRange)), true
}

func (e *eval) template(x *hclsyntax.TemplateExpr, sc *scope) (ir.Value, bool) {
	if len(x.Parts) == 1 { // as in most texts
		v, ok := e.evalText(x.Parts[0], sc)
		if !ok || !e.spend(x.SrcRange, len(v.Str)) {
			return ir.Value{}, false
		}
		return v.At(e.pos(x.SrcRange)), true
	}
	pieces := make([]ir.Value, 1, 1+len(x.Parts))
	pieces[0] = ir.StringVal("").At(e.pos(x.SrcRange))
	complete := true
	for _, part := range x.Parts {
		v, ok := e.evalText(part, sc)
		complete = complete && ok
		pieces = append(pieces, v)
	}
	if !complete {
		return ir.Value{}, false
	}
	return e.concat(x.SrcRange, pieces)
}

// templateWrap is a template of one piece, "${x}". A number is text there, since
// it is quoted; lists, maps and null pass, as HCL has it. A resource would not be
// meant.
func (e *eval) templateWrap(x *hclsyntax.TemplateWrapExpr, sc *scope) (ir.Value, bool) {
	v, ok := e.eval(x.Wrapped, sc)
	switch {
	case ok && v.Kind == ir.Handle:
		return e.evalText(x.Wrapped, sc)
	case ok && (v.Kind == ir.Bool || v.Kind == ir.Int || v.Kind == ir.Float):
		return v.ToText(), true
	}
	return v, ok
}

// evalText returns the value of x as a piece of text.
func (e *eval) evalText(x hclsyntax.Expression, sc *scope) (ir.Value, bool) {
	v, ok := e.eval(x, sc)
	if !ok {
		return v, false
	}
	t, d := value.Text(v)
	if d != nil {
		d.Pos = e.pos(x.StartRange())
		return e.failed(x.StartRange(), d)
	}
	return t, true
}

func (e *eval) concat(r hcl.Range, pieces []ir.Value) (ir.Value, bool) {
	size := 0
	for _, p := range pieces {
		size += len(p.Str)
	}
	if !e.spend(r, size) {
		return ir.Value{}, false
	}
	return ir.Concat(pieces...), true
}

// templateJoin is the body of %{ for } in a template.
func (e *eval) templateJoin(x *hclsyntax.TemplateJoinExpr, sc *scope) (ir.Value, bool) {
	list, ok := e.eval(x.Tuple, sc)
	if !ok {
		return list, false
	}
	pieces := []ir.Value{ir.StringVal("").At(e.pos(x.StartRange()))}
	for _, v := range list.List {
		t, d := value.Text(v)
		if d != nil {
			return e.failed(x.StartRange(), d)
		}
		pieces = append(pieces, t)
	}
	return e.concat(x.StartRange(), pieces)
}

func (e *eval) conditional(x *hclsyntax.ConditionalExpr, sc *scope) (ir.Value, bool) {
	cond, ok := e.decide(x.Condition, sc, "a condition")
	if !ok {
		return ir.Value{}, false
	}
	if cond {
		return e.eval(x.TrueResult, sc)
	}
	return e.eval(x.FalseResult, sc)
}

func (e *eval) tuple(x *hclsyntax.TupleConsExpr, sc *scope) (ir.Value, bool) {
	list := make([]ir.Value, 0, len(x.Exprs))
	complete := true
	for _, el := range x.Exprs {
		v, ok := e.eval(el, sc)
		complete = complete && ok
		list = append(list, v)
	}
	return ir.ListVal(list...).At(e.pos(x.SrcRange)), complete
}

func (e *eval) object(x *hclsyntax.ObjectConsExpr, sc *scope) (ir.Value, bool) {
	out := ir.MapVal(make(map[string]ir.Value, len(x.Items))).At(e.pos(x.SrcRange))
	complete := true
	for _, item := range x.Items {
		k, okKey := e.objectKey(item.KeyExpr, sc)
		v, ok := e.eval(item.ValueExpr, sc)
		if !okKey || !ok {
			complete = false
			continue
		}
		if _, twice := out.Map[k]; twice {
			e.fail(item.KeyExpr.StartRange(), "the key %q stands here twice", k)
			complete = false
		}
		out.Map[k] = v
	}
	return out, complete
}

func (e *eval) objectKey(x hclsyntax.Expression, sc *scope) (string, bool) {
	key, isKey := x.(*hclsyntax.ObjectConsKeyExpr)
	if !isKey {
		return e.key(x, sc)
	}
	if !key.ForceNonLiteral {
		if name := hcl.ExprAsKeyword(key.Wrapped); name != "" {
			return name, true
		}
		if t, ok := key.Wrapped.(*hclsyntax.ScopeTraversalExpr); ok {
			e.fail(t.SrcRange, "it is not clear whether this key is a name or a reference").
				Hintf("write (%[1]s) for the reference, %[2]q for the name", traversalText(t.Traversal), traversalText(t.Traversal))
			return "", false
		}
	}
	return e.key(key.Wrapped, sc)
}

// key returns the value of x as the key of a map.
func (e *eval) key(x hclsyntax.Expression, sc *scope) (string, bool) {
	v, ok := e.plain(x, sc, "a key")
	if !ok {
		return "", false
	}
	t, d := value.Text(v)
	if d != nil {
		d.Pos = e.pos(x.StartRange())
		e.failed(x.StartRange(), d)
		return "", false
	}
	return t.Str, true
}

// plain returns the value of x, on which something is going to be decided: it
// may not be sensitive, and has to be known before an engine is asked.
func (e *eval) plain(x hclsyntax.Expression, sc *scope, what string) (ir.Value, bool) {
	v, ok := e.eval(x, sc)
	if !ok {
		return v, false
	}
	return v, e.isPlain(x.StartRange(), v, what)
}

func (e *eval) isPlain(r hcl.Range, v ir.Value, what string) bool {
	if m := schema.Undecided(v, what); m != nil {
		e.failed(r, m)
		return false
	}
	return true
}

// decide returns the value of x as a yes or no.
func (e *eval) decide(x hclsyntax.Expression, sc *scope, what string) (yes, ok bool) {
	v, ok := e.plain(x, sc, what)
	if !ok {
		return false, false
	}
	return e.truth(x, v, what)
}

// option is decide for what may be null: then it is as if it were not written.
func (e *eval) option(x hclsyntax.Expression, sc *scope, what string, def bool) (yes, ok bool) {
	v, ok := e.plain(x, sc, what)
	switch {
	case !ok || v.IsBroken():
		return false, false
	case v.IsNull() && v.Off == "":
		return def, true
	}
	return e.truth(x, v, what)
}

// truth returns v, the value of x, as a yes or no.
func (e *eval) truth(x hclsyntax.Expression, v ir.Value, what string) (yes, ok bool) {
	switch {
	case v.Kind == ir.Bool:
		return v.Bool, true
	case v.Kind == ir.String && (v.Str == "true" || v.Str == "false"):
		return v.Str == "true", true
	case v.IsNull() && v.Off != "":
		e.off(x.StartRange(), v)
		return false, false
	}
	m := e.fail(x.StartRange(), "%s has to be true or false, got %s", what, v.Kind)
	if v.Kind == ir.List || v.Kind == ir.Map || v.Kind == ir.String {
		m.Hintf("write what it shall be compared with, such as != \"\" or length(…) > 0")
	}
	return false, false
}

// off reports the use of a resource that is disabled.
func (e *eval) off(r hcl.Range, v ir.Value) {
	e.fail(r, "%s does not exist, since its `enabled` is off", v.Off).
		Hintf("leave it out in that case, or enable %s", v.Off)
}

func (e *eval) forExpr(x *hclsyntax.ForExpr, sc *scope) (ir.Value, bool) {
	coll, ok := e.eval(x.CollExpr, sc)
	if !ok {
		return coll, false
	}
	keys, vals, ok := e.elements(x.CollExpr.StartRange(), coll)
	if !ok {
		return ir.Value{}, false
	}
	f := &loop{eval: e, x: x, out: map[string]ir.Value{}}
	complete := true
	for i := range vals {
		within := &scope{parent: sc, name: x.ValVar, value: vals[i]}
		if x.KeyVar != "" {
			within = &scope{parent: within, name: x.KeyVar, value: keys[i]}
		}
		if !f.step(within) {
			complete = false
			break // the next would fail in the same way
		}
	}
	if x.KeyExpr == nil {
		return ir.ListVal(f.list...).At(e.pos(x.SrcRange)), complete
	}
	return ir.MapVal(f.out).At(e.pos(x.SrcRange)), complete
}

// loop is a for expression at work.
type loop struct {
	*eval
	x    *hclsyntax.ForExpr
	list []ir.Value
	out  map[string]ir.Value
}

func (l *loop) step(sc *scope) bool {
	if l.x.CondExpr != nil {
		if yes, ok := l.decide(l.x.CondExpr, sc, "the `if` of a for"); !ok || !yes {
			return ok
		}
	}
	if l.x.KeyExpr == nil {
		v, ok := l.eval.eval(l.x.ValExpr, sc)
		l.list = append(l.list, v)
		return ok
	}
	k, ok := l.key(l.x.KeyExpr, sc)
	if !ok {
		return false
	}
	v, ok := l.eval.eval(l.x.ValExpr, sc)
	if !ok {
		return false
	}
	old, twice := l.out[k]
	switch {
	case l.x.Group:
		l.out[k] = ir.ListVal(append(old.List, v)...).At(l.pos(l.x.SrcRange))
	case twice:
		l.fail(l.x.KeyExpr.StartRange(), "two elements have the key %q", k).
			Hintf("make the keys distinct, or write ... after the value to gather the elements of a key in a list")
		return false
	default:
		l.out[k] = v
	}
	return true
}

// elements returns what a for walks over, with keys.
func (e *eval) elements(r hcl.Range, v ir.Value) (keys, vals []ir.Value, ok bool) {
	switch {
	case v.Sensitive:
		e.fail(r, "a for cannot walk over a sensitive value").
			Hintf("it would show how many elements there are; pass the value on as a whole")
		return nil, nil, false
	case v.Kind == ir.List:
		for i, el := range v.List {
			keys, vals = append(keys, ir.IntVal(int64(i))), append(vals, el)
		}
		return keys, vals, true
	case v.Kind == ir.Map:
		for _, k := range v.Keys() {
			keys, vals = append(keys, ir.StringVal(k).At(v.Map[k].Pos)), append(vals, v.Map[k])
		}
		return keys, vals, true
	case v.Kind == ir.Engine || v.Kind == ir.Text:
		e.isPlain(r, v, "a for")
		return nil, nil, false
	case v.Kind == ir.Handle:
		e.fail(r, "%s is one resource, and a for walks over many", v.Ref).Hintf("write [%s]", v.Ref)
		return nil, nil, false
	case v.IsNull() && v.Off != "":
		e.off(r, v)
		return nil, nil, false
	}
	e.fail(r, "a for walks over a list or a map, got %s", v.Kind)
	return nil, nil, false
}

func (e *eval) splat(x *hclsyntax.SplatExpr, sc *scope) (ir.Value, bool) {
	src, ok := e.eval(x.Source, sc)
	if !ok {
		return src, false
	}
	var items []ir.Value
	switch {
	case src.Sensitive:
		_, _, _ = e.elements(x.Source.StartRange(), src)
		return ir.Value{}, false
	case src.Kind == ir.List:
		items = src.List
	case src.Kind == ir.Map && isHandles(src):
		e.fail(x.MarkerRange, "[*] works on lists, and these are instances by key").
			Hintf("write values(…)[*], or [for k, x in … : x]")
		return ir.Value{}, false
	case !src.IsNull():
		items = []ir.Value{src}
	}
	out := ir.ListVal().At(e.pos(x.SrcRange))
	for _, item := range items {
		v, ok := e.eval(x.Each, &scope{parent: sc, item: x.Item, value: item})
		if !ok {
			return ir.Value{}, false
		}
		out.List = append(out.List, v)
	}
	return out, true
}

func isHandles(m ir.Value) bool {
	for _, v := range m.Map {
		if v.Kind != ir.Handle {
			return false
		}
	}
	return len(m.Map) > 0
}

func (e *eval) item(x *hclsyntax.AnonSymbolExpr, sc *scope) (ir.Value, bool) {
	for ; sc != nil; sc = sc.parent {
		if sc.item == x {
			return sc.value, true
		}
	}
	panic("hclfile: the item of a splat outside of it")
}

func (e *eval) binary(x *hclsyntax.BinaryOpExpr, sc *scope) (ir.Value, bool) {
	at := e.pos(x.SrcRange)
	switch x.Op {
	case hclsyntax.OpLogicalAnd, hclsyntax.OpLogicalOr:
		yes, ok := e.decide(x.LHS, sc, "a condition")
		if !ok {
			return ir.Value{}, false
		}
		if yes == (x.Op == hclsyntax.OpLogicalAnd) {
			yes, ok = e.decide(x.RHS, sc, "a condition")
		}
		return ir.BoolVal(yes).At(at), ok
	case hclsyntax.OpEqual, hclsyntax.OpNotEqual:
		l, okL := e.plain(x.LHS, sc, "a comparison")
		r, okR := e.plain(x.RHS, sc, "a comparison")
		return ir.BoolVal(l.Equal(r) == (x.Op == hclsyntax.OpEqual)).At(at), okL && okR
	case hclsyntax.OpAdd, hclsyntax.OpSubtract, hclsyntax.OpMultiply, hclsyntax.OpDivide, hclsyntax.OpModulo:
		l, okL := e.number(x.LHS, sc, false)
		r, okR := e.number(x.RHS, sc, false)
		if !okL || !okR {
			return ir.Value{}, false
		}
		if r.Equal(ir.IntVal(0)) && (x.Op == hclsyntax.OpDivide || x.Op == hclsyntax.OpModulo) && !r.Sensitive {
			e.fail(x.RHS.StartRange(), "division by zero")
			return ir.Value{}, false
		}
		return e.operate(x.SrcRange, x.Op, l, r)
	}
	l, okL := e.number(x.LHS, sc, true)
	r, okR := e.number(x.RHS, sc, true)
	if !okL || !okR {
		return ir.Value{}, false
	}
	return e.operate(x.SrcRange, x.Op, l, r)
}

func (e *eval) unary(x *hclsyntax.UnaryOpExpr, sc *scope) (ir.Value, bool) {
	if x.Op == hclsyntax.OpLogicalNot {
		yes, ok := e.decide(x.Val, sc, "a condition")
		return ir.BoolVal(!yes).At(e.pos(x.SrcRange)), ok
	}
	v, ok := e.number(x.Val, sc, false)
	if !ok {
		return v, false
	}
	return e.operate(x.SrcRange, x.Op, v)
}

// operate works on numbers. Each result is rounded, so that both languages
// count alike.
func (e *eval) operate(r hcl.Range, op *hclsyntax.Operation, args ...ir.Value) (ir.Value, bool) {
	v, d := value.Call("the operation", op.Impl, args)
	if d != nil {
		d.Pos, d.Msg = e.pos(r), strings.Replace(d.Msg, "the operation: ", "", 1)
		return e.failed(r, d)
	}
	return v.At(e.pos(r)), true
}

// number returns the value of x as a number. With compare, something is going
// to be decided on it.
func (e *eval) number(x hclsyntax.Expression, sc *scope, compare bool) (ir.Value, bool) {
	v, ok := e.eval(x, sc)
	if !ok {
		return v, false
	}
	if compare && !e.isPlain(x.StartRange(), v, "a comparison") {
		return ir.Value{}, false
	}
	switch {
	case v.Kind == ir.Int || v.Kind == ir.Float:
		return v, true
	case v.Kind == ir.Engine || v.Kind == ir.Text:
		e.isPlain(x.StartRange(), v, "arithmetic")
		return ir.Value{}, false
	case v.Kind == ir.String:
		if c, err := cty.ParseNumberVal(v.Str); err == nil {
			if n, err := value.FromCty(c); err == nil {
				n.Pos, n.Sensitive, n.Opaque = v.Pos, v.Sensitive, v.Opaque
				return n, true
			}
		}
	case v.IsNull() && v.Off != "":
		e.off(x.StartRange(), v)
		return ir.Value{}, false
	}
	if v.Opaque {
		n := ir.IntVal(0).AsSensitive()
		n.Opaque = true
		return n, true
	}
	m := e.fail(x.StartRange(), "want a number here, got %s", v.Kind)
	if v.Kind == ir.String && !compare {
		m.Hintf("text is put together with \"${…}${…}\"")
	}
	return ir.Value{}, false
}

func (e *eval) call(x *hclsyntax.FunctionCallExpr, sc *scope) (ir.Value, bool) {
	args, ok := e.args(x, sc)
	if !ok {
		return ir.Value{}, false
	}
	switch x.Name {
	case string(ir.Started), string(ir.Healthy), string(ir.Completed):
		return e.condition(x, args)
	}
	if lib, name, ok := strings.Cut(x.Name, "::"); ok {
		return e.callLibrary(x, lib, name, args)
	}
	f, ok := e.funcs[x.Name]
	if !ok {
		e.unknownFunc(x)
		return ir.Value{}, false
	}
	for _, a := range args {
		if size(a, maxNodes) >= maxNodes {
			e.fail(x.NameRange, "%s: an argument is too large", x.Name).Hintf("the limit is %d values within one value", maxNodes)
			return ir.Value{}, false
		}
	}
	e.spent.Watch.At(x.NameRange.Filename, x.NameRange.Start.Byte) // the arguments were the last
	v, d := value.Call(x.Name, f, args)
	if d != nil {
		return e.failed(x.NameRange, d)
	}
	if !e.spend(x.NameRange, len(v.Str)) {
		return ir.Value{}, false
	}
	return v.At(e.pos(x.NameRange)), true
}

// callLibrary is lib::name(args).
func (e *eval) callLibrary(x *hclsyntax.FunctionCallExpr, lib, name string, args []ir.Value) (ir.Value, bool) {
	l, ok := e.libs[lib]
	switch {
	case !ok:
		m := e.fail(x.NameRange, "there is no library %q", lib).DidYouMean(lib, sortedKeys(e.libs))
		if m.Hint == "" {
			m.Hintf("functions of a Starlark file come with library %q { source = \"./lib/%s.star\" }", lib, lib)
		}
		return ir.Value{}, false
	case l == nil:
		return ir.Value{}, false // that was reported
	}
	var names []string
	for _, f := range l.Funcs() {
		names = append(names, f.Name)
	}
	if !slices.Contains(names, name) {
		m := e.fail(x.NameRange, "the library %s has no function %q", lib, name).DidYouMean(name, names)
		if m.Hint == "" {
			m.Hintf("it has %s", strings.Join(names, ", "))
		}
		return ir.Value{}, false
	}
	v, ds := l.Call(name, x.Name, e.pos(x.NameRange), args)
	*e.diags = append(*e.diags, ds...)
	return v, !ds.HasErrors() && e.spend(x.NameRange, len(v.Str))
}

func (e *eval) args(x *hclsyntax.FunctionCallExpr, sc *scope) ([]ir.Value, bool) {
	var args []ir.Value
	complete := true
	for _, a := range x.Args {
		v, ok := e.eval(a, sc)
		complete = complete && ok
		args = append(args, v)
	}
	if !complete || !x.ExpandFinal {
		return args, complete
	}
	n := len(args) - 1
	last := args[n]
	_, vals, ok := e.elements(x.Args[n].StartRange(), last)
	if ok && last.Kind != ir.List {
		e.fail(x.Args[n].StartRange(), "want a list before ..., got %s", last.Kind)
		return nil, false
	}
	for i := range vals {
		vals[i].Pos = last.Pos
	}
	return append(args[:n], vals...), ok
}

// habits are functions of other tools that Bayplan does not have, and why.
var habits = map[string]string{
	"timestamp":    "evaluation is pure, so that the same files always give the same plan: pass the value in as a variable",
	"uuid":         "evaluation is pure, so that the same files always give the same plan: pass the value in as a variable",
	"bcrypt":       "its salt would make every plan differ: pass the value in as a variable",
	"env":          "declare a variable and set BAY_VAR_name in the environment",
	"getenv":       "declare a variable and set BAY_VAR_name in the environment",
	"append":       "use concat",
	"try":          "nothing catches a mistake here: ask before, x == null ? … : …, or take lookup(map, key, default) or coalesce",
	"can":          "nothing catches a mistake here: compare with what it can be, or write a validation of the variable",
	"sensitive":    "a variable or an output says sensitive = true, and what is made of it is sensitive too",
	"nonsensitive": "what is sensitive stays so: decide on another variable",
	"check":        `a rule on the program is a block: assert "NAME" { condition = …, error_message = … }`,
	"len":          "use length",
	"str":          "use \"${…}\" or tostring",
}

func (e *eval) unknownFunc(x *hclsyntax.FunctionCallExpr) {
	names := []string{string(ir.Started), string(ir.Healthy), string(ir.Completed)}
	for name := range e.funcs {
		names = append(names, name)
	}
	m := e.fail(x.NameRange, "there is no function %q", x.Name)
	if hint := habits[x.Name]; hint != "" {
		m.Hintf("%s", hint)
	}
	m.DidYouMean(x.Name, names)
}

// condition is started(x), healthy(x, limit) or completed(x, limit).
func (e *eval) condition(x *hclsyntax.FunctionCallExpr, args []ir.Value) (ir.Value, bool) {
	if len(args) < 1 || len(args) > 2 {
		e.fail(x.NameRange, "%s: got %d arguments", x.Name, len(args)).
			Hintf("it takes a resource, or many of them, and a time limit: %s(container.db, \"60s\")", x.Name)
		return ir.Value{}, false
	}
	var limit ir.Value
	if len(args) == 2 {
		limit = args[1]
	}
	return schema.Condition(ir.Condition(x.Name), args[0], limit).At(e.pos(x.NameRange)), true
}

// size counts the values within v, up to limit.
func size(v ir.Value, limit int) int {
	n := 1
	for _, el := range v.List {
		if n >= limit {
			return n
		}
		n += size(el, limit-n)
	}
	for _, el := range v.Map {
		if n >= limit {
			return n
		}
		n += size(el, limit-n)
	}
	return n
}

// traversalText returns a reference as it was written.
func traversalText(t hcl.Traversal) string {
	var b strings.Builder
	for _, step := range t {
		switch s := step.(type) {
		case hcl.TraverseRoot:
			b.WriteString(s.Name)
		case hcl.TraverseAttr:
			b.WriteString("." + s.Name)
		case hcl.TraverseIndex:
			if s.Key.Type() == cty.String {
				fmt.Fprintf(&b, "[%q]", s.Key.AsString())
			} else {
				fmt.Fprintf(&b, "[%s]", s.Key.AsBigFloat().Text('g', 10))
			}
		}
	}
	return b.String()
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

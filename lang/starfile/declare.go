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

// declarations returns the functions by which a program declares things.
func declarations(u *schema.Universe) starlark.StringDict {
	out := starlark.StringDict{}
	add := func(name string, f func(*reader, *invocation) (starlark.Value, error)) {
		out[name] = builtin(name, func(r *reader, t *starlark.Thread, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
			in := r.invocation(name, t, args, kwargs)
			v, err := f(r, in)
			if err == nil {
				return v, nil
			}
			return r.forgive(v, err, in.given())
		})
	}
	add("stack", (*reader).stack)
	add("module", (*reader).module)
	add("variable", (*reader).variable)
	add("rule", (*reader).rule)
	add("check", (*reader).check)
	add("output", (*reader).output)
	add("lifecycle", (*reader).lifecycle)
	add("registry", (*reader).login)
	add("moved", func(r *reader, in *invocation) (starlark.Value, error) { return r.move(r.b.Moved, in) })
	add("adopt", func(r *reader, in *invocation) (starlark.Value, error) { return r.move(r.b.Adopt, in) })
	add("forget", func(r *reader, in *invocation) (starlark.Value, error) { return r.move(r.b.Forget, in) })
	for _, c := range []ir.Condition{ir.Started, ir.Healthy, ir.Completed} {
		add(string(c), func(r *reader, in *invocation) (starlark.Value, error) { return r.condition(c, in) })
	}
	for _, k := range u.Kinds {
		add(k.Name, func(r *reader, in *invocation) (starlark.Value, error) { return r.resource(k, in) })
	}
	return out
}

// invocation is one call of a declaring function.
type invocation struct {
	r      *reader
	name   string
	of     ir.Addr // what is declared, once that is known
	args   starlark.Tuple
	kwargs []starlark.Tuple
	taken  []bool // of kwargs: those that were asked for
	pos    diag.Pos
	calls  []diag.Call
	frames []*call // the calls on the stack that are known, innermost first
}

func (r *reader) invocation(name string, t *starlark.Thread, args starlark.Tuple, kwargs []starlark.Tuple) *invocation {
	stack := t.CallStack()
	in := &invocation{r: r, name: name, args: args, kwargs: kwargs, taken: make([]bool, len(kwargs))}
	in.pos, in.calls = r.where(stack)
	for _, fr := range slices.Backward(stack) {
		if c := r.callAt(position(fr.Pos)); c != nil {
			in.frames = append(in.frames, c)
		}
	}
	if len(in.frames) == 0 {
		in.frames = []*call{new(call)}
	}
	return in
}

// given returns all arguments, those with names too.
func (in *invocation) given() starlark.Tuple {
	all := slices.Clone(in.args)
	for _, kv := range in.kwargs {
		all = append(all, kv[1])
	}
	return all
}

// owner is what messages call that which is declared.
func (in *invocation) owner() string {
	if in.of == (ir.Addr{}) {
		return in.name
	}
	return in.of.String()
}

// failf is a failure of the call as a whole.
func (in *invocation) failf(format string, args ...any) *failure {
	return failf(in.owner()+": "+format, args...)
}

// report adds a message that does not end the evaluation.
func (in *invocation) report(d *diag.Diag) {
	m := *d
	if !m.Pos.Known() {
		m.Pos = in.pos
	}
	m.Calls = in.calls
	in.r.b.Diags = append(in.r.b.Diags, m)
}

// errorf reports an error at p that does not end the evaluation.
func (in *invocation) errorf(p diag.Pos, format string, args ...any) *diag.Diag {
	in.report(&diag.Diag{Pos: p, Msg: fmt.Sprintf(format, args...)})
	return &in.r.b.Diags[len(in.r.b.Diags)-1]
}

// written returns where a named argument was written. Where it came through
// **kwargs, that is the outer call that names it.
func (in *invocation) written(name string) arg {
	for _, c := range in.frames {
		if a, ok := c.named[name]; ok {
			return a
		}
		if c.spread == nil {
			break
		}
	}
	spread := in.frames[0].spread
	return arg{pos: spread.at(), value: spread}
}

// take returns a named argument and marks it as used, or nil.
func (in *invocation) take(name string) starlark.Value {
	var first starlark.Value // **kwargs can give a name again
	for i, kv := range in.kwargs {
		if string(kv[0].(starlark.String)) != name {
			continue
		}
		in.taken[i] = true
		if first == nil {
			first = kv[1]
		}
	}
	return first
}

// takeIR returns a named argument with its positions. One that was not given,
// or that has no place in a declaration, is null.
func (in *invocation) takeIR(name string) ir.Attr {
	at := in.written(name)
	a := ir.Attr{Name: name, Pos: at.pos}
	v := in.take(name)
	if v == nil {
		return a
	}
	x, d := in.r.toIR(v, at.value)
	if d != nil {
		d.Msg = in.owner() + "." + name + ": " + d.Msg
		in.report(d)
		a.Value = ir.BrokenVal()
		return a
	}
	if in.r.unresolved && x.Any(func(v ir.Value) bool { return v.Opaque }) {
		x = ir.BrokenVal().At(x.Pos)
	}
	a.Value = x
	return a
}

// rest returns the named arguments that were not taken, as attributes.
func (in *invocation) rest() []ir.Attr {
	attrs := slices.Grow([]ir.Attr(nil), len(in.kwargs))
	for i, kv := range in.kwargs {
		if name := string(kv[0].(starlark.String)); !in.taken[i] {
			attrs = append(attrs, in.takeIR(name))
		}
	}
	return attrs
}

// none reports the named arguments that were not taken.
func (in *invocation) none(known ...string) {
	for i, kv := range in.kwargs {
		if name := string(kv[0].(starlark.String)); !in.taken[i] {
			m := in.errorf(in.written(name).pos, "%s: unknown argument %q", in.owner(), name).DidYouMean(name, known)
			if m.Hint == "" {
				m.Hintf("the arguments here are %s", strings.Join(known, ", "))
			}
		}
	}
}

// positional takes the positional arguments of these names, which may also be
// given by name. The first `required` of them have to be there.
func (in *invocation) positional(required int, names ...string) ([]starlark.Value, error) {
	if len(in.args) > len(names) {
		return nil, in.failf("got %d arguments without a name, want at most %d: %s", len(in.args), len(names), strings.Join(names, ", ")).
			Hintf("write the others by name: %s", in.example())
	}
	out := make([]starlark.Value, len(names))
	for i, name := range names {
		named := in.take(name)
		switch {
		case i < len(in.args) && named != nil:
			return nil, in.failf("%q is given twice", name)
		case i < len(in.args):
			out[i] = in.args[i]
		default:
			out[i] = named
		}
		if out[i] == nil && i < required {
			return nil, in.failf("%q is missing", name).Hintf("write %s", in.example())
		}
	}
	return out, nil
}

// positionalIR returns a positional argument with its positions.
func (in *invocation) positionalIR(i int, name string, v starlark.Value) (ir.Value, *diag.Diag) {
	if v == nil {
		return ir.Value{}, nil
	}
	sh := in.frames[0].arg(i)
	if i >= len(in.args) {
		sh = in.written(name).value
	}
	return in.r.toIR(v, sh)
}

// text returns an argument that has to be plain text.
func (in *invocation) text(i int, name string, v starlark.Value) (string, error) {
	if d, ok := v.(*deferred); ok {
		return "", in.r.decision(d.v, in.owner()+" "+name)
	}
	s, ok := starlark.AsString(v)
	if !ok {
		return "", in.failf("%s: got %s, want text", name, typeName(v)).Hintf("write %s", in.example())
	}
	return s, nil
}

// example shows how the function is called.
func (in *invocation) example() string {
	switch in.name {
	case "stack":
		return `stack(name = "shop")`
	case "variable":
		return `variable("replicas", type = "number", default = 3)`
	case "rule":
		return `rule(lambda v: v > 0, "want more than 0, got {value}")`
	case "check":
		return `check("odd", replicas % 2 == 1, "replicas must be odd, got %d" % replicas)`
	case "module":
		return `module("db", source = "./modules/db", inputs = {"name": value})`
	case "output":
		return `output("url", value)`
	case "lifecycle":
		return "lifecycle(prevent_destroy = True)"
	case "registry":
		return `registry("ghcr.io", username = "me", password = token)`
	case "moved":
		return `moved(old = "volume.data", new = pgdata)`
	case "adopt":
		return `adopt(resource = pgdata, name = "old_pgdata")`
	case "forget":
		return `forget(address = "volume.data")`
	case "started", "healthy", "completed":
		return in.name + `(x), or ` + in.name + `(x, "60s")`
	}
	return in.name + `("label", name = value, …)`
}

func (r *reader) stack(in *invocation) (starlark.Value, error) {
	if err := r.declaring("stack(…)"); err != nil {
		return nil, err
	}
	if len(in.args) > 0 {
		return nil, in.failf("all arguments are named").Hintf("write %s", in.example())
	}
	in.do(func() { r.b.Stack(in.rest(), in.pos) })
	return starlark.None, nil
}

// move takes a declaration that says where a resource's object comes from, or
// that one is left alone.
func (r *reader) move(give func([]ir.Attr, diag.Pos, []diag.Call), in *invocation) (starlark.Value, error) {
	if err := r.declaring(in.name + "(…)"); err != nil {
		return nil, err
	}
	if len(in.args) > 0 {
		return nil, in.failf("all arguments are named").Hintf("write %s", in.example())
	}
	in.do(func() { give(in.rest(), in.pos, in.calls) })
	return starlark.None, nil
}

// login takes an account at a registry.
func (r *reader) login(in *invocation) (starlark.Value, error) {
	if err := r.declaring("registry(…)"); err != nil {
		return nil, err
	}
	pos, err := in.positional(1, "host")
	if err != nil {
		return nil, err
	}
	host, err := in.text(0, "host", pos[0])
	if err != nil {
		return nil, err
	}
	in.do(func() { r.b.Login(host, in.rest(), in.pos, in.calls) })
	return starlark.None, nil
}

// do lets the builder work, and adds the calls that led here to its messages.
func (in *invocation) do(f func()) {
	before := len(in.r.b.Diags)
	f()
	for i := range in.r.b.Diags[before:] {
		in.r.b.Diags[before+i].Calls = in.calls
	}
}

var variableArgs = append([]string{"name", "validation"}, value.VariableAttrs...)

func (r *reader) variable(in *invocation) (starlark.Value, error) {
	if err := r.declaring("variable(…)"); err != nil {
		return nil, err
	}
	pos, err := in.positional(1, "name")
	if err != nil {
		return nil, err
	}
	name, err := in.text(0, "name", pos[0])
	if err != nil {
		return nil, err
	}
	if !ir.IsIdent(name) {
		in.errorf(in.frames[0].arg(0).at(), "%q is no name for a variable: want letters, digits, _ and -, not a digit or - first", name)
	}
	v := &value.Variable{Name: name, Pos: in.pos}
	if at, ok := r.variables[name]; ok {
		in.errorf(in.pos, "variable %q is declared twice", name).Hintf("it was declared at %s", at)
	}
	r.variables[name] = in.pos
	v.Type = in.takeType(name)
	if in.has("default") {
		a := in.takeIR("default")
		v.Default, v.HasDefault = a.Value, true
	}
	v.Description = in.takeString("description")
	v.Sensitive = in.takeBool("sensitive", false)
	v.NotNull = !in.takeBool("nullable", true)
	v.Rules = in.takeRules()
	before := len(r.b.Diags)
	in.none(variableArgs...)
	v.Broken = v.Broken || len(r.b.Diags) > before // what is unknown there may be its default
	var got ir.Value
	var ok bool
	in.do(func() { got, ok = r.in.Resolve(v, &r.b.Diags) })
	r.unresolved = r.unresolved || !ok
	return r.fromIR(adrift(got)), nil
}

func (in *invocation) has(name string) bool {
	return slices.ContainsFunc(in.kwargs, func(kv starlark.Tuple) bool { return string(kv[0].(starlark.String)) == name })
}

func (in *invocation) takeType(variable string) value.Type {
	a := in.takeIR("type")
	if a.Value.IsNull() {
		return value.Type{}
	}
	if a.Value.Kind != ir.String || a.Value.Sensitive {
		in.errorf(a.Value.Pos, "variable %q: type: got %s, want text", variable, a.Value.Kind).
			Hintf(`write type = "string", "number", "bool", "list(string)" or "map(string)"`)
		return value.Type{}
	}
	t, err := value.ParseType(a.Value.Str, in.r.b.Universe.KindNames())
	if err != nil {
		in.errorf(a.Value.Pos, "variable %q: type: %v", variable, err)
	}
	return t
}

func (in *invocation) takeString(name string) string {
	a := in.takeIR(name)
	if a.Value.IsNull() {
		return ""
	}
	if a.Value.Kind != ir.String || a.Value.Sensitive {
		in.errorf(a.Value.Pos, "%s: %s: want plain text", in.owner(), name)
		return ""
	}
	return a.Value.Str
}

func (in *invocation) takeBool(name string, def bool) bool {
	a := in.takeIR(name)
	if a.Value.IsNull() && a.Value.Off == "" {
		return def
	}
	if d := decisive(a.Value, name); d != nil {
		in.report(d)
		return def
	}
	if text := a.Value.Str; a.Value.Kind == ir.String && (text == "true" || text == "false") { // of a variable without a type
		return text == "true"
	}
	if a.Value.Kind != ir.Bool {
		in.errorf(a.Value.Pos, "%s: %s: got %s, want True or False", in.owner(), name, a.Value.Kind)
		return def
	}
	return a.Value.Bool
}

// decisive returns a message if v is a value on which nothing can be decided.
func decisive(v ir.Value, what string) *diag.Diag {
	d := schema.Undecided(v, what)
	if d != nil {
		d.Pos = v.Pos
	}
	return d
}

// takeRules reads the validations.
func (in *invocation) takeRules() []value.Rule {
	at := in.written("validation")
	v := in.take("validation")
	if v == nil || v == starlark.None || standInAmong(v) != nil {
		return nil
	}
	list, ok := v.(*starlark.List)
	switch v.(type) {
	case *rule, *word:
		list, ok = starlark.NewList([]starlark.Value{v}), true
	}
	if !ok {
		in.errorf(at.value.at(), "variable: validation: got %s, want a list of rules", typeName(v)).
			Hintf(`write validation = [rule(lambda v: v > 0, "want more than 0, got {value}")]`)
		return nil
	}
	var rules []value.Rule
	for i := range list.Len() {
		if standInAmong(list.Index(i)) != nil {
			continue
		}
		x, ok := list.Index(i).(*rule)
		if w, decided := list.Index(i).(*word); decided && w.name == "rule" {
			in.errorf(w.v.Pos, "variable: validation: the rule does not ask about the value: its condition is decided already").
				Hintf(`write rule(lambda v: v > 0, "want more than 0, got {value}")`)
			continue
		}
		if !ok {
			in.errorf(at.value.elem(i).at(), "variable: validation: got %s, want a rule", typeName(list.Index(i))).
				Hintf(`write rule(lambda v: v > 0, "want more than 0, got {value}")`)
			continue
		}
		rules = append(rules, value.Rule{Pos: x.pos, Holds: in.holds(x), Message: in.message(x)})
	}
	return rules
}

func (in *invocation) holds(x *rule) func(ir.Value, bool) (bool, *diag.Diag) {
	return func(v ir.Value, secret bool) (bool, *diag.Diag) {
		show := in.r.print
		if secret {
			show = func(*starlark.Thread, string) {}
		}
		got, err := in.call(x.holds, show, in.r.fromIR(v))
		if err != nil {
			return false, err
		}
		yes, ok := got.(starlark.Bool)
		if d, unknown := got.(*deferred); got == nil || unknown && d.standIn() {
			return true, nil // what it asks about has no value, and a message says so
		}
		if !ok {
			return false, (&diag.Diag{Pos: x.pos, Msg: fmt.Sprintf("the rule answers with %s, want True or False", typeName(got))})
		}
		return bool(yes), nil
	}
}

// call calls a function of the program from outside of it. What it prints goes
// to show. The result is nil where it came upon what has no value, for a reason
// that was reported.
func (in *invocation) call(f starlark.Callable, show func(*starlark.Thread, string), args ...starlark.Value) (starlark.Value, *diag.Diag) {
	t := &starlark.Thread{Name: in.name, Print: show}
	t.SetLocal(readerKey, in.r)
	defer in.r.guard(t)()
	got, err := starlark.Call(t, f, args, nil)
	if err == nil {
		return got, nil
	}
	before := len(in.r.b.Diags)
	in.r.report(err)
	if len(in.r.b.Diags) == before {
		return nil, nil // it came upon what was reported
	}
	d := in.r.b.Diags[before]
	in.r.b.Diags = in.r.b.Diags[:before]
	return nil, &d
}

func (in *invocation) message(x *rule) func(ir.Value) (ir.Value, *diag.Diag) {
	return func(v ir.Value) (ir.Value, *diag.Diag) {
		if f, ok := x.message.(*starlark.Function); ok {
			return in.answer(f, in.r.fromIR(v))
		}
		format, ok := starlark.AsString(x.message)
		if !ok {
			got, d := in.r.toIR(x.message, nil)
			return got, d
		}
		got, err := in.r.format(format, nil, []starlark.Tuple{{starlark.String("value"), in.r.fromIR(v)}})
		if err != nil {
			d := asDiag(err)
			d.Pos = x.pos
			return ir.Value{}, &d
		}
		return in.r.toIR(got, nil)
	}
}

// rule returns a validation of a variable or a postcondition of a resource,
// whose condition is a function of the value or resource, or a precondition,
// whose condition is decided already.
func (r *reader) rule(in *invocation) (starlark.Value, error) {
	pos, err := in.positional(2, "condition", "message")
	if err != nil {
		return nil, err
	}
	in.none("condition", "message")
	switch pos[0].(type) {
	case starlark.Bool, *deferred:
		attrs, err := in.ruleAttrs(0, pos)
		if err != nil {
			return nil, err
		}
		v := ir.MapVal(map[string]ir.Value{}).At(in.pos)
		for _, a := range attrs {
			v.Map[a.Name] = a.Value
		}
		return &word{name: "rule", v: v}, nil
	}
	f, ok := pos[0].(starlark.Callable)
	if !ok {
		return nil, in.failf("condition: got %s, want True or False, or a function of a variable's value", typeName(pos[0])).Hintf("write %s", in.example())
	}
	if _, about := pos[1].(*starlark.Function); !isText(pos[1]) && !about {
		return nil, in.failf("message: got %s, want text", typeName(pos[1])).Hintf("write %s", in.example())
	}
	return &rule{holds: f, message: pos[1], pos: in.pos}, nil
}

// ruleAttrs returns a condition and its message, which are positional arguments
// from at on, as the attributes of a rule.
func (in *invocation) ruleAttrs(at int, args []starlark.Value) ([]ir.Attr, error) {
	var out []ir.Attr
	for i, name := range []string{"condition", "message"} {
		v, d := in.positionalIR(at+i, name, args[at+i])
		if d != nil {
			d.Msg = in.name + ": " + name + ": " + d.Msg
			return nil, failed(d)
		}
		if in.r.unresolved && v.Any(func(v ir.Value) bool { return v.Opaque }) {
			v = ir.BrokenVal().At(v.Pos)
		}
		if name == "message" {
			name = "error_message"
		}
		out = append(out, ir.Attr{Name: name, Pos: v.Pos, Value: v})
	}
	return out, nil
}

// check takes a rule on the program.
func (r *reader) check(in *invocation) (starlark.Value, error) {
	if err := r.declaring("check(…)"); err != nil {
		return nil, err
	}
	args, err := in.positional(3, "label", "condition", "message")
	if err != nil {
		return nil, err
	}
	label, err := in.text(0, "label", args[0])
	if err != nil {
		return nil, err
	}
	in.none("label", "condition", "message")
	attrs, err := in.ruleAttrs(1, args)
	if err != nil {
		return nil, err
	}
	r.b.Assert(label, attrs, in.pos, in.calls)
	return starlark.None, nil
}

func (r *reader) output(in *invocation) (starlark.Value, error) {
	if err := r.declaring("output(…)"); err != nil {
		return nil, err
	}
	pos, err := in.positional(2, "name", "value")
	if err != nil {
		return nil, err
	}
	name, err := in.text(0, "name", pos[0])
	if err != nil {
		return nil, err
	}
	v, d := in.positionalIR(1, "value", pos[1])
	if d != nil {
		d.Msg = fmt.Sprintf("output %q: %s", name, d.Msg)
		in.report(d)
	}
	o := ir.Output{Name: name, Pos: in.pos, Value: v, Description: in.takeString("description")}
	if in.takeBool("sensitive", false) {
		o.Value = o.Value.AsSensitive()
	}
	in.none(append([]string{"name"}, value.OutputAttrs...)...)
	if d != nil || r.unresolved && v.Any(func(v ir.Value) bool { return v.Opaque }) {
		return starlark.None, nil
	}
	in.do(func() { r.b.Output(o) })
	return starlark.None, nil
}

// lifecycle returns the value of the attribute of this name.
func (r *reader) lifecycle(in *invocation) (starlark.Value, error) {
	if len(in.args) > 0 {
		return nil, in.failf("all arguments are named").Hintf("write %s", in.example())
	}
	v := ir.MapVal(map[string]ir.Value{}).At(in.pos)
	post := in.takeFunctions()
	for _, a := range in.rest() {
		v.Map[a.Name] = a.Value
	}
	return &word{"lifecycle", v, post}, nil
}

// condition returns an element of depends_on.
func (r *reader) condition(c ir.Condition, in *invocation) (starlark.Value, error) {
	pos, err := in.positional(1, "resource", "limit")
	if err != nil {
		return nil, err
	}
	in.none("resource", "limit")
	x, d := in.positionalIR(0, "resource", pos[0])
	if d != nil {
		return nil, failed(d)
	}
	limit, d := in.positionalIR(1, "limit", pos[1])
	if d != nil {
		return nil, failed(d)
	}
	return &word{name: string(c), v: schema.Condition(c, x, limit).At(in.pos)}, nil
}

func (r *reader) resource(k *schema.Kind, in *invocation) (starlark.Value, error) {
	if err := r.declaring(k.Name + "(…)"); err != nil {
		return nil, err
	}
	if err := r.b.Full(); err != nil {
		return nil, failf("%v", err)
	}
	pos, err := in.positional(1, "label")
	if err != nil {
		return nil, err
	}
	label, err := in.text(0, "label", pos[0])
	if err != nil {
		return nil, err
	}
	d := schema.Declaration{Addr: r.b.Addr(k.Name, label), Pos: in.pos, Calls: in.calls, Dir: r.dir}
	if d.Addr.Key, d.Addr.Keyed, err = in.takeKey(d.Addr); err != nil {
		return nil, err
	}
	in.of = d.Addr
	if !in.takeBool("enabled", true) {
		return &off{d.Addr.String()}, nil
	}
	d.DependsOn = in.takeIR("depends_on")
	d.Post = in.posts(d.Addr, in.takePosts())
	d.Lifecycle = in.takeIR("lifecycle")
	d.Attrs = in.rest()
	return r.declare(d), nil
}

// takeKey reads the key of one of many.
func (in *invocation) takeKey(of ir.Addr) (key string, keyed bool, err error) {
	at := in.written("key")
	v := in.take("key")
	switch v := v.(type) {
	case nil, starlark.NoneType:
		return "", false, nil
	case starlark.String:
		return string(v), true, nil
	case *deferred:
		f, ok := in.r.decision(v.v, "a key").(*failure)
		if !ok {
			return "", false, new(stopped)
		}
		f.Pos = at.value.at()
		return "", false, f
	case starlark.Int:
		in.errorf(at.value.at(), "%s: key: got the number %s, want text", of, v).Hintf("write key = str(…)")
		return v.String(), true, nil
	}
	f := failf("%s: key: got %s, want text", of, typeName(v))
	f.Pos = at.value.at()
	return "", false, f
}

// module evaluates a module and returns its handle.
func (r *reader) module(in *invocation) (starlark.Value, error) {
	if err := r.declaring("module(…)"); err != nil {
		return nil, err
	}
	pos, err := in.positional(1, "name")
	if err != nil {
		return nil, err
	}
	name, err := in.text(0, "name", pos[0])
	if err != nil {
		return nil, err
	}
	if !ir.IsIdent(name) {
		f := failf("%q is no name for a module: want letters, digits, _ and -, not a digit or - first", name)
		f.Pos = in.frames[0].arg(0).at()
		return nil, f
	}
	c := schema.ModuleCall{Name: name, Pos: in.pos, Calls: in.calls}
	a := r.b.ModuleAddr(name, "", false)
	if c.Key, c.Keyed, err = in.takeKey(a); err != nil {
		return nil, err
	}
	a = r.b.ModuleAddr(name, c.Key, c.Keyed)
	in.of = a
	if !in.takeBool("enabled", true) {
		return &off{a.String()}, nil
	}
	c.DependsOn = in.takeIR("depends_on")
	c.Attrs = in.rest()
	return &handle{r.b.Module(c), r}, nil
}

func (r *reader) declare(d schema.Declaration) starlark.Value {
	r.b.Declare(d)
	return &handle{d.Addr, r}
}

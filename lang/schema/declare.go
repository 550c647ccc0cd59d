package schema

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"bayplan/lang/diag"
	"bayplan/lang/ir"
)

// Builder collects the declarations of one evaluation into a program. Both
// readers call it, so that what a declaration means is said once. Each module
// has one of its own, which knows the module's place; what they collect is one.
type Builder struct {
	Universe *Universe
	Diags    diag.List // of this module, and after Finish of all

	*program
	module  string      // the modules on the way, as they stand in addresses; "" in the root
	calls   []diag.Call // that led to this module, outermost first
	deps    []ir.Dep    // that all of its resources have, since the module has them
	outputs map[string]ir.Output
}

// program is what the modules of one evaluation have in common.
type program struct {
	Spent Spent

	stack     string
	stackPos  diag.Pos
	override  string // --stack
	nameless  bool   // something was reported that may have been the stack's declaration
	root      string // the directory below which all files lie
	loader    Loader
	ground    Ground // nil is Host
	resources map[ir.Addr]*declared
	order     []*declared
	names     map[string]map[string]ir.Addr // by kind and what they go by, those of the first in order that are listed
	listed    int                           // of order, in names: none before all is declared
	bases     map[ir.Addr]*declared         // by address without key: the last
	modules   map[ir.Addr]*module
	moduleOf  map[ir.Addr]*module // by address without key: the last
	moves     []move
	adopts    []adoption
	forgets   []ir.Forget
	logins    []ir.Login
	secrets   []ir.Value           // of declarations that are no resources
	asserts   map[ir.Addr]diag.Pos // where each was declared
	mistakes  map[mistake]ir.Addr  // what was said of the attributes of resources
	told      *ir.Told             // what an engine has told about one resource; nil while none was asked
	self      *self                // whose postconditions are being asked; nil for none
	kept      map[text]any         // what readers made of files
	canon     map[string]canonical // texts in the form that Finish compares
	edges     []ir.Dep             // room for those of the resource that is being settled
}

// canonical is a text in canonical form, or why it has none.
type canonical struct {
	text string
	err  error
}

// text is a file as a reader was given it.
type text struct{ name, src string }

// Keep returns what parse made of a file when the first module was read from it:
// many may be made of one file. Nobody changes it. What is not good is not kept:
// parse says why, each time.
func Keep[T any](b *Builder, f File, parse func() (got T, good bool)) (T, bool) {
	if got, ok := b.kept[text{f.Name, string(f.Src)}].(T); ok {
		return got, true
	}
	got, good := parse()
	if good {
		b.kept[text{f.Name, string(f.Src)}] = got
	}
	return got, good
}

// Spent is the work that an evaluation took so far, over all modules. Readers
// hold it to their limits.
type Spent struct {
	Steps int    // of HCL; one counts as ten of Starlark
	Text  int    // bytes of text that HCL put together
	Heap  uint64 // bytes that the process may come to; 0 before a reader has decided
	Watch *Watch // nil where nobody looks on
}

type declared struct {
	res   *ir.Resource
	kind  *Kind
	spec  Binder
	named bool                // it has a name on the engine
	shown map[string]ir.Value // what its handle shows; nil until somebody looks
	used  bool                // its name was given to somebody
	hurt  bool                // not all of it was understood, and that was reported
	odd   []string            // the attributes of which not all was
	post  []Postcondition
}

// NewBuilder returns a builder for the root module in dir, an absolute path.
// A stack name that is not empty overrides the program's.
func NewBuilder(u *Universe, dir, stack string) *Builder {
	p := &program{root: dir, override: stack, resources: map[ir.Addr]*declared{}, bases: map[ir.Addr]*declared{}, modules: map[ir.Addr]*module{}, moduleOf: map[ir.Addr]*module{}, kept: map[text]any{}, canon: map[string]canonical{}, asserts: map[ir.Addr]diag.Pos{}, mistakes: map[mistake]ir.Addr{}}
	return &Builder{Universe: u, program: p, outputs: map[string]ir.Output{}}
}

// Aside returns a builder of the same module whose messages are its own.
func (b *Builder) Aside() *Builder {
	c := *b
	c.Diags, c.outputs = nil, map[string]ir.Output{}
	return &c
}

// Addr returns the address of a resource that this module declares.
func (b *Builder) Addr(kind, label string) ir.Addr {
	return ir.Addr{Module: b.module, Kind: kind, Label: label}
}

// ModuleAddr returns the address of a module that this one uses, or of its
// instance with a key.
func (b *Builder) ModuleAddr(name, key string, keyed bool) ir.Addr {
	return ir.ModuleAddr(b.module, name, key, keyed)
}

// MostResources is how many resources a stack may have, in all modules.
const MostResources = 30_000

// Full is the error of one resource more than a stack may have; nil while there
// is room.
func (b *Builder) Full() error {
	if len(b.order) < MostResources {
		return nil
	}
	return fmt.Errorf("a stack has at most %d resources", MostResources)
}

// stackSpec is the declaration `stack`.
type stackSpec struct{ name, root string }

func (s *stackSpec) Bind(f *Set) {
	f.Parsed(&s.name, "name", "string", "a name", None, "Name of the stack, unique on an engine.", func(s string) (string, error) {
		if !ir.IsStackName(s) {
			return "", fmt.Errorf("%q is no name for a stack: want %s", s, stackNames)
		}
		return s, nil
	}).Required()
	f.String(&s.root, "root", None, "A directory above that of the stack, such as \"..\": files and modules of the stack may lie anywhere below it. It cannot be all of the disk. By default it is the stack's own.")
}

// stackNames says what ir.IsStackName takes.
const stackNames = "a-z, 0-9 and dashes, at most 31, a dash neither first nor last"

// Nameless says that the declaration of the stack may have been lost, with a
// message, so that it is no news that there is none.
func (b *Builder) Nameless() { b.nameless = true }

// Stack takes the declaration of the stack. It comes before any resource:
// names follow from it.
func (b *Builder) Stack(attrs []ir.Attr, pos diag.Pos) {
	if b.module != "" {
		b.Diags.Addf(pos, "stack stands in a module, and only the root module is a stack").
			Hintf("take it away here: the names of what is in the module follow from the stack that uses it")
		return
	}
	if b.stackPos.Known() {
		b.Diags.Addf(pos, "stack is declared twice").Hintf("it was declared at %s", b.stackPos)
		return
	}
	var s stackSpec
	Decoding{Owner: "stack", Pos: pos, Diags: &b.Diags}.Decode(&s, attrs)
	b.stack, b.stackPos = s.name, pos
	if s.root == "" || b.loader == nil {
		return
	}
	dir, err := b.loader.Widen(s.root)
	if err != nil {
		i := slices.IndexFunc(attrs, func(a ir.Attr) bool { return a.Name == "root" })
		b.Diags.Addf(firstPos(attrs[i].Value.Pos, pos), "stack.root: %v", err).Hintf(`write root = ".." for the directory above`)
		return
	}
	b.root = dir
}

// StackName returns the stack's name, or "" if none was declared yet.
func (b *Builder) StackName() string { return cmp.Or(b.override, b.stack) }

// Declaration is one resource as a reader found it.
type Declaration struct {
	Addr      ir.Addr
	Pos       diag.Pos
	Calls     []diag.Call
	Dir       string // the module's directory, absolute
	Attrs     []ir.Attr
	DependsOn ir.Attr // null if not written
	Lifecycle ir.Attr // null if not written; a map
	Post      []Postcondition

	implied bool // it has no label, since nobody wrote it
}

// twice says that a resource or module was declared before. One call that does
// both is in a loop or a function.
func (b *Builder) twice(what string, pos, old diag.Pos) *diag.Diag {
	m := b.Diags.Addf(pos, "%s is declared twice", what)
	if pos == old {
		m.Hintf("the same call declared it before: many of one need a key each, as in key = str(i)")
	} else {
		m.Hintf("it was declared at %s", old)
	}
	return m
}

// mixed says that one declaration has a key and another of its label has none.
func (b *Builder) mixed(a ir.Addr, pos, old diag.Pos) *diag.Diag {
	return b.Diags.Addf(pos, "%s is declared with a key and without one", a.Base()).
		Hintf("the other is at %s; give both a key, or one of them another label", old)
}

// Declare adds a resource. Mistakes go to b.Diags; it can be referred to all the
// same.
func (b *Builder) Declare(d Declaration) {
	d.Addr.Module = b.module
	if old := b.resources[d.Addr]; old != nil {
		b.twice(d.Addr.String(), d.Pos, old.res.Pos).Calls = d.Calls
		return
	}
	kind := b.Universe.Kind(d.Addr.Kind)
	if kind == nil {
		panic("schema: declared a resource of unknown kind " + d.Addr.Kind)
	}
	if !d.implied && !ir.IsIdent(d.Addr.Label) {
		b.Diags.Addf(d.Pos, "%q is no label: want letters, digits, _ and -, not a digit or - first", d.Addr.Label).Calls = d.Calls
	}
	if b.StackName() == "" && !b.stackPos.Known() && !b.nameless {
		b.Diags.Addf(d.Pos, "the stack has no name yet").Hintf(`write %s first; a module has none, and is checked with a stack that uses it`, `stack { name = "shop" } (HCL) or stack(name = "shop") (Starlark)`)
		b.nameless = true // said once
	}
	if old, ok := b.bases[d.Addr.Base()]; ok && old.res.Addr.Keyed != d.Addr.Keyed && !d.implied {
		b.mixed(d.Addr, d.Pos, old.res.Pos).Calls = d.Calls
	}
	x := &declared{
		kind: kind,
		spec: kind.New(),
		post: d.Post,
		res:  &ir.Resource{Addr: d.Addr, Pos: d.Pos, Calls: b.led(d.Calls), Dir: d.Dir, Alias: d.Addr.Alias()},
	}
	before := len(b.Diags)
	Decoding{
		Owner: d.Addr.String(), Pos: d.Pos, Name: b.name, Every: EveryResource, Diags: &b.Diags,
		odd: func(name string) { x.odd = append(x.odd, name) },
	}.Decode(x.spec, d.Attrs)
	x.res.Attrs = d.Attrs // positions; the values are made canonical by Finish
	b.nameOf(x)
	x.res.Deps = append(b.dependsOn(d.Addr, d.DependsOn), b.deps...)
	b.lifecycle(x, d.Lifecycle)
	for i := range b.Diags[before:] {
		b.Diags[before+i].Calls = d.Calls
	}
	defer b.once(d.Addr, before)
	x.hurt = b.Diags[before:].HasErrors() || slices.ContainsFunc(d.Attrs, func(a ir.Attr) bool { return a.Value.IsBroken() })
	b.resources[d.Addr] = x
	b.bases[d.Addr.Base()] = x
	b.order = append(b.order, x)
}

// once drops messages about a resource, which begin at before, that stand at
// their place about another instance already: of a loop, one has the mistake of
// all.
func (b *Builder) once(a ir.Addr, before int) {
	kept := b.Diags[:before]
	for _, d := range b.Diags[before:] {
		m := mistake{d.Pos, strings.TrimPrefix(d.Msg, a.String())}
		if at, again := b.mistakes[m]; again && at != a && at.Kind == a.Kind && at.Label == a.Label {
			continue
		}
		b.mistakes[m] = a
		kept = append(kept, d)
	}
	b.Diags = kept
}

// mistake is a message without the address of what it is about.
type mistake struct {
	pos  diag.Pos
	text string
}

// led returns the calls that led to a place in this module, of which calls are
// those within it.
func (b *Builder) led(calls []diag.Call) []diag.Call {
	if len(b.calls) == 0 {
		return calls
	}
	return slices.Concat(b.calls, calls)
}

// Shown returns what the handle of a resource or module shows: of a resource its
// attributes in canonical form, its name, and what only the engine knows. hurt
// says that something was reported about it, so that what is missing is no news.
func (b *Builder) Shown(a ir.Addr) (shown map[string]ir.Value, hurt bool) {
	if m := b.modules[a]; m != nil {
		return m.shown, m.hurt
	}
	if b.self != nil && b.self.Addr == a {
		return b.self.shown, false
	}
	if x := b.resources[a]; x != nil {
		return x.show(), x.hurt
	}
	return nil, false
}

func (b *Builder) nameOf(x *declared) {
	With(x.spec, func(s *Set) {
		if s.name == nil {
			return
		}
		if *s.name == "" {
			*s.name = b.given(x)
		}
		x.named, x.res.Name = true, *s.name
	})
}

// rename gives x another name than the one that it got.
func (x *declared) rename(name string) {
	With(x.spec, func(s *Set) { *s.name = name })
	x.res.Name = name
}

// name returns the engine's name of a resource that was declared, or "".
func (b *Builder) name(a ir.Addr) string {
	b.Use(a)
	if x := b.resources[a]; x != nil {
		return x.res.Name
	}
	return ""
}

// Use says that somebody has read the name of a resource, so that it cannot
// become another one any more.
func (b *Builder) Use(a ir.Addr) {
	if x := b.resources[a]; x != nil {
		x.used = true
	}
}

func (x *declared) show() map[string]ir.Value {
	if x.shown != nil {
		return x.shown
	}
	x.shown = x.showNow()
	return x.shown
}

// showNow returns what the handle of x shows as the spec is now.
func (x *declared) showNow() map[string]ir.Value {
	shown := map[string]ir.Value{}
	for _, f := range FieldsOf(x.spec) {
		shown[f.Name] = ir.Value{}
	}
	View(x.spec, func(s *Set) { s.each(func(f *Field, v ir.Value) { shown[f.Name] = v }) })
	if x.kind.Show != nil {
		x.kind.Show(x.spec, x.res.Addr, shown)
	}
	for _, name := range x.odd {
		shown[name] = ir.Value{} // what is left of it would be taken for all of it
	}
	return shown
}

// depSpec is one element of depends_on in its long form.
type depSpec struct {
	resource ir.Value
	cond     string
	limit    time.Duration
}

func (s *depSpec) Bind(f *Set) {
	f.add("resource", "resource", None, "What must be there first.", codec{
		decode: func(d *decoder, v ir.Value) { s.resource = v.At(firstPos(v.Pos, d.pos)) },
		encode: func() ir.Value { return s.resource },
	})
	f.Enum(&s.cond, "condition", None, "What it must have reached.", string(ir.Started), string(ir.Healthy), string(ir.Completed))
	f.Duration(&s.limit, "limit", None, "How long to wait for that.")
}

// Condition returns the value of started(x), healthy(x, limit) and
// completed(x, limit): the long form of an element of depends_on. x is one
// handle or a list or map of them; limit may be null.
func Condition(cond ir.Condition, x, limit ir.Value) ir.Value {
	return ir.MapVal(map[string]ir.Value{"resource": x, "condition": ir.StringVal(string(cond)), "limit": limit})
}

// dependsOn returns the edges that depends_on gives the resource or module at a.
func (b *Builder) dependsOn(a ir.Addr, attr ir.Attr) []ir.Dep {
	v := attr.Value
	if v.IsNull() && v.Off == "" {
		return nil
	}
	d := &depender{
		decoder: decoder{Decoding: &Decoding{Owner: a.String() + ".depends_on", Diags: &b.Diags}, pos: firstPos(v.Pos, attr.Pos)},
		b:       b, of: a,
	}
	if v.Kind != ir.List {
		v = ir.ListVal(v).At(v.Pos)
	}
	for _, e := range v.List {
		d.dep(e)
	}
	return d.deps
}

// depender reads one depends_on.
type depender struct {
	decoder
	b    *Builder
	of   ir.Addr
	deps []ir.Dep
}

func (d *depender) dep(e ir.Value) {
	if e.Kind != ir.Map {
		d.targets(e, depSpec{})
		return
	}
	if e.Map["condition"].Kind != ir.String {
		d.targets(e, depSpec{}) // a map of handles, as for_each makes
		return
	}
	var s depSpec
	outer := d.pos
	d.pos = firstPos(e.Pos, d.pos)
	d.into(&s, attrsOf(e), d.pos)
	d.targets(e.Map["resource"], s)
	d.pos = outer
}

func (d *depender) targets(v ir.Value, s depSpec) {
	switch v.Kind {
	case ir.Handle:
		d.handle(v, s)
	case ir.List:
		for _, e := range v.List {
			d.targets(e, s)
		}
	case ir.Map:
		for _, k := range v.Keys() {
			if of := v.Map[k]; of.Kind == ir.Map && of.Map["condition"].Kind == ir.String { // as in Compose
				d.want(of, "a resource, or started, healthy or completed of one").
					Hintf("write depends_on = [healthy(container.%s)]; the others are started and completed", k)
				continue
			}
			d.targets(v.Map[k], s)
		}
	case ir.Null: // of a disabled resource: there is nothing to wait for
	default:
		m := d.want(v, "a resource, or started, healthy or completed of one")
		if v.Kind == ir.String && !v.Sensitive && m.Hint == "" {
			d.b.hintHandle(m, v.Str)
		}
	}
}

// hintHandle says how the resources are named that text may have been meant for.
func (b *Builder) hintHandle(m *diag.Diag, text string) {
	for _, x := range b.order {
		if a := x.res.Addr; a.Label == text || x.res.Name == text || a.Kind+"."+a.Label == text {
			m.Hintf("a resource is named without quotes: %s (HCL), or what %s(%q, …) returned (Starlark)", a, a.Kind, a.Label)
			return
		}
	}
	switch a, ok := b.addressed(text); {
	case ok && a.IsModule():
		name, _, _ := strings.Cut(strings.TrimPrefix(text, "module."), "[")
		m.Hintf("a module is named without quotes: %s (HCL), or what module(%q, …) returned (Starlark)", a, name)
		return
	case ok && a.Module != "":
		m.Hintf("what is in a module is named by an output of it, which can be a resource: there output %[1]q { value = %[1]s.%[2]s } (HCL) or output(%[1]q, …) (Starlark), and here %[3]s.%[1]s", a.Kind, a.Label, a.Module)
		return
	case ok:
		m.Hintf("a resource is named without quotes: %s (HCL), or what %s(%q, …) returned (Starlark)", a, a.Kind, a.Label)
		return
	}
	label := strings.TrimPrefix(text, b.StackName()+"-") // a name on the engine of what is declared later
	m.Hintf("a resource is named without quotes: container.%[1]s (HCL), or what container(%[1]q, …) returned (Starlark)", label)
}

// addressed returns the address that text is: of a kind that there is, or of a
// module.
func (b *Builder) addressed(text string) (ir.Addr, bool) {
	a, err := ir.ParseTarget(text)
	return a, err == nil && (a.IsModule() || a.Label != "" && b.Universe.Kind(a.Kind) != nil)
}

// handle adds the edge to a resource, or those to all that is in a module.
func (d *depender) handle(v ir.Value, s depSpec) {
	to := v.Ref.Addr
	pos := firstPos(v.Pos, d.pos)
	switch {
	case to == d.of:
		d.fail(v, "%s depends on itself", d.of)
	case !to.IsModule():
		d.deps = append(d.deps, ir.Dep{To: to, Cond: ir.Condition(s.cond), Limit: s.limit, Pos: pos})
	default:
		d.module(v, s, pos)
	}
}

// module adds the edges to all that is in a module. A condition is about what
// runs in it.
func (d *depender) module(v ir.Value, s depSpec, pos diag.Pos) {
	to, some := v.Ref.Addr, false
	for _, x := range d.b.order {
		if !to.Covers(x.res.Addr) {
			continue
		}
		dep := ir.Dep{To: x.res.Addr, Pos: pos}
		if s.cond != "" && x.kind.Runs {
			dep.Cond, dep.Limit, dep.In, some = ir.Condition(s.cond), s.limit, to, true
		}
		d.deps = append(d.deps, dep)
	}
	if m := d.b.modules[to]; s.cond != "" && !some && !m.hurt {
		d.fail(v, "%s has nothing that runs, so that nobody can wait for it to be %s", to, s.cond).
			Hintf("name it in depends_on without %s(…)", s.cond)
	}
}

// lifecycleSpec is the attribute `lifecycle` of every resource.
type lifecycleSpec struct {
	prevent  bool
	keep     bool
	ignore   []ir.Value // names of attributes, with their places
	strategy string
	settle   *time.Duration

	replaceOn, restartOn ir.Value
}

func (s *lifecycleSpec) Bind(f *Set) {
	f.Bool(&s.prevent, "prevent_destroy", None, "A plan that removes or replaces the object is an error.")
	f.Bool(&s.keep, "keep", None, "The object is never removed, only released: where its declaration goes, or the stack is destroyed, it stays on the engine, with what it uses.")
	f.words(&s.ignore, "ignore_changes", "Names of attributes whose difference from what lives is no change, or all. What is made anew for another reason gets what the program says.")
	f.Enum(&s.strategy, "strategy", None, "How a new one takes the place of the old one: start_first lets both run until the new one is ready, stop_first stops the old one before. auto, the default, is start_first where the two share nothing that only one can have.", auto, string(ir.StartFirst), string(ir.StopFirst))
	f.OptDuration(&s.settle, "settle", None, "How long a new one without a healthcheck has to run before the old one goes; 2s by default.")
	f.reasons(&s.replaceOn, "replace_on", "Resources and values that are a reason to make it anew: a resource that this plan creates, restarts or makes anew, a value that is another than when the object was made. It comes after these resources.")
	f.reasons(&s.restartOn, "restart_on", "Resources that are a reason to restart it: as for replace_on, and where their addresses or ports may have changed. It comes after them.")
	f.Elsewhere("create_before_destroy", "bay does so where the two share nothing that only one can have; strategy = \"start_first\" insists on it")
	f.Elsewhere("replace_triggered_by", "`replace_triggered_by` is `replace_on` here")
	f.rules("precondition", "Rules that have to hold before anything is planned: in HCL a block for each, in Starlark rule(condition, message).")
	f.rules("postcondition", "Rules about the resource itself, which is self in them: in HCL a block for each, in Starlark rule(lambda self: …, message). One that needs what only the engine knows of it is decided when that is known: after the resource is ready, and a new one that does not pass is taken back.")
}

const (
	auto        = "auto"
	inLifecycle = ".lifecycle" // of the path that stands before messages
)

func (b *Builder) lifecycle(x *declared, a ir.Attr) {
	if a.Value.IsNull() {
		return
	}
	d := &decoder{Decoding: &Decoding{Owner: x.res.Addr.String() + inLifecycle, Diags: &b.Diags}, pos: firstPos(a.Value.Pos, a.Pos)}
	if a.Value.Kind != ir.Map {
		d.want(a.Value, "an object")
		return
	}
	var s lifecycleSpec
	d.into(&s, attrsOf(a.Value), d.pos)
	x.res.Guard = ir.Lifecycle{PreventDestroy: s.prevent, Keep: s.keep, Ignore: d.in("ignore_changes").ignored(tableOf(x.spec).static, s.ignore), Strategy: ir.Strategy(s.strategy), Settle: s.settle, Pos: d.pos}
	if s.strategy == auto {
		x.res.Guard.Strategy = ir.Auto
	}
	replace := reasons{decoder: d.in("replace_on"), b: b, of: x, keep: true}
	replace.add(s.replaceOn)
	restart := reasons{decoder: d.in("restart_on"), b: b, of: x}
	restart.add(s.restartOn)
	x.res.Guard.ReplaceOn, x.res.Guard.ReplaceKeys, x.res.Guard.RestartOn = replace.found, replace.keys, restart.found
}

// words binds a list of texts, of which one may stand alone. They keep their places.
func (s *Set) words(p *[]ir.Value, name, doc string) {
	s.add(name, "list of string", None, doc, codec{
		decode: func(d *decoder, v ir.Value) {
			if v.Kind == ir.String {
				v = ir.ListVal(v).At(v.Pos)
			}
			if v.Kind != ir.List || v.Sensitive {
				d.want(v, "a list of strings")
				return
			}
			for i, e := range v.List {
				at := d.at(i)
				if _, ok := at.text(e, "a string"); ok {
					*p = append(*p, e.At(firstPos(e.Pos, d.pos)))
				}
			}
		},
		encode: func() ir.Value { return ir.Value{} },
	})
}

// ignored returns the attributes that are named, in the order of the table. An
// object is known by its name, which counts whatever is named.
func (d *decoder) ignored(table *Set, names []ir.Value) []string {
	in := map[string]bool{}
	for _, v := range names {
		switch {
		case v.Str == "all":
			for _, f := range table.Fields {
				in[f.Name] = f.Name != "name"
			}
		case v.Str == "name":
			d.fail(v, "the name says which object is meant, and cannot be ignored")
		case table.Field(v.Str) == nil:
			d.unknown(table, ir.Attr{Name: v.Str, Pos: v.Pos})
		default:
			in[v.Str] = true
		}
	}
	return slices.DeleteFunc(table.Names(), func(name string) bool { return !in[name] })
}

// Output adds an output. That of a module may be or hold resources.
func (b *Builder) Output(o ir.Output) {
	if old, ok := b.outputs[o.Name]; ok {
		b.Diags.Addf(o.Pos, "output.%s is declared twice", o.Name).Hintf("it was declared at %s", old.Pos)
		return
	}
	if b.module != "" {
		b.outputs[o.Name] = o
		return
	}
	resource := ir.Value{}
	o.Value.Any(func(v ir.Value) bool {
		if v.Kind == ir.Handle {
			resource = v
		}
		return v.Kind == ir.Handle
	})
	if resource.Kind == ir.Handle {
		verb := "is"
		if o.Value.Kind != ir.Handle {
			verb = "holds"
		}
		a := resource.Ref.Addr
		m := b.Diags.Addf(firstPos(resource.Pos, o.Value.Pos, o.Pos), "output %q %s %s", o.Name, verb, a.Noun())
		switch {
		case a.IsModule():
			m.Hintf("%s", a.ForText())
		case a.Module != "": // its address is nothing that can be written here
			m.Hintf("choose what to show of it, such as its name: .name behind what is written here")
		default:
			m.Hintf("choose what to show of it, such as %s.name", a)
		}
		return
	}
	b.outputs[o.Name] = o
}

// Finisher is a spec that has something to say when all declarations are
// known: what it needs that nobody declared, which plain names mean what.
type Finisher interface{ Finish(*Finishing) }

// Namer is a spec that is known by more names than the engine's own.
type Namer interface{ Names() []string }

// Finishing is what a Finisher can ask and do.
type Finishing struct {
	Res *ir.Resource
	b   *Builder
}

// Imply returns the resource at this address of the root module and declares
// it, with the attributes given, if nobody did.
func (f *Finishing) Imply(a ir.Addr, attrs ...ir.Attr) *ir.Resource {
	if x := f.b.resources[a]; x != nil {
		return x.res
	}
	f.b.Declare(Declaration{Addr: a, Pos: f.Res.Pos, Dir: f.b.root, Attrs: attrs, implied: true})
	x := f.b.resources[a]
	x.res.Implied = true
	return x.res
}

// Canonical returns what parse makes of a text. Many resources say the same one:
// parse, which has to be the same each time, is asked once.
func (f *Finishing) Canonical(text string, parse func(string) (string, error)) (string, error) {
	got, ok := f.b.canon[text]
	if !ok {
		got.text, got.err = parse(text)
		f.b.canon[text] = got
	}
	return got.text, got.err
}

// Named returns the address of the stack's own resource of this kind that goes
// by this name.
func (f *Finishing) Named(kind, name string) (ir.Addr, bool) { return f.b.named(kind, name) }

// Errorf reports an error at the attribute.
func (f *Finishing) Errorf(attr, format string, args ...any) *diag.Diag {
	m := f.b.Diags.Addf(f.Res.AttrPos(attr), "%s.%s: %s", f.Res.Addr, attr, fmt.Sprintf(format, args...))
	m.Calls = f.Res.Calls
	return m
}

// Root returns the directory that no file of the program may lie out of, absolute.
func (f *Finishing) Root() string { return f.b.root }

// Path returns the absolute form of a path that the program wrote: a relative
// one starts at the module's directory and has to stay below the root.
func (f *Finishing) Path(attr, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	abs := filepath.Join(f.Res.Dir, path)
	if rel, err := filepath.Rel(f.b.root, abs); err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		f.Errorf(attr, "%q leads out of the stack's directory", path).Hintf("move it below %s", f.b.root)
	}
	return abs
}

func (b *Builder) named(kind, name string) (ir.Addr, bool) {
	if b.names == nil {
		b.names = map[string]map[string]ir.Addr{}
	}
	for _, x := range b.order[b.listed:] { // Finish may have implied more since
		of := b.names[x.kind.Name]
		if of == nil {
			of = map[string]ir.Addr{}
			b.names[x.kind.Name] = of
		}
		all := []string{x.res.Name}
		if n, ok := x.spec.(Namer); ok {
			all = append(all, n.Names()...)
		}
		for _, name := range all {
			if _, taken := of[name]; !taken && name != "" {
				of[name] = x.res.Addr
			}
		}
	}
	b.listed = len(b.order)
	a, ok := b.names[kind][name]
	return a, ok
}

// Finish returns the program. It is of use only if b.Diags has no errors.
func (b *Builder) Finish() *ir.Program {
	for i := 0; i < len(b.order); i++ { // Finish may imply more
		x := b.order[i]
		if f, ok := x.spec.(Finisher); ok && !x.hurt { // what was not understood would be missed
			f.Finish(&Finishing{Res: x.res, b: b})
		}
	}
	p := &ir.Program{Format: ir.Format, Stack: b.StackName(), StackPos: b.stackPos, Dir: b.root}
	if p.Stack == "" && !b.Diags.HasErrors() {
		b.Diags.Addf(diag.Pos{File: b.root}, "the stack has no name").Hintf(`write %s`, `stack { name = "shop" } (HCL) or stack(name = "shop") (Starlark)`)
	}
	if b.override != "" && !ir.IsStackName(b.override) {
		b.Diags.Addf(diag.Pos{}, "--stack: %q is no name for a stack: want %s", b.override, stackNames)
	}
	for _, x := range b.order {
		b.settle(x)
		p.Resources = append(p.Resources, x.res)
	}
	slices.SortFunc(p.Resources, func(a, b *ir.Resource) int { return a.Addr.Compare(b.Addr) })
	b.clashes()
	b.cycle(p)
	for _, r := range p.Resources {
		b.postconditions(b.resources[r.Addr])
	}
	for _, o := range b.outputs {
		p.Outputs = append(p.Outputs, o)
	}
	slices.SortFunc(p.Outputs, func(a, b ir.Output) int { return strings.Compare(a.Name, b.Name) })
	p.Logins = slices.SortedFunc(slices.Values(b.logins), func(a, b ir.Login) int { return strings.Compare(a.Host, b.Host) })
	b.finishMoves(p)
	b.Diags.Sort()
	return p
}

// settle makes the attributes canonical and gathers the edges.
func (b *Builder) settle(x *declared) {
	written := x.res.Attrs
	x.res.Deps = append(b.edges[:0], x.res.Deps...)
	x.res.Attrs = EncodeOf(x.spec)
	for i := range x.res.Attrs {
		a := &x.res.Attrs[i]
		if i := slices.IndexFunc(written, func(w ir.Attr) bool { return w.Name == a.Name }); i >= 0 {
			a.Pos = firstPos(written[i].Pos, written[i].Value.Pos)
		}
		a.Value.Refs(func(r ir.Ref, pos diag.Pos) { b.edge(x, r.Addr, firstPos(pos, a.Pos, x.res.Pos)) })
	}
	View(x.spec, func(s *Set) {
		s.Refs(func(attr, kind string, r *Ref) {
			to, ok := r.Addr, !r.Addr.IsZero()
			if !ok {
				to, ok = b.named(kind, r.Name)
			}
			if ok {
				b.edge(x, to, firstPos(r.Pos, x.res.AttrPos(attr)))
			}
		})
	})
	b.edges = x.res.Deps
	slices.SortStableFunc(b.edges, ir.CompareDeps)
	x.res.Deps = append([]ir.Dep(nil), slices.CompactFunc(b.edges, func(a, b ir.Dep) bool { return a.To == b.To && a.Cond == b.Cond })...)
}

func (b *Builder) edge(x *declared, to ir.Addr, pos diag.Pos) {
	if to == x.res.Addr {
		b.Diags.Addf(pos, "%s refers to itself", to)
		return
	}
	x.res.Deps = append(x.res.Deps, ir.Dep{To: to, Pos: pos})
}

// clashes reports two resources of one kind with one name.
func (b *Builder) clashes() {
	type id struct{ kind, name string }
	first := map[id]*declared{}
	for _, x := range b.order {
		k := id{x.kind.Name, x.res.Name}
		if x.res.Name == "" {
			continue
		}
		if old := first[k]; old != nil {
			b.Diags.Addf(x.res.AttrPos("name"), "%s and %s have one name on the engine: %s", old.res.Addr, x.res.Addr, x.res.Name).
				Hintf("%s was declared at %s; give one of them a `name` of its own", old.res.Addr, old.res.Pos).Calls = x.res.Calls
			continue
		}
		first[k] = x
	}
}

// cycle reports a cycle of edges, if there is one, as a path.
func (b *Builder) cycle(p *ir.Program) {
	const (
		new = iota
		open
		done
	)
	state := map[ir.Addr]int{}
	var path []ir.Addr
	var visit func(a ir.Addr) bool
	visit = func(a ir.Addr) bool {
		state[a] = open
		path = append(path, a)
		for _, d := range b.resources[a].res.Deps {
			if b.resources[d.To] == nil {
				continue
			}
			switch state[d.To] {
			case open:
				b.reportCycle(append(path[slices.Index(path, d.To):], d.To), d.Pos)
				return false
			case new:
				if !visit(d.To) {
					return false
				}
			}
		}
		path = path[:len(path)-1]
		state[a] = done
		return true
	}
	for _, r := range p.Resources {
		if state[r.Addr] == new && !visit(r.Addr) {
			return
		}
	}
}

func (b *Builder) reportCycle(path []ir.Addr, pos diag.Pos) {
	names := make([]string, len(path))
	for i, a := range path {
		names[i] = a.String()
	}
	b.Diags.Addf(pos, "resources depend on each other in a cycle: %s", strings.Join(names, " → ")).
		Hintf("one of them has to come first: take one of these references away")
}

package schema

import (
	"slices"

	"bayplan/lang/diag"
	"bayplan/lang/ir"
)

// maxModules is how many modules one evaluation may come to.
const maxModules = 1000

// ModuleCall is a declaration `module`, or one instance of it, as a reader found
// it.
type ModuleCall struct {
	Name      string // an identifier
	Key       string // of for_each, if Keyed
	Keyed     bool
	Pos       diag.Pos
	Calls     []diag.Call
	Attrs     []ir.Attr // source and inputs
	DependsOn ir.Attr   // null if not written
}

// Loader evaluates modules and libraries. Package load has it: readers, which
// may not know each other, reach it through their Builder.
type Loader interface {
	// Module evaluates the module at m.Source and gives m.Body what it declares.
	Module(m *Module)

	// Library reads the file of functions at a path which starts at the
	// directory of the module that b is of. What is wrong in it goes to b.Diags,
	// and an error says that it cannot be had at all.
	Library(b *Builder, path string) (Library, error)

	// Widen lets files lie below a directory above that of the root module, which
	// path names from there, and returns it.
	Widen(path string) (dir string, err error)
}

// Module is a module that is going to be evaluated.
type Module struct {
	Addr      ir.Addr
	Source    string
	SourcePos diag.Pos
	Pos       diag.Pos            // of the call
	Inputs    map[string]ir.Value // with their places
	Caller    *Builder            // what is wrong with the call is said there
	Body      *Builder            // of the module
}

// module is one that was evaluated.
type module struct {
	pos   diag.Pos
	keyed bool
	shown map[string]ir.Value // its outputs
	hurt  bool                // something was reported about it
}

// LoadBy says who evaluates modules.
func (b *Builder) LoadBy(l Loader) { b.loader = l }

// moduleSpec is the declaration `module`.
type moduleSpec struct {
	source    string
	sourcePos diag.Pos
	inputs    map[string]ir.Value
}

func (s *moduleSpec) Bind(f *Set) {
	f.add("source", "text", None, "Where the module is: a directory of the stack such as \"./modules/db\", or \"std/NAME\" for one that comes with bay.", codec{
		decode: func(d *decoder, v ir.Value) {
			s.source, _ = d.text(v, "text")
			s.sourcePos = firstPos(v.Pos, d.pos)
		},
		encode: func() ir.Value { return ir.Value{} },
	}).Required()
	f.add("inputs", "map", None, "Values for the module's variables, by their names.", codec{
		decode: func(d *decoder, v ir.Value) { s.inputs = d.inputs(v) },
		encode: func() ir.Value { return ir.Value{} },
	})
	f.Elsewhere("version", "a module is what is in its directory; it has no version")
	f.Elsewhere("providers", "there are no providers; the engine is chosen on the command line")
	f.Elsewhere("path", "`path` is `source` here")
	f.Elsewhere("lifecycle", onResources)
}

// onResources says where a lifecycle is written that stands at a module.
const onResources = "a lifecycle is about one resource, and not about all that is in a module: write it in the module, at the resource that is meant, perhaps with an input for it: lifecycle { prevent_destroy = var.protect }"

// ModuleLifecycle is the hint for a lifecycle at a module.
func ModuleLifecycle() string { return onResources }

func (d *decoder) inputs(v ir.Value) map[string]ir.Value {
	switch {
	case v.Kind != ir.Map:
		d.want(v, "a map with the values of the module's variables")
	case v.Sensitive:
		d.fail(v, "the map is sensitive as a whole, and its keys are names of variables, which are shown").
			Hintf("write the map here, with the sensitive values in it")
	default:
		return v.Map
	}
	return nil
}

// Module evaluates a module and returns its address, which is a handle whose
// attributes are the module's outputs. Mistakes go to b.Diags, those within the
// module with the call that led there; the handle can be used all the same.
func (b *Builder) Module(c ModuleCall) ir.Addr {
	a := b.ModuleAddr(c.Name, c.Key, c.Keyed)
	if old := b.modules[a]; old != nil {
		b.twice(a.String(), c.Pos, old.pos).Calls = c.Calls
		return a
	}
	m := &module{pos: c.Pos, keyed: c.Keyed}
	base := b.ModuleAddr(c.Name, "", false)
	if old := b.moduleOf[base]; old != nil && old.keyed != c.Keyed {
		b.mixed(a, c.Pos, old.pos).Calls = c.Calls
	}
	b.modules[a], b.moduleOf[base] = m, m
	before := len(b.Diags)
	m.shown = b.evaluate(a, c)
	m.hurt = b.Diags[before:].HasErrors() || unclear(c.Attrs)
	return a
}

// evaluate returns the outputs of a module.
func (b *Builder) evaluate(a ir.Addr, c ModuleCall) map[string]ir.Value {
	before := len(b.Diags)
	s, good := b.readCall(a, c)
	deps := b.dependsOn(a, c.DependsOn)
	for i := range b.Diags[before:] {
		b.Diags[before+i].Calls = c.Calls
	}
	if !good || b.loader == nil {
		return nil
	}
	frame := append(slices.Clone(c.Calls), diag.Call{Pos: c.Pos, Func: a.String()})
	body := &Builder{
		Universe: b.Universe, program: b.program, module: a.Module, calls: b.led(frame),
		deps: append(deps, b.deps...), outputs: map[string]ir.Output{},
	}
	before = len(b.Diags)
	b.loader.Module(&Module{Addr: a, Source: s.source, SourcePos: s.sourcePos, Pos: c.Pos, Inputs: s.inputs, Caller: b, Body: body})
	for i := range b.Diags[before:] {
		b.Diags[before+i].Calls = c.Calls
	}
	for _, d := range body.Diags {
		d.Calls = slices.Concat(frame, d.Calls)
		b.Diags = append(b.Diags, d)
	}
	shown := map[string]ir.Value{}
	for _, o := range body.outputs {
		shown[o.Name] = o.Value
	}
	return shown
}

// readCall decodes the attributes of a call.
func (b *Builder) readCall(a ir.Addr, c ModuleCall) (s moduleSpec, good bool) {
	before := len(b.Diags)
	if len(b.modules) > maxModules {
		b.Diags.Addf(c.Pos, "the stack has more than %d modules", maxModules)
	}
	table := Bind(&s)
	var known []ir.Attr
	for _, attr := range c.Attrs {
		if table.Field(attr.Name) != nil || table.Hint(attr.Name) != "" || diag.Nearest(attr.Name, table.Names()) != "" {
			known = append(known, attr)
			continue
		}
		m := b.Diags.Addf(firstPos(attr.Pos, c.Pos), "%s: unknown attribute %q", a, attr.Name).
			DidYouMean(attr.Name, []string{"source", "inputs", "depends_on", "enabled"})
		if m.Hint == "" {
			m.Hintf("the module's variables get their values in inputs = { %s = … }", attr.Name)
		}
	}
	Decoding{Owner: a.String(), Pos: c.Pos, Diags: &b.Diags}.Decode(&s, known)
	return s, !b.Diags[before:].HasErrors() && !unclear(c.Attrs)
}

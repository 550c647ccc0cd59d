package hclfile

import (
	"maps"
	"slices"

	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// instances is a block that declares one resource or module, or many under
// for_each.
type instances struct {
	*reader
	block     *hclsyntax.Block
	label     string
	attrs     []*hclsyntax.Attribute // but for those below, which every resource has, and every module but the last
	forEach   *hclsyntax.Attribute   // nil without it, as the next ones
	enabled   *hclsyntax.Attribute
	dependsOn *hclsyntax.Attribute
	lifecycle *hclsyntax.Attribute
	guard     *hclsyntax.Block // lifecycle as a block
	post      []post
	fixed     []*ir.Attr // of many instances, by attrs: those in which `each` has no part, once they are evaluated
	each      bool       // `each` has a meaning, or would have one if for_each were not misspelt
	misspelt  bool       // for_each is: how many there are is not known
}

// post is a postcondition as it is written.
type post struct{ cond, msg hclsyntax.Expression }

func (r *reader) addInstances(b *hclsyntax.Block) {
	label, ok := r.label(b)
	if !ok {
		return
	}
	d := &instances{reader: r, block: b, label: label}
	n := &node{name: b.Type + "." + label, at: b.TypeRange, run: d.run}
	d.sort()
	d.findPosts()
	for _, p := range d.post {
		n.exprs = append(n.exprs, expr{Expression: p.cond, each: d.each, self: true}, expr{Expression: p.msg, each: d.each, self: true})
	}
	for _, a := range attributes(b.Body) {
		if a.Name == "lifecycle" && d.lifecycle != nil {
			a = d.lifecycle // without what is asked later
		}
		n.exprs = append(n.exprs, expr{Expression: a.Expr, each: d.each && a != d.forEach})
	}
	if d.guard != nil {
		for _, b := range append([]*hclsyntax.Block{d.guard}, d.guard.Body.Blocks...) {
			for _, a := range attributes(b.Body) {
				n.exprs = append(n.exprs, expr{Expression: a.Expr, each: d.each})
			}
		}
	}
	r.add(n)
}

// isModule reports whether the block is a module.
func (d *instances) isModule() bool { return d.block.Type == "module" }

// sort tells what every resource has from what its kind has.
func (d *instances) sort() {
	for _, a := range attributes(d.block.Body) {
		switch a.Name {
		case "for_each":
			d.forEach, d.each = a, true
		case "enabled":
			d.enabled = a
		case "depends_on":
			d.dependsOn = a
		case "count":
			d.fail(a.NameRange, "there is no count").
				Hintf("write for_each = range(n), or enabled = … for none or one; each.key is \"0\", \"1\", …")
		case "lifecycle":
			if d.lifecycle = a; d.isModule() {
				d.lifecycle, d.attrs = nil, append(d.attrs, a) // it is no attribute of a module
			}
		default:
			if diag.Nearest(a.Name, []string{"for_each"}) != "" { // the schema does not know it, since Starlark has none
				d.fail(a.NameRange, "%s.%s: unknown attribute %q", d.block.Type, d.label, a.Name).Hintf("did you mean %q?", "for_each")
				d.each, d.misspelt = true, true
				continue
			}
			d.attrs = append(d.attrs, a)
		}
	}
	for _, in := range d.block.Body.Blocks {
		d.nested(in)
	}
}

// nestedInModule reports a block within a module.
func (d *instances) nestedInModule(in *hclsyntax.Block) {
	m := d.fail(in.TypeRange, "module.%s: there is no block %q here", d.label, in.Type)
	switch in.Type {
	case "inputs":
		m.Hintf("write inputs = { … }")
	case "lifecycle":
		m.Hintf("%s", schema.ModuleLifecycle())
	}
}

func (d *instances) nested(in *hclsyntax.Block) {
	if d.isModule() {
		d.nestedInModule(in)
		return
	}
	if in.Type == "lifecycle" && d.guard == nil && d.lifecycle == nil {
		d.unlabelled(in)
		guard, body := *in, *in.Body // what is taken out stays in the file, which others may read too
		body.Attributes = maps.Clone(body.Attributes)
		guard.Body, d.guard = &body, &guard
		body.Blocks = slices.DeleteFunc(slices.Clone(body.Blocks), d.notInLifecycle)
		return
	}
	set := schema.Bind(d.kinds[d.block.Type].New())
	switch f := set.Field(in.Type); {
	case in.Type == "lifecycle":
		d.fail(in.TypeRange, "lifecycle is written twice")
	case in.Type == "dynamic":
		name, typ := "ports", "list"
		if len(in.Labels) == 1 {
			name = in.Labels[0]
		}
		if f := set.Field(name); f != nil {
			typ = f.Type
		}
		d.fail(in.TypeRange, "there are no dynamic blocks").Hintf("%s, which a for can make: %s = [for x in … : { … }]", nestedHint(name, typ), name)
	case f != nil:
		d.fail(in.TypeRange, "%s is written as an attribute, not as a block", in.Type).Hintf("%s", nestedHint(in.Type, f.Type))
	default:
		// The decoder knows what the name may have been meant for.
		schema.Decoding{Owner: d.block.Type + "." + d.label, Every: schema.EveryResource, Diags: d.diags}.Unknown(set, ir.Attr{Name: in.Type, Pos: d.pos(in.TypeRange)})
	}
}

// notInLifecycle reports a block that does not belong into lifecycle.
func (d *instances) notInLifecycle(in *hclsyntax.Block) bool {
	switch {
	case (in.Type == precondition || in.Type == postcondition) && d.guard.Body.Attributes[in.Type] != nil:
		d.fail(in.TypeRange, "lifecycle: %s stands here as an attribute already", in.Type)
	case in.Type == precondition || in.Type == postcondition:
		d.unlabelled(in)
		for _, sub := range in.Body.Blocks {
			d.fail(sub.TypeRange, "%s: there is no block %q here", in.Type, sub.Type)
		}
		return false
	default:
		d.fail(in.TypeRange, "lifecycle: there is no block %q here", in.Type).DidYouMean(in.Type, []string{precondition, postcondition})
	}
	return true
}

// addr returns the address of the one instance, or of that with a key.
func (d *instances) addr(key string, keyed bool) ir.Addr {
	if d.isModule() {
		return d.b.ModuleAddr(d.label, key, keyed)
	}
	a := d.b.Addr(d.block.Type, d.label)
	a.Key, a.Keyed = key, keyed
	return a
}

func (d *instances) run(n *node) {
	if d.forEach == nil {
		n.value, n.ok = d.instance("", false, nil)
		n.ok = n.ok && !d.misspelt
		return
	}
	coll, ok := d.eval.eval(d.forEach.Expr, nil)
	if !ok {
		return
	}
	keys, vals, ok := d.keys(coll)
	if !ok {
		return
	}
	d.fix()
	out := ir.ListVal()
	byKey := map[string]ir.Value{}
	for i, key := range keys {
		before := len(*d.diags)
		h, ok := d.instance(key, true, eachScope(key, vals[i]))
		if !ok || broken(*d.diags, before) {
			return // the next would fail in the same way
		}
		out.List = append(out.List, h)
		byKey[key] = h
	}
	n.value, n.ok = out, true
	if coll.Kind == ir.Map {
		n.value = ir.MapVal(byKey)
	}
}

// keys returns the keys of for_each, in its order, and what each.value is.
func (d *instances) keys(coll ir.Value) (keys []string, vals []ir.Value, ok bool) {
	r := d.forEach.Expr.StartRange()
	switch {
	case coll.Sensitive:
		d.fail(r, "for_each cannot depend on a sensitive value").Hintf("keys are part of addresses, which are shown")
		return nil, nil, false
	case coll.Kind == ir.Map:
		for _, k := range coll.Keys() {
			keys, vals = append(keys, k), append(vals, coll.Map[k])
		}
		return keys, vals, true
	case coll.Kind == ir.List:
		return d.listKeys(coll)
	case coll.Kind == ir.Int:
		d.fail(r, "for_each takes a map, a list of texts, or range(n), got a number").Hintf("write for_each = range(%s)", coll.Show())
	case coll.Kind == ir.Engine || coll.Kind == ir.Text:
		d.isPlain(r, coll, "for_each")
	case coll.IsNull() && coll.Off != "":
		d.off(r, coll)
	default:
		d.fail(r, "for_each takes a map, a list of texts, or range(n), got %s", coll.Kind)
	}
	return nil, nil, false
}

func (d *instances) listKeys(list ir.Value) (keys []string, vals []ir.Value, ok bool) {
	seen := map[string]bool{}
	for _, v := range list.List {
		r := d.forEach.Expr.StartRange()
		if !d.isPlain(r, v, "for_each") {
			return nil, nil, false
		}
		if v.Kind != ir.String && v.Kind != ir.Int {
			d.fail(r, "an element of for_each's list is %s, and keys are text", v.Kind).
				Hintf("make a map with a key for each: { for x in … : x.name => x }")
			return nil, nil, false
		}
		k := v.ToText().Str
		if seen[k] {
			d.fail(r, "two elements of for_each's list are %q", k).Hintf("keys have to be distinct; toset(…) drops what is there twice")
			return nil, nil, false
		}
		seen[k] = true
		keys, vals = append(keys, k), append(vals, v)
	}
	return keys, vals, true
}

// instance declares one resource or module and returns its handle. What is wrong
// with it is reported, and the handle can be used all the same.
func (d *instances) instance(key string, keyed bool, sc *scope) (ir.Value, bool) {
	a := d.addr(key, keyed)
	if d.enabled != nil {
		yes, ok := d.option(d.enabled.Expr, sc, "enabled", true)
		if !ok {
			return ir.Value{}, false
		}
		if !yes {
			return ir.Value{Off: a.String()}, true
		}
	}
	if err := d.b.Full(); err != nil {
		d.fail(d.block.TypeRange, "%v", err)
		return ir.Value{}, false
	}
	attrs := d.own(sc)
	var deps ir.Attr
	if d.dependsOn != nil {
		deps = d.attrOf(d.dependsOn, sc)
	}
	if d.isModule() {
		d.b.Module(schema.ModuleCall{Name: d.label, Key: key, Keyed: keyed, Pos: d.pos(d.block.TypeRange), Attrs: attrs, DependsOn: deps})
		return ir.HandleVal(a), true
	}
	d.b.Declare(schema.Declaration{
		Addr: a, Pos: d.pos(d.block.TypeRange), Dir: d.dir, Attrs: attrs, DependsOn: deps, Lifecycle: d.lifecycleOf(sc), Post: d.posts(a, sc),
	})
	return ir.HandleVal(a), true
}

// fix finds the attributes that are the same in each of many instances.
func (d *instances) fix() {
	d.fixed = make([]*ir.Attr, len(d.attrs))
	for i, a := range d.attrs {
		if !slices.ContainsFunc(a.Expr.Variables(), func(t hcl.Traversal) bool { return t.RootName() == "each" }) {
			d.fixed[i] = new(ir.Attr)
		}
	}
}

// own evaluates the attributes that the kind has. What is fixed is evaluated for
// the first instance: nobody changes a value.
func (d *instances) own(sc *scope) []ir.Attr {
	if d.fixed == nil {
		return d.reader.attrs(d.attrs, sc)
	}
	out := make([]ir.Attr, len(d.attrs))
	for i, a := range d.attrs {
		switch fixed := d.fixed[i]; {
		case fixed == nil:
			out[i] = d.attrOf(a, sc)
		case fixed.Name == "":
			*fixed = d.attrOf(a, sc)
			fallthrough
		default:
			out[i] = *fixed
		}
	}
	return out
}

// lifecycleOf returns the attribute or the block lifecycle.
func (d *instances) lifecycleOf(sc *scope) ir.Attr {
	if d.guard == nil {
		if d.lifecycle == nil {
			return ir.Attr{}
		}
		return d.attrOf(d.lifecycle, sc)
	}
	at := d.pos(d.guard.TypeRange)
	v := ir.MapVal(map[string]ir.Value{}).At(at)
	for _, x := range d.reader.attrs(attributes(d.guard.Body), sc) {
		if x.Value.Pos = x.Pos; !x.Value.IsNull() {
			v.Map[x.Name] = x.Value
		}
	}
	rules := ir.ListVal().At(at)
	for _, b := range d.guard.Body.Blocks {
		rule := ir.MapVal(map[string]ir.Value{}).At(d.pos(b.TypeRange))
		for _, x := range d.ruleOf(b, sc) {
			if x.Name != "condition" || !x.Value.Pos.Known() {
				x.Value.Pos = x.Pos
			}
			rule.Map[x.Name] = x.Value
		}
		rules.List = append(rules.List, rule)
	}
	if len(rules.List) > 0 {
		v.Map[precondition] = rules
	}
	return ir.Attr{Name: "lifecycle", Pos: at, Value: v}
}

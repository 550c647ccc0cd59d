package hclfile

import (
	"bayplan/lang/ir"
	"bayplan/lang/schema"

	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// resource is a block that declares one resource, or many under for_each.
type resource struct {
	*reader
	block     *hclsyntax.Block
	label     string
	attrs     []*hclsyntax.Attribute // but for those below, which every resource has
	forEach   *hclsyntax.Attribute   // nil without it, as the next ones
	enabled   *hclsyntax.Attribute
	dependsOn *hclsyntax.Attribute
	lifecycle *hclsyntax.Attribute
	guard     *hclsyntax.Block // lifecycle as a block
}

func (r *reader) addResource(b *hclsyntax.Block) {
	label, ok := r.label(b)
	if !ok {
		return
	}
	d := &resource{reader: r, block: b, label: label}
	n := &node{name: b.Type + "." + label, at: b.TypeRange, run: d.run}
	d.sort()
	for _, a := range attributes(b.Body) {
		n.exprs = append(n.exprs, expr{Expression: a.Expr, each: d.forEach != nil && a != d.forEach})
	}
	if d.guard != nil {
		for _, a := range attributes(d.guard.Body) {
			n.exprs = append(n.exprs, expr{Expression: a.Expr, each: d.forEach != nil})
		}
	}
	r.add(n)
}

// sort tells what every resource has from what its kind has.
func (d *resource) sort() {
	for _, a := range attributes(d.block.Body) {
		switch a.Name {
		case "for_each":
			d.forEach = a
		case "enabled":
			d.enabled = a
		case "depends_on":
			d.dependsOn = a
		case "lifecycle":
			d.lifecycle = a
		case "count":
			d.fail(a.NameRange, "there is no count").
				Hintf("write for_each = range(n), or enabled = … for none or one; each.key is \"0\", \"1\", …")
		default:
			d.attrs = append(d.attrs, a)
		}
	}
	for _, in := range d.block.Body.Blocks {
		d.nested(in)
	}
}

func (d *resource) nested(in *hclsyntax.Block) {
	set := schema.Bind(d.kinds[d.block.Type].New())
	switch f := set.Field(in.Type); {
	case in.Type == "lifecycle" && d.guard == nil && d.lifecycle == nil:
		d.unlabelled(in)
		for _, sub := range in.Body.Blocks {
			d.fail(sub.TypeRange, "lifecycle: there is no block %q here", sub.Type)
		}
		d.guard = in
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
		schema.Decoding{Owner: d.block.Type + "." + d.label, Diags: d.diags}.Unknown(set, ir.Attr{Name: in.Type, Pos: d.pos(in.TypeRange)})
	}
}

func (d *resource) addr() ir.Addr { return ir.Addr{Kind: d.block.Type, Label: d.label} }

func (d *resource) run(n *node) {
	if d.forEach == nil {
		n.value, n.ok = d.instance(d.addr(), nil)
		return
	}
	coll, ok := d.eval.eval(d.forEach.Expr, nil)
	if !ok {
		return
	}
	keys, vals, ok := d.instances(coll)
	if !ok {
		return
	}
	out := ir.ListVal()
	byKey := map[string]ir.Value{}
	for i, key := range keys {
		a := d.addr()
		a.Key, a.Keyed = key, true
		before := len(*d.diags)
		h, ok := d.instance(a, eachScope(key, vals[i]))
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

// instances returns the keys of for_each, in its order, and what each.value is.
func (d *resource) instances(coll ir.Value) (keys []string, vals []ir.Value, ok bool) {
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

func (d *resource) listKeys(list ir.Value) (keys []string, vals []ir.Value, ok bool) {
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

// instance declares one resource and returns its handle. What is wrong with it
// is reported, and the handle can be used all the same.
func (d *resource) instance(a ir.Addr, sc *scope) (ir.Value, bool) {
	if d.enabled != nil {
		yes, ok := d.decide(d.enabled.Expr, sc, "enabled")
		if !ok {
			return ir.Value{}, false
		}
		if !yes {
			return ir.Value{Off: a.String()}, true
		}
	}
	before := len(*d.diags)
	decl := schema.Declaration{Addr: a, Pos: d.pos(d.block.TypeRange), Dir: d.dir, Attrs: d.reader.attrs(d.attrs, sc)}
	if d.dependsOn != nil {
		decl.DependsOn = d.attrOf(d.dependsOn, sc)
	}
	if d.lifecycle != nil {
		decl.Lifecycle = d.attrOf(d.lifecycle, sc)
	}
	if d.guard != nil {
		at := d.pos(d.guard.TypeRange)
		v := ir.MapVal(map[string]ir.Value{}).At(at)
		for _, x := range d.reader.attrs(attributes(d.guard.Body), sc) {
			if x.Value.Pos = x.Pos; !x.Value.IsNull() {
				v.Map[x.Name] = x.Value
			}
		}
		decl.Lifecycle = ir.Attr{Name: "lifecycle", Pos: at, Value: v}
	}
	d.shown[a] = d.b.Declare(decl)
	d.hurt[a] = broken(*d.diags, before)
	return ir.HandleVal(a), true
}

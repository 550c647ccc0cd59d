package hclfile

import (
	"fmt"
	"slices"

	"bayplan/lang/diag"
	"bayplan/lang/ir"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// addMove takes in a declaration that says where a resource's object comes
// from, or that one is left alone. Its attribute target names a resource. What
// a resource is called follows from it, so that it comes first, and its target
// is read as it is written.
func (r *reader) addMove(b *hclsyntax.Block, target string, give func([]ir.Attr, diag.Pos, []diag.Call)) {
	r.unlabelled(b)
	for _, in := range b.Body.Blocks {
		r.fail(in.TypeRange, "%s: there is no block %q here", b.Type, in.Type)
	}
	n := &node{name: fmt.Sprintf("%s at %s:%d", b.Type, b.TypeRange.Filename, b.TypeRange.Start.Byte), at: b.TypeRange}
	attrs := attributes(b.Body)
	to := ir.BrokenVal()
	var place *hclsyntax.Attribute
	if i := slices.IndexFunc(attrs, func(a *hclsyntax.Attribute) bool { return a.Name == target }); i >= 0 {
		place = attrs[i]
		attrs = slices.Delete(attrs, i, i+1)
		to = r.target(b, place, n)
	}
	for _, a := range attrs {
		n.exprs = append(n.exprs, expr{Expression: a.Expr, early: true})
	}
	n.run = func(n *node) {
		out := r.attrs(attrs, nil)
		if place != nil {
			out = append(out, ir.Attr{Name: target, Pos: r.pos(place.NameRange), Value: to})
		}
		give(out, r.pos(n.at), nil)
	}
	r.add(n)
}

// target returns the resource that an attribute names, and lets it be declared
// after n.
func (r *reader) target(b *hclsyntax.Block, a *hclsyntax.Attribute, n *node) ir.Value {
	at := a.Expr.Range()
	t, hds := hcl.AbsTraversalForExpr(a.Expr)
	if hds.HasErrors() || r.kinds[t.RootName()] == nil || len(t) < 2 || len(t) > 3 {
		r.fail(at, "%s.%s: want a resource as it is declared", b.Type, a.Name).
			Hintf(`write %s = container.NAME, or container.NAME["KEY"] for one of many`, a.Name)
		return ir.BrokenVal()
	}
	name, _ := nodeName(t)
	addr := ir.Addr{Kind: t.RootName(), Label: name[min(len(name), len(t.RootName())+1):]}
	if len(t) == 3 {
		index, ok := t[2].(hcl.TraverseIndex)
		if !ok {
			r.fail(at, "%s.%s: %s is no resource, but something of one", b.Type, a.Name, traversalText(t)).Hintf("write %s", addr)
			return ir.BrokenVal()
		}
		key, ok := r.literal(&hclsyntax.LiteralValueExpr{Val: index.Key, SrcRange: index.SrcRange})
		if !ok {
			return ir.BrokenVal()
		}
		addr.Key, addr.Keyed = key.ToText().Str, true
	}
	r.early = append(r.early, early{n: n, of: t})
	return ir.HandleVal(addr).At(r.pos(at))
}

// early is a declaration that comes before the resource that it is about.
type early struct {
	n  *node
	of hcl.Traversal
}

// comesFirst lets resources wait for what says where their objects come from.
func (r *reader) comesFirst() {
	for _, e := range r.early {
		if !r.eval.check(e.of, false) {
			e.n.bad = true
			continue
		}
		name, _ := nodeName(e.of)
		r.nodes[name].refs = append(r.nodes[name].refs, ref{to: e.n, at: e.of.SourceRange()})
	}
}

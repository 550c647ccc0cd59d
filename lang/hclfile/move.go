package hclfile

import (
	"fmt"
	"slices"
	"strings"

	"bayplan/lang/diag"
	"bayplan/lang/ir"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// addMove takes in a declaration that says where a resource's object comes
// from, or that one is left alone. Its attribute target names a resource. What
// a resource is called follows from it, so that it comes first, and its target
// is read as it is written, unless it is an output of a module.
func (r *reader) addMove(b *hclsyntax.Block, target string, give func([]ir.Attr, diag.Pos, []diag.Call)) {
	r.unlabelled(b)
	for _, in := range b.Body.Blocks {
		r.fail(in.TypeRange, "%s: there is no block %q here", b.Type, in.Type)
	}
	n := &node{name: fmt.Sprintf("%s at %s:%d", b.Type, b.TypeRange.Filename, b.TypeRange.Start.Byte), at: b.TypeRange}
	attrs := attributes(b.Body)
	to := ir.BrokenVal()
	var place *hclsyntax.Attribute
	i := slices.IndexFunc(attrs, func(a *hclsyntax.Attribute) bool { return a.Name == target })
	if i >= 0 && !r.late(attrs[i].Expr, n) {
		place = attrs[i]
		attrs = slices.Delete(attrs, i, i+1)
		to = r.target(b, place, n)
	}
	for _, a := range attrs {
		n.exprs = append(n.exprs, expr{Expression: a.Expr, early: a.Name != target})
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

// late reports whether a target is evaluated as any other value: an output of a
// module, which then comes before n, or an address as text, before whose module
// n comes.
func (r *reader) late(x hclsyntax.Expression, n *node) bool {
	if t, hds := hcl.AbsTraversalForExpr(x); !hds.HasErrors() {
		return t.RootName() == "module" && !isWhole(t)
	}
	lit, hds := x.Value(nil)
	if hds.HasErrors() || lit.Type() != cty.String || lit.IsNull() || !lit.IsKnown() {
		return false
	}
	rest, in := strings.CutPrefix(lit.AsString(), "module.")
	if end := strings.IndexAny(rest, ".["); in && end > 0 {
		r.early = append(r.early, early{n: n, name: "module." + rest[:end], at: x.Range()})
	}
	return true
}

// isWhole reports whether t is a module or one instance of it, and not
// something in it.
func isWhole(t hcl.Traversal) bool {
	if len(t) == 3 {
		_, key := t[2].(hcl.TraverseIndex)
		return key
	}
	return len(t) == 2
}

// target returns the resource that an attribute names, and lets it be declared
// after n.
func (r *reader) target(b *hclsyntax.Block, a *hclsyntax.Attribute, n *node) ir.Value {
	at := a.Expr.Range()
	t, hds := hcl.AbsTraversalForExpr(a.Expr)
	if hds.HasErrors() || r.kinds[t.RootName()] == nil && t.RootName() != "module" || len(t) < 2 || len(t) > 3 {
		r.fail(at, "%s.%s: want a resource as it is declared", b.Type, a.Name).
			Hintf(`write %s = container.NAME, or container.NAME["KEY"] for one of many`, a.Name)
		return ir.BrokenVal()
	}
	name, _ := nodeName(t)
	label := name[min(len(name), len(t.RootName())+1):]
	addr := r.b.Addr(t.RootName(), label)
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
	if t.RootName() == "module" {
		addr = r.b.ModuleAddr(label, addr.Key, addr.Keyed)
	}
	r.early = append(r.early, early{n: n, name: name, at: t.SourceRange(), of: t})
	return ir.HandleVal(addr).At(r.pos(at))
}

// early is a declaration that comes before the one that it is about.
type early struct {
	n    *node
	name string // of the other
	at   hcl.Range
	of   hcl.Traversal // nil if the other is named by text
}

// comesFirst lets declarations wait for what says where their objects come from.
func (r *reader) comesFirst() {
	for _, e := range r.early {
		if e.of != nil && !r.eval.check(e.of, false) {
			e.n.bad = true
			continue
		}
		if to := r.nodes[e.name]; to != nil {
			to.refs = append(to.refs, ref{to: e.n, at: e.at})
		}
	}
}

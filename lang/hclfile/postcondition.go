package hclfile

import (
	"slices"

	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// The rules of a lifecycle.
const (
	precondition  = "precondition"
	postcondition = "postcondition"
)

// findPosts takes the postconditions out of the lifecycle: all else in it is
// evaluated when the resource is declared, and these when it is known. They are
// blocks, or objects in a list as they stand there.
func (d *instances) findPosts() {
	if d.lifecycle != nil {
		d.lifecycle = d.withoutPosts(d.lifecycle)
	}
	if d.guard == nil {
		return
	}
	if a := d.guard.Body.Attributes[postcondition]; a != nil {
		delete(d.guard.Body.Attributes, postcondition)
		d.postList(a.Expr)
	}
	d.guard.Body.Blocks = slices.DeleteFunc(d.guard.Body.Blocks, func(b *hclsyntax.Block) bool {
		if b.Type == postcondition {
			d.postBlock(b)
		}
		return b.Type == postcondition
	})
}

func (d *instances) postBlock(b *hclsyntax.Block) {
	before := len(*d.diags)
	d.only(b, []string{"condition", "error_message"}, nil)
	cond, msg := b.Body.Attributes["condition"], b.Body.Attributes["error_message"]
	if (cond == nil || msg == nil) && broken(*d.diags, before) {
		return // one of them is there under another name
	}
	if cond == nil || msg == nil {
		d.fail(b.TypeRange, "a postcondition needs condition and error_message")
		return
	}
	d.post = append(d.post, post{cond.Expr, msg.Expr})
}

// withoutPosts returns the attribute lifecycle without its postconditions.
func (d *instances) withoutPosts(a *hclsyntax.Attribute) *hclsyntax.Attribute {
	object, ok := a.Expr.(*hclsyntax.ObjectConsExpr)
	if !ok {
		return a
	}
	out, rest := *a, *object
	rest.Items = slices.DeleteFunc(slices.Clone(object.Items), func(item hclsyntax.ObjectConsItem) bool {
		post := keyword(item.KeyExpr) == postcondition
		if post {
			d.postList(item.ValueExpr)
		}
		return post
	})
	out.Expr = &rest
	return &out
}

// keyword returns the key of an item that is written as a name, or "".
func keyword(key hclsyntax.Expression) string {
	if k, ok := key.(*hclsyntax.ObjectConsKeyExpr); ok {
		return hcl.ExprAsKeyword(k.Wrapped)
	}
	return ""
}

func (d *instances) postList(x hclsyntax.Expression) {
	items := []hclsyntax.Expression{x}
	if list, ok := x.(*hclsyntax.TupleConsExpr); ok {
		items = list.Exprs
	}
	for _, item := range items {
		d.postObject(item)
	}
}

func (d *instances) postObject(x hclsyntax.Expression) {
	object, ok := x.(*hclsyntax.ObjectConsExpr)
	if !ok {
		d.fail(x.StartRange(), "a postcondition is asked when the resource is known, so that it is written out here").
			Hintf("write a block for each: postcondition { condition = …, error_message = … }")
		return
	}
	var p post
	for _, item := range object.Items {
		switch keyword(item.KeyExpr) {
		case "condition":
			p.cond = item.ValueExpr
		case "error_message":
			p.msg = item.ValueExpr
		default:
			d.fail(item.KeyExpr.StartRange(), "a postcondition has condition and error_message")
		}
	}
	if p.cond == nil || p.msg == nil {
		d.fail(x.StartRange(), "a postcondition needs condition and error_message")
		return
	}
	d.post = append(d.post, p)
}

// posts returns the postconditions of the resource at a.
func (d *instances) posts(a ir.Addr, sc *scope) []schema.Postcondition {
	if len(d.post) == 0 {
		return nil
	}
	sc = &scope{parent: sc, name: "self", value: ir.HandleVal(a)}
	var out []schema.Postcondition
	for _, p := range d.post {
		out = append(out, schema.Postcondition{
			Pos:       d.pos(p.cond.StartRange()),
			Condition: func() (ir.Value, diag.List) { return d.aside(p.cond, sc) },
			Message:   func() (ir.Value, diag.List) { return d.aside(p.msg, sc) },
		})
	}
	return out
}

// aside evaluates an expression and returns what is wrong with it instead of
// reporting it.
func (e *eval) aside(x hclsyntax.Expression, sc *scope) (ir.Value, diag.List) {
	var ds diag.List
	outer := e.diags
	e.diags = &ds
	v, ok := e.eval(x, sc)
	e.diags = outer
	if !ok {
		v = ir.BrokenVal()
	}
	return v, ds
}

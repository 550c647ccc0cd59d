package hclfile

import (
	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
	"bayplan/lang/value"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Settings reads a file of values for variables: attributes alone, in which
// nothing is referred to and nothing called.
func Settings(f schema.File, ds *diag.List) []value.Setting {
	body := parseFile(f, ds, true)
	if body == nil {
		return nil
	}
	e := &eval{files: map[string][]byte{f.Name: f.Src}, diags: ds, spent: new(schema.Spent)}
	for _, b := range body.Blocks {
		e.fail(b.TypeRange, "there is no block %q in a file of values", b.Type).Hintf("it holds NAME = VALUE for variables")
	}
	var out []value.Setting
	for _, a := range attributes(body) {
		s := value.Setting{Name: a.Name, Pos: e.pos(a.NameRange), Value: ir.BrokenVal()}
		if v, ok := e.constant(a.Expr); ok {
			s.Value = v
		}
		out = append(out, s)
	}
	return out
}

// constant returns the value of an expression that says all by itself.
func (e *eval) constant(x hclsyntax.Expression) (ir.Value, bool) {
	const hint = "a file of values holds plain values alone; what is made of them stands in the program"
	for _, t := range x.Variables() {
		e.fail(t.SourceRange(), "%s cannot be used here", traversalText(t)).Hintf(hint)
		return ir.Value{}, false
	}
	calls := callsIn(x)
	if len(calls) > 0 {
		e.fail(calls[0].NameRange, "%s(…) cannot be called here", calls[0].Name).Hintf(hint)
		return ir.Value{}, false
	}
	return e.eval(x, nil)
}

// callsIn returns the calls of functions within an expression.
func callsIn(x hclsyntax.Expression) []*hclsyntax.FunctionCallExpr {
	var calls []*hclsyntax.FunctionCallExpr
	_ = hclsyntax.VisitAll(x, func(n hclsyntax.Node) hcl.Diagnostics { // the visitor never fails
		if c, ok := n.(*hclsyntax.FunctionCallExpr); ok {
			calls = append(calls, c)
		}
		return nil
	})
	return calls
}

package hclfile

import (
	"slices"

	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"

	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Outline tells what the files of a body declare, without an evaluation. kinds
// are the names of those that there are.
func Outline(files []schema.File, kinds []string, ds *diag.List) schema.Outline {
	var out schema.Outline
	for _, f := range files {
		body := parseFile(f, ds, false)
		if body == nil {
			continue
		}
		o := &outline{f, kinds, &out}
		for _, b := range body.Blocks {
			if len(b.Labels) == 1 {
				o.block(b)
			}
		}
	}
	return out
}

type outline struct {
	file  schema.File
	kinds []string
	out   *schema.Outline
}

func (o *outline) block(b *hclsyntax.Block) {
	name, has := b.Labels[0], b.Body.Attributes
	switch {
	case b.Type == "variable":
		in := schema.InputOutline{
			Name: name, Type: "any", Description: o.text(has["description"]), Required: has["default"] == nil, Default: o.text(has["default"]),
			Sensitive: o.text(has["sensitive"]) == "true",
		}
		if t := has["type"]; t != nil {
			in.Type = o.source(t.Expr)
		}
		for _, x := range b.Body.Blocks {
			if message := x.Body.Attributes["error_message"]; x.Type == "validation" && message != nil {
				in.Refusals = append(in.Refusals, o.refusal(message.Expr))
			}
		}
		o.out.Inputs = append(o.out.Inputs, in)
	case b.Type == "output":
		o.out.Outputs = append(o.out.Outputs, schema.OutputOutline{
			Name: name, Description: o.text(has["description"]), Sensitive: o.text(has["sensitive"]) == "true",
		})
	case b.Type == "module" || slices.Contains(o.kinds, b.Type):
		o.out.Parts = append(o.out.Parts, schema.PartOutline{
			Kind: b.Type, Label: name, Source: o.text(has["source"]), Many: has["for_each"] != nil, Perhaps: has["enabled"] != nil,
		})
	}
}

// text returns an attribute's value as it is shown, or the expression where
// that does not say it all by itself; "" for none.
func (o *outline) text(a *hclsyntax.Attribute) string {
	if a == nil {
		return ""
	}
	v, ok := o.constant(a.Expr)
	switch {
	case !ok:
		return o.source(a.Expr)
	case v.Kind == ir.String && a.Name != "default":
		return v.Str
	}
	return v.Show()
}

// refusal is what a validation says.
func (o *outline) refusal(message hclsyntax.Expression) string {
	t, ok := message.(*hclsyntax.TemplateExpr)
	if !ok {
		return schema.Refusal(o.source(message))
	}
	pieces := []string{""}
	for _, x := range t.Parts {
		if v, ok := o.constant(x); ok && v.Kind == ir.String {
			pieces[len(pieces)-1] += v.Str
		} else {
			pieces = append(pieces, "")
		}
	}
	return schema.Refusal(pieces...)
}

func (o *outline) constant(x hclsyntax.Expression) (ir.Value, bool) {
	var unsaid diag.List // it may well be no constant
	e := &eval{files: map[string][]byte{o.file.Name: o.file.Src}, diags: &unsaid, spent: new(schema.Spent)}
	return e.constant(x)
}

// source returns an expression as it is written, on one line.
func (o *outline) source(x hclsyntax.Expression) string {
	return schema.OneLine(string(x.Range().SliceBytes(o.file.Src)))
}

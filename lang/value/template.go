package value

import (
	"errors"
	"fmt"

	"bayplan/lang/diag"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
)

// Template evaluates a text in HCL's template language. vars is an object or
// map whose attributes the template can name. file is how messages call it.
func Template(file, src string, vars cty.Value, funcs map[string]function.Function) (cty.Value, error) {
	if ty := vars.Type(); !ty.IsObjectType() && !ty.IsMapType() {
		return cty.NilVal, function.NewArgErrorf(1, "want a map of the template's variables")
	}
	start := hcl.Pos{Line: 1, Column: 1}
	tokens, diags := hclsyntax.LexTemplate([]byte(src), file, start)
	if diags.HasErrors() {
		return cty.NilVal, templateError(diags)
	}
	if deep := CheckNesting(tokens); deep != nil {
		return cty.NilVal, templateError(hcl.Diagnostics{deep})
	}
	expr, diags := hclsyntax.ParseTemplate([]byte(src), file, start)
	if diags.HasErrors() {
		return cty.NilVal, templateError(diags)
	}
	ctx := &hcl.EvalContext{Variables: vars.AsValueMap(), Functions: funcs}
	v, diags := expr.Value(ctx)
	if diags.HasErrors() {
		return cty.NilVal, templateError(diags)
	}
	text, err := convert.Convert(v, cty.String)
	if err != nil || text.IsNull() {
		return cty.NilVal, fmt.Errorf("%s: the template is %s, and not text", file, v.Type().FriendlyName())
	}
	return text, nil
}

// templateError says where in the template the first error is.
func templateError(diags hcl.Diagnostics) error {
	for _, d := range diags {
		if d.Severity != hcl.DiagError {
			continue
		}
		if d.Subject == nil {
			return errors.New(Phrase(d))
		}
		at := diag.Pos{File: d.Subject.Filename, Line: d.Subject.Start.Line, Col: d.Subject.Start.Column}
		return fmt.Errorf("%s: %s", at, Phrase(d))
	}
	panic("value: a template failed without an error")
}

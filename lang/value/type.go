package value

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"bayplan/lang/diag"
	"bayplan/lang/ir"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// Type is a type of variables, from HCL's type language. The zero value takes
// anything.
type Type struct {
	cty      cty.Type
	defaults *typeexpr.Defaults
}

// ParseType reads a type, such as list(object({ port = optional(number, 80) })).
func ParseType(text string) (Type, error) {
	expr, err := parseExpr(text)
	if err != nil {
		return Type{}, err
	}
	t, diags := TypeOf(expr)
	return t, firstError(diags)
}

// TypeOf returns the type that an expression of HCL says.
func TypeOf(expr hcl.Expression) (Type, hcl.Diagnostics) {
	ty, defaults, diags := typeexpr.TypeConstraintWithDefaults(expr)
	if diags.HasErrors() {
		for _, d := range diags {
			d.Detail = strings.TrimSuffix(d.Detail, ".") + suggestType(d)
		}
		return Type{}, diags
	}
	return Type{cty: ty, defaults: defaults}, nil
}

var typeNames = []string{"string", "number", "bool", "any", "list", "set", "map", "object", "tuple", "optional"}

// suggestType returns what to add to a message about an unknown type.
func suggestType(d *hcl.Diagnostic) string {
	_, rest, found := strings.Cut(d.Detail, `"`)
	name, _, _ := strings.Cut(rest, `"`)
	if near := diag.Nearest(name, typeNames); found && near != "" {
		return fmt.Sprintf(" (did you mean %s?)", near)
	}
	return ""
}

func (t Type) any() bool { return t.cty == cty.NilType || t.cty == cty.DynamicPseudoType }

// String returns the type as HCL writes it.
func (t Type) String() string {
	if t.any() {
		return "any"
	}
	return typeexpr.TypeString(t.cty)
}

func (t Type) want() string {
	switch t.cty {
	case cty.NilType, cty.DynamicPseudoType:
		return "a value, with text in quotes"
	case cty.String:
		return "text"
	case cty.Number:
		return "a number"
	case cty.Bool:
		return "true or false"
	}
	return "a value of type " + t.String()
}

// Convert returns v as this type has it, with the defaults of optional
// attributes filled in. The position of v is kept.
func (t Type) Convert(v ir.Value) (ir.Value, error) {
	if t.any() {
		return v, nil
	}
	c, err := ToCty(v)
	if err != nil {
		return ir.Value{}, err
	}
	if t.defaults != nil && !c.IsNull() {
		c = t.defaults.Apply(c)
	}
	if c, err = convert.Convert(c, t.cty); err != nil {
		return ir.Value{}, errors.New(inWords(err))
	}
	got, err := FromCty(c)
	if err != nil {
		return ir.Value{}, err
	}
	got.Pos, got.Sensitive = v.Pos, v.HasSensitive()
	return got, nil
}

// inWords returns a conversion's error with the path to the place within the value.
func inWords(err error) string {
	path, ok := errors.AsType[cty.PathError](err)
	if !ok || len(path.Path) == 0 {
		return err.Error()
	}
	var b strings.Builder
	for _, step := range path.Path {
		switch s := step.(type) {
		case cty.GetAttrStep:
			b.WriteString("." + s.Name)
		case cty.IndexStep:
			if key, err := FromCty(s.Key); err == nil {
				fmt.Fprintf(&b, "[%s]", key.Show())
			}
		}
	}
	return strings.TrimPrefix(b.String(), ".") + ": " + err.Error()
}

// parse reads the text that was given for a variable: of a string the text as
// it is, else an expression. A variable without a type has that of its default
// if this is a number or a bool, and else takes the text as it is.
func (t Type) parse(text string, def ir.Value) (ir.Value, error) {
	switch {
	case t.cty == cty.String:
		return ir.StringVal(text), nil
	case t.cty == cty.NilType:
		switch def.Kind {
		case ir.Bool:
			t.cty = cty.Bool
		case ir.Int, ir.Float:
			t.cty = cty.Number
		case ir.List, ir.Map:
		default:
			return ir.StringVal(text), nil
		}
	}
	v, err := parseText(text)
	if err != nil {
		return ir.Value{}, err
	}
	return t.Convert(v)
}

// Phrase returns what HCL says in the form that messages have here: lower case,
// without a full stop, without line breaks.
func Phrase(d *hcl.Diagnostic) string {
	text := d.Detail
	if text == "" {
		text = d.Summary
	}
	text = strings.TrimRight(strings.Join(strings.Fields(text), " "), ".")
	first, n := utf8.DecodeRuneInString(text)
	if second, _ := utf8.DecodeRuneInString(text[n:]); unicode.IsUpper(second) {
		return text // an abbreviation
	}
	return string(unicode.ToLower(first)) + text[n:]
}

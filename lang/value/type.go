package value

import (
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
		return ir.Value{}, mismatch(v, t.cty, err)
	}
	got, err := FromCty(c)
	if err != nil {
		return ir.Value{}, err
	}
	got.Pos, got.Sensitive = v.Pos, v.HasSensitive()
	return got, nil
}

// mismatchError says which part of a value is not of its type.
type mismatchError struct {
	path string
	pos  diag.Pos // of the part, as near as is known
	err  error
}

func (e *mismatchError) Error() string {
	if e.path == "" {
		return e.err.Error()
	}
	return strings.TrimPrefix(e.path, ".") + ": " + e.err.Error()
}

// mismatch looks for the innermost part of v that is not of its type, since v
// is not of the type ty, as err says.
func mismatch(v ir.Value, ty cty.Type, err error) *mismatchError {
	e := &mismatchError{pos: v.Pos, err: err}
	for {
		path, part, want, err := misfit(v, ty)
		if err == nil {
			return e
		}
		v, ty = part, want
		e.path, e.err = e.path+path, err
		if v.Pos.Known() {
			e.pos = v.Pos
		}
	}
}

// misfit returns the first element of v that is not of the type that ty wants
// of it, and why not.
func misfit(v ir.Value, ty cty.Type) (path string, part ir.Value, want cty.Type, err error) {
	for i, e := range v.List {
		switch {
		case ty.IsListType() || ty.IsSetType():
			want = ty.ElementType()
		case ty.IsTupleType() && i < ty.Length():
			want = ty.TupleElementType(i)
		default:
			return "", ir.Value{}, want, nil
		}
		if err := fits(e, want); err != nil {
			return fmt.Sprintf("[%d]", i), e, want, err
		}
	}
	for _, k := range v.Keys() {
		path = fmt.Sprintf("[%q]", k)
		switch {
		case ty.IsMapType():
			want = ty.ElementType()
		case ty.IsObjectType() && ty.HasAttribute(k):
			path, want = "."+k, ty.AttributeType(k)
		default:
			continue
		}
		if err := fits(v.Map[k], want); err != nil {
			return path, v.Map[k], want, err
		}
	}
	return "", ir.Value{}, want, nil
}

func fits(v ir.Value, ty cty.Type) error {
	c, err := ToCty(v)
	if err == nil {
		_, err = convert.Convert(c, ty)
	}
	return err
}

// read returns what was given for a variable as this type has it.
func (t Type) read(g Given, def ir.Value) (ir.Value, error) {
	if g.Typed {
		return t.Convert(g.Value)
	}
	v, err := t.parse(g.Text, def)
	return v.At(g.Pos), err
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

// Package value is what both languages share about values: how they become
// values of HCL's type system and come back, how a function of the registry is
// called, what a variable is and how it gets its value.
//
// A rule that is kept here is the same in HCL and Starlark by construction.
package value

import (
	"fmt"
	"math"
	"math/big"
	"reflect"

	"bayplan/lang/ir"

	"github.com/zclconf/go-cty/cty"
)

// reference carries a handle or a value that only the engine knows through a
// function that never looks into it.
var reference = cty.Capsule("reference", reflect.TypeFor[ir.Value]())

// mark is what a value of a program has and a plain value of HCL's type system
// has not. It goes with the value through functions that move it about.
type mark string

const (
	sensitiveMark mark = "sensitive"
	opaqueMark    mark = "opaque"
)

// ToCty returns v for a function or a type. Lists become tuples and maps
// objects. Sensitivity is left to the caller. A handle, and a value that only
// the engine knows, is an error.
func ToCty(v ir.Value) (cty.Value, error) { return toCty(v, false) }

// toCty is ToCty, for a function that moves values about with the marks and
// references that are in them.
func toCty(v ir.Value, moves bool) (cty.Value, error) {
	c, err := content(v, moves)
	switch {
	case err != nil || !moves || !v.Sensitive && !v.Opaque:
		return c, err
	case v.Opaque:
		return c.Mark(sensitiveMark).Mark(opaqueMark), nil
	}
	return c.Mark(sensitiveMark), nil
}

// content is toCty without v's own marks.
func content(v ir.Value, moves bool) (cty.Value, error) {
	switch v.Kind {
	case ir.Null:
		return cty.NullVal(cty.DynamicPseudoType), nil
	case ir.Bool:
		return cty.BoolVal(v.Bool), nil
	case ir.Int:
		return cty.NumberIntVal(v.Int), nil
	case ir.Float:
		return cty.NumberFloatVal(v.Float), nil
	case ir.String:
		return cty.StringVal(v.Str), nil
	case ir.List:
		return toTuple(v.List, moves)
	case ir.Map:
		return toObject(v, moves)
	}
	if !moves {
		return cty.NilVal, fmt.Errorf("%s cannot be used here", describe(v))
	}
	return cty.CapsuleVal(reference, &v), nil
}

func toTuple(list []ir.Value, moves bool) (cty.Value, error) {
	elems := make([]cty.Value, len(list))
	for i, e := range list {
		c, err := toCty(e, moves)
		if err != nil {
			return cty.NilVal, err
		}
		elems[i] = c
	}
	return cty.TupleVal(elems), nil
}

func toObject(v ir.Value, moves bool) (cty.Value, error) {
	attrs := make(map[string]cty.Value, len(v.Map))
	for _, k := range v.Keys() {
		c, err := toCty(v.Map[k], moves)
		if err != nil {
			return cty.NilVal, err
		}
		attrs[k] = c
	}
	return cty.ObjectVal(attrs), nil
}

// FromCty returns v as a program has it: numbers as int64 or float64, sets as
// sorted lists. A number beyond float64 is an error.
func FromCty(v cty.Value) (ir.Value, error) {
	v, marks := v.Unmark()
	got, err := fromContent(v)
	for m := range marks {
		got.Sensitive = got.Sensitive || m == sensitiveMark
		got.Opaque = got.Opaque || m == opaqueMark
	}
	return got, err
}

func fromContent(v cty.Value) (ir.Value, error) {
	ty := v.Type()
	switch {
	case !v.IsKnown():
		return ir.Value{}, fmt.Errorf("the value is not known")
	case v.IsNull():
		return ir.Value{}, nil
	case ty == cty.Bool:
		return ir.BoolVal(v.True()), nil
	case ty == cty.Number:
		return number(v.AsBigFloat())
	case ty == cty.String:
		return ir.StringVal(v.AsString()), nil
	case ty.Equals(reference):
		return *v.EncapsulatedValue().(*ir.Value), nil
	case ty.IsListType() || ty.IsSetType() || ty.IsTupleType():
		return fromElements(v)
	case ty.IsMapType() || ty.IsObjectType():
		return fromAttributes(v)
	}
	return ir.Value{}, fmt.Errorf("a value of type %s has no place in a program", ty.FriendlyName())
}

func fromElements(v cty.Value) (ir.Value, error) {
	list := make([]ir.Value, 0, v.LengthInt())
	for _, e := range v.Elements() {
		got, err := FromCty(e)
		if err != nil {
			return ir.Value{}, err
		}
		list = append(list, got)
	}
	return ir.ListVal(list...), nil
}

func fromAttributes(v cty.Value) (ir.Value, error) {
	m := make(map[string]ir.Value, v.LengthInt())
	for k, e := range v.Elements() {
		got, err := FromCty(e)
		if err != nil {
			return ir.Value{}, err
		}
		m[k.AsString()] = got
	}
	return ir.MapVal(m), nil
}

// number rounds to what a program can hold: 64-bit integers, or float64.
func number(f *big.Float) (ir.Value, error) {
	if n, acc := f.Int64(); acc == big.Exact {
		return ir.IntVal(n), nil
	}
	x, _ := f.Float64()
	if math.IsInf(x, 0) {
		return ir.Value{}, fmt.Errorf("the number is too large")
	}
	return ir.FloatVal(x), nil
}

// describe says what v is, for messages. It shows no sensitive text.
func describe(v ir.Value) string {
	switch {
	case v.Sensitive:
		return "a sensitive value"
	case v.Kind == ir.Handle:
		return "the resource " + v.Ref.String()
	case v.Kind == ir.Engine || v.Kind == ir.Text:
		return v.Show() + ", which only a running engine knows,"
	}
	return v.Kind.String()
}

package funcs

import (
	"fmt"
	"slices"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

var (
	alltrue = boolsFunc(func(bools []bool) bool { return !slices.Contains(bools, false) })
	anytrue = boolsFunc(func(bools []bool) bool { return slices.Contains(bools, true) })
)

// boolsFunc is a test of a list of bools. An element that is null counts as false.
func boolsFunc(f func([]bool) bool) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "list", Type: cty.List(cty.Bool)}},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if !args[0].IsWhollyKnown() {
				return cty.UnknownVal(cty.Bool), nil
			}
			var bools []bool
			for _, e := range args[0].AsValueSlice() {
				bools = append(bools, !e.IsNull() && e.True())
			}
			return cty.BoolVal(f(bools)), nil
		},
	})
}

// coalesce is Terraform's: it passes over empty texts too.
var coalesce = function.New(&function.Spec{
	VarParam: &function.Parameter{Name: "values", Type: cty.DynamicPseudoType, AllowNull: true, AllowUnknown: true, AllowDynamicType: true},
	Type: func(args []cty.Value) (cty.Type, error) {
		types := make([]cty.Type, len(args))
		for i, a := range args {
			types[i] = a.Type()
		}
		t, _ := convert.UnifyUnsafe(types)
		if t == cty.NilType {
			return cty.NilType, fmt.Errorf("all arguments must have one type")
		}
		return t, nil
	},
	Impl: func(args []cty.Value, t cty.Type) (cty.Value, error) {
		for _, a := range args {
			if !a.IsKnown() {
				return cty.UnknownVal(t), nil
			}
			if a.IsNull() || a.RawEquals(cty.StringVal("")) {
				continue
			}
			return convert.Convert(a, t)
		}
		return cty.NilVal, fmt.Errorf("every argument is null or an empty text")
	},
})

// shallow is a function that looks at nothing but which elements its arguments
// have: what these are marked with stays with them, and what an argument itself
// is marked with comes upon the result.
func shallow(f *function.Spec) function.Function {
	for i := range f.Params {
		f.Params[i].AllowMarked = true
	}
	if f.VarParam != nil {
		f.VarParam.AllowMarked = true
	}
	impl, typeOf := f.Impl, f.Type
	f.Type = func(args []cty.Value) (cty.Type, error) {
		args, _ = unmark(args)
		return typeOf(args)
	}
	f.Impl = func(args []cty.Value, t cty.Type) (cty.Value, error) {
		args, marks := unmark(args)
		v, err := impl(args, t)
		if err != nil {
			return cty.NilVal, err
		}
		return v.WithMarks(marks...), nil
	}
	return function.New(f)
}

// unmark takes the marks of values, and leaves those of what is within them.
func unmark(args []cty.Value) (plain []cty.Value, marks []cty.ValueMarks) {
	for _, a := range args {
		v, m := a.Unmark()
		plain, marks = append(plain, v), append(marks, m)
	}
	return plain, marks
}

// unmarkDeep takes the marks of values and of all that is within them.
func unmarkDeep(args []cty.Value) []cty.Value {
	plain := make([]cty.Value, len(args))
	for i, a := range args {
		plain[i], _ = a.UnmarkDeep()
	}
	return plain
}

// coalescelist is go-cty's, but for marks.
var coalescelist = shallow(&function.Spec{
	VarParam: &function.Parameter{Name: "lists", Type: cty.DynamicPseudoType, AllowDynamicType: true, AllowNull: true},
	Type: func(args []cty.Value) (cty.Type, error) {
		return stdlib.CoalesceListFunc.ReturnTypeForValues(unmarkDeep(args))
	},
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		for _, a := range args {
			if !a.IsNull() && a.LengthInt() > 0 {
				return a, nil
			}
		}
		return cty.NilVal, fmt.Errorf("no list has an element")
	},
})

// toCollection is go-cty's conversion, whose elements keep their marks.
func toCollection(want cty.Type) function.Function {
	plain := stdlib.MakeToFunc(want)
	return shallow(&function.Spec{
		Params: []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType, AllowNull: true, AllowDynamicType: true}},
		Type:   func(args []cty.Value) (cty.Type, error) { return plain.ReturnTypeForValues(unmarkDeep(args)) },
		Impl: func(args []cty.Value, t cty.Type) (cty.Value, error) {
			if got, err := convert.Convert(args[0], t); err == nil {
				return got, nil
			}
			return plain.Call(unmarkDeep(args)) // says why
		},
	})
}

// formatlist is go-cty's, where a text is marked as the elements that it is made
// of are.
var formatlist = shallow(&function.Spec{
	Params:   []function.Parameter{text("format")},
	VarParam: &function.Parameter{Name: "args", Type: cty.DynamicPseudoType, AllowNull: true, AllowDynamicType: true},
	Type: func(args []cty.Value) (cty.Type, error) {
		return stdlib.FormatListFunc.ReturnTypeForValues(unmarkDeep(args))
	},
	Impl: func(args []cty.Value, t cty.Type) (cty.Value, error) {
		got, err := stdlib.FormatListFunc.Call(unmarkDeep(args))
		if err != nil || got.LengthInt() == 0 {
			return got, err
		}
		texts := got.AsValueSlice()
		for _, a := range args[1:] {
			if !a.ContainsMarked() {
				continue
			}
			walked := a.Type().IsListType() || a.Type().IsTupleType() // a set has no marks within it
			for i := range texts {
				e := a
				if walked {
					e = a.Index(cty.NumberIntVal(int64(i)))
				}
				_, marks := e.UnmarkDeep()
				texts[i] = texts[i].WithMarks(marks)
			}
		}
		return cty.ListVal(texts), nil
	},
})

// index finds a value; the operator [ ] is what go-cty calls index.
var index = function.New(&function.Spec{
	Params: []function.Parameter{anything("list"), anything("value")},
	Type:   function.StaticReturnType(cty.Number),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		if t := args[0].Type(); !t.IsListType() && !t.IsTupleType() {
			return cty.NilVal, function.NewArgErrorf(0, "want a list")
		}
		for i, e := range args[0].AsValueSlice() {
			eq, err := stdlib.Equal(e, args[1])
			if err != nil {
				return cty.NilVal, err
			}
			if !eq.IsKnown() {
				return cty.UnknownVal(cty.Number), nil
			}
			if eq.True() {
				return cty.NumberIntVal(int64(i)), nil
			}
		}
		return cty.NilVal, function.NewArgErrorf(1, "the list does not hold it")
	},
})

// length takes texts too, unlike go-cty's.
var length = shallow(&function.Spec{
	Params: []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType, AllowUnknown: true, AllowDynamicType: true}},
	Type:   function.StaticReturnType(cty.Number),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		switch t := args[0].Type(); {
		case t == cty.DynamicPseudoType:
			return cty.UnknownVal(cty.Number), nil
		case t == cty.String:
			return stdlib.Strlen(args[0])
		case t.IsObjectType():
			return cty.NumberIntVal(int64(len(t.AttributeTypes()))), nil
		case t.IsTupleType():
			return cty.NumberIntVal(int64(t.Length())), nil
		case t.IsCollectionType():
			return args[0].Length(), nil
		}
		return cty.NilVal, function.NewArgErrorf(0, "want a list, map, set or text")
	},
})

var one = shallow(&function.Spec{
	Params: []function.Parameter{anything("list")},
	Type: func(args []cty.Value) (cty.Type, error) {
		t := args[0].Type()
		switch {
		case t.IsListType() || t.IsSetType():
			return t.ElementType(), nil
		case t.IsTupleType() && t.Length() == 0:
			return cty.DynamicPseudoType, nil
		case t.IsTupleType() && t.Length() == 1:
			return t.TupleElementType(0), nil
		case t.IsTupleType():
			return cty.NilType, function.NewArgErrorf(0, "the list has %d elements, want one or none", t.Length())
		}
		return cty.NilType, function.NewArgErrorf(0, "want a list or set")
	},
	Impl: func(args []cty.Value, t cty.Type) (cty.Value, error) {
		switch n := args[0].LengthInt(); n {
		case 0:
			return cty.NullVal(t), nil
		case 1:
			return args[0].AsValueSlice()[0], nil
		default:
			return cty.NilVal, function.NewArgErrorf(0, "the list has %d elements, want one or none", n)
		}
	},
})

// ofNumbers lets a function of many numbers take them in one list too.
func ofNumbers(f function.Function) function.Function {
	return function.New(&function.Spec{
		VarParam: &function.Parameter{Name: "numbers", Type: cty.DynamicPseudoType},
		Type:     function.StaticReturnType(cty.Number),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if len(args) == 1 && args[0].CanIterateElements() {
				args = args[0].AsValueSlice()
			}
			numbers := make([]cty.Value, len(args))
			for i, a := range args {
				n, err := convert.Convert(a, cty.Number)
				if err != nil || n.IsNull() {
					return cty.NilVal, fmt.Errorf("want numbers, got %s", a.Type().FriendlyName())
				}
				numbers[i] = n
			}
			return f.Call(numbers)
		},
	})
}

// rangeOf is go-cty's, but for the limit of 1024 numbers, and for a limit below
// the start, where it gives no numbers, as Starlark does.
var rangeOf = function.New(&function.Spec{
	VarParam: &function.Parameter{Name: "numbers", Type: cty.Number},
	Type:     function.StaticReturnType(cty.List(cty.Number)),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		start, step := cty.Zero, cty.NumberIntVal(1)
		switch len(args) {
		case 1:
		case 3:
			step = args[2]
			fallthrough
		case 2:
			start = args[0]
			args = args[1:]
		default:
			return cty.NilVal, fmt.Errorf("want a limit, or a start and a limit, or these and a step")
		}
		limit, down := args[0], step.LessThan(cty.Zero).True()
		if step.RawEquals(cty.Zero) {
			return cty.NilVal, function.NewArgErrorf(2, "the step is zero")
		}
		var out []cty.Value
		for n := start; n.LessThan(limit).True() != down && !n.RawEquals(limit); n = n.Add(step) {
			if len(out) == maxRange {
				return cty.NilVal, fmt.Errorf("these are more than %d numbers", maxRange)
			}
			out = append(out, n)
		}
		if len(out) == 0 {
			return cty.ListValEmpty(cty.Number), nil
		}
		return cty.ListVal(out), nil
	},
})

var sum = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "list", Type: cty.List(cty.Number)}},
	Type:   function.StaticReturnType(cty.Number),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		total := cty.Zero
		for _, e := range args[0].AsValueSlice() {
			if e.IsNull() {
				return cty.NilVal, function.NewArgErrorf(0, "an element is null")
			}
			total = total.Add(e)
		}
		return total, nil
	},
})

var transpose = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "map", Type: cty.Map(cty.List(cty.String))}},
	Type:   function.StaticReturnType(cty.Map(cty.List(cty.String))),
	Impl: func(args []cty.Value, t cty.Type) (cty.Value, error) {
		if !args[0].IsWhollyKnown() {
			return cty.UnknownVal(t), nil
		}
		out := map[string][]cty.Value{}
		for it := args[0].ElementIterator(); it.Next(); {
			key, list := it.Element()
			if list.IsNull() {
				continue
			}
			for _, e := range list.AsValueSlice() {
				if e.IsNull() {
					return cty.NilVal, function.NewArgErrorf(0, "an element of %q is null", key.AsString())
				}
				out[e.AsString()] = append(out[e.AsString()], key)
			}
		}
		if len(out) == 0 {
			return cty.MapValEmpty(t.ElementType()), nil
		}
		lists := map[string]cty.Value{}
		for k, keys := range out {
			lists[k] = cty.ListVal(keys)
		}
		return cty.MapVal(lists), nil
	},
})

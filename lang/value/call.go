package value

import (
	"errors"
	"fmt"
	"maps"
	"strings"

	"bayplan/lang/diag"
	"bayplan/lang/ir"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
)

// moves are the functions that move values about and never look into them: of
// what is sensitive only the value itself stays so. Where they do look, as lookup
// at its key, all of the result is sensitive. Of true, a resource, and what only
// the engine knows, may be among the values; the others convert each element to
// what follows from kinds alone.
var moves = map[string]bool{
	"chunklist": true, "coalescelist": true, "concat": true, "element": true, "flatten": true, "keys": true, "length": true,
	"lookup": true, "merge": true, "one": true, "reverse": true, "setproduct": true, "slice": true, "values": true, "zipmap": true,

	"formatlist": false, "tolist": false, "tomap": false,
}

// keyed are the functions that make keys of what is in their first argument.
var keyed = map[string]bool{"transpose": true, "zipmap": true}

// texts are the functions that put text together, in a form that takes what
// only the engine knows.
var texts = map[string]func([]ir.Value) (ir.Value, *diag.Diag){
	"coalesce": coalesce,
	"format":   format,
	"join":     join,
}

// Call calls a function of the registry. The result is sensitive if anything
// in an argument is, but for functions that only move values about: there it is
// what the values themselves are. A resource where text is wanted, and a value
// that only the engine knows where the function would look into it, is an error.
// The message's position is that of the argument to blame, if it has one.
func Call(name string, f function.Function, args []ir.Value) (ir.Value, *diag.Diag) {
	refs, sensitive, opaque := false, false, false
	for _, a := range args {
		refs = refs || a.Any(isRef)
		sensitive = sensitive || a.HasSensitive()
		opaque = opaque || a.Any(func(v ir.Value) bool { return v.Opaque })
	}
	if keyed[name] && len(args) > 0 && args[0].HasSensitive() && !opaque {
		return ir.Value{}, (&diag.Diag{Pos: args[0].Pos, Msg: name + ": a key cannot depend on a sensitive value"}).
			Hintf("keys are shown; pass the value on as an element, under a key of its own")
	}
	if carries, ok := moves[name]; ok && (carries || !refs) && (sensitive || opaque) {
		if got, d := move(name, f, args); d == nil {
			return got, nil
		} // else it fails below too, whose message says no more than it may
	}
	got, d := callWith(name, f, args, refs, opaque)
	if d != nil {
		if sensitive {
			d.Msg, d.Hint = name+" fails on a sensitive value", "the reason is not shown, since it could show the value"
		}
		return ir.Value{}, d
	}
	got.Sensitive = got.Sensitive || sensitive
	got.Opaque = got.Opaque || opaque
	return got, nil
}

// callWith calls a function whose arguments may hold references.
func callWith(name string, f function.Function, args []ir.Value, refs, opaque bool) (ir.Value, *diag.Diag) {
	switch text := texts[name]; {
	case refs && text != nil:
		return text(args)
	case refs && !moves[name]:
		return ir.Value{}, refuse(name, args)
	}
	return call(name, f, args, refs, opaque)
}

// move calls a function that moves values about, of which each keeps its marks.
// An argument that is sensitive as a whole makes all of the result so, even if
// it is null and has no part in it.
func move(name string, f function.Function, args []ir.Value) (ir.Value, *diag.Diag) {
	got, d := call(name, f, args, true, false)
	for i, a := range args {
		if isDefault := name == "lookup" && i == 2; !isDefault {
			got.Sensitive, got.Opaque = got.Sensitive || a.Sensitive, got.Opaque || a.Opaque
		}
	}
	return got, d
}

func isRef(v ir.Value) bool { return v.Kind == ir.Handle || v.Kind == ir.Engine || v.Kind == ir.Text }

func call(name string, f function.Function, args []ir.Value, moving, opaque bool) (ir.Value, *diag.Diag) {
	conv, d := convertArgs(name, f, args, moving)
	if d != nil {
		return ir.Value{}, d
	}
	if opaque {
		return callOpaque(f, conv)
	}
	out, err := f.Call(conv)
	if err != nil {
		return ir.Value{}, blame(name, args, err)
	}
	got, err := FromCty(out)
	if err != nil {
		return ir.Value{}, blame(name, args, err)
	}
	return got, nil
}

// convertArgs checks the arguments against the function's parameters.
func convertArgs(name string, f function.Function, args []ir.Value, moving bool) ([]cty.Value, *diag.Diag) {
	params, rest := f.Params(), f.VarParam()
	switch {
	case len(args) < len(params):
		return nil, &diag.Diag{Msg: fmt.Sprintf("%s: argument %q is missing", name, params[len(args)].Name), Hint: usage(name, f)}
	case len(args) > len(params) && rest == nil:
		return nil, &diag.Diag{Pos: args[len(params)].Pos, Msg: fmt.Sprintf("%s: got %d arguments, want %d", name, len(args), len(params)), Hint: usage(name, f)}
	}
	out := make([]cty.Value, len(args))
	for i, a := range args {
		p := rest
		if i < len(params) {
			p = &params[i]
		}
		if a.IsNull() && !p.AllowNull {
			return nil, offError(a, fmt.Sprintf("%s: argument %q is null", name, p.Name))
		}
		c, err := toCty(a, moving)
		if err == nil {
			c, err = convert.Convert(c, p.Type)
		}
		if err != nil {
			return nil, &diag.Diag{Pos: a.Pos, Msg: fmt.Sprintf("%s: argument %q: %v", name, p.Name, err)}
		}
		out[i] = c
	}
	return out, nil
}

func usage(name string, f function.Function) string {
	return "it is called as " + name + SignatureOf(f).Call()
}

// callOpaque returns a stand-in of the result's type: an argument's value was
// not asked for, so that there is nothing to compute.
func callOpaque(f function.Function, args []cty.Value) (ir.Value, *diag.Diag) {
	types := make([]cty.Type, len(args))
	for i, a := range args {
		types[i] = a.Type()
	}
	ty, err := f.ReturnType(types)
	if err != nil {
		ty = cty.DynamicPseudoType // it depends on the value that we do not have
	}
	return opaqueOf(ty), nil
}

// opaqueOf returns a value of this type that stands for one that is not known
// here and may not be looked into.
func opaqueOf(ty cty.Type) ir.Value {
	var v ir.Value
	switch {
	case ty == cty.NilType || ty == cty.DynamicPseudoType:
		v = ir.StringVal("")
	case ty == cty.Bool:
		v = ir.BoolVal(false)
	case ty == cty.Number:
		v = ir.IntVal(0)
	case ty.IsListType() || ty.IsSetType():
		v = ir.ListVal()
	case ty.IsTupleType():
		for _, e := range ty.TupleElementTypes() {
			v.List = append(v.List, opaqueOf(e))
		}
		v = ir.ListVal(v.List...)
	case ty.IsMapType():
		v = ir.MapVal(map[string]ir.Value{})
	case ty.IsObjectType():
		v = ir.MapVal(map[string]ir.Value{})
		for name, e := range maps.All(ty.AttributeTypes()) {
			v.Map[name] = opaqueOf(e)
		}
	default:
		v = ir.StringVal("")
	}
	v.Opaque, v.Sensitive = true, true
	return v
}

func refuse(name string, args []ir.Value) *diag.Diag {
	for _, a := range args {
		if !a.Any(isRef) {
			continue
		}
		d := &diag.Diag{Pos: a.Pos}
		a.Refs(func(r ir.Ref, pos diag.Pos) {
			switch {
			case d.Msg != "":
			case r.Attr == "":
				d.Msg = fmt.Sprintf("%s: %s is %s, and the function takes values", name, r, r.Addr.Noun())
				d.Hintf("%s", r.Addr.ForText())
			default:
				d.Msg = fmt.Sprintf("%s: %s is known only to a running engine, and the function would have to look into it", name, r)
				d.Hintf("put it into text with \"${…}\", join or format, which the engine's answer completes later")
			}
			if d.Pos == a.Pos && pos.Known() {
				d.Pos = pos
			}
		})
		return d
	}
	panic("value: refused a call without a reference")
}

// blame turns an error of the function into a message, at the argument that
// the function blames.
func blame(name string, args []ir.Value, err error) *diag.Diag {
	d := &diag.Diag{Msg: fmt.Sprintf("%s: %v", name, err)}
	if arg, ok := errors.AsType[function.ArgError](err); ok && arg.Index < len(args) {
		d.Pos = args[arg.Index].Pos
	}
	return d
}

// offError is the message for a null: it names the `enabled` that is off.
func offError(v ir.Value, msg string) *diag.Diag {
	if v.Off != "" {
		return (&diag.Diag{Pos: v.Pos, Msg: v.Off + " does not exist, since its `enabled` is off"}).
			Hintf("leave it out in that case, or enable %s", v.Off)
	}
	return &diag.Diag{Pos: v.Pos, Msg: msg}
}

// Text returns v as a piece of text, as templates, join and format need it.
func Text(v ir.Value) (ir.Value, *diag.Diag) {
	switch {
	case v.IsText():
		return v.ToText(), nil
	case v.Kind == ir.Handle:
		return ir.Value{}, (&diag.Diag{Pos: v.Pos, Msg: fmt.Sprintf("%s is %s and cannot stand in text", v.Ref, v.Ref.Addr.Noun())}).
			Hintf("%s", v.Ref.Addr.ForText())
	case v.IsNull():
		return ir.Value{}, offError(v, "nothing (null) cannot stand in text")
	}
	return ir.Value{}, (&diag.Diag{Pos: v.Pos, Msg: v.Kind.String() + " cannot stand in text"}).
		Hintf("choose an element of it, or use join or jsonencode")
}

func join(args []ir.Value) (ir.Value, *diag.Diag) {
	if len(args) < 2 {
		return ir.Value{}, &diag.Diag{Msg: "join: want a separator and at least one list"}
	}
	sep, d := Text(args[0])
	if d != nil {
		return ir.Value{}, d
	}
	var pieces []ir.Value
	for _, list := range args[1:] {
		if list.Kind != ir.List {
			return ir.Value{}, &diag.Diag{Pos: list.Pos, Msg: fmt.Sprintf("join: got %s, want a list", list.Kind)}
		}
		for _, e := range list.List {
			t, d := Text(e)
			if d != nil {
				return ir.Value{}, d
			}
			if len(pieces) > 0 {
				pieces = append(pieces, sep)
			}
			pieces = append(pieces, t)
		}
	}
	return ir.Concat(pieces...), nil
}

// coalesce returns the first argument that is neither null nor empty text.
// What only the engine knows is never empty.
func coalesce(args []ir.Value) (ir.Value, *diag.Diag) {
	for _, a := range args {
		if !a.IsNull() && (a.Kind != ir.String || a.Str != "") {
			return a, nil
		}
	}
	return ir.Value{}, &diag.Diag{Msg: "coalesce: every argument is null or empty"}
}

// format puts text together by %s, %v, %d and %%; what only the engine knows
// has no width and no other form.
func format(args []ir.Value) (ir.Value, *diag.Diag) {
	if len(args) == 0 || args[0].Kind != ir.String {
		return ir.Value{}, &diag.Diag{Msg: "format: the first argument has to be plain text"}
	}
	lit, rest := args[0].Str, args[1:]
	pieces := []ir.Value{ir.StringVal("").At(args[0].Pos)}
	for {
		before, after, found := strings.Cut(lit, "%")
		pieces = append(pieces, ir.StringVal(before))
		if !found {
			break
		}
		if strings.HasPrefix(after, "%") {
			pieces, lit = append(pieces, ir.StringVal("%")), after[1:]
			continue
		}
		if after == "" || !strings.ContainsRune("svd", rune(after[0])) {
			return ir.Value{}, (&diag.Diag{Pos: args[0].Pos, Msg: fmt.Sprintf("format: %%%.1s cannot be used beside a value that only a running engine knows", after)}).
				Hintf("use %%s, %%v or %%d without a width")
		}
		if len(rest) == 0 {
			return ir.Value{}, &diag.Diag{Pos: args[0].Pos, Msg: "format: there are fewer arguments than verbs"}
		}
		t, d := Text(rest[0])
		if d != nil {
			return ir.Value{}, d
		}
		pieces, lit, rest = append(pieces, t), after[1:], rest[1:]
	}
	if len(rest) > 0 {
		return ir.Value{}, &diag.Diag{Pos: rest[0].Pos, Msg: "format: there are more arguments than verbs"}
	}
	return ir.Concat(pieces...), nil
}

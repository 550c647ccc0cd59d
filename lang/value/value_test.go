package value

import (
	"math"
	"strings"
	"testing"

	"bayplan/lang/diag"
	"bayplan/lang/ir"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

var db = ir.Addr{Kind: "container", Label: "db"}

func TestCtyRoundTrip(t *testing.T) {
	v := ir.MapVal(map[string]ir.Value{
		"null": {}, "bool": ir.BoolVal(true), "int": ir.IntVal(math.MaxInt64), "float": ir.FloatVal(0.1),
		"str": ir.StringVal("a"), "list": ir.ListVal(ir.IntVal(1), ir.StringVal("b")), "empty": ir.MapVal(map[string]ir.Value{}),
	})
	c, err := ToCty(v)
	if err != nil {
		t.Fatal(err)
	}
	got, err := FromCty(c)
	if err != nil {
		t.Fatal(err)
	}
	if !got.Equal(v) {
		t.Errorf("came back as %s, want %s", got.Show(), v.Show())
	}
	if _, err := ToCty(ir.ListVal(ir.HandleVal(db))); err == nil {
		t.Error("a handle became a cty value")
	}
}

func TestFromCty(t *testing.T) {
	for _, c := range []struct {
		in   cty.Value
		want ir.Value
		fail bool
	}{
		{in: cty.NumberFloatVal(3), want: ir.IntVal(3)},
		{in: cty.MustParseNumberVal("0.1"), want: ir.FloatVal(0.1)},
		{in: cty.MustParseNumberVal("9223372036854775808"), want: ir.FloatVal(9223372036854775808)},
		{in: cty.MustParseNumberVal("1e400"), fail: true},
		{in: cty.PositiveInfinity, fail: true},
		{in: cty.UnknownVal(cty.String), fail: true},
		{in: cty.SetVal([]cty.Value{cty.StringVal("b"), cty.StringVal("a")}), want: ir.ListVal(ir.StringVal("a"), ir.StringVal("b"))},
		{in: cty.MapVal(map[string]cty.Value{"a": cty.True}), want: ir.MapVal(map[string]ir.Value{"a": ir.BoolVal(true)})},
		{in: cty.NullVal(cty.String), want: ir.Value{}},
	} {
		got, err := FromCty(c.in)
		if (err != nil) != c.fail || !got.Equal(c.want) {
			t.Errorf("FromCty(%#v) = %s, %v, want %s", c.in, got.Show(), err, c.want.Show())
		}
	}
}

func TestCall(t *testing.T) {
	ip := ir.EngineVal(db, "ip")
	secret := ir.StringVal("s3cret").AsSensitive()
	for _, c := range []struct {
		name string
		f    function.Function
		args []ir.Value
		want string // Show() of the result, or the message and the hint
	}{
		{"upper", stdlib.UpperFunc, []ir.Value{ir.StringVal("a")}, "A"},
		{"upper", stdlib.UpperFunc, []ir.Value{ir.IntVal(3)}, "3"},
		{"upper", stdlib.UpperFunc, []ir.Value{secret}, "(sensitive)"},
		{"upper", stdlib.UpperFunc, []ir.Value{ir.HandleVal(db)}, "upper: container.db is a resource, and the function takes values\nwrite container.db.name for its name"},
		{"upper", stdlib.UpperFunc, []ir.Value{ip}, "upper: container.db.ip is known only to a running engine, and the function would have to look into it\nput it into text with \"${…}\", join or format, which the engine's answer completes later"},
		{"upper", stdlib.UpperFunc, nil, "upper: argument \"str\" is missing\nit is called as upper(str)"},
		{"upper", stdlib.UpperFunc, []ir.Value{ip, ip, ip}, "upper: container.db.ip is known only to a running engine, and the function would have to look into it\nput it into text with \"${…}\", join or format, which the engine's answer completes later"},
		{"upper", stdlib.UpperFunc, []ir.Value{secret, secret}, "upper fails on a sensitive value\nthe reason is not shown, since it could show the value"},
		{"upper", stdlib.UpperFunc, []ir.Value{{Off: "container.x"}}, "container.x does not exist, since its `enabled` is off\nleave it out in that case, or enable container.x"},
		{"upper", stdlib.UpperFunc, []ir.Value{ir.ListVal()}, "upper: argument \"str\": string required, but have tuple\n"},
		{"join", stdlib.JoinFunc, []ir.Value{ir.StringVal(","), ir.ListVal(ir.StringVal("a"), ip)}, "a,${container.db.ip}"},
		{"join", stdlib.JoinFunc, []ir.Value{ir.StringVal(","), ir.ListVal(ir.HandleVal(db))}, "container.db is a resource and cannot stand in text\nwrite container.db.name for its name"},
		{"join", stdlib.JoinFunc, []ir.Value{ir.StringVal(","), ir.ListVal(ir.StringVal("a"), ir.StringVal("b"))}, `"a,b"`},
		{"format", stdlib.FormatFunc, []ir.Value{ir.StringVal("%s:%d %%"), ip, ir.IntVal(5)}, "${container.db.ip}:5 %"},
		{"format", stdlib.FormatFunc, []ir.Value{ir.StringVal("%5s"), ip}, "format: %5 cannot be used beside a value that only a running engine knows\nuse %s, %v or %d without a width"},
		{"format", stdlib.FormatFunc, []ir.Value{ir.StringVal("%s"), ip, ip}, "format: there are more arguments than verbs\n"},
		{"concat", stdlib.ConcatFunc, []ir.Value{ir.ListVal(ir.HandleVal(db)), ir.ListVal(ip)}, "[container.db, ${container.db.ip}]"},
		{"merge", stdlib.MergeFunc, []ir.Value{ir.MapVal(map[string]ir.Value{"a": ip}), ir.MapVal(map[string]ir.Value{"b": ir.IntVal(1)})}, "{a: ${container.db.ip}, b: 1}"},
		{"length", stdlib.LengthFunc, []ir.Value{ir.ListVal(ip, ip)}, "2"},
		{"coalesce", stdlib.CoalesceFunc, []ir.Value{{}, ip}, "${container.db.ip}"},
		{"parseint", stdlib.ParseIntFunc, []ir.Value{ir.StringVal("zz"), ir.IntVal(10)}, "parseint: cannot parse \"zz\" as a base 10 integer\n"},
		{"parseint", stdlib.ParseIntFunc, []ir.Value{secret, ir.IntVal(10)}, "parseint fails on a sensitive value\nthe reason is not shown, since it could show the value"},
		{"pow", stdlib.PowFunc, []ir.Value{ir.IntVal(10), ir.IntVal(400)}, "pow: the number is too large\n"},
	} {
		got, d := Call(c.name, c.f, c.args)
		text := got.Show()
		if d != nil {
			text = d.Msg + "\n" + d.Hint
		}
		if diff := cmp.Diff(c.want, text); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func TestCallOpaque(t *testing.T) {
	got, d := Call("parseint", stdlib.ParseIntFunc, []ir.Value{opaqueOf(cty.String), ir.IntVal(10)})
	if d != nil || !got.Opaque || !got.Sensitive || got.Kind != ir.Int {
		t.Errorf("a call on an opaque value: %+v, %v", got, d)
	}
}

func TestParseType(t *testing.T) {
	for _, c := range []struct{ text, want, err string }{
		{text: "string", want: "string"},
		{text: "any", want: "any"},
		{text: "set(string)", want: "set(string)"},
		{text: "list(object({ port = optional(number, 80), name = string }))", want: "list(object({ name = string, port = optional(number, 80) }))"},
		{text: "strng", err: `there is no type "strng" (did you mean string?)`},
		{text: "list", err: "list is a type only with that of its elements: list(string)"},
		{text: "", err: "expected the start of an expression, but found the end of the file"},
		{text: strings.Repeat("list(", 200), err: "brackets are nested more than 100 deep"},
	} {
		got, err := ParseType(c.text, []string{"network"})
		msg := ""
		if err != nil {
			msg = err.Error()
		}
		if msg != c.err || err == nil && got.String() != c.want {
			t.Errorf("ParseType(%q) = %v, %v, want %s, %s", c.text, got, err, c.want, c.err)
		}
	}
}

func mustType(t *testing.T, text string) Type {
	t.Helper()
	if text == "" {
		return Type{}
	}
	ty, err := ParseType(text, []string{"network"})
	if err != nil {
		t.Fatal(err)
	}
	return ty
}

func TestResolve(t *testing.T) {
	three := ir.IntVal(3)
	for _, c := range []struct {
		typ, text string
		given     bool
		def       *ir.Value
		secret    bool
		want      string // the value, or the message
	}{
		{typ: "string", text: "1", given: true, want: "1"},
		{typ: "string", text: `"a"`, given: true, want: `"\"a\""`},
		{typ: "number", text: "0.5", given: true, want: "0.5"},
		{typ: "number", text: "-3", given: true, want: "-3"},
		{typ: "number", text: "lots", given: true, want: `v.bay.hcl:1:1: variable "x": --var gives "lots": "lots" is not a value: text needs quotes here`},
		{typ: "number", text: "tops3cret", given: true, secret: true, want: `v.bay.hcl:1:1: variable "x": --var gives a sensitive value: it is not of the variable's type`},
		{typ: "bool", text: "true", given: true, want: "true"},
		{typ: "list(string)", text: `["a", 1]`, given: true, want: "[a, 1]"},
		{typ: "map(number)", text: `{"a": 1}`, given: true, want: "{a: 1}"},
		{typ: "object({ port = optional(number, 80) })", text: "{}", given: true, want: "{port: 80}"},
		{typ: "object({ port = number })", text: `{ port = "x" }`, given: true, want: `v.bay.hcl:1:1: variable "x": --var gives "{ port = \"x\" }": port: got "x", want a number`},
		{typ: "set(string)", text: `["b", "a", "b"]`, given: true, want: "[a, b]"},
		{text: "true", given: true, want: "true"},
		{text: "5", given: true, def: &three, want: "5"},
		{def: &three, want: "3"},
		{typ: "string", def: &three, want: "3"},
		{typ: "bool", def: &three, want: `-: variable "x": the default is not of its type: got 3, want true or false`},
		{typ: "number", want: `v.bay.hcl:1:1: no value for the variable x`},
		{typ: "string", def: &ir.Value{}, want: "(none)"},
		{typ: "any", text: strings.Repeat("[", 300), given: true, want: `v.bay.hcl:1:1: variable "x": --var gives "` + strings.Repeat("[", 60) + `…": brackets are nested more than 100 deep`},
	} {
		v := &Variable{Name: "x", Pos: diag.Pos{File: "v.bay.hcl", Line: 1, Col: 1}, Type: mustType(t, c.typ), Sensitive: c.secret}
		if c.def != nil {
			v.Default, v.HasDefault = *c.def, true
		}
		in := &Inputs{Lookup: func(string) (Given, bool) { return Given{Text: c.text, From: "--var"}, c.given }}
		var ds diag.List
		got, ok := in.Resolve(v, &ds)
		in.Report(&ds)
		text := got.Show()
		if !ok {
			text = ds.Error()
		}
		if diff := cmp.Diff(c.want, text); diff != "" {
			t.Errorf("%s %s: %s", c.typ, c.text, diff)
		}
	}
}

func TestMissingAndUnknown(t *testing.T) {
	in := &Inputs{Named: []Named{{Name: "pasword"}, {Name: "zzz"}}, Opaque: true}
	var ds diag.List
	for _, v := range []*Variable{{Name: "a"}, {Name: "password", Sensitive: true, Type: mustType(t, "object({ user = string })")}, {Name: "b"}} {
		got, ok := in.Resolve(v, &ds)
		if ok != v.Sensitive || !got.Opaque {
			t.Errorf("%s = %+v, %v", v.Name, got, ok)
		}
	}
	in.Report(&ds)
	var got []string
	for _, d := range ds {
		got = append(got, d.Msg, d.Hint)
	}
	want := []string{
		"no value for the variables a, b", "give --var a=… --var b=…, or set BAY_VAR_a in the environment, or write a default",
		"--var pasword: the program declares no such variable", `did you mean "password"?`,
		"--var zzz: the program declares no such variable", "its variables are a, b, password",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestValidation(t *testing.T) {
	small := Rule{
		Pos:     diag.Pos{File: "v.bay.hcl", Line: 3, Col: 5},
		Holds:   func(v ir.Value, _ bool) (bool, *diag.Diag) { return v.Int < 9, nil },
		Message: func(v ir.Value) (ir.Value, *diag.Diag) { return ir.Concat(ir.StringVal("too much: "), v), nil },
	}
	for _, c := range []struct {
		secret bool
		want   string
	}{
		{false, `v.bay.hcl:3:5: variable "n": too much: 12`},
		{true, `v.bay.hcl:3:5: variable "n": the value does not pass the validation, and its message would show a sensitive value`},
	} {
		v := &Variable{Name: "n", Sensitive: c.secret, HasDefault: true, Default: ir.IntVal(12), Rules: []Rule{small}}
		var ds diag.List
		if _, ok := new(Inputs).Resolve(v, &ds); ok {
			t.Error("a value that does not pass was taken")
		}
		if diff := cmp.Diff(c.want, ds.Error()); diff != "" {
			t.Error(diff)
		}
	}
}

func FuzzParseType(f *testing.F) {
	for _, s := range []string{"string", "list(object({ a = optional(number, 1) }))", "tuple([string, any])", "((((", "map(\"${a}\")", "object({a=optional(list(string),[1])})"} {
		f.Add(s, `{"a": [1, "b", null]}`)
	}
	f.Fuzz(func(t *testing.T, text, given string) {
		ty, err := ParseType(text, []string{"network"})
		if err != nil {
			return
		}
		if _, err := ty.parse(given, ir.Value{}); err == nil {
			_ = ty.String()
		}
	})
}

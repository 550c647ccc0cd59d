package value

import (
	"testing"

	"bayplan/lang/diag"
	"bayplan/lang/ir"

	"github.com/google/go-cmp/cmp"
)

func TestConvert(t *testing.T) {
	back := ir.Addr{Kind: "network", Label: "back"}
	secret := ir.StringVal("5").AsSensitive()
	m := func(pairs ...any) ir.Value {
		out := map[string]ir.Value{}
		for i := 0; i < len(pairs); i += 2 {
			out[pairs[i].(string)] = pairs[i+1].(ir.Value)
		}
		return ir.MapVal(out)
	}
	for _, c := range []struct {
		typ  string
		in   ir.Value
		want string // the value, or what is wrong
	}{
		{"string", ir.IntVal(5), "5"},
		{"string", ir.BoolVal(true), "true"},
		{"string", ir.EngineVal(db, "ip"), "${container.db.ip}"},
		{"string", ir.ListVal(), "got a list, want text"},
		{"string", ir.HandleVal(db), "got container.db, want text"},
		{"number", ir.StringVal("1.5"), "1.5"},
		{"number", ir.EngineVal(db, "port"), "${container.db.port}"},
		{"number", ir.Concat(ir.StringVal("1"), ir.EngineVal(db, "port")), "got 1${container.db.port}, which only a running engine knows, want a number"},
		{"number", ir.BoolVal(true), "got true, want a number"},
		{"bool", ir.StringVal("false"), "false"},
		{"bool", ir.StringVal("yes"), `got "yes", want true or false`},
		{"bool", ir.StringVal("hunter2").AsSensitive(), "got a sensitive value, want true or false"},
		{"list(number)", ir.ListVal(ir.StringVal("1"), ir.IntVal(2)), "[1, 2]"},
		{"list(number)", ir.ListVal(ir.IntVal(1), ir.StringVal("x")), `[1]: got "x", want a number`},
		{"list(number)", ir.ListVal(ir.StringVal("x")).AsSensitive(), "got a sensitive value, want a number"},
		{"map(number)", m("hunter2", ir.StringVal("x")).AsSensitive(), "got a sensitive value, want a number"},
		{"object({ a = optional(number) })", m("hunter2", ir.IntVal(1)).AsSensitive(), "got a sensitive value, want a value of type object({ a = optional(number) })"},
		{"tuple([string])", ir.ListVal().AsSensitive(), "got a sensitive value, want a value of type tuple([string])"},
		{"map(number)", m("k", ir.StringVal("x").AsSensitive()), `["k"]: got a sensitive value, want a number`},
		{"list(any)", ir.ListVal(ir.IntVal(1), ir.ListVal()), "[1, []]"},
		{"set(number)", ir.ListVal(ir.IntVal(10), ir.StringVal("2"), ir.IntVal(10)), "[2, 10]"},
		{"set(string)", ir.ListVal(ir.StringVal("a"), secret), "(sensitive)"},
		{"list(string)", ir.ListVal(ir.StringVal("a"), secret), "[a, (sensitive)]"},
		{"map(number)", m("a", ir.StringVal("1")), "{a: 1}"},
		{"map(number)", m("a b", ir.StringVal("x")), `["a b"]: got "x", want a number`},
		{"tuple([string, number])", ir.ListVal(ir.IntVal(1), ir.StringVal("2")), "[1, 2]"},
		{"tuple([string])", ir.ListVal(), "got 0 elements, want 1: tuple([string])"},
		{"object({ a = number })", m("a", secret), "{a: (sensitive)}"},
		{"object({ a = number })", m(), `the attribute "a" is missing`},
		{"object({ a = number })", m("a", ir.IntVal(1), "aa", ir.IntVal(1)), `there is no attribute "aa" (did you mean "a"?)`},
		{"object({ a = optional(number) })", m(), "{a: (none)}"},
		{"object({ a = optional(object({ b = optional(list(number), [\"1\"]) }), {}) })", m(), "{a: {b: [1]}}"},
		{"object({ a = optional(number, 7) })", m("a", ir.Value{}), "{a: 7}"},
		{"object({ a = list(object({ p = number })) })", m("a", ir.ListVal(m("p", ir.StringVal("x")))), `a[0].p: got "x", want a number`},
		{"network", ir.HandleVal(back), "network.back"},
		{"network", ir.HandleVal(db), "got container.db, want a network"},
		{"network", ir.StringVal("back"), `got "back", want a network`},
		{"network", ir.Value{Off: "network.back"}, "(none)"},
		{"list(network)", ir.ListVal(ir.HandleVal(back)), "[network.back]"},
	} {
		ty, err := ParseType(c.typ, []string{"network"})
		if err != nil {
			t.Fatal(err)
		}
		v, err := ty.Convert(c.in)
		got := v.Show()
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s of %s = %s, want %s", c.typ, c.in.Show(), got, c.want)
		}
	}
}

func TestTypes(t *testing.T) {
	for text, want := range map[string]string{
		"object":                     "object is a type only with its attributes: object({ name = string })",
		"tuple":                      "tuple is a type only with its elements: tuple([string, number])",
		"string(5)":                  "the type string takes nothing in brackets",
		"network(x)":                 "the type network takes nothing in brackets",
		"list()":                     "list takes one argument, got 0",
		"list(optional(string))":     "optional stands only at an attribute of an object",
		"object({ a = optional() })": "optional takes a type and may take a default: optional(number, 80)",
		"object({ a = optional(number, \"x\") })": `the default of optional is not of its type: got "x", want a number`,
		"object({ \"a b\" = string })":            "the attributes of an object are names",
		"object([string])":                        "object takes a map of types: object({ name = string })",
		"tuple(string)":                           "tuple takes a list of types: tuple([string, number])",
		"netwrok":                                 `there is no type "netwrok" (did you mean network?)`,
		"5":                                       "a type is a word such as string, number, bool or any, or one with others in it, such as list(string)",
	} {
		_, err := ParseType(text, []string{"network"})
		if err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

// TestCalled has what a call of a module gives its variables.
func TestCalled(t *testing.T) {
	at := func(line int) diag.Pos { return diag.Pos{File: "main", Line: line, Col: 1} }
	big := Rule{
		Pos:   diag.Pos{File: "m", Line: 9},
		Holds: func(v ir.Value, _ bool) (bool, *diag.Diag) { return v.Int > 5, nil },
		Message: func(v ir.Value) (ir.Value, *diag.Diag) {
			return ir.Concat(ir.StringVal("want more than 5, got "), v), nil
		},
	}
	for _, c := range []struct {
		name string
		v    Variable
		in   map[string]ir.Value
		want string // the value, or the messages
	}{
		{"given", Variable{Type: mustType(t, "number")}, map[string]ir.Value{"x": ir.StringVal("7")}, "7"},
		{"default", Variable{Default: ir.IntVal(1), HasDefault: true}, nil, "1"},
		{"null is a value", Variable{Default: ir.IntVal(1), HasDefault: true}, map[string]ir.Value{"x": {}}, "(none)"},
		{"null is none", Variable{Default: ir.IntVal(1), HasDefault: true, NotNull: true}, map[string]ir.Value{"x": {}}, "1"},
		{"null and no default", Variable{NotNull: true}, map[string]ir.Value{"x": ir.Value{}.At(at(3))}, "main:3:1: module.m.inputs.x: got nothing (null), want a value, with text in quotes"},
		{"missing", Variable{}, nil, `main:2:1: module.m.inputs: "x" is missing`},
		{"sensitive", Variable{Sensitive: true}, map[string]ir.Value{"x": ir.IntVal(7)}, "(sensitive)"},
		{"wrong", Variable{Type: mustType(t, "number")}, map[string]ir.Value{"x": ir.StringVal("a").At(at(3))}, `main:3:1: module.m.inputs.x: got "a", want a number`},
		{"wrong and sensitive", Variable{Sensitive: true, Type: mustType(t, "map(number)")}, map[string]ir.Value{"x": ir.MapVal(map[string]ir.Value{"hunter2": ir.StringVal("a")}).At(at(3))},
			"main:3:1: module.m.inputs.x: the value, which is sensitive, is not of the variable's type"},
		{"unknown", Variable{}, map[string]ir.Value{"x": ir.IntVal(1), "xx": ir.IntVal(1).At(at(4))}, `main:4:1: module.m.inputs: the module has no variable "xx"`},
		{"rule", Variable{Rules: []Rule{big}}, map[string]ir.Value{"x": ir.IntVal(3).At(at(3))}, "main:3:1: module.m.inputs.x: want more than 5, got 3"},
		{"rule on a secret", Variable{Rules: []Rule{big}}, map[string]ir.Value{"x": ir.IntVal(7).AsSensitive()}, "(sensitive)"},
		{"rule on what was not asked for", Variable{Rules: []Rule{big}}, map[string]ir.Value{"x": {Kind: ir.Int, Opaque: true, Sensitive: true}}, "(sensitive)"},
		{"rule on a default", Variable{Rules: []Rule{big}, Default: ir.IntVal(1), HasDefault: true}, nil, `m:9: variable "x": want more than 5, got 1`},
		{"broken", Variable{}, map[string]ir.Value{"x": ir.BrokenVal()}, ""},
	} {
		var ds diag.List
		in := &Inputs{Caller: &Caller{Name: "module.m", Pos: at(2), Inputs: c.in, Diags: &ds}}
		c.v.Name = "x"
		v, ok := in.Resolve(&c.v, &ds)
		in.Report(&ds)
		got := v.Show()
		if !ok || len(ds) > 0 {
			got = ds.Error()
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

package funcs

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"bayplan/lang/ir"
	"bayplan/lang/load"
	"bayplan/lang/schema"
	"bayplan/lang/value"
)

// secretIn returns v with the value at a place in it, counted from v itself on,
// replaced.
func secretIn(v ir.Value, at *int, replace func(ir.Value) ir.Value) ir.Value {
	if *at == 0 {
		*at--
		return replace(v)
	}
	*at--
	switch v.Kind {
	case ir.List:
		v.List = slices.Clone(v.List)
		for i := range v.List {
			v.List[i] = secretIn(v.List[i], at, replace)
		}
	case ir.Map:
		m := map[string]ir.Value{}
		for _, k := range v.Keys() {
			m[k] = secretIn(v.Map[k], at, replace)
		}
		v.Map = m
	}
	return v
}

// TestNothingOfASecretIsShown calls every function with arguments of which one,
// or a value within one, is sensitive, and then with another value there: what
// can be seen of both results is the same. CALLS and SEED are as above.
func TestNothingOfASecretIsShown(t *testing.T) {
	seed, calls := number64(t, "SEED", 1), number64(t, "CALLS", 20)
	for i, f := range All() {
		draw := &drawer{rand.New(rand.NewPCG(uint64(seed), uint64(i)))}
		impl := f.Make(schema.FuncEnv{Dir: "/stack", Source: source})
		for range calls {
			args := draw.arguments(t, f)
			if len(args) == 0 {
				continue
			}
			n := draw.IntN(len(args))
			where := draw.IntN(1 + nodes(args[n]))
			see := func(other bool) string {
				at, as := where, slices.Clone(args)
				as[n] = secretIn(args[n], &at, func(v ir.Value) ir.Value {
					switch {
					case other && v.Kind == ir.Map:
						v = draw.mapOf("any", 2)
					case other && v.Kind != ir.Null:
						v = draw.near(v)
					}
					return v.AsSensitive()
				})
				got, d := value.Call(f.Name, impl, as)
				if d != nil {
					return fmt.Sprintf("%s\n%s", d.Msg, d.Hint)
				}
				return got.Show()
			}
			first := see(false)
			for range 3 {
				second := see(true)
				if first != second && fails(first) == fails(second) {
					t.Errorf("SEED=%d: %s: with another secret at %d of argument %d:\n%s\n%s", seed, call(f.Name, args, hclLiteral), where, n, first, second)
				}
			}
		}
	}
}

// fails says whether a call failed: one can see that it did, and no more.
func fails(shown string) bool { return strings.Contains(shown, " fails on a sensitive value") }

func nodes(v ir.Value) int {
	n := 0
	v.Any(func(ir.Value) bool { n++; return false })
	return n - 1
}

// TestOnlyTheElementIsSensitive holds what of a result is sensitive: where a
// function moves values about, only those that were. $ is a sensitive text, % a
// sensitive list, and # a sensitive map.
func TestOnlyTheElementIsSensitive(t *testing.T) {
	cases := []struct{ call, want string }{
		{`merge({"a": $}, {"b": "x"})`, "{a: (sensitive), b: x}"},
		{`merge({"a": "x"}, {"a": $})`, "{a: (sensitive)}"},
		{`merge({"a": $}, {"a": "x"})`, "{a: x}"},
		{`merge({"a": {"b": $, "c": 1}}, {})`, "{a: {b: (sensitive), c: 1}}"},
		{`merge({"a": "x"}, #)`, "(sensitive)"},
		{`merge(null, {"a": $})`, "{a: (sensitive)}"},
		{`concat(["x", $], ["y"])`, "[x, (sensitive), y]"},
		{`concat(["x"], %)`, "(sensitive)"},
		{`flatten(["x", ["y", [$]]])`, "[x, y, (sensitive)]"},
		{`flatten(["x", %])`, "(sensitive)"},
		{`flatten(["x", #])`, "[x, (sensitive)]"},
		{`chunklist(["x", $, 3], 2)`, "[[x, (sensitive)], [3]]"},
		{`coalescelist([], ["x", $])`, "[x, (sensitive)]"},
		{`coalescelist(%, ["x"])`, "(sensitive)"},
		{`element(["x", $], 0)`, "x"},
		{`element(["x", $], 1)`, "(sensitive)"},
		{`element(%, 0)`, "(sensitive)"},
		{`keys({"a": $, "b": 1})`, "[a, b]"},
		{`keys(#)`, "(sensitive)"},
		{`values({"a": $, "b": 1})`, "[(sensitive), 1]"},
		{`length(["x", $])`, "2"},
		{`length({"a": $})`, "1"},
		{`length($)`, "(sensitive)"},
		{`length(%)`, "(sensitive)"},
		{`lookup({"a": $, "b": "x"}, "b", "y")`, "x"},
		{`lookup({"a": $, "b": "x"}, "a", "y")`, "(sensitive)"},
		{`lookup({"b": "x"}, "b", $)`, "x"},
		{`lookup({"b": "x"}, "a", $)`, "(sensitive)"},
		{`lookup({"b": "x"}, $, "y")`, "(sensitive)"},
		{`lookup(#, "a", "y")`, "(sensitive)"},
		{`one([$])`, "(sensitive)"},
		{`one([{"a": $, "b": 1}])`, "{a: (sensitive), b: 1}"},
		{`reverse(["x", $])`, "[(sensitive), x]"},
		{`slice(["x", "y", $], 0, 2)`, "[x, y]"},
		{`slice(["x", "y", $], 1, 3)`, "[y, (sensitive)]"},
		{`setproduct(["x"], ["y", $])`, "[[x, y], [x, (sensitive)]]"},
		{`zipmap(["a", "b"], ["x", $])`, "{a: x, b: (sensitive)}"},
		{`tolist(["x", $, 1])`, "[x, (sensitive), 1]"},
		{`tomap({"a": $, "b": 1})`, "{a: (sensitive), b: 1}"},
		{`formatlist("%s:%d", ["x", $], [1, 2])`, "[x:1, (sensitive)]"},
		{`formatlist("%s-%s", ["x", "y"], $)`, "(sensitive)"},

		// These look into what they are given.
		{`toset(["x", $])`, "(sensitive)"},
		{`distinct(["x", $])`, "(sensitive)"},
		{`sort(["x", $])`, "(sensitive)"},
		{`compact(["x", $])`, "(sensitive)"},
		{`contains(["x", $], "x")`, "(sensitive)"},
		{`index(["x", $], "x")`, "(sensitive)"},
		{`setunion(["x"], [$])`, "(sensitive)"},
		{`join(",", ["x", $])`, "(sensitive)"},
		{`jsonencode({"a": $})`, "(sensitive)"},
		{`yamlencode({"a": $})`, "(sensitive)"},
		{`coalesce("x", $)`, "(sensitive)"},
		{`split(",", $)`, "(sensitive)"},
		{`max([1, length($)])`, "(sensitive)"},
		{`templatefile("hello.tmpl", {"name": $})`, "(sensitive)"},

		// An element that is chosen is no more sensitive than it was.
		{`merge({"a": $}, {"b": "x"}).b`, "x"},
		{`[for k, v in {"a": $, "b": "x"} : k]`, "[a, b]"},
		{`{for k, v in merge({"a": $}, {"b": "x"}) : k => v}`, "{a: (sensitive), b: x}"},
	}
	star := strings.NewReplacer("$", "text", "%)", "list)", "%,", "list,", "%]", "list]", "#", "dict_",
		"[for k, v in {\"a\": $, \"b\": \"x\"} : k]", "[k for k, v in {\"a\": text, \"b\": \"x\"}.items()]",
		"{for k, v in merge({\"a\": $}, {\"b\": \"x\"}) : k => v}", "{k: v for k, v in merge({\"a\": text}, {\"b\": \"x\"}).items()}")
	hcl := strings.NewReplacer("$", "var.text", "%)", "var.list)", "%,", "var.list,", "%]", "var.list]", "#", "var.dict_")
	inHCL, inStar := []string{}, []string{}
	for _, c := range cases {
		inHCL, inStar = append(inHCL, hcl.Replace(c.call)), append(inStar, star.Replace(c.call))
	}
	s := newStack(t)
	s.inputs = true
	inOne, inOther := s.evaluate(t, inHCL, inStar)
	for i, c := range cases {
		for lang, r := range map[string]load.Result{"HCL": inOne, "Starlark": inOther} {
			if r.Program == nil || r.Diags.HasErrors() {
				t.Fatalf("%s: %v", lang, r.Diags)
			}
			if got := r.Program.Outputs[i].Value.Show(); got != c.want {
				t.Errorf("%s: %s is %s, want %s", lang, c.call, got, c.want)
			}
		}
	}
}

// TestKeysAreShown holds that a sensitive value becomes no key.
func TestKeysAreShown(t *testing.T) {
	secret := ir.StringVal("abc").AsSensitive()
	for _, c := range []struct {
		name string
		args []ir.Value
	}{
		{"zipmap", []ir.Value{ir.ListVal(secret), ir.ListVal(ir.IntVal(1))}},
		{"transpose", []ir.Value{ir.MapVal(map[string]ir.Value{"a": ir.ListVal(secret)})}},
	} {
		i := slices.IndexFunc(All(), func(f *schema.Func) bool { return f.Name == c.name })
		_, d := value.Call(c.name, All()[i].Make(schema.FuncEnv{}), c.args)
		if d == nil || d.Msg != c.name+": a key cannot depend on a sensitive value" {
			t.Errorf("%s: %v", c.name, d)
		}
	}
}

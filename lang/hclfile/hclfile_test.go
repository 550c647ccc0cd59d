package hclfile

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/load/loadtest"
	"bayplan/lang/schema"
	"bayplan/lang/value"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

func TestPrograms(t *testing.T) { loadtest.Check(t, "testdata/*.bay.hcl", Read) }

// TestAgainstHCL evaluates expressions here and in HCL's own evaluator. One that
// differs on purpose stands in good.bay.hcl: "${n}" of a number is text.
func TestAgainstHCL(t *testing.T) {
	vars := map[string]ir.Value{
		"n": ir.IntVal(3), "f": ir.FloatVal(0.5), "s": ir.StringVal("tëxt"), "b": ir.BoolVal(true), "z": {},
		"l": ir.ListVal(ir.IntVal(1), ir.StringVal("two")),
		"m": ir.MapVal(map[string]ir.Value{"a": ir.IntVal(1), "b": ir.ListVal(ir.MapVal(map[string]ir.Value{"c": ir.StringVal("d")}))}),
	}
	for _, src := range []string{
		`n + 1`, `n * f - 2`, `n / 2`, `n % 2`, `-n`, `-(n + f)`, `!b`, `n > 2 && b`, `n < 2 || !b`, `n == 3`, `n != "3"`, `s == "x"`,
		`l == [1, "two"]`, `m.a == 1`, `z == null`, `b ? n : n + 1`, `l[0]`, `l[n - 2]`, `m["a"]`, `m.b[0].c`, `m.b.0.c`, `m.b[*].c`, `m.b.*.c`, `n[*]`, `z[*]`,
		`"a${n}b${f}c${b}"`, `"${l}"`, `"${z}"`, `"${s}"`, `"$${n} %%{x}"`, `[for x in l : x]`, `[for i, x in l : "${i}${x}"]`, `{ for k, v in m : k => v }`,
		`{ for x in l : "k${x}" => x... }`, `[for x in [1, 2, 3] : x * 2 if x != 2]`, `{ a = 1, "b" = 2, (s) = 3 }`, `{ for x in [1, 2] : "k" => x... }`,
		"<<-EOT\n  one\n    two ${n}\n  three\nEOT\n", "<<-EOT\n  one\n  %{for x in l~}\n  - ${x}\n  %{endfor~}\n  %{if b}yes%{else}no%{endif}\nEOT\n",
		"<<EOT\n  %{ for x in l }${x},%{ endfor }\nEOT\n", `upper("${s}x")`, `concat(l, [[1]]...)`, `join(",", ["a", "b"])`, `[1, 2, 3][1]`, `{ a = { b = 1 } }.a.b`, `(n)`, `1.50`, `1e3`, `"${1000000.5}${1e20}${0.00001}${-0.1}"`,
		`[[1, 2], [3]][*][0]`, `m.b[*]["c"]`, `"a" == "a" ? { x = 1 } : { x = 2 }`, `[for k, v in { b = 1, a = 2 } : k]`, `"%{ if n > 2 }big%{ endif }"`,
	} {
		x, ds := hclsyntax.ParseExpression([]byte(src), "x", hcl.InitialPos)
		if ds.HasErrors() {
			t.Errorf("%s: %v", src, ds)
			continue
		}
		want := theirs(t, x, vars)
		var got diag.List
		e := &eval{diags: &got, funcs: funcs(), spent: new(schema.Spent)}
		v, ok := e.eval(x, naming(vars))
		if !ok || !v.Equal(want) {
			t.Errorf("%s = %s, HCL says %s\n%v", src, v.Show(), want.Show(), got)
		}
	}
}

func funcs() map[string]function.Function {
	out := map[string]function.Function{}
	for _, f := range loadtest.Universe().Funcs {
		out[f.Name] = f.Make(schema.FuncEnv{})
	}
	return out
}

func theirs(t *testing.T, x hclsyntax.Expression, vars map[string]ir.Value) ir.Value {
	t.Helper()
	ctx := &hcl.EvalContext{Variables: map[string]cty.Value{}, Functions: funcs()}
	for name, v := range vars {
		c, err := value.ToCty(v)
		if err != nil {
			t.Fatal(err)
		}
		ctx.Variables[name] = c
	}
	c, ds := x.Value(ctx)
	if ds.HasErrors() {
		t.Fatalf("HCL: %v", ds)
	}
	v, err := value.FromCty(c)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestNesting(t *testing.T) {
	for name, src := range map[string]string{
		"parens":     "x = " + strings.Repeat("(", 100_000),
		"lists":      "x = " + strings.Repeat("[", 100_000),
		"templates":  "x = " + strings.Repeat(`"${`, 100_000),
		"blocks":     strings.Repeat("a {\n", 100_000),
		"bangs":      "x = " + strings.Repeat("!", 50_000) + "true",
		"minus":      "x = " + strings.Repeat("-", 50_000) + "1",
		"conditions": "x = " + strings.Repeat("a ? ", 200_000),
		"sum":        "x = 1" + strings.Repeat("+1", 50_000),
		"splats":     "x = a" + strings.Repeat("[*]", 50_000),
		"indexes":    "x = a" + strings.Repeat("[b]", 50_000),
		"ifs":        `x = "` + strings.Repeat("%{if a}", 100_000),
		"mismatched": "x = " + strings.Repeat("(}", 100_000),
		"large":      "# " + strings.Repeat("x", 2<<20),
		"binary":     "x = \"\xff\"",
	} {
		t.Run(name, func(t *testing.T) {
			if _, ds := loadtest.Read(Read, schema.File{Name: "f", Src: []byte(src)}, nil); !ds.HasErrors() {
				t.Error("no error")
			}
		})
	}
	long := "stack { name = \"t\" }\nlocals {\n  x = [\n" + strings.Repeat("    1 + 1, \"${2}\",\n", 20_000) + "  ]\n}\n"
	if _, ds := loadtest.Read(Read, schema.File{Name: "f", Src: []byte(long)}, nil); ds.HasErrors() {
		t.Errorf("a long list: %v", ds)
	}
}

func TestLimits(t *testing.T) {
	var text, tree strings.Builder
	text.WriteString("stack { name = \"t\" }\nlocals {\n  t0 = \"xxxxxxxxxxxxxxxx\"\n  l0 = [1, 2]\n")
	tree.WriteString("stack { name = \"t\" }\nlocals {\n  l0 = [1, 2]\n")
	for i := range 60 {
		s := strings.NewReplacer("N", strconv.Itoa(i+1), "M", strconv.Itoa(i))
		text.WriteString(s.Replace("  tN = \"${local.tM}${local.tM}\"\n"))
		tree.WriteString(s.Replace("  lN = [local.lM, local.lM]\n"))
	}
	for name, src := range map[string]string{
		"text":  text.String() + "}\n",
		"tree":  tree.String() + "}\n",
		"steps": "stack { name = \"t\" }\nlocals { x = [for a in range(1000) : [for b in range(1000) : [for c in range(1000) : c]]] }\n",
	} {
		t.Run(name, func(t *testing.T) {
			if _, ds := loadtest.Read(Read, schema.File{Name: "f", Src: []byte(src)}, nil); len(ds) != 1 {
				t.Errorf("got %v, want one message", ds)
			}
		})
	}
}

// TestLongChain holds that what refers to each other in a long chain does not
// overflow the stack.
func TestLongChain(t *testing.T) {
	var b strings.Builder
	b.WriteString("stack { name = \"t\" }\noutput \"x\" { value = local.x20000 }\nlocals {\n  x0 = 7\n")
	for i := range 20_000 {
		b.WriteString("  x" + strconv.Itoa(i+1) + " = local.x" + strconv.Itoa(i) + "\n")
	}
	p, ds := loadtest.Read(Read, schema.File{Name: "f", Src: []byte(b.String() + "}\n")}, nil)
	if ds.HasErrors() || !p.Outputs[0].Value.Equal(ir.IntVal(7)) {
		t.Errorf("%v", ds)
	}
}

func TestColumns(t *testing.T) {
	src := "stack { name = \"t\" }\nlocals { x = [\"é\u0301 \U0001F469\u200d\U0001F469 世\", nope] }\n"
	_, ds := loadtest.Read(Read, schema.File{Name: "f", Src: []byte(src)}, nil)
	if len(ds) != 1 || ds[0].Pos.Col != 27 {
		t.Errorf("got %v, want column 27, in characters", ds)
	}
}

// FuzzRead holds that no source makes the reader panic, and that what is read
// can be read from its own messages: every position is within the source.
// FuzzParts parses files block by block, and whole: there is no difference, but that
// what is wrong is left to the whole.
func FuzzParts(f *testing.F) {
	for _, glob := range []string{"testdata/*.bay.hcl", "../../examples/*/*.bay.hcl"} {
		files, err := filepath.Glob(glob)
		if err != nil || len(files) == 0 {
			f.Fatal(glob, err)
		}
		for _, file := range files {
			src, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(src))
		}
	}
	for _, src := range []string{
		"a {\n}\nb {\n}\n", "\ufeffa {\n}\nb {\n}\n", "a {\n}\n\ufeffb {\n}\n", "a {\r\n}\r\nb {\n}\n", "x = {\n}\ny = [\n{\n}\n]\n",
		"x = 1\na {\n}\nx = 2\nb {\n}\n", "a {\nb {\n}\n}\n", "/*\n}\n*/\na {\n}\n", "a {\n  x = <<E\n}\nE\n}\nb {\n}\n", "a {\n}\n}\n", "# ünïcode ẅ\na {\n  x = \"é\"\n}\nb {\n  y = 1\n}\n",
		"a {\n}\n\n\n# end", "\n}\n", "a {\n}\n", "",
	} {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		file := schema.File{Name: "main.bay.hcl", Src: []byte(src)}
		if len(src) > 1<<12 || !value.Shallow(file.Src) {
			return
		}
		parts := inParts(file)
		whole, ds := hclsyntax.ParseConfig(file.Src, file.Name, hcl.InitialPos)
		if parts == nil {
			return
		}
		if len(ds) > 0 {
			t.Fatalf("in parts nothing is wrong with %q: %v", src, ds)
		}
		if !reflect.DeepEqual(parts, whole.Body) {
			t.Fatalf("%q\nin parts: %s\nwhole:    %s", src, spewed(parts), spewed(whole.Body))
		}
	})
}

func spewed(x any) string { s, _ := json.Marshal(x); return string(s) }

// TestParts asserts that files in their one form are parsed block by block.
func TestParts(t *testing.T) {
	src := "# two blocks\na \"x\" {\n  b {\n    c = 1\n  }\n}\n\na \"y\" {\n  c = <<-E\n    }\n  E\n}\n"
	if got := inParts(schema.File{Name: "x", Src: []byte(src)}); got == nil || len(got.Blocks) != 2 || got.Blocks[1].TypeRange.Start.Line != 8 {
		t.Fatalf("got %+v", got)
	}
}

func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("testdata/*.bay.hcl")
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds")
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, p := range loadtest.Programs(string(data)) {
			f.Add(strings.TrimLeft(p.Src, "\n"))
		}
	}
	f.Fuzz(func(t *testing.T, src string) {
		_, ds := loadtest.Read(Read, schema.File{Name: "f", Src: []byte(src)}, nil)
		lines := strings.Split(src, "\n")
		for _, d := range ds {
			if d.Pos.Line > len(lines) || d.Pos.Line > 0 && d.Pos.Col > len(lines[d.Pos.Line-1])+1 {
				t.Errorf("%s is outside of the source", d)
			}
		}
	})
}

// naming returns a scope that has these names.
func naming(vars map[string]ir.Value) (sc *scope) {
	for name, v := range vars {
		sc = &scope{parent: sc, name: name, value: v}
	}
	return sc
}

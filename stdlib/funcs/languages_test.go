package funcs

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/load"
	"bayplan/lang/schema"
	"bayplan/lang/value"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// stack writes programs of outputs in both languages and loads them.
type stack struct {
	dir    string
	calls  *regexp.Regexp // of a function
	inputs bool           // there are inputs text, list and dict_, which are sensitive
}

func newStack(t *testing.T) *stack {
	t.Helper()
	s := &stack{dir: t.TempDir()}
	if err := os.CopyFS(s.dir, os.DirFS("testdata")); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range All() {
		names = append(names, f.Name)
	}
	s.calls = regexp.MustCompile(`\b(` + strings.Join(names, "|") + `)\(`)
	return s
}

// evaluate returns the values of expressions as each language has them, and
// what it says about them.
func (s *stack) evaluate(t *testing.T, hclExprs, starExprs []string) (hcl, star load.Result) {
	t.Helper()
	var b strings.Builder
	b.WriteString("stack(name = \"t\")\ntrue = True\nfalse = False\nnull = None\n")
	if s.inputs {
		b.WriteString("text = variable(\"text\", default = \"abc\", sensitive = True)\n")
		b.WriteString("list = variable(\"list\", default = [\"abc\"], sensitive = True)\n")
		b.WriteString("dict_ = variable(\"dict_\", default = {\"a\": \"abc\"}, sensitive = True)\n")
	}
	for i, x := range starExprs {
		fmt.Fprintf(&b, "output(\"o%04d\", %s)\n", i, s.calls.ReplaceAllString(x, "fn.$1("))
	}
	return s.hcl(t, hclExprs), s.load(t, "main.bay.star", b.String())
}

// hcl is evaluate in HCL alone: an expression stands on the line of its index
// and 2.
func (s *stack) hcl(t *testing.T, exprs []string) load.Result {
	t.Helper()
	var b strings.Builder
	b.WriteString("stack { name = \"t\" }\n")
	if s.inputs {
		b.WriteString("variable \"text\" {\n default = \"abc\"\n sensitive = true\n}\n")
		b.WriteString("variable \"list\" {\n default = [\"abc\"]\n sensitive = true\n}\n")
		b.WriteString("variable \"dict_\" {\n default = { a = \"abc\" }\n sensitive = true\n}\n")
	}
	for i, x := range exprs {
		fmt.Fprintf(&b, "output \"o%04d\" { value = %s }\n", i, x)
	}
	return s.load(t, "main.bay.hcl", b.String())
}

func (s *stack) load(t *testing.T, name, text string) load.Result {
	t.Helper()
	file := filepath.Join(s.dir, name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return load.Load(load.Options{Universe: &schema.Universe{Funcs: All()}, Path: file})
}

// shown returns outputs as text in which two values that differ look differently.
func shown(t *testing.T, r load.Result) []string {
	t.Helper()
	if r.Program == nil {
		t.Fatal(r.Diags)
	}
	var out []string
	for _, o := range r.Program.Outputs {
		out = append(out, fmt.Sprintf("%s %s", o.Value.Kind, hclLiteral(o.Value)))
	}
	return out
}

// TestExamples runs the example of every function in both languages and
// compares it with the result that the docs show.
func TestExamples(t *testing.T) {
	var calls, results []string
	for _, f := range All() {
		if !strings.HasSuffix(f.Doc, ".") || !strings.Contains(f.Example, f.Name+"(") || f.Result == "" {
			t.Errorf("%s: the doc is not a sentence and an example with its result: %q %q %q", f.Name, f.Doc, f.Example, f.Result)
		}
		calls, results = append(calls, f.Example), append(results, f.Result)
	}
	s := newStack(t)
	hcl, star := s.evaluate(t, calls, calls)
	wantHCL, wantStar := s.evaluate(t, results, results)
	for _, c := range []struct {
		lang      string
		got, want load.Result
	}{{"HCL", hcl, wantHCL}, {"Starlark", star, wantStar}} {
		if diff := cmp.Diff(shown(t, c.want), shown(t, c.got)); diff != "" {
			t.Errorf("%s (-shown in docs +got):\n%s", c.lang, diff)
		}
	}
	if diff := cmp.Diff(shown(t, hcl), shown(t, star)); diff != "" {
		t.Errorf("the languages differ (-HCL +Starlark):\n%s", diff)
	}
}

// TestEqualInBothLanguages calls every function with arguments drawn by its
// parameters' types, and with those of its example of which some are drawn. Both
// languages give the same result, or say the same. SEED is another draw, CALLS
// the number of calls of each function.
func TestEqualInBothLanguages(t *testing.T) {
	seed, calls := number64(t, "SEED", 1), number64(t, "CALLS", 8)
	s := newStack(t)
	for i, f := range All() {
		draw := &drawer{rand.New(rand.NewPCG(uint64(seed), uint64(i)))}
		var hcl, star []string
		for range calls {
			args := draw.arguments(t, f)
			hcl, star = append(hcl, call(f.Name, args, hclLiteral)), append(star, call(f.Name, args, starLiteral))
		}
		fails := s.failing(t, hcl)
		for i := len(hcl) - 1; i >= 0; i-- {
			if fails[i] { // a program in Starlark would end there
				s.same(t, seed, hcl[i:i+1], star[i:i+1])
				hcl, star = slices.Delete(hcl, i, i+1), slices.Delete(star, i, i+1)
			}
		}
		s.same(t, seed, hcl, star)
	}
}

// failing returns which expressions have no value, which HCL tells of all.
func (s *stack) failing(t *testing.T, exprs []string) map[int]bool {
	t.Helper()
	out := map[int]bool{}
	for _, d := range s.hcl(t, exprs).Diags {
		out[d.Pos.Line-2] = true
	}
	return out
}

func number64(t *testing.T, name string, def int64) int64 {
	text, ok := os.LookupEnv(name)
	if !ok {
		return def
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// same holds that both languages make the same of expressions.
func (s *stack) same(t *testing.T, seed int64, hclExprs, starExprs []string) {
	t.Helper()
	hcl, star := s.evaluate(t, hclExprs, starExprs)
	if diff := cmp.Diff(messages(hcl.Diags), messages(star.Diags)); diff != "" {
		t.Errorf("SEED=%d: %s\nthe messages differ (-HCL +Starlark):\n%s", seed, strings.Join(hclExprs, "\n"), diff)
		return
	}
	if hcl.Program == nil {
		return
	}
	if diff := cmp.Diff(shown(t, hcl), shown(t, star)); diff != "" {
		t.Errorf("SEED=%d: %s\nthe values differ (-HCL +Starlark):\n%s", seed, strings.Join(hclExprs, "\n"), diff)
	}
}

func messages(ds diag.List) []string {
	var out []string
	for _, d := range ds {
		out = append(out, d.Msg+" ~ "+d.Hint)
	}
	return out
}

func call(name string, args []ir.Value, literal func(ir.Value) string) string {
	var parts []string
	for _, a := range args {
		parts = append(parts, literal(a))
	}
	return name + "(" + strings.Join(parts, ", ") + ")"
}

// drawer draws values.
type drawer struct{ *rand.Rand }

// arguments draws the arguments of a call: by type, or near to the example.
func (d *drawer) arguments(t *testing.T, f *schema.Func) []ir.Value {
	if args, ok := exampleArgs(t, f); ok && d.IntN(2) == 0 {
		for i := range args {
			if d.IntN(3) == 0 {
				args[i] = d.near(args[i])
			}
		}
		return args
	}
	var args []ir.Value
	for _, p := range value.SignatureOf(f.Make(schema.FuncEnv{})).Params {
		n := 1
		if p.Rest {
			n = d.IntN(4)
		}
		for range n {
			args = append(args, d.ofType(p.Type, 3))
		}
	}
	return args
}

// exampleArgs returns the arguments of a function's example, if it is a plain call.
func exampleArgs(t *testing.T, f *schema.Func) ([]ir.Value, bool) {
	t.Helper()
	x, ds := hclsyntax.ParseExpression([]byte(f.Example), f.Name, hcl.InitialPos)
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	c, ok := x.(*hclsyntax.FunctionCallExpr)
	if !ok || c.Name != f.Name {
		return nil, false
	}
	var args []ir.Value
	for _, a := range c.Args {
		v, ds := a.Value(nil)
		if ds.HasErrors() {
			t.Fatalf("%s: %v", f.Example, ds)
		}
		got, err := value.FromCty(v)
		if err != nil {
			t.Fatal(err)
		}
		args = append(args, got)
	}
	return args, true
}

// near returns another value of the same kind.
func (d *drawer) near(v ir.Value) ir.Value {
	switch v.Kind {
	case ir.Bool:
		return ir.BoolVal(d.IntN(2) == 0)
	case ir.Int, ir.Float:
		return d.number()
	case ir.String:
		if runes := []rune(v.Str); d.IntN(2) == 0 && len(runes) > 0 {
			i := d.IntN(len(runes))
			return ir.StringVal(string(runes[:i]) + d.text() + string(runes[i:]))
		}
		return ir.StringVal(d.text())
	case ir.List:
		v.List = append(slices.Clone(v.List), d.any(1))
		d.Shuffle(len(v.List), func(i, j int) { v.List[i], v.List[j] = v.List[j], v.List[i] })
		return v
	}
	return d.any(2)
}

// ofType draws a value for a parameter of this type, now and then of another.
func (d *drawer) ofType(ty string, depth int) ir.Value {
	in, _ := strings.CutSuffix(ty[strings.Index(ty, "(")+1:], ")")
	switch {
	case d.IntN(20) == 0 || ty == "any":
		return d.any(depth)
	case ty == "string":
		return ir.StringVal(d.text())
	case ty == "number":
		return d.number()
	case ty == "bool":
		return ir.BoolVal(d.IntN(2) == 0)
	case strings.HasPrefix(ty, "list(") || strings.HasPrefix(ty, "set("):
		var list []ir.Value
		for range d.IntN(4) {
			list = append(list, d.ofType(in, depth-1))
		}
		return ir.ListVal(list...)
	case strings.HasPrefix(ty, "map("):
		return d.mapOf(in, depth)
	}
	panic("no draw for a parameter of type " + ty)
}

func (d *drawer) mapOf(ty string, depth int) ir.Value {
	m := map[string]ir.Value{}
	for range d.IntN(4) {
		m[d.text()] = d.ofType(ty, depth-1)
	}
	return ir.MapVal(m)
}

func (d *drawer) any(depth int) ir.Value {
	kinds := 6
	if depth <= 0 {
		kinds = 4
	}
	switch d.IntN(kinds) {
	case 0:
		return ir.Value{}
	case 1:
		return ir.BoolVal(d.IntN(2) == 0)
	case 2:
		return d.number()
	case 3:
		return ir.StringVal(d.text())
	case 4:
		return d.ofType([]string{"list(any)", "list(string)", "list(number)"}[d.IntN(3)], depth)
	}
	return d.mapOf([]string{"any", "string", "number"}[d.IntN(3)], depth)
}

func (d *drawer) number() ir.Value {
	switch d.IntN(4) {
	case 0:
		return ir.IntVal(int64(d.IntN(5)))
	case 1:
		return ir.IntVal([]int64{-1, 10, 16, 1 << 31, 1 << 53, 1<<53 + 1, 1<<63 - 1, -1 << 63}[d.IntN(8)])
	case 2:
		return ir.FloatVal([]float64{0.1, 0.5, -1.5, 1e-7, 1e21, 1.7976931348623157e308, 5e-324, 2.5}[d.IntN(8)])
	}
	return ir.IntVal(int64(d.IntN(200) - 100))
}

func (d *drawer) text() string {
	words := []string{
		"", "a", "b", "web-1", "a b", "A", "é", "e\u0301", "世界", "\U0001F469\u200d\U0001F469", "\n", "\t\"q\"\\", "${x}", "%{y}", "$", "%s", "%05.2f", "true", "null",
		"1", "-2.50", "0x10", "10.0.0.0/8", "fd00::/64", "motd.txt", "../x", "*.txt", "1h30m", "512m", "2024-05-06T07:08:09Z", "80/udp", "[a-z]+", "(", "a,b\n1,2", "a: 1", "[1, 2]", "{\"a\": 1.0}", "aGk=", "\x00",
	}
	text := words[d.IntN(len(words))]
	if d.IntN(4) == 0 {
		text += words[d.IntN(len(words))]
	}
	return text
}

// hclLiteral writes a value in HCL.
func hclLiteral(v ir.Value) string {
	text := literal(v, "null", "true", "false")
	return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(text)
}

// starLiteral writes a value in Starlark.
func starLiteral(v ir.Value) string { return literal(v, "None", "True", "False") }

func literal(v ir.Value, null, yes, no string) string {
	switch v.Kind {
	case ir.Null:
		return null
	case ir.Bool:
		if v.Bool {
			return yes
		}
		return no
	case ir.Int:
		return strconv.FormatInt(v.Int, 10)
	case ir.Float:
		return strconv.FormatFloat(v.Float, 'g', -1, 64)
	case ir.String:
		return quote(v.Str)
	case ir.List:
		var parts []string
		for _, e := range v.List {
			parts = append(parts, literal(e, null, yes, no))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case ir.Map:
		var parts []string
		for _, k := range v.Keys() {
			parts = append(parts, quote(k)+": "+literal(v.Map[k], null, yes, no))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	panic("no literal for " + v.Kind.String())
}

// quote writes text with the escapes that both languages have.
func quote(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r == '\n':
			b.WriteString(`\n`)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		case !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return `"` + b.String() + `"`
}

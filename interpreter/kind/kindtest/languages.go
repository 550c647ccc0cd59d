package kindtest

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/load"
	"bayplan/lang/schema"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// Languages holds that both languages can write every attribute of a kind, also
// within others, and make the same of it: each sample is written in HCL and in
// Starlark, evaluated, and compared with what it says. More are samples that no
// engine of the tests can have, or that say what another one says.
func (s Suite) Languages(t *testing.T, more ...Sample) {
	written := map[string]bool{}
	for i, x := range slices.Concat(s.Samples, more) {
		for _, v := range []ir.Value{x.A, x.B} {
			if v.IsNull() {
				continue
			}
			attrs := s.with(value{x, v})
			for name, v := range attrs {
				mark(name, s.field(name), v, written)
			}
			t.Run(fmt.Sprintf("%s-%d", x.Attr, i), func(t *testing.T) { s.inBoth(t, attrs) })
		}
	}
	for _, f := range s.table() {
		s.everyWord(t, f.Name, f, written)
	}
}

func (s Suite) field(name string) *schema.Field {
	table := s.table()
	return table[slices.IndexFunc(table, func(f *schema.Field) bool { return f.Name == name })]
}

// mark notes which attributes a value writes, by their paths.
func mark(path string, f *schema.Field, v ir.Value, to map[string]bool) {
	to[path] = true
	for _, sub := range f.Fields {
		for _, e := range append(slices.Collect(maps.Values(v.Map)), append(v.List, v)...) {
			if in, ok := e.Map[sub.Name]; ok {
				mark(path+"."+sub.Name, sub, in, to)
			}
		}
	}
}

// everyWord fails for attributes that no sample writes.
func (s Suite) everyWord(t *testing.T, path string, f *schema.Field, written map[string]bool) {
	if !written[path] {
		t.Errorf("no sample writes %s", path)
	}
	for _, sub := range f.Fields {
		s.everyWord(t, path+"."+sub.Name, sub, written)
	}
}

// inBoth evaluates the subject with these attributes in both languages.
func (s Suite) inBoth(t *testing.T, attrs Attrs) {
	u := &schema.Universe{}
	for _, k := range s.Kinds {
		u.Kinds = append(u.Kinds, k.Schema())
	}
	want, err := s.program(s.decls(attrs))
	if err != nil {
		t.Fatal(err)
	}
	hcl, star := fmt.Sprintf("stack { name = %q }\n", s.Stack), fmt.Sprintf("stack(name = %q)\n", s.Stack)
	for _, d := range s.decls(attrs) {
		hcl += inHCL(d)
		star += inStarlark(d)
	}
	opts := cmp.Options{cmpopts.IgnoreTypes(diag.Pos{}), cmpopts.EquateEmpty()}
	for name, text := range map[string]string{"main.bay.hcl": hcl, "main.bay.star": star} {
		path := filepath.Join(s.Dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		got := load.Load(load.Options{Universe: u, Path: path})
		if got.Program == nil {
			t.Errorf("%s: %v\n%s", name, got.Diags, text)
			continue
		}
		if d := cmp.Diff(want.Resources, got.Program.Resources, opts); d != "" {
			t.Errorf("%s: (-want +got)\n%s\n%s", name, d, text)
		}
	}
}

func inHCL(d Decl) string {
	a := addrOf(d.Addr)
	var b strings.Builder
	fmt.Fprintf(&b, "%s %q {\n", a.Kind, a.Label)
	for _, name := range slices.Sorted(maps.Keys(d.Attrs)) {
		fmt.Fprintf(&b, "  %s = %s\n", name, hclOf(d.Attrs[name]))
	}
	if len(d.After) > 0 {
		fmt.Fprintf(&b, "  depends_on = [%s]\n", strings.Join(d.After, ", "))
	}
	return b.String() + "}\n"
}

func hclOf(v ir.Value) string {
	switch v.Kind {
	case ir.String:
		return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(strconv.Quote(v.Str))
	case ir.List:
		return "[" + each(v.List, hclOf) + "]"
	case ir.Map:
		var pairs []string
		for _, k := range v.Keys() {
			pairs = append(pairs, hclOf(ir.StringVal(k))+" = "+hclOf(v.Map[k]))
		}
		return "{ " + strings.Join(pairs, ", ") + " }"
	case ir.Handle, ir.Engine:
		return v.Ref.String()
	case ir.Text:
		text := ""
		for _, p := range v.Parts {
			if p.IsRef() {
				text += "${" + p.Ref.String() + "}"
				continue
			}
			text += strings.Trim(hclOf(ir.StringVal(p.Lit)), `"`)
		}
		return `"` + text + `"`
	case ir.Null:
		return "null"
	case ir.Bool, ir.Int, ir.Float:
		return v.Show()
	}
	panic("kindtest: no form in HCL of " + v.Kind.String())
}

func inStarlark(d Decl) string {
	a := addrOf(d.Addr)
	args := []string{strconv.Quote(a.Label)}
	for _, name := range slices.Sorted(maps.Keys(d.Attrs)) {
		args = append(args, name+" = "+starOf(d.Attrs[name]))
	}
	if len(d.After) > 0 {
		deps := each(d.After, func(addr string) string { return starName(addrOf(addr)) })
		args = append(args, "depends_on = ["+deps+"]")
	}
	return fmt.Sprintf("%s = %s(%s)\n", starName(a), a.Kind, strings.Join(args, ", "))
}

// starName is the variable that holds a handle.
func starName(a ir.Addr) string { return "the_" + a.Kind + "_" + a.Label }

func starOf(v ir.Value) string {
	switch v.Kind {
	case ir.List:
		return "[" + each(v.List, starOf) + "]"
	case ir.Map:
		var pairs []string
		for _, k := range v.Keys() {
			pairs = append(pairs, strconv.Quote(k)+": "+starOf(v.Map[k]))
		}
		return "{" + strings.Join(pairs, ", ") + "}"
	case ir.Handle, ir.Engine:
		name := starName(v.Ref.Addr)
		if v.Ref.Attr != "" {
			name += "." + v.Ref.Attr
		}
		return name
	case ir.Text:
		var terms []string
		for _, p := range v.Parts {
			if p.IsRef() {
				terms = append(terms, starOf(ir.EngineVal(p.Ref.Addr, p.Ref.Attr)))
				continue
			}
			terms = append(terms, strconv.Quote(p.Lit))
		}
		return strings.Join(terms, " + ")
	case ir.Bool:
		return map[bool]string{true: "True", false: "False"}[v.Bool]
	case ir.Null:
		return "None"
	case ir.String:
		return strconv.Quote(v.Str)
	case ir.Int, ir.Float:
		return v.Show()
	}
	panic("kindtest: no form in Starlark of " + v.Kind.String())
}

func each[T any](all []T, f func(T) string) string {
	var out []string
	for _, x := range all {
		out = append(out, f(x))
	}
	return strings.Join(out, ", ")
}

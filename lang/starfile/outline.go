package starfile

import (
	"errors"
	"slices"
	"strings"

	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"

	"go.starlark.net/syntax"
)

// Outline tells what the files of a body declare, without an evaluation: by the
// calls that name what they declare. kinds are the names of those that there are.
func Outline(files []schema.File, kinds []string, ds *diag.List) schema.Outline {
	var out schema.Outline
	for _, f := range files {
		tree, err := parse(f, 0)
		if err != nil {
			var list diag.List
			errors.As(err, &list)
			*ds = append(*ds, list...)
			continue
		}
		syntax.Walk(tree, func(n syntax.Node) bool {
			if c, ok := n.(*syntax.CallExpr); ok {
				declared(c, f, kinds, &out)
			}
			return true
		})
	}
	return out
}

// declared adds what a call declares, if it declares something.
func declared(c *syntax.CallExpr, f schema.File, kinds []string, out *schema.Outline) {
	fn, ok := c.Fn.(*syntax.Ident)
	if !ok {
		return
	}
	has := map[string]syntax.Expr{}
	for i, a := range c.Args {
		if name, value, ok := keyword(a); ok {
			has[name.Name] = value
		} else if i == 0 {
			has["name"] = a
		}
	}
	if has["label"] != nil {
		has["name"] = has["label"]
	}
	text := func(name string) string { return textIn(has[name], f, name != "default") }
	label := text("name")
	switch {
	case !ir.IsIdent(label):
	case fn.Name == "variable":
		in := schema.InputOutline{
			Name: label, Type: schema.OneLine(text("type")), Description: text("description"),
			Required: has["default"] == nil, Default: text("default"), Sensitive: text("sensitive") == "true",
		}
		if in.Type == "" {
			in.Type = "any"
		}
		if list, ok := has["validation"].(*syntax.ListExpr); ok {
			for _, x := range list.List {
				if r, ok := x.(*syntax.CallExpr); ok && len(r.Args) == 2 {
					in.Refusals = append(in.Refusals, schema.Refusal(textIn(r.Args[1], f, true)))
				}
			}
		}
		out.Inputs = append(out.Inputs, in)
	case fn.Name == "output":
		out.Outputs = append(out.Outputs, schema.OutputOutline{Name: label, Description: text("description"), Sensitive: text("sensitive") == "true"})
	case fn.Name == "module" || slices.Contains(kinds, fn.Name):
		out.Parts = append(out.Parts, schema.PartOutline{
			Kind: fn.Name, Label: label, Source: text("source"), Many: has["key"] != nil, Perhaps: has["enabled"] != nil,
		})
	}
}

// textIn returns the value of an expression as it is shown, text bare if asked,
// or the expression itself where that does not say it all; "" for none.
func textIn(x syntax.Expr, f schema.File, bare bool) string {
	if x == nil {
		return ""
	}
	v, ok := constant(x)
	switch {
	case !ok:
		start, end := x.Span()
		lines := strings.SplitAfter(string(f.Src), "\n")
		return strings.Join(strings.Fields(between(lines, start, end)), " ")
	case v.Kind == ir.String && bare:
		return v.Str
	}
	return v.Show()
}

// between returns the source from one position up to another. Columns count
// characters.
func between(lines []string, start, end syntax.Position) string {
	var b strings.Builder
	for n := start.Line; n <= end.Line && int(n) <= len(lines); n++ {
		line := []rune(lines[n-1])
		from, to := 0, len(line)
		if n == start.Line {
			from = min(int(start.Col)-1, len(line))
		}
		if n == end.Line {
			to = min(int(end.Col)-1, len(line))
		}
		b.WriteString(string(line[from:max(from, to)]))
	}
	return b.String()
}

// constant returns the value of an expression that says all by itself.
func constant(x syntax.Expr) (ir.Value, bool) {
	switch x := x.(type) {
	case *syntax.ParenExpr:
		return constant(x.X)
	case *syntax.Ident:
		switch x.Name {
		case "None":
			return ir.Value{}, true
		case "True", "False":
			return ir.BoolVal(x.Name == "True"), true
		}
	case *syntax.Literal:
		switch v := x.Value.(type) {
		case string:
			return ir.StringVal(v), x.Token == syntax.STRING
		case int64:
			return ir.IntVal(v), true
		case float64:
			return ir.FloatVal(v), true
		}
	case *syntax.UnaryExpr:
		v, ok := constant(x.X)
		if x.Op == syntax.MINUS && ok && (v.Kind == ir.Int || v.Kind == ir.Float) {
			return ir.Value{Kind: v.Kind, Int: -v.Int, Float: -v.Float}, true
		}
	case *syntax.BinaryExpr:
		a, okA := constant(x.X)
		b, okB := constant(x.Y)
		if x.Op == syntax.PLUS && okA && okB && a.Kind == ir.String && b.Kind == ir.String {
			return ir.StringVal(a.Str + b.Str), true
		}
	case *syntax.ListExpr:
		return constants(x.List)
	case *syntax.TupleExpr:
		return constants(x.List)
	case *syntax.DictExpr:
		out := ir.MapVal(map[string]ir.Value{})
		for _, e := range x.List {
			entry := e.(*syntax.DictEntry)
			k, okK := constant(entry.Key)
			v, okV := constant(entry.Value)
			if !okK || !okV || k.Kind != ir.String {
				return ir.Value{}, false
			}
			out.Map[k.Str] = v
		}
		return out, true
	}
	return ir.Value{}, false
}

func constants(list []syntax.Expr) (ir.Value, bool) {
	out := ir.ListVal()
	for _, x := range list {
		v, ok := constant(x)
		if !ok {
			return ir.Value{}, false
		}
		out.List = append(out.List, v)
	}
	return out, true
}

package value

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"bayplan/lang/diag"
	"bayplan/lang/ir"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// Type is a type of variables: HCL's type language, and the kinds of resources.
// The zero value takes anything.
type Type struct {
	name  string              // string, number, bool, any, list, set, map, object, tuple or a kind; "" if none was written
	kind  bool                // name is a kind of resources
	elems []Type              // of list, set and map one, of tuple all
	attrs map[string]attrType // of object
}

// attrType is the type of an object's attribute.
type attrType struct {
	Type
	optional bool
	def      ir.Value // of an optional one, if it is left out
}

// ParseType reads a type, such as list(object({ port = optional(number, 80) })).
// kinds are the kinds of resources.
func ParseType(text string, kinds []string) (Type, error) {
	expr, err := parseExpr(text)
	if err != nil {
		return Type{}, err
	}
	t, diags := TypeOf(expr, kinds)
	return t, firstError(diags)
}

// TypeOf returns the type that an expression of HCL says.
func TypeOf(expr hcl.Expression, kinds []string) (Type, hcl.Diagnostics) {
	p := typeParser{kinds: kinds}
	t := p.parse(expr)
	if p.diags.HasErrors() {
		return Type{}, p.diags
	}
	return t, nil
}

var errOutside = errors.New("a resource cannot be given from outside of the program")

// typeParser reads one type and collects what is wrong with it.
type typeParser struct {
	kinds []string
	diags hcl.Diagnostics
}

func (p *typeParser) fail(r hcl.Range, format string, args ...any) Type {
	p.diags = append(p.diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Not a type", Detail: fmt.Sprintf(format, args...), Subject: &r})
	return Type{}
}

func (p *typeParser) parse(expr hcl.Expression) Type {
	word := hcl.ExprAsKeyword(expr)
	call, notCall := hcl.ExprCall(expr)
	switch {
	case slices.Contains(p.kinds, word):
		return Type{name: word, kind: true}
	case word == "string" || word == "number" || word == "bool" || word == "any":
		return Type{name: word}
	case word == "list" || word == "set" || word == "map":
		return p.fail(expr.Range(), "%s is a type only with that of its elements: %s(string)", word, word)
	case word == "object":
		return p.fail(expr.Range(), "object is a type only with its attributes: object({ name = string })")
	case word == "tuple":
		return p.fail(expr.Range(), "tuple is a type only with its elements: tuple([string, number])")
	case word != "":
		return p.fail(expr.Range(), "there is no type %q%s", word, p.suggest(word))
	case notCall.HasErrors():
		return p.fail(expr.Range(), "a type is a word such as string, number, bool or any, or one with others in it, such as list(string)")
	}
	return p.call(call)
}

// suggest returns what to add to a message about an unknown type.
func (p *typeParser) suggest(name string) string {
	if near := diag.Nearest(name, append(p.words(), "optional")); near != "" {
		return fmt.Sprintf(" (did you mean %s?)", near)
	}
	return "; the types are " + strings.Join(p.words(), ", ")
}

func (p *typeParser) words() []string {
	return append([]string{"string", "number", "bool", "any", "list", "set", "map", "object", "tuple"}, p.kinds...)
}

func (p *typeParser) call(call *hcl.StaticCall) Type {
	name := call.Name
	switch {
	case name == "optional":
		return p.fail(call.NameRange, "optional stands only at an attribute of an object")
	case name != "list" && name != "set" && name != "map" && name != "object" && name != "tuple":
		if slices.Contains(p.words(), name) {
			return p.fail(call.NameRange, "the type %s takes nothing in brackets", name)
		}
		return p.fail(call.NameRange, "there is no type %q%s", name, p.suggest(name))
	case len(call.Arguments) != 1:
		return p.fail(call.NameRange, "%s takes one argument, got %d", name, len(call.Arguments))
	}
	arg := call.Arguments[0]
	switch name {
	case "object":
		return p.object(arg)
	case "tuple":
		list, diags := hcl.ExprList(arg)
		if diags.HasErrors() {
			return p.fail(arg.Range(), "tuple takes a list of types: tuple([string, number])")
		}
		t := Type{name: name}
		for _, e := range list {
			t.elems = append(t.elems, p.parse(e))
		}
		return t
	}
	return Type{name: name, elems: []Type{p.parse(arg)}}
}

func (p *typeParser) object(arg hcl.Expression) Type {
	pairs, diags := hcl.ExprMap(arg)
	if diags.HasErrors() {
		return p.fail(arg.Range(), "object takes a map of types: object({ name = string })")
	}
	t := Type{name: "object", attrs: map[string]attrType{}}
	for _, pair := range pairs {
		name := hcl.ExprAsKeyword(pair.Key)
		if name == "" {
			p.fail(pair.Key.Range(), "the attributes of an object are names")
			continue
		}
		if _, twice := t.attrs[name]; twice {
			p.fail(pair.Key.Range(), "the attribute %q stands here twice", name)
			continue
		}
		t.attrs[name] = p.attr(pair.Value)
	}
	return t
}

func (p *typeParser) attr(expr hcl.Expression) attrType {
	call, diags := hcl.ExprCall(expr)
	if diags.HasErrors() || call.Name != "optional" {
		return attrType{Type: p.parse(expr)}
	}
	n := len(call.Arguments)
	if n < 1 || n > 2 {
		return attrType{Type: p.fail(call.NameRange, "optional takes a type and may take a default: optional(number, 80)")}
	}
	a := attrType{Type: p.parse(call.Arguments[0]), optional: true}
	if n == 2 {
		a.def = p.defaultOf(a.Type, call.Arguments[1])
	}
	return a
}

func (p *typeParser) defaultOf(t Type, expr hcl.Expression) ir.Value {
	got, diags := expr.Value(nil)
	if diags.HasErrors() {
		p.diags = append(p.diags, diags...)
		return ir.Value{}
	}
	v, err := FromCty(got)
	if err == nil {
		v, err = t.Convert(v)
	}
	if err != nil {
		p.fail(expr.Range(), "the default of optional is not of its type: %v", err)
	}
	return v
}

func (t Type) any() bool { return t.name == "" || t.name == "any" }

// String returns the type as it is written.
func (t Type) String() string {
	switch {
	case t.any():
		return "any"
	case t.name == "object":
		var list []string
		for _, name := range slices.Sorted(maps.Keys(t.attrs)) {
			a := t.attrs[name]
			text := a.Type.String()
			if a.optional {
				text = "optional(" + text + a.defText() + ")"
			}
			list = append(list, name+" = "+text)
		}
		return "object({ " + strings.Join(list, ", ") + " })"
	case t.name == "tuple":
		var list []string
		for _, e := range t.elems {
			list = append(list, e.String())
		}
		return "tuple([" + strings.Join(list, ", ") + "])"
	case len(t.elems) == 1:
		return t.name + "(" + t.elems[0].String() + ")"
	}
	return t.name
}

// defText is the default as it stands behind the type; "" without one.
func (a attrType) defText() string {
	c, err := ToCty(a.def)
	if a.def.IsNull() || err != nil {
		return ""
	}
	text, err := stdlib.JSONEncode(c)
	if err != nil {
		return ""
	}
	return ", " + text.AsString()
}

// asHandle says how one is referred to for which text was given.
func (t Type) asHandle(text string) string {
	if ir.IsIdent(text) {
		return fmt.Sprintf("%s.%s (HCL), or what %[1]s(%[2]q, …) returned (Starlark)", t.name, text)
	}
	return fmt.Sprintf("%s.NAME (HCL), or what %[1]s(\"NAME\", …) returned (Starlark)", t.name)
}

// takesResources reports whether a value of the type is a resource, or holds some.
func (t Type) takesResources() bool {
	for _, a := range t.attrs {
		if a.takesResources() && !a.optional {
			return true
		}
	}
	return t.kind || slices.ContainsFunc(t.elems, Type.takesResources)
}

// want says what a value has to be, for hints and messages.
func (t Type) want() string {
	switch {
	case t.any():
		return "a value, with text in quotes"
	case t.kind:
		return article(t.name)
	}
	switch t.name {
	case "string":
		return "text"
	case "number":
		return "a number"
	case "bool":
		return "true or false"
	}
	return "a value of type " + t.String()
}

// example is a value of a list or map as it is written on a command line; "" of
// other types.
func (t Type) example() string {
	e := `"a"`
	if len(t.elems) > 0 && t.elems[0].name == "number" {
		e = "1"
	}
	switch {
	case t.name == "list" || t.name == "set":
		return "[" + e + "]"
	case t.name == "map":
		return "{ a = " + e + " }"
	}
	return ""
}

func article(noun string) string {
	if strings.ContainsAny(noun[:1], "aeiou") {
		return "an " + noun
	}
	return "a " + noun
}

// opaque returns a value of this type that stands for one that is not known
// here and may not be looked into.
func (t Type) opaque() ir.Value {
	v := ir.StringVal("")
	switch t.name {
	case "bool":
		v = ir.BoolVal(false)
	case "number":
		v = ir.IntVal(0)
	case "list", "set":
		v = ir.ListVal()
	case "tuple":
		v = ir.ListVal()
		for _, e := range t.elems {
			v.List = append(v.List, e.opaque())
		}
	case "map", "object":
		v = ir.MapVal(map[string]ir.Value{})
		for name, a := range t.attrs {
			v.Map[name] = a.opaque()
		}
	}
	v.Opaque, v.Sensitive = true, true
	return v
}

// read returns what was given for a variable as this type has it.
func (t Type) read(g Given, def ir.Value) (ir.Value, error) {
	if g.Typed && t.kind {
		return ir.Value{}, errOutside
	}
	if g.Typed {
		return t.Convert(g.Value)
	}
	v, err := t.parse(g.Text, def)
	return v.At(g.Pos), err
}

// parse reads the text that was given for a variable: of a string the text as
// it is, else an expression. A variable without a type has that of its default
// if this is a number or a bool, and else takes the text as it is.
func (t Type) parse(text string, def ir.Value) (ir.Value, error) {
	switch {
	case t.kind:
		return ir.Value{}, errOutside
	case t.name == "string":
		return ir.StringVal(text), nil
	case t.name == "":
		switch def.Kind {
		case ir.Bool:
			t.name = "bool"
		case ir.Int, ir.Float:
			t.name = "number"
		case ir.List, ir.Map:
		default:
			return ir.StringVal(text), nil
		}
	}
	v, err := parseText(text)
	if err != nil {
		return ir.Value{}, err
	}
	return t.Convert(v)
}

// Phrase returns what HCL says in the form that messages have here: lower case,
// without a full stop, without line breaks.
func Phrase(d *hcl.Diagnostic) string {
	text := d.Detail
	if text == "" {
		text = d.Summary
	}
	text = strings.TrimRight(strings.Join(strings.Fields(text), " "), ".")
	first, n := utf8.DecodeRuneInString(text)
	if second, _ := utf8.DecodeRuneInString(text[n:]); unicode.IsUpper(second) {
		return text // an abbreviation
	}
	return string(unicode.ToLower(first)) + text[n:]
}

package hclfile

import (
	"fmt"
	"strconv"
	"strings"

	"bayplan/lang/diag"
	"bayplan/lang/ir"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// nodeName returns what names the declaration that t refers to, and how many
// steps of t that takes; "" if t names none.
func nodeName(t hcl.Traversal) (name string, steps int) {
	if len(t) < 2 {
		return "", 0
	}
	switch s := t[1].(type) {
	case hcl.TraverseAttr:
		return t.RootName() + "." + s.Name, 2
	case hcl.TraverseIndex:
		if s.Key.Type() == cty.String {
			return t.RootName() + "." + s.Key.AsString(), 2
		}
	}
	return "", 0
}

// reference evaluates what a name stands for. References that lead nowhere
// were reported by check.
func (e *eval) reference(t hcl.Traversal, sc *scope) (ir.Value, bool) {
	r := t.SourceRange()
	if v, ok := sc.lookup(t.RootName()); ok {
		return e.traverse(v.At(e.pos(r)), t[1:], r)
	}
	name, steps := nodeName(t)
	n := e.nodes[name]
	if n == nil || !n.ok {
		return ir.Value{}, false
	}
	return e.traverse(n.value.At(e.pos(r)), t[steps:], r)
}

// check reports a reference that leads nowhere. In each, `each` has a meaning.
func (e *eval) check(t hcl.Traversal, each bool) bool {
	root, r := t.RootName(), t.SourceRange()
	switch {
	case root == "each" && each:
		return true
	case root == "each":
		e.fail(r, "each.%s has a meaning only beside for_each", "key").Hintf("add for_each to the block")
		return false
	case root != "var" && root != "local" && root != "module" && e.kinds[root] == nil:
		e.unknownRoot(t)
		return false
	}
	name, _ := nodeName(t)
	if name == "" {
		e.fail(r, "%s alone is no value", root).Hintf("%s", e.available(root))
		return false
	}
	if e.nodes[name] != nil {
		return true
	}
	label := strings.TrimPrefix(name, root+".")
	if e.lost[root] && diag.Nearest(label, e.labels(root)) == "" {
		return false // it may be the one without a name, which was reported
	}
	what := map[string]string{"var": "variable", "local": "local value"}[root]
	if what == "" {
		what = root
	}
	m := e.fail(r, "there is no %s %q", what, label)
	m.DidYouMean(label, e.labels(root))
	if m.Hint == "" {
		m.Hintf("%s", e.available(root))
	}
	return false
}

// labels returns what is declared below root.
func (e *eval) labels(root string) []string {
	var labels []string
	for name := range e.nodes {
		if label, ok := strings.CutPrefix(name, root+"."); ok {
			labels = append(labels, label)
		}
	}
	return labels
}

// available says what could be written after root.
func (e *eval) available(root string) string {
	set := map[string]bool{}
	for _, l := range e.labels(root) {
		set[root+"."+l] = true
	}
	names := sortedKeys(set)
	switch {
	case len(names) == 0 && root == "var":
		return `no variable is declared: write variable "NAME" {}`
	case len(names) == 0 && root == "local":
		return "no local value is declared: write locals { NAME = … }"
	case len(names) == 0 && root == "module":
		return `no module is declared: write module "NAME" { source = "./modules/NAME" }`
	case len(names) == 0:
		return fmt.Sprintf("no %[1]s is declared: write %[1]s \"NAME\" {}", root)
	}
	const most = 12
	if len(names) > most {
		return fmt.Sprintf("there are %s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return "there is " + strings.Join(names, ", ")
}

func (e *eval) unknownRoot(t hcl.Traversal) {
	root := t.RootName()
	m := e.fail(t.SourceRange(), "unknown name %q", root)
	whole := traversalText(t)
	switch {
	case e.nodes["var."+root] != nil:
		m.Hintf("write var.%s for the variable", whole)
	case e.nodes["local."+root] != nil:
		m.Hintf("write local.%s for the local value", whole)
	case root == "None" || root == "nil" || root == "nothing":
		m.Hintf("write null")
	case root == "True" || root == "False":
		m.Hintf("write %s", strings.ToLower(root))
	case root == "locals":
		m.Hintf("write local%s", strings.TrimPrefix(whole, root))
	case root == "variable":
		m.Hintf("write var%s", strings.TrimPrefix(whole, root))
	case root == "self":
		m.Hintf("self is the resource in its postcondition, which asks when it is there; all else is decided before, on variables and on other resources")
	case root == "count":
		m.Hintf("each.key and each.value are what differs beside for_each; another resource is named as it is declared: container.web")
	case root == "path":
		m.Hintf("relative paths start at the module's directory, and nothing has to be written for it")
	case strings.HasPrefix(root, "docker_") && len(t) > 1:
		m.Hintf("write %s%s", strings.TrimPrefix(root, "docker_"), traversalText(t[1:2]))
	case root == "data" || root == "terraform":
		m.Hintf("references are var.NAME, local.NAME, module.NAME.OUTPUT and KIND.LABEL, such as container.web")
	default:
		e.hintLabel(m, root)
	}
}

// hintLabel suggests what was meant by a bare name: the label of a resource, or
// text without its quotes.
func (e *eval) hintLabel(m *diag.Diag, root string) {
	for _, kind := range sortedKeys(e.kinds) {
		if e.nodes[kind+"."+root] != nil {
			m.Hintf("write %s.%s for the resource, or %q for text", kind, root, root)
			return
		}
	}
	m.DidYouMean(root, append(sortedKeys(e.kinds), "var", "local", "module", "each", "true", "false", "null"))
	if m.Hint == "" {
		m.Hintf("text needs quotes: %q", root)
	}
}

// traverse follows the rest of a reference. The result stands at r.
func (e *eval) traverse(v ir.Value, steps hcl.Traversal, r hcl.Range) (ir.Value, bool) {
	at := v.Pos
	for i, step := range steps {
		if v.IsNull() && v.Off == "" && i > 0 {
			e.fail(step.SourceRange(), "%s is not set, so that it has no elements", strings.TrimPrefix(traversalText(steps[i-1:i]), ".")).
				Hintf("write what shall be taken in that case: x == null ? … : …")
			return ir.Value{}, false
		}
		var ok bool
		switch s := step.(type) {
		case hcl.TraverseAttr:
			v, ok = e.attr(v, s.Name, s.SrcRange)
		case hcl.TraverseIndex:
			var key ir.Value
			if key, ok = e.literal(&hclsyntax.LiteralValueExpr{Val: s.Key, SrcRange: s.SrcRange}); ok {
				v, ok = e.index(v, key, s.SrcRange)
			}
		default:
			panic(fmt.Sprintf("hclfile: step of type %T", step))
		}
		if !ok {
			return ir.Value{}, false
		}
	}
	if !at.Known() {
		at = e.pos(r)
	}
	return v.At(at), true
}

// within returns a part of v, which is as sensitive as v.
func within(v, part ir.Value) ir.Value {
	part.Sensitive, part.Opaque = part.Sensitive || v.Sensitive, part.Opaque || v.Opaque
	return part
}

// attr returns v.name. The range is that of the name with its dot.
func (e *eval) attr(v ir.Value, name string, r hcl.Range) (ir.Value, bool) {
	switch v.Kind {
	case ir.Handle:
		return e.handleAttr(v, name, r)
	case ir.Map:
		if part, ok := v.Map[name]; ok {
			return within(v, part), true
		}
		if v.Opaque {
			return within(v, ir.StringVal("")), true
		}
		e.missing(v, name, r)
		return ir.Value{}, false
	case ir.Null:
		e.null(v, r)
		return ir.Value{}, false
	case ir.List:
		m := e.fail(r, "a list has no attribute %q", name)
		switch {
		case len(v.List) > 0 && v.List[0].Kind == ir.Handle && !v.Sensitive:
			key, _ := v.List[0].Ref.Addr.Instance()
			m.Hintf("choose one by its place or key, such as [0] or [%q], or write [*].%s for that of each", key, name)
		default:
			m.Hintf("choose an element, such as [0], or write [*].%s for that of each", name)
		}
		return ir.Value{}, false
	}
	if v.Opaque {
		return within(v, ir.StringVal("")), true
	}
	e.fail(r, "%s has no attribute %q", v.Kind, name)
	return ir.Value{}, false
}

func (e *eval) handleAttr(v ir.Value, name string, r hcl.Range) (ir.Value, bool) {
	shown, hurt := e.b.Shown(v.Ref.Addr)
	part, ok := shown[name]
	switch {
	case part.IsNull() && hurt && (ok || v.Ref.Addr.IsModule()):
		return ir.Value{}, false // what it would be was not understood, and that was reported
	case ok:
		if name == "name" {
			e.b.Use(v.Ref.Addr)
		}
		part.Opaque = part.Opaque || hurt && part.Kind == ir.Map // more may have been meant to be in it
		return part, true
	}
	if v.Ref.Addr.IsModule() {
		e.noOutput(v.Ref.Addr, name, shown, r)
		return ir.Value{}, false
	}
	m := e.fail(r, "%s has no attribute %q", v.Ref, name).DidYouMean(name, sortedKeys(shown))
	switch {
	case m.Hint == "" && name == "id":
		m.Hintf("a reference is the resource itself, without .id; its name on the engine is %s.name", v.Ref)
	case m.Hint == "":
		m.Hintf("it has %s", strings.Join(sortedKeys(shown), ", "))
	}
	return ir.Value{}, false
}

// noOutput reports that a module has no such output.
func (e *eval) noOutput(a ir.Addr, name string, shown map[string]ir.Value, r hcl.Range) {
	m := e.fail(r, "%s has no output %q", a, name).DidYouMean(name, sortedKeys(shown))
	switch {
	case m.Hint != "":
	case len(shown) == 0:
		m.Hintf("the module has no outputs; it can have one: output %q { value = … }", name)
	default:
		m.Hintf("its outputs are %s", strings.Join(sortedKeys(shown), ", "))
	}
}

// missing reports that a map has no such element.
func (e *eval) missing(v ir.Value, name string, r hcl.Range) {
	if v.Sensitive {
		e.fail(r, "the sensitive value has no element %q", name)
		return
	}
	what := "the map"
	for _, el := range v.Map {
		if el.Kind == ir.Handle {
			what = el.Ref.Addr.Base().String()
		}
	}
	m := e.fail(r, "%s has no element %q", what, name).DidYouMean(name, v.Keys())
	switch keys := v.Keys(); {
	case m.Hint != "":
	case len(keys) == 0:
		m.Hintf("it is empty")
	case what != "the map": // perhaps what its elements have was meant
		m.Hintf("it has %s, as in %s[%q]", strings.Join(keys[:min(len(keys), 12)], ", "), what, keys[0])
	default:
		m.Hintf("it has %s", strings.Join(keys[:min(len(keys), 12)], ", "))
	}
}

func (e *eval) null(v ir.Value, r hcl.Range) {
	if v.Off != "" {
		e.off(r, v)
		return
	}
	e.fail(r, "this is null, which has no elements").Hintf("write what shall be taken in that case: x == null ? … : …")
}

func (e *eval) indexExpr(x *hclsyntax.IndexExpr, sc *scope) (ir.Value, bool) {
	v, ok := e.eval(x.Collection, sc)
	key, okKey := e.plain(x.Key, sc, "an index")
	if !ok || !okKey {
		return ir.Value{}, false
	}
	got, ok := e.index(v, key, x.Key.StartRange())
	return got.At(e.pos(x.SrcRange)), ok
}

// index returns v[key].
func (e *eval) index(v, key ir.Value, r hcl.Range) (ir.Value, bool) {
	if !key.IsText() {
		e.fail(r, "an index is a number or text, got %s", key.Kind)
		return ir.Value{}, false
	}
	if v.Kind != ir.List {
		return e.attr(v, key.ToText().Str, r)
	}
	if key.Kind == ir.String {
		n, err := strconv.ParseInt(key.Str, 10, 64)
		place := err == nil && n >= 0 && n < int64(len(v.List))
		if place && keyOf(v.List[n]) == key.Str { // as range gives them: thousands need not be looked through
			return within(v, v.List[n]), true
		}
		if isKeyed(v) {
			return e.instance(v, key.Str, r)
		}
		if err == nil {
			key = ir.IntVal(n)
		}
	}
	switch {
	case v.Opaque:
		return within(v, ir.StringVal("")), true
	case key.Kind != ir.Int:
		e.fail(r, "an element of a list is chosen by a whole number, got %s", key.Show())
		return ir.Value{}, false
	case key.Int >= 0 && key.Int < int64(len(v.List)):
		return within(v, v.List[key.Int]), true
	case v.Sensitive:
		e.fail(r, "the sensitive list has no element %d", key.Int)
		return ir.Value{}, false
	}
	m := e.fail(r, "the list has no element %d", key.Int)
	switch n := len(v.List); {
	case key.Int < 0 && n > 0:
		m.Hintf("elements are counted from 0; the last is %d", n-1)
	case n == 0:
		m.Hintf("it is empty")
	default:
		m.Hintf("it has %d, counted from 0", n)
	}
	return ir.Value{}, false
}

// isKeyed reports whether v is the instances of a block, which answer to their
// keys too.
func isKeyed(v ir.Value) bool {
	for _, el := range v.List {
		if el.Kind != ir.Handle && el.Off == "" {
			return false
		}
	}
	return len(v.List) > 0
}

// keyOf returns the key of an instance, also of one that is off; "" if el is none.
func keyOf(el ir.Value) string {
	var a ir.Addr
	if el.Kind == ir.Handle {
		a = el.Ref.Addr
	} else if off, err := ir.ParseTarget(el.Off); err == nil {
		a = off
	}
	key, _ := a.Instance()
	return key
}

func (e *eval) instance(v ir.Value, key string, r hcl.Range) (ir.Value, bool) {
	keys := map[string]ir.Value{}
	for _, el := range v.List {
		keys[keyOf(el)] = el
	}
	if el, ok := keys[key]; ok {
		return el, true
	}
	e.missing(ir.MapVal(keys), key, r)
	return ir.Value{}, false
}

package hclfile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/value"

	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// collect takes in the declarations of one file.
func (r *reader) collect(file *hclsyntax.Body) {
	for _, a := range attributes(file) {
		r.fail(a.NameRange, "%s = … stands outside of any block", a.Name).
			Hintf("a value of your own is a local value: locals { %s = … }", a.Name)
	}
	for _, b := range file.Blocks {
		r.declare(b)
	}
}

// declare takes in one declaration.
func (r *reader) declare(b *hclsyntax.Block) {
	switch {
	case b.Type == "stack":
		r.addStack(b)
	case b.Type == "variable":
		r.addVariable(b)
	case b.Type == "locals":
		r.addLocals(b)
	case b.Type == "output":
		r.addOutput(b)
	case b.Type == "assert":
		r.addAssert(b)
	case b.Type == "library":
		r.addLibrary(b)
	case b.Type == "registry":
		r.addLogin(b)
	case b.Type == "moved":
		r.addMove(b, "new", r.b.Moved)
	case b.Type == "adopt":
		r.addMove(b, "resource", r.b.Adopt)
	case b.Type == "forget":
		r.addMove(b, "", r.b.Forget)
	case b.Type == "module" || r.kinds[b.Type] != nil:
		r.addInstances(b)
	default:
		if near := r.unknownBlock(b); near != "" { // what refers to it is right
			meant := *b
			meant.Type = near
			r.declare(&meant)
		}
	}
}

// attributes returns the attributes of a body as they are written.
func attributes(b *hclsyntax.Body) []*hclsyntax.Attribute {
	var attrs []*hclsyntax.Attribute
	for _, a := range b.Attributes {
		attrs = append(attrs, a)
	}
	slices.SortFunc(attrs, func(a, b *hclsyntax.Attribute) int {
		return cmp.Compare(a.NameRange.Start.Byte, b.NameRange.Start.Byte)
	})
	return attrs
}

// unknownBlock reports a block that is no declaration, with what to write for
// the habits of other tools. It returns the block that seems to be misspelt, or "".
func (r *reader) unknownBlock(b *hclsyntax.Block) string {
	known := append(sortedKeys(r.kinds), "adopt", "assert", "forget", "library", "locals", "module", "moved", "output", "registry", "stack", "variable")
	slices.Sort(known)
	m := r.fail(b.TypeRange, "there is no block %q", b.Type)
	label := "NAME"
	if n := len(b.Labels); n > 0 {
		label = b.Labels[n-1]
	}
	switch b.Type {
	case "resource":
		for _, kind := range sortedKeys(r.kinds) {
			if len(b.Labels) == 2 && strings.HasSuffix(b.Labels[0], "_"+kind) {
				m.Hintf("the kind is the block: %s %q { … }", kind, label)
				return ""
			}
		}
		m.Hintf("the kind is the block: container %q { … }", label)
	case "data":
		m.Hintf("what is on the engine already is used by its name, as plain text")
	case "provider":
		m.Hintf("the engine is chosen on the command line, with --engine, or as the docker command chooses it")
	case "terraform":
		m.Hintf(`nothing has to be configured; the stack's name is written as stack { name = "shop" }`)
	case "service", "services":
		m.Hintf(`write container "NAME" { … }`)
	case "variables":
		m.Hintf(`write variable "NAME" {}`)
	case "local":
		m.Hintf("write locals { NAME = … }")
	case "check":
		m.Hintf(`write assert "NAME" { condition = …, error_message = … }`)
	case "import":
		m.Hintf(`write adopt { resource = volume.NAME, name = "NAME ON THE ENGINE" }`)
	case "removed":
		m.Hintf(`write forget { address = "KIND.NAME" }`)
	}
	if m.Hint != "" {
		return ""
	}
	if m.DidYouMean(b.Type, known).Hint != "" {
		return diag.Nearest(b.Type, known)
	}
	m.Hintf("the blocks are %s", strings.Join(known, ", "))
	return ""
}

// label returns the one label of a block.
func (r *reader) label(b *hclsyntax.Block) (string, bool) {
	if len(b.Labels) != 1 || !ir.IsIdent(b.Labels[0]) {
		r.lost[strings.Replace(b.Type, "variable", "var", 1)] = true
	}
	if len(b.Labels) == 1 {
		if ir.IsIdent(b.Labels[0]) {
			return b.Labels[0], true
		}
		r.fail(b.LabelRanges[0], "%q is no label: want letters, digits, _ and -, not a digit or - first", b.Labels[0])
		return "", false
	}
	r.fail(b.TypeRange, "%s has %d labels, want one", b.Type, len(b.Labels)).Hintf(`write %s "NAME" { … }`, b.Type)
	return "", false
}

// unlabelled reports labels where none belong.
func (r *reader) unlabelled(b *hclsyntax.Block) {
	if len(b.Labels) > 0 {
		r.fail(b.LabelRanges[0], "%s takes no label", b.Type)
	}
}

// misspelt reports whether an attribute of b seems to be meant for name, which
// only says.
func misspelt(b *hclsyntax.Block, name string) bool {
	return slices.ContainsFunc(attributes(b.Body), func(a *hclsyntax.Attribute) bool {
		return a.Name != name && diag.Nearest(a.Name, []string{name}) != ""
	})
}

// only reports attributes and blocks that b does not take.
func (r *reader) only(b *hclsyntax.Block, attrs, blocks []string) {
	for _, a := range attributes(b.Body) {
		if !slices.Contains(attrs, a.Name) {
			m := r.fail(a.NameRange, "%s: unknown attribute %q", b.Type, a.Name).DidYouMean(a.Name, attrs)
			if m.Hint == "" {
				m.Hintf("the attributes here are %s", strings.Join(attrs, ", "))
			}
		}
	}
	for _, in := range b.Body.Blocks {
		switch {
		case slices.Contains(blocks, in.Type):
		case slices.Contains(attrs, in.Type):
			r.fail(in.TypeRange, "%s: %s is an attribute, not a block", b.Type, in.Type).Hintf("write %s = …", in.Type)
		default:
			r.fail(in.TypeRange, "%s: there is no block %q here", b.Type, in.Type).DidYouMean(in.Type, append(attrs, blocks...))
		}
	}
}

func (r *reader) addStack(b *hclsyntax.Block) {
	r.unlabelled(b)
	n := &node{name: "stack", at: b.TypeRange}
	for _, a := range attributes(b.Body) {
		n.exprs = append(n.exprs, expr{Expression: a.Expr, early: true})
	}
	for _, in := range b.Body.Blocks {
		r.fail(in.TypeRange, "stack: there is no block %q here", in.Type)
	}
	n.run = func(n *node) { r.b.Stack(r.attrs(attributes(b.Body), nil), r.pos(n.at)) }
	r.add(n)
	if r.stack == nil {
		r.stack = n
	}
}

// attrs evaluates attributes of a declaration. One without a value stays, as
// broken.
func (r *reader) attrs(attrs []*hclsyntax.Attribute, sc *scope) []ir.Attr {
	out := make([]ir.Attr, 0, len(attrs))
	for _, a := range attrs {
		out = append(out, r.attrOf(a, sc))
	}
	return out
}

func (r *reader) attrOf(a *hclsyntax.Attribute, sc *scope) ir.Attr {
	v, ok := r.eval.eval(a.Expr, sc)
	if !ok {
		v = ir.BrokenVal()
	}
	return ir.Attr{Name: a.Name, Pos: r.pos(a.NameRange), Value: v}
}

func (r *reader) addLocals(b *hclsyntax.Block) {
	r.unlabelled(b)
	for _, in := range b.Body.Blocks {
		r.fail(in.TypeRange, "locals: there is no block here").Hintf("a local value is written %s = { … }", in.Type)
	}
	for _, a := range attributes(b.Body) {
		n := &node{name: "local." + a.Name, at: a.NameRange, exprs: []expr{{Expression: a.Expr}}}
		n.run = func(n *node) {
			n.value, n.ok = r.eval.eval(a.Expr, nil)
			if n.ok && size(n.value, maxNodes) >= maxNodes {
				r.fail(a.NameRange, "%s is too large", n.name).Hintf("the limit is %d values within one value", maxNodes)
				n.ok = false
			}
		}
		r.add(n)
	}
}

func (r *reader) addOutput(b *hclsyntax.Block) {
	label, ok := r.label(b)
	r.only(b, value.OutputAttrs, nil)
	a := b.Body.Attributes["value"]
	if a == nil && !misspelt(b, "value") {
		r.fail(b.TypeRange, `output: "value" is missing`).Hintf("write what it shows: value = …")
	}
	if !ok || a == nil {
		return
	}
	n := &node{name: "output." + label, at: b.TypeRange}
	for _, a := range attributes(b.Body) {
		n.exprs = append(n.exprs, expr{Expression: a.Expr})
	}
	n.run = func(n *node) {
		o := ir.Output{Name: label, Pos: r.pos(n.at), Description: r.text(b, "description")}
		var ok bool
		o.Value, ok = r.eval.eval(a.Expr, nil)
		if r.flag(b, "sensitive", false) {
			o.Value.Sensitive = true
		}
		if ok {
			r.b.Output(o)
		}
	}
	r.add(n)
}

func (r *reader) addAssert(b *hclsyntax.Block) {
	label, ok := r.label(b)
	for _, in := range b.Body.Blocks {
		r.fail(in.TypeRange, "assert: there is no block %q here", in.Type)
	}
	if !ok {
		return
	}
	n := &node{name: "assert." + label, at: b.TypeRange}
	for _, a := range attributes(b.Body) {
		n.exprs = append(n.exprs, expr{Expression: a.Expr})
	}
	n.run = func(n *node) { r.b.Assert(label, r.ruleOf(b, nil), r.pos(n.at), nil) }
	r.add(n)
}

// addLogin takes in an account at a registry, whose label is a host.
func (r *reader) addLogin(b *hclsyntax.Block) {
	for _, in := range b.Body.Blocks {
		r.fail(in.TypeRange, "registry: there is no block %q here", in.Type)
	}
	if len(b.Labels) != 1 {
		r.fail(b.TypeRange, "registry has %d labels, want one", len(b.Labels)).Hintf(`write registry "ghcr.io" { … }`)
		return
	}
	n := &node{name: fmt.Sprintf("registry at %s:%d", b.TypeRange.Filename, b.TypeRange.Start.Byte), at: b.TypeRange}
	for _, a := range attributes(b.Body) {
		n.exprs = append(n.exprs, expr{Expression: a.Expr})
	}
	n.run = func(n *node) { r.b.Login(b.Labels[0], r.attrs(attributes(b.Body), nil), r.pos(n.at), nil) }
	r.add(n)
}

// ruleOf evaluates the attributes of a rule. What it says where it does not hold
// may have no value where it does, so that it is left alone there.
func (r *reader) ruleOf(b *hclsyntax.Block, sc *scope) []ir.Attr {
	var out []ir.Attr
	holds := false
	for _, a := range attributes(b.Body) {
		if a.Name != "error_message" {
			x := r.attrOf(a, sc)
			holds = holds || x.Name == "condition" && (x.Value.IsBroken() || x.Value.Kind == ir.Bool && x.Value.Bool)
			out = append(out, x)
		}
	}
	if a := b.Body.Attributes["error_message"]; a != nil && holds {
		out = append(out, ir.Attr{Name: a.Name, Pos: r.pos(a.NameRange), Value: ir.BrokenVal()})
	} else if a != nil {
		out = append(out, r.attrOf(a, sc))
	}
	return out
}

func (r *reader) addLibrary(b *hclsyntax.Block) {
	label, ok := r.label(b)
	for _, in := range b.Body.Blocks {
		r.fail(in.TypeRange, "library: there is no block %q here", in.Type)
	}
	if !ok {
		return
	}
	n := &node{name: "library." + label, at: b.TypeRange}
	for _, a := range attributes(b.Body) {
		n.exprs = append(n.exprs, expr{Expression: a.Expr, never: "a library comes before all else, so that its source is plain text"})
	}
	n.run = func(n *node) {
		r.libs[label] = r.b.Library(label, r.attrs(attributes(b.Body), nil), r.pos(n.at))
	}
	r.lib = append(r.lib, n)
	r.add(n)
}

// text returns an attribute that is plain text, or "" without it.
func (r *reader) text(b *hclsyntax.Block, name string) string {
	a := b.Body.Attributes[name]
	if a == nil {
		return ""
	}
	v, ok := r.plain(a.Expr, nil, name)
	if !ok || v.IsNull() {
		return ""
	}
	if v.Kind != ir.String {
		r.fail(a.Expr.StartRange(), "%s.%s: got %s, want text", b.Type, name, v.Kind)
	}
	return v.Str
}

// flag returns an attribute that is true or false, or def without it.
func (r *reader) flag(b *hclsyntax.Block, name string, def bool) bool {
	a := b.Body.Attributes[name]
	if a == nil {
		return def
	}
	yes, ok := r.option(a.Expr, nil, name, def)
	return ok && yes
}

const plainOnly = "what a variable says about itself is plain values, since variables come before all else"

func (r *reader) addVariable(b *hclsyntax.Block) {
	label, ok := r.label(b)
	before := len(*r.diags)
	r.only(b, value.VariableAttrs, []string{"validation"})
	if !ok {
		r.in.Cut = true // what it would have been called is not known
		return
	}
	odd := broken(*r.diags, before) // what is unknown there may be its default
	n := &node{name: "var." + label, at: b.TypeRange}
	for _, a := range attributes(b.Body) {
		if !slices.Contains(value.VariableAttrs, a.Name) || a.Name == "type" {
			continue // what is unknown there was reported, and may be a type
		}
		n.exprs = append(n.exprs, expr{Expression: a.Expr, never: plainOnly})
	}
	for _, in := range b.Body.Blocks {
		for _, a := range attributes(in.Body) {
			n.exprs = append(n.exprs, expr{Expression: a.Expr, rule: n.name})
		}
	}
	n.run = func(n *node) {
		v := &value.Variable{
			Name: label, Pos: r.pos(n.at), Description: r.text(b, "description"),
			Sensitive: r.flag(b, "sensitive", false), NotNull: !r.flag(b, "nullable", true),
		}
		v.Broken = !r.typeOf(b, v) || !r.defaultOf(b, v) || !r.rules(b, v) || n.bad || odd
		n.value, n.ok = r.in.Resolve(v, r.diags)
	}
	r.add(n)
}

func (r *reader) typeOf(b *hclsyntax.Block, v *value.Variable) bool {
	a := b.Body.Attributes["type"]
	if a == nil {
		return true
	}
	t, hds := value.TypeOf(a.Expr, r.b.Universe.KindNames())
	for _, d := range hds {
		at := a.Expr.StartRange()
		if d.Subject != nil {
			at = *d.Subject
		}
		m := r.fail(at, "variable %q: %s", v.Name, value.Phrase(d))
		if _, quoted := a.Expr.(*hclsyntax.TemplateExpr); quoted {
			m.Hintf("a type is written without quotes")
		}
	}
	v.Type = t
	return !hds.HasErrors()
}

func (r *reader) defaultOf(b *hclsyntax.Block, v *value.Variable) (ok bool) {
	a := b.Body.Attributes["default"]
	if a == nil {
		return true
	}
	v.HasDefault = true
	v.Default, ok = r.eval.eval(a.Expr, nil)
	return ok
}

func (r *reader) rules(b *hclsyntax.Block, v *value.Variable) bool {
	good := true
	for _, in := range b.Body.Blocks {
		if in.Type != "validation" {
			continue
		}
		before := len(*r.diags)
		r.only(in, []string{"condition", "error_message"}, nil)
		cond, msg := in.Body.Attributes["condition"], in.Body.Attributes["error_message"]
		if cond == nil || msg == nil {
			good = false
			if broken(*r.diags, before) {
				continue // one of them is there under another name
			}
			r.fail(in.TypeRange, "a validation needs condition and error_message")
			continue
		}
		v.Rules = append(v.Rules, value.Rule{
			Pos: r.pos(cond.Expr.StartRange()),
			Holds: func(x ir.Value, secret bool) (holds bool, d *diag.Diag) {
				sc, ok := r.varScope(v.Name, x, cond.Expr)
				if !ok {
					return true, nil // what it asks about has no value, and a message says so
				}
				d = r.quietly(secret, func() { holds, _ = r.decide(cond.Expr, sc, "a validation") })
				return holds, d
			},
			Message: func(x ir.Value) (text ir.Value, d *diag.Diag) {
				text = ir.BrokenVal()
				d = r.quietly(false, func() {
					sc, ok := r.varScope(v.Name, x, msg.Expr)
					if !ok {
						return
					}
					if got, ok := r.evalText(msg.Expr, sc); ok {
						text = got
					}
				})
				return text, d
			},
		})
	}
	return good
}

// varScope is where an expression of a variable's validation is evaluated: in it
// the variable has the value x, and others have their own. It returns false if
// the expression names one that has none.
func (r *reader) varScope(name string, x ir.Value, of hclsyntax.Expression) (*scope, bool) {
	vars := map[string]ir.Value{name: x}
	for _, t := range of.Variables() {
		node, _ := nodeName(t)
		other, n := strings.TrimPrefix(node, "var."), r.nodes[node]
		switch {
		case other == name:
		case n == nil || !n.ok:
			return nil, false
		default:
			vars[other] = n.value
		}
	}
	return &scope{name: "var", value: ir.MapVal(vars)}, true
}

// quietly calls f and returns the first error instead of reporting it. What f
// prints is reported, unless f sees what is secret.
func (r *reader) quietly(secret bool, f func()) (first *diag.Diag) {
	var ds diag.List
	outer := r.diags
	r.diags = &ds
	f()
	r.diags = outer
	for i, d := range ds {
		switch {
		case !d.Warning && first == nil:
			first = &ds[i]
		case d.Warning && !secret:
			*outer = append(*outer, d)
		}
	}
	return first
}

// each returns the scope of one instance under for_each.
func eachScope(key string, v ir.Value) *scope {
	return &scope{name: "each", value: ir.MapVal(map[string]ir.Value{"key": ir.StringVal(key).At(v.Pos), "value": v})}
}

// nestedHint says how a nested block is written as an attribute.
func nestedHint(name, typ string) string {
	if strings.HasPrefix(typ, "list") {
		return fmt.Sprintf("a value is an attribute: %s = [{ … }]", name)
	}
	return fmt.Sprintf("a value is an attribute: %s = { … }", name)
}

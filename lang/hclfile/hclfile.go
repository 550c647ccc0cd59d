// Package hclfile reads the bodies that are written in HCL: all *.bay.hcl files
// of a directory, as one.
//
// The files are parsed by HCL's own parser. The expressions are evaluated here
// and not there, to values that know their places, resources, and what only an
// engine knows; what is done with such a value is thereby decided in one place.
package hclfile

import (
	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
	"bayplan/lang/value"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty/function"
)

// Read evaluates a body and gives b what it declares.
func Read(b *schema.Builder, body schema.Body, in *value.Inputs, src schema.Source) {
	bodies, ok := parse(b, body.Files)
	if !ok {
		return
	}
	r := newReader(b, body, in, src)
	for _, file := range bodies {
		r.collect(file)
	}
	for _, n := range r.order {
		r.check(n)
	}
	r.comesFirst()
	for _, n := range r.sorted() {
		n.run(n)
	}
	in.Report(&b.Diags)
}

// reader is one evaluation of a body.
type reader struct {
	*eval
	in    *value.Inputs
	dir   string
	order []*node // as written
	stack *node   // nil if there is none
	lib   []*node // libraries
	early []early
}

func newReader(b *schema.Builder, body schema.Body, in *value.Inputs, src schema.Source) *reader {
	e := &eval{
		files: map[string][]byte{}, diags: &b.Diags, nodes: map[string]*node{}, kinds: map[string]*schema.Kind{},
		b: b, spent: &b.Spent, funcs: map[string]function.Function{}, libs: map[string]schema.Library{},
		lost: map[string]bool{},
	}
	for _, f := range body.Files {
		e.files[f.Name] = f.Src
	}
	for _, k := range b.Universe.Kinds {
		e.kinds[k.Name] = k
	}
	for _, f := range b.Universe.Funcs {
		e.funcs[f.Name] = f.Make(schema.FuncEnv{Dir: body.Dir, Source: src})
	}
	return &reader{eval: e, in: in, dir: body.Dir}
}

// node is a declaration.
type node struct {
	name  string // what names it: var.x, local.x, container.web, module.db; output.x and stack cannot be referred to
	at    hcl.Range
	exprs []expr
	refs  []ref
	bad   bool // a reference leads nowhere
	run   func(*node)

	value ir.Value // counts if ok
	ok    bool     // false before it has run, and if it has no value
	state state
}

// expr is an expression of a declaration, with the names that have a meaning in it.
type expr struct {
	hclsyntax.Expression
	each  bool   // `each` has a meaning
	early bool   // resources have no name yet
	rule  string // if not "", the name of the variable that it validates: only variables may be referred to
	never string // if not "", nothing may be referred to, and why
	self  bool   // `self` has a meaning; it is evaluated when all is declared
}

// ref is a reference from one declaration to another.
type ref struct {
	to *node
	at hcl.Range
}

type state uint8

const (
	untouched state = iota
	open            // on the way to what it refers to
	done
)

// add takes a declaration in. Of two with one name, the first counts.
func (r *reader) add(n *node) {
	if old := r.nodes[n.name]; old != nil {
		r.fail(n.at, "%s is declared twice", n.name).Hintf("it was declared at %s", r.pos(old.at))
		return
	}
	r.nodes[n.name] = n
	r.order = append(r.order, n)
}

// check finds what n refers to and reports references that lead nowhere.
func (r *reader) check(n *node) {
	for _, x := range n.exprs {
		for _, t := range x.Variables() {
			if x.self && t.RootName() == "self" {
				continue
			}
			if !r.allowed(x, t) || !r.eval.check(t, x.each) {
				n.bad = true
				continue
			}
			if x.self {
				continue // that orders nothing
			}
			if name, _ := nodeName(t); r.nodes[name] != nil && name != x.rule {
				n.refs = append(n.refs, ref{to: r.nodes[name], at: t.SourceRange()})
			}
		}
	}
}

func (r *reader) allowed(x expr, t hcl.Traversal) bool {
	switch {
	case x.early && r.kinds[t.RootName()] != nil:
		r.fail(t.SourceRange(), "%s cannot be used here", traversalText(t)).Hintf("names of resources follow from the stack, not the other way round")
		return false
	case x.never != "":
		r.fail(t.SourceRange(), "%s cannot be used here", traversalText(t)).Hintf("%s", x.never)
		return false
	case x.rule != "" && t.RootName() != "var":
		m := r.fail(t.SourceRange(), "%s cannot be used here", traversalText(t)).
			Hintf("a validation is about variables: its own, %s, and others", x.rule)
		if r.nodes["var."+t.RootName()] != nil {
			m.Hintf("write var.%s for the variable", traversalText(t))
		}
		return false
	}
	return true
}

// sorted returns the declarations in the order in which they can be evaluated:
// as written, but for what others refer to, the stack, since names follow from
// it, and libraries. Those that refer to each other in a cycle are reported and left out.
func (r *reader) sorted() []*node {
	var out []*node
	if r.stack != nil {
		out = r.visit(r.stack, out)
	}
	for _, n := range r.lib {
		out = r.visit(n, out) // expressions name functions in no way that makes an order
	}
	for _, n := range r.order {
		if n.state == untouched {
			out = r.visit(n, out)
		}
	}
	return out
}

// visit appends n and what it refers to. It keeps its own stack of calls, since
// a program may be a chain of any length.
func (r *reader) visit(n *node, out []*node) []*node {
	type frame struct {
		n      *node
		next   int
		broken bool
	}
	stack := []frame{{n: n}}
	n.state = open
	for len(stack) > 0 {
		top := &stack[len(stack)-1]
		if top.next == len(top.n.refs) {
			top.n.state = done
			if !top.broken {
				out = append(out, top.n)
			}
			stack = stack[:len(stack)-1]
			continue
		}
		rf := top.n.refs[top.next]
		top.next++
		switch rf.to.state {
		case untouched:
			rf.to.state = open
			stack = append(stack, frame{n: rf.to})
		case open:
			i := len(stack) - 1
			for stack[i].n != rf.to {
				i--
			}
			path := ""
			for j := i; j < len(stack); j++ {
				stack[j].broken = true
				path += stack[j].n.name + " → "
			}
			r.cycle(path+rf.to.name, len(stack)-i, rf)
		}
	}
	return out
}

func (r *reader) cycle(path string, length int, rf ref) {
	if length == 1 {
		r.fail(rf.at, "%s refers to itself", rf.to.name).Hintf("what is set within the block can be put into a local value, and used in both places")
		return
	}
	r.fail(rf.at, "declarations refer to each other in a cycle: %s", path).
		Hintf("one of them has to come first: take one of these references away")
}

// broken reports whether an error was added to the messages since there were n.
func broken(ds diag.List, n int) bool { return ds[n:].HasErrors() }

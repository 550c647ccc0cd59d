package container

import (
	"context"
	"slices"
	"strings"
	"testing"

	"bayplan/interpreter/apply"
	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/interpreter/plan"
	"bayplan/interpreter/world"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
)

// workshop plans and applies programs of one stack on an engine.
type workshop struct {
	t     *testing.T
	e     *engine.Engine
	stack string
	dir   string
}

// decls are declarations: address, then attributes by name.
type decls map[string]map[string]ir.Value

// program builds what decls say, in order of address with other kinds first.
func program(stack, dir string, d decls) (*ir.Program, diag.List) {
	u := &schema.Universe{}
	for _, k := range kinds {
		u.Kinds = append(u.Kinds, k.Schema())
	}
	b := schema.NewBuilder(u, dir, stack)
	var addrs []ir.Addr
	for a := range d {
		addrs = append(addrs, addr(a))
	}
	slices.SortFunc(addrs, func(a, b ir.Addr) int {
		if (a.Kind == "container") != (b.Kind == "container") {
			return strings.Compare(b.Kind, a.Kind)
		}
		return a.Compare(b)
	})
	for i, a := range addrs {
		pos := diag.Pos{File: "test", Line: i + 1, Col: 1}
		x := schema.Declaration{Addr: a, Pos: pos, Dir: dir}
		attrs := d[a.String()]
		for _, k := range ir.MapVal(attrs).Keys() {
			switch a := (ir.Attr{Name: k, Pos: pos, Value: attrs[k]}); k {
			case "depends_on":
				x.DependsOn = a
			case "lifecycle":
				x.Lifecycle = a
			default:
				x.Attrs = append(x.Attrs, a)
			}
		}
		b.Declare(x)
	}
	p := b.Finish()
	return p, b.Diags
}

func (w *workshop) world(p *ir.Program) *world.World {
	w.t.Helper()
	got, err := world.Read(context.Background(), world.Options{
		Kinds: kinds, Reader: w.e.Reader(), Info: w.e.Info, Stack: w.stack, Program: p,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

// try plans, and returns what forbids the plan.
func (w *workshop) try(d decls) (*plan.Plan, diag.List) {
	w.t.Helper()
	prog, diags := program(w.stack, w.dir, d)
	if diags.HasErrors() {
		return nil, diags
	}
	return plan.Make(w.world(prog), prog, plan.Options{Kinds: kinds})
}

func (w *workshop) plan(d decls) *plan.Plan {
	w.t.Helper()
	p, diags := w.try(d)
	if diags.HasErrors() {
		w.t.Fatal(diags)
	}
	return p
}

func (w *workshop) run(p *plan.Plan) *apply.Report {
	return apply.Run(context.Background(), w.e, p, apply.Options{})
}

// apply makes the engine as d says, and holds that nothing is left to do.
func (w *workshop) apply(d decls) {
	w.t.Helper()
	for _, f := range w.run(w.plan(d)).Failed {
		w.t.Fatalf("%s: %v (%v)", f.Step.Addr, f.Err, f.UndoErr)
	}
	if p := w.plan(d); !p.Empty() {
		w.t.Fatalf("the plan afterwards is not empty: %s", steps(p))
	}
}

func (w *workshop) destroy() {
	p, diags := plan.Make(w.world(nil), nil, plan.Options{Mode: plan.Destroy, Kinds: kinds, Volumes: true})
	if diags.HasErrors() {
		w.t.Error(diags)
		return
	}
	for _, f := range w.run(p).Failed {
		w.t.Errorf("taking the stack away: %s: %v", f.Step.Addr, f.Err)
	}
}

// steps writes a plan as text: a line for a step, then its changes and calls.
func steps(p *plan.Plan) string {
	var b strings.Builder
	for _, s := range p.Steps {
		b.WriteString(string(s.Verb) + " " + s.Addr.String() + "\n")
		if s.Verb != "create" {
			b.WriteString(changesText(s.Changes))
		}
		b.WriteString(workText(s.Work))
	}
	return b.String()
}

// live returns the object of an address.
func (w *workshop) live(a string) *kind.Live {
	w.t.Helper()
	for _, l := range w.world(nil).Found["container"].Live {
		if l.Identity.Addr == addr(a) {
			return l
		}
	}
	w.t.Fatalf("%s is not there", a)
	return nil
}

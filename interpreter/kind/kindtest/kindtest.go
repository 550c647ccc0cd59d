// Package kindtest checks a kind against its contract on an engine: for each
// of its attributes, an object that was made with it has nothing to change
// afterwards; a change of it is planned by its name and by no other; taking it
// away is a change like any other.
package kindtest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"bayplan/interpreter/apply"
	"bayplan/interpreter/engine"
	"bayplan/interpreter/engine/embedded"
	"bayplan/interpreter/kind"
	"bayplan/interpreter/plan"
	"bayplan/interpreter/world"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
)

// Attrs are attributes as a program writes them.
type Attrs = map[string]ir.Value

// Suite is what a room checks of its kind.
type Suite struct {
	Kinds   []kind.Kind
	Engine  *engine.Engine
	Stack   string
	Dir     string // of the program, absolute
	Base    []Decl // what the subject needs beside it
	Subject Decl   // with what it cannot be without
	Samples []Sample
	Reach   *Reach // gathers what plans say; may be nil

	// Without has the attributes that no sample tries, with the reason.
	Without map[string]string
}

// Decl is a declaration.
type Decl struct {
	Addr  string
	Attrs Attrs
}

// Sample is one attribute with two values. A null B is for one that has but one.
type Sample struct {
	Attr  string
	A, B  ir.Value
	With  Attrs                  // what the attribute needs beside it, always there
	Is    schema.Effect          // of the change from A to B; None takes the table's
	Gone  schema.Effect          // of taking it away; None takes Is
	Set   schema.Effect          // of setting it to A; None is any
	Also  []string               // addresses of what a change of it brings or takes along
	Names []string               // attributes that change with it
	Min   string                 // the first API version that has it, where that is not the table's
	If    func(engine.Info) bool // nil, or whether an engine's host can have it
}

// Embedded opens a new embedded engine that plays an API version, for the time
// of a test.
func Embedded(t *testing.T, api string) *engine.Engine {
	t.Helper()
	w, err := embedded.Open(t.TempDir(), "kindtest", api)
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.Through(t.Context(), w.Dial, engine.Options{Local: true, Sleep: w.Sleep, Close: w.Close})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// Obj returns a map of keys and values in turn; a value is an ir.Value or what
// one is made of.
func Obj(kv ...any) ir.Value {
	m := Attrs{}
	for i := 0; i < len(kv); i += 2 {
		switch v := kv[i+1].(type) {
		case ir.Value:
			m[kv[i].(string)] = v
		case string:
			m[kv[i].(string)] = ir.StringVal(v)
		case bool:
			m[kv[i].(string)] = ir.BoolVal(v)
		case int:
			m[kv[i].(string)] = ir.IntVal(int64(v))
		default:
			panic(fmt.Sprintf("kindtest: no value of %T", v))
		}
	}
	return ir.MapVal(m)
}

// Run checks each sample, and that no attribute is forgotten.
func (s Suite) Run(t *testing.T) {
	s.complete(t)
	for i, x := range s.Samples {
		if !s.can(x) {
			continue
		}
		t.Run(fmt.Sprintf("%s-%d", x.Attr, i), func(t *testing.T) {
			t.Cleanup(func() { s.destroy(t) })
			s.sample(t, x)
		})
	}
}

func (s Suite) table() []*schema.Field {
	a, err := ir.ParseAddr(s.Subject.Addr)
	if err != nil {
		panic(err)
	}
	for _, k := range s.Kinds {
		if k.Schema().Name == a.Kind {
			return schema.Bind(k.Schema().New()).Fields
		}
	}
	panic("kindtest: no kind " + a.Kind)
}

func (s Suite) complete(t *testing.T) {
	for _, f := range s.table() {
		tried := slices.ContainsFunc(s.Samples, func(x Sample) bool { return x.Attr == f.Name })
		if _, without := s.Without[f.Name]; !tried && !without {
			t.Errorf("no sample tries attribute %s", f.Name)
		}
	}
}

// can reports whether the engine can have a sample at all.
func (s Suite) can(x Sample) bool {
	i := s.Engine.Info
	for _, f := range s.table() {
		if f.Name == x.Attr && !i.Has(f.Since) {
			return false
		}
	}
	return i.Has(x.Min) && (x.If == nil || x.If(i))
}

func (s Suite) effect(x Sample) schema.Effect {
	if x.Is != schema.None {
		return x.Is
	}
	for _, f := range s.table() {
		if f.Name == x.Attr {
			return f.Effect
		}
	}
	panic("kindtest: no attribute " + x.Attr)
}

func (s Suite) sample(t *testing.T, x Sample) {
	with := func(v ir.Value) Attrs {
		attrs := maps.Clone(s.Subject.Attrs)
		if attrs == nil {
			attrs = Attrs{}
		}
		maps.Copy(attrs, x.With)
		if !v.IsNull() {
			attrs[x.Attr] = v
		}
		return attrs
	}
	change := s.effect(x)
	gone := change
	if x.Gone != schema.None {
		gone = x.Gone
	}
	s.apply(t, with(x.A), "making it")
	if !x.B.IsNull() {
		s.changes(t, with(x.B), x, change, "changing it")
	}
	if !s.must(x.Attr) {
		s.changes(t, with(ir.Value{}), x, gone, "taking it away")
	}
	s.changes(t, with(x.A), x, x.Set, "setting it")
}

func (s Suite) must(attr string) bool {
	return slices.ContainsFunc(s.table(), func(f *schema.Field) bool { return f.Name == attr && f.Must })
}

// changes checks that a plan names the attribute and nothing else, then that
// applying it leaves nothing to do. Effect None is any.
func (s Suite) changes(t *testing.T, attrs Attrs, x Sample, effect schema.Effect, doing string) {
	t.Helper()
	p := s.plan(t, attrs)
	var steps []*plan.Step
	for _, step := range p.Steps {
		if !slices.Contains(x.Also, step.Addr.String()) {
			steps = append(steps, step)
		}
	}
	if len(steps) != 1 || steps[0].Addr.String() != s.Subject.Addr {
		t.Fatalf("%s: got %s, want one step on %s", doing, Show(p), s.Subject.Addr)
	}
	for _, c := range steps[0].Changes {
		if c.Attr != x.Attr && !slices.Contains(x.Names, c.Attr) {
			t.Errorf("%s: the plan names %s: %s → %s", doing, c.Name(), c.Old.Show(), c.New.Show())
		}
	}
	if worst := plan.Worst(steps[0].Changes); effect != schema.None && worst != effect {
		t.Errorf("%s: the plan says %s, want %s: %s", doing, worst, effect, Show(p))
	}
	s.apply(t, attrs, doing)
}

func (s Suite) apply(t *testing.T, attrs Attrs, doing string) {
	t.Helper()
	p := s.plan(t, attrs)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	r := apply.Run(ctx, s.Engine, p, apply.Options{})
	for _, f := range r.Failed {
		t.Fatalf("%s: %s: %v", doing, f.Step.Addr, f.Err)
	}
	if again := s.plan(t, attrs); !again.Empty() {
		t.Fatalf("%s: the plan afterwards is not empty: %s", doing, Show(again))
	}
}

func (s Suite) plan(t *testing.T, attrs Attrs) *plan.Plan {
	t.Helper()
	prog := s.program(t, attrs)
	w, err := world.Read(t.Context(), world.Options{
		Kinds: s.Kinds, Reader: s.Engine.Reader(), Info: s.Engine.Info, Auth: s.Engine.Auth, Stack: s.Stack, Program: prog,
	})
	if err != nil {
		t.Fatal(err)
	}
	p, diags := plan.Make(w, prog, plan.Options{Kinds: s.Kinds})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	s.Reach.add(p)
	return p
}

func (s Suite) program(t *testing.T, attrs Attrs) *ir.Program {
	t.Helper()
	u := &schema.Universe{}
	for _, k := range s.Kinds {
		u.Kinds = append(u.Kinds, k.Schema())
	}
	b := schema.NewBuilder(u, s.Dir, s.Stack)
	for i, d := range append(slices.Clone(s.Base), Decl{s.Subject.Addr, attrs}) {
		declare(t, b, diag.Pos{File: "kindtest", Line: i + 1, Col: 1}, s.Dir, d)
	}
	p := b.Finish()
	if b.Diags.HasErrors() {
		t.Fatal(b.Diags)
	}
	return p
}

func declare(t *testing.T, b *schema.Builder, pos diag.Pos, dir string, d Decl) {
	t.Helper()
	a, err := ir.ParseAddr(d.Addr)
	if err != nil {
		t.Fatal(err)
	}
	x := schema.Declaration{Addr: a, Pos: pos, Dir: dir}
	for _, k := range ir.MapVal(d.Attrs).Keys() {
		x.Attrs = append(x.Attrs, ir.Attr{Name: k, Pos: pos, Value: d.Attrs[k]})
	}
	b.Declare(x)
}

// destroy takes the stack away, data too.
func (s Suite) destroy(t *testing.T) {
	ctx := context.Background()
	w, err := world.Read(ctx, world.Options{Kinds: s.Kinds, Reader: s.Engine.Reader(), Info: s.Engine.Info, Stack: s.Stack})
	if err != nil {
		t.Error(err)
		return
	}
	p, diags := plan.Make(w, nil, plan.Options{Mode: plan.Destroy, Kinds: s.Kinds, Volumes: true})
	if diags.HasErrors() {
		t.Error(diags)
	}
	for _, f := range apply.Run(ctx, s.Engine, p, apply.Options{}).Failed {
		t.Errorf("taking the stack away: %s: %v", f.Step.Addr, f.Err)
	}
}

// Show writes a plan in one line, for messages.
func Show(p *plan.Plan) string {
	if p.Empty() {
		return "nothing to do"
	}
	var steps []string
	for _, s := range p.Steps {
		text := fmt.Sprintf("%s %s", s.Verb, s.Addr)
		for _, c := range s.Changes {
			text += fmt.Sprintf(" [%s: %s → %s, %s]", c.Name(), c.Old.Show(), c.New.Show(), c.Effect)
		}
		steps = append(steps, text)
	}
	return strings.Join(steps, "; ")
}

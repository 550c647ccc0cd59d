// Package kindtest checks a kind against its contract on an engine: for each
// of its attributes, an object that was made with it has nothing to change
// afterwards; a change of it is planned by its name and by no other, also where
// somebody else made it; taking it away is a change like any other.
package kindtest

import (
	"context"
	"fmt"
	"maps"
	"regexp"
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

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
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
	Lose    bool   // the subject's data may be lost
	Still   bool   // the subject never runs, so that what else restarts is live
	Shared  bool   // others use the engine too
	Reach   *Reach // gathers what plans say; may be nil

	// Without has the attributes that no sample tries, with the reason.
	Without map[string]string
}

// Decl is a declaration.
type Decl struct {
	Addr  string
	Attrs Attrs
	After []string // addresses of what it depends on without naming it
}

// Sample is one attribute with two values. A null B is for one that has but one.
type Sample struct {
	As     string // what the table of pairs calls it, where it is special among those of its attribute
	Attr   string
	A, B   ir.Value
	With   Attrs                  // what the attribute needs beside it, always there
	Is     schema.Effect          // of the change from A to B; None takes the table's
	Gone   schema.Effect          // of taking it away; None takes Is
	Set    schema.Effect          // of setting it to A; None is any
	Also   []string               // addresses of what a change of it brings or takes along
	Names  []string               // attributes that change with it
	Unseen []string               // attributes of which nobody can tell who changed them
	Leaves bool                   // what it had stays on the engine when it changes, of which the plan warns
	Same   bool                   // A is what is so without it
	Stays  bool                   // what it needs beside it cannot be without it
	Still  bool                   // with A nothing runs, so that what else restarts is live
	Min    string                 // the first API version that has it, where that is not the table's
	If     func(engine.Info) bool // nil, or whether an engine's host can have it
}

// Embedded opens a new embedded engine that plays an API version, for the time
// of a test.
func Embedded(t *testing.T, api string) *engine.Engine {
	t.Helper()
	w, err := embedded.InMemory("kindtest", api)
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
	t.Cleanup(func() { s.Destroy(t) })
	for i, x := range s.Samples {
		if !s.Can(x) {
			continue
		}
		t.Run(fmt.Sprintf("%s-%d", x.Attr, i), func(t *testing.T) {
			if err := s.Alone(x); err != nil {
				t.Error(err)
				s.Destroy(t) // so that the next finds nothing of it
			}
		})
	}
}

func (s Suite) subject() ir.Addr { return addrOf(s.Subject.Addr) }

func (s Suite) table() []*schema.Field {
	a := s.subject()
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

// Can reports whether the engine can have a sample at all.
func (s Suite) Can(x Sample) bool {
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

// gone is the effect of taking a sample's attribute away.
func (s Suite) gone(x Sample) schema.Effect {
	if x.Gone != schema.None {
		return x.Gone
	}
	return s.effect(x)
}

// with returns the subject's attributes with what samples need and the value
// of each; null leaves an attribute out.
func (s Suite) with(values ...value) Attrs {
	attrs := Attrs{}
	maps.Copy(attrs, s.Subject.Attrs)
	for _, v := range values {
		maps.Copy(attrs, v.of.With)
	}
	for _, v := range values {
		if !v.is.IsNull() {
			attrs[v.of.Attr] = v.is
		}
	}
	return attrs
}

// value is a value of a sample's attribute.
type value struct {
	of Sample
	is ir.Value
}

// Alone checks one sample with no other beside it.
func (s Suite) Alone(x Sample) error {
	a, b, none := s.with(value{x, x.A}), s.with(value{x, x.B}), s.with(value{x, ir.Value{}})
	if err := s.become(a); err != nil {
		return fmt.Errorf("making it: %w", err)
	}
	if !x.B.IsNull() {
		if err := s.byHand(a, b, x); err != nil {
			return fmt.Errorf("changing it by hand: %w", err)
		}
		if err := s.change(b, x, s.effect(x)); err != nil {
			return fmt.Errorf("changing it: %w", err)
		}
	}
	if x.Same {
		if err := s.become(a); err != nil {
			return fmt.Errorf("setting it: %w", err)
		}
		p, err := s.plan(none)
		if err == nil && !p.Empty() {
			err = fmt.Errorf("taking away what is so without it: %s", Show(p))
		}
		if err != nil {
			return err
		}
		return s.become(nil)
	}
	if !s.must(x.Attr) && !x.Stays {
		if err := s.change(none, x, s.gone(x)); err != nil {
			return fmt.Errorf("taking it away: %w", err)
		}
	}
	if err := s.change(a, x, x.Set); err != nil {
		return fmt.Errorf("setting it: %w", err)
	}
	return s.become(nil)
}

// Make makes a sample's subject with both values by turns, and without.
func (s Suite) Make(x Sample) error {
	for _, v := range []ir.Value{x.A, x.other(), s.without(x).is, x.A} {
		if err := s.become(s.with(value{x, v})); err != nil {
			return err
		}
	}
	return s.become(nil)
}

func (s Suite) must(attr string) bool {
	return slices.ContainsFunc(s.table(), func(f *schema.Field) bool { return f.Name == attr && f.Must })
}

// change checks that a plan names a sample's attribute and nothing else, then
// that applying it leaves nothing to do.
func (s Suite) change(attrs Attrs, x Sample, effect schema.Effect) error {
	if _, err := s.names(attrs, x, effect); err != nil {
		return err
	}
	return s.become(attrs)
}

// names checks that a plan names a sample's attribute and nothing else, with
// an effect; None is any.
func (s Suite) names(attrs Attrs, x Sample, effect schema.Effect) (*plan.Plan, error) {
	p, err := s.plan(attrs)
	if err != nil {
		return nil, err
	}
	var steps []*plan.Step
	for _, step := range p.Steps {
		if !slices.Contains(x.Also, step.Addr.String()) {
			steps = append(steps, step)
		}
	}
	if len(steps) != 1 || steps[0].Addr.String() != s.Subject.Addr {
		return nil, fmt.Errorf("got %s, want one step on %s for %s", Show(p), s.Subject.Addr, x.Attr)
	}
	for _, c := range steps[0].Changes {
		if c.Attr != x.Attr && !slices.Contains(x.Names, c.Attr) {
			return nil, fmt.Errorf("the plan names %s where only %s changes: %s", c.Name(), x.Attr, Show(p))
		}
	}
	if s.Still && effect == schema.Restart {
		effect = schema.Live
	}
	if worst := plan.Worst(steps[0].Changes); effect != schema.None && worst != effect {
		return nil, fmt.Errorf("the plan says %s, want %s: %s", worst, effect, Show(p))
	}
	return p, nil
}

// byHand sends the calls that change a sample from one value to the other as
// somebody else would, where that goes without a new object or a restart: the
// plan for what is declared has to show them as a change by hand, and to take
// it back.
func (s Suite) byHand(declared, done Attrs, x Sample) error {
	p, err := s.names(done, x, s.effect(x))
	if err != nil {
		return err
	}
	for _, step := range p.Steps {
		if worst := plan.Worst(step.Changes); step.Verb != kind.Update || worst == schema.Restart {
			return nil
		}
	}
	if err := s.run(p); err != nil {
		return err
	}
	back, err := s.names(declared, x, schema.None)
	if err != nil {
		return err
	}
	for _, step := range back.Steps {
		for _, c := range step.Changes {
			if !c.ByHand && !slices.Contains(x.Unseen, c.Attr) {
				return fmt.Errorf("%s is not shown as changed by hand: %s", c.Name(), Show(back))
			}
		}
	}
	return s.become(declared)
}

// become applies, and checks that nothing is left to do. Nil leaves the subject
// out.
func (s Suite) become(attrs Attrs) error { return s.becomeOf(s.decls(attrs)) }

func (s Suite) becomeOf(decls []Decl) error {
	p, err := s.planOf(decls)
	if err != nil {
		return err
	}
	if err := s.run(p); err != nil {
		return err
	}
	again, err := s.planOf(decls)
	if err == nil && !again.Empty() {
		err = fmt.Errorf("the plan afterwards is not empty: %s", Show(again))
	}
	return err
}

func (s Suite) run(p *plan.Plan) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if s.Shared {
		before, err := s.unnamed(ctx)
		if err != nil {
			return err
		}
		defer s.drop(ctx, before)
	}
	for _, f := range apply.Run(ctx, s.Engine, p, apply.Options{}).Failed {
		return fmt.Errorf("%s: %w", f.Step.Addr, f.Err)
	}
	return nil
}

// unnamed returns the unnamed volumes of the stack's containers.
func (s Suite) unnamed(ctx context.Context) ([]string, error) {
	list, err := s.Engine.Reader().ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("label", engine.LabelStack+"="+s.Stack))})
	var names []string
	for _, c := range list {
		for _, m := range c.Mounts {
			if unnamedVolume.MatchString(m.Name) {
				names = append(names, m.Name)
			}
		}
	}
	return names, err
}

var unnamedVolume = regexp.MustCompile(`^[0-9a-f]{64}$`)

// drop takes away those of the volumes that no container of the stack has any
// more: plans leave them, since they hold data.
func (s Suite) drop(ctx context.Context, before []string) {
	now, err := s.unnamed(ctx)
	for _, name := range before {
		if err == nil && !slices.Contains(now, name) {
			_, _ = s.Engine.Do(ctx, &engine.VolumeRemove{Volume: name}, nil, nil) // it may have gone with its container
		}
	}
}

// plan plans the base and the subject with these attributes.
func (s Suite) plan(attrs Attrs) (*plan.Plan, error) { return s.planOf(s.decls(attrs)) }

func (s Suite) decls(attrs Attrs) []Decl {
	if attrs == nil {
		return s.Base
	}
	return append(slices.Clone(s.Base), Decl{Addr: s.Subject.Addr, Attrs: attrs, After: s.Subject.After})
}

func (s Suite) planOf(decls []Decl) (*plan.Plan, error) {
	prog, err := s.program(decls)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	w, err := world.Read(ctx, world.Options{
		Kinds: s.Kinds, Reader: s.Engine.Reader(), Info: s.Engine.Info, Stack: s.Stack, Program: prog,
	})
	if err != nil {
		return nil, err
	}
	o := plan.Options{Mode: plan.Apply, Kinds: s.Kinds}
	if s.Lose && len(decls) > len(s.Base) {
		o.ReplaceData = []ir.Addr{s.subject()}
	}
	p, diags := plan.Make(w, prog, o)
	if diags.HasErrors() {
		return nil, diags
	}
	s.Reach.Add(p)
	return p, nil
}

func (s Suite) program(decls []Decl) (*ir.Program, error) {
	u := &schema.Universe{}
	for _, k := range s.Kinds {
		u.Kinds = append(u.Kinds, k.Schema())
	}
	b := schema.NewBuilder(u, s.Dir, s.Stack)
	for i, d := range decls {
		declare(b, diag.Pos{File: "kindtest", Line: i + 1, Col: 1}, s.Dir, d)
	}
	p := b.Finish()
	if b.Diags.HasErrors() {
		return nil, b.Diags
	}
	return p, nil
}

func declare(b *schema.Builder, pos diag.Pos, dir string, d Decl) {
	a, err := ir.ParseAddr(d.Addr)
	if err != nil {
		panic(err)
	}
	x := schema.Declaration{Addr: a, Pos: pos, Dir: dir}
	for _, k := range ir.MapVal(d.Attrs).Keys() {
		x.Attrs = append(x.Attrs, ir.Attr{Name: k, Pos: pos, Value: d.Attrs[k]})
	}
	if len(d.After) > 0 {
		var deps []ir.Value
		for _, text := range d.After {
			deps = append(deps, Handle(text))
		}
		x.DependsOn = ir.Attr{Name: "depends_on", Pos: pos, Value: ir.ListVal(deps...)}
	}
	b.Declare(x)
}

// Handle returns a reference to the resource with this address.
func Handle(addr string) ir.Value { return ir.HandleVal(addrOf(addr)) }

func addrOf(text string) ir.Addr {
	a, err := ir.ParseAddr(text)
	if err != nil {
		panic(err)
	}
	return a
}

// Destroy takes the stack away, data too, and from an engine that others use the
// images that it brought.
func (s Suite) Destroy(t *testing.T) {
	t.Helper()
	if err := s.leave(); err != nil {
		t.Errorf("taking the stack away: %v", err)
	}
	if !s.Shared {
		return
	}
	if err := s.collect(); err != nil {
		t.Errorf("taking its images away: %v", err)
	}
}

func (s Suite) leave() error {
	w, err := world.Read(context.Background(), world.Options{Kinds: s.Kinds, Reader: s.Engine.Reader(), Info: s.Engine.Info, Stack: s.Stack})
	if err != nil {
		return err
	}
	p, diags := plan.Make(w, nil, plan.Options{Mode: plan.Destroy, Kinds: s.Kinds, Volumes: true})
	if diags.HasErrors() {
		return diags
	}
	return s.run(p)
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
			if c.ByHand {
				text = strings.TrimSuffix(text, "]") + ", by hand]"
			}
		}
		steps = append(steps, text)
	}
	return strings.Join(steps, "; ")
}

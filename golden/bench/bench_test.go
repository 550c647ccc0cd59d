package main

import (
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bayplan/interpreter"
	"bayplan/interpreter/apply"
	"bayplan/interpreter/engine"
	"bayplan/interpreter/plan"
	"bayplan/interpreter/show"
	"bayplan/lang/ir"
	"bayplan/stdlib"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"go.yaml.in/yaml/v3"
)

func bay() *interpreter.Bay {
	return &interpreter.Bay{Kinds: stdlib.Kinds(), Funcs: stdlib.Funcs(), Modules: stdlib.Modules()}
}

func load(t testing.TB, dir string) *ir.Program {
	t.Helper()
	got, err := bay().Load(interpreter.Program{Path: dir})
	if err != nil || got.Diags.HasErrors() {
		t.Fatal(err, got.Diags)
	}
	return got.Program
}

// All forms of a program have as many containers as they shall.
func TestForms(t *testing.T) {
	for _, f := range forms {
		dir := t.TempDir()
		if err := f.write(dir, instances); err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, r := range load(t, dir).Resources {
			if r.Addr.Kind == "container" {
				n++
			}
		}
		if n != instances {
			t.Errorf("%s: %d containers, want %d", f.name, n, instances)
		}
	}
}

// The stack is a program, and so is what its peers get.
func TestStack(t *testing.T) {
	s := stack{name: "quay", image: "quay:1", k: 25, net: 210}
	for _, changed := range []bool{false, true} {
		dir := t.TempDir()
		if err := put(dir, "main.bay.hcl", s.hcl(changed)); err != nil {
			t.Fatal(err)
		}
		if n := len(load(t, dir).Resources); n != 25+3+3+1 {
			t.Errorf("%d resources", n)
		}
		var compose struct{ Services, Networks, Volumes map[string]any }
		if err := yaml.Unmarshal([]byte(s.compose(changed)), &compose); err != nil || len(compose.Services) != 25 || len(compose.Networks) != 3 || len(compose.Volumes) != 3 {
			t.Errorf("compose: %v, %d services", err, len(compose.Services))
		}
		f, diags := hclsyntax.ParseConfig([]byte(s.terraform(changed)), "main.tf", hcl.InitialPos)
		if diags.HasErrors() || len(f.Body.(*hclsyntax.Body).Blocks) != 1+25+3+3 {
			t.Errorf("terraform: %v", diags)
		}
	}
	if n := strings.Count(s.hcl(true), `TURN = "2"`); n != 3 {
		t.Errorf("%d of 25 are changed, want 3", n)
	}
}

func TestRatios(t *testing.T) {
	ms := func(all ...int) (out []time.Duration) {
		for _, n := range all {
			out = append(out, time.Duration(n)*time.Millisecond)
		}
		return out
	}
	for _, c := range []struct{ got, want string }{
		{spread(ms(30, 10, 20)), "20.0 ms (10.0 ms–30.0 ms)"},
		{spread(nil), "–"},
		{ratios(ms(20, 60, 40), ms(10, 20, 10)), "3.00 (2.00–4.00)"},
		{ratios(ms(20), nil), "–"},
	} {
		if c.got != c.want {
			t.Errorf("got %s, want %s", c.got, c.want)
		}
	}
	if got := exponent([]int{10, 100, 1000}, []float64{3, 300, 30000}); got < 1.999 || got > 2.001 {
		t.Errorf("the exponent of a square is %v", got)
	}
}

// containers is how many the benchmarks of one program have.
const containers = 1000

func BenchmarkEvaluate(b *testing.B) {
	for _, f := range forms {
		dir := b.TempDir()
		if err := f.write(dir, containers); err != nil {
			b.Fatal(err)
		}
		b.Run(strings.ReplaceAll(f.name, ", ", "/"), func(b *testing.B) {
			for b.Loop() {
				load(b, dir)
			}
		})
	}
}

// empty is an engine within this process, on which nothing lives.
func empty(b *testing.B) *engine.Engine {
	b.Helper()
	b.Setenv("XDG_STATE_HOME", b.TempDir())
	e, err := interpreter.Connect(b.Context(), "embedded:bench")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := e.Close(); err != nil {
			b.Error(err)
		}
	})
	return e
}

func planned(b *testing.B, e *engine.Engine, prog *ir.Program) *plan.Plan {
	b.Helper()
	p, err := bay().Plan(b.Context(), e, prog, interpreter.PlanOptions{})
	if err != nil {
		b.Fatal(err)
	}
	return p
}

func looped(b *testing.B, n int) *ir.Program {
	b.Helper()
	dir := filepath.Join(b.TempDir(), "loop")
	if err := loopHCL(dir, n); err != nil {
		b.Fatal(err)
	}
	return load(b, dir)
}

// What is to be made, on an engine where nothing lives.
func BenchmarkPlan(b *testing.B) {
	e, prog := empty(b), looped(b, containers)
	for b.Loop() {
		planned(b, e, prog)
	}
}

// What lives already, against a program that has not changed.
func BenchmarkCompare(b *testing.B) {
	const some = 200 // each is made first
	e, prog := empty(b), looped(b, some)
	if r := bay().Apply(b.Context(), e, planned(b, e, prog), apply.Options{}); len(r.Failed)+len(r.NotRun) > 0 {
		b.Fatalf("%+v", r.Failed)
	}
	for b.Loop() {
		if p := planned(b, e, prog); !p.Empty() {
			b.Fatalf("%d steps", len(p.Steps))
		}
	}
}

func BenchmarkShow(b *testing.B) {
	p := planned(b, empty(b), looped(b, containers))
	b.Run("text", func(b *testing.B) {
		for b.Loop() {
			if err := show.Text(io.Discard, p, show.Options{Width: 100}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("json", func(b *testing.B) {
		for b.Loop() {
			if err := show.JSON(io.Discard, p, show.Origin{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

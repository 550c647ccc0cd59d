package main

import (
	"errors"
	"testing"

	"bayplan/interpreter/kind"
	"bayplan/interpreter/plan"
	"bayplan/lang/ir"
)

func TestAgree(t *testing.T) {
	shop := &plan.Plan{Mode: plan.Destroy, Stack: "shop"}
	for _, c := range []struct {
		name string
		o    destroyFlags
		err  string // "" is agreed
		hint string
	}{
		{"nothing said, no terminal", destroyFlags{}, "nothing was changed: there is no terminal on which to ask", "`bay destroy --yes` removes without asking"},
		{"yes", destroyFlags{yes: true}, "", ""},
		{"data, no terminal", destroyFlags{volumes: true}, "nothing was changed: there is no terminal on which to ask", "agree with --confirm shop"},
		{"data, yes", destroyFlags{volumes: true, yes: true}, "nothing was changed: data would go, and --yes is not enough for that", "agree with --confirm shop"},
		{"data, confirmed", destroyFlags{volumes: true, confirm: "shop"}, "", ""},
		{"data, another stack confirmed", destroyFlags{volumes: true, yes: true, confirm: "blog"}, `nothing was changed: --confirm says "blog", and the stack is "shop"`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := newTester(t).agreeDestroy(shop, "dock", c.o)
			if err == nil {
				if c.err != "" {
					t.Error("agreed")
				}
				return
			}
			var f *failure
			if !errors.As(err, &f) || f.Error() != c.err || f.hint != c.hint || f.code != 0 {
				t.Errorf("got %#v, want %q, hint %q", err, c.err, c.hint)
			}
		})
	}
}

func TestAgreeToLosingAVolume(t *testing.T) {
	gone := &plan.Step{Verb: kind.Remove, Addr: ir.Addr{Kind: "volume", Label: "data"}, LosesData: true}
	p := &plan.Plan{Mode: plan.Apply, Stack: "shop", Steps: []*plan.Step{gone}}
	for _, c := range []struct {
		o    applyFlags
		want bool
	}{{applyFlags{yes: true}, false}, {applyFlags{}, false}, {applyFlags{confirm: "blog"}, false}, {applyFlags{confirm: "shop"}, true}} {
		if err := newTester(t).agreeApply(p, "dock", c.o); (err == nil) != c.want {
			t.Errorf("%+v: agreed is %v, want %v", c.o, err == nil, c.want)
		}
	}
	p.Steps = nil
	if err := newTester(t).agreeApply(p, "dock", applyFlags{yes: true}); err != nil {
		t.Error(err)
	}
}

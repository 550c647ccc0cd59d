package plan_test

import (
	"strings"
	"testing"

	"bayplan/interpreter/kind"
	"bayplan/interpreter/plan"
	"bayplan/interpreter/world"
	"bayplan/lang/ir"

	"github.com/google/go-cmp/cmp"
)

func patterns(t *testing.T, texts ...string) []ir.Pattern {
	t.Helper()
	var out []ir.Pattern
	for _, text := range texts {
		p, err := ir.ParsePattern(text)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
	return out
}

// row is a quay, a crane on it, one that shows the wind of that, and one alone.
func row() []decl {
	type attrs = map[string]ir.Value
	return []decl{
		{addr: "quay.q"},
		{addr: "crane.a", attrs: attrs{"quay": handle("quay.q"), "color": ir.StringVal("blue")}},
		{addr: "crane.b", attrs: attrs{"text": wind("crane.a")}},
		{addr: "crane.c"},
	}
}

// stands makes all of row alive, with crane.a in a color.
func stands(h harbour, color string) {
	h.alive("quay.q", "t-q", &quay{Name: "t-q"}, nil)
	h.alive("crane.a", "t-a", &crane{Name: "t-a", Color: color}, func(l *kind.Live) {
		l.Spec.(*crane).Quay.Name = "t-q"
		l.Record["quay"] = ir.StringVal("t-q")
		l.Uses = []kind.Use{{Kind: "quay", Name: "t-q"}}
		l.Attrs = map[string]ir.Value{"wind": ir.StringVal("5")}
	})
	h.alive("crane.b", "t-b", &crane{Name: "t-b", Text: ir.StringVal("5")}, func(l *kind.Live) {
		l.Uses = []kind.Use{{Kind: "crane", Name: "t-a"}}
	})
	h.alive("crane.c", "t-c", &crane{Name: "t-c"}, nil)
}

func TestPart(t *testing.T) {
	tests := []struct {
		name string
		live func(harbour)
		part plan.Part
		opts plan.Options
		want string // the plan; or with "error: " the messages
	}{{
		name: "a target comes with what it needs",
		part: plan.Part{Target: patterns(t, "crane.b")},
		want: "0 create quay.q\n1 create crane.a after [0]\n2 create crane.b after [1]\n",
	}, {
		name: "what is excluded goes with what needs it",
		part: plan.Part{Exclude: patterns(t, "crane.a")},
		want: "0 create crane.c\n1 create quay.q\n",
	}, {
		name: "what the program no longer has is not looked at",
		live: func(h harbour) {
			stands(h, "blue")
			h.alive("crane.old", "t-old", &crane{Name: "t-old"}, nil)
		},
		part: plan.Part{Target: patterns(t, "crane.*")},
		want: "",
	}, {
		name: "a second one goes where the plan is about its address",
		live: func(h harbour) {
			stands(h, "blue")
			h.alive("crane.a", "other", &crane{Name: "other"}, nil)
			h.alive("crane.c", "another", &crane{Name: "another"}, nil)
		},
		part: plan.Part{Target: patterns(t, "crane.a")},
		want: "0 remove crane.a (a second one of this address), then t-a is the one that stays\n",
	}, {
		name: "what takes its value from what is made anew cannot be left out",
		live: func(h harbour) { stands(h, "red") },
		part: plan.Part{Target: patterns(t, "crane.a")},
		want: "error: crane.b is left out of this plan, which would change it all the same: text, since crane.a is replaced",
	}, {
		name: "but what differs already is left as it is",
		live: func(h harbour) {
			stands(h, "red")
			h["crane"].Live[1].Spec.(*crane).Text = ir.StringVal("9")
		},
		part: plan.Part{Target: patterns(t, "crane.a")},
		want: "0 replace crane.a (color)\n    color: red -> blue, replace\n",
	}, {
		name: "what is left out is not restarted, and a quay never is",
		part: plan.Part{Target: patterns(t, "crane.a"), Restart: patterns(t, "quay.q", "crane.c")},
		want: "error: --restart crane.c: it is left out of this plan\n--restart quay.q: a quay does not run",
	}, {
		name: "an old one that holds on to what is made anew",
		live: func(h harbour) {
			stands(h, "red")
			h.alive("crane.old", "t-old", &crane{Name: "t-old"}, func(l *kind.Live) { l.Uses = []kind.Use{{Kind: "crane", Name: "t-a"}} })
		},
		part: plan.Part{Exclude: patterns(t, "crane.c")},
		want: "error: crane.a would be made anew, and t-old, which the program no longer has, holds on to it",
	}, {
		name: "made anew although nothing has changed, with what follows from it",
		live: func(h harbour) { stands(h, "blue") },
		part: plan.Part{Replace: patterns(t, "crane.a")},
		want: "0 replace crane.a (--replace)\n" +
			"1 replace crane.b (text) after [0]\n    text: 5 -> ${crane.a.wind}, replace, crane.a is replaced\n",
	}, {
		name: "a change that weighs more is the reason",
		live: func(h harbour) { stands(h, "red") },
		part: plan.Part{Restart: patterns(t, "crane.a", "crane.c")},
		want: "0 replace crane.a (color)\n    color: red -> blue, replace\n" +
			"1 replace crane.b (text) after [0]\n    text: 5 -> ${crane.a.wind}, replace, crane.a is replaced\n" +
			"2 restart crane.c (--restart)\n",
	}, {
		name: "a replacement that was cut short makes anew as it is",
		live: func(h harbour) {
			h.alive("crane.c", "t-c.new-1", &crane{Name: "t-c"}, func(l *kind.Live) {
				l.Old = &kind.Live{Kind: "crane", ID: "id-old", Name: "t-c", Spec: &crane{Name: "t-c"}, Identity: l.Identity}
			})
		},
		part: plan.Part{Target: patterns(t, "crane.c"), Replace: patterns(t, "crane.c")},
		want: "0 finish crane.c (its replacement was cut short and goes on)\n",
	}, {
		name: "a pattern that matches nothing",
		part: plan.Part{Target: patterns(t, "crane.d"), Replace: patterns(t, "module.m")},
		want: "error: --replace module.m: nothing in the program has such an address\n--target crane.d: nothing in the program has such an address",
	}, {
		name: "data is not made anew by this word",
		part: plan.Part{Replace: patterns(t, "quay.q")},
		want: "error: --replace quay.q: it holds data, which would be lost",
	}, {
		name: "both at once",
		part: plan.Part{Target: patterns(t, "crane.a"), Exclude: patterns(t, "crane.a")},
		want: "error: --target and --exclude cannot stand together",
	}, {
		name: "data of a part of the program only",
		live: func(h harbour) { stands(h, "blue") },
		part: plan.Part{Target: patterns(t, "crane.c")},
		opts: plan.Options{Remove: []ir.Addr{{Kind: "quay", Label: "old"}}, ReplaceData: []ir.Addr{{Kind: "quay", Label: "q"}}},
		want: "error: quay.old cannot be removed by this plan, which is about a part of what the program has\nquay.q cannot be made anew: it is left out of this plan",
	}, {
		name: "destroy takes what needs a target along",
		live: func(h harbour) { stands(h, "blue") },
		part: plan.Part{Target: patterns(t, "quay.q")},
		opts: plan.Options{Mode: plan.Destroy, Volumes: true},
		want: "0 remove crane.b (it needs crane.a)\n1 remove crane.a (it needs quay.q) after [0]\n2 remove quay.q (its data goes too) after [1]\n",
	}, {
		name: "destroy leaves what is excluded what it needs",
		live: func(h harbour) { stands(h, "blue") },
		part: plan.Part{Exclude: patterns(t, "crane.a")},
		opts: plan.Options{Mode: plan.Destroy, Volumes: true},
		want: "0 remove crane.b\n1 remove crane.c\n",
	}, {
		name: "destroy knows what lives, not what is declared",
		live: func(h harbour) { h.alive("crane.old", "t-old", &crane{Name: "t-old"}, nil) },
		part: plan.Part{Target: patterns(t, "crane.a", "crane.old")},
		opts: plan.Options{Mode: plan.Destroy},
		want: "error: --target crane.a: nothing that can be removed has such an address",
	}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := harbour{}
			if tt.live != nil {
				tt.live(h)
			}
			tt.opts.Part = tt.part
			if d := cmp.Diff(tt.want, planned(t, h, row(), tt.opts)); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

// TestPartNotes holds what a plan of a part tells, and that a replacement that
// was cut short outside of it is left.
func TestPartNotes(t *testing.T) {
	h := harbour{}
	h.alive("crane.c", "t-c.new-1", &crane{Name: "t-c"}, func(l *kind.Live) {
		l.Old = &kind.Live{Kind: "crane", ID: "id-old", Name: "t-c", Spec: &crane{Name: "t-c"}, Identity: l.Identity}
	})
	p := partPlan(t, h, plan.Options{Part: plan.Part{Target: patterns(t, "crane.a")}})
	want := `this plan is about a part of the stack (--target crane.a): what is left out may differ, and what the program no longer has stays
the replacement of crane.c was cut short, and is left so: this plan is not about it
`
	var got strings.Builder
	for _, d := range p.Notes {
		got.WriteString(d.Msg + "\n")
	}
	if d := cmp.Diff(want, got.String()); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if p.LeftOut != 2 {
		t.Errorf("%d are left out, want 2", p.LeftOut)
	}
}

func TestMostGo(t *testing.T) {
	for _, tt := range []struct {
		old  string // that the program no longer has, besides one that it has
		want int
	}{
		{"", 0}, {"a b", 0}, {"a b c", 3}, {"a b c d", 4},
	} {
		h := harbour{}
		h.alive("crane.c", "t-c", &crane{Name: "t-c"}, nil)
		for _, name := range strings.Fields(tt.old) {
			h.alive("crane.old_"+name, "t-old-"+name, &crane{}, nil)
		}
		if got := partPlan(t, h, plan.Options{}).MostGo(); got != tt.want {
			t.Errorf("with %q gone: %d, want %d", tt.old, got, tt.want)
		}
	}
	h := harbour{}
	for _, name := range strings.Fields("a b c") {
		h.alive("crane.old_"+name, "t-old-"+name, &crane{}, nil)
		h.alive("quay.old_"+name, "t-quay-"+name, &quay{}, nil)
	}
	if got := partPlan(t, h, plan.Options{}).MostGo(); got != 0 {
		t.Errorf("half of the stack is not most of it: %d", got)
	}
}

func partPlan(t *testing.T, h harbour, o plan.Options) *plan.Plan {
	t.Helper()
	o.Kinds = h.kinds()
	prog := build(t, o.Kinds, row())
	w, err := world.Read(t.Context(), world.Options{Kinds: o.Kinds, Stack: "t", Program: prog})
	if err != nil {
		t.Fatal(err)
	}
	p, diags := plan.Make(w, prog, o)
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	return p
}

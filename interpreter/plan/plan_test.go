package plan_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/interpreter/plan"
	"bayplan/interpreter/world"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"

	"github.com/google/go-cmp/cmp"
)

// crane is a kind for these tests: it has a name, something that changes live,
// something that does not, a port that only one can have, a text that may hold
// what only the engine knows, and it may stand on a quay.
type crane struct {
	Name  string
	Load  int64
	Color string
	Port  string
	Text  ir.Value
	Quay  schema.Ref
}

func (c *crane) Bind(f *schema.Set) {
	f.Name(&c.Name, schema.Live, "Name.")
	f.Int(&c.Load, "load", schema.Range{Min: 1, Max: 99}, schema.Live, "Load.")
	f.String(&c.Color, "color", schema.Replace, "Color.")
	f.String(&c.Port, "port", schema.Replace, "Port.")
	f.Text(&c.Text, "text", schema.Replace, "Text.")
	f.Ref(&c.Quay, "quay", "quay", schema.Replace, "Quay.")
}

// quay is a kind for these tests that holds data if its Def says so.
type quay struct{ Name, Depth string }

func (q *quay) Bind(f *schema.Set) {
	f.Name(&q.Name, schema.Replace, "Name.")
	f.String(&q.Depth, "depth", schema.Replace, "Depth.")
}

// harbour is what lives.
type harbour map[string]*kind.Found

func (h harbour) kinds() []kind.Kind {
	read := func(name string) func(context.Context, kind.Scope) (*kind.Found, error) {
		return func(context.Context, kind.Scope) (*kind.Found, error) {
			if f := h[name]; f != nil {
				return f, nil
			}
			return &kind.Found{}, nil
		}
	}
	remove := func(r kind.Removal) kind.Work {
		return kind.Work{Ops: []engine.Op{{Call: &engine.ContainerRemove{Container: r.Live.ID}}}}
	}
	cranes := kind.Define(kind.Def[crane]{
		Name: "crane", Runs: true, New: func() schema.Binder { return new(crane) }, Read: read("crane"), Remove: remove,
		Show: func(_ *crane, self ir.Addr, shown map[string]ir.Value) { shown["wind"] = ir.EngineVal(self, "wind") },
		Create: func(in kind.In[crane]) kind.Work {
			return kind.Work{Ops: []engine.Op{{Call: &engine.ContainerStart{Container: in.Want.Name}}}, Early: in.Want.Color == "early"}
		},
		Update: func(in kind.In[crane], cs []schema.Change) kind.Work { return kind.Work{} },
		Replace: func(in kind.In[crane], cs []schema.Change) kind.Work {
			return kind.Work{Strategy: "stop-first", Impact: "down"}
		},
		Finish:  func(in kind.In[crane], cs []schema.Change) kind.Work { return kind.Work{} },
		Restore: func(in kind.In[crane], cs []schema.Change) kind.Work { return kind.Work{} },
		Claims: func(c *crane) []string {
			if c.Port == "" {
				return nil
			}
			return []string{"port " + c.Port}
		},
		Gate: func(in kind.In[crane], d ir.Dep) *engine.Wait { return &engine.Wait{Until: d.Cond, Limit: time.Minute} },
		Source: func(_ *crane, name, attr string) *engine.Source {
			return &engine.Source{Read: engine.Read{Call: "ContainerInspect", Arg: name}, Path: []string{attr}}
		},
	})
	quays := kind.Define(kind.Def[quay]{
		Name: "quay", New: func() schema.Binder { return new(quay) }, Read: read("quay"), Remove: remove, Data: true,
		Create:  func(in kind.In[quay]) kind.Work { return kind.Work{} },
		Replace: func(in kind.In[quay], cs []schema.Change) kind.Work { return kind.Work{} },
	})
	return []kind.Kind{cranes, quays}
}

// alive adds an object of the stack.
func (h harbour) alive(addr, name string, spec schema.Binder, set func(*kind.Live)) {
	a, err := ir.ParseAddr(addr)
	if err != nil {
		panic(err)
	}
	rec := schema.Record{}
	for _, attr := range schema.Bind(spec).Encode() {
		rec[attr.Name] = attr.Value
	}
	l := &kind.Live{Kind: a.Kind, ID: "id-" + name, Name: name, Spec: spec, Identity: engine.Identity{Stack: "t", Addr: a, Name: name}, Record: rec}
	if set != nil {
		set(l)
	}
	if h[a.Kind] == nil {
		h[a.Kind] = &kind.Found{Taken: map[string]kind.Holder{}, Held: map[string]kind.Holder{}}
	}
	h[a.Kind].Live = append(h[a.Kind].Live, l)
}

// decl is a declaration of a test's program: an address and its attributes.
type decl struct {
	addr  string
	attrs map[string]ir.Value
	deps  ir.Value
	guard bool
}

func build(t *testing.T, kinds []kind.Kind, decls []decl) *ir.Program {
	t.Helper()
	u := &schema.Universe{}
	for _, k := range kinds {
		u.Kinds = append(u.Kinds, k.Schema())
	}
	b := schema.NewBuilder(u, "/t", "t")
	for i, d := range decls {
		a, err := ir.ParseAddr(d.addr)
		if err != nil {
			t.Fatal(err)
		}
		pos := diag.Pos{File: "t", Line: i + 1, Col: 1}
		var attrs []ir.Attr
		for _, k := range ir.MapVal(d.attrs).Keys() {
			attrs = append(attrs, ir.Attr{Name: k, Pos: pos, Value: d.attrs[k]})
		}
		x := schema.Declaration{Addr: a, Pos: pos, Dir: "/t", Attrs: attrs, DependsOn: ir.Attr{Value: d.deps}}
		if d.guard {
			x.Lifecycle.Value = ir.MapVal(map[string]ir.Value{"prevent_destroy": ir.BoolVal(true)})
		}
		b.Declare(x)
	}
	p := b.Finish()
	if b.Diags.HasErrors() {
		t.Fatal(b.Diags)
	}
	return p
}

// show writes a plan as tests compare it.
func show(p *plan.Plan) string {
	var b strings.Builder
	for i, s := range p.Steps {
		fmt.Fprintf(&b, "%d %s %s", i, s.Verb, s.Addr)
		if s.Why != "" {
			fmt.Fprintf(&b, " (%s)", s.Why)
		}
		if len(s.Needs) > 0 {
			fmt.Fprintf(&b, " after %v", s.Needs)
		}
		for _, g := range s.Gates {
			fmt.Fprintf(&b, " once %s is %s", g.Wait.Container, g.Wait.Until)
		}
		if s.Work.Then != "" {
			fmt.Fprintf(&b, ", then %s", s.Work.Then)
		}
		b.WriteByte('\n')
		for _, c := range s.Changes {
			if s.Verb == kind.Create {
				continue
			}
			fmt.Fprintf(&b, "    %s: %s -> %s, %s", c.Name(), c.Old.Show(), c.New.Show(), c.Effect)
			if c.Cause != "" {
				fmt.Fprintf(&b, ", %s", c.Cause)
			}
			if c.ByHand {
				b.WriteString(", by hand")
			}
			b.WriteByte('\n')
		}
	}
	for _, k := range p.Kept {
		fmt.Fprintf(&b, "keep %s (%s)\n", k.Addr, k.Why)
	}
	for _, u := range p.Unready {
		fmt.Fprintf(&b, "not ready: %s %s\n", u.Addr, u.What)
	}
	return b.String()
}

func handle(addr string) ir.Value {
	a, err := ir.ParseAddr(addr)
	if err != nil {
		panic(err)
	}
	return ir.HandleVal(a)
}

func wind(addr string) ir.Value {
	return ir.EngineVal(handle(addr).Ref.Addr, "wind")
}

func TestMake(t *testing.T) {
	str, num := ir.StringVal, ir.IntVal
	type attrs = map[string]ir.Value
	tests := []struct {
		name    string
		live    func(harbour)
		program []decl
		opts    plan.Options
		want    string // the plan; or with "error: " the messages
	}{{
		name: "creation follows references",
		program: []decl{
			{addr: "crane.a", attrs: attrs{"quay": handle("quay.q")}},
			{addr: "quay.q"},
		},
		want: "0 create quay.q\n1 create crane.a after [0]\n",
	}, {
		name:    "nothing to do",
		live:    func(h harbour) { h.alive("crane.a", "t-a", &crane{Name: "t-a", Load: 3}, nil) },
		program: []decl{{addr: "crane.a", attrs: attrs{"load": num(3)}}},
		want:    "",
	}, {
		name: "a change in place, made by hand",
		live: func(h harbour) {
			h.alive("crane.a", "t-a", &crane{Name: "t-a", Load: 3}, func(l *kind.Live) { l.Spec.(*crane).Load = 5 })
		},
		program: []decl{{addr: "crane.a", attrs: attrs{"load": num(3)}}},
		want:    "0 update crane.a (load)\n    load: 5 -> 3, live, by hand\n",
	}, {
		name:    "the field that forces a replacement is named, the live one is not the reason",
		live:    func(h harbour) { h.alive("crane.a", "t-a", &crane{Name: "t-a", Load: 3, Color: "red"}, nil) },
		program: []decl{{addr: "crane.a", attrs: attrs{"load": num(4), "color": str("blue")}}},
		want:    "0 replace crane.a (color)\n    load: 3 -> 4, live\n    color: red -> blue, replace\n",
	}, {
		name: "what is no longer in the program goes after its users, data is kept",
		live: func(h harbour) {
			h.alive("quay.q", "t-q", &quay{Name: "t-q"}, nil)
			h.alive("crane.base", "t-base", &crane{Name: "t-base"}, nil)
			h.alive("crane.user", "t-user", &crane{Name: "t-user"}, func(l *kind.Live) {
				l.Uses = []kind.Use{{Kind: "crane", Name: "t-base"}, {Kind: "quay", Name: "t-q"}}
			})
		},
		want: "0 remove crane.user (no longer in the program)\n1 remove crane.base (no longer in the program) after [0]\n" +
			"keep quay.q (no longer in the program, but it holds data)\n",
	}, {
		name: "what the old one of a cut replacement still holds goes after it",
		live: func(h harbour) {
			h.alive("crane.base", "t-base", &crane{Name: "t-base"}, nil)
			h.alive("crane.user", "t-user", &crane{Name: "t-user"}, func(l *kind.Live) {
				l.Old = &kind.Live{Kind: "crane", ID: "id-old", Name: "t-user.old", Spec: &crane{Name: "t-user"}, Identity: l.Identity,
					Uses: []kind.Use{{Kind: "crane", Name: "t-base"}}}
			})
		},
		program: []decl{{addr: "crane.user"}},
		want: "0 finish crane.user (its replacement was cut short and goes on)\n" +
			"1 remove crane.base (no longer in the program) after [0]\n",
	}, {
		name: "what it still holds on to is gone and is made again before",
		live: func(h harbour) {
			h.alive("crane.a", "t-a", &crane{Name: "t-a", Color: "red"}, func(l *kind.Live) { l.Uses = []kind.Use{{Kind: "crane", Name: "t-z"}} })
		},
		program: []decl{{addr: "crane.a", attrs: attrs{"color": str("blue")}}, {addr: "crane.z"}},
		want:    "0 create crane.z\n1 replace crane.a (color) after [0]\n    color: red -> blue, replace\n",
	}, {
		name: "what is made again is not waited for where it waits itself",
		live: func(h harbour) {
			h.alive("crane.a", "t-a", &crane{Name: "t-a", Color: "red", Port: "80"}, func(l *kind.Live) {
				l.Uses, l.Claims = []kind.Use{{Kind: "crane", Name: "t-z"}}, []string{"port 80"}
			})
		},
		program: []decl{{addr: "crane.a", attrs: attrs{"color": str("blue"), "port": str("81")}}, {addr: "crane.z", attrs: attrs{"port": str("80")}}},
		want:    "0 replace crane.a (color, port)\n    color: red -> blue, replace\n    port: 80 -> 81, replace\n1 create crane.z after [0]\n",
	}, {
		name: "destroy takes all but data",
		live: func(h harbour) {
			h.alive("quay.q", "t-q", &quay{Name: "t-q"}, nil)
			h.alive("crane.a", "t-a", &crane{Name: "t-a"}, nil)
		},
		opts: plan.Options{Mode: plan.Destroy},
		want: "0 remove crane.a\nkeep quay.q (it holds data)\n",
	}, {
		name: "destroy with data takes the users first",
		live: func(h harbour) {
			h.alive("quay.q", "t-q", &quay{Name: "t-q"}, nil)
			h.alive("crane.z", "t-z", &crane{Name: "t-z"}, func(l *kind.Live) { l.Identity.Deps = []ir.Addr{{Kind: "quay", Label: "q"}} })
		},
		opts: plan.Options{Mode: plan.Destroy, Volumes: true},
		want: "0 remove crane.z\n1 remove quay.q (its data goes too) after [0]\n",
	}, {
		name:    "prevent_destroy forbids a destroy with data",
		live:    func(h harbour) { h.alive("quay.q", "t-q", &quay{Name: "t-q"}, nil) },
		program: []decl{{addr: "quay.q", guard: true}},
		opts:    plan.Options{Mode: plan.Destroy, Volumes: true},
		want:    "error: quay.q would be removed, and prevent_destroy forbids it",
	}, {
		name:    "prevent_destroy forbids a replacement",
		live:    func(h harbour) { h.alive("crane.a", "t-a", &crane{Name: "t-a", Color: "red"}, nil) },
		program: []decl{{addr: "crane.a", guard: true, attrs: attrs{"color": str("blue")}}},
		want:    "error: crane.a would be replaced, since color changed, and prevent_destroy forbids it",
	}, {
		name: "a name that somebody else has",
		live: func(h harbour) {
			h["crane"] = &kind.Found{Taken: map[string]kind.Holder{"t-a": {What: `crane 4be1 of stack "blog"`}}}
		},
		program: []decl{{addr: "crane.a"}},
		want:    `error: crane.a: the name t-a is taken by crane 4be1 of stack "blog"`,
	}, {
		name: "a port that an orphan has is waited for",
		live: func(h harbour) {
			h.alive("crane.old", "t-old", &crane{Name: "t-old", Port: "80"}, func(l *kind.Live) { l.Claims = []string{"port 80"} })
		},
		program: []decl{{addr: "crane.a", attrs: attrs{"port": str("80")}}},
		want:    "0 remove crane.old (no longer in the program)\n1 create crane.a after [0]\n",
	}, {
		name: "a port that another keeps",
		live: func(h harbour) {
			h.alive("crane.b", "t-b", &crane{Name: "t-b", Port: "80"}, func(l *kind.Live) { l.Claims = []string{"port 80"} })
		},
		program: []decl{{addr: "crane.a", attrs: attrs{"port": str("80")}}, {addr: "crane.b", attrs: attrs{"port": str("80")}}},
		want:    "error: crane.a wants port 80, which crane.b has\ncrane.a and crane.b both want port 80",
	}, {
		name: "a port that a stranger has",
		live: func(h harbour) {
			h["crane"] = &kind.Found{Held: map[string]kind.Holder{"port 80": {What: "crane x"}}}
		},
		program: []decl{{addr: "crane.a", attrs: attrs{"port": str("80")}}},
		want:    "error: crane.a wants port 80, which is held by crane x",
	}, {
		name: "two that exchange their ports",
		live: func(h harbour) {
			h.alive("crane.a", "t-a", &crane{Name: "t-a", Port: "80"}, func(l *kind.Live) { l.Claims = []string{"port 80"} })
			h.alive("crane.b", "t-b", &crane{Name: "t-b", Port: "81"}, func(l *kind.Live) { l.Claims = []string{"port 81"} })
		},
		program: []decl{{addr: "crane.a", attrs: attrs{"port": str("81")}}, {addr: "crane.b", attrs: attrs{"port": str("80")}}},
		want:    "error: these have to wait for each other: crane.a, crane.b",
	}, {
		name: "conditions gate",
		program: []decl{
			{addr: "crane.a", deps: ir.ListVal(schema.Condition(ir.Healthy, handle("crane.b"), ir.StringVal("10s")))},
			{addr: "crane.b"},
		},
		want: "0 create crane.b\n1 create crane.a after [0] once t-b is healthy\n",
	}, {
		name: "a condition on what cannot be waited for",
		program: []decl{
			{addr: "crane.a", deps: ir.ListVal(schema.Condition(ir.Healthy, handle("quay.q"), ir.Value{}))},
			{addr: "quay.q"},
		},
		want: "error: quay.q cannot be waited for: a quay is there or it is not",
	}, {
		name: "waiting reaches through what has nothing to do",
		live: func(h harbour) {
			h.alive("crane.m", "t-m", &crane{Name: "t-m"}, nil)
			h.alive("crane.z", "t-z", &crane{Name: "t-z", Color: "red"}, nil)
		},
		program: []decl{
			{addr: "crane.a", deps: handle("crane.m")},
			{addr: "crane.m", deps: handle("crane.z")},
			{addr: "crane.z", attrs: attrs{"color": str("blue")}},
		},
		want: "0 replace crane.z (color)\n    color: red -> blue, replace\n1 create crane.a after [0]\n",
	}, {
		name: "what takes long and disturbs nothing comes before the first stop",
		live: func(h harbour) { h.alive("crane.a", "t-a", &crane{Name: "t-a", Color: "red"}, nil) },
		program: []decl{
			{addr: "crane.a", attrs: attrs{"color": str("blue")}},
			{addr: "crane.b", attrs: attrs{"color": str("early")}},
			{addr: "crane.c"},
		},
		want: "0 create crane.b\n1 replace crane.a (color) after [0]\n    color: red -> blue, replace\n2 create crane.c\n",
	}, {
		name: "what only the engine knows is compared where it stays",
		live: func(h harbour) {
			h.alive("crane.a", "t-a", &crane{Name: "t-a"}, func(l *kind.Live) { l.Attrs = map[string]ir.Value{"wind": str("7")} })
			h.alive("crane.b", "t-b", &crane{Name: "t-b", Text: str("7")}, nil)
			h.alive("crane.c", "t-c", &crane{Name: "t-c", Text: str("6")}, nil)
		},
		program: []decl{
			{addr: "crane.a"},
			{addr: "crane.b", attrs: attrs{"text": wind("crane.a")}},
			{addr: "crane.c", attrs: attrs{"text": wind("crane.a")}},
		},
		want: "0 replace crane.c (text)\n    text: 6 -> 7, replace\n",
	}, {
		name: "and counts as changed, with its cause, where it does not stay",
		live: func(h harbour) {
			h.alive("crane.a", "t-a", &crane{Name: "t-a", Color: "red"}, func(l *kind.Live) { l.Attrs = map[string]ir.Value{"wind": str("7")} })
			h.alive("crane.b", "t-b", &crane{Name: "t-b", Text: str("7")}, nil)
		},
		program: []decl{
			{addr: "crane.a", attrs: attrs{"color": str("blue")}},
			{addr: "crane.b", attrs: attrs{"text": wind("crane.a")}},
		},
		want: "0 replace crane.a (color)\n    color: red -> blue, replace\n" +
			"1 replace crane.b (text) after [0]\n    text: 7 -> ${crane.a.wind}, replace, crane.a is replaced\n",
	}, {
		name: "a half-done replacement that is wanted goes on",
		live: func(h harbour) {
			h.alive("crane.a", "t-a.new-1", &crane{Name: "t-a", Color: "blue"}, func(l *kind.Live) {
				l.Old = &kind.Live{Kind: "crane", ID: "id-old", Name: "t-a", Spec: &crane{Name: "t-a", Color: "red"}, Identity: l.Identity}
			})
		},
		program: []decl{{addr: "crane.a", attrs: attrs{"color": str("blue")}}},
		want:    "0 finish crane.a (its replacement was cut short and goes on)\n",
	}, {
		name: "one that is wanted and has failed is made anew",
		live: func(h harbour) {
			h.alive("crane.a", "t-a.new-1", &crane{Name: "t-a", Color: "blue"}, func(l *kind.Live) {
				l.Old = &kind.Live{Kind: "crane", ID: "id-old", Name: "t-a", Spec: &crane{Name: "t-a", Color: "red"}, Identity: l.Identity}
				l.Failed = "broke"
			})
		},
		program: []decl{{addr: "crane.a", attrs: attrs{"color": str("blue")}}},
		want: "0 replace crane.a (its replacement broke; it is made anew)\n" +
			"    color: red -> blue, replace\n",
	}, {
		name: "one that has failed in the place of one that is wanted is taken back",
		live: func(h harbour) {
			h.alive("crane.a", "t-a.new-1", &crane{Name: "t-a", Color: "red"}, func(l *kind.Live) {
				l.Old = &kind.Live{Kind: "crane", ID: "id-old", Name: "t-a", Spec: &crane{Name: "t-a", Color: "red"}, Identity: l.Identity}
				l.Failed = "broke"
			})
		},
		program: []decl{{addr: "crane.a", attrs: attrs{"color": str("red")}}},
		want:    "0 restore crane.a (its replacement broke; it is taken back)\n",
	}, {
		name: "one that is no longer wanted is taken back",
		live: func(h harbour) {
			h.alive("crane.a", "t-a.new-1", &crane{Name: "t-a", Color: "blue"}, func(l *kind.Live) {
				l.Old = &kind.Live{Kind: "crane", ID: "id-old", Name: "t-a", Spec: &crane{Name: "t-a", Color: "red"}, Identity: l.Identity}
			})
		},
		program: []decl{{addr: "crane.a", attrs: attrs{"color": str("red")}}},
		want:    "0 restore crane.a (its replacement was cut short and is taken back)\n",
	}, {
		name: "the object with the program's name is the one, a second of its address goes",
		live: func(h harbour) {
			h.alive("crane.a", "other", &crane{Name: "other"}, nil)
			h.alive("crane.a", "t-a", &crane{Name: "t-a"}, nil)
		},
		program: []decl{{addr: "crane.a"}},
		want:    "0 remove crane.a (a second one of this address), then t-a is the one that stays\n",
	}, {
		name: "of two of one address the fitter one stays, and has the name when the other one has gone",
		live: func(h harbour) {
			h.alive("crane.a", "other", &crane{Name: "other"}, func(l *kind.Live) { l.Fitness = 1 })
			h.alive("crane.a", "t-a", &crane{Name: "t-a"}, nil)
		},
		program: []decl{{addr: "crane.a"}},
		want:    "0 remove crane.a (a second one of this address), then other is the one that stays\n1 update crane.a (name) after [0]\n    name: other -> t-a, live\n",
	}, {
		name: "what a second one of an address holds is waited for",
		live: func(h harbour) {
			h.alive("crane.a", "t-a", &crane{Name: "t-a"}, nil)
			h.alive("crane.a", "other", &crane{Name: "other", Port: "80"}, func(l *kind.Live) { l.Claims = []string{"port 80"} })
		},
		program: []decl{{addr: "crane.a", attrs: attrs{"port": str("80")}}},
		want:    "0 remove crane.a (a second one of this address), then t-a is the one that stays\n1 replace crane.a (port) after [0]\n    port: (none) -> 80, replace\n",
	}, {
		name: "what stays as it is and does not serve is told",
		live: func(h harbour) {
			h.alive("crane.b", "t-b", &crane{Name: "t-b"}, func(l *kind.Live) { l.Unready = "is unhealthy" })
			h.alive("crane.a", "t-a", &crane{Name: "t-a", Color: "blue"}, func(l *kind.Live) { l.Unready = "is unhealthy, too" })
			h.alive("crane.c", "t-c", &crane{Name: "t-c"}, nil)
		},
		program: []decl{{addr: "crane.b"}, {addr: "crane.a", attrs: attrs{"color": str("red")}}, {addr: "crane.c"}},
		want:    "0 replace crane.a (color)\n    color: blue -> red, replace\nnot ready: crane.b is unhealthy\n",
	}, {
		name: "of two that were to replace one, the second goes first, whatever its name",
		live: func(h harbour) {
			for _, addr := range []string{"crane.a", "crane.b"} {
				pair := func(l *kind.Live) {
					l.Identity.Replaces = "id-old"
					l.Old = &kind.Live{Kind: "crane", ID: "id-old", Name: "t-a.old-1", Spec: &crane{Name: "t-a", Color: "red"}, Identity: l.Identity}
				}
				second := func(l *kind.Live) { l.Identity.Replaces = "id-old" }
				if addr == "crane.b" { // in any order
					h.alive(addr, "t-b", &crane{Name: "t-b", Color: "blue"}, second)
				}
				h.alive(addr, "t-"+addr[6:]+".new-1", &crane{Name: "t-" + addr[6:], Color: "blue"}, pair)
				if addr == "crane.a" {
					h.alive(addr, "t-a", &crane{Name: "t-a", Color: "blue"}, second)
				}
			}
		},
		program: []decl{{addr: "crane.a", attrs: attrs{"color": str("blue")}}, {addr: "crane.b", attrs: attrs{"color": str("blue")}}},
		want: "0 remove crane.a (a second successor), then t-a.new-1 is the one that is to replace t-a.old-1\n" +
			"1 finish crane.a (its replacement was cut short and goes on) after [0]\n" +
			"2 remove crane.b (a second successor), then t-b.new-1 is the one that is to replace t-a.old-1\n" +
			"3 finish crane.b (its replacement was cut short and goes on) after [2]\n",
	}, {
		name: "data goes when somebody says so",
		live: func(h harbour) {
			h.alive("quay.q", "t-q", &quay{Name: "t-q"}, func(l *kind.Live) { l.Status = "made in May" })
		},
		opts: plan.Options{Remove: []ir.Addr{{Kind: "quay", Label: "q"}}},
		want: "0 remove quay.q (no longer in the program; its data, made in May, goes too)\n",
	}, {
		name:    "but not while the program has it",
		live:    func(h harbour) { h.alive("quay.q", "t-q", &quay{Name: "t-q"}, nil) },
		program: []decl{{addr: "quay.q"}},
		opts:    plan.Options{Remove: []ir.Addr{{Kind: "quay", Label: "q"}}},
		want:    "error: quay.q is still in the program and cannot be removed",
	}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := harbour{}
			if tt.live != nil {
				tt.live(h)
			}
			if d := cmp.Diff(tt.want, planned(t, h, tt.program, tt.opts)); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

// planned returns what is planned, or with "error: " the messages.
func planned(t *testing.T, h harbour, program []decl, o plan.Options) string {
	t.Helper()
	o.Kinds = h.kinds()
	prog := build(t, o.Kinds, program)
	got := ""
	for range 5 { // the same each time, whatever the order of maps
		w, err := world.Read(t.Context(), world.Options{Kinds: o.Kinds, Stack: "t", Program: prog})
		if err != nil {
			t.Fatal(err)
		}
		p, diags := plan.Make(w, prog, o)
		text := show(p)
		if diags.HasErrors() {
			var lines []string
			for _, d := range diags {
				lines = append(lines, d.Msg)
			}
			text = "error: " + strings.Join(lines, "\n")
		}
		if got != "" && got != text {
			t.Fatalf("two plans of one world differ:\n%s\n%s", got, text)
		}
		got = text
	}
	return got
}

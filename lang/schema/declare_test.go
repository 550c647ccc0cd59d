package schema

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"bayplan/lang/diag"
	"bayplan/lang/ir"

	"github.com/google/go-cmp/cmp"
)

// finicky is a box that needs a network and knows itself by a second name.
type finicky struct{ box }

func (b *finicky) Finish(f *Finishing) {
	if b.net.IsZero() {
		b.net = Ref{Addr: f.Imply(ir.Addr{Kind: "network", Label: "default"}).Addr}
	}
	if b.str == "bad" {
		f.Errorf("str", "it is bad").Hintf("write another")
	}
}

func (b *finicky) Names() []string { return []string{"also-" + b.name} }

func builder() *Builder {
	return NewBuilder(&Universe{Kinds: []*Kind{
		{Name: "container", New: func() Binder { return new(finicky) }, Show: func(_ Binder, self ir.Addr, shown map[string]ir.Value) {
			shown["ip"] = ir.EngineVal(self, "ip")
		}},
		{Name: "network", New: func() Binder { return new(box) }},
	}}, "/stack", "")
}

func line(n int) diag.Pos { return diag.Pos{File: "f", Line: n, Col: 1} }

func attrs(kv ...any) []ir.Attr {
	var out []ir.Attr
	for i := 0; i < len(kv); i += 2 {
		out = append(out, ir.Attr{Name: kv[i].(string), Pos: line(50 + i), Value: kv[i+1].(ir.Value)})
	}
	return out
}

func named(label string) ir.Addr { return ir.Addr{Kind: "container", Label: label} }

// declare declares a container and returns what it shows.
func declare(b *Builder, at int, label string, as []ir.Attr, deps ...ir.Value) map[string]ir.Value {
	d := Declaration{Addr: named(label), Pos: line(at), Dir: "/stack", Attrs: as}
	if len(deps) > 0 {
		d.DependsOn = ir.Attr{Name: "depends_on", Pos: line(at), Value: ir.ListVal(deps...)}
	}
	b.Declare(d)
	shown, _ := b.Shown(d.Addr)
	return shown
}

func TestBuilder(t *testing.T) {
	b := builder()
	b.Stack(attrs("name", str("shop")), line(1))
	b.Declare(Declaration{Addr: back, Pos: line(2), Dir: "/stack", Attrs: attrs("enum", str("on"))})
	shown := declare(b, 3, "db", attrs("net", ir.HandleVal(back), "size", num(1<<20)))
	declare(b, 4, "web", attrs("env", obj("DB", shown["ip"].At(line(7)), "NAME", shown["name"]), "mode", str("container:also-shop-db")),
		Condition(ir.Healthy, ir.HandleVal(named("db")), str("1m")),
		obj("resource", ir.HandleVal(named("db"))), ir.Value{Off: "container.off"})
	if shown["size"].Str != "1m" || shown["name"].Str != "shop-db" || !shown["num"].IsNull() {
		t.Errorf("the handle shows %v", shown)
	}
	if _, ok := shown["num"]; !ok {
		t.Error("the handle does not know an attribute that is not set")
	}
	b.Output(ir.Output{Name: "ip", Pos: line(9), Value: shown["ip"]})
	p := b.Finish()
	if err := b.Diags.Err(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range p.Resources {
		got = append(got, fmt.Sprintf("%s = %s implied %v", r.Addr, r.Name, r.Implied))
		for _, d := range r.Deps {
			got = append(got, fmt.Sprintf("  %s %s %s %s", d.To, d.Cond, d.Limit, d.Pos))
		}
	}
	want := []string{
		"container.db = shop-db implied false",
		"  network.back  0s f:50:1",
		"container.web = shop-web implied false",
		"  container.db  0s f:4:1",
		"  container.db healthy 1m0s f:4:1",
		"  network.default  0s f:4:1",
		"network.back = shop-back implied false",
		"network.default = shop-default implied true",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if p.Stack != "shop" || p.Dir != "/stack" || len(p.Outputs) != 1 {
		t.Errorf("the program is %+v", p)
	}
}

func TestBuilderMistakes(t *testing.T) {
	h := func(label string) ir.Value { return ir.HandleVal(named(label)) }
	for name, c := range map[string]struct {
		declare func(b *Builder)
		want    string
	}{
		"no stack":     {func(b *Builder) { *b = *builder() }, "/stack: the stack has no name"},
		"bad stack":    {func(b *Builder) { *b = *builder(); b.Stack(attrs("name", str("Shop")), line(1)) }, `f:50:1: stack.name: "Shop" is no name for a stack: want a-z, 0-9 and dashes, at most 31, a dash neither first nor last`},
		"second stack": {func(b *Builder) { b.Stack(attrs("name", str("x")), line(2)) }, "f:2:1: stack is declared twice"},
		"twice":        {func(b *Builder) { declare(b, 3, "x", nil); declare(b, 4, "x", nil) }, "f:4:1: container.x is declared twice"},
		"one name":     {func(b *Builder) { declare(b, 3, "x", nil); declare(b, 4, "y", attrs("name", str("t-x"))) }, "f:50:1: container.x and container.y have one name on the engine: t-x"},
		"label":        {func(b *Builder) { declare(b, 3, "1x", nil) }, `f:3:1: "1x" is no label: want letters, digits, _ and -, not a digit or - first`},
		"no label":     {func(b *Builder) { declare(b, 3, "", nil) }, `f:3:1: "" is no label: want letters, digits, _ and -, not a digit or - first`},
		"itself":       {func(b *Builder) { declare(b, 3, "x", nil, h("x")) }, "f:3:1: container.x.depends_on: container.x depends on itself"},
		"by name":      {func(b *Builder) { declare(b, 3, "x", attrs("mode", str("container:t-x"))) }, "f:50:1: container.x refers to itself"},
		"cycle": {func(b *Builder) {
			declare(b, 3, "x", nil, h("y"))
			declare(b, 4, "y", nil, h("z"))
			declare(b, 5, "z", nil, h("x"))
		},
			"f:5:1: resources depend on each other in a cycle: container.x → container.y → container.z → container.x"},
		"depends on text": {func(b *Builder) { declare(b, 3, "x", nil, str("y")) }, `f:3:1: container.x.depends_on: got "y", want a resource, or started, healthy or completed of one`},
		"limit": {func(b *Builder) {
			declare(b, 3, "y", nil)
			declare(b, 4, "x", nil, Condition(ir.Started, h("y"), str("soon")))
		}, `f:4:1: container.x.depends_on.limit: got "soon", want a duration such as "5s"`},
		"lifecycle": {func(b *Builder) {
			b.Declare(Declaration{Addr: named("x"), Pos: line(3), Lifecycle: ir.Attr{Pos: line(4), Value: obj("prevent", ir.BoolVal(true))}})
		}, `f:4:1: container.x.lifecycle: unknown attribute "prevent"`},
		"output": {func(b *Builder) { b.Output(ir.Output{Name: "o", Pos: line(3), Value: ir.ListVal(h("x"))}) }, `f:3:1: output "o" holds a resource`},
		"second output": {func(b *Builder) {
			b.Output(ir.Output{Name: "o", Pos: line(3)})
			b.Output(ir.Output{Name: "o", Pos: line(4)})
		}, `f:4:1: output.o is declared twice`},
		"finish": {func(b *Builder) { declare(b, 3, "x", attrs("str", str("bad"))) }, "f:50:1: container.x.str: it is bad"},
		"broken": {func(b *Builder) { declare(b, 3, "x", attrs("str", str("bad"), "num", ir.BrokenVal())) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := builder()
			b.Stack(attrs("name", str("t")), line(1))
			c.declare(b)
			b.Finish()
			if diff := cmp.Diff(c.want, b.Diags.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestOverride holds that --stack names everything.
func TestOverride(t *testing.T) {
	b := NewBuilder(builder().Universe, "/stack", "other")
	b.Stack(attrs("name", str("shop")), line(1))
	declare(b, 2, "x", nil)
	p := b.Finish()
	if p.Stack != "other" || p.Resource(named("x")).Name != "other-x" || b.Diags != nil {
		t.Errorf("got %+v, %v", p, b.Diags)
	}
	b = NewBuilder(builder().Universe, "/stack", "Not a name")
	b.Finish()
	if !strings.Contains(b.Diags.Error(), `--stack: "Not a name" is no name for a stack`) {
		t.Errorf("got %v", b.Diags)
	}
}

func TestPath(t *testing.T) {
	for path, want := range map[string]string{"/a/../b": "/b", "./x": "/stack/m/x", "../x": "/stack/x", "../../x": "/x"} {
		b := builder()
		f := &Finishing{Res: &ir.Resource{Addr: named("x"), Dir: "/stack/m"}, b: b}
		if got := f.Path("str", path); got != want || b.Diags.HasErrors() != (path == "../../x") {
			t.Errorf("Path(%q) = %q, %v", path, got, b.Diags)
		}
	}
}

func TestShowDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "0s", time.Second: "1s", time.Minute: "1m", 90 * time.Second: "1m30s", time.Hour: "1h", time.Hour + time.Second: "1h0m1s", 10 * time.Minute: "10m", 20 * time.Hour: "20h", 1500 * time.Millisecond: "1.5s"} {
		if got := ShowDuration(d); got != want {
			t.Errorf("ShowDuration(%v) = %s, want %s", time.Duration(d), got, want)
		}
	}
}

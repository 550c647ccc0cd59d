package load

import (
	"fmt"
	"strings"
	"testing"

	"bayplan/lang/load/loadtest"

	"github.com/google/go-cmp/cmp"
)

// TestMoves has declarations of where objects come from in both languages, and
// what both make of them: names, and what the program holds.
func TestMoves(t *testing.T) {
	for _, c := range []struct {
		name, hcl, star, want string
	}{
		{"a network keeps the name that it had",
			"network \"new\" {}\nmoved {\n old = \"network.old\"\n new = network.new\n}\noutput \"n\" { value = network.new.name }",
			"new = network(\"new\")\nmoved(old = \"network.old\", new = new)\noutput(\"n\", new.name)",
			"network.new is shop-old; moved network.old → network.new; n = shop-old"},
		{"before and after its declaration in HCL, also for those who use it",
			"moved {\n old = \"network.old\"\n new = network.new\n}\ncontainer \"c\" { networks = [network.new] }\nnetwork \"new\" {}",
			"new = network(\"new\")\nmoved(old = \"network.old\", new = new)\ncontainer(\"c\", networks = [new])",
			"container.c is shop-c; network.new is shop-old; moved network.old → network.new"},
		{"its own name counts more",
			"network \"new\" { name = \"mine\" }\nmoved {\n old = \"network.old\"\n new = network.new\n}",
			"new = network(\"new\", name = \"mine\")\nmoved(old = \"network.old\", new = new)",
			"network.new is mine; moved network.old → network.new"},
		{"a container is renamed",
			"container \"new\" {}\nmoved {\n old = \"container.old\"\n new = container.new\n}",
			"moved(old = \"container.old\", new = container(\"new\"))",
			"container.new is shop-new; moved container.old → container.new"},
		{"one becomes one of many",
			"network \"n\" { for_each = [\"a\", \"b\"] }\nmoved {\n old = \"network.n\"\n new = network.n[\"a\"]\n}",
			"ns = [network(\"n\", key = k) for k in [\"a\", \"b\"]]\nmoved(old = \"network.n\", new = ns[0])",
			`network.n["a"] is shop-n; network.n["b"] is shop-n-b; moved network.n → network.n["a"]`},
		{"many move together",
			"network \"n\" { for_each = range(2) }\nmoved {\n old = \"network.o\"\n new = network.n\n}",
			"ns = [network(\"n\", key = str(i)) for i in range(2)]\nmoved(old = \"network.o\", new = ns)",
			`network.n["0"] is shop-o-0; network.n["1"] is shop-o-1; moved network.o["0"] → network.n["0"]; moved network.o["1"] → network.n["1"]`},
		{"many of which there is one move together too",
			"network \"n\" { for_each = range(1) }\nmoved {\n old = \"network.o\"\n new = network.n\n}",
			"ns = [network(\"n\", key = str(i)) for i in range(1)]\nmoved(old = \"network.o\", new = ns)",
			`network.n["0"] is shop-o-0; moved network.o["0"] → network.n["0"]`},
		{"modules move together",
			"module \"b\" {\n source = \"./m\"\n for_each = range(1)\n}\nmoved {\n old = \"module.a\"\n new = module.b\n}",
			"moved(old = \"module.a\", new = [module(\"b\", source = \"./m\", key = str(i)) for i in range(1)])",
			`module.b["0"].container.this is shop-b-0; moved module.a["0"].container.this → module.b["0"].container.this`},
		{"an object is adopted under its name",
			"container \"web\" {}\nadopt {\n resource = container.web\n name = \"old_web\"\n}\noutput \"n\" { value = container.web.name }",
			"web = container(\"web\")\nadopt(resource = web, name = \"old_web\")\noutput(\"n\", web.name)",
			"container.web is old_web; adopt old_web as container.web; n = old_web"},
		{"inputs say which",
			"locals { was = \"old_web\" }\ncontainer \"web\" {}\nadopt {\n resource = container.web\n name = local.was\n}",
			"WAS = \"old_web\"\nadopt(resource = container(\"web\"), name = WAS)",
			"container.web is old_web; adopt old_web as container.web"},
		{"a disabled resource gets nothing",
			"container \"web\" { enabled = false }\nadopt {\n resource = container.web\n name = \"old_web\"\n}\nmoved {\n old = \"container.old\"\n new = container.web\n}",
			"web = container(\"web\", enabled = False)\nadopt(resource = web, name = \"old_web\")\nmoved(old = \"container.old\", new = web)",
			""},
		{"something is forgotten",
			"forget { address = \"network.n[\\\"a\\\"]\" }\nforget { address = \"container.c\" }",
			"forget(address = 'network.n[\"a\"]')\nforget(address = \"container.c\")",
			`forget container.c; forget network.n["a"]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			hcl, star := both(t, loadtest.Universe(), map[string]string{
				"main.bay.hcl": "stack { name = \"shop\" }\n" + c.hcl, "main.bay.star": "stack(name = \"shop\")\n" + c.star,
				"m/main.bay.hcl": "container \"this\" {}\n",
			})
			for lang, r := range map[string]Result{"HCL": hcl, "Starlark": star} {
				if r.Diags.HasErrors() {
					t.Errorf("%s: %v", lang, r.Diags)
					continue
				}
				if diff := cmp.Diff(c.want, history(r)); diff != "" {
					t.Errorf("%s:\n%s", lang, diff)
				}
			}
		})
	}
}

// TestMovesOfOne holds that one of many does not become many.
func TestMovesOfOne(t *testing.T) {
	for _, c := range []struct{ hcl, want string }{
		{"network \"n\" { for_each = [\"k\"] }\nmoved {\n old = \"network.o[\\\"x\\\"]\"\n new = network.n\n}",
			`moved: network.o["x"] is one, and network.n are many ~ say which of them it becomes: new = network.n["k"]`},
		{"module \"b\" {\n source = \"./m\"\n for_each = [\"k\"]\n}\nmoved {\n old = \"module.a[\\\"x\\\"]\"\n new = module.b\n}",
			`moved: module.a["x"] is one, and module.b are many ~ say which of them it becomes: new = module.b["k"]`},
	} {
		write(t, map[string]string{"main.bay.hcl": "stack { name = \"shop\" }\n" + c.hcl + "\n", "m/main.bay.hcl": "network \"back\" {}\ncontainer \"this\" {}\n"})
		res := Load(Options{Universe: loadtest.Universe()})
		if len(res.Diags) != 1 || res.Diags[0].Msg+" ~ "+res.Diags[0].Hint != c.want || res.Diags[0].Pos.Line == 0 {
			t.Errorf("got %v, want %s", res.Diags, c.want)
		}
	}
}

// history writes names, moves, adoptions, what is forgotten, and outputs.
func history(r Result) string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for _, x := range r.Program.Resources {
		if !x.Implied {
			add("%s is %s", x.Addr, x.Name)
		}
	}
	for _, m := range r.Program.Moves {
		add("moved %s → %s", m.Old, m.New)
	}
	for _, a := range r.Program.Adopts {
		add("adopt %s as %s", a.Name, a.Addr)
	}
	for _, f := range r.Program.Forgets {
		add("forget %s", f.Addr)
	}
	for _, o := range r.Program.Outputs {
		add("%s = %s", o.Name, o.Value.Show())
	}
	return strings.Join(out, "; ")
}

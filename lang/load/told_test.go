package load

import (
	"strings"
	"testing"

	"bayplan/lang/ir"
	"bayplan/lang/load/loadtest"

	"github.com/google/go-cmp/cmp"
)

// TestTold decides postconditions by what an engine has told, in both languages
// and within a module.
func TestTold(t *testing.T) {
	write(t, map[string]string{
		"main.bay.hcl": `stack { name = "shop" }
module "m" { source = "./m" }
container "a" {
  lifecycle {
    postcondition {
      condition     = self.ip == "10.0.0.1" && self.ips["n"] != "x"
      error_message = "the address is ${self.ip}"
    }
  }
  networks = ["n"]
}
`,
		"main.bay.star": `stack(name = "shop")
module("m", source = "./m")
container("a", networks = ["n"], lifecycle = lifecycle(postcondition = [
    rule(lambda self: self.ip == "10.0.0.1" and self.ips["n"] != "x", "the address is {self.ip}"),
]))
`,
		"m/main.bay.star": `container("this", lifecycle = lifecycle(postcondition = [
    rule(lambda self: self.ip != "", lambda self: "no address for " + self.name),
]))
`,
	})
	a, m := ir.Addr{Kind: "container", Label: "a"}, ir.Addr{Module: "module.m", Kind: "container", Label: "this"}
	of := func(s string) ir.Value { return ir.StringVal(s) }
	for _, path := range []string{"main.bay.hcl", "main.bay.star"} {
		res := Load(Options{Universe: loadtest.Universe(), Path: path})
		if res.Diags.HasErrors() {
			t.Fatal(res.Diags)
		}
		got := res.Program.Resource(a).Guard.Checks
		if len(got) != 1 || !cmp.Equal([]string{"ip"}, got[0].Needs) || !cmp.Equal([]string{"ip", `ips["n"]`}, got[0].Reads) {
			t.Errorf("%s: the checks are %+v", path, got)
		}
		for _, c := range []struct {
			told ir.Told
			want string
		}{
			{ir.Told{Addr: a, Values: map[string]ir.Value{"ip": of("10.0.0.1"), `ips["n"]`: of("y")}}, ""},
			{ir.Told{Addr: a, Values: map[string]ir.Value{"ip": of("10.0.0.2")}}, "container.a: the address is 10.0.0.2"},
			{ir.Told{Addr: a}, "container.a: the postcondition cannot be decided: the engine does not tell ip"},
			{ir.Told{Addr: a, Values: map[string]ir.Value{"ip": of("10.0.0.1")}}, `the engine does not tell ips["n"]`},
			{ir.Told{Addr: m, Values: map[string]ir.Value{"ip": of("10.0.0.1")}}, ""},
			{ir.Told{Addr: m, Values: map[string]ir.Value{"ip": of("")}}, "module.m.container.this: no address for shop-m"},
		} {
			ds := Load(Options{Universe: loadtest.Universe(), Path: path, Told: &c.told}).Diags
			switch {
			case c.want == "" && len(ds) > 0, c.want != "" && len(ds) != 1:
				t.Errorf("%s: told %v: %v", path, c.told, ds)
			case c.want != "" && (!strings.Contains(ds[0].Msg, c.want) || !ds[0].Pos.Known()):
				t.Errorf("%s: told %v: %v, want %q", path, c.told, ds, c.want)
			case c.told.Addr == m && c.want != "" && len(ds[0].Calls) != 1:
				t.Errorf("%s: it was called by %v", path, ds[0].Calls)
			}
		}
	}
}

// TestToldOfMany holds that each use of a module has the postconditions that are
// written in it once.
func TestToldOfMany(t *testing.T) {
	lines := map[string]string{
		"block": "postcondition {\n      condition     = self.ip != \"\"\n      error_message = \"none\"\n    }",
		"list":  "postcondition = [{ condition = self.ip != \"\", error_message = \"none\" }]",
	}
	for name, line := range lines {
		write(t, map[string]string{
			"main.bay.hcl":   "stack { name = \"shop\" }\nmodule \"m\" {\n  source   = \"./m\"\n  for_each = [\"a\", \"b\"]\n}\nmodule \"n\" { source = \"./m\" }\n",
			"m/main.bay.hcl": "container \"this\" {\n  lifecycle {\n    " + line + "\n  }\n}\n",
		})
		res := Load(Options{Universe: loadtest.Universe()})
		if res.Diags.HasErrors() {
			t.Fatal(name, res.Diags)
		}
		for _, r := range res.Program.Resources {
			if r.Addr.Kind == "container" && len(r.Guard.Checks) != 1 {
				t.Errorf("%s: %s has %d postconditions, want 1", name, r.Addr, len(r.Guard.Checks))
			}
		}
	}
}

package load

import (
	"slices"
	"strings"
	"testing"

	"bayplan/lang/load/loadtest"
	"bayplan/lang/schema"
	"bayplan/lang/value"

	"github.com/google/go-cmp/cmp"
)

// two are containers that programs below are about.
const (
	twoHCL  = "container \"o\" {}\ncontainer \"x\" {\n"
	twoStar = "o = container(\"o\")\nx = container(\"x\", "
)

// words has a program for each attribute of what both languages have beside kinds
// and functions, in which it is the only one that can say what is wanted: in the
// program, or in a message.
var words = map[string]struct{ hcl, star, want string }{
	"stack.name": {`stack { name = "harbour" }`, `stack(name = "harbour")`, `"stack": "harbour"`},
	"stack.root": {"stack {\n name = \"shop\"\n root = \"..\"\n}\nmodule \"m\" { source = \"../sibling\" }", `stack(name = "shop", root = "..")` + "\n" + `module("m", source = "../sibling")`, "sibling"},

	"lifecycle.prevent_destroy": {twoHCL + "lifecycle { prevent_destroy = true }\n}", twoStar + "lifecycle = lifecycle(prevent_destroy = True))", `"prevent_destroy": true`},
	"lifecycle.keep":            {twoHCL + "lifecycle { keep = true }\n}", twoStar + "lifecycle = lifecycle(keep = True))", `"keep": true`},
	"lifecycle.ignore_changes":  {twoHCL + "lifecycle { ignore_changes = [\"memory\"] }\n}", twoStar + "lifecycle = lifecycle(ignore_changes = [\"memory\"]))", `"memory"`},
	"lifecycle.strategy":        {twoHCL + "lifecycle { strategy = \"stop_first\" }\n}", twoStar + "lifecycle = lifecycle(strategy = \"stop_first\"))", `"stop_first"`},
	"lifecycle.settle":          {twoHCL + "lifecycle { settle = \"3s\" }\n}", twoStar + "lifecycle = lifecycle(settle = \"3s\"))", `"settle": 3000000000`},
	"lifecycle.replace_on":      {twoHCL + "lifecycle { replace_on = [container.o, \"x\", { a = 1 }] }\n}", twoStar + "lifecycle = lifecycle(replace_on = [o, \"x\", {\"a\": 1}]))", `"replace_on"`},
	"lifecycle.restart_on":      {twoHCL + "lifecycle { restart_on = [container.o] }\n}", twoStar + "lifecycle = lifecycle(restart_on = [o]))", `"restart_on"`},
	"lifecycle.precondition": {twoHCL + "lifecycle {\n precondition {\n condition = container.o.memory == \"1g\"\n error_message = \"too little\"\n}\n}\n}",
		twoStar + "lifecycle = lifecycle(precondition = [rule(o.memory == \"1g\", \"too little\")]))", "too little"},
	"lifecycle.postcondition": {twoHCL + "lifecycle {\n postcondition {\n condition = self.ip != \"\"\n error_message = \"no address\"\n}\n}\n}",
		twoStar + "lifecycle = lifecycle(postcondition = [rule(lambda self: self.ip != \"\", \"no address\")]))", `"needs"`},

	"depends_on.resource":  {twoHCL + "depends_on = [container.o]\n}", twoStar + "depends_on = [o])", `"addr": "container.o"`},
	"depends_on.condition": {twoHCL + "depends_on = [healthy(container.o)]\n}", twoStar + "depends_on = [healthy(o)])", `"healthy"`},
	"depends_on.limit":     {twoHCL + "depends_on = [started(container.o, \"5s\")]\n}", twoStar + "depends_on = [started(o, \"5s\")])", "5000000000"},

	"module.source": {`module "m" { source = "./m" }`, `module("m", source = "./m")`, "module.m.network.n"},
	"module.inputs": {"module \"m\" {\n source = \"./m\"\n inputs = { internal = true }\n}", `module("m", source = "./m", inputs = {"internal": True})`, `"internal"`},

	"library.source": {"library \"l\" { source = \"./l.star\" }\noutput \"o\" { value = l::twice(\"ab\") }", "load(\"./l.star\", \"twice\")\noutput(\"o\", twice(\"ab\"))", `"abab"`},

	"assert.condition":     {"assert \"a\" {\n condition = 1 > 2\n error_message = \"never\"\n}", `check("a", 1 > 2, "never")`, "never"},
	"assert.error_message": {"assert \"a\" {\n condition = false\n error_message = \"is said\"\n}", `check("a", False, "is said")`, "is said"},

	"registry.username": {"registry \"ghcr.io\" {\n username = \"me\"\n password = \"p\"\n}", `registry("ghcr.io", username = "me", password = "p")`, `"me"`},
	"registry.password": {"registry \"ghcr.io\" {\n username = \"me\"\n password = \"\"\n}", `registry("ghcr.io", username = "me", password = "")`, "password is empty"},

	"moved.old": {"container \"o\" {}\nmoved {\n old = \"container.was\"\n new = container.o\n}", "o = container(\"o\")\nmoved(old = \"container.was\", new = o)", "container.was"},
	"moved.new": {"container \"o\" {}\nmoved {\n old = \"container.was\"\n new = container.o\n}", "o = container(\"o\")\nmoved(old = \"container.was\", new = o)", `"new": "container.o"`},

	"adopt.resource": {"container \"v\" {}\nadopt {\n resource = container.v\n name = \"by-hand\"\n}", "v = container(\"v\")\nadopt(resource = v, name = \"by-hand\")", `container.v`},
	"adopt.name":     {"container \"v\" {}\nadopt {\n resource = container.v\n name = \"by-hand\"\n}", "v = container(\"v\")\nadopt(resource = v, name = \"by-hand\")", "by-hand"},

	"forget.address": {`forget { address = "container.gone" }`, `forget(address = "container.gone")`, "container.gone"},

	"variable.type":        {"variable \"v\" {\n type = number\n default = \"7\"\n}\noutput \"o\" { value = var.v }", "v = variable(\"v\", type = \"number\", default = \"7\")\noutput(\"o\", v)", "7"},
	"variable.default":     {"variable \"v\" { default = \"ab\" }\noutput \"o\" { value = var.v }", "v = variable(\"v\", default = \"ab\")\noutput(\"o\", v)", `"ab"`},
	"variable.description": {"variable \"v\" { description = \"what it is\" }", "variable(\"v\", description = \"what it is\")", "what it is"},
	"variable.sensitive":   {"variable \"v\" {\n default = \"ab\"\n sensitive = true\n}\noutput \"o\" { value = var.v }", "v = variable(\"v\", default = \"ab\", sensitive = True)\noutput(\"o\", v)", `"sensitive": true`},
	"variable.nullable":    {"variable \"v\" {\n default = null\n nullable = false\n}", "variable(\"v\", default = None, nullable = False)", "nullable is false"},
	"variable.validation": {"variable \"v\" {\n default = 1\n validation {\n condition = var.v > 1\n error_message = \"too small\"\n}\n}",
		"variable(\"v\", default = 1, validation = [rule(lambda v: v > 1, \"too small\")])", "too small"},

	"output.value":       {`output "o" { value = "ab" }`, `output("o", "ab")`, `"ab"`},
	"output.description": {"output \"o\" {\n value = 1\n description = \"what it is\"\n}", `output("o", 1, description = "what it is")`, "what it is"},
	"output.sensitive":   {"output \"o\" {\n value = \"ab\"\n sensitive = true\n}", `output("o", "ab", sensitive = True)`, `"sensitive": true`},

	"every resource.for_each":   {"container \"x\" { for_each = [\"a\"] }", "[container(\"x\", key = k) for k in [\"a\"]]", `"name": "shop-x-a"`},
	"every resource.enabled":    {"container \"x\" { enabled = false }\noutput \"o\" { value = container.x == null }", "x = container(\"x\", enabled = False)\noutput(\"o\", x == None)", `"bool": true`},
	"every resource.depends_on": {twoHCL + "depends_on = [container.o]\n}", twoStar + "depends_on = [o])", `"addr": "container.o"`},
	"every resource.lifecycle":  {twoHCL + "lifecycle { keep = true }\n}", twoStar + "lifecycle = lifecycle(keep = True))", `"keep": true`},
}

// declared returns the attributes of all that both languages have beside kinds
// and functions.
func declared() []string {
	var out []string
	for _, form := range schema.Forms() {
		for _, f := range schema.FieldsOf(form.New()) {
			out = append(out, form.Name+"."+f.Name)
		}
	}
	for _, name := range append(slices.Clone(value.VariableAttrs), "validation") {
		out = append(out, "variable."+name)
	}
	for _, name := range value.OutputAttrs {
		out = append(out, "output."+name)
	}
	return append(out, "every resource.for_each", "every resource.enabled", "every resource.depends_on", "every resource.lifecycle")
}

// TestNoWordInOneLanguageOnly holds that both languages have every attribute of
// every declaration, and make the same of it. The attributes of kinds are tried in
// their rooms, and functions by stdlib/funcs.
func TestNoWordInOneLanguageOnly(t *testing.T) {
	names := declared()
	for name := range words {
		if !slices.Contains(names, name) {
			t.Errorf("there is no %s", name)
		}
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			w, ok := words[name]
			if !ok {
				t.Fatal("no program has it")
			}
			hcl, star := w.hcl, w.star
			if !strings.HasPrefix(name, "stack.") {
				hcl, star = "stack { name = \"shop\" }\n"+hcl, "stack(name = \"shop\")\n"+star
			}
			write(t, map[string]string{
				"s/main.bay.hcl": hcl + "\n", "s/main.bay.star": star + "\n",
				"s/m/main.bay.hcl":      "variable \"internal\" { default = null }\nnetwork \"n\" { internal = var.internal }\n",
				"sibling/main.bay.star": "container(\"sibling\")\n",
				"s/l.star":              "def twice(s):\n    return s + s\n",
			})
			h := Load(Options{Universe: loadtest.Universe(), Path: "s/main.bay.hcl"})
			s := Load(Options{Universe: loadtest.Universe(), Path: "s/main.bay.star"})
			if diff := cmp.Diff(said(h.Diags), said(s.Diags)); diff != "" {
				t.Errorf("the messages differ (-HCL +Starlark):\n%s", diff)
			}
			got := said(h.Diags)
			for _, v := range h.Missing {
				got += v.Description
			}
			if h.Program != nil && s.Program != nil {
				got += plain(t, h.Program)
				if diff := cmp.Diff(plain(t, h.Program), plain(t, s.Program)); diff != "" {
					t.Errorf("the programs differ (-HCL +Starlark):\n%s", diff)
				}
			}
			if !strings.Contains(got, w.want) {
				t.Errorf("nothing says %s in %s", w.want, got)
			}
		})
	}
}

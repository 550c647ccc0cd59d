package load

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/load/loadtest"
	"bayplan/lang/schema"
	"bayplan/lang/value"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// both loads a program in both languages, from one directory.
func both(t *testing.T, u *schema.Universe, files map[string]string, vars ...Var) (hcl, star Result) {
	t.Helper()
	write(t, files)
	return Load(Options{Universe: u, Path: "main.bay.hcl", Vars: vars}), Load(Options{Universe: u, Path: "main.bay.star", Vars: vars})
}

// plain returns a program without positions.
func plain(t *testing.T, p *ir.Program) string {
	t.Helper()
	data, err := json.MarshalIndent(p, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := json.Unmarshal(data, &tree); err != nil {
		t.Fatal(err)
	}
	strip(tree)
	data, err = json.MarshalIndent(tree, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func strip(x any) {
	switch x := x.(type) {
	case map[string]any:
		for _, k := range []string{"pos", "stack_pos", "calls"} {
			delete(x, k)
		}
		for _, v := range x {
			strip(v)
		}
	case []any:
		for _, v := range x {
			strip(v)
		}
	}
}

// said returns messages with hints, without positions.
func said(ds diag.List) string {
	var lines []string
	for _, d := range ds {
		lines = append(lines, d.Msg+" ~ "+anywhere.ReplaceAllString(d.Hint, "PLACE"))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

var anywhere = regexp.MustCompile(`main\.bay\.(hcl|star):\d+:\d+`)

// TestShop is the stack that shows the language: it says the same in both.
func TestShop(t *testing.T) {
	hcl, star := both(t, shopUniverse(), map[string]string{
		"main.bay.hcl": shopHCL, "main.bay.star": shopStar, "Caddyfile.tmpl": "%{ for u in upstreams }${u} %{ endfor }",
	}, Var{Name: "db_password", Value: "hunter2"})
	for _, r := range []Result{hcl, star} {
		if r.Diags.HasErrors() {
			t.Fatal(r.Diags)
		}
	}
	if diff := cmp.Diff(plain(t, hcl.Program), plain(t, star.Program)); diff != "" {
		t.Errorf("the programs differ (-HCL +Starlark):\n%s", diff)
	}
	for _, r := range star.Program.Resources {
		if !r.Pos.Known() {
			t.Errorf("%s has no position", r.Addr)
		}
	}
	if n := len(star.Program.Resources); n != 10 {
		t.Errorf("the stack has %d resources, want 10", n)
	}
}

// TestSame has constructs in both languages, and what both make of them: a
// program, or messages.
func TestSame(t *testing.T) {
	for _, c := range same {
		t.Run(c.name, func(t *testing.T) {
			hcl, star := both(t, loadtest.Universe(), map[string]string{
				"main.bay.hcl":  "stack { name = \"shop\" }\n" + c.hcl,
				"main.bay.star": "stack(name = \"shop\")\n" + c.star,
			}, c.vars...)
			if diff := cmp.Diff(said(hcl.Diags), said(star.Diags)); diff != "" {
				t.Errorf("the messages differ (-HCL +Starlark):\n%s", diff)
			}
			switch {
			case c.wrong == "" && hcl.Diags.HasErrors():
				t.Errorf("HCL: %v", hcl.Diags)
			case c.wrong != "" && !strings.Contains(said(hcl.Diags), c.wrong):
				t.Errorf("HCL says %q, want %q in it", said(hcl.Diags), c.wrong)
			case hcl.Program == nil || star.Program == nil:
			default:
				if diff := cmp.Diff(plain(t, hcl.Program), plain(t, star.Program)); diff != "" {
					t.Errorf("the programs differ (-HCL +Starlark):\n%s", diff)
				}
			}
		})
	}
}

// same are snippets behind the declaration of a stack. wrong is in what both
// say, for those that are wrong.
var same = []struct {
	name, hcl, star, wrong string
	vars                   []Var
}{
	{name: "label and attributes",
		hcl:  "container \"web\" {\n memory = \"1g\"\n command = \"a b\"\n labels = { a = \"x\", b = 1 }\n}",
		star: `container("web", memory = "1g", command = "a b", labels = {"a": "x", "b": 1})`},
	{name: "a reason that is the text of an address", wrong: `container.web.lifecycle.replace_on[0]: got the text "container.db", want the resource itself ~ a resource is named without quotes: container.db (HCL), or what container("db", …) returned (Starlark)`,
		hcl:  "container \"db\" {}\ncontainer \"web\" {\n lifecycle { replace_on = [\"container.db\", \"a.b\", \"v1\"] }\n}",
		star: `container("db")` + "\n" + `container("web", lifecycle = lifecycle(replace_on = ["container.db", "a.b", "v1"]))`},
	{name: "reasons that are the text of addresses in modules", wrong: `container.web.lifecycle.restart_on[0]: got the text "module.db[\"a\"]", want the resource itself ~ a module is named without quotes: module.db["a"] (HCL), or what module("db", …)`,
		hcl:  "container \"web\" {\n lifecycle {\n  replace_on = \"module.db.container.this\"\n  restart_on = [\"module.db[\\\"a\\\"]\"]\n }\n}\ncontainer \"x\" { depends_on = [\"module.db\"] }",
		star: `container("web", lifecycle = lifecycle(replace_on = "module.db.container.this", restart_on = ["module.db[\"a\"]"]))` + "\n" + `container("x", depends_on = ["module.db"])`},
	{name: "moved to another kind", wrong: "moved: network.old cannot become container.new: they are of different kinds",
		hcl:  "container \"new\" {}\nmoved {\n old = \"network.old\"\n new = container.new\n}",
		star: `moved(old = "network.old", new = container("new"))`},
	{name: "moved from what is still there", wrong: "moved: container.old is still declared",
		hcl:  "container \"old\" {}\ncontainer \"new\" {}\nmoved {\n old = \"container.old\"\n new = container.new\n}",
		star: "container(\"old\")\nmoved(old = \"container.old\", new = container(\"new\"))"},
	{name: "moved twice", wrong: "moved: container.old has moved to container.a already",
		hcl:  "container \"a\" {}\ncontainer \"b\" {}\nmoved {\n old = \"container.old\"\n new = container.a\n}\nmoved {\n old = \"container.old\"\n new = container.b\n}\n",
		star: "a = container(\"a\")\nb = container(\"b\")\n\n\nmoved(old = \"container.old\", new = a)\nmoved(old = \"container.old\", new = b)"},
	{name: "moved from no address", wrong: `moved.old: address "old": want KIND.LABEL`,
		hcl:  "container \"new\" {}\nmoved {\n old = \"old\"\n new = container.new\n}",
		star: `moved(old = "old", new = container("new"))`},
	{name: "moved from an unknown kind", wrong: `moved: there is no kind "pod"`,
		hcl:  "container \"new\" {}\nmoved {\n old = \"pod.old\"\n new = container.new\n}",
		star: `moved(old = "pod.old", new = container("new"))`},
	{name: "moved without old", wrong: `moved: "old" is missing`,
		hcl:  "container \"new\" {}\nmoved { new = container.new }",
		star: `moved(new = container("new"))`},
	{name: "moved as Terraform says it", wrong: `moved: unknown attribute "from"`,
		hcl:  "container \"new\" {}\nmoved {\n from = \"container.old\"\n old = \"container.old\"\n new = container.new\n}",
		star: `moved(old = "container.old", new = container("new"), **{"from": "container.old"})`},
	{name: "adopted under a name of its own", wrong: `adopt: the object is called "old_web", and container.web says name = "web"`,
		hcl:  "container \"web\" { name = \"web\" }\nadopt {\n resource = container.web\n name = \"old_web\"\n}",
		star: `adopt(resource = container("web", name = "web"), name = "old_web")`},
	{name: "adopted twice", wrong: `adopt: container.web adopts another object already`,
		hcl:  "container \"web\" {}\nadopt {\n resource = container.web\n name = \"x1\"\n}\nadopt {\n resource = container.web\n name = \"x1\"\n}",
		star: "web = container(\"web\")\nadopt(resource = web, name = \"x1\")\nadopt(resource = web, name = \"x1\")"},
	{name: "adopted by no name", wrong: `adopt: "a b" is no name on the engine`,
		hcl:  "container \"web\" {}\nadopt {\n resource = container.web\n name = \"a b\"\n}",
		star: `adopt(resource = container("web"), name = "a b")`},
	{name: "forgotten and declared", wrong: "forget: container.web is still declared",
		hcl:  "container \"web\" {}\nforget { address = \"container.web\" }",
		star: "container(\"web\")\nforget(address = \"container.web\")"},
	{name: "numbers",
		hcl:  "output \"a\" { value = [1, 1.0, 1.5, -2, 7 / 2, 6 / 2, 7 % 4, 2 * 3 + 1, 9007199254740993, 1e3] }",
		star: `output("a", [1, 1.0, 1.5, -2, 7 / 2, 6 / 2, 7 % 4, 2 * 3 + 1, 9007199254740993, 1e3])`},
	{name: "numbers in text",
		hcl:  "output \"a\" { value = \"${1} ${1.0} ${1.5} ${6 / 2} ${1000000.5} ${0.00001}\" }",
		star: `output("a", "%s %s %s %s %s %s" % (1, 1.0, 1.5, 6 / 2, 1000000.5, 0.00001))`},
	{name: "comparisons",
		hcl:  "output \"a\" { value = [1 < 2, 1 == 1.0, \"a\" != \"b\", !true, true && false, true || false] }",
		star: `output("a", [1 < 2, 1 == 1.0, "a" != "b", not True, True and False, True or False])`},
	{name: "lists and maps",
		hcl:  "output \"a\" { value = { l = [1, [2], []], m = { x = null, y = {} } } }",
		star: `output("a", {"l": [1, [2], []], "m": {"x": None, "y": {}}})`},
	{name: "for",
		hcl:  "output \"a\" { value = [[for x in [1, 2, 3] : x * 2 if x > 1], { for k, v in { a = 1, b = 2 } : upper(k) => v }] }",
		star: `output("a", [[x * 2 for x in [1, 2, 3] if x > 1], {upper(k): v for k, v in {"a": 1, "b": 2}.items()}])`},
	{name: "conditional",
		hcl:  "locals { x = 3 }\noutput \"a\" { value = local.x > 2 ? \"many\" : \"few\" }",
		star: "x = 3\noutput(\"a\", \"many\" if x > 2 else \"few\")"},
	{name: "many under range",
		hcl:  "container \"web\" {\n for_each = range(11)\n env = { I = each.key }\n}\noutput \"a\" { value = [for w in container.web : w.name] }",
		star: "web = [container(\"web\", key = str(i), env = {\"I\": str(i)}) for i in range(11)]\noutput(\"a\", [w.name for w in web])"},
	{name: "many under a map",
		hcl:  "container \"web\" {\n for_each = { b = 1, a = 2 }\n env = { (each.key) = each.value }\n}",
		star: "for k, v in {\"b\": 1, \"a\": 2}.items():\n    container(\"web\", key = k, env = {k: v})"},
	{name: "odd keys",
		hcl:  "container \"web\" { for_each = [\"a b\", \"Ü\", \"x\"] }",
		star: "[container(\"web\", key = k) for k in [\"a b\", \"Ü\", \"x\"]]"},
	{name: "none or one",
		hcl:  "network \"n\" { enabled = false }\ncontainer \"a\" {\n networks = [network.n]\n depends_on = [container.b]\n}\ncontainer \"b\" { enabled = 1 > 2 }\noutput \"a\" { value = container.b == null }",
		star: "n = network(\"n\", enabled = False)\nb = container(\"b\", enabled = 1 > 2)\ncontainer(\"a\", networks = [n], depends_on = [b])\noutput(\"a\", b == None)"},
	{name: "handles",
		hcl:  "network \"back\" {}\nimage \"i\" { pull = \"a:1\" }\ncontainer \"a\" {\n image = image.i\n networks = [network.back, { network = \"other\", aliases = [\"x\"] }]\n}\ncontainer \"b\" { networks = [network.back.name] }",
		star: "back = network(\"back\")\ni = image(\"i\", pull = \"a:1\")\ncontainer(\"a\", image = i, networks = [back, {\"network\": \"other\", \"aliases\": [\"x\"]}])\ncontainer(\"b\", networks = [back.name])"},
	{name: "conditions",
		hcl:  "container \"a\" {}\ncontainer \"b\" { depends_on = [started(container.a), healthy(container.a, \"60s\"), completed(container.a), container.a] }\ncontainer \"c\" { depends_on = container.a }",
		star: "a = container(\"a\")\ncontainer(\"b\", depends_on = [started(a), healthy(a, \"60s\"), completed(a), a])\ncontainer(\"c\", depends_on = a)"},
	{name: "conditions on many",
		hcl:  "container \"a\" { for_each = range(2) }\ncontainer \"b\" { depends_on = [started(container.a)] }\ncontainer \"c\" { depends_on = container.a }",
		star: "a = [container(\"a\", key = str(i)) for i in range(2)]\ncontainer(\"b\", depends_on = [started(a)])\ncontainer(\"c\", depends_on = a)"},
	{name: "lifecycle",
		hcl:  "network \"a\" {\n lifecycle { prevent_destroy = true }\n}\nnetwork \"b\" { lifecycle = { prevent_destroy = true } }",
		star: "network(\"a\", lifecycle = lifecycle(prevent_destroy = True))\nnetwork(\"b\", lifecycle = {\"prevent_destroy\": True})"},
	{name: "what only the engine knows",
		hcl:  "network \"n\" {}\ncontainer \"a\" { networks = [network.n] }\ncontainer \"b\" {\n env = { IP = container.a.ip, URL = \"http://${container.a.ip}:${8000}/${container.a.ips[network.n.name]}\" }\n command = [\"x\", container.a.ip]\n}\noutput \"a\" { value = join(\",\", [container.a.ip, \"x\"]) }\noutput \"b\" { value = format(\"%s!\", container.a.ip) }",
		star: "n = network(\"n\")\na = container(\"a\", networks = [n])\ncontainer(\"b\", env = {\"IP\": a.ip, \"URL\": \"http://%s:%d/%s\" % (a.ip, 8000, a.ips[n.name])}, command = [\"x\", a.ip])\noutput(\"a\", \",\".join([a.ip, \"x\"]))\noutput(\"b\", a.ip + \"!\")"},
	{name: "what is null is as if it were not written",
		hcl:  "variable \"on\" {\n type = bool\n default = null\n sensitive = null\n nullable = null\n}\ncontainer \"a\" { enabled = var.on }\noutput \"o\" {\n value = 1\n sensitive = null\n}",
		star: "on = variable(\"on\", type = \"bool\", default = None, sensitive = None, nullable = None)\ncontainer(\"a\", enabled = on)\noutput(\"o\", 1, sensitive = None)"},
	{name: "yes and no of a variable without a type", vars: []Var{{Name: "on", Value: "true"}, {Name: "off", Value: "false"}},
		hcl:  "variable \"on\" {}\nvariable \"off\" {}\ncontainer \"a\" { enabled = var.on }\ncontainer \"b\" { enabled = var.off }",
		star: "on = variable(\"on\")\noff = variable(\"off\")\ncontainer(\"a\", enabled = on)\ncontainer(\"b\", enabled = off)"},
	{name: "sensitive",
		hcl:  "variable \"p\" {\n type = string\n default = \"x\"\n sensitive = true\n}\ncontainer \"a\" { env = { P = var.p, Q = \"a${var.p}\", R = upper(var.p), S = join(\"-\", [\"a\", var.p]) } }\noutput \"a\" { value = var.p }\noutput \"b\" {\n value = 1\n sensitive = true\n description = \"d\"\n}",
		star: "p = variable(\"p\", type = \"string\", default = \"x\", sensitive = True)\ncontainer(\"a\", env = {\"P\": p, \"Q\": \"a\" + p, \"R\": p.upper(), \"S\": \"-\".join([\"a\", p])})\noutput(\"a\", p)\noutput(\"b\", 1, sensitive = True, description = \"d\")"},
	{name: "variables",
		hcl:  "variable \"a\" { type = list(string) }\nvariable \"b\" { default = 5 }\nvariable \"c\" {\n type = object({ x = number, y = optional(string, \"z\") })\n default = { x = \"1\" }\n}\nvariable \"d\" {\n type = string\n default = null\n}\noutput \"o\" { value = [var.a, var.b, var.c.x, var.c[\"y\"], var.d, var.c] }",
		star: "a = variable(\"a\", type = \"list(string)\")\nb = variable(\"b\", default = 5)\nc = variable(\"c\", type = \"object({ x = number, y = optional(string, \\\"z\\\") })\", default = {\"x\": \"1\"})\nd = variable(\"d\", type = \"string\", default = None)\noutput(\"o\", [a, b, c.x, c[\"y\"], d, c])",
		vars: []Var{{Name: "a", Value: `["x", 1]`}, {Name: "b", Value: "7"}}},
	{name: "elements of a handle",
		hcl:  "container \"a\" { ports = [\"8080:80\", { container = 90, host = 91 }] }\noutput \"a\" { value = [container.a.ports[0].host, container.a.ports[1][\"container\"], container.a.ports, container.a.user] }",
		star: "a = container(\"a\", ports = [\"8080:80\", {\"container\": 90, \"host\": 91}])\noutput(\"a\", [a.ports[0].host, a.ports[1][\"container\"], a.ports, a.user])"},
	{name: "functions",
		hcl:  "output \"a\" { value = [merge({ a = 1 }, { b = 2 }), keys({ b = 1, a = 2 }), jsonencode({ a = [1] }), jsondecode(\"{\\\"x\\\": [1.0]}\").x, length([1, 2]), toset([\"b\", \"a\", \"b\"]), concat([1], [2])] }",
		star: "output(\"a\", [merge({\"a\": 1}, {\"b\": 2}), fn.keys({\"b\": 1, \"a\": 2}), jsonencode({\"a\": [1]}), jsondecode('{\"x\": [1.0]}').x, fn.length([1, 2]), toset([\"b\", \"a\", \"b\"]), concat([1], [2])])"},

	// mistakes
	{name: "unknown attribute", wrong: `unknown attribute "memroy" ~ did you mean "memory"?`,
		hcl: "container \"a\" {\n memroy = 1\n environment = {}\n}", star: `container("a", memroy = 1, environment = {})`},
	{name: "wrong types", wrong: "want true or false",
		hcl:  "container \"a\" {\n init = \"yes\"\n env = [1]\n labels = { a = [] }\n command = {}\n memory = \"lots\"\n state = \"runing\"\n}",
		star: `container("a", init = "yes", env = [1], labels = {"a": []}, command = {}, memory = "lots", state = "runing")`},
	{name: "wrong elements", wrong: "container.a.ports[1].container",
		hcl:  "container \"a\" { ports = [\"x\", { container = 0 }, { host = 1 }, { container = 1, hots = 2 }] }",
		star: `container("a", ports = ["x", {"container": 0}, {"host": 1}, {"container": 1, "hots": 2}])`},
	{name: "wrong handles", wrong: "want a network",
		hcl:  "network \"n\" {}\ncontainer \"a\" {\n image = network.n\n networks = [image.i]\n user = network.n\n env = { A = network.n }\n}\nimage \"i\" {}",
		star: "n = network(\"n\")\ni = image(\"i\")\ncontainer(\"a\", image = n, networks = [i], user = n, env = {\"A\": n})"},
	{name: "engine's values where they cannot be", wrong: "known only to a running engine",
		hcl:  "container \"a\" {}\ncontainer \"b\" {\n user = container.a.ip\n labels = { x = container.a.ip }\n name = \"x${container.a.ip}\"\n memory = container.a.ip\n}",
		star: "a = container(\"a\")\ncontainer(\"b\", user = a.ip, labels = {\"x\": a.ip}, name = \"x\" + a.ip, memory = a.ip)"},
	{name: "sensitive where it cannot be", wrong: "a sensitive value cannot be used here",
		hcl:  "variable \"p\" {\n default = \"x\"\n sensitive = true\n}\ncontainer \"a\" {\n user = var.p\n labels = { x = var.p }\n memory = var.p\n name = var.p\n}",
		star: "p = variable(\"p\", default = \"x\", sensitive = True)\ncontainer(\"a\", user = p, labels = {\"x\": p}, memory = p, name = p)"},
	{name: "a decision on the engine's value", wrong: "so a comparison cannot depend on it",
		hcl:  "container \"a\" {}\noutput \"o\" { value = container.a.ip == \"x\" }",
		star: "a = container(\"a\")\noutput(\"o\", a.ip == \"x\")"},
	{name: "a condition on the engine's value", wrong: "so a condition cannot depend on it",
		hcl:  "container \"a\" {}\noutput \"o\" { value = container.a.ip ? 1 : 2 }",
		star: "a = container(\"a\")\noutput(\"o\", 1 if a.ip else 2)"},
	{name: "a for on the engine's value", wrong: "so a for cannot depend on it",
		hcl:  "container \"a\" {}\noutput \"o\" { value = [for x in container.a.ip : x] }",
		star: "a = container(\"a\")\noutput(\"o\", [x for x in a.ip])"},
	{name: "a key from the engine", wrong: "so a key cannot depend on it",
		hcl:  "container \"a\" {}\noutput \"o\" { value = { (container.a.ip) = 1 } }",
		star: "a = container(\"a\")\noutput(\"o\", {a.ip: 1})"},
	{name: "enabled from the engine", wrong: "so enabled cannot depend on it",
		hcl:  "container \"a\" {}\ncontainer \"b\" { enabled = container.a.ip }",
		star: "a = container(\"a\")\ncontainer(\"b\", enabled = a.ip)"},
	{name: "a decision on a secret", wrong: "a comparison cannot depend on a sensitive value",
		hcl:  "variable \"p\" {\n default = \"x\"\n sensitive = true\n}\noutput \"o\" { value = var.p == \"x\" }",
		star: "p = variable(\"p\", default = \"x\", sensitive = True)\noutput(\"o\", p == \"x\")"},
	{name: "a for over a secret", wrong: "a for cannot walk over a sensitive value",
		hcl:  "variable \"p\" {\n default = [\"x\"]\n sensitive = true\n}\noutput \"o\" { value = [for x in var.p : x] }",
		star: "p = variable(\"p\", default = [\"x\"], sensitive = True)\noutput(\"o\", [x for x in p])"},
	{name: "a handle in text", wrong: "write container.a.name for its name",
		hcl:  "container \"a\" {}\noutput \"o\" { value = \"x${container.a}\" }",
		star: "a = container(\"a\")\noutput(\"o\", \"x%s\" % a)"},
	{name: "a handle as output", wrong: `output "o" is a resource`,
		hcl: "container \"a\" {}\noutput \"o\" { value = container.a }", star: "a = container(\"a\")\noutput(\"o\", a)"},
	{name: "a function over the engine's value", wrong: "the function would have to look into it",
		hcl: "container \"a\" {}\noutput \"o\" { value = upper(container.a.ip) }", star: "a = container(\"a\")\noutput(\"o\", upper(a.ip))"},
	{name: "a function with too few arguments", wrong: "is missing",
		hcl: "output \"o\" { value = upper() }", star: `output("o", upper())`},
	{name: "a function with a wrong argument", wrong: "jsondecode",
		hcl: "output \"o\" { value = jsondecode(\"{\") }", star: `output("o", jsondecode("{"))`},
	{name: "an attribute that a resource has not", wrong: `container.a has no attribute "ipp"`,
		hcl: "container \"a\" {}\noutput \"o\" { value = container.a.ipp }", star: "a = container(\"a\")\noutput(\"o\", a.ipp)"},
	{name: "an attribute of a disabled one", wrong: "container.a does not exist, since its `enabled` is off",
		hcl: "container \"a\" { enabled = false }\noutput \"o\" { value = container.a.name }", star: "a = container(\"a\", enabled = False)\noutput(\"o\", a.name)"},
	{name: "a disabled one in an attribute", wrong: "image.i does not exist, since its `enabled` is off",
		hcl: "image \"i\" { enabled = false }\ncontainer \"a\" { image = image.i }", star: "i = image(\"i\", enabled = False)\ncontainer(\"a\", image = i)"},
	{name: "a duplicate address", wrong: "network.a is declared twice",
		hcl: "network \"a\" {}\nnetwork \"a\" {}", star: "network(\"a\")\nnetwork(\"a\")"},
	{name: "a duplicate name", wrong: "have one name on the engine",
		hcl: "network \"a\" { name = \"xx\" }\nnetwork \"b\" { name = \"xx\" }", star: "network(\"a\", name = \"xx\")\nnetwork(\"b\", name = \"xx\")"},
	{name: "a duplicate output", wrong: "output.o is declared twice",
		hcl: "output \"o\" { value = 1 }\noutput \"o\" { value = 2 }", star: "output(\"o\", 1)\noutput(\"o\", 2)"},
	{name: "a bad label", wrong: `"1a" is no label`,
		hcl: "network \"1a\" {}", star: `network("1a")`},
	{name: "a stack twice", wrong: "stack is declared twice",
		hcl: "stack { name = \"other\" }", star: `stack(name = "other")`},
	{name: "a bad condition", wrong: "want a resource",
		hcl:  "container \"a\" { depends_on = [\"x\", 5, healthy(\"y\")] }",
		star: `container("a", depends_on = ["x", 5, healthy("y")])`},
	{name: "a bad limit", wrong: `want a duration such as "5s"`,
		hcl:  "container \"a\" {}\ncontainer \"b\" { depends_on = [healthy(container.a, \"soon\")] }",
		star: "a = container(\"a\")\ncontainer(\"b\", depends_on = [healthy(a, \"soon\")])"},
	{name: "a validation that reads another variable", wrong: "most is 3, less than 5",
		hcl:  "variable \"least\" { default = 5 }\nvariable \"most\" {\n default = 3\n validation {\n condition = var.most >= var.least\n error_message = \"most is ${var.most}, less than ${var.least}\"\n }\n}",
		star: "least = variable(\"least\", default = 5)\nvariable(\"most\", default = 3, validation = [rule(lambda v: v >= least, \"most is {value}, less than %d\" % least)])"},
	{name: "a validation that compares with a sensitive variable", wrong: "a comparison cannot depend on a sensitive value",
		hcl:  "variable \"key\" {\n default = \"k\"\n sensitive = true\n}\nvariable \"user\" {\n default = \"u\"\n validation {\n condition = var.user != var.key\n error_message = \"x\"\n }\n}",
		star: "key = variable(\"key\", default = \"k\", sensitive = True)\nvariable(\"user\", default = \"u\", validation = [rule(lambda v: v != key, \"x\")])"},
	{name: "postconditions",
		hcl:  "container \"a\" {\n memory = \"1g\"\n lifecycle {\n postcondition {\n condition = self.memory == \"1g\"\n error_message = \"x\"\n }\n postcondition {\n condition = self.ip != \"\"\n error_message = \"no address for ${self.name}\"\n }\n }\n}",
		star: `container("a", memory = "1g", lifecycle = lifecycle(postcondition = [rule(lambda self: self.memory == "1g", "x"), rule(lambda self: self.ip != "", "no address for {self.name}")]))`},
	{name: "a postcondition that does not hold", wrong: "container.a: a has 1g",
		hcl:  "container \"a\" {\n memory = \"1g\"\n lifecycle {\n postcondition {\n condition = self.memory == \"2g\"\n error_message = \"a has ${self.memory}\"\n }\n }\n}",
		star: `container("a", memory = "1g", lifecycle = lifecycle(postcondition = [rule(lambda self: self.memory == "2g", "a has {self.memory}")]))`},
	{name: "a postcondition about another resource", wrong: "container.b.ip is known only to a running engine",
		hcl:  "container \"b\" {}\ncontainer \"a\" {\n lifecycle {\n postcondition {\n condition = container.b.ip != \"\"\n error_message = \"x\"\n }\n }\n}",
		star: "b = container(\"b\")\ncontainer(\"a\", lifecycle = lifecycle(postcondition = [rule(lambda self: b.ip != \"\", \"x\")]))"},
	{name: "reasons",
		hcl:  "network \"n\" {}\ncontainer \"m\" { for_each = range(2) }\ncontainer \"a\" {\n lifecycle {\n replace_on = [container.m, network.n, \"x\", { a = 1 }]\n restart_on = container.m\n }\n}",
		star: "n = network(\"n\")\nm = [container(\"m\", key = str(i)) for i in range(2)]\ncontainer(\"a\", lifecycle = lifecycle(replace_on = [m, n, \"x\", {\"a\": 1}], restart_on = m))"},
	{name: "a value for restart_on", wrong: "container.a.lifecycle.restart_on[0]: got a string, want a resource",
		hcl:  "container \"a\" {\n lifecycle { restart_on = [\"x\"] }\n}",
		star: "container(\"a\", lifecycle = lifecycle(restart_on = [\"x\"]))"},
	{name: "a bad lifecycle", wrong: "prevent_destory",
		hcl:  "network \"a\" {\n lifecycle { prevent_destory = true }\n}",
		star: `network("a", lifecycle = lifecycle(prevent_destory = True))`},
	{name: "missing variables", wrong: "no value for the variables a, b",
		hcl:  "variable \"a\" {}\nvariable \"b\" { type = number }\ncontainer \"a\" {\n memory = var.a\n user = var.b\n init = 5\n}",
		star: "a = variable(\"a\")\nb = variable(\"b\", type = \"number\")\ncontainer(\"a\", memory = a, user = b, init = 5)"},
	{name: "an unknown variable", wrong: "--var x",
		hcl: "variable \"a\" { default = 1 }", star: `variable("a", default = 1)`, vars: []Var{{Name: "x", Value: "1"}}},
	{name: "a variable of a wrong type", wrong: "--var",
		hcl: "variable \"a\" { type = number }", star: `variable("a", type = "number")`, vars: []Var{{Name: "a", Value: "x"}}},
	{name: "a default of a wrong type", wrong: "the default is not of its type",
		hcl: "variable \"a\" {\n type = list(string)\n default = 5\n}", star: `variable("a", type = "list(string)", default = 5)`},
	{name: "a validation", wrong: "want more than 5, got 3",
		hcl:  "variable \"a\" {\n default = 3\n validation {\n  condition = var.a > 5\n  error_message = \"want more than 5, got ${var.a}\"\n }\n}",
		star: `variable("a", default = 3, validation = [rule(lambda v: v > 5, "want more than 5, got {value}")])`},
	{name: "a validation that would show a secret", wrong: "its message would show a sensitive value",
		hcl:  "variable \"a\" {\n default = \"s3\"\n sensitive = true\n validation {\n  condition = var.a == \"x\"\n  error_message = \"got ${var.a}\"\n }\n}",
		star: `variable("a", default = "s3", sensitive = True, validation = [rule(lambda v: v == "x", "got {value}")])`},
	{name: "a reference to a broken one", wrong: "lots",
		hcl:  "container \"a\" { memory = \"lots\" }\ncontainer \"b\" { memory = container.a.memory }\noutput \"o\" { value = \"x${container.a.memory}\" }",
		star: "a = container(\"a\", memory = \"lots\")\ncontainer(\"b\", memory = a.memory)\noutput(\"o\", \"x%s\" % a.memory)"},
}

// shop is a container with what the shop needs of it.
type shop struct {
	name     string
	image    schema.Ref
	memory   int64
	env      map[string]ir.Value
	files    map[string]ir.Value
	mounts   []mount
	networks []joined
	ports    []string
	health   *health
}

func (c *shop) Bind(f *schema.Set) {
	f.Name(&c.name, schema.Live, "Name.")
	f.Ref(&c.image, "image", "image", schema.Replace, "Image.")
	f.Bytes(&c.memory, "memory", schema.Live, "Memory.")
	f.TextMap(&c.env, "env", schema.Replace, "Environment.")
	f.TextMap(&c.files, "files", schema.Replace, "Files.")
	schema.Objects(f, &c.mounts, "mounts", schema.Replace, "Mounts.", func(m mount) string { return m.target }, schema.Short[mount]{})
	schema.Objects(f, &c.networks, "networks", schema.Reconnect, "Networks.", func(e joined) string { return e.network.Name }, schema.Short[joined]{As: "network", SkipOff: true})
	f.Strings(&c.ports, "ports", schema.Replace, "Ports.")
	schema.Object(f, &c.health, "healthcheck", schema.Replace, "Check.", schema.Short[health]{})
}

type mount struct {
	volume schema.Ref
	target string
}

func (m *mount) Bind(f *schema.Set) {
	f.Ref(&m.volume, "volume", "volume", schema.Replace, "Volume.")
	f.String(&m.target, "target", schema.Replace, "Target.").Required()
}

type joined struct {
	network schema.Ref
	aliases []string
}

func (e *joined) Bind(f *schema.Set) {
	f.Ref(&e.network, "network", "network", schema.Reconnect, "Network.").Required()
	f.Strings(&e.aliases, "aliases", schema.Reconnect, "Aliases.")
}

type health struct {
	test     []string
	interval string
	retries  int64
}

func (h *health) Bind(f *schema.Set) {
	f.Strings(&h.test, "test", schema.Replace, "Test.")
	f.String(&h.interval, "interval", schema.Replace, "Interval.")
	f.Int(&h.retries, "retries", schema.Range{Min: 1, Max: 100}, schema.Replace, "Retries.")
}

type picture struct {
	pull  string
	build *build
	tags  []string
}

func (i *picture) Bind(f *schema.Set) {
	f.String(&i.pull, "pull", schema.Replace, "Pull.")
	schema.Object(f, &i.build, "build", schema.Replace, "Build.", schema.Short[build]{As: "context"})
	f.Strings(&i.tags, "tags", schema.Live, "Tags.")
}

type build struct{ context, target string }

func (b *build) Bind(f *schema.Set) {
	f.String(&b.context, "context", schema.Replace, "Context.")
	f.String(&b.target, "target", schema.Replace, "Target.")
}

type place struct {
	name     string
	internal bool
}

func (p *place) Bind(f *schema.Set) {
	f.Name(&p.name, schema.Replace, "Name.")
	f.Bool(&p.internal, "internal", schema.Replace, "Internal.")
}

// Names makes "caddy:2.9" a name of the image, as the real kind does.
func (i *picture) Names() []string { return i.tags }

func shopUniverse() *schema.Universe {
	return &schema.Universe{
		Kinds: []*schema.Kind{
			{Name: "container", New: func() schema.Binder { return new(shop) }, Show: func(b schema.Binder, self ir.Addr, shown map[string]ir.Value) {
				shown["ip"] = ir.EngineVal(self, "ip")
				if ports := b.(*shop).ports; ports != nil {
					p := ir.MapVal(map[string]ir.Value{"host": ir.EngineVal(self, fmt.Sprintf("ports[%q].host", ports[0]))})
					shown["ports"] = ir.ListVal(p)
				}
			}},
			{Name: "image", New: func() schema.Binder { return new(picture) }},
			{Name: "network", New: func() schema.Binder { return new(place) }},
			{Name: "volume", New: func() schema.Binder { return new(place) }},
		},
		Funcs: []*schema.Func{
			{Name: "range", Make: func(schema.FuncEnv) function.Function { return stdlib.RangeFunc }},
			{Name: "templatefile", Make: templatefile},
		},
	}
}

func templatefile(env schema.FuncEnv) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String}, {Name: "vars", Type: cty.DynamicPseudoType}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			f, err := env.Source.Open(env.Dir, args[0].AsString())
			if err != nil {
				return cty.NilVal, err
			}
			return value.Template(f.Name, string(f.Src), args[1], nil)
		},
	})
}

const shopHCL = `# shop/main.bay.hcl
stack { name = "shop" }

variable "replicas" {
  type        = number
  default     = 3
  description = "Web replicas behind the proxy."
  validation {
    condition     = var.replicas >= 1 && var.replicas <= 9
    error_message = "replicas must be from 1 to 9, got ${var.replicas}"
  }
}
variable "db_password" {
  type      = string
  sensitive = true
}
locals { db_name = "shop" }

network "back" { internal = true }
network "front" {}
volume "pgdata" {
  lifecycle { prevent_destroy = true }
}
image "web" {
  build = { context = "./web", target = "runtime" }
  tags  = ["shop/web:1.4.0", "shop/web:latest"]
}
image "postgres" { pull = "postgres:17.2-alpine" }

container "db" {
  image       = image.postgres
  networks    = [{ network = network.back, aliases = ["db"] }]
  mounts      = [{ volume = volume.pgdata, target = "/var/lib/postgresql/data" }]
  env         = { POSTGRES_DB = local.db_name, POSTGRES_PASSWORD = var.db_password }
  healthcheck = { test = ["CMD-SHELL", "pg_isready -U postgres"], interval = "5s", retries = 10 }
  memory      = "512m"
}
container "web" {
  for_each = range(var.replicas)
  image    = image.web
  networks = [network.back]
  env = {
    DATABASE_URL = "postgres://postgres:${var.db_password}@db/${local.db_name}"
    INSTANCE     = each.key
  }
  depends_on = [healthy(container.db, "60s")]
}
container "proxy" {
  image      = "caddy:2.9-alpine" # a string declares the image to pull, and the plan shows it
  networks   = [network.front, network.back]
  ports      = ["127.0.0.1:8080:80"]
  files      = { "/etc/caddy/Caddyfile" = templatefile("Caddyfile.tmpl", { upstreams = [for w in container.web : w.name] }) }
  depends_on = [started(container.web)]
}
output "url" { value = "http://127.0.0.1:${container.proxy.ports[0].host}" }
output "db_ip" { value = container.db.ip } # on the first of its networks; container.db.ips[network.back.name] on another
`

const shopStar = `# shop/main.bay.star
stack(name = "shop")

replicas = variable(
    "replicas",
    type = "number",
    default = 3,
    description = "Web replicas behind the proxy.",
    validation = [rule(lambda v: 1 <= v and v <= 9, "replicas must be from 1 to 9, got {value}")],
)
db_password = variable("db_password", type = "string", sensitive = True)
DB_NAME = "shop"

back = network("back", internal = True)
front = network("front")
pgdata = volume("pgdata", lifecycle = lifecycle(prevent_destroy = True))
web_image = image("web", build = {"context": "./web", "target": "runtime"}, tags = ["shop/web:1.4.0", "shop/web:latest"])
postgres = image("postgres", pull = "postgres:17.2-alpine")

db = container(
    "db",
    image = postgres,
    networks = [{"network": back, "aliases": ["db"]}],
    mounts = [{"volume": pgdata, "target": "/var/lib/postgresql/data"}],
    env = {"POSTGRES_DB": DB_NAME, "POSTGRES_PASSWORD": db_password},
    healthcheck = {"test": ["CMD-SHELL", "pg_isready -U postgres"], "interval": "5s", "retries": 10},
    memory = "512m",
)
web = [
    container(
        "web",
        key = str(i),  # container.web["0"], …
        image = web_image,
        networks = [back],
        env = {"DATABASE_URL": "postgres://postgres:%s@db/%s" % (db_password, DB_NAME), "INSTANCE": str(i)},
        depends_on = [healthy(db, "60s")],
    )
    for i in range(replicas)
]
proxy = container(
    "proxy",
    image = "caddy:2.9-alpine",
    networks = [front, back],
    ports = ["127.0.0.1:8080:80"],
    files = {"/etc/caddy/Caddyfile": templatefile("Caddyfile.tmpl", {"upstreams": [w.name for w in web]})},
    depends_on = [started(w) for w in web],
)
output("url", "http://127.0.0.1:%d" % proxy.ports[0].host)
output("db_ip", db.ip)
`

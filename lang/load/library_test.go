package load

import (
	"strings"
	"testing"

	"bayplan/lang/load/loadtest"
	"bayplan/lang/schema"

	"github.com/google/go-cmp/cmp"
)

const text = `load("./base.star", "PORT")

def upstreams(names, port = PORT):
    """Names with a port each.

    In the order of the names.
    """
    return ["%s:%d" % (n, port) for n in names]

def url(host, *path, **more):
    return "/".join(["http:/" + "", host] + list(path))

def pick(x):
    return "a" if x == "a" else "b"

def shout(x):
    return upper(x)

def box():
    return container("box")

def parts(c):
    return {"name": c.name, "is": type(c), "self": c, "l": [1, (2, 3)], "n": None}

def deep(x):
    return _fail(x)

def _fail(x):
    fail("no " + x)

def f():
    return f
`

// TestLibrary holds that functions of Starlark are called from HCL, and that
// what crosses keeps its meaning.
func TestLibrary(t *testing.T) {
	for _, c := range []struct{ name, hcl, want string }{
		{"values", `[text::upstreams(["a", "b"], 8000), text::upstreams(["c"]), text::url("h", "p", 1 > 2 ? "" : "q")]`,
			"[[a:8000, b:8000], [c:80], http://h/p/q]"},
		{"handles", `[text::parts(container.a).self.name, { for k, v in text::parts(container.a) : k => v if k != "self" }]`,
			`[shop-a, {is: container, l: [1, [2, 3]], n: (none), name: shop-a}]`},
		{"what only the engine knows", `text::url(container.a.ip, "x")`, "http://${container.a.ip}/x"},
		{"a secret", `text::shout(var.p)`, "(sensitive)"},
		{"in a for", `[for x in ["a", "c"] : text::pick(x)]`, "[a, b]"},

		{"a decision on a secret", `text::pick(var.p)`, "lib/text.star:14:21: a comparison cannot depend on a sensitive value < main.bay.hcl:8:22 text::pick"},
		{"a decision on what only the engine knows", `text::pick(container.a.ip)`, "lib/text.star:14:21: container.a.ip is known only to a running engine, so a comparison cannot depend on it < main.bay.hcl:8:22 text::pick"},
		{"a declaration", `text::box()`, `lib/text.star:20:12: container(…) in lib/text.star: the functions of a library make values and declare nothing < main.bay.hcl:8:22 text::box`},
		{"a failure", `text::deep("x")`, "lib/text.star:29:5: no x < main.bay.hcl:8:22 text::deep < lib/text.star:26:12 _fail"},
		{"a failure on a secret", `text::deep(var.p)`, "lib/text.star:29:5: (sensitive) < main.bay.hcl:8:22 text::deep < lib/text.star:26:12 _fail"},
		{"a function as value", `text::f()`, "main.bay.hcl:8:22: text::f: got the function f, want a value"},
		{"too few", `text::upstreams()`, "main.bay.hcl:8:22: text::upstreams: got 0 arguments ~ it is called as text::upstreams(names, port = 80)"},
		{"too many", `text::pick(1, 2)`, "main.bay.hcl:8:22: text::pick: got 2 arguments ~ it is called as text::pick(x)"},
		{"no such function", `text::upstream([])`, `main.bay.hcl:8:22: the library text has no function "upstream" ~ did you mean "upstreams"?`},
		{"a hidden one", `text::_fail(1)`, `main.bay.hcl:8:22: the library text has no function "_fail" ~ it has box, deep, f, parts, pick, shout, upstreams, url`},
		{"no such library", `txet::pick(1)`, `main.bay.hcl:8:22: there is no library "txet" ~ did you mean "text"?`},
	} {
		t.Run(c.name, func(t *testing.T) {
			write(t, map[string]string{
				"lib/text.star": text, "lib/base.star": "PORT = 80\n",
				"main.bay.hcl": "stack { name = \"shop\" }\nvariable \"p\" {\n  default   = \"a\"\n  sensitive = true\n}\nlibrary \"text\" { source = \"./lib/text.star\" }\ncontainer \"a\" {}\noutput \"o\" { value = " + c.hcl + " }\n",
			})
			if got := loaded(); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// TestLibraryPrints holds that a validation decides whatever a function prints that
// it calls, and that of a secret nothing is printed.
func TestLibraryPrints(t *testing.T) {
	for _, c := range []struct{ more, value, want string }{
		{"", "c", "lib.star:2:5: print: got c; main.bay.hcl:6:21: variable \"mode\": want a or b, got c"},
		{"", "a", "lib.star:2:5: print: got a"},
		{"sensitive = true", "a", ""},
		{"sensitive = true", "c", "main.bay.hcl:6:21: variable \"mode\": the value does not pass the validation, and its message would show a sensitive value"},
	} {
		write(t, map[string]string{
			"lib.star": "def known(v):\n    print(\"got\", v)\n    return v in [\"a\", \"b\"]\n",
			"main.bay.hcl": "stack { name = \"shop\" }\nlibrary \"l\" { source = \"./lib.star\" }\nvariable \"mode\" {\n  " + c.more +
				"\n  validation {\n    condition     = l::known(var.mode)\n    error_message = \"want a or b, got ${var.mode}\"\n  }\n}\n",
		})
		res := Load(Options{Universe: loadtest.Universe(), Vars: []Var{{Name: "mode", Value: c.value}}})
		var got []string
		for _, d := range res.Diags {
			got = append(got, d.String())
		}
		if diff := cmp.Diff(c.want, strings.Join(got, "; ")); diff != "" {
			t.Errorf("%s %s:\n%s", c.more, c.value, diff)
		}
	}
}

// TestSecretOfCaller holds that a module's validation prints nothing of a secret that
// comes from its caller.
func TestSecretOfCaller(t *testing.T) {
	write(t, map[string]string{
		"main.bay.hcl":    "stack { name = \"shop\" }\nvariable \"p\" {\n  default   = \"hunter2\"\n  sensitive = true\n}\nmodule \"m\" {\n  source = \"./m\"\n  inputs = { v = [var.p] }\n}\n",
		"m/main.bay.star": "def known(v):\n    print(\"got\", v)\n    return True\n\nv = variable(\"v\", type = \"list(string)\", validation = [rule(known, \"no\")])\n",
	})
	if res := Load(Options{Universe: loadtest.Universe()}); len(res.Diags) > 0 {
		t.Errorf("got %v", res.Diags)
	}
}

// loaded returns the output of the program here, or the messages.
func loaded() string {
	res := Load(Options{Universe: loadtest.Universe()})
	if res.Program != nil {
		return res.Program.Outputs[0].Value.Show()
	}
	var lines []string
	for _, d := range res.Diags {
		line := d.String()
		for _, call := range d.Calls {
			line += " < " + call.Pos.String() + " " + call.Func
		}
		if strings.HasPrefix(d.Hint, "it is") || strings.HasPrefix(d.Hint, "it has") || strings.HasPrefix(d.Hint, "did you") {
			line += " ~ " + d.Hint
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// TestLibraryDoc holds that what a library says of its functions is kept.
func TestLibraryDoc(t *testing.T) {
	write(t, map[string]string{"lib/text.star": text, "lib/base.star": "PORT = 80\n"})
	src, err := openSource(Machine{}, ".")
	if err != nil {
		t.Fatal(err)
	}
	defer src.close()
	l := &loader{open: []opened{{src, "."}}}
	lib, err := l.Library(schema.NewBuilder(loadtest.Universe(), src.abs, "shop"), "lib/text.star")
	if err != nil {
		t.Fatal(err)
	}
	got := lib.Funcs()
	want := []schema.LibraryFunc{
		{Name: "upstreams", Doc: "Names with a port each.\n\n    In the order of the names.", Params: []string{"names", "port = 80"}},
		{Name: "url", Params: []string{"host", "*path", "**more"}},
	}
	if diff := cmp.Diff(want, got[len(got)-2:]); diff != "" {
		t.Error(diff)
	}
}

// TestLibraryMissing has libraries that cannot be had.
func TestLibraryMissing(t *testing.T) {
	for _, c := range []struct{ block, want string }{
		{`library "x" { source = "./y.star" }`, `main.bay.hcl:2:24: library.x.source: there is no file "./y.star"`},
		{`library "x" { source = "../y.star" }`, `main.bay.hcl:2:24: library.x.source: "../y.star" leads out of the stack's directory`},
		{`library "x" { source = "./y.py" }`, `main.bay.hcl:2:24: library.x.source: "./y.py" is no .star file`},
		{`library "x" { source = "./bad.star" }`, `bad.star:2:5: nothing has the name "y"`},
		{`library "x" {}`, `main.bay.hcl:2:1: library.x: "source" is missing`},
		{`library "x" { source = "./${local.x}.star" }`, `main.bay.hcl:2:29: local.x cannot be used here`},
		{`library "x" { src = "./ok.star" }`, "main.bay.hcl:2:1: library.x: \"source\" is missing\nmain.bay.hcl:2:15: library.x: unknown attribute \"src\""},
		{"library \"x\" { source = \"./ok.star\" }\nlibrary \"x\" { source = \"./ok.star\" }", "main.bay.hcl:3:1: library.x is declared twice"},
	} {
		write(t, map[string]string{"main.bay.hcl": "stack { name = \"shop\" }\n" + c.block + "\nlocals { x = x::f(1) }\n", "bad.star": "\nx = y\n", "ok.star": "def f(x): return x\n"})
		if got := Load(Options{Universe: loadtest.Universe()}).Diags.Error(); got != c.want {
			t.Errorf("%s\ngot  %s\nwant %s", c.block, got, c.want)
		}
	}
}

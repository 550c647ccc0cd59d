package load

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bayplan/lang/diag"
	"bayplan/lang/load/loadtest"

	"github.com/google/go-cmp/cmp"
)

// split returns the files of testdata/split with the root in one language and
// the modules in another.
func split(t *testing.T, root, modules string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir("testdata/split", func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, err := filepath.Rel("testdata/split", path)
		if err != nil {
			return err
		}
		lang := modules
		if filepath.Dir(name) == "." {
			lang = root
		}
		if ext := filepath.Ext(name); ext == lang || ext != ".hcl" && ext != ".star" {
			data, err := os.ReadFile(path)
			files[name] = string(data)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestSplit holds that the stack of LANGUAGE.md, in modules, says the same four
// ways: the caller cannot tell in which language a module is written.
func TestSplit(t *testing.T) {
	home, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	want := ""
	for _, way := range [][2]string{{".hcl", ".hcl"}, {".hcl", ".star"}, {".star", ".hcl"}, {".star", ".star"}} {
		t.Run("root"+way[0]+" modules"+way[1], func(t *testing.T) {
			t.Chdir(home)
			write(t, split(t, way[0], way[1]))
			res := Load(Options{Universe: shipped(), Vars: []Var{{Name: "db_password", Value: "hunter2"}}})
			if res.Diags.HasErrors() {
				t.Fatal(res.Diags)
			}
			got := strings.ReplaceAll(plain(t, res.Program), res.Program.Dir, "/shop")
			if want == "" {
				want = got
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the program differs from that in HCL alone (-HCL +this):\n%s", diff)
			}
			for _, r := range res.Program.Resources {
				if r.Addr.Module != "" && (len(r.Calls) == 0 || !strings.HasPrefix(r.Pos.File, "modules/")) {
					t.Errorf("%s is at %s, called from %v", r.Addr, r.Pos, r.Calls)
				}
			}
		})
	}
	t.Chdir(home)
	for _, lang := range []string{".hcl", ".star"} {
		t.Chdir(home)
		write(t, split(t, lang, ".hcl"))
		res := Load(Options{Universe: shipped(), Vars: []Var{{Name: "db_password", Value: "hunter2"}, {Name: "replicas", Value: "10"}}})
		if len(res.Diags) != 1 || res.Diags[0].Msg != `variable "replicas": replicas must be from 1 to 9, got 10` {
			t.Errorf("ten replicas, %s: %v", lang, res.Diags)
		}
	}
	for _, part := range []string{
		`"addr": "module.site.module.proxy[\"a\"].container.this"`, `"name": "shop-site-proxy-a"`, `"alias": "site-proxy"`,
		`"name": "shop-site-web-2"`, `"str": "shop/web:latest"`, `"target"`, `"name": "shop-db"`, `"alias": "db"`, `"dir": "/shop/modules/proxy"`,
	} {
		if !strings.Contains(want, part) {
			t.Errorf("the program does not have %s:\n%s", part, want)
		}
	}
}

// TestModules has calls of modules in both languages, and what both make of
// them: a program, or messages.
func TestModules(t *testing.T) {
	home, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range calls {
		t.Run(c.name, func(t *testing.T) {
			t.Chdir(home)
			files := map[string]string{
				"main.bay.hcl":  "stack { name = \"shop\" }\n" + c.hcl,
				"main.bay.star": "stack(name = \"shop\")\n" + c.star,
			}
			for name, text := range c.files {
				files[name] = text
			}
			hcl, star := both(t, loadtest.Universe(), files, c.vars...)
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
				for _, want := range c.has {
					if !strings.Contains(plain(t, hcl.Program), want) {
						t.Errorf("the program does not have %s:\n%s", want, plain(t, hcl.Program))
					}
				}
			}
		})
	}
}

// TestEachOfMany holds what many modules of one name, or of one file, have to have
// each for itself.
func TestEachOfMany(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"a key and none": {
			files: map[string]string{
				"main.bay.star": "stack(name = \"shop\")\nmodule(\"a\", source = \"./m\", key = \"1\")\nmodule(\"a\", source = \"./m\", key = \"2\")\nmodule(\"b\", source = \"./m\")\nmodule(\"a\", source = \"./m\")\n",
				"m/m.bay.hcl":   "",
			},
			want: []string{"main.bay.star:5:1: error: module.a is declared with a key and without one"},
		},
		"a file that cannot be read": {
			files: map[string]string{
				"main.bay.hcl": "stack { name = \"shop\" }\nmodule \"a\" { source = \"./m\" }\nmodule \"b\" { source = \"./m\" }\n",
				"m/m.bay.hcl":  "container \"c\" {\n",
			},
			want: []string{"m/m.bay.hcl:1:15: error: the { that opens here is not closed", "called from main.bay.hcl:2:1 (module.a)"},
		},
		"one text in two files": {
			files: map[string]string{
				"main.bay.hcl": "stack { name = \"shop\" }\nmodule \"a\" { source = \"./m\" }\nmodule \"b\" { source = \"./n\" }\n",
				"m/m.bay.hcl":  "container \"c\" { memory = \"lots\" }\n",
				"n/m.bay.hcl":  "container \"c\" { memory = \"lots\" }\n",
			},
			want: []string{"m/m.bay.hcl:1:26: error", "n/m.bay.hcl:1:26: error"},
		},
		"one text in two files, with a file beside each": {
			files: map[string]string{
				"main.bay.star":   "stack(name = \"shop\")\nmodule(\"a\", source = \"./m\")\nmodule(\"b\", source = \"./n\")\n",
				"m/main.bay.star": "print(file(\"text\"))\n", "m/text": "of m",
				"n/main.bay.star": "print(file(\"text\"))\n", "n/text": "of n",
			},
			want: []string{"m/main.bay.star:1:1: warning: print: of m", "n/main.bay.star:1:1: warning: print: of n"},
		},
		"one file with inputs, and functions that it loads": {
			files: map[string]string{
				"main.bay.star":   "stack(name = \"shop\")\n[module(\"m\", key = k, source = \"./m\", inputs = {\"x\": k}) for k in [\"1\", \"2\"]]\n",
				"m/main.bay.star": "load(\"./lib.star\", \"say\")\nx = variable(\"x\")\nsay(x)\n",
				"m/lib.star":      "def say(x):\n    print(\"got\", x)\n",
			},
			want: []string{"print: got 1", "print: got 2"},
		},
		"one file with a name that means nothing": {
			files: map[string]string{
				"main.bay.star":   "stack(name = \"shop\")\nmodule(\"a\", source = \"./m\")\nmodule(\"b\", source = \"./m\")\n",
				"m/main.bay.star": "x = lost\n",
			},
			want: []string{"m/main.bay.star:1:5: error: nothing has the name \"lost\"", "called from main.bay.star:2:1 (module.a)"}, // of equal messages one is shown
		},
	} {
		t.Run(name, func(t *testing.T) {
			write(t, c.files)
			res := Load(Options{Universe: loadtest.Universe()})
			var got strings.Builder
			if err := diag.Write(&got, res.Diags, res.Sources, false); err != nil {
				t.Fatal(err)
			}
			for _, want := range c.want {
				if n := strings.Count(got.String(), want); n != 1 {
					t.Errorf("%q is said %d times:\n%s", want, n, got.String())
				}
			}
		})
	}
}

// TestLed holds that a mistake stands where it was made, with all calls that
// led there, those of modules and those of functions.
func TestLed(t *testing.T) {
	write(t, map[string]string{
		"main.bay.hcl":    "stack { name = \"shop\" }\nmodule \"a\" { source = \"./a\" }\n",
		"a/main.bay.star": "def f(m):\n    module(\"b\", source = \"./b\", inputs = {\"m\": m})\n\nf(\"lots\")\n",
		"a/b/b.bay.hcl":   "variable \"m\" {}\ncontainer \"c\" { memory = var.m }\n",
	})
	res := Load(Options{Universe: loadtest.Universe()})
	var got strings.Builder
	if err := diag.Write(&got, res.Diags, res.Sources, false); err != nil {
		t.Fatal(err)
	}
	want := `a/b/b.bay.hcl:2:26: error: module.a.module.b.container.c.memory: got "lots", want a size such as "512m"
  2 | container "c" { memory = var.m }
                               ^
  called from main.bay.hcl:2:1 (module.a)
  called from a/main.bay.star:4:1 (f)
  called from a/main.bay.star:2:5 (module.a.module.b)
  hint: units are b, k, m, g, t, in powers of 1024; a plain number is bytes
`
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Error(diff)
	}
}

// TestRoot holds that a stack can have modules and files beside it, if it says so.
func TestRoot(t *testing.T) {
	files := map[string]string{
		"shop/main.bay.hcl":  "stack {\n  name = \"shop\"\n  root = \"..\"\n}\nmodule \"b\" { source = \"../box\" }\nlibrary \"l\" { source = \"../lib/l.star\" }\noutput \"o\" { value = [module.b.motd, l::f(1), file(\"../box/motd\")] }\n",
		"shop/main.bay.star": "stack(name = \"shop\", root = \"..\")\nload(\"../lib/l.star\", \"f\")\nb = module(\"b\", source = \"../box\")\noutput(\"o\", [b.motd, f(1), file(\"../box/motd\")])\n",
		"box/box.bay.hcl":    "container \"this\" { memory = \"1m\" }\noutput \"motd\" { value = file(\"motd\") }\n",
		"box/motd":           "hello",
		"lib/l.star":         "def f(x):\n    return x + 1\n",
	}
	write(t, files)
	t.Chdir("shop")
	for _, body := range []string{"main.bay.hcl", "main.bay.star"} {
		res := Load(Options{Universe: loadtest.Universe(), Path: body})
		if res.Diags.HasErrors() {
			t.Errorf("%s: %v", body, res.Diags)
			continue
		}
		this := res.Program.Resources[0]
		if got := res.Program.Outputs[0].Value.Show(); got != "[hello, 2, hello]" || this.Pos.String() != "../box/box.bay.hcl:1:1" ||
			this.Dir != filepath.Join(res.Program.Dir, "box") || res.Sources["../box/box.bay.hcl"] == nil {
			t.Errorf("%s: got %s, %s in %s of %s", body, got, this.Pos, this.Dir, res.Program.Dir)
		}
	}
	disk := strings.Repeat("../", 100)
	for root, want := range map[string]string{
		"x":    `main.bay.hcl:3:10: stack.root: "x" is not above the directory of the stack`,
		"../x": `main.bay.hcl:3:10: stack.root: "../x" is not above the directory of the stack`,
		"/":    `main.bay.hcl:3:10: stack.root: "/" is an absolute path, and another checkout lies elsewhere`,
		disk:   `main.bay.hcl:3:10: stack.root: "` + disk + `" is all of this machine's disk, and what lies there is not the stack's`,
	} {
		text := "stack {\n  name = \"shop\"\n  root = \"" + root + "\"\n}\n"
		if err := os.WriteFile("main.bay.hcl", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if res := Load(Options{Universe: loadtest.Universe(), Path: "main.bay.hcl"}); res.Diags.Error() != want {
			t.Errorf("%s: got %v, want %s", root, res.Diags, want)
		}
	}
}

// box is a module of one container.
const box = `variable "memory" {
  type        = string
  default     = "1m"
  description = "Limit."
}
variable "secret" {
  type      = string
  default   = "x"
  sensitive = true
}
variable "port" {
  type    = number
  default = 80
  validation {
    condition     = var.port < 1000
    error_message = "want less than 1000, got ${var.port}"
  }
}
variable "net" {
  type    = network
  default = null
}
variable "opts" {
  type     = object({ tag = optional(string, "t"), deep = optional(object({ n = optional(number, 7) }), {}) })
  default  = {}
  nullable = false
}
container "this" {
  memory   = var.memory
  networks = var.net == null ? [] : [var.net]
  env      = { P = var.port, S = var.secret, T = var.opts.tag, N = var.opts.deep.n }
}
output "container" { value = container.this }
output "all" { value = { name = container.this.name, ip = container.this.ip } }
output "pw" { value = "pw:${var.secret}" }
`

// needy is a module with variables that have no default.
const needy = `a = variable("a", type = "number", description = "How many.")
b = variable("b", type = "list(object({ name = string, port = optional(number, 80) }))", nullable = False)
output("n", a)
output("names", [x.name + ":" + str(x.port) for x in b])
`

// secretly is the beginning of a module with a sensitive map.
const (
	secretly     = "variable \"m\" {\n type = map(string)\n sensitive = true\n}\n"
	secretlyStar = "m = variable(\"m\", type = \"map(string)\", sensitive = True)\n"
)

var calls = []struct {
	name, hcl, star, wrong string
	files                  map[string]string
	has                    []string // in the program
	vars                   []Var
}{
	{name: "outputs", files: map[string]string{"m/box.bay.hcl": box},
		hcl:  "module \"b\" {\n source = \"./m\"\n inputs = { memory = \"2m\", opts = { tag = 5 } }\n}\noutput \"o\" { value = [module.b.all, module.b.all.name, module.b.container.memory, module.b[\"pw\"]] }",
		star: "b = module(\"b\", source = \"./m\", inputs = {\"memory\": \"2m\", \"opts\": {\"tag\": 5}})\noutput(\"o\", [b.all, b.all.name, b.container.memory, b.pw])",
		has:  []string{`"shop-b"`, `"str": "5"`, `"str": "7"`, `"sensitive": true`}},
	{name: "many", files: map[string]string{"m/box.bay.hcl": box},
		hcl:  "module \"b\" {\n for_each = { eu = 1, us = 2 }\n source = \"./m\"\n inputs = { port = each.value }\n}\noutput \"o\" { value = [module.b[\"eu\"].container.name, [for k, b in module.b : \"${k}=${b.container.name}\"]] }",
		star: "b = {k: module(\"b\", key = k, source = \"./m\", inputs = {\"port\": p}) for k, p in {\"eu\": 1, \"us\": 2}.items()}\noutput(\"o\", [b[\"eu\"].container.name, [\"%s=%s\" % (k, x.container.name) for k, x in b.items()]])",
		has:  []string{`"module.b[\"eu\"].container.this"`, `"shop-b-us"`}},
	{name: "many under range", files: map[string]string{"m/box.bay.hcl": box},
		hcl:  "module \"b\" {\n for_each = range(2)\n source = \"./m\"\n}\noutput \"o\" { value = [module.b[1].container.name, module.b[*].container.name, module.b[\"0\"].pw] }",
		star: "b = [module(\"b\", key = str(i), source = \"./m\") for i in range(2)]\noutput(\"o\", [b[1].container.name, [x.container.name for x in b], b[0].pw])"},
	{name: "none", files: map[string]string{"m/box.bay.hcl": box},
		hcl:  "module \"b\" {\n enabled = false\n source = \"./m\"\n}\ncontainer \"c\" { depends_on = [module.b] }\noutput \"o\" { value = module.b == null }",
		star: "b = module(\"b\", enabled = False, source = \"./m\")\ncontainer(\"c\", depends_on = [b])\noutput(\"o\", b == None)"},
	{name: "an output of none", wrong: "module.b does not exist, since its `enabled` is off", files: map[string]string{"m/box.bay.hcl": box},
		hcl:  "module \"b\" {\n enabled = false\n source = \"./m\"\n}\noutput \"o\" { value = module.b.pw }",
		star: "b = module(\"b\", enabled = False, source = \"./m\")\noutput(\"o\", b.pw)"},
	{name: "order", files: map[string]string{"m/box.bay.hcl": box},
		hcl:  "container \"a\" {}\nmodule \"b\" {\n source = \"./m\"\n depends_on = [healthy(container.a, \"5s\")]\n}\ncontainer \"c\" { depends_on = [module.b] }\ncontainer \"d\" { depends_on = [started(module.b.container)] }",
		star: "a = container(\"a\")\nb = module(\"b\", source = \"./m\", depends_on = [healthy(a, \"5s\")])\ncontainer(\"c\", depends_on = [b])\ncontainer(\"d\", depends_on = [started(b.container)])",
		has:  []string{`"to": "module.b.container.this"`, `"to": "container.a"`}},
	{name: "a condition on a module", files: map[string]string{"m/box.bay.hcl": box},
		hcl:  "network \"n\" {}\nmodule \"b\" { source = \"./m\" }\ncontainer \"c\" { depends_on = [healthy(module.b, \"5s\")] }",
		star: "network(\"n\")\nb = module(\"b\", source = \"./m\")\ncontainer(\"c\", depends_on = [healthy(b, \"5s\")])",
		has:  []string{`"in": "module.b"`, `"limit": 5000000000`}},
	{name: "a condition on a module of which nothing runs", wrong: "container.c.depends_on: module.b has nothing that runs, so that nobody can wait for it to be completed", files: map[string]string{"m/main.bay.star": "network(\"n\")\n"},
		hcl:  "module \"b\" { source = \"./m\" }\ncontainer \"c\" { depends_on = [completed(module.b)] }",
		star: "b = module(\"b\", source = \"./m\")\ncontainer(\"c\", depends_on = [completed(b)])"},
	{name: "handles and what only the engine knows", files: map[string]string{"m/box.bay.hcl": box, "n/main.bay.star": "ip = variable(\"ip\", type = \"string\")\nc = variable(\"c\", type = \"container\")\ncontainer(\"x\", env = {\"URL\": \"http://%s/%s\" % (ip, c.name)})\n"},
		hcl:  "network \"n\" {}\nmodule \"b\" {\n source = \"./m\"\n inputs = { net = network.n }\n}\nmodule \"x\" {\n source = \"./n\"\n inputs = { ip = module.b.all.ip, c = module.b.container }\n}",
		star: "n = network(\"n\")\nb = module(\"b\", source = \"./m\", inputs = {\"net\": n})\nmodule(\"x\", source = \"./n\", inputs = {\"ip\": b.all.ip, \"c\": b.container})",
		has:  []string{`"addr": "module.b.container.this"`, `"attr": "ip"`}},
	{name: "a sensitive value where it was not asked for", files: map[string]string{"m/box.bay.hcl": box},
		hcl:  "variable \"p\" {\n default = 5\n sensitive = true\n}\nmodule \"b\" {\n source = \"./m\"\n inputs = { port = var.p }\n}\noutput \"o\" { value = module.b.container.env }",
		star: "p = variable(\"p\", default = 5, sensitive = True)\nb = module(\"b\", source = \"./m\", inputs = {\"port\": p})\noutput(\"o\", b.container.env)"},
	{name: "a rule that a sensitive value does not pass", wrong: "its message would show a sensitive value", files: map[string]string{"m/box.bay.hcl": box},
		hcl:  "variable \"p\" {\n default = 5000\n sensitive = true\n}\nmodule \"b\" {\n source = \"./m\"\n inputs = { port = var.p }\n}",
		star: "p = variable(\"p\", default = 5000, sensitive = True)\nmodule(\"b\", source = \"./m\", inputs = {\"port\": p})"},

	{name: "for_each over a sensitive input", wrong: "for_each cannot depend on a sensitive value", files: map[string]string{"m/box.bay.hcl": secretly + `container "c" { for_each = var.m }`},
		hcl:  "module \"b\" {\n source = \"./m\"\n inputs = { m = { x = \"hunter2\" } }\n}",
		star: "module(\"b\", source = \"./m\", inputs = {\"m\": {\"x\": \"hunter2\"}})"},
	{name: "for_each over the keys of a sensitive input", wrong: "for_each cannot depend on a sensitive value", files: map[string]string{"m/box.bay.hcl": secretly + `container "c" { for_each = keys(var.m) }`},
		hcl:  "module \"b\" {\n source = \"./m\"\n inputs = { m = { x = \"hunter2\" } }\n}",
		star: "module(\"b\", source = \"./m\", inputs = {\"m\": {\"x\": \"hunter2\"}})"},
	{name: "a sensitive input as labels", wrong: "module.b.container.c.labels: a sensitive value cannot be used here", files: map[string]string{"m/box.bay.hcl": secretly + `container "c" { labels = var.m }`},
		hcl:  "module \"b\" {\n source = \"./m\"\n inputs = { m = { x = \"hunter2\" } }\n}",
		star: "module(\"b\", source = \"./m\", inputs = {\"m\": {\"x\": \"hunter2\"}})"},
	{name: "a for over a sensitive input", wrong: "a for cannot walk over a sensitive value", files: map[string]string{"m/main.bay.star": secretlyStar + "[container(\"c\", key = k) for k in m]"},
		hcl:  "module \"b\" {\n source = \"./m\"\n inputs = { m = { x = \"hunter2\" } }\n}",
		star: "module(\"b\", source = \"./m\", inputs = {\"m\": {\"x\": \"hunter2\"}})"},
	{name: "methods of a sensitive input", wrong: "a sensitive map has no method \"items\" ~ take an element with [ ], or use functions", files: map[string]string{"m/main.bay.star": secretlyStar + "[container(\"c\", key = k) for k, v in m.items()]"},
		hcl:  "module \"b\" {\n source = \"./m\"\n inputs = { m = { x = \"hunter2\" } }\n}",
		star: "module(\"b\", source = \"./m\", inputs = {\"m\": {\"x\": \"hunter2\"}})"},
	{name: "a map of which one element is sensitive", files: map[string]string{"m/main.bay.star": "m = variable(\"m\", type = \"map(object({ pw = string, mb = number }))\")\n[container(\"c\", key = k, memory = \"%dm\" % v.mb, env = {\"PW\": v.pw}) for k, v in m.items()]"},
		hcl:  "variable \"p\" {\n default = \"hunter2\"\n sensitive = true\n}\nmodule \"b\" {\n source = \"./m\"\n inputs = { m = { x = { pw = var.p, mb = 5 } } }\n}",
		star: "p = variable(\"p\", default = \"hunter2\", sensitive = True)\nmodule(\"b\", source = \"./m\", inputs = {\"m\": {\"x\": {\"pw\": p, \"mb\": 5}}})",
		has:  []string{`"module.b.container.c[\"x\"]"`, `"sensitive": true`, `"5m"`}},

	{name: "a rule", wrong: "module.b.inputs.port: want less than 1000, got 2000", files: map[string]string{"m/box.bay.hcl": box},
		hcl:  "module \"b\" {\n source = \"./m\"\n inputs = { port = 2000 }\n}",
		star: "module(\"b\", source = \"./m\", inputs = {\"port\": 2000})"},
	{name: "a rule that would look into what only the engine knows", wrong: "module.b.inputs.port: container.a.ip is known only to a running engine, and a validation decides on it", files: map[string]string{"m/box.bay.hcl": box},
		hcl:  "container \"a\" {}\nmodule \"b\" {\n source = \"./m\"\n inputs = { port = container.a.ip }\n}",
		star: "a = container(\"a\")\nmodule(\"b\", source = \"./m\", inputs = {\"port\": a.ip})"},
	{name: "a wrong type", wrong: `module.b.inputs.port: got "many", want a number`, files: map[string]string{"m/box.bay.hcl": box},
		hcl:  "module \"b\" {\n source = \"./m\"\n inputs = { port = \"many\", net = \"back\", opts = { tga = 1 } }\n}",
		star: "module(\"b\", source = \"./m\", inputs = {\"port\": \"many\", \"net\": \"back\", \"opts\": {\"tga\": 1}})"},
	{name: "a wrong type of a secret", wrong: "module.b.inputs.secret: the value, which is sensitive, is not of the variable's type", files: map[string]string{"m/box.bay.hcl": box},
		hcl:  "module \"b\" {\n source = \"./m\"\n inputs = { secret = [\"hunter2\"] }\n}",
		star: "module(\"b\", source = \"./m\", inputs = {\"secret\": [\"hunter2\"]})"},
	{name: "a wrong type within", wrong: `module.n.inputs.b[1].port: got "x", want a number`, files: map[string]string{"n/main.bay.star": needy},
		hcl:  "module \"n\" {\n source = \"./n\"\n inputs = { a = 1, b = [{ name = \"x\" }, { name = \"y\", port = \"x\" }] }\n}",
		star: "module(\"n\", source = \"./n\", inputs = {\"a\": 1, \"b\": [{\"name\": \"x\"}, {\"name\": \"y\", \"port\": \"x\"}]})"},
	{name: "an input that is missing", wrong: `module.n.inputs: "a" is missing ~ the variable is declared at n/PLACE with type number: How many.`, files: map[string]string{"n/main.bay.star": needy},
		hcl:  "module \"n\" {\n source = \"./n\"\n inputs = { b = null }\n}\noutput \"o\" { value = module.n.n }",
		star: "n = module(\"n\", source = \"./n\", inputs = {\"b\": None})\noutput(\"o\", n.n)"},
	{name: "an unknown input", wrong: `module.n.inputs: the module has no variable "c"`, files: map[string]string{"n/main.bay.star": needy},
		hcl:  "module \"n\" {\n source = \"./n\"\n inputs = { a = 1, b = [], c = 3 }\n}",
		star: "module(\"n\", source = \"./n\", inputs = {\"a\": 1, \"b\": [], \"c\": 3})"},
	{name: "inputs as Terraform takes them", wrong: `module.n: unknown attribute "b" ~ the module's variables get their values in inputs = { b = … }`, files: map[string]string{"n/main.bay.star": needy},
		hcl:  "module \"n\" {\n source = \"./n\"\n b = []\n version = \"1\"\n}",
		star: "module(\"n\", source = \"./n\", b = [], version = \"1\")"},
	{name: "a disabled one as input", wrong: "module.b.inputs.net: network.n does not exist", files: map[string]string{"m/box.bay.hcl": strings.Replace(box, "  default = null\n", "  nullable = false\n", 1)},
		hcl:  "network \"n\" { enabled = false }\nmodule \"b\" {\n source = \"./m\"\n inputs = { net = network.n }\n}",
		star: "n = network(\"n\", enabled = False)\nmodule(\"b\", source = \"./m\", inputs = {\"net\": n})"},
	{name: "a wrong kind", wrong: "module.b.inputs.net: got container.c, want a network", files: map[string]string{"m/box.bay.hcl": box},
		hcl:  "container \"c\" {}\nmodule \"b\" {\n source = \"./m\"\n inputs = { net = container.c }\n}",
		star: "c = container(\"c\")\nmodule(\"b\", source = \"./m\", inputs = {\"net\": c})"},
	{name: "no such output", wrong: `module.b has no output "conatiner" ~ did you mean "container"?`, files: map[string]string{"m/box.bay.hcl": box},
		hcl:  "module \"b\" { source = \"./m\" }\noutput \"o\" { value = module.b.conatiner }",
		star: "b = module(\"b\", source = \"./m\")\noutput(\"o\", b.conatiner)"},
	{name: "a module in text", wrong: "module.b is a module and cannot stand in text", files: map[string]string{"m/box.bay.hcl": box},
		hcl:  "module \"b\" { source = \"./m\" }\noutput \"o\" { value = \"x${module.b}\" }",
		star: "b = module(\"b\", source = \"./m\")\noutput(\"o\", \"x%s\" % b)"},
	{name: "a module as output", wrong: `output "o" is a module`, files: map[string]string{"m/box.bay.hcl": box},
		hcl:  "module \"b\" { source = \"./m\" }\noutput \"o\" { value = module.b }",
		star: "b = module(\"b\", source = \"./m\")\noutput(\"o\", b)"},
	{name: "a module where a network is wanted", wrong: "container.a.networks[0].network: got module.b, want a network", files: map[string]string{"m/box.bay.hcl": box},
		hcl:  "module \"b\" { source = \"./m\" }\ncontainer \"a\" { networks = [module.b] }",
		star: "b = module(\"b\", source = \"./m\")\ncontainer(\"a\", networks = [b])"},
	{name: "two of one name", wrong: "module.b is declared twice", files: map[string]string{"m/box.bay.hcl": box},
		hcl:  "module \"b\" { source = \"./m\" }\nmodule \"b\" { source = \"./m\" }",
		star: "module(\"b\", source = \"./m\")\nmodule(\"b\", source = \"./m\")"},
	{name: "two that meet in one name", wrong: "have one name on the engine: shop-a-b", files: map[string]string{"m/main.bay.star": "container(\"b\")\n", "n/main.bay.star": "container(\"this\")\n"},
		hcl:  "module \"a\" { source = \"./m\" }\nmodule \"a-b\" { source = \"./n\" }",
		star: "module(\"a\", source = \"./m\")\nmodule(\"a-b\", source = \"./n\")"},
	{name: "a mistake within", wrong: `module.b.container.this.memory: got "lots"`, files: map[string]string{"m/box.bay.hcl": box},
		hcl:  "module \"b\" {\n source = \"./m\"\n inputs = { memory = \"lots\" }\n}\noutput \"o\" { value = \"${module.b.container.memory} ${module.b.nope}\" }",
		star: "b = module(\"b\", source = \"./m\", inputs = {\"memory\": \"lots\"})\noutput(\"o\", \"%s %s\" % (b.container.memory, b.nope))"},
	{name: "a stack within", wrong: "stack stands in a module", files: map[string]string{"m/main.bay.star": "stack(name = \"x\")\n"},
		hcl:  "module \"b\" { source = \"./m\" }",
		star: "module(\"b\", source = \"./m\")"},
	{name: "a lifecycle", wrong: "a lifecycle is about one resource", files: map[string]string{"m/box.bay.hcl": box},
		hcl:  "module \"b\" {\n source = \"./m\"\n lifecycle = {}\n}",
		star: "module(\"b\", source = \"./m\", lifecycle = {})"},

	{name: "a source that leads out", wrong: `module.b.source: "../x" leads out of the stack's directory`,
		hcl: "module \"b\" { source = \"../x\" }", star: `module("b", source = "../x")`},
	{name: "a source on the net", wrong: "sources from elsewhere come later",
		hcl:  "module \"b\" { source = \"git::https://example.com/x.git\" }\nmodule \"c\" { source = \"github.com/a/b\" }\nmodule \"d\" { source = \"oci://x/y\" }",
		star: "module(\"b\", source = \"git::https://example.com/x.git\")\nmodule(\"c\", source = \"github.com/a/b\")\nmodule(\"d\", source = \"oci://x/y\")"},
	{name: "a bare source", wrong: `module.b.source: "m" is no source ~ a directory of the stack begins with a dot: "./m"`, files: map[string]string{"m/box.bay.hcl": box},
		hcl: "module \"b\" { source = \"m\" }", star: `module("b", source = "m")`},
	{name: "a source that is not there", wrong: `module.b.source: there is no directory "./mm" ~ did you mean "./m"?`, files: map[string]string{"m/box.bay.hcl": box},
		hcl: "module \"b\" { source = \"./mm\" }", star: `module("b", source = "./mm")`},
	{name: "a source without a body", wrong: "module.b.source: m: there is no module in this directory", files: map[string]string{"m/x.tf": ""},
		hcl: "module \"b\" { source = \"./m\" }", star: `module("b", source = "./m")`},
	{name: "a source with two bodies", wrong: "module.b.source: m: the module is written twice", files: map[string]string{"m/a.bay.hcl": "", "m/main.bay.star": ""},
		hcl: "module \"b\" { source = \"./m\" }", star: `module("b", source = "./m")`},
	{name: "a source with two bodies and the one that is meant", files: map[string]string{"m/a.bay.hcl": "}", "m/main.bay.star": "container(\"x\")\n"},
		hcl: "module \"b\" { source = \"./m/main.bay.star\" }", star: `module("b", source = "./m/main.bay.star")`},
	{name: "a sensitive source", wrong: "module.b.source: a sensitive value cannot be used here",
		hcl:  "variable \"s\" {\n default = \"./m\"\n sensitive = true\n}\nmodule \"b\" { source = var.s }",
		star: "s = variable(\"s\", default = \"./m\", sensitive = True)\nmodule(\"b\", source = s)"},
	{name: "no source", wrong: `module.b: "source" is missing`, hcl: "module \"b\" {}", star: `module("b")`},
	{name: "a cycle", wrong: "module.a.module.b.module.a.source: modules use each other in a cycle: a → b → a",
		files: map[string]string{"a/main.bay.star": "module(\"b\", source = \"../b\")\n", "b/b.bay.hcl": "module \"a\" { source = \"../a\" }\n"},
		hcl:   "module \"a\" { source = \"./a\" }", star: `module("a", source = "./a")`},
	{name: "a module of itself", wrong: "module.a.source: modules use each other in a cycle: . → .",
		hcl: "module \"a\" { source = \".\" }", star: `module("a", source = ".")`},

	{name: "moved into a module", files: map[string]string{"m/box.bay.hcl": box},
		hcl:  "module \"b\" { source = \"./m\" }\nmoved {\n old = \"container.web\"\n new = module.b.container\n}",
		star: "b = module(\"b\", source = \"./m\")\nmoved(old = \"container.web\", new = b.container)",
		has:  []string{`"old": "container.web"`, `"new": "module.b.container.this"`}},
	{name: "moved into a module by address", files: map[string]string{"m/main.bay.star": "n = network(\"n\")\ncontainer(\"c\", networks = [n])\noutput(\"name\", n.name)\n"},
		hcl:  "output \"o\" { value = module.b.name }\nmodule \"b\" { source = \"./m\" }\nmoved {\n old = \"network.back\"\n new = \"module.b.network.n\"\n}",
		star: "moved(old = \"network.back\", new = \"module.b.network.n\")\nb = module(\"b\", source = \"./m\")\noutput(\"o\", b.name)",
		has:  []string{`"name": "shop-back"`, `"new": "module.b.network.n"`}},
	{name: "moved too late", wrong: "moved: the name of module.b.network.n follows from this, and was used before", files: map[string]string{"m/main.bay.star": "n = network(\"n\")\ncontainer(\"c\", networks = [n])\noutput(\"n\", n)\n"},
		hcl:  "module \"b\" { source = \"./m\" }\nmoved {\n old = \"network.back\"\n new = module.b.n\n}",
		star: "b = module(\"b\", source = \"./m\")\nmoved(old = \"network.back\", new = b.n)"},
	{name: "moved within a module", files: map[string]string{"m/box.bay.hcl": box + "moved {\n old = \"container.old\"\n new = container.this\n}\nforget { address = \"network.gone\" }\n"},
		hcl:  "module \"b\" {\n for_each = [\"x\"]\n source = \"./m\"\n}",
		star: "module(\"b\", source = \"./m\", key = \"x\")",
		has:  []string{`"old": "module.b[\"x\"].container.old"`, `"new": "module.b[\"x\"].container.this"`, `"addr": "module.b[\"x\"].network.gone"`}},
	{name: "a module that has another name", files: map[string]string{"m/main.bay.star": "n = network(\"n\")\nmodule(\"in\", source = \"../k\", inputs = {\"n\": n})\n", "k/k.bay.hcl": "variable \"n\" { type = network }\ncontainer \"c\" { networks = [var.n] }\n"},
		hcl:  "module \"b\" {\n for_each = [\"x\", \"y\"]\n source = \"./m\"\n}\nmoved {\n old = \"module.a\"\n new = module.b\n}",
		star: "moved(old = \"module.a\", new = \"module.b\")\n[module(\"b\", source = \"./m\", key = k) for k in [\"x\", \"y\"]]",
		has:  []string{`"old": "module.a[\"x\"].module.in.container.c"`, `"new": "module.b[\"y\"].network.n"`, `"name": "shop-a-x-n"`, `"name": "shop-b-y-in-c"`}},
	{name: "a module that becomes a resource", wrong: "moved: module.a cannot become container.c: a module becomes a module",
		hcl:  "container \"c\" {}\nmoved {\n old = \"module.a\"\n new = container.c\n}",
		star: "moved(old = \"module.a\", new = container(\"c\"))"},
	{name: "moved to text that is no address of a module", wrong: "moved.new: got \"container.c\", want a resource",
		hcl:  "container \"c\" {}\nmoved {\n old = \"container.a\"\n new = \"container.c\"\n}",
		star: "container(\"c\")\nmoved(old = \"container.a\", new = \"container.c\")"},
	{name: "adopted in a module", files: map[string]string{"m/box.bay.hcl": box},
		hcl:  "module \"b\" { source = \"./m\" }\nadopt {\n resource = \"module.b.container.this\"\n name = \"old_box\"\n}\noutput \"o\" { value = module.b.container.name }",
		star: "adopt(resource = \"module.b.container.this\", name = \"old_box\")\nb = module(\"b\", source = \"./m\")\noutput(\"o\", b.container.name)",
		has:  []string{`"str": "old_box"`}},
	{name: "forgotten with its module", files: map[string]string{"m/box.bay.hcl": box},
		hcl: "forget { address = \"module.b\" }", star: `forget(address = "module.b")`, has: []string{`"addr": "module.b"`}},
	{name: "forgotten and declared", wrong: "forget: module.b is still declared", files: map[string]string{"m/box.bay.hcl": box},
		hcl:  "module \"b\" { source = \"./m\" }\nforget { address = \"module.b\" }",
		star: "module(\"b\", source = \"./m\")\nforget(address = \"module.b\")"},
}

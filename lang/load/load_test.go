package load

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"bayplan/lang/load/loadtest"

	"github.com/google/go-cmp/cmp"
)

// write makes a directory with these files, and the current one.
func write(t *testing.T, files map[string]string) {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLoad(t *testing.T) {
	write(t, map[string]string{
		"shop/a.bay.hcl":     "stack { name = \"shop\" }\nnetwork \"back\" {}\n",
		"shop/b.bay.hcl":     "container \"web\" {\n  networks = [network.back]\n  memory = var.m\n  env = { A = file(\"motd\") }\n}\nvariable \"m\" {\n  type = string\n  default = \"1m\"\n}\n",
		"shop/.#b.bay.hcl":   "}",
		"shop/motd":          "hello",
		"shop/sub/c.bay.hcl": "}",
	})
	env := map[string]string{"BAY_VAR_m": "2m", "BAY_VAR_other": "x"}
	lookup := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	for _, c := range []struct {
		o    Options
		want string // memory and the first position
	}{
		{Options{Path: "shop"}, "1m shop/b.bay.hcl:1:1 shop-web"},
		{Options{Path: "shop", Env: lookup}, "2m shop/b.bay.hcl:1:1 shop-web"},
		{Options{Path: "shop/", Env: lookup, Vars: []Var{{Name: "m", Value: "3m"}, {Name: "m", Value: "4m"}}}, "4m shop/b.bay.hcl:1:1 shop-web"},
		{Options{Path: "./shop/a.bay.hcl", Stack: "test"}, "1m shop/b.bay.hcl:1:1 test-web"},
		{Options{Path: "../" + base(t) + "/shop"}, "1m ../" + base(t) + "/shop/b.bay.hcl:1:1 shop-web"},
	} {
		c.o.Universe = loadtest.Universe()
		res := Load(c.o)
		if res.Diags.HasErrors() {
			t.Errorf("%+v: %v", c.o, res.Diags)
			continue
		}
		web := res.Program.Resources[0]
		if got := web.Attr("memory").Value.Str + " " + web.Pos.String() + " " + web.Name; got != c.want {
			t.Errorf("%+v: got %s, want %s", c.o, got, c.want)
		}
		if res.Program.Dir != web.Dir || !filepath.IsAbs(web.Dir) || res.Sources[web.Pos.File] == nil {
			t.Errorf("%+v: directory %s, sources %d", c.o, web.Dir, len(res.Sources))
		}
	}
}

// TestBothBodies loads each of two bodies by its name, and nothing of the other.
func TestBothBodies(t *testing.T) {
	write(t, map[string]string{"d/main.bay.hcl": "stack { name = \"hcl\" }\n", "d/main.bay.star": "stack(name = \"star\")\n"})
	for path, want := range map[string]string{"d/main.bay.hcl": "hcl", "d/main.bay.star": "star"} {
		res := Load(Options{Universe: loadtest.Universe(), Path: path})
		if res.Program == nil || res.Program.Stack != want {
			t.Errorf("%s: %+v", path, res)
		}
	}
}

func base(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Base(dir)
}

func TestLoadErrors(t *testing.T) {
	const ok = "stack { name = \"t\" }\n"
	for name, c := range map[string]struct {
		files map[string]string
		path  string
		vars  []Var
		want  string // the message and the hint
	}{
		"missing":     {nil, "x", nil, "x: there is no such directory\n"},
		"empty":       {map[string]string{"d/x": ""}, "d", nil, "d: there is no stack in this directory\nbay looks for " + patterns() + "; `bay init` begins one"},
		"other name":  {map[string]string{"d/main.hcl": ""}, "d", nil, "d: there is no stack in this directory\nbay looks for " + patterns() + "; there is main.hcl, whose name would have to be main.bay.hcl"},
		"library":     {map[string]string{"d/lib.star": ""}, "d", nil, "d: there is no stack in this directory\nbay looks for " + patterns() + "; there is lib.star, which only main.bay.star can load"},
		"two bodies":  {map[string]string{"d/a.bay.hcl": ok, "d/main.bay.star": ""}, "d", nil, "d: the stack is written twice, in a.bay.hcl and in main.bay.star\nname the one that is meant: d/main.bay.star"},
		"compose":     {map[string]string{"d/compose.yaml": ""}, "d", nil, "d: there is no stack in this directory\nbay looks for " + patterns() + "; there is compose.yaml, which is of another tool"},
		"wrong file":  {map[string]string{"d/x.txt": ""}, "d/x.txt", nil, "d/x.txt: this is no file of a stack\na stack is written in " + patterns()},
		"too large":   {map[string]string{"d/a.bay.hcl": string(bytes.Repeat([]byte("#"), 2<<20))}, "d", nil, "d/a.bay.hcl: \"a.bay.hcl\" is too large: at most 1048576 bytes are read\n"},
		"unknown var": {map[string]string{"a.bay.hcl": ok + "variable \"size\" { default = 1 }\n"}, "", []Var{{Name: "sise", Value: "1"}}, "-: --var sise: the program declares no such variable\ndid you mean \"size\"?"},
		"no name":     {map[string]string{"a.bay.hcl": "container \"x\" {}\n"}, ".", nil, "a.bay.hcl:1:1: the stack has no name yet\nwrite stack { name = \"shop\" } (HCL) or stack(name = \"shop\") (Starlark) first; a module has none, and is checked with a stack that uses it"},
		"leads out":   {map[string]string{"d/a.bay.hcl": ok + "locals { x = file(\"../x\") }\n", "x": ""}, "d", nil, "d/a.bay.hcl:2:14: file: \"../x\" leads out of the stack's directory\n"},
		"absolute":    {map[string]string{"d/a.bay.hcl": ok + "locals { x = file(\"/etc/hostname\") }\n"}, "d", nil, "d/a.bay.hcl:2:14: file: \"/etc/hostname\" is an absolute path, and files are read only below the stack's directory\n"},
		"no file":     {map[string]string{"a.bay.hcl": ok + "locals { x = file(\"x\") }\n"}, "", nil, "a.bay.hcl:2:14: file: there is no file \"x\"\n"},
		"no regular":  {map[string]string{"a.bay.hcl": ok + "locals { x = file(\"d\") }\n", "d/x": ""}, "", nil, "a.bay.hcl:2:14: file: \"d\" is not a regular file\n"},
	} {
		t.Run(name, func(t *testing.T) {
			write(t, c.files)
			res := Load(Options{Universe: loadtest.Universe(), Path: c.path, Vars: c.vars})
			if len(res.Diags) != 1 || res.Program != nil {
				t.Fatalf("got %v, want one message", res.Diags)
			}
			if diff := cmp.Diff(c.want, res.Diags[0].String()+"\n"+res.Diags[0].Hint); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestOpaque holds that a sensitive input which is not asked for is whatever a
// program takes it for, in both languages.
func TestOpaque(t *testing.T) {
	files := map[string]string{"main.bay.hcl": `
stack { name = "t" }
variable "pw" {
  type      = object({ user = string, n = number })
  sensitive = true
}
variable "raw" { sensitive = true }
variable "all" {
  type      = map(string)
  sensitive = true
}
variable "keys" {
  type      = list(string)
  sensitive = true
}
registry "example.org" {
  username = "me"
  password = var.pw.user
}
container "x" {
  env = {
    A = "${var.pw.user}:${upper(var.raw)}", B = var.pw.n + 1, C = jsondecode(var.raw).x.y, D = var.all.one, E = var.all["two"], F = var.keys[3], G = -var.pw.n
    H = var.raw.x
  }
}
container "y" { memory = "1m" }
output "d" {
  value     = var.all["two"]
  sensitive = true
}
`, "main.bay.star": `
stack(name = "t")
pw = variable("pw", type = "object({ user = string, n = number })", sensitive = True)
raw = variable("raw", sensitive = True)
all = variable("all", type = "map(string)", sensitive = True)
keys = variable("keys", type = "list(string)", sensitive = True)
registry("example.org", username = "me", password = pw["user"])
container("x", env = {
    "A": "%s:%s" % (pw.user, raw.upper()), "B": pw.n + 1, "C": jsondecode(raw).x.y, "D": all.one, "E": all["two"], "F": keys[3], "G": -pw["n"],
    "H": raw.x, "I": raw.split(",")[1],
})
container("y", memory = "1m")
output("d", all["two"], sensitive = True)
`}
	write(t, files)
	for path := range files {
		res := Load(Options{Universe: loadtest.Universe(), Path: path, Opaque: true})
		if res.Diags.HasErrors() {
			t.Errorf("%s: opaque: %v", path, res.Diags)
			continue
		}
		env := res.Program.Resources[0].Attr("env")
		if len(env.Value.Map) < 8 {
			t.Errorf("%s: %s", path, env.Value.Show())
		}
		for _, name := range slices.Sorted(maps.Keys(env.Value.Map)) {
			if v := env.Value.Map[name]; !v.Sensitive || !v.Opaque || v.IsNull() {
				t.Errorf("%s: %s is %+v", path, name, v)
			}
		}
		if len(res.Program.Outputs) != 1 || len(res.Program.Logins) != 1 {
			t.Errorf("%s: outputs %v, logins %v", path, res.Program.Outputs, res.Program.Logins)
		}
		if res := Load(Options{Universe: loadtest.Universe(), Path: path}); len(res.Diags) != 1 {
			t.Errorf("%s: without a value: %v", path, res.Diags)
		}
	}
}

func TestSource(t *testing.T) {
	write(t, map[string]string{"s/a": "A", "s/d/b": "B", "s/d/e/c": "C", "out": "X"})
	for link, to := range map[string]string{"s/in": "d/b", "s/away": "../out", "s/d/dir": "e"} {
		if err := os.Symlink(to, link); err != nil {
			t.Fatal(err)
		}
	}
	src, err := openSource(Machine{}, "s")
	if err != nil {
		t.Fatal(err)
	}
	defer src.close()
	if f, err := src.Open(filepath.Join(src.abs, "d"), "../in"); err != nil || string(f.Src) != "B" || f.Name != "s/in" {
		t.Errorf("a link within: %+v, %v", f, err)
	}
	if _, err := src.Open(src.abs, "away"); err == nil || err.Error() != `"away" leads out of the stack's directory by a link` {
		t.Errorf("a link out: %v", err)
	}
	got, err := src.Files(src.abs, "d")
	if diff := cmp.Diff([]string{"b", "e/c"}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if _, err := src.Files(src.abs, "a"); err == nil {
		t.Error("a file was listed")
	}
}

// TestFull holds that both languages end a stack of too many resources.
func TestFull(t *testing.T) {
	blocks := "stack { name = \"t\" }\n"
	for i := range 31 {
		blocks += fmt.Sprintf("network \"n%d\" { for_each = range(1000) }\n", i)
	}
	for body, text := range map[string]string{
		"main.bay.hcl":  blocks,
		"main.bay.star": "stack(name = \"t\")\n[network(\"n\", key = str(i)) for i in range(31000)]\n",
	} {
		write(t, map[string]string{body: text})
		res := Load(Options{Universe: loadtest.Universe(), Path: body})
		if len(res.Diags) != 1 || !strings.HasPrefix(res.Diags[0].String(), body+":") || !strings.Contains(res.Diags[0].Msg, "at most 30000 resources") {
			t.Errorf("%s: got %v, want one error", body, res.Diags)
		}
	}
}

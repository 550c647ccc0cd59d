package modules_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"bayplan/interpreter"
	"bayplan/lang/ir"
	"bayplan/lang/load"
	"bayplan/stdlib"

	"github.com/google/go-cmp/cmp"
)

// calls are how each module is used in both languages, with all that it has to
// be given.
var calls = map[string]struct{ hcl, star string }{
	"postgres": {`{ password = var.secret, network = network.back }`, `{"password": secret, "network": back}`},
	"redis":    {`{ password = var.secret, network = network.back }`, `{"password": secret, "network": back}`},
}

// use writes a stack that uses a module in both languages, and loads it in one.
func use(t *testing.T, name, hcl, star, body string) load.Result {
	t.Helper()
	dir := t.TempDir()
	for file, text := range map[string]string{
		"main.bay.hcl": "stack { name = \"t\" }\nvariable \"secret\" {\n  default   = \"hunter2hunter2\"\n  sensitive = true\n}\nnetwork \"back\" {}\n" +
			"module \"x\" {\n  source = \"std/" + name + "\"\n  inputs = " + hcl + "\n}\noutput \"host\" { value = module.x.host }\noutput \"url\" { value = module.x.url }\n",
		"main.bay.star": "stack(name = \"t\")\nsecret = variable(\"secret\", default = \"hunter2hunter2\", sensitive = True)\nback = network(\"back\")\n" +
			"x = module(\"x\", source = \"std/" + name + "\", inputs = " + star + ")\noutput(\"host\", x.host)\noutput(\"url\", x.url)\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	bay := interpreter.Bay{Kinds: stdlib.Kinds(), Funcs: stdlib.Funcs(), Modules: stdlib.Modules()}
	return bay.Load(interpreter.Program{Path: filepath.Join(dir, body), Env: func(string) (string, bool) { return "", false }})
}

func names(t *testing.T) []string {
	t.Helper()
	entries, err := fs.ReadDir(stdlib.Modules(), ".")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		if e.IsDir() {
			out = append(out, e.Name())
		}
	}
	return out
}

// TestBoth holds that each module can be used in both languages, to the same
// effect, and has what every module of bay's has.
func TestBoth(t *testing.T) {
	for _, name := range names(t) {
		t.Run(name, func(t *testing.T) {
			c, ok := calls[name]
			if !ok {
				t.Fatal("it is not in the table of calls, so that no test uses it")
			}
			hcl, star := use(t, name, c.hcl, c.star, "main.bay.hcl"), use(t, name, c.hcl, c.star, "main.bay.star")
			if hcl.Diags.HasErrors() || star.Diags.HasErrors() {
				t.Fatal(hcl.Diags, star.Diags)
			}
			var seen [2][]string
			for i, res := range []load.Result{hcl, star} {
				for _, r := range res.Program.Resources {
					line := r.Addr.String() + " " + r.Name
					for _, a := range r.Attrs {
						line += " " + a.Name + "=" + a.Value.Show()
					}
					seen[i] = append(seen[i], line)
				}
				for _, o := range res.Program.Outputs {
					seen[i] = append(seen[i], o.Name+"="+o.Value.Show())
				}
			}
			if diff := cmp.Diff(seen[0], seen[1]); diff != "" {
				t.Errorf("the languages make two things of it (-HCL +Starlark):\n%s", diff)
			}
			for _, r := range hcl.Program.Resources {
				for _, want := range []string{"healthcheck", "memory", "pids_limit", "restart", "mounts"} {
					if r.Addr.Kind == "container" && r.Attr(want) == nil {
						t.Errorf("%s has no %s", r.Addr, want)
					}
				}
			}
			if !slices.ContainsFunc(hcl.Program.Outputs, func(o ir.Output) bool { return o.Name == "host" && o.Value.Str == "t-x" }) {
				t.Errorf("its host is not t-x: %v", hcl.Program.Outputs)
			}
		})
	}
}

// TestDescribed holds that every input says what it is.
func TestDescribed(t *testing.T) {
	for _, name := range names(t) {
		body := bodyOf(t, name)
		for _, part := range strings.Split(body, "variable")[1:] {
			if (strings.HasPrefix(part, " \"") || strings.HasPrefix(part, "(")) && !strings.Contains(part, "description") {
				first, _, _ := strings.Cut(part, "\n")
				t.Errorf("std/%s: variable%s … has no description", name, first)
			}
		}
	}
}

func bodyOf(t *testing.T, name string) string {
	t.Helper()
	for _, file := range []string{"/main.bay.hcl", "/main.bay.star"} {
		if data, err := fs.ReadFile(stdlib.Modules(), name+file); err == nil {
			return string(data)
		}
	}
	t.Fatalf("std/%s has no body", name)
	return ""
}

// TestRefused has inputs that the modules do not take, and what they say.
func TestRefused(t *testing.T) {
	for _, c := range []struct{ name, hcl, star, want string }{
		{"postgres", `{}`, `{}`, `module.x.inputs: "password" is missing`},
		{"postgres", `{ password = "abc" }`, `{"password": "abc"}`, "module.x.inputs.password: the password has fewer than 8 characters"},
		{"postgres", `{ password = "abcdefgh", database = "my db" }`, `{"password": "abcdefgh", "database": "my db"}`, "module.x.inputs.database: want a name of letters"},
		{"postgres", `{ password = "abcdefgh", version = "9.6" }`, `{"password": "abcdefgh", "version": "9.6"}`, "module.x.inputs.version: want a tag of version 13 to 17"},
		{"postgres", `{ password = "abcdefgh", port = 70000 }`, `{"password": "abcdefgh", "port": 70000}`, "module.x.inputs.port: want a port from 1 to 65535, got 70000"},
		{"postgres", `{ password = "abcdefgh", init = { "a.txt" = "" } }`, `{"password": "abcdefgh", "init": {"a.txt": ""}}`, "module.x.inputs.init: the name of a script ends in .sql or .sh: got a.txt"},
		{"postgres", `{ password = "abcdefgh", memory = "lots" }`, `{"password": "abcdefgh", "memory": "lots"}`, `module.x.container.this.memory: got "lots"`},
		{"redis", `{ eviction = "lru" }`, `{"eviction": "lru"}`, "module.x.inputs.eviction: there is no policy lru"},
		{"redis", `{ password = "a b" }`, `{"password": "a b"}`, "module.x.inputs.password: the password has spaces, quotes"},
		{"redis", `{ version = "latest" }`, `{"version": "latest"}`, "module.x.inputs.version: want a tag of version 6, 7 or 8"},
	} {
		for _, body := range []string{"main.bay.hcl", "main.bay.star"} {
			res := use(t, c.name, c.hcl, c.star, body)
			if len(res.Diags) == 0 || !strings.HasPrefix(res.Diags[0].Msg, c.want) {
				t.Errorf("std/%s from %s with %s: got %v, want %s", c.name, body, c.hcl, res.Diags, c.want)
			}
		}
	}
}

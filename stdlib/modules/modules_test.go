package modules_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"bayplan/interpreter"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/load"
	"bayplan/lang/schema"
	"bayplan/stdlib"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// call is how a module is used in both languages.
type call struct{ hcl, star string }

// calls are the uses of each module: with what it has to be given, and with all
// that it takes.
var calls = map[string]struct{ least, most call }{
	"postgres": {
		call{`{ password = var.secret }`, `{"password": secret}`},
		call{
			`{ password = var.secret, database = "d", user = "u", version = "16.4", network = network.back, aliases = ["db"], port = 5432, settings = { max_connections = 9 }, init = { "1.sql" = "" }, protect = true, memory = "1g", cpus = 1.5, shm_size = "64m" }`,
			`{"password": secret, "database": "d", "user": "u", "version": "16.4", "network": back, "aliases": ["db"], "port": 5432, "settings": {"max_connections": 9}, "init": {"1.sql": ""}, "protect": True, "memory": "1g", "cpus": 1.5, "shm_size": "64m"}`,
		},
	},
	"redis": {
		call{`{}`, `{}`},
		call{
			`{ password = "${var.secret}\\", version = "7.2", network = network.back, aliases = ["c"], port = 6379, persist = false, protect = true, max_memory = "9mb", eviction = "allkeys-lru", memory = "64m", cpus = 0.5 }`,
			`{"password": secret + "\\", "version": "7.2", "network": back, "aliases": ["c"], "port": 6379, "persist": False, "protect": True, "max_memory": "9mb", "eviction": "allkeys-lru", "memory": "64m", "cpus": 0.5}`,
		},
	},
	"mysql": {
		call{`{ password = var.secret }`, `{"password": secret}`},
		call{
			`{ password = var.secret, root_password = "${var.secret}2", database = "d", user = "u", version = "8.0", network = network.back, aliases = ["db"], port = 3306, settings = { max_connections = 9 }, init = { "1.sql" = "" }, protect = true, memory = "2g", cpus = 1.5 }`,
			`{"password": secret, "root_password": secret + "2", "database": "d", "user": "u", "version": "8.0", "network": back, "aliases": ["db"], "port": 3306, "settings": {"max_connections": 9}, "init": {"1.sql": ""}, "protect": True, "memory": "2g", "cpus": 1.5}`,
		},
	},
	"rabbitmq": {
		call{`{ password = var.secret }`, `{"password": secret}`},
		call{
			`{ password = var.secret, user = "u", vhost = "a/b", version = "3.13.7-management", network = network.back, aliases = ["mq"], port = 5672, management_port = 15672, settings = { channel_max = 100 }, protect = true, memory = "1g", cpus = 1 }`,
			`{"password": secret, "user": "u", "vhost": "a/b", "version": "3.13.7-management", "network": back, "aliases": ["mq"], "port": 5672, "management_port": 15672, "settings": {"channel_max": 100}, "protect": True, "memory": "1g", "cpus": 1}`,
		},
	},
	"nginx": {
		call{`{}`, `{}`},
		call{
			`{ proxy_to = "http://web:8000", volume = volume.kept, version = "1.31.4-alpine", network = network.back, aliases = ["www"], port = 8080, public = true, memory = "64m", cpus = 0.5 }`,
			`{"proxy_to": "http://web:8000", "volume": kept, "version": "1.31.4-alpine", "network": back, "aliases": ["www"], "port": 8080, "public": True, "memory": "64m", "cpus": 0.5}`,
		},
	},
	"caddy": {
		call{`{}`, `{}`},
		call{
			`{ site = "example.org", proxy_to = ["a:80", "b:80"], volume = volume.kept, version = "2-alpine", network = network.back, aliases = ["www"], port = 80, https_port = 443, public = true, protect = true, memory = "64m", cpus = 0.5 }`,
			`{"site": "example.org", "proxy_to": ["a:80", "b:80"], "volume": kept, "version": "2-alpine", "network": back, "aliases": ["www"], "port": 80, "https_port": 443, "public": True, "protect": True, "memory": "64m", "cpus": 0.5}`,
		},
	},
	"traefik": {
		call{`{}`, `{}`},
		call{
			"{ routes = { items = { rule = \"Host(`a`)\", urls = [\"http://web:80\"] } }, docker = true, acme_email = \"a@b\", version = \"3\", network = network.back, aliases = [\"www\"], port = 80, https_port = 443, public = true, dashboard_port = 8080, protect = true, memory = \"64m\", cpus = 0.5 }",
			"{\"routes\": {\"items\": {\"rule\": \"Host(`a`)\", \"urls\": [\"http://web:80\"]}}, \"docker\": True, \"acme_email\": \"a@b\", \"version\": \"3\", \"network\": back, \"aliases\": [\"www\"], \"port\": 80, \"https_port\": 443, \"public\": True, \"dashboard_port\": 8080, \"protect\": True, \"memory\": \"64m\", \"cpus\": 0.5}",
		},
	},
	"registry": {
		call{`{}`, `{}`},
		call{
			`{ auth = true, htpasswd = "a:$2y$05$x", mirror_of = "https://registry-1.docker.io", deletes = false, version = "3.0.0", network = network.back, aliases = ["hub"], port = 5000, protect = true, memory = "64m", cpus = 0.5 }`,
			`{"auth": True, "htpasswd": "a:$2y$05$x", "mirror_of": "https://registry-1.docker.io", "deletes": False, "version": "3.0.0", "network": back, "aliases": ["hub"], "port": 5000, "protect": True, "memory": "64m", "cpus": 0.5}`,
		},
	},
	"minio": {
		call{`{ password = var.secret }`, `{"password": secret}`},
		call{
			`{ password = var.secret, user = "admin", region = "eu", version = "RELEASE.2025-04-22T22-12-26Z", network = network.back, aliases = ["s3"], port = 9000, console_port = 9001, protect = true, memory = "2g", cpus = 2 }`,
			`{"password": secret, "user": "admin", "region": "eu", "version": "RELEASE.2025-04-22T22-12-26Z", "network": back, "aliases": ["s3"], "port": 9000, "console_port": 9001, "protect": True, "memory": "2g", "cpus": 2}`,
		},
	},
	"prometheus": {
		call{`{ grafana_password = var.secret }`, `{"grafana_password": secret}`},
		call{
			`{ grafana_password = var.secret, targets = { web = ["a:1", "b:2"] }, interval = "1m", rules = { "a.yml" = "" }, dashboards = { web = "{}" }, retention = "1y", version = "v3.5.0", grafana_version = "11.6.1", network = network.back, aliases = ["p"], port = 9090, grafana_port = 3000, protect = true, memory = "2g", grafana_memory = "1g", cpus = 1 }`,
			`{"grafana_password": secret, "targets": {"web": ["a:1", "b:2"]}, "interval": "1m", "rules": {"a.yml": ""}, "dashboards": {"web": "{}"}, "retention": "1y", "version": "v3.5.0", "grafana_version": "11.6.1", "network": back, "aliases": ["p"], "port": 9090, "grafana_port": 3000, "protect": True, "memory": "2g", "grafana_memory": "1g", "cpus": 1}`,
		},
	},
}

// use writes a stack that uses a module in both languages, and loads it in one.
func use(t *testing.T, name, hcl, star, body string) load.Result {
	t.Helper()
	dir := t.TempDir()
	for file, text := range map[string]string{
		"main.bay.hcl": "stack { name = \"t\" }\nvariable \"secret\" {\n  default   = \"hunter2hunter2\"\n  sensitive = true\n}\nnetwork \"back\" {}\nvolume \"kept\" {}\n" +
			"module \"x\" {\n  source = \"std/" + name + "\"\n  inputs = " + hcl + "\n}\noutput \"host\" { value = module.x.host }\noutput \"port\" { value = module.x.port }\n" +
			"output \"url\" {\n  value = module.x.url\n  sensitive = true\n}\noutput \"container\" { value = module.x.container.name }\n",
		"main.bay.star": "stack(name = \"t\")\nsecret = variable(\"secret\", default = \"hunter2hunter2\", sensitive = True)\nback = network(\"back\")\nkept = volume(\"kept\")\n" +
			"x = module(\"x\", source = \"std/" + name + "\", inputs = " + star + ")\noutput(\"host\", x.host)\noutput(\"port\", x.port)\noutput(\"url\", x.url, sensitive = True)\noutput(\"container\", x.container.name)\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	bay := interpreter.Bay{Kinds: stdlib.Kinds(), Funcs: stdlib.Funcs(), Modules: stdlib.Modules()}
	got, err := bay.Load(interpreter.Program{Path: filepath.Join(dir, body), Env: func(string) (string, bool) { return "", false }})
	if err != nil {
		panic(err) // it is evaluated in this process
	}
	return got
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
		c, ok := calls[name]
		if !ok {
			t.Errorf("std/%s is not in the table of calls, so that no test uses it", name)
			continue
		}
		t.Run(name+"/least", func(t *testing.T) { hasAll(t, both(t, name, c.least)) })
		t.Run(name+"/most", func(t *testing.T) {
			p := both(t, name, c.most)
			hasAll(t, p)
			for _, r := range containers(p) {
				if to := r.Attr("networks").Value.Show(); !strings.Contains(to, "t-back") {
					t.Errorf("%s is on %s, and not on the network that it was given", r.Addr, to)
				}
			}
		})
	}
}

// both loads a use of a module from both languages, and returns what both make
// of it.
func both(t *testing.T, name string, c call) *ir.Program {
	t.Helper()
	hcl, star := use(t, name, c.hcl, c.star, "main.bay.hcl"), use(t, name, c.hcl, c.star, "main.bay.star")
	if len(hcl.Diags) > 0 || len(star.Diags) > 0 {
		t.Fatal(hcl.Diags, star.Diags)
	}
	if diff := cmp.Diff(hcl.Program, star.Program, unplaced); diff != "" {
		t.Errorf("the languages make two things of it (-HCL +Starlark):\n%s", diff)
	}
	return hcl.Program
}

// unplaced compares programs without where they are written.
var unplaced = cmp.Options{
	cmp.Exporter(func(reflect.Type) bool { return true }),
	cmpopts.IgnoreTypes(diag.Pos{}, []diag.Call{}),
	cmpopts.IgnoreFields(ir.Program{}, "Dir"),
	cmpopts.IgnoreFields(ir.Resource{}, "Dir"),
}

// hasAll holds that the containers of a module have what keeps them well, and
// that it says where it is.
func hasAll(t *testing.T, p *ir.Program) {
	t.Helper()
	for _, r := range containers(p) {
		for _, want := range []string{"healthcheck", "memory", "pids_limit", "restart", "mounts"} {
			if r.Attr(want) == nil {
				t.Errorf("%s has no %s", r.Addr, want)
			}
		}
	}
	out := map[string]ir.Value{}
	for _, o := range p.Outputs {
		out[o.Name] = o.Value
	}
	if out["host"].Str != "t-x" || out["port"].Int == 0 || !strings.Contains(out["url"].Str, "t-x") {
		t.Errorf("want the host t-x, a port and a url with that host, got %v", p.Outputs)
	}
	if out["container"].Str != "t-x" {
		t.Errorf("the name of its container is %s", out["container"].Show())
	}
}

func containers(p *ir.Program) []*ir.Resource {
	return slices.DeleteFunc(slices.Clone(p.Resources), func(r *ir.Resource) bool { return r.Addr.Kind != "container" })
}

// TestSensitive holds that a text of a program's may hold a secret, and that no
// module makes it known or decides on it.
func TestSensitive(t *testing.T) {
	for _, c := range []struct {
		name string
		call call
	}{
		{"postgres", call{`{ password = var.secret, init = { "1.sql" = var.secret }, settings = { a = var.secret } }`, `{"password": secret, "init": {"1.sql": secret}, "settings": {"a": secret}}`}},
		{"redis", call{`{ password = var.secret }`, `{"password": secret}`}},
		{"mysql", call{`{ password = var.secret, init = { "1.sql" = var.secret }, settings = { a = var.secret } }`, `{"password": secret, "init": {"1.sql": secret}, "settings": {"a": secret}}`}},
		{"rabbitmq", call{`{ password = var.secret, settings = { a = var.secret } }`, `{"password": secret, "settings": {"a": secret}}`}},
		{"nginx", call{`{ config = "# ${var.secret}", pages = { a = var.secret } }`, `{"config": "# " + secret, "pages": {"a": secret}}`}},
		{"caddy", call{`{ config = "# ${var.secret}" }`, `{"config": "# " + secret}`}},
		{"registry", call{`{ auth = true, htpasswd = "a:$2y$05$.${var.secret}" }`, `{"auth": True, "htpasswd": "a:$2y$05$." + secret}`}},
		{"minio", call{`{ password = var.secret }`, `{"password": secret}`}},
		{
			"prometheus",
			call{
				`{ grafana_password = var.secret, config = "# ${var.secret}", rules = { "a.yml" = var.secret }, dashboards = { a = var.secret } }`,
				`{"grafana_password": secret, "config": "# " + secret, "rules": {"a.yml": secret}, "dashboards": {"a": secret}}`,
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			hidden := false
			for _, r := range both(t, c.name, c.call).Resources {
				for _, a := range r.Attrs {
					text := a.Value.Show()
					hidden = hidden || strings.Contains(text, "(sensitive)")
					if strings.Contains(text, "hunter2") {
						t.Errorf("%s.%s shows the secret: %s", r.Addr, a.Name, text)
					}
				}
			}
			if !hidden {
				t.Error("the secret is nowhere")
			}
		})
	}
}

// TestWritten has the files that modules write from their inputs.
func TestWritten(t *testing.T) {
	for _, c := range []struct {
		name, addr, path string
		least, most      string
	}{
		{
			"nginx", "module.x.container.this", "/etc/nginx/conf.d/default.conf",
			"server {\n  listen 80;\n  root /usr/share/nginx/html;\n}\n",
			`server {
  listen 80;
  resolver 127.0.0.11 valid=10s;
  location / {
    set $upstream http://web:8000;
    proxy_pass $upstream;
    proxy_set_header Host $host;
    proxy_set_header X-Real-IP $remote_addr;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $scheme;
  }
}
`,
		},
		{"caddy", "module.x.container.this", "/etc/caddy/Caddyfile", ":80 {\n\troot * /srv\n\tfile_server\n}\n", "example.org {\n\treverse_proxy a:80 b:80\n}\n"},
		{"redis", "module.x.container.this", "/usr/local/etc/redis/password.conf", "requirepass \"\"\n", "requirepass \"hunter2hunter2\\\\\"\n"},
		{"rabbitmq", "module.x.container.this", "/etc/rabbitmq/conf.d/90-settings.conf", absent, "channel_max = 100\n"},
		{"mysql", "module.x.container.this", "/run/mysql/root_password", "hunter2hunter2", "hunter2hunter22"},
		{"minio", "module.x.container.this", "/etc/minio/root_password", "hunter2hunter2", "hunter2hunter2"},
		{"registry", "module.x.container.this", "/etc/distribution/htpasswd", absent, "a:$2y$05$x"},
		{
			"traefik", "module.x.container.this", "/etc/traefik/routes.yml", absent,
			`"http":
  "routers":
    "items":
      "entryPoints":
      - "websecure"
      "rule": "Host(` + "`a`" + `)"
      "service": "items"
  "services":
    "items":
      "loadBalancer":
        "servers":
        - "url": "http://web:80"
`,
		},
		{
			"prometheus", "module.x.container.this", "/etc/prometheus/prometheus.yml",
			`"global":
  "evaluation_interval": "15s"
  "scrape_interval": "15s"
"rule_files":
- "/etc/prometheus/rules/*"
"scrape_configs":
- "job_name": "prometheus"
  "static_configs":
  - "targets":
    - "127.0.0.1:9090"
`,
			`"global":
  "evaluation_interval": "1m"
  "scrape_interval": "1m"
"rule_files":
- "/etc/prometheus/rules/*"
"scrape_configs":
- "job_name": "prometheus"
  "static_configs":
  - "targets":
    - "127.0.0.1:9090"
- "job_name": "web"
  "static_configs":
  - "targets":
    - "a:1"
    - "b:2"
`,
		},
		{"prometheus", "module.x.container.grafana", "/etc/grafana/dashboards/web.json", absent, "{}"},
		{
			"prometheus", "module.x.container.grafana", "/etc/grafana/provisioning/dashboards/bay.yaml", absent,
			"\"apiVersion\": 1\n\"providers\":\n- \"name\": \"bay\"\n  \"options\":\n    \"path\": \"/etc/grafana/dashboards\"\n  \"type\": \"file\"\n",
		},
	} {
		for _, x := range []struct {
			call call
			want string
		}{{calls[c.name].least, c.least}, {calls[c.name].most, c.most}} {
			if diff := cmp.Diff(x.want, written(both(t, c.name, x.call), c.addr, c.path)); diff != "" {
				t.Errorf("std/%s with %s: %s (-want +got):\n%s", c.name, x.call.hcl, c.path, diff)
			}
		}
	}
}

// absent is what written says of a file that is not there.
const absent = "absent"

// written returns what a container's file holds.
func written(p *ir.Program, addr, path string) string {
	for _, r := range containers(p) {
		if files := r.Attr("files"); files != nil && r.Addr.String() == addr {
			if file, ok := files.Value.Map[path]; ok {
				return file.Map["content"].Str
			}
		}
	}
	return absent
}

// TestReach holds that no port is beyond this machine until public says so, and
// that what is for the people who run it is not even then.
func TestReach(t *testing.T) {
	for _, name := range names(t) {
		most := calls[name].most
		private := call{strings.ReplaceAll(most.hcl, "public = true", "public = false"), strings.ReplaceAll(most.star, `"public": True`, `"public": False`)}
		if got := open(both(t, name, private)); len(got) > 0 {
			t.Errorf("std/%s is open to others at %v", name, got)
		}
		want := map[string][]int64{"nginx": {8080}, "caddy": {80, 443, 443}, "traefik": {80, 443}}[name]
		if got := open(both(t, name, most)); !slices.Equal(got, want) {
			t.Errorf("std/%s that is public is open to others at %v, want %v", name, got, want)
		}
	}
}

// open returns the ports of this machine that others reach.
func open(p *ir.Program) []int64 {
	var out []int64
	for _, r := range containers(p) {
		if ports := r.Attr("ports"); ports != nil {
			for _, port := range ports.Value.List {
				if port.Map["host_ip"].Str != "127.0.0.1" {
					out = append(out, port.Map["host"].Int)
				}
			}
		}
	}
	return out
}

// TestDescribed holds that all that a module takes and gives says what it is,
// that its tag stays the same and comes from somewhere, and that a test gives
// each input once, but for what stands in the place of another.
func TestDescribed(t *testing.T) {
	bay := interpreter.Bay{Kinds: stdlib.Kinds(), Funcs: stdlib.Funcs(), Modules: stdlib.Modules()}
	for _, name := range names(t) {
		m, diags, _, _ := bay.Outline("std/" + name)
		if len(diags) > 0 {
			t.Fatal(diags)
		}
		if !strings.Contains(strings.Join(strings.Fields(m.Doc), " "), "default tag") {
			t.Errorf("std/%s does not say where its tag comes from: %s", name, m.Doc)
		}
		for _, in := range m.Inputs {
			if secret := strings.Contains(in.Name, "passw"); in.Sensitive != secret {
				t.Errorf("std/%s: that the input %s is sensitive: %t", name, in.Name, in.Sensitive)
			}
			if in.Description == "" {
				t.Errorf("std/%s: the input %s has no description", name, in.Name)
			}
			if strings.HasSuffix(in.Name, "version") && !whole.MatchString(in.Default) {
				t.Errorf("std/%s: the tag %s moves", name, in.Default)
			}
			if in.Type != "image" && !instead[in.Name] && !strings.Contains(calls[name].most.star, strconv.Quote(in.Name)+": ") {
				t.Errorf("std/%s: no test gives %s", name, in.Name)
			}
		}
		for _, out := range m.Outputs {
			if out.Description == "" {
				t.Errorf("std/%s: the output %s has no description", name, out.Name)
			}
		}
		for _, want := range []string{"container", "host", "port", "url"} {
			if !slices.ContainsFunc(m.Outputs, func(o schema.OutputOutline) bool { return o.Name == want }) {
				t.Errorf("std/%s has no output %s", name, want)
			}
		}
	}
}

// whole is a tag that names one release: three numbers, of PostgreSQL two.
var whole = regexp.MustCompile(`\d+[.-]\d+[.-]\d|^1\d[.]\d`)

// instead are inputs that stand in the place of others; other tests give them.
var instead = map[string]bool{"config": true, "pages": true}

// TestHalves holds that bay's own modules are written in both languages alike.
func TestHalves(t *testing.T) {
	hcl, err := fs.Glob(stdlib.Modules(), "*/main.bay.hcl")
	if err != nil {
		t.Fatal(err)
	}
	star, err := fs.Glob(stdlib.Modules(), "*/main.bay.star")
	if err != nil {
		t.Fatal(err)
	}
	if len(hcl) != len(star) || len(hcl) == 0 {
		t.Errorf("%d modules are in HCL and %d in Starlark", len(hcl), len(star))
	}
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
		{"postgres", `{ password = "abcdefgh", shm_size = "lots" }`, `{"password": "abcdefgh", "shm_size": "lots"}`, `module.x.inputs.shm_size: want a size such as 512m, got "lots"`},
		{"prometheus", `{ grafana_password = "abcdefgh", grafana_memory = "lots" }`, `{"grafana_password": "abcdefgh", "grafana_memory": "lots"}`, `module.x.inputs.grafana_memory: want a size such as 512m, got "lots"`},
		{"redis", `{ eviction = "lru" }`, `{"eviction": "lru"}`, "module.x.inputs.eviction: there is no policy lru"},
		{"redis", `{ password = "a b" }`, `{"password": "a b"}`, "module.x.inputs.password: the password has spaces, quotes"},
		{"redis", `{ version = "latest" }`, `{"version": "latest"}`, "module.x.inputs.version: want a tag of version 6, 7 or 8"},
		{"mysql", `{}`, `{}`, `module.x.inputs: "password" is missing`},
		{"mysql", `{ password = "it's wrong" }`, `{"password": "it's wrong"}`, "module.x.inputs.password: the password has fewer than 8 characters, or one of ' and"},
		{"mysql", `{ password = "abcdefgh", root_password = "abc" }`, `{"password": "abcdefgh", "root_password": "abc"}`, "module.x.inputs.root_password: the password has fewer"},
		{"mysql", `{ password = "abcdefgh", user = "root" }`, `{"password": "abcdefgh", "user": "root"}`, "module.x.inputs.user: want a name of letters"},
		{"mysql", `{ password = "abcdefgh", version = "5.7" }`, `{"password": "abcdefgh", "version": "5.7"}`, "module.x.inputs.version: want a tag of version 8.0, 8.4 or 9"},
		{"rabbitmq", `{ password = "abc" }`, `{"password": "abc"}`, "module.x.inputs.password: the password has fewer than 8 characters"},
		{"rabbitmq", `{ password = "abcdefgh", version = "4.2.9-alpine" }`, `{"password": "abcdefgh", "version": "4.2.9-alpine"}`, "module.x.inputs.version: want a tag of version 3.12, 3.13 or 4 with management"},
		{"rabbitmq", `{ password = "abcdefgh", management_port = 0 }`, `{"password": "abcdefgh", "management_port": 0}`, "module.x.inputs.management_port: want a port from 1 to 65535, got 0"},
		{"nginx", `{ proxy_to = "web:8000" }`, `{"proxy_to": "web:8000"}`, "module.x.inputs.proxy_to: want http:// or https://"},
		{"nginx", `{ pages = { "../x" = "" } }`, `{"pages": {"../x": ""}}`, "module.x.inputs.pages: want paths such as img/logo.svg"},
		{"nginx", `{ pages = { a = "" }, volume = volume.kept }`, `{"pages": {"a": ""}, "volume": kept}`, "module.x.assert.pages: it is either pages or a volume"},
		{"nginx", `{ version = "1.30.4" }`, `{"version": "1.30.4"}`, "module.x.inputs.version: want a tag of version 1 with alpine"},
		{"caddy", `{ config = "{\n\tadmin off\n}" }`, `{"config": "{\n\tadmin off\n}"}`, "module.x.inputs.config: the healthcheck asks Caddy's admin endpoint"},
		{"caddy", `{ proxy_to = ["a:80", "b c"] }`, `{"proxy_to": ["a:80", "b c"]}`, "module.x.inputs.proxy_to: want names with at most a port"},
		{"caddy", `{ https_port = 99999 }`, `{"https_port": 99999}`, "module.x.inputs.https_port: want a port from 1 to 65535, got 99999"},
		{"traefik", `{ routes = { a = { rule = "Path()", urls = ["web:80"] } } }`, `{"routes": {"a": {"rule": "Path()", "urls": ["web:80"]}}}`, "module.x.inputs.routes: the servers of a route are URLs"},
		{"traefik", `{ routes = { "a b" = { rule = "Path()", urls = [] } } }`, `{"routes": {"a b": {"rule": "Path()", "urls": []}}}`, "module.x.inputs.routes: the name of a route"},
		{"traefik", `{ acme_email = "me" }`, `{"acme_email": "me"}`, "module.x.inputs.acme_email: want an address of mail"},
		{"registry", `{ auth = true, htpasswd = "a:plain" }`, `{"auth": True, "htpasswd": "a:plain"}`, "module.x.inputs.htpasswd: want lines of NAME:HASH"},
		{"registry", `{ mirror_of = "docker.io" }`, `{"mirror_of": "docker.io"}`, "module.x.inputs.mirror_of: want a URL"},
		{"registry", `{ version = "2" }`, `{"version": "2"}`, "module.x.inputs.version: want a tag of version 3"},
		{"minio", `{ password = "abcdefg " }`, `{"password": "abcdefg "}`, "module.x.inputs.password: the password has fewer than 8 characters, or spaces"},
		{"minio", `{ password = "abcdefgh", user = "me" }`, `{"password": "abcdefgh", "user": "me"}`, "module.x.inputs.user: want at least 3 letters"},
		{"minio", `{ password = "abcdefgh", version = "latest" }`, `{"password": "abcdefgh", "version": "latest"}`, "module.x.inputs.version: want a release of 2024 or later"},
		{"prometheus", `{ grafana_password = "abc" }`, `{"grafana_password": "abc"}`, "module.x.inputs.grafana_password: the password has fewer"},
		{"prometheus", `{ grafana_password = "abcdefgh", targets = { web = ["web"] } }`, `{"grafana_password": "abcdefgh", "targets": {"web": ["web"]}}`, "module.x.inputs.targets: want names with ports"},
		{"prometheus", `{ grafana_password = "abcdefgh", targets = { prometheus = [] } }`, `{"grafana_password": "abcdefgh", "targets": {"prometheus": []}}`, "module.x.inputs.targets: the job prometheus is there already"},
		{"prometheus", `{ grafana_password = "abcdefgh", retention = "long" }`, `{"grafana_password": "abcdefgh", "retention": "long"}`, "module.x.inputs.retention: want a time such as 15d"},
		{"prometheus", `{ grafana_password = "abcdefgh", dashboards = { "a/b" = "{}" } }`, `{"grafana_password": "abcdefgh", "dashboards": {"a/b": "{}"}}`, "module.x.inputs.dashboards: the name of a dashboard"},
	} {
		refuses(t, c.name, call{c.hcl, c.star}, c.want)
	}
}

// TestLimits has wrong values of what every module takes.
func TestLimits(t *testing.T) {
	for _, name := range names(t) {
		least := calls[name].least
		for _, c := range []struct{ input, value, want string }{
			{"memory", `"lots"`, `want a size such as 512m, got "lots"`},
			{"cpus", "-1", "want a number of CPUs such as"},
			{"port", "70000", "want a port from 1 to 65535, got 70000"},
			{"version", `"latest"`, "want a"},
			{"aliases", "7", "got 7"},
			{"prot", "1", `the module has no variable "prot"`},
		} {
			refuses(t, name, call{with(least.hcl, c.input+" = "+c.value), with(least.star, strconv.Quote(c.input)+": "+c.value)}, c.want)
		}
	}
}

// with adds an entry to a map as either language writes it.
func with(inputs, entry string) string {
	inputs = strings.TrimRight(inputs, " }")
	if inputs != "{" {
		inputs += ", "
	}
	return inputs + entry + " }"
}

// refuses holds that a use of a module is refused in both languages, with a
// message that stands where it is written if it is about an input.
func refuses(t *testing.T, name string, c call, want string) {
	t.Helper()
	for _, body := range []string{"main.bay.hcl", "main.bay.star"} {
		res := use(t, name, c.hcl, c.star, body)
		if len(res.Diags) == 0 || !strings.Contains(res.Diags[0].Msg, want) {
			t.Errorf("std/%s from %s with %s: got %v, want %s", name, body, c.hcl, res.Diags, want)
			continue
		}
		d := res.Diags[0]
		if strings.HasPrefix(d.Msg, "module.x.inputs") && (strings.HasPrefix(d.Pos.File, "std/") || filepath.Base(d.Pos.File) != body) {
			t.Errorf("std/%s from %s with %s: %v is not where it is used", name, body, c.hcl, d)
		}
	}
}

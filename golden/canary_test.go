package golden

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"bayplan/interpreter/engine"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"
)

// A canary is a value that nobody else would write. Wherever one is found, the
// program's secrets can be.
type canaries map[string]string

// hatch draws values for the inputs of the programs below. Their letters are
// none of a hash.
func hatch() canaries {
	out := canaries{}
	for _, name := range []string{"flag", "env", "given", "nested"} {
		out[name] = letters(48)
	}
	out["address"] = fmt.Sprintf("fd%02x", rand.IntN(256))
	for range 7 {
		out["address"] += fmt.Sprintf(":%04x", 0x1000+rand.IntN(0xf000))
	}
	return out
}

// found says in which form a canary stands in text: as it is or a part of it
// of 8 bytes, for a URL, as hex, or as base64 wherever it begins.
func (c canaries) found(text string) []string {
	var out []string
	for name, value := range c {
		forms := map[string]string{"plain": value, "URL": url.QueryEscape(value), "hex": hex.EncodeToString([]byte(value))}
		for before := range 3 {
			code := base64.RawStdEncoding.EncodeToString([]byte("xyz"[:before] + value))
			forms[fmt.Sprintf("base64 after %d", before)] = code[2*before : len(code)-2]
		}
		for form, code := range forms {
			n := 8 * len(code) / len(value)
			for i := 0; i+n <= len(code); i++ {
				if strings.Contains(text, code[i:i+n]) {
					out = append(out, name+" "+form)
					break
				}
			}
		}
	}
	return out
}

// aviary is a workshop in which all that bay prints is looked through.
type aviary struct {
	*workshop
	t    *testing.T
	lang string
	all  []canaries // the last ones are the inputs now
}

func newAviary(t *testing.T, lang string) *aviary {
	a := &aviary{workshop: newWorkshop(t), t: t, lang: lang, all: []canaries{hatch()}}
	a.write("app.tmpl", "[app]\ntoken = ${token}\n")
	return a
}

func (a *aviary) write(name, text string) {
	if err := os.WriteFile(filepath.Join(a.dir, name), []byte(a.out(text)), 0o644); err != nil {
		a.t.Fatal(err)
	}
}

// program makes a body the program. DEFAULT stands in it for the canary that is
// written in the program itself.
func (a *aviary) program(bodies map[string]string) {
	text := bodies["head."+a.lang] + bodies[a.lang]
	a.write("main.bay."+a.lang, strings.ReplaceAll(text, "DEFAULT", a.now()["given"]))
}

func (a *aviary) now() canaries { return a.all[len(a.all)-1] }

// bay runs the command, looks through what it prints, and returns that.
func (a *aviary) bay(code int, args ...string) string {
	a.t.Helper()
	return a.bayOn(a.address, code, args...)
}

func (a *aviary) bayOn(engine string, code int, args ...string) string {
	a.t.Helper()
	cmd, shown := a.called(engine, args...)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		a.t.Fatal(err)
	}
	a.look("what bay "+shown+" prints", string(out))
	if got := cmd.ProcessState.ExitCode(); got != code {
		a.t.Fatalf("bay %s ended with %d, want %d:\n%s", shown, got, code, out)
	}
	return string(out)
}

// called returns the command with the canaries as its inputs, and what may be
// shown of it.
func (a *aviary) called(engine string, args ...string) (cmd *exec.Cmd, shown string) {
	for i := range args {
		args[i] = a.out(args[i])
	}
	shown = strings.Join(args, " ")
	switch args[0] {
	case "plan", "apply":
		args = append(args, "--var", "flag="+a.now()["flag"])
		a.write("secret.json", fmt.Sprintf(`{"nested": {"password": %q}}`, a.now()["nested"]))
		if !slices.ContainsFunc(args, func(arg string) bool { return args[0] == "apply" && filepath.Ext(arg) == ".plan" }) {
			args = append(args, "--var-file", "secret.json") // a saved plan names it
		}
	}
	cmd = a.command(a.t, engine, args...)
	cmd.Env = append(cmd.Env, "BAY_VAR_env="+a.now()["env"], "BAY_VAR_address="+a.now()["address"])
	return cmd, shown
}

// look fails the test if a canary is in text.
func (a *aviary) look(where, text string) {
	a.t.Helper()
	for i, c := range a.all {
		for _, f := range c.found(text) {
			a.t.Errorf("%s holds canary %d of %s", where, i, f)
		}
	}
}

// keeps looks through all that the engine tells of the stack's objects, but for
// what a container runs with, which holds each canary.
func (a *aviary) keeps(name string, want ...string) {
	a.t.Helper()
	err := a.with(func(ctx context.Context, c *client.Client) error {
		got, err := c.ContainerInspect(ctx, a.out(name))
		if err != nil {
			return err
		}
		var runs bytes.Buffer
		enc := json.NewEncoder(&runs)
		for _, x := range []any{got.Config.Env, got.Config.Cmd, got.Config.Entrypoint, got.Config.Healthcheck, got.HostConfig.ExtraHosts, got.HostConfig.LogConfig} {
			if err := enc.Encode(x); err != nil {
				return err
			}
		}
		for _, name := range want {
			if !strings.Contains(runs.String(), a.now()[name]) {
				a.t.Errorf("the container runs without canary %s", name)
			}
		}
		got.Config.Env, got.Config.Cmd, got.Config.Entrypoint, got.Config.Healthcheck = nil, nil, nil, nil
		got.HostConfig.ExtraHosts, got.HostConfig.LogConfig = nil, container.LogConfig{}
		got.Path, got.Args, got.State.Health = "", nil, nil
		rest, err := json.Marshal(got)
		a.look("container "+name+" beside what it runs with", string(rest))
		return err
	})
	if err != nil {
		a.t.Fatal(err)
	}
}

// others looks through what is told of the stack's images, networks and volumes.
func (a *aviary) others() {
	a.t.Helper()
	err := a.with(func(ctx context.Context, c *client.Client) error {
		volumes, err := c.VolumeList(ctx, volume.ListOptions{Filters: filters.NewArgs(filters.Arg("name", a.word))})
		if err != nil {
			return err
		}
		networks, err := c.NetworkList(ctx, network.ListOptions{Filters: filters.NewArgs(filters.Arg("name", a.word))})
		if err != nil {
			return err
		}
		images, err := c.ImageList(ctx, image.ListOptions{Filters: filters.NewArgs(filters.Arg("label", engine.LabelImageStack+"="+a.word))})
		if err != nil {
			return err
		}
		if len(volumes.Volumes) == 0 || len(networks) == 0 || len(images) == 0 {
			a.t.Errorf("of %d volumes, %d networks and %d images nothing can be told", len(volumes.Volumes), len(networks), len(images))
		}
		told := []any{volumes.Volumes, networks, images}
		for _, x := range images {
			inspected, err := c.ImageInspect(ctx, x.ID)
			if err != nil {
				return err
			}
			told = append(told, inspected)
		}
		text, err := json.Marshal(told)
		a.look("what the engine tells of the other objects", string(text))
		return err
	})
	if err != nil {
		a.t.Fatal(err)
	}
}

// inputs declares the canaries in both languages.
var inputs = map[string]string{
	"head.hcl": `
stack { name = "harbour" }
variable "flag" {
  type      = string
  sensitive = true
}
variable "env" {
  type      = string
  sensitive = true
}
variable "given" {
  type      = string
  default   = "DEFAULT"
  sensitive = true
}
variable "nested" {
  type      = object({ password = string })
  sensitive = true
}
variable "address" {
  type      = string
  sensitive = true
}
registry "registry.invalid" {
  username = "mate"
  password = "x${var.flag}"
}
image "probe" { build = { context = "./probe" } }
`,
	"head.star": `
stack(name = "harbour")
flag = variable("flag", type = "string", sensitive = True)
env = variable("env", type = "string", sensitive = True)
given = variable("given", type = "string", default = "DEFAULT", sensitive = True)
nested = variable("nested", type = "object({ password = string })", sensitive = True)
address = variable("address", type = "string", sensitive = True)
registry("registry.invalid", username = "mate", password = "x" + flag)
probe = image("probe", build = {"context": "./probe"})
`,
}

// withInputs returns bodies with the declarations of the canaries before them.
func withInputs(hcl, star string) map[string]string {
	out := maps.Clone(inputs)
	out["hcl"], out["star"] = hcl, star
	return out
}

// everywhere is a program with a canary wherever one may stand.
var everywhere = withInputs(`
network "back" {}
volume "data" {}
container "web" {
  image      = image.probe
  networks   = [network.back]
  mounts     = [{ volume = volume.data, target = "/data" }]
  entrypoint = ["/probe"]
  command    = ["serve", "--body", var.flag]
  env = {
    FLAG   = var.flag
    CODE   = "basic ${base64encode("user:${var.env}")}"
    GIVEN  = "x ${var.given} y"
    NESTED = var.nested.password
    HASH   = sha256(var.flag)
  }
  files = {
    "/app.conf" = { content = templatefile("app.tmpl", { token = var.env }) }
    "/given"    = { content = var.given }
  }
  healthcheck = { test = ["CMD", "/probe", "print", var.env], interval = "1s" }
  extra_hosts = { elsewhere = var.address }
  logging     = { driver = "json-file", options = { tag = var.flag } }
}
output "flag" {
  value     = var.flag
  sensitive = true
}
output "url" { value = "pg://user:${var.nested.password}@db:5432" }
`, `
back = network("back")
data = volume("data")
container("web", image = probe, networks = [back],
    mounts = [{"volume": data, "target": "/data"}],
    entrypoint = ["/probe"], command = ["serve", "--body", flag],
    env = {
        "FLAG": flag,
        "CODE": "basic " + base64encode("user:" + env),
        "GIVEN": "x %s y" % given,
        "NESTED": nested["password"],
        "HASH": sha256(flag),
    },
    files = {
        "/app.conf": {"content": templatefile("app.tmpl", {"token": env})},
        "/given": {"content": given},
    },
    healthcheck = {"test": ["CMD", "/probe", "print", env], "interval": "1s"},
    extra_hosts = {"elsewhere": address},
    logging = {"driver": "json-file", "options": {"tag": flag}})
output("flag", flag, sensitive = True)
output("url", "pg://user:" + nested["password"] + "@db:5432")
`)

// TestCanary runs a stack with a canary in each of its inputs through its life:
// all commands, in all their forms, before and after the canaries are others.
// The container has them, and nothing else.
func TestCanary(t *testing.T) {
	t.Parallel()
	for _, lang := range languages {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			a := newAviary(t, lang)
			saved := filepath.Join(t.TempDir(), "next.plan")
			for range 2 {
				a.program(everywhere)
				a.bay(0, "validate")
				a.bay(0, "plan")
				a.bay(0, "plan", "-v")
				a.bay(0, "plan", "--json")
				a.bay(0, "plan", "--out", saved)
				text, err := os.ReadFile(saved)
				if err != nil {
					t.Fatal(err)
				}
				a.look("a saved plan", string(text))
				a.bay(0, "show", saved)
				a.bay(0, "show", "--json", saved)
				if out := a.bay(0, "apply", "--yes", "-v"); !strings.Contains(out, "flag = (sensitive)") {
					t.Errorf("apply does not show that there is an output:\n%s", out)
				}
				a.keeps("harbour-web", "flag", "given", "nested", "address")
				a.others()
				a.bay(0, "plan", "--detailed-exitcode")
				a.bay(0, "output")
				a.bay(0, "output", "--json")
				a.bay(0, "ls")
				a.bay(0, "ls", "--json")
				a.all = append(a.all, hatch())
			}
			a.bay(0, "gc", "--yes")
			a.bay(0, "plan", "--destroy", "--json")
			a.bay(0, "destroy", "--yes", "--volumes", "--confirm", "harbour", "-v")
		})
	}
}

// TestCanaryStale refuses a saved plan that no longer fits: since the canaries
// are others, since somebody has changed the container, and both. What differs
// is told without them.
func TestCanaryStale(t *testing.T) {
	for _, lang := range languages {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			a := newAviary(t, lang)
			saved := filepath.Join(t.TempDir(), "next.plan")
			a.program(everywhere)
			a.bay(0, "apply", "--yes")
			a.hand(t, "rename", "harbour-web", "harbour-mine")
			a.bay(0, "plan", "--out", saved)
			a.all = append(a.all, hatch())
			a.program(everywhere)
			for _, form := range []string{"-v", "--json"} {
				if out := a.bay(12, "apply", saved, form); !strings.Contains(out, "(sensitive)") && form == "-v" {
					t.Errorf("nobody says what differs, with the canaries taken out:\n%s", out)
				}
			}
			a.bay(0, "plan", "--out", saved)
			a.hand(t, "rm", "harbour-mine")
			a.bay(12, "apply", saved, "-v")
			a.bay(0, "plan", "--out", saved)
			a.bay(0, "apply", saved, "-v")
			a.keeps("harbour-web", "flag", "given", "nested", "address")
		})
	}
}

// TestCanaryInterrupted stops an apply while it stops the old container, once
// and twice, and goes on from there.
func TestCanaryInterrupted(t *testing.T) {
	for _, lang := range languages {
		for _, times := range []int{1, 2} {
			t.Run(fmt.Sprintf("%s/%d", lang, times), func(t *testing.T) {
				t.Parallel()
				a := newAviary(t, lang)
				a.program(everywhere)
				a.bay(0, "apply", "--yes")
				a.all = append(a.all, hatch())
				a.program(everywhere)
				events := filepath.Join(t.TempDir(), "events.json")
				a.onWire(t, func(w *wire) {
					busy, free := w.busyAt("/stop")
					cmd, _ := a.called(w.address, "apply", "--yes", "-v", "--json-into", events)
					r := start(t, cmd, false)
					<-busy
					r.interrupt(syscall.SIGINT)
					r.says("stopping after what runs now")
					if times == 1 {
						close(free)
					} else {
						r.interrupt(syscall.SIGINT)
						defer close(free)
					}
					r.ends([]int{0, 130}[times-1]) // with one, the only step is done
					a.look("what an interrupted bay apply prints", r.text())
				})
				text, err := os.ReadFile(events)
				if err != nil {
					t.Fatal(err)
				}
				a.look("the file of events", string(text))
				a.bay(0, "plan", "-v")
				a.bay(0, "apply", "--yes")
				a.keeps("harbour-web", "flag", "given", "nested", "address")
			})
		}
	}
}

// TestCanaryBuilt lets builds print a canary: the Dockerfile has it, too.
func TestCanaryBuilt(t *testing.T) {
	for _, lang := range languages {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			a := newAviary(t, lang)
			for i, form := range []string{"-v", "--json"} {
				for _, end := range []struct {
					line string
					code int
				}{{"COPY no-TOKEN /x", 1}, {"ENV TOKEN=TOKEN", 0}} {
					a.all = append(a.all, hatch())
					a.program(withInputs("container \"web\" {\n  image = image.probe\n  network_mode = \"none\"\n}\n", "container(\"web\", image = probe, network_mode = \"none\")\n"))
					text := fmt.Sprintf("FROM scratch\nLABEL bayplan.test=1 round=%d\nCOPY probe /probe\n%s\nENTRYPOINT [\"/probe\"]\nCMD [\"serve\"]\n", i, end.line)
					a.write("probe/Dockerfile", strings.ReplaceAll(text, "TOKEN", a.now()["given"]))
					a.bay(0, "plan", "-v")
					out := a.bay(end.code, "apply", "--yes", form)
					// Of a build that succeeds, plain lines tell no steps, and BuildKit counts ENV as none.
					told := end.code != 0 || form == "--json" && !strings.Contains(out, `"#1 `)
					if told && !strings.Contains(out, "(sensitive)") {
						t.Errorf("the build does not show its steps, with the canary taken out:\n%s", out)
					}
				}
			}
		})
	}
}

// TestCanaryMounted has BuildKit on a Docker Engine give a build step a canary as a
// secret, which the step prints. The image, its history and what it brings along are
// without it, and another canary builds nothing anew.
func TestCanaryMounted(t *testing.T) {
	if *lane != "real" {
		t.Skip("only a Docker Engine has BuildKit")
	}
	for _, lang := range languages {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			a := newAviary(t, lang)
			a.program(withInputs(`
network "back" {}
volume "data" {}
image "app" {
  build = { context = "./probe", dockerfile = "Mounts", secrets = { token = { value = var.flag } } }
}
`, `
network("back")
volume("data")
image("app", build = {"context": "./probe", "dockerfile": "Mounts", "secrets": {"token": {"value": flag}}})
`))
			a.write("probe/Mounts", "FROM scratch\nLABEL bayplan.test=1\nENV BERTH=harbour\nCOPY probe /probe\nRUN --mount=type=secret,id=token [\"/probe\", \"cat\", \"/run/secrets/token\"]\n")
			a.bay(0, "plan", "-v", "--out", "next.plan")
			saved, err := os.ReadFile(filepath.Join(a.dir, "next.plan"))
			if err != nil {
				t.Fatal(err)
			}
			a.look("the saved plan", string(saved))
			if out := a.bay(0, "apply", "--yes", "-v"); !strings.Contains(out, " (sensitive)\n") {
				t.Errorf("the step that prints the canary is not shown without it:\n%s", out)
			}
			a.others()
			a.history()
			a.all = append(a.all, hatch())
			a.bay(0, "plan", "--detailed-exitcode")
		})
	}
}

// history looks through what the engine tells of how the stack's images came to be.
func (a *aviary) history() {
	a.t.Helper()
	err := a.with(func(ctx context.Context, c *client.Client) error {
		images, err := c.ImageList(ctx, image.ListOptions{Filters: filters.NewArgs(filters.Arg("label", engine.LabelImageStack+"="+a.word))})
		for _, x := range images {
			steps, err := c.ImageHistory(ctx, x.ID)
			if err != nil {
				return err
			}
			a.look("the history of an image", fmt.Sprint(steps))
		}
		return err
	})
	if err != nil {
		a.t.Fatal(err)
	}
}

// TestCanaryByName holds that a sensitive output is printed where its name is
// asked for, and only there.
func TestCanaryByName(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	value := letters(48)
	w.say(fmt.Sprintf("stack { name = \"harbour\" }\nvariable \"v\" {\n  type = string\n  sensitive = true\n  default = %q\n}\noutput \"v\" { value = var.v }\n", value))
	if got := w.bay(t, "output", "v"); got != value+"\n" {
		t.Error("the value that was asked for is not printed")
	}
	if got := w.bay(t, "output", "v", "--json"); got != fmt.Sprintf("%q\n", value) {
		t.Error("the value that was asked for is not printed as JSON")
	}
	if got := w.bay(t, "output"); got != "v = (sensitive)\n" {
		t.Errorf("got %s, want v = (sensitive)", got)
	}
}

// troubles are programs that fail in apply, and somebody tells why with a canary
// in it.
var troubles = []struct {
	name      string
	hcl, star string
	real      bool // an embedded engine does not know that it fails
}{{
	name: "its command is none, and it says so",
	hcl:  `command = [var.flag]` + "\n  " + `state = "completed"`,
	star: `command = [flag], state = "completed"`,
}, {
	name: "it says what that is in another code",
	hcl:  `command = [base64encode("user:${var.env}")]` + "\n  " + `state = "completed"`,
	star: `command = [base64encode("user:" + env)], state = "completed"`,
}, {
	name: "its health check prints it",
	hcl:  `healthcheck = { test = ["CMD", "/probe", var.env], interval = "1s", retries = 1 }`,
	star: `healthcheck = {"test": ["CMD", "/probe", env], "interval": "1s", "retries": 1}`,
}, {
	name: "the engine cannot start it", real: true,
	hcl:  `entrypoint = ["/no/${var.given}"]`,
	star: `entrypoint = ["/no/" + given]`,
}}

// TestCanaryInTrouble lets containers fail and say why.
func TestCanaryInTrouble(t *testing.T) {
	t.Parallel()
	for _, lang := range languages {
		for _, x := range troubles {
			t.Run(lang+"/"+x.name, func(t *testing.T) {
				if x.real && *lane != "real" {
					return
				}
				t.Parallel()
				a := newAviary(t, lang)
				a.program(withInputs(
					"container \"web\" {\n  image = image.probe\n  network_mode = \"none\"\n  env = { FLAG = var.flag, CODE = base64encode(\"user:${var.env}\") }\n  "+x.hcl+"\n}\n",
					"container(\"web\", image = probe, network_mode = \"none\", env = {\"FLAG\": flag, \"CODE\": base64encode(\"user:\" + env)}, "+x.star+")\n",
				))
				events := filepath.Join(t.TempDir(), "events.json")
				out := a.bay(3, "apply", "--yes", "-v", "--json-into", events)
				text, err := os.ReadFile(events)
				if err != nil {
					t.Fatal(err)
				}
				a.look("the file of events", string(text))
				if strings.Count(out, "(sensitive)") < 4 {
					t.Errorf("nobody says what failed, with the canary taken out:\n%s", out)
				}
			})
		}
	}
}

// TestCanaryQuoted lets the engine refuse calls with errors that quote them.
func TestCanaryQuoted(t *testing.T) {
	t.Parallel()
	for _, lang := range languages {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			a := newAviary(t, lang)
			a.program(everywhere)
			a.onWire(t, func(w *wire) {
				w.quoteBy(func(path string) bool { return strings.HasPrefix(path, "/containers/create") })
				for i, form := range []string{"-v", "--json"} {
					code := []int{3, 1}[i] // the second finds the image there, and nothing else can be done
					if out := a.bayOn(w.address, code, "apply", "--yes", form); !strings.Contains(out, "cannot make of this: ") {
						t.Errorf("the engine's error is not shown:\n%s", out)
					}
				}
			})
			a.others()
		})
	}
}

// TestCanaryRefused holds that a sensitive value is refused wherever it would
// be shown, in both languages, and that no message shows it. A | is a line's end.
func TestCanaryRefused(t *testing.T) {
	t.Parallel()
	for lang, places := range map[string][]string{
		"hcl": {
			`container "a" {|image = image.probe|name = var.flag|}`,
			`container "a" { image = var.flag }`,
			`container "a" {|image = image.probe|labels = { x = var.flag }|}`,
			`container "a" {|image = image.probe|labels = { (var.flag) = "x" }|}`,
			`container "a" {|image = image.probe|env = { (var.flag) = "x" }|}`,
			`container "a" {|image = image.probe|hostname = var.flag|}`,
			`container "a" {|image = image.probe|memory = var.flag|}`,
			`container "a" {|image = image.probe|ports = [var.flag]|}`,
			`container "a" {|image = image.probe|mounts = [{ source = var.flag, target = "/x" }]|}`,
			`container "a" {|image = image.probe|networks = [var.flag]|}`,
			`container "a" {|for_each = [var.flag]|image = image.probe|}`,
			`image "a" { build = { context = "./probe", args = { X = var.flag } } }`,
			`image "a" { build = { context = var.flag } }`,
			`image "a" { pull = var.flag }`,
			`image "a" {|build = { context = "./probe" }|tags = [var.flag]|}`,
			`volume "a" { name = var.flag }`,
			`volume "a" { labels = { x = var.flag } }`,
			`network "a" { driver = var.flag }`,
			`network "a" { ipam = var.flag }`,
		},
		"star": {
			`container("a", image = probe, name = flag)`,
			`container("a", image = flag)`,
			`container("a", image = probe, labels = {"x": flag})`,
			`container("a", image = probe, labels = {flag: "x"})`,
			`container("a", image = probe, env = {flag: "x"})`,
			`container("a", image = probe, hostname = flag)`,
			`container("a", image = probe, memory = flag)`,
			`container("a", image = probe, ports = [flag])`,
			`container("a", image = probe, mounts = [{"source": flag, "target": "/x"}])`,
			`container("a", image = probe, networks = [flag])`,
			`container("a", key = flag, image = probe)`,
			`container(flag, image = probe)`,
			`image("a", build = {"context": "./probe", "args": {"X": flag}})`,
			`image("a", build = {"context": flag})`,
			`image("a", pull = flag)`,
			`image("a", build = {"context": "./probe"}, tags = [flag])`,
			`volume("a", name = flag)`,
			`volume("a", labels = {"x": flag})`,
			`network("a", driver = flag)`,
			`network("a", ipam = flag)`,
		},
	} {
		a := newAviary(t, lang)
		for _, place := range places {
			bodies := maps.Clone(inputs)
			bodies[lang] = strings.ReplaceAll(place, "|", "\n") + "\n"
			a.program(bodies)
			if out := a.bay(1, "plan"); !strings.Contains(out, "sensitive value") {
				t.Errorf("%s: the reason is not that it is sensitive:\n%s", place, out)
			}
		}
	}
}

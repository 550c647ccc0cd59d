package container

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/engine/embedded"
	"bayplan/interpreter/kind"
	"bayplan/interpreter/kind/kindtest"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
	"bayplan/stdlib/network"
	"bayplan/stdlib/volume"

	api "github.com/docker/docker/api/types/container"
	imageapi "github.com/docker/docker/api/types/image"
)

// Several runs of these tests may share an engine: images, stacks, subnets and
// host ports of each are its own.
var (
	process = os.Getpid()
	probe1  = fmt.Sprintf("container-test-%d:1", process)
	probe2  = fmt.Sprintf("container-test-%d:2", process) // other defaults, and a volume
	subnet  = fmt.Sprintf("10.%d.%d.", 100+process%100, process/100%250)
)

func stackName(name string) string { return fmt.Sprintf("ct-%s-%d", name, process) }

// port returns the n-th host port of this run.
func port(n int) string { return strconv.Itoa(20000 + process%600*20 + n) }

// inMemory returns an engine in memory, of an API version; "" is the newest.
func inMemory(t *testing.T, api string) *engine.Engine {
	t.Helper()
	w, err := embedded.Open(t.TempDir(), "test", api)
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.Through(context.Background(), w.Dial, engine.Options{Sleep: w.Sleep, Close: w.Close, Local: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	build(t, e, []byte("a probe"))
	return e
}

// real connects to the engine of this machine, builds the images, and takes
// everything of the stack away afterwards.
func real(t *testing.T, stack string) *engine.Engine {
	t.Helper()
	e, err := engine.Connect(context.Background(), "")
	if err != nil {
		t.Skipf("NO REAL ENGINE HERE, this test checks nothing: %v", err)
	}
	bin := filepath.Join(t.TempDir(), "probe")
	cmd := exec.Command("go", "build", "-trimpath", "-o", bin, "bayplan/golden/probe")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building the probe: %v\n%s", err, out)
	}
	prog, err := os.ReadFile(bin)
	if err != nil {
		t.Fatal(err)
	}
	build(t, e, prog)
	clean := func() { sweep(t, e, stack) }
	clean()
	t.Cleanup(func() {
		clean()
		for _, ref := range []string{probe1, probe2} {
			_, _ = e.Do(context.Background(), &engine.ImageRemove{Ref: ref}, nil, nil) // another test may use it still
		}
		e.Close()
	})
	return e
}

// engines runs a test on all engines that there are: in memory, of the oldest
// version that bay speaks and of the newest, and the one of this machine.
func engines(t *testing.T, name string, test func(t *testing.T, w *workshop)) {
	stack := stackName(name)
	for _, api := range []string{"1.41", ""} {
		t.Run("embedded"+api, func(t *testing.T) {
			test(t, &workshop{t: t, e: inMemory(t, api), stack: stack, dir: t.TempDir()})
		})
	}
	t.Run("real", func(t *testing.T) {
		test(t, &workshop{t: t, e: real(t, stack), stack: stack, dir: t.TempDir()})
	})
}

// build makes the images of these tests from one program.
func build(t *testing.T, e *engine.Engine, prog []byte) {
	t.Helper()
	for tag, dockerfile := range map[string]string{
		probe1: "ENV A=1 B=2\nLABEL from=image\nENTRYPOINT [\"/probe\"]\nCMD [\"serve\"]\n",
		probe2: "ENV A=1 C=3\nENTRYPOINT [\"/probe\"]\nCMD [\"serve\", \":8081\"]\nVOLUME /data\n",
	} {
		var out bytes.Buffer
		w := tar.NewWriter(&out)
		for name, data := range map[string]string{"probe": string(prog), "Dockerfile": "FROM scratch\nCOPY probe /probe\n" + dockerfile} {
			if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(data)), Typeflag: tar.TypeReg}); err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(w, data); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		s := &engine.Stream{Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(out.Bytes())), nil }}
		if _, err := e.Do(context.Background(), &engine.ImageBuild{Tags: []string{tag}}, s, nil); err != nil {
			t.Fatalf("building %s: %v", tag, err)
		}
	}
}

// sweep removes all containers of a stack and its copies, then what is left.
func sweep(t *testing.T, e *engine.Engine, stack string) {
	ctx := context.Background()
	list, err := e.Reader().ContainerList(ctx, api.ListOptions{All: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		if c.Labels[engine.LabelStack] != stack && !strings.HasPrefix(nameOf(c), stack) {
			continue
		}
		_, _ = e.Do(ctx, &engine.ContainerKill{Container: c.ID, Signal: "KILL"}, nil, nil) // it may not run
		if _, err := e.Do(ctx, &engine.ContainerRemove{Container: c.ID, RemoveVolumes: true}, nil, nil); err != nil {
			t.Errorf("removing %v: %v", c.Names, err)
		}
	}
	w := &workshop{t: t, e: e, stack: stack, dir: t.TempDir()}
	w.destroy()
}

// ref is a toy of the kind image: a tag that the engine has.
type ref struct{ pull string }

func (r *ref) Bind(f *schema.Set) { f.String(&r.pull, "pull", schema.Live, "A tag.") }

var images = kind.Define(kind.Def[ref]{
	Name: "image",
	New:  func() schema.Binder { return new(ref) },
	Read: func(ctx context.Context, s kind.Scope) (*kind.Found, error) {
		found := &kind.Found{Known: map[ir.Addr]any{}}
		for _, w := range s.Wants {
			img, err := s.Reader.ImageInspect(ctx, familiar(w.Spec.(*ref).pull))
			if err != nil {
				return nil, fmt.Errorf("image of %s: %w", w.Res.Addr, err)
			}
			found.Known[w.Res.Addr] = img
			found.Live = append(found.Live, &kind.Live{Kind: "image", Identity: engine.Identity{Addr: w.Res.Addr}, Spec: w.Spec})
		}
		return found, nil
	},
	Outcome: func(in kind.In[ref], v kind.Verb, _ []schema.Change) kind.Outcome {
		img := in.Known.(imageapi.InspectResponse)
		return kind.Outcome{Verb: v, Ref: familiar(in.Want.pull), ID: img.ID, Image: imageConfig(img)}
	},
})

func familiar(s string) string { return strings.TrimPrefix(s, "docker.io/library/") }

var kinds = []kind.Kind{images, network.Kind, volume.Kind, Kind}

func str(s string) ir.Value { return ir.StringVal(s) }

func strs(ss ...string) ir.Value {
	v := ir.ListVal()
	for _, s := range ss {
		v.List = append(v.List, str(s))
	}
	return v
}

func obj(kv ...any) ir.Value {
	v := ir.MapVal(map[string]ir.Value{})
	for i := 0; i < len(kv); i += 2 {
		switch x := kv[i+1].(type) {
		case string:
			v.Map[kv[i].(string)] = str(x)
		case int:
			v.Map[kv[i].(string)] = ir.IntVal(int64(x))
		case bool:
			v.Map[kv[i].(string)] = ir.BoolVal(x)
		case ir.Value:
			v.Map[kv[i].(string)] = x
		}
	}
	return v
}

func addr(s string) ir.Addr {
	a, err := ir.ParseAddr(s)
	if err != nil {
		panic(err)
	}
	return a
}

// TestEveryAttribute tries each attribute alone. A real engine takes minutes
// for it; TestTogether tries them there all at once.
func TestEveryAttribute(t *testing.T) {
	for _, api := range []string{"1.41", ""} {
		t.Run("embedded"+api, func(t *testing.T) { everyAttribute(t, inMemory(t, api)) })
	}
}

func everyAttribute(t *testing.T, e *engine.Engine) {
	dir := t.TempDir()
	for _, name := range []string{"one", "two"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	one, two := ir.HandleVal(addr("network.one")), ir.HandleVal(addr("network.two"))
	data := ir.HandleVal(addr("volume.data"))
	kindtest.Suite{
		Kinds: kinds, Engine: e, Stack: stackName("all"), Dir: dir,
		Base: []kindtest.Decl{
			{Addr: "network.one", Attrs: kindtest.Attrs{"ipam": obj("config", strs(subnet+"0/24"))}}, {Addr: "network.two"}, {Addr: "network.default"}, {Addr: "volume.data"},
			{Addr: "container.other", Attrs: kindtest.Attrs{"image": str(probe1), "networks": ir.ListVal(one)}},
		},
		Subject: kindtest.Decl{Addr: "container.web", Attrs: kindtest.Attrs{"image": str(probe1)}},
		Samples: []kindtest.Sample{
			{Attr: "name", A: str(stackName("a")), B: str(stackName("b"))},
			{Attr: "command", A: str("serve --body 'a b'"), B: strs("serve", ":8081")},
			{Attr: "entrypoint", A: strs("/probe", "serve"), B: strs("/probe", "deaf")},
			{Attr: "env", A: obj("A", "x", "X", "1"), B: obj("X", "2", "Y", "")},
			{Attr: "user", A: str("1000"), B: str("1000:50")},
			{Attr: "working_dir", A: str("/tmp/"), B: str("/srv")},
			{Attr: "hostname", A: str("web"), B: str("other")},
			{Attr: "labels", A: obj("from", "me", "x", "1"), B: obj("x", "2")},
			{Attr: "ports", A: strs("127.0.0.1:"+port(1)+":80", port(2)+"-"+port(3)+":81-82/udp"), B: strs("127.0.0.1:"+port(4)+":80", "53/udp")},
			{Attr: "ports", A: strs(port(5)+"-"+port(9)+":80"), B: strs("127.0.0.1:"+port(1)+":80", "127.0.0.1:"+port(2)+":80")},
			{Attr: "networks", A: ir.ListVal(one), B: ir.ListVal(two, obj("network", one, "aliases", strs("x", "y")))},
			{Attr: "networks", A: ir.ListVal(obj("network", one, "ipv4_address", subnet+"20")), B: ir.ListVal(obj("network", one, "ipv4_address", subnet+"21", "driver_opts", obj("a", "b")))},
			{Attr: "networks", A: ir.ListVal(obj("network", one, "mac_address", "02:42:0a:d5:07:63")), B: ir.ListVal(obj("network", one, "mac_address", "02:42:0a:d5:07:64")), Is: schema.Replace, Gone: schema.Reconnect},
			{Attr: "mounts", A: ir.ListVal(obj("volume", data, "target", "/data"), obj("type", "tmpfs", "target", "/t", "size", "1m", "mode", "1777")),
				B: ir.ListVal(str(stackName("all")+"-data:/data:ro"), obj("source", "one", "target", "/x/"))},
			{Attr: "files", A: obj("/etc/a/b", "hello", "/x", obj("source", "one", "mode", "600", "uid", 7)), B: obj("/etc/a/b", "other", "/x", obj("source", "two", "gid", 8)), Gone: schema.Replace},
			{Attr: "files", A: obj("/a", obj("content", "1", "on_change", "SIGWINCH")), B: obj("/a", obj("content", "2", "on_change", "SIGWINCH")), Is: schema.Live, Gone: schema.Replace},
			{Attr: "restart", A: str("always"), B: str("on-failure:3")},
			{Attr: "stop_signal", A: str("INT"), B: str("SIGUSR1"), With: kindtest.Attrs{"stop_timeout": ir.IntVal(0)}},
			{Attr: "stop_timeout", A: str("1s"), B: ir.IntVal(0)},
			{Attr: "healthcheck", A: obj("test", strs("CMD", "/probe", "health"), "interval", "200ms"), B: obj("test", strs("CMD", "/probe", "health"), "interval", "300ms", "retries", 7, "timeout", "2s", "start_period", "1s")},
			{Attr: "healthcheck", A: obj("test", strs("CMD", "/probe", "health"), "interval", "200ms"), B: obj("disable", true)},
			{Attr: "memory", A: str("32m"), B: str("128m"), Gone: schema.Replace},
			{Attr: "cpus", A: ir.FloatVal(0.5), B: str("1.5"), Gone: schema.Replace},
			{Attr: "init", A: ir.BoolVal(false), B: ir.BoolVal(true)},
			{Attr: "cap_add", A: strs("net_admin", "SYS_TIME"), B: strs("CAP_SYS_TIME")},
			{Attr: "cap_drop", A: strs("ALL"), B: strs("CHOWN", "KILL")},
			{Attr: "extra_hosts", A: obj("db", "10.0.0.2", "six", "10.0.0.3,fd00::3"), B: obj("db", "host-gateway")},
			{Attr: "dns", A: strs("10.0.0.53", "10.0.0.54"), B: strs("10.0.0.54", "10.0.0.53")},
			{Attr: "ulimits", A: obj("nofile", 1024, "core", 0), B: obj("nofile", obj("soft", 512, "hard", 2048))},
			{Attr: "sysctls", A: obj("net.ipv4.ip_unprivileged_port_start", 0), B: obj("net.ipv4.ip_unprivileged_port_start", "80")},
			{Attr: "logging", A: obj("driver", "json-file", "options", obj("max-size", "1m")), B: obj("driver", "local")},
		},
		Without: map[string]string{
			"image": "it cannot be taken away; TestImage tries it", "read_only": "false is as good as nothing; TestSwitches tries it",
			"privileged": "false is as good as nothing; TestSwitches tries it", "state": "running is as good as nothing; TestStates tries it",
			"network_mode": "networks change with it; TestModes tries it",
		},
	}.Run(t)
}

func TestSwitches(t *testing.T) {
	w := &workshop{t: t, e: inMemory(t, ""), stack: stackName("sw"), dir: t.TempDir()}
	for _, attr := range []string{"read_only", "privileged"} {
		on := decls{"container.web": {"image": str(probe1), attr: ir.BoolVal(true)}}
		off := decls{"container.web": {"image": str(probe1), attr: ir.BoolVal(false)}}
		w.apply(on)
		for _, d := range []decls{off, on} {
			p := w.plan(d)
			if len(p.Steps) != 1 || p.Steps[0].Verb != kind.Replace || len(p.Steps[0].Changes) != 1 || p.Steps[0].Changes[0].Attr != attr {
				t.Errorf("%s changed: %s", attr, steps(p))
			}
			w.apply(d)
		}
	}
}

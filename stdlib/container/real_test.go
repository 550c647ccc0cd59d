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
	"strings"
	"testing"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/interpreter/kind/kindtest"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
	"bayplan/stdlib/network"
	"bayplan/stdlib/volume"

	api "github.com/docker/docker/api/types/container"
	imageapi "github.com/docker/docker/api/types/image"
)

// The images of these tests. The second one has other defaults, and a volume.
const (
	probe1 = "bay-container-test:1"
	probe2 = "bay-container-test:2"
)

// real connects to the engine of this machine, builds the images, and takes
// everything of the stack away afterwards.
func real(t *testing.T, stack string) *engine.Engine {
	t.Helper()
	e, err := engine.Connect(context.Background(), "")
	if err != nil {
		t.Skipf("NO REAL ENGINE HERE, this test checks nothing: %v", err)
	}
	bin := filepath.Join(t.TempDir(), "probe")
	cmd := exec.Command("go", "build", "-trimpath", "-o", bin, "./testdata/probe")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building the probe: %v\n%s", err, out)
	}
	build(t, e, bin, probe1, "ENV A=1 B=2\nLABEL from=image\nENTRYPOINT [\"/probe\"]\nCMD [\"serve\"]\n")
	build(t, e, bin, probe2, "ENV A=1 C=3\nENTRYPOINT [\"/probe\"]\nCMD [\"serve\", \"two\"]\nVOLUME /data\n")
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

func build(t *testing.T, e *engine.Engine, bin, tag, dockerfile string) {
	t.Helper()
	prog, err := os.ReadFile(bin)
	if err != nil {
		t.Fatal(err)
	}
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

func TestEveryAttribute(t *testing.T) {
	e := real(t, "ctest-all")
	dir := t.TempDir()
	for _, name := range []string{"one", "two"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	one, two := ir.HandleVal(addr("network.one")), ir.HandleVal(addr("network.two"))
	data := ir.HandleVal(addr("volume.data"))
	kindtest.Suite{
		Kinds: kinds, Engine: e, Stack: "ctest-all", Dir: dir,
		Base: []kindtest.Decl{
			{Addr: "network.one", Attrs: kindtest.Attrs{"ipam": obj("config", strs("10.213.7.0/24"))}}, {Addr: "network.two"}, {Addr: "volume.data"},
			{Addr: "container.other", Attrs: kindtest.Attrs{"image": str(probe1), "networks": ir.ListVal(one)}},
		},
		Subject: kindtest.Decl{Addr: "container.web", Attrs: kindtest.Attrs{"image": str(probe1)}},
		Samples: []kindtest.Sample{
			{Attr: "name", A: str("ctest-all-a"), B: str("ctest-all-b")},
			{Attr: "command", A: str("serve -g 'daemon off'"), B: strs("serve", "b")},
			{Attr: "entrypoint", A: strs("/probe", "serve"), B: strs("/probe", "again")},
			{Attr: "entrypoint", A: strs("/probe", "serve"), B: ir.ListVal(), With: kindtest.Attrs{"command": strs("/probe")}},
			{Attr: "command", A: strs("a"), B: strs(), With: kindtest.Attrs{"entrypoint": strs("/probe", "serve")}},
			{Attr: "env", A: obj("A", "x", "X", "1"), B: obj("X", "2", "Y", "")},
			{Attr: "user", A: str("1000"), B: str("1000:50")},
			{Attr: "working_dir", A: str("/tmp/"), B: str("/srv")},
			{Attr: "hostname", A: str("web"), B: str("other")},
			{Attr: "labels", A: obj("from", "me", "x", "1"), B: obj("x", "2")},
			{Attr: "ports", A: strs("127.0.0.1:18231:80", "18232-18233:81-82/udp"), B: strs("127.0.0.1:18234:80", "53/udp")},
			{Attr: "ports", A: strs("18240-18250:80"), B: strs("127.0.0.1:18231:80", "127.0.0.1:18232:80")},
			{Attr: "networks", A: ir.ListVal(one), B: ir.ListVal(two, obj("network", one, "aliases", strs("x", "y")))},
			{Attr: "networks", A: ir.ListVal(obj("network", one, "ipv4_address", "10.213.7.20")), B: ir.ListVal(obj("network", one, "ipv4_address", "10.213.7.21", "driver_opts", obj("a", "b")))},
			{Attr: "networks", A: ir.ListVal(obj("network", one, "mac_address", "02:42:0a:d5:07:63")), B: ir.ListVal(obj("network", one, "mac_address", "02:42:0a:d5:07:64")), Is: schema.Replace, Gone: schema.Reconnect},
			{Attr: "state", A: str("running"), B: str("created"), Is: schema.Replace, Gone: schema.Live},
			{Attr: "mounts", A: ir.ListVal(obj("volume", data, "target", "/data"), obj("type", "tmpfs", "target", "/t", "size", "1m", "mode", "1777")),
				B: ir.ListVal(str("ctest-all-data:/data:ro"), obj("source", "one", "target", "/x/"))},
			{Attr: "files", A: obj("/etc/a/b", "hello", "/x", obj("source", "one", "mode", "600", "uid", 7)), B: obj("/etc/a/b", "other", "/x", obj("source", "two", "gid", 8)), Gone: schema.Replace},
			{Attr: "files", A: obj("/a", obj("content", "1", "on_change", "SIGHUP")), B: obj("/a", obj("content", "2", "on_change", "SIGHUP")), Is: schema.Live, Gone: schema.Replace},
			{Attr: "restart", A: str("always"), B: str("on-failure:3")},
			{Attr: "stop_signal", A: str("INT"), B: str("SIGUSR1"), With: kindtest.Attrs{"stop_timeout": ir.IntVal(0)}},
			{Attr: "stop_timeout", A: str("1s"), B: ir.IntVal(0)},
			{Attr: "healthcheck", A: obj("test", strs("CMD", "/probe", "well"), "interval", "200ms"), B: obj("test", strs("CMD", "/probe", "well"), "interval", "300ms", "retries", 7, "timeout", "2s", "start_period", "1s")},
			{Attr: "healthcheck", A: obj("test", strs("CMD", "/probe", "well"), "interval", "200ms"), B: obj("disable", true)},
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
			{Attr: "network_mode", A: str("none"), B: ir.HandleVal(addr("container.other"))},
		},
		Without: map[string]string{
			"image": "it cannot be taken away; TestImage tries it", "read_only": "false is as good as nothing; TestSwitches tries it",
			"privileged": "false is as good as nothing; TestSwitches tries it",
		},
	}.Run(t)
}

func TestSwitches(t *testing.T) {
	w := &workshop{t: t, e: real(t, "ctest-sw"), stack: "ctest-sw", dir: t.TempDir()}
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

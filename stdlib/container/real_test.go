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
	w, err := embedded.InMemory("test", api)
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
		files := map[string]string{"probe": string(prog), "Dockerfile": "FROM scratch\nLABEL bayplan.test=1\nCOPY probe /probe\n" + dockerfile}
		buildOf(t, e, &engine.ImageBuild{Tags: []string{tag}}, files)
	}
}

// buildOf builds an image of files.
func buildOf(t *testing.T, e *engine.Engine, c *engine.ImageBuild, files map[string]string) {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for name, data := range files {
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
	if _, err := e.Do(context.Background(), c, s, nil); err != nil {
		t.Fatalf("building %v: %v", c.Tags, err)
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
		for _, m := range c.Mounts {
			if isUnnamed(m.Name) { // one that a replacement has taken over goes with nobody
				_, _ = e.Do(ctx, &engine.VolumeRemove{Volume: m.Name}, nil, nil)
			}
		}
	}
	w := &workshop{t: t, e: e, stack: stack, dir: t.TempDir()}
	w.destroy()
}

// ref is a toy of the kind image: a tag that the engine has.
type ref struct{ pull, platform string }

func (r *ref) Bind(f *schema.Set) {
	f.String(&r.pull, "pull", schema.Live, "A tag.")
	f.String(&r.platform, "platform", schema.Live, "What it is for.")
}

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

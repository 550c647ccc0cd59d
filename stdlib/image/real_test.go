package image

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/engine/embedded"
	"bayplan/interpreter/kind"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"

	"github.com/docker/docker/api/types/container"
	api "github.com/docker/docker/api/types/image"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/registry"
)

func jsonOf(x any) string {
	data, err := json.Marshal(x)
	if err != nil {
		panic(err)
	}
	return string(data)
}

// real connects to the engine of this machine.
func real(t *testing.T) *engine.Engine {
	t.Helper()
	e, err := engine.Connect(context.Background(), "")
	if err != nil {
		t.Skipf("NO REAL ENGINE HERE, this test checks nothing: %v", err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// inMemory opens an engine of this test's own, of an API version, with the images
// in containerd's store or not.
func inMemory(t *testing.T, api string, containerd bool) *engine.Engine {
	t.Helper()
	open := embedded.InMemory
	if containerd {
		open = embedded.InContainerd
	}
	w, err := open("test", api)
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.Through(context.Background(), w.Dial, engine.Options{Sleep: w.Sleep, Close: w.Close})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// cleared returns the name of a stack whose images go when the test is over.
// Several runs may share an engine, so that it holds the process. What they build
// has to hold it too: of two builds of one content the engine makes one image, and
// who takes it away first takes it from the other.
func cleared(t *testing.T, e *engine.Engine, name string) string {
	t.Helper()
	stack := fmt.Sprintf("%s-%d", name, os.Getpid())
	t.Cleanup(func() {
		list, err := e.Reader().ImageList(context.Background(), api.ListOptions{})
		if err != nil {
			t.Error(err)
		}
		for _, i := range list {
			for _, name := range append(i.RepoTags, i.RepoDigests...) {
				if strings.Contains(name, stack+"/") {
					_, _ = e.Do(context.Background(), &engine.ImageRemove{Ref: name}, nil, nil)
				}
			}
		}
	})
	return stack
}

// both runs a test on the engine of this machine and on those in memory.
func both(t *testing.T, test func(t *testing.T, e *engine.Engine)) {
	t.Parallel()
	all(t, test)
	t.Run("real", func(t *testing.T) { test(t, real(t)) })
}

// all runs a test on engines in memory, of several versions and with both stores
// of images.
func all(t *testing.T, test func(t *testing.T, e *engine.Engine)) {
	for _, api := range []string{"1.41", "1.44", "1.47", "1.51"} {
		t.Run("embedded "+api, func(t *testing.T) { test(t, inMemory(t, api, false)) })
		if api >= "1.44" {
			t.Run("embedded "+api+" containerd", func(t *testing.T) { test(t, inMemory(t, api, true)) })
		}
	}
}

// planned is what a plan would say of one image.
type planned struct {
	verb    kind.Verb
	changes []string
	why     string
	calls   []string // methods
	out     kind.Outcome
	work    kind.Work
}

// plan does what the planner does, as far as these tests need it: in order of
// address, which is one of dependencies here.
func plan(t *testing.T, e *engine.Engine, stack string, ws []*kind.Want, dir string) map[string]planned {
	t.Helper()
	ps, notes := planIn(t, e, kind.Scope{Stack: stack, Dir: dir, Wants: ws})
	if notes.HasErrors() {
		t.Fatal(notes)
	}
	return ps
}

// planIn plans in a scope, and returns what was said too.
func planIn(t *testing.T, e *engine.Engine, s kind.Scope) (map[string]planned, diag.List) {
	t.Helper()
	s.Reader, s.Info = e.Reader(), e.Info
	found, err := read(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	ws, stack := s.Wants, s.Stack
	out := map[string]planned{}
	for _, w := range ws {
		j := job(w, nil, found.Known[w.Res.Addr])
		j.Env.Stack = stack
		for _, l := range found.Live {
			if l.Identity.Addr == w.Res.Addr {
				j.Live = l
			}
		}
		p := planned{verb: kind.Create}
		var changes []schema.Change
		if j.Live != nil {
			want := Kind.Expect(j)
			changes = schema.Diff(want, j.Live.Spec, j.Live.Record)
			p.verb = kind.Same
		}
		changes = Kind.Adjust(j, changes)
		for _, c := range changes {
			p.verb = kind.Update
			text := c.Note
			if text == "" {
				text = c.Old.Show() + " → " + c.New.Show()
			}
			p.changes = append(p.changes, c.Name()+": "+text)
		}
		p.out = Kind.Outcome(j, p.verb, changes)
		p.why = p.out.Why
		if p.verb != kind.Same {
			p.work = Kind.Update(j, changes)
		}
		for _, op := range p.work.Ops {
			p.calls = append(p.calls, engine.Method(op.Call))
		}
		out[w.Res.Addr.Label] = p
	}
	return out, found.Notes
}

func apply(t *testing.T, e *engine.Engine, ps map[string]planned, order ...string) {
	t.Helper()
	for _, label := range order {
		for _, f := range ps[label].work.Facts {
			got, ok, err := e.Get(context.Background(), f.Source)
			if err != nil || ok == f.Absent || got != f.Want {
				t.Fatalf("%s: fact %+v: got %q, %t, %v", label, f, got, ok, err)
			}
		}
		for _, op := range ps[label].work.Ops {
			var said []string
			if _, err := e.Do(context.Background(), op.Call, op.Stream, func(p engine.Progress) { said = append(said, p.Text) }); err != nil {
				t.Fatalf("%s: %s: %v\n%s", label, engine.Method(op.Call), err, strings.Join(said, "\n"))
			}
		}
	}
}

// empty reports what a plan right after an apply still wants.
func empty(t *testing.T, ps map[string]planned) {
	t.Helper()
	for label, p := range ps {
		if p.verb != kind.Same || p.out.ID == "" || p.out.Image == nil {
			t.Errorf("%s: the plan is not empty: %s %v, ID %q", label, p.verb, p.changes, p.out.ID)
		}
	}
}

func TestConfig(t *testing.T) { both(t, testConfig) }

func testConfig(t *testing.T, e *engine.Engine) {
	stack := cleared(t, e, "baytest-conf")
	dir := plant(t, map[string]string{
		"Dockerfile": "FROM scratch\nLABEL bayplan.test=1\nCOPY hello /\nLABEL run=" + stack + "\nENV A=b\nEXPOSE 80\nVOLUME /data\nUSER 7\nHEALTHCHECK --interval=3s CMD [\"/hello\"]\nENTRYPOINT [\"/hello\"]\n",
	})
	program0(t, dir)
	ws, _ := program(t, stack, dir, declared{"web", obj("build", ".")})
	apply(t, e, plan(t, e, stack, ws, dir), "web")
	out := plan(t, e, stack, ws, dir)["web"].out
	want := &kind.ImageConfig{
		Env: []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "A=b"}, Entrypoint: []string{"/hello"}, User: "7",
		Ports: []string{"80/tcp"}, Volumes: []string{"/data"}, Healthcheck: &kind.Healthcheck{Test: []string{"CMD", "/hello"}, Interval: 3e9},
	}
	if out.Image == nil || out.Image.Labels[engine.LabelImageAddr] != "image.web" {
		t.Fatalf("outcome %+v", out)
	}
	out.Image.Labels = nil
	if diff := cmp.Diff(want, out.Image); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(t.Name(), "embedded") {
		runs(t, e, stack, out.Ref) // the one in memory runs no program but the probe
	}
}

func TestBuild(t *testing.T) { both(t, testBuild) }

func testBuild(t *testing.T, e *engine.Engine) {
	stack := cleared(t, e, "baytest-build")
	dir := plant(t, map[string]string{
		"web/Dockerfile":    "FROM scratch\nLABEL bayplan.test=1\nARG V=0\nCOPY . /\n",
		"web/.dockerignore": "*.md\n", "web/a.txt": "1", "web/README.md": "1", "web/run": stack,
	})
	write(t, dir, "site", "->web")
	web := func(extra ...any) []*kind.Want {
		ws, diags := program(t, stack, dir, declared{"web", obj(append([]any{"tags", strs(stack+"/web:1", stack+"/web:latest")}, extra...)...)})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		return ws
	}
	build := func(kv ...any) []*kind.Want { return web("build", obj(append([]any{"context", "web"}, kv...)...)) }

	first := plan(t, e, stack, build(), dir)["web"]
	if diff := cmp.Diff([]string{"ImageBuild", "ImageBuild", "ImageTag", "ImageTag", "ImageTag"}, first.calls); diff != "" || first.verb != kind.Create {
		t.Fatalf("%s: %s", first.verb, diff)
	}
	apply(t, e, map[string]planned{"web": first}, "web")
	second := plan(t, e, stack, build(), dir)
	empty(t, second)
	if second["web"].out.Ref != first.out.Ref || !strings.HasPrefix(first.out.Ref, "bayplan.invalid/"+stack+"/web:") {
		t.Errorf("ref %q, then %q", first.out.Ref, second["web"].out.Ref)
	}

	moves := []struct {
		name    string
		do      func()
		wants   []*kind.Want
		verb    kind.Verb
		changes []string
		why     string
		calls   string
		memory  bool // only in memory, since a real build takes seconds
	}{
		{name: "what is ignored", do: func() { write(t, dir, "web/README.md", "2") }, verb: kind.Same},
		{name: "times", do: func() { write(t, dir, "web/a.txt", "1") }, verb: kind.Same},
		{name: "a file", do: func() { write(t, dir, "web/a.txt", "2") }, verb: kind.Update,
			changes: []string{"build a.txt: changed"}, why: "a.txt changed", calls: "ImageBuild ImageBuild ImageTag ImageTag ImageTag"},
		{memory: true, name: "files", do: func() { write(t, dir, "web/b.txt", "2"); write(t, dir, "web/a.txt:x", "2") }, verb: kind.Update,
			changes: []string{"build a.txt: changed", "build b.txt: added"}, why: "2 files changed: a.txt, b.txt", calls: "ImageBuild ImageBuild ImageTag ImageTag ImageTag"},
		{name: "an argument", wants: build("args", obj("V", "1")), verb: kind.Update,
			changes: []string{"build args V: (none) → 1"}, why: "build arg V changed", calls: "ImageBuild ImageBuild ImageTag ImageTag ImageTag"},
		{memory: true, name: "argument and label", wants: build("args", obj("V", "2"), "labels", obj("x", "y")), verb: kind.Update,
			changes: []string{"build args V: 1 → 2", "build labels x: (none) → y"}, why: "build arg V changed, build label x changed", calls: "ImageBuild ImageBuild ImageTag ImageTag ImageTag"},
		{memory: true, name: "back to what was built before", wants: build("args", obj("V", "1")), verb: kind.Update,
			changes: []string{"build args V: 2 → 1", "build labels x: y → (none)"}, why: "build arg V changed, build label x changed", calls: "ImageTag ImageTag ImageTag"},
		{name: "another name for the context",
			wants: web("build", obj("context", "site", "args", obj("V", "1"))), verb: kind.Same},
		{name: "a tag more", wants: web("build", obj("context", "site", "args", obj("V", "1")), "tags", strs(stack+"/web:1", stack+"/web:2")), verb: kind.Update,
			changes: []string{"tags " + stack + "/web:2: (none) → " + stack + "/web:2"}, calls: "ImageTag ImageTag"},
	}
	for _, m := range moves {
		if m.memory && strings.HasSuffix(t.Name(), "/real") {
			continue
		}
		if m.do != nil {
			m.do()
		}
		wants := m.wants
		if wants == nil {
			wants = build()
		}
		p := plan(t, e, stack, wants, dir)["web"]
		if p.verb != m.verb || p.why != m.why || strings.Join(p.calls, " ") != m.calls {
			t.Errorf("%s: %s, %q, %v", m.name, p.verb, p.why, p.calls)
		}
		if diff := cmp.Diff(m.changes, p.changes); diff != "" {
			t.Errorf("%s: %s", m.name, diff)
		}
		if known := p.out.ID != ""; known != !strings.Contains(m.calls, "ImageBuild") {
			t.Errorf("%s: ID %q", m.name, p.out.ID)
		}
		apply(t, e, map[string]planned{"web": p}, "web")
		empty(t, plan(t, e, stack, wants, dir))
	}

	// What somebody does by hand.
	wants := moves[len(moves)-1].wants
	hand := func(name string, call engine.Call, verb kind.Verb, changes ...string) {
		t.Helper()
		if _, err := e.Do(context.Background(), call, nil, nil); err != nil {
			t.Fatal(err)
		}
		p := plan(t, e, stack, wants, dir)["web"]
		if diff := cmp.Diff(changes, p.changes); diff != "" || p.verb != verb || p.out.ID == "" {
			t.Errorf("%s: %s, ID %q: %s", name, p.verb, p.out.ID, diff)
		}
		apply(t, e, map[string]planned{"web": p}, "web")
		empty(t, plan(t, e, stack, wants, dir))
	}
	hand("tag removed", &engine.ImageRemove{Ref: stack + "/web:2"}, kind.Update, "tags "+stack+"/web:2: (none) → "+stack+"/web:2")
	hand("tag moved to an older one of ours", &engine.ImageTag{Image: first.out.Ref, Ref: stack + "/web:2"}, kind.Update, "tags "+stack+"/web:2: points at another image")
	hand("first tag removed", &engine.ImageRemove{Ref: stack + "/web:1"}, kind.Update, "tags "+stack+"/web:1: (none) → "+stack+"/web:1")
	pin := plan(t, e, stack, wants, dir)["web"].out.Ref
	hand("record removed", &engine.ImageRemove{Ref: pin + filesSuffix}, kind.Same)
	write(t, dir, "site/a.txt", "9")
	if p := plan(t, e, stack, wants, dir)["web"]; p.why != "content changed" {
		t.Errorf("without a record: %q, %v", p.why, p.changes)
	}
}

// program0 builds a static program named hello.
func program0(t *testing.T, dir string) {
	t.Helper()
	src := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(src, []byte("package main\n\nfunc main() { println(\"hello\") }\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", filepath.Join(dir, "hello"), src)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// runs lets the engine run an image to its end, without a network.
func runs(t *testing.T, e *engine.Engine, stack, ref string) {
	t.Helper()
	name := stack + "-hello"
	ctx := context.Background()
	_, _ = e.Do(ctx, &engine.ContainerRemove{Container: name}, nil, nil)
	defer func() { _, _ = e.Do(ctx, &engine.ContainerRemove{Container: name, RemoveVolumes: true}, nil, nil) }()
	for _, call := range []engine.Call{
		&engine.ContainerCreate{Name: name, Config: &container.Config{Image: ref}, HostConfig: &container.HostConfig{NetworkMode: "none"}},
		&engine.ContainerStart{Container: name},
	} {
		if _, err := e.Do(ctx, call, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Wait(ctx, engine.Wait{Container: name, Until: ir.Completed, Limit: 60e9}); err != nil {
		t.Error(err)
	}
}

func TestBase(t *testing.T) { both(t, testBase) }

func testBase(t *testing.T, e *engine.Engine) {
	stack := cleared(t, e, "baytest-base")
	dir := plant(t, map[string]string{
		"base/Dockerfile": "FROM scratch\nLABEL bayplan.test=1\nCOPY a /\n", "base/a": stack,
		"web/Dockerfile": "ARG FROM=" + stack + "/base:1\nFROM $FROM\nCOPY b /\n", "web/b": "1",
	})
	images := []declared{
		{"base", obj("build", "base", "tags", strs(stack+"/base:1"))},
		{"web", obj("build", "web")},
	}
	ws, diags := program(t, stack, dir, images...)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	if len(ws[1].Res.Deps) != 1 || ws[1].Res.Deps[0].To != ws[0].Res.Addr {
		t.Fatalf("the Dockerfile's FROM gives no edge: %v", ws[1].Res.Deps)
	}
	apply(t, e, plan(t, e, stack, ws, dir), "base", "web")
	empty(t, plan(t, e, stack, ws, dir))
	write(t, dir, "base/a", "2")
	ps := plan(t, e, stack, ws, dir)
	if ps["base"].why != "a changed" || ps["web"].why != stack+"/base:1 changed" {
		t.Errorf("base: %q, web: %q, %v", ps["base"].why, ps["web"].why, ps["web"].changes)
	}
	apply(t, e, ps, "base", "web")
	empty(t, plan(t, e, stack, ws, dir))
}

func TestBuildFails(t *testing.T) { both(t, testBuildFails) }

func testBuildFails(t *testing.T, e *engine.Engine) {
	stack := cleared(t, e, "baytest-fails")
	dir := plant(t, map[string]string{"Dockerfile": "FROM scratch\nLABEL bayplan.test=1\nCOPY . /\nCOPY missing /\n"})
	ws, _ := program(t, stack, dir, declared{"web", obj("build", ".")})
	p := plan(t, e, stack, ws, dir)["web"]
	_, err := e.Do(context.Background(), p.work.Ops[0].Call, p.work.Ops[0].Stream, nil)
	if err == nil || !strings.Contains(err.Error(), "missing") || !strings.Contains(err.Error(), "Step 3/") {
		t.Errorf("a build that fails says %v", err)
	}
	write(t, dir, "Dockerfile", "FROM scratch\nLABEL bayplan.test=1\nCOPY . /\n")
	_, err = e.Do(context.Background(), p.work.Ops[0].Call, p.work.Ops[0].Stream, nil)
	if err == nil || !strings.Contains(err.Error(), "Dockerfile changed since the plan was made") {
		t.Errorf("a context that changed says %v", err)
	}
}

// hub is a registry on this machine that counts what is asked of it.
type hub struct {
	*httptest.Server
	mu    sync.Mutex
	asked []string // method and path of manifest requests
}

func newHub(t *testing.T) *hub {
	t.Helper()
	h := &hub{}
	inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/manifests/") && r.Method != http.MethodPut {
			h.mu.Lock()
			h.asked = append(h.asked, r.Method+" "+r.URL.Path)
			h.mu.Unlock()
		}
		if strings.Contains(r.URL.Path, "/private/") {
			w.Header().Set("WWW-Authenticate", `Basic realm="here"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *hub) host() string { return strings.TrimPrefix(h.URL, "http://") }

func (h *hub) put(t *testing.T, method, path, contentType string, body []byte) {
	t.Helper()
	req, err := http.NewRequest(method, h.URL+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		t.Fatalf("%s %s: %s", method, path, resp.Status)
	}
}

// push puts an image without layers, told apart by a label.
func (h *hub) push(t *testing.T, repo, tag, label string) (digest string) {
	t.Helper()
	digest, _ = h.pushFor(t, repo, tag, label, "amd64")
	return digest
}

const manifestType = "application/vnd.docker.distribution.manifest.v2+json"

// pushFor does so for a processor, and returns how long the manifest is, too.
func (h *hub) pushFor(t *testing.T, repo, tag, label, arch string) (digest string, size int) {
	t.Helper()
	conf := []byte(`{"architecture":"` + arch + `","os":"linux","config":{"Labels":{"which":"` + label + `"}},"rootfs":{"type":"layers","diff_ids":[]}}`)
	blob := fmt.Sprintf("sha256:%x", sha256.Sum256(conf))
	h.put(t, http.MethodPost, "/v2/"+repo+"/blobs/uploads/?digest="+blob, "application/octet-stream", conf)
	manifest := fmt.Appendf(nil, `{"schemaVersion":2,"mediaType":%q,"config":{"mediaType":"application/vnd.docker.container.image.v1+json","size":%d,"digest":%q},"layers":[]}`, manifestType, len(conf), blob)
	h.put(t, http.MethodPut, "/v2/"+repo+"/manifests/"+tag, manifestType, manifest)
	return fmt.Sprintf("sha256:%x", sha256.Sum256(manifest)), len(manifest)
}

func TestRealPull(t *testing.T) {
	t.Parallel()
	e := real(t)
	stack := cleared(t, e, "baytest-pull")
	h := newHub(t)
	repo := h.host() + "/" + stack + "/pg"
	one := h.push(t, stack+"/pg", "1", "one")
	two := h.push(t, stack+"/pg", "2", "two")
	pg := func(kv ...any) []*kind.Want {
		ws, diags := program(t, stack, t.TempDir(), declared{"pg", obj(kv...)}, declared{"same", obj("pull", repo+":1")})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		return ws
	}
	wants := pg("pull", repo+":1", "tags", strs(stack+"/db:1"))
	h.asked = nil
	ps := plan(t, e, stack, wants, "")
	if n := strings.Count(strings.Join(h.asked, "\n")+"\n", "manifests/1\n"); n != 1 {
		t.Errorf("two images of one reference ask %v", h.asked)
	}
	p := ps["pg"]
	if diff := cmp.Diff([]string{"ImagePull", "ImageTag", "ImageTag", "ImageTag", "ImageTag"}, p.calls); diff != "" || p.verb != kind.Create {
		t.Errorf("%s: %s", p.verb, diff)
	}
	if p.out.Ref != repo+":1@"+one || p.out.ID != "" {
		t.Errorf("outcome %+v", p.out)
	}
	apply(t, e, ps, "pg")
	ps = plan(t, e, stack, wants, "")
	if p := ps["same"]; p.verb != kind.Create || p.out.ID == "" || strings.Join(p.calls, " ") != "ImageTag" {
		t.Errorf("what is there already: %s, %v", p.verb, p.calls)
	}
	apply(t, e, ps, "same")
	h.asked = nil
	ps = plan(t, e, stack, wants, "")
	empty(t, ps)
	if len(h.asked) > 0 {
		t.Errorf("what is on the engine asks the registry: %v", h.asked)
	}
	if ps["pg"].out.Ref != repo+":1@"+one {
		t.Errorf("ref %q", ps["pg"].out.Ref)
	}
	created(t, e, stack, ps["pg"].out)

	hand := func(name string, calls []engine.Call, wants []*kind.Want, why string, changes ...string) planned {
		t.Helper()
		for _, call := range calls {
			if _, err := e.Do(context.Background(), call, nil, nil); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		ps := plan(t, e, stack, wants, "")
		p := ps["pg"]
		if diff := cmp.Diff(changes, p.changes); diff != "" || p.why != why {
			t.Errorf("%s: %s, %q: %s", name, p.verb, p.why, diff)
		}
		apply(t, e, ps, "pg", "same")
		empty(t, plan(t, e, stack, wants, ""))
		return p
	}
	pin := "bayplan.invalid/" + stack + "/pg:"
	hand("pin removed", []engine.Call{&engine.ImageRemove{Ref: pin + short12(one)}}, wants, "")
	p = hand("reference removed", []engine.Call{&engine.ImageRemove{Ref: repo + ":1"}}, wants, "the engine no longer knows its digest",
		"pull: the engine no longer knows its digest", "tags "+repo+":1: (none) → "+repo+":1")
	if p.out.ID == "" {
		t.Error("an image that is there by its pin has no ID")
	}
	p = hand("another reference", nil, pg("pull", repo+":2", "tags", strs(stack+"/db:1")), repo+":1 → "+repo+":2", "pull: "+repo+":1 → "+repo+":2")
	if p.out.Ref != repo+":2@"+two {
		t.Errorf("ref %q", p.out.Ref)
	}
	three := h.push(t, stack+"/pg", "2", "three")
	wants = pg("pull", repo+":2", "tags", strs(stack+"/db:1"))
	hand("moved in the registry", nil, wants, "")
	p = hand("pulled by hand", []engine.Call{&engine.ImagePull{Ref: repo + "@" + three}, &engine.ImageTag{Image: repo + "@" + three, Ref: repo + ":2"}},
		wants, "tag moved", "pull "+repo+":2: "+shortDigest(two)+" → "+shortDigest(three))
	if p.out.Ref != repo+":2@"+three || p.out.ID == "" {
		t.Errorf("outcome %+v", p.out)
	}
	ps = plan(t, e, stack, pg("pull", repo+"@"+one), "")
	empty(t, map[string]planned{"pg": ps["pg"]}) // it was pulled before, and its pin is still there
	if ps["pg"].out.Ref != repo+"@"+one {
		t.Errorf("ref %q", ps["pg"].out.Ref)
	}
}

// created creates a container by the reference that an outcome names.
func created(t *testing.T, e *engine.Engine, stack string, o kind.Outcome) {
	t.Helper()
	ctx := context.Background()
	name := stack + "-c"
	_, _ = e.Do(ctx, &engine.ContainerRemove{Container: name}, nil, nil)
	defer func() { _, _ = e.Do(ctx, &engine.ContainerRemove{Container: name}, nil, nil) }()
	call := &engine.ContainerCreate{Name: name, Config: &container.Config{Image: o.Ref, Cmd: []string{"/x"}}, HostConfig: &container.HostConfig{NetworkMode: "none"}}
	if _, err := e.Do(ctx, call, nil, nil); err != nil {
		t.Fatal(err)
	}
	got, err := e.Reader().ContainerInspect(ctx, name)
	if err != nil || got.Image != o.ID || got.Config.Image != o.Ref {
		t.Errorf("the container has image %s (%s), %v; want %s (%s)", got.Image, got.Config.Image, err, o.ID, o.Ref)
	}
}

func TestRealUnanswered(t *testing.T) {
	t.Parallel()
	e := real(t)
	stack := cleared(t, e, "baytest-lost")
	h := newHub(t)
	tests := []struct{ ref, want, hint string }{
		{h.host() + "/" + stack + "/none:1", "is not on the engine, and its registry does not tell what it is", "is it spelt right?"},
		{h.host() + "/" + stack + "/private/x:1", "is not on the engine", "docker login " + h.host()},
		{"127.0.0.1:1/" + stack + "/x:1", "is not on the engine", "can the engine reach 127.0.0.1:1?"},
	}
	for _, tt := range tests {
		ws, _ := program(t, stack, t.TempDir(), declared{"x", obj("pull", tt.ref)})
		found, err := read(context.Background(), kind.Scope{Reader: e.Reader(), Info: e.Info, Stack: stack, Wants: ws})
		if err != nil {
			t.Fatal(err)
		}
		if len(found.Notes) != 1 || !strings.Contains(found.Notes.Error(), "t:2:3: image.x.pull: "+tt.ref) ||
			!strings.Contains(found.Notes.Error(), tt.want) || !strings.Contains(found.Notes[0].Hint, tt.hint) {
			t.Errorf("%s: %v, %q", tt.ref, found.Notes, found.Notes[0].Hint)
		}
	}
}

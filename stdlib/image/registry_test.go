package image

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/lang/ir"

	api "github.com/docker/docker/api/types/image"
	"github.com/google/go-cmp/cmp"
)

// When a registry is asked, and what counts if it says something else than the
// engine has.
func TestRealPolicies(t *testing.T) {
	t.Parallel()
	e := real(t)
	stack := cleared(t, e, "baytest-policy")
	h := newHub(t)
	repo := h.host() + "/" + stack + "/pg"
	one := h.push(t, stack+"/pg", "1", "one")
	scope := func(kv ...any) kind.Scope {
		ws, diags := program(t, stack, t.TempDir(), declared{"pg", obj(append([]any{"pull", repo + ":1"}, kv...)...)})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		return kind.Scope{Stack: stack, Wants: ws}
	}
	// look plans, and holds what is said, what changes and how often the registry was asked.
	look := func(name string, s kind.Scope, asks int, said string, changes ...string) planned {
		t.Helper()
		h.asked = nil
		ps, notes := planIn(t, e, s)
		if diff := cmp.Diff(changes, ps["pg"].changes); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if got := notes.Error(); (said == "") != (got == "") || !strings.Contains(got, said) {
			t.Errorf("%s: said %q, want %q", name, got, said)
		}
		if n := strings.Count(strings.Join(h.asked, "\n")+"\n", "manifests/1\n"); n != asks {
			t.Errorf("%s: the registry was asked %v, want %d times", name, h.asked, asks)
		}
		return ps["pg"]
	}
	offline, locked := scope(), scope()
	offline.Offline, locked.Locked = true, true
	look("never, not there", scope("pull_policy", "never"), 0, `is not on the engine, and pull_policy = "never" pulls nothing`)
	look("offline, not there", offline, 0, "with --offline its registry is not asked what it stands for")
	look("not locked", locked, 0, "does not stand in bay.lock, and --locked takes nothing else")
	p := look("missing", scope(), 1, "")
	apply(t, e, map[string]planned{"pg": p}, "pg")
	look("never, there", scope("pull_policy", "never"), 0, "")
	look("offline, there", offline, 0, "")

	two := h.push(t, stack+"/pg", "1", "two")
	moved := "pull " + repo + ":1: " + shortDigest(one) + " → " + shortDigest(two)
	look("missing does not follow", scope(), 0, "")
	look("always follows", scope("pull_policy", "always"), 1, "", moved)
	task := scope()
	task.Task = kind.Pull
	look("so does a pull", task, 1, "", moved)
	always := scope("pull_policy", "always")
	always.Offline = true
	look("offline does not know", always, 0, "whether "+repo+":1 has moved is not known")
	pinned := scope("pull_policy", "always")
	pinned.Pins, pinned.Locked = map[string]string{repo + ":1": one}, true
	if p := look("what is pinned stays", pinned, 0, ""); p.out.Ref != repo+":1@"+one {
		t.Errorf("ref %q", p.out.Ref)
	}
	apply(t, e, map[string]planned{"pg": look("newer follows", scope("pull_policy", "newer"), 1, "", moved)}, "pg")
	empty(t, map[string]planned{"pg": look("newer is there", scope("pull_policy", "newer"), 1, "")})

	// The lock file wins over what the tag points at. One that came with the stack
	// follows, and one that somebody has put elsewhere is left alone.
	p = look("pinned elsewhere", pinned, 0, "", "tags "+repo+":1: points at another image")
	apply(t, e, map[string]planned{"pg": p}, "pg")
	empty(t, map[string]planned{"pg": look("pinned elsewhere, done", pinned, 0, "")})
	three := h.push(t, stack+"/pg", "3", "three")
	for _, call := range []engine.Call{&engine.ImagePull{Ref: repo + "@" + three}, &engine.ImageTag{Image: repo + "@" + three, Ref: repo + ":1"}} {
		if _, err := e.Do(t.Context(), call, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	p = look("a tag of others", pinned, 0, "")
	empty(t, map[string]planned{"pg": p})
	if got := p.out.Attrs["digest"]; got.Str != one {
		t.Errorf("digest %s", got.Show())
	}

	h.Close()
	look("newer, no answer", scope("pull_policy", "newer"), 0, "and what is on the engine serves",
		"pull "+repo+":1: "+shortDigest(one)+" → "+shortDigest(three))
	look("always, no answer", scope("pull_policy", "always"), 0, "the registry of "+repo+":1 does not tell what it is")
}

// What a registry has decides what is pushed, on any engine.
func TestPush(t *testing.T) { both(t, testPush) }

func testPush(t *testing.T, e *engine.Engine) {
	stack := cleared(t, e, "baytest-push")
	h := newHub(t)
	repo := h.host() + "/" + stack + "/web"
	dir := plant(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY a /a\nCMD [\"/a\"]\n", "a": stack})
	scope := func(kv ...any) kind.Scope {
		ws, diags := program(t, stack, dir, declared{"web", obj(append([]any{"build", "."}, kv...)...)})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		return kind.Scope{Stack: stack, Wants: ws, Dir: dir}
	}
	want := func(p planned, calls ...string) {
		t.Helper()
		if diff := cmp.Diff(calls, p.calls); diff != "" {
			t.Error(diff)
		}
	}
	all := scope("tags", strs(repo+":1"), "push", strs(repo+":1", repo+":2"))
	ps, _ := planIn(t, e, all)
	want(ps["web"], "ImageBuild", "ImageBuild", "ImageTag", "ImageTag", "ImageTag", "ImagePush", "ImagePush")
	for _, op := range ps["web"].work.Ops[5:] {
		if len(op.Facts) != 1 || !op.Facts[0].Absent {
			t.Errorf("what is built and pushed relies on %+v", op.Facts)
		}
	}
	apply(t, e, ps, "web")
	ps, _ = planIn(t, e, all)
	empty(t, ps)
	digest := ps["web"].out.Attrs["digest"].Str
	src := source(all.Wants[0].Spec.(*Spec), "", "digest")
	if got, _, err := e.Get(context.Background(), *src); err != nil || got == "" || got != digest {
		t.Errorf("digest %q on the engine, %q in the plan, %v", got, digest, err)
	}

	third := scope("tags", strs(repo+":1", repo+":3"), "push", ir.BoolVal(true))
	ps, _ = planIn(t, e, third)
	if diff := cmp.Diff([]string{"tags " + repo + ":3: (none) → " + repo + ":3", "push " + repo + ":3: is not there yet"}, ps["web"].changes); diff != "" {
		t.Error(diff)
	}
	apply(t, e, ps, "web")
	ps, _ = planIn(t, e, third)
	empty(t, ps)

	offline := all
	offline.Offline = true
	ps, notes := planIn(t, e, offline)
	empty(t, ps)
	if n := strings.Count(notes.Error(), "is not pushed, and whether its registry has it is not known"); n != 2 {
		t.Errorf("said %v", notes)
	}

	build := scope("tags", strs(repo+":1"), "push", ir.BoolVal(true))
	build.Task = kind.Build
	ps, _ = planIn(t, e, build)
	empty(t, ps)
}

// Somebody else has pushed to a tag: the plan says so, and a push that was planned
// before is stale.
func TestRealPushedOver(t *testing.T) {
	t.Parallel()
	e := real(t)
	stack := cleared(t, e, "baytest-over")
	h := newHub(t)
	repo := h.host() + "/" + stack + "/web"
	dir := plant(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY a /a\nCMD [\"/a\"]\n", "a": stack})
	ws, _ := program(t, stack, dir, declared{"web", obj("build", ".", "tags", strs(repo+":1"), "push", ir.BoolVal(true))})
	scope := kind.Scope{Stack: stack, Wants: ws, Dir: dir}
	ps, _ := planIn(t, e, scope)
	apply(t, e, ps, "web")
	theirs := h.push(t, stack+"/web", "1", "theirs")
	ps, _ = planIn(t, e, scope)
	if diff := cmp.Diff([]string{"push " + repo + ":1: is " + shortDigest(theirs) + " there, and becomes this image"}, ps["web"].changes); diff != "" {
		t.Error(diff)
	}
	want := []string{"ImagePush"} // that the repository has it by us is marked already
	if diff := cmp.Diff(want, ps["web"].calls); diff != "" {
		t.Fatal(diff)
	}
	facts := ps["web"].work.Ops[0].Facts
	if f, _, _, err := e.Broken(t.Context(), facts); f != nil || err != nil {
		t.Errorf("the fact does not hold: %v, %v", f, err)
	}
	others := h.push(t, stack+"/web", "1", "others")
	if f, got, _, err := e.Broken(t.Context(), facts); f == nil || got != others || err != nil {
		t.Errorf("the fact holds: %v, %q, %v", f, got, err)
	}

	// The image moves too: what is there is shown all the same, and relied on.
	write(t, dir, "a", stack+" again")
	ps, _ = planIn(t, e, scope)
	if want := "push " + repo + ":1: is " + shortDigest(others) + " there, and becomes this image"; !slices.Contains(ps["web"].changes, want) {
		t.Errorf("want %q, got %q", want, ps["web"].changes)
	}
	ops := ps["web"].work.Ops
	if last := ops[len(ops)-1]; engine.Method(last.Call) != "ImagePush" || len(last.Facts) != 1 || last.Facts[0].Want != others {
		t.Errorf("the last call is %s, and relies on %+v", engine.Method(last.Call), last.Facts)
	}
	apply(t, e, ps, "web")
	write(t, dir, "a", stack+" and again")
	ps, _ = planIn(t, e, scope)
	if want := "push " + repo + ":1: goes to its registry"; !slices.Contains(ps["web"].changes, want) {
		t.Errorf("want %q, got %q", want, ps["web"].changes)
	}
}

// What was pushed goes with all that the engine knows it by, also after another
// image has taken its tag.
func TestRealCollectPushed(t *testing.T) {
	t.Parallel()
	e := real(t)
	stack := cleared(t, e, "baytest-collect")
	h := newHub(t)
	repo := h.host() + "/" + stack + "/web"
	for _, content := range []string{"one", "two"} {
		dir := plant(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY a /a\nCMD [\"/a\"]\n", "a": stack + content})
		ws, _ := program(t, stack, dir, declared{"web", obj("build", ".", "tags", strs(repo+":1"), "push", ir.BoolVal(true))})
		ps, _ := planIn(t, e, kind.Scope{Stack: stack, Wants: ws, Dir: dir})
		apply(t, e, ps, "web")
	}
	found, err := read(t.Context(), kind.Scope{Reader: e.Reader(), Info: e.Info, Stack: stack, Idle: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range found.Idle {
		for _, op := range Kind.Drop(kind.Removal{Live: l}).Ops {
			if _, err := e.Do(t.Context(), op.Call, nil, nil); err != nil {
				t.Error(err)
			}
		}
	}
	list, err := e.Reader().ImageList(t.Context(), api.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(found.Idle) < 2 {
		t.Errorf("%d images are idle", len(found.Idle))
	}
	for _, x := range list {
		for _, name := range append(x.RepoTags, x.RepoDigests...) {
			if strings.Contains(name, stack) {
				t.Errorf("%s is left", name)
			}
		}
	}
}

// A platform is pulled by name, and known by its pin from then on.
func TestRealPlatform(t *testing.T) {
	t.Parallel()
	e := real(t)
	stack := cleared(t, e, "baytest-arch")
	h := newHub(t)
	repo := h.host() + "/" + stack + "/pg"
	h.pushIndex(t, stack+"/pg", "1", "amd64", "arm64")
	scope := func(platform string) kind.Scope {
		ws, diags := program(t, stack, t.TempDir(), declared{"pg", obj("pull", repo+":1", "platform", platform)})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		return kind.Scope{Stack: stack, Wants: ws}
	}
	if _, notes := planIn(t, e, scope("linux/s390x")); !strings.Contains(notes.Error(), "is not there for linux/s390x") {
		t.Errorf("said %v", notes)
	} else if got := notes[0].Hint; got != "it is there for linux/amd64, linux/arm64" {
		t.Errorf("hint %q", got)
	}
	ps, notes := planIn(t, e, scope("linux/arm64"))
	if notes.HasErrors() {
		t.Fatal(notes)
	}
	apply(t, e, ps, "pg")
	ps, _ = planIn(t, e, scope("linux/arm64"))
	empty(t, ps)
	got, err := e.Reader().ImageInspect(t.Context(), ps["pg"].out.Ref)
	if err != nil || got.Architecture != "arm64" || got.ID != ps["pg"].out.ID {
		t.Errorf("%s, %v", got.Architecture, err)
	}
	if got := ps["pg"].out.Platform; got != "linux/arm64" {
		t.Errorf("it is for %s", got)
	}
	plain := scope("linux/arm64")
	ws, _ := program(t, stack, t.TempDir(), declared{"pg", obj("pull", repo+":1", "platform", "linux/arm64")}, declared{"own", obj("pull", repo+":1")})
	plain.Wants = ws
	if _, notes := planIn(t, e, plain); !strings.Contains(notes.Error(), "image.own") || !strings.Contains(notes.Error(), "cannot be pulled for linux/amd64: the engine has it for linux/arm64") {
		t.Errorf("what was pulled for another platform serves the engine's own: %v", notes)
	}
	if _, notes := planIn(t, e, scope("linux/amd64")); !strings.Contains(notes.Error(), "the engine has it for linux/arm64, and keeps one platform of a digest") {
		t.Errorf("said %v", notes)
	}
}

// pushIndex puts an image for several processors.
func (h *hub) pushIndex(t *testing.T, repo, tag string, archs ...string) {
	t.Helper()
	var list []string
	for _, arch := range archs {
		digest, size := h.pushFor(t, repo, tag+"-"+arch, "x", arch)
		list = append(list, fmt.Sprintf(`{"mediaType":%q,"size":%d,"digest":%q,"platform":{"os":"linux","architecture":%q}}`, manifestType, size, digest, arch))
	}
	const index = "application/vnd.docker.distribution.manifest.list.v2+json"
	h.put(t, "PUT", "/v2/"+repo+"/manifests/"+tag, index, fmt.Appendf(nil, `{"schemaVersion":2,"mediaType":%q,"manifests":[%s]}`, index, strings.Join(list, ",")))
}

// What is pulled has one ID for the engine, the plan and the container, whatever
// store the images lie in: where that is containerd's, the ID is the digest.
func TestPulled(t *testing.T) {
	t.Parallel()
	all(t, func(t *testing.T, e *engine.Engine) {
		const stack = "shop"
		ws, diags := program(t, stack, t.TempDir(), declared{"pg", obj("pull", "postgres:17", "tags", strs("shop/pg:1"))})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		ps := plan(t, e, stack, ws, "")
		apply(t, e, ps, "pg")
		digest := ps["pg"].out.Attrs["digest"].Str
		ps = plan(t, e, stack, ws, "")
		empty(t, ps)
		if got := ps["pg"].out.Attrs["digest"].Str; got != digest || (ps["pg"].out.ID == digest) != e.Info.Containerd {
			t.Errorf("ID %s, digest %s, then %s", ps["pg"].out.ID, digest, got)
		}
		created(t, e, stack, ps["pg"].out)
		for _, ref := range []string{"postgres:17", "bayplan.invalid/shop/pg:" + short12(digest)} {
			if _, err := e.Do(t.Context(), &engine.ImageRemove{Ref: ref}, nil, nil); err != nil {
				t.Fatal(err)
			}
			ps = plan(t, e, stack, ws, "")
			if ps["pg"].verb == kind.Same {
				t.Errorf("%s is gone, and nothing is to be done", ref)
			}
			apply(t, e, ps, "pg")
			empty(t, plan(t, e, stack, ws, ""))
		}
	})
}

// Two platforms of one digest have one ID in containerd's store, and lie beside
// each other there; elsewhere one of them is refused.
func TestPlatforms(t *testing.T) {
	t.Parallel()
	all(t, func(t *testing.T, e *engine.Engine) {
		ws, diags := program(t, "shop", t.TempDir(), declared{"arm", obj("pull", "postgres:17", "platform", "linux/arm64")}, declared{"own", obj("pull", "postgres:17")})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		ps := plan(t, e, "shop", ws[:1], "")
		apply(t, e, ps, "arm")
		empty(t, plan(t, e, "shop", ws[:1], ""))
		ps, notes := planIn(t, e, kind.Scope{Stack: "shop", Wants: ws})
		if !e.Info.Containerd {
			if !strings.Contains(notes.Error(), "cannot be pulled for linux/amd64: the engine has it for linux/arm64") {
				t.Errorf("said %v", notes)
			}
			return
		}
		if notes.HasErrors() {
			t.Fatal(notes)
		}
		apply(t, e, ps, "own", "arm")
		empty(t, plan(t, e, "shop", ws, ""))
	})
}

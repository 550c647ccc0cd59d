package image_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"bayplan/interpreter/apply"
	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/interpreter/kind/kindtest"
	"bayplan/interpreter/plan"
	"bayplan/interpreter/world"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
	"bayplan/stdlib/image"

	api "github.com/docker/docker/api/types/image"
	"github.com/google/go-cmp/cmp"
)

// names returns what the images on an engine are called.
func names(t *testing.T, e *engine.Engine) []string {
	t.Helper()
	list, err := e.Reader().ImageList(context.Background(), api.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, x := range list {
		out = append(out, append(x.RepoTags, x.RepoDigests...)...)
	}
	slices.Sort(out)
	return out
}

// run plans in a mode for images that are pulled, and applies.
func run(t *testing.T, e *engine.Engine, stack string, mode plan.Mode, pulls map[string]string) {
	t.Helper()
	kinds := []kind.Kind{image.Kind}
	b := schema.NewBuilder(&schema.Universe{Kinds: []*schema.Kind{image.Kind.Schema()}}, t.TempDir(), stack)
	for label, ref := range pulls {
		b.Declare(schema.Declaration{Addr: ir.Addr{Kind: "image", Label: label}, Pos: diag.Pos{File: "t", Line: 1}, Attrs: []ir.Attr{{Name: "pull", Value: ir.StringVal(ref)}}})
	}
	prog := b.Finish()
	if b.Diags.HasErrors() {
		t.Fatal(b.Diags)
	}
	w, err := world.Read(context.Background(), world.Options{
		Kinds: kinds, Reader: e.Reader(), Info: e.Info, Stack: stack, Program: prog, Idle: mode == plan.Collect,
	})
	if err != nil {
		t.Fatal(err)
	}
	p, diags := plan.Make(w, prog, plan.Options{Mode: mode, Kinds: kinds})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	for _, f := range apply.Run(context.Background(), e, p, apply.Options{}).Failed {
		t.Fatalf("%s: %v", f.Step.Addr, f.Err)
	}
}

// TestCollect takes away what was pulled and nobody needs: not what was there
// before, nor what a program names, nor what another stack has pinned.
func TestCollect(t *testing.T) {
	e := kindtest.Embedded(t, "")
	ctx := context.Background()
	for _, ref := range []string{"there:1"} {
		if _, err := e.Do(ctx, &engine.ImagePull{Ref: ref}, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	before := names(t, e)
	pulls := map[string]string{"there": "there:1", "app": "app:1", "tool": "tool:2"}
	run(t, e, "one", plan.Apply, pulls)
	run(t, e, "one", plan.Collect, pulls)
	got := names(t, e)
	if !slices.Contains(got, "app:1") || !slices.Contains(got, "tool:2") {
		t.Fatalf("what the program names went: %v", got)
	}
	run(t, e, "two", plan.Apply, map[string]string{"app": "app:1"})
	run(t, e, "one", plan.Collect, map[string]string{"tool": "tool:2"})
	got = names(t, e)
	for _, want := range []string{"tool:2", "there:1"} {
		if !slices.Contains(got, want) {
			t.Errorf("%s went: %v", want, got)
		}
	}
	if !slices.ContainsFunc(got, func(n string) bool { return strings.HasPrefix(n, "bayplan.invalid/two/app:") }) {
		t.Errorf("another stack's pin went: %v", got)
	}
	run(t, e, "two", plan.Collect, nil)
	run(t, e, "one", plan.Collect, nil)
	if diff := cmp.Diff(before, names(t, e)); diff != "" {
		t.Errorf("images afterwards (-before +now):\n%s", diff)
	}
}

package kindtest

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"bayplan/golden/slice"
	"bayplan/interpreter/plan"
	"bayplan/interpreter/world"
	"bayplan/lang/ir"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/google/go-cmp/cmp"
)

// Soak is random stacks of the suite's base and more of its subject, each with
// random samples that can stand together.
type Soak struct {
	Suite
	Apart *Table
	Once  []string // attributes of which one stack can have one: host ports, names
	Most  int      // objects like the subject in one stack

	Log func(string)
	// Beside returns what stands in a stack beside base and subjects, and
	// adds to a subject's attributes what refers to it; may be nil.
	Beside func(r *rand.Rand) (decls []Decl, refer func(*rand.Rand, Attrs))
}

// member is one subject of a random stack.
type member struct {
	addr    string
	after   []string
	attrs   Attrs
	samples []Sample
}

// Run makes stacks from one seed after the other: apply, and the plan is empty;
// one random attribute changes, and the plan names it and nothing else; apply,
// and the plan is empty; destroy with volumes, then gc, and nothing is left.
//
// Of n suites, the one with the number mod takes every n-th seed, so that a
// seed is always one engine's.
func (k Soak) Run(t *testing.T, part slice.Slice, mod, n int) {
	t.Helper()
	if err := k.collect(); err != nil { // what other tests have left
		t.Fatal(err)
	}
	for i := range part.Size {
		seed := part.Seed + uint64(i)
		if seed%uint64(n) != uint64(mod) {
			continue
		}
		before := k.lists(t)
		if err := k.stack(rand.New(rand.NewPCG(seed, 0))); err != nil {
			t.Errorf("the stack of seed %d: %v", seed, err)
		}
		k.Destroy(t)
		if err := k.collect(); err != nil {
			t.Errorf("the stack of seed %d: taking its images away: %v", seed, err)
		}
		if diff := cmp.Diff(before, k.lists(t)); diff != "" {
			t.Errorf("the stack of seed %d leaves on the engine:\n%s", seed, diff)
		}
	}
}

func (k Soak) stack(r *rand.Rand) error {
	decls, refer := slices.Clone(k.Base), func(*rand.Rand, Attrs) {}
	if k.Beside != nil {
		var beside []Decl
		beside, refer = k.Beside(r)
		decls = append(decls, beside...)
	}
	var members []member
	used := map[string]bool{}
	for i := range 1 + r.IntN(k.Most) {
		m := member{addr: fmt.Sprintf("%s%d", k.Subject.Addr, i), samples: k.some(r, used)}
		m.attrs = k.with(k.values(m.samples, -1, ir.Value{})...)
		refer(r, m.attrs)
		if i > 0 && r.IntN(3) == 0 {
			m.after = []string{members[r.IntN(i)].addr}
		}
		members = append(members, m)
		decls = append(decls, Decl{Addr: m.addr, Attrs: m.attrs, After: m.after})
	}
	if err := k.becomeOf(decls); err != nil {
		return fmt.Errorf("making it: %w", err)
	}
	return k.mutate(r, decls, members)
}

// some picks samples that can stand together.
func (k Soak) some(r *rand.Rand, used map[string]bool) []Sample {
	var out []Sample
	most := r.IntN(12)
	for _, i := range r.Perm(len(k.Samples)) {
		x := k.Samples[i]
		free := !used[x.Attr] || !slices.Contains(k.Once, x.Attr)
		apart := slices.ContainsFunc(out, func(y Sample) bool {
			_, never := k.Apart.row(x, y)
			return never || !meet(x, y)
		})
		if len(out) < most && k.Can(x) && free && !apart {
			out, used[x.Attr] = append(out, x), true
		}
	}
	return out
}

// values are the samples' first values, but for one.
func (k Soak) values(xs []Sample, except int, v ir.Value) []value {
	var out []value
	for i, x := range xs {
		if i == except {
			out = append(out, value{x, v})
		} else {
			out = append(out, value{x, x.A})
		}
	}
	return out
}

// mutate changes one attribute of one member, or takes it away.
func (k Soak) mutate(r *rand.Rand, decls []Decl, members []member) error {
	members = slices.DeleteFunc(members, func(m member) bool { return len(m.samples) == 0 })
	if len(members) == 0 {
		return nil
	}
	m := members[r.IntN(len(members))]
	n := r.IntN(len(m.samples))
	x := m.samples[n]
	if x.Leaves {
		return nil
	}
	to, effect := x.B, k.effect(x)
	if x.B.IsNull() || r.IntN(2) == 0 && !k.stays(x) && !x.Same {
		to, effect = ir.Value{}, k.gone(x)
	}
	attrs := maps.Clone(m.attrs)
	delete(attrs, x.Attr)
	if !to.IsNull() {
		attrs[x.Attr] = to
	}
	one := k.Suite
	one.Base = slices.DeleteFunc(slices.Clone(decls), func(d Decl) bool { return d.Addr == m.addr })
	one.Subject.Addr, one.Subject.After = m.addr, m.after
	if k.Log != nil {
		k.Log(fmt.Sprintf("%s: %s → %s; it has %s", m.addr, x.Attr, to.Show(), ir.MapVal(m.attrs).Show()))
	}
	if err := one.change(attrs, x, among(m.samples, effect)); err != nil {
		return fmt.Errorf("changing %s of %s, which has %s: %w", x.Attr, m.addr, strings.Join(slices.Sorted(maps.Keys(m.attrs)), ", "), err)
	}
	return nil
}

// collect takes the images away that the stack brought.
func (s Suite) collect() error {
	w, err := world.Read(context.Background(), world.Options{Kinds: s.Kinds, Reader: s.Engine.Reader(), Info: s.Engine.Info, Stack: s.Stack, Idle: true})
	if err != nil {
		return err
	}
	p, diags := plan.Make(w, nil, plan.Options{Mode: plan.Collect, Kinds: s.Kinds})
	if diags.HasErrors() {
		return diags
	}
	return s.run(p)
}

// lists is what lives on the engine, by name; on one that others use, of the
// stack alone.
func (k Soak) lists(t *testing.T) []string {
	t.Helper()
	ctx, r := context.Background(), k.Engine.Reader()
	var out []string
	ours := func(kind, name string, labels map[string]string) {
		if !k.Shared || labels["bayplan.stack"] == k.Stack {
			out = append(out, kind+" "+name)
		}
	}
	cs, err := r.ContainerList(ctx, container.ListOptions{All: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cs {
		ours("container", strings.Join(c.Names, ","), c.Labels)
	}
	ns, err := r.NetworkList(ctx, network.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range ns {
		ours("network", n.Name, n.Labels)
	}
	vs, err := r.VolumeList(ctx, volume.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range vs.Volumes {
		ours("volume", v.Name, v.Labels)
	}
	images, err := r.ImageList(ctx, image.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range images {
		for _, name := range slices.Concat(x.RepoTags, x.RepoDigests) {
			if !k.Shared || strings.HasPrefix(name, "bayplan.invalid/"+k.Stack+"/") {
				out = append(out, "image "+name)
			}
		}
	}
	slices.Sort(out)
	return out
}

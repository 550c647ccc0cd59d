package volume

import (
	"strings"
	"testing"

	"bayplan/interpreter/apply"
	"bayplan/interpreter/engine"
	"bayplan/interpreter/engine/embedded"
	"bayplan/interpreter/kind"
	"bayplan/interpreter/kind/kindtest"
	"bayplan/interpreter/plan"
	"bayplan/interpreter/world"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"

	api "github.com/docker/docker/api/types/volume"
	"github.com/google/go-cmp/cmp"
)

// harness is a stack with at most one volume on an engine of its own.
type harness struct {
	t      *testing.T
	engine *engine.Engine
}

func newHarness(t *testing.T) *harness {
	w, err := embedded.Open(t.TempDir(), "volume", "")
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.Through(t.Context(), w.Dial, engine.Options{Sleep: w.Sleep, Close: w.Close})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return &harness{t, e}
}

// plan plans volume.data with these attributes; nil is a program without it.
func (h *harness) plan(attrs kindtest.Attrs, o plan.Options) (*plan.Plan, diag.List) {
	h.t.Helper()
	b := schema.NewBuilder(&schema.Universe{Kinds: []*schema.Kind{Kind.Schema()}}, h.t.TempDir(), "shop")
	if attrs != nil {
		d := schema.Declaration{Addr: ir.Addr{Kind: "volume", Label: "data"}, Pos: diag.Pos{File: "t", Line: 2}}
		for _, k := range ir.MapVal(attrs).Keys() {
			d.Attrs = append(d.Attrs, ir.Attr{Name: k, Pos: diag.Pos{File: "t", Line: 3}, Value: attrs[k]})
		}
		b.Declare(d)
	}
	prog := b.Finish()
	if b.Diags.HasErrors() {
		h.t.Fatal(b.Diags)
	}
	w, err := world.Read(h.t.Context(), world.Options{
		Kinds: []kind.Kind{Kind}, Reader: h.engine.Reader(), Info: h.engine.Info, Stack: "shop", Program: prog,
	})
	if err != nil {
		h.t.Fatal(err)
	}
	o.Kinds = []kind.Kind{Kind}
	return plan.Make(w, prog, o)
}

// apply makes the engine so, and wants the plan that follows to be empty.
func (h *harness) apply(attrs kindtest.Attrs, o plan.Options) {
	h.t.Helper()
	p, diags := h.plan(attrs, o)
	if diags.HasErrors() {
		h.t.Fatal(diags)
	}
	for _, f := range apply.Run(h.t.Context(), h.engine, p, apply.Options{}).Failed {
		h.t.Fatalf("%s: %v", f.Step.Addr, f.Err)
	}
	if again, _ := h.plan(attrs, o); !again.Empty() {
		h.t.Fatalf("the plan afterwards: %s", kindtest.Show(again))
	}
}

var full = kindtest.Attrs{
	"driver":  ir.StringVal("local"),
	"options": ir.MapVal(map[string]ir.Value{"type": ir.StringVal("tmpfs"), "device": ir.StringVal("tmpfs")}),
	"labels":  ir.MapVal(map[string]ir.Value{"tier": ir.StringVal("gold")}),
}

// TestEmptyAfterApply makes a volume of each attribute alone and of all.
func TestEmptyAfterApply(t *testing.T) {
	h := newHarness(t)
	cases := []kindtest.Attrs{{}, full}
	for k, v := range full {
		cases = append(cases, kindtest.Attrs{k: v})
	}
	for _, attrs := range cases {
		h.apply(attrs, plan.Options{})
		h.apply(nil, plan.Options{Mode: plan.Destroy, Volumes: true})
	}
}

// TestChangeIsRefused wants every change of a living volume to be an error that
// names the attribute: its data would be lost.
func TestChangeIsRefused(t *testing.T) {
	h := newHarness(t)
	h.apply(full, plan.Options{})
	for attr, v := range map[string]ir.Value{
		"driver":  ir.StringVal("nfs"),
		"options": ir.MapVal(map[string]ir.Value{"type": ir.StringVal("nfs"), "device": ir.StringVal("tmpfs")}),
		"labels":  ir.MapVal(map[string]ir.Value{"tier": ir.StringVal("iron")}),
	} {
		changed := kindtest.Attrs{}
		for k, old := range full {
			changed[k] = old
		}
		changed[attr] = v
		_, diags := h.plan(changed, plan.Options{})
		if len(diags) != 1 || !strings.HasPrefix(diags[0].Msg, "volume.data."+attr) || diags[0].Hint == "" {
			t.Errorf("changing %s: got %v", attr, diags)
		}
	}
}

// TestPlugins wants a plugin to be known by all names that the engine answers to, of
// which it shows one.
func TestPlugins(t *testing.T) {
	for _, tt := range []struct {
		says, shown string
		changed     bool
	}{
		{"vieux/sshfs", "vieux/sshfs:latest", false},
		{"vieux/sshfs:latest", "vieux/sshfs:latest", false},
		{"docker.io/vieux/sshfs", "vieux/sshfs:latest", false},
		{"vieux/sshfs:1.0", "vieux/sshfs:1.0", false},
		{"vieux/sshfs:1.0", "vieux/sshfs:latest", true},
		{"vieux/sshfs", "local", true},
		{"reg.example:5000/nfs", "reg.example:5000/nfs:latest", false},
		{"", "local", false},
		{"Legacy", "Legacy", false}, // one that is no reference
		{"Legacy", "legacy", true},
	} {
		labels := engine.Identity{Stack: "shop", Addr: ir.Addr{Kind: "volume", Label: "data"}, Name: "shop-data"}.Labels(new(engine.Blanks))
		live := fromEngine(&api.Volume{Name: "shop-data", Driver: tt.shown, Labels: labels}, kind.Scope{Stack: "shop"}, &kind.Found{})
		want := expect(kind.In[Spec]{Want: &Spec{Name: "shop-data", Driver: tt.says}, Live: live})
		if got := schema.Diff(want, live.Spec, live.Record); (len(got) > 0) != tt.changed {
			t.Errorf("%q, shown as %q: %v", tt.says, tt.shown, got)
		}
	}
}

// TestKept wants a volume that is no longer declared to stay, and to go only
// where somebody says so.
func TestKept(t *testing.T) {
	h := newHarness(t)
	h.apply(kindtest.Attrs{}, plan.Options{})
	for _, o := range []plan.Options{{}, {Mode: plan.Destroy}} {
		p, diags := h.plan(nil, o)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		if !p.Empty() || len(p.Kept) != 1 || p.Kept[0].Name != "shop-data" {
			t.Errorf("%q: got %s, kept %v", o.Mode, kindtest.Show(p), p.Kept)
		}
	}
	p, diags := h.plan(nil, plan.Options{Mode: plan.Destroy, Volumes: true})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	if diff := cmp.Diff("remove volume.data", kindtest.Show(p)); diff != "" {
		t.Error(diff)
	}
}

// TestForeign wants a volume that is not ours to be named and left alone.
func TestForeign(t *testing.T) {
	h := newHarness(t)
	h.apply(kindtest.Attrs{"name": ir.StringVal("shop-data")}, plan.Options{})
	w, err := world.Read(t.Context(), world.Options{
		Kinds: []kind.Kind{Kind}, Reader: h.engine.Reader(), Info: h.engine.Info, Stack: "blog",
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := w.Found["volume"].Taken["shop-data"].What, `volume shop-data of stack "shop"`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestUnreadable wants a volume whose labels make no sense to be left alone, and
// to keep nobody from the rest of the stack.
func TestUnreadable(t *testing.T) {
	h := newHarness(t)
	h.apply(kindtest.Attrs{}, plan.Options{})
	labels := map[string]string{engine.LabelStack: "shop", engine.LabelVersion: "1", engine.LabelAddr: "volume", engine.LabelUID: "u1"}
	if _, err := h.engine.Do(t.Context(), &engine.VolumeCreate{Options: api.CreateOptions{Name: "shop", Labels: labels}}, nil, nil); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		attrs kindtest.Attrs
		o     plan.Options
		want  string
	}{
		"plan":    {kindtest.Attrs{}, plan.Options{}, "nothing to do"},
		"gone":    {nil, plan.Options{}, "nothing to do"},
		"destroy": {nil, plan.Options{Mode: plan.Destroy, Volumes: true}, "remove volume.data"},
	} {
		p, diags := h.plan(c.attrs, c.o)
		if diags.HasErrors() || kindtest.Show(p) != c.want {
			t.Errorf("%s: %v, steps %q", name, diags, kindtest.Show(p))
		}
		if len(p.Notes) != 1 || !p.Notes[0].Warning || !strings.Contains(p.Notes[0].Msg, `volume shop bears this stack's labels, and bay cannot read them: label bayplan.addr: address "volume": want KIND.LABEL`) {
			t.Errorf("%s: notes %v", name, p.Notes)
		}
	}
	if _, diags := h.plan(kindtest.Attrs{"name": ir.StringVal("shop")}, plan.Options{}); !strings.Contains(diags.Error(), `taken by volume shop of stack "shop"`) {
		t.Errorf("its name is free: %v", diags)
	}
}

// OfSwarm is all that a volume of a swarm can have.
var OfSwarm = kindtest.Obj(
	"group", "g", "scope", "multi", "sharing", "all", "type", "mount", "fs_type", "ext4", "mount_flags", ir.ListVal(ir.StringVal("noatime")),
	"topology_required", topology("a"), "topology_preferred", topology("b"), "required_bytes", "1g", "limit_bytes", "2g",
	"secrets", kindtest.Obj("key", "name"), "availability", "pause")

func topology(zone string) ir.Value {
	return ir.ListVal(kindtest.Obj("segments", kindtest.Obj("zone", zone)))
}

// TestCluster wants every field of a swarm's volume to be sent, and the volume
// to be an error where there is no swarm.
func TestCluster(t *testing.T) {
	attrs := kindtest.Attrs{"driver": ir.StringVal("csi"), "cluster": OfSwarm}
	h := newHarness(t)
	if _, diags := h.plan(attrs, plan.Options{}); len(diags) != 1 || !strings.Contains(diags.Error(), "part of one") {
		t.Errorf("without a swarm: %v", diags)
	}
	h.engine.Info.Swarm = true
	p, diags := h.plan(attrs, plan.Options{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	reach := kindtest.NewReach()
	reach.Add(p)
	attrs["cluster"] = kindtest.Obj("type", "block")
	if p, diags = h.plan(attrs, plan.Options{}); diags.HasErrors() {
		t.Fatal(diags)
	}
	reach.Add(p)
	if p, diags = h.plan(full, plan.Options{}); diags.HasErrors() {
		t.Fatal(diags)
	}
	reach.Add(p)
	reach.Check(t, "VolumeCreate", api.CreateOptions{}, nil)
}

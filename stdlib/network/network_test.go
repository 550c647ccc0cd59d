package network

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/interpreter/kind/kindtest"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"

	"github.com/docker/docker/api/types/container"
	api "github.com/docker/docker/api/types/network"
	"github.com/google/go-cmp/cmp"
)

// Several runs of these tests may share an engine: names and subnets of each
// are its own.
var (
	stack = fmt.Sprintf("baytest-net-%d", os.Getpid())
	ours  = fmt.Sprintf("10.%d.%d.", 200+os.Getpid()%50, os.Getpid()/50%250)
)

// declare evaluates one network as a reader would, and returns it with what
// was wrong.
func declare(t *testing.T, label string, attrs map[string]ir.Value) (*kind.Want, diag.List) {
	t.Helper()
	b := schema.NewBuilder(&schema.Universe{Kinds: []*schema.Kind{Kind.Schema()}}, t.TempDir(), stack)
	b.Stack([]ir.Attr{{Name: "name", Value: ir.StringVal(stack)}}, diag.Pos{File: "t", Line: 1})
	d := schema.Declaration{Addr: ir.Addr{Kind: "network", Label: label}, Pos: diag.Pos{File: "t", Line: 2}}
	for _, k := range ir.MapVal(attrs).Keys() {
		d.Attrs = append(d.Attrs, ir.Attr{Name: k, Pos: diag.Pos{File: "t", Line: 3}, Value: attrs[k]})
	}
	b.Declare(d)
	p := b.Finish()
	if b.Diags.HasErrors() {
		return nil, b.Diags
	}
	spec := new(Spec)
	var diags diag.List
	schema.Decoding{Owner: d.Addr.String(), Diags: &diags}.Decode(spec, p.Resources[0].Attrs)
	if diags.HasErrors() {
		t.Fatalf("canonical attributes do not decode: %v", diags)
	}
	return &kind.Want{Res: p.Resources[0], Spec: spec}, nil
}

func str(s string) ir.Value { return ir.StringVal(s) }

func strs(ss ...string) ir.Value {
	v := ir.ListVal()
	for _, s := range ss {
		v.List = append(v.List, str(s))
	}
	return v
}

func obj(kv ...any) ir.Value {
	m := map[string]ir.Value{}
	for i := 0; i < len(kv); i += 2 {
		switch v := kv[i+1].(type) {
		case string:
			m[kv[i].(string)] = str(v)
		case bool:
			m[kv[i].(string)] = ir.BoolVal(v)
		case ir.Value:
			m[kv[i].(string)] = v
		}
	}
	return ir.MapVal(m)
}

func TestCanonical(t *testing.T) {
	tests := []struct {
		name  string
		attrs ir.Value
		want  string // attributes as plans show them
	}{
		{"nothing", obj(), "name: STACK-back"},
		{"subnet as text", obj("ipam", "10.20.0.9/24"), `name: STACK-back; ipam: {config: [{subnet: 10.20.0.0/24}]}`},
		{"subnets as texts", obj("ipv6", true, "ipam", obj("config", strs("10.20.0.0/24", "FD00:0::1/64"))),
			`name: STACK-back; ipv6: true; ipam: {config: [{subnet: 10.20.0.0/24}, {subnet: fd00::/64}]}`},
		{"whole pool", obj("ipam", obj("config", ir.ListVal(obj(
			"subnet", "10.20.0.0/24", "ip_range", "10.20.0.129/25", "gateway", "10.20.0.1", "aux_addresses", obj("nas", "10.20.0.5"))))),
			`name: STACK-back; ipam: {config: [{aux_addresses: {nas: 10.20.0.5}, gateway: 10.20.0.1, ip_range: 10.20.0.128/25, subnet: 10.20.0.0/24}]}`},
		{"false is unset", obj("internal", false, "ipv6", false), "name: STACK-back"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, diags := declare(t, "back", tt.attrs.Map)
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			var got []string
			for _, a := range w.Res.Attrs {
				got = append(got, a.Name+": "+a.Value.Show())
			}
			if diff := cmp.Diff(tt.want, strings.ReplaceAll(strings.Join(got, "; "), stack, "STACK")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMistakes(t *testing.T) {
	tests := []struct {
		name  string
		attrs ir.Value
		want  string
	}{
		{"no subnet", obj("ipam", "10.20.0.0"), `got "10.20.0.0", want a subnet such as "10.20.0.0/24"`},
		{"range outside", obj("ipam", obj("config", ir.ListVal(obj("subnet", "10.20.0.0/24", "ip_range", "10.21.0.0/25")))), "ip_range 10.21.0.0/25 is not within the subnet 10.20.0.0/24"},
		{"range wider", obj("ipam", obj("config", ir.ListVal(obj("subnet", "10.20.0.0/24", "ip_range", "10.20.0.0/16")))), "is not within the subnet"},
		{"gateway outside", obj("ipam", obj("config", ir.ListVal(obj("subnet", "10.20.0.0/24", "gateway", "10.20.1.1")))), "gateway 10.20.1.1 is not within the subnet 10.20.0.0/24"},
		{"aux outside", obj("ipam", obj("config", ir.ListVal(obj("subnet", "10.20.0.0/24", "aux_addresses", obj("a", "1.1.1.1"))))), "aux_addresses a: 1.1.1.1 is not within"},
		{"v6 without ipv6", obj("ipam", "fd00::/64"), "the engine ignores it without IPv6"},
		{"neither family", obj("ipv4", false), "neither IPv4 nor IPv6"},
		{"swarm without IPv4", obj("ipv4", false, "ipv6", true, "driver", "overlay"), "every network of a swarm has IPv4"},
		{"v4 without ipv4", obj("ipv4", false, "ipv6", true, "ipam", "10.20.0.0/24"), "the engine ignores it without IPv4"},
		{"overlap within", obj("ipam", obj("config", strs("10.20.0.0/16", "10.20.3.0/24"))), "overlap"},
		{"settings alone", obj("config_only", true, "internal", true), "it holds the settings of a network, and not what sort of network it is"},
		{"scope of settings", obj("config_only", true, "scope", "local"), "it holds the settings of a network, and not what sort of network it is"},
		{"the host's", obj("driver", "host"), "every engine has its one network with the driver host"},
		{"pool without subnet", obj("ipam", obj("config", ir.ListVal(obj("gateway", "10.20.0.1")))), `"subnet" is missing`},
		{"the engine's own", obj("name", "host"), `"host" is the engine's own`},
		{"no name", obj("name", "a b"), `got "a b", want letters`},
		{"docker provider", obj("driver_opts", obj()), `unknown attribute "driver_opts"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, diags := declare(t, "back", tt.attrs.Map)
			if !strings.Contains(diags.Error(), tt.want) {
				t.Errorf("got %v, want %q", diags, tt.want)
			}
		})
	}
}

// living returns a network as the engine lists it after it was made for w.
func living(t *testing.T, w *kind.Want, edit func(*api.Summary)) *kind.Live {
	t.Helper()
	var b engine.Blanks
	in := kind.In[Spec]{Res: w.Res, Want: w.Spec.(*Spec), Env: &kind.Env{Stack: stack}}
	labels := in.Identity().Labels(&b)
	labels[engine.LabelUID], labels[engine.LabelRun] = "u1", "r1"
	n := api.Summary{Name: w.Res.Name, ID: "n1", Driver: "bridge", Labels: labels, IPAM: api.IPAM{Driver: "default",
		Config: []api.IPAMConfig{{Subnet: "172.18.0.0/16", Gateway: "172.18.0.1"}}}}
	edit(&n)
	found := &kind.Found{}
	live := fromEngine(n, kind.Scope{Stack: stack, Adopts: map[kind.Use]ir.Addr{{Kind: "network", Name: n.Name}: w.Res.Addr}}, found)
	if live == nil {
		t.Fatalf("fromEngine: %v", found.Notes)
	}
	return live
}

func changes(w *kind.Want, l *kind.Live) []string {
	in := kind.In[Spec]{Res: w.Res, Want: w.Spec.(*Spec), Live: l, Have: l.Spec.(*Spec)}
	want := expect(in)
	var out []string
	for _, c := range schema.Diff(want, l.Spec, l.Record) {
		out = append(out, c.Name()+": "+c.Old.Show()+" → "+c.New.Show())
	}
	return out
}

func TestDiff(t *testing.T) {
	v4 := func(subnet, gateway string) []api.IPAMConfig {
		return []api.IPAMConfig{{Subnet: subnet, Gateway: gateway}}
	}
	tests := []struct {
		name  string
		made  ir.Value // what the program said when it was made
		says  ir.Value // what it says now
		lives func(*api.Summary)
		want  []string
	}{
		{"chosen subnet", obj(), obj(), func(*api.Summary) {}, nil},
		{"daemon's own options", obj("options", obj("a", "b")), obj("options", obj("a", "b")), func(n *api.Summary) {
			n.Options = map[string]string{"a": "b", "com.docker.network.driver.mtu": "1400"}
		}, nil},
		{"chosen gateway", obj("ipam", "10.20.0.0/24"), obj("ipam", "10.20.0.0/24"), func(n *api.Summary) {
			n.IPAM.Config = v4("10.20.0.0/24", "10.20.0.1")
		}, nil},
		{"host bits kept by an old engine", obj("ipam", "10.20.0.0/24"), obj("ipam", "10.20.0.0/24"), func(n *api.Summary) {
			n.IPAM.Config = v4("10.20.0.7/24", "")
		}, nil},
		{"chosen IPv6 subnet", obj("ipv6", true, "ipam", "10.20.0.0/24"), obj("ipv6", true, "ipam", "10.20.0.0/24"), func(n *api.Summary) {
			n.EnableIPv6 = true
			n.IPAM.Config = append(v4("10.20.0.0/24", ""), api.IPAMConfig{Subnet: "fd01::/64", Gateway: "fd01::1/64"})
		}, nil},
		{"driver default", obj(), obj("driver", "bridge"), func(*api.Summary) {}, nil},
		{"internal", obj(), obj("internal", true), func(*api.Summary) {}, []string{"internal: (none) → true"}},
		{"no longer internal", obj("internal", true), obj(), func(n *api.Summary) { n.Internal = true }, []string{"internal: true → (none)"}},
		{"subnet", obj("ipam", "10.20.0.0/24"), obj("ipam", "10.21.0.0/24"), func(n *api.Summary) {
			n.IPAM.Config = v4("10.20.0.0/24", "10.20.0.1")
		}, []string{
			"ipam config 10.20.0.0/24: {gateway: 10.20.0.1, subnet: 10.20.0.0/24} → (none)",
			"ipam config 10.21.0.0/24: (none) → {subnet: 10.21.0.0/24}",
		}},
		{"subnet chosen by the engine again", obj("ipam", "10.20.0.0/24"), obj(), func(n *api.Summary) {
			n.IPAM.Config = v4("10.20.0.0/24", "10.20.0.1")
		}, []string{"ipam config 10.20.0.0/24: {gateway: 10.20.0.1, subnet: 10.20.0.0/24} → (none)"}},
		{"gateway no longer named", obj("ipam", obj("config", ir.ListVal(obj("subnet", "10.20.0.0/24", "gateway", "10.20.0.9")))), obj("ipam", "10.20.0.0/24"), func(n *api.Summary) {
			n.IPAM.Config = v4("10.20.0.0/24", "10.20.0.9")
		}, []string{"ipam config 10.20.0.0/24 gateway: 10.20.0.9 → (none)"}},
		{"label", obj("labels", obj("a", "1", "b", "2")), obj("labels", obj("a", "3")), func(n *api.Summary) {
			n.Labels["a"], n.Labels["b"] = "1", "2"
		}, []string{"labels a: 1 → 3", "labels b: 2 → (none)"}},
		{"name", obj("name", "old"), obj(), func(n *api.Summary) {}, []string{"name: old → " + stack + "-back"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			made, diags := declare(t, "back", tt.made.Map)
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			says, diags := declare(t, "back", tt.says.Map)
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			if diff := cmp.Diff(tt.want, changes(says, living(t, made, tt.lives))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func job(w *kind.Want, l *kind.Live, known any) *kind.Job {
	all := func(_, _ string) kind.Fate { return kind.GoesOn }
	return &kind.Job{Want: w, Live: l, Known: known, Env: &kind.Env{Stack: stack, Info: engine.Info{API: "1.41"}, Fate: all}, Diags: new(diag.List)}
}

// TestSubnets holds from which subnets an address can be asked for: those that
// somebody asked for, where that is known.
func TestSubnets(t *testing.T) {
	v4, v6 := api.IPAMConfig{Subnet: "10.20.0.0/24", Gateway: "10.20.0.1"}, api.IPAMConfig{Subnet: "fd01::/64", Gateway: "fd01::1"}
	for _, tt := range []struct {
		name  string
		attrs ir.Value
		lives func(*api.Summary)
		verb  kind.Verb
		want  string
	}{
		{"both picked", obj(), func(*api.Summary) {}, kind.Same, "[]"},
		{"one picked", obj("ipv6", true, "ipam", "10.20.0.0/24"), func(n *api.Summary) {
			n.EnableIPv6, n.IPAM.Config = true, []api.IPAMConfig{v4, v6}
		}, kind.Same, "[10.20.0.0/24]"},
		{"picked by a swarm", obj("driver", "overlay"), func(n *api.Summary) {
			n.Driver, n.Scope, n.IPAM.Config = "overlay", "swarm", []api.IPAMConfig{v4}
		}, kind.Same, "[10.20.0.0/24]"},
		{"not known", obj(), func(n *api.Summary) { n.Labels, n.IPAM.Config = nil, []api.IPAMConfig{v4} }, kind.Same, "[10.20.0.0/24]"},
		{"made anew", obj("internal", true), func(n *api.Summary) { n.Labels, n.IPAM.Config = nil, []api.IPAMConfig{v4} }, kind.Replace, "[]"},
	} {
		w, diags := declare(t, "back", tt.attrs.Map)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		if got := fmt.Sprint(Kind.Outcome(job(w, living(t, w, tt.lives), nil), tt.verb, nil).Subnets); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestReplace(t *testing.T) {
	w, _ := declare(t, "back", obj("internal", true, "options", obj("k", "v"), "ipam", "10.20.0.0/24").Map)
	l := living(t, w, func(n *api.Summary) { n.Options = map[string]string{"k": "other"} })
	o := l.Object.(*object)
	o.members = []member{{id: "c1", name: "web", endpoint: &api.EndpointSettings{Aliases: []string{"web"}}}}
	work := Kind.Replace(job(w, l, nil), nil)
	lines := func(ops []engine.Op) (out []string) {
		for _, op := range ops {
			method, path := op.Path()
			out = append(out, method+" "+path)
		}
		return out
	}
	if diff := cmp.Diff([]string{
		"POST /networks/n1/disconnect", "DELETE /networks/n1", "POST /networks/create",
	}, lines(work.Ops)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"DELETE /networks/<id of network.back>", "POST /networks/create", "POST /networks/" + stack + "-back/connect"}, lines(work.Undo)); diff != "" {
		t.Error(diff)
	}
	made := work.Ops[2].Body().(map[string]any)
	if made["Labels"].(map[string]any)[engine.LabelUID] != "<fresh uid>" {
		t.Errorf("labels of the new network: %v", made["Labels"])
	}
	delete(made, "Labels")
	if diff := cmp.Diff(map[string]any{
		"Name": stack + "-back", "Internal": true, "Options": map[string]any{"k": "v"},
		"IPAM": map[string]any{"Config": []any{map[string]any{"Subnet": "10.20.0.0/24"}}},
	}, made); diff != "" {
		t.Error(diff)
	}
	undo := work.Undo[1].Body().(map[string]any)
	if diff := cmp.Diff(map[string]any{"k": "(sensitive)"}, undo["Options"]); diff != "" {
		t.Errorf("an option that the record does not hold is shown: %s", diff)
	}
	if diff := cmp.Diff([]engine.Fact{{
		Source: engine.Source{Read: engine.Read{Call: "NetworkInspect", Arg: "n1"}, Path: []string{"Labels", "bayplan.uid"}}, Want: "u1",
	}, {
		Source: engine.Source{Read: engine.Read{Call: "NetworkInspect", Arg: "n1"}, Path: []string{"Containers", "*"}}, Among: []string{"c1"},
	}}, work.Facts); diff != "" {
		t.Error(diff)
	}
}

func TestRefused(t *testing.T) {
	w, _ := declare(t, "back", obj("internal", true, "ipam", "10.20.0.0/24").Map)
	l := living(t, w, func(n *api.Summary) {})
	change := []schema.Change{{Attr: "internal", Old: ir.BoolVal(true)}}

	j := job(w, l, nil)
	o := l.Object.(*object)
	o.guests, o.members = []member{{name: "stranger"}}, []member{{id: "c1", name: "kept"}, {id: "c2", name: "goes"}, {id: "c3", name: "web"}}
	fates := map[string]kind.Fate{"c1": kind.LeftAlone, "c2": kind.Goes, "c3": kind.GoesOn}
	j.Env.Fate = func(_, id string) kind.Fate { return fates[id] }
	Kind.Adjust(j, change)
	if !strings.HasSuffix(j.Diags.Error(), "internal cannot change while containers that are not the program's are on network "+stack+"-back: kept, stranger") {
		t.Errorf("foreign members: %v", *j.Diags)
	}
	j = job(w, l, nil)
	if Kind.Adjust(j, nil); len(*j.Diags) > 0 {
		t.Errorf("a network that does not change: %v", *j.Diags)
	}
	j = job(w, l, known{twins: twins(w, []api.Summary{
		{Name: w.Res.Name, ID: "aaaaaaaaaaaa1", Labels: map[string]string{engine.LabelStack: stack}}, {Name: w.Res.Name, ID: "bbbbbbbbbbbb2"}, {Name: "other"},
	})})
	Kind.Adjust(j, nil)
	if want := "aaaaaaaaaaaa of stack \"" + stack + "\"; bbbbbbbbbbbb, which no stack made"; !strings.Contains(j.Diags.Error(), want) {
		t.Errorf("two of one name: got %v, want %s", *j.Diags, want)
	}
	if one := twins(w, []api.Summary{{Name: w.Res.Name, ID: "a"}}); one != nil {
		t.Errorf("one of its name: %v", one)
	}
	j = job(w, nil, known{overlaps: []overlap{{subnet: "10.20.0.0/24", other: `10.20.0.0/16 of network x of stack "y"`}}})
	Kind.Adjust(j, nil)
	if !strings.Contains(j.Diags.Error(), `subnet 10.20.0.0/24 overlaps 10.20.0.0/16 of network x of stack "y"`) {
		t.Errorf("overlap: %v", *j.Diags)
	}
}

// TestSwarm says what is sent where an engine is part of a swarm, and that it
// is an error where it is not.
func TestSwarm(t *testing.T) {
	w, diags := declare(t, "mesh", obj("driver", "overlay", "scope", "swarm", "ingress", true).Map)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	j := job(w, nil, nil)
	Kind.Adjust(j, nil)
	if len(*j.Diags) != 3 || !strings.Contains(j.Diags.Error(), "part of a swarm") {
		t.Errorf("without a swarm: %v", *j.Diags)
	}
	j = job(w, nil, nil)
	j.Env.Info.Swarm = true
	if Kind.Adjust(j, nil); len(*j.Diags) > 0 {
		t.Errorf("in a swarm: %v", *j.Diags)
	}
	made := Kind.Create(j).Ops[0].Body().(map[string]any)
	delete(made, "Labels")
	if diff := cmp.Diff(map[string]any{"Name": stack + "-mesh", "Driver": "overlay", "Scope": "swarm", "Ingress": true}, made); diff != "" {
		t.Error(diff)
	}
}

func TestRemove(t *testing.T) {
	w, _ := declare(t, "back", nil)
	l := living(t, w, func(*api.Summary) {})
	var diags diag.List
	work := Kind.Remove(kind.Removal{Live: l, Diags: &diags})
	if method, path := work.Ops[0].Path(); len(work.Ops) != 1 || method+path != "DELETE/networks/n1" || work.Facts[0].Want != "u1" || len(diags) > 0 {
		t.Errorf("got %+v, %v", work, diags)
	}
	l.Guests = []string{"a", "b"}
	if Kind.Remove(kind.Removal{Live: l, Diags: &diags}); !strings.Contains(diags.Error(), "not this stack's are on it: a, b") {
		t.Errorf("with guests: %v", diags)
	}
}

func TestOverlapping(t *testing.T) {
	w, _ := declare(t, "back", obj("ipam", "10.20.0.0/24").Map)
	other, _ := declare(t, "front", obj("ipam", "10.20.0.0/16").Map)
	macvlan, _ := declare(t, "lan", obj("driver", "macvlan", "ipam", "10.20.0.0/24").Map)
	at := func(name, driver, subnet string) api.Summary {
		return api.Summary{ID: name, Name: name, Driver: driver, IPAM: api.IPAM{Config: []api.IPAMConfig{{Subnet: subnet}}}}
	}
	list := []api.Summary{at("a", "bridge", "10.20.0.128/25"), at("b", "macvlan", "10.20.0.0/24"), at("c", "bridge", "10.21.0.0/24")}
	settings, _ := declare(t, "kept", obj("config_only", true, "ipam", "10.20.0.0/24").Map)
	if got := overlapping(settings, list, &kind.Found{}, kind.Scope{Stack: stack}); got != nil {
		t.Errorf("settings alone overlap nothing: %v", got)
	}
	want := []overlap{{subnet: "10.20.0.0/24", other: "10.20.0.128/25 of network a, which no stack made"}}
	got := overlapping(w, list, &kind.Found{}, kind.Scope{Stack: stack})
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(overlap{})); diff != "" {
		t.Error(diff)
	}
	var notes diag.List
	clash(&notes, w, []*kind.Want{macvlan, other})
	if len(notes) != 1 || !strings.Contains(notes.Error(), "network.back.ipam: subnet 10.20.0.0/24 overlaps a subnet of network.front") {
		t.Errorf("two wants that overlap: %v", notes)
	}
}

func TestCopies(t *testing.T) {
	w, _ := declare(t, "back", nil)
	copied := func(n *api.Summary) { n.Name, n.ID = "copy", "n2" }
	found := &kind.Found{Taken: map[string]kind.Holder{}, Live: []*kind.Live{living(t, w, copied), living(t, w, func(*api.Summary) {})}}
	dropCopies(found)
	if len(found.Live) != 1 || found.Live[0].ID != "n1" || found.Taken["copy"].ID != "n2" || found.Notes.HasErrors() {
		t.Errorf("a copy of labels: %+v", found)
	}
	found.Live = []*kind.Live{living(t, w, copied), living(t, w, func(n *api.Summary) { n.Name = "third" })}
	if dropCopies(found); !found.Notes.HasErrors() {
		t.Error("two copies and no original: nothing is reported")
	}
}

// TestUnreadable wants networks whose labels make no sense to be told of, and to
// keep nobody from reading the others.
func TestUnreadable(t *testing.T) {
	e := kindtest.Embedded(t, "") // elsewhere, other stacks would be told of it too
	mine := map[string]string{engine.LabelStack: stack, engine.LabelVersion: "1"}
	for name, labels := range map[string]map[string]string{
		stack + "-odd":  mine,
		stack + "-note": {engine.LabelGuests: "{"},
	} {
		send(t, e, []engine.Op{{Call: &engine.NetworkCreate{Name: name, Options: api.CreateOptions{Labels: labels}}}})
	}
	found := snapshot(t, e)
	said := found.Notes.Error()
	if len(found.Live) != 0 || found.Notes.HasErrors() || found.Taken[stack+"-odd"].ID == "" ||
		!strings.Contains(said, "network "+stack+"-odd bears this stack's labels, and bay cannot read them") ||
		!strings.Contains(said, "network "+stack+"-note: label bayplan.guests cannot be read") {
		t.Errorf("live %v, notes %v", found.Live, found.Notes)
	}
}

// both runs a test on the engine of this machine and on one in memory.
func both(t *testing.T, test func(t *testing.T, ctx context.Context, e *engine.Engine)) {
	ctx := context.Background()
	t.Run("embedded", func(t *testing.T) { test(t, ctx, kindtest.Embedded(t, "")) })
	t.Run("real", func(t *testing.T) {
		e, err := engine.Connect(ctx, "")
		if err != nil {
			t.Skipf("NO REAL ENGINE HERE, this test checks nothing: %v", err)
		}
		t.Cleanup(func() { e.Close() })
		test(t, ctx, e)
	})
}

// send does what apply does with ops, as far as these tests need it.
func send(t *testing.T, e *engine.Engine, ops []engine.Op) {
	t.Helper()
	for _, op := range ops {
		call, err := op.Filled(func(b engine.Blank) (string, error) { return b.Value + b.Name, nil })
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Do(context.Background(), call, op.Stream, nil); err != nil {
			method, path := op.Path()
			t.Fatalf("%s %s: %v", method, path, err)
		}
	}
}

func snapshot(t *testing.T, e *engine.Engine, ws ...*kind.Want) *kind.Found {
	t.Helper()
	found, err := read(context.Background(), kind.Scope{Reader: e.Reader(), Info: e.Info, Stack: stack, Wants: ws})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestLifecycle(t *testing.T) { both(t, testLifecycle) }

func testLifecycle(t *testing.T, ctx context.Context, e *engine.Engine) {
	clean := func() {
		for _, n := range []string{stack + "-back", stack + "-renamed"} {
			_, _ = e.Do(ctx, &engine.NetworkRemove{Network: n}, nil, nil)
		}
	}
	clean()
	t.Cleanup(clean)

	steps := []ir.Value{
		obj(),
		obj("internal", true),
		obj("attachable", true, "labels", obj("a", "b"), "options", obj("com.docker.network.driver.mtu", "1400")),
		obj("ipam", ours+"0/24"),
		obj("ipam", obj("config", ir.ListVal(obj("subnet", ours+"0/24", "ip_range", ours+"128/25", "gateway", ours+"9", "aux_addresses", obj("x", ours+"10"))))),
		obj("ipv6", true, "ipam", obj("config", strs(ours+"0/24", fmt.Sprintf("fd00:213:%x::/64", os.Getpid()%0xffff)))),
		obj("name", stack+"-renamed"),
	}
	var before *kind.Want
	for i, attrs := range steps {
		w, diags := declare(t, "back", attrs.Map)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		found := snapshot(t, e, w)
		if i == 0 {
			send(t, e, Kind.Create(job(w, nil, nil)).Ops)
		} else {
			if len(changes(before, found.Live[0])) != 0 {
				t.Errorf("step %d: not as it was left", i)
			}
			if len(changes(w, found.Live[0])) == 0 {
				t.Errorf("step %d: no change is seen", i)
			}
			work := Kind.Replace(job(w, found.Live[0], nil), nil)
			for _, f := range work.Facts {
				got, ok, err := e.Get(ctx, f.Source)
				if err != nil || ok == f.Absent || got != f.Want {
					t.Errorf("step %d: fact %v: got %q, %t, %v", i, f, got, ok, err)
				}
			}
			send(t, e, work.Ops)
		}
		found = snapshot(t, e, w)
		if len(found.Live) != 1 || found.Notes.HasErrors() {
			t.Fatalf("step %d: found %v, %v", i, found.Live, found.Notes)
		}
		if cs := changes(w, found.Live[0]); len(cs) > 0 {
			t.Errorf("step %d: the plan after it is not empty: %v", i, cs)
		}
		if o := Kind.Outcome(job(w, found.Live[0], nil), kind.Same, nil); o.ID != found.Live[0].ID || o.Name != w.Res.Name {
			t.Errorf("step %d: outcome %+v", i, o)
		}
		before = w
	}
}

// TestWithoutIPv4 wants a network that has IPv6 alone to be made by engines that can,
// and to be left as it is.
func TestWithoutIPv4(t *testing.T) {
	for _, attrs := range []ir.Value{obj("ipv4", false, "ipv6", true), obj("ipv4", false, "ipv6", true, "ipam", "fd00:20::/64"), obj("ipv4", false, "driver", "macvlan")} {
		w, diags := declare(t, "six", attrs.Map)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		e := kindtest.Embedded(t, "1.48")
		j := job(w, nil, nil)
		j.Env.Info = e.Info
		if Kind.Adjust(j, nil); len(*j.Diags) > 0 {
			t.Errorf("%s: %v", attrs.Show(), *j.Diags)
		}
		send(t, e, Kind.Create(j).Ops)
		live := snapshot(t, e, w).Live[0]
		if got := changes(w, live); len(got) > 0 {
			t.Errorf("%s: the plan after it is not empty: %v", attrs.Show(), got)
		}
		for _, p := range live.Spec.(*Spec).pools() {
			if !is6(p.Subnet) {
				t.Errorf("%s: it has %s", attrs.Show(), p.Subnet)
			}
		}
	}
	w, _ := declare(t, "six", obj("ipv4", false, "ipv6", true).Map)
	j := job(w, nil, nil)
	if Kind.Adjust(j, nil); !strings.Contains(j.Diags.Error(), "ipv4 needs Docker 28.0") {
		t.Errorf("on an old engine: %v", *j.Diags)
	}
}

func TestMembers(t *testing.T) { both(t, testMembers) }

// testMembers takes a network with a container of ours that never started
// through a replacement that is taken back.
func testMembers(t *testing.T, ctx context.Context, e *engine.Engine) {
	clean := func() {
		for _, c := range []string{stack + "-ours", stack + "-theirs"} {
			_, _ = e.Do(ctx, &engine.ContainerRemove{Container: c}, nil, nil)
		}
		_, _ = e.Do(ctx, &engine.NetworkRemove{Network: stack + "-back"}, nil, nil)
		_, _ = e.Do(ctx, &engine.ImageRemove{Ref: stack + ":t"}, nil, nil)
	}
	clean()
	t.Cleanup(clean)
	w, _ := declare(t, "back", obj("ipam", ours+"0/24").Map)
	send(t, e, Kind.Create(job(w, nil, nil)).Ops)
	emptyImage(t, e, stack+":t")
	join := func(name string, labels map[string]string) {
		send(t, e, []engine.Op{{Call: &engine.ContainerCreate{Name: name,
			Config:     &container.Config{Image: stack + ":t", Cmd: []string{"/none"}, Labels: labels},
			HostConfig: &container.HostConfig{NetworkMode: container.NetworkMode(stack + "-back")},
			Networking: &api.NetworkingConfig{EndpointsConfig: map[string]*api.EndpointSettings{stack + "-back": {
				Aliases: []string{"web"}, IPAMConfig: &api.EndpointIPAMConfig{IPv4Address: ours + "77"},
			}}}}}})
	}
	join(stack+"-ours", map[string]string{engine.LabelStack: stack})
	next, _ := declare(t, "back", obj("ipam", ours+"0/24", "internal", true).Map)
	live := snapshot(t, e, next).Live[0]
	want := []member{{name: stack + "-ours", endpoint: &api.EndpointSettings{
		Aliases: []string{"web"}, IPAMConfig: &api.EndpointIPAMConfig{IPv4Address: ours + "77"}}}}
	got := slices.Clone(live.Object.(*object).members)
	for i := range got {
		got[i].id = ""
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(member{})); diff != "" {
		t.Error(diff)
	}
	work := Kind.Replace(job(next, live, nil), nil)
	// The new network cannot be made, so that there is none to take away.
	send(t, e, work.Ops[:len(work.Ops)-1])
	for _, op := range work.Undo[1:] {
		call, err := op.Filled(func(b engine.Blank) (string, error) { return b.Value, nil })
		if err != nil {
			t.Fatal(err)
		}
		if _, held, err := e.Held(ctx, call); err != nil || held {
			t.Errorf("before %T: held %t, %v", call, held, err)
		}
		send(t, e, []engine.Op{op})
		if _, held, err := e.Held(ctx, call); err != nil || !held {
			t.Errorf("after %T: held %t, %v", call, held, err)
		}
	}
	back := snapshot(t, e, next)
	if len(back.Live) != 1 || back.Live[0].Identity.UID != live.Identity.UID {
		t.Fatalf("after taking back: %+v", back.Live)
	}
	if diff := cmp.Diff(live.Object.(*object).members, back.Live[0].Object.(*object).members, cmp.AllowUnexported(member{})); diff != "" {
		t.Errorf("after taking back: %s", diff)
	}

	join(stack+"-theirs", nil)
	if got := snapshot(t, e, next).Live[0].Guests; !slices.Equal(got, []string{stack + "-theirs"}) {
		t.Errorf("guests: %v", got)
	}
}

// TestMayGo wants to be known how containers are on a network wherever a plan
// can make that anew, and to be asked for nowhere else.
func TestMayGo(t *testing.T) {
	e := kindtest.Embedded(t, "")
	w, _ := declare(t, "back", obj("ipam", ours+"0/24").Map)
	send(t, e, Kind.Create(job(w, nil, nil)).Ops)
	emptyImage(t, e, stack+":m")
	for name, labels := range map[string]map[string]string{stack + "-ours": {engine.LabelStack: stack}, stack + "-theirs": nil} {
		send(t, e, []engine.Op{{Call: &engine.ContainerCreate{Name: name,
			Config:     &container.Config{Image: stack + ":m", Cmd: []string{"/none"}, Labels: labels},
			HostConfig: &container.HostConfig{NetworkMode: container.NetworkMode(stack + "-back")},
		}}})
	}
	other, _ := declare(t, "back", obj("ipam", ours+"0/24", "internal", true).Map)
	on, _ := declare(t, "back", obj("ipam", ours+"0/24").Map)
	on.Res.Guard.ReplaceOn = []ir.Trigger{{On: ir.Addr{Kind: "container", Label: "web"}}}
	never, _ := declare(t, "back", obj("ipam", ours+"0/24").Map)
	never.Res.Guard.ReplaceKeys = []ir.Value{ir.StringVal("what it does not remember")}
	asked := func(a ir.Addr) bool { return a == w.Res.Addr }
	for name, c := range map[string]struct {
		want *kind.Want
		anew func(ir.Addr) bool
		may  bool
	}{
		"as it is": {w, nil, false}, "asked for": {w, asked, true}, "it differs": {other, nil, true},
		"another resource": {on, nil, true}, "a value that is no reason yet": {never, nil, false},
	} {
		found, err := read(t.Context(), kind.Scope{Reader: e.Reader(), Info: e.Info, Stack: stack, Wants: []*kind.Want{c.want}, Anew: c.anew})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range found.Live[0].Object.(*object).all() {
			if (m.endpoint != nil) != c.may {
				t.Errorf("%s: %s: %+v", name, m.name, m.endpoint)
			}
		}
	}
}

// emptyImage makes an image without content, which is enough to create
// containers.
func emptyImage(t *testing.T, e *engine.Engine, tag string) {
	t.Helper()
	var buf bytes.Buffer
	tw := tar.NewWriter(&buf)
	file := "FROM scratch\nLABEL bayplan.test=1\nLABEL made-by=baytest\n"
	if err := tw.WriteHeader(&tar.Header{Name: "Dockerfile", Size: int64(len(file)), Mode: 0o644}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(tw, file); err != nil {
		t.Fatal(err)
	}
	if err := tw.Close(); err != nil {
		t.Fatal(err)
	}
	send(t, e, []engine.Op{{Call: &engine.ImageBuild{Tags: []string{tag}}, Stream: &engine.Stream{
		Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(buf.Bytes())), nil },
	}}})
}

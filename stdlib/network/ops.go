package network

import (
	"maps"
	"slices"
	"strings"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"

	api "github.com/docker/docker/api/types/network"
)

// replace takes our containers off, the old network away, and makes the new
// one. Their own steps connect the containers again; those that have none
// are connected here, and a note on the engine remembers them until then.
func replace(in kind.In[Spec], _ []schema.Change) kind.Work {
	old := in.Live.Object.(*object)
	ours, guests := old.sides(in.Env)
	back := slices.Concat(guests, away(in))
	w := kind.Work{Facts: append(same(in.Live), alone(in.Live)), Strategy: "stop-first", Impact: impact(in, ours, back)}
	written, name := remember(in, guests)
	if written != nil {
		w.Facts = append(w.Facts, free(name)...)
		w.Ops = append(w.Ops, *written)
	}
	for _, m := range slices.Concat(ours, guests) {
		w.Ops = append(w.Ops, engine.Op{Call: &engine.NetworkDisconnect{Network: old.ID, Container: m.id}})
	}
	w.Ops = append(w.Ops, engine.Op{Call: &engine.NetworkRemove{Network: old.ID}})
	anew := made(in)
	if in.Want.Name != in.Live.Name {
		w.Facts = append(w.Facts, anew.Facts...)
	}
	w.Ops = append(w.Ops, anew.Ops...)
	w.Ops, w.Commit = append(w.Ops, reconnect(in, back)...), forget(in)
	w.Undo = slices.Concat(unmake(in.Res.Addr, back), old.restore(in.Live.Record, ours, guests))
	if written != nil {
		op := engine.Op{Call: &engine.NetworkRemove{Network: name}}
		w.Commit = append(w.Commit, op)
		op.Forgets = true
		w.Undo = append(w.Undo, op)
	}
	return w
}

// unmake takes the new network away again, if there is one, and first those off
// that were connected to it.
func unmake(addr ir.Addr, back []member) []engine.Op {
	ops := make([]engine.Op, len(back)+1)
	for i, m := range back {
		ops[i].Call = &engine.NetworkDisconnect{Network: ops[i].Blanks.MadeID(addr.String()), Container: m.id}
	}
	last := &ops[len(back)]
	last.Call = &engine.NetworkRemove{Network: last.Blanks.MadeID(addr.String())}
	return ops
}

func names(members []member) string {
	out := make([]string, len(members))
	for i, m := range members {
		out[i] = m.name
	}
	return strings.Join(out, ", ")
}

func impact(in kind.In[Spec], members, guests []member) string {
	var parts []string
	if len(members) > 0 {
		parts = append(parts, "off the network until connected again: "+names(members))
	}
	if len(guests) > 0 {
		parts = append(parts, "not the program's, and connected again: "+backed(in, guests))
	}
	return strings.Join(parts, "; ")
}

// backed names guests, with what they do not get back.
func backed(in kind.In[Spec], guests []member) string {
	out := make([]string, len(guests))
	for i, m := range guests {
		out[i] = m.name
		if lost := m.lost(in.Want.pools(), in.Env.Info); lost != "" {
			out[i] += " (" + lost + ")"
		}
	}
	return strings.Join(out, ", ")
}

// restore makes the network as it was and connects who was on it and stays. The
// engine is asked before each of these calls: what is so already is not done
// again.
func (o *object) restore(rec schema.Record, ours, guests []member) []engine.Op {
	op := engine.Op{}
	opts := api.CreateOptions{
		Driver: o.Driver, Internal: o.Internal, Attachable: o.Attachable, Labels: o.Labels, Ingress: o.Ingress, ConfigOnly: o.ConfigOnly,
		Options: discreet(o.Options, rec["options"], &op.Blanks),
		IPAM:    &api.IPAM{Driver: o.IPAM.Driver, Options: discreet(o.IPAM.Options, rec["ipam"].Map["options"], &op.Blanks)},
	}
	if o.EnableIPv6 {
		opts.EnableIPv6 = &o.EnableIPv6
	}
	if o.Scope != "local" {
		opts.Scope = o.Scope
	}
	if s := rec["ipv4"]; !s.IsNull() {
		opts.EnableIPv4 = &o.EnableIPv4
	}
	if o.ConfigOnly {
		opts.Driver = ""
	}
	var pools []Pool
	for _, c := range o.IPAM.Config {
		p := poolOf(c)
		pools = append(pools, p)
		opts.IPAM.Config = append(opts.IPAM.Config, api.IPAMConfig{Subnet: p.Subnet, IPRange: p.IPRange, Gateway: p.Gateway, AuxAddress: p.Aux})
	}
	op.Call = &engine.NetworkCreate{Name: o.Name, Options: opts}
	ops := []engine.Op{op}
	all := slices.Concat(kept(guests, pools), ours)
	slices.SortStableFunc(all, fixedFirst)
	for _, m := range all {
		ops = append(ops, engine.Op{Call: &engine.NetworkConnect{Network: o.Name, Container: m.id, Endpoint: m.endpoint}})
	}
	return ops
}

// discreet returns options of a living network for a plan: only those that the
// record holds in the open are shown.
func discreet(m map[string]string, rec ir.Value, b *engine.Blanks) map[string]string {
	out := map[string]string{}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out[k] = m[k]
		if !rec.Map[k].Equal(ir.StringVal(m[k])) {
			out[k] = b.Secret(m[k])
		}
	}
	return out
}

// remove takes the network away, once our own containers have left it. Somebody
// else's would lose it: the engine refuses while one is running, and does not
// mind a stopped one, which then never starts again.
func remove(r kind.Removal) kind.Work {
	if guests := stay(r); len(guests) > 0 {
		r.Diags.Addf(diag.Pos{}, "network %s cannot be removed while containers that are not this stack's are on it: %s", r.Live.Name, strings.Join(guests, ", ")).
			Hintf("take them off first: docker network disconnect %s %s", r.Live.Name, guests[0])
	}
	w := kind.Work{
		Facts: append(same(r.Live), alone(r.Live)),
		Ops:   []engine.Op{{Call: &engine.NetworkRemove{Network: r.Live.ID}}},
	}
	for _, x := range r.Live.Object.(*object).notes {
		w.Ops = append(w.Ops, engine.Op{Call: &engine.NetworkRemove{Network: x.name}})
	}
	return w
}

// stay returns the names of containers on the network that this plan leaves
// where they are, those that only bear the stack's labels among them.
func stay(r kind.Removal) []string {
	out := slices.Clone(r.Live.Guests)
	for _, m := range r.Live.Object.(*object).members {
		if r.Env.Fate("container", m.id) == kind.LeftAlone {
			out = append(out, m.name)
		}
	}
	slices.Sort(out)
	return out
}

// alone is the fact that nobody has joined the network since it was read. The
// engine tells of those that run.
func alone(l *kind.Live) engine.Fact {
	f := engine.Fact{Source: engine.Source{Read: engine.Read{Call: "NetworkInspect", Arg: l.ID}, Path: []string{"Containers", "*"}}, Among: []string{}}
	for _, m := range l.Object.(*object).all() {
		f.Among = append(f.Among, m.id)
	}
	slices.Sort(f.Among)
	return f
}

// same is the fact that the network is still the one that was read.
func same(l *kind.Live) []engine.Fact {
	f := engine.Fact{
		Source: engine.Source{Read: engine.Read{Call: "NetworkInspect", Arg: l.ID}, Path: []string{"Labels", engine.LabelUID}},
		Want:   l.Identity.UID,
	}
	if l.Adopted != "" {
		f.Path, f.Want = []string{"Id"}, l.ID
	}
	return []engine.Fact{f}
}

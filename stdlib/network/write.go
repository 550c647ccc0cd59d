package network

import (
	"maps"
	"slices"
	"strings"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/lang/ir"
	"bayplan/lang/schema"

	api "github.com/docker/docker/api/types/network"
)

// create makes a network, and connects to it who was on the one that a
// replacement took away before it was cut short.
func create(in kind.In[Spec]) kind.Work {
	w := made(in)
	back := away(in)
	w.Ops, w.Commit = append(w.Ops, reconnect(in, back)...), forget(in)
	w.Impact = impact(in, nil, back)
	return w
}

func made(in kind.In[Spec]) kind.Work {
	op := engine.Op{Makes: in.Res.Addr.String()}
	o := api.CreateOptions{
		Driver: in.Want.Driver, Internal: in.Want.Internal, Attachable: in.Want.Attachable,
		Scope: in.Want.Scope, Ingress: in.Want.Ingress, ConfigOnly: in.Want.ConfigOnly, EnableIPv4: in.Want.IPv4,
		Labels: in.Identity().Labels(&op.Blanks),
	}
	maps.Copy(o.Labels, in.Want.Labels)
	if in.Want.IPv6 {
		o.EnableIPv6 = &in.Want.IPv6
	}
	if i := in.Want.IPAM; i != nil {
		o.IPAM = &api.IPAM{Driver: i.Driver, Options: filled(i.Options, &op.Blanks, in.Env)}
		for _, p := range i.Config {
			o.IPAM.Config = append(o.IPAM.Config, api.IPAMConfig{Subnet: p.Subnet, IPRange: p.IPRange, Gateway: p.Gateway, AuxAddress: p.Aux})
		}
	}
	o.Options = filled(in.Want.Options, &op.Blanks, in.Env)
	op.Call = &engine.NetworkCreate{Name: in.Want.Name, Options: o}
	return kind.Work{Ops: []engine.Op{op}, Facts: free(in.Want.Name)}
}

// free is the fact that nobody has the name. A name that could be the
// beginning of an ID says nothing when it is asked for: the call itself looks
// then, by the list.
func free(name string) []engine.Fact {
	if strings.Trim(name, "0123456789abcdef") == "" {
		return nil
	}
	return []engine.Fact{{Source: engine.Source{Read: engine.Read{Call: "NetworkInspect", Arg: name}}, Absent: true}}
}

func filled(m map[string]ir.Value, b *engine.Blanks, env *kind.Env) map[string]string {
	if len(m) == 0 {
		return nil
	}
	out := map[string]string{}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out[k] = b.Text(m[k], env.Source)
	}
	return out
}

// update connects who a replacement took off before it was cut short: every
// change of the network itself is a replacement.
func update(in kind.In[Spec], _ []schema.Change) kind.Work {
	return kind.Work{Facts: same(in.Live), Ops: reconnect(in, away(in)), Commit: forget(in)}
}

package network

import (
	"net/netip"
	"strings"

	"bayplan/interpreter/kind"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
)

// expect is what the engine makes of the program's words. What it picks by
// itself is taken as it is: the subnet of a family that the program does not
// name, and gateway and range of one that it does.
func expect(in kind.In[Spec]) *Spec {
	want := *in.Want
	if want.Driver == "" {
		want.Driver = "bridge" // what the engine fills in
	}
	if want.ConfigOnly {
		want.Driver = "null" // this too
	}
	if in.Have != nil && in.Have.ConfigOnly != want.ConfigOnly && in.Want.Driver == "" {
		want.Driver = in.Have.Driver // it goes along
	}
	if want.Scope == "" && in.Live != nil && !in.Live.Record["scope"].IsNull() {
		want.Scope = "local"
	}
	if want.IPv4 == nil && in.Live != nil && !in.Live.Record["ipv4"].IsNull() {
		yes := true
		want.IPv4 = &yes
	}
	if in.Have == nil || want.IPAM == nil && in.Live.Record["ipam"].IsNull() {
		return &want
	}
	var ipam IPAM
	if want.IPAM != nil {
		ipam = *want.IPAM
	}
	if ipam.Driver == "" {
		ipam.Driver = "default" // this too
	}
	ipam.Config = pools(ipam.Config, in.Have.IPAM.Config, in.Live.Record["ipam"].Map["config"])
	want.IPAM = &ipam
	return &want
}

func pools(want, have []Pool, rec ir.Value) []Pool {
	out := make([]Pool, 0, len(want))
	for _, p := range want {
		for _, h := range have {
			if h.Subnet == p.Subnet {
				p = p.over(h, recorded(rec, p.Subnet))
			}
		}
		out = append(out, p)
	}
	for _, h := range have {
		if recorded(rec, h.Subnet).IsNull() && !hasFamily(want, is6(h.Subnet)) {
			out = append(out, h)
		}
	}
	return out
}

// over returns p with what it does not say from what lives, unless the record
// says that the program said it before.
func (p Pool) over(have Pool, rec ir.Value) Pool {
	if p.Gateway == "" && rec.Map["gateway"].IsNull() {
		p.Gateway = have.Gateway
	}
	if p.IPRange == "" && rec.Map["ip_range"].IsNull() {
		p.IPRange = have.IPRange
	}
	if p.Aux == nil && rec.Map["aux_addresses"].IsNull() {
		p.Aux = have.Aux
	}
	return p
}

func recorded(rec ir.Value, subnet string) ir.Value {
	for _, e := range rec.List {
		if e.Map["subnet"].Str == subnet {
			return e
		}
	}
	return ir.Value{}
}

func hasFamily(pools []Pool, six bool) bool {
	for _, p := range pools {
		if is6(p.Subnet) == six {
			return true
		}
	}
	return false
}

// checkEngine reports what this engine cannot make.
func checkEngine(in kind.In[Spec]) {
	w, i := in.Want, in.Env.Info
	for _, x := range []struct {
		attr string
		is   bool
	}{
		{"scope", w.Scope != "" && w.Scope != "local"}, {"ingress", w.Ingress}, {"driver", w.Driver == "overlay"},
	} {
		if x.is && !i.Swarm {
			in.Errorf(x.attr, "that needs an engine that is part of a swarm, and this one is not").Hintf("docker swarm init makes it one")
		}
	}
}

// adjust refuses what the engine would refuse, or what would hurt others.
func adjust(in kind.In[Spec], changes []schema.Change) []schema.Change {
	k, _ := in.Known.(known)
	if k.twins != nil && in.Live != nil {
		in.Errorf("name", "there are %d networks named %s, and the engine answers to none of them by its name: %s", len(k.twins), in.Live.Name, strings.Join(k.twins, "; ")).
			Hintf("engines before Docker 25.0 allow that: take the others away by their IDs (docker network rm ID)")
	}
	if in.Live != nil && len(changes) == 0 && in.Asked < schema.Replace {
		return again(in)
	}
	in.CheckVersion()
	checkEngine(in)
	for _, o := range k.overlaps {
		d := in.Errorf("ipam", "subnet %s overlaps %s", o.subnet, o.other)
		switch {
		case o.gone != "":
			d.Hintf("where they are the same network, say so: moved with old = %q; otherwise choose another subnet, or let this plan be two", o.gone)
		case o.ours:
			d.Hintf("that one gives it up only when its containers are on this one: choose another subnet, or let this plan be two")
		default:
			d.Hintf("the engine refuses two bridges that overlap: choose another subnet, or take the other network away first")
		}
	}
	if in.Want.IPv6 && !in.Env.Info.Has("1.46") && (in.Want.IPAM == nil || !hasFamily(in.Want.IPAM.Config, true)) {
		in.Warnf("ipv6", "engines before Docker 27.0 pick no IPv6 subnet by themselves unless the daemon has pools for it").
			Hintf("name one: ipam = { config = [\"10.20.0.0/24\", \"fd00:20::/64\"] }")
	}
	if in.Live == nil || in.Env.Along {
		return changes
	}
	if who := strangers(in); len(who) > 0 {
		if len(changes) == 0 {
			in.Errorf("", "it cannot be made anew while containers that are not the program's are on network %s: %s", in.Live.Name, strings.Join(who, ", ")).
				Hintf("--reconnect-foreign takes them off and connects them again; or take them off first (docker network disconnect %s %s)", in.Live.Name, who[0])
			return changes
		}
		in.Errorf(changes[0].Attr, "%s cannot change while containers that are not the program's are on network %s: %s", changes[0].Name(), in.Live.Name, strings.Join(who, ", ")).
			Hintf("the network has to be made anew: --reconnect-foreign takes them off and connects them again; or take them off first (docker network disconnect %s %s), or put the attribute back", in.Live.Name, who[0])
	}
	return changes
}

// outcome says what containers can rely on.
func outcome(in kind.In[Spec], v kind.Verb, _ []schema.Change) kind.Outcome {
	o := kind.Outcome{Verb: v, Name: in.Want.Name}
	if in.Live != nil && !o.Disturbed() {
		o.ID = in.Live.ID
	}
	asked := in.Want.pools()
	if in.Live != nil && v != kind.Replace && (in.Live.Adopted != "" || in.Have.Scope == "swarm") {
		asked = in.Have.pools()
	}
	o.Subnets = subnets(asked)
	return o
}

// subnets are those from which an address can be asked for: the ones that the
// program names. The engine gives none out of a subnet that it has picked by
// itself. What somebody asked for when they made a network that the stack has
// adopted, nobody knows; and what a swarm picks, it hands to its engines as if it
// was asked for.
func subnets(pools []Pool) []netip.Prefix {
	var out []netip.Prefix
	for _, p := range pools {
		if s, err := netip.ParsePrefix(p.Subnet); err == nil {
			out = append(out, s)
		}
	}
	return out
}

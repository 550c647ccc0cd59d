package network

import (
	"cmp"
	"net/netip"
	"slices"

	"bayplan/interpreter/engine"

	api "github.com/docker/docker/api/types/network"
)

// kept returns guests as they are to be connected to a network with these
// subnets: each at the address that it had, also where the engine had picked
// it, since others may have it written down. The engine takes an address only
// within a subnet that was asked for. Those with an address come first, before
// one without could get it.
func kept(guests []member, pools []Pool) []member {
	out := slices.Clone(guests)
	for i := range out {
		e := new(api.EndpointSettings)
		if out[i].endpoint != nil {
			*e = *out[i].endpoint
		}
		c := new(api.EndpointIPAMConfig)
		if e.IPAMConfig != nil {
			*c = *e.IPAMConfig
		}
		c.IPv4Address = within(cmp.Or(c.IPv4Address, out[i].ipv4), pools)
		c.IPv6Address = within(cmp.Or(c.IPv6Address, out[i].ipv6), pools)
		if e.IPAMConfig = c; c.IPv4Address == "" && c.IPv6Address == "" && c.LinkLocalIPs == nil {
			e.IPAMConfig = nil
		}
		out[i].endpoint = e
	}
	slices.SortStableFunc(out, fixedFirst)
	return out
}

func fixedFirst(a, b member) int {
	rank := map[bool]int{true: 0, false: 1}
	return rank[a.fixed()] - rank[b.fixed()]
}

// fixed reports whether the container asks for an address.
func (m member) fixed() bool {
	return m.endpoint != nil && m.endpoint.IPAMConfig != nil && cmp.Or(m.endpoint.IPAMConfig.IPv4Address, m.endpoint.IPAMConfig.IPv6Address) != ""
}

// within returns an address if one of the subnets can give it out, else "".
func within(ip string, pools []Pool) string {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return ""
	}
	for _, p := range pools {
		subnet, err := netip.ParsePrefix(p.Subnet)
		if err == nil && subnet.Contains(a) && !p.leads(a) && !p.sets(a.String()) {
			return ip
		}
	}
	return ""
}

// leads reports whether an address is the gateway's. The engine picks the first
// one that it gives out, where the program names none.
func (p Pool) leads(a netip.Addr) bool {
	if p.Gateway != "" {
		return a.String() == p.Gateway
	}
	from, err := netip.ParsePrefix(cmp.Or(p.IPRange, p.Subnet))
	return err == nil && (a == from.Addr() || a == from.Addr().Next())
}

// sets reports whether a subnet sets an address apart.
func (p Pool) sets(ip string) bool {
	for _, aux := range p.Aux {
		if aux == ip {
			return true
		}
	}
	return false
}

// lost says for people what a guest does not get back on a network with these
// subnets; "" if it gets all.
func (m member) lost(pools []Pool, info engine.Info) string {
	var c api.EndpointIPAMConfig
	if m.fixed() {
		c = *m.endpoint.IPAMConfig
	}
	for _, ip := range []string{cmp.Or(c.IPv4Address, m.ipv4), cmp.Or(c.IPv6Address, m.ipv6)} {
		if ip != "" && within(ip, pools) == "" {
			return "at an address that the engine picks"
		}
	}
	if m.mac != "" && info.Has("1.44") {
		return "without its MAC address"
	}
	return ""
}

// pools are the subnets that the program asks for.
func (s *Spec) pools() []Pool {
	if s.IPAM == nil {
		return nil
	}
	return s.IPAM.Config
}

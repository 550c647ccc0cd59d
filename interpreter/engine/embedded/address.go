package embedded

import (
	"fmt"
	"net/netip"
	"strconv"

	"github.com/docker/docker/api/types/network"
)

func withBits(ip string, bits int) string { return ip + "/" + strconv.Itoa(bits) }

// pool gives a network its subnets: those that were asked for, and the first
// free ones of the engine's own for what was not.
func (s *State) pool(n *Network) error {
	var v4, v6 bool
	if n.Asked.IPAM != nil {
		for _, c := range n.Asked.IPAM.Config {
			p, err := s.askedPool(n, c)
			if err != nil {
				return err
			}
			if p == nil { // of a family that the network does not have
				continue
			}
			n.Pools = append(n.Pools, *p)
			v4, v6 = v4 || p.Subnet.Addr().Is4(), v6 || p.Subnet.Addr().Is6()
		}
	}
	if !v4 && n.ipv4() {
		p, err := s.freePool()
		if err != nil {
			return err
		}
		n.Pools = append(n.Pools, p)
	}
	if !n.IPv6 || v6 {
		return nil
	}
	if s.Version < 46 {
		return notFound("could not find an available, non-overlapping IPv6 address pool among the defaults to assign to the network")
	}
	n.Pools = append(n.Pools, s.localPool())
	return nil
}

func (s *State) askedPool(n *Network, c network.IPAMConfig) (*Pool, error) {
	if c.Subnet == "" {
		return nil, nil
	}
	subnet, err := netip.ParsePrefix(c.Subnet)
	if err != nil {
		if s.Version >= 44 {
			return nil, bad("invalid network config:\ninvalid subnet %s: invalid CIDR address: %s", c.Subnet, c.Subnet)
		}
		return nil, fail(500, "Invalid subnet %s : invalid CIDR address: %s", c.Subnet, c.Subnet)
	}
	if subnet.Addr().Is6() && !n.IPv6 || subnet.Addr().Is4() && !n.ipv4() {
		return nil, nil
	}
	if s.Version >= 44 && subnet.Masked() != subnet {
		return nil, bad("invalid network config:\ninvalid subnet %s: it should be %s", subnet, subnet.Masked())
	}
	p := &Pool{Subnet: subnet.Masked(), Asked: true}
	for _, id := range sorted(s.Networks) {
		for _, other := range s.Networks[id].Pools {
			if other.Subnet.Overlaps(p.Subnet) {
				return nil, forbidden("Pool overlaps with other one on this address space")
			}
		}
	}
	if err := s.askedRange(p, c); err != nil {
		return nil, err
	}
	return p, nil
}

func (s *State) askedRange(p *Pool, c network.IPAMConfig) error {
	var err error
	if c.IPRange != "" {
		if p.Range, err = netip.ParsePrefix(c.IPRange); err != nil {
			return bad("invalid ip-range %s: invalid CIDR address: %s", c.IPRange, c.IPRange)
		}
		if !p.Subnet.Contains(p.Range.Addr()) {
			return bad("invalid network config:\ninvalid ip-range %s: parent subnet is %s", c.IPRange, p.Subnet)
		}
	}
	p.Gateway = p.Subnet.Addr().Next()
	if c.Gateway != "" {
		if p.Gateway, err = netip.ParseAddr(c.Gateway); err != nil {
			return bad("invalid gateway address %s", c.Gateway)
		}
		if !p.Subnet.Contains(p.Gateway) {
			if s.Version >= 44 {
				return bad("invalid network config:\ninvalid gateway %s: parent subnet is %s", c.Gateway, p.Subnet)
			}
			return fail(500, "failed to allocate gateway (%s): Requested address is out of range", c.Gateway)
		}
	}
	for _, name := range sorted(c.AuxAddress) {
		ip, err := netip.ParseAddr(c.AuxAddress[name])
		if err != nil || !p.Subnet.Contains(ip) {
			return bad("failed to allocate secondary ip address (%s:%s): Requested address is out of range", name, c.AuxAddress[name])
		}
		p.Taken = append(p.Taken, ip)
	}
	return nil
}

// freePool returns the first of the engine's own subnets that overlaps no other.
func (s *State) freePool() (Pool, error) {
	try := make([]netip.Prefix, 0, 31)
	for i := 17; i < 32; i++ {
		try = append(try, netip.MustParsePrefix(fmt.Sprintf("172.%d.0.0/16", i)))
	}
	for i := 0; i < 256; i += 16 {
		try = append(try, netip.MustParsePrefix(fmt.Sprintf("192.168.%d.0/20", i)))
	}
	for _, subnet := range try {
		if s.free(subnet) {
			return Pool{Subnet: subnet, Gateway: subnet.Addr().Next()}, nil
		}
	}
	if s.Version >= 48 {
		return Pool{}, bad("all predefined address pools have been fully subnetted")
	}
	return Pool{}, notFound("could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network")
}

func (s *State) free(subnet netip.Prefix) bool {
	for _, n := range s.Networks {
		for _, p := range n.Pools {
			if p.Subnet.Overlaps(subnet) {
				return false
			}
		}
	}
	return true
}

// localPool returns the next free /64 of this engine's own IPv6 prefix.
func (s *State) localPool() Pool {
	h := hash(s.Seed, "ula")
	for i := 0; ; i++ {
		subnet := netip.MustParsePrefix(fmt.Sprintf("fd%s:%s:%s:%x::/64", h[0:2], h[2:6], h[6:10], i))
		if s.free(subnet) {
			return Pool{Subnet: subnet, Gateway: subnet.Addr().Next()}
		}
	}
}

// contains reports whether an address lies in one of a network's subnets.
func (n *Network) contains(ip string) bool {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return false
	}
	for _, p := range n.Pools {
		if p.Subnet.Contains(a) {
			return true
		}
	}
	return false
}

// address gives out an address of a pool: the one that was asked for, or the
// lowest that is free.
func (s *State) address(n *Network, p Pool, asked string) (netip.Addr, error) {
	used := map[netip.Addr]bool{p.Gateway: true, p.Subnet.Addr(): true, last(p.Subnet): p.Subnet.Addr().Is4()}
	for _, a := range p.Taken {
		used[a] = true
	}
	for _, c := range s.members(n) {
		for _, ip := range []string{c.Endpoints[n.Name].IPAddress, c.Endpoints[n.Name].GlobalIPv6Address} {
			if a, err := netip.ParseAddr(ip); err == nil {
				used[a] = true
			}
		}
	}
	if asked != "" {
		a, err := netip.ParseAddr(asked)
		if err != nil || used[a] {
			return netip.Addr{}, forbidden("Address already in use")
		}
		return a, nil
	}
	within := p.Subnet
	if p.Range.IsValid() {
		within = p.Range.Masked()
	}
	for a := within.Addr(); within.Contains(a); a = a.Next() {
		if !used[a] {
			return a, nil
		}
	}
	return netip.Addr{}, bad("no available IPv4 addresses on this network's address pools: %s (%s)", n.Name, n.ID)
}

// last returns a prefix's last address.
func last(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 1 << (7 - i%8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// mac returns a hardware address: of the IP address up to engine 27, at random
// from 28 on.
func (s *State) mac(endpoint string, ip netip.Addr) string {
	if s.Version >= 48 || !ip.Is4() {
		h := hash(endpoint, "mac")
		return fmt.Sprintf("%s:%s:%s:%s:%s:%s", "02", h[2:4], h[4:6], h[6:8], h[8:10], h[10:12])
	}
	b := ip.As4()
	return fmt.Sprintf("02:42:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3])
}

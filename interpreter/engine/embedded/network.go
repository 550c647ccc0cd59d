//lint:file-ignore SA1019 old API versions speak with fields that are deprecated today

package embedded

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/api/types/network"
)

// Network is a network.
type Network struct {
	ID      string
	Name    string
	Created time.Time
	Driver  string
	Scope   string
	Asked   network.CreateOptions
	IPv6    bool
	Pools   []Pool
}

// Pool is a subnet of a network.
type Pool struct {
	Subnet  netip.Prefix
	Range   netip.Prefix // of the addresses that are given without being asked for
	Gateway netip.Addr
	Taken   []netip.Addr // kept for others
	Asked   bool         // by the user, not picked, so that it has fixed addresses to give
}

// addPredefined makes the three networks that every engine has.
func (s *State) addPredefined() {
	bridge := map[string]string{
		"com.docker.network.bridge.default_bridge":       "true",
		"com.docker.network.bridge.enable_icc":           "true",
		"com.docker.network.bridge.enable_ip_masquerade": "true",
		"com.docker.network.bridge.host_binding_ipv4":    "0.0.0.0",
		"com.docker.network.bridge.name":                 "docker0",
		"com.docker.network.driver.mtu":                  "1500",
	}
	for _, n := range []*Network{
		{Name: "bridge", Driver: "bridge", Asked: network.CreateOptions{Options: bridge}, Pools: []Pool{{
			Subnet: netip.MustParsePrefix("172.17.0.0/16"), Gateway: netip.MustParseAddr("172.17.0.1"),
		}}},
		{Name: "host", Driver: "host"},
		{Name: "none", Driver: "null"},
	} {
		n.ID, n.Created, n.Scope = s.newID("network"), s.Now, "local"
		n.Asked.Labels = map[string]string{}
		if n.Asked.Options == nil {
			n.Asked.Options = map[string]string{}
		}
		n.Asked.IPAM = &network.IPAM{Driver: "default"}
		s.Networks[n.ID] = n
	}
}

func predefined(name string) bool {
	return slices.Contains([]string{"bridge", "host", "none", "default", "nat"}, name)
}

// Network finds a network by ID, name, or the beginning of an ID.
func (s *State) Network(ref string) (*Network, error) {
	if n, ok := s.Networks[ref]; ok {
		return n, nil
	}
	for _, by := range []struct {
		on string
		is func(*Network) bool
	}{
		{"name", func(n *Network) bool { return n.Name == ref }},
		{"ID prefix", func(n *Network) bool { return ref != "" && strings.HasPrefix(n.ID, ref) }},
	} {
		var found []*Network
		for _, id := range sorted(s.Networks) {
			if by.is(s.Networks[id]) {
				found = append(found, s.Networks[id])
			}
		}
		if len(found) > 1 {
			return nil, bad("network %s is ambiguous (%d matches found based on %s)", ref, len(found), by.on)
		}
		if len(found) == 1 {
			return found[0], nil
		}
	}
	return nil, notFound("network %s not found", ref)
}

// CreateNetwork makes a network.
func (s *State) CreateNetwork(now time.Time, v Version, req network.CreateRequest) (network.CreateResponse, error) {
	s.at(now)
	if predefined(req.Name) {
		return network.CreateResponse{}, forbidden("operation is not permitted on predefined %s network ", req.Name)
	}
	if req.Name == "" && s.Version >= 44 {
		return network.CreateResponse{}, bad("invalid name: name is empty")
	}
	warning, err := s.checkTaken(req)
	if err != nil {
		return network.CreateResponse{}, err
	}
	n := &Network{ID: s.newID("network"), Name: req.Name, Created: s.Now, Driver: orWord(req.Driver, "bridge"), Scope: "local", Asked: req.CreateOptions}
	if err := checkScope(n); err != nil {
		return network.CreateResponse{}, err
	}
	if err := s.configure(n); err != nil {
		return network.CreateResponse{}, err
	}
	if err := checkDrivers(n); err != nil {
		return network.CreateResponse{}, err
	}
	if v < 48 {
		n.Asked.EnableIPv4 = nil
	}
	n.IPv6 = req.EnableIPv6 != nil && *req.EnableIPv6
	if n.Driver == "bridge" && !n.ipv4() && !n.IPv6 {
		return network.CreateResponse{}, bad("IPv4 or IPv6 must be enabled")
	}
	if n.Asked.ConfigOnly {
		// it gives out no addresses itself
	} else if err := s.pool(n); err != nil {
		return network.CreateResponse{}, err
	}
	if n.Asked.Labels == nil {
		n.Asked.Labels = map[string]string{}
	}
	if n.Asked.Options == nil {
		n.Asked.Options = map[string]string{}
	}
	s.Networks[n.ID] = n
	s.networkEvent(n, "create")
	return network.CreateResponse{ID: n.ID, Warning: warning}, nil
}

// ipv4 reports whether a network gives out IPv4 addresses.
func (n *Network) ipv4() bool { return n.Asked.EnableIPv4 == nil || *n.Asked.EnableIPv4 }

// checkTaken refuses a name that is taken. Engines before 25 only did so when
// they were asked to look.
func (s *State) checkTaken(req network.CreateRequest) (warning string, err error) {
	for _, id := range sorted(s.Networks) {
		n := s.Networks[id]
		if n.Name != req.Name {
			continue
		}
		look := req.CheckDuplicate != nil && *req.CheckDuplicate
		if s.Version >= 44 || look {
			return "", conflict("network with name %s already exists", req.Name)
		}
		return "Network with name " + n.Name + " (id : " + n.ID + ") already exists", nil
	}
	return "", nil
}

// checkScope refuses what only a swarm has.
func checkScope(n *Network) error {
	switch {
	case n.Asked.ConfigOnly && (n.Asked.Internal || n.Asked.Attachable || n.Asked.Ingress || n.Asked.Scope != ""):
		return forbidden("configuration network can only contain network specific fields. Network operator fields like [ ingress | internal | attachable | scope ] are not supported.")
	case n.Asked.Ingress:
		return forbidden("Ingress network can only be global scope network")
	case n.Asked.Scope == "swarm":
		return forbidden("cannot create a swarm scoped network when swarm is not active")
	case n.Asked.Scope == "global":
		return forbidden("This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again.")
	}
	return nil
}

// configure makes of a network one that only holds settings, or takes over the
// settings of such a one.
func (s *State) configure(n *Network) error {
	a := &n.Asked
	if a.ConfigOnly {
		n.Driver = "null"
		return nil
	}
	if a.ConfigFrom == nil {
		return nil
	}
	from, err := s.Network(a.ConfigFrom.Network)
	switch {
	case err != nil || !from.Asked.ConfigOnly:
		return notFound("configuration network %q does not exist", a.ConfigFrom.Network)
	case len(a.Labels) > 0 || a.IPAM != nil && len(a.IPAM.Config) > 0 || a.EnableIPv6 != nil && *a.EnableIPv6:
		return forbidden("user specified configurations are not supported if the network depends on a configuration network")
	case len(a.Options) > 0:
		return forbidden("network driver options are not supported if the network depends on a configuration network")
	}
	a.Labels, a.Options, a.IPAM = maps.Clone(from.Asked.Labels), maps.Clone(from.Asked.Options), from.Asked.IPAM
	return nil
}

func checkDrivers(n *Network) error {
	if n.Asked.ConfigOnly {
		return nil
	}
	switch n.Driver {
	case "bridge", "macvlan", "ipvlan":
	case "overlay":
		return forbidden("This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again.")
	case "host", "null":
		return forbidden("only one instance of %q network is allowed", n.Driver)
	default:
		return notFound("plugin %q not found", n.Driver)
	}
	if i := n.Asked.IPAM; i != nil && i.Driver != "" && i.Driver != "default" && i.Driver != "null" {
		return notFound("plugin %q not found", i.Driver)
	}
	return nil
}

// RemoveNetwork removes a network that no running container is on.
func (s *State) RemoveNetwork(now time.Time, ref string) error {
	s.at(now)
	n, err := s.Network(ref)
	if err != nil {
		return err
	}
	if predefined(n.Name) {
		return forbidden("%s is a pre-defined network and cannot be removed", n.Name)
	}
	if on := s.members(n); len(on) > 0 {
		if s.Version < 48 {
			return forbidden("error while removing network: network %s id %s has active endpoints", n.Name, n.ID)
		}
		var who []string
		for _, c := range on {
			who = append(who, "name:\""+c.Name+"\" id:\""+c.Endpoints[n.Name].EndpointID[:12]+"\"")
		}
		return forbidden("error while removing network: network %s has active endpoints (%s)", n.Name, strings.Join(who, ", "))
	}
	s.dropNetwork(n)
	return nil
}

func (s *State) dropNetwork(n *Network) {
	delete(s.Networks, n.ID)
	s.networkEvent(n, "destroy")
}

// PruneNetworks removes networks without running containers that match; it
// returns their names.
func (s *State) PruneNetworks(now time.Time, match func(*Network) bool) []string {
	s.at(now)
	var gone []string
	for _, id := range sorted(s.Networks) {
		n := s.Networks[id]
		if !predefined(n.Name) && len(s.members(n)) == 0 && match(n) {
			s.dropNetwork(n)
			gone = append(gone, n.Name)
		}
	}
	return gone
}

// members returns the containers with a live endpoint on a network, by ID.
func (s *State) members(n *Network) []*Container {
	var on []*Container
	for _, id := range sorted(s.Containers) {
		c := s.Containers[id]
		if ep := c.Endpoints[n.Name]; ep != nil && ep.EndpointID != "" && ep.NetworkID == n.ID {
			on = append(on, c)
		}
	}
	return on
}

// inspectNetwork returns what the engine tells of a network; a list leaves
// the containers out.
func (s *State) inspectNetwork(n *Network, full bool) network.Inspect {
	o := network.Inspect{
		Name: n.Name, ID: n.ID, Created: n.Created.UTC(), Scope: n.Scope, Driver: n.Driver,
		EnableIPv4: s.Version >= 48 && n.ipv4(), EnableIPv6: n.IPv6,
		Internal: n.Asked.Internal, Attachable: n.Asked.Attachable, Ingress: n.Asked.Ingress,
		ConfigOnly: n.Asked.ConfigOnly, Options: maps.Clone(n.Asked.Options), Labels: maps.Clone(n.Asked.Labels),
		Containers: map[string]network.EndpointResource{}, IPAM: ipamOf(n),
	}
	if n.Asked.ConfigFrom != nil {
		o.ConfigFrom = *n.Asked.ConfigFrom
	}
	if !full {
		return o
	}
	for _, c := range s.members(n) {
		ep := c.Endpoints[n.Name]
		m := network.EndpointResource{Name: c.Name, EndpointID: ep.EndpointID, MacAddress: ep.MacAddress}
		if ep.IPAddress != "" {
			m.IPv4Address = withBits(ep.IPAddress, ep.IPPrefixLen)
		}
		if ep.GlobalIPv6Address != "" {
			m.IPv6Address = withBits(ep.GlobalIPv6Address, ep.GlobalIPv6PrefixLen)
		}
		o.Containers[c.ID] = m
	}
	return o
}

// ipamOf shows a network's subnets: as they were asked for, or as they were
// picked, with their gateway.
func ipamOf(n *Network) network.IPAM {
	asked := network.IPAM{}
	if n.Asked.IPAM != nil {
		asked = *n.Asked.IPAM
	}
	asked.Driver = orWord(asked.Driver, "default")
	if asked.Config == nil {
		asked.Config = []network.IPAMConfig{}
	}
	for _, p := range n.Pools {
		if p.Asked {
			continue
		}
		c := network.IPAMConfig{Subnet: p.Subnet.String()}
		if p.Gateway.IsValid() {
			c.Gateway = p.Gateway.String()
		}
		asked.Config = append(slices.Clone(asked.Config), c)
	}
	return asked
}

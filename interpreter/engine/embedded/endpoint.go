package embedded

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/network"
	"github.com/docker/go-connections/nat"
)

// plug notes on which networks a new container is to be.
func (s *State) plug(c *Container, nets *network.NetworkingConfig) {
	c.Endpoints = map[string]*Endpoint{}
	mode := c.Host.NetworkMode
	if mode.IsContainer() {
		return
	}
	name := string(mode)
	if mode.IsDefault() {
		name = "bridge"
	}
	if n, err := s.Network(name); err == nil && mode.IsUserDefined() {
		name = n.Name
	}
	c.Mode = name
	if nets != nil {
		for asked, ep := range nets.EndpointsConfig {
			if ep == nil {
				ep = &network.EndpointSettings{}
			}
			c.Endpoints[s.endpointName(asked)] = wanted(ep)
		}
	}
	if len(c.Endpoints) == 0 || (s.Version >= 44 && c.Endpoints[name] == nil) {
		c.Endpoints[name] = &Endpoint{}
	}
	s.ownAddress(c)
}

// ownAddress gives the container's own hardware address, which is all that API
// versions before 1.44 know, to its place on the network that its mode names.
func (s *State) ownAddress(c *Container) {
	mac := c.Config.MacAddress //lint:ignore SA1019 old API versions know no other
	ep := c.Endpoints[c.Mode]
	if ep == nil || ep.AskedMac != "" || mac == "" {
		return
	}
	ep.AskedMac = mac
	if s.Version >= 44 {
		ep.MacAddress = mac
	}
}

// endpointName is the name of the network that a request means.
func (s *State) endpointName(asked string) string {
	if asked == "default" {
		return "bridge"
	}
	if n, err := s.Network(asked); err == nil {
		return n.Name
	}
	return asked
}

// wanted takes of a request's endpoint what can be asked for.
func wanted(ep *network.EndpointSettings) *Endpoint {
	e := &Endpoint{AskedMac: ep.MacAddress}
	e.IPAMConfig, e.Links, e.Aliases, e.DriverOpts, e.GwPriority = ep.IPAMConfig, ep.Links, ep.Aliases, ep.DriverOpts, ep.GwPriority
	e.MacAddress = ep.MacAddress
	return e
}

// attach connects a container that starts to its networks and publishes its ports.
func (s *State) attach(c *Container) error {
	if c.Host.NetworkMode.IsContainer() {
		return s.joined(c)
	}
	names := sorted(c.Endpoints)
	slices.SortStableFunc(names, func(a, b string) int { return strings.Compare(isBridge(a), isBridge(b)) })
	for _, name := range names {
		if err := s.connect(c, name); err != nil {
			return err
		}
	}
	if len(names) == 0 {
		c.Sandbox = s.newID("sandbox")
	}
	return s.publish(c)
}

// isBridge sorts the default bridge first, as the engine connects it first.
func isBridge(name string) string {
	if name == "bridge" {
		return "0"
	}
	return "1"
}

// joined checks the container whose network another one shares.
func (s *State) joined(c *Container) error {
	parent, err := s.Container(c.Host.NetworkMode.ConnectedContainer())
	switch {
	case err != nil:
		return err
	case parent.ID == c.ID:
		return bad("cannot join own network")
	case !parent.Run.Running && !parent.Run.Restarting:
		return conflict("cannot join network of a non running container: %s", parent.ID)
	case parent.Run.Restarting:
		return conflict("Container %s is restarting, wait until the container is running", parent.ID)
	}
	c.Config.Hostname, c.Config.Domainname = parent.Config.Hostname, parent.Config.Domainname
	return nil
}

// connect gives a container its endpoint on a network that it is to be on. A
// network that was made anew under the same name is not the same.
func (s *State) connect(c *Container, name string) error {
	ep := c.Endpoints[name]
	ref := name
	if ep.NetworkID != "" && !predefined(name) {
		ref = ep.NetworkID
	}
	n, err := s.Network(ref)
	if err != nil {
		return err
	}
	if n.Name != name {
		delete(c.Endpoints, name)
		c.Endpoints[n.Name] = ep
	}
	if err := s.validateEndpoint(n.Name, &ep.EndpointSettings); err != nil {
		return err
	}
	if !predefined(n.Name) {
		s.addAliases(c, ep)
	}
	if err := s.address4and6(n, ep); err != nil {
		return err
	}
	ep.NetworkID = n.ID
	if c.Sandbox == "" || !c.Run.Running {
		c.Sandbox = hash("sandbox", c.ID, stamp(s.Now))
	}
	s.networkEvent(n, "connect", "container", c.ID)
	return nil
}

// addAliases adds the names under which others on the network find the
// container. From API 1.45 on they are shown apart.
func (s *State) addAliases(c *Container, ep *Endpoint) {
	names := []string{c.ID[:12]}
	if c.Config.Hostname != c.ID[:12] && c.Config.Hostname != c.Name {
		names = append(names, c.Config.Hostname)
	}
	if s.Version < 44 {
		ep.Aliases = appendNew(ep.Aliases, names...)
		return
	}
	ep.DNSNames = appendNew([]string{c.Name}, append(slices.Clone(ep.Aliases), names...)...)
}

func appendNew(list []string, words ...string) []string {
	for _, w := range words {
		if !slices.Contains(list, w) {
			list = append(slices.Clip(list), w)
		}
	}
	return list
}

func (s *State) address4and6(n *Network, ep *Endpoint) error {
	ep.EndpointID = ""
	var asked network.EndpointIPAMConfig
	if ep.IPAMConfig != nil {
		asked = *ep.IPAMConfig
	}
	id := s.newID("endpoint")
	ep.MacAddress = ep.AskedMac
	var done4, done6 bool
	for _, p := range n.Pools {
		switch {
		case p.Subnet.Addr().Is4() && !done4 && (asked.IPv4Address == "" || n.inPool(p, asked.IPv4Address)):
			a, err := s.address(n, p, asked.IPv4Address)
			if err != nil {
				return err
			}
			ep.IPAddress, ep.IPPrefixLen, done4 = a.String(), p.Subnet.Bits(), true
			if s.leadsOut(n) && p.Gateway.IsValid() {
				ep.Gateway = p.Gateway.String()
			}
			ep.MacAddress = orWord(ep.MacAddress, s.mac(id, a))
		case p.Subnet.Addr().Is6() && !done6 && (asked.IPv6Address == "" || n.inPool(p, asked.IPv6Address)):
			a, err := s.address(n, p, asked.IPv6Address)
			if err != nil {
				return err
			}
			ep.GlobalIPv6Address, ep.GlobalIPv6PrefixLen, done6 = a.String(), p.Subnet.Bits(), true
			if s.leadsOut(n) && p.Gateway.IsValid() {
				ep.IPv6Gateway = p.Gateway.String()
			}
			ep.MacAddress = orWord(ep.MacAddress, s.mac(id, a))
		}
	}
	if asked.IPv4Address != "" && !done4 {
		return bad("Invalid address %s: It does not belong to any of this network's subnets", asked.IPv4Address)
	}
	ep.EndpointID = id
	return nil
}

// leadsOut reports whether a network's members are given its gateway. Engines
// before 28 gave it to those of internal networks too.
func (s *State) leadsOut(n *Network) bool { return !n.Asked.Internal || s.Version < 48 }

func (n *Network) inPool(p Pool, ip string) bool {
	one := Network{Pools: []Pool{p}}
	return one.contains(ip)
}

// detach takes a container's endpoints and ports away; what it asked for stays.
func (s *State) detach(c *Container) {
	c.Ports = nil
	for _, name := range sorted(c.Endpoints) {
		s.unplug(c, c.Endpoints[name])
	}
}

func (s *State) unplug(c *Container, ep *Endpoint) {
	if ep.EndpointID != "" {
		if n, ok := s.Networks[ep.NetworkID]; ok {
			s.networkEvent(n, "disconnect", "container", c.ID)
		}
	}
	ep.EndpointID, ep.Gateway, ep.IPAddress, ep.IPPrefixLen = "", "", "", 0
	ep.IPv6Gateway, ep.GlobalIPv6Address, ep.GlobalIPv6PrefixLen = "", "", 0
	ep.MacAddress = ""
	if s.Version >= 44 {
		ep.MacAddress = ep.AskedMac
	}
}

// Connect puts a container on a network, at once if it runs.
func (s *State) Connect(now time.Time, v Version, netRef, ref string, ep *network.EndpointSettings) error {
	s.at(now)
	c, err := s.Container(ref)
	if err != nil {
		return err
	}
	if ep == nil {
		ep = &network.EndpointSettings{}
	}
	if err := validateIPAM(ep.IPAMConfig); err != nil {
		return err
	}
	e := wanted(ep)
	if v < 54 { // connect heeds a hardware address only from there on
		e.AskedMac, e.MacAddress = "", ""
	}
	if v < 48 {
		e.GwPriority = 0
	}
	n, err := s.Network(netRef)
	if err != nil && (c.Run.Running || s.Version >= 44) {
		return err
	}
	if err != nil { // engines before 25 find out when the container is started
		c.Endpoints[netRef] = e
		return nil
	}
	if err := s.connectable(c, n); err != nil {
		return err
	}
	if s.Version < 44 && n.Name == c.Mode { // these remember the container's own
		e.AskedMac = c.Config.MacAddress //lint:ignore SA1019 they know no other
	}
	if err := s.validateEndpoint(n.Name, &e.EndpointSettings); err != nil {
		return err
	}
	has := c.Endpoints[n.Name] != nil
	if c.Run.Running {
		if has {
			return forbidden("endpoint with name %s already exists in network %s", c.Name, n.Name)
		}
		return s.connectNow(c, n, e)
	}
	if has { // the engine says nothing and does nothing
		return nil
	}
	if s.Version < 44 {
		s.addAliases(c, e)
	}
	c.Endpoints[n.Name] = e
	return nil
}

func (s *State) connectNow(c *Container, n *Network, e *Endpoint) error {
	c.Endpoints[n.Name] = e
	if err := s.connect(c, n.Name); err != nil {
		delete(c.Endpoints, n.Name)
		return err
	}
	if !s.holdsPorts(c) {
		return s.publish(c)
	}
	return nil
}

func (s *State) holdsPorts(c *Container) bool {
	for _, bindings := range c.Ports {
		if len(bindings) > 0 {
			return true
		}
	}
	return false
}

// connectable refuses what the engine refuses between network modes.
func (s *State) connectable(c *Container, n *Network) error {
	mode := c.Host.NetworkMode
	if mode.IsContainer() {
		return bad("container sharing network namespace with another container or host cannot be connected to any other network")
	}
	if mode.IsHost() {
		return bad("container sharing network namespace with another container or host cannot be connected to any other network")
	}
	if n.Name == "host" {
		return bad("container cannot be disconnected from host network or connected to host network")
	}
	if _, none := c.Endpoints["none"]; none || (n.Name == "none" && len(c.Endpoints) > 0) {
		return bad("container cannot be connected to multiple networks with one of the networks in private (none) mode")
	}
	return nil
}

// Disconnect takes a container off a network.
func (s *State) Disconnect(now time.Time, netRef, ref string, force bool) error {
	s.at(now)
	n, gone := s.Network(netRef)
	c, err := s.Container(ref)
	switch {
	case err != nil && force:
		return gone
	case err != nil:
		return err
	case gone != nil && c.Run.Running && !force:
		return gone
	}
	if gone != nil {
		return s.forget(c, netRef)
	}
	if c.Host.NetworkMode.IsHost() {
		return bad("container cannot be disconnected from host network or connected to host network")
	}
	ep, ok := c.Endpoints[n.Name]
	if !ok {
		if c.Run.Running {
			return fail(500, "container %s is not connected to network %s", c.ID, n.Name)
		}
		return notOn(c, n.Name)
	}
	s.unplug(c, ep)
	delete(c.Endpoints, n.Name)
	s.networkEvent(n, "disconnect", "container", c.ID) // once more, as the engine does
	if c.Run.Running && !s.published(c) {
		for p := range c.Ports {
			c.Ports[p] = nil // what it exposes is still told
		}
	}
	return nil
}

// forget takes a container off a network that is gone, which the engine knows by
// its name alone.
func (s *State) forget(c *Container, name string) error {
	if _, ok := c.Endpoints[name]; !ok {
		return notOn(c, name)
	}
	delete(c.Endpoints, name)
	return nil
}

func notOn(c *Container, name string) error {
	return fail(500, "container %s is not connected to the network %s", c.ID, name)
}

// published reports whether one of a container's networks reaches the host's ports.
func (s *State) published(c *Container) bool {
	for name, ep := range c.Endpoints {
		n, ok := s.Networks[ep.NetworkID]
		if ok && name != "host" && n.Driver == "bridge" && !n.Asked.Internal {
			return true
		}
	}
	return false
}

// publish binds a starting container's ports on the host.
func (s *State) publish(c *Container) error {
	if !s.published(c) {
		c.Ports = nil
		return nil
	}
	want := nat.PortMap{}
	for p := range c.Config.ExposedPorts {
		want[p] = nil
		if c.Host.PublishAllPorts {
			want[p] = []nat.PortBinding{{}}
		}
	}
	for p, bindings := range c.Host.PortBindings {
		if _, exposed := want[p]; exposed { // others are ignored; the docker command exposes what it publishes
			want[p] = bindings
		}
	}
	list, err := s.publications(want)
	if err != nil {
		return err
	}
	c.Ports = nat.PortMap{}
	for p := range want {
		c.Ports[p] = nil
	}
	for _, b := range list {
		if err := s.bind(c, b); err != nil {
			c.Ports = nil
			return err
		}
	}
	return nil
}

// publication is a port on the host that is asked for, or a choice of some.
type publication struct {
	port     nat.Port
	ips      []string // "" is all
	from, to int      // 0: the engine picks
}

// publications puts what a container publishes in the order in which the engine
// binds and shows it: not the one in which it was asked for.
func (s *State) publications(want nat.PortMap) ([]publication, error) {
	var ports []nat.Port
	for _, p := range byNumber(want) {
		if len(want[p]) > 0 {
			ports = append(ports, p)
		}
	}
	want = maps.Clone(want)
	nat.SortPortMap(ports, want)
	var list []publication
	for _, p := range ports {
		for _, b := range want[p] {
			from, to, err := nat.ParsePortRangeToInt(orWord(b.HostPort, "0"))
			if err != nil {
				return nil, bad("invalid port specification: %q", b.HostPort)
			}
			list = append(list, publication{p, []string{b.HostIP}, from, to})
		}
	}
	if s.Version >= 46 {
		return together(list), nil
	}
	return list, nil
}

// together sorts as engines from 27.0 on do: single ports come first, and what
// differs in its address alone gets one port.
func together(list []publication) []publication {
	slices.SortStableFunc(list, publication.compare)
	var out []publication
	for _, b := range list {
		if n := len(out) - 1; n >= 0 && out[n].port == b.port && out[n].from == b.from && out[n].to == b.to {
			out[n].ips = append(out[n].ips, b.ips...)
			continue
		}
		out = append(out, b)
	}
	return out
}

func (b publication) compare(o publication) int {
	choice := func(b publication) int {
		if b.from == 0 || b.from != b.to {
			return 1
		}
		return 0
	}
	proto := func(b publication) int { return slices.Index([]string{"tcp", "udp", "sctp"}, b.port.Proto()) }
	address := func(b publication) netip.Addr {
		a, _ := netip.ParseAddr(b.ips[0]) // "" comes first
		return a.Unmap()
	}
	return cmp.Or(choice(b)-choice(o), b.port.Int()-o.port.Int(), proto(b)-proto(o), b.from-o.from, b.to-o.to, address(b).Compare(address(o)))
}

func byNumber(m nat.PortMap) []nat.Port {
	ports := make([]nat.Port, 0, len(m))
	for p := range m {
		ports = append(ports, p)
	}
	slices.SortFunc(ports, func(a, b nat.Port) int {
		if d := a.Int() - b.Int(); d != 0 {
			return d
		}
		return strings.Compare(a.Proto(), b.Proto())
	})
	return ports
}

// bind binds one port on the host: the one that was asked for, the first free
// of a range, or one of the engine's own choice.
func (s *State) bind(c *Container, b publication) error {
	p, from, to := b.port, b.from, b.to
	var ips []string
	for _, ip := range b.ips {
		if ip == "" {
			ips = append(ips, "0.0.0.0", "::")
		} else {
			ips = append(ips, ip)
		}
	}
	if from == 0 {
		from = s.ephemeral(ips, p.Proto())
		to = from
	}
	if port, ok := s.fromRange(ips, p.Proto(), from, to); ok {
		for _, ip := range ips {
			c.Ports[p] = append(c.Ports[p], nat.PortBinding{HostIP: ip, HostPort: strconv.Itoa(port)})
		}
		return nil
	}
	return s.portTaken(c, p.Proto(), ips[0], from, to)
}

func (s *State) portTaken(c *Container, proto, ip string, from, to int) error {
	endpoint := ""
	for _, name := range sorted(c.Endpoints) {
		endpoint = orWord(endpoint, c.Endpoints[name].EndpointID)
	}
	why := "Bind for " + ip + ":" + strconv.Itoa(from) + " failed: port is already allocated"
	switch {
	case from != to:
		why = "all ports are allocated"
	case s.Version < 48 && !s.holdsExactly(ip, from, proto): // found out by the proxy alone
		why = "Error starting userland proxy: listen " + proto + "4 " + ip + ":" + strconv.Itoa(from) + ": bind: address already in use"
	}
	lead := ""
	if s.Version >= 48 {
		lead = "failed to set up container networking: "
	}
	return fail(500, "%sdriver failed programming external connectivity on endpoint %s (%s): %s", lead, c.Name, endpoint, why)
}

// fromRange picks the next free port of a range after the last one that was
// picked of it.
func (s *State) fromRange(ips []string, proto string, from, to int) (int, bool) {
	name := proto + strconv.Itoa(from) + "-" + strconv.Itoa(to)
	last, known := s.Ranges[name]
	if !known {
		last = to
	}
	for i := range to - from + 1 {
		port := from + (last+1-from+i)%(to-from+1)
		if s.portFree(ips, port, proto) {
			if from != to {
				s.Ranges[name] = port
			}
			return port, true
		}
	}
	return 0, false
}

const firstEphemeral, lastEphemeral = 32768, 60999

// ephemeral picks the next free host port after the last one picked.
func (s *State) ephemeral(ips []string, proto string) int {
	for range lastEphemeral - firstEphemeral + 1 {
		s.Ephemeral++
		if s.Ephemeral < firstEphemeral || s.Ephemeral > lastEphemeral {
			s.Ephemeral = firstEphemeral
		}
		if s.portFree(ips, s.Ephemeral, proto) {
			break
		}
	}
	return s.Ephemeral
}

// portFree reports whether no running container holds a port on these addresses.
func (s *State) portFree(ips []string, port int, proto string) bool {
	text := strconv.Itoa(port)
	for _, c := range s.Containers {
		for p, bindings := range c.Ports {
			for _, b := range bindings {
				if p.Proto() == proto && b.HostPort == text && slices.ContainsFunc(ips, func(ip string) bool { return sameIP(ip, b.HostIP) }) {
					return false
				}
			}
		}
	}
	return true
}

// holdsExactly reports whether a running container holds a port on this very
// address, not only on one that includes it.
func (s *State) holdsExactly(ip string, port int, proto string) bool {
	for _, c := range s.Containers {
		for p, bindings := range c.Ports {
			if p.Proto() == proto && slices.Contains(bindings, nat.PortBinding{HostIP: ip, HostPort: strconv.Itoa(port)}) {
				return true
			}
		}
	}
	return false
}

func sameIP(a, b string) bool {
	if strings.Contains(a, ":") != strings.Contains(b, ":") {
		return false
	}
	return a == b || a == "0.0.0.0" || b == "0.0.0.0" || a == "::" || b == "::"
}

package container

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"bayplan/interpreter/engine"
	"bayplan/lang/schema"

	"github.com/docker/docker/api/types/network"
)

// Net is a container's endpoint on a network.
type Net struct {
	Network    schema.Ref
	Aliases    []string
	IPv4       string
	IPv6       string
	LinkLocal  []string
	MAC        string // compared only if program or record say one
	Interface  string // name of the interface within; "" is the engine's choice
	Sysctls    map[string]string
	Links      []Link
	DriverOpts map[string]string // but for those that say the two above
	GwPriority int64
}

// Bind says which attributes an endpoint has.
func (n *Net) Bind(f *schema.Set) {
	f.Ref(&n.Network, "network", "network", schema.Reconnect, "The network.").From("NetworkingConfig.EndpointsConfig").Required()
	f.StringSet(&n.Aliases, "aliases", schema.Reconnect, "Names to answer to, beside the container's own.", nil).From("Aliases")
	f.Parsed(&n.IPv4, "ipv4_address", "address", "an IPv4 address", schema.Reconnect, "Fixed address; the network needs a subnet of its own for it.", parseIPv4).From("IPAMConfig.IPv4Address")
	f.Parsed(&n.IPv6, "ipv6_address", "address", "an IPv6 address", schema.Reconnect, "Fixed IPv6 address.", parseIPv6).From("IPAMConfig.IPv6Address")
	f.StringSet(&n.LinkLocal, "link_local_ips", schema.Reconnect, "Link-local addresses.", parseIP).From("IPAMConfig.LinkLocalIPs")
	f.Parsed(&n.MAC, "mac_address", "MAC address", "a MAC address", schema.Reconnect, "MAC address; the engine sets it only when it makes the container.", parseMAC).From("MacAddress")
	f.Parsed(&n.Interface, "interface_name", "name", "a name of an interface", schema.Reconnect, "Name of the network interface within, such as eth5.", parseInterface).From("DriverOpts").Min("1.49")
	f.PlainMap(&n.Sysctls, "sysctls", schema.Reconnect, "Kernel settings of the interface, such as net.ipv4.conf.IFNAME.forwarding; IFNAME is its name.").From("DriverOpts").Min("1.46")
	schema.Objects(f, &n.Links, "links", schema.Reconnect, `Names of this container's own for others on the network: "db:database", or { container, alias }.`, Link.key, schema.Short[Link]{As: "container", Text: parseLink}).From("Links")
	f.PlainMap(&n.DriverOpts, "driver_opts", schema.Reconnect, "Options for the network's driver.").From("DriverOpts")
	f.Int(&n.GwPriority, "gw_priority", schema.Range{Min: math.MinInt32, Max: math.MaxInt32}, schema.Reconnect, "The network with the highest one gives the default gateway.").From("GwPriority").Min("1.48")
	f.Elsewhere("name", "`name` is `network` here")
	f.Elsewhere("ip", "`ip` is `ipv4_address` here")
	f.Elsewhere("priority", "the first of `networks` is the one that the engine knows the container by; `gw_priority` chooses the gateway")
}

func (n Net) key() string { return n.Network.Name }

// The options of an endpoint that have an attribute of their own.
const (
	optInterface = "com.docker.network.endpoint.ifname"
	optSysctls   = "com.docker.network.endpoint.sysctls"
)

// Link lets a container know another one by a name of its own.
type Link struct {
	Container schema.Ref
	Alias     string // "" is the other's name
}

// Bind says which attributes a link has.
func (l *Link) Bind(f *schema.Set) {
	f.Ref(&l.Container, "container", "container", schema.Replace, "The other container.").Required()
	f.Parsed(&l.Alias, "alias", "name", "a name", schema.Replace, "What it is called here; as on the engine by default.", parseHost)
}

func (l Link) key() string { return l.text() }

// text is the engine's form of a link.
func (l Link) text() string { return l.Container.Name + ":" + cmp.Or(l.Alias, l.Container.Name) }

func parseLink(text string) ([]Link, error) {
	name, alias, _ := strings.Cut(text, ":")
	if name == "" || strings.Contains(alias, ":") {
		return nil, fmt.Errorf("got %q, want \"NAME:ALIAS\"", text)
	}
	return []Link{{Container: schema.Ref{Name: name}, Alias: alias}}, nil
}

func parseHost(text string) (string, error) {
	if text == "" || strings.ContainsAny(text, ": /") {
		return "", fmt.Errorf("got %q, want a name such as \"db\"", text)
	}
	return text, nil
}

func parseInterface(text string) (string, error) {
	if text == "" || len(text) > 15 || strings.ContainsAny(text, ":/ \t") {
		return "", fmt.Errorf("got %q, want a name of at most 15 characters, without space, : and /", text)
	}
	return text, nil
}

// finish completes an endpoint, and reports what is no setting of one.
func (n *Net) finish(f *schema.Finishing) {
	finishLinks(n.Links)
	for opt, attr := range map[string]string{optInterface: "interface_name", optSysctls: "sysctls"} {
		if n.DriverOpts[opt] != "" {
			f.Errorf("networks", "%s: %s is an attribute of its own", n.Network.Name, opt).Hintf("write `%s` instead of the option", attr)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(n.Sysctls)) {
		part := strings.SplitN(k, ".", 5)
		known := len(part) == 5 && part[0] == "net" && slices.Contains([]string{"ipv4", "ipv6", "mpls"}, part[1]) && part[3] == "IFNAME"
		if !known || strings.ContainsAny(k+n.Sysctls[k], ",=") {
			f.Errorf("networks", "%s: %q is no setting of an interface", n.Network.Name, k).
				Hintf(`write one such as "net.ipv4.conf.IFNAME.forwarding" = "1", with IFNAME as it stands here`)
		}
	}
}

// finishLinks completes links.
func finishLinks(links []Link) {
	for i, l := range links {
		links[i].Alias = cmp.Or(l.Alias, l.Container.Name)
	}
}

func linkTexts(links []Link) []string {
	var out []string
	for _, l := range links {
		out = append(out, l.text())
	}
	slices.Sort(out)
	return out
}

// linksOf reads links of an endpoint, or those that the engine shows of a
// container on its own bridge: "/other:/this/alias".
func linksOf(texts []string) []Link {
	var out []Link
	for _, text := range texts {
		name, alias, _ := strings.Cut(text, ":")
		alias = alias[strings.LastIndex(alias, "/")+1:]
		name = strings.TrimPrefix(name, "/")
		out = append(out, Link{Container: schema.Ref{Name: name}, Alias: cmp.Or(alias, name)})
	}
	return out
}

// engineID is how long an engine's ID of a network is. A swarm's is shorter.
const engineID = 64

// fill takes from an endpoint what program and record can say. On a network of a
// swarm the engine shows the addresses that the swarm gave as if they had been asked
// for.
func (n *Net) fill(o *object, ep *network.EndpointSettings, s said) {
	if ep == nil {
		return
	}
	for _, a := range ep.Aliases {
		// Before API 1.45 the engine puts the short ID and the hostname among them.
		byEngine := a == short(o.ID) || a == o.Config.Hostname
		if !byEngine || slices.Contains(s.aliases, a) {
			n.Aliases = append(n.Aliases, a)
		}
	}
	if c := ep.IPAMConfig; c != nil {
		n.IPv4, n.IPv6, n.LinkLocal = c.IPv4Address, c.IPv6Address, list(c.LinkLocalIPs)
		if s.swarm && len(ep.NetworkID) < engineID {
			n.IPv4, n.IPv6 = s.ipv4.of(n.IPv4), s.ipv6.of(n.IPv6)
		}
	}
	if s.anyMAC {
		// A stopped container has none; what it was made with it will have again.
		n.MAC = cmp.Or(ep.MacAddress, s.mac)
	}
	n.Links = linksOf(ep.Links)
	for k, v := range ep.DriverOpts {
		switch k {
		case optInterface:
			n.Interface = v
		case optSysctls:
			n.Sysctls = pairs(v)
		default:
			if n.DriverOpts == nil {
				n.DriverOpts = map[string]string{}
			}
			n.DriverOpts[k] = v
		}
	}
	n.GwPriority = int64(ep.GwPriority)
}

// pairs reads "a=1,b=2".
func pairs(text string) map[string]string {
	out := map[string]string{}
	for _, p := range strings.Split(text, ",") {
		k, v, _ := strings.Cut(p, "=")
		out[k] = v
	}
	return out
}

// endpoint writes an endpoint. The MAC address is left out where the engine
// would not take it.
func (n Net) endpoint(withoutMAC bool) *network.EndpointSettings {
	ep := &network.EndpointSettings{
		Aliases: slices.Sorted(slices.Values(n.Aliases)), Links: linkTexts(n.Links), DriverOpts: n.options(), GwPriority: int(n.GwPriority), MacAddress: n.MAC,
	}
	if withoutMAC {
		ep.MacAddress = ""
	}
	if n.IPv4 != "" || n.IPv6 != "" || n.LinkLocal != nil {
		ep.IPAMConfig = &network.EndpointIPAMConfig{IPv4Address: n.IPv4, IPv6Address: n.IPv6, LinkLocalIPs: n.LinkLocal}
	}
	return ep
}

func (n Net) options() map[string]string {
	out := maps.Clone(n.DriverOpts)
	set := func(k, v string) {
		if out == nil {
			out = map[string]string{}
		}
		out[k] = v
	}
	if n.Interface != "" {
		set(optInterface, n.Interface)
	}
	var all []string
	for _, k := range slices.Sorted(maps.Keys(n.Sysctls)) {
		all = append(all, k+"="+n.Sysctls[k])
	}
	if all != nil {
		set(optSysctls, strings.Join(all, ","))
	}
	return out
}

// connect returns the op that gives a container an endpoint.
func connect(n Net, id func(*engine.Blanks) string, withoutMAC bool) engine.Op {
	op := engine.Op{}
	op.Call = &engine.NetworkConnect{Network: n.Network.Name, Container: id(&op.Blanks), Endpoint: n.endpoint(withoutMAC)}
	return op
}

// Package network is the room of the kind network: what containers find each
// other on, by name.
//
// The engine has no call that changes a network, so that every change makes it
// anew: our containers are taken off, the old network goes, the new one comes,
// and the containers' own steps connect them again. A container on it that has
// no such step, since it is somebody else's or kept, makes the plan an error,
// unless somebody says that it may be taken along; then a note on the engine
// remembers it until it is back. A subnet that the engine picked is not compared,
// since nobody asked for it.
package network

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
)

// Spec is what a program can say about a network.
type Spec struct {
	Name       string              // engine: Name
	Driver     string              // "" is bridge; engine: Driver
	Internal   bool                // no way out; engine: Internal
	Attachable bool                // containers outside of swarm may join; engine: Attachable
	IPv4       *bool               // nil is true; engine: EnableIPv4
	IPv6       bool                // engine: EnableIPv6
	Scope      string              // "" is local; engine: Scope
	Ingress    bool                // engine: Ingress
	ConfigOnly bool                // engine: ConfigOnly
	IPAM       *IPAM               // nil lets the engine pick; engine: IPAM
	Options    map[string]ir.Value // of the driver, may be sensitive; engine: Options
	Labels     map[string]string   // the user's; engine: Labels
}

// IPAM says how addresses are given out.
type IPAM struct {
	Driver  string              // "" is default; engine: IPAM.Driver
	Options map[string]ir.Value // engine: IPAM.Options
	Config  []Pool              // by subnet; engine: IPAM.Config
}

// Pool is a range of addresses. All are canonical: no host bits, no leading
// zeros, IPv6 in its short form.
type Pool struct {
	Subnet  string            // engine: Subnet
	IPRange string            // within Subnet, what is given out; "" is all of it; engine: IPRange
	Gateway string            // "" lets the engine pick; engine: Gateway
	Aux     map[string]string // addresses that are taken, by a name for each; engine: AuxiliaryAddresses
}

// Bind says which attributes a network has.
func (s *Spec) Bind(f *schema.Set) {
	f.Name(&s.Name, schema.Replace, "Name on the engine. By default it follows from stack and label.").From("Name")
	f.String(&s.Driver, "driver", schema.Replace, "Network driver; bridge by default.").From("Driver")
	f.Bool(&s.Internal, "internal", schema.Replace, "Containers on it reach each other, and nothing outside.").From("Internal")
	f.Bool(&s.Attachable, "attachable", schema.Replace, "On a swarm network: containers that are no service may join.").From("Attachable")
	f.OptBool(&s.IPv4, "ipv4", schema.Replace, "Containers get IPv4 addresses; true by default.").From("EnableIPv4").Min("1.48")
	f.Bool(&s.IPv6, "ipv6", schema.Replace, "Containers get IPv6 addresses too.").From("EnableIPv6")
	f.Enum(&s.Scope, "scope", schema.Replace, "local (default), or swarm and global on an engine that manages a swarm.", "local", "swarm", "global").From("Scope")
	f.Bool(&s.Ingress, "ingress", schema.Replace, "It is the swarm's routing mesh.").From("Ingress")
	f.Bool(&s.ConfigOnly, "config_only", schema.Replace, "It only holds settings for networks that are made from it.").From("ConfigOnly")
	schema.Object(f, &s.IPAM, "ipam", schema.Replace, "How addresses are given out; a text is the subnet. By default the engine picks a subnet.",
		schema.Short[IPAM]{Text: subnetOnly}).From("IPAM")
	f.TextMap(&s.Options, "options", schema.Replace, "Options of the driver, such as com.docker.network.driver.mtu.").From("Options").OpenKeys()
	f.PlainMap(&s.Labels, "labels", schema.Replace, "Labels of the network.").From("Labels").OpenKeys()
	for name, hint := range elsewhere {
		f.Elsewhere(name, hint)
	}
}

// elsewhere is what other tools call things.
var elsewhere = map[string]string{
	"driver_opts":     "`driver_opts` is `options` here",
	"enable_ipv6":     "`enable_ipv6` is `ipv6` here",
	"ipam_config":     "`ipam_config` is `ipam` here: ipam = { config = [{ subnet = \"10.20.0.0/24\" }] }, or ipam = \"10.20.0.0/24\"",
	"ipam_driver":     "`ipam_driver` is `ipam` here: ipam = { driver = \"NAME\" }",
	"ipam_options":    "`ipam_options` is `ipam` here: ipam = { options = {…} }",
	"subnet":          "write ipam = \"10.20.0.0/24\"",
	"gateway":         "write ipam = { config = [{ subnet = \"10.20.0.0/24\", gateway = \"10.20.0.1\" }] }",
	"ip_range":        "write ipam = { config = [{ subnet = \"10.20.0.0/24\", ip_range = \"10.20.0.128/25\" }] }",
	"external":        "a network that exists already is used by its name: networks = [\"NAME\"]",
	"check_duplicate": "leave it out: bay never makes a second network of one name",
	"network_mode":    "`network_mode` stands on a container",
	"aliases":         "`aliases` stand where a container joins: networks = [{ network = network.back, aliases = [\"db\"] }]",
	"enable_ipv4":     "`enable_ipv4` is `ipv4` here",
	"config_from":     "the engine takes no labels beside it, by which the network would be known: write its settings here, from a value that several networks share",
}

// Bind says which attributes ipam has.
func (i *IPAM) Bind(f *schema.Set) {
	f.String(&i.Driver, "driver", schema.Replace, "IPAM driver; default by default.").From("IPAM.Driver")
	f.TextMap(&i.Options, "options", schema.Replace, "Options of the IPAM driver.").From("IPAM.Options").OpenKeys()
	schema.Objects(f, &i.Config, "config", schema.Replace, "Subnets; a text is a subnet.",
		func(p Pool) string { return p.Subnet }, schema.Short[Pool]{Text: poolOnly}).From("IPAM.Config")
	f.Elsewhere("subnet", "write config = [{ subnet = \"10.20.0.0/24\" }]")
}

// Bind says which attributes an element of ipam.config has.
func (p *Pool) Bind(f *schema.Set) {
	f.Parsed(&p.Subnet, "subnet", "subnet", `a subnet such as "10.20.0.0/24"`, schema.Replace, "The subnet, as CIDR.", prefix).From("Subnet").Required()
	f.Parsed(&p.IPRange, "ip_range", "subnet", `a part of the subnet such as "10.20.0.128/25"`, schema.Replace, "The part of the subnet that is given out.", prefix).From("IPRange")
	f.Parsed(&p.Gateway, "gateway", "address", `an address such as "10.20.0.1"`, schema.Replace, "The gateway's address.", address).From("Gateway")
	f.PlainMap(&p.Aux, "aux_addresses", schema.Replace, "Addresses that the driver shall not give out, by a name for each.").From("AuxiliaryAddresses")
	f.Elsewhere("aux_address", "`aux_address` is `aux_addresses` here")
}

func subnetOnly(s string) ([]IPAM, error) {
	pools, err := poolOnly(s)
	return []IPAM{{Config: pools}}, err
}

func poolOnly(s string) ([]Pool, error) {
	p, err := prefix(s)
	return []Pool{{Subnet: p}}, err
}

// prefix returns the canonical form of a subnet: engines before 25 take one
// with host bits and drop them, later ones refuse it.
func prefix(s string) (string, error) {
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return "", fmt.Errorf("got %q, want a subnet such as \"10.20.0.0/24\"", s)
	}
	return p.Masked().String(), nil
}

func address(s string) (string, error) {
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return "", fmt.Errorf("got %q, want an address such as \"10.20.0.1\"", s)
	}
	return a.String(), nil
}

// reserved are names that mean something else wherever a network is named.
var reserved = []string{"bridge", "host", "none", "default"}

// Finish checks what no attribute alone can tell.
func (s *Spec) Finish(f *schema.Finishing) {
	if slices.Contains(reserved, s.Name) {
		f.Errorf("name", "%q is the engine's own: it cannot name a network", s.Name).
			Hintf("leave `name` out, or choose another; a container joins %s by network_mode = %q", s.Name, s.Name)
	}
	if s.ConfigOnly && (s.Driver != "" || s.Internal || s.Attachable || s.Ingress || s.Scope != "") {
		f.Errorf("config_only", "it holds the settings of a network, and not what sort of network it is").
			Hintf("leave out driver, internal, attachable, ingress and scope")
	}
	s.checkDriver(f)
	s.checkIPv4(f)
	if s.IPAM == nil {
		return
	}
	for i := range s.IPAM.Config {
		s.IPAM.Config[i].check(f)
		if !s.IPv6 && is6(s.IPAM.Config[i].Subnet) {
			f.Errorf("ipam", "%s is an IPv6 subnet, and the engine ignores it without IPv6", s.IPAM.Config[i].Subnet).
				Hintf("add ipv6 = true")
		}
		for _, other := range s.IPAM.Config[:i] {
			if overlaps(s.IPAM.Config[i].Subnet, other.Subnet) {
				f.Errorf("ipam", "the subnets %s and %s overlap", other.Subnet, s.IPAM.Config[i].Subnet)
			}
		}
	}
}

// checkDriver reports the drivers of which no engine makes a second network.
func (s *Spec) checkDriver(f *schema.Finishing) {
	if s.Driver == "host" || s.Driver == "null" {
		f.Errorf("driver", "every engine has its one network with the driver %s, and makes no other", s.Driver).
			Hintf("a container says network_mode = \"host\" or \"none\"")
	}
}

// checkIPv4 reports where there is no network without IPv4.
func (s *Spec) checkIPv4(f *schema.Finishing) {
	switch {
	case s.IPv4 == nil || *s.IPv4:
	case s.Driver == "overlay" || s.Scope == "swarm":
		f.Errorf("ipv4", "every network of a swarm has IPv4").Hintf("take it away")
	case s.bridge() && !s.IPv6:
		f.Errorf("ipv4", "the engine makes no bridge that has neither IPv4 nor IPv6").Hintf("add ipv6 = true")
	case s.IPAM != nil && hasFamily(s.IPAM.Config, false):
		f.Errorf("ipam", "there is an IPv4 subnet, and the engine ignores it without IPv4").Hintf("take it away, or ipv4 = false")
	}
}

// check reports what lies outside of the subnet: engines from 25 on refuse it
// when the network is made, earlier ones when a container joins.
func (p *Pool) check(f *schema.Finishing) {
	subnet, err := netip.ParsePrefix(p.Subnet)
	if err != nil {
		return // reported where it was decoded
	}
	if r, err := netip.ParsePrefix(p.IPRange); err == nil && (!subnet.Contains(r.Addr()) || r.Bits() < subnet.Bits()) {
		f.Errorf("ipam", "ip_range %s is not within the subnet %s", p.IPRange, p.Subnet)
	}
	if g, err := netip.ParseAddr(p.Gateway); err == nil && !subnet.Contains(g) {
		f.Errorf("ipam", "gateway %s is not within the subnet %s", p.Gateway, p.Subnet)
	}
	for _, name := range slices.Sorted(maps.Keys(p.Aux)) {
		a, err := address(p.Aux[name])
		if err != nil {
			f.Errorf("ipam", "aux_addresses %s: %v", name, err)
			continue
		}
		p.Aux[name] = a
		if !subnet.Contains(netip.MustParseAddr(a)) {
			f.Errorf("ipam", "aux_addresses %s: %s is not within the subnet %s", name, a, p.Subnet)
		}
	}
}

func is6(subnet string) bool {
	p, err := netip.ParsePrefix(subnet)
	return err == nil && p.Addr().Is6()
}

func overlaps(a, b string) bool {
	x, errx := netip.ParsePrefix(a)
	y, erry := netip.ParsePrefix(b)
	return errx == nil && erry == nil && x.Overlaps(y)
}

// show adds what only the engine knows.
func show(_ *Spec, self ir.Addr, shown map[string]ir.Value) {
	shown["id"] = ir.EngineVal(self, "id")
}

// source tells where that is read.
func source(_ *Spec, name, attr string) *engine.Source {
	if attr != "id" {
		return nil
	}
	return &engine.Source{Read: engine.Read{Call: "NetworkInspect", Arg: name}, Path: []string{"Id"}}
}

// Kind is the kind network.
var Kind = kind.Define(kind.Def[Spec]{
	Name:    "network",
	Doc:     "What containers find each other on, by name.",
	New:     func() schema.Binder { return new(Spec) },
	Show:    show,
	Read:    read,
	Expect:  expect,
	Adjust:  adjust,
	Create:  create,
	Update:  update,
	Replace: replace,
	Remove:  remove,
	Outcome: outcome,
	Check:   checkAlone,
	Source:  source,
})

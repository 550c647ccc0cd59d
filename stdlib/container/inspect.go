package container

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/lang/ir"
	"bayplan/lang/schema"

	api "github.com/docker/docker/api/types/container"
	imageapi "github.com/docker/docker/api/types/image"
	"github.com/docker/go-connections/nat"
)

// imageConfig takes from an image what its containers inherit.
func imageConfig(img imageapi.InspectResponse) *kind.ImageConfig {
	c := img.Config
	out := &kind.ImageConfig{
		Env: c.Env, Cmd: c.Cmd, Entrypoint: c.Entrypoint, User: c.User, WorkingDir: c.WorkingDir, StopSignal: c.StopSignal, Labels: c.Labels,
		Ports: slices.Sorted(maps.Keys(c.ExposedPorts)), Volumes: slices.Sorted(maps.Keys(c.Volumes)),
	}
	if h := c.Healthcheck; h != nil {
		out.Healthcheck = &kind.Healthcheck{
			Test: h.Test, Interval: int64(h.Interval), Timeout: int64(h.Timeout),
			StartPeriod: int64(h.StartPeriod), StartInterval: int64(h.StartInterval), Retries: h.Retries,
		}
	}
	return out
}

// spec takes from what the engine says the attributes of a container, in the
// form that programs have. want may be nil.
func (r *reading) spec(o *object, id engine.Identity, rec schema.Record, want *Spec) *Spec {
	c, h := o.Config, o.HostConfig
	s := &Spec{
		Name: r.names[o.ID], Image: schema.Ref{Name: c.Image}, Command: texts(c.Cmd), Entrypoint: texts(c.Entrypoint), Env: envOf(c.Env),
		User: c.User, WorkingDir: c.WorkingDir, Domainname: c.Domainname, Labels: engine.UserLabels(c.Labels), Ports: portsIn(h.PortBindings),
		Restart: policy(string(h.RestartPolicy.Name), h.RestartPolicy.MaximumRetryCount), StopTimeout: seconds(c.StopTimeout),
		Healthcheck: healthOf(c.Healthcheck), Limits: limitsOf(h), Modes: r.modesOf(o, rec),
		ReadOnly: h.ReadonlyRootfs, Init: h.Init, Privileged: h.Privileged, CapAdd: caps(h.CapAdd), CapDrop: caps(h.CapDrop),
		ExtraHosts: hostsOf(h.ExtraHosts), DNS: list(h.DNS), Sysctls: h.Sysctls,
		Logging: &Logging{Driver: h.LogConfig.Type, Options: textMap(h.LogConfig.Config)},
		Mounts:  mountsOf(o, rec, want),
	}
	for i, m := range s.Mounts {
		// To an API from before the word, newer engines say it of read-only binds by
		// themselves, and no program can.
		if m.Recursive == "writable" && !r.Info.Has("1.44") {
			s.Mounts[i].Recursive = ""
		}
	}
	if c.Hostname != short(o.ID) {
		s.Hostname = c.Hostname // else nobody chose it
	}
	if c.WorkingDir != "" {
		s.WorkingDir, _ = parsePath(c.WorkingDir) // the engine takes only absolute ones
	}
	if sig, err := parseSignal(c.StopSignal); err == nil {
		s.StopSignal = sig
	}
	r.networking(s, o, id, rec, want)
	return s
}

// short is an ID as the engine shortens it.
func short(id string) string { return id[:min(12, len(id))] }

// texts is never nil: an empty list is what lives.
func texts(words []string) []ir.Value {
	out := []ir.Value{}
	for _, w := range words {
		out = append(out, ir.StringVal(w))
	}
	return out
}

func textMap(m map[string]string) map[string]ir.Value {
	out := map[string]ir.Value{}
	for k, v := range m {
		out[k] = ir.StringVal(v)
	}
	return out
}

func list(words []string) []string {
	if len(words) == 0 {
		return nil
	}
	return words
}

// caps normalizes: older engines keep capabilities as they were sent.
func caps(names []string) []string {
	var out []string
	for _, n := range names {
		if c, err := parseCap(n); err == nil {
			out = append(out, c)
		}
	}
	return out
}

func envOf(list []string) map[string]ir.Value {
	env := map[string]ir.Value{}
	for _, e := range list {
		if k, v, ok := strings.Cut(e, "="); ok {
			env[k] = ir.StringVal(v)
		}
	}
	return env
}

// hostsOf gathers "name:address" by name. Addresses may hold colons.
func hostsOf(list []string) map[string]ir.Value {
	if len(list) == 0 {
		return nil
	}
	all := map[string][]string{}
	for _, h := range list {
		i := strings.IndexAny(h, ":=")
		if i < 0 {
			continue
		}
		all[h[:i]] = append(all[h[:i]], h[i+1:])
	}
	hosts := map[string]ir.Value{}
	for name, addrs := range all {
		hosts[name] = ir.StringVal(strings.Join(addrs, ","))
	}
	return hosts
}

func seconds(n *int) *time.Duration {
	if n == nil {
		return nil
	}
	d := time.Duration(*n) * time.Second
	return &d
}

func healthOf(h *api.HealthConfig) *Healthcheck {
	switch {
	case h == nil:
		return nil
	case len(h.Test) == 1 && h.Test[0] == "NONE":
		return &Healthcheck{Disable: true}
	}
	out := &Healthcheck{
		Interval: h.Interval, Timeout: h.Timeout, StartPeriod: h.StartPeriod, StartInterval: h.StartInterval, Retries: int64(h.Retries),
	}
	if len(h.Test) > 0 {
		out.Test = texts(h.Test)
	}
	return out
}

// portsIn reads the bindings that were asked for, which a stopped container
// has too.
func portsIn(bindings nat.PortMap) []Port {
	var ports []Port
	for _, key := range slices.Sorted(maps.Keys(bindings)) {
		list := bindings[key]
		if len(list) == 0 {
			list = []nat.PortBinding{{}} // "publish it somewhere"
		}
		for _, b := range list {
			p := Port{Container: int64(key.Int()), Protocol: key.Proto(), HostIP: b.HostIP}
			if ip, err := parseIP(b.HostIP); err == nil {
				p.HostIP = ip
			}
			_ = p.setHost(b.HostPort) // the engine takes nothing else
			ports = append(ports, p)
		}
	}
	slices.SortFunc(ports, func(a, b Port) int {
		return cmp.Or(cmp.Compare(a.Container, b.Container), strings.Compare(a.full(), b.full()))
	})
	return ports
}

// networking reads mode and endpoints.
func (r *reading) networking(s *Spec, o *object, id engine.Identity, rec schema.Record, want *Spec) {
	mode := o.HostConfig.NetworkMode
	switch {
	case mode.IsHost():
		s.Mode = "host"
		return
	case mode.IsNone():
		s.Mode = "none" // somebody may have taken it off that, and put it on others
	case mode.IsContainer():
		target := mode.ConnectedContainer()
		s.Joins = schema.Ref{Name: cmp.Or(r.names[target], target)}
		return
	case mode.IsDefault() || mode.IsBridge():
		s.Mode = "bridge"
	}
	for _, name := range slices.Sorted(maps.Keys(o.NetworkSettings.Networks)) {
		if s.Mode == "bridge" && (name == "bridge" || name == "default") || s.Mode == "none" && name == "none" {
			continue
		}
		n := Net{Network: schema.Ref{Name: name}}
		n.fill(o, o.NetworkSettings.Networks[name], r.said(id, rec, want, name))
		s.Networks = append(s.Networks, n)
	}
	// The one that the engine knows the container by comes first.
	slices.SortStableFunc(s.Networks, func(a, b Net) int {
		first := func(n Net) int {
			if n.Network.Name == string(mode) {
				return 0
			}
			return 1
		}
		return cmp.Compare(first(a), first(b))
	})
}

// said is what program and record say about an endpoint.
type said struct {
	aliases []string // also the name that every container answers to
	mac     string   // of the record; "" if neither says one
	anyMAC  bool     // one of them says one
	swarm   bool     // the engine is part of one, which gives addresses too

	ipv4, ipv6 asked
}

// asked is what program and record say of an address.
type asked struct {
	now  bool   // the program says one
	then string // of the record
}

// of returns the address that an endpoint has, if it is one that was asked for.
func (a asked) of(is string) string {
	if a.now || is == a.then {
		return is
	}
	return ""
}

func (r *reading) said(id engine.Identity, rec schema.Record, want *Spec, network string) said {
	out := said{aliases: []string{id.Addr.Alias()}, swarm: r.Info.Swarm}
	for _, e := range rec["networks"].List {
		if e.Map["network"].Str != network {
			continue
		}
		for _, a := range e.Map["aliases"].List {
			out.aliases = append(out.aliases, a.Str)
		}
		out.mac, out.ipv4.then, out.ipv6.then = e.Map["mac_address"].Str, e.Map["ipv4_address"].Str, e.Map["ipv6_address"].Str
	}
	out.anyMAC = out.mac != ""
	if want == nil {
		return out
	}
	for _, n := range want.Networks {
		if n.Network.Name == network {
			out.aliases = append(out.aliases, n.Aliases...)
			out.anyMAC, out.ipv4.now, out.ipv6.now = out.anyMAC || n.MAC != "", n.IPv4 != "", n.IPv6 != ""
		}
	}
	return out
}

// uses returns what a container holds on to.
func (r *reading) uses(o *object, s *Spec) []kind.Use {
	uses := []kind.Use{{Kind: "image", Name: o.Config.Image}}
	for _, m := range o.Mounts {
		if m.Type == "volume" && m.Name != "" {
			uses = append(uses, kind.Use{Kind: "volume", Name: m.Name})
		}
	}
	for _, n := range s.Networks {
		uses = append(uses, kind.Use{Kind: "network", Name: n.Network.Name})
	}
	for _, h := range s.holdings() {
		uses = append(uses, kind.Use{Kind: "container", Name: h.other.Name})
	}
	return uses
}

// portsOf returns a spec with the ports that a record holds, in their order.
func portsOf(rec schema.Record) *Spec {
	s := &Spec{}
	for _, e := range rec["ports"].List {
		s.Ports = append(s.Ports, Port{
			Container: e.Map["container"].Int, Host: e.Map["host"].Int, HostRange: e.Map["host_range"].Str,
			HostIP: e.Map["host_ip"].Str, Protocol: e.Map["protocol"].Str,
		})
	}
	return s
}

// attrs returns what only the engine knows. Ports are those that by names.
func attrs(o *object, s, by *Spec) map[string]ir.Value {
	out := map[string]ir.Value{"id": ir.StringVal(o.ID)}
	if o.State.Status == "exited" {
		out["exit_code"] = ir.IntVal(int64(o.State.ExitCode))
	}
	first := by.first()
	if len(by.Networks) == 0 && by.Mode == "" {
		first = s.first()
	}
	for name, ep := range o.NetworkSettings.Networks {
		ip := engine.Dig(ep, address)
		if ip == "" {
			continue
		}
		out[fmt.Sprintf("ips[%q]", name)] = ir.StringVal(ip)
		if name == first {
			out["ip"] = ir.StringVal(ip)
		}
	}
	for i := range by.Ports {
		attr := fmt.Sprintf("ports[%d].host", i)
		if host := engine.Dig(o.InspectResponse, source(by, "", attr).Path...); host != "" {
			out[attr] = ir.StringVal(host)
		}
	}
	return out
}

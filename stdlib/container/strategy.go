package container

import (
	"cmp"
	"fmt"
	"path"
	"slices"

	"bayplan/interpreter/kind"
	"bayplan/lang/ir"

	api "github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/go-connections/nat"
)

// The orders in which a new container takes the place of an old one, as plans
// print them.
const (
	startFirst  = "start-first"  // both run until the new one is ready
	stopFirst   = "stop-first"   // the old one stops, and stays until the new one is ready
	removeFirst = "remove-first" // the old one is gone before: its volume is made anew
)

// strategy chooses the order in which old gives way. Both may run at one time
// only where they share nothing that one must hold alone: two generations that
// write to one volume damage it.
func strategy(in kind.In[Spec], old *kind.Live) string {
	in.Live, in.Have = old, old.Spec.(*Spec)
	said := in.Res.Guard.Strategy
	switch {
	case said == ir.StopFirst || shares(in):
		return stopFirst
	case said == ir.StartFirst:
		return startFirst
	case !active(old) || len(in.Want.Devices) > 0:
		return stopFirst // nothing is won by it, or a device may bear but one
	}
	return startFirst
}

// shares reports whether the living container and the one that is wanted would
// hold something that one must hold alone. What cannot be told counts.
func shares(in kind.In[Spec]) bool {
	w, h, o := in.Want, in.Have, in.Live.Object.(*object)
	apart := runs(w.State) && in.Live.Record["state"].Str != completed &&
		w.namespaces() == nil && h.namespaces() == nil && w.VolumesFrom == nil && h.VolumesFrom == nil
	return !apart || len(carried(in)) > 0 || meetPorts(w.Ports, slices.Concat(h.Ports, portsIn(o.NetworkSettings.Ports))) ||
		slices.ContainsFunc(w.Mounts, o.sharesMount) || slices.ContainsFunc(w.Networks, o.sharesAddress)
}

func meetPorts(want, have []Port) bool {
	return slices.ContainsFunc(want, func(p Port) bool { return slices.ContainsFunc(have, p.meets) })
}

// meets reports whether two publications can want one port of the host. A
// range may have nothing free when both take from it.
func (p Port) meets(q Port) bool {
	from, to, err := nat.ParsePortRangeToInt(p.hostPort())
	qfrom, qto, qerr := nat.ParsePortRangeToInt(q.hostPort())
	if err != nil || qerr != nil || from == 0 || qfrom == 0 { // 0: the engine picks one that is free
		return false
	}
	p.Host, q.Host = 1, 1
	return from <= qto && qfrom <= to && p.overlaps(q)
}

// sharesMount reports whether the container has what m mounts, and one of the
// two can write to it.
func (o *object) sharesMount(m Mount) bool {
	return slices.ContainsFunc(o.Mounts, func(x api.MountPoint) bool {
		same := x.Type == mount.TypeVolume && m.Type == "volume" && x.Name == m.Volume.Name
		if m.Type == "bind" && x.Source != "" { // also of the directory in which the engine keeps a volume
			same = below(m.Source, x.Source) || below(x.Source, m.Source)
		}
		return same && (x.RW || !m.ReadOnly)
	})
}

// sharesAddress reports whether the container has an address that the endpoint
// is told to have.
func (o *object) sharesAddress(n Net) bool {
	ep := o.NetworkSettings.Networks[n.Network.Name]
	if ep == nil {
		return false
	}
	have := []string{ep.IPAddress, ep.GlobalIPv6Address, ep.MacAddress}
	if c := ep.IPAMConfig; c != nil {
		have = append(append(have, c.IPv4Address, c.IPv6Address), c.LinkLocalIPs...)
	}
	return slices.ContainsFunc(n.fixed(), func(a string) bool { return slices.Contains(have, a) })
}

// held is something that one container must hold alone.
type held struct {
	attr string // that says so
	what string // for people: "host port 8080/tcp"
}

// checkStrategy reports a container that shall start beside its predecessor
// and could not, whatever that one is like.
func checkStrategy(in *kind.In[Spec]) {
	if in.Res.Guard.Strategy == ir.StartFirst {
		checkHolds(in, append(in.Want.holds(), ofImage(in)...))
	}
}

func checkHolds(in *kind.In[Spec], holds []held) {
	if in.Res.Guard.Strategy != ir.StartFirst {
		return
	}
	for _, h := range holds {
		in.Errorf(h.attr, `strategy = "start_first" runs old and new at one time, and only one of them can have %s`, h.what).
			Hintf("take `strategy` away: the old one stops before the new one starts")
	}
}

// holds returns what a container made from s holds alone.
func (s *Spec) holds() []held {
	var out []held
	add := func(attr, format string, args ...any) { out = append(out, held{attr, fmt.Sprintf(format, args...)}) }
	switch s.State {
	case completed:
		add("state", "the job to do: it would run twice")
	case created:
		add("state", "a start: it is never started")
	}
	for _, p := range s.Ports {
		if p.hostPort() != "" {
			add("ports", "host port %s/%s", p.hostPort(), cmp.Or(p.Protocol, "tcp"))
		}
	}
	for _, m := range s.Mounts {
		switch {
		case m.ReadOnly || m.Type == "tmpfs" || m.Type == "image":
		case m.Type == "bind":
			add("mounts", "%s to write to", m.Source)
		case m.unnamed():
			add("mounts", "the unnamed volume at %s to write to", m.Target)
		default:
			add("mounts", "volume %s to write to", m.Volume.Name)
		}
	}
	for _, x := range s.VolumesFrom {
		add("volumes_from", "the mounts of %s", x.Container.Name)
	}
	return append(out, append(s.addresses(), s.namespaces()...)...)
}

// addresses are the fixed addresses of a container.
func (s *Spec) addresses() []held {
	var out []held
	for _, n := range s.Networks {
		for _, ip := range n.fixed() {
			out = append(out, held{"networks", fmt.Sprintf("address %s on network %s", ip, n.Network.Name)})
		}
	}
	return out
}

// fixed are the addresses that an endpoint was told.
func (n Net) fixed() []string {
	all := append([]string{n.IPv4, n.IPv6, n.MAC}, n.LinkLocal...)
	return slices.DeleteFunc(all, func(a string) bool { return a == "" })
}

// namespaces are those that a container shares with its host or another one:
// what it opens there, it opens for all.
func (s *Spec) namespaces() []held {
	var out []held
	for _, x := range []struct{ attr, mode, joins string }{
		{"network_mode", s.Mode, s.Joins.Name}, {"ipc", s.IPC, s.IPCJoins.Name}, {"pid", s.PID, s.PIDJoins.Name}, {"uts", s.UTS, ""},
	} {
		switch {
		case x.joins != "":
			out = append(out, held{x.attr, fmt.Sprintf("%s of container %s", x.attr, x.joins)})
		case x.mode == "host":
			out = append(out, held{x.attr, fmt.Sprintf("%s of the host", x.attr)})
		}
	}
	return out
}

// ofImage are the volumes that the image asks for, and those that the container has
// of one before it: the new container takes over those of the old one.
func ofImage(in *kind.In[Spec]) []held {
	out := in.Env.Outcome(in.Want.Image.Addr)
	if out == nil || out.Image == nil {
		return nil
	}
	var all []held
	for _, target := range slices.Sorted(slices.Values(out.Image.Volumes)) {
		if !slices.ContainsFunc(in.Want.Mounts, func(m Mount) bool { return m.Target == path.Clean(target) }) {
			all = append(all, held{"mounts", fmt.Sprintf("the unnamed volume at %s, which its image asks for", target)})
		}
	}
	for _, target := range unasked(*in, out.Image) {
		all = append(all, held{"mounts", fmt.Sprintf("the unnamed volume at %s, which it has kept from before", target)})
	}
	return all
}

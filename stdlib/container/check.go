package container

import (
	"fmt"
	"net/netip"
	"path"
	"slices"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
)

// check reports what this engine cannot do, what names nothing, and what an
// author should know.
func check(in *kind.In[Spec]) {
	in.CheckVersion()
	checkLimits(in)
	checkModes(in)
	checkNames(in)
	checkMACs(in)
	checkAddresses(in)
	checkRecord(in)
	checkImage(in)
	checkStrategy(in)
}

// checkAlone reports what no engine could make of the program's containers:
// files that are not there, an order of replacement that is none, a wait that
// has no end.
func checkAlone(s kind.Scope) diag.List {
	found := new(kind.Found)
	byAddr := map[ir.Addr]*Spec{}
	for _, w := range s.Wants {
		byAddr[w.Res.Addr] = w.Spec.(*Spec)
	}
	for _, w := range s.Wants {
		spec := w.Spec.(*Spec)
		readSources(s, w, found)
		checkHolds(&kind.In[Spec]{Res: w.Res, Want: spec, Diags: &found.Notes}, spec.holds())
		for _, d := range w.Res.Deps {
			if to := byAddr[d.To]; to != nil && d.Cond != ir.Exists {
				if wrong := to.refuses(d); wrong != nil {
					found.Notes = append(found.Notes, *wrong)
				}
			}
		}
	}
	return found.Notes
}

// checkNames reports plain names that are neither the stack's nor the engine's:
// the engine would make a volume by itself, or fail half way.
func checkNames(in *kind.In[Spec]) {
	for _, m := range in.Want.Mounts {
		if m.Type == "volume" && !m.unnamed() && !there(in, "volume", m.Volume.Name) {
			checkName(in, "mounts", "volume", m.Volume.Name, fmt.Sprintf("{ volume = volume.%%[1]s, target = %q } or \"${volume.%%[1]s.name}:%s\"", m.Target, m.Target))
		}
	}
	for _, n := range in.Want.Networks {
		checkName(in, "networks", "network", n.Network.Name, "networks = [network.%[1]s] or networks = [network.%[1]s.name]")
	}
	for _, n := range in.Want.Networks {
		for _, l := range n.Links {
			checkName(in, "networks", "container", l.Container.Name, "links = [container.%[1]s]")
		}
	}
	for _, h := range in.Want.holdings() {
		checkName(in, h.attr, "container", h.other.Name, "container.%[1]s or \"container:${container.%[1]s.name}\"")
	}
}

// there reports whether a name is the stack's or the engine's.
func there(in *kind.In[Spec], k, name string) bool {
	if _, ok := in.Env.Named(k, name); ok {
		return true
	}
	_, ok := in.Env.Taken(k, name)
	return ok || in.Env.Live(k, name) != nil
}

// checkName reports a name behind which nothing is. spelled is how a
// declaration with that label is written.
func checkName(in *kind.In[Spec], attr, k, name, spelled string) {
	if there(in, k, name) {
		return
	}
	d := in.Errorf(attr, "there is no %s %s, neither in this stack nor on the engine", k, name)
	for _, module := range []string{in.Res.Addr.Module, ""} {
		a := ir.Addr{Module: module, Kind: k, Label: name}
		if !ir.IsIdent(name) {
			break
		}
		if _, ok := in.Env.Named(k, a.EngineName(in.Env.Stack)); ok || in.Env.Outcome(a) != nil {
			d.Hintf("%s is a %s of this stack by its label: write %s", name, k, fmt.Sprintf(spelled, name))
			return
		}
	}
	d.Hintf("declare it (%s %q { … }), or make it with docker %s create %s", k, name, k, name)
}

// checkMACs reports MAC addresses that older engines would leave out: before
// API 1.44 they are set for a container, and reach its first network.
func checkMACs(in *kind.In[Spec]) {
	if in.Env.Info.Has(perEndpoint) {
		return
	}
	for i, n := range in.Want.Networks {
		if i > 0 && n.MAC != "" {
			in.Errorf("networks", "a MAC address on %s needs %s (API %s), and the engine here speaks API %s", n.Network.Name, engine.Release(perEndpoint), perEndpoint, in.Env.Info.API).
				Hintf("older engines set one only on the first network: put it first, or upgrade the engine")
		}
	}
}

// checkAddresses reports fixed addresses that lie in no subnet of their network:
// the engine would say so when the container joins, half way.
func checkAddresses(in *kind.In[Spec]) {
	for _, n := range in.Want.Networks {
		addr, _ := in.Env.Named("network", n.Network.Name)
		for _, text := range []string{n.IPv4, n.IPv6} {
			if outside(in.Env, n.Network.Name, text) {
				in.Errorf("networks", "address %s is in no subnet that %s asks for", text, addr).
					Hintf("its subnets are its ipam: name one that has the address, or choose another")
			}
		}
	}
}

// outside reports whether a network of the stack cannot give out an address after
// this plan. Of another one nobody can tell, nor of one that is not in the plan.
func outside(env *kind.Env, network, address string) bool {
	addr, own := env.Named("network", network)
	ip, err := netip.ParseAddr(address)
	if !own || err != nil {
		return false
	}
	made := env.Outcome(addr)
	return made != nil && !slices.ContainsFunc(made.Subnets, func(s netip.Prefix) bool { return s.Contains(ip) })
}

// checkRecord reports a program that says more than a label holds.
func checkRecord(in *kind.In[Spec]) {
	said := in.Recorded()
	if schema.Fits(said, engine.MaxSpec) {
		return
	}
	n := len(schema.EncodeRecord(said))
	in.Errorf("", "what it says takes %d bytes of record, and a label holds %d", n, engine.MaxSpec).
		Hintf("put long lists and many variables into a file: files = { \"/etc/app.env\" = … }")
}

// checkImage reports what the image brings along, as far as it is known.
func checkImage(in *kind.In[Spec]) {
	out := in.Env.Outcome(in.Want.Image.Addr)
	if out == nil {
		return
	}
	if is := out.Platform; in.Want.Platform != "" && is != "" && !schema.Serves(in.Want.Platform, is) {
		in.Errorf("platform", "%s is for %s, and the container for %s", in.Want.Image.Addr, is, in.Want.Platform).
			Hintf("the image says for what it is pulled or built (`platform`, or `platforms` in `build`); a reference in its place, such as image = \"caddy:2.9\", is pulled for the container's")
	}
	if out.Image == nil {
		return
	}
	img := out.Image
	if len(in.Want.Entrypoint)+len(in.Want.Command)+len(img.Cmd) == 0 && (in.Want.Entrypoint != nil || len(img.Entrypoint) == 0) {
		in.Errorf("image", "the image says nothing to run").Hintf("set `command`")
	}
	if h := in.Want.Healthcheck; h != nil && !h.Disable && h.Test == nil && img.Healthcheck == nil {
		in.Errorf("healthcheck", "it does not say what to run, and the image brings no healthcheck").Hintf(`set test = "…"`)
	}
	for _, declared := range img.Volumes {
		target := path.Clean(declared)
		if _, covered := mountAt(in.Want.Mounts, target); !covered {
			in.Warnf("image", "data at %s is in an unnamed volume", target).
				Hintf("the image says that there is data; a replacement keeps the volume, but nobody can find it by name: declare a volume and mount it at %s", target)
		}
	}
	for _, target := range unasked(*in, img) {
		in.Warnf("image", "data at %s is in an unnamed volume for which the image does not ask, %s", target, carried(*in)[target]).
			Hintf("it was there before, and a replacement keeps it: adopt it as a volume of the program, or mount something else at %s if nobody needs it", target)
	}
}

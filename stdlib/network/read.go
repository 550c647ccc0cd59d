package network

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"

	"github.com/docker/docker/api/types/container"
	api "github.com/docker/docker/api/types/network"
)

// object is a living network with the containers on it.
type object struct {
	api.Summary
	members []member // with the stack's label or adopted, running or not, in order of name
	guests  []member // the others
	notes   []note   // of guests that a replacement has taken off
}

// member is a container of the stack on a network. Docker counts a stopped one
// as none, but it does not start again once its network is gone.
type member struct {
	id, name string
	endpoint *api.EndpointSettings // how it joined; read only where the network may be made anew

	// What it has there now, whoever chose it; "" where it has none.
	ipv4, ipv6 string
	mac        string // that it asks for
}

func byName(a, b member) int { return strings.Compare(a.name, b.name) }

// all returns who is on the network.
func (o *object) all() []member { return slices.Concat(o.members, o.guests) }

// overlap is a subnet that a want cannot have.
type overlap struct {
	subnet string // the want's
	other  string // for people: whose subnet it overlaps
	ours   bool   // a network of this stack that goes, or gets another subnet
	gone   string // its address, where the program no longer has it
}

// read lists all networks: the list tells of each what inspect would, but for
// who is on it.
func read(ctx context.Context, s kind.Scope) (*kind.Found, error) {
	list, err := s.Reader.NetworkList(ctx, api.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("listing networks: %w", err)
	}
	found := &kind.Found{Taken: map[string]kind.Holder{}, Known: map[ir.Addr]any{}}
	for _, n := range list {
		if live := fromEngine(n, s, found); live != nil {
			found.Live = append(found.Live, live)
		} else {
			found.Taken[n.Name] = holder(n)
		}
	}
	found.Sort()
	dropCopies(found)
	if err := readMembers(ctx, s, found.Live); err != nil {
		return nil, err
	}
	notes, err := readNotes(ctx, s, list, found)
	if err != nil {
		return nil, err
	}
	for _, l := range found.Live {
		l.Object.(*object).notes = notes[l.Identity.Addr]
	}
	for i, w := range s.Wants {
		found.Known[w.Res.Addr] = known{overlapping(w, list, found, s), notes[w.Res.Addr], twins(w, list)}
		clash(&found.Notes, w, s.Wants[:i])
	}
	return found, nil
}

// fromEngine returns the network if it is the stack's, or nil.
func fromEngine(n api.Summary, s kind.Scope, found *kind.Found) *kind.Live {
	l := s.LiveOf(found, "network", n.ID, n.Name, n.Labels)
	if l == nil {
		l = s.AdoptedOf("network", n.ID, n.Name, n.Name, n.Labels)
	}
	if l == nil {
		return nil
	}
	spec := &Spec{
		Name: n.Name, Driver: n.Driver, Internal: n.Internal, Attachable: n.Attachable, IPv6: n.EnableIPv6,
		Scope: n.Scope, Ingress: n.Ingress, ConfigOnly: n.ConfigOnly,
		IPAM:    &IPAM{Driver: n.IPAM.Driver, Options: texts(n.IPAM.Options)},
		Options: texts(n.Options), Labels: engine.UserLabels(n.Labels),
	}
	for _, c := range n.IPAM.Config {
		spec.IPAM.Config = append(spec.IPAM.Config, poolOf(c))
	}
	if s.Info.Has("1.48") { // older ones do not tell
		spec.IPv4 = &n.EnableIPv4
	}
	l.Spec, l.Object = spec, &object{Summary: n}
	l.Attrs = map[string]ir.Value{"id": ir.StringVal(n.ID)}
	return l
}

func texts(m map[string]string) map[string]ir.Value {
	if len(m) == 0 {
		return nil
	}
	out := map[string]ir.Value{}
	for k, v := range m {
		out[k] = ir.StringVal(v)
	}
	return out
}

// poolOf returns the canonical form of what the engine says. It echoes what it
// was given, host bits and all, and writes its own IPv6 gateways with a length.
func poolOf(c api.IPAMConfig) Pool {
	p := Pool{Subnet: c.Subnet, IPRange: c.IPRange, Gateway: c.Gateway}
	if s, err := prefix(c.Subnet); err == nil {
		p.Subnet = s
	}
	if s, err := prefix(c.IPRange); err == nil {
		p.IPRange = s
	}
	bare, _, _ := strings.Cut(c.Gateway, "/")
	if s, err := address(bare); err == nil {
		p.Gateway = s
	}
	for name, a := range c.AuxAddress {
		if p.Aux == nil {
			p.Aux = map[string]string{}
		}
		if s, err := address(a); err == nil {
			a = s
		}
		p.Aux[name] = a
	}
	return p
}

func holder(n api.Summary) kind.Holder {
	if what := "network " + n.Name; !slices.Contains(reserved, n.Name) {
		return kind.HolderOf(what, n.ID, n.Labels)
	}
	return kind.Holder{ID: n.ID, What: "network " + n.Name + ", the engine's own"}
}

// dropCopies leaves one network for each uid: somebody who makes a network
// with the labels of another must not have it taken for ours.
func dropCopies(found *kind.Found) {
	byUID := map[string][]*kind.Live{}
	for _, l := range found.Live {
		if l.Adopted == "" {
			byUID[l.Identity.UID] = append(byUID[l.Identity.UID], l)
		}
	}
	for _, uid := range slices.Sorted(maps.Keys(byUID)) {
		if len(byUID[uid]) > 1 {
			dropAllBut(original(byUID[uid]), byUID[uid], found)
		}
	}
}

// original returns the one that bears the name it was made with, or nil if
// that does not tell.
func original(same []*kind.Live) *kind.Live {
	named := func(l *kind.Live) bool { return l.Name == l.Identity.Name }
	i := slices.IndexFunc(same, named)
	if i < 0 || slices.IndexFunc(same[i+1:], named) >= 0 {
		return nil
	}
	return same[i]
}

func dropAllBut(ours *kind.Live, same []*kind.Live, found *kind.Found) {
	if ours == nil {
		found.Notes.Addf(diag.Pos{}, "networks %s and %s bear the same bayplan.uid, and nothing tells which is the copy", same[0].Name, same[1].Name).
			Hintf("remove the copy: docker network rm %s", same[1].ID)
		return
	}
	for _, l := range same {
		if l == ours {
			continue
		}
		found.Live = slices.DeleteFunc(found.Live, func(x *kind.Live) bool { return x == l })
		found.Taken[l.Name] = kind.Holder{ID: l.ID, What: fmt.Sprintf("network %s, a copy of %s's labels", l.Name, ours.Name)}
		found.Notes.Warnf(diag.Pos{}, "network %s bears the labels of %s, which somebody copied: it is left alone", l.Name, ours.Name)
	}
}

// readMembers finds who is on our networks.
func readMembers(ctx context.Context, s kind.Scope, live []*kind.Live) error {
	if len(live) == 0 {
		return nil
	}
	all, err := s.Reader.ContainerList(ctx, container.ListOptions{All: true})
	if err != nil {
		return fmt.Errorf("listing containers: %w", err)
	}
	byID := map[string]*kind.Live{} // and by name: a container that never started holds only that
	for _, l := range live {
		byID[l.ID], byID[l.Name] = l, l
	}
	for _, c := range all {
		if c.NetworkSettings == nil {
			continue
		}
		for name, ep := range c.NetworkSettings.Networks {
			if l := byID[cmp.Or(ep.NetworkID, name)]; l != nil {
				join(l, c, s)
			}
		}
	}
	for _, l := range live {
		o := l.Object.(*object)
		for _, list := range [][]member{o.members, o.guests} {
			slices.SortFunc(list, byName)
		}
		slices.Sort(l.Guests)
		if !mayGo(s, l) {
			continue
		}
		for _, list := range [][]member{o.members, o.guests} {
			if err := o.readEndpoints(ctx, s.Reader, list); err != nil {
				return err
			}
		}
	}
	return nil
}

func join(l *kind.Live, c container.Summary, s kind.Scope) {
	name := c.ID[:min(12, len(c.ID))]
	if len(c.Names) > 0 {
		name = strings.TrimPrefix(c.Names[0], "/")
	}
	o := l.Object.(*object)
	_, adopted := s.Adopts[kind.Use{Kind: "container", Name: name}]
	if c.Labels[engine.LabelStack] != s.Stack && !adopted {
		l.Guests = append(l.Guests, name)
		o.guests = append(o.guests, member{id: c.ID, name: name})
		return
	}
	o.members = append(o.members, member{id: c.ID, name: name})
}

// mayGo reports whether the network may be made anew: it differs from what is
// wanted, somebody asks for that, or its lifecycle names what is a reason. Whether
// another resource is one is not known before the plan.
func mayGo(s kind.Scope, l *kind.Live) bool {
	i := slices.IndexFunc(s.Wants, func(w *kind.Want) bool { return w.Res.Addr == l.Identity.Addr })
	if i < 0 {
		return false
	}
	g := s.Wants[i].Res.Guard
	gone, come := l.Record.Reasons(g.ReplaceKeys)
	if len(g.ReplaceOn) > 0 || len(gone) > 0 && len(come) > 0 || s.Anew != nil && s.Anew(l.Identity.Addr) {
		return true
	}
	want := expect(kind.In[Spec]{Res: s.Wants[i].Res, Want: s.Wants[i].Spec.(*Spec), Live: l, Have: l.Spec.(*Spec)})
	return len(schema.Diff(want, l.Spec, l.Record)) > 0
}

// readEndpoints asks how each member joined, which the list does not tell, so
// that a replacement can put everything back.
func (o *object) readEndpoints(ctx context.Context, r engine.Reader, list []member) error {
	for i := range list {
		m := &list[i]
		got, err := r.ContainerInspect(ctx, m.id)
		if engine.Gone(err) {
			continue
		}
		if err != nil {
			return fmt.Errorf("container %s: %w", m.name, err)
		}
		for name, ep := range got.NetworkSettings.Networks {
			if id := cmp.Or(ep.NetworkID, name); id == o.ID || id == o.Name {
				m.endpoint, m.ipv4, m.ipv6 = joined(ep, m.id), ep.IPAddress, ep.GlobalIPv6Address
				if string(got.HostConfig.NetworkMode) == name {
					m.mac = got.Config.MacAddress //lint:ignore SA1019 all engines tell it here
				}
			}
		}
	}
	return nil
}

// joined returns what a connect call said that led to an endpoint. Engines
// before 26 add the container's short ID to the aliases.
func joined(ep *api.EndpointSettings, id string) *api.EndpointSettings {
	out := &api.EndpointSettings{IPAMConfig: ep.IPAMConfig, Links: ep.Links, DriverOpts: ep.DriverOpts, GwPriority: ep.GwPriority}
	for _, a := range ep.Aliases {
		if !strings.HasPrefix(id, a) {
			out.Aliases = append(out.Aliases, a)
		}
	}
	return out
}

// twins returns the networks that have a wanted network's name, for people, if
// there are several: engines before 25.0 allow that, and then answer to none of
// them by its name.
func twins(w *kind.Want, list []api.Summary) []string {
	var out []string
	for _, n := range list {
		if n.Name == w.Res.Name {
			h := kind.HolderOf(n.ID[:min(12, len(n.ID))], n.ID, n.Labels)
			out = append(out, h.What)
		}
	}
	if len(out) < 2 {
		return nil
	}
	slices.Sort(out)
	return out
}

// overlapping finds the bridges whose subnets a wanted bridge cannot share: the
// engine refuses two bridges that overlap, and only those.
func overlapping(w *kind.Want, list []api.Summary, found *kind.Found, s kind.Scope) []overlap {
	spec := w.Spec.(*Spec)
	var out []overlap
	for _, n := range list {
		if !spec.bridge() || n.Driver != "bridge" {
			continue
		}
		o := overlap{other: holder(n).What}
		if i := slices.IndexFunc(found.Live, func(l *kind.Live) bool { return l.ID == n.ID }); i >= 0 {
			addr := found.Live[i].Identity.Addr
			if addr == w.Res.Addr || stillWanted(addr, spec, s.Wants) {
				continue
			}
			o.other, o.ours = fmt.Sprintf("network %s of this stack", n.Name), true
			if !slices.ContainsFunc(s.Wants, func(w *kind.Want) bool { return w.Res.Addr == addr }) {
				o.gone = addr.String()
			}
		}
		for _, c := range n.IPAM.Config {
			if subnet := spec.overlap(c.Subnet); subnet != "" {
				o := o
				o.subnet, o.other = subnet, fmt.Sprintf("%s of %s", c.Subnet, o.other)
				out = append(out, o)
			}
		}
	}
	return out
}

// stillWanted reports whether the program wants the overlap itself, which clash
// reports.
func stillWanted(addr ir.Addr, spec *Spec, wants []*kind.Want) bool {
	i := slices.IndexFunc(wants, func(w *kind.Want) bool { return w.Res.Addr == addr })
	return i >= 0 && spec.clashes(wants[i].Spec.(*Spec)) != ""
}

// bridge reports whether the network claims its subnets on the host. One that
// only holds settings does not.
func (s *Spec) bridge() bool { return !s.ConfigOnly && (s.Driver == "" || s.Driver == "bridge") }

// overlap returns the first of s's own subnets that overlaps one, or "".
func (s *Spec) overlap(subnet string) string {
	if s.IPAM == nil {
		return ""
	}
	for _, p := range s.IPAM.Config {
		if overlaps(p.Subnet, subnet) {
			return p.Subnet
		}
	}
	return ""
}

// clashes returns the first subnet of s that overlaps one of another bridge.
func (s *Spec) clashes(o *Spec) string {
	if !s.bridge() || !o.bridge() || o.IPAM == nil {
		return ""
	}
	for _, p := range o.IPAM.Config {
		if subnet := s.overlap(p.Subnet); subnet != "" {
			return subnet
		}
	}
	return ""
}

// checkAlone reports networks of the program that cannot live together.
func checkAlone(s kind.Scope) (out diag.List) {
	for i, w := range s.Wants {
		clash(&out, w, s.Wants[:i])
	}
	return out
}

// clash reports two networks of the program that cannot live together.
func clash(notes *diag.List, w *kind.Want, others []*kind.Want) {
	for _, o := range others {
		if subnet := w.Spec.(*Spec).clashes(o.Spec.(*Spec)); subnet != "" {
			notes.Addf(w.Res.AttrPos("ipam"), "%s.ipam: subnet %s overlaps a subnet of %s", w.Res.Addr, subnet, o.Res.Addr).
				Hintf("the engine refuses two bridges that overlap: give one of them another subnet")
		}
	}
}

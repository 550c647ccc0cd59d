package network

import (
	"context"
	"encoding/json"
	"fmt"
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

// note remembers on the engine which containers that are not the program's a
// replacement takes off a network: the engine forgets how they were on it, and
// nobody's program says it. It is a network that only holds settings, made
// before the first of them is taken off and removed when all are back, so that
// an apply that is killed between loses nothing.
type note struct {
	name   string // of the network that is the note
	guests []member
}

// noted is the content of a note's label.
type noted struct {
	Stack   string       `json:"stack"`
	Addr    string       `json:"addr"`
	Network string       `json:"network"`
	Guests  []notedGuest `json:"guests"`
}

type notedGuest struct {
	ID         string            `json:"id"`
	Name       string            `json:"name"`
	Aliases    []string          `json:"aliases,omitempty"`
	Links      []string          `json:"links,omitempty"`
	IPv4       string            `json:"ipv4,omitempty"`
	IPv6       string            `json:"ipv6,omitempty"`
	LinkLocal  []string          `json:"link_local,omitempty"`
	DriverOpts map[string]string `json:"driver_opts,omitempty"`
	GwPriority int               `json:"gw_priority,omitempty"`

	HadIPv4 string `json:"had_ipv4,omitempty"`
	HadIPv6 string `json:"had_ipv6,omitempty"`
	MAC     string `json:"mac,omitempty"`
}

func (m member) noted() notedGuest {
	g := notedGuest{ID: m.id, Name: m.name, HadIPv4: m.ipv4, HadIPv6: m.ipv6, MAC: m.mac}
	if e := m.endpoint; e != nil {
		g.Aliases, g.Links, g.DriverOpts, g.GwPriority = e.Aliases, e.Links, e.DriverOpts, e.GwPriority
		if c := e.IPAMConfig; c != nil {
			g.IPv4, g.IPv6, g.LinkLocal = c.IPv4Address, c.IPv6Address, c.LinkLocalIPs
		}
	}
	return g
}

func (g notedGuest) member() member {
	e := &api.EndpointSettings{Aliases: g.Aliases, Links: g.Links, DriverOpts: g.DriverOpts, GwPriority: g.GwPriority}
	if g.IPv4 != "" || g.IPv6 != "" || g.LinkLocal != nil {
		e.IPAMConfig = &api.EndpointIPAMConfig{IPv4Address: g.IPv4, IPv6Address: g.IPv6, LinkLocalIPs: g.LinkLocal}
	}
	return member{id: g.ID, name: g.Name, endpoint: e, ipv4: g.HadIPv4, ipv6: g.HadIPv6, mac: g.MAC}
}

// readNotes returns the stack's notes by the address of their network, without
// the containers that are gone since: who made them anew has said what they
// are on.
func readNotes(ctx context.Context, s kind.Scope, list []api.Summary, found *kind.Found) (map[ir.Addr][]note, error) {
	notes := map[ir.Addr][]note{}
	for _, n := range list {
		text, ok := n.Labels[engine.LabelGuests]
		if !ok {
			continue
		}
		var got noted
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			unread(found, n.Name, err)
			continue
		}
		if got.Stack != s.Stack {
			continue
		}
		addr, err := ir.ParseAddr(got.Addr)
		if err != nil {
			unread(found, n.Name, err)
			continue
		}
		x := note{name: n.Name}
		for _, g := range got.Guests {
			x.guests = append(x.guests, g.member())
		}
		addr = s.At(addr)
		notes[addr] = append(notes[addr], x)
		lost(s, addr, got.Network, x, found)
	}
	if len(notes) == 0 {
		return nil, nil
	}
	return notes, dropGone(ctx, s, notes)
}

// unread reports a note that makes no sense: it tells nobody anything.
func unread(found *kind.Found, network string, err error) {
	found.Notes.Warnf(diag.Pos{}, "network %s: label %s cannot be read: %v", network, engine.LabelGuests, err).
		Hintf("docker network rm %s forgets it", network)
}

// lost reports a note whose network is neither there nor in the program.
func lost(s kind.Scope, addr ir.Addr, network string, x note, found *kind.Found) {
	wanted := slices.ContainsFunc(s.Wants, func(w *kind.Want) bool { return w.Res.Addr == addr })
	lives := slices.ContainsFunc(found.Live, func(l *kind.Live) bool { return l.Identity.Addr == addr })
	if wanted || lives {
		return
	}
	found.Notes.Warnf(diag.Pos{}, "an apply that was cut short took network %s away, and nothing makes it anew; not the program's, and on it before: %s", network, names(x.guests)).
		Hintf("docker network rm %s forgets it", x.name)
}

func dropGone(ctx context.Context, s kind.Scope, notes map[ir.Addr][]note) error {
	all, err := s.Reader.ContainerList(ctx, container.ListOptions{All: true})
	if err != nil {
		return fmt.Errorf("listing containers: %w", err)
	}
	lives := map[string]bool{}
	for _, c := range all {
		lives[c.ID] = true
	}
	for _, list := range notes {
		slices.SortFunc(list, func(a, b note) int { return strings.Compare(a.name, b.name) })
		for i := range list {
			list[i].guests = slices.DeleteFunc(list[i].guests, func(m member) bool { return !lives[m.id] })
		}
	}
	return nil
}

// known is what the room learned about a want.
type known struct {
	overlaps []overlap
	notes    []note
	twins    []string // networks of the want's name, if there are several
}

// sides parts the containers on the network: ours, whose own steps connect them
// again, and guests, whom nobody would. Who goes before is neither.
func (o *object) sides(env *kind.Env) (ours, guests []member) {
	guests = slices.Clone(o.guests)
	for _, m := range o.members {
		switch env.Fate("container", m.id) {
		case kind.GoesOn:
			ours = append(ours, m)
		case kind.LeftAlone:
			guests = append(guests, m)
		}
	}
	slices.SortFunc(guests, byName)
	return ours, guests
}

// away returns the containers that notes tell of and that are not on the
// network. Whom the program has by now, it connects itself.
func away(in kind.In[Spec]) []member {
	var out []member
	k, _ := in.Known.(known)
	for _, x := range k.notes {
		for _, g := range x.guests {
			same := func(m member) bool { return m.id == g.id }
			on := in.Live != nil && slices.ContainsFunc(in.Live.Object.(*object).all(), same)
			if !on && !slices.ContainsFunc(out, same) && in.Env.Fate("container", g.id) == kind.LeftAlone {
				out = append(out, g)
			}
		}
	}
	return out
}

// strangers returns the names of guests on the network of which no note tells:
// nobody has said yet that they may be taken off.
func strangers(in kind.In[Spec]) []string {
	k, _ := in.Known.(known)
	_, guests := in.Live.Object.(*object).sides(in.Env)
	var out []string
	for _, g := range guests {
		if !slices.ContainsFunc(k.notes, func(x note) bool { return x.tells(g.name) }) {
			out = append(out, g.name)
		}
	}
	return out
}

func (x note) tells(name string) bool {
	return slices.ContainsFunc(x.guests, func(m member) bool { return m.name == name })
}

// again is the change of a network to which containers come back, which a
// replacement that was cut short took off.
func again(in kind.In[Spec]) []schema.Change {
	k, _ := in.Known.(known)
	if len(k.notes) == 0 {
		return nil
	}
	c := schema.Change{Attr: "members", Effect: schema.Live, Note: "all are back", Cause: "its replacement was cut short"}
	if list := away(in); len(list) > 0 {
		c.Note = names(list) + ": connected again"
	}
	return []schema.Change{c}
}

// reconnect connects containers that are not the program's.
func reconnect(in kind.In[Spec], list []member) []engine.Op {
	var ops []engine.Op
	for _, m := range kept(list, in.Want.pools()) {
		ops = append(ops, engine.Op{IfThere: true, Call: &engine.NetworkConnect{Network: in.Want.Name, Container: m.id, Endpoint: m.endpoint}})
	}
	return ops
}

// forget takes notes away once all are back for good: not before the
// network's postconditions hold.
func forget(in kind.In[Spec]) []engine.Op {
	var ops []engine.Op
	k, _ := in.Known.(known)
	for _, x := range k.notes {
		ops = append(ops, engine.Op{Call: &engine.NetworkRemove{Network: x.name}})
	}
	return ops
}

// remember returns the op that makes a note of who will be taken off, and its
// name; no op if notes tell of all of them.
func remember(in kind.In[Spec], guests []member) (op *engine.Op, name string) {
	k, _ := in.Known.(known)
	content := noted{Stack: in.Env.Stack, Addr: in.Res.Addr.String(), Network: in.Live.Name}
	for _, m := range guests {
		if !slices.ContainsFunc(k.notes, func(x note) bool { return x.tells(m.name) }) {
			content.Guests = append(content.Guests, m.noted())
		}
	}
	if content.Guests == nil {
		return nil, ""
	}
	name = in.Live.Name + ".guests"
	for n := 2; slices.ContainsFunc(k.notes, func(x note) bool { return x.name == name }); n++ {
		name = fmt.Sprintf("%s.guests%d", in.Live.Name, n)
	}
	text, err := json.Marshal(content)
	if err != nil {
		panic(err) // it is made of texts
	}
	op = new(engine.Op)
	op.Call = &engine.NetworkCreate{Name: name, Options: api.CreateOptions{ConfigOnly: true, Labels: map[string]string{
		engine.LabelGuests: string(text), engine.LabelRun: op.Blanks.Fresh("run"),
	}}}
	return op, name
}

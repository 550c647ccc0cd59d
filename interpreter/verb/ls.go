package verb

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"bayplan/interpreter/engine"
	"bayplan/lang/ir"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
)

// Object is one object of some stack, as its labels tell.
type Object struct {
	Stack  string  `json:"stack"`
	Addr   ir.Addr `json:"address"`
	Name   string  `json:"name"`             // the engine's
	ID     string  `json:"id,omitempty"`     // the engine's; "" for kinds without one
	Status string  `json:"status,omitempty"` // "running", "exited"; "" where there is nothing to say

	Runs     bool            `json:"-"` // it is a container
	Twin     bool            `json:"-"` // another object stands for the address: the other half of a replacement, or a copy
	Once     bool            `json:"-"` // it runs once beside the stack's objects, at the address that it was made after
	Created  int64           `json:"-"` // seconds since 1970, of what runs; else 0
	Identity engine.Identity `json:"-"` // what its labels say

	sort sort // by which calls the engine tells of it
}

// String names the object for people: by its address, or by its name where the
// address is that of another.
func (o Object) String() string {
	if o.Once {
		return o.Name
	}
	return o.Addr.String()
}

// sort is a sort of object of an engine's.
type sort int

// Sorts.
const (
	sortContainer sort = iota
	sortNetwork
	sortVolume
	sortImage
)

// List returns the objects of all stacks on an engine, and what runs once beside
// them, by stack and address. Objects whose labels make no sense are left out.
func List(ctx context.Context, r engine.Reader) ([]Object, error) {
	ours := filters.NewArgs(filters.Arg("label", engine.LabelStack))
	containers, err := r.ContainerList(ctx, container.ListOptions{All: true}) // a filter can ask for one label alone
	if err != nil {
		return nil, fmt.Errorf("listing containers: %w", err)
	}
	networks, err := r.NetworkList(ctx, network.ListOptions{Filters: ours})
	if err != nil {
		return nil, fmt.Errorf("listing networks: %w", err)
	}
	volumes, err := r.VolumeList(ctx, volume.ListOptions{Filters: ours})
	if err != nil {
		return nil, fmt.Errorf("listing volumes: %w", err)
	}
	var out []Object
	add := func(labels map[string]string, o Object) {
		if i, ok, err := engine.IdentityOf(labels); ok && err == nil {
			o.Stack, o.Addr, o.Identity = i.Stack, i.Addr, i
			out = append(out, o)
		}
	}
	for _, c := range containers {
		if once, ok := engine.OneOffOf(c.Labels); ok {
			out = append(out, Object{
				Stack: once.Stack, Addr: once.Addr, Name: nameOf(c), ID: c.ID, Status: string(c.State), Runs: true, Created: c.Created,
				Once: true, Identity: engine.Identity{Stack: once.Stack, Addr: once.Addr, Name: nameOf(c), UID: once.UID},
			})
			continue
		}
		add(c.Labels, Object{Name: nameOf(c), ID: c.ID, Status: string(c.State), Runs: true, Created: c.Created})
	}
	for _, n := range networks {
		add(n.Labels, Object{Name: n.Name, ID: n.ID, sort: sortNetwork})
	}
	for _, v := range volumes.Volumes {
		add(v.Labels, Object{Name: v.Name, sort: sortVolume})
	}
	markTwins(out)
	slices.SortFunc(out, func(a, b Object) int {
		return cmp.Or(strings.Compare(a.Stack, b.Stack), a.Addr.Compare(b.Addr), strings.Compare(a.Name, b.Name))
	})
	return out, nil
}

// nameOf returns a container's name, without those of links.
func nameOf(c container.Summary) string {
	return strings.TrimPrefix(slices.Min(append(slices.Clone(c.Names), "~")), "/")
}

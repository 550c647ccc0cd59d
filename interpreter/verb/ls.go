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
}

// List returns the objects of all stacks on an engine, by stack and address.
// Objects whose labels make no sense are left out.
func List(ctx context.Context, r engine.Reader) ([]Object, error) {
	ours := filters.NewArgs(filters.Arg("label", engine.LabelStack))
	containers, err := r.ContainerList(ctx, container.ListOptions{All: true, Filters: ours})
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
	add := func(labels map[string]string, name, id, status string) {
		if i, ok, err := engine.IdentityOf(labels); ok && err == nil {
			out = append(out, Object{Stack: i.Stack, Addr: i.Addr, Name: name, ID: id, Status: status})
		}
	}
	for _, c := range containers {
		add(c.Labels, strings.TrimPrefix(slices.Min(append(c.Names, "~")), "/"), c.ID, string(c.State))
	}
	for _, n := range networks {
		add(n.Labels, n.Name, n.ID, "")
	}
	for _, v := range volumes.Volumes {
		add(v.Labels, v.Name, "", "")
	}
	slices.SortFunc(out, func(a, b Object) int {
		return cmp.Or(strings.Compare(a.Stack, b.Stack), a.Addr.Compare(b.Addr), strings.Compare(a.Name, b.Name))
	})
	return out, nil
}

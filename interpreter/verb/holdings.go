package verb

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"bayplan/interpreter/engine"
	"bayplan/lang/ir"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"golang.org/x/sync/errgroup"
)

// Image is one that a stack built, pulled or runs.
type Image struct {
	ID      string    `json:"id"`
	Tags    []string  `json:"tags"`    // without bay's own
	Pin     string    `json:"pin"`     // bay's own, as `bay ps` calls it; "" if it has none
	Digests []string  `json:"digests"` // of a registry: "caddy@sha256:…"
	Size    int64     `json:"size"`    // bytes, with layers that others share
	Created time.Time `json:"created"`
	UsedBy  []ir.Addr `json:"used_by"` // of the stack's containers
	// Registry says of each tag that came from a registry, or went to one, how it
	// stands there; nil if nobody asked.
	Registry []InRegistry `json:"registry,omitempty"`
}

// InRegistry is what a registry says of a tag.
type InRegistry struct {
	Tag    string `json:"tag"`
	State  string `json:"state"`            // "same", "behind" where it stands for another image by now, "absent", or "unknown"
	Digest string `json:"digest,omitempty"` // what it stands for; "" if it is absent, or the registry did not answer
	Error  string `json:"error,omitempty"`  // why the registry did not answer
}

// AskRegistries asks what the images' tags stand for now, eight at a time.
func AskRegistries(ctx context.Context, r engine.Reader, images []Image) {
	var g errgroup.Group
	g.SetLimit(8)
	for i := range images {
		im := &images[i]
		im.Registry = []InRegistry{}
		for _, tag := range im.Tags {
			if im.digestsOf(tag) != nil {
				im.Registry = append(im.Registry, InRegistry{Tag: tag})
			}
		}
		for n := range im.Registry {
			g.Go(func() error {
				im.Registry[n].ask(ctx, r, im.digestsOf(im.Registry[n].Tag))
				return nil // what went wrong is in the answer
			})
		}
	}
	_ = g.Wait()
}

func (in *InRegistry) ask(ctx context.Context, r engine.Reader, here []string) {
	got, err := r.DistributionInspect(ctx, in.Tag, "")
	switch in.Digest = got.Descriptor.Digest.String(); {
	case errdefs.IsNotFound(err):
		in.State = "absent"
	case err != nil:
		in.State, in.Error = "unknown", err.Error()
	case slices.Contains(here, in.Digest):
		in.State = "same"
	default:
		in.State = "behind"
	}
}

// digestsOf returns by which digests an image is known in the repository of a tag;
// nil if it never was there.
func (im *Image) digestsOf(tag string) []string {
	var out []string
	for _, d := range im.Digests {
		of, digest, _ := strings.Cut(d, "@")
		if word, its := strings.CutPrefix(tag, of+":"); its && !strings.Contains(word, "/") {
			out = append(out, digest)
		}
	}
	return out
}

// Images returns the images that containers of the stack have been made from,
// and those that bay holds for it, by their names.
func Images(ctx context.Context, r engine.Reader, stack string, all []Object) ([]Image, error) {
	containers, err := stackContainers(ctx, r, stack)
	if err != nil {
		return nil, err
	}
	list, err := r.ImageList(ctx, image.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("listing images: %w", err)
	}
	at := addresses(all)
	users := map[string][]ir.Addr{}
	for _, c := range containers {
		if a, ok := at[c.ID]; ok && !slices.Contains(users[c.ImageID], a) {
			users[c.ImageID] = append(users[c.ImageID], a)
		}
	}
	out := []Image{}
	for _, x := range list {
		held := slices.ContainsFunc(x.RepoTags, func(t string) bool { return strings.HasPrefix(t, pinned+stack+"/") })
		if x.Labels[engine.LabelImageFiles] != "" || !held && users[x.ID] == nil {
			continue
		}
		im := Image{ID: x.ID, Tags: []string{}, Digests: []string{}, Size: x.Size, Created: time.Unix(x.Created, 0).UTC(), UsedBy: users[x.ID]}
		for _, t := range x.RepoTags {
			switch pin, own := strings.CutPrefix(t, pinned); {
			case own && strings.HasPrefix(pin, stack+"/"):
				im.Pin = pin
			case !own && t != none+":"+none:
				im.Tags = append(im.Tags, t)
			}
		}
		for _, d := range x.RepoDigests {
			if !strings.HasPrefix(d, none) && !strings.HasPrefix(d, pinned) {
				im.Digests = append(im.Digests, d)
			}
		}
		slices.SortFunc(im.UsedBy, ir.Addr.Compare)
		slices.Sort(im.Tags)
		slices.Sort(im.Digests)
		if im.UsedBy == nil {
			im.UsedBy = []ir.Addr{}
		}
		out = append(out, im)
	}
	slices.SortFunc(out, func(a, b Image) int { return cmp.Or(slices.Compare(a.Tags, b.Tags), strings.Compare(a.ID, b.ID)) })
	return out, nil
}

// none is what engines of old say instead of nothing.
const none = "<none>"

// Volume is one of a stack's.
type Volume struct {
	Address ir.Addr   `json:"address"`
	Name    string    `json:"name"`
	Driver  string    `json:"driver"`
	Created string    `json:"created"` // as the engine has it
	Path    string    `json:"path"`    // on the engine's host
	UsedBy  []MountOf `json:"used_by"`
}

// MountOf is a place at which a container has a volume.
type MountOf struct {
	Address  string `json:"address"` // of a container that is none of the stack's, its name
	Path     string `json:"path"`
	ReadOnly bool   `json:"read_only"`
}

// Volumes returns the volumes among the chosen objects, with who has them.
func Volumes(ctx context.Context, r engine.Reader, all, chosen []Object) ([]Volume, error) {
	containers, err := r.ContainerList(ctx, container.ListOptions{All: true})
	if err != nil {
		return nil, fmt.Errorf("listing containers: %w", err)
	}
	out := []Volume{}
	for _, o := range chosen {
		if o.sort != sortVolume {
			continue
		}
		got, err := r.VolumeInspect(ctx, o.Name)
		switch {
		case engine.Gone(err):
			continue
		case err != nil:
			return nil, fmt.Errorf("inspecting %s: %w", o.Addr, err)
		}
		v := Volume{Address: o.Addr, Name: o.Name, Driver: got.Driver, Created: got.CreatedAt, Path: got.Mountpoint, UsedBy: []MountOf{}}
		for _, c := range containers {
			for _, m := range c.Mounts {
				if m.Type == "volume" && m.Name == o.Name {
					v.UsedBy = append(v.UsedBy, MountOf{whose(all, o.Stack, c.ID, nameOf(c)), m.Destination, !m.RW})
				}
			}
		}
		slices.SortFunc(v.UsedBy, func(a, b MountOf) int {
			return cmp.Or(strings.Compare(a.Address, b.Address), strings.Compare(a.Path, b.Path))
		})
		out = append(out, v)
	}
	return out, nil
}

// Network is one of a stack's.
type Network struct {
	Address  ir.Addr  `json:"address"`
	Name     string   `json:"name"`
	ID       string   `json:"id"`
	Driver   string   `json:"driver"`
	Internal bool     `json:"internal"`
	Subnets  []string `json:"subnets"`
	Guests   []Guest  `json:"guests"`
}

// Guest is a running container on a network.
type Guest struct {
	Address string `json:"address"` // of one that is none of the stack's, its name
	IPv4    string `json:"ipv4"`    // "" for none, without the subnet's length
	IPv6    string `json:"ipv6"`
	MAC     string `json:"mac"`
}

// Networks returns the networks among the chosen objects, with who is on them.
func Networks(ctx context.Context, r engine.Reader, all, chosen []Object) ([]Network, error) {
	out := []Network{}
	for _, o := range chosen {
		if o.sort != sortNetwork {
			continue
		}
		got, err := r.NetworkInspect(ctx, o.ID, network.InspectOptions{})
		switch {
		case engine.Gone(err):
			continue
		case err != nil:
			return nil, fmt.Errorf("inspecting %s: %w", o.Addr, err)
		}
		n := Network{Address: o.Addr, Name: o.Name, ID: o.ID, Driver: got.Driver, Internal: got.Internal, Subnets: []string{}, Guests: []Guest{}}
		for _, c := range got.IPAM.Config {
			n.Subnets = append(n.Subnets, c.Subnet)
		}
		for id, g := range got.Containers {
			v4, _, _ := strings.Cut(g.IPv4Address, "/")
			v6, _, _ := strings.Cut(g.IPv6Address, "/")
			n.Guests = append(n.Guests, Guest{whose(all, o.Stack, id, g.Name), v4, v6, g.MacAddress})
		}
		slices.SortFunc(n.Guests, func(a, b Guest) int { return strings.Compare(a.Address, b.Address) })
		out = append(out, n)
	}
	return out, nil
}

// whose names a container: by its address if it is the stack's.
func whose(all []Object, stack, id, name string) string {
	for _, o := range all {
		if o.ID == id && o.Stack == stack && !o.Once {
			return o.Addr.String()
		}
	}
	return name
}

func addresses(all []Object) map[string]ir.Addr {
	out := map[string]ir.Addr{}
	for _, o := range all {
		if o.ID != "" {
			out[o.ID] = o.Addr
		}
	}
	return out
}

func stackContainers(ctx context.Context, r engine.Reader, stack string) ([]container.Summary, error) {
	list, err := r.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("label", engine.LabelStack+"="+stack))})
	if err != nil {
		return nil, fmt.Errorf("listing containers: %w", err)
	}
	return list, nil
}

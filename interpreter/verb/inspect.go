package verb

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"bayplan/interpreter/engine"
	"bayplan/lang/ir"

	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
)

// WithImages returns objects with the images that bay holds for stacks, each at the
// address that its own tag or label tells; the newest stands for it. Of what a module
// pulls, the tag tells the address to who knows it: what needs it does, and known are
// others.
func WithImages(ctx context.Context, r engine.Reader, all []Object, known []ir.Addr) ([]Object, error) {
	list, err := r.ImageList(ctx, image.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("listing images: %w", err)
	}
	known = slices.Clone(known)
	for _, o := range all {
		known = append(known, o.Identity.Deps...)
	}
	out := slices.Clone(all)
	for _, x := range list {
		if x.Labels[engine.LabelImageFiles] != "" {
			continue
		}
		seen := map[string]bool{}
		for _, t := range x.RepoTags {
			stack, label, ours := strings.Cut(strings.TrimPrefix(t, pinned), "/")
			if !ours || !strings.HasPrefix(t, pinned) || seen[stack] {
				continue
			}
			addr, err := ir.ParseAddr(x.Labels[engine.LabelImageAddr])
			if err != nil || x.Labels[engine.LabelImageStack] != stack {
				addr = pulledAs(label, known)
			}
			seen[stack] = true
			o := Object{Stack: stack, Addr: addr, Name: t, ID: x.ID, Created: x.Created, sort: sortImage}
			for _, name := range x.RepoTags {
				if !strings.HasPrefix(name, pinned) {
					o.Name = name
					break
				}
			}
			out = append(out, o)
		}
	}
	markTwins(out)
	return out, nil
}

// pulledAs returns the address of an image in whose pin this stands behind the
// stack.
func pulledAs(pin string, known []ir.Addr) ir.Addr {
	name, _, _ := strings.Cut(pin, ":")
	for _, a := range known {
		if a.Kind == "image" && strings.HasSuffix(name, engine.PinEnd(a)) {
			return a
		}
	}
	return ir.Addr{Kind: "image", Label: name}
}

// Inspect returns what the engine says of an object, as its own JSON has it.
func Inspect(ctx context.Context, r engine.Reader, o Object) (any, error) {
	var doc any
	var err error
	switch o.sort {
	case sortContainer:
		doc, err = r.ContainerInspect(ctx, o.ID)
	case sortImage:
		doc, err = r.ImageInspect(ctx, o.ID)
	case sortNetwork:
		doc, err = r.NetworkInspect(ctx, o.ID, network.InspectOptions{})
	default:
		doc, err = r.VolumeInspect(ctx, o.Name)
	}
	if err != nil {
		return nil, fmt.Errorf("inspecting %s: %w", o, err)
	}
	return doc, nil
}

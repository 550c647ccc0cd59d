package verb

import (
	"context"
	"fmt"

	"bayplan/interpreter/engine"

	"github.com/docker/docker/api/types/network"
)

// Inspect returns what the engine says of an object, as its own JSON has it.
func Inspect(ctx context.Context, r engine.Reader, o Object) (any, error) {
	var doc any
	var err error
	switch o.sort {
	case sortContainer:
		doc, err = r.ContainerInspect(ctx, o.ID)
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

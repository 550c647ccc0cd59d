package container_test

import (
	"context"
	"testing"

	"bayplan/golden/slice"
	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind/kindtest"
)

// TestDockerInspect holds that the embedded engine says of a container that was
// made with each attribute what a Docker Engine of its version does, DOCKER
// attributes of them.
func TestDockerInspect(t *testing.T) {
	e := kindtest.Docker(t)
	x := kindtest.Twins{
		Docker: onDocker(t, e), Embedded: onDocker(t, kindtest.Embedded(t, e.Info.API)),
		Look: func(ctx context.Context, r engine.Reader, id string) (any, error) { return r.ContainerInspect(ctx, id) },
		Differ: map[string]string{
			"Config.Hostname":             "the short ID, where nobody says another",
			"Config.Labels.bayplan.run":   "drawn for every apply",
			"Config.Labels.bayplan.uid":   "drawn for every object",
			"Created":                     "a time",
			"Driver":                      "the storage driver of this machine",
			"GraphDriver":                 "where that keeps files",
			"HostConfig.LogConfig.Config": "options that this machine's daemon.json sets for all containers",
		},
		Refused: refused,
	}
	x.Inspect(t, slice.Of(t, "DOCKER", 5))
}

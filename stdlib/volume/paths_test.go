package volume_test

import (
	"testing"

	"bayplan/interpreter/kind/kindtest"
	"bayplan/stdlib/volume"

	api "github.com/docker/docker/api/types/volume"
)

// TestPaths wants each attribute to name its place in the engine's API.
func TestPaths(t *testing.T) {
	kindtest.Paths(t, volume.Kind.Schema().New(), nil, api.CreateOptions{})
}

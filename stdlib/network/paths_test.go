package network_test

import (
	"testing"

	"bayplan/interpreter/kind/kindtest"
	"bayplan/stdlib/network"

	api "github.com/docker/docker/api/types/network"
)

// TestPaths wants each attribute to name its place in the engine's API.
func TestPaths(t *testing.T) {
	kindtest.Paths(t, network.Kind.Schema().New(), nil, api.CreateRequest{})
}

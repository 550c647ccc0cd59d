package container_test

import (
	"testing"

	"bayplan/interpreter/kind/kindtest"
	"bayplan/stdlib/container"

	api "github.com/docker/docker/api/types/container"
)

// TestPaths wants each attribute to name its place in the engine's API.
func TestPaths(t *testing.T) {
	kindtest.Paths(t, container.Kind.Schema().New(), map[string]string{
		"files":                    "they are put in as an archive",
		"platform":                 "it stands in the query of the create call",
		"console_size.height":      pair,
		"console_size.width":       pair,
		"links.container":          text,
		"links.alias":              text,
		"networks.links.container": text,
		"networks.links.alias":     text,
		"volumes_from.container":   text,
		"volumes_from.read_only":   text,
	}, api.InspectResponse{}, api.CreateRequest{})
}

const (
	pair = "the engine has two numbers without names"
	text = "the engine has one text"
)

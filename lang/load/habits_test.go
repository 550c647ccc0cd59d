package load

import (
	"testing"

	"bayplan/lang/hclfile"
	"bayplan/lang/load/loadtest"
	"bayplan/lang/starfile"
)

// TestHabits holds what is said to people who come from Compose, Terraform,
// docker run, Kubernetes and Python, with the kinds and functions that bay has.
func TestHabits(t *testing.T) {
	loadtest.CheckIn(t, shipped(), "testdata/habits.bay.hcl", hclfile.Read)
	loadtest.CheckIn(t, shipped(), "testdata/habits.bay.star", starfile.Read)
}

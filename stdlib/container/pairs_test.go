package container_test

import (
	"fmt"
	"testing"

	"bayplan/golden/slice"
	"bayplan/interpreter/kind/kindtest"
)

// apart are attributes that cannot stand together.
var apart = []kindtest.Apart{
	{A: "network_mode", B: "networks", Why: "a container with a mode is on no network by name"},
	{A: "network_mode", B: "ports", Why: "the modes none and host publish no ports"},
	{A: "network_mode", B: "publish_all_ports", Why: "the modes none and host publish no ports"},
	{A: "links", B: "networks", Why: "links of a whole container are of the mode bridge alone"},
	{A: "files", B: "read_only", Why: "the engine puts no file into a container that is read-only"},
	{A: "hostname", B: "uts", Why: "with the host's names it has the host's name"},
	{A: "cpus", B: "cpu_period", Why: "cpus is a period and a quota in one number"},
	{A: "cpus", B: "cpu_quota", Why: "cpus is a period and a quota in one number"},
}

// TestPairs tries attributes two by two: all of them with PAIRS=all, else some
// that are others every day.
func TestPairs(t *testing.T) {
	part := slice.Of(t, "PAIRS", 30)
	table := &kindtest.Table{Rows: apart}
	t.Run("engines", func(t *testing.T) {
		for _, api := range versions {
			t.Run(api, func(t *testing.T) {
				t.Parallel()
				suite(t, kindtest.Embedded(t, api)).Pairs(t, table, part)
			})
		}
	})
	if part.Size == 0 {
		table.Unused(t)
	}
}

// TestCover packs the attributes into few containers, in which each two that
// can stand together do.
func TestCover(t *testing.T) {
	for _, api := range versions {
		t.Run(api, func(t *testing.T) {
			t.Parallel()
			s := suite(t, kindtest.Embedded(t, api))
			for i, xs := range s.Cover(&kindtest.Table{Rows: apart}, 1, 100) {
				t.Run(fmt.Sprint(i), func(t *testing.T) { s.Packed(t, xs) })
			}
		})
	}
}

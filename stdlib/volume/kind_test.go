package volume_test

import (
	"testing"

	"bayplan/golden/slice"
	"bayplan/interpreter/kind"
	"bayplan/interpreter/kind/kindtest"
	"bayplan/lang/ir"
	"bayplan/stdlib/volume"
)

// TestEveryAttribute makes, changes and takes away each attribute on engines
// of several versions, alone and two by two, where data may be lost.
func TestEveryAttribute(t *testing.T) {
	obj, str := kindtest.Obj, ir.StringVal
	samples := []kindtest.Sample{
		{Attr: "name", A: str("kt-one"), B: str("kt-two")},
		{Attr: "driver", A: str("local"), Same: true},
		{Attr: "options", A: obj("type", "tmpfs", "device", "tmpfs"), B: obj("type", "tmpfs", "device", "tmpfs", "o", "size=1m")},
		{Attr: "labels", A: obj("a", "1", "b", "2"), B: obj("a", "3")},
	}
	for _, api := range []string{"1.41", "1.44", "1.47", "1.51"} {
		t.Run(api, func(t *testing.T) {
			s := kindtest.Suite{
				Kinds: []kind.Kind{volume.Kind}, Engine: kindtest.Embedded(t, api), Stack: "kt", Dir: t.TempDir(), Lose: true,
				Subject: kindtest.Decl{Addr: "volume.v"}, Samples: samples,
				Without: map[string]string{"cluster": "no engine here is part of a swarm; TestCluster says what is sent"},
			}
			s.Run(t)
			s.Pairs(t, &kindtest.Table{}, slice.Slice{})
		})
	}
}

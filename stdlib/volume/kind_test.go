package volume_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"bayplan/golden/slice"
	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/interpreter/kind/kindtest"
	"bayplan/lang/ir"
	"bayplan/stdlib/volume"
)

// TestLanguages holds that no attribute is in one language only.
func TestLanguages(t *testing.T) {
	suite(t, kindtest.Embedded(t, "1.51")).Languages(t, kindtest.Sample{
		Attr: "cluster", A: volume.OfSwarm, B: kindtest.Obj("type", "block"), With: kindtest.Attrs{"driver": ir.StringVal("csi")},
	})
}

// suite is a volume whose data may be lost.
func suite(t *testing.T, e *engine.Engine) kindtest.Suite {
	obj, str := kindtest.Obj, ir.StringVal
	return kindtest.Suite{
		Kinds: []kind.Kind{volume.Kind}, Engine: e, Stack: "kt", Dir: t.TempDir(), Lose: true,
		Subject: kindtest.Decl{Addr: "volume.v"},
		Samples: []kindtest.Sample{
			{Attr: "name", A: str("kt-one"), B: str("kt-two")},
			{Attr: "driver", A: str("local"), Same: true},
			{Attr: "options", A: obj("type", "tmpfs", "device", "tmpfs"), B: obj("type", "tmpfs", "device", "tmpfs", "o", "size=1m")},
			{Attr: "labels", A: obj("a", "1", "b", "2"), B: obj("a", "3")},
		},
		Without: map[string]string{"cluster": "no engine here is part of a swarm; TestCluster says what is sent"},
	}
}

// TestEveryAttribute makes, changes and takes away each attribute on engines
// of several versions, alone and two by two.
func TestEveryAttribute(t *testing.T) {
	for _, api := range []string{"1.41", "1.44", "1.47", "1.51"} {
		t.Run(api, func(t *testing.T) {
			s := suite(t, kindtest.Embedded(t, api))
			s.Run(t)
			s.Pairs(t, &kindtest.Table{}, slice.Slice{})
		})
	}
}

// TestDocker makes volumes with each attribute on a Docker Engine.
func TestDocker(t *testing.T) {
	onDocker(t, kindtest.Docker(t)).OnDocker(t, &kindtest.Table{}, nil)
}

// TestDockerInspect holds that the embedded engine says of a volume that was
// made with each attribute what a Docker Engine of its version does.
func TestDockerInspect(t *testing.T) {
	e := kindtest.Docker(t)
	x := kindtest.Twins{
		Docker: onDocker(t, e), Embedded: onDocker(t, kindtest.Embedded(t, e.Info.API)),
		Look: func(ctx context.Context, r engine.Reader, name string) (any, error) {
			return r.VolumeInspect(ctx, name)
		},
		Differ: map[string]string{
			"CreatedAt":          "a time",
			"Labels.bayplan.run": "drawn for every apply",
			"Labels.bayplan.uid": "drawn for every object",
		},
	}
	x.Inspect(t, slice.Of(t, "DOCKER", 5))
}

// onDocker is the suite on an engine that others use too: names are of this run
// alone.
func onDocker(t *testing.T, e *engine.Engine) kindtest.Suite {
	s := suite(t, e)
	s.Stack, s.Shared = fmt.Sprintf("ktv%d", os.Getpid()), true
	return s.Renamed(strings.NewReplacer("kt-", s.Stack+"-"))
}

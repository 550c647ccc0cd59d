package network_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"

	"bayplan/golden/slice"
	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind/kindtest"

	netapi "github.com/docker/docker/api/types/network"
)

// refused are the attributes that an engine may refuse, for what its host
// lacks.
var refused = kindtest.Refusals{
	{Attr: "driver", Says: "operation not supported"}, // a kernel without macvlan
}

// TestDocker makes networks with each attribute on a Docker Engine.
func TestDocker(t *testing.T) {
	onDocker(t, kindtest.Docker(t)).OnDocker(t, &kindtest.Table{Rows: apart}, refused)
}

// TestDockerInspect holds that the embedded engine says of a network that was
// made with each attribute what a Docker Engine of its version does, DOCKER
// attributes of them.
func TestDockerInspect(t *testing.T) {
	e := kindtest.Docker(t)
	x := kindtest.Twins{
		Docker: onDocker(t, e), Embedded: onDocker(t, kindtest.Embedded(t, e.Info.API)), Look: look,
		Differ: map[string]string{
			"Created":            "a time",
			"Labels.bayplan.run": "drawn for every apply",
			"Labels.bayplan.uid": "drawn for every object",
		},
		Refused: refused,
	}
	x.Inspect(t, slice.Of(t, "DOCKER", 5))
}

// look inspects a network. A subnet that the engine picked depends on what else
// is there, so that only its place, and that of its gateway in it, count.
func look(ctx context.Context, r engine.Reader, id string) (any, error) {
	n, err := r.NetworkInspect(ctx, id, netapi.InspectOptions{})
	for i, c := range n.IPAM.Config {
		subnet, wrong := netip.ParsePrefix(c.Subnet)
		if wrong != nil || !picked(subnet) {
			continue
		}
		n.IPAM.Config[i].Subnet = "picked"
		if c.Gateway == subnet.Addr().Next().String() {
			n.IPAM.Config[i].Gateway = "the first of it"
		}
	}
	return n, err
}

// picked reports whether a subnet is of those that engines pick by themselves.
func picked(subnet netip.Prefix) bool {
	return netip.MustParsePrefix("172.16.0.0/12").Contains(subnet.Addr()) || netip.MustParsePrefix("192.168.0.0/16").Contains(subnet.Addr())
}

// onDocker is the suite on an engine that others use too: names and subnets are
// of this run alone.
func onDocker(t *testing.T, e *engine.Engine) kindtest.Suite {
	pid := os.Getpid()
	s := suite(t, e)
	s.Stack, s.Shared = fmt.Sprintf("ktn%d", pid), true
	return s.Renamed(strings.NewReplacer("kt-", s.Stack+"-",
		"10.78.", fmt.Sprintf("10.%d.", 50+pid%25*2), "10.79.", fmt.Sprintf("10.%d.", 51+pid%25*2),
		"fd00:78:", fmt.Sprintf("fd00:78:%x:", pid%0xffff), "fd00:79:", fmt.Sprintf("fd00:79:%x:", pid%0xffff)))
}

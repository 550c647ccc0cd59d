package container_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"bayplan/golden/slice"
	"bayplan/interpreter/kind/kindtest"
	"bayplan/lang/ir"
)

// TestSoak makes random stacks in memory, SOAK of them. A failure names its
// seed: SOAK=1 SOAK_SEED=N makes that one again.
func TestSoak(t *testing.T) {
	part := slice.Of(t, "SOAK", 20)
	for i, api := range versions {
		t.Run(api, func(t *testing.T) {
			t.Parallel()
			x := soak(suite(t, kindtest.Embedded(t, api)))
			x.Log = func(s string) { t.Log(s) }
			x.Run(t, part, i, len(versions))
		})
	}
}

// TestSoakDocker does the same on a Docker Engine, SOAK_DOCKER times.
func TestSoakDocker(t *testing.T) {
	part := slice.Of(t, "SOAK_DOCKER", 2)
	s := onDocker(t, kindtest.Docker(t))
	s.Samples = slices.DeleteFunc(s.Samples, refused.May)
	soak(s).Run(t, part, 0, 1)
}

func soak(s kindtest.Suite) kindtest.Soak {
	return kindtest.Soak{
		Suite: s, Apart: &kindtest.Table{Rows: apart}, Most: 5,
		Once:   []string{"name", "ports", "networks"},
		Beside: beside,
	}
}

// beside are random networks and volumes, and how containers use them.
func beside(r *rand.Rand) (decls []kindtest.Decl, refer func(*rand.Rand, kindtest.Attrs)) {
	var nets, vols []ir.Value
	for i := range r.IntN(3) {
		addr := fmt.Sprintf("network.n%d", i)
		attrs := kindtest.Attrs{}
		for _, a := range []string{"internal", "attachable"} {
			if r.IntN(3) == 0 {
				attrs[a] = ir.BoolVal(true)
			}
		}
		if r.IntN(2) == 0 {
			attrs["labels"] = kindtest.Obj("soak", r.IntN(9))
		}
		decls, nets = append(decls, kindtest.Decl{Addr: addr, Attrs: attrs}), append(nets, handle(addr))
	}
	for i := range r.IntN(3) {
		addr := fmt.Sprintf("volume.v%d", i)
		decls, vols = append(decls, kindtest.Decl{Addr: addr}), append(vols, handle(addr))
	}
	return decls, func(r *rand.Rand, attrs kindtest.Attrs) {
		_, named := attrs["networks"]
		_, mode := attrs["network_mode"]
		if len(nets) > 0 && !named && !mode && r.IntN(2) == 0 {
			attrs["networks"] = ir.ListVal(nets[r.IntN(len(nets))])
		}
		if _, mounts := attrs["mounts"]; len(vols) > 0 && !mounts && r.IntN(2) == 0 {
			attrs["mounts"] = ir.ListVal(kindtest.Obj("volume", vols[r.IntN(len(vols))], "target", "/soak"))
		}
	}
}

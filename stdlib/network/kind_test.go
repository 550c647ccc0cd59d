package network_test

import (
	"testing"

	"bayplan/interpreter/kind"
	"bayplan/interpreter/kind/kindtest"
	"bayplan/lang/ir"
	"bayplan/stdlib/network"
)

// TestEveryAttribute makes, changes and takes away each attribute on engines
// of several versions.
func TestEveryAttribute(t *testing.T) {
	obj, str, yes := kindtest.Obj, ir.StringVal, ir.BoolVal(true)
	pool := func(kv ...any) ir.Value { return obj("config", ir.ListVal(obj(kv...))) }
	samples := []kindtest.Sample{
		{Attr: "name", A: str("kt-one"), B: str("kt-two")},
		{Attr: "driver", A: str("macvlan"), B: str("ipvlan")},
		{Attr: "internal", A: yes},
		{Attr: "attachable", A: yes},
		{Attr: "ipam", A: str("10.78.0.0/24"), B: str("10.79.0.0/24")},
		{Attr: "ipam", A: pool("subnet", "10.78.0.0/24", "gateway", "10.78.0.9"), B: pool("subnet", "10.78.0.0/24", "ip_range", "10.78.0.128/25")},
		{Attr: "ipam", A: pool("subnet", "10.78.0.0/24", "aux_addresses", obj("nas", "10.78.0.5")), B: pool("subnet", "10.78.0.0/24", "aux_addresses", obj("nas", "10.78.0.6"))},
		{Attr: "options", A: obj("com.docker.network.driver.mtu", "1400"), B: obj("com.docker.network.driver.mtu", "1300")},
		{Attr: "labels", A: obj("a", "1", "b", "2"), B: obj("a", "3")},
	}
	for _, api := range []string{"1.41", "1.44", "1.51"} {
		t.Run(api, func(t *testing.T) {
			t.Parallel()
			kindtest.Suite{
				Kinds: []kind.Kind{network.Kind}, Engine: kindtest.Embedded(t, api), Stack: "kt", Dir: t.TempDir(),
				Subject: kindtest.Decl{Addr: "network.n"}, Samples: samples,
				Without: map[string]string{"ipv6": "it goes together with a subnet in ipam"},
			}.Run(t)
		})
	}
}

package network_test

import (
	"testing"

	"bayplan/golden/slice"
	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/interpreter/kind/kindtest"
	"bayplan/lang/ir"
	"bayplan/stdlib/network"

	netapi "github.com/docker/docker/api/types/network"
)

var versions = []string{"1.41", "1.44", "1.47", "1.51"}

// TestEveryAttribute makes, changes and takes away each attribute on engines
// of several versions.
func TestEveryAttribute(t *testing.T) {
	reach := kindtest.NewReach()
	t.Run("alone", func(t *testing.T) {
		for _, api := range versions {
			t.Run(api, func(t *testing.T) {
				t.Parallel()
				s := suite(t, kindtest.Embedded(t, api))
				s.Reach = reach
				s.Run(t)
			})
		}
	})
	reach.Check(t, "NetworkCreate", netapi.CreateRequest{}, map[string]string{
		"CheckDuplicate": "what docker's own client adds for engines before 25.0",
		"ConfigFrom":     "the engine takes no labels beside it, by which the network would be known",
		"Ingress":        "TestSwarm: no engine here is part of a swarm",
	})
}

// apart are attributes that cannot stand together.
var apart = []kindtest.Apart{
	{A: "config_only", B: "attachable", Why: settings},
	{A: "config_only", B: "driver", Why: settings},
	{A: "config_only", B: "internal", Why: settings},
	{A: "config_only", B: "scope", Why: settings},
}

const settings = "what holds the settings of a network is not itself of any sort"

// TestPairs tries attributes two by two.
func TestPairs(t *testing.T) {
	table := &kindtest.Table{Rows: apart}
	t.Run("engines", func(t *testing.T) {
		for _, api := range versions {
			t.Run(api, func(t *testing.T) {
				t.Parallel()
				suite(t, kindtest.Embedded(t, api)).Pairs(t, table, slice.Slice{})
			})
		}
	})
	table.Unused(t)
}

// TestLanguages holds that no attribute is in one language only.
func TestLanguages(t *testing.T) {
	subnet := kindtest.Attrs{"ipam": kindtest.Obj("config", ir.ListVal(ir.StringVal("fd00:77::/64")))}
	suite(t, kindtest.Embedded(t, "1.51")).Languages(t,
		kindtest.Sample{Attr: "ipv6", A: ir.BoolVal(true), With: subnet},
		kindtest.Sample{Attr: "ingress", A: ir.BoolVal(true), With: kindtest.Attrs{"driver": ir.StringVal("overlay"), "scope": ir.StringVal("swarm")}},
	)
}

// suite is a network with nothing beside it.
func suite(t *testing.T, e *engine.Engine) kindtest.Suite {
	return kindtest.Suite{
		Kinds: []kind.Kind{network.Kind}, Engine: e, Stack: "kt", Dir: t.TempDir(),
		Subject: kindtest.Decl{Addr: "network.n"}, Samples: samples(),
		Without: map[string]string{
			"ipv6": "it goes together with a subnet in ipam", "ingress": "no engine here is part of a swarm; TestSwarm says what is sent",
		},
	}
}

func samples() []kindtest.Sample {
	obj, str, yes := kindtest.Obj, ir.StringVal, ir.BoolVal(true)
	pool := func(kv ...any) ir.Value { return obj("config", ir.ListVal(obj(kv...))) }
	return []kindtest.Sample{
		{Attr: "name", A: str("kt-one"), B: str("kt-two")},
		{Attr: "driver", A: str("macvlan"), B: str("ipvlan")},
		{Attr: "driver", A: str("bridge"), Same: true},
		{Attr: "internal", A: yes},
		{Attr: "ipv4", A: yes, Same: true},
		{Attr: "ipam", A: obj("config", ir.ListVal(str("10.78.0.0/24"), str("fd00:78::/64"))), B: obj("config", ir.ListVal(str("10.78.0.0/24"), str("fd00:79::/64"))), With: kindtest.Attrs{"ipv6": yes}, Stays: true},
		{Attr: "ipam", A: obj("driver", "default", "options", obj("a", "1"), "config", ir.ListVal(str("10.78.0.0/24"))), B: obj("options", obj("a", "2"), "config", ir.ListVal(str("10.78.0.0/24")))},
		{Attr: "ipam", A: obj("driver", "default"), Same: true},
		{Attr: "scope", A: str("local"), Same: true},
		{Attr: "config_only", A: yes},
		{Attr: "attachable", A: yes},
		{Attr: "ipam", A: str("10.78.0.0/24"), B: str("10.79.0.0/24")},
		{Attr: "ipam", A: pool("subnet", "10.78.0.0/24", "gateway", "10.78.0.9"), B: pool("subnet", "10.78.0.0/24", "ip_range", "10.78.0.128/25")},
		{Attr: "ipam", A: pool("subnet", "10.78.0.0/24", "aux_addresses", obj("nas", "10.78.0.5")), B: pool("subnet", "10.78.0.0/24", "aux_addresses", obj("nas", "10.78.0.6"))},
		{Attr: "options", A: obj("com.docker.network.driver.mtu", "1400"), B: obj("com.docker.network.driver.mtu", "1300")},
		{Attr: "labels", A: obj("a", "1", "b", "2"), B: obj("a", "3")},
	}
}

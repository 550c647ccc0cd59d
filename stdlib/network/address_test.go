package network

import (
	"slices"
	"testing"

	"bayplan/interpreter/engine"

	api "github.com/docker/docker/api/types/network"
	"github.com/google/go-cmp/cmp"
)

// TestKept asks for the addresses that guests had, as far as the new subnets
// have them.
func TestKept(t *testing.T) {
	guest := func(name, asked, had4, had6 string) member {
		m := member{name: name, endpoint: &api.EndpointSettings{Aliases: []string{name}}, ipv4: had4, ipv6: had6}
		if asked != "" {
			m.endpoint.IPAMConfig = &api.EndpointIPAMConfig{IPv4Address: asked}
		}
		return m
	}
	guests := []member{
		guest("stopped", "", "", ""), guest("elsewhere", "", "10.9.0.2", ""), guest("gateway", "", "10.1.0.9", ""), guest("aside", "", "10.1.0.8", ""),
		guest("first", "", "10.2.0.1", ""), guest("first of a range", "", "10.3.0.129", ""), guest("before a range", "", "10.3.0.1", ""),
		guest("picked", "", "10.1.0.2", "fd00::2"), guest("asked", "10.1.0.3", "10.1.0.3", ""), guest("asked elsewhere", "10.9.0.3", "", ""),
	}
	pools := []Pool{
		{Subnet: "10.1.0.0/24", Gateway: "10.1.0.9", Aux: map[string]string{"nas": "10.1.0.8"}}, {Subnet: "fd00::/64"},
		{Subnet: "10.2.0.0/24"}, {Subnet: "10.3.0.0/24", IPRange: "10.3.0.128/25"},
	}
	var got []string
	for _, m := range kept(guests, pools) {
		line := m.name
		if c := m.endpoint.IPAMConfig; c != nil {
			line += " " + c.IPv4Address + " " + c.IPv6Address
		}
		got = append(got, line)
	}
	if diff := cmp.Diff([]string{
		"before a range 10.3.0.1 ", "picked 10.1.0.2 fd00::2", "asked 10.1.0.3 ",
		"stopped", "elsewhere", "gateway", "aside", "first", "first of a range", "asked elsewhere",
	}, got); diff != "" {
		t.Error(diff)
	}
	if guests[slices.IndexFunc(guests, func(m member) bool { return m.name == "picked" })].endpoint.IPAMConfig != nil {
		t.Error("what was read has changed")
	}
}

func TestLost(t *testing.T) {
	pools := []Pool{{Subnet: "10.1.0.0/24"}}
	for _, c := range []struct {
		about string
		guest member
		api   string
		want  string
	}{
		{"nothing to lose", member{}, "1.51", ""},
		{"its address is kept", member{ipv4: "10.1.0.2"}, "1.41", ""},
		{"its address is of another subnet", member{ipv4: "10.2.0.2"}, "1.41", "at an address that the engine picks"},
		{"old engines remember the MAC address", member{mac: "02:00:00:00:00:09", ipv4: "10.1.0.2"}, "1.41", ""},
		{"newer ones take none when they connect", member{mac: "02:00:00:00:00:09", ipv4: "10.1.0.2"}, "1.44", "without its MAC address"},
	} {
		if got := c.guest.lost(pools, engine.Info{API: c.api}); got != c.want {
			t.Errorf("%s: got %q, want %q", c.about, got, c.want)
		}
	}
}

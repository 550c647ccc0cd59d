package embedded

import (
	"net/http"
	"time"

	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
)

func (c *call) networkList(string) error {
	args, err := c.filters("dangling", "driver", "id", "label", "name", "scope", "type", "idOrName")
	if err != nil {
		return err
	}
	var found []network.Inspect
	err = c.read(func(s *State, _ time.Time) error { found = s.listNetworks(args); return nil })
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, found)
}

// listNetworks returns the networks that pass a list's filters.
func (s *State) listNetworks(args filters.Args) []network.Inspect {
	found := []network.Inspect{}
	for _, id := range sorted(s.Networks) {
		n := s.Networks[id]
		if s.networkFits(n, args) {
			found = append(found, *copied(ptr(s.inspectNetwork(n, false))))
		}
	}
	return found
}

func (s *State) networkFits(n *Network, args filters.Args) bool {
	kind := "custom"
	if predefined(n.Name) {
		kind = "builtin"
	}
	dangling := kind == "custom" && len(s.members(n)) == 0
	if args.Contains("dangling") {
		want, err := args.GetBoolOrDefault("dangling", false)
		if err != nil || want != dangling {
			return false
		}
	}
	exact := func(key, v string) bool { return !args.Contains(key) || args.ExactMatch(key, v) }
	return args.Match("name", n.Name) && args.Match("id", n.ID) && args.MatchKVList("label", n.Asked.Labels) &&
		exact("driver", n.Driver) && exact("scope", n.Scope) && exact("type", kind)
}

func (c *call) networkCreate(string) error {
	var req network.CreateRequest
	if err := c.body(&req); err != nil {
		return err
	}
	var resp network.CreateResponse
	err := c.change(func(s *State, now time.Time) (err error) {
		resp, err = s.CreateNetwork(now, c.v, req)
		return err
	})
	if err != nil {
		return err
	}
	return c.answer(http.StatusCreated, resp)
}

func (c *call) networkInspect(ref string) error {
	var doc *network.Inspect
	err := c.read(func(s *State, _ time.Time) error {
		n, err := s.Network(ref)
		if err == nil {
			doc = copied(ptr(s.inspectNetwork(n, true)))
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, doc)
}

func (c *call) networkRemove(ref string) error {
	return c.changed(http.StatusNoContent, func(s *State, now time.Time) error { return s.RemoveNetwork(now, ref) })
}

func (c *call) networkPrune(string) error {
	args, err := c.filters("label", "label!", "until")
	if err != nil {
		return err
	}
	var gone []string
	err = c.change(func(s *State, now time.Time) error {
		until, err := untilFilter(args, now)
		if err != nil {
			return err
		}
		gone = s.PruneNetworks(now, func(n *Network) bool {
			return pruned(args, n.Asked.Labels) && (until.IsZero() || n.Created.Before(until))
		})
		return nil
	})
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, network.PruneReport{NetworksDeleted: gone})
}

func (c *call) networkConnect(ref string) error {
	var req network.ConnectOptions
	if err := c.body(&req); err != nil {
		return err
	}
	return c.changed(http.StatusOK, func(s *State, now time.Time) error {
		return s.Connect(now, c.v, ref, req.Container, req.EndpointConfig)
	})
}

func (c *call) networkDisconnect(ref string) error {
	var req network.DisconnectOptions
	if err := c.body(&req); err != nil {
		return err
	}
	return c.changed(http.StatusOK, func(s *State, now time.Time) error {
		return s.Disconnect(now, ref, req.Container, req.Force)
	})
}

package embedded

import (
	"net/http"
	"time"

	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/volume"
)

func (c *call) volumeList(string) error {
	args, err := c.filters("dangling", "driver", "label", "name")
	if err != nil {
		return err
	}
	var found []*volume.Volume
	err = c.read(func(s *State, _ time.Time) (err error) {
		found, err = s.listVolumes(args)
		return err
	})
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, volume.ListResponse{Volumes: found})
}

// listVolumes returns the volumes that pass a list's filters.
func (s *State) listVolumes(args filters.Args) ([]*volume.Volume, error) {
	found := []*volume.Volume{}
	for _, name := range sorted(s.Volumes) {
		v := s.Volumes[name]
		if args.Contains("dangling") {
			want, err := args.GetBoolOrDefault("dangling", false)
			if err != nil {
				return nil, bad("%s", err)
			}
			if want != (len(s.users(name)) == 0) {
				continue
			}
		}
		if args.Match("name", name) && args.MatchKVList("label", v.Labels) && (!args.Contains("driver") || args.ExactMatch("driver", v.Driver)) {
			found = append(found, copied(ptr(v.inspect())))
		}
	}
	return found, nil
}

func (c *call) volumeCreate(string) error {
	var req volume.CreateOptions
	if err := c.body(&req); err != nil {
		return err
	}
	var doc *volume.Volume
	err := c.change(func(s *State, now time.Time) error {
		v, err := s.CreateVolume(now, req)
		if err == nil {
			doc = copied(ptr(v.inspect()))
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.answer(http.StatusCreated, doc)
}

func (c *call) volumeInspect(name string) error {
	var doc *volume.Volume
	err := c.read(func(s *State, _ time.Time) error {
		v, err := s.Volume(name)
		if err == nil {
			doc = copied(ptr(v.inspect()))
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, doc)
}

func (c *call) volumeRemove(name string) error {
	return c.changed(http.StatusNoContent, func(s *State, now time.Time) error { return s.RemoveVolume(now, name, c.flag("force")) })
}

// volumePrune takes named volumes too on engines before 23, and from there on
// only where all is set.
func (c *call) volumePrune(string) error {
	args, err := c.filters("label", "label!", "all")
	if err != nil {
		return err
	}
	all, err := args.GetBoolOrDefault("all", c.v < 42)
	if err != nil {
		return bad("%s", err)
	}
	gone := []string{}
	err = c.change(func(s *State, now time.Time) error {
		gone = append(gone, s.PruneVolumes(now, func(v *Volume) bool { return (all || v.Anonymous) && pruned(args, v.Labels) })...)
		return nil
	})
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, volume.PruneReport{VolumesDeleted: gone})
}

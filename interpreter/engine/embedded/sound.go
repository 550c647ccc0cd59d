package embedded

import (
	"fmt"

	"github.com/docker/docker/api/types/container"
)

// sound checks a state that was read from a file: whatever the engine's code
// relies on is there, whoever wrote the file.
func (s *State) sound() error {
	fill(&s.Ranges)
	fill(&s.Containers)
	fill(&s.Networks)
	fill(&s.Volumes)
	fill(&s.Images)
	fill(&s.Refs)
	fill(&s.Pushed)
	fill(&s.Stored)
	fill(&s.Steps)
	fill(&s.Execs)
	for id, n := range s.Networks {
		if n == nil || n.ID != id {
			return fmt.Errorf("network %q is broken", id)
		}
	}
	for _, name := range []string{"bridge", "host", "none"} {
		if _, err := s.Network(name); err != nil {
			return fmt.Errorf("network %q is missing", name)
		}
	}
	for name, v := range s.Volumes {
		if v == nil || v.Name != name {
			return fmt.Errorf("volume %q is broken", name)
		}
	}
	for id, im := range s.Images {
		if im == nil || im.ID != id || len(id) != len("sha256:")+64 {
			return fmt.Errorf("image %q is broken", id)
		}
	}
	for d, im := range s.Stored {
		if im == nil || d.Validate() != nil || len(im.ID) != len("sha256:")+64 {
			return fmt.Errorf("image %q in the registry is broken", d)
		}
	}
	if err := s.soundRefs(); err != nil {
		return err
	}
	for id, c := range s.Containers {
		if err := s.soundContainer(id, c); err != nil {
			return fmt.Errorf("container %q is broken: %w", id, err)
		}
	}
	for id, e := range s.Execs {
		if e == nil || s.Containers[e.Container] == nil {
			return fmt.Errorf("command %q is broken", id)
		}
	}
	return nil
}

func fill[K comparable, V any](m *map[K]V) {
	if *m == nil {
		*m = map[K]V{}
	}
}

func (s *State) soundRefs() error {
	for ref, id := range s.Refs {
		if s.Images[id] == nil {
			return fmt.Errorf("reference %q names no image", ref)
		}
		if named, err := parseRef(ref); err != nil || key(named) != ref {
			return fmt.Errorf("reference %q cannot be read", ref)
		}
	}
	return nil
}

func (s *State) soundContainer(id string, c *Container) error {
	switch {
	case c == nil || c.ID != id || len(id) != 64:
		return fmt.Errorf("its ID is wrong")
	case c.Config == nil || c.Host == nil:
		return fmt.Errorf("its configuration is missing")
	case !c.Run.NextCheck.IsZero() && (c.Health == nil || c.checked() == nil):
		return fmt.Errorf("its health is missing")
	}
	fill(&c.Endpoints)
	fill(&c.Files)
	fill(&c.Config.Labels)
	for name, ep := range c.Endpoints {
		if ep == nil || (ep.EndpointID != "" && len(ep.EndpointID) < 12) {
			return fmt.Errorf("its place on network %q is missing", name)
		}
	}
	if c.Sandbox != "" && len(c.Sandbox) < 12 {
		return fmt.Errorf("its sandbox is wrong")
	}
	if c.Host.OomKillDisable == nil {
		c.Host.OomKillDisable = new(bool)
	}
	if c.Health != nil && c.Health.Status == "" {
		c.Health.Status = container.Starting
	}
	return nil
}

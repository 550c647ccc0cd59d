package embedded

import (
	"path"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/container"
)

// Link is a name that a container on the default bridge has for another one.
type Link struct {
	Alias string
	ID    string // of the other one, which may be gone
	Name  string // the other one's, the last that it had
}

// validateModes refuses namespaces that there are not, and what does not go
// with the network that a container shares.
func (s *State) validateModes(cfg *container.Config, host *container.HostConfig) error {
	if err := validateShared(cfg, host); err != nil {
		return err
	}
	switch {
	case s.Version >= 42 && !host.IpcMode.Valid(): // older ones find out when the container is started
		return bad("invalid IPC mode: %v", host.IpcMode)
	case s.Version >= 42 && !host.PidMode.Valid():
		return bad("invalid PID mode: %v", host.PidMode)
	case s.Version >= 42 && !host.UTSMode.Valid():
		return bad("invalid UTS mode: %v", host.UTSMode)
	case !host.CgroupnsMode.Valid():
		return bad("invalid cgroup namespace mode: %v", host.CgroupnsMode)
	case !host.Isolation.IsDefault() && s.Version < 48:
		return bad("Invalid isolation: %q - linux only supports 'default'", host.Isolation)
	case !host.Isolation.IsDefault():
		return bad("invalid isolation (%s): linux only supports 'default'", host.Isolation)
	}
	for dest := range host.Tmpfs {
		switch {
		case path.Clean(dest) == "/":
			return bad("invalid specification: destination can't be '/'")
		case !path.IsAbs(dest):
			return bad("invalid mount path: '%s' mount path must be absolute", dest)
		}
	}
	return nil
}

// validateShared refuses what a container cannot have of its own beside
// another's network or the host's name.
func validateShared(cfg *container.Config, host *container.HostConfig) error {
	switch mode := host.NetworkMode; {
	case !mode.IsContainer() && host.UTSMode.IsHost() && cfg.Hostname != "":
		return bad("conflicting options: hostname and the UTS mode")
	case mode.IsHost() && len(host.Links) > 0:
		return bad("conflicting options: host type networking can't be used with links. This would result in undefined behavior")
	case !mode.IsContainer():
		return nil
	case mode.ConnectedContainer() == "":
		return bad("Invalid network mode: invalid container format container:<name|id>")
	case cfg.Hostname != "":
		return bad("conflicting options: hostname and the network mode")
	case len(host.Links) > 0:
		return bad("conflicting options: container type network can't be used with links. This would result in undefined behavior")
	case len(host.DNS) > 0:
		return bad("conflicting options: dns and the network mode")
	case len(host.ExtraHosts) > 0:
		return bad("conflicting options: custom host-to-IP mapping and the network mode")
	case len(host.PortBindings) > 0 || host.PublishAllPorts:
		return bad("conflicting options: port publishing and the container type network mode")
	case len(cfg.ExposedPorts) > 0:
		return bad("conflicting options: port exposing and the container type network mode")
	}
	return nil
}

// donors refuses a container that would share the namespaces of one that there
// is not.
func (s *State) donors(h *container.HostConfig) error {
	for _, mode := range []string{string(h.IpcMode), string(h.PidMode)} {
		ref, joins := strings.CutPrefix(mode, "container:")
		if !joins || ref == "" {
			continue
		}
		if _, err := s.Container(ref); err != nil {
			return err
		}
	}
	return nil
}

// shares checks the containers whose namespaces one that starts is to share,
// and those that it is linked to.
func (s *State) shares(c *Container) error {
	if id := c.Host.IpcMode.Container(); id != "" {
		donor, err := s.Container(id)
		switch {
		case err != nil:
			return bad("can't join IPC of container %s: %s", id, err)
		case !donor.Run.Running:
			return conflict("can't join IPC of container %s: container %s is not running", id, id)
		case !donor.Host.IpcMode.IsShareable():
			return bad("can't join IPC of container %s: non-shareable IPC (hint: use IpcMode:shareable for the donor container)", id)
		}
	}
	if id := c.Host.PidMode.Container(); id != "" {
		donor, err := s.Container(id)
		switch {
		case err != nil:
			return bad("cannot join PID of a non running container: %s: %s", id, err)
		case !donor.Run.Running:
			return conflict("container %s is not running", id)
		}
	}
	for _, l := range c.Links {
		if other := s.Containers[l.ID]; other == nil || !other.Run.Running {
			return fail(500, "Cannot link to a non running container: /%s AS /%s/%s", l.Name, c.Name, l.Alias)
		}
	}
	return nil
}

// orphaned ends the processes of containers that are among those of one whose
// own has ended.
func (s *State) orphaned(c *Container) {
	for _, id := range sorted(s.Containers) {
		if other := s.Containers[id]; other != nil && other.Run.Running && other.Host.PidMode.Container() == c.ID {
			s.exited(other, 137)
		}
	}
}

// link resolves what a new container is linked to. On networks of the user's
// such links mean nothing.
func (s *State) link(c *Container) error {
	if c.Host.NetworkMode.IsUserDefined() {
		return nil
	}
	for _, text := range c.Host.Links {
		name, alias, err := parseLink(text)
		if err != nil {
			return err
		}
		other, err := s.Container(name)
		if err != nil {
			return bad("could not get container for %s: %s", name, err)
		}
		c.Links = append(c.Links, Link{Alias: alias, ID: other.ID, Name: other.Name})
	}
	return nil
}

func parseLink(text string) (name, alias string, err error) {
	parts := strings.Split(text, ":")
	switch {
	case text == "":
		return "", "", bad("empty string specified for links")
	case len(parts) > 2:
		return "", "", bad("bad format for links: %s", text)
	case len(parts) == 1:
		return text, text, nil
	case strings.HasPrefix(parts[0], "/"): // as inspect shows it
		return parts[0][1:], path.Base(parts[1]), nil
	}
	return parts[0], parts[1], nil
}

// shownLinks are a container's links as inspect shows them.
func (c *Container) shownLinks() []string {
	var all []string
	for _, l := range c.Links {
		all = append(all, "/"+l.Name+":/"+c.Name+"/"+l.Alias)
	}
	slices.Sort(all)
	return all
}

// relinked lets links follow a container to its new name.
func (s *State) relinked(c *Container) {
	for _, other := range s.Containers {
		for i := range other.Links {
			if other.Links[i].ID == c.ID {
				other.Links[i].Name = c.Name
			}
		}
	}
}

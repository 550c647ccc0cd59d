package embedded

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
)

func mountError(m *mount.Mount, format string, args ...any) error {
	return bad("invalid mount config for type %q: %s", m.Type, fmt.Sprintf(format, args...))
}

// validateMount refuses a mount that makes no sense or that the API version
// does not know.
func (s *State) validateMount(v Version, m *mount.Mount) error {
	switch {
	case m.Target == "":
		return mountError(m, "field Target must not be empty")
	case path.Clean(m.Target) == "/":
		return mountError(m, "invalid specification: destination can't be '/'")
	case !path.IsAbs(m.Target):
		return mountError(m, "invalid mount path: '%s' mount path must be absolute", m.Target)
	}
	switch m.Type {
	case mount.TypeBind:
		return s.validateBind(v, m)
	case mount.TypeVolume:
		switch {
		case m.BindOptions != nil:
			return mountError(m, "field BindOptions must not be specified")
		case m.Source == "" && m.ReadOnly:
			return mountError(m, "must not set ReadOnly mode when using anonymous volumes")
		case m.VolumeOptions != nil && m.VolumeOptions.Subpath != "" && v < 45:
			return bad("VolumeOptions.Subpath needs API v1.45 or newer")
		case m.VolumeOptions != nil && m.VolumeOptions.Subpath != "" && m.Source == "":
			return mountError(m, "must not set Subpath when using anonymous volumes")
		}
		return nil
	case mount.TypeTmpfs:
		switch {
		case m.BindOptions != nil:
			return mountError(m, "field BindOptions must not be specified")
		case m.Source != "":
			return mountError(m, "field Source must not be specified")
		}
		return validateTmpfs(m)
	case mount.TypeImage:
		switch {
		case s.Version < 48:
			return mountError(m, "mount type unknown")
		case v < 48:
			return bad("Mount type \"Image\" needs API v1.48 or newer")
		case m.Source == "":
			return mountError(m, "field Source must not be empty")
		}
		return nil
	}
	return mountError(m, "mount type unknown")
}

// validateTmpfs refuses options of a tmpfs other than the two that there are.
func validateTmpfs(m *mount.Mount) error {
	if m.TmpfsOptions == nil {
		return nil
	}
	for _, o := range m.TmpfsOptions.Options {
		switch {
		case len(o) < 1 || len(o) > 2:
			return mountError(m, "invalid option array length")
		case o[0] != "exec" && o[0] != "noexec":
			return mountError(m, "invalid option: %s", o[0])
		}
	}
	return nil
}

func (s *State) validateBind(v Version, m *mount.Mount) error {
	switch o := m.BindOptions; {
	case m.Source == "":
		return mountError(m, "field Source must not be empty")
	case m.VolumeOptions != nil:
		return mountError(m, "field VolumeOptions must not be specified")
	case !path.IsAbs(m.Source):
		return mountError(m, "invalid mount path: '%s' mount path must be absolute", m.Source)
	case o != nil && o.Propagation != "" && !slices.Contains(mount.Propagations, o.Propagation):
		return mountError(m, "invalid propagation mode: %s", o.Propagation)
	case o != nil && o.ReadOnlyForceRecursive && v < 44:
		return bad("BindOptions.ReadOnlyForceRecursive needs API v1.44 or newer")
	case o != nil && o.CreateMountpoint:
		return nil
	case s.PathExists != nil && !s.PathExists(m.Source):
		return mountError(m, "bind source path does not exist: %s", m.Source)
	}
	return nil
}

// mount gives a container its mounts: of other containers, by strings, by
// objects, and an unnamed volume for each path that its image or itself calls
// one and nothing else covers. A volume that does not exist is made.
func (s *State) mount(c *Container) error {
	at := map[string]container.MountPoint{}
	for _, from := range c.Host.VolumesFrom {
		if err := s.mountFrom(at, from); err != nil {
			return err
		}
	}
	taken := map[string]bool{}
	add := func(m container.MountPoint) error {
		if taken[m.Destination] {
			return bad("Duplicate mount point: %s", m.Destination)
		}
		taken[m.Destination], at[m.Destination] = true, m
		return nil
	}
	for _, b := range c.Host.Binds {
		m, err := s.mountBind(c, b)
		if err != nil {
			return err
		}
		if _, tmpfs := c.Host.Tmpfs[m.Destination]; tmpfs {
			return bad("Duplicate mount point: %s", m.Destination)
		}
		if err := add(m); err != nil {
			return err
		}
	}
	for i := range c.Host.Mounts {
		m, err := s.mountObject(c, &c.Host.Mounts[i])
		if err != nil {
			return err
		}
		if err := add(m); err != nil {
			return err
		}
	}
	for _, dest := range sorted(c.Config.Volumes) {
		clean := path.Clean(dest)
		if _, covered := at[clean]; covered || hasTmpfs(c.Host.Tmpfs, clean) {
			continue
		}
		vol, err := s.unnamedVolume(c, c.Host.VolumeDriver, nil, nil)
		if err != nil {
			return err
		}
		at[clean] = container.MountPoint{Type: mount.TypeVolume, Name: vol.Name, Source: vol.Mountpoint, Destination: clean, Driver: vol.Driver, RW: true}
	}
	for _, dest := range sorted(at) {
		c.Mounts = append(c.Mounts, at[dest])
	}
	return nil
}

func hasTmpfs(tmpfs map[string]string, dest string) bool {
	for t := range tmpfs {
		if path.Clean(t) == dest {
			return true
		}
	}
	return false
}

func (s *State) mountFrom(at map[string]container.MountPoint, from string) error {
	ref, mode, _ := strings.Cut(from, ":")
	if from == "" {
		return bad("volumes-from specification cannot be an empty string")
	}
	if err := validateMode(mode); err != nil || strings.Contains(mode, "copy") || propagationOf(mode) != "" {
		return bad("invalid mode: %s", mode)
	}
	other, err := s.Container(ref)
	if err != nil {
		return bad("%s", err)
	}
	for _, m := range other.Mounts {
		if m.Type == mount.TypeTmpfs {
			return notFound("get: no such volume") // the engine takes it for a volume without a name
		}
		m.RW = m.RW && mode != "ro"
		m.Mode = ""
		at[m.Destination] = m
	}
	return nil
}

// mountBind reads SOURCE:TARGET:MODE, whose source is a path or a volume.
func (s *State) mountBind(c *Container, spec string) (container.MountPoint, error) {
	parts := strings.Split(spec, ":")
	m := container.MountPoint{RW: true}
	switch len(parts) {
	case 1:
		m.Destination = parts[0]
	case 2:
		m.Source, m.Destination = parts[0], parts[1]
	case 3:
		m.Source, m.Destination, m.Mode = parts[0], parts[1], parts[2]
	default:
		return m, bad("invalid volume specification: '%s'", spec)
	}
	switch {
	case m.Source == "" && len(parts) > 1:
		return m, bad("invalid volume specification: '%s'", spec)
	case len(parts) == 2 && validateMode(parts[1]) == nil:
		return m, bad("invalid volume specification: '%s'", spec)
	case path.Clean(m.Destination) == "/":
		return m, bad("invalid volume specification: '%s': invalid mount config for type %q: invalid specification: destination can't be '/'", spec, typeOf(m.Source))
	case !path.IsAbs(m.Destination):
		return m, bad("invalid volume specification: '%s': invalid mount config for type %q: invalid mount path: '%s' mount path must be absolute", spec, typeOf(m.Source), m.Destination)
	}
	if err := validateMode(m.Mode); err != nil {
		return m, err
	}
	m.RW = !slices.Contains(strings.Split(m.Mode, ","), "ro")
	m.Destination, m.Type = path.Clean(m.Destination), typeOf(m.Source)
	if m.Type == mount.TypeBind {
		m.Source = path.Clean(m.Source)
		m.Propagation = spreads(m.Source, propagationOf(m.Mode))
		return m, nil
	}
	return s.mountVolume(c, m, m.Source, c.Host.VolumeDriver, nil)
}

// modes are the sorts of words in the mode of a bind; one of each is taken.
var modes = [][]string{
	{"ro", "rw"}, {"z", "Z"}, {"private", "rprivate", "slave", "rslave", "shared", "rshared"}, {"nocopy"}, {"consistent", "cached", "delegated"},
}

func validateMode(mode string) error {
	if mode == "" {
		return nil
	}
	seen := map[int]bool{}
	for _, o := range strings.Split(mode, ",") {
		i := slices.IndexFunc(modes, func(words []string) bool { return slices.Contains(words, o) })
		if i < 0 || seen[i] {
			return bad("invalid mode: %s", mode)
		}
		seen[i] = true
	}
	return nil
}

// propagationOf returns the propagation in the mode of a bind, or "".
func propagationOf(mode string) mount.Propagation {
	for _, o := range strings.Split(mode, ",") {
		if slices.Contains(mount.Propagations, mount.Propagation(o)) {
			return mount.Propagation(o)
		}
	}
	return ""
}

// spreads returns how a bind spreads: what holds the engine's own files, or is
// among them, must let go of what is unmounted there.
func spreads(source string, asked mount.Propagation) mount.Propagation {
	const root = "/var/lib/docker"
	switch {
	case asked != "":
		return asked
	case strings.HasPrefix(source, root) || strings.HasPrefix(root, source):
		return mount.PropagationRSlave
	}
	return mount.PropagationRPrivate
}

func typeOf(source string) mount.Type {
	if path.IsAbs(source) {
		return mount.TypeBind
	}
	return mount.TypeVolume
}

func (s *State) mountObject(c *Container, spec *mount.Mount) (container.MountPoint, error) {
	m := container.MountPoint{Type: spec.Type, Destination: path.Clean(spec.Target), RW: !spec.ReadOnly}
	switch spec.Type {
	case mount.TypeBind:
		m.Source = path.Clean(spec.Source)
		var asked mount.Propagation
		if o := spec.BindOptions; o != nil {
			asked = o.Propagation
		}
		m.Propagation = spreads(m.Source, asked)
	case mount.TypeImage:
		im, err := s.Image(spec.Source)
		if err != nil {
			return m, err
		}
		m.Source, m.RW = "/var/lib/docker/rootfs/"+im.ID, false
	case mount.TypeVolume:
		driver := ""
		if o := spec.VolumeOptions; o != nil && o.DriverConfig != nil {
			driver = o.DriverConfig.Name
		}
		return s.mountVolume(c, m, spec.Source, driver, spec.VolumeOptions)
	}
	return m, nil
}

// mountVolume completes the mount of a volume, which is made if it is missing:
// without labels or options, unless the mount itself has them.
func (s *State) mountVolume(c *Container, m container.MountPoint, name, driver string, o *mount.VolumeOptions) (container.MountPoint, error) {
	var opts, labels map[string]string
	if o != nil {
		labels = o.Labels
		if o.DriverConfig != nil {
			opts = o.DriverConfig.Options
		}
	}
	if name == "" {
		vol, err := s.unnamedVolume(c, driver, opts, labels)
		if err != nil {
			return m, err
		}
		m.Name, m.Source, m.Driver, m.Mode = vol.Name, vol.Mountpoint, vol.Driver, orWord(m.Mode, "z")
		return m, nil
	}
	vol, err := s.makeVolume(name, driver, opts, labels)
	if err != nil {
		return m, err
	}
	m.Name, m.Source, m.Driver, m.Mode = vol.Name, vol.Mountpoint, vol.Driver, orWord(m.Mode, "z")
	return m, nil
}

// unnamedVolume makes a volume that goes with its container.
func (s *State) unnamedVolume(c *Container, driver string, opts, labels map[string]string) (*Volume, error) {
	all := maps.Clone(labels)
	if anonymous := s.anonymousLabels(); all == nil {
		all = anonymous
	} else {
		maps.Copy(all, anonymous)
	}
	vol, err := s.makeVolume(s.newID("volume"), driver, opts, all)
	if err != nil {
		return nil, err
	}
	vol.Anonymous = true
	c.Anonymous = append(c.Anonymous, vol.Name)
	return vol, nil
}

// anonymousLabels marks unnamed volumes; engines before 23 did not.
func (s *State) anonymousLabels() map[string]string {
	if s.Version < 42 {
		return nil
	}
	return map[string]string{"com.docker.volume.anonymous": ""}
}

// releaseVolumes takes back the unnamed volumes of a container that came to nothing.
func (s *State) releaseVolumes(c *Container) {
	for _, v := range c.Anonymous {
		delete(s.Volumes, v)
	}
}

package embedded

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/api/types/volume"
)

// Volume is a volume and what was copied into it.
type Volume struct {
	Name       string
	Driver     string
	Mountpoint string
	Created    time.Time
	Labels     map[string]string
	Options    map[string]string
	Anonymous  bool // made for one container, without a name
	Files      map[string]File
}

// CreateVolume makes a volume. A name that is taken gives the volume that has
// it, with its own labels and options, as if it had just been made.
func (s *State) CreateVolume(now time.Time, o volume.CreateOptions) (*Volume, error) {
	s.at(now)
	name := o.Name
	if name == "" {
		name = s.newID("volume")
	}
	_, existed := s.Volumes[name]
	labels := o.Labels
	if o.Name == "" && s.Version >= 42 {
		labels = maps.Clone(labels)
		if labels == nil {
			labels = map[string]string{}
		}
		maps.Copy(labels, s.anonymousLabels())
	}
	vol, err := s.makeVolume(name, o.Driver, o.DriverOpts, labels)
	if err == nil && !existed {
		vol.Anonymous = o.Name == ""
	}
	return vol, err
}

func (s *State) makeVolume(name, driver string, opts, labels map[string]string) (*Volume, error) {
	driver = orWord(driver, "local")
	if driver != "local" {
		return nil, notFound("create %s: error looking up volume plugin %s: plugin %q not found", name, driver, driver)
	}
	if vol, ok := s.Volumes[name]; ok {
		s.volumeEvent(name, driver, "create") // the engine says so each time
		return vol, nil
	}
	if !validName.MatchString(name) {
		return nil, bad("create %s: %q includes invalid characters for a local volume name, only %q are allowed. "+
			"If you intended to pass a host directory, use absolute path", name, name, nameChars)
	}
	for _, key := range sorted(opts) {
		if !slices.Contains([]string{"type", "o", "device", "size"}, key) {
			return nil, bad("create %s: invalid option: %q", name, key)
		}
	}
	if opts["type"] != "" && opts["device"] == "" {
		return nil, bad("create %s: missing required option: \"device\"", name)
	}
	vol := &Volume{
		Name: name, Driver: driver, Mountpoint: "/var/lib/docker/volumes/" + name + "/_data", Created: s.Now,
		Labels: labels, Options: opts, Files: map[string]File{},
	}
	s.Volumes[name] = vol
	s.volumeEvent(name, driver, "create")
	return vol, nil
}

// Volume finds a volume by its name.
func (s *State) Volume(name string) (*Volume, error) {
	vol, ok := s.Volumes[name]
	if !ok {
		return nil, notFound("get %s: no such volume", name)
	}
	return vol, nil
}

// users returns the IDs of the containers that mount a volume, in order.
func (s *State) users(name string) []string {
	var ids []string
	for _, id := range sorted(s.Containers) {
		for _, m := range s.Containers[id].Mounts {
			if m.Name == name && m.Type == "volume" {
				ids = append(ids, id)
				break
			}
		}
	}
	return ids
}

// RemoveVolume removes a volume that no container has. Force is content with
// a volume that does not exist, and no more.
func (s *State) RemoveVolume(now time.Time, name string, force bool) error {
	s.at(now)
	if _, err := s.Volume(name); err != nil {
		if force {
			return nil
		}
		return err
	}
	if ids := s.users(name); len(ids) > 0 {
		return fail(http.StatusConflict, "remove %s: volume is in use - [%s]", name, strings.Join(ids, ", "))
	}
	s.removeVolume(name)
	return nil
}

func (s *State) removeVolume(name string) {
	vol, ok := s.Volumes[name]
	if !ok {
		return
	}
	delete(s.Volumes, name)
	s.volumeEvent(name, vol.Driver, "destroy")
}

// PruneVolumes removes volumes that no container has and that match; it
// returns their names.
func (s *State) PruneVolumes(now time.Time, match func(*Volume) bool) []string {
	s.at(now)
	var gone []string
	for _, name := range sorted(s.Volumes) {
		if len(s.users(name)) == 0 && match(s.Volumes[name]) {
			s.removeVolume(name)
			gone = append(gone, name)
		}
	}
	return gone
}

func (v *Volume) inspect() volume.Volume {
	return volume.Volume{
		Name: v.Name, Driver: v.Driver, Mountpoint: v.Mountpoint, CreatedAt: v.Created.UTC().Format(time.RFC3339),
		Labels: v.Labels, Options: v.Options, Scope: "local",
	}
}

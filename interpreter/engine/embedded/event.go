//lint:file-ignore SA1019 old API versions speak with fields that are deprecated today

package embedded

import (
	"maps"
	"time"

	"github.com/docker/docker/api/types/events"
)

// kept is how many events the engine remembers.
const kept = 256

// emit records an event at the clock's time.
func (s *State) emit(typ events.Type, action, id string, attrs map[string]string) {
	if attrs == nil {
		attrs = map[string]string{}
	}
	m := events.Message{
		Type: typ, Action: events.Action(action), Scope: "local",
		Actor: events.Actor{ID: id, Attributes: attrs},
		Time:  s.Now.Unix(), TimeNano: s.Now.UnixNano(),
	}
	if typ == events.ContainerEventType || typ == events.ImageEventType {
		m.Status, m.ID, m.From = action, id, attrs["image"]
	}
	s.Events = append(s.Events, m)
	s.Events = s.Events[max(0, len(s.Events)-kept):]
	s.Emitted++
}

// Since returns the events after the first n, as far as they are remembered.
func (s *State) Since(n uint64) []events.Message {
	missing := s.Emitted - n
	return s.Events[max(0, len(s.Events)-int(min(missing, kept))):]
}

// containerEvent records an event of a container; its labels are attributes.
func (s *State) containerEvent(c *Container, action string, attrs ...string) {
	m := maps.Clone(c.Config.Labels)
	if m == nil {
		m = map[string]string{}
	}
	m["name"], m["image"] = c.Name, c.Config.Image
	if c.Config.Image == "" {
		m["image"] = c.Image
	}
	for i := 0; i+1 < len(attrs); i += 2 {
		m[attrs[i]] = attrs[i+1]
	}
	s.emit(events.ContainerEventType, action, c.ID, m)
}

func (s *State) networkEvent(n *Network, action string, attrs ...string) {
	m := map[string]string{"name": n.Name, "type": n.Driver}
	for i := 0; i+1 < len(attrs); i += 2 {
		m[attrs[i]] = attrs[i+1]
	}
	s.emit(events.NetworkEventType, action, n.ID, m)
}

func (s *State) volumeEvent(name, driver, action string, attrs ...string) {
	m := map[string]string{"driver": driver}
	for i := 0; i+1 < len(attrs); i += 2 {
		m[attrs[i]] = attrs[i+1]
	}
	s.emit(events.VolumeEventType, action, name, m)
}

// imageEvent records an event of an image; its labels are attributes.
func (s *State) imageEvent(id, action, name string) {
	m := map[string]string{}
	if im := s.Images[id]; im != nil {
		maps.Copy(m, im.Config.Labels)
	}
	m["name"] = name
	s.emit(events.ImageEventType, action, id, m)
}

// at moves the clock on, never back, and lets happen what falls due until then.
func (s *State) at(now time.Time) {
	s.Advance(now)
}

package sim

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/engine/embedded"

	"github.com/docker/docker/api/types/container"
)

// watch looks at an engine after every call.
type watch struct {
	strangers map[string]stranger         // what is not the stack's, as it was found
	volumes   map[string]*embedded.Volume // the stack's, since they were first seen
	hand      map[string]bool             // containers that somebody has started, by ID
	late      map[string]bool             // containers that a call of a dead bay may have started; none once an apply is done
}

// stranger is what bay could have done to an object that is not the stack's.
type stranger struct {
	name    string
	running bool
	started time.Time
	policy  container.RestartPolicyMode
	memory  int64
	places  int
	files   int
}

func ours(c *embedded.Container) bool { return c.Config.Labels[engine.LabelStack] == stackName }

// note remembers how the strangers are. It is called when the simulation itself
// has changed something.
func (w *watch) note(s *embedded.State) {
	w.strangers = w.look(s)
}

func (w *watch) look(s *embedded.State) map[string]stranger {
	found := map[string]stranger{}
	for id, c := range s.Containers {
		if !ours(c) {
			found[id] = stranger{c.Name, c.Run.Running, c.Run.Started, c.Host.RestartPolicy.Name, c.Host.Memory, len(c.Endpoints), len(c.Files)}
		}
	}
	for id, n := range s.Networks {
		if n.Asked.Labels[engine.LabelStack] != stackName {
			found[id] = stranger{name: n.Name}
		}
	}
	for name, v := range s.Volumes {
		if v.Labels[engine.LabelStack] != stackName && !strings.HasPrefix(name, stackName+"-") {
			found["volume "+name] = stranger{started: v.Created, files: len(v.Files)}
		}
	}
	return found
}

// check returns what is wrong with an engine now.
func (w *watch) check(s *embedded.State) error {
	if err := w.untouched(s); err != nil {
		return err
	}
	if err := w.kept(s); err != nil {
		return err
	}
	return w.alone(s)
}

// mayRun tells of a container that a call which comes late may start.
func (w *watch) mayRun(id string) {
	if w.late == nil {
		w.late = map[string]bool{}
	}
	w.late[id] = true
}

// untouched holds I4: nothing outside the stack is touched.
func (w *watch) untouched(s *embedded.State) error {
	now := w.look(s)
	if maps.Equal(now, w.strangers) {
		return nil
	}
	for id, was := range w.strangers {
		if now[id] != was {
			return fmt.Errorf("I4: what is not the stack's was touched: it was %+v, and is %+v", was, now[id])
		}
	}
	for id, is := range now {
		if _, was := w.strangers[id]; !was {
			return fmt.Errorf("I4: something appeared that nobody owns: %s %+v", id, is)
		}
	}
	return nil
}

// kept holds I5: a volume stays the one that it was.
func (w *watch) kept(s *embedded.State) error {
	for name, v := range w.volumes {
		if s.Volumes[name] != v {
			return fmt.Errorf("I5: volume %s was removed, or replaced by an empty one", name)
		}
	}
	for name, v := range s.Volumes {
		if w.volumes[name] == nil && v.Labels[engine.LabelStack] == stackName {
			w.volumes[name] = v
		}
	}
	return nil
}

func foreign(v *embedded.Volume) bool { return v == nil || v.Labels[engine.LabelStack] != stackName }

// startedByHand tells of a container that somebody has started, on whatever
// volume the engine has made in the place of one that is gone.
func (w *watch) startedByHand(c *embedded.Container) {
	if w.hand == nil {
		w.hand = map[string]bool{}
	}
	w.hand[c.ID] = true
}

// alone holds I6: at most one generation of an address runs on a volume that
// it writes to; and that volume is the stack's own. No engine takes a condition
// with a start: one that comes late may bring up a second generation until the
// next apply is done.
func (w *watch) alone(s *embedded.State) error {
	var seen map[string]string
	for _, c := range s.Containers {
		if !c.Run.Running && !c.Run.Restarting || !ours(c) {
			continue
		}
		for _, m := range c.Mounts {
			if m.Type != "volume" {
				continue
			}
			v := s.Volumes[m.Name]
			if foreign(v) && !w.hand[c.ID] {
				return fmt.Errorf("I5: container %s runs on volume %s, which is not the stack's", c.Name, m.Name)
			}
			if !m.RW || w.late[c.ID] {
				continue
			}
			key := c.Config.Labels[engine.LabelAddr] + " " + m.Name
			if other, ok := seen[key]; ok {
				return fmt.Errorf("I6: %s and %s run on volume %s at once", other, c.Name, m.Name)
			}
			if seen == nil {
				seen = map[string]string{}
			}
			seen[key] = c.Name
		}
	}
	return nil
}

// before is how a container of ours was before an apply.
type before struct {
	name    string
	policy  container.RestartPolicyMode
	running bool
}

func (w *watch) boxes(s *embedded.State) map[string]before {
	all := map[string]before{}
	for id, c := range s.Containers {
		if ours(c) {
			all[id] = before{c.Name, c.Host.RestartPolicy.Name, c.Run.Running}
		}
	}
	return all
}

// serves reports how a container differs from what it was before.
func (b before) serves(c *embedded.Container) error {
	switch {
	case c == nil:
		return fmt.Errorf("container %s is gone", b.name)
	case c.Name != b.name && c.Name != c.Config.Labels[engine.LabelName]: // it may have been on its way before
		return fmt.Errorf("container %s is named %s", b.name, c.Name)
	case policy(c.Host.RestartPolicy.Name) != policy(b.policy) && !recorded(c, policy(b.policy)):
		return fmt.Errorf("container %s has the restart policy %q, and had %q", b.name, c.Host.RestartPolicy.Name, b.policy)
	case b.running && !c.Run.Running && !c.Run.Restarting:
		return fmt.Errorf("container %s does not run any more", b.name)
	}
	return nil
}

// recorded reports whether a container that had no policy, as in the middle of a
// replacement, has the one with which it was made.
func recorded(c *embedded.Container, was container.RestartPolicyMode) bool {
	return was == "no" && strings.Contains(c.Config.Labels[engine.LabelSpec], fmt.Sprintf(`"restart":"%s`, c.Host.RestartPolicy.Name))
}

func policy(p container.RestartPolicyMode) container.RestartPolicyMode {
	if p == "" {
		return "no"
	}
	return p
}

// dawn is when every simulation begins.
var dawn = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

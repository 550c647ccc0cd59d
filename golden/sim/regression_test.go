package sim

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/engine/embedded"

	"github.com/docker/docker/api/types/container"
)

// TestRegressions tells once more what the simulation has found and somebody
// has mended.
func TestRegressions(t *testing.T) {
	alone := box{label: "c0", image: 1, mode: "none"}
	joined, exits := box{label: "c1", image: 1, mode: "c0"}, box{label: "c1", image: 1, mode: "c0", bad: "exits"}
	held := box{label: "c0", image: 1, health: true, mounts: []mount{{vol: 0}}, restart: "always"}
	version := func(n int) box { x := alone; x.env = n; return x }
	onNet := func(label string) box { return box{label: label, image: 1, nets: []string{"n0"}} }
	stays := box{label: "c0", image: 1, nets: []string{"n0"}, restart: "always"}
	movedOn := box{label: "c0", image: 1, env: 1, nets: []string{"n1"}, restart: "always"}
	joins := box{label: "c0", image: 1, mounts: []mount{{vol: 0}}, restart: "always"}
	breaks := joins
	breaks.env, breaks.bad = 1, "exits"
	onVolume := alone
	onVolume.mounts = []mount{{vol: 0}}
	renewedHeld, sick := held, held
	thirdHeld := held
	renewedHeld.env, thirdHeld.env = 1, 2
	sick.env, sick.bad = 1, "sick"
	tests := []struct {
		name   string
		shape  shape
		hand   func(*embedded.State) error
		then   func(*embedded.State) error // what somebody does after via
		script map[int]fault               // by calls that change something
	}{
		{
			// What the old container shares is gone, so that it cannot start
			// again: it was called rolled back, since 404 was taken for "gone
			// already".
			name:  "an undo that cannot start the old one again",
			shape: shape{from: stack{boxes: []box{alone, joined}}, to: stack{boxes: []box{alone, exits}}},
			hand:  func(e *embedded.State) error { return e.Remove(e.Now, "harbour-c0", true, false) },
		},
		{
			// The new container could not be stopped, and the old one was
			// started all the same, on the volume that both write to.
			name:   "an undo that cannot stop the new one",
			shape:  shape{from: stack{vols: 1, boxes: []box{held}}, to: stack{vols: 1, boxes: []box{sick}}},
			script: map[int]fault{6: fails, 7: fails, 8: fails},
		},
		{
			// Taking a replacement back and making another one at once was
			// no replacement to the one that holds on to its ID.
			name:   "joined to what is put back and made anew",
			shape:  shape{from: stack{boxes: []box{alone, joined}}, via: &stack{boxes: []box{version(1), joined}}, to: stack{boxes: []box{version(2), joined}}},
			hand:   func(e *embedded.State) error { return e.Stop(e.Now, "harbour-c0", "", nil) },
			script: map[int]fault{0: killAfter},
		},
		{
			// The old one was paused, and could not be stopped: the engine
			// starts none that is paused.
			name:   "an undo that starts a paused one",
			shape:  shape{from: stack{vols: 1, boxes: []box{held}}, to: stack{vols: 1, boxes: []box{renewedHeld}}},
			hand:   func(e *embedded.State) error { return e.Pause(e.Now, "harbour-c0") },
			script: map[int]fault{2: fails},
		},
		{
			// Not found, but what few draws come upon: the engine restarts
			// when the old one has stopped and the new one has not started.
			name:   "a restart of the engine in the middle",
			shape:  shape{from: stack{vols: 1, boxes: []box{held}}, to: stack{vols: 1, boxes: []box{renewedHeld}}},
			script: map[int]fault{4: restarts},
		},
		{
			// Not found, but what no other shape comes upon: between the look
			// at its volume and the making of a container somebody removes the
			// volume, and the engine makes an empty one.
			name:   "a volume that goes before a container is made on it",
			shape:  shape{from: stack{vols: 1, boxes: []box{alone}}, to: stack{vols: 1, boxes: []box{onVolume}}},
			script: map[int]fault{0: stolen},
		},
		{
			// Somebody had paused the new one of a half-done replacement: going
			// on started it, which the engine refuses, for ever.
			name:   "a paused one goes on beside its predecessor",
			shape:  shape{from: stack{boxes: []box{alone, joined}}, via: &stack{boxes: []box{version(1), joined}}, to: stack{boxes: []box{version(1), joined}}},
			then:   pauseNew,
			script: map[int]fault{2: killBefore},
		},
		{
			name:   "a paused one goes on after its predecessor",
			shape:  shape{from: stack{vols: 1, boxes: []box{held}}, via: &stack{vols: 1, boxes: []box{renewedHeld}}, to: stack{vols: 1, boxes: []box{renewedHeld}}},
			then:   pauseNew,
			script: map[int]fault{5: killAfter},
		},
		{
			// The new network could not be made, and on the old one was a
			// container that the same plan had removed: it could not be connected
			// again, so that no other one was.
			name:   "an undo of a network whose member is gone for good",
			shape:  shape{from: stack{nets: []net{{label: "n0"}}, boxes: []box{onNet("c0"), onNet("c1")}}, to: stack{nets: []net{{label: "n0", tag: 1}}, boxes: []box{onNet("c1")}}},
			script: map[int]fault{5: fails},
		},
		{
			// A dead bay's create came when the next one had made its own new
			// container: two successors of one, and no plan any more.
			name:   "a second successor, which comes late",
			shape:  shape{from: stack{vols: 1, boxes: []box{held}}, via: &stack{vols: 1, boxes: []box{renewedHeld}}, to: stack{vols: 1, boxes: []box{renewedHeld}}},
			then:   secondNew,
			script: map[int]fault{5: killAfter},
		},
		{
			// The network that a container leaves was made anew before it left.
			name: "leaving a network that is made anew",
			shape: shape{
				from: stack{nets: []net{{label: "n0", tag: 1}, {label: "n1"}}, boxes: []box{stays}},
				to:   stack{nets: []net{{label: "n0"}, {label: "n1", tag: 2}}, boxes: []box{movedOn}},
			},
		},
		{
			// What had been made half could not be removed, and bore the name
			// that the old one had to get back.
			name:   "an undo while the successor that failed before is still there",
			shape:  shape{from: stack{vols: 1, boxes: []box{held}}, via: &stack{vols: 1, boxes: []box{renewedHeld}}, to: stack{vols: 1, boxes: []box{thirdHeld}}},
			script: map[int]fault{7: killBefore, 10: fails},
		},
		{
			name:   "a second successor, and a third version",
			shape:  shape{from: stack{vols: 1, boxes: []box{held}}, via: &stack{vols: 1, boxes: []box{renewedHeld}}, to: stack{vols: 1, boxes: []box{thirdHeld}}},
			then:   secondNew,
			script: map[int]fault{5: killAfter},
		},
		{
			// A dead bay's create came late, and somebody started what it had made
			// in the place of the first successor: no plan any more.
			name:   "a second successor, which somebody started in the place of the first",
			shape:  shape{from: stack{vols: 1, boxes: []box{held}}, via: &stack{vols: 1, boxes: []box{renewedHeld}}, to: stack{vols: 1, boxes: []box{renewedHeld}}},
			then:   secondInstead,
			script: map[int]fault{5: killAfter},
		},
		{
			name:   "a second successor, which somebody started, and a third version",
			shape:  shape{from: stack{vols: 1, boxes: []box{held}}, via: &stack{vols: 1, boxes: []box{renewedHeld}}, to: stack{vols: 1, boxes: []box{thirdHeld}}},
			then:   secondInstead,
			script: map[int]fault{5: killAfter},
		},
		{
			name:   "a second successor, which somebody started before the first was",
			shape:  shape{from: stack{vols: 1, boxes: []box{held}}, via: &stack{vols: 1, boxes: []box{renewedHeld}}, to: stack{vols: 1, boxes: []box{renewedHeld}}},
			then:   secondBeside,
			script: map[int]fault{5: killBefore},
		},
		{
			// The embedded engine had forgotten how to take a container off a
			// network that is gone, so that it never started again.
			name:  "off a network that is gone",
			shape: shape{from: stack{boxes: []box{{label: "c0", image: 1}}}, to: stack{nets: []net{{label: "n0"}}, boxes: []box{onNet("c0")}}},
			hand:  netGone,
		},
		{
			// The old container knew the network by the ID of one that is gone, and
			// could not start again.
			name:   "an undo on a network that was made again before",
			shape:  shape{from: stack{vols: 1, boxes: []box{joins}}, via: &stack{vols: 1, boxes: []box{breaks}}, to: stack{vols: 1, boxes: []box{breaks}}},
			hand:   netGone,
			script: map[int]fault{2: killAfter},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, v := range versions {
				s := direct(1, v, t.Logf)
				s.only, s.hands, s.then = true, tt.hand, tt.then
				if err := tt.shape.tell(s, tt.script); err != nil {
					t.Errorf("API %s: %v", v, err)
				}
			}
		})
	}
}

// netGone stops a container and removes the network that it was on.
func netGone(e *embedded.State) error {
	return errors.Join(e.Stop(e.Now, "harbour-c0", "", nil), e.RemoveNetwork(e.Now, "harbour-default"))
}

// secondNew makes another new container of a replacement, as one who is dead had
// asked for.
func secondNew(e *embedded.State) error {
	for _, c := range e.Containers {
		old := c.Config.Labels[engine.LabelReplaces]
		if old == "" {
			continue
		}
		cfg := *c.Config
		cfg.Labels = maps.Clone(cfg.Labels)
		cfg.Labels[engine.LabelUID] = strings.Repeat("0", 32)
		host := &container.HostConfig{NetworkMode: c.Host.NetworkMode, Binds: c.Host.Binds, Mounts: c.Host.Mounts}
		_, err := e.Create(e.Now, e.Version, "harbour-c0.new-"+old[:12], "", container.CreateRequest{Config: &cfg, HostConfig: host})
		return err
	}
	return errors.New("nothing is being replaced")
}

// secondBeside makes a second new container of a replacement, and starts it.
func secondBeside(e *embedded.State) error {
	return errors.Join(secondNew(e), startSecond(e))
}

// secondInstead is secondBeside where the first one is stopped before.
func secondInstead(e *embedded.State) error {
	for id, c := range e.Containers {
		if c.Config.Labels[engine.LabelReplaces] != "" {
			if err := e.Stop(e.Now, id, "", nil); err != nil {
				return err
			}
		}
	}
	return secondBeside(e)
}

func startSecond(e *embedded.State) error {
	for id, c := range e.Containers {
		if c.Config.Labels[engine.LabelUID] == strings.Repeat("0", 32) {
			return e.Start(e.Now, id)
		}
	}
	return errors.New("there is no second one")
}

// pauseNew pauses the new container of a replacement.
func pauseNew(e *embedded.State) error {
	for id, c := range e.Containers {
		if c.Config.Labels[engine.LabelReplaces] != "" {
			return e.Pause(e.Now, id)
		}
	}
	return errors.New("nothing is being replaced")
}

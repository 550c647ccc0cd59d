package sim

import (
	"testing"

	"bayplan/interpreter/engine/embedded"
)

// TestRegressions tells once more what the simulation has found and somebody
// has mended.
func TestRegressions(t *testing.T) {
	alone := box{label: "c0", image: 1, mode: "none"}
	joined, renewed := box{label: "c1", image: 1, mode: "c0"}, box{label: "c1", image: 1, mode: "c0", env: 1}
	held := box{label: "c0", image: 1, health: true, mounts: []mount{{vol: 0}}, restart: "always"}
	renewedHeld, sick := held, held
	renewedHeld.env = 1
	sick.env, sick.bad = 1, "sick"
	tests := []struct {
		name   string
		shape  shape
		hand   func(*embedded.State) error
		script map[int]fault // by calls that change something
	}{
		{
			// What the old container shares is gone, so that it cannot start
			// again: it was called rolled back, since 404 was taken for "gone
			// already".
			name:   "an undo that cannot start the old one again",
			shape:  shape{from: stack{boxes: []box{alone, joined}}, to: stack{boxes: []box{alone, renewed}}},
			hand:   func(e *embedded.State) error { return e.Remove(e.Now, "harbour-c0", true, false) },
			script: map[int]fault{4: restarts},
		},
		{
			// The new container could not be stopped, and the old one was
			// started all the same, on the volume that both write to.
			name:   "an undo that cannot stop the new one",
			shape:  shape{from: stack{vols: 1, boxes: []box{held}}, to: stack{vols: 1, boxes: []box{sick}}},
			script: map[int]fault{7: fails, 8: fails, 9: fails},
		},
		{
			// Taking a replacement back and making another one at once was
			// no replacement to the one that holds on to its ID.
			name:   "joined to what is put back and made anew",
			shape:  shape{from: stack{boxes: []box{alone, joined}}, to: stack{boxes: []box{{label: "c0", image: 1, mode: "none", env: 1}, joined}}},
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
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, v := range versions {
				s := direct(1, v, t.Logf)
				s.only, s.hands = true, tt.hand
				if err := tt.shape.tell(s, tt.script); err != nil {
					t.Errorf("API %s: %v", v, err)
				}
			}
		})
	}
}

package golden

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/docker/docker/client"
	"github.com/google/go-cmp/cmp"
)

// moments is how often the real engine's apply is killed; on the embedded one
// it is killed at every call.
const moments = 10

const before = `
stack { name = "harbour" }
image "probe" { build = { context = "./probe" } }
network "back" {}
network "old" {}
volume "data" {}
container "web" {
  image    = image.probe
  networks = [network.back, network.old]
  mounts   = [{ volume = volume.data, target = "/data" }]
  env      = { LOG_LEVEL = "info" }
}
container "worker" {
  image    = image.probe
  networks = [network.back]
  memory   = "64m"
}
container "gone" {
  image        = image.probe
  network_mode = "none"
}
`

const after = `
stack { name = "harbour" }
image "probe" { build = { context = "./probe" } }
network "back" {}
network "new" {}
volume "data" {}
container "web" {
  image    = image.probe
  networks = [network.back, network.new]
  mounts   = [{ volume = volume.data, target = "/data" }]
  env      = { LOG_LEVEL = "debug" }
  restart  = "unless-stopped"
}
container "worker" {
  image    = image.probe
  networks = [network.back]
  memory   = "128m"
}
container "fresh" {
  image    = image.probe
  networks = [network.new]
}
`

// TestKilledApply kills bay with SIGKILL in the middle of an apply, before and
// after each call that changes the engine. The next apply has to finish the
// work, with no hand cleaning, and end where an apply that nobody kills ends.
func TestKilledApply(t *testing.T) {
	want, calls := killedAt(t, 0)
	step := 1
	if *lane == "real" {
		step = max(1, 2*calls/moments)
	}
	for moment := 1; moment <= 2*calls; moment += step {
		t.Run(fmt.Sprint(moment), func(t *testing.T) {
			if *lane != "real" {
				t.Parallel()
			}
			got, _ := killedAt(t, moment)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("what lives after the apply that follows (-want +got):\n%s", diff)
			}
		})
	}
}

// killedAt applies `before`, then `after`, killed at a moment: odd ones come
// before a call, even ones when the engine has acted and bay does not know it
// yet; at 0 nobody kills it. It returns what lives after one more apply, and
// how many calls the apply sent that was to be killed.
func killedAt(t *testing.T, moment int) (living []string, calls int) {
	w := newWorkshop(t)
	w.say(before)
	w.bay(t, "apply", "--yes")
	w.say(after)
	calls = w.killed(t, moment)
	w.bay(t, "apply", "--yes")
	w.bay(t, "plan", "--detailed-exitcode")
	err := w.with(func(ctx context.Context, c *client.Client) (err error) {
		living, err = w.living(ctx, c)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range living {
		living[i] = w.in(living[i])
	}
	return living, calls
}

// killed runs an apply, kills it at a moment, and returns how many calls it
// sent.
func (w *workshop) killed(t *testing.T, moment int) int {
	sent := w.onWire(t, func(wire *wire) {
		apply := w.command(t, wire.address, "apply", "--yes")
		var out bytes.Buffer
		apply.Stdout, apply.Stderr = &out, &out
		started := make(chan struct{})
		wire.cutBy(func(n int, acted bool) bool {
			now := 2*n - 1
			if acted {
				now++
			}
			if moment == 0 || now < moment {
				return false
			}
			<-started
			apply.Process.Kill()
			return true // nothing of a killed bay reaches the engine
		})
		err := apply.Start()
		close(started)
		if err == nil {
			err = apply.Wait()
		}
		if killed := moment > 0; (err != nil) != killed {
			t.Fatalf("moment %d: bay ended with %v\n%s", moment, err, &out)
		}
	})
	return len(sent)
}

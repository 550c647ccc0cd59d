package golden

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"bayplan/golden/slice"

	"github.com/docker/docker/client"
	"github.com/google/go-cmp/cmp"
)

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

// One whose old container serves until the new one does, and one whose
// containers take turns.
const (
	beside = `
stack { name = "harbour" }
image "probe" { build = { context = "./probe" } }
network "back" {}
container "web" {
  image    = image.probe
  command  = ["serve"]
  networks = [network.back]
  restart  = "always"
}
`
	turns = `
stack { name = "harbour" }
image "probe" { build = { context = "./probe" } }
volume "data" {}
container "db" {
  image        = image.probe
  command      = ["serve"]
  network_mode = "none"
  restart      = "always"
  mounts       = [{ volume = volume.data, target = "/data" }]
}
`
)

// withNew is a program whose container has an environment that it had not.
func withNew(program string) string {
	return strings.Replace(program, `["serve"]`, `["serve"]`+"\n  env = { NEW = \"1\" }", 1)
}

// killing is one apply that is killed.
type killing struct {
	name          string
	before, after string
	bad           string   // what the apply is of that is killed, and that fails if nobody kills it; "" for after
	hand          []string // what somebody does on the engine between the two
	flags         []string // of the applies that follow it
}

var killings = []killing{
	{
		name:   "first",
		before: `stack { name = "harbour" }`,
		after:  before,
	},
	{
		name:   "beside-bad",
		before: beside, after: beside,
		bad: strings.Replace(beside, `["serve"]`, `["exit", "3"]`, 1),
	},
	{
		name:   "turns-bad",
		before: turns, after: turns,
		bad: strings.Replace(turns, `["serve"]`, `["exit", "3"]`, 1),
	},
	{
		name:   "beside",
		before: beside, after: withNew(beside),
	},
	{
		name:   "turns",
		before: turns, after: withNew(turns),
	},
	{name: "stack", before: before, after: after},
	{
		name: "moved",
		before: `
stack { name = "harbour" }
image "probe" { build = { context = "./probe" } }
network "old" {}
volume "old" {}
container "old" {
  image    = image.probe
  networks = [network.old]
  mounts   = [{ volume = volume.old, target = "/data" }]
}
`,
		after: `
stack { name = "harbour" }
image "probe" { build = { context = "./probe" } }
network "new" {}
volume "new" {}
container "new" {
  image    = image.probe
  networks = [network.new]
  mounts   = [{ volume = volume.new, target = "/data" }]
  env      = { NEW = "1" }
}
moved {
  old = "network.old"
  new = network.new
}
moved {
  old = "volume.old"
  new = volume.new
}
moved {
  old = "container.old"
  new = container.new
}
`,
	},
	{
		name: "adopted",
		before: `
stack { name = "harbour" }
image "probe" {
  build = { context = "./probe" }
  tags  = ["harbour/probe:1.0"]
}
`,
		hand: []string{"run", "harbour-theirs", "harbour/probe:1.0", "restart=always"},
		after: `
stack { name = "harbour" }
image "probe" { build = { context = "./probe" } }
container "web" {
  image        = image.probe
  network_mode = "none"
  restart      = "always"
  env          = { NEW = "1" }
}
adopt {
  resource = container.web
  name     = "harbour-theirs"
}
`,
	},
	{
		name: "guest", flags: []string{"--reconnect-foreign"},
		before: `
stack { name = "harbour" }
image "probe" {
  build = { context = "./probe" }
  tags  = ["harbour/probe:1.0"]
}
network "back" {}
container "web" {
  image    = image.probe
  networks = [network.back]
}
container "idle" {
  image    = image.probe
  networks = [network.back]
  state    = "created"
}
`,
		hand: []string{"run", "harbour-theirs", "harbour/probe:1.0", "network=harbour-back"},
		after: `
stack { name = "harbour" }
image "probe" {
  build = { context = "./probe" }
  tags  = ["harbour/probe:1.0"]
}
network "back" { internal = true }
container "web" {
  image    = image.probe
  networks = [network.back]
}
container "idle" {
  image    = image.probe
  networks = [network.back]
  state    = "created"
}
`,
	},
	{
		name: "lost", flags: []string{"--replace-volume", "volume.data", "--confirm", "harbour"},
		before: `
stack { name = "harbour" }
image "probe" { build = { context = "./probe" } }
volume "data" {}
container "db" {
  image        = image.probe
  network_mode = "none"
  mounts       = [{ volume = volume.data, target = "/data" }]
}
`,
		after: `
stack { name = "harbour" }
image "probe" { build = { context = "./probe" } }
volume "data" { labels = { tier = "gold" } }
container "db" {
  image        = image.probe
  network_mode = "none"
  mounts       = [{ volume = volume.data, target = "/data" }]
}
`,
	},
}

// TestKilledApply kills bay with SIGKILL in the middle of an apply, before and
// after each call that changes the engine. The next apply has to finish the
// work, with no hand cleaning, and end where an apply that nobody kills ends. On a
// Docker Engine each apply is killed KILLED times, else at every call.
func TestKilledApply(t *testing.T) {
	t.Parallel()
	var part slice.Slice
	if *lane == "real" {
		part = slice.Of(t, "KILLED", 1)
	}
	for _, k := range killings {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			want, calls := k.at(t, 0)
			for _, i := range part.Draw(k.name, 2*calls) {
				t.Run(fmt.Sprint(i+1), func(t *testing.T) {
					t.Parallel()
					got, _ := k.at(t, i+1)
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("what lives after the apply that follows (-want +got):\n%s", diff)
					}
				})
			}
		})
	}
}

// at applies what is before, then what is after, killed at a moment: odd ones
// come before a call, even ones when the engine has acted and bay does not know
// it yet; at 0 nobody kills it. It returns what lives after one more apply, and
// how many calls the apply sent that was to be killed.
func (k killing) at(t *testing.T, moment int) (living []string, calls int) {
	w := newWorkshop(t)
	w.say(k.before)
	w.bay(t, "apply", "--yes")
	if k.hand != nil {
		w.hand(t, k.hand[0], slices.Clone(k.hand[1:])...)
	}
	if k.bad != "" {
		w.say(k.bad)
	} else {
		w.say(k.after)
	}
	again := []string{"apply", "--yes"}
	for _, f := range k.flags {
		again = append(again, w.out(f))
	}
	calls = w.killed(t, moment, k.bad != "", again...)
	w.say(k.after)
	next := w.command(t, w.address, again...)
	out, err := next.CombinedOutput()
	if next.ProcessState.ExitCode() == 12 { // what was started half became sick between plan and lock, and bay asks to look again
		next = w.command(t, w.address, again...)
		out, err = next.CombinedOutput()
	}
	if err != nil {
		t.Fatalf("the next bay %s: %v\n%s", strings.Join(again, " "), err, out)
	}
	w.bay(t, "plan", "--detailed-exitcode")
	err = w.with(func(ctx context.Context, c *client.Client) (err error) {
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
// sent. One that is bad fails if nobody kills it.
func (w *workshop) killed(t *testing.T, moment int, bad bool, args ...string) int {
	sent := w.onWire(t, func(wire *wire) {
		apply := w.command(t, wire.address, args...)
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
		ended := apply.ProcessState.ExitCode() // -1 if it was killed
		if killed := moment > 0; (ended == -1) != killed || !killed && (ended != 0) != bad {
			t.Fatalf("moment %d: bay ended with %v\n%s", moment, err, &out)
		}
	})
	return len(sent)
}

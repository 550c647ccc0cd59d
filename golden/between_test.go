package golden

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bayplan/golden/slice"
	"bayplan/interpreter"
	"bayplan/interpreter/apply"
	"bayplan/interpreter/engine"
	"bayplan/interpreter/engine/embedded"
	"bayplan/interpreter/plan"
	"bayplan/stdlib"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"
	"github.com/google/go-cmp/cmp"
)

const planned = `
stack { name = "harbour" }
image "probe" {
  build = { context = "./probe" }
  tags  = ["harbour/probe:1.0"]
}
network "back" {}
network "side" {}
volume "data" {}
container "web" {
  image    = image.probe
  networks = [network.back]
  mounts   = [{ volume = volume.data, target = "/data" }]
}
container "worker" {
  image        = image.probe
  network_mode = "none"
  memory       = "64m"
}
container "member" {
  image    = image.probe
  networks = [network.side]
}
container "idle" {
  image        = image.probe
  network_mode = "none"
}
`

// What the plans are for, as what they replace in the program.
var (
	replaces = []string{"target = \"/data\" }]\n", "target = \"/data\" }]\n  env = { NEW = \"1\" }\n"}
	updates  = []string{`"64m"`, `"128m"`}
	connects = []string{"[network.back]", "[network.back, network.side]"}
	removes  = []string{"container \"idle\" {\n  image        = image.probe\n  network_mode = \"none\"\n}\n", ""}
	creates  = []string{"volume \"data\" {}", "volume \"data\" {}\ncontainer \"fresh\" {\n  image    = image.probe\n  networks = [network.side]\n  mounts   = [{ volume = volume.data, target = \"/data\" }]\n}"}
	network1 = []string{"network \"side\" {}", "network \"side\" {}\nnetwork \"more\" {}"}
	volume1  = []string{"volume \"data\" {}", "volume \"data\" {}\nvolume \"more\" {}"}
	network2 = []string{"network \"side\" {}", "network \"side\" { internal = true }"}
)

// between is something that somebody does on the engine after a plan was made,
// and before its step.
type between struct {
	name   string
	change []string // of the program, which the plan is for
	hand   func(context.Context, *hands) error
	says   string // what refuses the step; "" where it is no reason to stop
}

// hands are somebody's, with a client of the engine.
type hands struct {
	*client.Client
	dock
}

func (h *hands) again(ctx context.Context, name string, labels map[string]string) error {
	if err := h.ContainerRemove(ctx, h.out(name), container.RemoveOptions{Force: true}); err != nil && !engine.Gone(err) {
		return err
	}
	_, err := h.ContainerCreate(ctx, &container.Config{Image: h.out("harbour/probe:1.0"), Labels: labels}, &container.HostConfig{NetworkMode: "none"}, nil, nil, h.out(name))
	return err
}

// network makes a network anew with nothing but its name; who was on it is off.
func (h *hands) network(ctx context.Context, name string, members ...string) error {
	for _, m := range members {
		if err := h.NetworkDisconnect(ctx, h.out(name), h.out(m), true); err != nil {
			return err
		}
	}
	if err := h.NetworkRemove(ctx, h.out(name)); err != nil && !engine.Gone(err) {
		return err
	}
	_, err := h.NetworkCreate(ctx, h.out(name), network.CreateOptions{})
	return err
}

// volume makes the data's volume anew, empty.
func (h *hands) volume(ctx context.Context, o volume.CreateOptions) error {
	if err := h.ContainerRemove(ctx, h.out("harbour-web"), container.RemoveOptions{Force: true}); err != nil {
		return err
	}
	o.Name = h.out("harbour-data")
	if err := h.VolumeRemove(ctx, o.Name, false); err != nil {
		return err
	}
	_, err := h.VolumeCreate(ctx, o)
	return err
}

// by does what the word hand of scripts does.
func by(verb string, args ...string) func(context.Context, *hands) error {
	return func(ctx context.Context, h *hands) error {
		words := make([]string, len(args))
		for i, a := range args {
			words[i] = h.out(a)
		}
		return handed[verb].do(ctx, h.Client, words)
	}
}

var betweens = []between{
	{"replaced one stopped", replaces, by("stop", "harbour-web"), `State.Running was "true" and is "false"`},
	{"replaced one paused", replaces, by("pause", "harbour-web"), `State.Paused was "false" and is "true"`},
	{"replaced one renamed", replaces, by("rename", "harbour-web", "harbour-mine"), "Name was"},
	{"replaced one removed", replaces, by("rm", "harbour-web"), "has gone since the plan was made"},
	{"replaced one with another policy", replaces, by("update", "harbour-web", "restart=always"), `HostConfig.RestartPolicy.Name was "no" and is "always"`},
	{"replaced one connected", replaces, by("connect", "harbour-web", "harbour-side"), "NetworkSettings.Networks.* was"},
	{"replaced one disconnected", replaces, by("disconnect", "harbour-web", "harbour-back"), "NetworkSettings.Networks.* was"},
	{"replaced one restarted", replaces, func(ctx context.Context, h *hands) error {
		return h.ContainerRestart(ctx, h.out("harbour-web"), container.StopOptions{})
	}, ""}, // it is the same one, and runs
	{"replaced one made again by hand", replaces, func(ctx context.Context, h *hands) error { return h.again(ctx, "harbour-web", nil) }, "has gone since the plan was made"},
	{"its image's tag moved", replaces, func(ctx context.Context, h *hands) error {
		_, err := h.ImageRemove(ctx, h.out("harbour/probe:1.0"), image.RemoveOptions{})
		return err
	}, ""}, // it goes by the pin, which nobody else moves
	{"volume made anew", replaces, func(ctx context.Context, h *hands) error { return h.volume(ctx, volume.CreateOptions{}) }, "has gone since the plan was made"},
	{"updated one stopped", updates, by("stop", "harbour-worker"), `State.Running was "true" and is "false"`},
	{"updated one killed", updates, func(ctx context.Context, h *hands) error {
		return h.ContainerKill(ctx, h.out("harbour-worker"), "KILL")
	}, `State.Running was "true" and is "false"`},
	{"updated one paused", updates, by("pause", "harbour-worker"), `State.Paused was "false" and is "true"`},
	{"updated one renamed", updates, by("rename", "harbour-worker", "harbour-mine"), "Name was"},
	{"what is updated is updated", updates, by("update", "harbour-worker", "memory=96m"), `HostConfig.Memory was "67108864" and is "100663296"`},
	{"something else is updated", updates, by("update", "harbour-worker", "restart=always"), ""}, // the next plan shows it
	{"updated one removed", updates, by("rm", "harbour-worker"), "has gone since the plan was made"},
	{"labels copied to another one", updates, func(ctx context.Context, h *hands) error {
		got, err := h.ContainerInspect(ctx, h.out("harbour-worker"))
		if err != nil {
			return err
		}
		return h.again(ctx, "harbour-copy", got.Config.Labels)
	}, ""}, // the step goes by the ID; the next plan tells of the copy
	{"connected one connected", connects, by("connect", "harbour-web", "harbour-side"), "NetworkSettings.Networks.* was"},
	{"joined network made anew", connects, func(ctx context.Context, h *hands) error { return h.network(ctx, "harbour-side", "harbour-member") }, "Labels.bayplan.uid was"},
	{"joined network removed", connects, func(ctx context.Context, h *hands) error {
		return errors.Join(h.NetworkDisconnect(ctx, h.out("harbour-side"), h.out("harbour-member"), true), h.NetworkRemove(ctx, h.out("harbour-side")))
	}, "has gone since the plan was made"},
	{"removed one stopped", removes, by("stop", "harbour-idle"), ""}, // it was to stop
	{"removed one renamed", removes, by("rename", "harbour-idle", "harbour-mine"), "Name was"},
	{"removed one made again by hand", removes, func(ctx context.Context, h *hands) error { return h.again(ctx, "harbour-idle", nil) }, "has gone since the plan was made"},
	{"name of a new one taken", creates, func(ctx context.Context, h *hands) error { return h.again(ctx, "harbour-fresh", nil) }, "has appeared since the plan was made"},
	{"volume of a new one made anew", creates, func(ctx context.Context, h *hands) error { return h.volume(ctx, volume.CreateOptions{}) }, "Labels.bayplan.uid was"},
	{"volume of a new one made anew by another driver's options", creates, func(ctx context.Context, h *hands) error {
		return h.volume(ctx, volume.CreateOptions{DriverOpts: map[string]string{"type": "tmpfs", "device": "tmpfs"}})
	}, "Labels.bayplan.uid was"},
	{"network of a new one made anew", creates, func(ctx context.Context, h *hands) error { return h.network(ctx, "harbour-side", "harbour-member") }, "Labels.bayplan.uid was"},
	{"name of a new network taken", network1, func(ctx context.Context, h *hands) error { return h.network(ctx, "harbour-more") }, "has appeared since the plan was made"},
	{"name of a new volume taken", volume1, by("volume", "harbour-more"), "has appeared since the plan was made"},
	{"replaced network made anew", network2, func(ctx context.Context, h *hands) error { return h.network(ctx, "harbour-side", "harbour-member") }, "has gone since the plan was made"},
	{"replaced network joined", network2, by("connect", "harbour-web", "harbour-side"), "Containers.* had at most"},
}

// TestBetween does something on the engine between a plan and its step. The
// step has to refuse it before it changes anything, or it is no reason to stop.
// A host port that somebody takes is not among these: nothing but the start
// tells, and then the old container serves again.
func TestBetween(t *testing.T) {
	t.Parallel()
	part := slice.Slice{}
	if *lane == "real" {
		part = slice.Of(t, "BETWEEN", 5)
	}
	for _, i := range part.Draw("between", len(betweens)) {
		b := betweens[i]
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			newStale(t).try(b)
		})
	}
}

// stale is a program and an engine, both in this process.
type stale struct {
	t    *testing.T
	dir  string
	e    *engine.Engine
	hand *hands
}

func newStale(t *testing.T) *stale {
	t.Helper()
	s := &stale{t: t, dir: t.TempDir()}
	d, err := newDock(filepath.Join(s.dir, ".state"))
	if err != nil {
		t.Fatal(err)
	}
	c, e, err := s.connect(d)
	if err != nil {
		t.Fatal(err)
	}
	s.e, s.hand = e, &hands{c, d}
	t.Cleanup(func() {
		if err := errors.Join(e.Close(), c.Close(), d.sweep()); err != nil {
			t.Error(err)
		}
	})
	if err := layProbe(filepath.Join(s.dir, "probe")); err != nil {
		t.Fatal(err)
	}
	return s
}

// connect opens the lane's engine for bay and for somebody else at once.
func (s *stale) connect(d dock) (*client.Client, *engine.Engine, error) {
	if *lane == "real" {
		c, _, err := d.open()
		if err != nil {
			return nil, nil, err
		}
		e, err := interpreter.Connect(context.Background(), d.address)
		return c, e, err
	}
	world, err := embedded.InMemory("between", "")
	if err != nil {
		return nil, nil, err
	}
	c, err := client.NewClientWithOpts(client.WithHost("tcp://embedded"), client.WithDialContext(world.Dial), client.WithAPIVersionNegotiation())
	if err != nil {
		return nil, nil, err
	}
	e, err := engine.Through(context.Background(), world.Dial, engine.Options{Local: true, Sleep: world.Sleep, Close: world.Close})
	return c, e, err
}

func (s *stale) plan(text string) *plan.Plan {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, "main.bay.hcl"), []byte(s.hand.out(text)), 0o644); err != nil {
		s.t.Fatal(err)
	}
	bay := &interpreter.Bay{Kinds: stdlib.Kinds(), Funcs: stdlib.Funcs(), Modules: stdlib.Modules()}
	got, err := bay.Load(interpreter.Program{Path: s.dir})
	if err != nil {
		s.t.Fatal(err)
	}
	if err := got.Diags.Err(); err != nil {
		s.t.Fatal(err)
	}
	p, err := bay.Plan(context.Background(), s.e, got.Program, interpreter.PlanOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

// lives is what lives on the engine.
func (s *stale) lives() []string {
	s.t.Helper()
	lines, err := s.hand.living(context.Background(), s.hand.Client)
	if err != nil {
		s.t.Fatal(err)
	}
	return lines
}

func (s *stale) try(b between) {
	ctx := context.Background()
	for _, f := range apply.Run(ctx, s.e, s.plan(planned), apply.Options{}).Failed {
		s.t.Fatalf("%s: %v", f.Step.Addr, f.Err)
	}
	text := strings.Replace(planned, b.change[0], b.change[1], 1)
	if text == planned {
		s.t.Fatalf("the program does not have %q", b.change[0])
	}
	p := s.plan(text)
	if len(p.Steps) == 0 {
		s.t.Fatal("there is nothing to do")
	}
	if err := b.hand(ctx, s.hand); err != nil {
		s.t.Fatal(err)
	}
	before := s.lives()
	r := apply.Run(ctx, s.e, p, apply.Options{})
	if b.says == "" {
		if len(r.Failed) > 0 {
			s.t.Errorf("it is no reason to stop, and yet: %v", r.Failed[0].Err)
		}
		return
	}
	var stale *apply.Stale
	if len(r.Failed) == 0 || !errors.As(r.Failed[0].Err, &stale) || !strings.Contains(stale.Error(), b.says) {
		s.t.Fatalf("got %s, want %q", failures(r), b.says)
	}
	if diff := cmp.Diff(before, s.lives()); diff != "" || r.Failed[0].Touched {
		s.t.Errorf("the step has changed something all the same:\n%s", diff)
	}
}

func failures(r *apply.Report) string {
	if len(r.Failed) == 0 {
		return "no failure"
	}
	return fmt.Sprintf("%s: %v", r.Failed[0].Step.Addr, r.Failed[0].Err)
}

// TestElsewhere holds that a plan of one engine is not applied to another one
// that answers in its place.
func TestElsewhere(t *testing.T) {
	if *lane != "embedded" {
		return // there is but one Docker Engine
	}
	s := newStale(t)
	p := s.plan(planned)
	p.Info.ID = "another"
	r := apply.Run(context.Background(), s.e, p, apply.Options{})
	var stale *apply.Stale
	if len(r.Failed) != 1 || !errors.As(r.Failed[0].Err, &stale) || !strings.Contains(stale.Error(), "the engine has changed") {
		t.Errorf("got %s", failures(r))
	}
	if len(s.lives()) > 0 {
		t.Errorf("it was applied: %v", s.lives())
	}
}

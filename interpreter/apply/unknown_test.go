package apply_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"bayplan/interpreter/apply"
	"bayplan/interpreter/engine"
	"bayplan/interpreter/engine/embedded"
	"bayplan/interpreter/plan"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// unsure is an engine whose next answer to a call is another than the truth.
type unsure struct {
	*embedded.Direct
	answer error // of the next call that changes something; then it is nil
	deaf   bool  // that call does not reach the engine
	sent   int   // calls that have reached the engine
}

func (u *unsure) through(call func() error) error {
	answer := u.answer
	u.answer = nil
	if answer != nil && u.deaf {
		return answer
	}
	u.sent++
	if err := call(); answer == nil {
		return err
	}
	return answer
}

func (u *unsure) ContainerCreate(ctx context.Context, c *container.Config, h *container.HostConfig, n *network.NetworkingConfig, p *ocispec.Platform, name string) (got container.CreateResponse, err error) {
	err = u.through(func() error { got, err = u.Direct.ContainerCreate(ctx, c, h, n, p, name); return err })
	return got, err
}

func (u *unsure) ContainerStart(ctx context.Context, id string, o container.StartOptions) error {
	return u.through(func() error { return u.Direct.ContainerStart(ctx, id, o) })
}

func (u *unsure) ContainerStop(ctx context.Context, id string, o container.StopOptions) error {
	return u.through(func() error { return u.Direct.ContainerStop(ctx, id, o) })
}

func (u *unsure) ContainerRename(ctx context.Context, id, name string) error {
	return u.through(func() error { return u.Direct.ContainerRename(ctx, id, name) })
}

func (u *unsure) ContainerUpdate(ctx context.Context, id string, c container.UpdateConfig) (got container.UpdateResponse, err error) {
	err = u.through(func() error { got, err = u.Direct.ContainerUpdate(ctx, id, c); return err })
	return got, err
}

func (u *unsure) ContainerRemove(ctx context.Context, id string, o container.RemoveOptions) error {
	return u.through(func() error { return u.Direct.ContainerRemove(ctx, id, o) })
}

// within is what docker's client makes of a 500.
type within struct{ error }

func (within) Is(target error) bool { return target == errdefs.ErrInternal }

// TestUnknownOutcomes sends the calls of a replacement whose answers leave open
// what the engine did: each reaches it once, or once more where nothing had come
// of it. What the engine says that it failed at is not sent again.
func TestUnknownOutcomes(t *testing.T) {
	cut, inside, proxy := errors.New("error during connect: EOF"), within{errors.New("it failed")}, within{errors.New("<html>Bad Gateway</html>")}
	job := []string{"exit", "0"}
	for _, c := range []struct {
		name string
		call func(id string) engine.Call
		cmd  []string
	}{
		{"create", func(string) engine.Call {
			return &engine.ContainerCreate{Name: "two", Config: &container.Config{Image: "probe:1", Labels: map[string]string{engine.LabelRun: "r-1"}}, HostConfig: &container.HostConfig{NetworkMode: "none"}}
		}, nil},
		{"start", func(id string) engine.Call { return &engine.ContainerStart{Container: id} }, nil},
		{"start of a job", func(id string) engine.Call { return &engine.ContainerStart{Container: id, Once: true} }, job},
		{"stop", func(id string) engine.Call { return &engine.ContainerStop{Container: id} }, nil},
		{"rename", func(id string) engine.Call { return &engine.ContainerRename{Container: id, Name: "three"} }, nil},
		{"policy", func(id string) engine.Call {
			return &engine.ContainerUpdate{Container: id, Update: container.UpdateConfig{RestartPolicy: container.RestartPolicy{Name: "always"}}}
		}, nil},
		{"remove", func(id string) engine.Call { return &engine.ContainerRemove{Container: id} }, nil},
	} {
		for _, f := range []struct {
			name   string
			answer error
			deaf   bool
			fails  bool
		}{
			{"cut before", cut, true, false},
			{"cut after", cut, false, false},
			{"a proxy's page, before", proxy, true, false},
			{"a proxy's page, after", proxy, false, false},
			{"a failure, before", inside, true, true},
			{"a failure, after", inside, false, false},
		} {
			t.Run(c.name+"/"+f.name, func(t *testing.T) {
				u, e := doubtful(t)
				id, err := e.Do(t.Context(), &engine.ContainerCreate{Name: "one", Config: &container.Config{Image: "probe:1", Cmd: c.cmd}, HostConfig: &container.HostConfig{NetworkMode: "none"}}, nil, nil)
				if err != nil {
					t.Fatal(err)
				}
				if c.name == "stop" {
					if _, err := e.Do(t.Context(), &engine.ContainerStart{Container: id}, nil, nil); err != nil {
						t.Fatal(err)
					}
				}
				call := c.call(id)
				u.answer, u.deaf, u.sent = f.answer, f.deaf, 0
				_, err = e.Do(t.Context(), call, nil, nil)
				if f.fails {
					if err == nil || u.sent != 0 {
						t.Errorf("%d sent, error %v", u.sent, err)
					}
					return
				}
				if err != nil || u.sent != 1 {
					t.Fatalf("%d sent, error %v", u.sent, err)
				}
				if c.name == "create" || c.name == "start of a job" {
					return
				}
				if _, held, err := e.Held(t.Context(), call); err != nil || !held {
					t.Errorf("afterwards it does not hold: %v", err)
				}
			})
		}
	}
}

// What breaks a call's connection breaks that of the lock, too: such a call is
// not sent again, since somebody else may be at work by then.
func TestUnknownAndNotHeld(t *testing.T) {
	u, e := doubtful(t)
	u.answer, u.deaf, u.sent = errors.New("error during connect: EOF"), true, 0
	lost := errors.New("somebody else is at work")
	p := &plan.Plan{Steps: []*plan.Step{step("a", engine.Op{Call: &engine.ContainerCreate{
		Name: "two", Config: &container.Config{Image: "probe:1"}, HostConfig: &container.HostConfig{NetworkMode: "none"},
	}})}}
	r := apply.Run(t.Context(), e, p, apply.Options{Held: func(context.Context) error {
		if u.answer == nil {
			return lost
		}
		return nil
	}})
	if u.sent != 0 || !errors.Is(r.Lost, lost) || len(r.Failed) != 1 || !r.Failed[0].Touched {
		t.Errorf("%d sent, report %+v", u.sent, r)
	}
}

func doubtful(t *testing.T) (*unsure, *engine.Engine) {
	t.Helper()
	u := &unsure{Direct: embedded.NewDirect(embedded.New(41, "unknown", time.Unix(1_700_000_000, 0)))}
	e, err := engine.New(t.Context(), u, engine.Options{Local: true, Clock: u.Direct, Sleep: u.Sleep})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Do(t.Context(), &engine.ImagePull{Ref: "probe:1"}, nil, nil); err != nil {
		t.Fatal(err)
	}
	return u, e
}

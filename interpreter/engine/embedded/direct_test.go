package embedded

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"
	"github.com/docker/go-connections/nat"
	"github.com/google/go-cmp/cmp"
)

// reads is what docker's client and Direct have in common and changes nothing.
type reads interface {
	ContainerList(context.Context, container.ListOptions) ([]container.Summary, error)
	ContainerInspect(context.Context, string) (container.InspectResponse, error)
	ContainerLogs(context.Context, string, container.LogsOptions) (io.ReadCloser, error)
	ImageList(context.Context, image.ListOptions) ([]image.Summary, error)
	ImageInspect(context.Context, string, ...client.ImageInspectOption) (image.InspectResponse, error)
	NetworkList(context.Context, network.ListOptions) ([]network.Summary, error)
	NetworkInspect(context.Context, string, network.InspectOptions) (network.Inspect, error)
	VolumeList(context.Context, volume.ListOptions) (volume.ListResponse, error)
	VolumeInspect(context.Context, string) (volume.Volume, error)
}

// What Direct answers is what docker's client answers of the same engine over
// HTTP, also where it fails.
func TestDirectAnswersAsTheClient(t *testing.T) {
	for _, v := range []string{"1.41", "1.43", "1.51"} {
		t.Run(v, func(t *testing.T) {
			w, c := open(t, t.TempDir(), v)
			furnish(t, c)
			d := NewDirect(w.state)
			for _, s := range questions() {
				want, got := outcome(s.ask(c)), outcome(s.ask(d))
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s (-client +direct)\n%s", s.name, diff)
				}
			}
		})
	}
}

// furnish makes some of everything.
func furnish(t *testing.T, c *client.Client) {
	pull(t, c, "probe:1")
	port := nat.Port("80/tcp")
	health := &container.HealthConfig{Test: []string{"CMD", "/probe", "health"}, Interval: time.Second}
	calls := []func() error{
		func() error {
			_, err := c.NetworkCreate(t.Context(), "net", network.CreateOptions{Labels: map[string]string{"a": "b"}, IPAM: &network.IPAM{Config: []network.IPAMConfig{{Subnet: "10.9.0.0/24"}}}})
			return err
		},
		func() error {
			_, err := c.VolumeCreate(t.Context(), volume.CreateOptions{Name: "vol", Labels: map[string]string{"x": "y"}})
			return err
		},
		func() error {
			_, err := c.ContainerCreate(t.Context(),
				&container.Config{Image: "probe:1", Cmd: []string{"serve"}, Env: []string{}, Healthcheck: health, ExposedPorts: nat.PortSet{port: {}}, Labels: map[string]string{"l": "m"}},
				&container.HostConfig{Binds: []string{"vol:/data"}, PortBindings: nat.PortMap{port: {{HostPort: "8080"}}}, NetworkMode: "net"},
				&network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{"net": {Aliases: []string{"web"}}}}, nil, "one")
			return err
		},
		func() error { return c.ContainerStart(t.Context(), "one", container.StartOptions{}) },
		func() error {
			_, err := c.ContainerCreate(t.Context(), &container.Config{Image: "probe:1", Cmd: []string{"exit", "3"}}, &container.HostConfig{NetworkMode: "none"}, nil, nil, "two")
			return err
		},
		func() error { return c.ContainerStart(t.Context(), "two", container.StartOptions{}) },
	}
	for _, call := range calls {
		if err := call(); err != nil {
			t.Fatal(err)
		}
	}
}

type question struct {
	name string
	ask  func(reads) (any, error)
}

func questions() []question {
	ctx := context.Background()
	all := []question{
		{"list", func(r reads) (any, error) { return r.ContainerList(ctx, container.ListOptions{All: true}) }},
		{"list by label", func(r reads) (any, error) {
			return r.ContainerList(ctx, container.ListOptions{Filters: filters.NewArgs(filters.Arg("label", "l=m"))})
		}},
		{"logs", func(r reads) (any, error) {
			out, err := r.ContainerLogs(ctx, "one", container.LogsOptions{ShowStdout: true, Tail: "1"})
			if err != nil {
				return nil, err
			}
			return io.ReadAll(out)
		}},
		{"images", func(r reads) (any, error) { return r.ImageList(ctx, image.ListOptions{}) }},
		{"networks", func(r reads) (any, error) { return r.NetworkList(ctx, network.ListOptions{}) }},
		{"volumes", func(r reads) (any, error) { return r.VolumeList(ctx, volume.ListOptions{}) }},
	}
	for _, name := range []string{"one", "two", "missing", "probe:1", "net", "bridge", "vol"} {
		all = append(all,
			question{"container " + name, func(r reads) (any, error) { return r.ContainerInspect(ctx, name) }},
			question{"image " + name, func(r reads) (any, error) { return r.ImageInspect(ctx, name) }},
			question{"network " + name, func(r reads) (any, error) { return r.NetworkInspect(ctx, name, network.InspectOptions{}) }},
			question{"volume " + name, func(r reads) (any, error) { return r.VolumeInspect(ctx, name) }})
	}
	return all
}

// outcome is an answer in a form that can be compared, errors with their class.
func outcome(x any, err error) string {
	if err != nil {
		return fmt.Sprintln(err, errdefs.IsNotFound(err), errdefs.IsConflict(err), errdefs.IsInvalidArgument(err), errdefs.IsInternal(err))
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetIndent("", " ")
	if err := enc.Encode(x); err != nil {
		return err.Error()
	}
	return out.String()
}

// A copy is what JSON makes of it, and shares nothing.
func TestCopied(t *testing.T) {
	host := &container.HostConfig{Binds: []string{"a:b"}, DNS: []string{}, PortBindings: nat.PortMap{"80/tcp": {{HostPort: "1"}}}}
	host.Ulimits = append(host.Ulimits, &container.Ulimit{Name: "nofile", Soft: 1})
	config := &container.Config{Env: []string{}, Labels: map[string]string{"a": "b"}, Cmd: []string{"x"}, Volumes: map[string]struct{}{}}
	for _, pair := range [][2]any{
		{copied(host), throughJSON(host)}, {copied(config), throughJSON(config)},
		{copied(&events.Message{Scope: "x"}), throughJSON(&events.Message{Scope: "x"})},
		{copied(&map[string]any{"a": 1}), throughJSON(&map[string]any{"a": 1})},
	} {
		if d := cmp.Diff(pair[1], pair[0]); d != "" {
			t.Errorf("(-json +copied)\n%s", d)
		}
	}
	c := copied(host)
	c.Binds[0], c.PortBindings["80/tcp"][0].HostPort, c.Ulimits[0].Soft = "x", "2", 2
	if host.Binds[0] != "a:b" || host.PortBindings["80/tcp"][0].HostPort != "1" || host.Ulimits[0].Soft != 1 {
		t.Error("a change of the copy is a change of the original")
	}
}

// Waiting on the engine's own clock takes no time, and ends at the limit.
func TestDirectClock(t *testing.T) {
	s := fresh(t, 41, container.HostConfig{}, nil, "exit", "3", "after", "5s")
	d := NewDirect(s)
	if err := d.ContainerStart(t.Context(), "ctr", container.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := d.Timeout(t.Context(), 4*time.Second)
	defer cancel()
	if err := d.Await(ctx, nil, nil); err != context.DeadlineExceeded {
		t.Errorf("waiting longer than allowed: %v", err)
	}
	if _, err := d.ContainerInspect(ctx, "ctr"); err != context.DeadlineExceeded {
		t.Errorf("a call after the limit: %v", err)
	}
	if err := d.Await(t.Context(), nil, nil); err != nil {
		t.Error(err)
	}
	got, err := d.ContainerInspect(t.Context(), "ctr")
	if err != nil || got.State.ExitCode != 3 {
		t.Errorf("after the wait: %+v, %v", got.State, err)
	}
	if err := d.Await(t.Context(), nil, nil); err == nil {
		t.Error("a wait for nothing has an end")
	}
}

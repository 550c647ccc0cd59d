package embedded

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"
)

// open opens a world of its own for a test, with docker's own client.
func open(t testing.TB, dir, api string) (*World, *client.Client) {
	t.Helper()
	w, err := Open(dir, "default", api)
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.NewClientWithOpts(client.WithHost("http://embedded"), client.WithDialContext(w.Dial), client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Close()
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w, c
}

// pull gets an image, and fails the test if that fails.
func pull(t testing.TB, c *client.Client, ref string) {
	t.Helper()
	r, err := c.ImagePull(t.Context(), ref, image.PullOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	out, err := io.ReadAll(r)
	if err != nil || strings.Contains(string(out), "error") {
		t.Fatalf("pulling %s: %v\n%s", ref, err, out)
	}
}

// run creates and starts a container with these words for the probe.
func run(t testing.TB, c *client.Client, name string, cfg container.Config, host container.HostConfig, nets *network.NetworkingConfig) string {
	t.Helper()
	if cfg.Image == "" {
		cfg.Image = "probe:1"
		pull(t, c, cfg.Image)
	}
	resp, err := c.ContainerCreate(t.Context(), &cfg, &host, nets, nil, name)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.ContainerStart(t.Context(), resp.ID, container.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	return resp.ID
}

func probeWords(words ...string) container.Config {
	return container.Config{Entrypoint: []string{"/probe"}, Cmd: words}
}

func inspect(t testing.TB, c *client.Client, ref string) container.InspectResponse {
	t.Helper()
	got, err := c.ContainerInspect(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestMainLine(t *testing.T) {
	w, c := open(t, t.TempDir(), "")
	ctx := t.Context()
	if c.ClientVersion() == "" {
		t.Error("no version")
	}
	n, err := c.NetworkCreate(ctx, "net", network.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.VolumeCreate(ctx, volume.CreateOptions{Name: "data"}); err != nil {
		t.Fatal(err)
	}
	cfg := probeWords("serve", "--healthy-after", "90s")
	cfg.Healthcheck = &container.HealthConfig{Test: []string{"CMD", "/probe", "health"}, Interval: 10 * time.Second, Retries: 100}
	msgs, errs := c.Events(ctx, events.ListOptions{Filters: filters.NewArgs(filters.Arg("event", "health_status"))})
	id := run(t, c, "web", cfg, container.HostConfig{NetworkMode: "net", Binds: []string{"data:/data"}}, nil)
	begin := time.Now()
	select {
	case m := <-msgs:
		if m.Action != "health_status: healthy" || m.Actor.ID != id {
			t.Errorf("got event %s of %s", m.Action, m.Actor.ID)
		}
	case err := <-errs:
		t.Fatal(err)
	case <-time.After(20 * time.Second):
		t.Fatal("the clock did not jump to the health check")
	}
	t.Log("a wait of 90s took", time.Since(begin))
	if got := inspect(t, c, "web"); got.State.Health.Status != "healthy" || got.NetworkSettings.Networks["net"].NetworkID != n.ID {
		t.Errorf("got %+v", got.State.Health)
	}
	if err := w.Sleep(ctx, time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := c.ContainerStop(ctx, "web", container.StopOptions{}); err != nil {
		t.Fatal(err)
	}
	r, err := c.ContainerLogs(ctx, "web", container.LogsOptions{ShowStdout: true})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var out strings.Builder
	if _, err := stdcopy.StdCopy(&out, io.Discard, r); err != nil {
		t.Fatal(err)
	}
	if want := "probe: serving on :8080\nprobe: told to stop\n"; out.String() != want {
		t.Errorf("got logs %q, want %q", out.String(), want)
	}
	if err := c.ContainerRemove(ctx, "web", container.RemoveOptions{}); err != nil {
		t.Fatal(err)
	}
}

func TestWaitCostsNoTime(t *testing.T) {
	_, c := open(t, t.TempDir(), "1.41")
	id := run(t, c, "job", probeWords("exit", "3", "after", "24h"), container.HostConfig{}, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	done, errs := c.ContainerWait(ctx, id, container.WaitConditionNotRunning)
	select {
	case r := <-done:
		if r.StatusCode != 3 {
			t.Errorf("got code %d, want 3", r.StatusCode)
		}
	case err := <-errs:
		t.Fatal(err)
	}
}

//go:build realengine

package embedded

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"
	"github.com/google/go-cmp/cmp"
)

var rewrite = flag.Bool("update", false, "record anew what the real engine answers")

// TestRecording makes the script's calls on a real engine, and compares the
// answers with the recording against which the embedded engine is tested.
func TestRecording(t *testing.T) {
	c := realEngine(t)
	c.NegotiateAPIVersion(t.Context())
	if v := c.ClientVersion(); v != recordedVersion {
		t.Skipf("NO REAL ENGINE OF API %s HERE, BUT %s: NOTHING WAS COMPARED", recordedVersion, v)
	}
	clean(t, c)
	t.Cleanup(func() { clean(t, c) })
	recorded := recording(t) // what is not run stays as it is
	root := rootfs(t)
	for _, p := range script(root) {
		t.Run(p.name, func(t *testing.T) {
			got := answers(t, c, p)
			if *rewrite {
				recorded[p.name] = got
				return
			}
			if d := cmp.Diff(recorded[p.name], got); d != "" {
				t.Errorf("the real engine differs from the recording (-recorded +real):\n%s", d)
			}
		})
	}
	if !*rewrite {
		return
	}
	data, err := json.MarshalIndent(recorded, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(recordingPath, append(data, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

func realEngine(t *testing.T) *client.Client {
	c, err := client.NewClientWithOpts(client.WithHost(client.DefaultDockerHost), client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Ping(t.Context()); err != nil {
		t.Skipf("NO REAL ENGINE HERE, NOTHING WAS COMPARED: %v", err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// clean removes all that bears our mark.
func clean(t *testing.T, c *client.Client) {
	ctx := context.Background()
	list, err := c.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("name", "^/"+mark))})
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range list {
		_ = c.ContainerRemove(ctx, k.ID, container.RemoveOptions{Force: true, RemoveVolumes: true})
	}
	nets, err := c.NetworkList(ctx, network.ListOptions{Filters: filters.NewArgs(filters.Arg("name", "^"+mark))})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range nets {
		_ = c.NetworkRemove(ctx, n.ID)
	}
	vols, err := c.VolumeList(ctx, volume.ListOptions{Filters: filters.NewArgs(filters.Arg("name", "^"+mark))})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range vols.Volumes {
		_ = c.VolumeRemove(ctx, v.Name, false)
	}
	images, err := c.ImageList(ctx, image.ListOptions{Filters: filters.NewArgs(filters.Arg("reference", mark+"*"))})
	if err != nil {
		t.Fatal(err)
	}
	for _, im := range images {
		for _, tag := range im.RepoTags {
			_, _ = c.ImageRemove(ctx, tag, image.RemoveOptions{})
		}
	}
}

// rootfs is an archive that holds the probe alone.
func rootfs(t *testing.T) []byte {
	bin := filepath.Join(t.TempDir(), "probe")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", bin, "bayplan/golden/probe")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building the probe: %v\n%s", err, out)
	}
	data, err := os.ReadFile(bin)
	if err != nil {
		t.Fatal(err)
	}
	return archive(t, map[string]string{"probe": string(data)})
}

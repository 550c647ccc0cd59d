package embedded

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/build"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/registry"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"
	"github.com/docker/go-connections/nat"
	"github.com/google/go-cmp/cmp"
)

// lock makes and starts a container that lives as long as its input is held.
func lock(t *testing.T, c *client.Client) *net.Conn {
	t.Helper()
	pull(t, c, "lock:1")
	_, err := c.ContainerCreate(t.Context(), &container.Config{Image: "lock:1", Cmd: []string{"/lock"}, OpenStdin: true, StdinOnce: true, AttachStdin: true},
		&container.HostConfig{NetworkMode: "none", AutoRemove: true}, nil, nil, "the-lock")
	if err != nil {
		t.Fatal(err)
	}
	a, err := c.ContainerAttach(t.Context(), "the-lock", container.AttachOptions{Stream: true, Stdin: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.ContainerStart(t.Context(), "the-lock", container.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	return &a.Conn
}

// gone waits until a container is not there any more.
func gone(t *testing.T, c *client.Client, ref string) {
	t.Helper()
	for range 200 {
		if _, err := c.ContainerInspect(t.Context(), ref); errdefs.IsNotFound(err) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("container %s is still there", ref)
}

func TestLockGoesWithItsHolder(t *testing.T) {
	dir := t.TempDir()
	w, c := open(t, dir, "")
	conn := lock(t, c)
	if err := w.Sleep(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	if !inspect(t, c, "the-lock").State.Running {
		t.Fatal("the lock does not hold")
	}
	if err := (*conn).Close(); err != nil {
		t.Fatal(err)
	}
	gone(t, c, "the-lock")
	lock(t, c)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	_, c = open(t, dir, "")
	gone(t, c, "the-lock")
}

func TestAttachedOutput(t *testing.T) {
	_, c := open(t, t.TempDir(), "")
	pull(t, c, "probe:1")
	cfg := probeWords("print", "some", "words")
	cfg.Image = "probe:1"
	if _, err := c.ContainerCreate(t.Context(), &cfg, &container.HostConfig{AutoRemove: true}, nil, nil, "said"); err != nil {
		t.Fatal(err)
	}
	a, err := c.ContainerAttach(t.Context(), "said", container.AttachOptions{Stream: true, Stdout: true, Stderr: true})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if err := a.CloseWrite(); err != nil { // as the docker command does when it has no input
		t.Fatal(err)
	}
	done, errs := c.ContainerWait(t.Context(), "said", container.WaitConditionRemoved)
	if err := c.ContainerStart(t.Context(), "said", container.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := stdcopy.StdCopy(&out, &out, a.Reader); err != nil {
		t.Fatal(err)
	}
	if out.String() != "some words\n" {
		t.Errorf("got %q", out.String())
	}
	select {
	case r := <-done:
		if r.StatusCode != 0 {
			t.Errorf("got code %d", r.StatusCode)
		}
	case err := <-errs:
		t.Fatal(err)
	}
}

func TestExec(t *testing.T) {
	_, c := open(t, t.TempDir(), "")
	cfg := probeWords("serve", "--sick-after", "1h")
	cfg.Env = []string{"A=b"}
	id := run(t, c, "web", cfg, container.HostConfig{}, nil)
	tests := []struct {
		words string
		code  int
		out   string
		errs  string
	}{
		{"/probe print x y", 0, "x y\n", ""},
		{"/probe exit 3", 3, "", ""},
		{"/probe health", 0, "healthy\n", ""},
		{"/probe cat /nix", 1, "", "probe: open /nix: no such file or directory\n"},
		{"/probe env", 0, "A=b\nHOME=/\nHOSTNAME=" + id[:12] + "\n" + defaultPath + "\n", ""},
		{"pg_dump all", 0, "", ""},
	}
	for _, tt := range tests {
		e, err := c.ContainerExecCreate(t.Context(), "web", container.ExecOptions{Cmd: strings.Fields(tt.words), AttachStdout: true, AttachStderr: true})
		if err != nil {
			t.Fatal(err)
		}
		a, err := c.ContainerExecAttach(t.Context(), e.ID, container.ExecAttachOptions{})
		if err != nil {
			t.Fatal(err)
		}
		var out, errs bytes.Buffer
		if _, err := stdcopy.StdCopy(&out, &errs, a.Reader); err != nil {
			t.Fatal(err)
		}
		a.Close()
		got, err := c.ContainerExecInspect(t.Context(), e.ID)
		if err != nil {
			t.Fatal(err)
		}
		if got.ExitCode != tt.code || out.String() != tt.out || errs.String() != tt.errs {
			t.Errorf("%s: got %d %q %q, want %d %q %q", tt.words, got.ExitCode, out.String(), errs.String(), tt.code, tt.out, tt.errs)
		}
	}
}

func TestFollowedLogs(t *testing.T) {
	_, c := open(t, t.TempDir(), "")
	cfg := probeWords("exit", "1", "after", "1h")
	cfg.Tty = true
	host := container.HostConfig{}
	host.RestartPolicy = container.RestartPolicy{Name: "on-failure", MaximumRetryCount: 2}
	run(t, c, "job", cfg, host, nil)
	begin := time.Now()
	r, err := c.ContainerLogs(t.Context(), "job", container.LogsOptions{ShowStdout: true, Follow: true})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := io.ReadAll(r); err != nil {
		t.Fatal(err)
	}
	if got := inspect(t, c, "job"); got.State.Running || got.RestartCount != 2 {
		t.Errorf("the stream ended while the container is %s, after %d restarts", got.State.Status, got.RestartCount)
	}
	t.Log("three hours took", time.Since(begin))
}

func TestLogOptions(t *testing.T) {
	w, c := open(t, t.TempDir(), "")
	cfg := probeWords("serve")
	cfg.Tty = true
	run(t, c, "web", cfg, container.HostConfig{}, nil)
	if err := w.Sleep(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := c.ContainerStop(t.Context(), "web", container.StopOptions{}); err != nil {
		t.Fatal(err)
	}
	serving, told := "probe: serving on :8080\n", "probe: told to stop\n"
	tests := map[string]struct {
		o    container.LogsOptions
		want string
	}{
		"all":    {container.LogsOptions{ShowStdout: true}, serving + told},
		"errors": {container.LogsOptions{ShowStderr: true}, ""},
		"last":   {container.LogsOptions{ShowStdout: true, Tail: "1"}, told},
		"none":   {container.LogsOptions{ShowStdout: true, Tail: "0"}, ""},
		"recent": {container.LogsOptions{ShowStdout: true, Since: inspect(t, c, "web").State.FinishedAt}, told},
		"early":  {container.LogsOptions{ShowStdout: true, Until: inspect(t, c, "web").State.FinishedAt}, serving},
	}
	for name, tt := range tests {
		r, err := c.ContainerLogs(t.Context(), "web", tt.o)
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil || string(data) != tt.want {
			t.Errorf("%s: got %q %v, want %q", name, data, err, tt.want)
		}
		r.Close()
	}
}

func TestFiles(t *testing.T) {
	_, c := open(t, t.TempDir(), "")
	cfg := probeWords("cat", "/data/sub/f")
	cfg.Image, cfg.Tty = "probe:1", true
	pull(t, c, "probe:1")
	host := container.HostConfig{Binds: []string{"vol:/data"}}
	for _, name := range []string{"one", "two"} {
		if _, err := c.ContainerCreate(t.Context(), &cfg, &host, nil, nil, name); err != nil {
			t.Fatal(err)
		}
	}
	in := archive(t, map[string]string{"sub/f": "content", "sub/g": "other"})
	if err := c.CopyToContainer(t.Context(), "one", "/data", bytes.NewReader(in), container.CopyToContainerOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := c.CopyToContainer(t.Context(), "one", "/etc", bytes.NewReader(archive(t, map[string]string{"own": "mine"})), container.CopyToContainerOptions{}); err != nil {
		t.Fatal(err)
	}
	r, stat, err := c.CopyFromContainer(t.Context(), "one", "/etc/own")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	files, err := ReadTar(r)
	if err != nil || string(files["own"].Data) != "mine" || stat.Size != 4 || stat.Mode.Perm() != 0o755 {
		t.Errorf("got %v, %+v, %v", files, stat, err)
	}
	r, _, err = c.CopyFromContainer(t.Context(), "two", "/data/sub")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if files, err = ReadTar(r); err != nil || string(files["sub/f"].Data) != "content" || string(files["sub/g"].Data) != "other" {
		t.Errorf("the other container of the volume: got %v, %v", files, err)
	}
	if _, err := c.ContainerStatPath(t.Context(), "two", "/etc/own"); !errdefs.IsNotFound(err) {
		t.Errorf("the other container's own file: got %v", err)
	}
	if err := c.ContainerStart(t.Context(), "two", container.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	out, err := c.ContainerLogs(t.Context(), "two", container.LogsOptions{ShowStdout: true, ShowStderr: true})
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if data, err := io.ReadAll(out); err != nil || string(data) != "content" {
		t.Errorf("the program read %q, %v", data, err)
	}
}

func TestRegistry(t *testing.T) {
	_, c := open(t, t.TempDir(), "")
	ctx := t.Context()
	d, err := c.DistributionInspect(ctx, "postgres:16", "")
	if err != nil {
		t.Fatal(err)
	}
	digest := d.Descriptor.Digest.String()
	pull(t, c, "postgres:16@"+digest)
	got, err := c.ImageInspect(ctx, "postgres:16@"+digest)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"postgres@" + digest}, got.RepoDigests); d != "" || len(got.RepoTags) != 0 {
		t.Errorf("a pull by digest left tags %v, digests (-want +got):\n%s", got.RepoTags, d)
	}
	if _, err := c.ImageInspect(ctx, "postgres:16"); !errdefs.IsNotFound(err) {
		t.Errorf("a pull by digest left a tag: %v", err)
	}
	if _, ok := got.Config.Volumes["/var/lib/postgresql/data"]; !ok {
		t.Error("postgres keeps no data")
	}
	pull(t, c, "postgres:16")
	if tagged, err := c.ImageInspect(ctx, "postgres:16"); err != nil || tagged.ID != got.ID {
		t.Errorf("the same digest gave another image: %v", err)
	}
	for _, ref := range []string{"fails.invalid/x:1", "fails.invalid/x/y"} {
		if _, err := c.DistributionInspect(ctx, ref, ""); err == nil || !strings.Contains(err.Error(), "no such host") {
			t.Errorf("%s: got %v", ref, err)
		}
		if _, err := c.ImagePull(ctx, ref, image.PullOptions{}); err == nil || !strings.Contains(err.Error(), "no such host") {
			t.Errorf("pulling %s: got %v", ref, err)
		}
	}
	r, err := c.ImagePull(ctx, "fails.invalid/late/x:1", image.PullOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if data, err := io.ReadAll(r); err != nil || !strings.Contains(string(data), `"error":"unexpected EOF"`) {
		t.Errorf("a pull that breaks off: got %s, %v", data, err)
	}
}

func TestPushedImageCanBePulled(t *testing.T) {
	_, c := open(t, t.TempDir(), "")
	ctx := t.Context()
	id := built(t, c, "FROM scratch\nCOPY a /a\n", map[string]string{"a": "1"}, build.ImageBuildOptions{Tags: []string{"reg.example/app:1"}})
	before, err := c.DistributionInspect(ctx, "reg.example/app:1", "")
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.ImagePush(ctx, "reg.example/app:1", image.PushOptions{RegistryAuth: "e30="})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if data, err := io.ReadAll(r); err != nil || strings.Contains(string(data), "error") {
		t.Fatalf("pushing: %s %v", data, err)
	}
	after, err := c.DistributionInspect(ctx, "reg.example/app:1", "")
	if err != nil {
		t.Fatal(err)
	}
	if before.Descriptor.Digest == after.Descriptor.Digest {
		t.Error("the push changed nothing in the registry")
	}
	if _, err := c.ImageRemove(ctx, "reg.example/app:1", image.RemoveOptions{}); err != nil {
		t.Fatal(err)
	}
	pull(t, c, "reg.example/app:1")
	if got, err := c.ImageInspect(ctx, "reg.example/app@"+after.Descriptor.Digest.String()); err != nil || got.ID != id {
		t.Errorf("the pull gave another image: %v", err)
	}
	if _, err := c.RegistryLogin(ctx, registry.AuthConfig{}); err != nil {
		t.Error(err)
	}
}

// built builds an image and returns its ID.
func built(t *testing.T, c *client.Client, dockerfile string, files map[string]string, o build.ImageBuildOptions) string {
	t.Helper()
	all := map[string]string{"Dockerfile": dockerfile}
	for k, v := range files {
		all[k] = v
	}
	o.Version = build.BuilderV1
	resp, err := c.ImageBuild(t.Context(), bytes.NewReader(archive(t, all)), o)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	id := ""
	for dec := json.NewDecoder(resp.Body); ; {
		var m struct {
			Error string
			Aux   *struct{ ID string }
		}
		if err := dec.Decode(&m); errors.Is(err, io.EOF) {
			return id
		} else if err != nil {
			t.Fatal(err)
		}
		if m.Error != "" {
			return m.Error
		}
		if m.Aux != nil {
			id = m.Aux.ID
		}
	}
}

func TestBuildsByContent(t *testing.T) {
	_, c := open(t, t.TempDir(), "")
	file := "FROM scratch\nARG X=1\nCOPY dir /app/\nCOPY *.txt /t/\nENV A=${X}2\nRUN make\n"
	files := map[string]string{"dir/a": "1", "dir/b/c": "2", "x.txt": "3", "ignored": "4", ".dockerignore": "ignored\n"}
	with := func(k, v string) map[string]string {
		m := map[string]string{k: v}
		for f, text := range files {
			if f != k {
				m[f] = text
			}
		}
		return m
	}
	base := built(t, c, file, files, build.ImageBuildOptions{})
	x := "9"
	tests := []struct {
		name string
		got  string
		same bool
	}{
		{"again", built(t, c, file, files, build.ImageBuildOptions{}), true},
		{"again, with a tag", built(t, c, file, files, build.ImageBuildOptions{Tags: []string{"a:1"}}), true},
		{"an ignored file changed", built(t, c, file, with("ignored", "5"), build.ImageBuildOptions{}), true},
		{"a file changed", built(t, c, file, with("dir/a", "5"), build.ImageBuildOptions{}), false},
		{"a file more", built(t, c, file, with("y.txt", "5"), build.ImageBuildOptions{}), false},
		{"a file that nothing names", built(t, c, file, with("z", "5"), build.ImageBuildOptions{}), true},
		{"an argument", built(t, c, file, files, build.ImageBuildOptions{BuildArgs: map[string]*string{"X": &x}}), false},
		{"an argument that is not declared", built(t, c, file, files, build.ImageBuildOptions{BuildArgs: map[string]*string{"Y": &x}}), true},
		{"a label", built(t, c, file, files, build.ImageBuildOptions{Labels: map[string]string{"a": "b"}}), false},
		{"a platform", built(t, c, file, files, build.ImageBuildOptions{Platform: "linux/arm64"}), false},
		{"a step", built(t, c, strings.Replace(file, "make", "make all", 1), files, build.ImageBuildOptions{}), false},
	}
	for _, tt := range tests {
		if !strings.HasPrefix(tt.got, "sha256:") {
			t.Errorf("%s: %s", tt.name, tt.got)
		}
		if (tt.got == base) != tt.same {
			t.Errorf("%s: same image: %v, want %v", tt.name, tt.got == base, tt.same)
		}
	}
	wrong := map[string]string{
		"FROM scratch\nCOPY nix /\n":                  "COPY failed: file not found in build context or excluded by .dockerignore: stat nix: file does not exist",
		"FROM scratch\nCOPY ignored /\n":              "COPY failed: file not found in build context or excluded by .dockerignore: stat ignored: file does not exist",
		"FROM fails.invalid/x\n":                      `Get "https://fails.invalid/v2/": dial tcp: lookup fails.invalid: no such host`,
		"FROM scratch\nSTOPSIGNAL NIX\n":              "Invalid signal: NIX",
		"FROM scratch\nHEALTHCHECK --retries=x CMD a": "--retries must be at least 0 (not x)",
	}
	for file, want := range wrong {
		if got := built(t, c, file, files, build.ImageBuildOptions{}); got != want {
			t.Errorf("%s: got %q, want %q", file, got, want)
		}
	}
}

func TestBuildTakesFilesFromStages(t *testing.T) {
	_, c := open(t, t.TempDir(), "")
	file := "FROM golang:1 AS build\nCOPY a /src/a\nFROM scratch\nCOPY --from=build /src/a /b\nENTRYPOINT [\"/probe\"]\nCMD [\"cat\", \"/b\"]\n"
	id := built(t, c, file, map[string]string{"a": "text"}, build.ImageBuildOptions{})
	run(t, c, "ctr", container.Config{Image: id, Tty: true}, container.HostConfig{}, nil)
	r, err := c.ContainerLogs(t.Context(), "ctr", container.LogsOptions{ShowStdout: true, ShowStderr: true})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if data, err := io.ReadAll(r); err != nil || string(data) != "text" {
		t.Errorf("got %q, %v", data, err)
	}
}

func TestImagesInUse(t *testing.T) {
	_, c := open(t, t.TempDir(), "")
	ctx := t.Context()
	run(t, c, "web", probeWords("serve"), container.HostConfig{}, nil)
	id := inspect(t, c, "web").Image
	rm := func(ref string, force bool) string {
		got, err := c.ImageRemove(ctx, ref, image.RemoveOptions{Force: force})
		if err != nil {
			return err.Error()
		}
		return text(got)
	}
	if err := c.ImageTag(ctx, "probe:1", "other:1"); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		ref   string
		force bool
		want  string
	}{
		{id, false, "image is referenced in multiple repositories"},
		{id, true, "image is being used by running container"},
		{"other:1", false, `[{"Untagged":"other:1"}]`},
		{"probe:1", false, "is using its referenced image"},
		{id, false, "image is being used by running container"},
	}
	for _, tt := range tests {
		if got := rm(tt.ref, tt.force); !strings.Contains(got, tt.want) {
			t.Errorf("removing %s (force %v): got %s, want %s", tt.ref, tt.force, got, tt.want)
		}
	}
	if err := c.ContainerRemove(ctx, "web", container.RemoveOptions{Force: true}); err != nil {
		t.Fatal(err)
	}
	if got := rm("probe:1", false); !strings.Contains(got, `"Untagged":"probe@sha256:`) || !strings.Contains(got, `{"Deleted":"`+id+`"}`) {
		t.Errorf("got %s", got)
	}
}

func TestVolumesThatGo(t *testing.T) {
	_, c := open(t, t.TempDir(), "")
	ctx := t.Context()
	count := func() int {
		list, err := c.VolumeList(ctx, volume.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return len(list.Volumes)
	}
	for _, tt := range []struct {
		name    string
		auto, v bool
		want    int // volumes that are left
	}{{"kept", false, false, 2}, {"asked for", false, true, 2}, {"by itself", true, false, 2}} {
		cfg := probeWords("serve")
		cfg.Volumes = map[string]struct{}{"/anon": {}}
		id := run(t, c, "", cfg, container.HostConfig{AutoRemove: tt.auto, Binds: []string{"named:/data"}}, nil)
		if tt.auto {
			if err := c.ContainerStop(ctx, id, container.StopOptions{}); err != nil {
				t.Fatal(err)
			}
		} else if err := c.ContainerRemove(ctx, id, container.RemoveOptions{Force: true, RemoveVolumes: tt.v}); err != nil {
			t.Fatal(err)
		}
		if got := count(); got != tt.want {
			t.Errorf("%s: %d volumes are left, want %d", tt.name, got, tt.want)
		}
	}
}

func TestFailedStartLeavesNothingHalf(t *testing.T) {
	_, c := open(t, t.TempDir(), "")
	ctx := t.Context()
	cfg := probeWords("serve")
	cfg.ExposedPorts = nat.PortSet{"80/tcp": {}}
	host := container.HostConfig{PortBindings: nat.PortMap{"80/tcp": {{HostPort: "8080"}}}}
	run(t, c, "first", cfg, host, nil)
	for _, auto := range []bool{false, true} {
		host.AutoRemove = auto
		if _, err := c.ContainerCreate(ctx, &container.Config{Image: "probe:1", Entrypoint: cfg.Entrypoint, Cmd: cfg.Cmd, ExposedPorts: cfg.ExposedPorts}, &host, nil, nil, "second"); err != nil {
			t.Fatal(err)
		}
		err := c.ContainerStart(ctx, "second", container.StartOptions{})
		if err == nil || !strings.Contains(err.Error(), "port is already allocated") || !errdefs.IsInternal(err) {
			t.Errorf("got %v", err)
		}
		got, err := c.ContainerInspect(ctx, "second")
		if auto {
			if !errdefs.IsNotFound(err) {
				t.Errorf("one that removes itself is still there: %v", err)
			}
			continue
		}
		if err != nil || got.State.Status != "created" || got.State.ExitCode != 128 || got.State.Error == "" || got.NetworkSettings.Networks["bridge"].IPAddress != "" {
			t.Errorf("got %+v %v", got.State, err)
		}
		if err := c.ContainerRemove(ctx, "second", container.RemoveOptions{}); err != nil {
			t.Error(err)
		}
	}
}

func TestEphemeralPorts(t *testing.T) {
	_, c := open(t, t.TempDir(), "")
	cfg := probeWords("serve")
	cfg.ExposedPorts = nat.PortSet{"80/tcp": {}}
	var got []string
	for i, host := range []container.HostConfig{
		{PortBindings: nat.PortMap{"80/tcp": {{}}}}, {PublishAllPorts: true}, {PortBindings: nat.PortMap{"80/tcp": {{HostPort: "32769-32780"}}}},
	} {
		run(t, c, fmt.Sprint("ctr", i), cfg, host, nil)
		got = append(got, inspect(t, c, fmt.Sprint("ctr", i)).NetworkSettings.Ports["80/tcp"][0].HostPort)
	}
	if d := cmp.Diff([]string{"32768", "32769", "32770"}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestEventsFromThePast(t *testing.T) {
	w, c := open(t, t.TempDir(), "")
	ctx := t.Context()
	run(t, c, "one", probeWords("exit", "0", "after", "1m"), container.HostConfig{NetworkMode: "none"}, nil)
	info, err := c.Info(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Sleep(ctx, time.Hour); err != nil {
		t.Fatal(err)
	}
	// What is to come until a time is waited for, which costs no time.
	then, err := time.Parse(time.RFC3339Nano, info.SystemTime)
	if err != nil {
		t.Fatal(err)
	}
	list := func(o events.ListOptions) (all []string) {
		msgs, errs := c.Events(ctx, o)
		for {
			select {
			case m := <-msgs:
				all = append(all, string(m.Action)+" "+m.Actor.Attributes["name"])
			case err := <-errs:
				if !errors.Is(err, io.EOF) {
					t.Fatal(err)
				}
				return all
			}
		}
	}
	at := func(d time.Duration) string { return then.Add(d).Format(time.RFC3339Nano) }
	only := filters.NewArgs(filters.Arg("type", "container"))
	if d := cmp.Diff([]string{"die one"}, list(events.ListOptions{Since: at(time.Millisecond), Until: at(30 * time.Minute), Filters: only})); d != "" {
		t.Errorf("events of the past (-want +got):\n%s", d)
	}
	if err := c.ContainerStart(ctx, "one", container.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"die one"}, list(events.ListOptions{Until: at(2 * time.Hour), Filters: only})); d != "" {
		t.Errorf("events to come (-want +got):\n%s", d)
	}
}

func TestSleepCanBeCancelled(t *testing.T) {
	w, _ := open(t, t.TempDir(), "")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.Sleep(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestServedOnASocket(t *testing.T) {
	w, _ := open(t, t.TempDir(), "")
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: w.Handler(), ReadHeaderTimeout: time.Minute}
	go func() { _ = srv.Serve(l) }()
	defer srv.Close()
	c, err := client.NewClientWithOpts(client.WithHost("unix://"+path), client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	run(t, c, "web", probeWords("serve"), container.HostConfig{}, nil)
	if got, err := c.ContainerList(t.Context(), container.ListOptions{}); err != nil || len(got) != 1 {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestManyAtOnce(t *testing.T) {
	w, c := open(t, t.TempDir(), "")
	pull(t, c, "probe:1")
	var wg sync.WaitGroup
	errs := make(chan error, 100)
	for i := range 8 {
		wg.Go(func() {
			name := fmt.Sprint("ctr", i)
			ctx := t.Context()
			_, err := c.ContainerCreate(ctx, &container.Config{Image: "probe:1", Entrypoint: []string{"/probe"}, Cmd: []string{"exit", "0", "after", "1m"}}, nil, nil, nil, name)
			errs <- err
			done, fails := c.ContainerWait(ctx, name, container.WaitConditionNextExit)
			errs <- c.ContainerStart(ctx, name, container.StartOptions{})
			select {
			case <-done:
			case err := <-fails:
				errs <- err
			}
			errs <- w.Sleep(ctx, time.Second)
			errs <- c.NetworkConnect(ctx, "none", name, &network.EndpointSettings{})
			_, err = c.ContainerList(ctx, container.ListOptions{All: true})
			errs <- err
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil && !strings.Contains(err.Error(), "private (none) mode") {
			t.Error(err)
		}
	}
}

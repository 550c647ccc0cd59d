package embedded

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"path"
	"slices"
	"strconv"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// ContainerList lists containers.
func (d *Direct) ContainerList(ctx context.Context, o container.ListOptions) (all []container.Summary, err error) {
	err = d.read(ctx, func(s *State, v Version) (err error) { all, err = s.list(v, o.All, o.Limit, o.Filters); return err })
	return all, err
}

// ContainerInspect tells all of a container.
func (d *Direct) ContainerInspect(ctx context.Context, ref string) (got container.InspectResponse, err error) {
	err = d.read(ctx, func(s *State, v Version) (err error) { got, err = s.Inspect(s.Now, v, ref); return err })
	return got, err
}

// ContainerLogs returns what a container has printed until now.
func (d *Direct) ContainerLogs(ctx context.Context, ref string, o container.LogsOptions) (io.ReadCloser, error) {
	var out bytes.Buffer
	err := d.read(ctx, func(s *State, _ Version) error {
		c, err := s.Container(ref)
		switch {
		case err != nil:
			return err
		case !o.ShowStdout && !o.ShowStderr:
			return bad("Bad parameters: you must choose at least one stream")
		}
		since, until, err := span(o.Since, o.Until, s.Now)
		if err != nil {
			return err
		}
		lines := slices.DeleteFunc(slices.Clone(c.Log), func(l Line) bool {
			return l.Stderr && !o.ShowStderr || !l.Stderr && !o.ShowStdout || l.At.Before(since) || !until.IsZero() && !l.At.Before(until)
		})
		if n, err := strconv.Atoi(o.Tail); err == nil && n >= 0 {
			lines = lines[max(0, len(lines)-n):]
		}
		return newOutput(&out, c.Config.Tty, o.Timestamps).write(lines)
	})
	if err != nil {
		return nil, err
	}
	return stream(out.Bytes()), nil
}

// ContainerTop tells which processes a container runs.
func (d *Direct) ContainerTop(ctx context.Context, ref string, _ []string) (doc container.TopResponse, err error) {
	err = d.read(ctx, func(s *State, _ Version) (err error) { doc, err = s.top(ref); return err })
	return doc, err
}

// ContainerStats returns one reading, also where a stream was asked for.
func (d *Direct) ContainerStats(ctx context.Context, ref string, _ bool) (container.StatsResponseReader, error) {
	return d.stats(ctx, ref, false)
}

// ContainerStatsOneShot returns one reading that compares nothing.
func (d *Direct) ContainerStatsOneShot(ctx context.Context, ref string) (container.StatsResponseReader, error) {
	return d.stats(ctx, ref, true)
}

func (d *Direct) stats(ctx context.Context, ref string, oneShot bool) (container.StatsResponseReader, error) {
	var data []byte
	err := d.read(ctx, func(s *State, _ Version) error {
		k, err := s.Container(ref)
		if err != nil {
			return err
		}
		doc := s.stats(k, s.Now)
		if oneShot {
			doc.PreRead, doc.PreCPUStats = time.Time{}, container.CPUStats{}
		}
		data, err = json.Marshal(doc)
		return err
	})
	return container.StatsResponseReader{Body: stream(data), OSType: "linux"}, err
}

// CopyFromContainer returns an archive of a path.
func (d *Direct) CopyFromContainer(ctx context.Context, ref, p string) (io.ReadCloser, container.PathStat, error) {
	var data []byte
	var stat container.PathStat
	err := d.read(ctx, func(s *State, _ Version) (err error) { data, stat, err = s.GetArchive(s.Now, ref, p); return err })
	if err != nil {
		return nil, stat, err
	}
	return stream(data), stat, nil
}

// CopyToContainer unpacks an archive at a path.
func (d *Direct) CopyToContainer(ctx context.Context, ref, p string, r io.Reader, _ container.CopyToContainerOptions) error {
	files, err := ReadTar(r)
	if err != nil {
		return refusal(err)
	}
	return d.change(ctx, func(s *State, now time.Time) error { return s.PutArchive(now, ref, p, files) })
}

// ContainerCreate makes a container.
func (d *Direct) ContainerCreate(ctx context.Context, cfg *container.Config, host *container.HostConfig, nets *network.NetworkingConfig, platform *ocispec.Platform, name string) (resp container.CreateResponse, err error) {
	p := ""
	if platform != nil {
		p = path.Join(platform.OS, platform.Architecture, platform.Variant)
	}
	err = d.change(ctx, func(s *State, now time.Time) (err error) {
		req := container.CreateRequest{Config: copied(cfg), HostConfig: copied(host), NetworkingConfig: copied(nets)}
		resp, err = s.Create(now, s.Version, name, p, req)
		return err
	})
	return resp, err
}

// ContainerStart starts a container.
func (d *Direct) ContainerStart(ctx context.Context, ref string, _ container.StartOptions) error {
	return d.change(ctx, func(s *State, now time.Time) error { return s.Start(now, ref) })
}

// ContainerStop stops a container.
func (d *Direct) ContainerStop(ctx context.Context, ref string, o container.StopOptions) error {
	return d.change(ctx, func(s *State, now time.Time) error { return s.Stop(now, ref, o.Signal, o.Timeout) })
}

// ContainerRestart stops and starts a container.
func (d *Direct) ContainerRestart(ctx context.Context, ref string, o container.StopOptions) error {
	return d.change(ctx, func(s *State, now time.Time) error { return s.Restart(now, ref, o.Signal, o.Timeout) })
}

// ContainerKill sends a signal.
func (d *Direct) ContainerKill(ctx context.Context, ref, signal string) error {
	return d.change(ctx, func(s *State, now time.Time) error { return s.Kill(now, ref, signal) })
}

// ContainerPause freezes a container.
func (d *Direct) ContainerPause(ctx context.Context, ref string) error {
	return d.change(ctx, func(s *State, now time.Time) error { return s.Pause(now, ref) })
}

// ContainerUnpause lets it go on.
func (d *Direct) ContainerUnpause(ctx context.Context, ref string) error {
	return d.change(ctx, func(s *State, now time.Time) error { return s.Unpause(now, ref) })
}

// ContainerRename gives a container another name.
func (d *Direct) ContainerRename(ctx context.Context, ref, name string) error {
	return d.change(ctx, func(s *State, now time.Time) error { return s.Rename(now, ref, name) })
}

// ContainerUpdate changes limits and the restart policy.
func (d *Direct) ContainerUpdate(ctx context.Context, ref string, u container.UpdateConfig) (resp container.UpdateResponse, err error) {
	err = d.change(ctx, func(s *State, now time.Time) (err error) {
		resp.Warnings, err = s.Update(now, ref, *copied(&u))
		return err
	})
	return resp, err
}

// ContainerRemove removes a container.
func (d *Direct) ContainerRemove(ctx context.Context, ref string, o container.RemoveOptions) error {
	return d.change(ctx, func(s *State, now time.Time) error { return s.Remove(now, ref, o.Force, o.RemoveVolumes) })
}

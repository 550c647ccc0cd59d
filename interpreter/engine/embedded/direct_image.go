//lint:file-ignore SA1019 old API versions speak with fields that are deprecated today

package embedded

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/build"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// ImageList lists images.
func (d *Direct) ImageList(ctx context.Context, o image.ListOptions) (all []image.Summary, err error) {
	err = d.read(ctx, func(s *State, v Version) (err error) { all, err = s.listImages(v, o.All, o.Filters); return err })
	return all, err
}

// ImageInspect tells all of an image. It takes no option.
func (d *Direct) ImageInspect(ctx context.Context, ref string, _ ...client.ImageInspectOption) (got image.InspectResponse, err error) {
	err = d.read(ctx, func(s *State, v Version) error {
		im, err := s.inspectable(ref)
		if err == nil {
			got = s.readImage(v, im)
		}
		return err
	})
	return got, err
}

// readImage is what docker's client reads of an image.
func (s *State) readImage(v Version, im *Image) image.InspectResponse {
	tags, digests := s.names(im.ID)
	c := copied(&im.Config)
	got := image.InspectResponse{
		ID: im.ID, RepoTags: tags, RepoDigests: digests, Parent: im.Parent, Comment: im.Comment, Created: stamp(im.Created),
		Architecture: im.Architecture, Variant: im.Variant, Os: im.Os, Size: im.Size, GraphDriver: s.layers(im.ID),
		RootFS: image.RootFS{Type: "layers", Layers: append([]string(nil), im.Layers...)}, Metadata: image.Metadata{LastTagTime: im.Tagged.UTC()},
		Config: &dockerspec.DockerOCIImageConfig{
			ImageConfig: ocispec.ImageConfig{
				User: c.User, Env: c.Env, Entrypoint: c.Entrypoint, Cmd: c.Cmd, Volumes: c.Volumes, WorkingDir: c.WorkingDir,
				Labels: c.Labels, StopSignal: c.StopSignal, ArgsEscaped: c.ArgsEscaped,
			},
			DockerOCIImageConfigExt: dockerspec.DockerOCIImageConfigExt{Healthcheck: c.Healthcheck, OnBuild: c.OnBuild, Shell: c.Shell},
		},
	}
	for p := range c.ExposedPorts {
		if got.Config.ExposedPorts == nil {
			got.Config.ExposedPorts = map[string]struct{}{}
		}
		got.Config.ExposedPorts[string(p)] = struct{}{}
	}
	if v < 44 {
		got.VirtualSize = im.Size
	}
	if v < 45 {
		got.ContainerConfig = &container.Config{}
	}
	return got
}

// ImagePull pulls an image.
func (d *Direct) ImagePull(ctx context.Context, ref string, o image.PullOptions) (io.ReadCloser, error) {
	named, _, err := normalized(ref)
	if err != nil {
		return nil, err
	}
	tag := ""
	if digested, ok := named.(reference.Digested); ok {
		tag = digested.Digest().String()
	} else if tagged, ok := reference.TagNameOnly(named).(reference.Tagged); ok {
		tag = tagged.Tag()
	}
	var log []Message
	err = d.change(ctx, func(s *State, now time.Time) (err error) {
		log, err = s.Pull(now, named.Name(), tag, strings.ToLower(o.Platform))
		return err
	})
	if err != nil {
		return nil, err
	}
	return stream(lines(log)), nil
}

// ImagePush pushes an image.
func (d *Direct) ImagePush(ctx context.Context, ref string, _ image.PushOptions) (io.ReadCloser, error) {
	named, _, err := normalized(ref)
	if err != nil {
		return nil, err
	}
	var log []Message
	err = d.change(ctx, func(s *State, now time.Time) (err error) {
		log, err = s.Push(now, named.Name(), reference.TagNameOnly(named).(reference.Tagged).Tag())
		return err
	})
	if err != nil {
		return nil, err
	}
	return stream(lines(log)), nil
}

// ImageTag gives an image another name.
func (d *Direct) ImageTag(ctx context.Context, ref, name string) error {
	named, _, err := normalized(name)
	if err != nil {
		return err
	}
	return d.change(ctx, func(s *State, now time.Time) error {
		return s.Tag(now, ref, named.Name(), reference.TagNameOnly(named).(reference.Tagged).Tag())
	})
}

// ImageBuild builds an image.
func (d *Direct) ImageBuild(ctx context.Context, r io.Reader, o build.ImageBuildOptions) (resp build.ImageBuildResponse, err error) {
	b := Build{Dockerfile: o.Dockerfile, Tags: o.Tags, Target: o.Target, Platform: strings.ToLower(o.Platform), NoCache: o.NoCache, Labels: o.Labels, Args: map[string]string{}}
	for k, v := range o.BuildArgs {
		if v != nil {
			b.Args[k] = *v
		}
	}
	files, err := ReadTar(r)
	if err == nil {
		b.Context, err = leaveOut(files, b.Dockerfile)
	}
	if err != nil {
		return resp, refusal(err)
	}
	var log []Message
	err = d.change(ctx, func(s *State, now time.Time) (err error) { log, err = s.BuildImage(now, b); return err })
	if err != nil {
		return resp, err
	}
	return build.ImageBuildResponse{Body: stream(lines(log)), OSType: "linux"}, nil
}

// ImageRemove takes a name from an image, and the image with its last one.
func (d *Direct) ImageRemove(ctx context.Context, ref string, o image.RemoveOptions) (gone []image.DeleteResponse, err error) {
	err = d.change(ctx, func(s *State, now time.Time) (err error) { gone, err = s.RemoveImage(now, ref, o.Force); return err })
	return gone, err
}

// DialHijack answers as an engine without BuildKit.
func (d *Direct) DialHijack(_ context.Context, _, proto string, _ map[string][]string) (net.Conn, error) {
	return nil, fmt.Errorf("unable to upgrade to %s, received %d", proto, http.StatusNotFound)
}

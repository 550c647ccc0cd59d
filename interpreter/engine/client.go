package engine

import (
	"context"
	"io"
	"net"

	"github.com/docker/docker/api/types/build"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Client is all that bay asks of an engine and tells it. Docker's own client
// is one; embedded.Direct is another, and a test may put itself in between.
type Client interface {
	Reader

	ContainerCreate(ctx context.Context, config *container.Config, host *container.HostConfig, networking *network.NetworkingConfig, platform *ocispec.Platform, name string) (container.CreateResponse, error)
	ContainerStart(context.Context, string, container.StartOptions) error
	ContainerStop(context.Context, string, container.StopOptions) error
	ContainerRestart(context.Context, string, container.StopOptions) error
	ContainerKill(ctx context.Context, id, signal string) error
	ContainerPause(context.Context, string) error
	ContainerUnpause(context.Context, string) error
	ContainerRename(ctx context.Context, id, name string) error
	ContainerUpdate(context.Context, string, container.UpdateConfig) (container.UpdateResponse, error)
	ContainerRemove(context.Context, string, container.RemoveOptions) error
	CopyToContainer(ctx context.Context, id, path string, content io.Reader, o container.CopyToContainerOptions) error

	NetworkCreate(ctx context.Context, name string, o network.CreateOptions) (network.CreateResponse, error)
	NetworkRemove(context.Context, string) error
	NetworkConnect(ctx context.Context, network, container string, endpoint *network.EndpointSettings) error
	NetworkDisconnect(ctx context.Context, network, container string, force bool) error

	VolumeCreate(context.Context, volume.CreateOptions) (volume.Volume, error)
	VolumeRemove(ctx context.Context, name string, force bool) error

	ImagePull(ctx context.Context, ref string, o image.PullOptions) (io.ReadCloser, error)
	ImagePush(ctx context.Context, ref string, o image.PushOptions) (io.ReadCloser, error)
	ImageTag(ctx context.Context, image, ref string) error
	ImageBuild(context.Context, io.Reader, build.ImageBuildOptions) (build.ImageBuildResponse, error)
	ImageRemove(context.Context, string, image.RemoveOptions) ([]image.DeleteResponse, error)

	// DialHijack opens a connection that becomes another protocol at a path.
	DialHijack(ctx context.Context, path, proto string, meta map[string][]string) (net.Conn, error)

	ClientVersion() string // of the API, as it was negotiated
	DaemonHost() string
	Close() error
}

var _ Client = (*client.Client)(nil)

package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/build"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// runner is the other half of a Call: it is sent, and after an answer that
// never came it is asked whether what it wanted has come about.
type runner interface {
	Call
	// do sends the call and returns the ID in the answer, if there is one.
	do(context.Context, *Engine, *Stream, func(Progress)) (string, error)
	// held reports whether the engine is as the call wants it, with the ID
	// that do would have returned. It is asked only when the outcome of do is
	// unknown, or in an undo.
	held(context.Context, *Engine) (string, bool, error)
}

func path(s string, query ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(query); i += 2 {
		if query[i+1] != "" {
			q.Add(query[i], query[i+1])
		}
	}
	if len(q) == 0 {
		return s
	}
	text, err := url.QueryUnescape(q.Encode())
	if err != nil {
		text = q.Encode()
	}
	return s + "?" + text
}

// ContainerCreate makes a container.
type ContainerCreate struct {
	Name       string
	Platform   string `json:",omitempty"`
	Config     *container.Config
	HostConfig *container.HostConfig
	Networking *network.NetworkingConfig `json:",omitempty"`
}

// Wire implements Call.
func (c *ContainerCreate) Wire() (string, string) {
	return "POST", path("/containers/create", "name", c.Name, "platform", c.Platform)
}

// Body implements Call.
func (c *ContainerCreate) Body() any {
	return container.CreateRequest{Config: c.Config, HostConfig: c.HostConfig, NetworkingConfig: c.Networking}
}

func (c *ContainerCreate) do(ctx context.Context, e *Engine, _ *Stream, note func(Progress)) (string, error) {
	var platform *ocispec.Platform
	if c.Platform != "" {
		platform = parsePlatform(c.Platform)
	}
	resp, err := e.client.ContainerCreate(ctx, c.Config, c.HostConfig, c.Networking, platform, c.Name)
	if err == nil {
		err = dropped(resp.Warnings, note)
	}
	return resp.ID, err
}

// LeftOut is the error of an engine that has done a call without something that
// it was asked for: it has not done what the plan showed.
type LeftOut struct{ Warnings []string } // the engine's own

func (l *LeftOut) Error() string {
	return "the engine has left something out: " + strings.Join(l.Warnings, "\nthe engine has left something out: ")
}

// dropped hands on an engine's warnings, but for what it left out.
func dropped(warnings []string, note func(Progress)) error {
	var left []string
	for _, w := range warnings {
		if strings.Contains(w, "discarded") {
			left = append(left, w)
		} else {
			note(Progress{Warning: w})
		}
	}
	if left == nil {
		return nil
	}
	return &LeftOut{left}
}

func (c *ContainerCreate) held(ctx context.Context, e *Engine) (string, bool, error) {
	got, err := e.client.ContainerInspect(ctx, c.Name)
	if err != nil {
		return "", false, absent(err)
	}
	return got.ID, got.Config.Labels[LabelRun] == c.Config.Labels[LabelRun], nil
}

// ContainerStart starts a container.
type ContainerStart struct {
	Container string
	Once      bool `json:",omitempty"` // it has never run, and must not run twice: a job may have ended before anybody looks
}

// Wire implements Call.
func (c *ContainerStart) Wire() (string, string) {
	return "POST", "/containers/" + c.Container + "/start"
}

// Body implements Call.
func (c *ContainerStart) Body() any { return nil }

func (c *ContainerStart) do(ctx context.Context, e *Engine, _ *Stream, _ func(Progress)) (string, error) {
	return "", e.client.ContainerStart(ctx, c.Container, container.StartOptions{})
}

func (c *ContainerStart) held(ctx context.Context, e *Engine) (string, bool, error) {
	return e.state(ctx, c.Container, func(s *container.State) bool {
		return s.Running && !s.Paused || c.Once && s.Status == "exited" && s.Error == ""
	})
}

// ContainerStop stops a container with its own signal.
type ContainerStop struct {
	Container string
	Grace     time.Duration // what the container has, for the call's own limit; not sent
	After     *int          `json:",omitempty"` // seconds until it is killed; nil is its own grace time, below 0 never
}

// Wire implements Call.
func (c *ContainerStop) Wire() (string, string) {
	return "POST", path("/containers/"+c.Container+"/stop", "t", seconds(c.After))
}

// seconds is a number of them as a query has them; "" for none.
func seconds(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

// Body implements Call.
func (c *ContainerStop) Body() any { return nil }

func (c *ContainerStop) do(ctx context.Context, e *Engine, _ *Stream, _ func(Progress)) (string, error) {
	return "", e.client.ContainerStop(ctx, c.Container, container.StopOptions{Timeout: c.After})
}

func (c *ContainerStop) held(ctx context.Context, e *Engine) (string, bool, error) {
	return e.state(ctx, c.Container, func(s *container.State) bool { return !s.Running })
}

// ContainerRestart stops and starts a container.
type ContainerRestart struct {
	Container string
	Grace     time.Duration // as in ContainerStop
	After     *int          `json:",omitempty"` // as in ContainerStop
}

// Wire implements Call.
func (c *ContainerRestart) Wire() (string, string) {
	return "POST", path("/containers/"+c.Container+"/restart", "t", seconds(c.After))
}

// Body implements Call.
func (c *ContainerRestart) Body() any { return nil }

func (c *ContainerRestart) do(ctx context.Context, e *Engine, _ *Stream, _ func(Progress)) (string, error) {
	return "", e.client.ContainerRestart(ctx, c.Container, container.StopOptions{Timeout: c.After})
}

// A restart leaves no trace by which an unknown one could be told from none.
func (c *ContainerRestart) held(context.Context, *Engine) (string, bool, error) {
	return "", false, nil
}

// ContainerKill sends a signal.
type ContainerKill struct{ Container, Signal string }

// Wire implements Call.
func (c *ContainerKill) Wire() (string, string) {
	return "POST", path("/containers/"+c.Container+"/kill", "signal", c.Signal)
}

// Body implements Call.
func (c *ContainerKill) Body() any { return nil }

func (c *ContainerKill) do(ctx context.Context, e *Engine, _ *Stream, _ func(Progress)) (string, error) {
	return "", e.client.ContainerKill(ctx, c.Container, c.Signal)
}

func (c *ContainerKill) held(context.Context, *Engine) (string, bool, error) { return "", false, nil }

// ContainerPause freezes a container.
type ContainerPause struct{ Container string }

// Wire implements Call.
func (c *ContainerPause) Wire() (string, string) {
	return "POST", "/containers/" + c.Container + "/pause"
}

// Body implements Call.
func (c *ContainerPause) Body() any { return nil }

func (c *ContainerPause) do(ctx context.Context, e *Engine, _ *Stream, _ func(Progress)) (string, error) {
	return "", e.client.ContainerPause(ctx, c.Container)
}

func (c *ContainerPause) held(ctx context.Context, e *Engine) (string, bool, error) {
	return e.state(ctx, c.Container, func(s *container.State) bool { return s.Paused })
}

// ContainerUnpause lets a paused container go on.
type ContainerUnpause struct{ Container string }

// Wire implements Call.
func (c *ContainerUnpause) Wire() (string, string) {
	return "POST", "/containers/" + c.Container + "/unpause"
}

// Body implements Call.
func (c *ContainerUnpause) Body() any { return nil }

func (c *ContainerUnpause) do(ctx context.Context, e *Engine, _ *Stream, _ func(Progress)) (string, error) {
	return "", e.client.ContainerUnpause(ctx, c.Container)
}

func (c *ContainerUnpause) held(ctx context.Context, e *Engine) (string, bool, error) {
	return e.state(ctx, c.Container, func(s *container.State) bool { return !s.Paused })
}

// ContainerRename gives a container another name.
type ContainerRename struct{ Container, Name string }

// Wire implements Call.
func (c *ContainerRename) Wire() (string, string) {
	return "POST", path("/containers/"+c.Container+"/rename", "name", c.Name)
}

// Body implements Call.
func (c *ContainerRename) Body() any { return nil }

func (c *ContainerRename) do(ctx context.Context, e *Engine, _ *Stream, _ func(Progress)) (string, error) {
	return "", e.client.ContainerRename(ctx, c.Container, c.Name)
}

func (c *ContainerRename) held(ctx context.Context, e *Engine) (string, bool, error) {
	got, err := e.client.ContainerInspect(ctx, c.Container)
	if err != nil {
		return "", false, absent(err)
	}
	return "", got.Name == "/"+c.Name, nil
}

// ContainerUpdate changes limits and the restart policy of a container.
type ContainerUpdate struct {
	Container string
	Update    container.UpdateConfig
}

// Wire implements Call.
func (c *ContainerUpdate) Wire() (string, string) {
	return "POST", "/containers/" + c.Container + "/update"
}

// Body implements Call.
func (c *ContainerUpdate) Body() any { return c.Update }

func (c *ContainerUpdate) do(ctx context.Context, e *Engine, _ *Stream, note func(Progress)) (string, error) {
	resp, err := e.client.ContainerUpdate(ctx, c.Container, c.Update)
	if err == nil {
		err = dropped(resp.Warnings, note)
	}
	return "", err
}

// An update of limits says the same twice, so that an unknown one is sent again.
func (c *ContainerUpdate) held(ctx context.Context, e *Engine) (string, bool, error) {
	if !reflect.DeepEqual(c.Update.Resources, container.Resources{}) {
		return "", false, nil
	}
	got, err := e.client.ContainerInspect(ctx, c.Container)
	if err != nil {
		return "", false, absent(err)
	}
	return "", got.HostConfig.RestartPolicy == c.Update.RestartPolicy, nil
}

// ContainerRemove removes a container; its named volumes stay.
type ContainerRemove struct {
	Container     string
	RemoveVolumes bool `json:",omitempty"` // unnamed volumes go too
}

// Wire implements Call.
func (c *ContainerRemove) Wire() (string, string) {
	v := ""
	if c.RemoveVolumes {
		v = "1"
	}
	return "DELETE", path("/containers/"+c.Container, "v", v)
}

// Body implements Call.
func (c *ContainerRemove) Body() any { return nil }

func (c *ContainerRemove) do(ctx context.Context, e *Engine, _ *Stream, _ func(Progress)) (string, error) {
	err := e.client.ContainerRemove(ctx, c.Container, container.RemoveOptions{RemoveVolumes: c.RemoveVolumes})
	if removing(err) {
		return "", e.untilGone(ctx, c.Container)
	}
	return "", absent(err)
}

func (c *ContainerRemove) held(ctx context.Context, e *Engine) (string, bool, error) {
	_, err := e.client.ContainerInspect(ctx, c.Container)
	return "", Gone(err), absent(err)
}

// CopyToContainer unpacks the op's stream, a tar, at a path.
type CopyToContainer struct{ Container, Path string }

// Wire implements Call.
func (c *CopyToContainer) Wire() (string, string) {
	return "PUT", path("/containers/"+c.Container+"/archive", "path", c.Path)
}

// Body implements Call.
func (c *CopyToContainer) Body() any { return nil }

// do sends the call without copyUIDGID: with it, the engine looks the
// container's user up on the host and gives it every file, whatever the tar says.
func (c *CopyToContainer) do(ctx context.Context, e *Engine, s *Stream, _ func(Progress)) (string, error) {
	r, err := s.Open()
	if err != nil {
		return "", err
	}
	defer r.Close()
	return "", e.client.CopyToContainer(ctx, c.Container, c.Path, r, container.CopyToContainerOptions{})
}

// Unpacking says the same twice, so that an unknown one is sent again.
func (c *CopyToContainer) held(context.Context, *Engine) (string, bool, error) {
	return "", false, nil
}

// NetworkCreate makes a network.
type NetworkCreate struct {
	Name    string
	Options network.CreateOptions
}

// Wire implements Call.
func (c *NetworkCreate) Wire() (string, string) { return "POST", "/networks/create" }

// Body implements Call.
func (c *NetworkCreate) Body() any {
	return network.CreateRequest{CreateOptions: c.Options, Name: c.Name}
}

// do sends the call. Engines before 25 make a second network of one name
// without a word when two ask at once, so that it looks afterwards, and takes
// its own back.
func (c *NetworkCreate) do(ctx context.Context, e *Engine, _ *Stream, note func(Progress)) (string, error) {
	resp, err := e.client.NetworkCreate(ctx, c.Name, c.Options)
	if err != nil {
		return "", err
	}
	if resp.Warning != "" {
		note(Progress{Warning: resp.Warning})
	}
	same, err := e.networksNamed(ctx, c.Name)
	if err == nil && len(same) > 1 {
		if err := e.client.NetworkRemove(ctx, resp.ID); err != nil {
			return "", err
		}
		return "", &Taken{Kind: "network", Name: c.Name}
	}
	return resp.ID, err
}

func (c *NetworkCreate) held(ctx context.Context, e *Engine) (string, bool, error) {
	same, err := e.networksNamed(ctx, c.Name)
	for _, n := range same {
		if n.Labels[LabelRun] == c.Options.Labels[LabelRun] {
			return n.ID, true, nil
		}
	}
	return "", false, err
}

// NetworkRemove removes a network.
type NetworkRemove struct{ Network string }

// Wire implements Call.
func (c *NetworkRemove) Wire() (string, string) { return "DELETE", "/networks/" + c.Network }

// Body implements Call.
func (c *NetworkRemove) Body() any { return nil }

// Docker answers 403, not 409, for a network with active endpoints.
func (c *NetworkRemove) do(ctx context.Context, e *Engine, _ *Stream, _ func(Progress)) (string, error) {
	err := absent(e.client.NetworkRemove(ctx, c.Network))
	if err == nil {
		return "", nil
	}
	got, ierr := e.client.NetworkInspect(ctx, c.Network, network.InspectOptions{})
	switch {
	case ierr != nil:
		return "", err
	case len(got.Containers) > 0:
		in := &InUse{Kind: "network", Name: got.Name}
		for _, m := range got.Containers {
			in.Holders = append(in.Holders, m.Name)
		}
		slices.Sort(in.Holders)
		return "", in
	case strings.Contains(err.Error(), "has active endpoints"): // seen of 20.10, where 100 containers went at once
		return "", fmt.Errorf("%w; it names nobody who is on it: if it says the same the next time, it has lost count, and only a restart of the engine helps", err)
	}
	return "", err
}

func (c *NetworkRemove) held(ctx context.Context, e *Engine) (string, bool, error) {
	_, err := e.client.NetworkInspect(ctx, c.Network, network.InspectOptions{})
	return "", Gone(err), absent(err)
}

// NetworkConnect gives a container an endpoint on a network.
type NetworkConnect struct {
	Network   string
	Container string
	Endpoint  *network.EndpointSettings
}

// Wire implements Call.
func (c *NetworkConnect) Wire() (string, string) {
	return "POST", "/networks/" + c.Network + "/connect"
}

// Body implements Call.
func (c *NetworkConnect) Body() any {
	return network.ConnectOptions{Container: c.Container, EndpointConfig: c.Endpoint}
}

func (c *NetworkConnect) do(ctx context.Context, e *Engine, _ *Stream, _ func(Progress)) (string, error) {
	return "", e.client.NetworkConnect(ctx, c.Network, c.Container, c.Endpoint)
}

func (c *NetworkConnect) held(ctx context.Context, e *Engine) (string, bool, error) {
	return e.onNetwork(ctx, c.Container, c.Network, true)
}

// NetworkDisconnect takes a container's endpoint on a network away.
type NetworkDisconnect struct {
	Network   string
	Container string
	Force     bool `json:",omitempty"`
}

// Wire implements Call.
func (c *NetworkDisconnect) Wire() (string, string) {
	return "POST", "/networks/" + c.Network + "/disconnect"
}

// Body implements Call.
func (c *NetworkDisconnect) Body() any {
	return network.DisconnectOptions{Container: c.Container, Force: c.Force}
}

func (c *NetworkDisconnect) do(ctx context.Context, e *Engine, _ *Stream, _ func(Progress)) (string, error) {
	return "", absent(e.client.NetworkDisconnect(ctx, c.Network, c.Container, c.Force))
}

func (c *NetworkDisconnect) held(ctx context.Context, e *Engine) (string, bool, error) {
	return e.onNetwork(ctx, c.Container, c.Network, false)
}

// VolumeCreate makes a volume.
type VolumeCreate struct{ Options volume.CreateOptions }

// Wire implements Call.
func (c *VolumeCreate) Wire() (string, string) { return "POST", "/volumes/create" }

// Body implements Call.
func (c *VolumeCreate) Body() any { return c.Options }

// do sends the call. The engine answers a taken name with the volume that
// exists, as if it had made it: only the label in the answer tells.
func (c *VolumeCreate) do(ctx context.Context, e *Engine, _ *Stream, _ func(Progress)) (string, error) {
	got, err := e.client.VolumeCreate(ctx, c.Options)
	if err == nil && got.Labels[LabelUID] != c.Options.Labels[LabelUID] {
		return "", &Taken{Kind: "volume", Name: c.Options.Name}
	}
	return got.Name, err
}

func (c *VolumeCreate) held(ctx context.Context, e *Engine) (string, bool, error) {
	got, err := e.client.VolumeInspect(ctx, c.Options.Name)
	if err != nil {
		return "", false, absent(err)
	}
	return got.Name, got.Labels[LabelUID] == c.Options.Labels[LabelUID], nil
}

// VolumeRemove removes a volume and its data.
type VolumeRemove struct{ Volume string }

// Wire implements Call.
func (c *VolumeRemove) Wire() (string, string) { return "DELETE", "/volumes/" + c.Volume }

// Body implements Call.
func (c *VolumeRemove) Body() any { return nil }

func (c *VolumeRemove) do(ctx context.Context, e *Engine, _ *Stream, _ func(Progress)) (string, error) {
	return "", absent(e.client.VolumeRemove(ctx, c.Volume, false))
}

func (c *VolumeRemove) held(ctx context.Context, e *Engine) (string, bool, error) {
	_, err := e.client.VolumeInspect(ctx, c.Volume)
	return "", Gone(err), absent(err)
}

// ImagePull pulls an image. Ref is a full reference with a digest.
type ImagePull struct {
	Ref      string
	Platform string `json:",omitempty"`
}

// Wire implements Call.
func (c *ImagePull) Wire() (string, string) {
	name, tag := split(c.Ref)
	return "POST", path("/images/create", "fromImage", name, "tag", tag, "platform", c.Platform)
}

// Body implements Call.
func (c *ImagePull) Body() any { return nil }

func (c *ImagePull) do(ctx context.Context, e *Engine, _ *Stream, note func(Progress)) (string, error) {
	auth, err := e.Auth(c.Ref)
	if err != nil {
		return "", err
	}
	r, err := e.client.ImagePull(ctx, c.Ref, image.PullOptions{RegistryAuth: auth, Platform: c.Platform})
	if err != nil {
		return "", e.fromRegistry(c.Ref, err)
	}
	defer r.Close()
	_, err = readStream(r, note)
	return "", e.fromRegistry(c.Ref, err)
}

func (c *ImagePull) held(ctx context.Context, e *Engine) (string, bool, error) {
	return e.hasImage(ctx, c.Ref)
}

// ImagePush pushes an image by a tag that it has.
type ImagePush struct{ Ref string }

// Wire implements Call.
func (c *ImagePush) Wire() (string, string) {
	name, tag := split(c.Ref)
	return "POST", path("/images/"+name+"/push", "tag", tag)
}

// Body implements Call.
func (c *ImagePush) Body() any { return nil }

// nobody is the credentials of who has none: engines before 23 want some to be
// sent with a push.
const nobody = "e30="

func (c *ImagePush) do(ctx context.Context, e *Engine, _ *Stream, note func(Progress)) (string, error) {
	auth, err := e.Auth(c.Ref)
	if err != nil {
		return "", err
	}
	r, err := e.client.ImagePush(ctx, c.Ref, image.PushOptions{RegistryAuth: cmp.Or(auth, nobody)})
	if err != nil {
		return "", e.fromRegistry(c.Ref, err)
	}
	defer r.Close()
	_, err = readStream(r, note)
	return "", e.fromRegistry(c.Ref, err)
}

// A push says the same twice, so that an unknown one is sent again: layers that
// are there are not sent.
func (c *ImagePush) held(context.Context, *Engine) (string, bool, error) { return "", false, nil }

// ImageTag gives an image another name.
type ImageTag struct{ Image, Ref string }

// Wire implements Call.
func (c *ImageTag) Wire() (string, string) {
	repo, tag := split(c.Ref)
	return "POST", path("/images/"+c.Image+"/tag", "repo", repo, "tag", tag)
}

// split returns a reference in the two pieces in which the client sends it:
// name and digest, or else name and tag.
func split(ref string) (name, tag string) {
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return ref, "" // the client refuses it
	}
	if d, ok := named.(reference.Digested); ok {
		return named.Name(), d.Digest().String()
	}
	return named.Name(), reference.TagNameOnly(named).(reference.Tagged).Tag()
}

// Body implements Call.
func (c *ImageTag) Body() any { return nil }

func (c *ImageTag) do(ctx context.Context, e *Engine, _ *Stream, _ func(Progress)) (string, error) {
	return "", e.client.ImageTag(ctx, c.Image, c.Ref)
}

// Tagging says the same twice, so that an unknown one is sent again.
func (c *ImageTag) held(context.Context, *Engine) (string, bool, error) { return "", false, nil }

// ImageBuild builds the op's stream, a tar with the context.
type ImageBuild struct {
	Dockerfile string              `json:",omitempty"` // within the context
	Tags       []string            `json:",omitempty"`
	Args       map[string]string   `json:",omitempty"`
	Target     string              `json:",omitempty"`
	Platform   string              `json:",omitempty"`
	Network    string              `json:",omitempty"`
	ExtraHosts []string            `json:",omitempty"` // NAME:ADDRESS
	ShmSize    int64               `json:",omitempty"`
	Ulimits    []*container.Ulimit `json:",omitempty"`
	CacheFrom  []string            `json:",omitempty"`
	NoCache    bool                `json:",omitempty"`
	Pull       bool                `json:",omitempty"`
	Labels     map[string]string   `json:",omitempty"`
	Bases      []string            `json:",omitempty"` // references that it builds upon: the credentials of their registries go along
}

// Wire implements Call.
func (c *ImageBuild) Wire() (string, string) {
	query := []string{"dockerfile", c.Dockerfile, "target", c.Target, "platform", c.Platform, "networkmode", c.Network}
	for _, t := range c.Tags {
		query = append(query, "t", t)
	}
	for _, h := range c.ExtraHosts {
		query = append(query, "extrahosts", h)
	}
	for key, set := range map[string]bool{"nocache": c.NoCache, "pull": c.Pull} {
		if set {
			query = append(query, key, "1")
		}
	}
	if c.ShmSize > 0 {
		query = append(query, "shmsize", strconv.FormatInt(c.ShmSize, 10))
	}
	query = append(query, "ulimits", listed(c.Ulimits), "cachefrom", listed(c.CacheFrom))
	return "POST", path("/build", append(query, "buildargs", object(c.Args), "labels", object(c.Labels))...)
}

// listed returns a list as JSON, or "" if nothing is in it.
func listed[T any](list []T) string {
	if len(list) == 0 {
		return ""
	}
	data, err := json.Marshal(list)
	if err != nil {
		panic(err) // plain data always marshals
	}
	return string(data)
}

// object returns a map as JSON, or "" if nothing is in it.
func object(m map[string]string) string {
	if len(m) == 0 {
		return ""
	}
	data, err := json.Marshal(m)
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(data)
}

// Body implements Call.
func (c *ImageBuild) Body() any { return nil }

// buildTries is how often a build is sent that failed for the sake of others.
const buildTries = 5

// do sends the build. The builder looks through all images for a step that was
// done before, and fails when one of them goes away meanwhile. That says nothing
// about this build.
func (c *ImageBuild) do(ctx context.Context, e *Engine, s *Stream, note func(Progress)) (string, error) {
	for tries := 1; ; tries++ {
		id, err := c.build(ctx, e, s, note)
		if tries == buildTries || !anotherWent(err) {
			return id, err
		}
	}
}

// anotherWent reports whether a build failed because an image that is not its
// own went away: the builder found it in its list and then no more.
func anotherWent(err error) bool {
	var failed *StreamError
	return errors.As(err, &failed) &&
		(strings.HasPrefix(failed.Msg, `unable to find image "sha256:`) || strings.HasPrefix(failed.Msg, "failed to get digest sha256:"))
}

func (c *ImageBuild) build(ctx context.Context, e *Engine, s *Stream, note func(Progress)) (string, error) {
	r, err := s.Open()
	if err != nil {
		return "", err
	}
	defer r.Close()
	args := map[string]*string{}
	for k, v := range c.Args {
		args[k] = &v
	}
	auths, err := e.auths(c.Bases)
	if err != nil {
		return "", err
	}
	resp, err := e.client.ImageBuild(ctx, r, build.ImageBuildOptions{
		AuthConfigs: auths,
		Dockerfile:  c.Dockerfile, Tags: c.Tags, BuildArgs: args, Target: c.Target, Platform: c.Platform,
		NetworkMode: c.Network, Labels: c.Labels, Remove: true, ForceRemove: true, Version: build.BuilderV1,
		ExtraHosts: c.ExtraHosts, ShmSize: c.ShmSize, Ulimits: c.Ulimits, CacheFrom: c.CacheFrom, NoCache: c.NoCache, PullParent: c.Pull,
	})
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	return readStream(resp.Body, func(p Progress) {
		if !s.Quiet || p.Warning != "" {
			note(p)
		}
	})
}

func (c *ImageBuild) held(ctx context.Context, e *Engine) (string, bool, error) {
	return e.hasImage(ctx, first(c.Tags))
}

// ImageRemove takes a name from an image; the image goes with its last one.
type ImageRemove struct{ Ref string }

// Wire implements Call.
func (c *ImageRemove) Wire() (string, string) { return "DELETE", "/images/" + c.Ref }

// Body implements Call.
func (c *ImageRemove) Body() any { return nil }

func (c *ImageRemove) do(ctx context.Context, e *Engine, _ *Stream, _ func(Progress)) (string, error) {
	_, err := e.client.ImageRemove(ctx, c.Ref, image.RemoveOptions{})
	return "", absent(err)
}

func (c *ImageRemove) held(ctx context.Context, e *Engine) (string, bool, error) {
	_, err := e.client.ImageInspect(ctx, c.Ref)
	return "", Gone(err), absent(err)
}

func first(s []string) string {
	if len(s) == 0 {
		return ""
	}
	return s[0]
}

func parsePlatform(s string) *ocispec.Platform {
	p := &ocispec.Platform{}
	for i, part := range strings.Split(s, "/") {
		switch i {
		case 0:
			p.OS = part
		case 1:
			p.Architecture = part
		case 2:
			p.Variant = part
		}
	}
	return p
}

var _ = []runner{
	(*ContainerCreate)(nil), (*ContainerStart)(nil), (*ContainerStop)(nil), (*ContainerRestart)(nil), (*ContainerKill)(nil),
	(*ContainerPause)(nil), (*ContainerUnpause)(nil), (*ContainerRename)(nil), (*ContainerUpdate)(nil), (*ContainerRemove)(nil), (*CopyToContainer)(nil),
	(*NetworkCreate)(nil), (*NetworkRemove)(nil), (*NetworkConnect)(nil), (*NetworkDisconnect)(nil),
	(*VolumeCreate)(nil), (*VolumeRemove)(nil),
	(*ImagePull)(nil), (*ImagePush)(nil), (*ImageTag)(nil), (*ImageBuild)(nil), (*ImageSolve)(nil), (*ImageRemove)(nil),
}

package sim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"bayplan/interpreter/engine"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/build"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// fault is what goes wrong with a call.
type fault uint8

const (
	none       fault = iota
	fails            // the engine answers 500 and does nothing
	cutBefore        // the connection breaks before the engine has heard of it
	cutAfter         // it breaks after the engine has acted
	halfBody         // it breaks within the answer
	hangs            // no answer ever comes, and nothing is done
	hangsAfter       // no answer ever comes, though it is done
	killBefore       // the process is killed before it sends it
	killAfter        // the process is killed while it waits for the answer
	restarts         // the engine goes down before it acts, and comes back
	restartsAfter
	stolen      // somebody removes all volumes that nothing uses, right before it
	interrupted // somebody presses Ctrl-C right before it
	faults      // how many there are where nobody else applies
)

// What goes wrong where two bays are at one stack.
const (
	killLate fault = faults + iota // the process is killed, and the call reaches the engine while the next one applies
	lockLate                       // its connections break, and with them goes its lock; the call reaches the engine later, too
	turned                         // a second one comes right before it, and is turned away
	allFaults
)

func (f fault) String() string {
	return [...]string{"", "fails", "cut before", "cut after", "half a body", "hangs", "hangs after acting", "killed before", "killed after",
		"engine restarts before", "engine restarts after", "volumes are removed before", "interrupted",
		"killed, and comes later", "the lock is lost, and it comes later", "a second one comes"}[f]
}

func (f fault) acts() bool {
	return f == none || f == cutAfter || f == halfBody || f == hangsAfter || f == killAfter || f == restartsAfter || f == stolen || f == interrupted || f == turned
}

// lost reports whether no step may fail for it: only the answer is missing, and
// looking tells what to do, or what runs is finished.
func (f fault) lost() bool {
	return f == cutBefore || f == cutAfter || f == halfBody || f == interrupted || f == turned
}

// killed is the panic of a process that is no more.
type killed struct{}

// wire stands between bay and an engine: it hands on every call, or makes
// something go wrong with it.
type wire struct {
	engine.Client
	fault     func(n int, c engine.Call) fault // what is to go wrong with a call; c is nil for a read
	sent      func(engine.Call)                // told of a call that changes something before it is sent
	after     func(name string, f fault, err error)
	pass      func(to time.Time) // lets time pass
	restart   func()             // of the engine
	steal     func()             // takes away the volumes that nothing uses
	interrupt func()
	unlock    func() // takes the lock away
	second    func() // comes, and looks what it would do
	before    func() // told of every call of an apply before it is sent

	late    *late // what is on its way to the engine, and whose sender is no more
	reading bool  // a second one looks; nothing of its goes wrong, and it changes nothing
	on      bool  // an apply runs; else nothing goes wrong
	dead    bool  // the process was killed
	n       int   // calls of the applies until now
}

var (
	errCut  = errors.New("error during connect: Post: EOF")
	errHalf = errors.New("unexpected EOF")
)

// errFails is an answer of the engine that it could not.
var errFails = fmt.Errorf("the disk is on fire: %w", errdefs.ErrInternal)

// call hands on one call; c is nil for what only reads.
func (w *wire) call(ctx context.Context, c engine.Call, name string, do func(context.Context) error) error {
	if w.reading && c != nil {
		panic("sim: one without the lock has sent " + shown(c, ""))
	}
	if !w.on {
		return do(ctx)
	}
	if w.dead {
		panic(killed{})
	}
	w.before()
	f := w.fault(w.n, c)
	w.n++
	if c != nil && w.sent != nil {
		w.sent(c)
	}
	switch f {
	case restarts:
		w.restart()
	case stolen:
		w.steal()
	case interrupted:
		w.interrupt()
	case turned:
		w.second()
	case killLate, lockLate:
		w.late = lateOf(c, do)
	}
	var err error
	if f.acts() {
		err = do(ctx)
	}
	if f == restartsAfter {
		w.restart()
	}
	w.after(name, f, err)
	return w.outcome(ctx, f, err)
}

// outcome is what the caller hears.
func (w *wire) outcome(ctx context.Context, f fault, err error) error {
	switch f {
	case fails:
		return errFails
	case cutBefore, cutAfter, restarts, restartsAfter:
		return errCut
	case lockLate:
		w.unlock()
		return errCut
	case halfBody:
		return errHalf
	case killBefore, killAfter, killLate:
		w.dead = true
		w.unlock() // the engine frees it when the connection ends
		panic(killed{})
	case hangs, hangsAfter:
		until, limited := ctx.Deadline()
		if !limited {
			panic("sim: a call without a limit hangs for ever")
		}
		w.pass(until)
		return context.DeadlineExceeded
	}
	return err
}

// did hands on a call that changes something.
func (w *wire) did(ctx context.Context, c engine.Call, do func(context.Context) error) error {
	return w.call(ctx, c, "", do)
}

// told hands on a read.
func told[T any](ctx context.Context, w *wire, name string, do func(context.Context) (T, error)) (T, error) {
	var got T
	err := w.call(ctx, nil, name, func(ctx context.Context) (err error) { got, err = do(ctx); return err })
	if err != nil {
		var nothing T
		return nothing, err
	}
	return got, nil
}

func answered[T any](ctx context.Context, w *wire, c engine.Call, do func(context.Context) (T, error)) (T, error) {
	var got T
	err := w.call(ctx, c, "", func(ctx context.Context) (err error) { got, err = do(ctx); return err })
	if err != nil {
		var nothing T
		return nothing, err
	}
	return got, nil
}

func (w *wire) ContainerInspect(ctx context.Context, id string) (container.InspectResponse, error) {
	return told(ctx, w, "inspect container "+id, func(ctx context.Context) (container.InspectResponse, error) {
		return w.Client.ContainerInspect(ctx, id)
	})
}

func (w *wire) ImageInspect(ctx context.Context, ref string, o ...client.ImageInspectOption) (image.InspectResponse, error) {
	return told(ctx, w, "inspect image "+ref, func(ctx context.Context) (image.InspectResponse, error) { return w.Client.ImageInspect(ctx, ref, o...) })
}

func (w *wire) NetworkInspect(ctx context.Context, ref string, o network.InspectOptions) (network.Inspect, error) {
	return told(ctx, w, "inspect network "+ref, func(ctx context.Context) (network.Inspect, error) { return w.Client.NetworkInspect(ctx, ref, o) })
}

func (w *wire) NetworkList(ctx context.Context, o network.ListOptions) ([]network.Summary, error) {
	return told(ctx, w, "list networks", func(ctx context.Context) ([]network.Summary, error) { return w.Client.NetworkList(ctx, o) })
}

func (w *wire) VolumeInspect(ctx context.Context, name string) (volume.Volume, error) {
	return told(ctx, w, "inspect volume "+name, func(ctx context.Context) (volume.Volume, error) { return w.Client.VolumeInspect(ctx, name) })
}

func (w *wire) ContainerCreate(ctx context.Context, cfg *container.Config, host *container.HostConfig, nets *network.NetworkingConfig, p *ocispec.Platform, name string) (container.CreateResponse, error) {
	c := &engine.ContainerCreate{Name: name, Config: cfg, HostConfig: host, Networking: nets}
	return answered(ctx, w, c, func(ctx context.Context) (container.CreateResponse, error) {
		return w.Client.ContainerCreate(ctx, cfg, host, nets, p, name)
	})
}

func (w *wire) ContainerStart(ctx context.Context, id string, o container.StartOptions) error {
	return w.did(ctx, &engine.ContainerStart{Container: id}, func(ctx context.Context) error { return w.Client.ContainerStart(ctx, id, o) })
}

func (w *wire) ContainerStop(ctx context.Context, id string, o container.StopOptions) error {
	return w.did(ctx, &engine.ContainerStop{Container: id}, func(ctx context.Context) error { return w.Client.ContainerStop(ctx, id, o) })
}

func (w *wire) ContainerRestart(ctx context.Context, id string, o container.StopOptions) error {
	return w.did(ctx, &engine.ContainerRestart{Container: id}, func(ctx context.Context) error { return w.Client.ContainerRestart(ctx, id, o) })
}

func (w *wire) ContainerKill(ctx context.Context, id, signal string) error {
	return w.did(ctx, &engine.ContainerKill{Container: id, Signal: signal}, func(ctx context.Context) error { return w.Client.ContainerKill(ctx, id, signal) })
}

func (w *wire) ContainerUnpause(ctx context.Context, id string) error {
	return w.did(ctx, &engine.ContainerUnpause{Container: id}, func(ctx context.Context) error { return w.Client.ContainerUnpause(ctx, id) })
}

func (w *wire) ContainerRename(ctx context.Context, id, name string) error {
	return w.did(ctx, &engine.ContainerRename{Container: id, Name: name}, func(ctx context.Context) error { return w.Client.ContainerRename(ctx, id, name) })
}

func (w *wire) ContainerUpdate(ctx context.Context, id string, u container.UpdateConfig) (container.UpdateResponse, error) {
	return answered(ctx, w, &engine.ContainerUpdate{Container: id, Update: u}, func(ctx context.Context) (container.UpdateResponse, error) {
		return w.Client.ContainerUpdate(ctx, id, u)
	})
}

func (w *wire) ContainerRemove(ctx context.Context, id string, o container.RemoveOptions) error {
	return w.did(ctx, &engine.ContainerRemove{Container: id, RemoveVolumes: o.RemoveVolumes}, func(ctx context.Context) error { return w.Client.ContainerRemove(ctx, id, o) })
}

func (w *wire) CopyToContainer(ctx context.Context, id, path string, r io.Reader, o container.CopyToContainerOptions) error {
	return w.did(ctx, &engine.CopyToContainer{Container: id, Path: path}, func(ctx context.Context) error { return w.Client.CopyToContainer(ctx, id, path, r, o) })
}

func (w *wire) NetworkCreate(ctx context.Context, name string, o network.CreateOptions) (network.CreateResponse, error) {
	return answered(ctx, w, &engine.NetworkCreate{Name: name, Options: o}, func(ctx context.Context) (network.CreateResponse, error) { return w.Client.NetworkCreate(ctx, name, o) })
}

func (w *wire) NetworkRemove(ctx context.Context, id string) error {
	return w.did(ctx, &engine.NetworkRemove{Network: id}, func(ctx context.Context) error { return w.Client.NetworkRemove(ctx, id) })
}

func (w *wire) NetworkConnect(ctx context.Context, net, id string, ep *network.EndpointSettings) error {
	return w.did(ctx, &engine.NetworkConnect{Network: net, Container: id, Endpoint: ep}, func(ctx context.Context) error { return w.Client.NetworkConnect(ctx, net, id, ep) })
}

func (w *wire) NetworkDisconnect(ctx context.Context, net, id string, force bool) error {
	return w.did(ctx, &engine.NetworkDisconnect{Network: net, Container: id, Force: force}, func(ctx context.Context) error { return w.Client.NetworkDisconnect(ctx, net, id, force) })
}

func (w *wire) VolumeCreate(ctx context.Context, o volume.CreateOptions) (volume.Volume, error) {
	return answered(ctx, w, &engine.VolumeCreate{Options: o}, func(ctx context.Context) (volume.Volume, error) { return w.Client.VolumeCreate(ctx, o) })
}

func (w *wire) VolumeRemove(ctx context.Context, name string, force bool) error {
	return w.did(ctx, &engine.VolumeRemove{Volume: name}, func(ctx context.Context) error { return w.Client.VolumeRemove(ctx, name, force) })
}

func (w *wire) ImagePull(ctx context.Context, ref string, o image.PullOptions) (io.ReadCloser, error) {
	return answered(ctx, w, &engine.ImagePull{Ref: ref, Platform: o.Platform}, func(ctx context.Context) (io.ReadCloser, error) { return w.Client.ImagePull(ctx, ref, o) })
}

func (w *wire) ImagePush(ctx context.Context, ref string, o image.PushOptions) (io.ReadCloser, error) {
	return answered(ctx, w, &engine.ImagePush{Ref: ref}, func(ctx context.Context) (io.ReadCloser, error) { return w.Client.ImagePush(ctx, ref, o) })
}

func (w *wire) ImageTag(ctx context.Context, im, ref string) error {
	return w.did(ctx, &engine.ImageTag{Image: im, Ref: ref}, func(ctx context.Context) error { return w.Client.ImageTag(ctx, im, ref) })
}

func (w *wire) ImageBuild(ctx context.Context, r io.Reader, o build.ImageBuildOptions) (build.ImageBuildResponse, error) {
	return answered(ctx, w, &engine.ImageBuild{Tags: o.Tags}, func(ctx context.Context) (build.ImageBuildResponse, error) { return w.Client.ImageBuild(ctx, r, o) })
}

func (w *wire) ImageRemove(ctx context.Context, ref string, o image.RemoveOptions) ([]image.DeleteResponse, error) {
	return answered(ctx, w, &engine.ImageRemove{Ref: ref}, func(ctx context.Context) ([]image.DeleteResponse, error) { return w.Client.ImageRemove(ctx, ref, o) })
}

// shown names a call for a trace.
func shown(c engine.Call, name string) string {
	if c == nil {
		return name
	}
	method, path := c.Wire()
	return fmt.Sprintf("%s %s", method, path)
}

package embedded

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/containerd/errdefs/pkg/errhttp"
	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/registry"
	"github.com/docker/docker/api/types/system"
	"github.com/docker/docker/api/types/volume"
)

// Direct answers the methods of docker's client from a State, without HTTP,
// connections and goroutines, for those who make very many calls. Its clock
// stands still but for what the calls themselves take and what its callers
// sleep, so that the same calls give the same answers.
//
// What lasts is not heard here: a log is what has been printed until now, and
// events do not come; who waits for one lets time pass with Await.
type Direct struct {
	mu    sync.Locker
	state *State
}

// NewDirect returns a client of an engine. Nobody else may use the state
// meanwhile but within With.
func NewDirect(s *State) *Direct { return &Direct{mu: new(sync.Mutex), state: s} }

// Still returns a new world in memory whose clock stands still but for what
// calls take and what is told to its Direct: for a simulation that goes through
// HTTP. What waits is not moved on either.
func Still(seed string, v Version, now time.Time) *World {
	return serve(New(v, seed, now), true)
}

// Direct returns a client of the world's engine beside HTTP, for a Still one.
func (w *World) Direct() *Direct { return &Direct{mu: &w.mu, state: w.state} }

// With lets f look at the engine, or change it as no call can.
func (d *Direct) With(f func(*State)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f(d.state)
}

// callTime is how long a call that changes something takes.
const callTime = 10 * time.Millisecond

// read looks at the engine; v is the API version that is spoken.
func (d *Direct) read(ctx context.Context, f func(s *State, v Version) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return refusal(f(d.state, d.state.Version))
}

// change works on the engine.
func (d *Direct) change(ctx context.Context, f func(s *State, now time.Time) error) error {
	return d.read(ctx, func(s *State, _ Version) error { return f(s, s.Now.Add(callTime)) })
}

// denied is what docker's client makes of an engine's answer.
type denied struct {
	msg   string
	class error
}

func (r *denied) Error() string        { return r.msg }
func (r *denied) Is(target error) bool { return errors.Is(r.class, target) }

func refusal(err error) error {
	if err == nil || errors.Is(err, errUnchanged) {
		return nil
	}
	e := &Error{Status: 500, Msg: err.Error()}
	errors.As(err, &e)
	return &denied{msg: "Error response from daemon: " + strings.TrimSpace(e.Msg), class: errhttp.ToNative(e.Status)}
}

// Sleep lets time pass.
func (d *Direct) Sleep(ctx context.Context, t time.Duration) error {
	d.mu.Lock()
	to := d.state.Now.Add(t)
	until, limited := ctx.Deadline()
	if limited && until.Before(to) {
		to = until
	}
	d.state.Advance(to)
	d.mu.Unlock()
	return ctx.Err()
}

// Await lets time pass until something happens that can be seen from outside.
func (d *Direct) Await(ctx context.Context, _ <-chan events.Message, _ <-chan error) error {
	d.mu.Lock()
	next, ok := d.state.Next()
	until, limited := ctx.Deadline()
	if limited && (!ok || until.Before(next)) {
		next, ok = until, true
	}
	d.state.Advance(next)
	d.mu.Unlock()
	if !ok {
		return errors.New("nothing will ever happen by itself")
	}
	return ctx.Err()
}

// Timeout is context.WithTimeout on the engine's clock.
func (d *Direct) Timeout(ctx context.Context, t time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	limited := &timed{Context: ctx, direct: d}
	d.mu.Lock()
	limited.until = d.state.Now.Add(t)
	d.mu.Unlock()
	if outer, ok := ctx.Deadline(); ok && outer.Before(limited.until) {
		limited.until = outer
	}
	return limited, cancel
}

// timed is a context with a limit on the clock of an engine. Nobody is woken
// when it has passed: who lets time pass looks.
type timed struct {
	context.Context
	direct *Direct
	until  time.Time
}

func (t *timed) Deadline() (time.Time, bool) { return t.until, true }

func (t *timed) Err() error {
	if err := t.Context.Err(); err != nil {
		return err
	}
	t.direct.mu.Lock()
	defer t.direct.mu.Unlock()
	if !t.direct.state.Now.Before(t.until) {
		return context.DeadlineExceeded
	}
	return nil
}

// Events tells nothing: see Await.
func (d *Direct) Events(context.Context, events.ListOptions) (<-chan events.Message, <-chan error) {
	return nil, nil
}

// ClientVersion returns the API version that is spoken.
func (d *Direct) ClientVersion() string { return d.state.Version.String() }

// DaemonHost returns where the engine is.
func (d *Direct) DaemonHost() string { return "embedded" }

// Close does nothing.
func (d *Direct) Close() error { return nil }

// Ping tells what the engine is.
func (d *Direct) Ping(ctx context.Context) (p types.Ping, err error) {
	err = d.read(ctx, func(_ *State, v Version) error {
		p = types.Ping{APIVersion: v.String(), OSType: "linux"}
		return nil
	})
	return p, err
}

// Info tells all of the engine.
func (d *Direct) Info(ctx context.Context) (i system.Info, err error) {
	err = d.read(ctx, func(s *State, _ Version) error { i = s.info(); return nil })
	return i, err
}

// DistributionInspect asks the registry.
func (d *Direct) DistributionInspect(ctx context.Context, ref, _ string) (got registry.DistributionInspect, err error) {
	err = d.read(ctx, func(s *State, _ Version) (err error) { got, err = s.Distribution(ref); return err })
	return got, err
}

// NetworkList lists networks.
func (d *Direct) NetworkList(ctx context.Context, o network.ListOptions) (all []network.Summary, err error) {
	err = d.read(ctx, func(s *State, _ Version) error { all = s.listNetworks(o.Filters); return nil })
	return all, err
}

// NetworkInspect tells all of a network.
func (d *Direct) NetworkInspect(ctx context.Context, ref string, _ network.InspectOptions) (got network.Inspect, err error) {
	err = d.read(ctx, func(s *State, _ Version) error {
		n, err := s.Network(ref)
		if err == nil {
			got = *copied(ptr(s.inspectNetwork(n, true)))
		}
		return err
	})
	return got, err
}

// NetworkCreate makes a network.
func (d *Direct) NetworkCreate(ctx context.Context, name string, o network.CreateOptions) (resp network.CreateResponse, err error) {
	err = d.change(ctx, func(s *State, now time.Time) (err error) {
		req := network.CreateRequest{CreateOptions: *copied(&o), Name: name}
		if s.Version < 44 {
			look := true
			req.CheckDuplicate = &look //lint:ignore SA1019 docker's client sets it for old engines
		}
		resp, err = s.CreateNetwork(now, s.Version, req)
		return err
	})
	return resp, err
}

// NetworkRemove removes a network.
func (d *Direct) NetworkRemove(ctx context.Context, ref string) error {
	return d.change(ctx, func(s *State, now time.Time) error { return s.RemoveNetwork(now, ref) })
}

// NetworkConnect gives a container a place on a network.
func (d *Direct) NetworkConnect(ctx context.Context, net, ref string, ep *network.EndpointSettings) error {
	return d.change(ctx, func(s *State, now time.Time) error { return s.Connect(now, s.Version, net, ref, copied(ep)) })
}

// NetworkDisconnect takes it away.
func (d *Direct) NetworkDisconnect(ctx context.Context, net, ref string, force bool) error {
	return d.change(ctx, func(s *State, now time.Time) error { return s.Disconnect(now, net, ref, force) })
}

// VolumeList lists volumes.
func (d *Direct) VolumeList(ctx context.Context, o volume.ListOptions) (resp volume.ListResponse, err error) {
	err = d.read(ctx, func(s *State, _ Version) (err error) { resp.Volumes, err = s.listVolumes(o.Filters); return err })
	return resp, err
}

// VolumeInspect tells all of a volume.
func (d *Direct) VolumeInspect(ctx context.Context, name string) (got volume.Volume, err error) {
	err = d.read(ctx, func(s *State, _ Version) error {
		v, err := s.Volume(name)
		if err == nil {
			got = *copied(ptr(v.inspect()))
		}
		return err
	})
	return got, err
}

// VolumeCreate makes a volume, or answers with the one that has the name.
func (d *Direct) VolumeCreate(ctx context.Context, o volume.CreateOptions) (got volume.Volume, err error) {
	err = d.change(ctx, func(s *State, now time.Time) error {
		v, err := s.CreateVolume(now, *copied(&o))
		if err == nil {
			got = *copied(ptr(v.inspect()))
		}
		return err
	})
	return got, err
}

// VolumeRemove removes a volume.
func (d *Direct) VolumeRemove(ctx context.Context, name string, force bool) error {
	return d.change(ctx, func(s *State, now time.Time) error { return s.RemoveVolume(now, name, force) })
}

// stream is an answer that is read.
func stream(data []byte) io.ReadCloser { return io.NopCloser(strings.NewReader(string(data))) }

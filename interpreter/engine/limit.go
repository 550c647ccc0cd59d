package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/registry"
	"github.com/docker/docker/api/types/system"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"
)

// Limits is how long an engine may take before a call has failed. No call is
// without one, so that every run ends. A zero stands for what it says.
type Limits struct {
	Connect  time.Duration // the first answer of all; 10 s
	Read     time.Duration // an answer that changes nothing; 2 min
	Call     time.Duration // a call that changes something, beside the time that a container has to stop; 2 min
	Registry time.Duration // what the engine or a helper asks elsewhere: a digest, credentials; 1 min
	Pull     time.Duration // without a word of a pull or a push, which have no fixed end; 5 min
	Build    time.Duration // without a word of a build, whose commands may be silent for long; 30 min
	Body     int64         // bytes of one answer, of those that are no streams; 256 MiB
}

// filled returns l with what it does not say.
func (l Limits) filled() Limits {
	return Limits{
		Connect: cmp.Or(l.Connect, 10*time.Second), Read: cmp.Or(l.Read, quick), Call: cmp.Or(l.Call, quick),
		Registry: cmp.Or(l.Registry, time.Minute), Pull: cmp.Or(l.Pull, 5*time.Minute), Build: cmp.Or(l.Build, 30*time.Minute),
		Body: cmp.Or(l.Body, 256<<20),
	}
}

// quick is the limit of calls that do not wait for anything but the engine.
const quick = 2 * time.Minute

// of returns how long a call may take, or, where it has no fixed end, how long
// nothing may be heard of it.
func (l Limits) of(c Call) (limit time.Duration, silence bool) {
	switch c := c.(type) {
	case *ContainerStop:
		return c.Grace + l.Call, false
	case *ContainerRestart:
		return c.Grace + 2*l.Call, false
	case *ImagePull, *ImagePush:
		return l.Pull, true
	case *CopyToContainer:
		return l.Call, true // it may be large
	case *ImageBuild, *ImageSolve:
		return l.Build, true
	}
	return l.Call, false
}

// TimedOut is the error of an engine that did not answer in time.
type TimedOut struct {
	Call    string        // the client's method, such as "ContainerStart"
	Limit   time.Duration // that has passed
	Silence bool          // Limit is how long nothing was heard
	Changes bool          // the call changes something: whether it has is not known

	Registry string // whose answer the engine waited for; "" is not known
}

func (t *TimedOut) Error() string {
	s := fmt.Sprintf("the engine did not answer %s within %s", t.Call, t.Limit)
	if t.Silence {
		s = fmt.Sprintf("nothing was heard of %s for %s", t.Call, t.Limit)
	}
	if t.Registry != "" {
		s = strings.Replace(s, "the engine did not answer", "the registry "+t.Registry+" did not answer", 1)
		s = strings.Replace(s, "nothing was heard of", "nothing was heard from the registry "+t.Registry+" of", 1)
	}
	if t.Changes {
		return s + ": it may be done, be under way or never come; `bay plan` shows what is"
	}
	return s + ": it hangs, is overloaded, or cannot be reached any more"
}

// watch is the limit of one call.
type watch struct {
	ctx    context.Context // of the call
	cancel context.CancelFunc
	timer  *time.Timer // of a limit on silence; nil for a fixed one
	passed atomic.Bool // of a limit on silence
	what   TimedOut
}

// watch limits a call. One of silence begins anew whenever something is heard;
// on a clock of its own, where nothing takes time but what is told to, it is
// fixed.
func (e *Engine) watch(ctx context.Context, what TimedOut) *watch {
	w := &watch{what: what}
	if !what.Silence || e.ownTime {
		w.ctx, w.cancel = e.timeout(ctx, what.Limit)
		return w
	}
	w.ctx, w.cancel = context.WithCancel(ctx)
	w.timer = time.AfterFunc(what.Limit, func() {
		w.passed.Store(true)
		w.cancel()
	})
	return w
}

// heard says that the call is alive.
func (w *watch) heard() {
	if w.timer != nil && !w.passed.Load() {
		w.timer.Reset(w.what.Limit)
	}
}

func (w *watch) stop() {
	if w.timer != nil {
		w.timer.Stop()
	}
	w.cancel()
}

// late returns err, or what it comes from: that the limit has passed. outer is
// the context that was limited; its own end is nobody's delay.
func (w *watch) late(outer context.Context, err error) error {
	if err == nil || outer.Err() != nil || !w.passed.Load() && !errors.Is(w.ctx.Err(), context.DeadlineExceeded) {
		return err
	}
	return &w.what
}

// stream returns s; whatever of it is sent is heard.
func (w *watch) stream(s *Stream) *Stream {
	if s == nil {
		return nil
	}
	return &Stream{Hash: s.Hash, Size: s.Size, Dirs: s.Dirs, Quiet: s.Quiet, Open: func() (io.ReadCloser, error) {
		content, err := s.Open()
		if err != nil {
			return nil, err
		}
		return w.listen(content), nil
	}}
}

// listen returns r; whatever comes from it is heard.
func (w *watch) listen(r io.ReadCloser) io.ReadCloser { return &listener{ReadCloser: r, w: w} }

type listener struct {
	io.ReadCloser
	w *watch
}

func (l *listener) Read(p []byte) (int, error) {
	n, err := l.ReadCloser.Read(p)
	if n > 0 {
		l.w.heard()
	}
	return n, err
}

// body is a stream of an engine, with its limit.
type body struct {
	io.ReadCloser
	w     *watch
	outer context.Context
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	return n, b.w.late(b.outer, err)
}

func (b *body) Close() error {
	b.w.stop()
	return b.ReadCloser.Close()
}

// limited is a client whose reads have limits. Calls that change something get
// theirs where they are sent, since some of them make several requests.
type limited struct {
	Client
	e *Engine
}

// asked reads with a limit.
func asked[T any](ctx context.Context, e *Engine, call string, limit time.Duration, read func(context.Context) (T, error)) (T, error) {
	w := e.watch(ctx, TimedOut{Call: call, Limit: limit})
	defer w.stop()
	got, err := read(w.ctx)
	return got, w.late(ctx, err)
}

// streamed begins to read a stream, which may be silent for as long as a read
// may take.
func streamed(ctx context.Context, e *Engine, call string, open func(context.Context) (io.ReadCloser, error)) (io.ReadCloser, error) {
	w := e.watch(ctx, TimedOut{Call: call, Limit: e.limits.Read, Silence: true})
	r, err := open(w.ctx)
	if err != nil {
		w.stop()
		return nil, w.late(ctx, err)
	}
	return &body{w.listen(r), w, ctx}, nil
}

func (l *limited) Info(ctx context.Context) (system.Info, error) {
	return asked(ctx, l.e, "Info", l.e.limits.Read, l.Client.Info)
}

func (l *limited) Ping(ctx context.Context) (types.Ping, error) {
	return asked(ctx, l.e, "Ping", l.e.limits.Read, l.Client.Ping)
}

func (l *limited) ContainerList(ctx context.Context, o container.ListOptions) ([]container.Summary, error) {
	return asked(ctx, l.e, "ContainerList", l.e.limits.Read, func(ctx context.Context) ([]container.Summary, error) {
		return l.Client.ContainerList(ctx, o)
	})
}

func (l *limited) ContainerInspect(ctx context.Context, id string) (container.InspectResponse, error) {
	return asked(ctx, l.e, "ContainerInspect", l.e.limits.Read, func(ctx context.Context) (container.InspectResponse, error) {
		return l.Client.ContainerInspect(ctx, id)
	})
}

func (l *limited) ContainerLogs(ctx context.Context, id string, o container.LogsOptions) (io.ReadCloser, error) {
	if o.Follow { // what it prints next may be long in coming
		return l.Client.ContainerLogs(ctx, id, o)
	}
	return streamed(ctx, l.e, "ContainerLogs", func(ctx context.Context) (io.ReadCloser, error) {
		return l.Client.ContainerLogs(ctx, id, o)
	})
}

func (l *limited) ContainerTop(ctx context.Context, id string, args []string) (container.TopResponse, error) {
	return asked(ctx, l.e, "ContainerTop", l.e.limits.Read, func(ctx context.Context) (container.TopResponse, error) {
		return l.Client.ContainerTop(ctx, id, args)
	})
}

// ContainerStats answers with a reading a second, if it is a stream; else with
// one, after a second or two, since it compares.
func (l *limited) ContainerStats(ctx context.Context, id string, stream bool) (container.StatsResponseReader, error) {
	return l.stats(ctx, "ContainerStats", func(ctx context.Context) (container.StatsResponseReader, error) {
		return l.Client.ContainerStats(ctx, id, stream)
	})
}

// ContainerStatsOneShot answers at once with a reading that compares nothing.
func (l *limited) ContainerStatsOneShot(ctx context.Context, id string) (container.StatsResponseReader, error) {
	return l.stats(ctx, "ContainerStatsOneShot", func(ctx context.Context) (container.StatsResponseReader, error) {
		return l.Client.ContainerStatsOneShot(ctx, id)
	})
}

func (l *limited) stats(ctx context.Context, call string, open func(context.Context) (container.StatsResponseReader, error)) (s container.StatsResponseReader, err error) {
	s.Body, err = streamed(ctx, l.e, call, func(ctx context.Context) (io.ReadCloser, error) {
		got, err := open(ctx)
		s.OSType = got.OSType
		return got.Body, err
	})
	return s, err
}

func (l *limited) CopyFromContainer(ctx context.Context, id, path string) (io.ReadCloser, container.PathStat, error) {
	var stat container.PathStat
	r, err := streamed(ctx, l.e, "CopyFromContainer", func(ctx context.Context) (r io.ReadCloser, err error) {
		r, stat, err = l.Client.CopyFromContainer(ctx, id, path)
		return r, err
	})
	return r, stat, err
}

func (l *limited) ImageList(ctx context.Context, o image.ListOptions) ([]image.Summary, error) {
	return asked(ctx, l.e, "ImageList", l.e.limits.Read, func(ctx context.Context) ([]image.Summary, error) {
		return l.Client.ImageList(ctx, o)
	})
}

func (l *limited) ImageInspect(ctx context.Context, ref string, o ...client.ImageInspectOption) (image.InspectResponse, error) {
	return asked(ctx, l.e, "ImageInspect", l.e.limits.Read, func(ctx context.Context) (image.InspectResponse, error) {
		return l.Client.ImageInspect(ctx, ref, o...)
	})
}

// DistributionInspect asks as the account that is known for the registry,
// unless auth says another.
func (l *limited) DistributionInspect(ctx context.Context, ref, auth string) (registry.DistributionInspect, error) {
	if auth == "" {
		var err error
		if auth, err = l.e.Auth(ref); err != nil {
			return registry.DistributionInspect{}, err
		}
	}
	got, err := asked(ctx, l.e, "DistributionInspect", l.e.limits.Registry, func(ctx context.Context) (registry.DistributionInspect, error) {
		return l.Client.DistributionInspect(ctx, ref, auth)
	})
	return got, l.e.fromRegistry(ref, err)
}

func (l *limited) NetworkList(ctx context.Context, o network.ListOptions) ([]network.Summary, error) {
	return asked(ctx, l.e, "NetworkList", l.e.limits.Read, func(ctx context.Context) ([]network.Summary, error) {
		return l.Client.NetworkList(ctx, o)
	})
}

func (l *limited) NetworkInspect(ctx context.Context, id string, o network.InspectOptions) (network.Inspect, error) {
	return asked(ctx, l.e, "NetworkInspect", l.e.limits.Read, func(ctx context.Context) (network.Inspect, error) {
		return l.Client.NetworkInspect(ctx, id, o)
	})
}

func (l *limited) VolumeList(ctx context.Context, o volume.ListOptions) (volume.ListResponse, error) {
	return asked(ctx, l.e, "VolumeList", l.e.limits.Read, func(ctx context.Context) (volume.ListResponse, error) {
		return l.Client.VolumeList(ctx, o)
	})
}

func (l *limited) VolumeInspect(ctx context.Context, name string) (volume.Volume, error) {
	return asked(ctx, l.e, "VolumeInspect", l.e.limits.Read, func(ctx context.Context) (volume.Volume, error) {
		return l.Client.VolumeInspect(ctx, name)
	})
}

// Events has a limit until the engine begins to answer. What comes then lasts,
// and may be silent for as long as nothing happens.
func (l *limited) Events(ctx context.Context, o events.ListOptions) (<-chan events.Message, <-chan error) {
	return begun(ctx, l.e, "Events", func(ctx context.Context) (<-chan events.Message, <-chan error) { return l.Client.Events(ctx, o) })
}

// begun has something that lasts begin within the limit of a read. It ends with
// the caller's context.
func begun[T any](ctx context.Context, e *Engine, call string, begin func(context.Context) (<-chan T, <-chan error)) (<-chan T, <-chan error) {
	if e.ownTime {
		return begin(ctx)
	}
	limit := e.limits.Read
	ctx, cancel := context.WithCancel(ctx)
	late := time.AfterFunc(limit, cancel)
	got, errs := begin(ctx)
	if late.Stop() {
		return got, errs
	}
	failed := make(chan error, 1)
	failed <- &TimedOut{Call: call, Limit: limit}
	return nil, failed
}

// capBodies makes a client refuse answers of more bytes than most, and tell of
// its requests.
func capBodies(c *client.Client, most int64) error {
	h := c.HTTPClient()
	h.Transport = &capped{&tracing{h.Transport}, most}
	return client.WithHTTPClient(h)(c)
}

// capped is a transport whose answers have a most of bytes, but for streams:
// those are read piece by piece and never held whole.
type capped struct {
	http.RoundTripper
	most int64
}

func (t *capped) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.RoundTripper.RoundTrip(req)
	if err != nil || streams(req.URL.Path) {
		return resp, err
	}
	resp.Body = &cappedBody{ReadCloser: resp.Body, left: t.most, most: t.most, what: req.Method + " " + req.URL.Path}
	return resp, nil
}

// CloseIdleConnections is what http.Client asks a transport for.
func (t *capped) CloseIdleConnections() {
	if c, ok := t.RoundTripper.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// streams reports whether a path's answer is a stream.
func streams(path string) bool {
	for _, end := range []string{"/build", "/images/create", "/push", "/events", "/logs", "/stats", "/archive", "/attach", "/load"} {
		if strings.HasSuffix(path, end) {
			return true
		}
	}
	return false
}

type cappedBody struct {
	io.ReadCloser
	left, most int64
	what       string
}

func (b *cappedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, fmt.Errorf("the engine's answer to %s is larger than %d bytes", b.what, b.most)
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left+1)])
	b.left -= int64(n)
	if b.left < 0 {
		return n, fmt.Errorf("the engine's answer to %s is larger than %d bytes", b.what, b.most)
	}
	return n, err
}

package engine

import (
	"context"
	"sync"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"
)

// Once returns a reader for one snapshot: what several kinds want to know, the
// lists of all there is and what a container or an image is, it asks r for once,
// and all of them see the same. They change nothing of an answer.
func Once(r Reader) Reader {
	if o, ok := r.(*once); ok {
		return o
	}
	return &once{Reader: r, container: map[string]*answer[container.InspectResponse]{}, image: map[string]*answer[image.InspectResponse]{}}
}

type once struct {
	Reader
	containers answer[[]container.Summary]
	networks   answer[[]network.Summary]
	volumes    answer[volume.ListResponse]
	images     answer[[]image.Summary]

	mu        sync.Mutex // of the maps, not of what is in them
	container map[string]*answer[container.InspectResponse]
	image     map[string]*answer[image.InspectResponse]
}

// answer is what was asked for once.
type answer[T any] struct {
	asked sync.Once
	got   T
	err   error
}

func (a *answer[T]) of(ask func() (T, error)) (T, error) {
	a.asked.Do(func() { a.got, a.err = ask() })
	return a.got, a.err
}

func (o *once) ContainerList(ctx context.Context, opts container.ListOptions) ([]container.Summary, error) {
	ask := func() ([]container.Summary, error) { return o.Reader.ContainerList(ctx, opts) }
	if !opts.All || opts.Limit != 0 || opts.Size || opts.Latest || opts.Since != "" || opts.Before != "" || opts.Filters.Len() > 0 {
		return ask()
	}
	return o.containers.of(ask)
}

func (o *once) NetworkList(ctx context.Context, opts network.ListOptions) ([]network.Summary, error) {
	ask := func() ([]network.Summary, error) { return o.Reader.NetworkList(ctx, opts) }
	if opts.Filters.Len() > 0 {
		return ask()
	}
	return o.networks.of(ask)
}

func (o *once) VolumeList(ctx context.Context, opts volume.ListOptions) (volume.ListResponse, error) {
	ask := func() (volume.ListResponse, error) { return o.Reader.VolumeList(ctx, opts) }
	if opts.Filters.Len() > 0 {
		return ask()
	}
	return o.volumes.of(ask)
}

func (o *once) ImageList(ctx context.Context, opts image.ListOptions) ([]image.Summary, error) {
	ask := func() ([]image.Summary, error) { return o.Reader.ImageList(ctx, opts) }
	if opts.All || opts.SharedSize || opts.Manifests || opts.Filters.Len() > 0 {
		return ask()
	}
	return o.images.of(ask)
}

func (o *once) ImageInspect(ctx context.Context, ref string, opts ...client.ImageInspectOption) (image.InspectResponse, error) {
	if len(opts) > 0 {
		return o.Reader.ImageInspect(ctx, ref, opts...)
	}
	return answerOf(&o.mu, o.image, ref).of(func() (image.InspectResponse, error) { return o.Reader.ImageInspect(ctx, ref) })
}

func (o *once) ContainerInspect(ctx context.Context, id string) (container.InspectResponse, error) {
	return answerOf(&o.mu, o.container, id).of(func() (container.InspectResponse, error) { return o.Reader.ContainerInspect(ctx, id) })
}

// answerOf returns the answer that a map has for a key, one that nobody has asked
// for yet where it has none.
func answerOf[T any](mu *sync.Mutex, m map[string]*answer[T], key string) *answer[T] {
	mu.Lock()
	defer mu.Unlock()
	if m[key] == nil {
		m[key] = new(answer[T])
	}
	return m[key]
}

// ahead is a snapshot that was begun before anybody wanted it.
type ahead struct {
	reader Reader
	began  time.Time
	taken  bool
	stop   context.CancelFunc
	lists  sync.WaitGroup
}

// stillNew is how old the lists of a snapshot may be when a plan begins. The user
// may have been asked for inputs meanwhile.
const stillNew = 5 * time.Second

// LookAhead begins the snapshot of the next plan: the lists that each is made from,
// whatever its program says.
func (e *Engine) LookAhead(ctx context.Context) {
	ctx, stop := context.WithCancel(ctx)
	r := Once(e.client)
	a := &ahead{reader: r, began: time.Now(), stop: stop}
	for _, list := range []func(){ // what goes wrong is said to who asks for it
		func() { _, _ = r.ContainerList(ctx, container.ListOptions{All: true}) },
		func() { _, _ = r.NetworkList(ctx, network.ListOptions{}) },
		func() { _, _ = r.VolumeList(ctx, volume.ListOptions{}) },
		func() { _, _ = r.ImageList(ctx, image.ListOptions{}) },
	} {
		a.lists.Go(list)
	}
	e.ahead = a
}

// Snapshot returns a reader for one plan, as Once does: the one that LookAhead has
// begun, or else a new one.
func (e *Engine) Snapshot() Reader {
	a := e.ahead
	if a == nil || a.taken || time.Since(a.began) > stillNew {
		return Once(e.client)
	}
	a.taken = true
	return a.reader
}

// leave ends what goes on of a snapshot.
func (a *ahead) leave() {
	if a != nil {
		a.stop()
		a.lists.Wait()
	}
}

package engine

import (
	"context"
	"sync"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
)

// Once returns a reader for one snapshot: what several kinds want to know, the
// list of all containers and what an image is, it asks r for once, and all of
// them see the same. They change nothing of an answer.
func Once(r Reader) Reader { return &once{Reader: r, images: map[string]*inspected{}} }

type once struct {
	Reader
	all    sync.Once
	list   []container.Summary
	err    error
	mu     sync.Mutex // of images, not of what is in it
	images map[string]*inspected
}

type inspected struct {
	asked sync.Once
	image image.InspectResponse
	err   error
}

func (o *once) ContainerList(ctx context.Context, opts container.ListOptions) ([]container.Summary, error) {
	if !opts.All || opts.Limit != 0 || opts.Size || opts.Latest || opts.Since != "" || opts.Before != "" || opts.Filters.Len() > 0 {
		return o.Reader.ContainerList(ctx, opts)
	}
	o.all.Do(func() { o.list, o.err = o.Reader.ContainerList(ctx, opts) })
	return o.list, o.err
}

func (o *once) ImageInspect(ctx context.Context, ref string, opts ...client.ImageInspectOption) (image.InspectResponse, error) {
	if len(opts) > 0 {
		return o.Reader.ImageInspect(ctx, ref, opts...)
	}
	o.mu.Lock()
	i := o.images[ref]
	if i == nil {
		i = &inspected{}
		o.images[ref] = i
	}
	o.mu.Unlock()
	i.asked.Do(func() { i.image, i.err = o.Reader.ImageInspect(ctx, ref) })
	return i.image, i.err
}

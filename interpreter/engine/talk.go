package engine

import (
	"context"
	"errors"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
)

// talkClient is what a conversation with a process asks of an engine beside what
// Client has: docker's own client has it. An engine that is called without HTTP
// knows no connection that could be held.
type talkClient interface {
	ContainerExecCreate(context.Context, string, container.ExecOptions) (container.ExecCreateResponse, error)
	ContainerExecAttach(context.Context, string, container.ExecAttachOptions) (types.HijackedResponse, error)
	ContainerExecStart(context.Context, string, container.ExecStartOptions) error
	ContainerExecInspect(context.Context, string) (container.ExecInspect, error)
	ContainerExecResize(context.Context, string, container.ResizeOptions) error
	ContainerAttach(context.Context, string, container.AttachOptions) (types.HijackedResponse, error)
	ContainerResize(context.Context, string, container.ResizeOptions) error
	ContainerWait(context.Context, string, container.WaitCondition) (<-chan container.WaitResponse, <-chan error)
	ContainerStatPath(ctx context.Context, id, path string) (container.PathStat, error)
}

var _ talkClient = (*client.Client)(nil)

// talks returns what conversations are held with.
func (e *Engine) talks() (talkClient, error) {
	inner := e.client
	if l, ok := inner.(*limited); ok {
		inner = l.Client
	}
	if c, ok := inner.(talkClient); ok {
		return c, nil
	}
	return nil, errors.New("this engine holds no conversations")
}

// Talk is a conversation with a process in a container. Its connection has no
// limit of time: people think.
type Talk struct {
	types.HijackedResponse
	e      *Engine
	c      talkClient
	id     string // of the container, or of the command in it
	inside bool   // it is a command in a container

	over   <-chan container.WaitResponse // that the process has ended; nil for a command
	failed <-chan error                  // why that will not be known
	begun  bool                          // it was begun here, so that nothing else ends the conversation
}

// Exec begins a command in a running container and talks to it. With detached
// it only begins it, and there is no conversation.
func (e *Engine) Exec(ctx context.Context, id string, o container.ExecOptions, detached bool) (*Talk, error) {
	c, err := e.talks()
	if err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx)
	made, err := asked(ctx, e, "ContainerExecCreate", e.limits.Call, func(ctx context.Context) (container.ExecCreateResponse, error) {
		return c.ContainerExecCreate(ctx, id, o)
	})
	if err != nil {
		return nil, err
	}
	if detached {
		_, err := asked(ctx, e, "ContainerExecStart", e.limits.Call, func(ctx context.Context) (struct{}, error) {
			return struct{}{}, c.ContainerExecStart(ctx, made.ID, container.ExecStartOptions{Detach: true, Tty: o.Tty, ConsoleSize: o.ConsoleSize})
		})
		return nil, err
	}
	conn, err := e.hijacked(ctx, TimedOut{Call: "ContainerExecStart", Changes: true}, func(ctx context.Context) (types.HijackedResponse, error) {
		return c.ContainerExecAttach(ctx, made.ID, container.ExecAttachOptions{Tty: o.Tty, ConsoleSize: o.ConsoleSize})
	})
	if err != nil {
		return nil, err
	}
	return &Talk{HijackedResponse: conn, e: e, c: c, id: made.ID, inside: true}, nil
}

// Attach talks to a running container's own process. The container may be gone when
// that has ended.
func (e *Engine) Attach(ctx context.Context, id string, o container.AttachOptions) (*Talk, error) {
	c, err := e.talks()
	if err != nil {
		return nil, err
	}
	over, failed := e.ending(ctx, c, id, container.WaitConditionNotRunning)
	t, err := e.attach(ctx, id, o)
	if err != nil {
		return nil, err
	}
	t.over, t.failed = over, failed
	return t, nil
}

func (e *Engine) attach(ctx context.Context, id string, o container.AttachOptions) (*Talk, error) {
	c, err := e.talks()
	if err != nil {
		return nil, err
	}
	conn, err := e.hijacked(context.WithoutCancel(ctx), TimedOut{Call: "ContainerAttach"}, func(ctx context.Context) (types.HijackedResponse, error) {
		return c.ContainerAttach(ctx, id, o)
	})
	if err != nil {
		return nil, err
	}
	return &Talk{HijackedResponse: conn, e: e, c: c, id: id}, nil
}

// Begin starts a container that was made for it, and talks to its process from its
// first word on. One that goes when the process has ended is gone then, too. An
// error of the start is the engine's.
func (e *Engine) Begin(ctx context.Context, id string, o container.AttachOptions, goes bool) (*Talk, error) {
	t, err := e.attach(ctx, id, o)
	if err != nil {
		return nil, err
	}
	until := container.WaitConditionNextExit
	if goes {
		until = container.WaitConditionRemoved
	}
	t.begun = true
	t.over, t.failed = e.ending(context.WithoutCancel(ctx), t.c, id, until)
	select {
	case err := <-t.failed: // nobody would hear what it ended with
		t.Close()
		return nil, err
	default:
	}
	if _, err := e.Do(ctx, &ContainerStart{Container: id}, nil, nil); err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// hijacked opens a connection within the limit of a call; what is the error
// when that has passed. An open connection does not end with ctx.
func (e *Engine) hijacked(ctx context.Context, what TimedOut, open func(context.Context) (types.HijackedResponse, error)) (types.HijackedResponse, error) {
	what.Limit = e.limits.Call
	w := e.watch(ctx, what)
	defer w.stop()
	conn, err := opened(w.ctx, func() (types.HijackedResponse, error) { return open(context.WithoutCancel(ctx)) },
		func(c types.HijackedResponse) { c.Close() })
	return conn, w.late(ctx, err)
}

// opened opens a connection, and gives up when ctx ends: docker's client does
// not heed one any more once it has dialled. A connection that comes late is
// closed.
func opened[T any](ctx context.Context, open func() (T, error), closed func(T)) (T, error) {
	type answer struct {
		conn T
		err  error
	}
	answered := make(chan answer, 1)
	go func() {
		conn, err := open()
		answered <- answer{conn, err}
	}()
	select {
	case a := <-answered:
		return a.conn, a.err
	case <-ctx.Done():
		go func() {
			if a := <-answered; a.err == nil {
				closed(a.conn)
			}
		}()
		var none T
		return none, ctx.Err()
	}
}

// endKnown is how long an engine may take to notice that a process has ended.
const endKnown = time.Second

// Resize tells the process the size of its terminal, in characters.
func (t *Talk) Resize(ctx context.Context, rows, columns uint) error {
	size := container.ResizeOptions{Height: rows, Width: columns}
	_, err := asked(ctx, t.e, "Resize", t.e.limits.Read, func(ctx context.Context) (struct{}, error) {
		if t.inside {
			return struct{}{}, t.c.ContainerExecResize(ctx, t.id, size)
		}
		return struct{}{}, t.c.ContainerResize(ctx, t.id, size)
	})
	return err
}

// Ended returns the code that the process has ended with; false if it still
// runs: then the conversation has, by itself or by the keys for it.
func (t *Talk) Ended(ctx context.Context) (code int, ended bool, err error) {
	if t.inside {
		got, err := asked(ctx, t.e, "ContainerExecInspect", t.e.limits.Read, func(ctx context.Context) (container.ExecInspect, error) {
			return t.c.ContainerExecInspect(ctx, t.id)
		})
		return got.ExitCode, !got.Running, err
	}
	if t.begun {
		select {
		case got := <-t.over:
			return int(got.StatusCode), true, nil
		case err := <-t.failed:
			return 0, false, err
		case <-ctx.Done():
			return 0, false, ctx.Err()
		}
	}
	// Its output ends a moment before the engine knows that the process has.
	select {
	case got := <-t.over:
		return int(got.StatusCode), true, nil
	case <-t.failed:
	case <-time.After(endKnown):
	}
	got, err := t.e.client.ContainerInspect(ctx, t.id)
	if err != nil {
		return 0, false, err
	}
	return got.State.ExitCode, !got.State.Running, nil
}

// StatPath tells what lies at a path in a container.
func (e *Engine) StatPath(ctx context.Context, id, path string) (container.PathStat, error) {
	c, err := e.talks()
	if err != nil {
		return container.PathStat{}, err
	}
	return asked(ctx, e, "ContainerStatPath", e.limits.Read, func(ctx context.Context) (container.PathStat, error) {
		return c.ContainerStatPath(ctx, id, path)
	})
}

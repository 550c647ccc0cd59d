package engine

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
)

// Lock is a lock that this process holds: a container on the engine under a
// name that only one can have. Its program reads its input, which is a
// connection of this process, to the end. So the engine itself frees the lock
// when the process ends, however it does, and the process hears of it at once
// when somebody else frees it. It is removed by its full ID, so that a holder
// who comes late cannot free the lock of the next.
//
// Where the program cannot run, the container is made and never started. Then
// nobody frees it for a process that was killed, but one who can tell that it
// has ended; see LockOptions and Unlock.
type Lock struct {
	ID     string // full
	Holder Holder

	e     *Engine
	c     lockClient
	image string
	conn  *types.HijackedResponse // nil if the program cannot run

	lost chan struct{}
}

// LockOptions says how to take a lock. The zero value is right for most.
type LockOptions struct {
	Wait    time.Duration // how long to wait for another holder; 0 is not at all
	Waiting func(*Locked) // told for whom it waits, once for each; may be nil
}

// Locked is the error of a lock that somebody else holds.
type Locked struct {
	ID     string // of the lock, full
	Holder Holder
	Age    time.Duration // of the lock, by the engine's clock
	state  string
}

func (l *Locked) Error() string {
	return fmt.Sprintf("stack %s is locked by %s, for %s", l.Holder.Stack, l.Holder, l.Age)
}

// LockLost is the error of a lock that this process held and holds no more.
type LockLost struct{ Stack string }

func (l *LockLost) Error() string {
	return fmt.Sprintf("the lock of stack %s was lost: somebody freed it, or the engine was restarted", l.Stack)
}

// lockClient is what a lock asks of an engine beside what Client has: docker's
// own client has it. An engine that is called without HTTP knows no connection
// that could be held.
type lockClient interface {
	ImageLoad(context.Context, io.Reader, ...client.ImageLoadOption) (image.LoadResponse, error)
	ContainerAttach(context.Context, string, container.AttachOptions) (types.HijackedResponse, error)
}

var _ lockClient = (*client.Client)(nil)

// locks returns what locks are made with, if this engine can have any.
func (e *Engine) locks() (lockClient, bool) {
	inner := e.client
	if l, ok := inner.(*limited); ok {
		inner = l.Client
	}
	c, ok := inner.(lockClient)
	return c, ok
}

// LockName is the name of a stack's lock.
func LockName(stack string) string {
	return fmt.Sprintf("bayplan-lock-%x", sha256.Sum256([]byte(stack)))[:len("bayplan-lock-")+12]
}

// abandoned is the age, by the engine's clock, from which on a lock whose
// program was never started is taken for one whose holder died before he could.
const abandoned = 30 * time.Second

// Lock takes the lock of h's stack, or returns who holds it as a Locked. What a
// dead process has left is taken away.
func (e *Engine) Lock(ctx context.Context, h Holder, o LockOptions) (*Lock, error) {
	c, ok := e.locks()
	if !ok {
		return nil, fmt.Errorf("locking stack %s: this engine has no locks", h.Stack)
	}
	m, runs := machineOf(e.Info.Arch)
	if h.Alive = runs && e.Info.OS == "linux"; !runs {
		m = machines()[0] // it is never started
	}
	until := time.Now().Add(o.Wait)
	told := ""
	for {
		l, held, err := e.tryLock(ctx, c, m, h)
		switch {
		case errors.Is(err, errNoProgram):
			h.Alive = false
			continue
		case err != nil:
			return nil, fmt.Errorf("locking stack %s: %w", h.Stack, err)
		case l != nil:
			return l, nil
		case held == nil: // gone meanwhile
			continue
		case held.over():
			if err := e.dropLock(ctx, held.ID); err != nil {
				return nil, fmt.Errorf("locking stack %s: removing what a dead process has left: %w", h.Stack, err)
			}
			continue
		}
		if o.Wait > 0 && o.Waiting != nil && told != held.ID {
			o.Waiting(held)
		}
		told = held.ID
		left := time.Until(until)
		if left <= 0 {
			return nil, held
		}
		if err := e.untilFreed(ctx, held.ID, left); err != nil {
			return nil, err
		}
	}
}

// over reports whether nobody holds the lock any more.
func (l *Locked) over() bool {
	switch l.state {
	case "created":
		return l.Holder.dead() || l.Holder.Alive && l.Age > abandoned
	case "exited", "dead", "removing":
		return true // its holder has let go, and the engine is about to take it away
	}
	return l.Holder.dead()
}

// tryLock takes the lock, or returns who holds it; neither if he has just let go.
func (e *Engine) tryLock(ctx context.Context, c lockClient, m machine, h Holder) (*Lock, *Locked, error) {
	archive, ref := m.image()
	id, err := e.createLock(ctx, c, archive, ref, h)
	if conflict(err) {
		held, err := e.Locked(ctx, h.Stack)
		return nil, held, err
	}
	if err != nil {
		return nil, nil, err
	}
	l := &Lock{ID: id, Holder: h, e: e, c: c, image: ref, lost: make(chan struct{})}
	if h.Alive {
		err = l.live(ctx)
	}
	if err == nil {
		return l, nil, nil
	}
	broken := Gone(err) // somebody took it for an abandoned one
	err = errors.Join(err, l.Release(ctx))
	if broken {
		return nil, nil, nil
	}
	return nil, nil, err
}

// createLock makes the container, and its image if the engine has none: another
// may be taking it away just now.
func (e *Engine) createLock(ctx context.Context, c lockClient, archive []byte, ref string, h Holder) (string, error) {
	create := &ContainerCreate{
		Name: LockName(h.Stack),
		Config: &container.Config{
			Image: ref, Labels: h.labels(), StopSignal: "SIGKILL",
			OpenStdin: true, StdinOnce: true, AttachStdin: true, AttachStdout: true,
		},
		HostConfig: &container.HostConfig{
			NetworkMode: "none", AutoRemove: h.Alive, LogConfig: container.LogConfig{Type: "none"},
			ReadonlyRootfs: true, CapDrop: []string{"ALL"},
		},
	}
	const tries = 20
	var err error
	for range tries {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		var id string
		if id, err = e.Do(ctx, create, nil, nil); !Gone(err) {
			return id, err
		}
		if err := e.loadLock(ctx, c, archive); err != nil {
			return "", err
		}
	}
	return "", err
}

// loadLock brings the image of locks onto the engine.
func (e *Engine) loadLock(ctx context.Context, c lockClient, archive []byte) error {
	ctx, cancel := e.timeout(ctx, e.limits.Call)
	defer cancel()
	resp, err := c.ImageLoad(ctx, bytes.NewReader(archive))
	if err != nil {
		return fmt.Errorf("loading the image of the lock: %w", err)
	}
	defer resp.Body.Close()
	if _, err := readStream(resp.Body, func(Progress) {}); err != nil {
		return fmt.Errorf("loading the image of the lock: %w", err)
	}
	return nil
}

// errNoProgram says that the engine cannot run the lock's program.
var errNoProgram = errors.New("the engine cannot run the program of the lock")

// live holds on to the program's input and starts it.
func (l *Lock) live(ctx context.Context) error {
	conn, err := l.e.hijacked(ctx, TimedOut{Call: "ContainerAttach"}, func(ctx context.Context) (types.HijackedResponse, error) {
		return l.c.ContainerAttach(ctx, l.ID, container.AttachOptions{Stream: true, Stdin: true, Stdout: true})
	})
	if err != nil {
		return fmt.Errorf("attaching to the lock: %w", err)
	}
	l.conn = &conn
	runs := make(chan struct{})
	go l.listen(runs)
	if _, err := l.e.Do(ctx, &ContainerStart{Container: l.ID}, nil, nil); err != nil {
		if Unknown(err) || Gone(err) || ctx.Err() != nil {
			return fmt.Errorf("starting the lock: %w", err)
		}
		return errNoProgram
	}
	// That it was started says little: where it is for another processor, the
	// engine has answered before it ends.
	ctx, cancel := l.e.timeout(ctx, l.e.limits.Call)
	defer cancel()
	select {
	case <-runs:
		return nil
	case <-l.lost:
		return errNoProgram
	case <-ctx.Done():
		return fmt.Errorf("starting the lock: %w", ctx.Err())
	}
}

// listen hears the one byte by which the program says that it runs, and then
// the end of the lock.
func (l *Lock) listen(runs chan<- struct{}) {
	if _, err := l.conn.Reader.ReadByte(); err == nil {
		close(runs)
		_, _ = io.Copy(io.Discard, l.conn.Reader) // any end is the lock's
	}
	close(l.lost)
}

// Lost is closed when the lock is no longer held. Where its program cannot run
// only Check tells.
func (l *Lock) Lost() <-chan struct{} { return l.lost }

// Check returns a LockLost if the lock is held no more, or why that cannot be
// told. It asks the engine: one that slept may not have heard of it yet.
func (l *Lock) Check(ctx context.Context) error {
	select {
	case <-l.lost:
		return &LockLost{l.Holder.Stack}
	default:
	}
	ctx, cancel := l.e.timeout(context.WithoutCancel(ctx), l.e.limits.Call)
	defer cancel()
	got, err := l.e.client.ContainerInspect(ctx, l.ID)
	for range 2 {
		if err == nil || Gone(err) || l.e.sleep(ctx, 200*time.Millisecond) != nil {
			break
		}
		got, err = l.e.client.ContainerInspect(ctx, l.ID)
	}
	switch {
	case Gone(err), err == nil && l.conn != nil && !got.State.Running:
		return &LockLost{l.Holder.Stack}
	case err != nil:
		return fmt.Errorf("asking whether stack %s is still locked: %w", l.Holder.Stack, err)
	}
	return nil
}

// Release frees the lock, and takes its image away if no other lock needs it.
// It does so also when ctx is cancelled.
func (l *Lock) Release(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	err := l.e.dropLock(ctx, l.ID)
	if l.conn != nil {
		l.conn.Close()
	}
	if _, ierr := l.e.Do(ctx, &ImageRemove{Ref: l.image}, nil, nil); ierr != nil && !conflict(ierr) {
		err = errors.Join(err, ierr)
	}
	if err != nil {
		return fmt.Errorf("unlocking stack %s: %w", l.Holder.Stack, err)
	}
	return nil
}

// dropLock removes a lock by its full ID.
func (e *Engine) dropLock(ctx context.Context, id string) error {
	ctx, cancel := e.timeout(ctx, e.limits.Call)
	defer cancel()
	err := e.client.ContainerRemove(ctx, id, container.RemoveOptions{Force: true})
	if Unknown(err) {
		err = e.client.ContainerRemove(ctx, id, container.RemoveOptions{Force: true})
	}
	if removing(err) {
		return e.untilGone(ctx, id)
	}
	return absent(err)
}

// Locked returns who holds the lock of a stack; nil if nobody does.
func (e *Engine) Locked(ctx context.Context, stack string) (*Locked, error) {
	ctx, cancel := e.timeout(ctx, e.limits.Call)
	defer cancel()
	name := LockName(stack)
	got, err := e.client.ContainerInspect(ctx, name)
	if err != nil {
		return nil, absent(err)
	}
	if _, ok := got.Config.Labels[LabelLock]; !ok {
		return nil, fmt.Errorf("container %s is in the way: it has the name of the lock, and is none", name)
	}
	l := &Locked{ID: got.ID, state: string(got.State.Status)}
	if l.Holder, err = holderOf(got.Config.Labels); err != nil {
		return nil, fmt.Errorf("reading who holds %s: %w", name, err)
	}
	info, err := e.client.Info(ctx)
	if err != nil {
		return nil, err
	}
	l.Age, err = between(got.Created, info.SystemTime)
	return l, err
}

// between is how long it is from one of the engine's times to another. The
// clocks of two machines are never compared.
func between(from, to string) (time.Duration, error) {
	a, err := time.Parse(time.RFC3339Nano, from)
	b, err2 := time.Parse(time.RFC3339Nano, to)
	return max(0, b.Sub(a).Truncate(time.Second)), errors.Join(err, err2)
}

// Unlock frees a lock that somebody else holds: he hears of it, and begins
// nothing more.
func (e *Engine) Unlock(ctx context.Context, l *Locked) error {
	if err := e.dropLock(ctx, l.ID); err != nil {
		return fmt.Errorf("unlocking stack %s: %w", l.Holder.Stack, err)
	}
	return nil
}

// look is after how long one who waits looks again, whatever the engine tells:
// a holder may have died, or a lock that nobody started be old enough.
const look = 2 * time.Second

// untilFreed waits until a lock is gone, or a look again is due.
func (e *Engine) untilFreed(ctx context.Context, id string, most time.Duration) error {
	some, cancel := e.timeout(ctx, min(most, look))
	defer cancel()
	msgs, errs := e.client.Events(some, events.ListOptions{Filters: filters.NewArgs(
		filters.Arg("type", "container"), filters.Arg("container", id), filters.Arg("event", "destroy"))})
	if _, err := e.client.ContainerInspect(some, id); Gone(err) {
		return nil
	}
	select {
	case <-msgs:
	case <-errs: // nobody tells: then by looking
		<-some.Done()
	case <-some.Done():
	}
	return ctx.Err()
}

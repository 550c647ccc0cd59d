package verb

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"bayplan/interpreter/engine"

	"github.com/docker/docker/api/types/container"
)

// NotStarted is the error of a process that could not be started.
type NotStarted struct {
	Code int // by the custom of shells: 127 for what is not there, 126 for what is no program
	Err  error
}

func (n *NotStarted) Error() string { return n.Err.Error() }

// Unwrap returns what the engine said.
func (n *NotStarted) Unwrap() error { return n.Err }

// Run starts a one-off that was made and talks to it, and returns the code that it
// ended with. Unless it is kept, it is gone then. ErrLeft is the error where it
// goes on. One whose output nobody reads any more is ended.
func Run(ctx context.Context, e *engine.Engine, o Object, kept bool, keys string, ends Ends) (int, error) {
	ends, err := ends.leaving(keys)
	if err != nil {
		return 0, errors.Join(err, Drop(ctx, e, o))
	}
	talk, err := e.Begin(ctx, o.ID, container.AttachOptions{Stream: true, Stdin: ends.In != nil, Stdout: true, Stderr: true, DetachKeys: keys}, !kept)
	if err != nil {
		return 0, errors.Join(notStarted(o, err), Drop(ctx, e, o))
	}
	defer talk.Close()
	code, err := hold(ctx, talk, o, ends)
	if err != nil && !errors.Is(err, ErrLeft) {
		_ = End(ctx, e, o, false) // the first error says more
		if !kept {
			_ = Drop(ctx, e, o)
		}
	}
	return code, err
}

// Launch starts a one-off that was made, and does not wait for it.
func Launch(ctx context.Context, e *engine.Engine, o Object) error {
	if _, err := e.Do(ctx, &engine.ContainerStart{Container: o.ID}, nil, nil); err != nil {
		return errors.Join(notStarted(o, err), Drop(ctx, e, o))
	}
	return nil
}

// notStarted sorts out why a process could not be started: the engine says so in
// words alone.
func notStarted(o Object, err error) error {
	n := &NotStarted{Err: fmt.Errorf("starting a one-off of %s: %w", o.Addr, err)}
	switch text := err.Error(); {
	case strings.Contains(text, "executable file not found"), strings.Contains(text, "no such file or directory"):
		n.Code = 127
	case strings.Contains(text, "permission denied"), strings.Contains(text, "exec format error"), strings.Contains(text, "is a directory"):
		n.Code = 126
	}
	return n
}

// Signal sends a signal to a process.
func Signal(ctx context.Context, e *engine.Engine, o Object, s syscall.Signal) error {
	_, err := e.Do(ctx, &engine.ContainerKill{Container: o.ID, Signal: fmt.Sprint(int(s))}, nil, nil)
	return err
}

// End stops a one-off, by force if it should take no time. That it has ended
// already is fine.
func End(ctx context.Context, e *engine.Engine, o Object, force bool) error {
	stop := &engine.ContainerStop{Container: o.ID, Grace: 10 * time.Second}
	if force {
		stop.After = new(int)
	}
	if _, err := e.Do(ctx, stop, nil, nil); err != nil && !engine.Gone(err) {
		return err
	}
	return nil
}

// Drop removes a one-off that does not run. That it is gone already is fine.
func Drop(ctx context.Context, e *engine.Engine, o Object) error {
	_, err := e.Do(ctx, &engine.ContainerRemove{Container: o.ID, RemoveVolumes: true}, nil, nil)
	if engine.Gone(err) {
		return nil
	}
	return err
}

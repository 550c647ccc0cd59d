package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"bayplan/lang/ir"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
)

// NotReady is the error of a container that did not become what was waited
// for, with what it said of itself.
type NotReady struct {
	Container string
	Reason    string // "exited with code 3", "became unhealthy", "was not healthy within 1m0s"
	Look      *Look  // nil if it is gone
}

func (n *NotReady) Error() string { return fmt.Sprintf("container %s %s", n.Container, n.Reason) }

// Wait returns when w has come true, or a NotReady when it cannot or did not
// in time. One subscription to events, then one look, tells; nothing polls.
func (e *Engine) Wait(ctx context.Context, w Wait) error { return e.waitBy(ctx, w, e.wait) }

// waitBy waits by a function that waits for the container that id names, and returns
// its whole ID, and why what is waited for will never be.
func (e *Engine) waitBy(ctx context.Context, w Wait, wait func(ctx context.Context, w Wait, id string) (reason, whole string, err error)) error {
	ctx, cancel := e.timeout(ctx, w.Limit)
	defer cancel()
	id, reason, err := w.Container, "", error(nil)
	for tries := 1; ; tries++ {
		reason, id, err = wait(ctx, w, id)
		if !Unknown(err) || tries == waitTries {
			break
		}
		if serr := e.sleep(ctx, time.Second); serr != nil {
			err = serr
			break
		}
	}
	switch {
	case err == nil && reason == "":
		return nil
	case Gone(err):
		return &NotReady{Container: w.Container, Reason: "was removed by somebody else meanwhile"}
	case errors.Is(err, context.DeadlineExceeded):
		if e.missed(ctx, w, id) {
			return nil
		}
		reason = fmt.Sprintf("was not %s within %s", w.Until, w.Limit)
	case err != nil:
		return err
	}
	look := e.Look(ctx, id)
	if look != nil && look.Status == "restarting" && errors.Is(err, context.DeadlineExceeded) {
		reason += fmt.Sprintf(": it ends again and again, the last time with code %d", look.ExitCode)
	}
	if look != nil && look.Error != "" {
		reason += ": " + look.Error
	}
	if look != nil && look.OOM {
		reason += ", since it had no memory left"
	}
	return &NotReady{Container: w.Container, Reason: reason, Look: look}
}

// End waits until a container has ended, and returns the code that it ended with;
// one that its engine removes at its end may be gone then. One that is started again
// by its restart policy has not ended. w.Until is Completed.
func (e *Engine) End(ctx context.Context, w Wait) (code int, err error) {
	c, err := e.talks()
	if err != nil {
		return 0, err
	}
	err = e.waitBy(ctx, w, func(ctx context.Context, _ Wait, id string) (reason, whole string, err error) {
		code, reason, whole, err = e.end(ctx, c, id)
		return reason, whole, err
	})
	var not *NotReady
	if errors.As(err, &not) && not.Look != nil && not.Look.Status == "exited" { // and no answer told
		return not.Look.ExitCode, nil
	}
	return code, err
}

// end waits for the end of the container that id names. The engine is asked for the
// code before the container is looked at: it may be gone at any time.
func (e *Engine) end(ctx context.Context, c talkClient, id string) (code int, reason, whole string, err error) {
	for known := false; ; known = true {
		over, failed := e.ending(ctx, c, id, container.WaitConditionNotRunning)
		got, err := e.client.ContainerInspect(ctx, id)
		gone := Gone(err)
		switch {
		case gone && known:
			return code, "", id, nil
		case err != nil && !gone:
			return 0, "", id, err
		}
		select {
		case end := <-over:
			code = int(end.StatusCode)
		case err := <-failed:
			if Gone(err) {
				return 0, "is gone, and with it the code that it ended with", id, nil
			}
			return 0, "", id, err
		case <-ctx.Done():
			return 0, "", id, ctx.Err()
		}
		switch {
		case gone:
			return code, "", id, nil
		case got.State.Status == "created":
			return 0, "was not started", got.ID, nil
		case got.HostConfig.RestartPolicy.IsNone(), !got.State.Running && !got.State.Restarting:
			return code, "", got.ID, nil
		}
		id = got.ID
	}
}

// ending asks an engine to tell when a container has come to an end: at once, if it
// has by then. Nobody has to hear the answer, for which docker's client would wait.
func (e *Engine) ending(ctx context.Context, c talkClient, id string, until container.WaitCondition) (<-chan container.WaitResponse, <-chan error) {
	got, errs := begun(ctx, e, "ContainerWait", func(ctx context.Context) (<-chan container.WaitResponse, <-chan error) {
		return c.ContainerWait(ctx, id, until)
	})
	over, failed := make(chan container.WaitResponse, 1), make(chan error, 1)
	select {
	case err := <-errs: // it has not begun
		failed <- err
		return over, failed
	default:
	}
	go func() {
		select {
		case end := <-got:
			over <- end
		case err := <-errs:
			failed <- err
		}
	}()
	return over, failed
}

// missed reports whether w has come true, and no event told: a connection that
// died without a word.
func (e *Engine) missed(ctx context.Context, w Wait, id string) bool {
	ctx, cancel := e.timeout(context.WithoutCancel(ctx), lookLimit)
	defer cancel()
	got, err := e.client.ContainerInspect(ctx, id)
	if err != nil || w.Settle > 0 && exactly(w.Until, got.State) == ir.Started {
		return false
	}
	done, _ := reached(w.Until, got)
	return done
}

const (
	waitTries = 5 // how often a wait begins whose connection breaks
	waitLoops = 5 // how often a container may be restarted while somebody waits that it becomes healthy
)

// wait waits for the container that id names, and returns its whole ID.
func (e *Engine) wait(ctx context.Context, w Wait, id string) (reason, whole string, err error) {
	first, err := e.client.ContainerInspect(ctx, id)
	if err != nil {
		return "", id, err
	}
	id = first.ID
	subscribed, cancel := context.WithCancel(ctx)
	defer cancel()
	msgs, errs := e.client.Events(subscribed, events.ListOptions{Filters: filters.NewArgs(
		filters.Arg("type", "container"), filters.Arg("container", id))})
	for {
		got, err := e.client.ContainerInspect(ctx, id)
		if err != nil {
			return "", id, err
		}
		done, reason := reached(w.Until, got)
		if n := got.RestartCount - first.RestartCount; reason == "" && !done && n >= waitLoops && w.Until != ir.Completed {
			reason = fmt.Sprintf("was restarted %d times, and ended with code %d the last time", n, got.State.ExitCode)
		}
		if reason != "" {
			return reason, id, nil
		}
		if done {
			reason, err := e.settled(ctx, w, got)
			return reason, id, err
		}
		if err := e.await(ctx, msgs, errs); err != nil {
			return "", id, err
		}
	}
}

// await returns when the next message has come.
func await(ctx context.Context, msgs <-chan events.Message, errs <-chan error) error {
	select {
	case <-msgs:
		return nil
	case err := <-errs:
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil || errors.Is(err, io.EOF):
			return errCut
		}
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// reached judges one look: whether the condition holds, or why it never will.
func reached(until ir.Condition, c container.InspectResponse) (done bool, reason string) {
	s := c.State
	until = exactly(until, s)
	exited := !s.Running && !s.Restarting && s.Status != "created"
	switch {
	case until == ir.Completed && exited && s.ExitCode == 0 && s.Status == "exited":
		return true, ""
	case exited:
		return false, fmt.Sprintf("exited with code %d", s.ExitCode)
	case s.Status == "created":
		return false, "was not started"
	case until == ir.Started:
		return s.Running && !s.Restarting, ""
	case until != ir.Healthy:
		return false, ""
	case s.Health == nil:
		return false, "has no healthcheck, so that nobody can tell when it is healthy"
	case s.Health.Status == container.Unhealthy:
		return false, "became unhealthy"
	}
	return s.Health.Status == container.Healthy, ""
}

// Ready is the condition of a container of which only the engine can tell
// whether its image brings a healthcheck: healthy if there is one, else started.
const Ready ir.Condition = "ready"

func exactly(until ir.Condition, s *container.State) ir.Condition {
	switch {
	case until != Ready:
		return until
	case s.Health != nil:
		return ir.Healthy
	}
	return ir.Started
}

// settled looks again after a while: a container that has only just started
// may be about to die.
func (e *Engine) settled(ctx context.Context, w Wait, before container.InspectResponse) (reason string, err error) {
	if w.Settle == 0 || exactly(w.Until, before.State) != ir.Started {
		return "", nil
	}
	if err := e.sleep(ctx, w.Settle); err != nil {
		return "", err
	}
	now, err := e.client.ContainerInspect(ctx, before.ID)
	switch {
	case err != nil:
		return "", err
	case !now.State.Running:
		return fmt.Sprintf("exited with code %d within %s", now.State.ExitCode, w.Settle), nil
	case now.State.StartedAt != before.State.StartedAt || now.RestartCount != before.RestartCount:
		return fmt.Sprintf("was restarted within %s", w.Settle), nil
	}
	return "", nil
}

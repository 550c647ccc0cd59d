package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"bayplan/lang/ir"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/pkg/stdcopy"
)

// NotReady is the error of a container that did not become what was waited
// for, with what it said of itself.
type NotReady struct {
	Container string
	Reason    string   // "exited with code 3", "became unhealthy", "was not healthy within 1m0s"
	Health    string   // what the last health check printed; "" if there was none
	Logs      []string // its last lines
}

func (n *NotReady) Error() string { return fmt.Sprintf("container %s %s", n.Container, n.Reason) }

// Wait returns when w has come true, or a NotReady when it cannot or did not
// in time. One subscription to events, then one look, tells; nothing polls.
func (e *Engine) Wait(ctx context.Context, w Wait) error {
	ctx, cancel := e.timeout(ctx, w.Limit)
	defer cancel()
	reason, id, err := e.wait(ctx, w)
	if err == nil && reason == "" {
		return nil
	}
	late := errors.Is(err, context.DeadlineExceeded)
	if err != nil && !late {
		return err
	}
	ctx, cancel = e.timeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if late {
		if e.missed(ctx, w, id) {
			return nil
		}
		reason = fmt.Sprintf("was not %s within %s", w.Until, w.Limit)
	}
	return e.notReady(ctx, w.Container, id, reason)
}

// missed reports whether w has come true, and no event told: a connection that
// died without a word.
func (e *Engine) missed(ctx context.Context, w Wait, id string) bool {
	if id == "" {
		return false
	}
	got, err := e.client.ContainerInspect(ctx, id)
	if err != nil || w.Settle > 0 && exactly(w.Until, got.State) == ir.Started {
		return false
	}
	done, _ := reached(w.Until, got)
	return done
}

func (e *Engine) wait(ctx context.Context, w Wait) (reason, id string, err error) {
	got, err := e.client.ContainerInspect(ctx, w.Container)
	if err != nil {
		return "", "", err
	}
	id = got.ID
	msgs, errs := e.client.Events(ctx, events.ListOptions{Filters: filters.NewArgs(
		filters.Arg("type", "container"), filters.Arg("container", id))})
	for {
		if got, err = e.client.ContainerInspect(ctx, id); err != nil {
			return "", id, err
		}
		done, reason := reached(w.Until, got)
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

func (e *Engine) notReady(ctx context.Context, name, id, reason string) *NotReady {
	n := &NotReady{Container: name, Reason: reason}
	if got, err := e.client.ContainerInspect(ctx, id); err == nil {
		if h := got.State.Health; h != nil && len(h.Log) > 0 {
			n.Health = strings.TrimSpace(h.Log[len(h.Log)-1].Output)
		}
		n.Logs = e.LastLogs(ctx, id, got.Config.Tty, 20)
		if got.State.Error != "" {
			n.Reason += ": " + got.State.Error
		}
	}
	return n
}

// LastLogs returns the last lines that a container printed, as far as the
// engine tells them.
func (e *Engine) LastLogs(ctx context.Context, id string, tty bool, lines int) []string {
	r, err := e.client.ContainerLogs(ctx, id, container.LogsOptions{ShowStdout: true, ShowStderr: true, Tail: fmt.Sprint(lines)})
	if err != nil {
		return nil
	}
	defer r.Close()
	var out bytes.Buffer
	limited := io.LimitReader(r, 256<<10)
	if tty {
		_, _ = io.Copy(&out, limited)
	} else {
		_, _ = stdcopy.StdCopy(&out, &out, limited) // what came before the cut is enough
	}
	text := strings.TrimRight(out.String(), "\n")
	if text == "" {
		return nil
	}
	all := strings.Split(text, "\n")
	return all[max(0, len(all)-lines):]
}

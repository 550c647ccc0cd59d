package engine

import (
	"errors"
	"fmt"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/client"
)

// Unreachable is the error of an engine that does not answer.
type Unreachable struct {
	Host string
	Err  error
}

func (u *Unreachable) Error() string {
	return fmt.Sprintf("no Docker Engine answers at %s: %v", u.Host, u.Err)
}

// Unwrap returns the cause.
func (u *Unreachable) Unwrap() error { return u.Err }

// Gone reports whether err says that the object does not exist. Only this is
// absence; every other error is an error.
func Gone(err error) bool { return errdefs.IsNotFound(err) }

// conflict reports whether err is a 409.
func conflict(err error) bool { return errdefs.IsConflict(err) }

// removing reports whether err says that somebody is removing the object
// already: the loser waits until it is gone.
func removing(err error) bool {
	return conflict(err) && strings.Contains(err.Error(), "already in progress")
}

// Unknown reports whether err leaves open what the engine did: the connection
// broke, the answer did not come in time, or the engine failed in a way that
// may come after it acted.
func Unknown(err error) bool {
	var late *TimedOut
	var said *StreamError
	switch {
	case err == nil:
		return false
	case errors.As(err, &said): // it has answered, whatever it met elsewhere: a registry that cut it off
		return false
	case errors.As(err, &late):
		return late.Changes
	case client.IsErrConnectionFailed(err), errors.Is(err, errCut):
		return true
	}
	// A connection that breaks within an answer's body is a bare "unexpected EOF".
	// HTML is no answer of an engine: a proxy in between has lost the engine.
	text := err.Error()
	return strings.Contains(text, "<html") || strings.Contains(text, "error during connect") || strings.HasSuffix(text, "EOF") ||
		strings.Contains(text, "connection reset") || strings.Contains(text, "broken pipe")
}

// failed reports whether err is a 500: the engine failed within, and may have
// acted before.
func failed(err error) bool { return errdefs.IsInternal(err) && !Unknown(err) }

var errCut = errors.New("the engine's answer was cut")

// LostTask reports whether text, an error or what a container says of its last
// start, means that no start will ever succeed: a daemon that was killed has
// lost hold of a process that containerd still has.
func LostTask(text string) bool {
	return strings.Contains(text, "task ") && strings.Contains(text, " already exists")
}

// Lost reports whether err says that the engine did not answer: it is not
// there, is started anew, or hangs.
func Lost(err error) bool {
	var late *TimedOut
	var gone *Unreachable
	return Unknown(err) || errors.As(err, &late) || errors.As(err, &gone)
}

// Conflict reports whether err says that the object is in no state for this.
func Conflict(err error) bool { return conflict(err) }

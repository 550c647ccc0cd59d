package verb

import (
	"context"
	"fmt"

	"bayplan/interpreter/engine"

	"github.com/docker/docker/api/types/container"
)

// Process is what is to be known of a container's own process before somebody
// talks to it.
type Process struct {
	TTY     bool // it has a terminal
	Listens bool // it has an input
}

// ProcessOf returns what a running container's process has.
func ProcessOf(ctx context.Context, e *engine.Engine, o Object) (Process, error) {
	got, err := e.Reader().ContainerInspect(ctx, o.ID)
	switch {
	case err != nil:
		return Process{}, about("inspecting", o, err)
	case !got.State.Running:
		return Process{}, fmt.Errorf("%s does not run", o)
	case got.State.Paused:
		return Process{}, fmt.Errorf("%s is paused", o)
	}
	return Process{TTY: got.Config.Tty, Listens: got.Config.OpenStdin}, nil
}

// Attach talks to a container's own process, and returns the code that it ended
// with. ErrLeft is the error where it goes on. keys are those for leaving; "" is the
// engine's.
func Attach(ctx context.Context, e *engine.Engine, o Object, keys string, ends Ends) (int, error) {
	ends, err := ends.leaving(keys)
	if err != nil {
		return 0, err
	}
	talk, err := e.Attach(ctx, o.ID, container.AttachOptions{Stream: true, Stdin: ends.In != nil, Stdout: true, Stderr: true, DetachKeys: keys})
	if err != nil {
		return 0, about("attaching to", o, err)
	}
	defer talk.Close()
	return hold(ctx, talk, o, ends)
}

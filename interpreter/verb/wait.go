package verb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bayplan/interpreter/engine"
	"bayplan/lang/ir"
)

// forever is a wait that has no limit of its own.
const forever = 100 * 365 * 24 * time.Hour

// WaitEnd waits until a container has ended, and returns the code that it ended
// with. limit is 0 for none.
func WaitEnd(ctx context.Context, e *engine.Engine, o Object, limit time.Duration) (int, error) {
	err := e.Wait(ctx, engine.Wait{Container: o.ID, Until: ir.Completed, Limit: limitOf(limit), Addr: o.Addr})
	var not *engine.NotReady
	if err != nil && !(errors.As(err, &not) && not.Look != nil && not.Look.Status == "exited") {
		return 0, fmt.Errorf("waiting for the end of %s: %w", o, notReady(err))
	}
	got, err := e.Reader().ContainerInspect(ctx, o.ID)
	if err != nil {
		return 0, fmt.Errorf("inspecting %s: %w", o, err)
	}
	return got.State.ExitCode, nil
}

// WaitHealthy waits until a container is healthy.
func WaitHealthy(ctx context.Context, e *engine.Engine, o Object, limit time.Duration) error {
	if err := e.Wait(ctx, engine.Wait{Container: o.ID, Until: ir.Healthy, Limit: limitOf(limit), Addr: o.Addr}); err != nil {
		return fmt.Errorf("%s %w", o, notReady(err))
	}
	return nil
}

func limitOf(limit time.Duration) time.Duration {
	if limit == 0 {
		return forever
	}
	return limit
}

package verb

import (
	"context"
	"fmt"
	"time"

	"bayplan/interpreter/engine"
	"bayplan/lang/ir"
)

// forever is a wait that has no limit of its own.
const forever = 100 * 365 * 24 * time.Hour

// Ending is how a container has ended.
type Ending struct {
	Code int
	Err  error // why that is not known
}

// WaitEnds waits until containers have ended, each of which is told on its channel.
// It waits for all at once: one that is removed at its end may be gone before another
// one ends. limit is that of each, 0 for none.
func WaitEnds(ctx context.Context, e *engine.Engine, objects []Object, limit time.Duration) []<-chan Ending {
	var all []<-chan Ending
	for _, o := range objects {
		end := make(chan Ending, 1)
		go func() {
			code, err := e.End(ctx, engine.Wait{Container: o.ID, Until: ir.Completed, Limit: limitOf(limit), Addr: o.Addr})
			if err != nil {
				err = fmt.Errorf("waiting for the end of %s: %w", o, notReady(err))
			}
			end <- Ending{code, err}
		}()
		all = append(all, end)
	}
	return all
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

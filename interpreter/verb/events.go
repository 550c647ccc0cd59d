package verb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"bayplan/interpreter/engine"
	"bayplan/lang/ir"

	"github.com/docker/docker/api/types/events"
)

// Happening is something that happened to an object of a stack.
type Happening struct {
	At      time.Time         `json:"at"`
	Kind    string            `json:"kind"`    // the engine's: "container", "network", "volume"
	Action  string            `json:"action"`  // the engine's: "start", "die", "health_status: healthy"
	Address ir.Addr           `json:"address"` // of the object
	Name    string            `json:"name"`    // the engine's
	ID      string            `json:"id"`
	Detail  map[string]string `json:"detail"` // what the engine adds, without labels: "exitCode", "signal", "container"
}

// Events tells what happens to the objects of a stack, from since to until; ""
// is from now on, and for ever. The engine tells of a container with its labels,
// of a network and a volume by its name alone: those are known from look, which
// is asked again for a name that is new.
func Events(ctx context.Context, r engine.Reader, stack, since, until string, look func(context.Context) ([]Object, error), emit func(Happening) error) error {
	known, err := look(ctx)
	if err != nil {
		return err
	}
	msgs, errs := r.Events(ctx, events.ListOptions{Since: since, Until: until})
	for {
		select {
		case m := <-msgs:
			h, ours := happening(m, stack, known)
			if !ours && m.Action == events.ActionCreate && m.Type != events.ContainerEventType {
				if again, err := look(ctx); err == nil {
					known = merge(known, again)
				}
				h, ours = happening(m, stack, known)
			}
			if !ours {
				continue
			}
			if err := emit(h); err != nil {
				return err
			}
		case err := <-errs:
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case err == nil || errors.Is(err, io.EOF) && until != "":
				return nil
			}
			return fmt.Errorf("listening to the engine: %w", err)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// merge keeps what is gone among the known: its last events still come.
func merge(known, now []Object) []Object {
	out := now
	for _, k := range known {
		gone := true
		for _, n := range now {
			gone = gone && (n.ID != k.ID || n.Name != k.Name)
		}
		if gone {
			out = append(out, k)
		}
	}
	return out
}

// happening reads one message of the engine.
func happening(m events.Message, stack string, known []Object) (Happening, bool) {
	h := Happening{At: time.Unix(0, m.TimeNano).UTC(), Kind: string(m.Type), Action: string(m.Action), ID: m.Actor.ID, Name: m.Actor.Attributes["name"], Detail: map[string]string{}}
	for k, v := range m.Actor.Attributes {
		if detail[k] {
			h.Detail[k] = v
		}
	}
	if m.Type == events.ContainerEventType {
		i, ok, err := engine.IdentityOf(m.Actor.Attributes)
		h.Address = i.Addr
		return h, ok && err == nil && i.Stack == stack
	}
	for _, o := range known {
		if o.Stack == stack && !o.Runs && (o.ID != "" && o.ID == m.Actor.ID || o.sort == sortVolume && m.Type == events.VolumeEventType && o.Name == m.Actor.ID) {
			h.Address, h.Name = o.Addr, o.Name
			return h, true
		}
	}
	return h, false
}

// detail are the attributes of events that are no labels and say something.
var detail = map[string]bool{"exitCode": true, "signal": true, "container": true, "oldName": true, "execDuration": true, "destination": true}

package verb

import (
	"context"
	"errors"
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

// Listening says what Events listens to.
type Listening struct {
	Engine       *engine.Engine
	Stack        string
	Since, Until string                                  // as the engine takes them; "" is from now on, and for ever
	Look         func(context.Context) ([]Object, error) // all objects, as they are now
	Emit         func(Happening) error
	Lost         func(error) // told once that the engine does not answer, and that it is waited for
}

// Events tells what happens to the objects of a stack. The engine tells of a
// container with its labels, of a network and a volume by its name alone: those
// are known from Look, which is asked again for a name that is new. An engine that
// is started anew meanwhile is waited for: it has forgotten what was before it went,
// and remembers what it did before anybody could ask. Nothing is told twice.
func Events(ctx context.Context, l Listening) error {
	known, err := l.Look(ctx)
	if err != nil {
		return err
	}
	t := &listener{Listening: l, known: known, waits: waiting{engine: l.Engine, lost: l.Lost}}
	for {
		began := time.Now()
		over, err := t.listen(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case over || err != nil && !engine.Lost(err):
			return err
		}
		if t.heard.at.IsZero() && t.Since == "" {
			t.Since = point{at: began}.since()
		}
		if err := t.waits.wait(ctx, err, "listening to the engine"); err != nil {
			return err
		}
		t.look(ctx) // what was made meanwhile
	}
}

// listener is an Events under way.
type listener struct {
	Listening
	known []Object
	heard point
	waits waiting
}

// listen tells what happens until the engine lets go, or nothing more is asked for.
func (t *listener) listen(ctx context.Context) (over bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	o := events.ListOptions{Since: t.Since, Until: t.Until}
	if !t.heard.at.IsZero() {
		o.Since = t.heard.since()
	}
	before := t.heard.told()
	msgs, errs := t.Engine.Reader().Events(ctx, o)
	for {
		select {
		case m := <-msgs:
			t.waits.tries = 0
			at := time.Unix(0, m.TimeNano)
			if before(at) {
				continue
			}
			t.heard.note(at)
			if err := t.tell(ctx, m); err != nil {
				return true, err
			}
		case err := <-errs:
			if err == nil || errors.Is(err, io.EOF) && t.Until != "" {
				return true, nil
			}
			return false, err
		case <-ctx.Done():
			return true, ctx.Err()
		}
	}
}

// tell tells of a message, if it is of the stack.
func (t *listener) tell(ctx context.Context, m events.Message) error {
	h, ours := happening(m, t.Stack, t.known)
	if !ours && m.Action == events.ActionCreate && m.Type != events.ContainerEventType {
		t.look(ctx)
		h, ours = happening(m, t.Stack, t.known)
	}
	if !ours {
		return nil
	}
	return t.Emit(h)
}

// look learns what there is now. What is gone stays known: its last events still
// come. That an engine does not answer, the events tell.
func (t *listener) look(ctx context.Context) {
	if now, err := t.Look(ctx); err == nil {
		t.known = merge(t.known, now)
	}
}

// merge adds what is known and gone to what there is now.
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

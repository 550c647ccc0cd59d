package verb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"bayplan/interpreter/engine"
	"bayplan/lang/ir"

	"github.com/docker/docker/api/types/container"
)

// Act is what can be done to containers as they are.
type Act string

// Acts.
const (
	Stop    Act = "stop"
	Start   Act = "start"
	Restart Act = "restart"
	Kill    Act = "kill"
	Pause   Act = "pause"
	Unpause Act = "unpause"
)

// done is an act that has been done, and already what it says of a container
// that was so before.
var done, already = map[Act]string{
	Stop: "stopped", Start: "started", Restart: "restarted", Kill: "sent", Pause: "paused", Unpause: "goes on",
}, map[Act]string{
	Stop: "does not run", Start: "runs already", Kill: "does not run", Pause: "does not run, or is paused already", Unpause: "is not paused",
}

// backwards reports whether what needs others comes before these.
func (a Act) backwards() bool { return a == Stop || a == Kill || a == Pause }

// ActOptions says how to act.
type ActOptions struct {
	After       *int                            // seconds that a container has to stop; nil is its own time, below 0 without end
	Signal      string                          // of Kill
	Limit       time.Duration                   // how long one that starts may wait for what it needs
	Parallelism int                             // containers at once
	Edge        func(user, needed ir.Addr) Edge // nil where the program is not known
	Held        func(context.Context) error     // asked before each call, whether the stack is still ours to change
	Tell        func(Acted)                     // called as it goes, by one at a time
}

// Edge is what a program says of two resources.
type Edge struct {
	Known bool // that the program knows both
	Cond  ir.Condition
	Limit time.Duration // 0 is not said
}

// Acted is how it went with one container.
type Acted struct {
	Object  Object
	Was     string // what was so already; "" where something was done
	Done    string // "stopped"; "" where nothing was
	Took    time.Duration
	Err     error
	Skipped bool // nothing was begun, since something before it failed or somebody called it off
}

// Perform acts on containers in the order of what needs what, side by side where
// nothing does. all is what lives; objects are those of it that are meant. When
// ctx ends, nothing new begins. What could not be done is in what it tells.
func Perform(ctx context.Context, e *engine.Engine, act Act, all, objects []Object, o ActOptions) []Acted {
	waits := before(act, all, objects)
	ended := make([]chan struct{}, len(objects))
	out := make([]Acted, len(objects))
	for i := range objects {
		ended[i] = make(chan struct{})
	}
	room, told := make(chan struct{}, max(1, o.Parallelism)), make(chan struct{}, 1)
	for i := range objects {
		go func() {
			defer close(ended[i])
			out[i] = Acted{Object: objects[i], Skipped: true}
			for _, n := range waits[i] {
				<-ended[n]
				if out[n].Err != nil || out[n].Skipped {
					return
				}
			}
			room <- struct{}{}
			defer func() { <-room }()
			if ctx.Err() != nil {
				return
			}
			began := time.Now()
			out[i] = perform(ctx, e, act, objects[i], needed(all, objects[i]), o)
			out[i].Took = time.Since(began)
			told <- struct{}{}
			o.Tell(out[i])
			<-told
		}()
	}
	for i := range objects {
		<-ended[i]
	}
	return out
}

// before returns, for each object, which of the others are acted on before it,
// by their places. What needs what by way of others counts too.
func before(act Act, all, objects []Object) [][]int {
	waits := make([][]int, len(objects))
	for i, user := range objects {
		for _, n := range needed(all, user) {
			for j, o := range objects {
				switch {
				case o.Addr != n.Addr || j >= i: // objects stand in order; a circle is cut there
				case act.backwards():
					waits[j] = append(waits[j], i)
				default:
					waits[i] = append(waits[i], j)
				}
			}
		}
	}
	return waits
}

// needed returns what an object needs, by way of others too.
func needed(all []Object, user Object) []Object {
	var out []Object
	seen := map[ir.Addr]bool{user.Addr: true}
	var visit func(Object)
	visit = func(o Object) {
		for _, d := range o.Identity.Deps {
			if seen[d] {
				continue
			}
			seen[d] = true
			for _, n := range all {
				if n.Stack == user.Stack && n.Addr == d && !n.Twin {
					out = append(out, n)
					visit(n)
				}
			}
		}
	}
	visit(user)
	return out
}

func perform(ctx context.Context, e *engine.Engine, act Act, o Object, needs []Object, opts ActOptions) Acted {
	got := Acted{Object: o}
	c, err := e.Reader().ContainerInspect(ctx, o.ID)
	switch {
	case err != nil:
		got.Err = fmt.Errorf("inspecting %s: %w", o, err)
		return got
	case !applies(act, c.State):
		got.Was = already[act]
		return got
	}
	if act == Start || act == Restart {
		if got.Err = await(ctx, e, o, needs, opts); got.Err != nil {
			return got
		}
	}
	if got.Err = opts.Held(ctx); got.Err != nil {
		return got
	}
	_, err = e.Do(ctx, call(act, o, c, opts), nil, nil)
	if err != nil {
		got.Err = fmt.Errorf("%s: %w", gerund(act, o), err)
		if holder := e.PortHolder(ctx, err); holder != "" {
			got.Err = fmt.Errorf("%w\n%s", got.Err, holder)
		}
		return got
	}
	if got.Done = done[act]; act == Kill {
		got.Done += " " + signalName(opts.Signal)
	}
	return got
}

func gerund(act Act, o Object) string {
	word := map[Act]string{Stop: "stopping", Kill: "killing", Pause: "pausing", Unpause: "unpausing"}[act]
	if word == "" {
		word = string(act) + "ing"
	}
	return word + " " + o.String()
}

// signalName is a signal as kill(1) has it.
func signalName(s string) string {
	if s == "" {
		return "SIGKILL"
	}
	return s
}

// applies reports whether there is anything to do.
func applies(act Act, s *container.State) bool {
	switch act {
	case Stop:
		return s.Running || s.Restarting
	case Start:
		return !s.Running || s.Restarting
	case Kill:
		return s.Running
	case Pause:
		return s.Running && !s.Paused && !s.Restarting
	case Unpause:
		return s.Paused
	}
	return true
}

func call(act Act, o Object, c container.InspectResponse, opts ActOptions) engine.Call {
	switch act {
	case Stop:
		return &engine.ContainerStop{Container: o.ID, Grace: grace(c, opts.After), After: opts.After}
	case Start:
		return &engine.ContainerStart{Container: o.ID}
	case Restart:
		return &engine.ContainerRestart{Container: o.ID, Grace: grace(c, opts.After), After: opts.After}
	case Kill:
		return &engine.ContainerKill{Container: o.ID, Signal: signalName(opts.Signal)}
	case Pause:
		return &engine.ContainerPause{Container: o.ID}
	}
	return &engine.ContainerUnpause{Container: o.ID}
}

// endless stands for a grace time without end.
const endless = 365 * 24 * time.Hour

// grace is how long a container may take to stop.
func grace(c container.InspectResponse, asked *int) time.Duration {
	if asked == nil && c.Config != nil {
		asked = c.Config.StopTimeout
	}
	switch {
	case asked == nil:
		return 10 * time.Second // Docker's own
	case *asked < 0:
		return endless
	}
	return time.Duration(*asked) * time.Second
}

// await waits for what a container needs: as its program says, or, where that is
// not known, until what runs and has a healthcheck is healthy. What does not run
// and is to, by the program, is an error.
func await(ctx context.Context, e *engine.Engine, user Object, needs []Object, o ActOptions) error {
	for _, n := range needs {
		if !n.Runs || !slices.Contains(user.Identity.Deps, n.Addr) {
			continue
		}
		c, err := e.Reader().ContainerInspect(ctx, n.ID)
		if engine.Gone(err) {
			continue
		}
		if err != nil {
			return fmt.Errorf("inspecting %s: %w", n.Addr, err)
		}
		edge := Edge{}
		if o.Edge != nil {
			edge = o.Edge(user.Addr, n.Addr)
		}
		switch {
		case edge.Known && edge.Cond == ir.Exists, !edge.Known && (c.State.Health == nil || !c.State.Running):
			continue
		case !edge.Known:
			edge.Cond = ir.Healthy
		}
		w := engine.Wait{Container: n.ID, Until: edge.Cond, Limit: o.Limit, Addr: n.Addr}
		if edge.Limit > 0 {
			w.Limit = edge.Limit
		}
		if err := notReady(e.Wait(ctx, w)); err != nil {
			return fmt.Errorf("%s waits for %s, which %w", user.Addr, n.Addr, err)
		}
	}
	return nil
}

// notReady is why a container did not become ready, without its name.
func notReady(err error) error {
	var not *engine.NotReady
	if !errors.As(err, &not) {
		return err
	}
	text := not.Reason
	if not.Look != nil && len(not.Look.Logs) > 0 {
		text += "; it said last:\n" + strings.Join(not.Look.Logs, "\n")
	}
	return errors.New(text)
}

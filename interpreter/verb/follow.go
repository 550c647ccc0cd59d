package verb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"bayplan/interpreter/engine"

	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
)

// Following says what Follow follows.
type Following struct {
	Engine *engine.Engine
	Stack  string
	Chosen []Object
	Means  func(Object) bool                       // whether what comes later is meant too
	Look   func(context.Context) ([]Object, error) // all objects, as they are now
	Emit   func(Line) error
	Lost   func(error) // told once that the engine does not answer, and that it is waited for
}

// Follow gives lines to emit as they are printed, first those of the past that o
// asks for. It goes on with what comes to the addresses that are meant: after a
// restart, and with the new container of a replacement. It ends when nothing of
// that runs any more or is about to, or when this machine's clock has come to the
// end that o asks for. An engine that is started anew meanwhile is waited for, and
// no line is told twice.
func Follow(ctx context.Context, f Following, o LogOptions) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	live := ctx
	if end, ok := o.end(); ok {
		if !end.After(time.Now()) {
			return Logs(ctx, f.Engine.Reader(), f.Chosen, o, f.Emit) // no more can come
		}
		var stop context.CancelFunc
		live, stop = context.WithDeadline(ctx, end)
		defer stop()
	}
	o.Follow = true
	w := &follower{Following: f, o: o, marks: map[string]*mark{}, lines: make(chan told, 256), over: make(chan told), waits: waiting{engine: f.Engine, lost: f.Lost}}
	w.msgs, w.errs = w.subscribe(live)
	for _, c := range f.Chosen {
		w.begin(live, c)
	}
	err := w.run(live)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return w.rest(ctx)
	}
	return err
}

// rest tells what was printed before the end that was asked for, and has not been
// told. That the end has come an engine notices only by a line behind it, which a
// silent container does not print.
func (w *follower) rest(ctx context.Context) error {
	w.o.Follow, w.reading = false, 0
	w.lines, w.over = make(chan told, 256), make(chan told) // nobody listens to those who have read until now
	for _, m := range w.marks {
		m.reading = false
	}
	w.resume(ctx) // what was started just before
	for _, m := range w.marks {
		if !m.reading {
			w.begin(ctx, m.object)
		}
	}
	for w.reading > 0 {
		select {
		case t := <-w.lines:
			if err := w.take(t); err != nil {
				return err
			}
		case t := <-w.over:
			err := w.ended(ctx, t)
			if err == nil && engine.Lost(t.err) {
				err = fmt.Errorf("reading the logs of %s: %w", w.marks[t.id].object, t.err)
			}
			if err != nil {
				return errors.Join(w.flush(), err)
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return w.flush()
}

// follower is a Follow under way. Only one goroutine works on it; a reader for
// each container tells it what comes.
type follower struct {
	Following
	o       LogOptions
	marks   map[string]*mark // by ID
	reading int
	lines   chan told // what readers read
	over    chan told // that they have ended
	msgs    <-chan events.Message
	errs    <-chan error
	waits   waiting
	lulls   int  // in which somebody was waited for
	away    bool // the engine has been, and nothing was read since

	past     []Line           // gathered so far
	gathered <-chan time.Time // until then; nil: lines are told as they come
}

// told is what a reader tells.
type told struct {
	id   string
	line Line
	err  error
}

// mark is how far a container has been read.
type mark struct {
	point
	object  Object
	reading bool
	again   bool // it was started since the reader began
}

// point is how far something that the engine tells with its times has come.
type point struct {
	at   time.Time // of the last that was told; zero before the first
	same int       // how much had that time
}

// note moves on to what was told of this time.
func (p *point) note(at time.Time) {
	if !at.Equal(p.at) {
		p.at, p.same = at, 0
	}
	p.same++
}

// since is the time as engines take it.
func (p point) since() string { return fmt.Sprintf("%d.%09d", p.at.Unix(), p.at.Nanosecond()) }

// told returns whether what comes in the order of its times, from since on, was
// told before. What has no time was not.
func (p point) told() func(time.Time) bool {
	return func(at time.Time) bool {
		if at.Equal(p.at) {
			p.same--
			return p.same >= 0
		}
		return !at.IsZero() && at.Before(p.at)
	}
}

// waiting is how an engine that does not answer is waited for.
type waiting struct {
	engine *engine.Engine
	lost   func(error) // told once that it is
	tries  int
}

// wait returns when the engine can be asked again, or the error of what was being
// done where one has not answered for long. The first answer sets tries to 0.
func (w *waiting) wait(ctx context.Context, err error, what string) error {
	if w.tries++; w.tries > patience {
		return fmt.Errorf("%s: %w", what, err)
	}
	if w.tries == 1 {
		w.lost(err)
	}
	return w.engine.Sleep(ctx, again)
}

// How long the past is gathered so that lines of several containers come in
// their order; how long nothing must come before that is the end; and how often
// and how long an engine is waited for.
const (
	gathering = 150 * time.Millisecond
	lull      = 2 * time.Second
	lulls     = 30 // for a replacement that is under way, or an engine that has just come
	again     = time.Second
	patience  = 120
)

func (w *follower) run(ctx context.Context) error {
	w.gathered = time.After(gathering)
	var idle <-chan time.Time
	for {
		switch {
		case w.reading > 0:
			idle = nil
		case idle == nil:
			idle = time.After(lull)
		}
		select {
		case t := <-w.lines:
			if err := w.take(t); err != nil {
				return err
			}
		case t := <-w.over:
			if err := w.ended(ctx, t); err != nil {
				return errors.Join(w.flush(), err)
			}
		case <-w.gathered:
			if err := w.flush(); err != nil {
				return err
			}
		case m := <-w.msgs:
			w.waits.tries = 0
			w.started(ctx, m)
		case err := <-w.errs:
			if err := w.lost(ctx, err); err != nil {
				return err
			}
		case <-idle:
			idle = nil
			if done, err := w.done(ctx); done || err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// take has a line told, or gathered with others of the past.
func (w *follower) take(t told) error {
	w.marks[t.id].note(t.line.At)
	if w.gathered != nil {
		w.past = append(w.past, t.line)
		return nil
	}
	return w.Emit(t.line)
}

// flush tells what was gathered, in its order.
func (w *follower) flush() error {
	slices.SortStableFunc(w.past, func(a, b Line) int { return a.At.Compare(b.At) })
	for _, l := range w.past {
		if err := w.Emit(l); err != nil {
			return err
		}
	}
	w.past, w.gathered = nil, nil
	return nil
}

// begin reads a container from where it was left.
func (w *follower) begin(ctx context.Context, c Object) {
	m := w.marks[c.ID]
	o := w.o
	switch {
	case m == nil:
		m = &mark{object: c}
		w.marks[c.ID] = m
		if !slices.ContainsFunc(w.Chosen, func(x Object) bool { return x.ID == c.ID }) {
			o.Tail, o.Since = "", "" // it is new, and all of it is
		}
	case m.reading:
		m.again = true
		return
	case !m.at.IsZero():
		o.Tail, o.Since = "", m.since()
	}
	m.reading, m.again = true, false
	w.away = false
	w.reading++
	before, lines, over := m.told(), w.lines, w.over
	go func() {
		err := readLogs(ctx, w.Engine.Reader(), c, o, func(l Line) error {
			if before(l.At) {
				return nil
			}
			return tell(ctx, lines, told{id: c.ID, line: l})
		})
		_ = tell(ctx, over, told{id: c.ID, err: err}) // else nobody listens any more
	}()
}

func tell(ctx context.Context, to chan<- told, t told) error {
	select {
	case to <- t:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ended goes on with a container that was started again meanwhile. What it
// printed last has been told before.
func (w *follower) ended(ctx context.Context, t told) error {
	for len(w.lines) > 0 {
		if err := w.take(<-w.lines); err != nil {
			return err
		}
	}
	m := w.marks[t.id]
	m.reading = false
	w.reading--
	switch {
	case m.again:
		w.begin(ctx, m.object)
	case t.err != nil && ctx.Err() == nil && !engine.Gone(t.err) && !engine.Lost(t.err):
		return fmt.Errorf("reading the logs of %s: %w", m.object, t.err)
	}
	return nil
}

// subscribe asks for the starts of the stack's containers.
func (w *follower) subscribe(ctx context.Context) (<-chan events.Message, <-chan error) {
	return w.Engine.Reader().Events(ctx, events.ListOptions{Filters: filters.NewArgs(
		filters.Arg("type", string(events.ContainerEventType)), filters.Arg("event", string(events.ActionStart)),
		filters.Arg("label", engine.LabelStack+"="+w.Stack))})
}

// started reads what has just been started, if it is meant.
func (w *follower) started(ctx context.Context, m events.Message) {
	if mark := w.marks[m.Actor.ID]; mark != nil {
		w.begin(ctx, mark.object)
		return
	}
	w.resume(ctx)
}

// resume reads what runs and is meant.
func (w *follower) resume(ctx context.Context) {
	all, err := w.Look(ctx)
	if err != nil {
		return // the next event, or the lack of one, tells
	}
	for _, o := range all {
		if o.Stack == w.Stack && o.Runs && w.Means(o) && (o.Status == running || w.marks[o.ID] == nil && o.Status != "created") {
			w.begin(ctx, o)
		}
	}
}

// lost waits for an engine that has let go, and goes on.
func (w *follower) lost(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := w.waits.wait(ctx, err, "following the logs of stack "+w.Stack); err != nil {
		return err
	}
	w.away = true
	w.msgs, w.errs = w.subscribe(ctx)
	w.resume(ctx)
	return nil
}

// done reports whether nothing that is meant runs, or is about to.
func (w *follower) done(ctx context.Context) (bool, error) {
	all, err := w.Look(ctx)
	if err != nil {
		return false, nil // the events tell that the engine is lost
	}
	for _, o := range all {
		if o.Stack != w.Stack || !o.Runs || !w.Means(o) {
			continue
		}
		switch {
		case o.Status == running:
			w.begin(ctx, o)
			return false, nil
		case o.Status == "restarting", w.lulls < lulls && (o.Status == "created" && o.Identity.Replaces != "" || w.comesBack(ctx, o)):
			w.lulls++
			return false, nil
		}
	}
	return true, nil
}

// comesBack reports whether an engine that has been away starts what was read
// before: it answers a while before it does.
func (w *follower) comesBack(ctx context.Context, o Object) bool {
	if !w.away || w.marks[o.ID] == nil {
		return false
	}
	got, err := w.Engine.Reader().ContainerInspect(ctx, o.ID)
	return err == nil && got.HostConfig != nil && !got.HostConfig.RestartPolicy.IsNone()
}

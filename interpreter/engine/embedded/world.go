// Package embedded is a small Docker Engine in memory. It answers Docker's own
// client as a real engine does, from API 1.41 to 1.51, but runs nothing: a
// container runs until it is told otherwise, or does what golden/probe would
// do with its arguments. Its clock follows the wall clock and jumps ahead to
// the next thing that happens whenever somebody waits, so that waits cost no
// time.
//
// State is the engine itself, without I/O or clock. World keeps one in a file
// and serves it over HTTP, without a socket. Nothing here is shared with the
// rest of the project: what the engine makes of a request is written down a
// second time, as the check on what we expect of it.
package embedded

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// World is an engine whose state lies in a file, for one command at a time, or
// in memory.
type World struct {
	file   *file // nil: it lives in memory alone
	server *http.Server
	listen *listener

	mu       sync.Mutex
	turned   *sync.Cond // something happened; see mu
	state    *State
	ahead    time.Duration // of the wall clock
	saved    uint64        // events that are in the file
	watching int           // open streams of events and calls that wait for one
	sleepers map[*sleeper]bool
	busy     time.Time // when a call last ran
	calm     time.Duration
	jumps    int // since a call last ran
	closed   bool
	still    bool // see Still
}

// sleeper is a wait for a time of the world's clock.
type sleeper struct {
	until time.Time
	woken bool
}

// Open opens the world NAME of a directory, making both if they are missing,
// as an engine of an API version; "" is the newest. Another command that has
// the world open is waited for, five seconds long.
func Open(dir, name, api string) (*World, error) { return OpenWithin(dir, name, api, Patience) }

// OpenWithin is Open for those who want to wait for another command longer, or
// not so long.
func OpenWithin(dir, name, api string, patience time.Duration) (*World, error) {
	v, err := ParseVersion(api)
	if err != nil {
		return nil, err
	}
	f, err := openFile(dir, name, patience)
	if err != nil {
		return nil, err
	}
	state, ahead, err := f.read(v, time.Now())
	if err != nil {
		return nil, errors.Join(err, f.close())
	}
	w := serve(state, false)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.file, w.ahead = f, ahead
	w.closeStdins() // those who held them are gone
	return w, nil
}

// InMemory returns a new world that lies in no file and goes with Close: for
// tests that make many.
func InMemory(seed, api string) (*World, error) {
	v, err := ParseVersion(api)
	if err != nil {
		return nil, err
	}
	return serve(New(v, seed, time.Now().UTC().Round(0)), false), nil
}

// InContainerd is InMemory with the images in containerd's store, which engines
// can have since Docker 24.0 and have by default since 29.0.
func InContainerd(seed, api string) (*World, error) {
	v, err := ParseVersion(api)
	if err != nil {
		return nil, err
	}
	s := New(v, seed, time.Now().UTC().Round(0))
	s.Containerd = true
	return serve(s, false), nil
}

// serve lets others reach an engine.
func serve(state *State, still bool) *World {
	state.PathExists = func(path string) bool {
		_, err := os.Stat(path)
		return !errors.Is(err, fs.ErrNotExist)
	}
	w := &World{state: state, saved: state.Emitted, sleepers: map[*sleeper]bool{}, listen: newListener(), still: still}
	w.turned = sync.NewCond(&w.mu)
	w.server = &http.Server{Handler: w.Handler(), ReadHeaderTimeout: time.Minute}
	go func() { _ = w.server.Serve(w.listen) }() // ends with Close
	if !still {
		go w.pump()
	}
	return w
}

// Dial connects to the engine; the network and the address do not matter.
func (w *World) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	return w.listen.dial(ctx)
}

// Close writes the world down and lets others have it.
func (w *World) Close() error {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return nil
	}
	w.closed = true
	w.closeStdins()
	err := w.save()
	w.turned.Broadcast()
	w.mu.Unlock()
	if w.file != nil {
		err = errors.Join(err, w.file.close())
	}
	return errors.Join(err, w.server.Close())
}

// closeStdins ends what only lives as long as somebody holds its input. A
// holder that was killed let go of it.
func (w *World) closeStdins() {
	for _, id := range sorted(w.state.Containers) {
		w.state.CloseStdin(w.now(), id)
	}
}

// now is the world's time. It never goes back, even if the wall clock does.
func (w *World) now() time.Time {
	now := time.Now().Add(w.ahead).UTC().Round(0)
	if w.still || now.Before(w.state.Now) {
		return w.state.Now
	}
	return now
}

// do lets f work on the state, and writes the world down if it changed it.
func (w *World) do(changes bool, f func(s *State, now time.Time) error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return fail(http.StatusServiceUnavailable, "the embedded engine is closed")
	}
	w.jumps = 0
	now := w.now()
	if w.still && changes {
		now = now.Add(callTime)
	}
	return w.turn(now, changes, f)
}

// turn is do for those who hold the lock.
func (w *World) turn(now time.Time, changes bool, f func(s *State, now time.Time) error) error {
	w.state.Advance(now)
	err := f(w.state, now)
	if jump := w.state.Now.Sub(now); jump > 0 {
		w.ahead += jump
	}
	w.busy, w.calm = time.Now(), breath
	if changes || w.state.Emitted != w.saved {
		if serr := w.save(); serr != nil && err == nil {
			err = serr
		}
	}
	w.turned.Broadcast()
	return err
}

func (w *World) save() error {
	w.saved = w.state.Emitted
	if w.file == nil {
		return nil
	}
	return w.file.write(w.state, w.ahead)
}

// How long nobody must have asked for anything before the clock jumps: the one
// who waits may be about to ask. After the clock itself has made something
// happen, longer, unless somebody asks: those who watch are to see it before a
// limit that they have set runs out.
const (
	breath = 3 * time.Millisecond
	pause  = 200 * time.Millisecond
)

// Patience is how long Open waits for another command.
const Patience = 5 * time.Second

// mostJumps is how often the clock jumps for open streams alone. Somebody who
// just looks on does not want to see years go by.
const mostJumps = 500

// Sleep waits until the world's clock has moved on by d, which takes next to no time.
func (w *World) Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	sl := &sleeper{until: w.now().Add(d)}
	w.sleepers[sl] = true
	defer delete(w.sleepers, sl)
	defer context.AfterFunc(ctx, w.wake)()
	w.busy, w.calm = time.Now(), max(w.calm, breath)
	w.turned.Broadcast()
	for !sl.woken && ctx.Err() == nil && !w.closed {
		w.turned.Wait()
	}
	switch {
	case sl.woken:
		return nil
	case w.closed:
		return net.ErrClosed
	}
	return ctx.Err()
}

func (w *World) wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.turned.Broadcast()
}

// await calls done each time that something may have happened, with the lock
// held, until it returns true or the context ends.
func (w *World) await(ctx context.Context, done func(*State) bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.watching++
	defer func() { w.watching-- }()
	return w.stay(ctx, done)
}

// hold is await for those who hold on to something and wait for nothing: the
// clock does not move on for them.
func (w *World) hold(ctx context.Context, done func(*State) bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stay(ctx, done)
}

// stay is await and hold for those who have the lock.
func (w *World) stay(ctx context.Context, done func(*State) bool) error {
	defer context.AfterFunc(ctx, w.wake)()
	w.turned.Broadcast()
	for !done(w.state) {
		switch {
		case w.closed:
			return net.ErrClosed
		case ctx.Err() != nil:
			return ctx.Err()
		}
		w.turned.Wait()
	}
	return nil
}

// pump moves the clock for those who wait, once nobody does anything else.
func (w *World) pump() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for !w.closed {
		to, ok := w.target()
		if !ok {
			w.turned.Wait()
			continue
		}
		if rest := w.rest(to); rest > 0 {
			w.mu.Unlock()
			time.Sleep(min(rest, breath))
			w.mu.Lock()
			continue
		}
		w.jump(to)
	}
}

// target is the time to which the clock moves next for those who wait.
func (w *World) target() (to time.Time, ok bool) {
	for sl := range w.sleepers {
		if !sl.woken && (!ok || sl.until.Before(to)) {
			to, ok = sl.until, true
		}
	}
	if w.watching == 0 {
		return to, ok
	}
	if next, some := w.state.Next(); some && (!ok || next.Before(to)) {
		return next, true
	}
	return to, ok
}

// rest is how long to wait, by the wall clock, before jumping to a time.
func (w *World) rest(to time.Time) time.Duration {
	rest := w.calm - time.Since(w.busy)
	if len(w.sleepers) == 0 && w.jumps >= mostJumps {
		rest = max(rest, to.Sub(w.now()))
	}
	return rest
}

func (w *World) jump(to time.Time) {
	w.jumps++
	if now := w.now(); to.After(now) {
		w.ahead += to.Sub(now)
	}
	before := w.state.Emitted
	// A world that cannot be written down says so at the next call.
	_ = w.turn(w.now(), false, func(*State, time.Time) error { return nil })
	if w.watching > 0 && w.state.Emitted != before {
		w.calm = pause
	}
	for sl := range w.sleepers {
		if !sl.until.After(w.state.Now) {
			sl.woken = true
		}
	}
	w.turned.Broadcast()
}

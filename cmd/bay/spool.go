package main

import (
	"cmp"
	"errors"
	"io"
	"slices"
	"sync"
	"time"
)

// spool writes what is said while something is being changed: who says it does
// not wait for who reads it, be that a terminal that was halted with Ctrl-S or
// a pipe that is full. What is said to several outputs comes in its order,
// unless one of them takes nothing.
type spool struct {
	mu    sync.Mutex
	moved sync.Cond // something was said or written, or takes too long now
	said  int       // pieces so far
	lanes []*lane
}

// lane is one output of a spool.
type lane struct {
	of      *spool
	to      io.Writer
	queue   []piece   // what is not written yet; the first may be being written
	waiting int       // bytes in queue
	began   time.Time // when the write that runs began; zero if none does
	err     error     // the first of writing
}

// piece is what is said at once.
type piece struct {
	number int
	text   []byte
}

const (
	// patience is how long an output may take nothing before others are written
	// to all the same, and before what is left at the end is given up.
	patience = 5 * time.Second
	// ample is how many bytes may wait before what can be done without is left out.
	ample = 64 << 10
	// bite is how many bytes are written at once: a reader that takes so many
	// does read.
	bite = 4 << 10
)

// errUnread is the error of an output that takes nothing.
var errUnread = errors.New("nobody reads them")

// lane begins to write to an output.
func (s *spool) lane(to io.Writer) *lane {
	l := &lane{of: s, to: to}
	s.mu.Lock()
	s.moved.L = &s.mu
	s.lanes = append(s.lanes, l)
	s.mu.Unlock()
	go l.run()
	return l
}

// Write takes p, and returns at once. It never fails: see failed.
func (l *lane) Write(p []byte) (int, error) {
	l.of.mu.Lock()
	defer l.of.mu.Unlock()
	l.of.said++
	l.queue = append(l.queue, piece{l.of.said, slices.Clone(p)})
	l.waiting += len(p)
	l.of.moved.Broadcast()
	return len(p), nil
}

// behind returns how many bytes wait to be written.
func (l *lane) behind() int {
	l.of.mu.Lock()
	defer l.of.mu.Unlock()
	return l.waiting
}

// failed returns the first error of writing, or that nobody has read all.
func (l *lane) failed() error {
	l.of.mu.Lock()
	defer l.of.mu.Unlock()
	if len(l.queue) > 0 {
		return cmp.Or(l.err, errUnread)
	}
	return l.err
}

// run writes the pieces one by one.
func (l *lane) run() {
	s := l.of
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		for len(l.queue) == 0 || s.before(l) {
			s.moved.Wait()
		}
		for rest := l.queue[0].text; len(rest) > 0; {
			n := min(bite, len(rest))
			l.bite(rest[:n])
			rest = rest[n:]
		}
		l.queue = l.queue[1:]
		s.moved.Broadcast()
	}
}

// bite writes a part of a piece, with the spool free meanwhile.
func (l *lane) bite(part []byte) {
	l.began = time.Now()
	late := time.AfterFunc(patience, l.of.wake)
	l.of.mu.Unlock()
	_, err := l.to.Write(part)
	l.of.mu.Lock()
	late.Stop()
	l.began = time.Time{}
	l.waiting -= len(part)
	l.err = cmp.Or(l.err, err)
}

// before reports whether something was said before what l has to write, to an
// output that still takes it.
func (s *spool) before(l *lane) bool {
	return slices.ContainsFunc(s.lanes, func(o *lane) bool {
		return o != l && len(o.queue) > 0 && o.queue[0].number < l.queue[0].number && !o.stuck()
	})
}

// stuck reports whether an output has taken nothing for as long as patience lasts.
func (l *lane) stuck() bool { return !l.began.IsZero() && time.Since(l.began) >= patience }

// wake has who waits look again.
func (s *spool) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moved.Broadcast()
}

// flush returns when all is written, but for outputs that take nothing.
func (s *spool) flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for slices.ContainsFunc(s.lanes, func(l *lane) bool { return len(l.queue) > 0 && !l.stuck() }) {
		s.moved.Wait()
	}
}

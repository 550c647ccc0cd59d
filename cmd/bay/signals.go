package main

import (
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// signals ends the command when somebody asks for it. A command that only
// reads leaves at once. While something is being changed, the first signal
// calls off what has not begun, and the second leaves at once, unless it is
// that of a terminal which is gone.
type signals struct {
	mu   sync.Mutex
	soft func() // nil: leave at once
	busy bool   // something is being changed
	last func() // called before leaving at once; nil: nothing
}

// watch begins to listen. exit is os.Exit.
func watch(to screen, exit func(int)) *signals {
	s := new(signals)
	c := make(chan os.Signal, 2)
	signal.Notify(c, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		for sig := range c {
			if s.softly() || sig == syscall.SIGHUP && s.changing() { // a terminal that closes may say so twice
				continue
			}
			s.leave()
			if s.changing() {
				fmt.Fprintln(to, "\nleft at once; the next `bay apply` goes on from where this one is")
			} else {
				fmt.Fprintln(to, "\ninterrupted, nothing was changed")
			}
			exit(exitInterrupted)
		}
	}()
	return s
}

// softly calls off what has not begun; false if there is nothing such.
func (s *signals) softly() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.soft == nil {
		return false
	}
	s.soft()
	s.soft = nil
	return true
}

// leaving sets what is done before leaving at once. It must not take long.
func (s *signals) leaving(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = f
}

func (s *signals) leave() {
	s.mu.Lock()
	f := s.last
	s.mu.Unlock()
	if f != nil {
		f()
	}
}

func (s *signals) changing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.busy
}

// during runs f, which changes something: the first signal calls off, and
// nobody reading the output any more is no reason to stop half-way.
func (s *signals) during(off func(), f func()) {
	s.mu.Lock()
	s.soft, s.busy = off, true
	s.mu.Unlock()
	signal.Ignore(syscall.SIGPIPE)
	f()
	s.mu.Lock()
	s.soft, s.busy = nil, false
	s.mu.Unlock()
	signal.Reset(syscall.SIGPIPE)
}

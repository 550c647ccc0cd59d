package main

import (
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// signals ends the command when somebody asks for it. A command that only
// reads leaves at once. While something is being changed, the first signal
// calls off what has not begun, and the second leaves at once, unless it is
// that of a terminal which is gone.
type signals struct {
	mu   sync.Mutex
	soft func()               // nil: leave at once
	busy bool                 // something is being changed
	over bool                 // something was
	look bool                 // nothing will be: leaving needs no words
	last func()               // called before leaving at once; nil: nothing
	pass func(os.Signal) bool // who else may take a signal, before all of this; nil: nobody
}

// watch begins to listen. exit is os.Exit.
func watch(to screen, exit func(int)) *signals {
	s := new(signals)
	c := make(chan os.Signal, 2)
	signal.Notify(c, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		for sig := range c {
			if s.passed(sig) || s.softly() || sig == syscall.SIGHUP && s.changing() { // a terminal that closes may say so twice
				continue
			}
			s.leave()
			s.part(to)
			exit(exitInterrupted)
		}
	}()
	return s
}

// part says how things stand when bay leaves, if there is somebody who hears it.
func (s *signals) part(to screen) {
	said := make(chan struct{})
	go func() {
		defer close(said)
		fmt.Fprint(to, s.parting(to.terminal))
	}()
	select {
	case <-said:
	case <-time.After(patience):
	}
}

func (s *signals) parting(terminal bool) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.busy:
		return "\nleft at once; the next `bay apply` goes on from where this one is\n"
	case s.look && terminal:
		return "\n" // behind the ^C that it shows
	case s.over, s.look:
		return "" // how it ended has been said, to who reads it
	}
	return "\ninterrupted, nothing was changed\n"
}

// passing has a signal taken by pass, which reports whether it did; nil ends that.
func (s *signals) passing(pass func(os.Signal) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pass = pass
}

func (s *signals) passed(sig os.Signal) bool {
	s.mu.Lock()
	pass := s.pass
	s.mu.Unlock()
	return pass != nil && pass(sig)
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

// looking says that nothing will be changed, so that leaving needs no words.
func (s *signals) looking() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.look = true
}

// during runs f, which changes something: the first signal calls off.
func (s *signals) during(off func(), f func()) {
	s.mu.Lock()
	s.soft, s.busy = off, true
	s.mu.Unlock()
	f()
	s.mu.Lock()
	s.soft, s.busy, s.over = nil, false, true
	s.mu.Unlock()
}

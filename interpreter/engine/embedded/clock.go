package embedded

import "time"

// Advance lets everything happen that falls due until now, in order, and moves
// the clock there. A time before the clock's changes nothing.
func (s *State) Advance(now time.Time) {
	for {
		s.skipChecks(now)
		c, due, ok := s.next(false)
		if !ok || due.After(now) {
			break
		}
		s.tick(due)
		s.fire(c)
	}
	s.tick(now)
}

func (s *State) tick(now time.Time) {
	if now.After(s.Now) {
		s.Now = now
	}
}

// Next returns when something happens next that can be seen from outside: a
// process ends or is restarted, or its health changes. It returns false if
// nothing will ever happen by itself.
func (s *State) Next() (time.Time, bool) {
	_, due, ok := s.next(true)
	return due, ok
}

// next returns the container whose timer comes first, of several at once the
// first by ID. Where only what is visible counts, a health check that changes
// nothing does not.
func (s *State) next(visible bool) (first *Container, due time.Time, ok bool) {
	for id, c := range s.Containers {
		t, has := s.dueOf(c, visible)
		if has && (!ok || t.Before(due) || t.Equal(due) && id < first.ID) {
			first, due, ok = c, t, true
		}
	}
	return first, due, ok
}

func (s *State) dueOf(c *Container, visible bool) (due time.Time, ok bool) {
	if c.Run.Restarting {
		return c.Run.RestartAt, true
	}
	if !c.Run.Running || c.Run.Paused {
		return time.Time{}, false
	}
	p := s.programOf(c)
	if p.ends >= 0 {
		due, ok = c.Run.Started.Add(p.ends+c.Run.Lag), true
	}
	check, has := s.checkDue(c, visible)
	if has && (!ok || check.Before(due)) {
		return check, true
	}
	return due, ok
}

// fire does what is due for a container at the clock's time.
func (s *State) fire(c *Container) {
	if c.Run.Restarting {
		s.restartByPolicy(c)
		return
	}
	p := s.programOf(c)
	if p.ends >= 0 && !c.Run.Started.Add(p.ends+c.Run.Lag).After(s.Now) {
		s.exited(c, p.code)
		return
	}
	s.check(c)
}

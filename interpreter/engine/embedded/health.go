package embedded

import (
	"path"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
)

// What the engine assumes where a healthcheck does not say.
const (
	checkEvery   = 30 * time.Second
	checkTries   = 3
	checkResults = 5               // results that are remembered
	startEvery   = 5 * time.Second // during the start period, from API 1.44
)

// age is how long a container's process has been running, without pauses.
func (c *Container) age(now time.Time) time.Duration { return now.Sub(c.Run.Started) - c.Run.Lag }

// checked returns the healthcheck that runs for a container, nil if none does.
func (c *Container) checked() *container.HealthConfig {
	h := c.Config.Healthcheck
	if h == nil || len(h.Test) < 2 || (h.Test[0] != "CMD" && h.Test[0] != "CMD-SHELL") {
		return nil
	}
	return h
}

// startHealth begins to watch a container that has just been started.
func (s *State) startHealth(c *Container) {
	if c.checked() == nil {
		return
	}
	if c.Health == nil {
		c.Health = &container.Health{Log: []*container.HealthcheckResult{}}
	}
	c.Health.Status, c.Health.FailingStreak = container.Starting, 0
	c.Run.NextCheck = s.Now.Add(s.interval(c, s.Now))
}

func (c *Container) stopHealth() {
	c.Run.NextCheck = time.Time{}
	if c.Health != nil {
		c.Health.Status = container.Unhealthy
	}
}

// interval is the time to the check after one at t.
func (s *State) interval(c *Container, t time.Time) time.Duration {
	h := c.checked()
	if s.Version >= 44 && c.Health.Status == container.Starting && c.age(t) < h.StartPeriod {
		return orElse(h.StartInterval, startEvery)
	}
	return orElse(h.Interval, checkEvery)
}

func orElse(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}

// checkResult returns what a container's healthcheck says at an age of it. A
// program that we do not know is healthy.
func (s *State) checkResult(c *Container, age time.Duration) (code int, output string) {
	words := checkWords(c.checked())
	if len(words) == 0 || path.Base(words[0]) != "probe" {
		return 0, ""
	}
	p := s.act(words, c)
	if len(words) > 1 && words[1] == "health" {
		p = s.programOf(c).health(age)
	}
	return p.code, p.out + p.errs
}

func checkWords(h *container.HealthConfig) []string {
	if h.Test[0] == "CMD-SHELL" {
		return strings.Fields(h.Test[1])
	}
	return h.Test[1:]
}

// checkDue returns when the next health check runs, or the next one that
// changes the container's health.
func (s *State) checkDue(c *Container, visible bool) (time.Time, bool) {
	t := c.Run.NextCheck
	if t.IsZero() || c.checked() == nil {
		return time.Time{}, false
	}
	if !visible {
		return t, true
	}
	status, streak := c.Health.Status, c.Health.FailingStreak
	for range 10_000 { // more tries than anybody waits for
		if until, calm := s.calm(c, status, t); calm {
			if until.IsZero() {
				return time.Time{}, false
			}
			t = s.aligned(c, t, until)
		}
		code, _ := s.checkResult(c, c.age(t))
		now, n := s.judged(c, status, streak, code, t)
		if now != status {
			return t, true
		}
		streak = n
		t = t.Add(s.interval(c, t))
	}
	return time.Time{}, false
}

// judged returns the health after one more result.
func (s *State) judged(c *Container, status string, streak, code int, t time.Time) (string, int) {
	h := c.checked()
	if code == 0 {
		return container.Healthy, 0
	}
	if status == container.Starting && c.age(t) < h.StartPeriod {
		return status, streak
	}
	streak++
	tries := h.Retries
	if tries <= 0 {
		tries = checkTries
	}
	if streak >= tries {
		return container.Unhealthy, streak
	}
	return status, streak
}

// calm reports whether checks from t on change nothing, and until when; zero
// is for ever.
func (s *State) calm(c *Container, status string, t time.Time) (until time.Time, calm bool) {
	code, _ := s.checkResult(c, c.age(t))
	healthy := code == 0 && status == container.Healthy
	if !healthy && (code == 0 || status != container.Unhealthy) {
		return time.Time{}, false
	}
	p := s.programOf(c)
	for _, after := range []time.Duration{p.healthyAfter, p.sickAfter} {
		turn := c.Run.Started.Add(after + c.Run.Lag)
		if after > 0 && turn.After(t) && (until.IsZero() || turn.Before(until)) {
			until = turn
		}
	}
	return until, true
}

// aligned returns the first check at or after a time, counted on from t.
func (s *State) aligned(c *Container, t, from time.Time) time.Time {
	every := s.interval(c, t)
	if n := (from.Sub(t) + every - 1) / every; n > 0 {
		return t.Add(n * every)
	}
	return t
}

// skipChecks leaves out checks until now that change nothing, but for the last
// ones, which can be seen in inspect. A world may have slept for months.
func (s *State) skipChecks(now time.Time) {
	for _, c := range s.Containers {
		if c.Run.NextCheck.IsZero() || !c.Run.Running || c.Run.Paused {
			continue
		}
		until, calm := s.calm(c, c.Health.Status, c.Run.NextCheck)
		if !calm {
			continue
		}
		if until.IsZero() || until.After(now) {
			until = now
		}
		every := s.interval(c, c.Run.NextCheck)
		next := s.aligned(c, c.Run.NextCheck, until.Add(-checkResults*every))
		if c.Health.Status == container.Unhealthy {
			c.Health.FailingStreak += int(next.Sub(c.Run.NextCheck) / every)
		}
		c.Run.NextCheck = next
	}
}

// check runs a container's health check at the clock's time.
func (s *State) check(c *Container) {
	code, output := s.checkResult(c, c.age(s.Now))
	command := strings.Join(checkWords(c.checked()), " ")
	if c.checked().Test[0] == "CMD-SHELL" {
		command = "/bin/sh -c " + c.checked().Test[1]
	}
	s.execEvents(c, s.newID("exec"), command, code)
	h := c.Health
	h.Log = append(h.Log, &container.HealthcheckResult{Start: s.Now, End: s.Now, ExitCode: code, Output: output})
	h.Log = h.Log[max(0, len(h.Log)-checkResults):]
	before := h.Status
	h.Status, h.FailingStreak = s.judged(c, h.Status, h.FailingStreak, code, s.Now)
	if h.Status != before {
		s.containerEvent(c, "health_status: "+h.Status)
	}
	c.Run.NextCheck = s.Now.Add(s.interval(c, s.Now))
}

package sim

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"bayplan/golden/slice"
	"bayplan/interpreter/engine"
	"bayplan/interpreter/engine/embedded"
	"bayplan/lang/diag"
)

// late is a call that was sent and reaches the engine when its sender is no
// more.
type late struct {
	call engine.Call
	do   func(context.Context) error
}

// lateOf returns what can come later of a call: not one that carries or answers
// a stream, which ends with its sender, and none of a read.
func lateOf(c engine.Call, do func(context.Context) error) *late {
	switch c.(type) {
	case nil, *engine.CopyToContainer, *engine.ImageBuild, *engine.ImagePull:
		return nil
	}
	return &late{c, do}
}

// runs returns the container that a call may bring to run, at once or when the
// engine restarts; "" if none.
func (l *late) runs() string {
	switch c := l.call.(type) {
	case *engine.ContainerStart:
		return c.Container
	case *engine.ContainerRestart:
		return c.Container
	case *engine.ContainerUpdate:
		return c.Container
	}
	return ""
}

// lock is the stack's lock as its room promises it: it has one holder, who
// hears that it is lost, and it goes with its holder's connection.
type lock struct{ held bool }

func (l *lock) take() error {
	if l.held {
		return &engine.Locked{Holder: engine.Holder{Stack: stackName}}
	}
	l.held = true
	return nil
}

// check is what a holder asks before each call.
func (l *lock) check(context.Context) error {
	if !l.held {
		return &engine.LockLost{Stack: stackName}
	}
	return nil
}

// meets lets an apply begin that comes upon what an earlier one has sent: after
// some of its calls.
func (s *story) meets() {
	s.coming, s.wire.late = s.wire.late, nil
	if s.coming != nil {
		s.comesAt = s.wire.n + s.IntN(24)
	}
}

// lands lets what an earlier apply had sent reach the engine, if it is time.
func (s *story) lands(last bool) {
	l := s.coming
	if l == nil || !last && s.wire.n < s.comesAt {
		return
	}
	s.coming = nil
	if id := l.runs(); id != "" {
		s.watch.mayRun(id)
	}
	err := l.do(context.Background())
	s.say("      late: %s %v", shown(l.call, ""), err)
	s.harmed++
	s.soft, s.lost, s.meddled = false, false, true
	s.with(func(e *embedded.State) { s.breaks(s.watch.check(e)) })
}

// forgets lets what is on its way be lost: the engine has restarted, and its
// connections are no more.
func (s *story) forgets() { s.coming, s.wire.late = nil, nil }

// comesSecond is another bay, from another checkout, while the first is at work:
// it plans what it would do, asks for the lock, and goes.
func (s *story) comesSecond() {
	if !s.lock.held {
		return // the first has lost it: then the next apply is a second one's
	}
	s.wire.on, s.wire.reading = false, true
	defer func() { s.wire.on, s.wire.reading = true, false }()
	_, err := s.planOf(s.changed(s.now))
	var said diag.List
	if err != nil && !errors.As(err, &said) {
		s.breaks(fmt.Errorf("I12: planning while another one applies: %w", err))
	}
	var locked *engine.Locked
	if err := s.lock.take(); !errors.As(err, &locked) {
		s.breaks(fmt.Errorf("I8: two hold the lock: %v", err))
	}
}

// TestSecond tries one fault of each kind in which a second bay has a part, on
// every call that changes something, of every shape's change: SINGLES of them,
// or all. The second one applies the same program, or the one before.
func TestSecond(t *testing.T) {
	var trials []func(*story) error
	var names []string
	for _, x := range shapes() {
		for at := range x.calls(t, true) {
			for f := killLate; f < allFaults; f++ {
				for i, then := range []stack{x.to, x.from} {
					for turn := range 4 {
						names = append(names, fmt.Sprintf("%s %d %s, then %d, %d", x.name, at, f, i, turn))
						trials = append(trials, func(s *story) error { return x.second(s, map[int]fault{at: f}, then) })
					}
				}
			}
		}
	}
	draw := slice.Of(t, "SINGLES", 100).Draw("second", len(trials))
	t.Logf("%d of %d trials", len(draw), len(trials))
	for _, i := range draw {
		tell := func(trace func(string, ...any)) error {
			s := direct(uint64(i), versions[i%len(versions)], trace)
			s.only = true
			return trials[i](s)
		}
		if err := tell(nil); err != nil {
			t.Errorf("%s on API %s: %v", names[i], versions[i%len(versions)], err)
			_ = tell(t.Logf)
		}
	}
}

// second applies the change with faults, and then, as another one, a program
// without any.
func (x shape) second(s *story, script map[int]fault, then stack) error {
	return caught(func() error {
		x.begin(s)
		for _, now := range []stack{x.to, then} {
			s.script = script
			if _, err := s.apply(now); err != nil {
				s.breaks(fmt.Errorf("I1: the plan is impossible: %w", err))
			}
			script = map[int]fault{}
		}
		s.with(s.tidy)
		s.comes(then.good(), 2)
		return s.broken
	})
}

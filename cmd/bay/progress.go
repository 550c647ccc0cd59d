package main

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"bayplan/interpreter/apply"
	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/interpreter/plan"
	"bayplan/interpreter/show"
	"bayplan/lang/diag"
)

// progress shows an apply as it goes. What is said for good is a line each. On
// a terminal the steps that run stand below these, and are painted over; where
// there is none, what a step does is a line too, if it takes a while.
type progress struct {
	app     *app
	verbose bool
	live    bool
	while   time.Duration
	width   int                        // of the addresses
	clock   func() time.Time           // time.Now
	size    func() (width, height int) // of the terminal; 0 if that is not known

	mu      sync.Mutex
	running []*task // in order of their beginning
	drawn   []int   // columns of the lines that will be painted over
	ended   []took
	stop    chan struct{}
	stopped sync.WaitGroup
}

// task is a step that runs.
type task struct {
	step   *plan.Step
	since  time.Time
	doing  string        // what it does now
	change time.Time     // when it began to do that
	limit  time.Duration // how long that may take; 0 if it does not wait
	call   string        // that it has sent last
	load   transfer      // of a pull, a push, or a build that pulls
	told   time.Time     // when a line said what it does; zero if none has
	said   string        // by the last such line
	moved  time.Time     // when the engine has last said something of load
	failed bool          // a line says why
}

// took is how long a step took.
type took struct {
	addr string
	time.Duration
}

// every is how often running steps are painted anew.
const every = 200 * time.Millisecond

// How often a line says how far a pull is, and that something is still waited
// for, without a terminal.
const (
	pullsSay = 5 * time.Second
	waitsSay = 30 * time.Second
)

// progress begins to show how a plan is carried out.
func (a *app) progress(p *plan.Plan, verbose bool) *progress {
	v := a.view(p, verbose)
	v.stopped.Add(1)
	go v.tick()
	return v
}

// view is a progress for which no time runs.
func (a *app) view(p *plan.Plan, verbose bool) *progress {
	v := &progress{app: a, verbose: verbose, live: a.out.terminal && a.getenv("TERM") != "dumb", while: time.Second, clock: time.Now, size: a.out.size, stop: make(chan struct{})}
	for _, s := range p.Steps {
		if n := len(s.Addr.String()); n <= 32 { // a longer one shifts its line
			v.width = max(v.width, n)
		}
	}
	return v
}

// tick shows that time runs.
func (v *progress) tick() {
	defer v.stopped.Done()
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			v.mu.Lock()
			v.refresh()
			v.mu.Unlock()
		case <-v.stop:
			return
		}
	}
}

// refresh paints running steps anew, or says what they have been doing for a
// while.
func (v *progress) refresh() {
	if v.live {
		v.repaint()
		return
	}
	now := v.clock()
	for _, t := range v.running {
		after, since := v.while, t.change
		if !t.told.IsZero() {
			since = t.told
			switch {
			case t.limit > 0:
				after = waitsSay
			case !t.load.runs():
				continue
			case t.doing == t.said: // nothing came
				after = waitsSay
			default:
				after = pullsSay
			}
		}
		if now.Sub(since) >= after {
			t.told, t.said = now, t.doing
			v.say(t, t.plain(now))
		}
	}
}

// plain says what a step does on a line of its own.
func (t *task) plain(now time.Time) string {
	switch waited := now.Sub(t.change); {
	case t.limit == 0:
		return t.doing + t.stalled(now)
	case waited < waitsSay:
		return t.doing + ", at most " + span(t.limit)
	default:
		return t.doing + ", " + span(waited) + " of " + span(t.limit)
	}
}

// stalled says for how long nothing has come of a pull or a push, if that is long.
func (t *task) stalled(now time.Time) string {
	if still := now.Sub(t.moved); t.load.runs() && still >= waitsSay {
		return ", nothing for " + span(still)
	}
	return ""
}

// close ends the view. What was painted for the moment is gone.
func (v *progress) close() {
	close(v.stop)
	v.stopped.Wait()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.running = nil
	v.paint("")
}

// event takes one event of an apply.
func (v *progress) event(ev apply.Event) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if ev.Kind == apply.Stopping {
		v.paint(v.app.paint(v.app.out, "33", "  stopping after what runs now; Ctrl-C again leaves at once") + "\n")
		return
	}
	t := v.task(ev.Step)
	switch ev.Kind {
	case apply.Begin:
		v.now(t, doing(ev.Step.Verb)+v.app.pick("…", "..."), 0)
	case apply.Doing:
		if t.limit > 0 { // it waits no more
			v.now(t, doing(ev.Step.Verb)+v.app.pick("…", "..."), 0)
		}
		t.call = diag.Escape(ev.Text)
		if v.verbose && v.app.out.behind() < ample {
			v.say(t, v.app.paint(v.app.out, "2", t.call))
		}
	case apply.Waiting:
		v.now(t, waits(ev.Step, ev.Wait), ev.Wait.Limit)
	case apply.Progress:
		v.progressed(t, ev.Progress)
	case apply.Undoing:
		v.say(t, v.app.paint(v.app.out, "31", "failed")+": "+firstLine(cause(ev.Err)))
		t.failed = true
		v.now(t, "is taken back"+v.app.pick("…", "..."), 0)
	case apply.Done:
		v.end(t, ev.Took)
		v.say(t, v.app.paint(v.app.out, "32", past(ev.Step.Verb))+" in "+duration(ev.Took))
	case apply.Failed:
		v.end(t, ev.Took)
		why := ": " + firstLine(cause(ev.Err))
		if t.failed {
			why = ""
		}
		v.say(t, v.app.paint(v.app.out, "31", "failed")+" after "+duration(ev.Took)+why)
	}
}

// task returns the task of a step, and begins it.
func (v *progress) task(s *plan.Step) *task {
	for _, t := range v.running {
		if t.step == s {
			return t
		}
	}
	t := &task{step: s, since: v.clock()}
	v.running = append(v.running, t)
	return t
}

func (v *progress) end(t *task, after time.Duration) {
	v.ended = append(v.ended, took{t.step.Addr.String(), after})
	v.running = slices.DeleteFunc(v.running, func(x *task) bool { return x == t })
}

// now says what a step does at the moment, and how long it may wait for that; 0
// if it does not wait.
func (v *progress) now(t *task, what string, limit time.Duration) {
	t.doing, t.change, t.limit, t.call, t.told = what, v.clock(), limit, "", time.Time{}
	if v.live {
		v.repaint()
	}
}

// say prints a line about a step for good.
func (v *progress) say(t *task, what string) { v.paint(v.line(t, what) + "\n") }

func (v *progress) line(t *task, what string) string {
	sign, color := show.Mark(t.step.Verb, v.app.ascii())
	addr := diag.Escape(t.step.Addr.String())
	return fmt.Sprintf("  %s %-*s  %s", v.app.paint(v.app.out, color, sign), v.width, addr, what)
}

// progressed takes what a pull or a build says: of a build its steps, of a
// pull how much has come.
func (v *progress) progressed(t *task, p engine.Progress) {
	shown := v.verbose && p.Line && !strings.Contains(p.Text, ourLabels) && v.app.out.behind() < ample
	if shown {
		v.say(t, v.app.paint(v.app.out, "2", diag.Escape(p.Text)))
	}
	switch {
	case p.Warning != "":
		v.say(t, v.app.paint(v.app.out, "33", "the engine warns: ")+firstLine(p.Warning))
	case p.Layer != "":
		t.load.note(p)
		t.doing, t.moved = t.load.String(), v.clock()
	case p.Step != "" && !strings.HasPrefix(p.Step, "[internal] load build definition") && !strings.HasPrefix(p.Step, "[internal] load .dockerignore"):
		t.load = transfer{}
		v.now(t, show.Fit(firstLine(p.Step), 72), 0)
	case strings.HasPrefix(p.Text, "Step ") && !strings.Contains(p.Text, ourLabels):
		t.load = transfer{}
		v.now(t, show.Fit(firstLine(p.Text), 72), 0)
	}
	if shown {
		t.told = v.clock()
	}
}

// ourLabels marks the steps of a build that bay adds.
const ourLabels = "LABEL bayplan."

// standing lists what an apply that somebody stopped has done, and what not.
func (a *app) standing(r *apply.Report) {
	if codeOf(r) != exitInterrupted {
		return
	}
	list := func(heading string, steps []*plan.Step) {
		var names []string
		for _, s := range steps {
			names = append(names, s.Addr.String())
		}
		if len(names) > 0 {
			a.detail(heading, strings.Join(names, ", "))
		}
	}
	list("done", r.Done)
	list("not begun", r.NotRun)
}

// waits says what a step waits for: its own object, or another's.
func waits(s *plan.Step, w engine.Wait) string {
	if w.Addr == s.Addr {
		return "waiting to be " + string(w.Until)
	}
	return "waiting for " + diag.Escape(w.Addr.String()) + " to be " + string(w.Until)
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return diag.Escape(line)
}

func doing(v kind.Verb) string {
	return map[kind.Verb]string{
		kind.Create: "creating", kind.Update: "changing", kind.Restart: "restarting", kind.Replace: "replacing",
		kind.Remove: "removing", kind.Finish: "finishing", kind.Restore: "putting back",
	}[v]
}

func past(v kind.Verb) string {
	return map[kind.Verb]string{
		kind.Create: "created", kind.Update: "changed", kind.Restart: "restarted", kind.Replace: "replaced",
		kind.Remove: "removed", kind.Finish: "finished", kind.Restore: "put back",
	}[v]
}

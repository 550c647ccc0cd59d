package main

import (
	"fmt"
	"io"
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
	width   int // of the addresses

	mu      sync.Mutex
	running []*task // in order of their beginning
	drawn   int     // lines that will be painted over
	stop    chan struct{}
	stopped sync.WaitGroup
}

// task is a step that runs.
type task struct {
	step   *plan.Step
	since  time.Time
	doing  string                     // what it does now
	call   string                     // that it has sent last
	layers map[string]engine.Progress // of a pull
	change time.Time                  // when it began to do that
	told   bool                       // a line says so
	failed bool                       // a line says why
}

// every is how often running steps are painted anew.
const every = 200 * time.Millisecond

// pullsSay is how often a pull says how far it is, without a terminal.
const pullsSay = 5 * time.Second

func (a *app) progress(p *plan.Plan, verbose bool) *progress {
	v := &progress{app: a, verbose: verbose, live: a.out.terminal && a.getenv("TERM") != "dumb", while: time.Second, stop: make(chan struct{})}
	for _, s := range p.Steps {
		if n := len(s.Addr.String()); n <= 32 { // a longer one shifts its line
			v.width = max(v.width, n)
		}
	}
	v.stopped.Add(1)
	go v.tick()
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
		v.paint("")
		return
	}
	for _, t := range v.running {
		if !t.told && time.Since(t.change) >= v.while {
			t.told = true
			v.say(t, t.doing)
		}
	}
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
		v.now(t, doing(ev.Step.Verb)+v.app.pick("…", "..."))
	case apply.Doing:
		t.call = diag.Escape(ev.Text)
		if v.verbose {
			v.say(t, v.app.paint(v.app.out, "2", t.call))
		}
	case apply.Waiting:
		v.now(t, waits(ev.Text))
	case apply.Progress:
		v.progressed(t, ev.Progress)
	case apply.Undoing:
		v.say(t, v.app.paint(v.app.out, "31", "failed")+": "+firstLine(cause(ev.Err)))
		t.failed = true
		v.now(t, "is taken back"+v.app.pick("…", "..."))
	case apply.Done:
		v.end(t)
		v.say(t, v.app.paint(v.app.out, "32", past(ev.Step.Verb))+" in "+duration(ev.Took))
	case apply.Failed:
		v.end(t)
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
	t := &task{step: s, since: time.Now(), layers: map[string]engine.Progress{}}
	v.running = append(v.running, t)
	return t
}

func (v *progress) end(t *task) {
	v.running = slices.DeleteFunc(v.running, func(x *task) bool { return x == t })
}

// now says what a step does at the moment.
func (v *progress) now(t *task, what string) {
	t.doing, t.change, t.told = what, time.Now(), false
	if v.live {
		v.paint("")
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
	switch {
	case p.Warning != "":
		v.say(t, v.app.paint(v.app.out, "33", "the engine warns: ")+firstLine(p.Warning))
	case p.Layer != "":
		t.layers[p.Layer] = p
		if t.doing = pulled(t.layers); t.told && time.Since(t.change) >= pullsSay {
			t.change, t.told = time.Now(), false
		}
	case strings.HasPrefix(p.Text, "Step ") && !strings.Contains(p.Text, ourLabels):
		v.now(t, show.Fit(firstLine(p.Text), 72))
	}
}

// ourLabels marks the steps of a build that bay adds.
const ourLabels = "LABEL bayplan."

// pulled sums up the layers of a pull.
func pulled(layers map[string]engine.Progress) string {
	var current, total int64
	for _, p := range layers {
		current += min(p.Current, max(p.Total, 0))
		total += p.Total
	}
	if total == 0 {
		return "pulling " + show.Plural(len(layers), "layer")
	}
	return fmt.Sprintf("pulling %.1f of %.1f MB, %s", float64(current)/1e6, float64(total)/1e6, show.Plural(len(layers), "layer"))
}

// paint takes the running steps off the screen, prints text for good, and puts
// the running steps below it.
func (v *progress) paint(text string) {
	var b strings.Builder
	if v.drawn > 0 {
		fmt.Fprintf(&b, "\r\x1b[%dA\x1b[J", v.drawn)
		v.drawn = 0
	}
	b.WriteString(text)
	if v.live {
		v.block(&b)
	}
	// An output that nobody reads any more is no reason to stop half-way.
	_, _ = io.WriteString(v.app.out, b.String())
}

// block writes a line for each running step that the screen has room for. No
// line may wrap, since it could not be painted over then.
func (v *progress) block(b *strings.Builder) {
	width, height := v.app.out.size()
	if width == 0 {
		width = 80
	}
	room := min(max(height-4, 1), 10)
	for i, t := range v.running {
		if i == room {
			fmt.Fprintf(b, "    and %d more running\n", len(v.running)-i)
			v.drawn++
			return
		}
		s := t.doing
		if secs := int(time.Since(t.since).Seconds()); secs > 0 {
			s += fmt.Sprintf(" %ds", secs)
			s += v.app.paint(v.app.out, "2", "  "+t.call)
		}
		b.WriteString(show.Fit(v.line(t, s), width-1) + "\n")
		v.drawn++
	}
}

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

// waits says what is waited for: "to be healthy" of the step's own object,
// "container.db to be healthy" of another.
func waits(text string) string {
	if strings.HasPrefix(text, "to ") {
		return "waits " + diag.Escape(text)
	}
	return "waits for " + diag.Escape(text)
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

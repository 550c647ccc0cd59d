package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"bayplan/interpreter/apply"
	"bayplan/interpreter/engine"
	"bayplan/interpreter/plan"
	"bayplan/interpreter/show"
	"bayplan/lang/diag"
	"bayplan/lang/ir"

	"github.com/spf13/cobra"
)

// feed is what happens, as lines of JSON for programs: instead of what people
// see, or beside it into a file. The zero value feeds nobody.
type feed struct {
	json bool       // in the place of what people see
	into string     // a file; "" for none
	mask *diag.Mask // what no line shows; nil for nothing

	mu      sync.Mutex
	began   time.Time
	out     []screen // nil until a plan is there
	file    *os.File // of into
	report  *apply.Report
	outputs map[string]ir.Value
	err     error // the first of writing
	ended   bool
}

func (f *feed) bind(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.json, "json", false, "what happens as a JSON object a line, format "+show.EventsFormat+"; needs --yes, since nobody is asked")
	cmd.Flags().StringVar(&f.into, "json-into", "", "the same into a `FILE`, beside what people see")
}

// quiet leaves standard output to the events, if they are asked for. Errors are
// for people all the same.
func (a *app) quiet() error {
	if !a.feed.json {
		return nil
	}
	nowhere, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	a.feed.out = append(a.feed.out, a.out)
	a.out = screen{file: nowhere}
	return nil
}

// announce shows a plan that is about to be carried out, to people and to
// programs. Where it is agreed to already, that nobody can read it stops nothing.
func (a *app) announce(e *engine.Engine, prog *program, p *plan.Plan, verbose, agreed bool) error {
	if err := a.feed.create(); err != nil {
		return err
	}
	if agreed {
		a.detach()
	}
	a.feed.open(e, p)
	if err := a.showPlan(e, prog, p, verbose); err != nil && !agreed {
		return err
	}
	return nil
}

// detach has what is done not wait any more for who reads what is said of it. That
// nobody reads at all is then no reason to stop half-way.
func (a *app) detach() {
	if a.out.lane != nil {
		return
	}
	signal.Ignore(syscall.SIGPIPE)
	a.out, a.err = a.out.on(&a.spool), a.err.on(&a.spool)
	a.feed.mu.Lock()
	defer a.feed.mu.Unlock()
	for i := range a.feed.out {
		a.feed.out[i] = a.feed.out[i].on(&a.spool)
	}
}

// create makes the file for events. One that cannot be written is an error
// while nothing has changed; from then on none is.
func (f *feed) create() error {
	if f.into == "" || f.file != nil {
		return nil
	}
	// It may hold what programs say, and it holds one run.
	file, err := os.OpenFile(f.into, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return &failure{err: fmt.Errorf("nothing was changed: opening the file for events: %w", err)}
	}
	f.file, f.out = file, append(f.out, screen{file: file, mask: f.mask})
	return nil
}

// open says what is about to be done.
func (f *feed) open(e *engine.Engine, p *plan.Plan) {
	if len(f.out) == 0 {
		return
	}
	f.began = time.Now()
	f.write(show.Event{
		Event: show.EventRun, Format: show.EventsFormat, Bay: built().Version, Command: command(p), Stack: p.Stack,
		Engine: &show.Engine{ID: e.Info.ID, API: e.Info.API, Version: e.Info.Version},
	})
	counts := show.CountsOf(p)
	planned := show.Event{Event: show.EventPlan, Counts: &counts}
	for _, s := range p.Steps {
		planned.Steps = append(planned.Steps, show.EventStep{Address: s.Addr.String(), Verb: s.Verb, Name: s.Name})
	}
	f.write(planned)
}

// write writes a line, if somebody reads. That it cannot be written stops
// nothing; it is said at the end. To who is far behind it is not told how far
// pulls and builds have come.
func (f *feed) write(ev show.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.began.IsZero() || f.ended {
		return
	}
	ev.At = seconds(time.Since(f.began))
	f.ended = ev.Event == show.EventEnd
	for _, w := range f.out {
		if ev.Event == show.EventProgress && ev.Warning == "" && w.behind() > ample {
			continue
		}
		if err := show.WriteEvent(w, ev); err != nil {
			f.err = cmp.Or(f.err, err)
		}
	}
}

func seconds(d time.Duration) float64 { return float64(d.Milliseconds()) / 1000 }

// locked writes who has the lock that is waited for.
func (f *feed) locked(held *engine.Locked, limit time.Duration) {
	h := held.Holder
	f.write(show.Event{
		Event:  show.EventLocked,
		Holder: &show.EventHolder{User: h.User, Host: h.Host, Process: h.PID, Command: h.Command, Bay: h.Version},
		Held:   seconds(held.Age), Limit: seconds(limit),
	})
}

// event writes what an apply tells.
func (f *feed) event(ev apply.Event) {
	line := show.Event{Event: show.EventKind(ev.Kind), Took: seconds(ev.Took)}
	if ev.Step != nil {
		line.Address, line.Verb = ev.Step.Addr.String(), ev.Step.Verb
	}
	switch ev.Kind {
	case apply.Doing:
		line.Call = ev.Text
	case apply.Waiting:
		line.On, line.Until, line.Limit = ev.Wait.Addr.String(), ev.Wait.Until, seconds(ev.Wait.Limit)
	case apply.Progress:
		p := ev.Progress
		line.Text, line.Layer, line.Current, line.Total, line.Warning = p.Text, p.Layer, p.Current, p.Total, p.Warning
	case apply.Undoing, apply.Failed:
		line.Error = ev.Err.Error()
	}
	f.write(line)
}

// end writes the last line: how it ended.
func (f *feed) end(code int, err error) {
	last := show.Event{Event: show.EventEnd, Exit: &code, Took: seconds(time.Since(f.began))}
	var said ended
	if err != nil && !errors.As(err, &said) {
		last.Error = err.Error()
	}
	if r := f.report; r != nil {
		for _, s := range r.Done {
			last.Done = append(last.Done, s.Addr.String())
		}
		for _, x := range r.Failed {
			last.Failed = append(last.Failed, x.Step.Addr.String())
			last.Error = cmp.Or(last.Error, x.Err.Error())
		}
		if r.Lost != nil {
			last.Error = cmp.Or(last.Error, r.Lost.Error())
		}
		for _, s := range r.NotRun {
			last.NotRun = append(last.NotRun, s.Addr.String())
		}
	}
	for name, v := range f.outputs {
		if last.Outputs == nil {
			last.Outputs = map[string]any{}
		}
		last.Outputs[name] = show.Plain(v)
	}
	f.write(last)
}

// close closes the file, and returns why not all could be written.
func (f *feed) close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	err := f.err
	for _, w := range f.out {
		err = cmp.Or(err, w.failed())
	}
	if f.file != nil {
		err = cmp.Or(err, f.file.Close())
		f.file = nil
	}
	return err
}

// left writes the last line of a run that is left at once, unless a reader who
// does not read is in the way.
func (f *feed) left() {
	if !f.mu.TryLock() {
		return
	}
	f.mu.Unlock()
	f.end(exitInterrupted, errors.New("left at once"))
}

// endFeed ends the events and all that is said, and says if not all events could
// be written. It returns the code, which does not change for that.
func (a *app) endFeed(code int, err error) int {
	a.feed.end(code, err)
	a.spool.flush()
	if err := a.feed.close(); err != nil {
		a.complain("not all events could be written: "+err.Error(), "")
		a.spool.flush()
	}
	return code
}

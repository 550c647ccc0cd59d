package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
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
	out     []io.Writer // nil until a plan is there
	file    *os.File    // of into
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
	if err := a.feed.open(e, p); err != nil {
		return err
	}
	if err := a.showPlan(e, prog, p, verbose); err != nil && !agreed {
		return err
	}
	return nil
}

// open says what is about to be done. A file that cannot be written is an
// error while nothing has changed; from then on none is.
func (f *feed) open(e *engine.Engine, p *plan.Plan) error {
	if f.into != "" && f.file == nil {
		// It may hold what programs say, and it holds one run.
		file, err := os.OpenFile(f.into, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		if err != nil {
			return &failure{err: fmt.Errorf("nothing was changed: opening the file for events: %w", err)}
		}
		f.file, f.out = file, append(f.out, screen{file: file, mask: f.mask})
	}
	if len(f.out) == 0 {
		return nil
	}
	f.began = time.Now()
	f.write(show.Event{
		Event: show.EventRun, Format: show.EventsFormat, Bay: built().Version, Command: command(p.Mode), Stack: p.Stack,
		Engine: &show.Engine{ID: e.Info.ID, API: e.Info.API, Version: e.Info.Version},
	})
	counts := show.CountsOf(p)
	planned := show.Event{Event: show.EventPlan, Counts: &counts}
	for _, s := range p.Steps {
		planned.Steps = append(planned.Steps, show.EventStep{Address: s.Addr.String(), Verb: s.Verb, Name: s.Name})
	}
	f.write(planned)
	return nil
}

// write writes a line, if somebody reads. That it cannot be written stops
// nothing; it is said at the end.
func (f *feed) write(ev show.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.began.IsZero() || f.ended {
		return
	}
	ev.At = seconds(time.Since(f.began))
	f.ended = ev.Event == show.EventEnd
	for _, w := range f.out {
		if err := show.WriteEvent(w, ev); err != nil {
			f.err = cmp.Or(f.err, err)
		}
	}
}

func seconds(d time.Duration) float64 { return float64(d.Milliseconds()) / 1000 }

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
	if f.file != nil {
		f.err = cmp.Or(f.err, f.file.Close())
		f.file = nil
	}
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

// endFeed ends the events, and says if not all of them could be written. It
// returns the code, which does not change for that.
func (a *app) endFeed(code int, err error) int {
	a.feed.end(code, err)
	if a.feed.err != nil {
		a.complain("not all events could be written: "+a.feed.err.Error(), "")
	}
	return code
}

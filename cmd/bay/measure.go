package main

import (
	"context"
	"fmt"
	"os"
	"runtime/pprof"
	"strconv"
	"sync"
	"time"

	"bayplan/interpreter/apply"
	"bayplan/interpreter/engine"
	"bayplan/interpreter/plan"
	"bayplan/interpreter/show"

	"github.com/spf13/cobra"
)

// measure writes down what a run takes its time for. The zero value writes
// nothing.
type measure struct {
	mu    sync.Mutex
	on    bool
	spans []show.Span
}

// childProfile is what the profile of the evaluating process is named after
// that of bay.
const childProfile = ".evaluate"

// measured lets a command write down what takes its time.
func (a *app) measured(cmd *cobra.Command) *cobra.Command {
	var profile, trace string
	f := cmd.Flags()
	f.StringVar(&profile, "profile", "", "write where processor time goes to `FILE`, and to FILE"+childProfile+" that of the process which evaluates; see go tool pprof")
	f.StringVar(&trace, "trace", "", "write what took how long, each step and engine call, to `FILE`, which opens in ui.perfetto.dev")
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		endProfile, err := a.profile(profile)
		if err != nil {
			return err
		}
		defer endProfile()
		ctx, endTrace, err := a.trace(cmd.Context(), trace)
		if err != nil {
			return err
		}
		defer endTrace()
		cmd.SetContext(ctx)
		return run(cmd, args)
	}
	return cmd
}

// profile begins a profile of this process and of the one that evaluates.
func (a *app) profile(file string) (end func(), err error) {
	if file == "" {
		return func() {}, nil
	}
	to, err := os.Create(file)
	if err != nil {
		return nil, fmt.Errorf("--profile: %w", err)
	}
	if err := pprof.StartCPUProfile(to); err != nil {
		return nil, fmt.Errorf("--profile: %w", err)
	}
	if a.bay.Apart != nil {
		once := new(sync.Once) // postconditions evaluate again
		a.bay.Apart.Profile = func(data []byte) {
			once.Do(func() { a.wrote("--profile", os.WriteFile(file+childProfile, data, 0o666)) })
		}
	}
	return func() {
		pprof.StopCPUProfile()
		a.wrote("--profile", to.Close())
	}, nil
}

// wrote complains of a measurement that could not be written: what the command
// did is done all the same.
func (a *app) wrote(flag string, err error) {
	if err != nil {
		a.complain(fmt.Sprintf("%s: %v", flag, err), "")
	}
}

// trace begins a trace. The context it returns tells of engine calls.
func (a *app) trace(ctx context.Context, file string) (traced context.Context, end func(), err error) {
	if file == "" {
		return ctx, func() {}, nil
	}
	to, err := os.Create(file)
	if err != nil {
		return nil, nil, fmt.Errorf("--trace: %w", err)
	}
	a.measure.on = true
	done := a.span("whole")
	return engine.Traced(ctx, a.sent), func() {
		done()
		a.wrote("--trace", a.writeTrace(to))
	}, nil
}

func (a *app) writeTrace(to *os.File) error {
	m := &a.measure
	m.mu.Lock()
	defer m.mu.Unlock()
	m.on = false // what is still heard comes too late
	for i, s := range m.spans {
		m.spans[i].Name = a.mask.Hide(s.Name)
	}
	if err := show.Trace(to, m.spans); err != nil {
		_ = to.Close() // the first error says more
		return err
	}
	return to.Close()
}

// add takes up a span.
func (m *measure) add(s show.Span) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.on {
		m.spans = append(m.spans, s)
	}
}

// span begins a part of bay's own work, until what it returns is called.
func (a *app) span(name string) (end func()) {
	began := time.Now()
	return func() { a.measure.add(show.Span{Group: "bay", Name: name, Began: began, Took: time.Since(began)}) }
}

// sent takes up an engine call.
func (a *app) sent(s engine.Sent) {
	args := map[string]string{"status": strconv.Itoa(s.Status)}
	if s.For != "" {
		args["step"] = s.For
	}
	if s.Err != nil {
		args["error"] = a.mask.Hide(s.Err.Error())
	}
	a.measure.add(show.Span{Group: "engine calls", Name: s.Method + " " + s.Path, Began: s.Began, Took: s.Took, Args: args})
}

// ran takes up the steps of an apply, with the critical path.
func (a *app) ran(p *plan.Plan, r *apply.Report) {
	critical := map[*plan.Step]bool{}
	for _, s := range apply.Critical(p, r.Ran) {
		critical[s.Step] = true
		a.measure.add(show.Span{Group: "critical path", Name: s.Step.Addr.String(), Began: s.Began, Took: s.Took, Critical: true})
	}
	for _, s := range r.Ran {
		args := map[string]string{"verb": string(s.Step.Verb)}
		if critical[s.Step] {
			args["critical path"] = "yes"
		}
		a.measure.add(show.Span{Group: "steps", Name: s.Step.Addr.String(), Began: s.Began, Took: s.Took, Critical: critical[s.Step], Args: args})
	}
}

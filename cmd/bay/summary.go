package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"bayplan/interpreter/apply"
	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/interpreter/plan"
	"bayplan/interpreter/show"
	"bayplan/lang/diag"
)

// summary says how an apply ended: what is done, and of what failed why, and
// what that means.
func (a *app) summary(p *plan.Plan, r *apply.Report) {
	for _, f := range r.Failed {
		a.failed(f)
	}
	a.lost(r)
	word, color, then := "", "1;31", fmt.Sprintf("The next `bay %s` goes on from here.", command(p))
	switch codeOf(r) {
	case exitDone:
		fmt.Fprintf(a.out, "\n%s in %s.\n", a.paint(a.out, "1;32", done(r.Done)), duration(r.Took))
		return
	case exitInterrupted:
		word, color = "Interrupted", "1;33"
	case exitRolledBack:
		word, then = "Rolled back", "What was there before is there again."
	case exitError:
		word, then = "Failed", "Nothing was changed."
	case exitStale:
		word, then = "Failed", "Nothing was changed; plan again."
	default:
		word = "Not all is done"
	}
	fmt.Fprintf(a.err, "\n%s after %s: %s. %s\n", a.paint(a.err, color, word), duration(r.Took), stands(p, r), then)
}

// slow reports whether it is worth a word what took the time.
func slow(steps int, all time.Duration) bool { return steps >= fewSteps && all >= 2*time.Second }

const fewSteps = 3

// slowest says which steps took longest, where there are several and somebody
// had to wait.
func (a *app) slowest(steps []took, all time.Duration) {
	if !slow(len(steps), all) {
		return
	}
	slices.SortStableFunc(steps, func(x, y took) int {
		return cmp.Or(cmp.Compare(y.Duration, x.Duration), cmp.Compare(x.addr, y.addr))
	})
	var names []string
	for _, s := range steps[:fewSteps] {
		names = append(names, diag.Escape(s.addr)+" "+duration(s.Duration))
	}
	fmt.Fprintf(a.out, "\n%s %s\n", a.paint(a.out, "2", "Slowest:"), strings.Join(names, ", "))
}

// critical says which steps the others had to wait for, where that is what took
// the time.
func (a *app) critical(p *plan.Plan, r *apply.Report) {
	path := apply.Critical(p, r.Ran)
	if len(path) < 2 || !slow(len(r.Ran), r.Took) {
		return
	}
	var names []string
	var sum time.Duration
	for _, s := range path {
		sum += s.Took
		names = append(names, diag.Escape(s.Step.Addr.String())+" "+duration(s.Took))
	}
	const most = 6
	if n := len(names); n > most {
		names = append(append(names[:most/2:most/2], fmt.Sprintf("%d more", n-most)), names[n-most/2:]...)
	}
	fmt.Fprintf(a.out, "%s %s (%s of %s)\n", a.paint(a.out, "2", "Critical path:"), strings.Join(names, " → "), duration(sum), duration(r.Took))
}

// done counts what was done, in words.
func done(steps []*plan.Step) string {
	var parts []string
	for _, v := range []kind.Verb{kind.Create, kind.Update, kind.Restart, kind.Replace, kind.Finish, kind.Restore, kind.Remove} {
		n := 0
		for _, s := range steps {
			if s.Verb == v {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, past(v)))
		}
	}
	return "Done: " + strings.Join(parts, ", ")
}

// stands says where an apply that did not do everything has come to.
func stands(p *plan.Plan, r *apply.Report) string {
	s := fmt.Sprintf("%d of %s done", len(r.Done), show.Plural(len(p.Steps), "step"))
	if n := len(r.Failed); n > 0 {
		s += fmt.Sprintf(", %d failed", n)
	}
	if n := len(r.NotRun); n > 0 {
		s += fmt.Sprintf(", %d not begun", n)
	}
	return s
}

// failed tells of one step that failed: why, what its container said, and
// what was taken back.
func (a *app) failed(f apply.Failure) {
	fmt.Fprintln(a.err)
	var miss *mistakes
	if errors.As(f.Err, &miss) {
		_ = diag.Write(a.err, miss.list, miss.sources, a.color(a.err))
	} else {
		a.complain(f.Step.Addr.String()+": "+cause(f.Err), "")
	}
	if f.Step.Pos.Known() {
		a.detail("declared at", f.Step.Pos.String())
	}
	var call *apply.CallError
	if errors.As(f.Err, &call) {
		a.detail("the call was", callOf(call.Op))
	}
	if f.Holder != "" {
		a.detail("", f.Holder)
	}
	a.looked(f.Look)
	switch {
	case f.UndoErr != nil:
		a.detail("it could not be taken back", f.UndoErr.Error())
	case f.Kept:
		a.kept(f)
	case f.RolledBack && f.Step.Verb == kind.Create:
		a.detail("", "it was taken away again")
	case f.RolledBack:
		a.detail("", "it was taken back: what was there before is there again")
	case !f.Touched:
		a.detail("", "nothing of it was changed")
	}
	if engine.LostTask(errors.Join(f.Err, f.UndoErr).Error()) {
		a.detail("", "the engine has lost hold of the container's process, as happens when it is killed: the next `bay apply` makes the container anew")
	}
	if f.Serves != "" {
		a.detail("", f.Serves)
	}
}

// looked tells what a container showed of itself before it was taken back.
func (a *app) looked(l *engine.Look) {
	if l == nil {
		return
	}
	if l.Health != "" {
		a.detail("its health check said", l.Health)
	}
	if len(l.Logs) > 0 {
		a.detail("its last lines", strings.Join(l.Logs, "\n"))
	}
}

// kept tells how to look at what was not taken back.
func (a *app) kept(f apply.Failure) {
	if f.Look == nil {
		a.detail("", "it was left as it is")
		return
	}
	a.detail("", fmt.Sprintf("it was left as it is: look with docker logs %[1]s, docker inspect %[1]s", f.Look.Name))
	a.detail("", "the next `bay apply` makes it anew if it has failed by itself, else goes on with it, or takes it back where the program has changed; `bay plan` shows which")
}

// cause is what went wrong, in the engine's own words where it has some.
func cause(err error) string {
	var call *apply.CallError
	if errors.As(err, &call) {
		err = call.Err
	}
	return strings.TrimPrefix(err.Error(), "Error response from daemon: ")
}

// callOf names a call without its query, which can be long.
func callOf(op engine.Op) string {
	method, path := op.Path()
	path, _, _ = strings.Cut(path, "?")
	return method + " " + path
}

// detail prints a heading and text below an error.
func (a *app) detail(heading, text string) {
	switch {
	case heading == "":
		fmt.Fprintf(a.err, "  %s\n", escape(text, "  "))
	case strings.Contains(text, "\n"):
		fmt.Fprintf(a.err, "  %s\n    %s\n", a.paint(a.err, "2", heading+":"), escape(text, "    "))
	default:
		fmt.Fprintf(a.err, "  %s %s\n", a.paint(a.err, "2", heading+":"), escape(text, "    "))
	}
}

// duration rounds d to what people want to know.
func duration(d time.Duration) string {
	switch {
	case d < 100*time.Millisecond:
		return max(d.Round(time.Millisecond), time.Millisecond).String()
	case d < 10*time.Second:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/engine/embedded"
	"bayplan/interpreter/evaluate"
	"bayplan/interpreter/show"
	"bayplan/lang/diag"

	"github.com/spf13/cobra"
)

// failure is an error with what to do about it and an exit code.
type failure struct {
	err  error
	hint string // one line each; "" for none
	code int    // 0 is exitError
}

func (f *failure) Error() string { return f.err.Error() }

func (f *failure) Unwrap() error { return f.err }

// misuse is the error of a command line that makes no sense.
func misuse(format string, args ...any) error {
	return &failure{err: fmt.Errorf(format, args...), hint: helpHint}
}

// helpHint is replaced by the name of the command.
const helpHint = "see `COMMAND --help`"

// ended is the error of a command that has said all, and ends with a code.
type ended int

func (e ended) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// mistakes is what is wrong with a program.
type mistakes struct {
	list    diag.List
	sources diag.Sources
}

func (m *mistakes) Error() string { return m.list.Error() }

// withSources adds the program's source lines to what is wrong with it.
func withSources(err error, sources diag.Sources) error {
	var list diag.List
	if errors.As(err, &list) {
		return &mistakes{list: list, sources: sources}
	}
	return err
}

// report prints what a command ended in and returns the exit code.
func (a *app) report(cmd *cobra.Command, err error) int {
	var (
		end  ended
		miss *mistakes
		list diag.List
		fail *failure
		gone *engine.Unreachable
		bug  *evaluate.Bug
	)
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &end):
		return int(end)
	case errors.As(err, &bug):
		return a.reportBug(bug, bug.Stack)
	case errors.As(err, &miss):
		return a.reportMistakes(miss.list, miss.sources)
	case errors.As(err, &list):
		return a.reportMistakes(list, nil)
	case errors.Is(err, syscall.EPIPE):
		return exitError // nobody reads any more
	case errors.Is(err, context.Canceled):
		a.complain("interrupted, nothing was changed", "")
		return exitInterrupted
	case errors.As(err, &fail):
	case errors.As(err, &gone):
		errors.As(a.unreachable(err), &fail)
	default:
		fail = &failure{err: err}
	}
	a.complain(fail.err.Error(), strings.ReplaceAll(fail.hint, "COMMAND", cmd.CommandPath()))
	if fail.code == 0 {
		return exitError
	}
	return fail.code
}

// reportBug prints what a panic left. Without it Go would end with 2, which
// says something else here.
func (a *app) reportBug(bug any, stack []byte) int {
	a.complain(fmt.Sprintf("this is a bug in bay: %v", bug), "please report it, with what you ran and the lines below; what is on the engine can be looked at with `bay ls`")
	fmt.Fprintf(a.err, "\nbay %s\n%s", built().Version, stack)
	if a.signals.changing() {
		return exitPartly
	}
	return exitError
}

func (a *app) reportMistakes(l diag.List, src diag.Sources) int {
	if err := diag.Write(a.err, l, src, a.color(a.err)); err != nil {
		return exitError
	}
	errs, warnings := 0, 0
	for _, d := range l {
		if d.Warning {
			warnings++
		} else {
			errs++
		}
	}
	if len(l) > 1 {
		count := show.Plural(errs, "error")
		if warnings > 0 {
			count += ", " + show.Plural(warnings, "warning")
		}
		fmt.Fprintf(a.err, "\n%s\n", count)
	}
	return exitError
}

// complain prints an error of the world: what is wrong, then what to do.
func (a *app) complain(msg, hint string) {
	fmt.Fprintf(a.err, "%s %s\n", a.paint(a.err, "1;31", "error:"), escape(msg, "  "))
	for _, h := range strings.Split(hint, "\n") {
		if h != "" {
			fmt.Fprintf(a.err, "  %s %s\n", a.paint(a.err, "36", "hint:"), escape(h, "        "))
		}
	}
}

// escape escapes control characters but for line ends, and indents all lines
// but the first.
func escape(s, indent string) string {
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	for i := range lines {
		lines[i] = diag.Escape(strings.ReplaceAll(lines[i], "\t", "    "))
	}
	return strings.Join(lines, "\n"+indent)
}

// unreachable says what was tried to reach an engine, and what to do.
func (a *app) unreachable(err error) error {
	var gone *engine.Unreachable
	var held *embedded.Held
	if errors.As(err, &held) {
		return &failure{err: held, code: exitLocked}
	}
	if !errors.As(err, &gone) { // its name makes no sense, or it is too old
		return &failure{err: err, hint: a.engineHint(), code: exitUnreachable}
	}
	hints := []string{
		"start Docker, or name another engine: --engine ssh://me@host, --engine CONTEXT (`docker context ls`)",
		"without Docker, try it out inside of bay: --engine embedded",
	}
	if strings.Contains(err.Error(), "permission denied") {
		hints[0] = "you may not use that socket: join the group docker, or name another engine with --engine"
	}
	return &failure{err: fmt.Errorf("%w\ntried: %s", err, a.tried()), hint: strings.Join(hints, "\n"), code: exitUnreachable}
}

// tried says what named the engine.
func (a *app) tried() string {
	for _, x := range []struct{ name, value string }{
		{"--engine", a.common.engine}, {"DOCKER_HOST", a.getenv("DOCKER_HOST")}, {"DOCKER_CONTEXT", a.getenv("DOCKER_CONTEXT")},
	} {
		if x.value != "" {
			return x.name + " " + x.value
		}
	}
	return "the docker context in use, else the default socket; --engine, DOCKER_HOST and DOCKER_CONTEXT are not set"
}

// engineHint says how an engine is named, unless it is the embedded one, whose
// errors say enough.
func (a *app) engineHint() string {
	if a.embedded() {
		return ""
	}
	return "an engine is a DOCKER_HOST value such as ssh://me@host, a docker context (`docker context ls`), or embedded"
}

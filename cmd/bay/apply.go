package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"bayplan/interpreter"
	"bayplan/interpreter/apply"
	"bayplan/interpreter/engine"
	"bayplan/interpreter/plan"
	"bayplan/interpreter/show"
	"bayplan/lang/ir"

	"github.com/spf13/cobra"
)

func (a *app) applyCmd() *cobra.Command {
	var yes, verbose bool
	cmd := &cobra.Command{
		Use:   "apply [DIR]",
		Short: "Show the plan, ask, and do exactly that",
		Long: `Apply shows the same plan as "bay plan", asks whether you agree, and sends the
calls that the plan holds. Right before each step it looks again at what the
step relied on. A replacement that does not become ready is taken back, and the
old container runs on.

Ctrl-C begins nothing new, and finishes or takes back what has begun; a second
one leaves at once. Either way the next apply goes on from there.`,
		Example: `  bay apply                         # the stack in this directory
  bay apply shop --yes              # without asking
  bay apply --var replicas=5
  bay apply --engine ssh://me@host  # on another machine`,
		Args: atMost(1, "one DIR at most"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.apply(cmd.Context(), where(args), yes, verbose)
		},
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "the calls, and values in full")
	return cmd
}

func (a *app) apply(ctx context.Context, path string, yes, verbose bool) error {
	prog, err := a.load(path, false)
	if err != nil {
		return err
	}
	e, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer e.Close()
	p, err := a.plan(ctx, e, prog, interpreter.PlanOptions{Mode: plan.Apply})
	if err != nil {
		return err
	}
	if err := a.showPlan(e, prog, p, verbose); err != nil {
		return err
	}
	if p.Empty() {
		values, err := a.bay.Outputs(ctx, e, prog.Program)
		if err != nil {
			return err
		}
		return a.outputs(values)
	}
	if !yes {
		question := fmt.Sprintf("Apply these changes to stack %s on %s? [y/N] ", p.Stack, a.host(e))
		if err := a.agree(question, yesses, "`bay apply --yes` applies without asking"); err != nil {
			return err
		}
	}
	return a.carryOut(ctx, e, p, verbose)
}

// yesses are the answers that agree.
var yesses = []string{"y", "yes"}

// agree asks a question on the terminal. Without one it is not agreed.
func (a *app) agree(question string, answers []string, without string) error {
	if in, ok := a.in.(interface{ Fd() uintptr }); !ok || !isTerminal(in) || !a.err.terminal {
		return &failure{err: errors.New("nothing was changed: there is no terminal on which to ask"), hint: without}
	}
	fmt.Fprintf(a.err, "\n%s", question)
	line, err := bufio.NewReader(a.in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("reading the answer: %w", err)
	}
	for _, y := range answers {
		if strings.EqualFold(strings.TrimSpace(line), y) {
			return nil
		}
	}
	if err != nil {
		fmt.Fprintln(a.err) // the line has no end
	}
	return &failure{err: errors.New("not agreed, nothing was changed")}
}

// carryOut applies a plan, shows how it goes, and says how it ended.
func (a *app) carryOut(ctx context.Context, e *engine.Engine, p *plan.Plan, verbose bool) error {
	ctx, off := context.WithCancel(ctx)
	defer off()
	var r *apply.Report
	a.signals.during(off, func() {
		fmt.Fprintln(a.out)
		view := a.progress(p, verbose)
		r = a.bay.Apply(ctx, e, p, apply.Options{Parallelism: a.common.parallelism, Events: view.event})
		view.close()
		a.summary(p, r)
	})
	if err := a.outputs(r.Outputs); err != nil {
		return err
	}
	if code := codeOf(r); code != exitDone {
		return ended(code)
	}
	return nil
}

// outputs prints the values of outputs below what was said before.
func (a *app) outputs(values map[string]ir.Value) error {
	if len(values) == 0 {
		return nil
	}
	fmt.Fprintln(a.out)
	return show.Outputs(a.out, values, a.look())
}

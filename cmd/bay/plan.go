package main

import (
	"context"

	"bayplan/interpreter"
	"bayplan/interpreter/plan"
	"bayplan/interpreter/show"

	"github.com/spf13/cobra"
)

// planFlags is what a plan is asked for.
type planFlags struct {
	detailed, asJSON, verbose bool
	data                      dataFlags
}

func (a *app) planCmd() *cobra.Command {
	var o planFlags
	cmd := &cobra.Command{
		Use:   "plan [DIR]",
		Short: "Show what apply would change, and change nothing",
		Long: `Plan compares what the files say with what is on the engine, and shows the
difference field by field: what is created (+), changed in place (~), restarted
(↻), replaced (±) and removed (-), which field is the reason, what is
interrupted, and what is kept (=). It only reads.`,
		Example: `  bay plan                          # the stack in this directory
  bay plan shop -v                  # with the calls that apply would send
  bay plan shop/main.bay.star       # where there is a body in both languages
  bay plan --var replicas=5         # with another value of a variable
  bay plan --detailed-exitcode      # ends with 2 if there are changes
  bay plan --json | jq .counts      # for programs`,
		Args: atMost(1, "one DIR at most"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.planOf(cmd.Context(), where(args), o) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.detailed, "detailed-exitcode", false, "end with 2 if there are changes")
	f.BoolVar(&o.asJSON, "json", false, "the plan as JSON, format "+plan.Format)
	f.BoolVarP(&o.verbose, "verbose", "v", false, "the calls that apply would send, and values in full")
	o.data.bind(cmd)
	return cmd
}

func (a *app) planOf(ctx context.Context, path string, o planFlags) error {
	what := interpreter.PlanOptions{Mode: plan.Apply}
	if err := o.data.into(&what); err != nil {
		return err
	}
	prog, err := a.load(path, false)
	if err != nil {
		return err
	}
	e, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer e.Close()
	p, err := a.plan(ctx, e, prog, what)
	if err != nil {
		return err
	}
	if o.asJSON {
		err = show.JSON(a.out, p)
	} else {
		err = a.showPlan(e, prog, p, o.verbose)
	}
	if err == nil && o.detailed && !p.Empty() {
		return ended(exitChanges)
	}
	return err
}

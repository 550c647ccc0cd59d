package main

import (
	"context"
	"fmt"

	"bayplan/interpreter"
	"bayplan/interpreter/engine"
	"bayplan/interpreter/plan"
	"bayplan/interpreter/show"

	"github.com/spf13/cobra"
)

// planFlags is what a plan is asked for.
type planFlags struct {
	detailed, asJSON, verbose bool
	destroy, volumes          bool
	out                       string
	data                      dataFlags
	part                      partFlags
	from                      fromFlags
}

func (a *app) planCmd() *cobra.Command {
	var o planFlags
	cmd := &cobra.Command{
		Use:   "plan [DIR]",
		Short: "Show what apply would change, and change nothing",
		Long: `Plan compares what the files say with what is on the engine, and shows the
difference field by field: what is created (+), changed in place (~), restarted
(↻), replaced (±) and removed (-), which field is the reason, what is
interrupted, and what is kept (=). It only reads.

` + partHelp,
		Example: `  bay plan                          # the stack in this directory
  bay plan shop -v                  # with the calls that apply would send
  bay plan shop/main.bay.star       # where there is a body in both languages
  bay plan --var replicas=5         # with another value of a variable
  bay plan --target container.web   # only that, and what it needs
  bay plan --locked                 # only images that bay.lock pins
  bay plan --offline                # without asking a registry
  bay plan --detailed-exitcode      # ends with 2 if there are changes
  bay plan --json | jq .counts      # for programs
  bay plan --out next.plan          # save it; bay apply next.plan does just that
  bay plan --destroy                # what bay destroy would take away`,
		Args: atMost(1, "one DIR at most"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.planOf(cmd.Context(), args, o) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.detailed, "detailed-exitcode", false, "end with 2 if there are changes")
	f.BoolVar(&o.asJSON, "json", false, "the plan as JSON, format "+plan.Format)
	f.BoolVarP(&o.verbose, "verbose", "v", false, "the calls that apply would send, and values in full")
	f.BoolVar(&o.destroy, "destroy", false, "plan what bay destroy does")
	f.BoolVar(&o.volumes, "volumes", false, "with --destroy: volumes and their data too")
	f.StringVar(&o.out, "out", "", "save the plan in `FILE`, which bay apply carries out and bay show shows")
	o.data.bind(a, cmd)
	o.part.bind(cmd)
	a.patternFlags(cmd, "target", "exclude", "replace", "restart")
	o.from.bind(cmd)
	return a.measured(cmd)
}

// options returns what the flags ask of a plan.
func (o *planFlags) options() (interpreter.PlanOptions, error) {
	what := interpreter.PlanOptions{Mode: plan.Apply}
	switch {
	case o.destroy && (o.data.any() || o.part.forces() || o.from.any()):
		return what, misuse("--destroy takes away: only --volumes, --target and --exclude go with it")
	case o.destroy:
		what.Mode, what.Volumes = plan.Destroy, o.volumes
	case o.volumes:
		return what, misuse("--volumes goes with --destroy")
	}
	if err := o.data.into(&what); err != nil {
		return what, err
	}
	o.from.into(&what)
	return what, o.part.into(&what)
}

func (a *app) planOf(ctx context.Context, args []string, o planFlags) error {
	what, err := o.options()
	if err != nil {
		return err
	}
	arrive, leave := a.setOut(ctx, 0)
	defer leave()
	prog, err := a.loadFor(what.Mode, args)
	if err != nil {
		return err
	}
	e, p, err := a.planOn(ctx, arrive, prog, what)
	if err != nil {
		return err
	}
	defer e.Close()
	if o.out != "" {
		if err := savePlan(o.out, p, a.origin(prog, what)); err != nil {
			return err
		}
	}
	if err := a.printPlan(e, prog, p, what, o); err != nil {
		return err
	}
	if o.detailed && !p.Empty() {
		return ended(exitChanges)
	}
	return nil
}

// loadFor loads the program of a plan of this mode.
func (a *app) loadFor(mode plan.Mode, args []string) (*program, error) {
	if mode == plan.Destroy {
		return a.loadUnlessNamed(args)
	}
	return a.load(a.where(args), false)
}

func (a *app) printPlan(e *engine.Engine, prog *program, p *plan.Plan, what interpreter.PlanOptions, o planFlags) error {
	if o.asJSON {
		return show.JSON(a.out, p, a.origin(prog, what))
	}
	if err := a.showPlan(e, prog, p, o.verbose); err != nil || o.out == "" {
		return err
	}
	_, err := fmt.Fprintf(a.out, "\nSaved: bay apply %s does exactly this, or nothing.\n", escape(o.out, ""))
	return err
}

package main

import (
	"context"
	"fmt"

	"bayplan/interpreter"
	"bayplan/interpreter/plan"

	"github.com/spf13/cobra"
)

// destroyFlags is how destroy is agreed to.
type destroyFlags struct {
	yes, volumes, verbose bool
	confirm               string
	part                  partFlags
	lock                  lockFlags
}

func (a *app) destroyCmd() *cobra.Command {
	var o destroyFlags
	cmd := &cobra.Command{
		Use:   "destroy [DIR]",
		Short: "Take a stack away",
		Long: `Destroy shows what it would remove, asks, and removes it: all that bears the
stack's label, and nothing else. Volumes stay, since their data cannot be made
again, unless --volumes says so; then the stack's name has to be typed.

With --stack and without DIR it needs no files: it goes by the labels.

` + partHelp,
		Example: `  bay destroy                                 # the stack in this directory
  bay destroy shop --yes                      # without asking; volumes stay
  bay destroy shop --volumes                  # data too, after typing the name
  bay destroy shop --volumes --confirm shop   # the same without a terminal
  bay destroy --stack shop                    # without the files
  bay destroy --target container.web          # that alone, with what needs it`,
		Args: atMost(1, "one DIR at most"),
		RunE: func(cmd *cobra.Command, args []string) error {
			prog, err := a.loadUnlessNamed(args)
			if err != nil {
				return err
			}
			return a.destroy(cmd.Context(), prog, o)
		},
	}
	cmd.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	cmd.Flags().BoolVar(&o.volumes, "volumes", false, "remove volumes and their data too")
	cmd.Flags().StringVar(&o.confirm, "confirm", "", "agree to losing data: the `NAME` of the stack")
	o.part.bindLeaving(cmd)
	a.patternFlags(cmd, "target", "exclude")
	cmd.Flags().BoolVarP(&o.verbose, "verbose", "v", false, "the calls")
	a.feed.bind(cmd)
	o.lock.bind(cmd)
	return a.measured(cmd)
}

// loadUnlessNamed loads the program of commands that make nothing. Where only
// the stack is named there is none: they go by its labels.
func (a *app) loadUnlessNamed(args []string) (*program, error) {
	if len(args) == 0 && a.common.dir == "" && a.common.stack != "" {
		return nil, nil
	}
	return a.load(a.where(args), true)
}

func (a *app) destroy(ctx context.Context, prog *program, o destroyFlags) error {
	what := interpreter.PlanOptions{Mode: plan.Destroy, Volumes: o.volumes}
	if err := o.part.into(&what); err != nil {
		return err
	}
	e, p, err := a.planWithin(ctx, o.lock.timeout, prog, what)
	if err != nil {
		return err
	}
	defer e.Close()
	if err := a.announce(e, prog, p, o.verbose, o.yes); err != nil || p.Empty() {
		return err
	}
	if err := a.agreeDestroy(p, a.host(e), o); err != nil {
		return err
	}
	return a.carryOut(ctx, e, work{p, prog, what, o.lock, false, o.verbose})
}

// agreeDestroy asks before a stack goes.
func (a *app) agreeDestroy(p *plan.Plan, host string, o destroyFlags) error {
	what := "stack " + p.Stack
	if !p.Part.Whole() {
		what = "this part of stack " + p.Stack
	}
	switch {
	case o.volumes || o.confirm != "":
		return a.agreeLoss(p, o.confirm, o.yes, fmt.Sprintf("This removes %s from %s with all its data, for good.", what, host))
	case o.yes:
		return nil
	}
	question := fmt.Sprintf("Remove %s from %s? [y/N] ", what, host)
	return a.agree(question, yesses, "`bay destroy --yes` removes without asking")
}

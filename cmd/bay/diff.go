package main

import (
	"context"

	"bayplan/interpreter"
	"bayplan/interpreter/plan"
	"bayplan/interpreter/show"

	"github.com/spf13/cobra"
)

func (a *app) diffCmd() *cobra.Command {
	var detailed, asJSON bool
	cmd := &cobra.Command{
		Use:   "diff [DIR]",
		Short: "Show what was changed by hand since the last apply",
		Long: `Diff shows what lives otherwise than bay made it: fields that somebody changed on
the engine, containers that were stopped or ended, and what is gone. Each object
holds a record of what it was made with; where the files ask for the same now, the
difference was made by hand. What the files have changed since is left to bay plan.
Each field is shown as it was applied and as it is now.

What an object was given as a secret is not in its record: of that nobody can tell.
What is gone took its record along, so that it cannot be told from what was never
made: both are shown.`,
		Example: `  bay diff
  bay diff --detailed-exitcode || mail -s "shop was changed by hand" ops`,
		Args: atMost(1, "one DIR at most"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.diff(cmd.Context(), args, detailed, asJSON) },
	}
	cmd.Flags().BoolVar(&detailed, "detailed-exitcode", false, "end with 2 if there is something")
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON, format "+show.DriftFormat)
	return cmd
}

func (a *app) diff(ctx context.Context, args []string, detailed, asJSON bool) error {
	prog, err := a.load(a.where(args), true)
	if err != nil {
		return err
	}
	e, p, err := a.planWithin(ctx, 0, prog, interpreter.PlanOptions{Lenient: true})
	if err != nil {
		return err
	}
	defer e.Close()
	if asJSON {
		err = show.WriteJSON(a.out, show.DriftDocumentOf(p))
	} else {
		err = show.Drift(a.out, prog.Program, p, a.look())
	}
	if err == nil && detailed && len(plan.Drift(p)) > 0 {
		return ended(exitChanges)
	}
	return err
}

package main

import (
	"fmt"

	"bayplan/interpreter/show"

	"github.com/spf13/cobra"
)

func (a *app) validateCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "validate [DIR]",
		Short: "Check the files, without an engine",
		Long: `Validate reads the files and evaluates them, and shows all mistakes at once. It
needs no engine and no sensitive inputs, so that an editor or a commit hook can
run it.`,
		Example: `  bay validate
  bay validate shop/main.bay.star`,
		Args: atMost(1, "one DIR at most"),
		RunE: func(_ *cobra.Command, args []string) error {
			prog, err := a.load(where(args), true)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.out, "Valid: stack %s, %s, %s.\n", prog.Stack,
				show.Plural(len(prog.Resources), "resource"), show.Plural(len(prog.Outputs), "output"))
			return err
		},
	}
}

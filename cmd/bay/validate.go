package main

import (
	"fmt"

	"bayplan/interpreter"
	"bayplan/interpreter/show"
	"bayplan/lang/diag"

	"github.com/spf13/cobra"
)

func (a *app) validateCmd() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "validate [DIR]",
		Short: "Check the files, without an engine",
		Long: `Validate reads the files and evaluates them, and shows all mistakes at once:
also those that no engine could do anything about, such as two containers on one
port. It needs no engine and no sensitive inputs, so that an editor or a commit
hook can run it. It ends with 0 if there are no errors, warnings or not, else
with 1.`,
		Example: `  bay validate
  bay validate shop/main.bay.star
  bay validate --json | jq '.diagnostics[].message'`,
		Args: atMost(1, "one DIR at most"),
		RunE: func(_ *cobra.Command, args []string) error { return a.validate(a.where(args), asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "what was found as JSON, format "+show.DiagnosticsFormat)
	return cmd
}

func (a *app) validate(path string, asJSON bool) error {
	vars, err := a.vars()
	if err == nil {
		err = exists(path)
	}
	if err != nil {
		return err
	}
	got, err := a.bay.Load(interpreter.Program{
		Path: path, Stack: a.common.stack, Vars: vars, Files: a.common.varFiles, Opaque: true, Secret: a.hide,
	})
	if err != nil {
		return noChild(err)
	}
	if got.Program != nil {
		a.hideMade(got.Program)
		got.Diags = append(got.Diags, a.bay.Check(got.Program)...)
		got.Diags.Sort()
	}
	switch wrong := got.Diags.HasErrors(); {
	case asJSON:
		if err := show.WriteJSON(a.out, show.DiagnosticsOf(got.Program, got.Diags, got.Sources)); err != nil || !wrong {
			return err
		}
		return ended(exitError)
	case wrong:
		return &mistakes{list: got.Diags, sources: got.Sources}
	}
	_ = diag.Write(a.err, got.Diags, got.Sources, a.color(a.err)) // a warning that nobody can read stops nothing
	_, err = fmt.Fprintf(a.out, "Valid: stack %s, %s, %s.\n", got.Program.Stack,
		show.Plural(len(got.Program.Resources), "resource"), show.Plural(len(got.Program.Outputs), "output"))
	return err
}

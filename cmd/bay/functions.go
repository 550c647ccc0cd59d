package main

import (
	"fmt"
	"slices"

	"bayplan/interpreter/show"
	"bayplan/lang/diag"

	"github.com/spf13/cobra"
)

func (a *app) functionsCmd() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "functions [NAME]",
		Short: "List the functions that both languages have",
		Long: `Functions lists how each function is called and what it does. With NAME it shows
that one alone, with an example and its result. It needs no files and no engine.

In Starlark each is fn.NAME, and bare too where Starlark does not have the name
itself. Examples are written as both languages write them, but for true, false
and null, which are True, False and None in Starlark.`,
		Example: `  bay functions
  bay functions cidrsubnet
  bay functions --json | jq -r '.functions[].signature'`,
		Args: atMost(1, "one NAME at most"),
		RunE: func(_ *cobra.Command, args []string) error {
			fns, err := functionsNamed(show.DocOf(a.bay.Universe()).Functions, args)
			switch {
			case err != nil:
				return err
			case asJSON:
				d := show.NoDoc()
				d.Functions = fns
				return show.WriteJSON(a.out, d)
			}
			return show.Functions(a.out, fns, len(args) > 0, a.look())
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return functionNames(show.DocOf(a.bay.Universe()).Functions), cobra.ShellCompDirectiveNoFileComp
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON, format "+show.DocFormat)
	return cmd
}

// functionsNamed returns the function with the name in args, or all.
func functionsNamed(all []show.DocFunc, args []string) ([]show.DocFunc, error) {
	if len(args) == 0 {
		return all, nil
	}
	if i := slices.IndexFunc(all, func(f show.DocFunc) bool { return f.Name == args[0] }); i >= 0 {
		return all[i : i+1], nil
	}
	f := &failure{err: fmt.Errorf("there is no function %q", args[0]), hint: "`bay functions` lists them"}
	if near := diag.Nearest(args[0], functionNames(all)); near != "" {
		f.hint = fmt.Sprintf("did you mean `bay functions %s`?", near)
	}
	return nil, f
}

func functionNames(fns []show.DocFunc) []string {
	var names []string
	for _, f := range fns {
		names = append(names, f.Name)
	}
	return names
}

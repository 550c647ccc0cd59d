package main

import (
	"slices"
	"strings"

	"bayplan/interpreter/show"

	"github.com/spf13/cobra"
)

func (a *app) graphCmd() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "graph [DIR]",
		Short: "Draw what needs what, without an engine",
		Long: `Graph prints the resources of a program and what each needs, for Graphviz or
Mermaid. An arrow goes from a resource to one that comes before it, with the
condition that is waited for. A module is a box around its own; what no
declaration says, but a resource needs, is dashed (rounded in Mermaid).`,
		Example: `  bay graph | dot -Tsvg > stack.svg
  bay graph --format mermaid shop`,
		Args: atMost(1, "one DIR at most"),
		RunE: func(_ *cobra.Command, args []string) error {
			if formats := show.GraphFormats(); !slices.Contains(formats, format) {
				return misuse("--format is %q, want %s", format, strings.Join(formats, " or "))
			}
			prog, err := a.load(a.where(args), true)
			if err != nil {
				return err
			}
			return show.Graph(a.out, prog.Program, format)
		},
	}
	cmd.Flags().StringVar(&format, "format", "dot", "`FORMAT` of the graph: dot or mermaid")
	return cmd
}

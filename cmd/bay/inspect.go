package main

import (
	"context"

	"bayplan/interpreter/show"
	"bayplan/interpreter/verb"

	"github.com/spf13/cobra"
)

func (a *app) inspectCmd() *cobra.Command {
	var where aimFlags
	var format string
	cmd := &cobra.Command{
		Use:   "inspect ADDRESS...",
		Short: "Print what the engine says of containers, networks and volumes",
		Long: `Inspect prints the engine's own JSON, a list as docker inspect prints it. It holds
what the container was given, secrets in its environment too.

` + aimHelp,
		Example: `  bay inspect web
  bay inspect web --format '{{.State.Status}}'
  bay inspect network.back --format '{{json .Containers}}'`,
		Args: atLeast(1, "an ADDRESS"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.inspect(cmd.Context(), where, args, format)
		},
	}
	where.bind(cmd)
	cmd.Flags().StringVarP(&format, "format", "f", "", templateHelp)
	cmd.ValidArgsFunction = a.completeAddrs(&where, verb.Choice{})
	return cmd
}

// atLeast refuses fewer arguments than n. what says what they are.
func atLeast(n int, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) < n {
			return misuse("want %s", what)
		}
		return nil
	}
}

func (a *app) inspect(ctx context.Context, where aimFlags, words []string, format string) error {
	t, err := templateOf(format)
	if err != nil {
		return err
	}
	at, objects, err := a.aimAt(ctx, where, verb.Choice{Words: words})
	if err != nil {
		return err
	}
	defer at.engine.Close()
	docs := []any{}
	for _, o := range objects {
		doc, err := verb.Inspect(ctx, at.engine.Reader(), o)
		if err != nil {
			return err
		}
		docs = append(docs, doc)
	}
	if t != nil {
		return fillIn(a.out, t, docs)
	}
	return show.WriteJSON(a.out, docs)
}

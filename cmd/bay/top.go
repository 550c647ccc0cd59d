package main

import (
	"context"
	"fmt"
	"slices"

	"bayplan/interpreter/show"
	"bayplan/interpreter/verb"
	"bayplan/lang/diag"

	"github.com/spf13/cobra"
)

// topFormat is the version of `bay top --json`.
const topFormat = "bayplan.top/1"

func (a *app) topCmd() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "top [ADDRESS...] [-- PS-OPTION...]",
		Short: "List the processes of containers",
		Long: `Top lists the processes that run in containers, as ps on the engine's host sees
them. What comes after -- are options of that ps, such as -o pid,comm.

` + aimHelp,
		Example: `  bay top
  bay top web -- -o pid,user,args`,
		RunE: func(cmd *cobra.Command, args []string) error {
			words, options := args, []string(nil)
			if n := cmd.ArgsLenAtDash(); n >= 0 {
				words, options = args[:n], args[n:]
			}
			return a.top(cmd.Context(), words, options, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON, format "+topFormat)
	cmd.ValidArgsFunction = a.completeAddrs(verb.Choice{Runs: true})
	return cmd
}

// topDocument is `bay top --json`.
type topDocument struct {
	Format     string           `json:"format"`
	Stack      string           `json:"stack"`
	Containers []verb.Processes `json:"containers"`
}

func (a *app) top(ctx context.Context, words, options []string, asJSON bool) error {
	at, chosen, err := a.aimAt(ctx, verb.Choice{Runs: true, Words: words})
	if err != nil {
		return err
	}
	defer at.engine.Close()
	list, err := verb.Top(ctx, at.engine.Reader(), verb.Active(verb.WithTwins(at.all, chosen)), options)
	switch {
	case err != nil:
		return err
	case asJSON:
		return show.WriteJSON(a.out, topDocument{topFormat, at.stack, list})
	case len(list) == 0 && len(words) > 0:
		return &failure{err: fmt.Errorf("%s does not run", listedAddrs(chosen))}
	case len(list) == 0:
		return a.nobody(at)
	}
	var t *show.Table
	for i, p := range list {
		if i == 0 || !slices.Equal(p.Titles, list[0].Titles) {
			if t != nil {
				if err := t.Write(a.out, a.look()); err != nil {
					return err
				}
			}
			t = show.NewTable(append([]string{"ADDRESS"}, p.Titles...)...)
		}
		for _, row := range p.Processes {
			cells := []string{diag.Escape(p.Address.String())}
			for n := range p.Titles {
				cell := ""
				if n < len(row) {
					cell = diag.Escape(row[n])
				}
				cells = append(cells, cell)
			}
			t.Row(cells...)
		}
	}
	return t.Write(a.out, a.look())
}

package main

import (
	"context"
	"fmt"
	"time"

	"bayplan/interpreter/verb"
	"bayplan/lang/diag"

	"github.com/spf13/cobra"
)

type waitFlags struct {
	healthy bool
	timeout time.Duration
}

func (a *app) waitCmd() *cobra.Command {
	var o waitFlags
	cmd := &cobra.Command{
		Use:   "wait ADDRESS...",
		Short: "Wait until containers have ended, or are healthy",
		Long: `Wait prints the code that each container ended with, and ends with the first that
is not 0. One that does not run has ended already. With --healthy it waits until all
of them are healthy.

` + aimHelp,
		Example: `  bay wait migrate
  bay wait db --healthy --timeout 1m`,
		Args: atLeast(1, "an ADDRESS"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.wait(cmd.Context(), o, args) },
	}
	cmd.Flags().BoolVar(&o.healthy, "healthy", false, "until they are healthy")
	cmd.Flags().DurationVar(&o.timeout, "timeout", 0, "at most this `DURATION` for each, such as 1m; by default without end")
	cmd.ValidArgsFunction = a.completeAddrs(verb.Choice{Runs: true})
	return cmd
}

func (a *app) wait(ctx context.Context, o waitFlags, words []string) error {
	at, objects, err := a.aimAt(ctx, verb.Choice{Runs: true, Words: words})
	if err != nil {
		return err
	}
	defer at.engine.Close()
	first := 0
	for _, obj := range objects {
		addr := diag.Escape(obj.String())
		if o.healthy {
			if err := verb.WaitHealthy(ctx, at.engine, obj, o.timeout); err != nil {
				return err
			}
			fmt.Fprintf(a.out, "%s is healthy\n", addr)
			continue
		}
		code, err := verb.WaitEnd(ctx, at.engine, obj, o.timeout)
		if err != nil {
			return err
		}
		if first == 0 {
			first = code
		}
		if _, err := fmt.Fprintf(a.out, "%s ended with code %d\n", addr, code); err != nil {
			return err
		}
	}
	if first != 0 {
		return ended(first)
	}
	return nil
}

package main

import (
	"cmp"
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
is not 0. One that does not run has ended already. What ` + "`bay run -d`" + ` has begun is gone
when it has ended, unless --rm=false keeps it: the code is known to who waits before.
With --healthy it waits until all of them are healthy.

` + aimHelp,
		Example: `  bay wait migrate
  bay run -d --name nightly worker ./nightly && bay wait nightly
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
	if o.healthy {
		for _, obj := range objects {
			if err := verb.WaitHealthy(ctx, at.engine, obj, o.timeout); err != nil {
				return err
			}
			fmt.Fprintf(a.out, "%s is healthy\n", diag.Escape(obj.String()))
		}
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	first := 0
	for i, told := range verb.WaitEnds(ctx, at.engine, objects, o.timeout) {
		end := <-told
		if end.Err != nil {
			return end.Err
		}
		first = cmp.Or(first, end.Code)
		if _, err := fmt.Fprintf(a.out, "%s ended with code %d\n", diag.Escape(objects[i].String()), end.Code); err != nil {
			return err
		}
	}
	if first != 0 {
		return ended(first)
	}
	return nil
}

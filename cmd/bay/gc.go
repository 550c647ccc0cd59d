package main

import (
	"context"
	"fmt"

	"bayplan/interpreter"
	"bayplan/interpreter/plan"

	"github.com/spf13/cobra"
)

// gcFlags is how gc is agreed to and shown.
type gcFlags struct {
	yes, verbose bool
	lock         lockFlags
}

func (a *app) gcCmd() *cobra.Command {
	var o gcFlags
	cmd := &cobra.Command{
		Use:   "gc [DIR]",
		Short: "Take away images that a stack brought and nothing uses, and left one-offs",
		Long: `Apply and destroy never remove an image: others may use it, and the next apply
would have to build or pull it again. Gc shows which images the stack has built
or pulled that no container on the engine uses, running or not, and that its
files do not name; it asks, and takes them away. Tags that somebody else made,
and images that were there before, stay.

What ` + "`bay run`" + ` made goes too, where it has ended and was kept, or where the bay that
waited for it on this machine has been killed.

With --stack and without DIR it needs no files: what the stack's files name is
then not known, and only containers count.`,
		Example: `  bay gc                    # of the stack in this directory
  bay gc shop --yes         # without asking
  bay gc --stack shop       # without the files, after bay destroy
  bay gc --yes --json       # for programs`,
		Args: atMost(1, "one DIR at most"),
		RunE: func(cmd *cobra.Command, args []string) error {
			prog, err := a.loadUnlessNamed(args)
			if err != nil {
				return err
			}
			return a.gc(cmd.Context(), prog, o)
		},
	}
	f := cmd.Flags()
	f.BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "the calls")
	a.feed.bind(cmd)
	o.lock.bind(cmd)
	return cmd
}

func (a *app) gc(ctx context.Context, prog *program, o gcFlags) error {
	what := interpreter.PlanOptions{Mode: plan.Collect}
	e, p, err := a.planWithin(ctx, o.lock.timeout, prog, what)
	if err != nil {
		return err
	}
	defer e.Close()
	if err := a.announce(e, prog, p, o.verbose, o.yes); err != nil || p.Empty() {
		return err
	}
	if !o.yes {
		question := fmt.Sprintf("Remove these of stack %s from %s? [y/N] ", p.Stack, a.host(e))
		if err := a.agree(question, yesses, "`bay gc --yes` removes without asking"); err != nil {
			return err
		}
	}
	return a.carryOut(ctx, e, work{p, prog, what, o.lock, false, o.verbose})
}

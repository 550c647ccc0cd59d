package main

import (
	"context"
	"fmt"
	"strings"

	"bayplan/interpreter"
	"bayplan/interpreter/kind"
	"bayplan/interpreter/plan"
	"bayplan/lang/ir"

	"github.com/spf13/cobra"
)

// taskFlags is how one task of a stack is done, where nothing else of it is.
type taskFlags struct {
	yes, verbose bool
	tag          string
	lock         lockFlags
	from         fromFlags
}

func (a *app) pullCmd() *cobra.Command {
	var o taskFlags
	cmd := a.taskCmd(kind.Pull, &o, &cobra.Command{
		Use:   "pull [DIR] [ADDRESS...]",
		Short: "Pull what images stand for now, and change nothing else",
		Long: `Pull asks the registries what the references to pull stand for now, and pulls
what the engine does not have. What bay.lock pins is pulled as it is pinned;
an image with pull_policy = "never" is left alone. No container is touched: the
next bay apply shows which of them follow.`,
		Example: `  bay pull                  # all images of the stack in this directory
  bay pull image.postgres   # one
  bay pull shop             # of the stack in shop`,
	})
	cmd.Flags().BoolVar(&o.from.locked, "locked", false, "refuse to pull what bay.lock does not pin")
	o.yes = true // it disturbs nobody
	return cmd
}

func (a *app) buildCmd() *cobra.Command {
	var o taskFlags
	cmd := a.taskCmd(kind.Build, &o, &cobra.Command{
		Use:   "build [DIR] [ADDRESS...]",
		Short: "Build images of which something has moved, and change nothing else",
		Long: `Build makes the images whose context, Dockerfile or options have moved since they
were built, and those that they build upon. Nothing is pushed, and no container is
touched: the next bay apply shows which of them follow. ADDRESS is that of an image,
or its label.`,
		Example: `  bay build             # all images of the stack in this directory
  bay build web         # image.web, and what it builds upon
  bay build shop        # of the stack in shop`,
	})
	o.yes = true
	return cmd
}

func (a *app) pushCmd() *cobra.Command {
	var o taskFlags
	cmd := a.taskCmd(kind.Push, &o, &cobra.Command{
		Use:   "push [DIR] [ADDRESS...]",
		Short: "Push images to their registries, and change nothing else",
		Long: `Push compares what the registries have with the images that say push, shows what
differs, asks, and pushes that: all tags of an image that are declared for it, or
the one of --tag. What is not built yet, or has moved, is built first.`,
		Example: `  bay push                                     # all of the stack in this directory
  bay push image.web                           # one image, with all of its tags
  bay push image.web --tag ghcr.io/me/web:1.4  # one tag
  bay push --yes                               # without asking`,
	})
	cmd.Flags().StringVar(&o.tag, "tag", "", "push this `TAG` alone")
	flagFunc(cmd, "tag", a.completePushed)
	cmd.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	return cmd
}

// taskCmd makes cmd the command of a task.
func (a *app) taskCmd(t kind.Task, o *taskFlags, cmd *cobra.Command) *cobra.Command {
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		dir, addrs := a.dirFirst(args)
		return a.task(cmd.Context(), t, dir, addrs, *o)
	}
	cmd.Flags().BoolVarP(&o.verbose, "verbose", "v", false, "the calls, and values in full")
	a.feed.bind(cmd)
	o.lock.bind(cmd)
	cmd.ValidArgsFunction = a.completePatterns("image")
	return cmd
}

// task plans one task, and carries the plan out as apply does.
func (a *app) task(ctx context.Context, t kind.Task, dir string, addrs []string, o taskFlags) error {
	what := interpreter.PlanOptions{Mode: plan.Apply, Part: plan.Part{Task: t, Tag: o.tag}}
	o.from.into(&what)
	for _, text := range addrs {
		pattern, err := ir.ParsePattern(text)
		if err != nil { // web is short for image.web here
			if short, wrong := ir.ParsePattern("image." + text); wrong == nil {
				pattern, err = short, nil
			}
		}
		if err != nil && strings.ContainsAny(text, "/.") {
			return misuse("%s is neither a directory, which would stand first, nor an address", escape(text, ""))
		}
		if err != nil {
			return misuse("%v", err)
		}
		what.Part.Target = append(what.Part.Target, pattern)
	}
	prog, err := a.load(dir, false)
	if err != nil {
		return err
	}
	e, p, err := a.planWithin(ctx, o.lock.timeout, prog, what)
	if err != nil {
		return err
	}
	defer e.Close()
	if err := a.announce(e, prog, p, o.verbose, o.yes); err != nil || p.Empty() {
		return err
	}
	if !o.yes {
		question := fmt.Sprintf("%s this, of stack %s? [y/N] ", titled(t), p.Stack)
		if err := a.agree(question, yesses, fmt.Sprintf("`bay %s --yes` does it without asking", t)); err != nil {
			return err
		}
	}
	return a.carryOut(ctx, e, work{p, prog, what, o.lock, false, o.verbose})
}

// titled is a task at the beginning of a sentence.
func titled(t kind.Task) string { return string(t[0]-'a'+'A') + string(t[1:]) }

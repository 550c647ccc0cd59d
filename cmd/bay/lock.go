package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bayplan/interpreter"
	"bayplan/interpreter/apply"
	"bayplan/interpreter/engine"
	"bayplan/interpreter/plan"
	"bayplan/lang/ir"

	"github.com/spf13/cobra"
)

// lockFlags is how the lock of a stack is taken.
type lockFlags struct{ timeout time.Duration }

func (l *lockFlags) bind(cmd *cobra.Command) {
	cmd.Flags().DurationVar(&l.timeout, "lock-timeout", 0, "wait for another bay that is at work on the stack, this `DURATION` at most, such as 5m")
}

// work is a plan that was agreed to, and how it came about.
type work struct {
	plan *plan.Plan
	prog *program // nil where labels alone are enough
	what interpreter.PlanOptions
	lock lockFlags
	keep bool // what fails stays as it is
	all  bool // the calls are told, too
}

// unmet returns what of a resource's postconditions does not hold, with the lines
// that say so.
func (w work) unmet(told ir.Told) error {
	if ds := w.prog.decide(told); ds.HasErrors() {
		return &mistakes{list: ds, sources: w.prog.sources}
	}
	return nil
}

// locked holds the stack's lock while f carries out the plan, which was made
// anew and is the same. If somebody else has done it all, f is not called.
func (a *app) locked(ctx context.Context, e *engine.Engine, w work, f func(*plan.Plan, *engine.Lock)) error {
	return a.holding(ctx, e, w.plan.Stack, "bay "+command(w.plan), w.lock, func(l *engine.Lock) error {
		p, err := a.planAgain(ctx, e, w)
		if err != nil {
			return err
		}
		if p.Empty() {
			fmt.Fprintln(a.out, "\nNothing to do any more: somebody else has done just that.")
			return nil
		}
		f(p, l)
		return nil
	})
}

// holding holds a stack's lock while f runs. command is for whoever meets it.
func (a *app) holding(ctx context.Context, e *engine.Engine, stack, command string, lock lockFlags, f func(*engine.Lock) error) error {
	locked := a.span("lock")
	l, err := a.bay.Lock(ctx, e, stack, interpreter.LockOptions{
		Command: command, Version: built().Version, Wait: lock.timeout, Waiting: func(held *engine.Locked) {
			a.feed.locked(held, lock.timeout)
			a.waiting(held)
		},
	})
	locked()
	if err != nil {
		return a.notLocked(err)
	}
	release := func(limit time.Duration) error {
		defer a.span("unlock")()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
		defer cancel()
		return l.Release(ctx)
	}
	a.signals.leaving(func() { _ = release(2 * time.Second) }) // if that does not free it, the engine does
	defer func() {
		a.signals.leaving(nil)
		if err := release(time.Minute); err != nil {
			a.complain(err.Error(), unlockHint(stack))
		}
	}()
	return f(l)
}

// command is the name of the command that carries out a plan.
func command(p *plan.Plan) string {
	switch {
	case p.Mode == plan.Collect:
		return "gc"
	case p.Part.Task != "":
		return string(p.Part.Task)
	}
	return string(p.Mode)
}

// planAgain makes the plan anew under the lock.
func (a *app) planAgain(ctx context.Context, e *engine.Engine, w work) (*plan.Plan, error) {
	prog := new(program)
	if w.prog != nil {
		prog = w.prog
	}
	w.what.Decide = prog.decide
	defer a.span("plan again")()
	p, err := a.bay.PlanAgain(ctx, e, prog.Program, w.what, w.plan)
	var over *interpreter.Overtaken
	switch {
	case errors.As(err, &over):
		if err := a.differ(over.Differences, w.all); err != nil {
			return nil, err
		}
		return nil, &failure{err: over, hint: "look at what is to be done now with `bay plan`, and apply that", code: exitStale}
	case err != nil:
		return nil, withSources(err, prog.sources)
	}
	return p, nil
}

// waiting says for whom the lock is waited for.
func (a *app) waiting(held *engine.Locked) {
	fmt.Fprintf(a.err, "Waiting for %s, who has locked stack %s for %s…\n", escape(held.Holder.String(), ""), escape(held.Holder.Stack, ""), held.Age)
}

// notLocked says of a lock that could not be had who holds it, and what to do.
func (a *app) notLocked(err error) error {
	var held *engine.Locked
	if !errors.As(err, &held) {
		return err
	}
	hint := "wait for it with --lock-timeout 5m\n" + unlockHint(held.Holder.Stack)
	return &failure{err: fmt.Errorf("nothing was changed: %w", held), hint: hint, code: exitLocked}
}

func unlockHint(stack string) string {
	return "if that bay is gone for good, `bay unlock --stack " + stack + "` frees the stack"
}

// lost says that an apply has ended since its lock did.
func (a *app) lost(r *apply.Report) {
	if r.Lost == nil {
		return
	}
	fmt.Fprintln(a.err)
	a.complain(r.Lost.Error(), "nothing more was sent, since another bay may be at work; see `bay plan` for where the stack stands")
}

func (a *app) unlockCmd() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "unlock [DIR]",
		Short: "Free a stack that a bay has locked which is gone for good",
		Long: `Apply, destroy and gc lock a stack on its engine while they change it. The lock
goes by itself when that bay ends, however it does: this is for the rare case in
which the engine cannot tell, such as a machine that is asleep or cut off.

Unlock shows who holds the lock, and asks. A bay that still runs begins nothing
more when its lock is gone, and leaves its work half done; the next apply goes
on from there.`,
		Example: `  bay unlock                  # the stack in this directory
  bay unlock --stack shop     # without the files
  bay unlock shop --yes       # without asking`,
		Args: atMost(1, "one DIR at most"),
		RunE: func(cmd *cobra.Command, args []string) error {
			prog, err := a.loadUnlessNamed(args)
			if err != nil {
				return err
			}
			stack := a.common.stack
			if prog != nil {
				stack = prog.Stack
			}
			return a.unlock(cmd.Context(), stack, yes)
		},
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}

func (a *app) unlock(ctx context.Context, stack string, yes bool) error {
	e, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer e.Close()
	held, err := e.Locked(ctx, stack)
	if err != nil {
		return err
	}
	if held == nil {
		_, err := fmt.Fprintf(a.out, "Stack %s is not locked on %s.\n", stack, a.host(e))
		return err
	}
	fmt.Fprintf(a.out, "Stack %s on %s has been locked for %s by %s.\n", stack, a.host(e), held.Age, escape(held.Holder.String(), ""))
	if !yes {
		if err := a.agree("If that bay still runs, it leaves its work half done. Free the stack? [y/N] ", yesses, "`bay unlock --yes` frees it without asking"); err != nil {
			return err
		}
	}
	if err := e.Unlock(ctx, held); err != nil {
		return err
	}
	_, err = fmt.Fprintln(a.out, "It is free.")
	return err
}

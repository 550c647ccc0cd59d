package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/verb"
	"bayplan/lang/diag"
	"bayplan/lang/ir"

	"github.com/spf13/cobra"
)

// actFlags is how containers are acted on.
type actFlags struct {
	lock  lockFlags
	grace int
	limit time.Duration
	sig   string
	after string // said when something was done; what the next apply makes of it
}

const actHelp = `Without an ADDRESS all containers of the stack are meant,
%s. What does not need another
goes side by side. The stack is locked meanwhile, as for an apply. Nothing changes
of what the program says.

` + aimHelp

func (a *app) stopCmd() *cobra.Command {
	o := actFlags{after: "the next `bay apply` starts again what its program wants to run"}
	cmd := a.actCmd(verb.Stop, &o, "Stop containers", "those that need others before these",
		"  bay stop\n  bay stop web\n  bay stop web[0] db --time 30")
	cmd.Flags().IntVarP(&o.grace, "time", "t", 0, "`SECONDS` that a container has before it is killed; -1 is no end; by default its own")
	return cmd
}

func (a *app) startCmd() *cobra.Command {
	o := actFlags{after: "where its program wants one not to run, the next `bay apply` stops it again"}
	cmd := a.actCmd(verb.Start, &o, "Start containers that do not run", "those that others need before these; a job runs again, too",
		"  bay start\n  bay start web db")
	cmd.Flags().DurationVar(&o.limit, "wait-timeout", time.Minute, "how long, as a `DURATION`, one may wait for what it needs, which has to be as the program says, or healthy where there are no files")
	return cmd
}

func (a *app) restartCmd() *cobra.Command {
	var o actFlags
	cmd := a.actCmd(verb.Restart, &o, "Stop and start containers", "those that others need before these",
		"  bay restart\n  bay restart web --time 0")
	cmd.Flags().IntVarP(&o.grace, "time", "t", 0, "`SECONDS` that a container has before it is killed; -1 is no end; by default its own")
	cmd.Flags().DurationVar(&o.limit, "wait-timeout", time.Minute, "how long, as a `DURATION`, one may wait for what it needs, which has to be as the program says, or healthy where there are no files")
	return cmd
}

func (a *app) killCmd() *cobra.Command {
	o := actFlags{after: "the next `bay apply` starts again what its program wants to run"}
	cmd := a.actCmd(verb.Kill, &o, "Send a signal to containers", "those that need others before these",
		"  bay kill web\n  bay kill web --signal SIGHUP")
	cmd.Flags().StringVarP(&o.sig, "signal", "s", "SIGKILL", "the `SIGNAL`, by its name or number")
	return cmd
}

func (a *app) pauseCmd() *cobra.Command {
	o := actFlags{after: "`bay unpause` lets it go on, and so does the next `bay apply` where its program wants it to run"}
	return a.actCmd(verb.Pause, &o, "Freeze containers", "those that need others before these", "  bay pause\n  bay pause worker")
}

func (a *app) unpauseCmd() *cobra.Command {
	var o actFlags
	return a.actCmd(verb.Unpause, &o, "Let paused containers go on", "those that others need before these", "  bay unpause\n  bay unpause worker")
}

// actCmd is the command of an act.
func (a *app) actCmd(act verb.Act, o *actFlags, short, order, example string) *cobra.Command {
	cmd := &cobra.Command{
		Use:     string(act) + " [ADDRESS...]",
		Short:   short,
		Long:    short + ".\n\n" + fmt.Sprintf(actHelp, order),
		Example: example,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts := verb.ActOptions{Signal: o.sig, Limit: o.limit, Parallelism: a.common.parallelism}
			if f := cmd.Flags().Lookup("time"); f != nil && f.Changed {
				opts.After = &o.grace
			}
			return a.act(cmd.Context(), act, *o, args, opts)
		},
	}
	o.lock.bind(cmd)
	cmd.ValidArgsFunction = a.completeAddrs(verb.Choice{Runs: true})
	return cmd
}

func (a *app) act(ctx context.Context, act verb.Act, o actFlags, words []string, opts verb.ActOptions) error {
	choice := verb.Choice{Runs: true, Words: words}
	at, objects, err := a.aimAt(ctx, choice)
	if err != nil {
		return err
	}
	defer at.engine.Close()
	if len(objects) == 0 {
		if err := a.nothing(at); err != nil {
			return err
		}
		return &failure{err: fmt.Errorf("stack %s has no containers", at.stack)}
	}
	ctx, off := context.WithCancel(ctx)
	defer off()
	opts.Edge = edgesOf(at.prog)
	opts.Tell = a.tellActed
	a.signals.during(off, func() {
		err = a.holding(ctx, at.engine, at.stack, "bay "+string(act), o.lock, func(l *engine.Lock) error {
			if err := a.survey(ctx, at); err != nil { // another bay may have been at work
				return err
			}
			if objects, err = a.choose(at, choice); err != nil {
				return err
			}
			opts.Held = l.Check
			return a.actedOn(verb.Perform(ctx, at.engine, act, at.all, objects, opts), o.after)
		})
	})
	return err
}

// edgesOf returns what a program says of two of its resources; nil where there is none.
func edgesOf(p *ir.Program) func(user, needed ir.Addr) verb.Edge {
	if p == nil {
		return nil
	}
	return func(user, needed ir.Addr) verb.Edge {
		for _, r := range p.Resources {
			if r.Addr != user {
				continue
			}
			for _, d := range r.Deps {
				if d.To == needed {
					return verb.Edge{Known: true, Cond: d.Cond, Limit: d.Limit}
				}
			}
		}
		return verb.Edge{}
	}
}

// tellActed prints how it went with one container.
func (a *app) tellActed(d verb.Acted) {
	addr := diag.Escape(d.Object.String())
	switch {
	case d.Err != nil:
		fmt.Fprintf(a.err, "  %s  %s\n", addr, a.paint(a.err, "31", "failed"))
	case d.Was != "":
		fmt.Fprintf(a.out, "  %s  %s\n", addr, a.paint(a.out, "2", d.Was))
	default:
		fmt.Fprintf(a.out, "  %s  %s in %s\n", addr, d.Done, duration(d.Took))
	}
}

// actedOn says how an act ended.
func (a *app) actedOn(all []verb.Acted, after string) error {
	var failed []error
	did, ours, left := false, false, []string{}
	for _, d := range all {
		switch {
		case d.Err != nil:
			failed = append(failed, d.Err)
		case d.Skipped:
			left = append(left, d.Object.String())
		case d.Done != "":
			did = true
			ours = ours || !d.Object.Once
		}
	}
	if ours && after != "" {
		fmt.Fprintf(a.out, "  %s %s\n", a.paint(a.out, "36", "note:"), after)
	}
	code := exitError
	if did {
		code = exitPartly
	}
	switch {
	case len(failed) == 0 && len(left) == 0:
		return nil
	case len(failed) == 0:
		return &failure{err: fmt.Errorf("interrupted: left as it was: %s", strings.Join(left, ", ")), code: exitInterrupted}
	}
	f := &failure{err: errors.Join(failed...), code: code}
	if len(left) > 0 {
		f.hint = "left as it was: " + strings.Join(left, ", ")
	}
	return f
}

package main

import (
	"context"

	"bayplan/interpreter/verb"

	"github.com/spf13/cobra"
)

type attachFlags struct {
	noStdin bool
	keys    string
}

func (a *app) attachCmd() *cobra.Command {
	var o attachFlags
	cmd := &cobra.Command{
		Use:   "attach ADDRESS",
		Short: "Talk to the process of a running container",
		Long: `Attach shows what the container's process prints from now on, and gives it what is
typed, where it has an input (stdin_open). It ends with the process, and with its
code. Where the process has a terminal of its own (tty), all keys go to it, Ctrl-C
too, and ctrl-p ctrl-q leaves it; else Ctrl-C leaves, and the process goes on.

` + aimHelp,
		Example: `  bay attach console
  bay attach worker --no-stdin`,
		Args:        exactlyOne,
		Annotations: map[string]string{passesOn: "true"},
		RunE:        func(cmd *cobra.Command, args []string) error { return a.attach(cmd.Context(), o, args[0]) },
	}
	cmd.Flags().BoolVar(&o.noStdin, "no-stdin", false, "give it nothing of what is typed")
	cmd.Flags().StringVar(&o.keys, "detach-keys", "", "the `KEYS` that leave it running; by default ctrl-p,ctrl-q")
	cmd.ValidArgsFunction = a.completeAddrs(verb.Choice{Runs: true})
	return cmd
}

// exactlyOne refuses all but one ADDRESS.
func exactlyOne(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return misuse("want one ADDRESS, got %q", args)
	}
	return nil
}

func (a *app) attach(ctx context.Context, o attachFlags, word string) error {
	at, obj, err := a.aimAtOne(ctx, verb.Choice{Runs: true, Words: []string{word}})
	if err != nil {
		return err
	}
	defer at.engine.Close()
	process, err := verb.ProcessOf(ctx, at.engine, obj)
	if err != nil {
		return err
	}
	in := process.Listens && !o.noStdin
	if err := a.fitForTTY(in && process.TTY); err != nil {
		return err
	}
	return a.converse(ctx, in, process.TTY, func(ctx context.Context, ends verb.Ends) (int, error) {
		return verb.Attach(ctx, at.engine, obj, o.keys, ends)
	})
}

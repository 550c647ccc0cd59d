package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"bayplan/interpreter/verb"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

type execFlags struct {
	interactive bool
	tty         bool
	cmd         verb.Command
}

func (a *app) execCmd() *cobra.Command {
	var o execFlags
	cmd := &cobra.Command{
		Use:   "exec [flags] ADDRESS [--] COMMAND [ARGUMENT...]",
		Short: "Run a command in a running container",
		Long: `Exec runs a command in a container that runs, and ends with the code that the
command ended with; 125 says that bay itself failed. Flags of bay stand before
ADDRESS: all that follows it is the command's. Nothing of what the command does
is known to a plan.

` + aimHelp,
		Example: `  bay exec web -- ls /data
  bay exec -it web sh                      # a shell; leave it running with ctrl-p ctrl-q
  bay exec -u 0 -w /tmp -e DEBUG=1 web env
  bay exec -i db psql < dump.sql`,
		Args:        atLeast(2, "an ADDRESS and a COMMAND"),
		Annotations: map[string]string{passesOn: "true"},
		RunE: func(cmd *cobra.Command, args []string) error {
			o.cmd.Words = args[1:]
			switch word := o.cmd.Words[0]; {
			case word == "--":
				o.cmd.Words = o.cmd.Words[1:]
			case strings.HasPrefix(word, "-"):
				return misuse("the command begins with %s: flags of bay exec stand before ADDRESS", word)
			}
			if len(o.cmd.Words) == 0 {
				return misuse("want a COMMAND to run")
			}
			return a.exec(cmd.Context(), o, args[0])
		},
	}
	f := cmd.Flags()
	f.SetInterspersed(false)
	f.BoolVarP(&o.interactive, "interactive", "i", false, "give the command what comes in here")
	f.BoolVarP(&o.tty, "tty", "t", false, "give the command a terminal")
	f.BoolVarP(&o.cmd.Detached, "detach", "d", false, "begin the command, and do not wait for it")
	f.StringVarP(&o.cmd.User, "user", "u", "", "as this `USER[:GROUP]`; by default the container's")
	f.StringVarP(&o.cmd.Dir, "workdir", "w", "", "in this `DIRECTORY` of the container")
	f.StringArrayVarP(&o.cmd.Env, "env", "e", nil, "`NAME=VALUE`, or NAME for its value here; may be repeated")
	f.BoolVar(&o.cmd.Privileged, "privileged", false, "with all rights")
	f.StringVar(&o.cmd.DetachKeys, "detach-keys", "", "the `KEYS` that leave the command running; by default ctrl-p,ctrl-q")
	cmd.ValidArgsFunction = a.completeAddrs(verb.Choice{Runs: true})
	return cmd
}

func (a *app) exec(ctx context.Context, o execFlags, word string) error {
	var err error
	if o.cmd.Env, err = a.envOf(o.cmd.Env); err != nil {
		return err
	}
	if err := a.fitForTTY(o.tty && o.interactive && !o.cmd.Detached); err != nil {
		return err
	}
	at, obj, err := a.aimAtOne(ctx, verb.Choice{Runs: true, Words: []string{word}})
	if err != nil {
		return err
	}
	defer at.engine.Close()
	return a.converse(ctx, o.interactive && !o.cmd.Detached, o.tty, func(ctx context.Context, ends verb.Ends) (int, error) {
		return verb.Exec(ctx, at.engine, obj, o.cmd, ends)
	})
}

// envOf returns variables with their values; one without a value has that of
// bay's own environment, and is left out if it is not set there.
func (a *app) envOf(given []string) ([]string, error) {
	var out []string
	for _, e := range given {
		name, _, said := strings.Cut(e, "=")
		switch {
		case name == "":
			return nil, misuse("--env wants NAME=VALUE") // without what was given: it may be a secret
		case said:
			out = append(out, e)
		case a.getenv(name) != "":
			out = append(out, name+"="+a.getenv(name))
		}
	}
	return out, nil
}

// fitForTTY refuses a terminal where there is none to type on.
func (a *app) fitForTTY(wanted bool) error {
	in, ok := a.in.(*os.File)
	if !wanted || ok && isTerminal(in) {
		return nil
	}
	return &failure{err: errors.New("the input device is not a TTY"), hint: "leave -t away where no terminal is: `bay exec -i`"}
}

// converse lets people talk to a process with f, on the terminal as it is, or
// raw where the process has one of its own, and puts that back however it ends.
// The process's code is the command's.
func (a *app) converse(ctx context.Context, in, tty bool, f func(context.Context, verb.Ends) (int, error)) error {
	return a.converseWith(ctx, in, tty, "what runs in the container goes on", f)
}

// converseWith is converse with what is said of a process that was left.
func (a *app) converseWith(ctx context.Context, in, tty bool, goesOn string, f func(context.Context, verb.Ends) (int, error)) error {
	ctx, off := context.WithCancel(ctx)
	defer off()
	ends := verb.Ends{Out: a.out.file, Err: a.err.file, TTY: tty, Size: a.terminalSize}
	restore := func() {}
	if in {
		ends.In = a.in
	}
	if tty {
		resized := make(chan os.Signal, 1)
		signal.Notify(resized, syscall.SIGWINCH)
		defer signal.Stop(resized)
		ends.Resized = told(ctx, resized)
		if in {
			var err error
			if restore, err = a.raw(); err != nil {
				return err
			}
		}
	}
	defer restore()
	code, err := 0, error(nil)
	a.signals.leaving(restore)
	defer a.signals.leaving(nil)
	a.signals.during(off, func() { code, err = f(ctx, ends) })
	restore()
	switch {
	case errors.Is(err, verb.ErrLeft) && ctx.Err() != nil:
		fmt.Fprintln(a.err, "\nleft; "+goesOn)
		return ended(exitInterrupted)
	case errors.Is(err, verb.ErrLeft):
		fmt.Fprintln(a.err, "\nleft; "+goesOn)
		return nil
	case err != nil:
		return err
	case code != 0:
		return ended(code)
	}
	return nil
}

// told hands signals on as what can be seen of them.
func told(ctx context.Context, from <-chan os.Signal) <-chan struct{} {
	to := make(chan struct{})
	go func() {
		for {
			select {
			case <-from:
				select {
				case to <- struct{}{}:
				case <-ctx.Done():
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return to
}

// terminalSize is that of the terminal that somebody looks at.
func (a *app) terminalSize() (rows, columns uint) {
	w, h := a.out.size()
	return uint(max(h, 0)), uint(max(w, 0))
}

// raw hands all keys on as they are typed. The terminal is put back by what it
// returns, which can be called twice.
func (a *app) raw() (restore func(), err error) {
	in, ok := a.in.(*os.File)
	if !ok || !isTerminal(in) {
		return func() {}, nil
	}
	before, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return nil, fmt.Errorf("setting the terminal: %w", err)
	}
	return func() { _ = term.Restore(int(in.Fd()), before) }, nil // a terminal that is gone needs nothing
}

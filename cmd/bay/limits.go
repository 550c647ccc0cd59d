package main

import (
	"errors"
	"fmt"
	"strings"

	"bayplan/interpreter/evaluate"

	"github.com/spf13/cobra"
)

// inProcess is the environment variable by which bay evaluates within itself.
const inProcess = "BAY_EVALUATE_IN_PROCESS"

// apart says how programs are evaluated: in a process of their own, unless
// somebody has said that none can be had.
func apart(getenv func(string) string) *evaluate.Options {
	if getenv(inProcess) == "1" {
		return nil
	}
	return new(evaluate.Options)
}

// noChild says what to do where no process can be started.
func noChild(err error) error {
	if none, ok := errors.AsType[*evaluate.NoChild](err); ok {
		return &failure{
			err:  none,
			hint: "bay starts itself once more for that, and nothing was evaluated\nfor programs that you trust, " + inProcess + "=1 evaluates without it, and without limits of memory and time",
		}
	}
	return err
}

func (a *app) limitsCmd() *cobra.Command {
	l := evaluate.Default()
	cmd := &cobra.Command{
		Use:   "limits",
		Short: "What a program may take while it is evaluated",
		Long: fmt.Sprintf(`A program is evaluated in a process of its own, which bay starts and which ends
with it. It may hold %d MiB of memory and take %v of the processor. What would take
more ends in an error that says where it was; so does what has not ended after %v,
or after %v with a quarter of its processor time. Of this machine it sees the files
below the stack's directory that it asks for (regular ones, 1 MiB each, 64 MiB
together) and the inputs that it declares (--var, --var-file, BAY_VAR_name), which
reach it through a pipe and stand in no command line. Each file that bay fmt formats
has such a process and such limits, too.

On Linux, amd64 and arm64, the kernel holds it to that: it can open no file and no
socket, and start no process. On other systems it has an empty environment, and
limits of processor time and open files; of memory it is its own guard.

Where no process can be started, nothing is evaluated. %s=1
evaluates in bay itself: a program that asks for too much then takes bay with it.`, l.Live>>20, l.Time, l.Clock, l.Clock/4, inProcess),
	}
	help := cmd.HelpFunc()
	cmd.SetHelpFunc(func(c *cobra.Command, args []string) {
		help(c, args)
		fmt.Fprintf(a.out, "%s\n", a.here())
	})
	return cmd
}

// here says what of the limits this machine has.
func (a *app) here() string {
	if a.bay.Apart == nil {
		return "Here programs are evaluated in bay itself, without any of that."
	}
	return holding(evaluate.Weak(*a.bay.Apart))
}

// holding says it of what a process has found.
func holding(weak []string, err error) string {
	switch {
	case err != nil:
		return fmt.Sprintf("Here none of that can be had: %v.", err)
	case len(weak) > 0:
		return "All of that holds here but for what this system refuses:\n  " + strings.Join(weak, "\n  ")
	}
	return "All of that holds here."
}

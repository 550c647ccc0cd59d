package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"bayplan/interpreter"
	"bayplan/interpreter/apply"
	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/interpreter/plan"
	"bayplan/interpreter/verb"
	"bayplan/lang/diag"
	"bayplan/lang/ir"

	"github.com/spf13/cobra"
)

type runFlags struct {
	interactive bool
	tty, noTTY  bool
	detached    bool
	remove      bool
	build       bool
	entry       string
	keys        string
	once        kind.OneOff
}

func (a *app) runCmd() *cobra.Command {
	var o runFlags
	cmd := &cobra.Command{
		Use:   "run [flags] ADDRESS [--] [COMMAND [ARGUMENT...]]",
		Short: "Run a command once in a container of its own, made as a resource says",
		Long: `Run makes a container after one of the program's, beside it, runs COMMAND in it (or
what the program runs), takes it away again, and ends with the code that it ended
with; 125 says that bay itself failed. It has the image, environment, files, mounts,
networks, user and limits that the program says now, applied or not, sensitive
inputs too, which are asked for. It has none of what would make it the one that
serves: no ports, fixed addresses, aliases or labels, no healthcheck and no restart.

Nothing else is made, pulled or started, nor built without --build: what it stands on
has to be there, and run says what is not. What is made is none of the stack's
objects: no plan counts it. ` + "`bay ps`" + ` shows it; ` + "`bay logs`" + `, ` + "`bay exec`" + ` and
others take its name; ` + "`bay gc`" + ` takes away one that a killed bay has left, and
` + "`bay destroy`" + ` all of them.

The command has your input and, on a terminal, one of its own, as long as neither
is taken away by -T, -d or a pipe. Without a terminal Ctrl-C goes to the command;
a second one stops it, a third one kills it. Flags of bay stand before ADDRESS.

ADDRESS is as plans print it, or short where that is clear: web["0"], web[0], db for
what is called "this" in module.db.`,
		Example: `  bay run web sh                              # a shell, with all that web has
  bay run web -- ./manage migrate
  bay run --build web ./check                 # with the image as its files are now
  bay run -e DEBUG=1 -v ./fixtures:/fixtures:ro web ./load /fixtures
  bay run --entrypoint "" web /bin/ls -l /data
  bay run -P web                              # with web's own ports
  bay run -T db pg_dump shop > shop.sql
  bay run -d --name nightly worker ./nightly  # and bay logs -f nightly`,
		Args:        atLeast(1, "an ADDRESS"),
		Annotations: map[string]string{passesOn: "true"},
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("entrypoint") {
				o.once.Entry = &o.entry
			}
			words := args[1:]
			switch {
			case len(words) == 0:
			case words[0] == "--":
				words = words[1:]
			case words[0] == "-C" || words[0] == "--dir":
				return misuse("%s stands where the command does: flags of bay run stand before ADDRESS, and -- before a command that begins so", words[0])
			}
			if len(words) > 0 {
				o.once.Words = words
			}
			return a.runOnce(cmd.Context(), o, args[0])
		},
	}
	f := cmd.Flags()
	f.SetInterspersed(false)
	f.BoolVarP(&o.interactive, "interactive", "i", true, "give the command what comes in here; -i=false does not")
	f.BoolVarP(&o.tty, "tty", "t", false, "give the command a terminal; by default if this is one")
	f.BoolVarP(&o.noTTY, "no-tty", "T", false, "give the command no terminal")
	f.BoolVarP(&o.detached, "detach", "d", false, "print the container's name, and do not wait for it")
	f.BoolVar(&o.build, "build", false, "build its image before, if something of that has moved, as bay build does")
	f.BoolVar(&o.remove, "rm", true, "take the container away when it has ended; --rm=false keeps it for a look")
	f.StringVar(&o.once.Name, "name", "", "the container's `NAME` on the engine; by default that of the resource, with -run- and something random")
	f.StringArrayVarP(&o.once.Env, "env", "e", nil, "`NAME=VALUE`, or NAME for its value here, over the program's; may be repeated")
	f.StringVarP(&o.once.User, "user", "u", "", "as this `USER[:GROUP]`")
	f.StringVarP(&o.once.Dir, "workdir", "w", "", "in this `DIRECTORY` of the container")
	f.StringVar(&o.entry, "entrypoint", "", "the `PROGRAM` that runs the command, in the place of the resource's and of its command; \"\" is none")
	f.StringArrayVarP(&o.once.Volumes, "volume", "v", nil, "mount `SOURCE:TARGET[:ro]`, a path here or a volume of the engine, over the program's; may be repeated")
	f.StringArrayVarP(&o.once.Ports, "publish", "p", nil, "publish `[HOST:]PORT`; may be repeated")
	f.BoolVarP(&o.once.AllPorts, "service-ports", "P", false, "publish the resource's own ports too")
	f.StringVar(&o.keys, "detach-keys", "", "the `KEYS` that leave the command running; by default ctrl-p,ctrl-q")
	cmd.MarkFlagsMutuallyExclusive("tty", "no-tty", "detach")
	cmd.ValidArgsFunction = a.completeDeclared(verb.Choice{Runs: true})
	return cmd
}

// terminal decides whether the command has a terminal, and its input.
func (o *runFlags) terminal(a *app) error {
	in, ok := a.in.(*os.File)
	typed := ok && isTerminal(in)
	if err := a.fitForTTY(o.tty && o.interactive); err != nil {
		return err
	}
	o.once.Listens = o.interactive && !o.detached
	o.once.TTY = o.tty || !o.noTTY && !o.detached && typed && a.out.terminal && o.interactive
	return nil
}

func (a *app) runOnce(ctx context.Context, o runFlags, word string) error {
	var err error
	if o.once.Env, err = a.envOf(o.once.Env); err != nil {
		return err
	}
	if err := o.terminal(a); err != nil {
		return err
	}
	if o.once.Base, err = os.Getwd(); err != nil {
		return err
	}
	prog, err := a.load(a.where(nil), false)
	if err != nil {
		return err
	}
	r, _, err := a.declaredAs(prog.Program, word, true)
	if err != nil {
		return err
	}
	if o.build {
		if err := a.buildFor(ctx, prog, r); err != nil {
			return err
		}
	}
	random := make([]byte, 4)
	_, _ = rand.Read(random) // never fails: it crashes the program instead
	run := hex.EncodeToString(random)
	if o.once.Name == "" {
		o.once.Name = r.Name + "-run-" + run
	}
	if o.once.Kept = !o.remove; !o.detached {
		o.once.Holder = engine.HolderOf(prog.Stack, run, "bay run", built().Version)
	}
	e, p, err := a.planWithin(ctx, 0, prog, interpreter.PlanOptions{Mode: plan.Once, Of: r.Addr, OneOff: o.once, Offline: true})
	if err != nil {
		return err
	}
	defer e.Close()
	_ = diag.Write(a.err, p.Notes, prog.sources, a.color(a.err)) // a warning that nobody can read stops nothing
	obj := verb.Object{Stack: prog.Stack, Addr: r.Addr, Name: o.once.Name, ID: o.once.Name, Runs: true}
	if err := a.makeOnce(ctx, e, p, obj); err != nil {
		return err
	}
	if o.detached {
		if err := a.started(verb.Launch(ctx, e, obj)); err != nil {
			return err
		}
		_, err := fmt.Fprintln(a.out, diag.Escape(obj.Name))
		return err
	}
	return a.attend(ctx, e, obj, o)
}

// buildFor builds what a resource needs, as bay build does. What it says goes beside
// what the command will.
func (a *app) buildFor(ctx context.Context, prog *program, r *ir.Resource) error {
	what := interpreter.PlanOptions{Mode: plan.Apply, Part: plan.Part{Task: kind.Build}}
	for _, addr := range a.bay.Builds(prog.Program, r) {
		pattern, err := ir.ParsePattern(addr.String())
		if err != nil {
			panic("bay: an address is no pattern: " + err.Error())
		}
		what.Part.Target = append(what.Part.Target, pattern)
	}
	if len(what.Part.Target) == 0 {
		return nil
	}
	e, p, err := a.planWithin(ctx, 0, prog, what)
	if err != nil {
		return err
	}
	defer e.Close()
	if p.Empty() {
		return nil
	}
	out := a.out
	a.out = a.err
	err = a.carryOut(ctx, e, work{plan: p, prog: prog, what: what})
	a.spool.flush()
	a.out = out
	var end ended
	switch {
	case errors.As(err, &end) && end != exitInterrupted:
		return ended(exitOwn) // the codes of an apply would read as the command's
	case err != nil:
		return err
	}
	fmt.Fprintln(a.err)
	return nil
}

// makeOnce makes what a plan of a one-off says. It is not begun yet.
func (a *app) makeOnce(ctx context.Context, e *engine.Engine, p *plan.Plan, obj verb.Object) error {
	ctx, off := context.WithCancel(ctx)
	defer off()
	var report *apply.Report
	a.signals.during(off, func() { report = a.bay.Apply(ctx, e, p, apply.Options{}) })
	switch {
	case len(report.Failed) > 0:
		return a.notMade(obj, report.Failed[0].Err)
	case ctx.Err() != nil:
		_ = verb.Drop(ctx, e, obj) // `bay gc` finds it
		return context.Canceled
	}
	return nil
}

// notMade says why a one-off could not be made.
func (a *app) notMade(obj verb.Object, err error) error {
	var call *apply.CallError
	if errors.As(err, &call) {
		err = call.Err
	}
	f := &failure{err: fmt.Errorf("making a one-off of %s: %w", obj.Addr, err)}
	var stale *apply.Stale
	if errors.As(err, &stale) {
		switch arg := stale.Fact.Read.Arg; {
		case stale.Fact.Absent:
			f.err, f.hint = fmt.Errorf("there is a container %s already", arg), "choose another --name"
		case stale.Gone:
			f.err, f.hint = fmt.Errorf("making a one-off of %s: there is no %s on the engine", obj.Addr, arg), "`bay apply` makes what the program declares; anything else is to be there before"
		}
	}
	return f
}

// started gives the error of a process that could not be started its code.
func (a *app) started(err error) error {
	var not *verb.NotStarted
	if !errors.As(err, &not) || not.Code == 0 {
		return err
	}
	a.complain(err.Error(), "")
	return ended(not.Code)
}

// attend starts a one-off and stays with it.
func (a *app) attend(ctx context.Context, e *engine.Engine, obj verb.Object, o runFlags) error {
	signal.Ignore(syscall.SIGPIPE) // where nobody reads any more, the command has to be ended before
	a.signals.passing(a.onwards(ctx, e, obj, o.once.TTY))
	defer a.signals.passing(nil)
	goesOn := "container " + diag.Escape(obj.Name) + " goes on, and is removed when it ends"
	if o.once.Kept {
		goesOn = "container " + diag.Escape(obj.Name) + " goes on"
	}
	err := a.converseWith(ctx, o.once.Listens, o.once.TTY, goesOn, func(ctx context.Context, ends verb.Ends) (int, error) {
		return verb.Run(ctx, e, obj, o.once.Kept, o.keys, ends)
	})
	if errors.Is(err, syscall.EPIPE) {
		return ended(128 + int(syscall.SIGPIPE))
	}
	return a.started(err)
}

// onwards hands signals to a one-off: Ctrl-C as it is; where that does not end it,
// and where somebody wants bay to end, it is stopped, and then killed. After that
// bay leaves it.
func (a *app) onwards(ctx context.Context, e *engine.Engine, obj verb.Object, tty bool) func(os.Signal) bool {
	var came atomic.Int32
	return func(sig os.Signal) bool {
		n := came.Add(1)
		if sig != os.Interrupt || tty {
			n++
		}
		switch n {
		case 1:
			go func() {
				_ = verb.Signal(ctx, e, obj, syscall.SIGINT) // the next one does more
				time.Sleep(2 * time.Second)
				if came.Load() == 1 {
					fmt.Fprintln(a.err, "\nthe command goes on after Ctrl-C; another one stops it")
				}
			}()
		case 2, 3:
			go func() { _ = verb.End(ctx, e, obj, n == 3) }()
		default:
			return false
		}
		return true
	}
}

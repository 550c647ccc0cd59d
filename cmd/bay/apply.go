package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"bayplan/interpreter"
	"bayplan/interpreter/apply"
	"bayplan/interpreter/engine"
	"bayplan/interpreter/plan"
	"bayplan/interpreter/show"
	"bayplan/lang/ir"

	"github.com/spf13/cobra"
)

func (a *app) applyCmd() *cobra.Command {
	var o applyFlags
	cmd := &cobra.Command{
		Use:   "apply [DIR | FILE [DIR]]",
		Short: "Show the plan, ask, and do exactly that",
		Long: `Apply shows the same plan as "bay plan", asks whether you agree, and sends the
calls that the plan holds. Right before each step it looks again at what the
step relied on. A replacement that does not become ready is taken back, and the
old container runs on.

FILE is a plan that "bay plan --out FILE" has saved. Apply evaluates the program
again, in DIR or else where it was planned, with the inputs that the file
records; sensitive ones are not in it and are taken anew. It plans anew, and
carries the plan out without a question if it is the same to the last byte; if
not, it says what differs, changes nothing and ends with 12. Where data goes
for good, it asks all the same.

Ctrl-C begins nothing new, finishes or takes back what has begun, and says what
is done and what is not; a second one leaves at once. Either way the next apply
goes on from there. SIGTERM and SIGHUP are as Ctrl-C.

` + partHelp + `

Where most of the stack would go, since the program no longer has it, the number
has to be typed, or given as --confirm-remove; --yes is not enough for that.`,
		Example: `  bay apply                         # the stack in this directory
  bay apply shop --yes              # without asking
  bay apply --var replicas=5
  bay apply --target container.web  # only that, and what it needs
  bay apply --restart 'container.*' # restart all containers
  bay apply --yes --json            # what happens, for programs; see "Events" in REFERENCE.md
  bay apply next.plan               # what bay plan --out next.plan has saved
  bay apply --engine ssh://me@host  # on another machine`,
		Args: atMost(2, "DIR, or FILE and DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if isSaved(args) {
				return a.applySaved(cmd.Context(), args, o)
			}
			if len(args) > 1 {
				return misuse("%s is no saved plan, and only after one comes a DIR", args[0])
			}
			return a.apply(cmd.Context(), a.where(args), o)
		},
	}
	cmd.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	cmd.Flags().BoolVarP(&o.verbose, "verbose", "v", false, "the calls, and values in full")
	cmd.Flags().BoolVar(&o.noRollback, "no-rollback", false, "leave a replacement that fails as it is, for a look")
	cmd.Flags().StringVar(&o.confirm, "confirm", "", "agree to losing data: the `NAME` of the stack")
	cmd.Flags().IntVar(&o.remove, "confirm-remove", 0, "agree to removing most of a stack: `N` objects")
	o.data.bind(a, cmd)
	o.part.bind(cmd)
	a.patternFlags(cmd, "target", "exclude", "replace", "restart")
	o.from.bind(cmd)
	a.feed.bind(cmd)
	o.lock.bind(cmd)
	return a.measured(cmd)
}

// applyFlags is what apply removes beside the plan, and how it is agreed to.
type applyFlags struct {
	yes, verbose bool
	noRollback   bool
	confirm      string
	remove       int // how many objects it may remove where that is most of a stack; 0 is not said
	data         dataFlags
	part         partFlags
	from         fromFlags
	lock         lockFlags
}

// dataFlags are the words without which no data is lost, and nobody else's
// container is touched.
type dataFlags struct {
	remove, replace []string
	foreign         bool
}

func (d *dataFlags) bind(a *app, cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&d.remove, "remove-volume", nil, "remove a volume that the files no longer have, and its data: its `ADDRESS`")
	f.StringArrayVar(&d.replace, "replace-volume", nil, "make a volume anew that has changed, and lose its data: its `ADDRESS`")
	flagFunc(cmd, "remove-volume", a.completeData(false))
	flagFunc(cmd, "replace-volume", a.completeData(true))
	f.BoolVar(&d.foreign, "reconnect-foreign", false, "where a network is made anew, connect again what is not the program's")
}

// any reports whether one of them was said.
func (d *dataFlags) any() bool { return len(d.remove) > 0 || len(d.replace) > 0 || d.foreign }

// into says it to a plan.
func (d *dataFlags) into(o *interpreter.PlanOptions) (err error) {
	o.Reconnect = d.foreign
	if o.Remove, err = addresses("--remove-volume", d.remove); err != nil {
		return err
	}
	o.ReplaceData, err = addresses("--replace-volume", d.replace)
	return err
}

func addresses(flag string, texts []string) ([]ir.Addr, error) {
	var out []ir.Addr
	for _, text := range texts {
		a, err := ir.ParseAddr(text)
		if err != nil {
			return nil, misuse("%s: %v", flag, err)
		}
		out = append(out, a)
	}
	return out, nil
}

func (a *app) apply(ctx context.Context, path string, o applyFlags) error {
	what := interpreter.PlanOptions{Mode: plan.Apply}
	if err := o.data.into(&what); err != nil {
		return err
	}
	if err := o.part.into(&what); err != nil {
		return err
	}
	o.from.into(&what)
	arrive, leave := a.setOut(ctx, o.lock.timeout)
	defer leave()
	prog, err := a.load(path, false)
	if err != nil {
		return err
	}
	e, p, err := a.planOn(ctx, arrive, prog, what)
	if err != nil {
		return err
	}
	defer e.Close()
	if err := a.announce(e, prog, p, o.verbose, o.yes); err != nil {
		return err
	}
	if p.Empty() {
		return a.outputs(interpreter.Outputs(ctx, e, p))
	}
	if err := a.agreeApply(p, a.host(e), o); err != nil {
		return err
	}
	return a.carryOut(ctx, e, work{p, prog, what, o.lock, o.noRollback, o.verbose})
}

// agreeApply asks before a plan is applied.
func (a *app) agreeApply(p *plan.Plan, host string, o applyFlags) error {
	if err := a.agreeMost(p, host, o); err != nil {
		return err
	}
	if n := show.CountsOf(p).VolumesRemoved; n > 0 || o.confirm != "" {
		return a.agreeLoss(p, o.confirm, o.yes, fmt.Sprintf("This applies the changes to stack %s on %s, and the data of %s is lost for good.", p.Stack, host, show.Plural(n, "volume")))
	}
	if o.yes || p.MostGo() > 0 { // that has been agreed to
		return nil
	}
	question := fmt.Sprintf("Apply these changes to stack %s on %s? [y/N] ", p.Stack, host)
	return a.agree(question, yesses, "`bay apply --yes` applies without asking")
}

// agreeLoss asks before data goes: the stack's name has to be typed, or given
// as --confirm. what says what happens.
func (a *app) agreeLoss(p *plan.Plan, confirm string, yes bool, what string) error {
	hint := "agree with --confirm " + p.Stack
	switch {
	case confirm == p.Stack:
		return nil
	case confirm != "":
		return &failure{err: fmt.Errorf("nothing was changed: --confirm says %q, and the stack is %q", confirm, p.Stack)}
	case yes:
		return &failure{err: errors.New("nothing was changed: data would go, and --yes is not enough for that"), hint: hint}
	}
	return a.agree(what+"\nType the name of the stack to agree: ", []string{p.Stack}, hint)
}

// yesses are the answers that agree.
var yesses = []string{"y", "yes"}

// agree asks a question on the terminal. Without one it is not agreed.
func (a *app) agree(question string, answers []string, without string) error {
	if a.feed.json {
		return &failure{err: errors.New("nothing was changed: with --json nobody is asked"), hint: without}
	}
	if in, ok := a.in.(interface{ Fd() uintptr }); !ok || !isTerminal(in) || !a.err.terminal {
		return &failure{err: errors.New("nothing was changed: there is no terminal on which to ask"), hint: without}
	}
	fmt.Fprintf(a.err, "\n%s", question)
	line, err := bufio.NewReader(a.in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("reading the answer: %w", err)
	}
	for _, y := range answers {
		if strings.EqualFold(strings.TrimSpace(line), y) {
			return nil
		}
	}
	if err != nil {
		fmt.Fprintln(a.err) // the line has no end
	}
	return &failure{err: errors.New("not agreed, nothing was changed")}
}

// carryOut applies a plan under the stack's lock, shows how it goes, and says
// how it ended.
func (a *app) carryOut(ctx context.Context, e *engine.Engine, w work) error {
	ctx, off := context.WithCancel(ctx)
	defer off()
	r := new(apply.Report) // of an apply that had nothing to do any more
	var err error
	a.detach()
	a.signals.during(off, func() {
		err = a.locked(ctx, e, w, func(p *plan.Plan, l *engine.Lock) {
			fmt.Fprintln(a.out)
			view, done := a.progress(p, w.all), a.span("apply")
			r = a.bay.Apply(ctx, e, p, apply.Options{Parallelism: a.common.parallelism, Held: l.Check, NoRollback: w.keep, Decide: w.unmet, Events: func(ev apply.Event) {
				a.feed.event(ev)
				view.event(ev)
			}})
			a.feed.report = r
			view.close()
			done()
			a.ran(p, r)
			a.slowest(view.ended, r.Took)
			a.critical(p, r)
			a.summary(p, r)
			a.standing(r)
			_ = a.outputs(r.Outputs) // that nobody reads does not change how it ended
		})
	})
	if err != nil {
		return err
	}
	if code := codeOf(r); code != exitDone {
		return ended(code)
	}
	return nil
}

// outputs prints the values of outputs below what was said before.
func (a *app) outputs(values map[string]ir.Value) error {
	a.feed.outputs = values
	if len(values) == 0 {
		return nil
	}
	fmt.Fprintln(a.out)
	return show.Outputs(a.out, values, a.look())
}

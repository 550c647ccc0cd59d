package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"bayplan/interpreter"
	"bayplan/interpreter/apply"
	"bayplan/interpreter/engine"
	"bayplan/interpreter/plan"
	"bayplan/interpreter/show"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/load"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// app is one run of the command.
type app struct {
	bay      *interpreter.Bay
	in       io.Reader
	out, err screen
	getenv   func(string) string
	signals  *signals
	common   common
	feed     feed
	mask     diag.Mask // of what is sensitive in this run
	spool    spool     // of what is said once it is agreed that something changes
	measure  measure
}

// common is the flags that all commands have.
type common struct {
	vars        []string
	varFiles    []string
	dir         string // "" is not said
	stack       string
	engine      string
	noColor     bool
	parallelism int
}

// run runs the command line and returns the exit code.
func (a *app) run(args []string) (code int) {
	defer func() {
		if bug := recover(); bug != nil {
			code = a.endFeed(a.reportBug(bug, debug.Stack()), fmt.Errorf("this is a bug in bay: %v", bug))
		}
	}()
	if completing(args) {
		defer time.AfterFunc(completeAtMost, giveUp).Stop()
	}
	a.out.mask, a.err.mask, a.feed.mask = &a.mask, &a.mask, &a.mask
	root := a.root()
	root.SetArgs(args)
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	cmd, err := root.ExecuteC()
	code = a.report(cmd, err)
	if own := new(ended); code != exitDone && code != exitInterrupted && cmd.Annotations[passesOn] != "" && !errors.As(err, own) {
		code = exitOwn
	}
	return a.endFeed(code, err)
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "bay",
		Short: "Plan and apply stacks of Docker containers, from HCL or Starlark",
		Long: `Bayplan keeps a stack of Docker images, containers, volumes and networks as
files say it is: *.bay.hcl in HCL, or main.bay.star in Starlark.

  bay init            begin a stack from a template
  bay plan            show what would change, and change nothing
  bay apply           show it, ask, and do exactly that
  bay destroy         take the stack away; volumes stay unless you say so

DIR is the directory of the stack, by default the one you are in. Where it has
a body in both languages, name one: bay plan DIR/main.bay.star
All commands take it as -C DIR too.

No Docker here? bay plan --engine embedded uses an engine inside of bay.`,
		Example: `  bay init shop && cd shop          # a first stack
  bay plan                          # what would be made
  bay apply                         # make it
  bay ps                            # what runs
  bay logs web -f                   # what it prints
  bay exec web -- wget -qO- localhost
  bay destroy                       # take it away; volumes stay`,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			if a.common.parallelism < 1 {
				return misuse("--parallelism is %d, want at least 1", a.common.parallelism)
			}
			return a.quiet()
		},
		Args: knownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	f := root.PersistentFlags()
	f.StringArrayVar(&a.common.vars, "var", nil, "value of a variable, as `NAME=VALUE`; may be repeated")
	f.StringArrayVar(&a.common.varFiles, "var-file", nil, "values of variables from `FILE`: *.hcl, *.json, *.env or .env.*; may be repeated, later ones win")
	f.StringVarP(&a.common.dir, "dir", "C", "", "`DIR` of the stack's files, by default the one you are in; a DIR or PATH behind it counts from there")
	f.StringVar(&a.common.stack, "stack", "", "`NAME` of the stack, instead of the one in the files")
	f.StringVar(&a.common.engine, "engine", "", "Docker engine: a `HOST` such as ssh://me@host, a docker context, or embedded")
	f.BoolVar(&a.common.noColor, "no-color", false, "no colours; NO_COLOR does the same")
	f.IntVar(&a.common.parallelism, "parallelism", apply.DefaultParallelism, "steps at once, `N` at most")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return wrongFlag(err) })
	group(root, "The main job:", a.planCmd(), a.showCmd(), a.applyCmd(), a.destroyCmd(), a.gcCmd())
	group(root, "Images:", a.pullCmd(), a.buildCmd(), a.pushCmd(), a.updateCmd())
	group(root, "What lives:", a.psCmd(), a.logsCmd(), a.statsCmd(), a.topCmd(), a.portCmd(), a.eventsCmd(), a.inspectCmd(), a.imagesCmd(), a.volumesCmd(), a.networksCmd(), a.diffCmd(), a.whyCmd(), a.lsCmd())
	group(root, "What runs:", a.startCmd(), a.stopCmd(), a.restartCmd(), a.killCmd(), a.pauseCmd(), a.unpauseCmd(), a.waitCmd(), a.execCmd(), a.attachCmd(), a.runCmd(), a.cpCmd())
	group(root, "Around it:", a.initCmd(), a.validateCmd(), a.fmtCmd(), a.graphCmd(), a.outputCmd(), a.unlockCmd(), a.docCmd(), a.functionsCmd(), a.completionCmd(), a.versionCmd())
	root.AddCommand(exitCodesCmd(), a.limitsCmd(), a.completeBashCmd(), a.pagesCmd())
	root.CompletionOptions.DisableDefaultCmd = true
	a.completions(root)
	helpCmd(root)
	return root
}

// wrongFlag says in our words what a flag wants that was given something else.
func wrongFlag(err error) error {
	var wrong *pflag.InvalidValueError
	if !errors.As(err, &wrong) {
		return misuse("%v", err)
	}
	want, ok := map[string]string{
		"int": "a whole number", "int64": "a whole number", "uint": "a whole number, not below 0", "bool": "true or false",
		"duration": `a time such as "30s" or "5m"`,
	}[wrong.GetFlag().Value.Type()]
	if !ok {
		return misuse("%v", err)
	}
	return misuse("--%s is %q, want %s", wrong.GetFlag().Name, wrong.GetValue(), want)
}

// helpCmd says in our words what cobra's command for help does.
func helpCmd(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	for _, c := range root.Commands() {
		if c.Name() == "help" {
			c.Use, c.Short, c.GroupID = "help [COMMAND]", "Print the help of a command, or of a topic", "Around it:"
			c.Long = "Help prints what a command does, with examples and its flags, as --help does behind\nthe command. Two topics are no commands: exit-codes and limits."
			c.Example = "  bay help plan\n  bay help exit-codes\n  bay exec --help"
		}
	}
}

// group adds commands that help shows under one title.
func group(root *cobra.Command, title string, cmds ...*cobra.Command) {
	root.AddGroup(&cobra.Group{ID: title, Title: title})
	for _, c := range cmds {
		c.GroupID = title
		root.AddCommand(c)
	}
}

// knownCommand refuses a command that there is not.
func knownCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	f := &failure{err: fmt.Errorf("there is no command %q", args[0]), hint: helpHint}
	if hint := elsewhere[args[0]]; hint != "" {
		f.hint = hint
		return f
	}
	var names []string
	for _, c := range root.Commands() {
		if !c.Hidden {
			names = append(names, c.Name())
		}
	}
	if near := diag.Nearest(args[0], names); near != "" {
		f.hint = fmt.Sprintf("did you mean `bay %s`?", near)
	}
	return f
}

// atMost refuses more arguments than n. what says what they are.
func atMost(n int, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) > n {
			return misuse("want %s, got %q", what, args)
		}
		return nil
	}
}

// where is the directory, or the body, of the stack: the one argument of most
// commands, else what -C says.
func (a *app) where(args []string) string {
	if len(args) == 0 {
		return cmp.Or(a.common.dir, ".")
	}
	return a.path(args[0])
}

// path is that of an argument which names files of the stack: from -C on.
func (a *app) path(arg string) string {
	if a.common.dir == "" || filepath.IsAbs(arg) {
		return arg
	}
	return filepath.Join(a.common.dir, arg)
}

// program is what was loaded.
type program struct {
	*ir.Program
	sources diag.Sources
	origin  show.Origin // what a plan of it is made from
	decide  func(ir.Told) diag.List
}

// load evaluates the program at path. Warnings are shown, errors are the
// error. An opaque program does without sensitive inputs.
func (a *app) load(path string, opaque bool) (*program, error) {
	vars, err := a.vars()
	if err != nil {
		return nil, err
	}
	return a.evaluate(interpreter.Program{Path: path, Stack: a.common.stack, Vars: vars, Files: a.common.varFiles, Opaque: opaque})
}

// exists refuses a path at which nothing is.
func exists(path string) error {
	if _, err := os.Stat(path); err != nil {
		return &failure{err: fmt.Errorf("there is no %s", path), hint: "name the directory of the stack, or a file main.bay.star or *.bay.hcl in it"}
	}
	return nil
}

// evaluate loads a program. Where it is to be made and inputs are missing,
// they are asked for on a terminal.
func (a *app) evaluate(p interpreter.Program) (*program, error) {
	if err := exists(p.Path); err != nil {
		return nil, err
	}
	p.Secret = a.hide
	defer a.span("evaluate")()
	got, err := a.bay.Load(p)
	for err == nil && a.canAsk() && !p.Opaque && onlyMissing(got) {
		answers, wrong := a.askFor(got.Missing)
		if wrong != nil {
			return nil, wrong
		}
		p.Vars = append(p.Vars, answers...)
		got, err = a.bay.Load(p)
	}
	if err != nil {
		return nil, noChild(err)
	}
	if got.Diags.HasErrors() {
		return nil, &mistakes{list: got.Diags, sources: got.Sources}
	}
	a.hideMade(got.Program)
	_ = diag.Write(a.err, got.Diags, got.Sources, a.color(a.err)) // a warning that nobody can read stops nothing
	decide := func(told ir.Told) diag.List {
		ds, err := a.bay.Decide(p, told)
		if err != nil {
			ds.Addf(diag.Pos{File: p.Path}, "%v", err)
		}
		return ds
	}
	return &program{got.Program, got.Sources, a.originOf(p, got.Taken), decide}, nil
}

// hide keeps a sensitive value out of all that is shown.
func (a *app) hide(v ir.Value) { v.Secrets(a.mask.Add) }

// hideMade keeps out what was made of sensitive values so that these are not in
// it any more, such as their hashes. Of what they are still in, the rest may be
// shown: it stands in other places too.
func (a *app) hideMade(p *ir.Program) {
	for _, r := range p.Resources {
		for _, attr := range r.Attrs {
			attr.Value.Secrets(func(text string) {
				if a.mask.Hide(text) == text {
					a.mask.Add(text)
				}
			})
		}
	}
}

func (a *app) vars() ([]load.Var, error) {
	var out []load.Var
	for _, v := range a.common.vars {
		name, value, found := strings.Cut(v, "=")
		if !found || name == "" {
			return nil, misuse("--var wants NAME=VALUE") // without what was given: it may be the value of one that is sensitive
		}
		out = append(out, load.Var{Name: name, Value: value})
	}
	return out, nil
}

// connect reaches the engine that the flags and the environment name.
func (a *app) connect(ctx context.Context) (*engine.Engine, error) { return a.connectWithin(ctx, 0) }

// connectWithin waits so long at least for another command that is at work on
// an embedded engine.
func (a *app) connectWithin(ctx context.Context, wait time.Duration) (*engine.Engine, error) {
	return a.arriving(func() (*engine.Engine, error) {
		return interpreter.ConnectWithin(ctx, a.common.engine, wait)
	})
}

// setOut begins to connect, and to read what lives, while the program is evaluated:
// both take about as long, and neither needs the other.
func (a *app) setOut(ctx context.Context, wait time.Duration) (arrive func() (*engine.Engine, error), leave func()) {
	there, leave := interpreter.SetOut(ctx, a.common.engine, wait)
	return func() (*engine.Engine, error) { return a.arriving(there) }, leave
}

func (a *app) arriving(connect func() (*engine.Engine, error)) (*engine.Engine, error) {
	defer a.span("connect")()
	e, err := connect()
	if err != nil {
		return nil, a.unreachable(err)
	}
	return e, nil
}

// plan makes a plan. prog is nil where labels alone are enough.
func (a *app) plan(ctx context.Context, e *engine.Engine, prog *program, o interpreter.PlanOptions) (*plan.Plan, error) {
	defer a.span("plan")()
	o.Stack = a.common.stack
	if prog == nil {
		return a.bay.Plan(ctx, e, nil, o)
	}
	o.Decide = prog.decide
	p, err := a.bay.Plan(ctx, e, prog.Program, o)
	if err != nil {
		return nil, withSources(err, prog.sources)
	}
	return p, nil
}

// planWithin makes a plan on the engine that connectWithin reaches. The caller
// closes the engine.
func (a *app) planWithin(ctx context.Context, wait time.Duration, prog *program, o interpreter.PlanOptions) (*engine.Engine, *plan.Plan, error) {
	return a.planOn(ctx, func() (*engine.Engine, error) { return a.connectWithin(ctx, wait) }, prog, o)
}

// planOn makes a plan on the engine at which it arrives. The caller closes the
// engine.
func (a *app) planOn(ctx context.Context, arrive func() (*engine.Engine, error), prog *program, o interpreter.PlanOptions) (*engine.Engine, *plan.Plan, error) {
	e, err := arrive()
	if err != nil {
		return nil, nil, err
	}
	p, err := a.plan(ctx, e, prog, o)
	if err != nil {
		_ = e.Close() // the first error says more
		return nil, nil, err
	}
	return e, p, nil
}

// showPlan prints a plan for people.
func (a *app) showPlan(e *engine.Engine, prog *program, p *plan.Plan, verbose bool) error {
	defer a.span("show the plan")()
	o := a.look()
	o.Verbose = verbose
	if a.out.terminal {
		o.Host = a.host(e)
	}
	if prog != nil {
		o.Sources = prog.sources
	}
	return show.Text(a.out, p, o)
}

// look is how things look on standard output.
func (a *app) look() show.Options {
	return show.Options{Color: a.color(a.out), ASCII: a.ascii(), Width: a.out.width()}
}

// embedded reports whether the engine lives inside of bay.
func (a *app) embedded() bool { return strings.HasPrefix(a.common.engine, "embedded") }

// host names the engine for people.
func (a *app) host(e *engine.Engine) string {
	switch {
	case a.embedded():
		name, _, _ := strings.Cut(strings.TrimPrefix(a.common.engine, "embedded"), "@")
		return strings.TrimSpace("the embedded engine " + strings.TrimPrefix(name, ":"))
	case e.Info.Name != "":
		return e.Info.Name
	}
	return "the engine"
}

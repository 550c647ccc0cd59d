package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"bayplan/interpreter"
	"bayplan/interpreter/engine"
	"bayplan/interpreter/show"
	"bayplan/interpreter/verb"
	"bayplan/lang/diag"
	"bayplan/lang/ir"

	"github.com/spf13/cobra"
)

// aim is where a verb finds its objects: an engine, a stack, and what lives of it.
type aim struct {
	engine *engine.Engine
	stack  string
	prog   *ir.Program   // nil where the stack was named, or its files cannot be evaluated
	all    []verb.Object // of all stacks, at the addresses that the program has for them
}

// aimHelp is what the help of a verb says of its arguments.
const aimHelp = `ADDRESS is as plans print it, or short where that is clear: web["0"], web[0], web
for all of its keys, db for what is called "this" in module.db, or the name that
the engine has. The stack is that of the files in this directory (-C DIR for
another one), or --stack NAME, which needs no files.`

// aim reaches the engine and finds the stack: the one that --stack names, else
// that of the files in -C. The caller closes the engine. Inputs are not asked
// for, and a program that cannot be evaluated is no hindrance while its name is
// known.
func (a *app) aim(ctx context.Context) (*aim, error) {
	t := &aim{stack: a.common.stack}
	var wrong error
	if t.stack == "" {
		if t.prog, t.stack, wrong = a.stackIn(a.where(nil)); wrong != nil && !errors.Is(wrong, errNoStack) {
			return nil, wrong
		}
	}
	e, err := a.connect(ctx)
	if err != nil {
		return nil, err
	}
	t.engine = e
	if err := a.survey(ctx, t); err != nil {
		_ = e.Close() // the first error says more
		return nil, err
	}
	return t, nil
}

// aimAt finds the stack, and in it the objects that are chosen. The caller closes
// the engine.
func (a *app) aimAt(ctx context.Context, c verb.Choice) (*aim, []verb.Object, error) {
	return aimedAt(a, ctx, c, a.choose)
}

// aimAtOne is aimAt where one object is meant.
func (a *app) aimAtOne(ctx context.Context, c verb.Choice) (*aim, verb.Object, error) {
	return aimedAt(a, ctx, c, a.chooseOne)
}

func aimedAt[T any](a *app, ctx context.Context, c verb.Choice, choose func(*aim, verb.Choice) (T, error)) (*aim, T, error) {
	var none T
	t, err := a.aim(ctx)
	if err != nil {
		return nil, none, err
	}
	got, err := choose(t, c)
	if err != nil {
		_ = t.engine.Close() // the first error says more
		return nil, none, err
	}
	return t, got, nil
}

// survey reads what lives.
func (a *app) survey(ctx context.Context, t *aim) error {
	all, err := verb.List(ctx, t.engine.Reader())
	if err != nil {
		return err
	}
	if t.all = all; t.stack == "" {
		return a.whichStack(a.where(nil), verb.Stacks(all), a.host(t.engine))
	}
	if t.prog != nil {
		t.all = verb.Moved(all, t.stack, t.prog.Now)
	}
	return nil
}

// errNoStack says that a directory names no stack.
var errNoStack = errors.New("no stack in this directory")

// stackIn returns the name of the stack in dir, and its program if that can be
// evaluated without sensitive inputs.
func (a *app) stackIn(dir string) (*ir.Program, string, error) {
	if err := exists(dir); err != nil {
		return nil, "", err
	}
	vars, err := a.vars()
	if err != nil {
		return nil, "", err
	}
	got, err := a.bay.Load(interpreter.Program{Path: dir, Vars: vars, Files: a.common.varFiles, Opaque: true, Secret: a.hide})
	switch {
	case err != nil:
		return nil, "", noChild(err)
	case got.Stack != "":
		return got.Program, got.Stack, nil
	case len(got.Sources) == 0: // there are no files
		return nil, "", errNoStack
	}
	return nil, "", &mistakes{list: got.Diags, sources: got.Sources}
}

// whichStack is the error of a command that does not know its stack.
func (a *app) whichStack(dir string, stacks []string, host string) error {
	f := &failure{err: fmt.Errorf("which stack is meant? %s has no files of one", dir)}
	if dir == "." {
		f.err = errors.New("which stack is meant? there are no files of one in this directory")
	}
	switch len(stacks) {
	case 0:
		f.hint = fmt.Sprintf("there is none on %s either; `bay init` begins one", host)
	case 1:
		f.hint = fmt.Sprintf("-C DIR says where its files are, or --stack which it is; one is on %s: --stack %s", host, stacks[0])
	default:
		f.hint = fmt.Sprintf("-C DIR says where its files are, or --stack which it is; on %s are %s", host, strings.Join(stacks, ", "))
	}
	return f
}

// choose returns the objects that words mean. No words mean all.
func (a *app) choose(t *aim, c verb.Choice) ([]verb.Object, error) {
	c.Stack = t.stack
	got, err := verb.Select(t.all, c)
	return got, a.unclear(t, err)
}

// chooseOne returns the one object that is meant.
func (a *app) chooseOne(t *aim, c verb.Choice) (verb.Object, error) {
	c.Stack = t.stack
	got, err := verb.One(t.all, c)
	return got, a.unclear(t, err)
}

// unclear adds to an error of words what to do about it.
func (a *app) unclear(t *aim, err error) error {
	var u *verb.Unclear
	if !errors.As(err, &u) {
		return err
	}
	if empty := a.nothing(t); empty != nil {
		return empty
	}
	return &failure{err: u, hint: u.Hint}
}

// nothing is the error of a stack of which nothing lives; nil if something does.
func (a *app) nothing(t *aim) error {
	for _, o := range t.all {
		if o.Stack == t.stack {
			return nil
		}
	}
	f := &failure{err: fmt.Errorf("nothing of stack %q is on %s", t.stack, a.host(t.engine)), hint: nearStack(t.stack, t.all)}
	if a.common.stack == "" { // the files name it
		f.hint = strings.TrimSuffix("`bay apply` makes it; "+f.hint, "; ")
	}
	return f
}

// completeAddrs completes addresses from what lives of the stack: in short, or as
// the word begins. A command that passes on what follows takes one.
func (a *app) completeAddrs(c verb.Choice) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		one := cmd.Annotations[passesOn] != ""
		if one && len(args) > 0 {
			return nil, cobra.ShellCompDirectiveDefault
		}
		return a.completeFrom(func(t *aim) []string {
			c := c
			c.Stack = t.stack
			return wordsOf(verb.Words(t.all, c, typed(begun)), args, one)
		})
	}
}

// completeFrom completes from what lives of the stack: nothing where no engine
// answers in time.
func (a *app) completeFrom(words func(*aim) []string) ([]string, cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(context.Background(), completeWithin)
	defer cancel()
	t, err := a.aim(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer t.engine.Close()
	return words(t), cobra.ShellCompDirectiveNoFileComp
}

// typed is a word without what a shell's quoting puts into it: fish gives the last
// word as it is typed.
func typed(word string) string {
	return strings.ReplaceAll(strings.TrimLeft(word, `'"`), `\`, "")
}

// wordsOf are words with what they mean, but for those that are there already. one
// leaves out what means several.
func wordsOf(words []verb.Word, there []string, one bool) []string {
	var out []string
	for _, w := range words {
		says := show.Plural(len(w.Means), "object")
		if o := w.Means[0]; len(w.Means) == 1 {
			says = strings.TrimSpace(o.Name + " " + o.Status)
		} else if one {
			continue
		}
		if !slices.Contains(there, w.Text) {
			out = append(out, diag.Escape(w.Text)+"\t"+diag.Escape(says))
		}
	}
	return out
}

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"bayplan/interpreter"
	"bayplan/interpreter/kind"
	"bayplan/interpreter/plan"
	"bayplan/interpreter/show"
	"bayplan/interpreter/verb"
	"bayplan/lang/diag"
	"bayplan/lang/ir"

	"github.com/spf13/cobra"
)

func (a *app) whyCmd() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "why ADDRESS",
		Short: "Say where a resource comes from, what needs it, and what is next",
		Long: `Why says of one resource where it is declared and by which modules and calls, what
it needs and what needs it, what the next apply would do to it, and which lines of
the program are the reason. It reads and changes nothing.

ADDRESS is as plans print it, or short where that is clear: web["0"], web[0], db for
what is called "this" in module.db, or the name that the engine has. What is short
for a container and for something else is the container.

--json prints one object: address and name; declared, a file, line and column, or
null for what others bring along; calls of modules and functions that lead there;
needs and needed_by, with the condition that is waited for and where it is written;
and next, the step of a plan (see plan --json), or null. unknown says that next may
come of a sensitive input alone, which is not asked for here.`,
		Example: `  bay why container.web
  bay why db -C shop
  bay why web --json | jq -r '.next.verb // "nothing"'`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return misuse("want one ADDRESS, got %q", args)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.why(cmd.Context(), args[0], asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON, format "+show.WhyFormat)
	cmd.ValidArgsFunction = a.completeDeclared(verb.Choice{})
	return cmd
}

// completeDeclared completes an address of what the files declare, in short.
func (a *app) completeDeclared(c verb.Choice) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 && cmd.Annotations[passesOn] != "" {
			return nil, cobra.ShellCompDirectiveDefault
		}
		prog, _, err := a.stackIn(a.where(nil))
		if err != nil || prog == nil || len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		c.Stack = prog.Stack
		return wordsOf(verb.Words(a.declared(prog), c, typed(begun)), nil, true), cobra.ShellCompDirectiveNoFileComp
	}
}

func (a *app) why(ctx context.Context, word string, asJSON bool) error {
	prog, err := a.load(a.where(nil), true)
	if err != nil {
		return err
	}
	r, others, err := a.declaredAs(prog.Program, word, false)
	if err != nil {
		return err
	}
	if len(others) > 0 {
		fmt.Fprintf(a.err, "%s is also %s: write the whole address for that\n", diag.Escape(word), listedAddrs(others))
	}
	e, p, err := a.planWithin(ctx, 0, prog, interpreter.PlanOptions{})
	if err != nil {
		return err
	}
	defer e.Close()
	_ = diag.Write(a.err, notesOf(p, r), prog.sources, a.color(a.err)) // a warning that nobody can read stops nothing
	if asJSON {
		return show.WriteJSON(a.out, show.WhyDocumentOf(prog.Program, r, p))
	}
	o := a.look()
	o.Sources = prog.sources
	return show.Why(a.out, prog.Program, r, p, o)
}

// notesOf returns what a plan warns of at the attributes of a resource.
func notesOf(p *plan.Plan, r *ir.Resource) diag.List {
	return slices.DeleteFunc(slices.Clone(p.Notes), func(d diag.Diag) bool {
		return !d.Pos.Known() || !slices.ContainsFunc(r.Attrs, func(a ir.Attr) bool { return a.Pos == d.Pos })
	})
}

// declared returns what a program declares as if it lived.
func (a *app) declared(prog *ir.Program) []verb.Object {
	var all []verb.Object
	for _, r := range prog.Resources {
		o := verb.Object{Stack: prog.Stack, Addr: r.Addr, Name: r.Name, Runs: a.runs(r.Addr.Kind)}
		o.Identity.Name = r.Name
		all = append(all, o)
	}
	return all
}

// declaredAs returns the one resource of a program that a word means, and others
// that it could mean: what runs counts before what does not. runs wants no other.
func (a *app) declaredAs(prog *ir.Program, word string, runs bool) (*ir.Resource, []verb.Object, error) {
	found, others, err := verb.Declared(a.declared(prog), verb.Choice{Stack: prog.Stack, Words: []string{word}, Runs: runs})
	var unclear *verb.Unclear
	switch {
	case errors.As(err, &unclear) && unclear.Several:
		return nil, nil, &failure{err: unclear, hint: unclear.Hint}
	case errors.As(err, &unclear) && runs:
		return nil, nil, &failure{err: fmt.Errorf("stack %s declares no container %q", prog.Stack, word), hint: unclear.Hint}
	case errors.As(err, &unclear):
		return nil, nil, &failure{err: fmt.Errorf("stack %s declares no %q", prog.Stack, word), hint: unclear.Hint}
	case err != nil:
		return nil, nil, err
	case len(found) > 1:
		return nil, nil, &failure{err: fmt.Errorf("%q means %d resources, and one is wanted", word, len(found)), hint: "name one of " + listedAddrs(found)}
	}
	i := slices.IndexFunc(prog.Resources, func(r *ir.Resource) bool { return r.Addr == found[0].Addr })
	return prog.Resources[i], others, nil
}

// runs reports whether objects of a kind run.
func (a *app) runs(name string) bool {
	return slices.ContainsFunc(a.bay.Kinds, func(k kind.Kind) bool { return k.Schema().Name == name && k.Restarts() })
}

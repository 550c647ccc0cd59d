package main

import (
	"context"
	"slices"
	"time"

	"bayplan/interpreter"
	"bayplan/interpreter/engine"
	"bayplan/interpreter/verb"
	"bayplan/lang/diag"

	"github.com/spf13/cobra"
)

// completeWithin is how long a shell waits for an engine to answer.
const completeWithin = 2 * time.Second

// completions adds what flags can be completed with.
func (a *app) completions(root *cobra.Command) {
	for name, f := range map[string]cobra.CompletionFunc{"engine": completeEngines, "stack": a.completeStacks} {
		if err := root.RegisterFlagCompletionFunc(name, f); err != nil {
			panic("bay: completion of --" + name + ": " + err.Error())
		}
	}
}

// completeFlag completes a flag's value with words, each with what it says behind
// a tab.
func completeFlag(cmd *cobra.Command, flag string, words ...string) {
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic("bay: completion of --" + flag + ": " + err.Error())
	}
}

func completeEngines(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	names, err := engine.Contexts()
	if err != nil {
		names = nil // what is built in can be completed all the same
	}
	return append([]string{"embedded\tan engine inside of bay"}, names...), cobra.ShellCompDirectiveNoFileComp
}

func (a *app) completeStacks(_ *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(context.Background(), completeWithin)
	defer cancel()
	e, err := interpreter.Connect(ctx, a.common.engine)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer e.Close()
	objects, err := verb.List(ctx, e.Reader())
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, o := range objects {
		names = append(names, diag.Escape(o.Stack))
	}
	return slices.Compact(names), cobra.ShellCompDirectiveNoFileComp
}

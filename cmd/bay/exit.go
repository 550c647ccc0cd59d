package main

import (
	"errors"
	"fmt"
	"strings"

	"bayplan/interpreter/apply"
	"bayplan/interpreter/kind"

	"github.com/spf13/cobra"
)

// Exit codes. exitCodes says what they mean.
const (
	exitDone        = 0
	exitError       = 1
	exitChanges     = 2
	exitPartly      = 3
	exitRolledBack  = 4
	exitUnreachable = 10
	exitLocked      = 11
	exitStale       = 12
	exitOwn         = 125
	exitInterrupted = 130
)

// passesOn marks a command that ends with the code of what it ran; what goes wrong
// with bay itself is exitOwn then.
const passesOn = "bay.passes-on"

// exitCodes is the table that help and README print.
func exitCodes() []exitCode {
	return []exitCode{
		{exitDone, "done, or there was nothing to do"},
		{exitError, "error, and nothing was changed; also when you did not agree, and for wrong use"},
		{exitChanges, "there are changes (`bay plan --detailed-exitcode`, `bay diff --detailed-exitcode`)"},
		{exitPartly, "part of the steps is done; the next `bay apply` goes on"},
		{exitRolledBack, "rolled back: the old version serves"},
		{exitUnreachable, "no engine could be reached"},
		{exitLocked, "another bay is at work on the same"},
		{exitStale, "the plan is stale: the engine, or what a saved plan was made from, has changed; plan again"},
		{exitOwn, "`bay exec`, `bay attach` or `bay run` failed itself; else these end as the command did"},
		{exitInterrupted, "interrupted"},
	}
}

type exitCode struct {
	code    int
	meaning string
}

func exitCodesCmd() *cobra.Command {
	var b strings.Builder
	for _, c := range exitCodes() {
		fmt.Fprintf(&b, "  %3d  %s\n", c.code, c.meaning)
	}
	return &cobra.Command{Use: "exit-codes", Short: "What the exit codes mean", Long: "Exit codes:\n\n" + strings.TrimSuffix(b.String(), "\n")}
}

// codeOf returns the exit code of an apply.
func codeOf(r *apply.Report) int {
	switch {
	case len(r.Failed) == 0 && len(r.NotRun) == 0:
		return exitDone // also where somebody wanted to stop it, too late
	case r.Interrupted:
		return exitInterrupted
	}
	var rolledBack, stuck, stale bool
	for _, f := range r.Failed {
		var s *apply.Stale
		stale = stale || errors.As(f.Err, &s)
		rolledBack = rolledBack || f.RolledBack && f.Step.Verb != kind.Create // there is no old version of what was to be made
		stuck = stuck || f.Touched && !f.RolledBack
	}
	late := false // something is done that serves: not only an image pulled or built
	for _, s := range r.Done {
		late = late || !s.Work.Early
	}
	switch {
	case stuck || late:
		return exitPartly
	case rolledBack:
		return exitRolledBack
	case len(r.Done) > 0:
		return exitPartly
	case stale:
		return exitStale
	}
	return exitError
}

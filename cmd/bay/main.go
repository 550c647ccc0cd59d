// Command bay reads what a stack of Docker images, containers, volumes and
// networks shall be, in HCL or in Starlark, shows what that changes on an
// engine, and does exactly that.
//
// Here is the wiring, and a file for each subcommand: flags, questions, exit
// codes. What a command does is in package interpreter.
package main

import (
	"os"
	"runtime/debug"

	"bayplan/interpreter"
	"bayplan/interpreter/evaluate"
	"bayplan/stdlib"
)

func main() {
	bay := &interpreter.Bay{Kinds: stdlib.Kinds(), Funcs: stdlib.Funcs(), Modules: stdlib.Modules()}
	if evaluate.IsChild(os.Args) {
		evaluate.Child(bay.Universe(), bay.Modules)
	}
	bay.Apart = apart(os.Getenv)
	hurry()
	a := &app{
		bay:    bay,
		in:     os.Stdin,
		out:    screenOf(os.Stdout),
		err:    screenOf(os.Stderr),
		getenv: os.Getenv,
	}
	a.signals = watch(a.err, func(code int) {
		a.feed.left()
		a.spool.flush()
		os.Exit(code)
	})
	os.Exit(a.run(os.Args[1:]))
}

// hurry has memory collected half as often as Go does: a fifth of a large plan's
// time went there. A quarter as often, an apply of 100 containers took 67 MiB.
func hurry() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(200)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(512 << 20)
	}
}

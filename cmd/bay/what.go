package main

import (
	"fmt"

	"bayplan/interpreter"
	"bayplan/interpreter/plan"
	"bayplan/interpreter/show"
	"bayplan/lang/ir"
	"bayplan/lang/lock"

	"github.com/spf13/cobra"
)

// partHelp says how patterns are written, for the help of commands.
const partHelp = `A PATTERN is an address: container.web with all its keys, container.web["0"]
alone, container.* for all of a kind, module.db for all in a module.`

// partFlags say what of a stack a plan is about, and what it does there
// whatever has changed.
type partFlags struct {
	target, exclude, replace, restart []string
}

// bind makes the flags of apply and plan.
func (p *partFlags) bind(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&p.target, "target", nil, "only what `PATTERN` names, and what that needs; may be repeated")
	f.StringArrayVar(&p.exclude, "exclude", nil, "all but what `PATTERN` names, and what needs that; may be repeated")
	f.StringArrayVar(&p.replace, "replace", nil, "make what `PATTERN` names anew, whatever has changed; may be repeated")
	f.StringArrayVar(&p.restart, "restart", nil, "restart what `PATTERN` names, whatever has changed; may be repeated")
}

// bindLeaving makes the flags of destroy, where what needs a thing goes with it.
func (p *partFlags) bindLeaving(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&p.target, "target", nil, "only what `PATTERN` names, and what needs that; may be repeated")
	f.StringArrayVar(&p.exclude, "exclude", nil, "all but what `PATTERN` names, and what that needs; may be repeated")
}

// any reports whether one of them was said.
func (p *partFlags) any() bool { return p.forces() || len(p.target)+len(p.exclude) > 0 }

// forces reports whether something is done whatever has changed.
func (p *partFlags) forces() bool { return len(p.replace)+len(p.restart) > 0 }

// into says it to a plan.
func (p *partFlags) into(o *interpreter.PlanOptions) (err error) {
	for _, x := range []struct {
		flag  string
		texts []string
		to    *[]ir.Pattern
	}{
		{"--target", p.target, &o.Part.Target}, {"--exclude", p.exclude, &o.Part.Exclude},
		{"--replace", p.replace, &o.Part.Replace}, {"--restart", p.restart, &o.Part.Restart},
	} {
		for _, text := range x.texts {
			pattern, err := ir.ParsePattern(text)
			if err != nil {
				return misuse("%s %v", x.flag, err)
			}
			*x.to = append(*x.to, pattern)
		}
	}
	if len(p.target) > 0 && len(p.exclude) > 0 {
		return misuse("--target and --exclude cannot stand together")
	}
	return nil
}

// fromFlags say what may be asked for elsewhere than on the engine.
type fromFlags struct{ offline, locked bool }

func (o *fromFlags) bind(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&o.offline, "offline", false, "ask no registry; say what is not known for that")
	f.BoolVar(&o.locked, "locked", false, "refuse to pull what "+lock.Name+" does not pin")
}

func (o *fromFlags) any() bool { return o.offline || o.locked }

func (o *fromFlags) into(what *interpreter.PlanOptions) {
	what.Offline, what.Locked = o.offline, o.locked
}

// agreeMost asks before most of a stack goes: for the number of objects, typed
// or given as --confirm-remove. It is not about destroy, whose name says so.
func (a *app) agreeMost(p *plan.Plan, host string, o applyFlags) error {
	n := p.MostGo()
	hint := fmt.Sprintf("agree with --confirm-remove %d", n)
	switch {
	case o.remove != 0 && o.remove != p.Removals():
		return &failure{err: fmt.Errorf("nothing was changed: --confirm-remove says %d, and the plan removes %s", o.remove, show.Plural(p.Removals(), "object"))}
	case n == 0 || o.remove == n:
		return nil
	case o.yes:
		return &failure{err: fmt.Errorf("nothing was changed: %d of the %d objects of stack %s would go, and --yes is not enough for that", n, p.Lives, p.Stack), hint: hint}
	}
	question := fmt.Sprintf("This removes %d of the %d objects of stack %s from %s: the program no longer has them.\nType how many that are to agree: ", n, p.Lives, p.Stack, host)
	return a.agree(question, []string{fmt.Sprint(n)}, hint)
}

package apply

import (
	"slices"
	"time"

	"bayplan/interpreter/plan"
)

// Ran is a step as it went.
type Ran struct {
	Step  *plan.Step
	Began time.Time
	Took  time.Duration
}

// Critical returns the critical path of what ran of a plan: of all chains of
// steps each of which needs the one before, the one that took longest. However
// much runs at once, the plan takes no less time.
func Critical(p *plan.Plan, ran []Ran) []Ran {
	byStep := map[*plan.Step]Ran{}
	for _, r := range ran {
		byStep[r.Step] = r
	}
	type chain struct {
		took   time.Duration
		before int // the step that it goes on from; -1 for none
	}
	chains := map[int]chain{}
	var longest func(int) time.Duration
	longest = func(i int) time.Duration {
		if c, ok := chains[i]; ok {
			return c.took
		}
		c := chain{before: -1}
		for _, n := range p.Steps[i].Needs {
			if took := longest(n); took > c.took {
				c = chain{took, n}
			}
		}
		c.took += byStep[p.Steps[i]].Took
		chains[i] = c
		return c.took
	}
	last, most := -1, time.Duration(0)
	for i := range p.Steps {
		if took := longest(i); took > most {
			last, most = i, took
		}
	}
	var path []Ran
	for i := last; i >= 0; i = chains[i].before {
		if r, ok := byStep[p.Steps[i]]; ok {
			path = append(path, r)
		}
	}
	slices.Reverse(path)
	return path
}

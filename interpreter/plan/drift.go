package plan

import (
	"slices"

	"bayplan/interpreter/kind"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
)

// Drifted is a resource that is not as the last apply left it.
type Drifted struct {
	Addr    ir.Addr
	Name    string          // the engine's, of what should be there
	Pos     diag.Pos        // of the declaration
	Gone    bool            // nothing is there: it was removed by hand, or the program has it since the last apply
	Changes []schema.Change // what somebody changed: Old is what lives, New what was applied
}

// Drift returns what of a plan puts back what somebody changed by hand, in order
// of address. The record on an object tells it from what the program has changed
// since: a field is drift if the object was made with the value that is wanted
// now. Of a field of which the record holds only that it is sensitive nobody can
// tell, and it is none; nor is what the last apply left half done.
//
// An object that was removed took its record along. It cannot be told from one
// that was never made, and counts.
func Drift(p *Plan) []Drifted {
	var out []Drifted
	for _, s := range p.Steps {
		d := Drifted{Addr: s.Addr, Name: s.Name, Pos: s.Pos}
		switch s.Verb {
		case kind.Create:
			d.Gone = !s.Work.Early // images are no objects that live
		case kind.Update, kind.Restart, kind.Replace:
			for _, c := range s.Changes {
				if c.ByHand && c.Cause == "" {
					d.Changes = append(d.Changes, c)
				}
			}
		}
		if d.Gone || len(d.Changes) > 0 {
			out = append(out, d)
		}
	}
	sortDrift(out)
	return out
}

func sortDrift(all []Drifted) {
	slices.SortFunc(all, func(a, b Drifted) int { return a.Addr.Compare(b.Addr) })
}

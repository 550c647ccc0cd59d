package show

import (
	"fmt"
	"io"

	"bayplan/interpreter/kind"
	"bayplan/interpreter/plan"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
)

// DriftFormat is the version of the JSON form of what was changed by hand.
const DriftFormat = "bayplan.diff/1"

// Drift writes what of a plan puts back what somebody changed by hand, each
// field as it was applied and as it is now.
//
// prog may lack sensitive inputs: what is made of them is no change of the
// program's.
func Drift(w io.Writer, prog *ir.Program, p *plan.Plan, o Options) error {
	t := newText(o)
	t.stack = p.Stack
	all, width := plan.Drift(p), 0
	for _, d := range all {
		width = widen(width, diag.Escape(d.Addr.String()), maxAddr)
	}
	for _, d := range all {
		addr := diag.Escape(d.Addr.String())
		if d.Gone {
			t.headline(kind.Remove, addr, width, "gone: removed by hand, or never made")
			continue
		}
		t.headline(kind.Update, addr, width, "by hand: "+names(d.Changes))
		s := &plan.Step{Verb: kind.Update, Addr: d.Addr, Name: d.Name}
		for _, c := range d.Changes {
			c.Old, c.New = c.New, c.Old // from what was applied to what is there
			s.Changes = append(s.Changes, schema.Change{Attr: c.Attr, Path: c.Path, Old: c.Old, New: c.New, Note: c.Note})
		}
		t.rows(t.changes(nil, s, d.Addr.EngineName(t.stack)))
	}
	t.driftEnd(prog, p, all)
	_, err := io.WriteString(w, t.b.String())
	return err
}

func (t *text) driftEnd(prog *ir.Program, p *plan.Plan, all []plan.Drifted) {
	waiting := 0 // steps that have another reason
	for _, s := range p.Steps {
		for _, c := range s.Changes {
			if !c.ByHand && s.Verb != kind.Create && !opaque(prog.Resource(s.Addr), c) {
				waiting++
				break
			}
		}
	}
	stack := diag.Escape(p.Stack)
	switch {
	case len(all) == 0 && waiting == 0:
		t.line(fmt.Sprintf("Nothing was changed by hand: stack %s is as it was applied.", stack))
	case len(all) == 0:
		t.line(fmt.Sprintf("Nothing was changed by hand in stack %s; bay plan shows %s of the program.", stack, Plural(waiting, "change")))
	default:
		t.line("")
		end := fmt.Sprintf("%s of stack %s not as applied; bay plan shows what puts that back.", Plural(len(all), "resource"), stack)
		if waiting > 0 {
			end = fmt.Sprintf("%s of stack %s not as applied; bay plan shows what puts that back, and %s of the program.", Plural(len(all), "resource"), stack, Plural(waiting, "change"))
		}
		t.line(end)
	}
}

// DriftDocument is what was changed by hand, for programs.
type DriftDocument struct {
	Format  string    `json:"format"`
	Stack   string    `json:"stack"`
	Drifted []Drifted `json:"drifted"`
}

// Drifted is one resource of a DriftDocument.
type Drifted struct {
	Address string         `json:"address"`
	Name    string         `json:"name"`
	Gone    bool           `json:"gone"` // nothing is there
	Changes []DriftedField `json:"changes"`
}

// DriftedField is one field that somebody changed.
type DriftedField struct {
	Attr    string `json:"attr"`
	Path    string `json:"path,omitempty"`
	Applied any    `json:"applied"` // null: not set
	Now     any    `json:"now"`     // null: not there
}

// DriftDocumentOf returns the document of a plan.
func DriftDocumentOf(p *plan.Plan) DriftDocument {
	doc := DriftDocument{DriftFormat, p.Stack, []Drifted{}}
	for _, d := range plan.Drift(p) {
		x := Drifted{Address: d.Addr.String(), Name: d.Name, Gone: d.Gone, Changes: []DriftedField{}}
		for _, c := range d.Changes {
			x.Changes = append(x.Changes, DriftedField{c.Attr, c.Path, Plain(c.New), Plain(c.Old)})
		}
		doc.Drifted = append(doc.Drifted, x)
	}
	return doc
}

// opaque reports whether a field of a resource is made of a sensitive input that
// was not given, so that nobody can tell whether it has changed.
func opaque(r *ir.Resource, c schema.Change) bool {
	if r == nil || r.Attr(c.Attr) == nil {
		return false
	}
	v := r.Attr(c.Attr).Value
	if e, ok := v.Map[c.Path]; ok {
		v = e
	}
	return v.Any(func(e ir.Value) bool { return e.Opaque })
}

package show

import (
	"slices"

	"bayplan/interpreter/plan"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
)

// WhyFormat is the version of `bay why --json`.
const WhyFormat = "bayplan.why/1"

// WhyDocument is why a resource is there, for programs.
type WhyDocument struct {
	Format   string    `json:"format"`
	Stack    string    `json:"stack"`
	Address  string    `json:"address"`
	Name     string    `json:"name,omitempty"` // the engine's
	Declared *diag.Pos `json:"declared"`       // null where what needs it brings it along
	Calls    []WhyCall `json:"calls"`          // of modules and functions that lead there, the innermost first
	Needs    []WhyEdge `json:"needs"`
	NeededBy []WhyEdge `json:"needed_by"`
	Next     *Step     `json:"next"`              // what the next apply does, as a plan's document has it; null where that is nothing
	Unknown  bool      `json:"unknown,omitempty"` // Next may be of a sensitive input alone, which was not given
}

// WhyCall is a call of a module or a function.
type WhyCall struct {
	By  string    `json:"by"`
	Pos *diag.Pos `json:"pos"`
}

// WhyEdge is another resource, and where one of the two names it.
type WhyEdge struct {
	Address   string       `json:"address"`
	Condition ir.Condition `json:"condition,omitempty"` // that is waited for: "started", "healthy", "completed"
	Pos       *diag.Pos    `json:"pos"`                 // null where nothing is written
}

// WhyDocumentOf returns the document of one resource of a program and its step of p.
func WhyDocumentOf(prog *ir.Program, r *ir.Resource, p *plan.Plan) WhyDocument {
	doc := WhyDocument{
		Format: WhyFormat, Stack: p.Stack, Address: r.Addr.String(), Name: r.Name, Calls: []WhyCall{},
		Needs: edgesOf(needs(r)), NeededBy: edgesOf(needed(prog, r.Addr)),
	}
	if !r.Implied {
		doc.Declared = posOf(r.Pos)
	}
	for _, c := range slices.Backward(r.Calls) {
		doc.Calls = append(doc.Calls, WhyCall{c.Func, posOf(c.Pos)})
	}
	for _, s := range p.Steps {
		if s.Addr != r.Addr {
			continue
		}
		step := stepOf(s)
		doc.Next = &step
		doc.Unknown = s.ID != "" && slices.ContainsFunc(s.Changes, func(c schema.Change) bool { return opaque(r, c) })
	}
	return doc
}

func edgesOf(all []edge) []WhyEdge {
	out := []WhyEdge{}
	for _, e := range all {
		if i := slices.IndexFunc(out, func(x WhyEdge) bool { return x.Address == e.to.String() && x.Condition == e.cond }); i < 0 || !e.pos.Known() {
			out = append(out, WhyEdge{e.to.String(), e.cond, posOf(e.pos)})
		}
	}
	return out
}

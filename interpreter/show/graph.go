package show

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"bayplan/lang/diag"
	"bayplan/lang/ir"
)

// GraphFormats are the forms in which a graph can be written.
func GraphFormats() []string { return []string{"dot", "mermaid"} }

// Graph writes the resources of a program and what each needs, as a graph in
// one of the formats. An arrow goes from a resource to one that comes before it,
// and says what that has to be by then. A module is a box around its own.
func Graph(w io.Writer, prog *ir.Program, format string) error {
	g := &graph{mermaid: format == "mermaid", ids: map[ir.Addr]string{}}
	for _, r := range prog.Resources {
		g.ids[r.Addr] = fmt.Sprintf("n%d", len(g.ids))
	}
	if g.mermaid {
		g.line("flowchart LR")
	} else {
		g.line("digraph %s {", g.quote(prog.Stack))
		g.line("  rankdir = LR")
		g.line("  node [shape = box]")
	}
	g.nodes(prog.Resources, 0, 1)
	for _, r := range prog.Resources {
		g.edges(r)
	}
	if !g.mermaid {
		g.line("}")
	}
	_, err := io.WriteString(w, g.b.String())
	return err
}

type graph struct {
	mermaid bool
	ids     map[ir.Addr]string // of the nodes, for Mermaid
	b       strings.Builder
	boxes   int
}

func (g *graph) line(format string, args ...any) { fmt.Fprintf(&g.b, format+"\n", args...) }

// nodes writes resources that lie together in so many modules: those that lie
// in no more, then each module within as a box.
func (g *graph) nodes(all []*ir.Resource, within, indent int) {
	space := strings.Repeat("  ", indent)
	var modules []ir.Addr
	inner := map[ir.Addr][]*ir.Resource{}
	for _, r := range all {
		way := r.Addr.Modules()
		if len(way) == within {
			g.node(r, space)
			continue
		}
		m := way[within]
		if inner[m] == nil {
			modules = append(modules, m)
		}
		inner[m] = append(inner[m], r)
	}
	for _, m := range modules {
		g.boxes++
		if g.mermaid {
			g.line("%ssubgraph m%d [%s]", space, g.boxes, g.quote(m.String()))
		} else {
			g.line("%ssubgraph cluster_%d {", space, g.boxes)
			g.line("%s  label = %s", space, g.quote(m.String()))
		}
		g.nodes(inner[m], within+1, indent+1)
		if g.mermaid {
			g.line("%send", space)
		} else {
			g.line("%s}", space)
		}
	}
}

func (g *graph) node(r *ir.Resource, space string) {
	switch name := g.quote(r.Addr.String()); {
	case g.mermaid && r.Implied:
		g.line("%s%s([%s])", space, g.ids[r.Addr], name)
	case g.mermaid:
		g.line("%s%s[%s]", space, g.ids[r.Addr], name)
	case r.Implied:
		g.line("%s%s [style = dashed]", space, name)
	default:
		g.line("%s%s", space, name)
	}
}

// edges writes what r needs. A condition says all that a plain reference does.
func (g *graph) edges(r *ir.Resource) {
	deps := slices.Clone(r.Deps)
	slices.SortStableFunc(deps, ir.CompareDeps)
	for i, d := range deps {
		if d.Cond == ir.Exists && i+1 < len(deps) && deps[i+1].To == d.To || g.ids[d.To] == "" {
			continue
		}
		label := strings.TrimSpace(fmt.Sprintf("%s %s", d.Cond, limitOf(d)))
		from, to := g.quote(r.Addr.String()), g.quote(d.To.String())
		switch {
		case g.mermaid && label != "":
			g.line("  %s -->|%s| %s", g.ids[r.Addr], label, g.ids[d.To])
		case g.mermaid:
			g.line("  %s --> %s", g.ids[r.Addr], g.ids[d.To])
		case label != "":
			g.line("  %s -> %s [label = %s]", from, to, g.quote(label))
		default:
			g.line("  %s -> %s", from, to)
		}
	}
}

// limitOf returns how long a dependency is waited for, if the program says so.
func limitOf(d ir.Dep) string {
	if d.Limit == 0 {
		return ""
	}
	return d.Limit.String()
}

// quote writes text as the format has it.
func (g *graph) quote(s string) string {
	s = diag.Escape(s)
	if g.mermaid {
		return `"` + strings.NewReplacer("#", "#35;", `"`, "#quot;", "<", "#lt;", ">", "#gt;").Replace(s) + `"`
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

package show

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"bayplan/interpreter/plan"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
)

// Why writes why a resource of a program is there and what becomes of it: where
// it is declared, by which calls, what it needs and what needs it, and its step
// of p with the lines that cause it.
func Why(w io.Writer, prog *ir.Program, r *ir.Resource, p *plan.Plan, o Options) error {
	t := newText(o)
	t.stack = p.Stack
	head := t.paint(bold, diag.Escape(r.Addr.String()))
	if r.Name != "" {
		head += t.paint(dim, " (on the engine: "+diag.Escape(r.Name)+")")
	}
	t.line(head)
	t.line("")
	t.declared(r)
	t.edges("needs", needs(r))
	t.edges("needed by", needed(prog, r.Addr))
	t.next(p, r)
	_, err := io.WriteString(w, t.b.String())
	return err
}

// declared says where a resource comes from, the innermost place first.
func (t *text) declared(r *ir.Resource) {
	if r.Implied {
		t.line("  declared  nowhere: what needs it brings it along")
	} else {
		t.line("  declared  at " + r.Pos.String())
		t.source(r.Pos)
	}
	for _, c := range slices.Backward(r.Calls) {
		t.line("            by " + diag.Escape(c.Func) + " at " + c.Pos.String())
		t.source(c.Pos)
	}
}

// source writes the line of a program at a position, if its files are there.
func (t *text) source(pos diag.Pos) {
	lines := strings.Split(string(t.o.Sources[pos.File]), "\n")
	if pos.Line < 1 || pos.Line > len(lines) || t.o.Sources[pos.File] == nil {
		return
	}
	text := strings.TrimSpace(strings.ReplaceAll(lines[pos.Line-1], "\t", " "))
	t.line(t.paint(dim, "              "+Fit(fmt.Sprintf("%d | %s", pos.Line, diag.Escape(text)), max(t.o.Width-14, leastCell))))
}

// edge is one resource that another is about.
type edge struct {
	to   ir.Addr
	cond ir.Condition
	pos  diag.Pos
}

func needs(r *ir.Resource) []edge {
	var out []edge
	for _, d := range r.Deps {
		out = append(out, edge{d.To, d.Cond, d.Pos})
	}
	return out
}

func needed(prog *ir.Program, a ir.Addr) []edge {
	var out []edge
	for _, r := range prog.Resources {
		for _, d := range r.Deps {
			if d.To == a {
				out = append(out, edge{r.Addr, d.Cond, d.Pos})
			}
		}
	}
	return out
}

// edges writes each once, with the condition that is waited for, if any.
func (t *text) edges(title string, all []edge) {
	t.line("")
	if len(all) == 0 {
		t.line(fmt.Sprintf("  %-9s  nothing", title))
		return
	}
	width := 0
	for _, e := range all {
		width = widen(width, diag.Escape(e.to.String()), maxAddr)
	}
	seen := map[edge]bool{}
	for _, e := range all {
		if e.pos.Known() && seen[edge{to: e.to, cond: e.cond}] {
			continue
		}
		seen[edge{to: e.to, cond: e.cond}] = true
		name := diag.Escape(e.to.String())
		tail := ""
		if e.cond != "" {
			tail = string(e.cond) + " "
		}
		if e.pos.Known() {
			tail += e.pos.String()
		}
		t.line(fmt.Sprintf("  %-9s  ", title) + name + strings.Repeat(" ", max(width-cells(name), 0)) + "  " + t.paint(dim, tail))
		title = ""
	}
}

// next writes what the next apply does to a resource, and which lines say so.
func (t *text) next(p *plan.Plan, r *ir.Resource) {
	a := r.Addr
	t.line("")
	i := slices.IndexFunc(p.Steps, func(s *plan.Step) bool { return s.Addr == a })
	if i < 0 {
		t.line("  next       nothing: it is as the program says")
		return
	}
	s := p.Steps[i]
	hidden := 0
	for _, c := range s.Changes {
		if s.ID != "" && opaque(r, c) {
			hidden++
		}
	}
	switch {
	case hidden > 0 && hidden == len(s.Changes):
		t.line("  next       nothing that is known: it holds a sensitive input, which was not given")
		return
	case hidden > 0:
		t.line("  next       as if a sensitive input, which was not given, had changed:")
	default:
		t.line("  next")
	}
	t.object(object{addr: diag.Escape(a.String()), at: a, step: s}, 0)
	var told []diag.Pos
	for _, c := range s.Changes {
		if !c.Pos.Known() || slices.Contains(told, c.Pos) || s.ID == "" {
			continue
		}
		told = append(told, c.Pos)
		t.line("      " + diag.Escape(c.Attr) + " is written at " + c.Pos.String())
		t.source(c.Pos)
	}
}

package show

import (
	"cmp"
	"fmt"
	"strings"

	"bayplan/interpreter/kind"
	"bayplan/interpreter/plan"
	"bayplan/lang/diag"
	"bayplan/lang/schema"
)

// indent stands before the lines below an object's own.
const indent = "      "

// object writes an object, and reports whether lines stand below its own.
func (t *text) object(x object, addrWidth int) bool {
	if x.kept != nil {
		t.headline(kind.Keep, x.addr, addrWidth, "keep: "+cmp.Or(x.kept.Why, "no longer in the program"))
		if x.kept.Hint != "" {
			t.line(indent + t.paint(dim, diag.Escape(x.kept.Hint)))
		}
		return x.kept.Hint != ""
	}
	s := x.step
	write := t.headline
	if s.LosesData {
		write = t.whole
	}
	own := s.Addr.EngineName(t.stack)
	write(s.Verb, x.addr, addrWidth, headlineOf(s, own))
	rows := t.changes(halfway(s), s, own)
	rows = append(rows, checked(s)...)
	rows = append(rows, t.impact(s)...)
	t.rows(rows)
	if t.o.Verbose {
		t.calls(s)
	}
	return len(rows) > 0 || t.o.Verbose
}

// headline writes an object's own line, cut to the width.
func (t *text) headline(v kind.Verb, addr string, width int, what string) {
	if !t.o.Verbose {
		room := t.o.Width - 4 - max(width, cells(addr)) - 2
		what = t.cutEnd(diag.Escape(what), max(room, 20))
	}
	t.whole(v, addr, width, what)
}

// whole writes an object's own line, however long it is.
func (t *text) whole(v kind.Verb, addr string, width int, what string) {
	sign, color := Mark(v, t.o.ASCII)
	pad := strings.Repeat(" ", max(width-cells(addr), 0))
	word, rest, found := strings.Cut(diag.Escape(what), ":")
	if found {
		rest = ":" + rest
	}
	t.line("  " + t.paint(color, sign) + " " + t.paint(bold, addr) + pad + "  " + t.paint(color, word) + rest)
}

// headlineOf says in a few words what happens and why, and the engine's name
// where it goes or is not the one that follows from the address, own.
func headlineOf(s *plan.Step, own string) string {
	if s.Name == "" || s.Verb != kind.Remove && s.Name == own {
		return headline(s)
	}
	return headline(s) + " (named " + s.Name + ")"
}

func headline(s *plan.Step) string {
	word := string(s.Verb)
	switch {
	case s.Verb == kind.Update && s.Work.Beside:
		word = "anew"
	case s.Verb == kind.Update:
		word = max(plan.Worst(s.Changes), schema.Live).String()
	}
	why := s.Why
	if why == "" && s.Verb != kind.Create {
		why = names(s.Changes)
	}
	if why == "" {
		return word
	}
	return word + ": " + why
}

// names lists the first attributes that force the worst effect.
func names(cs []schema.Change) string {
	worst := plan.Worst(cs)
	var out []string
	for _, c := range cs {
		if c.Effect == worst && (len(out) == 0 || out[len(out)-1] != c.Attr) {
			out = append(out, c.Attr)
		}
	}
	if len(out) > 3 {
		return fmt.Sprintf("%s and %d more", strings.Join(out[:2], ", "), len(out)-2)
	}
	return strings.Join(out, ", ")
}

// checked are the rows that say which postconditions are decided only when the
// step is nearly done.
func checked(s *plan.Step) []row {
	if s.Checks == nil {
		return nil
	}
	var rows []row
	for _, c := range s.Checks.Of {
		when := "checked after it is made"
		switch {
		case s.Work.Wait != nil:
			when = "checked after it is ready"
		case s.Verb != kind.Create && s.Verb != kind.Replace:
			when = "checked after that"
		}
		text := fmt.Sprintf("%s, when the engine tells %s (%s)", when, strings.Join(c.Needs, ", "), c.Pos)
		rows = append(rows, row{name: "postcondition", new: diag.Escape(text), single: true, sentence: true})
	}
	return rows
}

// halfway are the rows that say how a replacement which was cut short stands, and
// how it ends.
func halfway(s *plan.Step) []row {
	var rows []row
	for _, x := range []struct{ name, text string }{{"now", s.Work.Now}, {"then", s.Work.Then}} {
		if x.text != "" {
			rows = append(rows, row{name: x.name, new: diag.Escape(x.text), single: true, sentence: true})
		}
	}
	return rows
}

// impact is the row that says what is interrupted.
func (t *text) impact(s *plan.Step) []row {
	what, color := s.Work.Impact, yellow
	if what == "" {
		what, color = s.Work.Cutover, ""
	}
	if what == "" {
		return nil
	}
	if s.Work.Strategy != "" {
		what = s.Work.Strategy + ": " + what
	}
	return []row{{name: "impact", nameColor: color, new: diag.Escape(what), single: true, sentence: true}}
}

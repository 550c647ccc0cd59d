package show

import (
	"slices"
	"strings"

	"bayplan/interpreter/kind"
	"bayplan/interpreter/plan"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"

	"github.com/rogpeppe/go-internal/diff"
)

// row is one field below an object.
type row struct {
	name      string
	nameColor string
	old, new  string
	single    bool   // there is no old
	sentence  bool   // new is one, and is broken between words, not cut
	tail      []word // effect, reason, cause
	body      []word // lines of a unified diff, below
}

// word is text in a colour.
type word struct{ color, s string }

// changes adds the rows of what a step changes. own is the engine's name that
// follows from its address.
func (t *text) changes(rows []row, s *plan.Step, own string) []row {
	rows = slices.Grow(rows, len(s.Changes)+1) // and the impact
	for _, c := range s.Changes {
		c.Old, c.New = asDocument(c.Old), asDocument(c.New)
		if s.Verb == kind.Create && t.follows(c, own) {
			continue
		}
		if s.Verb == kind.Create {
			rows = appendSet(rows, c)
			continue
		}
		rows = append(rows, t.change(s, c))
	}
	return rows
}

// follows reports whether a creation sets what nobody wrote and everybody
// knows: the name that follows from the address.
func (t *text) follows(c schema.Change, own string) bool {
	return !c.Pos.Known() && c.New.Kind == ir.String && c.New.Str == own && !t.o.Verbose
}

// appendSet adds the rows of what a creation sets: an object field by field, a
// list of objects one by one.
func appendSet(rows []row, c schema.Change) []row {
	name := diag.Escape(c.Name())
	v := c.New
	if c.Note != "" {
		return append(rows, row{name: name, new: diag.Escape(c.Note), single: true})
	}
	switch {
	case v.Sensitive || c.Path != "":
	case v.Kind == ir.Map && len(v.Map) > 0:
		for _, k := range v.Keys() {
			rows = append(rows, row{name: name + " " + diag.Escape(k), new: display("", v.Map[k]), single: true})
		}
		return rows
	case v.Kind == ir.List && len(v.List) > 0 && v.List[0].Kind == ir.Map:
		for _, e := range v.List {
			rows = append(rows, row{name: name, new: display(c.Attr, e), single: true})
			name = ""
		}
		return rows
	}
	return append(rows, row{name: name, new: display(c.Attr, v), single: true})
}

func (t *text) change(s *plan.Step, c schema.Change) row {
	r := row{name: diag.Escape(c.Name()), tail: t.effect(s, c)}
	secret := c.Old.HasSensitive() || c.New.HasSensitive()
	switch {
	case c.Note != "":
		r.new, r.single = diag.Escape(c.Note), true
	case c.Old.Sensitive && c.New.Sensitive && !c.Old.IsNull() && !c.New.IsNull():
		r.new, r.single = "(sensitive, changed)", true
	case !secret && c.Old.Kind == ir.String && c.New.Kind == ir.String && max(lines(c.Old.Str), lines(c.New.Str)) > 1:
		r.new, r.single = display(c.Attr, c.New), true
		r.body = t.unified(c.Old.Str, c.New.Str)
	default:
		r.old, r.new = display(c.Attr, c.Old), display(c.Attr, c.New)
	}
	return r
}

// effect says what a field does to the object, and who brought the change.
func (t *text) effect(s *plan.Step, c schema.Change) []word {
	_, color := Mark(s.Verb, t.o.ASCII)
	worst := plan.Worst(s.Changes)
	var w []word
	switch {
	case c.Effect == schema.None:
	case c.Effect < worst && worst >= schema.Restart:
		w = append(w, word{dim, c.Effect.String() + " if alone"})
	case worst >= schema.Restart:
		w = append(w, word{color, "forces " + worst.String()})
	case worst == schema.Reconnect:
		w = append(w, word{dim, c.Effect.String()})
	}
	if c.Reason != "" {
		w = append(w, word{dim, diag.Escape(c.Reason)})
	}
	if c.Cause != "" {
		w = append(w, word{dim, "since " + diag.Escape(c.Cause)})
	}
	if c.ByHand {
		w = append(w, word{yellow, "by hand"})
	}
	return w
}

// maxDiff is how many lines of a unified diff a plan shows unless it is
// verbose.
const maxDiff = 40

func (t *text) unified(a, b string) []word {
	all := strings.Split(strings.TrimSuffix(string(diff.Diff("old", []byte(a), "new", []byte(b))), "\n"), "\n")
	if len(all) < 4 {
		return nil
	}
	all = all[3:] // the names of the two
	var out []word
	for i, l := range all {
		if i == maxDiff && !t.o.Verbose {
			return append(out, word{dim, Plural(len(all)-i, "more line") + " (-v shows all)"})
		}
		color := dim
		switch l[:min(1, len(l))] {
		case "+":
			color = green
		case "-":
			color = red
		case `\`:
			continue // "No newline at end of file" says the same on both sides
		}
		out = append(out, word{color, diag.Escape(strings.ReplaceAll(l, "\t", "    "))})
	}
	return out
}

// maxName is the widest column of field names; a longer name shifts its line.
const maxName = 36

// maxValue is the widest column of values that have an effect beside them: what
// stands far away is not read together.
const maxValue = 60

// rows writes fields in columns: name, value, effect.
func (t *text) rows(rows []row) {
	var c columns
	for _, r := range rows {
		c.name = widen(c.name, r.name, maxName)
	}
	c.room = t.o.Width - len(indent) - c.name - 2
	for _, r := range rows {
		if w := t.pairWidth(r, r.old, r.new); len(r.tail) > 0 && !r.sentence && w <= maxValue && w+2+t.tailWidth(r) <= c.room {
			c.value = max(c.value, w)
		}
	}
	for _, r := range rows {
		t.row(r, c)
	}
}

// columns is the layout of a block of rows.
type columns struct {
	name  int // width of the names
	value int // of the values that have something after them
	room  int // for value and effect together
}

func (t *text) row(r row, c columns) {
	pad := strings.Repeat(" ", max(c.name-cells(r.name), 0))
	t.b.WriteString(indent + t.paint(r.nameColor, r.name) + pad + "  ")
	c.room -= max(cells(r.name)-c.name, 0)
	tailWidth := t.tailWidth(r)
	if r.sentence {
		t.sentence(r, c)
		return
	}
	old, new, stacked := t.fit(r, c.room, tailWidth)
	switch {
	case stacked:
		t.line(t.paint(dim, old))
		arrow := t.arrow() + " " // it hangs before the column of values
		t.line(indent + strings.Repeat(" ", max(c.name+2-cells(arrow), 0)) + t.paint(dim, arrow) + new)
		t.below(r, c)
	case tailWidth == 0 || t.pairWidth(r, old, new)+2+tailWidth <= c.room:
		t.line(t.pair(r, old, new) + t.gap(t.pairWidth(r, old, new), tailWidth, c) + t.tail(r))
	default:
		t.line(t.pair(r, old, new))
		t.below(r, c)
	}
	for _, l := range r.body {
		t.line(indent + "  " + t.paint(l.color, l.s))
	}
}

// sentence writes a row whose value is text for people.
func (t *text) sentence(r row, c columns) {
	under := indent + strings.Repeat(" ", c.name+2)
	line := ""
	for _, w := range strings.Fields(r.new) {
		if line != "" && cells(line)+1+cells(w) > c.room {
			t.line(line)
			t.b.WriteString(under)
			line = ""
		}
		line = strings.TrimPrefix(line+" "+w, " ")
	}
	t.line(line)
}

// below writes the effect under the value, a part on each line where they are
// long.
func (t *text) below(r row, c columns) {
	under := indent + strings.Repeat(" ", c.name+2)
	if t.tailWidth(r) <= c.room {
		if len(r.tail) > 0 {
			t.line(under + t.tail(r))
		}
		return
	}
	for _, w := range r.tail {
		t.line(under + t.paint(w.color, w.s))
	}
}

// fit shortens the values of r where they are too wide. stacked says that new
// stands below old.
func (t *text) fit(r row, room, tailWidth int) (old, new string, stacked bool) {
	if t.o.Verbose || t.pairWidth(r, r.old, r.new) <= room {
		return r.old, r.new, t.pairWidth(r, r.old, r.new) > room && !r.single
	}
	if r.single {
		if side := room - tailWidth - 2; tailWidth > 0 && side >= 32 {
			return "", t.cut(r.new, side), false
		}
		return "", t.cut(r.new, room), false
	}
	if max(cells(r.old), cells(r.new)) <= room {
		return r.old, r.new, true
	}
	old, new = t.squeeze(r.old, r.new)
	if t.pairWidth(r, old, new) <= room {
		return old, new, false
	}
	return t.cut(old, room), t.cut(new, room), true
}

// pairWidth is the width of a value on one line.
func (t *text) pairWidth(r row, old, new string) int {
	if r.single {
		return cells(new)
	}
	return cells(old) + cells(t.arrow()) + 2 + cells(new)
}

func (t *text) pair(r row, old, new string) string {
	if r.single {
		return new
	}
	return t.paint(dim, old) + " " + t.paint(dim, t.arrow()) + " " + new
}

// gap is the space before the effect: up to its column, if there is room.
func (t *text) gap(w, tailWidth int, c columns) string {
	if tailWidth == 0 {
		return ""
	}
	if w < c.value && c.value+2+tailWidth <= c.room {
		return strings.Repeat(" ", c.value-w+2)
	}
	return "  "
}

func (t *text) tailWidth(r row) int {
	n := 0
	for i, w := range r.tail {
		if i > 0 {
			n += cells(t.sep())
		}
		n += cells(w.s)
	}
	return n
}

func (t *text) tail(r row) string {
	parts := make([]string, len(r.tail))
	for i, w := range r.tail {
		parts[i] = t.paint(w.color, w.s)
	}
	return strings.Join(parts, t.paint(dim, t.sep()))
}

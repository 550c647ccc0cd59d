package show

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/plan"
	"bayplan/lang/diag"
)

// calls writes what apply will send for a step, and what it will send if the
// step fails.
func (t *text) calls(s *plan.Step) {
	if len(s.Changes) > 0 {
		t.line("")
	}
	for _, g := range s.Gates {
		t.label("first", waits(&g.Wait))
	}
	for _, f := range s.Work.Facts {
		t.label("check", fact(f))
	}
	t.ops("call", s.Work.Ops)
	if s.Work.Wait != nil {
		t.label("wait", waits(s.Work.Wait))
	}
	t.ops("then", s.Work.Commit)
	t.ops("if it fails", s.Work.Undo)
}

// labelWidth is the width of the longest label of a call.
const labelWidth = len("if it fails")

func (t *text) label(name, s string) {
	t.line(indent + t.paint(dim, fmt.Sprintf("%-*s", labelWidth, name)) + "  " + s)
}

func (t *text) ops(name string, ops []engine.Op) {
	for i, op := range ops {
		label := ""
		if i == 0 || len(op.Facts) > 0 {
			label = name
		}
		for _, f := range op.Facts {
			t.label("check", fact(f))
		}
		method, path := op.Path()
		s := method + " " + diag.Escape(path)
		if op.Stream != nil {
			s += t.paint(dim, fmt.Sprintf("  with %s of content %s", bytesText(op.Stream.Size), shortIDs(op.Stream.Hash)))
		}
		t.label(label, s)
		t.body(op.Body())
	}
}

// body writes the body of a request as JSON.
func (t *text) body(x any) {
	if x == nil {
		return
	}
	pad := indent + strings.Repeat(" ", labelWidth+2)
	for _, l := range strings.Split(t.json(x, len(pad), 0), "\n") {
		t.line(t.paint(dim, pad+l))
	}
}

// json returns x as JSON with each object or list on one line if it fits. at is
// the column where x's lines start, used what stands before x on its line.
func (t *text) json(x any, at, used int) string {
	one := oneLine(x)
	if at+used+cells(one) <= t.o.Width {
		return one
	}
	pad := "\n" + strings.Repeat(" ", 2)
	var items []string
	brackets := "[]"
	switch x := x.(type) {
	case []any:
		for _, e := range x {
			items = append(items, t.json(e, at+2, 1))
		}
	case map[string]any:
		brackets = "{}"
		for _, k := range slices.Sorted(maps.Keys(x)) {
			key := oneLine(k) + ": "
			items = append(items, key+t.json(x[k], at+2, cells(key)+1))
		}
	default:
		return one
	}
	for i := range items {
		items[i] = strings.ReplaceAll(items[i], "\n", pad)
	}
	return brackets[:1] + pad + strings.Join(items, ","+pad) + "\n" + brackets[1:]
}

// oneLine returns x as JSON on one line, with a space after colons and commas.
func oneLine(x any) string {
	switch x := x.(type) {
	case []any:
		items := make([]string, len(x))
		for i, e := range x {
			items[i] = oneLine(e)
		}
		return "[" + strings.Join(items, ", ") + "]"
	case map[string]any:
		var items []string
		for _, k := range slices.Sorted(maps.Keys(x)) {
			items = append(items, oneLine(k)+": "+oneLine(x[k]))
		}
		return "{" + strings.Join(items, ", ") + "}"
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(x); err != nil {
		panic("show: a call's body is no JSON: " + err.Error())
	}
	return diag.Escape(strings.TrimSuffix(b.String(), "\n")) // JSON escapes only what is ASCII
}

func waits(w *engine.Wait) string {
	s := fmt.Sprintf("%s is %s within %s", diag.Escape(w.Container), w.Until, w.Limit)
	if w.Settle > 0 {
		s += fmt.Sprintf(", and still is after %s", w.Settle)
	}
	return s
}

func fact(f engine.Fact) string {
	what := fmt.Sprintf("%s %s", f.Read.Call, f.Read.Arg)
	if f.Absent {
		return diag.Escape(what) + " finds nothing"
	}
	if f.Among != nil {
		return diag.Escape(fmt.Sprintf("%s %s is among %s", what, strings.Join(f.Path, "."), shortIDs(strings.Join(f.Among, ", "))))
	}
	return diag.Escape(fmt.Sprintf("%s %s is %s", what, strings.Join(f.Path, "."), shortIDs(f.Want)))
}

// bytesText returns a size for people.
func bytesText(n int64) string {
	switch {
	case n < 1<<10:
		return Plural(int(n), "byte")
	case n < 1<<20:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}

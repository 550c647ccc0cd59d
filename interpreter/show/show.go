// Package show turns a plan into text for people and into JSON for programs.
//
// The text has two levels: a line for each object with what happens to it and
// why, and below it only the fields that change. A last line counts. With
// Options.Verbose the calls that apply will send are there too, and what it
// will send if a step fails. The JSON document (Document) always has them.
package show

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"bayplan/interpreter/kind"
	"bayplan/interpreter/plan"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
)

// Options says how a plan looks. The zero value is plain text without colour.
type Options struct {
	Color   bool
	ASCII   bool         // no characters beyond ASCII of bay's own
	Verbose bool         // calls, and values in full
	Width   int          // columns; 0 is DefaultWidth
	Host    string       // the engine, for people; "" leaves it out
	Sources diag.Sources // lets notes show their source lines; may be nil
}

// DefaultWidth is for output that is no terminal.
const DefaultWidth = 100

// minWidth keeps columns usable on a very narrow terminal, which wraps then.
const minWidth = 48

// Text writes p for people.
func Text(w io.Writer, p *plan.Plan, o Options) error {
	t := newText(o)
	t.stack = p.Stack
	t.heading(p)
	objects := objectsOf(p)
	addrWidth := 0
	for _, x := range objects {
		addrWidth = widen(addrWidth, x.addr, maxAddr)
	}
	roomy := false // lines stand below the last object's own
	for i, x := range objects {
		if i > 0 && roomy {
			t.line("")
		}
		roomy = t.object(x, addrWidth)
	}
	if len(objects) > 0 {
		t.line("")
	}
	t.moved(p)
	t.ignored(p)
	t.unready(p)
	t.outputs(p)
	if err := t.notes(p.Notes); err != nil {
		return err
	}
	t.last(p)
	_, err := io.WriteString(w, t.b.String())
	return err
}

// maxAddr is the widest column of addresses; a longer address shifts its line.
const maxAddr = 32

// widen returns the width of a column to which s is added. One that is longer
// than most is no reason to move all others.
func widen(width int, s string, most int) int {
	if n := cells(s); n <= most {
		return max(width, n)
	}
	return width
}

// object is a step or something kept.
type object struct {
	addr string
	at   ir.Addr
	step *plan.Step
	kept *plan.Kept
}

// objectsOf returns what p shows, in order of address.
func objectsOf(p *plan.Plan) []object {
	var out []object
	for _, s := range p.Steps {
		out = append(out, object{addr: diag.Escape(s.Addr.String()), at: s.Addr, step: s})
	}
	for _, k := range p.Kept {
		out = append(out, object{addr: diag.Escape(k.Addr.String()), at: k.Addr, kept: k})
	}
	slices.SortStableFunc(out, func(a, b object) int { return a.at.Compare(b.at) })
	return out
}

func (t *text) heading(p *plan.Plan) {
	if p.Empty() && len(p.Kept) == 0 && len(p.Moved) == 0 {
		return
	}
	head := "stack " + diag.Escape(p.Stack)
	if t.o.Host != "" {
		head += " on " + diag.Escape(t.o.Host)
	}
	if p.Same > 0 {
		head += t.sep() + fmt.Sprintf("%d unchanged", p.Same)
	}
	if p.LeftOut > 0 {
		head += t.sep() + fmt.Sprintf("%d left out", p.LeftOut)
	}
	t.line(t.paint(dim, head))
	t.line("")
}

// moved says what was recognised under another address.
func (t *text) moved(p *plan.Plan) {
	if len(p.Moved) == 0 {
		return
	}
	t.line("  moved")
	for _, m := range p.Moved {
		t.line(indent + diag.Escape(fmt.Sprintf("%s %s %s", m.Old, t.arrow(), m.New)) + t.paint(dim, diag.Escape(" (named "+m.Name+")")))
	}
	t.line("")
}

// ignored says, where all is to be told, what differs and is no change.
func (t *text) ignored(p *plan.Plan) {
	if len(p.Ignored) == 0 || !t.o.Verbose {
		return
	}
	t.line("  ignored")
	for _, x := range p.Ignored {
		t.line(indent + diag.Escape(x.Addr.String()) + t.paint(dim, diag.Escape(" ("+strings.Join(x.Names, ", ")+")")))
	}
	t.line("")
}

// unready says what stays as it is and does not serve, or not yet.
func (t *text) unready(p *plan.Plan) {
	if len(p.Unready) == 0 {
		return
	}
	t.line("  not ready")
	for _, x := range p.Unready {
		t.line(indent + diag.Escape(x.Addr.String()+" "+x.What))
	}
	t.line("")
}

func (t *text) outputs(p *plan.Plan) {
	if len(p.Outputs) == 0 || p.Empty() && p.Same > 0 { // what has outputs alone is read for them
		return
	}
	t.line("  outputs")
	widest := 0
	for _, o := range p.Outputs {
		widest = widen(widest, diag.Escape(o.Name), maxName)
	}
	var rows []row
	for _, o := range p.Outputs {
		v := o.Value
		v.Sensitive = v.Sensitive || o.Sensitive
		rows = append(rows, t.output(diag.Escape(o.Name), asDocument(v), t.o.Width-len(indent)-widest-2)...)
	}
	t.rows(rows)
	t.line("")
}

// maxParts is how many parts of an output a plan shows in lines of their own
// unless it is verbose.
const maxParts = 20

// outputText returns a value of an output, in the form of `bay output`: a map
// keeps its braces, since no attribute stands around it.
func outputText(v ir.Value) string {
	if v.Kind == ir.Map {
		return shortIDs(v.Show())
	}
	return display("", v)
}

// output returns the rows of an output: where its value is a map or a list that
// is too wide for a line, one for each of its parts.
func (t *text) output(name string, v ir.Value, room int) []row {
	whole := row{name: name, new: outputText(v), single: true}
	if cells(whole.new) <= room || v.Sensitive || v.Kind != ir.Map && v.Kind != ir.List {
		return []row{whole}
	}
	var rows []row
	for _, k := range v.Keys() {
		rows = append(rows, row{name: name + " " + diag.Escape(k), new: outputText(v.Map[k]), single: true})
	}
	for i, e := range v.List {
		rows = append(rows, row{name: fmt.Sprintf("%s[%d]", name, i), new: outputText(e), single: true})
	}
	if more := len(rows) - maxParts; more > 0 && !t.o.Verbose {
		rows = append(rows[:maxParts], row{new: fmt.Sprintf("%d more (-v shows all)", more), single: true})
	}
	return rows
}

// notes writes warnings; a plan that holds errors is never shown.
func (t *text) notes(l diag.List) error {
	if len(l) == 0 {
		return nil
	}
	if err := diag.Write(&t.b, l, t.o.Sources, t.o.Color); err != nil {
		return err
	}
	t.line("")
	return nil
}

// last writes the line that counts.
func (t *text) last(p *plan.Plan) {
	if p.Empty() {
		t.line(nothing(p))
		return
	}
	c, applying := CountsOf(p), p.Mode == plan.Apply
	var steps []string
	for _, x := range []struct {
		n      int
		verb   kind.Verb
		word   string
		always bool
	}{
		{c.Create, kind.Create, "create", applying},
		{c.Live, kind.Update, "live", applying},
		{c.Restart, kind.Restart, "restart", false},
		{c.Replace, kind.Replace, "replace", applying},
		{c.Finish, kind.Finish, "finish", false},
		{c.Restore, kind.Restore, "restore", false},
		{c.Remove, kind.Remove, "remove", true},
	} {
		if x.n > 0 || x.always {
			_, color := Mark(x.verb, t.o.ASCII)
			steps = append(steps, t.count(x.n, fmt.Sprintf("%d %s", x.n, x.word), color))
		}
	}
	parts := []string{
		t.paint(bold, "Plan:") + " " + strings.Join(steps, ", "),
		t.count(c.Interrupted, Plural(c.Interrupted, interruptedNoun(p))+" interrupted", yellow),
		t.count(c.VolumesRemoved, Plural(c.VolumesRemoved, "volume")+" removed", red),
	}
	if c.Kept > 0 {
		parts = append(parts, t.count(c.Kept, fmt.Sprintf("%d kept", c.Kept), blue))
	}
	t.wrap(parts)
}

// count paints what was counted, unless it is none.
func (t *text) count(n int, s, color string) string {
	if n == 0 {
		color = dim
	}
	return t.paint(color, s)
}

// wrap writes parts on as few lines as hold them.
func (t *text) wrap(parts []string) {
	line := parts[0]
	for _, p := range parts[1:] {
		if cells(ansi.ReplaceAllString(line+t.sep()+p, "")) > t.o.Width {
			t.line(line)
			line = "      " + p
			continue
		}
		line += t.paint(dim, t.sep()) + p
	}
	t.line(line)
}

// ansi is what paint adds.
var ansi = regexp.MustCompile("\x1b\\[[0-9;]*m")

func nothing(p *plan.Plan) string {
	stack := diag.Escape(p.Stack)
	switch {
	case p.Mode == plan.Collect:
		return fmt.Sprintf("Nothing to do: stack %s brought no image that nothing uses.", stack)
	case p.Mode == plan.Destroy && !p.Part.Whole():
		return fmt.Sprintf("Nothing to do: this part of stack %s has nothing that is removed.", stack)
	case p.Mode == plan.Destroy && len(p.Kept) > 0:
		return fmt.Sprintf("Nothing to do: of stack %s only what is kept is left.", stack)
	case p.Mode == plan.Destroy:
		return fmt.Sprintf("Nothing to do: nothing of stack %s is on the engine.", stack)
	case p.Part.Task != "" && p.Same == 0:
		return fmt.Sprintf("Nothing to do: stack %s has nothing to %s.", stack, p.Part.Task)
	case p.Part.Task != "":
		return fmt.Sprintf("Nothing to %s: of stack %s all is there (%s).", p.Part.Task, stack, Plural(p.Same, "resource"))
	case !p.Part.Whole():
		return fmt.Sprintf("Nothing to do: this part of stack %s is as its program says (%s).", stack, Plural(p.Same, "resource"))
	case p.Same == 0:
		return fmt.Sprintf("Nothing to do: stack %s has no resources.", stack)
	}
	return fmt.Sprintf("Nothing to do: stack %s is as its program says (%s).", stack, Plural(p.Same, "resource"))
}

// interruptedNoun names what is interrupted: its kind, if it is one kind.
func interruptedNoun(p *plan.Plan) string {
	noun := ""
	for _, s := range p.Steps {
		if !s.Interrupts() {
			continue
		}
		if noun != "" && noun != s.Addr.Kind {
			return "object"
		}
		noun = s.Addr.Kind
	}
	if noun == "" {
		return "container" // the only thing that runs
	}
	return noun
}

// Plural counts things: "1 volume", "2 volumes".
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Counts is how many steps of each sort a plan has.
type Counts struct {
	Create         int `json:"create"`
	Live           int `json:"live"` // changed in place
	Restart        int `json:"restart"`
	Replace        int `json:"replace"`
	Remove         int `json:"remove"`
	Finish         int `json:"finish"`  // replacements that were cut short and go on
	Restore        int `json:"restore"` // and that are taken back
	Same           int `json:"same"`
	LeftOut        int `json:"left_out,omitempty"` // that the plan is not about
	Kept           int `json:"kept"`
	Interrupted    int `json:"interrupted"`
	VolumesRemoved int `json:"volumes_removed"`
}

// CountsOf counts what p does.
func CountsOf(p *plan.Plan) Counts {
	c := Counts{Same: p.Same, LeftOut: p.LeftOut, Kept: len(p.Kept)}
	of := map[kind.Verb]*int{
		kind.Create: &c.Create, kind.Update: &c.Live, kind.Restart: &c.Restart, kind.Replace: &c.Replace,
		kind.Remove: &c.Remove, kind.Finish: &c.Finish, kind.Restore: &c.Restore,
	}
	for _, s := range p.Steps {
		if n := of[s.Verb]; n != nil {
			*n++
		}
		if s.Interrupts() {
			c.Interrupted++
		}
		if s.LosesData {
			c.VolumesRemoved++
		}
	}
	return c
}

package show

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/interpreter/plan"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
)

// Decode reads a Document. It ignores fields that it does not know, and
// refuses a format greater than its own and a document whose checksum does not
// hold.
func Decode(data []byte) (*Document, error) {
	tree, err := treeOf(data)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return nil, errors.New("it is cut short: it ends in the middle")
	case err != nil:
		return nil, fmt.Errorf("it is not JSON as bay writes it: %w", err)
	}
	if err := CheckFormat(bare(tree["format"]), plan.Format); err != nil {
		return nil, err
	}
	form, err := canonical(data)
	if err != nil {
		return nil, err
	}
	if bare(tree[checksumField]) != checksum(form) {
		return nil, errors.New("its checksum does not hold: it was edited or damaged")
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber() // 64-bit sizes survive
	d := new(Document)
	if err := dec.Decode(d); err != nil {
		return nil, fmt.Errorf("it is no plan: %w", err)
	}
	return d, nil
}

// Plan returns the plan that a document tells of, to be shown. It cannot be
// applied: what the document leaves open is not in it.
func (d *Document) Plan() (*plan.Plan, error) {
	r := reader{}
	on := d.Engines["default"]
	p := &plan.Plan{
		Mode: d.Mode, Stack: d.Stack, Part: d.Origin.Part, Same: d.Counts.Same, LeftOut: d.Counts.LeftOut, Notes: notesFrom(d.Notes),
		Info: engine.Info{ID: on.ID, API: on.API, Version: on.Version},
	}
	for _, s := range d.Steps {
		p.Steps = append(p.Steps, r.step(s))
	}
	for _, m := range d.Moved {
		p.Moved = append(p.Moved, &plan.Moved{Old: r.addr(m.Old), New: r.addr(m.New), Name: m.Name})
	}
	for _, k := range d.Kept {
		p.Kept = append(p.Kept, &plan.Kept{Addr: r.addr(k.Address), Name: k.Name, Why: k.Why, Hint: k.Hint})
	}
	for _, x := range d.Ignored {
		p.Ignored = append(p.Ignored, &plan.Ignored{Addr: r.addr(x.Address), Names: x.Names})
	}
	for _, o := range d.Outputs {
		p.Outputs = append(p.Outputs, plan.Output{Name: o.Name, Value: valueFrom(o.Value), Sensitive: o.Sensitive, Pos: posFrom(o.Pos)})
	}
	return p, r.err
}

// reader turns the parts of a document back into those of a plan.
type reader struct {
	err error // the first
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

func (r *reader) addr(text string) ir.Addr {
	a, err := ir.ParseAddr(text)
	if err != nil {
		r.fail("%w", err)
	}
	return a
}

func (r *reader) step(s Step) *plan.Step {
	out := &plan.Step{
		ID: s.ID, Verb: s.Verb, Addr: r.addr(s.Address), Name: s.Name, Pos: posFrom(s.Pos), Why: s.Why, Needs: s.Needs, LosesData: s.LosesData,
		Work: kind.Work{
			Facts: factsFrom(s.Facts), Ops: opsFrom(s.Ops), Commit: opsFrom(s.Commit), Undo: opsFrom(s.Undo),
			Strategy: s.Strategy, Impact: s.Impact, Cutover: s.Cutover, Now: s.Now, Then: s.Then, Early: s.Early,
		},
	}
	for _, c := range s.Changes {
		out.Changes = append(out.Changes, r.change(c))
	}
	for _, c := range s.Checks {
		if out.Checks == nil {
			out.Checks = &plan.Checks{Addr: out.Addr}
		}
		check := ir.Check{Pos: posFrom(c.Pos)}
		for _, n := range c.Needs {
			check.Needs = append(check.Needs, strings.TrimSuffix(strings.TrimPrefix(n, "${"+s.Address+"."), "}"))
		}
		out.Checks.Of = append(out.Checks.Of, check)
	}
	for _, g := range s.Gates {
		out.Gates = append(out.Gates, plan.Gate{On: r.addr(g.On), Wait: r.wait(g.Wait)})
	}
	if s.Wait != nil {
		w := r.wait(*s.Wait)
		out.Work.Wait = &w
	}
	return out
}

func (r *reader) change(c Change) schema.Change {
	e, ok := effects()[c.Effect]
	if !ok {
		r.fail("field %s: unknown effect %q", c.Attr, c.Effect)
	}
	return schema.Change{
		Attr: c.Attr, Path: c.Path, Old: valueFrom(c.Old), New: valueFrom(c.New), Effect: e,
		Reason: c.Reason, Cause: c.Cause, ByHand: c.ByHand, Note: c.Note, Pos: posFrom(c.Pos),
	}
}

func effects() map[string]schema.Effect {
	out := map[string]schema.Effect{}
	for e := schema.None; e <= schema.Replace; e++ {
		out[e.String()] = e
	}
	return out
}

func (r *reader) wait(w Wait) engine.Wait {
	return engine.Wait{Container: w.Container, Until: w.Until, Settle: r.duration(w.Settle), Limit: r.duration(w.Limit), Addr: r.addr(w.Address)}
}

func (r *reader) duration(text string) time.Duration {
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		r.fail("%w", err)
	}
	return d
}

func factsFrom(facts []Fact) []engine.Fact {
	var out []engine.Fact
	for _, f := range facts {
		out = append(out, engine.Fact{
			Source: engine.Source{Read: engine.Read{Call: f.Call, Arg: f.Arg}, Path: f.Path}, Want: f.Want, Absent: f.Absent, Among: f.Among,
		})
	}
	return out
}

// recorded is a call as a document tells of it.
type recorded struct{ op Op }

// Wire returns the request as it is printed.
func (c *recorded) Wire() (method, path string) { return c.op.Method, c.op.Path }

// Body returns the request's body as it is printed.
func (c *recorded) Body() any { return c.op.Body }

// MarshalJSON gives the arguments as they are printed.
func (c *recorded) MarshalJSON() ([]byte, error) { return json.Marshal(c.op.Args) }

func opsFrom(ops []Op) []engine.Op {
	var out []engine.Op
	for _, o := range ops {
		op := engine.Op{Call: &recorded{o}, Makes: o.Makes, Facts: factsFrom(o.Facts), Alone: o.Alone}
		if o.Stream != nil {
			op.Stream = &engine.Stream{Hash: o.Stream.Hash, Size: o.Stream.Size}
		}
		out = append(out, op)
	}
	return out
}

func notesFrom(notes []Note) diag.List {
	var out diag.List
	for _, n := range notes {
		out = append(out, diag.Diag{Pos: posFrom(n.Pos), Msg: n.Text, Hint: n.Hint, Calls: n.Calls, Warning: n.Warning})
	}
	return out
}

func posFrom(p *diag.Pos) diag.Pos {
	if p == nil {
		return diag.Pos{}
	}
	return *p
}

// engineText is text in which something is only known to the engine.
var engineText = regexp.MustCompile(`\$\{[a-z][a-z0-9_]*[.\[]`)

// valueFrom returns a value as Plain tells of it. Text in which a document
// shows references holds them as they are shown.
func valueFrom(x any) ir.Value {
	switch x := x.(type) {
	case bool:
		return ir.BoolVal(x)
	case int64:
		return ir.IntVal(x)
	case float64:
		return ir.FloatVal(x)
	case json.Number:
		return numberFrom(x)
	case string:
		return stringFrom(string([]rune(x))) // bytes that are no text are lost in JSON
	case []any:
		out := ir.ListVal(make([]ir.Value, len(x))...)
		for i, e := range x {
			out.List[i] = valueFrom(e)
		}
		return out
	case map[string]any:
		if sensitive(x) {
			return ir.StringVal("").AsSensitive()
		}
		out := ir.MapVal(make(map[string]ir.Value, len(x)))
		for k, e := range x {
			out.Map[k] = valueFrom(e)
		}
		return out
	}
	return ir.Value{}
}

func numberFrom(n json.Number) ir.Value {
	if i, err := n.Int64(); err == nil {
		return ir.IntVal(i)
	}
	f, err := n.Float64()
	if err != nil {
		return ir.StringVal(n.String())
	}
	return ir.FloatVal(f)
}

func stringFrom(s string) ir.Value {
	if strings.HasSuffix(s, "]") { // without a key an address reads like any text
		if a, err := ir.ParseAddr(s); err == nil && a.String() == s {
			return ir.HandleVal(a)
		}
	}
	if engineText.MatchString(s) {
		return ir.Value{Kind: ir.Text, Parts: []ir.Part{{Lit: s}}}
	}
	return ir.StringVal(s)
}

// asDocument returns a value as the plan's document tells of it, so that what
// is shown of a plan and of its document is the same.
func asDocument(v ir.Value) ir.Value {
	if !v.Any(toldAnew) {
		return v
	}
	return valueFrom(Plain(v))
}

// toldAnew reports whether a document tells of a value in another way than the
// value itself does, what is within it aside.
func toldAnew(v ir.Value) bool {
	switch v.Kind {
	case ir.Null, ir.Bool, ir.Int, ir.List:
		return v.Sensitive
	case ir.String:
		return v.Sensitive || !utf8.ValidString(v.Str) || stringFrom(v.Str).Kind != ir.String
	case ir.Map:
		_, like := v.Map["sensitive"] // it may be taken for a mark
		return v.Sensitive || like
	case ir.Handle: // without a key it is read back as text
		a := v.Ref.Addr
		return v.Sensitive || v.Ref.Attr != "" || a.Module != "" || !a.Keyed || !utf8.ValidString(a.Key)
	}
	return true
}

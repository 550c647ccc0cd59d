package show

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/interpreter/plan"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
)

// Document is a plan as JSON. It is the whole plan but for secrets: whoever
// reads it can tell what apply will send. Fields may be added within a version
// of the format; their meaning does not change.
//
// Values (old, new, output values) are plain JSON. A sensitive leaf is
// {"sensitive": true}, a value that only the engine knows is a string such as
// "${container.db.ip}", nothing is null.
type Document struct {
	Format  string            `json:"format"`            // "bayplan.plan/1"
	Mode    plan.Mode         `json:"mode"`              // "apply" or "destroy"
	Stack   string            `json:"stack"`             // its name
	Engines map[string]Engine `json:"engines"`           // by name; today there is one, "default"
	Steps   []Step            `json:"steps"`             // in an order in which they can be done
	Moved   []Moved           `json:"moved,omitempty"`   // objects that have another address than their labels say
	Kept    []Kept            `json:"kept"`              // objects that stay although the program no longer has them
	Ignored []Ignored         `json:"ignored,omitempty"` // what differs and is no change, since a lifecycle says so
	Outputs []Output          `json:"outputs"`           // in order of their names
	Notes   []Note            `json:"notes"`             // warnings
	Counts  Counts            `json:"counts"`

	Origin   Origin `json:"origin,omitzero"`    // what the plan was made from
	Checksum string `json:"checksum,omitempty"` // "sha256:" and hex digits, over the document without it: keys in order, no space between
}

// Engine is the engine that the plan was made against.
type Engine struct {
	ID      string `json:"id"`
	API     string `json:"api"`     // negotiated API version, such as "1.41"
	Version string `json:"version"` // such as "20.10.24"
}

// Step is what happens to one object.
type Step struct {
	ID       string    `json:"id,omitempty"`       // the engine's ID of the object that it starts from; absent for a creation
	Verb     kind.Verb `json:"verb"`               // "create", "update", "restart", "replace", "remove", "finish", "restore"
	Address  string    `json:"address"`            // such as `container.web["0"]`
	Name     string    `json:"name,omitempty"`     // the engine's name afterwards; absent for kinds without names
	Pos      *diag.Pos `json:"pos,omitempty"`      // of the declaration; absent for what is no longer in the program
	Why      string    `json:"why,omitempty"`      // in a few words, for people
	Changes  []Change  `json:"changes,omitempty"`  // field by field; of a creation what is set
	Needs    []int     `json:"needs,omitempty"`    // indexes of steps that come first
	Gates    []Gate    `json:"gates,omitempty"`    // conditions on other objects before it begins
	Facts    []Fact    `json:"facts,omitempty"`    // checked again right before it acts
	Ops      []Op      `json:"ops,omitempty"`      // calls, in order
	Wait     *Wait     `json:"wait,omitempty"`     // after ops
	Checks   []Check   `json:"checks,omitempty"`   // postconditions that are decided then
	Commit   []Op      `json:"commit,omitempty"`   // calls after the wait
	Undo     []Op      `json:"undo,omitempty"`     // calls if something fails before commit has begun
	Strategy string    `json:"strategy,omitempty"` // of a replacement: "stop-first", "start-first", "remove-first"
	Impact   string    `json:"impact,omitempty"`   // what is interrupted, for people; absent where nothing is
	Cutover  string    `json:"cutover,omitempty"`  // of a start-first replacement, for people: what little it cuts
	Now      string    `json:"now,omitempty"`      // of a replacement that was cut short, for people: what became of both until now
	Then     string    `json:"then,omitempty"`     // and what becomes of both
	Early    bool      `json:"early,omitempty"`    // it comes before anything that disturbs: pulls and builds

	LosesData bool `json:"loses_data,omitempty"` // what it removes cannot be made again
}

// Check is a postcondition that is decided when the engine has told what it
// needs, before Commit. If it does not hold, the step has failed.
type Check struct {
	Pos   *diag.Pos `json:"pos,omitempty"` // of the condition
	Needs []string  `json:"needs"`         // such as "${container.web.ip}"
}

// Change is one field that differs.
type Change struct {
	Attr   string    `json:"attr"`
	Path   string    `json:"path,omitempty"` // within the attribute, for people: "LOG_LEVEL", "80/tcp host"
	Old    any       `json:"old"`            // what lives
	New    any       `json:"new"`            // what is wanted
	Effect string    `json:"effect"`         // "none", "live", "reconnect", "restart", "replace": of this field alone
	Reason string    `json:"reason,omitempty"`
	Cause  string    `json:"cause,omitempty"`   // what elsewhere in the plan brings the change
	ByHand bool      `json:"by_hand,omitempty"` // drift: somebody changed the object, not the program
	Note   string    `json:"note,omitempty"`    // where old and new would say nothing
	Pos    *diag.Pos `json:"pos,omitempty"`
}

// Gate is a condition on another object.
type Gate struct {
	On string `json:"on"` // address
	Wait
}

// Wait is what must become true of a container.
type Wait struct {
	Container string       `json:"container"`        // name or ID
	Until     ir.Condition `json:"until"`            // "started", "healthy", "completed"
	Settle    string       `json:"settle,omitempty"` // still so after this long, such as "2s"
	Limit     string       `json:"limit"`            // then it has failed
	Address   string       `json:"address"`          // whose container it is
}

// Fact is what a step relies on: a read, the place in its answer, the value.
type Fact struct {
	Call   string   `json:"call"` // such as "ContainerInspect"
	Arg    string   `json:"arg"`
	Path   []string `json:"path,omitempty"`
	Want   string   `json:"want,omitempty"`
	Absent bool     `json:"absent,omitempty"` // the object shall not exist
	Among  []string `json:"among,omitempty"`  // instead of want: the keys that are there are of these
}

// Op is one call. What apply fills in stands as it is printed: "<fresh uid>",
// "<id of container.web>", "${container.db.ip}", "(sensitive)". Args and Body are
// plain JSON values in a document that was read, and json.RawMessage in one of a
// plan.
type Op struct {
	Method string  `json:"method"` // of HTTP
	Path   string  `json:"path"`   // without the API version
	Call   string  `json:"call"`   // of Docker's Go client, such as "ContainerCreate"
	Args   any     `json:"args,omitempty"`
	Body   any     `json:"body,omitempty"`
	Makes  string  `json:"makes,omitempty"`  // the address under which later calls use the ID in the answer
	Stream *Stream `json:"stream,omitempty"` // what is sent beside the arguments
	Facts  []Fact  `json:"facts,omitempty"`  // checked again right before this call
	Alone  bool    `json:"alone,omitempty"`  // not sent at the same time as another such call

	// Blanks is what apply fills in, in order of its text. It tells such a place
	// from text of the program that only looks like one.
	Blanks []string `json:"blanks,omitempty"`
}

// Stream is a build context or a file.
type Stream struct {
	Hash string `json:"hash"` // hex SHA-256 of its content
	Size int64  `json:"size"` // bytes, about
}

// Moved is an object that has another address than its labels say.
type Moved struct {
	Old  string `json:"old"`
	New  string `json:"new"`
	Name string `json:"name"` // the engine's
}

// Ignored is a resource that differs in what its lifecycle ignores.
type Ignored struct {
	Address string   `json:"address"`
	Names   []string `json:"names"` // of what differs, for people
}

// Kept is an object that stays.
type Kept struct {
	Address string `json:"address"`
	Name    string `json:"name,omitempty"`
	Why     string `json:"why,omitempty"`
	Hint    string `json:"hint,omitempty"` // how to remove it all the same
}

// Output is a value to show after apply.
type Output struct {
	Name      string    `json:"name"`
	Value     any       `json:"value"`
	Sensitive bool      `json:"sensitive,omitempty"`
	Pos       *diag.Pos `json:"pos,omitempty"`
}

// Note is a message to the author.
type Note struct {
	Pos     *diag.Pos   `json:"pos,omitempty"`
	Text    string      `json:"text"`
	Hint    string      `json:"hint,omitempty"`
	Calls   []diag.Call `json:"calls,omitempty"` // of modules and functions that led there, outermost first
	Warning bool        `json:"warning,omitempty"`
}

// indented is how deep a level of a document stands in the one around it.
const indented = "  "

// WriteJSON writes any of bay's documents: indented, keys in order, without
// escapes for HTML.
func WriteJSON(w io.Writer, doc any) error { return writeJSON(w, doc, indented) }

// WriteJSONLine writes a document on one line, for streams of them.
func WriteJSONLine(w io.Writer, doc any) error { return writeJSON(w, doc, "") }

// CheckFormat returns why a document of format got cannot be read by one who
// reads want, or nil: another document, or a greater number.
func CheckFormat(got, want string) error {
	name, number, _ := strings.Cut(got, "/")
	wantName, wantNumber, _ := strings.Cut(want, "/")
	if name != wantName {
		return fmt.Errorf("got the format %q, want %q", got, want)
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 {
		return fmt.Errorf("got the format %q, want %q", got, want)
	}
	if most, err := strconv.Atoi(wantNumber); err != nil || n > most {
		return fmt.Errorf("a newer bay wrote it: got the format %q, this bay reads up to %q", got, want)
	}
	return nil
}

// DocumentOf returns p as plain data without secrets.
func DocumentOf(p *plan.Plan) *Document {
	d := &Document{
		Format: plan.Format, Mode: p.Mode, Stack: p.Stack,
		Engines: map[string]Engine{"default": {ID: p.Info.ID, API: p.Info.API, Version: p.Info.Version}},
		Steps:   make([]Step, 0, len(p.Steps)), Kept: []Kept{}, Outputs: []Output{}, Notes: NotesOf(p.Notes), Counts: CountsOf(p),
	}
	for _, s := range p.Steps {
		d.Steps = append(d.Steps, stepOf(s))
	}
	for _, m := range p.Moved {
		d.Moved = append(d.Moved, Moved{Old: m.Old.String(), New: m.New.String(), Name: m.Name})
	}
	for _, k := range p.Kept {
		d.Kept = append(d.Kept, Kept{Address: k.Addr.String(), Name: k.Name, Why: k.Why, Hint: k.Hint})
	}
	for _, x := range p.Ignored {
		d.Ignored = append(d.Ignored, Ignored{Address: x.Addr.String(), Names: x.Names})
	}
	for _, o := range p.Outputs {
		v := o.Value
		v.Sensitive = v.Sensitive || o.Sensitive
		d.Outputs = append(d.Outputs, Output{Name: o.Name, Value: Plain(v), Sensitive: o.Sensitive, Pos: posOf(o.Pos)})
	}
	return d
}

func stepOf(s *plan.Step) Step {
	out := Step{
		ID: s.ID, Verb: s.Verb, Address: s.Addr.String(), Name: s.Name, Pos: posOf(s.Pos), Why: s.Why, Needs: s.Needs,
		Facts: factsOf(s.Work.Facts),
		Ops:   opsOf(s.Work.Ops), Commit: opsOf(s.Work.Commit), Undo: opsOf(s.Work.Undo),
		Strategy: s.Work.Strategy, Impact: s.Work.Impact, Cutover: s.Work.Cutover, Now: s.Work.Now, Then: s.Work.Then, Early: s.Work.Early, LosesData: s.LosesData,
	}
	out.Changes = slices.Grow(out.Changes, len(s.Changes))
	for _, c := range s.Changes {
		out.Changes = append(out.Changes, changeOf(c))
	}
	if s.Checks != nil {
		for _, c := range s.Checks.Of {
			check := Check{Pos: posOf(c.Pos)}
			for _, n := range c.Needs {
				check.Needs = append(check.Needs, "${"+ir.Ref{Addr: s.Addr, Attr: n}.String()+"}")
			}
			out.Checks = append(out.Checks, check)
		}
	}
	for _, g := range s.Gates {
		out.Gates = append(out.Gates, Gate{On: g.On.String(), Wait: waitOf(g.Wait)})
	}
	if s.Work.Wait != nil {
		w := waitOf(*s.Work.Wait)
		out.Wait = &w
	}
	return out
}

func changeOf(c schema.Change) Change {
	return Change{
		Attr: c.Attr, Path: c.Path, Old: Plain(c.Old), New: Plain(c.New), Effect: c.Effect.String(),
		Reason: c.Reason, Cause: c.Cause, ByHand: c.ByHand, Note: c.Note, Pos: posOf(c.Pos),
	}
}

func factsOf(facts []engine.Fact) []Fact {
	var out []Fact
	for _, f := range facts {
		out = append(out, Fact{Call: f.Read.Call, Arg: f.Read.Arg, Path: f.Path, Want: f.Want, Absent: f.Absent, Among: f.Among})
	}
	return out
}

func waitOf(w engine.Wait) Wait {
	out := Wait{Container: w.Container, Until: w.Until, Limit: w.Limit.String(), Address: w.Addr.String()}
	if w.Settle > 0 {
		out.Settle = w.Settle.Round(time.Millisecond).String()
	}
	return out
}

func opsOf(ops []engine.Op) []Op {
	var out []Op
	for _, op := range ops {
		method, path := op.Path()
		o := Op{Method: method, Path: path, Call: engine.Method(op.Call), Args: orNil(op.ArgsJSON()), Body: orNil(op.BodyJSON()), Makes: op.Makes, Facts: factsOf(op.Facts), Alone: op.Alone}
		if op.Stream != nil {
			o.Stream = &Stream{Hash: op.Stream.Hash, Size: op.Stream.Size}
		}
		for _, b := range op.Blanks {
			o.Blanks = append(o.Blanks, b.Shown)
		}
		slices.Sort(o.Blanks)
		out = append(out, o)
	}
	return out
}

// orNil returns JSON as it stands in a document, where nothing is absent.
func orNil(data json.RawMessage) any {
	if data == nil {
		return nil
	}
	return data
}

// NotesOf returns messages as they stand in documents.
func NotesOf(l diag.List) []Note {
	out := []Note{}
	for _, d := range l {
		out = append(out, Note{Pos: posOf(d.Pos), Text: d.Msg, Hint: d.Hint, Calls: d.Calls, Warning: d.Warning})
	}
	return out
}

func posOf(p diag.Pos) *diag.Pos {
	if !p.Known() {
		return nil
	}
	return &p
}

// Plain returns a value as documents have it: plain JSON, with sensitive
// leaves and what only the engine knows as Document says.
func Plain(v ir.Value) any {
	if v.Sensitive && !v.IsNull() {
		return map[string]any{"sensitive": true}
	}
	switch v.Kind {
	case ir.Null:
		return nil
	case ir.Bool:
		return v.Bool
	case ir.Int:
		return v.Int
	case ir.Float:
		return v.Float
	case ir.List:
		out := make([]any, len(v.List))
		for i, e := range v.List {
			out[i] = Plain(e)
		}
		return out
	case ir.Map:
		out := make(map[string]any, len(v.Map))
		for k, e := range v.Map {
			out[k] = Plain(e)
		}
		return out
	case ir.Handle:
		return v.Ref.String()
	}
	return v.Template()
}

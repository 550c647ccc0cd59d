package show

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"

	"bayplan/interpreter/kind"
	"bayplan/lang/diag"
	"bayplan/lang/ir"
)

// EventsFormat is the version of the lines that `--json` of a command that
// changes an engine prints.
const EventsFormat = "bayplan.events/1"

// EventKind says what a line tells.
type EventKind string

// The kinds of lines. eventKinds says what they mean.
const (
	EventRun      EventKind = "run"
	EventPlan     EventKind = "plan"
	EventLocked   EventKind = "locked"
	EventBegin    EventKind = "begin"
	EventDoing    EventKind = "doing"
	EventProgress EventKind = "progress"
	EventWaiting  EventKind = "waiting"
	EventUndoing  EventKind = "undoing"
	EventDone     EventKind = "done"
	EventFailed   EventKind = "failed"
	EventStopping EventKind = "stopping"
	EventEnd      EventKind = "end"
)

// eventKinds is the table that the reference prints.
var eventKinds = []struct {
	kind EventKind
	doc  string
}{
	{EventRun, "The first line: who does what, and where."},
	{EventPlan, "What will be done, in an order in which it can be. A stack that is as its files say has no steps."},
	{EventLocked, "Another bay is at work on the stack; the run waits until that has ended."},
	{EventBegin, "A step begins."},
	{EventDoing, "A step is about to send a call."},
	{EventProgress, "A pull, a build or the engine says something."},
	{EventWaiting, "A step waits until something has come about."},
	{EventUndoing, "A step has failed, and takes back what it did."},
	{EventDone, "A step has ended well."},
	{EventFailed, "A step has ended in an error."},
	{EventStopping, "Somebody asked to stop: nothing new begins."},
	{EventEnd, "The last line, however it ended; only a run that was killed has none."},
}

// Event is one line. What the tag in says are the kinds of lines that have the
// field; where it could be empty, it is absent then.
type Event struct {
	Event EventKind `json:"event" doc:"What the line tells."`
	At    float64   `json:"at" doc:"Seconds since the first line."`

	Format  string  `json:"format,omitempty" in:"run" doc:"This format. A reader refuses a greater number, and ignores fields and events that it does not know."`
	Bay     string  `json:"bay,omitempty" in:"run" doc:"The version of bay."`
	Command string  `json:"command,omitempty" in:"run" doc:"apply, destroy, gc, pull, build or push."`
	Stack   string  `json:"stack,omitempty" in:"run" doc:"Its name."`
	Engine  *Engine `json:"engine,omitempty" in:"run" doc:"Of id, api and version."`

	Steps  []EventStep `json:"steps,omitempty" in:"plan" doc:"Each of address, verb and, where it has one, name on the engine."`
	Counts *Counts     `json:"counts,omitempty" in:"plan" doc:"As in a plan's document."`

	Holder *EventHolder `json:"holder,omitempty" in:"locked" doc:"Who is at work: user, host, process, command and, of it, version of bay. Any may be empty."`
	Held   float64      `json:"held,omitempty" in:"locked" doc:"Seconds for which the stack has been locked, by the engine's clock."`

	Address string       `json:"address,omitempty" in:"begin doing progress waiting undoing done failed" doc:"Of the step."`
	Verb    kind.Verb    `json:"verb,omitempty" in:"begin doing progress waiting undoing done failed" doc:"What the step does: create, update, restart, replace, remove, finish, restore."`
	Call    string       `json:"call,omitempty" in:"doing" doc:"HTTP method and path, with what is filled in as a plan prints it."`
	Text    string       `json:"text,omitempty" in:"progress" doc:"A line of a build, or what is done with a layer."`
	Layer   string       `json:"layer,omitempty" in:"progress" doc:"Of a pull or a push: which layer."`
	Current int64        `json:"current,omitempty" in:"progress" doc:"Bytes of the layer that have come."`
	Total   int64        `json:"total,omitempty" in:"progress" doc:"Bytes of the layer; absent if not known."`
	Warning string       `json:"warning,omitempty" in:"progress" doc:"The engine's own."`
	On      string       `json:"on,omitempty" in:"waiting" doc:"The address of what is waited for."`
	Until   ir.Condition `json:"until,omitempty" in:"waiting" doc:"started, healthy, completed."`
	Limit   float64      `json:"limit,omitempty" in:"locked waiting" doc:"Seconds after which waiting has failed."`
	Error   string       `json:"error,omitempty" in:"undoing failed end" doc:"Why. It may have several lines, and holds what the engine and programs said."`
	Took    float64      `json:"took,omitempty" in:"done failed end" doc:"Seconds since it began; of end, since the first line."`

	Exit    *int           `json:"exit,omitempty" in:"end" doc:"The exit code."`
	Done    []string       `json:"done,omitempty" in:"end" doc:"Addresses of the steps that ended well."`
	Failed  []string       `json:"failed,omitempty" in:"end" doc:"Addresses of those that failed."`
	NotRun  []string       `json:"not_run,omitempty" in:"end" doc:"Addresses of those that never began."`
	Outputs map[string]any `json:"outputs,omitempty" in:"end" doc:"Values by name; a sensitive one is {\"sensitive\": true}."`
}

// EventStep is one step of a plan.
type EventStep struct {
	Address string    `json:"address"`
	Verb    kind.Verb `json:"verb"`
	Name    string    `json:"name,omitempty"`
}

// EventHolder is a bay that is at work on a stack.
type EventHolder struct {
	User    string `json:"user"`
	Host    string `json:"host"`
	Process int    `json:"process"`
	Command string `json:"command"` // such as "bay apply"
	Bay     string `json:"bay"`     // its version
}

// WriteEvent writes e as one line.
func WriteEvent(w io.Writer, e Event) error { return writeJSON(w, e, "") }

func writeJSON(w io.Writer, doc any, indent string) error {
	data, err := encode(doc)
	if err != nil {
		return err
	}
	_, err = w.Write(finish(data, indent))
	return err
}

// encode returns a document as JSON without escapes for HTML.
func encode(doc any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	err := enc.Encode(doc)
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), err
}

// finish ends a document, in lines unless indent is empty, and with each
// character that could steer a terminal as an escape: a document is JSON for
// programs, and people look at it all the same.
func finish(doc []byte, indent string) []byte {
	doc = diag.EscapeJSON(doc)
	if indent != "" {
		doc = layOut(doc, indent)
	}
	return append(doc, '\n')
}

// layOut breaks JSON that has no space into lines as json.Indent does, which
// checks once more what was just written, and takes more than twice as long.
func layOut(data []byte, indent string) []byte {
	out := make([]byte, 0, 2*len(data))
	depth := 0
	line := func() {
		out = append(out, '\n')
		for range depth {
			out = append(out, indent...)
		}
	}
	for i := 0; i < len(data); i++ {
		switch c := data[i]; c {
		case '"':
			n := quoted(data[i:])
			out = append(out, data[i:i+n]...)
			i += n - 1
		case '{', '[':
			out = append(out, c)
			if closing := data[i+1]; closing == '}' || closing == ']' {
				out = append(out, closing)
				i++
				continue
			}
			depth++
			line()
		case '}', ']':
			depth--
			line()
			out = append(out, c)
		case ',':
			out = append(out, c)
			line()
		case ':':
			out = append(out, ':', ' ')
		default:
			out = append(out, c)
		}
	}
	return out
}

// quoted returns how long the string is with which JSON begins.
func quoted(data []byte) int {
	for i := 1; ; i++ {
		switch data[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
}

// eventsReference writes the section about events of the reference.
func eventsReference(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\n## Events\n\n`bay apply --json` prints one JSON object a line, format `%s`; `destroy` and `gc` do so too, and\n"+
		"`--json-into FILE` writes the same beside the view for people, into a file that is emptied first and that only its\n"+
		"owner reads. With `--json` nobody is asked: say `--yes`. Errors stand on standard error too; what goes wrong before\n"+
		"there is a plan stands only there. Steps run side by side: the lines of one come in their order, those of several\n"+
		"mixed. Lines that cannot be written stop nothing and change no exit code.\n\n"+
		"| event | what it tells |\n|---|---|\n", EventsFormat)
	for _, k := range eventKinds {
		fmt.Fprintf(&b, "| `%s` | %s |\n", k.kind, k.doc)
	}
	b.WriteString("\n| field | type | in | what it says |\n|---|---|---|---|\n")
	for f := range reflect.TypeFor[Event]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		in := "all"
		if f.Tag.Get("in") != "" {
			in = strings.ReplaceAll(f.Tag.Get("in"), " ", ", ")
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", name, jsonType(f.Type), in, tableCell(f.Tag.Get("doc")))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// jsonType names what a field is in JSON.
func jsonType(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return jsonType(t.Elem())
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "bool"
	case reflect.Slice:
		return "list of " + jsonType(t.Elem())
	case reflect.Map, reflect.Struct:
		return "object"
	}
	return "number"
}

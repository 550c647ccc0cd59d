package starfile

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"

	"go.starlark.net/starlark"
)

// failure is a message on its way out of an evaluation. It stands where the
// interpreter is, unless it has a position of its own.
type failure struct{ diag.Diag }

func (f *failure) Error() string { return f.Msg }

func failf(format string, args ...any) *failure {
	return &failure{diag.Diag{Msg: fmt.Sprintf(format, args...)}}
}

func (f *failure) Hintf(format string, args ...any) *failure {
	f.Diag.Hintf(format, args...)
	return f
}

func (f *failure) didYouMean(name string, candidates []string) *failure {
	f.DidYouMean(name, candidates)
	return f
}

// failed returns d as an error.
func failed(d *diag.Diag) *failure { return &failure{*d} }

// undecided says that something would be decided on a value that is not known
// or may not be shown. what is that something: "a condition", "a key".
func undecided(v ir.Value, what string) error {
	return failed(schema.Undecided(v, what))
}

// withheld says that something failed on a sensitive value, without the
// reason, which could show it.
func withheld(what string) error {
	return failf("%s fails on a sensitive value", what).
		Hintf("the reason is not shown, since it could show the value")
}

// inText says that a resource stands where text is put together.
func inText(h *handle) error {
	return failf("%s is %s and cannot stand in text", h.addr, h.addr.Noun()).Hintf("%s", h.addr.ForText())
}

// report turns an error of the interpreter into a message.
func (r *reader) report(err error) {
	var stop *stopped
	if errors.As(err, &stop) {
		return // what led here was reported
	}
	var list diag.List
	if errors.As(err, &list) {
		r.b.Diags = append(r.b.Diags, list...)
		return
	}
	d := asDiag(err)
	var f *failure
	var e *starlark.EvalError
	if errors.As(err, &e) {
		at, calls := r.where(e.CallStack)
		if !d.Pos.Known() {
			d.Pos = at
		}
		if r.unresolved && strings.Contains(e.Msg, "got sensitive value") {
			return // what stands for a value that could not be had, as was reported
		}
		if !errors.As(err, &f) {
			d.Msg, d.Hint = phrase(e.Msg)
			r.explainCall(&d, e.CallStack)
			if n := len(e.CallStack) - 1; n > 0 && wrongArgs(e.Msg, e.CallStack[n].Name) { // the caller is to blame
				d.Pos, calls = r.where(e.CallStack[:n])
				if f, ok := r.files[at.File]; ok && d.Hint == "" && f.defs[e.CallStack[n].Name] != "" {
					d.Hint = "it is called as " + f.defs[e.CallStack[n].Name]
				}
			}
		}
		d.Calls = append(calls, d.Calls...)
	}
	r.b.Diags = append(r.b.Diags, d)
}

// wrongArgs reports whether an error says that a function of the program was
// called with arguments that it does not take.
func wrongArgs(msg, name string) bool {
	rest, ok := strings.CutPrefix(msg, "function "+name+" ")
	return ok && (strings.HasPrefix(rest, "missing ") || strings.HasPrefix(rest, "accepts ") || strings.HasPrefix(rest, "got "))
}

// mend reports an error of a body and returns a stand-in for the value that there
// is none of, so that what else is wrong shows too. What is in no body has to
// fail: the message of a rule about a sensitive value is not for all to see.
func (r *reader) mend(t *starlark.Thread, err error) (starlark.Value, error) {
	if body, _ := t.Local(bodyKey).(bool); !body {
		return nil, err
	}
	if _, ok := errors.AsType[*stopped](err); ok {
		return nil, err
	}
	at, calls := r.where(t.CallStack())
	if !r.mended[at] { // a loop comes there often
		r.mended[at] = true
		d := asDiag(err)
		if _, ok := errors.AsType[*failure](err); !ok {
			d.Msg, d.Hint = phrase(d.Msg)
		}
		if !d.Pos.Known() {
			d.Pos = at
		}
		d.Calls = append(calls, d.Calls...)
		r.b.Diags = append(r.b.Diags, d)
	}
	return r.unknown(), nil
}

// asDiag returns an error as a message: a failure with its hint and position.
func asDiag(err error) diag.Diag {
	var f *failure
	if errors.As(err, &f) {
		return f.Diag
	}
	return diag.Diag{Msg: err.Error()}
}

// stopped ends an evaluation whose end needs no message.
type stopped struct{}

func (*stopped) Error() string { return "stopped" }

// where returns the innermost place of a program on a stack, and the calls
// that led there.
func (r *reader) where(stack starlark.CallStack) (diag.Pos, []diag.Call) {
	var at diag.Pos
	var calls []diag.Call
	for i, fr := range stack {
		pos := position(fr.Pos)
		if pos.File == "<builtin>" || pos.File == "" {
			continue
		}
		if c := r.callAt(pos); c != nil && i+1 < len(stack) {
			pos = c.pos
		}
		if at.Known() {
			calls = append(calls, diag.Call{Pos: at, Func: fr.Name})
		}
		at = pos
	}
	return at, calls
}

// takenAt returns the name by which the running call names its function, if a
// variable of the file has taken it from a kind, and where.
func (r *reader) takenAt(t *starlark.Thread, kind string) (name string, at diag.Pos, ok bool) {
	if t.CallStackDepth() < 2 {
		return "", diag.Pos{}, false
	}
	pos := position(t.CallFrame(1).Pos)
	c := r.callAt(pos)
	if c == nil || c.fn != kind {
		return "", diag.Pos{}, false
	}
	at, ok = r.files[pos.File].taken[c.fn]
	return c.fn, at, ok
}

// explainCall says where a name was taken whose function a call wants.
func (r *reader) explainCall(d *diag.Diag, stack starlark.CallStack) {
	if !strings.HasPrefix(d.Msg, "invalid call of non-function") {
		return
	}
	pos := position(stack.At(0).Pos)
	c := r.callAt(pos)
	if c == nil {
		return
	}
	d.Pos = c.pos
	if at, ok := r.files[pos.File].taken[c.fn]; ok {
		d.Hintf("the name %s was taken at %s; give that variable another name", c.fn, at)
	}
}

// phrases replaces what the interpreter says where it helps little. say is ""
// where that will do.
var phrases = []struct{ has, say, hint string }{
	{"global variable", "", "a program is read from top to bottom: move the line that assigns it up"},
	{"referenced before assignment", "", "a name that is assigned anywhere in a function is the function's own; give one of the two another name"},
	{"frozen", "", "what another file, a variable or a resource gave cannot be changed; make a copy of your own: list(x), dict(x)"},
	{"called recursively", "", "recursion is off, so that every program ends; use a for loop"},
	{"unhandled index operation builtin", "a function has no elements", "a declaration is called: network(\"back\")"},
	{"unhandled index operation NoneType", "None has no elements", "it is None: the attribute is not set, or the resource is off"},
	{"unhandled index operation", "", "lists, maps and texts have elements"},
	{"unknown binary op: string + ", "", "make text of it: str(x), or \"…%s…\" % x"},
	{"+ string", "", "make text of it: str(x), or \"…%s…\" % x"},
	{"range: for parameter", "", "it takes whole numbers: a // b divides so, and int(x) cuts"},
	{"duplicate key", "", "each key stands once in a map"},
	{"can't assign to", "", "a resource is what its declaration says: write the attribute there"},
	{"update: got sensitive value", "update cannot walk over a sensitive value", "merge(a, b) takes it as a whole, and what comes of it is sensitive"},
	{"cannot load", "", "a path starts at the module's directory, such as \"./lib/text.star\""},
}

// phrase returns what the interpreter says in the form that messages have here.
func phrase(msg string) (text, hint string) {
	text = strings.TrimPrefix(msg, "Starlark computation cancelled: ")
	for _, p := range phrases {
		if strings.Contains(text, p.has) {
			return cmp.Or(p.say, text), p.hint
		}
	}
	if head, rest, ok := strings.Cut(text, " (did you mean "); ok {
		return head, "did you mean " + strings.TrimSuffix(rest, ")")
	}
	return text, ""
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

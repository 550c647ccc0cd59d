package engine

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"bayplan/lang/ir"
)

// Op is one call that changes an engine, as data. What a plan prints of it is
// what apply sends.
type Op struct {
	Call   Call
	Blanks Blanks  // what the strings of Call leave open
	Stream *Stream // nil if the call sends none
	Makes  string  // the address under which later ops use the ID in the answer; "" if it is not used
	Facts  []Fact  // what the step relied on and only earlier ops of it could have spoilt: read again right before this op
	Alone  bool    // no other such op is sent at the same time: the engine hands out ports of its choice without a lock

	IfThere bool // connects a container that may have gone since: then nothing is left to do
	Forgets bool // of an undo: takes away what remembers how things were, which stays where not all of it came back
}

// Call is the arguments of one client method. Every call is a pointer to a
// struct that is JSON and back.
type Call interface {
	// Wire returns the HTTP method and path that the call becomes, for
	// people and tests: "POST", "/containers/create?name=shop-web".
	Wire() (method, path string)
	// Body returns what goes into the request's body as JSON; nil for nothing.
	Body() any
}

// Method returns the name of the client's method, such as "ContainerCreate".
func Method(c Call) string { return reflect.TypeOf(c).Elem().Name() }

// Stream is what a call sends beside its arguments, named by its content.
type Stream struct {
	Hash string // hex SHA-256 of what it holds, not of its bytes: tar headers do not count
	Size int64  // bytes, about
	Open func() (io.ReadCloser, error)

	// Dirs is what a builder asks for piece by piece, by name: "context",
	// "dockerfile", and further contexts. Then Open is nil.
	Dirs map[string]Dir

	// Quiet says that what a builder says of it interests nobody.
	Quiet bool

	// Fill returns the stream with the blanks of its op filled by text; nil if
	// it holds none. Then Open is nil.
	Fill func(text func(string) (string, error)) (*Stream, error)
}

// Blank is what a string of a call leaves open until apply.
type Blank struct {
	Shown string // as plans print it
	Kind  BlankKind
	Value string  // of Secret
	Name  string  // of FreshValue, MadeID: what is to be filled in
	Ref   ir.Ref  // of EngineValue
	From  *Source // of EngineValue: where it is read
}

// BlankKind says how a blank is filled.
type BlankKind uint8

// The kinds of blanks.
const (
	Secret      BlankKind = iota // known, never shown
	FreshValue                   // made by apply
	MadeID                       // the ID that an earlier op's answer holds
	EngineValue                  // read from the engine
)

// Source is a value that is read from an engine.
type Source struct {
	Read Read     `json:"read"`
	Path []string `json:"path"` // into the answer; "*" is the keys of a map, sorted and joined with commas; Either and Where make keys too
}

// Read is a call that changes nothing: Call is ContainerInspect, ImageInspect,
// NetworkInspect or VolumeInspect, Arg a name or an ID; DistributionInspect, Arg
// a reference, of its registry; or Info, of the engine.
type Read struct {
	Call string `json:"call"`
	Arg  string `json:"arg"`
}

// Fact is something that a step relied on: apply reads it again right before
// it acts, and stops if it no longer holds.
type Fact struct {
	Source
	Want string `json:"want"` // the value as text; "" with Absent
	// Absent says that the object shall not exist.
	Absent bool `json:"absent,omitempty"`
	// Among, if it is not nil, says of which keys those that the value names
	// have to be, instead of Want: nobody else may have come.
	Among []string `json:"among,omitempty"`
}

// Holds reports whether what was read is as it was; there is false if the
// object does not exist.
func (f Fact) Holds(got string, there bool) bool {
	switch {
	case f.Absent || !there:
		return f.Absent != there
	case f.Among == nil:
		return got == f.Want
	}
	for _, key := range strings.Split(got, ",") {
		if key != "" && !slices.Contains(f.Among, key) {
			return false
		}
	}
	return true
}

// Wait is what must become true of a container before a plan goes on.
type Wait struct {
	Container string        `json:"container"`        // its name or ID
	Until     ir.Condition  `json:"until"`            // Started, Healthy, Completed or Ready
	Settle    time.Duration `json:"settle,omitempty"` // with Started: still running after so long
	Limit     time.Duration `json:"limit"`            // then it has failed
	Addr      ir.Addr       `json:"addr"`             // whose container it is
}

// mark opens and closes a blank within a string. No string of a program holds
// it, since the engine takes no NUL.
const mark = "\x00"

// Blanks is the blanks of one op. Its methods return text that stands for one.
type Blanks []Blank

func (b *Blanks) add(x Blank) string {
	*b = append(*b, x)
	return mark + strconv.Itoa(len(*b)-1) + mark
}

// Fresh returns a blank that apply fills with a value of its own making.
func (b *Blanks) Fresh(name string) string {
	return b.add(Blank{Kind: FreshValue, Name: name, Shown: "<fresh " + name + ">"})
}

// MadeID returns a blank for the ID of what the op that Makes this address made.
func (b *Blanks) MadeID(addr string) string {
	return b.add(Blank{Kind: MadeID, Name: addr, Shown: "<id of " + addr + ">"})
}

// Text returns v as a string of a call: as it is where it is known and may be
// shown. source tells where a value that only the engine knows is read.
func (b *Blanks) Text(v ir.Value, source func(ir.Ref) *Source) string {
	v = v.ToText()
	if v.Kind == ir.String {
		if v.Sensitive {
			return b.add(Blank{Kind: Secret, Value: v.Str, Shown: "(sensitive)"})
		}
		return v.Str
	}
	var s strings.Builder
	for _, p := range v.Parts {
		switch {
		case !p.IsRef() && v.Sensitive && p.Lit != "":
			s.WriteString(b.add(Blank{Kind: Secret, Value: p.Lit, Shown: "(sensitive)"}))
		case !p.IsRef():
			s.WriteString(p.Lit)
		default:
			s.WriteString(b.add(Blank{Kind: EngineValue, Ref: p.Ref, From: source(p.Ref), Shown: "${" + p.Ref.String() + "}"}))
		}
	}
	return s.String()
}

// Secret returns a blank for text that is known and never shown.
func (b *Blanks) Secret(text string) string {
	return b.add(Blank{Kind: Secret, Value: text, Shown: "(sensitive)"})
}

// Printed returns s with its blanks as plans print them.
func (b Blanks) Printed(s string) string {
	text, err := b.fill(s, func(x Blank) (string, error) { return x.Shown, nil })
	if err != nil {
		panic("engine: printing a text: " + err.Error())
	}
	return text
}

// fill replaces the blanks in s by what f answers.
func (b Blanks) fill(s string, f func(Blank) (string, error)) (string, error) {
	if !strings.Contains(s, mark) {
		return s, nil
	}
	pieces := strings.Split(s, mark)
	for i := 1; i < len(pieces); i += 2 {
		n, err := strconv.Atoi(pieces[i])
		if err != nil || n < 0 || n >= len(b) || i+1 == len(pieces) {
			// Not ours: an object that somebody forged can hold anything.
			pieces[i] = mark + pieces[i]
			if i+1 < len(pieces) {
				pieces[i] += mark
			}
			continue
		}
		if pieces[i], err = f(b[n]); err != nil {
			return "", err
		}
	}
	return strings.Join(pieces, ""), nil
}

// Args returns the arguments as plain JSON values with blanks as they are
// printed, and without what is empty.
func (o Op) Args() any { return treeOf(o.ArgsJSON()) }

// Body returns the body of the request in the same way; nil for none.
func (o Op) Body() any { return treeOf(o.BodyJSON()) }

// ArgsJSON returns what Args does as JSON, keys in order; nil for nothing.
func (o Op) ArgsJSON() json.RawMessage { return o.printed(o.Call) }

// BodyJSON returns what Body does in the same way.
func (o Op) BodyJSON() json.RawMessage { return o.printed(o.Call.Body()) }

// Path returns method and path of the request with blanks as they are printed.
func (o Op) Path() (method, path string) {
	method, path = o.Call.Wire()
	return method, o.Blanks.Printed(path)
}

func (o Op) printed(x any) json.RawMessage {
	if x == nil {
		return nil
	}
	in := encode(x)
	c := canonical{in: in, out: make([]byte, 0, len(in)/4), members: make([]pair, 0, 16), blanks: o.Blanks, prune: true}
	c.value()
	if string(c.out) == "null" {
		return nil
	}
	return c.out
}

// treeOf returns JSON as plain values; nil for nothing.
func treeOf(data json.RawMessage) any {
	if data == nil {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber() // 64-bit sizes survive
	var tree any
	if err := dec.Decode(&tree); err != nil {
		panic("engine: reading what was printed: " + err.Error())
	}
	return tree
}

// Filled returns the call with all blanks filled by f. The op keeps its own.
func (o Op) Filled(f func(Blank) (string, error)) (Call, error) {
	if len(o.Blanks) == 0 {
		return o.Call, nil
	}
	c := copier{text: func(s string) (string, error) { return o.Blanks.fill(s, f) }}
	call := c.copy(reflect.ValueOf(o.Call))
	return call.Interface().(Call), c.err
}

// copier copies values with every string changed by text, keys of maps too.
type copier struct {
	text func(string) (string, error)
	err  error // the first of text's; what was copied is of no use then
}

func (c *copier) copy(v reflect.Value) reflect.Value {
	switch v.Kind() {
	case reflect.String:
		s, err := c.text(v.String())
		c.err = cmp.Or(c.err, err)
		return reflect.ValueOf(s).Convert(v.Type())
	case reflect.Pointer, reflect.Interface, reflect.Map, reflect.Slice:
		if v.IsNil() {
			return v
		}
	}
	out := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.Pointer:
		out.Set(reflect.New(v.Type().Elem()))
		out.Elem().Set(c.copy(v.Elem()))
	case reflect.Interface:
		out.Set(c.copy(v.Elem()))
	case reflect.Struct:
		out.Set(v) // what is not exported holds no blank
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				out.Field(i).Set(c.copy(v.Field(i)))
			}
		}
	case reflect.Slice:
		out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			out.Index(i).Set(c.copy(v.Index(i)))
		}
	case reflect.Map:
		out.Set(reflect.MakeMapWithSize(v.Type(), v.Len()))
		for key, e := range v.Seq2() {
			out.SetMapIndex(c.copy(key), c.copy(e))
		}
	default:
		return v
	}
	return out
}

// Sent returns the op's stream with all blanks filled by f.
func (o Op) Sent(f func(Blank) (string, error)) (*Stream, error) {
	if o.Stream == nil || o.Stream.Fill == nil {
		return o.Stream, nil
	}
	return o.Stream.Fill(func(s string) (string, error) { return o.Blanks.fill(s, f) })
}

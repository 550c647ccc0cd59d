package ir

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"bayplan/lang/diag"
)

// Kind says which of a Value's fields count.
type Kind uint8

// The kinds of values.
const (
	Null   Kind = iota // nothing; the same as leaving an attribute out
	Bool               // Bool
	Int                // Int
	Float              // Float, not a whole number
	String             // Str
	List               // List
	Map                // Map
	Handle             // Ref.Addr: a resource
	Engine             // Ref: what only the engine knows about a resource
	Text               // Parts: text with references in it
)

func (k Kind) String() string {
	return [...]string{"nothing", "a bool", "a number", "a number", "a string", "a list", "a map",
		"a resource", "a value that only the engine knows", "text with values that only the engine knows"}[k]
}

// Value is a value of a program. The zero value is null.
//
// There are very many of them, in lists and maps: it is kept small.
type Value struct {
	Kind      Kind
	Sensitive bool // never shown
	Opaque    bool // of a sensitive value that was not asked for: it stands for any other; of null: see BrokenVal
	Bool      bool
	Pos       diag.Pos // where it was written; not part of its meaning

	Int   int64
	Float float64
	Str   string
	List  []Value
	Map   map[string]Value
	Ref   *Ref // nobody changes what it points at
	Parts []Part

	Off string // of a null handle: the address whose `enabled` is off
}

// Ref points at a resource, or at something the engine knows about it.
type Ref struct {
	Addr Addr   `json:"addr"`
	Attr string `json:"attr,omitempty"` // path below the handle, such as `ips["shop-back"]`; "" is the resource itself
}

// String returns the reference as it is printed in plans, without ${ }.
func (r Ref) String() string {
	if r.Attr == "" {
		return r.Addr.String()
	}
	return r.Addr.String() + "." + r.Attr
}

// Part is a piece of a text: literal, or a value that only the engine knows.
type Part struct {
	Lit string
	Ref Ref // counts if not zero
}

// IsRef reports whether the part is a reference.
func (p Part) IsRef() bool { return !p.Ref.Addr.IsZero() }

// Constructors of values without a position.

// BoolVal returns a bool.
func BoolVal(b bool) Value { return Value{Kind: Bool, Bool: b} }

// IntVal returns a whole number.
func IntVal(n int64) Value { return Value{Kind: Int, Int: n} }

// FloatVal returns a number; a whole one within int64 is an Int.
func FloatVal(f float64) Value {
	if f == math.Trunc(f) && f >= -(1<<63) && f < 1<<63 {
		return IntVal(int64(f))
	}
	return Value{Kind: Float, Float: f}
}

// StringVal returns a string.
func StringVal(s string) Value { return Value{Kind: String, Str: s} }

// ListVal returns a list.
func ListVal(vs ...Value) Value { return Value{Kind: List, List: vs} }

// MapVal returns a map.
func MapVal(m map[string]Value) Value { return Value{Kind: Map, Map: m} }

// HandleVal returns a reference to a resource.
func HandleVal(a Addr) Value { return Value{Kind: Handle, Ref: &Ref{Addr: a}} }

// EngineVal returns a value that only the engine knows.
func EngineVal(a Addr, attr string) Value { return Value{Kind: Engine, Ref: &Ref{Addr: a, Attr: attr}} }

// BrokenVal returns what stands for a value that could not be made, for a
// reason that was reported. It keeps what follows from that out of the messages.
func BrokenVal() Value { return Value{Opaque: true} }

// IsBroken reports whether v is a BrokenVal.
func (v Value) IsBroken() bool { return v.Kind == Null && v.Opaque }

// At returns v with a position.
func (v Value) At(p diag.Pos) Value {
	v.Pos = p
	return v
}

// AsSensitive returns v marked as never to be shown.
func (v Value) AsSensitive() Value {
	v.Sensitive = true
	return v
}

// IsNull reports whether v is nothing.
func (v Value) IsNull() bool { return v.Kind == Null }

// Keys returns the keys of a map in order; number keys as numbers.
func (v Value) Keys() []string {
	if len(v.Map) == 0 {
		return nil
	}
	keys := make([]string, 0, len(v.Map))
	for k := range v.Map {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, CompareKeys)
	return keys
}

// IsText reports whether v can stand in text: a string, number or bool, or
// text with references.
func (v Value) IsText() bool {
	switch v.Kind {
	case Bool, Int, Float, String, Engine, Text:
		return true
	}
	return false
}

// ToText returns v as a string or as text with references. It is sensitive if
// v is. It panics if v is not IsText.
func (v Value) ToText() Value {
	out := Value{Kind: String, Pos: v.Pos, Sensitive: v.Sensitive, Opaque: v.Opaque}
	switch v.Kind {
	case String, Text:
		return v
	case Bool:
		out.Str = strconv.FormatBool(v.Bool)
	case Int:
		out.Str = strconv.FormatInt(v.Int, 10)
	case Float:
		out.Str = formatFloat(v.Float)
	case Engine:
		out.Kind, out.Parts = Text, []Part{{Ref: *v.Ref}}
	default:
		panic(fmt.Sprintf("ir: %s is not text", v.Kind))
	}
	return out
}

// formatFloat writes a number as JSON does: without an exponent where it stays
// readable.
func formatFloat(f float64) string {
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// Concat joins texts. The result is a string unless a piece holds a
// reference, and sensitive if any piece is. Its position is the first piece's.
func Concat(vs ...Value) Value {
	out := Value{Kind: String}
	var parts []Part
	var lit strings.Builder
	flush := func() {
		if lit.Len() > 0 {
			parts = append(parts, Part{Lit: lit.String()})
			lit.Reset()
		}
	}
	for i, v := range vs {
		v = v.ToText()
		if i == 0 {
			out.Pos = v.Pos
		}
		out.Sensitive, out.Opaque = out.Sensitive || v.Sensitive, out.Opaque || v.Opaque
		lit.WriteString(v.Str)
		for _, p := range v.Parts {
			out.Kind = Text
			if p.IsRef() {
				flush()
				parts = append(parts, p)
			} else {
				lit.WriteString(p.Lit)
			}
		}
	}
	if out.Kind == String {
		out.Str = lit.String()
		return out
	}
	flush()
	out.Parts = parts
	return out
}

// HasSensitive reports whether v or anything within it is sensitive.
func (v Value) HasSensitive() bool {
	return v.Any(func(v Value) bool { return v.Sensitive })
}

// HasEngine reports whether v holds a value that only the engine knows. Few do,
// and all are asked.
func (v Value) HasEngine() bool { return v.hasEngine() }

func (v *Value) hasEngine() bool {
	for i := range v.List {
		if v.List[i].hasEngine() {
			return true
		}
	}
	for _, e := range v.Map {
		if e.hasEngine() {
			return true
		}
	}
	return v.Kind == Engine || v.Kind == Text
}

// Secrets calls f with each text and number within v that is sensitive. What
// was made of a value that was not asked for holds nothing of it.
func (v Value) Secrets(f func(text string)) {
	for _, e := range v.List {
		e.Sensitive = e.Sensitive || v.Sensitive
		e.Secrets(f)
	}
	for _, k := range v.Keys() {
		e := v.Map[k]
		e.Sensitive = e.Sensitive || v.Sensitive
		e.Secrets(f)
	}
	switch v.Kind {
	case String, Text, Int, Float:
		if v.Sensitive && !v.Opaque {
			f(v.Template())
		}
	}
}

// Any reports whether f holds for v or anything within it.
func (v Value) Any(f func(Value) bool) bool {
	if f(v) || slices.ContainsFunc(v.List, func(e Value) bool { return e.Any(f) }) {
		return true
	}
	for _, e := range v.Map {
		if e.Any(f) {
			return true
		}
	}
	return false
}

// Refs calls f for every reference within v, with the position nearest to it.
func (v Value) Refs(f func(Ref, diag.Pos)) {
	switch v.Kind {
	case Handle, Engine:
		f(*v.Ref, v.Pos)
	case Text:
		for _, p := range v.Parts {
			if p.IsRef() {
				f(p.Ref, v.Pos)
			}
		}
	case List:
		for _, e := range v.List {
			e.Refs(f)
		}
	case Map:
		for _, k := range v.Keys() {
			v.Map[k].Refs(f)
		}
	}
}

// Resolve returns v with every engine value replaced by what known answers;
// those for which it answers false stay.
func (v Value) Resolve(known func(Ref) (Value, bool)) Value {
	if !v.hasEngine() {
		return v
	}
	switch v.Kind {
	case Engine:
		if got, ok := known(*v.Ref); ok {
			got.Pos, got.Sensitive = v.Pos, v.Sensitive || got.Sensitive
			return got
		}
	case Text:
		pieces := []Value{{Kind: String, Pos: v.Pos, Sensitive: v.Sensitive}}
		for _, p := range v.Parts {
			if !p.IsRef() {
				pieces = append(pieces, StringVal(p.Lit))
				continue
			}
			pieces = append(pieces, EngineVal(p.Ref.Addr, p.Ref.Attr).Resolve(known))
		}
		return Concat(pieces...)
	case List:
		v.List = slices.Clone(v.List)
		for i := range v.List {
			v.List[i] = v.List[i].Resolve(known)
		}
	case Map:
		v.Map = maps.Clone(v.Map)
		for k, e := range v.Map {
			v.Map[k] = e.Resolve(known)
		}
	}
	return v
}

// Equal reports whether a and b mean the same. Positions and sensitivity do
// not count.
func (a Value) Equal(b Value) bool {
	if a.Kind != b.Kind {
		return false
	}
	switch a.Kind {
	case Bool:
		return a.Bool == b.Bool
	case Int:
		return a.Int == b.Int
	case Float:
		return a.Float == b.Float
	case String:
		return a.Str == b.Str
	case List:
		return slices.EqualFunc(a.List, b.List, Value.Equal)
	case Map:
		return maps.EqualFunc(a.Map, b.Map, Value.Equal)
	case Handle, Engine:
		return *a.Ref == *b.Ref
	case Text:
		return slices.Equal(a.Parts, b.Parts)
	}
	return true
}

// Show returns v as plans print it: strings bare where that is clear, engine
// values as ${…}, sensitive ones as (sensitive).
func (v Value) Show() string {
	if v.Sensitive {
		return "(sensitive)"
	}
	switch v.Kind {
	case Null:
		return "(none)"
	case List:
		items := make([]string, len(v.List))
		for i, e := range v.List {
			items[i] = e.Show()
		}
		return "[" + strings.Join(items, ", ") + "]"
	case Map:
		items := make([]string, 0, len(v.Map))
		for _, k := range v.Keys() {
			items = append(items, showString(k)+": "+v.Map[k].Show())
		}
		return "{" + strings.Join(items, ", ") + "}"
	case Handle:
		return v.Ref.String()
	}
	t := v.ToText()
	if t.Kind == String {
		return showString(t.Str)
	}
	return diag.Escape(t.Template())
}

// Template returns text with its references as ${…}.
func (v Value) Template() string {
	t := v.ToText()
	if t.Kind == String {
		return t.Str
	}
	var b strings.Builder
	for _, p := range t.Parts {
		if p.IsRef() {
			b.WriteString("${" + p.Ref.String() + "}")
		} else {
			b.WriteString(p.Lit)
		}
	}
	return b.String()
}

// showString quotes s only where it could be taken for something else. An
// address, which may have a key in quotes, is none.
func showString(s string) string {
	if s == "" || s != strings.TrimSpace(s) || s == "(none)" || s == "(sensitive)" || strings.ContainsAny(s, ",[]{}\"\n\t") && !strings.ContainsRune(s, '/') || strings.ContainsAny(s, "\n\r") {
		if a, err := ParseTarget(s); err != nil || a.String() != s {
			return strconv.Quote(s)
		}
	}
	return diag.Escape(s)
}

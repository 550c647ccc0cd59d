package schema

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"bayplan/lang/diag"
	"bayplan/lang/ir"
)

// Decoding is where attributes come from and where messages about them go.
type Decoding struct {
	Owner string // the declaration, such as container.web; stands before the attribute in messages
	Pos   diag.Pos
	Name  func(ir.Addr) string // the engine's name of a resource; nil if none is known
	Every []string             // what else the declaration takes, which the reader has taken
	Diags *diag.List

	odd func(name string) // told of attributes of which not all was understood; may be nil
}

// Decode sets the fields of b from attrs. What is wrong goes to d.Diags, at
// the value's position, and the rest is decoded all the same.
func (d Decoding) Decode(b Binder, attrs []ir.Attr) {
	(&decoder{Decoding: &d}).into(b, attrs, d.Pos)
}

// decoder is a Decoding at some depth of a value.
type decoder struct {
	*Decoding
	up   *decoder // of the value that this one is in; nil for the declaration
	step string   // from there
	form form
	pos  diag.Pos // of the innermost value that has one
	doc  string   // of the innermost attribute

	meant func(text string) string // of the same; may be nil
}

// form says what a step is. It is written only when something is wrong: most
// values are good.
type form uint8

const (
	byName form = iota // of an attribute
	byIndex
	byText // a key of a map
)

// path is what stands before messages: container.web.ports[0].
func (d *decoder) path() string {
	if d.up == nil {
		return d.Owner
	}
	return d.up.path() + d.written()
}

// written is the step as messages write it.
func (d *decoder) written() string {
	switch d.form {
	case byIndex:
		return "[" + d.step + "]"
	case byText:
		return "[" + strconv.Quote(d.step) + "]"
	}
	return "." + d.step
}

// into sets the fields of b.
func (d *decoder) into(b Binder, attrs []ir.Attr, pos diag.Pos) {
	With(b, func(s *Set) { d.fields(s, attrs, pos) })
}

func (d *decoder) fields(s *Set, attrs []ir.Attr, pos diag.Pos) {
	var misspelt []string // what they were meant for is not missing too
	in := d.in("")        // of one attribute after the other: none outlives its turn
	for _, a := range attrs {
		f := s.Field(a.Name)
		if f == nil {
			d.unknown(s, a)
			misspelt = append(misspelt, diag.Nearest(a.Name, s.Names()))
			continue
		}
		if !says(a) || a.Value.IsBroken() {
			continue
		}
		in.step, in.pos, in.doc, in.meant = a.Name, firstPos(a.Value.Pos, a.Pos, d.pos), f.Doc, f.meant
		before := len(*d.Diags)
		f.codec.decode(in, a.Value)
		if d.up == nil && d.odd != nil && (*d.Diags)[before:].HasErrors() {
			d.odd(a.Name)
		}
	}
	for _, f := range s.Fields {
		if f.Must && !slices.Contains(misspelt, f.Name) && !slices.ContainsFunc(attrs, func(a ir.Attr) bool { return a.Name == f.Name && says(a) }) {
			d.Diags.Addf(firstPos(pos, d.pos), "%s: %q is missing", d.path(), f.Name).Hintf("%s", f.Doc)
		}
	}
}

// says reports whether an attribute says something: null is as if it were not
// there, but for that of what is disabled.
func says(a ir.Attr) bool {
	return !a.Value.IsNull() || a.Value.Off != "" || a.Value.IsBroken()
}

// Unknown reports an attribute that s does not have.
func (d Decoding) Unknown(s *Set, a ir.Attr) {
	(&decoder{Decoding: &d}).unknown(s, a)
}

func (d *decoder) unknown(s *Set, a ir.Attr) {
	m := d.Diags.Addf(firstPos(a.Pos, d.pos), "%s: unknown attribute %q", d.path(), a.Name)
	if hint, ok := s.elsewhere[a.Name]; ok {
		m.Hintf("%s", hint)
		return
	}
	names, near := s.Names(), s.Names()
	every := ""
	if d.up == nil && len(d.Every) > 0 {
		near = append(near, d.Every...)
		every = ", and as in every resource " + strings.Join(d.Every, ", ")
	}
	lifecycle := Bind(&lifecycleSpec{})
	switch {
	case m.DidYouMean(a.Name, near).Hint != "":
	case s.elsewhere[diag.Nearest(a.Name, slices.Collect(maps.Keys(s.elsewhere)))] != "":
		m.Hintf("%s", s.elsewhere[diag.Nearest(a.Name, slices.Collect(maps.Keys(s.elsewhere)))])
	case d.up == nil && s.name != nil && lifecycle.Field(a.Name) != nil:
		m.Hintf("it stands in lifecycle: lifecycle { %[1]s … } (HCL), lifecycle = lifecycle(%[1]s = …) (Starlark)", a.Name)
	case a.Name == "for_each" || a.Name == "count": // HCL's are no attributes of a kind
		m.Hintf("many of one are made in a loop: [%s(…, key = str(i)) for i in range(n)]", "container")
	case len(names) > mostNames:
		m.Hintf("the attributes here are %s and %d more, which REFERENCE.md lists%s", strings.Join(names[:mostNames], ", "), len(names)-mostNames, every)
	default:
		m.Hintf("the attributes here are %s%s", strings.Join(names, ", "), every)
	}
}

// EveryResource is what each resource takes in both languages, beside the
// attributes of its kind.
var EveryResource = []string{"depends_on", "enabled", "lifecycle"}

// mostNames is how many attributes a hint names: more are not read.
const mostNames = 16

func (d *decoder) in(name string) *decoder {
	return &decoder{Decoding: d.Decoding, up: d, step: name, pos: d.pos}
}

func (d *decoder) at(index int) *decoder {
	return &decoder{Decoding: d.Decoding, up: d, step: strconv.Itoa(index), form: byIndex, pos: d.pos, doc: d.doc}
}

func (d *decoder) key(key string) *decoder {
	return &decoder{Decoding: d.Decoding, up: d, step: key, form: byText, pos: d.pos, doc: d.doc}
}

// want reports that v is not what the attribute takes. Who knows no better hint
// has it say what the attribute is.
func (d *decoder) want(v ir.Value, want string) *diag.Diag {
	pos := firstPos(v.Pos, d.pos)
	if v.Kind == ir.Null && v.Off != "" {
		return d.Diags.Addf(pos, "%s: %s does not exist, since its `enabled` is off", d.path(), v.Off).
			Hintf("leave the attribute out in that case, or enable %s", v.Off)
	}
	if (v.Kind == ir.Engine || v.Kind == ir.Text) && !v.Sensitive {
		return d.fail(v, "%s is known only to a running engine and cannot be used here", v.Show()).
			Hintf("such a value may stand in env, command, entrypoint, extra_hosts, files and outputs")
	}
	m := d.Diags.Addf(pos, "%s: got %s, want %s", d.path(), got(v), want)
	if d.meant != nil && v.Kind == ir.String && !v.Sensitive {
		m.Hintf("%s", d.meant(v.Str))
	}
	if d.doc != "" && m.Hint == "" {
		m.Hintf("%s", d.doc)
	}
	return m
}

// oneOf reports that v, a text, is none of some words.
func (d *decoder) oneOf(v ir.Value, want, text string, words []string) {
	m := d.want(v, want)
	if near := diag.Nearest(text, words); near != "" {
		m.Hintf("did you mean %q?", near)
	}
}

// wantList reports that v is no list. One value is most often meant as a list of it.
func (d *decoder) wantList(v ir.Value, want string) {
	m := d.want(v, want)
	if (m.Hint == "" || m.Hint == d.doc) && (v.Kind == ir.Handle || v.Kind == ir.String || v.Kind == ir.Int) {
		m.Hintf("a list of one stands in brackets too: %s = [ … ]", strings.TrimPrefix(d.written(), "."))
	}
}

// fail reports an error about v in the attribute's own words.
func (d *decoder) fail(v ir.Value, format string, args ...any) *diag.Diag {
	return d.Diags.Addf(firstPos(v.Pos, d.pos), "%s: %s", d.path(), fmt.Sprintf(format, args...))
}

// got describes v in a message. Sensitive text is never shown.
func got(v ir.Value) string {
	switch {
	case v.Sensitive:
		return "a sensitive value"
	case v.Kind == ir.String:
		return fmt.Sprintf("%q", cut(v.Str))
	case v.Kind == ir.Bool || v.Kind == ir.Int || v.Kind == ir.Float:
		return v.Show()
	case v.Kind == ir.Handle || v.Kind == ir.Engine:
		return v.Ref.String()
	}
	return v.Kind.String()
}

func cut(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

// text returns v as a plain string, or reports why it is none. Values that
// only the engine knows and sensitive ones are refused, since the attribute
// is printed, compared or decided upon before an engine is asked.
func (d *decoder) text(v ir.Value, want string) (string, bool) {
	switch {
	case v.Kind == ir.Handle:
		d.want(v, want).Hintf("%s", v.Ref.Addr.ForText())
	case v.Sensitive:
		d.fail(v, "a sensitive value cannot be used here, since this attribute is shown in plans")
	case v.Kind != ir.String:
		d.want(v, want)
	case strings.ContainsRune(v.Str, 0):
		d.fail(v, "text cannot hold a NUL character")
	default:
		return v.Str, true
	}
	return "", false
}

// loose returns v as text that may hold references and may be sensitive.
// Numbers and bools are taken as their text.
func (d *decoder) loose(v ir.Value) (ir.Value, bool) {
	if v.Kind == ir.Handle {
		d.want(v, "text").Hintf("%s", v.Ref.Addr.ForText())
		return ir.Value{}, false
	}
	if !v.IsText() {
		d.want(v, "text")
		return ir.Value{}, false
	}
	v = v.ToText()
	if strings.ContainsRune(v.Template(), 0) {
		d.fail(v, "text cannot hold a NUL character")
		return ir.Value{}, false
	}
	return v, true
}

func firstPos(ps ...diag.Pos) diag.Pos {
	for _, p := range ps {
		if p.Known() {
			return p
		}
	}
	return diag.Pos{}
}

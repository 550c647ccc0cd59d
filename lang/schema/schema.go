// Package schema says what attributes a declaration has: their names, types,
// effects and docs, bound to the fields of a Go struct as package flag binds
// variables. From one table come the decoder, the comparison, the check of
// what an engine supports, and the reference documentation.
//
// It knows no kind and no attribute by name: rooms in stdlib bring their
// tables, readers of both languages hand over what was written.
package schema

import (
	"fmt"
	"slices"

	"bayplan/lang/diag"
	"bayplan/lang/ir"

	"github.com/zclconf/go-cty/cty/function"
)

// Universe is what a program can name, the same in both languages.
type Universe struct {
	Kinds []*Kind
	Funcs []*Func
}

// Kind returns the kind with this name, or nil.
func (u *Universe) Kind(name string) *Kind {
	for _, k := range u.Kinds {
		if k.Name == name {
			return k
		}
	}
	return nil
}

// KindNames returns the names of the kinds, which are types of variables too.
func (u *Universe) KindNames() []string {
	names := make([]string, len(u.Kinds))
	for i, k := range u.Kinds {
		names[i] = k.Name
	}
	return names
}

// Kind is a kind of resource as the languages see it.
type Kind struct {
	Name string
	Doc  string
	New  func() Binder // a spec with nothing set
	Runs bool          // its objects run, so that one can wait until they do

	// Show adds to shown, which holds the attributes that are set in their
	// canonical form, what only the engine knows about self. It may be nil.
	Show func(spec Binder, self ir.Addr, shown map[string]ir.Value)
}

// Func is a function that both languages can call.
type Func struct {
	Name    string
	Doc     string // a sentence
	Example string // a call, as both languages write it but for true, false and null
	Result  string // of the example, written in the same way
	Make    func(FuncEnv) function.Function
}

// Binder is a struct that can say which attributes its fields are.
type Binder interface{ Bind(*Set) }

// Effect says what a change of an attribute does to a living object. Greater
// is worse.
type Effect uint8

// Effects. None is for what concerns only the tool.
const (
	None      Effect = iota
	Live             // changed in place, nothing is interrupted
	Reconnect        // its network endpoints are made anew
	Restart          // the same object is stopped and started
	Replace          // a new object takes its place
)

func (e Effect) String() string {
	return [...]string{"none", "live", "reconnect", "restart", "replace"}[e]
}

// MarshalText makes an effect a word in JSON.
func (e Effect) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// Field is one attribute.
type Field struct {
	Name   string
	Doc    string
	Effect Effect
	Type   string   // for people: "size", "list of port"
	API    string   // path in the engine's API, such as HostConfig.Memory; "" if there is none
	Since  string   // the first API version that has it; "" for 1.41 and older
	Part   string   // what the engine needs beside it, such as "BuildKit"; "" for nothing
	Must   bool     // an author has to write it
	Custom bool     // the room compares it itself
	Untold bool     // the engine may fill in values of its own, and does not tell which
	Open   bool     // of maps, sets and keyed lists: keys that neither program nor record names are not compared
	Fields []*Field // of objects, and of the elements of lists and maps of objects

	shape shape
	key   func(ir.Value) string // of keyed lists
	meant func(text string) string
	codec codec
}

// shape says how values of a field are compared.
type shape uint8

const (
	whole  shape = iota // as one
	byKey               // a map, key by key
	keyed               // a list of objects, by the natural key of each
	set                 // a list of texts whose order means nothing
	object              // an object, field by field
)

// codec moves one attribute between a program and a Go field.
type codec struct {
	decode func(*decoder, ir.Value)
	encode func() ir.Value // null if unset
	refs   func(func(kind string, r *Ref))
}

// From sets the field's path in the engine's API and returns f.
func (f *Field) From(api string) *Field {
	f.API = api
	return f
}

// Min sets the first API version that has the field and returns f.
func (f *Field) Min(version string) *Field {
	f.Since = version
	return f
}

// Needs says that an engine has to have a part for the field and returns f.
func (f *Field) Needs(part string) *Field {
	f.Part = part
	return f
}

// Required says that an author has to write the field and returns f.
func (f *Field) Required() *Field {
	f.Must = true
	return f
}

// Meant takes a function that says what to write instead of a text that the
// field does not take, "" where it does not know, and returns f.
func (f *Field) Meant(hint func(text string) string) *Field {
	f.meant = hint
	return f
}

// ByRoom says that the room compares the field itself and returns f.
func (f *Field) ByRoom() *Field {
	f.Custom = true
	return f
}

// OpenKeys says that keys which neither program nor record names are not
// compared, since the engine adds some that it does not tell, and returns f.
func (f *Field) OpenKeys() *Field {
	f.Open = true
	return f
}

// ByEngine says that the engine fills in values of its own and does not tell
// which, and returns f.
func (f *Field) ByEngine() *Field {
	f.Untold = true
	return f
}

// Set is the table of a binder's attributes, in the order in which it bound
// them. It is bound to one value of the struct.
type Set struct {
	Fields    []*Field
	byName    map[string]*Field
	elsewhere map[string]string
	name      *string
	dated     []*Field // those that not all engines have, or not all of
}

// Bind returns the table of b.
func Bind(b Binder) *Set {
	s := new(Set)
	b.Bind(s)
	for _, f := range s.Fields {
		if f.dated() {
			s.dated = append(s.dated, f)
		}
	}
	return s
}

// Elsewhere says that other tools call a thing name, and what to write here.
func (s *Set) Elsewhere(name, hint string) {
	if s.elsewhere == nil {
		s.elsewhere = map[string]string{}
	}
	s.elsewhere[name] = hint
}

// Hint returns what to write here for what other tools call name, or "".
func (s *Set) Hint(name string) string { return s.elsewhere[name] }

// Field returns the field with this name, or nil.
func (s *Set) Field(name string) *Field { return s.byName[name] }

// Names returns the names of all attributes.
func (s *Set) Names() []string {
	names := make([]string, len(s.Fields))
	for i, f := range s.Fields {
		names[i] = f.Name
	}
	return names
}

// Encode returns the attributes that are set, in canonical form and in the
// order of the table, without positions.
func (s *Set) Encode() []ir.Attr {
	var few [16]ir.Attr // of the hundred that there are, most resources set no more
	attrs := few[:0]
	s.each(func(f *Field, v ir.Value) { attrs = append(attrs, ir.Attr{Name: f.Name, Value: v}) })
	if len(attrs) == 0 {
		return nil
	}
	return slices.Clone(attrs)
}

// each calls f for every attribute that is set.
func (s *Set) each(f func(*Field, ir.Value)) {
	for _, fl := range s.Fields {
		if v := fl.codec.encode(); !v.IsNull() {
			f(fl, v)
		}
	}
}

// Told returns what Encode does, but for what an engine may have filled in.
func (s *Set) Told() []ir.Attr {
	var attrs []ir.Attr
	for _, a := range s.Encode() {
		if a.Value = s.Field(a.Name).told(a.Value); !a.Value.IsNull() {
			attrs = append(attrs, a)
		}
	}
	return attrs
}

func (f *Field) told(v ir.Value) ir.Value {
	switch {
	case f.Untold:
		return ir.Value{}
	case f.shape != object:
		return v
	}
	out := ir.MapVal(map[string]ir.Value{})
	for _, sub := range f.Fields {
		if e := sub.told(v.Map[sub.Name]); !e.IsNull() {
			out.Map[sub.Name] = e
		}
	}
	return out
}

// Newer calls f for every attribute that is set, also within others, and that
// an engine is too old for, with its path: "healthcheck.start_interval",
// "networks[0].mac_address". has tells which API versions the engine speaks.
func (s *Set) Newer(has func(api string) bool, f func(path string, fl *Field)) {
	for _, fl := range s.dated {
		fl.each(fl.Name, fl.codec.encode(), func(path string, fl *Field) {
			if !has(fl.Since) {
				f(path, fl)
			}
		})
	}
}

// Asking calls f for every attribute that is set, also within others, and that
// needs a part of an engine, with its path.
func (s *Set) Asking(part string, f func(path string, fl *Field)) {
	for _, fl := range s.Fields {
		fl.each(fl.Name, fl.codec.encode(), func(path string, fl *Field) {
			if fl.Part == part {
				f(path, fl)
			}
		})
	}
}

// dated reports whether some engine is too old for the field or one within it.
func (fl *Field) dated() bool {
	return fl.Since != "" || slices.ContainsFunc(fl.Fields, (*Field).dated)
}

// each calls f for the field if v, its value, is set, then for those within it.
func (fl *Field) each(path string, v ir.Value, f func(string, *Field)) {
	if v.IsNull() {
		return
	}
	f(path, fl)
	within := func(path string, v ir.Value) {
		for _, sub := range fl.Fields {
			sub.each(path+"."+sub.Name, v.Map[sub.Name], f)
		}
	}
	switch {
	case len(fl.Fields) == 0:
	case fl.shape == object:
		within(path, v)
	case v.Kind == ir.List:
		for i, e := range v.List {
			within(fmt.Sprintf("%s[%d]", path, i), e)
		}
	case v.Kind == ir.Map:
		for _, k := range v.Keys() {
			within(fmt.Sprintf("%s[%q]", path, k), v.Map[k])
		}
	}
}

// Refs calls f for every reference field that is set, also within objects.
func (s *Set) Refs(f func(attr, kind string, r *Ref)) {
	for _, fl := range s.Fields {
		if fl.codec.refs != nil {
			fl.codec.refs(func(kind string, r *Ref) { f(fl.Name, kind, r) })
		}
	}
}

// Ref is a field's reference to an object of some kind: a resource of the
// stack, or an engine's object by its name. Both are empty if it is unset.
type Ref struct {
	Addr ir.Addr
	Name string // the engine's name; empty for resources of kinds without one
	Pos  diag.Pos
}

// IsZero reports whether nothing is referred to.
func (r Ref) IsZero() bool { return r.Addr.IsZero() && r.Name == "" }

// Value returns r in canonical form: the engine's name where there is one.
func (r Ref) Value() ir.Value {
	switch {
	case r.Name != "":
		return ir.StringVal(r.Name)
	case !r.Addr.IsZero():
		return ir.HandleVal(r.Addr)
	}
	return ir.Value{}
}

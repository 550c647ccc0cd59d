package schema

import (
	"reflect"
	"sync"

	"bayplan/lang/ir"
)

// tables holds, by the type of their struct, tables that were bound before:
// binding makes a field and a few functions for each attribute, which costs far
// more than what is then done with one struct.
var tables sync.Map // from reflect.Type to *table

// table is the bound tables of one type.
type table struct {
	typ    reflect.Type // the struct
	static *Set         // bound to a struct that nobody uses: what it says of attributes counts, not their values
	idle   sync.Pool    // of *bound
}

// bound is a table and the struct that it is bound to.
type bound struct {
	set   *Set
	value reflect.Value
}

func tableOf(b Binder) *table {
	typ := reflect.TypeOf(b)
	if t, ok := tables.Load(typ); ok {
		return t.(*table)
	}
	t := &table{typ: typ.Elem()}
	t.static = t.bind().set
	got, _ := tables.LoadOrStore(typ, t)
	return got.(*table)
}

func (t *table) bind() *bound {
	v := reflect.New(t.typ)
	return &bound{set: Bind(v.Interface().(Binder)), value: v.Elem()}
}

// FieldsOf returns the attributes of b's type, in the order of its table. They
// are shared: nobody changes them.
func FieldsOf(b Binder) []*Field { return tableOf(b).static.Fields }

// View calls f with the table of b, which f only reads, and only until it returns.
func View(b Binder, f func(*Set)) {
	t, x := lend(b)
	f(x.set)
	t.idle.Put(x)
}

// With is View for an f that decodes into the table, too: that is in b afterwards.
func With(b Binder, f func(*Set)) {
	t, x := lend(b)
	f(x.set)
	reflect.ValueOf(b).Elem().Set(x.value)
	t.idle.Put(x)
}

// lend returns a table of its type that is bound to a copy of b.
func lend(b Binder) (*table, *bound) {
	t := tableOf(b)
	x, ok := t.idle.Get().(*bound)
	if !ok {
		x = t.bind()
	}
	x.value.Set(reflect.ValueOf(b).Elem())
	return t, x
}

// ValueOf returns one attribute of b in canonical form; null if it is unset.
func ValueOf(b Binder, name string) (v ir.Value) {
	View(b, func(s *Set) { v = s.Field(name).codec.encode() })
	return v
}

// EncodeOf returns the attributes that are set in b, as Set.Encode does.
func EncodeOf(b Binder) (attrs []ir.Attr) {
	View(b, func(s *Set) { attrs = s.Encode() })
	return attrs
}

package embedded

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// copied returns a deep copy, so that an answer does not change later. It is
// what comes of writing x as JSON and reading it again, without doing so.
func copied[T any](from *T) *T {
	if from == nil {
		return nil
	}
	own, plain := ownerOf(reflect.TypeFor[T]())
	if !plain {
		return throughJSON(from)
	}
	to := new(T)
	*to = *from
	if own != nil {
		own(reflect.ValueOf(to).Elem())
	}
	return to
}

func throughJSON[T any](from *T) *T {
	to := new(T)
	data, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(data, to)
	}
	if err != nil {
		panic("embedded: copying an answer: " + err.Error())
	}
	return to
}

// owner gives a copied value memory of its own in the place of what it shares
// with the value that it was copied from.
type owner func(reflect.Value)

// owners holds what ownerOf has found, by reflect.Type.
var owners sync.Map

type owned struct {
	own   owner
	plain bool
}

// ownerOf returns the owner of a type, nil if its values share nothing. plain
// is false for types that hold just anything, whose copy has to go through JSON.
func ownerOf(t reflect.Type) (own owner, plain bool) {
	if got, ok := owners.Load(t); ok {
		o := got.(owned)
		return o.own, o.plain
	}
	var o owned
	o.own, o.plain = makeOwner(t)
	owners.Store(t, o)
	return o.own, o.plain
}

func makeOwner(t reflect.Type) (own owner, plain bool) {
	switch t {
	case reflect.TypeFor[[]string](): // what there is most of, without reflection
		return func(v reflect.Value) {
			p := v.Addr().Interface().(*[]string)
			*p = slices.Clone(*p)
		}, true
	case reflect.TypeFor[map[string]string]():
		return func(v reflect.Value) {
			p := v.Addr().Interface().(*map[string]string)
			*p = maps.Clone(*p)
		}, true
	}
	switch t.Kind() {
	case reflect.Interface, reflect.Func, reflect.Chan:
		return nil, false
	case reflect.Pointer:
		return pointerOwner(t)
	case reflect.Slice:
		return sliceOwner(t)
	case reflect.Map:
		return mapOwner(t)
	case reflect.Struct:
		return structOwner(t)
	}
	return nil, true
}

func pointerOwner(t reflect.Type) (own owner, plain bool) {
	inner, plain := ownerOf(t.Elem())
	return func(v reflect.Value) {
		if v.IsNil() {
			return
		}
		n := reflect.New(t.Elem())
		n.Elem().Set(v.Elem())
		if inner != nil {
			inner(n.Elem())
		}
		v.Set(n)
	}, plain
}

func sliceOwner(t reflect.Type) (own owner, plain bool) {
	inner, plain := ownerOf(t.Elem())
	return func(v reflect.Value) {
		if v.IsNil() {
			return
		}
		n := reflect.MakeSlice(t, v.Len(), v.Len())
		reflect.Copy(n, v)
		for i := 0; inner != nil && i < n.Len(); i++ {
			inner(n.Index(i))
		}
		v.Set(n)
	}, plain
}

func mapOwner(t reflect.Type) (own owner, plain bool) {
	inner, plain := ownerOf(t.Elem())
	return func(v reflect.Value) {
		if v.IsNil() {
			return
		}
		n := reflect.MakeMapWithSize(t, v.Len())
		key, e := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
		for it := v.MapRange(); it.Next(); {
			key.SetIterKey(it)
			e.SetIterValue(it)
			if inner != nil {
				inner(e)
			}
			n.SetMapIndex(key, e)
		}
		v.Set(n)
	}, plain
}

// structOwner leaves out what JSON leaves out.
func structOwner(t reflect.Type) (own owner, plain bool) {
	if t.Implements(reflect.TypeFor[json.Marshaler]()) || reflect.PointerTo(t).Implements(reflect.TypeFor[json.Marshaler]()) {
		return nil, t.PkgPath() == "time" // a time shares nothing that changes
	}
	type field struct {
		index        int
		own          owner
		never, empty bool // JSON never has it, or not where it is empty
	}
	var fields []field
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		inner, ok := ownerOf(f.Type)
		switch {
		case !f.IsExported() && !f.Anonymous:
			return nil, false
		case name == "-" && options == "":
			fields = append(fields, field{index: i, never: true})
		case !ok:
			return nil, false
		case inner != nil:
			empty := strings.Contains(options, "omitempty") && (f.Type.Kind() == reflect.Slice || f.Type.Kind() == reflect.Map)
			fields = append(fields, field{index: i, own: inner, empty: empty})
		}
	}
	if len(fields) == 0 {
		return nil, true
	}
	return func(v reflect.Value) {
		for _, f := range fields {
			switch at := v.Field(f.index); {
			case f.never, f.empty && at.Len() == 0:
				at.SetZero()
			default:
				f.own(at)
			}
		}
	}, true
}

package kindtest

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"bayplan/lang/schema"
)

// Paths checks that each attribute of a kind names a path that leads somewhere
// in the engine's API, by which people find what Docker says about it. A path
// begins at one of roots, or at what the attribute above leads to. none has the
// attributes that, like all within them, have no path ("networks.links.alias"),
// with the reason.
func Paths(t *testing.T, b schema.Binder, none map[string]string, roots ...any) {
	t.Helper()
	p := paths{none: none, used: map[string]bool{}, t: t}
	for _, r := range roots {
		p.roots = append(p.roots, reflect.TypeOf(r))
	}
	p.follow("", p.roots, schema.Bind(b).Fields)
	for _, name := range slices.Sorted(maps.Keys(none)) {
		if !p.used[name] {
			t.Errorf("the exception %s is of nothing", name)
		}
	}
}

type paths struct {
	t     *testing.T
	roots []reflect.Type
	none  map[string]string
	used  map[string]bool // exceptions
}

// follow checks fields whose paths may begin at one of these types.
func (p *paths) follow(in string, from []reflect.Type, fields []*schema.Field) {
	for _, f := range fields {
		name := in + f.Name
		if why, without := p.none[name]; without && f.API == "" {
			p.used[name] = true
			continue
		} else if without {
			p.t.Errorf("%s is an exception (%s), and names %s all the same", name, why, f.API)
		}
		to := led(from, f.API)
		if to == nil {
			p.t.Errorf("%s: %q leads nowhere in the engine's API", name, f.API)
		}
		p.follow(name+".", slices.Concat(to, p.roots), f.Fields)
	}
}

// led returns the types to which a path leads from some.
func led(from []reflect.Type, path string) []reflect.Type {
	var out []reflect.Type
	for _, t := range from {
		if to := lead(t, path); path != "" && to != nil {
			out = append(out, to)
		}
	}
	return out
}

// lead follows a path of JSON names; nil if it leads nowhere. It passes over
// what only says that there are several.
func lead(t reflect.Type, path string) reflect.Type {
	for path != "" && t != nil {
		var name string
		name, path, _ = strings.Cut(path, ".")
		t = memberOf(element(t), name)
	}
	return t
}

func element(t reflect.Type) reflect.Type {
	for slices.Contains([]reflect.Kind{reflect.Pointer, reflect.Slice, reflect.Map}, t.Kind()) {
		t = t.Elem()
	}
	return t
}

// memberOf returns the type of a struct's field by its JSON name, or nil.
func memberOf(t reflect.Type, name string) reflect.Type {
	if t.Kind() != reflect.Struct {
		return nil
	}
	for i := range t.NumField() {
		f := t.Field(i)
		got, ok := jsonName(f)
		switch {
		case ok && got == name:
			return f.Type
		case ok && got == "":
			if to := memberOf(element(f.Type), name); to != nil {
				return to
			}
		}
	}
	return nil
}

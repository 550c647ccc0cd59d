package kindtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"bayplan/interpreter/plan"
)

// Reach gathers what the calls of plans say, by the sort of call.
type Reach struct {
	mu   sync.Mutex
	said map[string][]json.RawMessage
	seen map[string]bool
}

// NewReach returns a Reach that has seen nothing.
func NewReach() *Reach { return &Reach{said: map[string][]json.RawMessage{}, seen: map[string]bool{}} }

// Add takes in the calls of a plan.
func (r *Reach) Add(p *plan.Plan) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range p.Steps {
		for _, op := range slices.Concat(s.Work.Ops, s.Work.Commit, s.Work.Undo) {
			body, err := json.Marshal(op.Body())
			if err != nil {
				panic("kindtest: a body is no JSON: " + err.Error())
			}
			call := strings.TrimPrefix(fmt.Sprintf("%T", op.Call), "*engine.")
			if key := call + string(body); !r.seen[key] {
				r.seen[key] = true
				r.said[call] = append(r.said[call], body)
			}
		}
	}
}

// Check fails for each leaf of a call's body that no plan said anything for,
// unless except has it, by its JSON path or the beginning of it, with the
// reason. body is the Go value that the engine's API has for it.
func (r *Reach) Check(t *testing.T, call string, body any, except map[string]string) {
	t.Helper()
	reached := map[string]bool{}
	for _, raw := range r.said[call] {
		v := reflect.New(reflect.TypeOf(body))
		if err := json.Unmarshal(raw, v.Interface()); err != nil {
			t.Fatalf("%s: %v", call, err)
		}
		walk(v.Elem(), "", func(path string, set bool) {
			if set {
				reached[path] = true
			}
		})
	}
	leaves := map[string]bool{}
	leavesOf(reflect.TypeOf(body), "", leaves)
	used := map[string]bool{}
	for _, leaf := range slices.Sorted(maps.Keys(leaves)) {
		reason := excepted(leaf, except)
		switch {
		case reason != "" && reached[leaf]:
			t.Errorf("%s: %s is an exception (%s), and is reached all the same", call, leaf, except[reason])
		case reason != "":
			used[reason] = true
		case !reached[leaf]:
			t.Errorf("%s: no sample reaches %s", call, leaf)
		}
	}
	for e := range except {
		if !used[e] {
			t.Errorf("%s: the exception %s is of nothing", call, e)
		}
	}
}

// excepted returns the exception that a leaf falls under, or "".
func excepted(leaf string, except map[string]string) string {
	for e := range except {
		if leaf == e || strings.HasPrefix(leaf, e+".") || strings.HasPrefix(leaf, e+"[]") {
			return e
		}
	}
	return ""
}

// leavesOf gathers the JSON paths of a type's leaves; elements of lists and
// maps are [].
func leavesOf(t reflect.Type, path string, to map[string]bool) {
	switch t.Kind() {
	case reflect.Pointer:
		leavesOf(t.Elem(), path, to)
	case reflect.Struct:
		for i := range t.NumField() {
			if name, ok := jsonName(t.Field(i)); ok {
				leavesOf(t.Field(i).Type, below(path, name), to)
			}
		}
	case reflect.Slice, reflect.Array, reflect.Map:
		if e := t.Elem(); e.Kind() != reflect.Struct || e.NumField() > 0 {
			leavesOf(e, path+"[]", to)
			return
		}
		to[path] = true // a set
	default:
		to[path] = true
	}
}

// walk calls f for the leaves of a value, and says whether they are set.
func walk(v reflect.Value, path string, f func(string, bool)) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			if v.Elem().Kind() != reflect.Struct {
				f(path, true) // a pointer to zero says something
				return
			}
			walk(v.Elem(), path, f)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if name, ok := jsonName(v.Type().Field(i)); ok {
				walk(v.Field(i), below(path, name), f)
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			walk(v.Index(i), path+"[]", f)
		}
		if v.Kind() == reflect.Slice && !v.IsNil() && v.Len() == 0 {
			f(path+"[]", true) // none, which is something
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			if e := v.MapIndex(k); e.Kind() == reflect.Struct && e.NumField() == 0 {
				f(path, true)
			} else {
				walk(e, path+"[]", f)
			}
		}
	default:
		f(path, !v.IsZero())
	}
}

func jsonName(f reflect.StructField) (string, bool) {
	tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	switch {
	case f.Anonymous && tag == "":
		return "", true
	case !f.IsExported() || tag == "-":
		return "", false
	case tag != "":
		return tag, true
	}
	return f.Name, true
}

func below(path, name string) string {
	if path == "" || name == "" {
		return path + name
	}
	return path + "." + name
}

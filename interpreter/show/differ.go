package show

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"bayplan/lang/diag"
)

// Difference is one field in which two plans differ.
type Difference struct {
	Object  string // address of the step; "plan" for what concerns it as a whole
	Field   string // such as "env LOG_LEVEL new"
	Planned string // "" if there was nothing
	Now     string // "" if there is nothing
	Call    bool   // of the calls and what they rely on, not of the fields that bring them
}

// wholePlan is the object of differences that are no step's.
const wholePlan = "plan"

// Differ compares the documents of two plans, which are the same if there is
// no difference: what was planned, and what would be planned now.
func Differ(planned, now []byte) ([]Difference, error) {
	a, err := treeOf(planned)
	if err != nil {
		return nil, fmt.Errorf("reading the plan: %w", err)
	}
	b, err := treeOf(now)
	if err != nil {
		return nil, fmt.Errorf("reading the new plan: %w", err)
	}
	if reflect.DeepEqual(a, b) {
		return nil, nil
	}
	x, y := stepsIn(a), stepsIn(b)
	following := []string{"steps", "counts", checksumField} // are told of by themselves, or follow from the rest
	out := compare(wholePlan, without(a, following...), without(b, following...))
	for _, name := range union(x.steps, y.steps) {
		out = append(out, ofStep(name, x.steps[name], y.steps[name])...)
	}
	if len(out) > 0 {
		return out, nil
	}
	if !slices.Equal(x.order, y.order) {
		return []Difference{{Object: wholePlan, Field: "order", Planned: strings.Join(x.order, ", "), Now: strings.Join(y.order, ", ")}}, nil
	}
	if out := compare(wholePlan, field(a, "counts"), field(b, "counts")); len(out) > 0 {
		return out, nil
	}
	// What differs reads the same: no plan of bay's has that.
	return []Difference{{Object: wholePlan, Field: checksumField, Planned: leaf(a[checksumField]), Now: leaf(b[checksumField])}}, nil
}

// steps are a document's steps by address.
type steps struct {
	steps map[string]any
	order []string
}

func stepsIn(doc map[string]any) steps {
	out := steps{steps: map[string]any{}}
	list, _ := doc["steps"].([]any)
	for _, s := range list {
		name := bare(field(s, "address"))
		for n := 2; out.steps[name] != nil; n++ { // a second object at one address
			name = fmt.Sprintf("%s (%d)", bare(field(s, "address")), n)
		}
		out.steps[name] = s
		out.order = append(out.order, name)
	}
	for _, s := range list {
		if m, ok := s.(map[string]any); ok {
			out.name(m)
		}
	}
	return out
}

// name says of a step which ones come first by their addresses: that there are
// more steps than there were says nothing of it.
func (s steps) name(step map[string]any) {
	needs, _ := step["needs"].([]any)
	for i, n := range needs {
		if k, err := strconv.Atoi(leaf(n)); err == nil && k >= 0 && k < len(s.order) {
			needs[i] = s.order[k]
		}
	}
}

// without returns an object without some of its fields.
func without(x any, names ...string) map[string]any {
	m, _ := x.(map[string]any)
	out := maps.Clone(m)
	for _, name := range names {
		delete(out, name)
	}
	return out
}

func ofStep(name string, planned, now any) []Difference {
	verb := func(step any) string { return bare(field(step, "verb")) }
	switch {
	case planned == nil:
		return []Difference{{Object: name, Field: "step", Now: verb(now)}}
	case now == nil:
		return []Difference{{Object: name, Field: "step", Planned: verb(planned)}}
	}
	x, y := changesIn(planned), changesIn(now)
	var out []Difference
	for _, attr := range union(x, y) {
		if x[attr] != nil && y[attr] != nil {
			for _, d := range compare(name, x[attr], y[attr]) {
				d.Field, d.Call = attr+" "+d.Field, false
				out = append(out, d)
			}
			continue
		}
		out = append(out, Difference{Object: name, Field: attr, Planned: oldAndNew(x[attr]), Now: oldAndNew(y[attr])})
	}
	return append(out, compare(name, without(planned, "changes"), without(now, "changes"))...)
}

// changesIn returns the fields that a step changes, by their names.
func changesIn(step any) map[string]any {
	list, _ := field(step, "changes").([]any)
	out := map[string]any{}
	for i, key := range keysOf(list) {
		out[key] = list[i]
	}
	return out
}

// oldAndNew says in short what happens to a field; "" for nothing.
func oldAndNew(change any) string {
	if change == nil {
		return ""
	}
	var sides []string
	for _, name := range []string{"old", "new"} {
		leaves := map[string]string{}
		flatten("", field(change, name), leaves)
		var parts []string
		for _, k := range slices.Sorted(maps.Keys(leaves)) {
			parts = append(parts, strings.TrimPrefix(k+" "+leaves[k], " "))
		}
		sides = append(sides, strings.Join(parts, ", "))
	}
	return strings.Join(sides, " to ")
}

// compare returns the differences of two JSON values, in order of their fields.
func compare(object string, planned, now any) []Difference {
	a, b := map[string]string{}, map[string]string{}
	flatten("", planned, a)
	flatten("", now, b)
	var out []Difference
	for _, name := range union(a, b) {
		if a[name] == b[name] {
			continue
		}
		d := Difference{Object: object, Field: name, Planned: a[name], Now: b[name]}
		first, _, _ := strings.Cut(name, " ")
		d.Call = object != wholePlan && !slices.Contains([]string{"verb", "why", "id", "name", "pos"}, first)
		d.Field = strings.TrimPrefix(name, "origin ")
		out = append(out, d)
	}
	slices.SortStableFunc(out, func(a, b Difference) int { return order(a.Call, b.Call) })
	return out
}

// order puts what is so after what is not.
func order(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// flatten puts the leaves of a JSON value into out, by their paths.
func flatten(path string, x any, out map[string]string) {
	switch x := x.(type) {
	case map[string]any:
		if sensitive(x) {
			out[path] = "(sensitive)"
			return
		}
		if pos, ok := position(x); ok {
			out[path] = pos
			return
		}
		for k, e := range x {
			flatten(join(path, k), e, out)
		}
		if len(x) == 0 && path != "" {
			out[path] = "{}"
		}
	case []any:
		keys := keysOf(x)
		for i, e := range x {
			flatten(join(path, keys[i]), e, out)
		}
		if len(x) == 0 && path != "" {
			out[path] = "[]"
		}
	default:
		out[path] = leaf(x)
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + " " + name
}

// keysOf returns what each element of a list is known by: what it is about, or
// where it stands.
func keysOf(list []any) []string {
	var out []string
	for i, x := range list {
		key := ""
		for _, name := range []string{"attr", "address", "on", "name"} {
			if v := field(x, name); v != nil && key == "" {
				key = strings.TrimSuffix(leaf(v)+" "+bare(field(x, "path")), " ")
			}
		}
		if key == "" || slices.Contains(out, key) {
			key = strings.TrimPrefix(key+" "+strconv.Itoa(i), " ")
		}
		out = append(out, key)
	}
	return out
}

func field(x any, name string) any {
	m, _ := x.(map[string]any)
	return m[name]
}

func sensitive(m map[string]any) bool { return len(m) == 1 && m["sensitive"] == true }

// position returns the text of a place in a source file.
func position(m map[string]any) (string, bool) {
	file, ok := m["file"].(string)
	for k := range m {
		ok = ok && (k == "file" || k == "line" || k == "col")
	}
	if !ok {
		return "", false
	}
	line, _ := strconv.Atoi(leaf(m["line"]))
	col, _ := strconv.Atoi(leaf(m["col"]))
	return diag.Pos{File: file, Line: line, Col: col}.String(), true
}

// leaf returns a leaf as people read it.
func leaf(x any) string {
	switch x := x.(type) {
	case nil:
		return "(none)"
	case string:
		if x != "" {
			return x
		}
	}
	data, err := json.Marshal(x)
	if err != nil {
		panic("show: a leaf is no JSON: " + err.Error())
	}
	return string(data)
}

// bare returns a string as it is, and "" for anything else.
func bare(x any) string {
	s, _ := x.(string)
	return s
}

// union returns the keys of both maps in order.
func union[V any](a, b map[string]V) []string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return slices.Sorted(maps.Keys(all))
}

// Differences writes in which fields two plans differ, by object. Where fields
// do, the calls that follow from them are only counted, unless verbose.
func Differences(w io.Writer, ds []Difference, o Options) error {
	t := newText(o)
	t.line(t.paint(dim, "planned "+t.arrow()+" now"))
	t.line("")
	for _, object := range objectsIn(ds) {
		t.line("  " + t.paint(bold, diag.Escape(object)))
		var rows []row
		calls := 0
		for _, d := range ds {
			switch {
			case d.Object != object:
			case d.Call && len(rows) > 0 && !o.Verbose:
				calls++
			default:
				rows = append(rows, row{name: diag.Escape(d.Field), old: shownText(d.Planned), new: shownText(d.Now)})
			}
		}
		if calls > 0 {
			rows = append(rows, row{name: "calls", new: Plural(calls, "difference") + " that come of it (-v shows all)", single: true})
		}
		t.rows(rows)
		t.line("")
	}
	_, err := io.WriteString(w, t.b.String())
	return err
}

// objectsIn returns the objects of differences, in order.
func objectsIn(ds []Difference) []string {
	var out []string
	for _, d := range ds {
		if !slices.Contains(out, d.Object) {
			out = append(out, d.Object)
		}
	}
	return out
}

// shownText is a value for people.
func shownText(s string) string {
	if s == "" {
		return "(not there)"
	}
	return diag.Escape(shortIDs(s))
}

package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// dig returns what stands at a path of x's JSON form as text: a string as it
// is, anything else as JSON. What is not there is "". Only what is at the path
// becomes JSON: an answer of an engine is long, and facts are many.
func dig(x any, path []string) (string, error) {
	v := reflect.ValueOf(x)
	for _, key := range path {
		if key == "*" {
			return keys(v), nil
		}
		if v = within(v, key); !v.IsValid() {
			return "", nil
		}
	}
	if text, ok := v.Interface().(string); ok {
		return text, nil
	}
	data, err := json.Marshal(v.Interface())
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", strings.Join(path, "."), err)
	}
	var text string
	switch {
	case string(data) == "null":
		return "", nil
	case data[0] == '"' && json.Unmarshal(data, &text) == nil:
		return text, nil
	}
	return string(data), nil
}

// Dig reads a value out of an engine's answer as a Source with this path does.
// A path that leads nowhere is "".
func Dig(x any, path ...string) string {
	text, err := dig(x, path)
	if err != nil {
		panic(err) // an answer came as JSON
	}
	return text
}

// keys are those of a map, sorted and joined with commas.
func keys(v reflect.Value) string {
	if v.Kind() != reflect.Map {
		return ""
	}
	var out []string
	for _, k := range v.MapKeys() {
		out = append(out, k.String())
	}
	slices.Sort(out)
	return strings.Join(out, ",")
}

// within returns what v's JSON form has at key; not valid if there is nothing.
func within(v reflect.Value, key string) reflect.Value {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.Struct:
		first, others, some := strings.Cut(key, either)
		if got := member(v, first); !some || got.IsValid() && !got.IsZero() {
			return got
		}
		return within(v, others)
	case reflect.Map:
		return v.MapIndex(reflect.ValueOf(key).Convert(v.Type().Key()))
	case reflect.Slice, reflect.Array:
		if n, err := strconv.Atoi(key); err == nil && n >= 0 && n < v.Len() {
			return v.Index(n)
		}
		if conds, ok := strings.CutPrefix(key, where); ok {
			return chosen(v, strings.Split(conds, ","))
		}
		return after(v, key)
	}
	return reflect.Value{}
}

// either stands between the names of members.
const either = "|"

// Either is the key of the first of some members that is not empty.
func Either(names ...string) string { return strings.Join(names, either) }

// where begins a key that chooses an element of a list.
const where = "?"

// Where is the key of the first element of a list that meets all conditions: that
// a member of it is so, "HostIp=127.0.0.1", or that it is not, "HostPort!=8080". In
// place of a number a range of them can stand: "HostPort=8000-8010".
func Where(conds ...string) string { return where + strings.Join(conds, ",") }

func chosen(list reflect.Value, conds []string) reflect.Value {
	for i := range list.Len() {
		e := list.Index(i)
		if !slices.ContainsFunc(conds, func(c string) bool { return !meets(e, c) }) {
			return e
		}
	}
	return reflect.Value{}
}

func meets(e reflect.Value, cond string) bool {
	name, want, _ := strings.Cut(cond, "=")
	name, not := strings.CutSuffix(name, "!")
	is := ""
	if m := within(e, name); m.IsValid() {
		is = fmt.Sprint(m.Interface())
	}
	return (is == want || among(is, want)) != not
}

// among reports whether a number lies in a range.
func among(number, span string) bool {
	low, high, _ := strings.Cut(span, "-")
	n, err := strconv.Atoi(number)
	from, err1 := strconv.Atoi(low)
	to, err2 := strconv.Atoi(high)
	return errors.Join(err, err1, err2) == nil && from <= n && n <= to
}

// after returns the rest of the first text in a list that begins with start:
// of the digests of an image the one within a repository.
func after(v reflect.Value, start string) reflect.Value {
	for i := range v.Len() {
		if e := v.Index(i); e.Kind() == reflect.String && strings.HasPrefix(e.String(), start) {
			return reflect.ValueOf(strings.TrimPrefix(e.String(), start))
		}
	}
	return reflect.Value{}
}

// member returns the field that a struct's JSON form has under a name. Names
// of embedded structs' fields are the struct's own, as encoding/json has it.
func member(v reflect.Value, name string) reflect.Value {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && tag == "":
			if v.Field(i).Kind() == reflect.Pointer && v.Field(i).IsNil() {
				continue
			}
			if got := member(reflect.Indirect(v.Field(i)), name); got.IsValid() {
				return got
			}
		case !f.IsExported() || tag == "-":
		case tag == name || tag == "" && f.Name == name:
			if strings.Contains(options, "omitempty") && none(v.Field(i)) {
				return reflect.Value{}
			}
			return v.Field(i)
		}
	}
	return reflect.Value{}
}

// none reports whether encoding/json leaves v out under omitempty.
func none(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

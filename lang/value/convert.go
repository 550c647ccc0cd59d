package value

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"bayplan/lang/diag"
	"bayplan/lang/ir"

	"github.com/zclconf/go-cty/cty"
)

// Mismatch is the error of a value that a type does not take.
type Mismatch struct {
	Pos  diag.Pos // of the part that is wrong, if it is known
	Path string   // from the value to that part: ports[0].host
	Msg  string
}

func (m *Mismatch) Error() string {
	if m.Path == "" {
		return m.Msg
	}
	return m.Path + ": " + m.Msg
}

// Convert returns v as this type has it: texts that are numbers as numbers,
// sets sorted and without what is there twice, objects with the defaults of
// optional attributes filled in. What only the engine knows passes for text and
// numbers. Parts keep their positions and their sensitivity. The error is a
// *Mismatch.
func (t Type) Convert(v ir.Value) (ir.Value, error) {
	c := conversion{}
	got := c.value(t, v, "")
	if c.wrong != nil {
		return ir.Value{}, c.wrong
	}
	return got, nil
}

// conversion of one value ends with what is wrong first, in order of keys.
type conversion struct {
	secret bool // within a sensitive value
	wrong  *Mismatch
}

func (c *conversion) fail(v ir.Value, path, format string, args ...any) ir.Value {
	if c.wrong == nil {
		c.wrong = &Mismatch{Pos: v.Pos, Path: strings.TrimPrefix(path, "."), Msg: fmt.Sprintf(format, args...)}
	}
	return v
}

// step returns the path to a part of a value. Within a sensitive one it says
// nothing: keys are part of the value.
func (c *conversion) step(path, format string, args ...any) string {
	if c.secret {
		return path
	}
	return path + fmt.Sprintf(format, args...)
}

func (c *conversion) refuse(t Type, v ir.Value, path string) ir.Value {
	if v.Sensitive || c.secret {
		v = ir.Value{Kind: v.Kind, Pos: v.Pos, Sensitive: true}
	}
	return c.fail(v, path, "got %s, want %s", inMessage(v), t.want())
}

// inMessage says what v is, with its text where that may be shown.
func inMessage(v ir.Value) string {
	switch {
	case v.Sensitive:
		return "a sensitive value"
	case v.Kind == ir.Handle:
		return v.Ref.String()
	case v.Kind == ir.Engine || v.Kind == ir.Text:
		return v.Show() + ", which only a running engine knows"
	case v.Kind == ir.String:
		if r := []rune(v.Str); len(r) > 60 {
			return fmt.Sprintf("%q", string(r[:60])+"…")
		}
		return fmt.Sprintf("%q", v.Str)
	case v.Kind == ir.Bool || v.Kind == ir.Int || v.Kind == ir.Float:
		return v.Show()
	}
	return v.Kind.String()
}

func (c *conversion) value(t Type, v ir.Value, path string) ir.Value {
	switch {
	case c.wrong != nil || t.any() || v.IsNull():
		return v
	case v.Opaque:
		return t.opaque().At(v.Pos)
	case t.kind:
		if v.Kind != ir.Handle || v.Ref.Addr.Kind != t.name {
			return c.refuse(t, v, path)
		}
		return v
	}
	outer := c.secret
	c.secret = c.secret || v.Sensitive
	defer func() { c.secret = outer }()
	switch t.name {
	case "list", "set", "tuple":
		return c.list(t, v, path)
	case "map":
		return c.mapping(t, v, path)
	case "object":
		return c.object(t, v, path)
	}
	return c.scalar(t, v, path)
}

func (c *conversion) scalar(t Type, v ir.Value, path string) ir.Value {
	switch t.name {
	case "string":
		if v.IsText() {
			return v.ToText()
		}
	case "number":
		switch v.Kind {
		case ir.Int, ir.Float, ir.Engine:
			return v
		case ir.String:
			if n, ok := numeral(v); ok {
				return n
			}
		}
	case "bool":
		switch {
		case v.Kind == ir.Bool:
			return v
		case v.Kind == ir.String && (v.Str == "true" || v.Str == "false"):
			return ir.Value{Kind: ir.Bool, Bool: v.Str == "true", Pos: v.Pos, Sensitive: v.Sensitive}
		}
	}
	return c.refuse(t, v, path)
}

// numeral returns the number that a text is.
func numeral(v ir.Value) (ir.Value, bool) {
	c, err := cty.ParseNumberVal(v.Str)
	if err != nil {
		return ir.Value{}, false
	}
	n, err := FromCty(c)
	n.Pos, n.Sensitive = v.Pos, v.Sensitive
	return n, err == nil
}

func (c *conversion) list(t Type, v ir.Value, path string) ir.Value {
	switch {
	case v.Kind != ir.List:
		return c.refuse(t, v, path)
	case t.name == "tuple" && len(v.List) != len(t.elems) && c.secret:
		return c.refuse(t, v, path)
	case t.name == "tuple" && len(v.List) != len(t.elems):
		return c.fail(v, path, "got %d elements, want %d: %s", len(v.List), len(t.elems), t)
	}
	list := make([]ir.Value, len(v.List))
	for i, e := range v.List {
		of := t.elems[0]
		if t.name == "tuple" {
			of = t.elems[i]
		}
		list[i] = c.value(of, e, c.step(path, "[%d]", i))
	}
	v.List = list
	if t.name == "set" && c.wrong == nil {
		return asSet(v)
	}
	return v
}

// asSet sorts the elements of a list and drops what is there twice. How many
// there are, and in which order, would say something of a sensitive one, so that
// this makes all of it sensitive.
func asSet(v ir.Value) ir.Value {
	v.Sensitive = v.HasSensitive()
	slices.SortStableFunc(v.List, func(a, b ir.Value) int { return ir.CompareKeys(bare(a).Show(), bare(b).Show()) })
	v.List = slices.CompactFunc(v.List, ir.Value.Equal)
	return v
}

func (c *conversion) mapping(t Type, v ir.Value, path string) ir.Value {
	if v.Kind != ir.Map {
		return c.refuse(t, v, path)
	}
	m := make(map[string]ir.Value, len(v.Map))
	for _, k := range v.Keys() {
		m[k] = c.value(t.elems[0], v.Map[k], c.step(path, "[%q]", k))
	}
	v.Map = m
	return v
}

func (c *conversion) object(t Type, v ir.Value, path string) ir.Value {
	if v.Kind != ir.Map {
		return c.refuse(t, v, path)
	}
	names := slices.Sorted(maps.Keys(t.attrs))
	for _, k := range v.Keys() {
		if _, ok := t.attrs[k]; !ok && c.secret {
			return c.refuse(t, v, path)
		} else if !ok {
			more := ""
			if near := diag.Nearest(k, names); near != "" {
				more = fmt.Sprintf(" (did you mean %q?)", near)
			}
			return c.fail(v.Map[k], path, "there is no attribute %q%s", k, more)
		}
	}
	m := make(map[string]ir.Value, len(names))
	for _, k := range names {
		a := t.attrs[k]
		e, ok := v.Map[k]
		if !ok && !a.optional {
			return c.fail(v, path, "the attribute %q is missing", k) // the type's own, and no secret
		}
		if e.IsNull() && e.Off == "" && !e.IsBroken() {
			e = a.def.At(e.Pos)
		}
		m[k] = c.value(a.Type, e, c.step(path, ".%s", k))
	}
	v.Map = m
	return v
}

// bare returns v without the mark of sensitive values, at every depth.
func bare(v ir.Value) ir.Value {
	v.Sensitive = false
	v.List = slices.Clone(v.List)
	for i, e := range v.List {
		v.List[i] = bare(e)
	}
	v.Map = maps.Clone(v.Map)
	for k, e := range v.Map {
		v.Map[k] = bare(e)
	}
	return v
}

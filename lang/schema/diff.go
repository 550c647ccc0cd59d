package schema

import (
	"slices"

	"bayplan/lang/diag"
	"bayplan/lang/ir"
)

// Change is one difference between what lives and what is wanted.
type Change struct {
	Attr   string   // the attribute
	Path   string   // within the attribute, for people: "LOG_LEVEL", "80/tcp host"; "" for all of it
	Old    ir.Value // what lives; null if nothing is there
	New    ir.Value // what is wanted; null if nothing shall be there
	Effect Effect
	Reason string   // why Effect is what it is, where the table does not say so
	Cause  string   // what elsewhere in the plan brings the change; "" if it is this attribute itself
	ByHand bool     // the program asked for New when the object was made, so somebody else changed it
	Note   string   // instead of old and new, where these would say nothing
	Forced bool     // it gives back what the plan itself takes away, which no program can ignore
	Pos    diag.Pos // of the attribute, if it is written
}

// Name returns attribute and path: "env LOG_LEVEL".
func (c Change) Name() string {
	if c.Path == "" {
		return c.Attr
	}
	return c.Attr + " " + c.Path
}

// Diff compares what lives with what is wanted, field by field, in the order
// of the table; both are of one type. Where want says nothing, a live field is
// compared all the same (nothing is what is wanted), and another only if rec
// says that it was set when the object was made.
func Diff(want, have Binder, rec Record) (out []Change) {
	View(want, func(w *Set) {
		View(have, func(h *Set) {
			for i, f := range w.Fields {
				if f.Custom || f.Effect == None {
					continue
				}
				full := f.Effect == Live || f.Effect == Reconnect
				cs := differ{full: full, open: f.Open}.field(f, f.codec.encode(), h.Fields[i].codec.encode(), rec[f.Name])
				for i := range cs {
					cs[i].Attr, cs[i].Effect = f.Name, f.Effect
				}
				out = append(out, cs...)
			}
		})
	})
	return out
}

type differ struct {
	full bool // what want does not say shall not be there
	open bool // keys that neither want nor rec names are left alone
}

func (d differ) field(f *Field, want, have, rec ir.Value) []Change {
	if want.Equal(have) {
		return nil
	}
	switch f.shape {
	case byKey:
		return d.maps(f, want, have, rec)
	case keyed:
		return d.maps(f, f.keys(want), f.keys(have), f.keys(rec))
	case object:
		return d.object(f, "", want, have, rec)
	case set:
		if f.Untold && want.IsNull() && none(rec) && none(have) {
			return d.leaf("", want, have, rec) // none was said, and the engine's own come back
		}
		return d.maps(f, elements(want), elements(have), elements(rec))
	}
	return d.leaf("", want, have, rec)
}

// none reports whether v is an empty list, which is a value.
func none(v ir.Value) bool { return v.Kind == ir.List && len(v.List) == 0 }

func (d differ) leaf(path string, want, have, rec ir.Value) []Change {
	if want.IsNull() && (have.IsNull() || rec.IsNull() && !d.full) || want.Equal(have) {
		return nil
	}
	hand := same(rec, want) || rec.IsNull() && want.IsNull()
	want.Sensitive = want.Sensitive || !want.IsNull() && rec.Equal(ir.StringVal(secretMark))
	// What lives is read in the plain, and which of it is a secret only the
	// program and the record know.
	have.Sensitive = have.Sensitive || !have.IsNull() && (want.HasSensitive() || hasSecret(rec))
	return []Change{{Path: path, Old: have, New: want, ByHand: hand}}
}

// maps compares key by key. A map that is wanted is wanted as a whole, unless
// its keys are open.
func (d differ) maps(f *Field, want, have, rec ir.Value) []Change {
	inner := d
	inner.full = !d.open && (d.full || !want.IsNull())
	var out []Change
	for _, k := range allKeys(want, have, rec) {
		w, h, r := want.Map[k], have.Map[k], rec.Map[k]
		if len(f.Fields) > 0 && !w.IsNull() && !h.IsNull() {
			out = append(out, differ{full: true}.object(f, k, w, h, r)...)
			continue
		}
		out = append(out, inner.leaf(k, w, h, r)...)
	}
	return out
}

func (d differ) object(f *Field, path string, want, have, rec ir.Value) []Change {
	if path == "" && want.IsNull() && have.IsNull() {
		return nil
	}
	var out []Change
	for _, sub := range f.Fields {
		if sub.Custom || sub.Effect == None {
			continue
		}
		in := differ{full: d.full, open: sub.Open}
		for _, c := range in.field(sub, want.Map[sub.Name], have.Map[sub.Name], rec.Map[sub.Name]) {
			c.Path = join(join(path, sub.Name), c.Path)
			out = append(out, c)
		}
	}
	return out
}

func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + " " + b
}

// keys turns a keyed list into a map by the natural key of its elements.
func (f *Field) keys(list ir.Value) ir.Value {
	if list.IsNull() {
		return list
	}
	m := ir.MapVal(map[string]ir.Value{})
	for _, e := range list.List {
		m.Map[f.key(e)] = e
	}
	return m
}

// elements turns a list of texts into a map from each to itself.
func elements(list ir.Value) ir.Value {
	if list.IsNull() {
		return list
	}
	m := ir.MapVal(map[string]ir.Value{})
	for _, e := range list.List {
		m.Map[e.Str] = e
	}
	return m
}

func allKeys(ms ...ir.Value) []string {
	var keys []string
	for _, m := range ms {
		for k := range m.Map {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, ir.CompareKeys)
	return slices.Compact(keys)
}

package schema

import (
	"maps"
	"slices"

	"bayplan/lang/diag"
	"bayplan/lang/ir"
)

// Strings binds a list of strings whose order counts; nil is unset, an empty
// list is a value.
func (s *Set) Strings(p *[]string, name string, e Effect, doc string) *Field {
	return s.add(name, "list of string", e, doc, stringsCodec(p, nil))
}

// StringSet binds a list of strings whose order means nothing. canon returns
// the canonical form of an element; it may be nil.
func (s *Set) StringSet(p *[]string, name string, e Effect, doc string, canon func(string) (string, error)) *Field {
	c := stringsCodec(p, canon)
	encode := c.encode
	c.encode = func() ir.Value { return sorted(encode()) }
	f := s.add(name, "list of string", e, doc, c)
	f.shape = set
	return f
}

// AllOrSome binds true, which stands for all, or a list of strings whose order
// means nothing; false is unset. canon returns the canonical form of an element.
func (s *Set) AllOrSome(all *bool, some *[]string, name string, e Effect, doc string, canon func(string) (string, error)) *Field {
	list := stringsCodec(some, canon)
	return s.add(name, "true, or list of string", e, doc, codec{
		decode: func(d *decoder, v ir.Value) {
			switch {
			case v.Kind == ir.Bool && !v.Sensitive:
				*all = v.Bool
			case v.Kind == ir.List:
				list.decode(d, v)
			default:
				d.want(v, "true, or a list of strings")
			}
		},
		encode: func() ir.Value {
			if *all {
				return ir.BoolVal(true)
			}
			return sorted(list.encode())
		},
	})
}

// sorted returns a list of strings in order, each once.
func sorted(v ir.Value) ir.Value {
	slices.SortFunc(v.List, func(a, b ir.Value) int { return ir.CompareKeys(a.Str, b.Str) })
	v.List = slices.CompactFunc(v.List, ir.Value.Equal)
	return v
}

func stringsCodec(p *[]string, canon func(string) (string, error)) codec {
	return codec{
		decode: func(d *decoder, v ir.Value) {
			if v.Kind != ir.List || v.Sensitive {
				d.wantList(v, "a list of strings")
				return
			}
			out := []string{}
			for i, e := range v.List {
				at := d.at(i)
				text, ok := at.text(numeral(e), "a string")
				if ok && canon != nil {
					c, err := canon(text)
					if err != nil {
						at.fail(e, "%v", err)
						continue
					}
					text = c
				}
				if ok {
					out = append(out, text)
				}
			}
			*p = out
		},
		encode: func() ir.Value {
			if *p == nil {
				return ir.Value{}
			}
			v := ir.ListVal()
			for _, s := range *p {
				v.List = append(v.List, ir.StringVal(s))
			}
			return v
		},
	}
}

// Texts binds a list of texts whose order counts, each of which may hold what
// only the engine knows. split turns one text into a list, for attributes
// that take both; it may be nil.
func (s *Set) Texts(p *[]ir.Value, name string, e Effect, doc string, split func(string) ([]string, error)) *Field {
	typ, want := "list of text", "a list of texts"
	if split != nil {
		typ, want = "list of text, or text", "a list of texts, or a text"
	}
	return s.add(name, typ, e, doc, codec{
		decode: func(d *decoder, v ir.Value) {
			if split != nil && v.Kind == ir.String && !v.Sensitive {
				words, err := split(v.Str)
				if err != nil {
					d.fail(v, "%v", err)
					return
				}
				list := ir.ListVal().At(v.Pos)
				for _, w := range words {
					list.List = append(list.List, ir.StringVal(w).At(v.Pos))
				}
				v = list
			}
			if v.Kind != ir.List {
				m := d.want(v, want)
				if split != nil && v.IsText() {
					m.Hintf("write a list, so that it is clear where each word ends")
				}
				return
			}
			out := []ir.Value{}
			for i, e := range v.List {
				e.Sensitive = e.Sensitive || v.Sensitive
				if t, ok := d.at(i).loose(e); ok {
					out = append(out, t)
				}
			}
			*p = out
		},
		encode: func() ir.Value {
			if *p == nil {
				return ir.Value{}
			}
			return ir.ListVal(slices.Clone(*p)...)
		},
	})
}

// TextMap binds a map of texts, each of which may hold what only the engine
// knows and may be sensitive; nil is unset. Null elements are left out.
func (s *Set) TextMap(p *map[string]ir.Value, name string, e Effect, doc string) *Field {
	f := s.add(name, "map of text", e, doc, codec{
		decode: func(d *decoder, v ir.Value) {
			if v.Kind != ir.Map {
				m := d.want(v, "a map of texts")
				if v.Kind == ir.List {
					m.Hintf("write a map: %s = { KEY = \"value\" }", name)
				}
				return
			}
			out := make(map[string]ir.Value, len(v.Map))
			d.texts(v, func(_ *decoder, k string, t ir.Value) { out[k] = t })
			*p = out
		},
		encode: func() ir.Value {
			if *p == nil {
				return ir.Value{}
			}
			return ir.MapVal(maps.Clone(*p))
		},
	})
	f.shape = byKey
	return f
}

// PlainMap binds a map of strings that are known at plan and shown; nil is unset.
func (s *Set) PlainMap(p *map[string]string, name string, e Effect, doc string) *Field {
	var m map[string]ir.Value
	f := s.TextMap(&m, name, e, doc)
	f.Type = "map of string"
	loose := f.codec.decode
	f.codec.decode = func(d *decoder, v ir.Value) {
		switch {
		case v.Kind != ir.Map:
			loose(d, v) // says what is wrong
			return
		case v.Sensitive: // its keys are part of the value
			d.text(v, "a map of strings")
			return
		}
		out := make(map[string]string, len(v.Map))
		d.texts(v, func(at *decoder, k string, t ir.Value) {
			if text, ok := at.text(t, "a string"); ok {
				out[k] = text
			}
		})
		*p = out
	}
	f.codec.encode = func() ir.Value {
		if *p == nil {
			return ir.Value{}
		}
		v := ir.MapVal(make(map[string]ir.Value, len(*p)))
		for k, s := range *p {
			v.Map[k] = ir.StringVal(s)
		}
		return v
	}
	return f
}

// texts calls f with each element of a map that is text, and reports the others.
// Null elements are left out. What f is given is f's only until it returns.
func (d *decoder) texts(v ir.Value, f func(at *decoder, key string, text ir.Value)) {
	at := d.key("")
	for _, k := range v.Keys() {
		e := v.Map[k]
		if e.IsNull() && e.Off == "" {
			continue
		}
		e.Sensitive = e.Sensitive || v.Sensitive
		at.step = k
		if t, ok := at.loose(e); ok {
			f(at, k, t)
		}
	}
}

// binder is a pointer to T that can say which attributes T has.
type binder[T any] interface {
	*T
	Binder
}

// Short says how text and handles stand for an object.
type Short[T any] struct {
	Text    func(string) ([]T, error) // nil: text is no short form; more than one only in lists
	As      string                    // a handle alone, or any text where Text is nil, is this attribute; "" for none
	SkipOff bool                      // an element that refers to a disabled resource is left out
}

// Object binds an object; nil is unset.
func Object[T any, P binder[T]](s *Set, p **T, name string, e Effect, doc string, short Short[T]) *Field {
	f := s.add(name, "object", e, doc, codec{
		decode: func(d *decoder, v ir.Value) {
			if got, ok := decodeObject[T, P](d, v, short); ok && len(got) == 1 {
				*p = &got[0]
			} else if ok && len(got) > 1 {
				d.want(v, "one object")
			}
		},
		encode: func() ir.Value {
			if *p == nil {
				return ir.Value{}
			}
			return encodeObject(P(*p))
		},
		refs: func(f func(string, *Ref)) {
			if *p != nil {
				View(P(*p), func(s *Set) { s.Refs(func(_, kind string, r *Ref) { f(kind, r) }) })
			}
		},
	})
	f.shape, f.Fields = object, FieldsOf(P(new(T)))
	return f
}

// Objects binds a list of objects, compared by the natural key of each; nil is
// unset, an empty list is a value. Two elements with one key are an error.
func Objects[T any, P binder[T]](s *Set, p *[]T, name string, e Effect, doc string, key func(T) string, short Short[T]) *Field {
	f := s.add(name, "list of object", e, doc, codec{
		decode: func(d *decoder, v ir.Value) {
			if v.Kind != ir.List {
				d.wantList(v, "a list")
				return
			}
			out, seen := []T{}, map[string]bool{}
			for i, e := range v.List {
				e.Sensitive = e.Sensitive || v.Sensitive
				got, ok := decodeObject[T, P](d.at(i), e, short)
				if !ok {
					continue
				}
				for _, t := range got {
					if k := key(t); seen[k] {
						d.at(i).fail(e, "%s stands here twice", k)
					} else {
						seen[k] = true
						out = append(out, t)
					}
				}
			}
			*p = out
		},
		encode: func() ir.Value {
			if *p == nil {
				return ir.Value{}
			}
			v := ir.ListVal()
			for i := range *p {
				v.List = append(v.List, encodeObject(P(&(*p)[i])))
			}
			return v
		},
		refs: func(f func(string, *Ref)) {
			for i := range *p {
				View(P(&(*p)[i]), func(s *Set) { s.Refs(func(_, kind string, r *Ref) { f(kind, r) }) })
			}
		},
	})
	f.shape, f.Fields = keyed, FieldsOf(P(new(T)))
	f.key = func(v ir.Value) string {
		var t T
		dec := &decoder{Decoding: &Decoding{Diags: new(diag.List)}} // v is canonical: nothing can be wrong with it
		dec.into(P(&t), attrsOf(v), dec.Pos)
		return key(t)
	}
	return f
}

// ObjectMap binds a map of objects; nil is unset. Null elements are left out.
func ObjectMap[T any, P binder[T]](s *Set, p *map[string]T, name string, e Effect, doc string, short Short[T]) *Field {
	f := s.add(name, "map of object", e, doc, codec{
		decode: func(d *decoder, v ir.Value) {
			if v.Kind != ir.Map {
				d.want(v, "a map")
				return
			}
			out := map[string]T{}
			for _, k := range v.Keys() {
				e := v.Map[k]
				if e.IsNull() && e.Off == "" {
					continue
				}
				e.Sensitive = e.Sensitive || v.Sensitive
				at := d.key(k)
				if got, ok := decodeObject[T, P](at, e, short); ok && len(got) == 1 {
					out[k] = got[0]
				} else if ok {
					at.want(e, "one object")
				}
			}
			*p = out
		},
		encode: func() ir.Value {
			if *p == nil {
				return ir.Value{}
			}
			v := ir.MapVal(map[string]ir.Value{})
			for k, t := range *p {
				v.Map[k] = encodeObject(P(&t))
			}
			return v
		},
	})
	f.shape, f.Fields = byKey, FieldsOf(P(new(T)))
	return f
}

func decodeObject[T any, P binder[T]](d *decoder, v ir.Value, short Short[T]) ([]T, bool) {
	if v.Kind == ir.Null && v.Off != "" && short.SkipOff {
		return nil, false
	}
	text := v.IsText() && v.Kind != ir.Bool
	switch {
	case v.Kind == ir.Map:
		if short.SkipOff && namesOff(v.Map) {
			return nil, false
		}
	case short.As != "" && (v.Kind == ir.Handle || v.IsText() && short.Text == nil):
		v = ir.MapVal(map[string]ir.Value{short.As: v}).At(v.Pos)
	case short.Text != nil && text:
		s, ok := d.text(v.ToText(), "text")
		if !ok {
			return nil, false
		}
		got, err := short.Text(s)
		if err != nil {
			d.fail(v, "%v", err)
			return nil, false
		}
		return got, true
	default:
		d.want(v, "an object")
		return nil, false
	}
	var t T
	before := len(*d.Diags)
	c := *d
	c.pos = firstPos(v.Pos, d.pos)
	c.into(P(&t), attrsOf(v), v.Pos)
	return []T{t}, len(*d.Diags) == before
}

// namesOff reports whether an attribute refers to a disabled resource.
func namesOff(attrs map[string]ir.Value) bool {
	for _, v := range attrs {
		if v.Off != "" {
			return true
		}
	}
	return false
}

func attrsOf(v ir.Value) []ir.Attr {
	attrs := make([]ir.Attr, 0, len(v.Map))
	for _, k := range v.Keys() {
		e := v.Map[k]
		e.Sensitive = e.Sensitive || v.Sensitive
		attrs = append(attrs, ir.Attr{Name: k, Pos: e.Pos, Value: e})
	}
	return attrs
}

func encodeObject(b Binder) ir.Value {
	v := ir.MapVal(map[string]ir.Value{})
	View(b, func(s *Set) { s.each(func(f *Field, e ir.Value) { v.Map[f.Name] = e }) })
	return v
}

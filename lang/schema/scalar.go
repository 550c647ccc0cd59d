package schema

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"bayplan/lang/ir"

	units "github.com/docker/go-units"
)

func (s *Set) add(name, typ string, e Effect, doc string, c codec) *Field {
	if s.Field(name) != nil {
		panic("schema: attribute bound twice: " + name)
	}
	if s.byName == nil {
		s.byName = map[string]*Field{}
	}
	f := &Field{Name: name, Type: typ, Effect: e, Doc: doc, codec: c}
	s.Fields, s.byName[name] = append(s.Fields, f), f
	return f
}

// Name binds the engine's name of the object, which every named kind has. A
// program that leaves it out gets the name that follows from the address.
func (s *Set) Name(p *string, e Effect, doc string) *Field {
	s.name = p
	return s.Parsed(p, "name", "string", "a name", e, doc, func(name string) (string, error) {
		if !isName(name) {
			return "", fmt.Errorf("got %q, want letters, digits, _, . and -, at least two, a letter or digit first", name)
		}
		return name, nil
	})
}

// isName reports whether the engine takes name for a container or a volume.
// Networks have to be so too: another name does not resolve.
func isName(name string) bool {
	for i, r := range name {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		if !letter && (i == 0 || !strings.ContainsRune("_.-", r)) {
			return false
		}
	}
	return len(name) > 1
}

// String binds a string that is known at plan; "" is unset.
func (s *Set) String(p *string, name string, e Effect, doc string) *Field {
	return s.Parsed(p, name, "string", "a string", e, doc, func(s string) (string, error) { return s, nil })
}

// Parsed binds a string with a form of its own: parse returns its canonical
// form, or an error that says what is wrong.
func (s *Set) Parsed(p *string, name, typ, want string, e Effect, doc string, parse func(string) (string, error)) *Field {
	return s.add(name, typ, e, doc, codec{
		decode: func(d *decoder, v ir.Value) {
			text, ok := d.text(numeral(v), want)
			if !ok {
				return
			}
			got, err := parse(text)
			if err != nil {
				d.fail(v, "%v", err)
				return
			}
			*p = got
		},
		encode: func() ir.Value {
			if *p == "" {
				return ir.Value{}
			}
			return ir.StringVal(*p)
		},
	})
}

// numeral returns a number as its text, and all else as it is.
func numeral(v ir.Value) ir.Value {
	if v.Kind == ir.Int || v.Kind == ir.Float {
		return v.ToText()
	}
	return v
}

// Platform returns the canonical form of a platform such as linux/arm64.
func Platform(text string) (string, error) {
	parts := strings.Split(text, "/")
	if len(parts) < 2 || len(parts) > 3 || slices.Contains(parts, "") {
		return "", fmt.Errorf("got %q, want a platform such as \"linux/arm64\" or \"linux/arm/v7\"", text)
	}
	return strings.ToLower(text), nil
}

// Serves reports whether what is for the platform is serves where want is wanted,
// both as Platform returns them: a processor runs what older ones of its line do.
func Serves(want, is string) bool {
	w, i := strings.SplitN(want, "/", 3), strings.SplitN(is, "/", 3)
	if len(w) < 2 || len(i) < 2 || w[0] != i[0] || w[1] != i[1] {
		return false
	}
	return len(w) < 3 || variantOf(i) <= variantOf(w)
}

// variantOf returns the number of a platform's variant: 8.1 of v8.1. Without one
// it is what images are that do not say more.
func variantOf(parts []string) float64 {
	if len(parts) == 3 {
		if n, err := strconv.ParseFloat(strings.TrimPrefix(parts[2], "v"), 64); err == nil {
			return n
		}
	}
	return map[string]float64{"amd64": 1, "arm": 7, "arm64": 8}[parts[1]]
}

// Enum binds a string that is one of the given words; "" is unset.
func (s *Set) Enum(p *string, name string, e Effect, doc string, words ...string) *Field {
	want := "one of " + strings.Join(words, ", ")
	return s.add(name, want, e, doc, codec{
		decode: func(d *decoder, v ir.Value) {
			text, ok := d.text(v, want)
			if !ok {
				return
			}
			if !slices.Contains(words, text) {
				d.oneOf(v, want, text, words)
				return
			}
			*p = text
		},
		encode: func() ir.Value {
			if *p == "" {
				return ir.Value{}
			}
			return ir.StringVal(*p)
		},
	})
}

// Text binds text that may hold values that only the engine knows, and
// sensitive ones; null is unset.
func (s *Set) Text(p *ir.Value, name string, e Effect, doc string) *Field {
	return s.add(name, "text", e, doc, codec{
		decode: func(d *decoder, v ir.Value) {
			if v, ok := d.loose(v); ok {
				*p = v
			}
		},
		encode: func() ir.Value { return *p },
	})
}

// Bool binds a bool; false is unset.
func (s *Set) Bool(p *bool, name string, e Effect, doc string) *Field {
	return s.add(name, "bool", e, doc, codec{
		decode: func(d *decoder, v ir.Value) {
			if b, ok := d.bool(v); ok {
				*p = b
			}
		},
		encode: func() ir.Value {
			if !*p {
				return ir.Value{}
			}
			return ir.BoolVal(true)
		},
	})
}

// OptBool binds a bool for which unset (nil) is neither true nor false.
func (s *Set) OptBool(p **bool, name string, e Effect, doc string) *Field {
	return s.add(name, "bool", e, doc, codec{
		decode: func(d *decoder, v ir.Value) {
			if b, ok := d.bool(v); ok {
				*p = &b
			}
		},
		encode: func() ir.Value {
			if *p == nil {
				return ir.Value{}
			}
			return ir.BoolVal(**p)
		},
	})
}

func (d *decoder) bool(v ir.Value) (bool, bool) {
	if v.Kind != ir.Bool || v.Sensitive {
		m := d.want(v, "true or false")
		if v.Kind == ir.String && (v.Str == "true" || v.Str == "false") {
			m.Hintf("write %s without quotes", v.Str)
		}
		return false, false
	}
	return v.Bool, true
}

// Range is the whole numbers from Min to Max.
type Range struct{ Min, Max int64 }

// Int binds a whole number; 0 is unset.
func (s *Set) Int(p *int64, name string, r Range, e Effect, doc string) *Field {
	return s.add(name, "number", e, doc, codec{
		decode: func(d *decoder, v ir.Value) {
			if n, ok := d.int(v, r); ok {
				*p = n
			}
		},
		encode: func() ir.Value {
			if *p == 0 {
				return ir.Value{}
			}
			return ir.IntVal(*p)
		},
	})
}

// OptInt binds a whole number for which 0 means something; nil is unset.
func (s *Set) OptInt(p **int64, name string, r Range, e Effect, doc string) *Field {
	return s.add(name, "number", e, doc, codec{
		decode: func(d *decoder, v ir.Value) {
			if n, ok := d.int(v, r); ok {
				*p = &n
			}
		},
		encode: func() ir.Value {
			if *p == nil {
				return ir.Value{}
			}
			return ir.IntVal(**p)
		},
	})
}

func (d *decoder) int(v ir.Value, r Range) (int64, bool) {
	want := fmt.Sprintf("a whole number from %d to %d", r.Min, r.Max)
	if r.Max == math.MaxInt64 {
		want = fmt.Sprintf("a whole number, at least %d", r.Min)
	}
	if v.Kind == ir.String && !v.Sensitive {
		// "8080" is what templates and environment variables give.
		if n, err := strconv.ParseInt(v.Str, 10, 64); err == nil {
			v = ir.IntVal(n).At(v.Pos)
		}
	}
	if v.Kind != ir.Int || v.Sensitive || v.Int < r.Min || v.Int > r.Max {
		d.want(v, want)
		return 0, false
	}
	return v.Int, true
}

// CPUs binds a number of CPUs, such as 1.5, held in billionths; 0 is unset.
func (s *Set) CPUs(p *int64, name string, e Effect, doc string) *Field {
	return s.add(name, "number", e, doc, codec{
		decode: func(d *decoder, v ir.Value) {
			n := v.Float
			switch {
			case v.Kind == ir.Int:
				n = float64(v.Int)
			case v.Kind == ir.String:
				f, err := strconv.ParseFloat(v.Str, 64)
				if err != nil {
					n = -1
				} else {
					n = f
				}
			case v.Kind != ir.Float:
				n = -1
			}
			if v.Sensitive || !(n >= 0.001) || n > 1e6 {
				d.want(v, "a number of CPUs such as 1.5")
				return
			}
			*p = int64(math.Round(n * 1e9))
		},
		encode: func() ir.Value {
			if *p == 0 {
				return ir.Value{}
			}
			return ir.FloatVal(float64(*p) / 1e9)
		},
	})
}

// Bytes binds a size in bytes, such as "512m"; 0 is unset. A plain number is
// bytes; units are powers of 1024.
func (s *Set) Bytes(p *int64, name string, e Effect, doc string) *Field {
	return s.add(name, "size", e, doc, codec{
		decode: func(d *decoder, v ir.Value) {
			n, err := v.Int, error(nil)
			if v.Kind == ir.String {
				n, err = units.RAMInBytes(v.Str)
			}
			if v.Sensitive || v.Kind != ir.Int && v.Kind != ir.String || err != nil || n < 0 {
				d.want(v, `a size such as "512m"`).Hintf("units are b, k, m, g, t, in powers of 1024; a plain number is bytes")
				return
			}
			*p = n
		},
		encode: func() ir.Value {
			if *p == 0 {
				return ir.Value{}
			}
			return ir.StringVal(Size(*p))
		},
	})
}

// Size writes n bytes with the greatest unit that loses nothing: 512m.
func Size(n int64) string {
	for i, unit := range []string{"t", "g", "m", "k"} {
		if d := int64(1) << (10 * (4 - i)); n != 0 && n%d == 0 {
			return strconv.FormatInt(n/d, 10) + unit
		}
	}
	return strconv.FormatInt(n, 10) + "b"
}

// Duration binds a length of time, such as "1m30s"; 0 is unset.
func (s *Set) Duration(p *time.Duration, name string, e Effect, doc string) *Field {
	return s.add(name, "duration", e, doc, codec{
		decode: func(d *decoder, v ir.Value) {
			if n, ok := d.duration(v); ok {
				*p = n
			}
		},
		encode: func() ir.Value {
			if *p == 0 {
				return ir.Value{}
			}
			return ir.StringVal(ShowDuration(*p))
		},
	})
}

// Micros binds a length of time that the engine holds in microseconds, such as
// "50ms"; a plain number is microseconds, and 0 is unset.
func (s *Set) Micros(p *int64, name string, r Range, e Effect, doc string) *Field {
	return s.add(name, "duration, or microseconds", e, doc, codec{
		decode: func(d *decoder, v ir.Value) {
			if v.Kind == ir.Int {
				if n, ok := d.int(v, r); ok {
					*p = n
				}
				return
			}
			n, ok := d.duration(v)
			if us := n.Microseconds(); ok && (n%time.Microsecond != 0 || us < r.Min || us > r.Max) {
				d.want(v, fmt.Sprintf("a duration of at least %s, in whole microseconds", ShowDuration(time.Duration(r.Min)*time.Microsecond)))
			} else if ok {
				*p = us
			}
		},
		encode: func() ir.Value {
			if *p == 0 {
				return ir.Value{}
			}
			return ir.StringVal(ShowDuration(time.Duration(*p) * time.Microsecond))
		},
	})
}

// OptDuration binds a length of time in whole seconds for which 0 means
// something; a plain number is seconds, and nil is unset.
func (s *Set) OptDuration(p **time.Duration, name string, e Effect, doc string) *Field {
	return s.add(name, "duration, or seconds", e, doc, codec{
		decode: func(d *decoder, v ir.Value) {
			if v.Kind == ir.Int && !v.Sensitive && v.Int >= 0 && v.Int < 1<<31 {
				v = ir.StringVal(strconv.FormatInt(v.Int, 10) + "s").At(v.Pos)
			}
			n, ok := d.duration(v)
			if !ok {
				return
			}
			if n%time.Second != 0 {
				d.want(v, "whole seconds")
				return
			}
			*p = &n
		},
		encode: func() ir.Value {
			if *p == nil {
				return ir.Value{}
			}
			return ir.StringVal(ShowDuration(**p))
		},
	})
}

func (d *decoder) duration(v ir.Value) (time.Duration, bool) {
	const want = `a duration such as "5s"`
	if v.Kind == ir.Int && !v.Sensitive {
		d.want(v, want).Hintf("a number says no unit: write \"%ds\" for seconds", v.Int)
		return 0, false
	}
	text, ok := d.text(v, want)
	if !ok {
		return 0, false
	}
	n, err := time.ParseDuration(text)
	if err != nil || n < 0 {
		d.want(v, want).Hintf("units are ms, s, m, h")
		return 0, false
	}
	return n, true
}

// ShowDuration writes a duration without units that are zero: 1m, not 1m0s.
func ShowDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// Ref binds a reference to an object of a kind; the zero Ref is unset.
func (s *Set) Ref(p *Ref, name, kind string, e Effect, doc string) *Field {
	return s.add(name, kind, e, doc, codec{
		decode: func(d *decoder, v ir.Value) {
			if r, ok := d.ref(v, kind); ok {
				*p = r
			}
		},
		encode: func() ir.Value { return p.Value() },
		refs: func(f func(string, *Ref)) {
			if !p.IsZero() {
				f(kind, p)
			}
		},
	})
}

func (d *decoder) ref(v ir.Value, kind string) (Ref, bool) {
	if v.Kind == ir.Handle {
		if v.Ref.Addr.Kind != kind {
			d.want(v, "a "+kind)
			return Ref{}, false
		}
		r := Ref{Addr: v.Ref.Addr, Pos: firstPos(v.Pos, d.pos)}
		if d.Name != nil {
			r.Name = d.Name(r.Addr)
		}
		return r, true
	}
	text, ok := d.text(v, "a "+kind+" or the name of one")
	if !ok || text == "" {
		if ok {
			d.want(v, "a "+kind+" or the name of one")
		}
		return Ref{}, false
	}
	return Ref{Name: text, Pos: firstPos(v.Pos, d.pos)}, true
}

// WordOrRef binds text that is one of words, which word holds, or a reference
// to an object of a kind behind a prefix, such as "container:NAME", which r
// holds. A handle stands for the latter. Both empty is unset.
func (s *Set) WordOrRef(word *string, r *Ref, name, kind, prefix string, e Effect, doc string, words ...string) *Field {
	want := fmt.Sprintf("one of %s, %sNAME or a %s", strings.Join(words, ", "), prefix, kind)
	return s.add(name, want, e, doc, codec{
		decode: func(d *decoder, v ir.Value) {
			if v.Kind == ir.Handle {
				if got, ok := d.ref(v, kind); ok {
					*r = got
				}
				return
			}
			text, ok := d.text(v, want)
			if !ok {
				return
			}
			object, is := strings.CutPrefix(text, prefix)
			switch {
			case is && object != "":
				*r = Ref{Name: object, Pos: firstPos(v.Pos, d.pos)}
			case slices.Contains(words, text):
				*word = text
			default:
				d.oneOf(v, want, text, words)
			}
		},
		encode: func() ir.Value {
			switch {
			case *word != "":
				return ir.StringVal(*word)
			case r.Name != "":
				return ir.StringVal(prefix + r.Name)
			}
			return r.Value()
		},
		refs: func(f func(string, *Ref)) {
			if !r.IsZero() {
				f(kind, r)
			}
		},
	})
}

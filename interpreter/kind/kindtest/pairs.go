package kindtest

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"bayplan/golden/slice"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
)

// Apart is what samples cannot stand together, and why. A test fails where
// they can.
type Apart struct {
	A, B string // attributes, or what Sample.As calls a sample
	Why  string
}

// Table is the pairs that cannot stand together, and which of its lines were
// of use.
type Table struct {
	Rows []Apart
	mu   sync.Mutex
	used map[Apart]bool
}

// row returns the line that keeps two samples apart.
func (b *Table) row(x, y Sample) (Apart, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.Rows {
		if x.is(r.A) && y.is(r.B) || x.is(r.B) && y.is(r.A) {
			if b.used == nil {
				b.used = map[Apart]bool{}
			}
			b.used[r] = true
			return r, true
		}
	}
	return Apart{}, false
}

// Unused fails for each line that kept nothing apart.
func (b *Table) Unused(t *testing.T) {
	t.Helper()
	for _, r := range b.Rows {
		if !b.used[r] {
			t.Errorf("%s and %s stand in the table of what cannot stand together, and no pair of samples is of it", r.A, r.B)
		}
	}
}

func (x Sample) is(name string) bool { return x.Attr == name || x.As != "" && x.As == name }

// called is a sample's name for messages.
func (x Sample) called() string {
	if x.As != "" {
		return x.As
	}
	return x.Attr
}

// meet reports whether two samples can be tried as a pair at all: they are of
// two attributes, and neither needs a value of its own that the other has
// otherwise.
func meet(x, y Sample) bool {
	_, needs := x.With[y.Attr]
	_, needed := y.With[x.Attr]
	if x.Attr == y.Attr || needs || needed {
		return false
	}
	for attr, v := range x.With {
		if w, ok := y.With[attr]; ok && !v.Equal(w) {
			return false
		}
	}
	return true
}

// Pairs checks samples two by two: both are made, each is changed and taken
// away with the other there, then both, and every plan names what is due. Of
// two that the table keeps apart it checks that they cannot be so.
func (s Suite) Pairs(t *testing.T, apart *Table, part slice.Slice) {
	t.Helper()
	var pairs [][2]Sample
	for i, x := range s.Samples {
		for _, y := range s.Samples[i+1:] {
			if meet(x, y) && s.Can(x) && s.Can(y) {
				pairs = append(pairs, [2]Sample{x, y})
			}
		}
	}
	t.Cleanup(func() { s.Destroy(t) })
	for _, i := range part.Draw(s.Engine.Info.API, len(pairs)) {
		x, y := pairs[i][0], pairs[i][1]
		row, never := apart.row(x, y)
		err := s.pair(x, y)
		switch {
		case err == nil && never:
			t.Errorf("%s and %s can stand together, and the table says: %s", x.called(), y.called(), row.Why)
		case err != nil && !never:
			t.Errorf("%s and %s: %v", s.name(x), s.name(y), err)
		}
		if err != nil {
			s.Destroy(t) // so that the next finds nothing of it
		}
	}
}

// name tells a sample from the others of its attribute.
func (s Suite) name(x Sample) string {
	i := slices.IndexFunc(s.Samples, func(y Sample) bool { return x.Attr == y.Attr && x.A.Equal(y.A) && x.B.Equal(y.B) })
	return fmt.Sprintf("%s-%d", x.called(), i)
}

func (s Suite) pair(x, y Sample) error {
	a := s.with(value{x, x.A}, value{y, y.A})
	if err := s.become(a); err != nil {
		return fmt.Errorf("making both: %w", err)
	}
	if err := s.each([]Sample{x, y}); err != nil {
		return err
	}
	if !x.B.IsNull() || !y.B.IsNull() {
		if err := s.become(s.with(value{x, x.other()}, value{y, y.other()})); err != nil {
			return fmt.Errorf("changing both: %w", err)
		}
	}
	none := s.with(s.without(x), s.without(y))
	if err := s.become(none); err != nil {
		return fmt.Errorf("taking both away: %w", err)
	}
	return s.become(nil)
}

// each checks that of samples which stand together, the plan names each that
// changes and each that goes.
func (s Suite) each(xs []Sample) error {
	values := make([]value, len(xs))
	for i, x := range xs {
		values[i] = value{x, x.A}
	}
	for i, x := range xs {
		if !x.B.IsNull() {
			values[i].is = x.B
			if _, err := s.names(s.with(values...), x, among(xs, s.effect(x))); err != nil {
				return fmt.Errorf("changing %s: %w", s.name(x), err)
			}
		}
		if !s.stays(x) {
			values[i].is = ir.Value{}
			if x.Same {
				if err := s.nothing(s.with(values...)); err != nil {
					return fmt.Errorf("taking %s away, which is so without it: %w", s.name(x), err)
				}
				values[i].is = x.A
				continue
			}
			if _, err := s.names(s.with(values...), x, among(xs, s.gone(x))); err != nil {
				return fmt.Errorf("taking %s away: %w", s.name(x), err)
			}
		}
		values[i].is = x.A
	}
	return nil
}

// nothing checks that there is nothing to do.
func (s Suite) nothing(attrs Attrs) error {
	p, err := s.plan(attrs)
	if err == nil && !p.Empty() {
		err = fmt.Errorf("got %s, want nothing to do", Show(p))
	}
	return err
}

// among is what becomes of an effect among these samples.
func among(xs []Sample, e schema.Effect) schema.Effect {
	if e == schema.Restart && slices.ContainsFunc(xs, func(x Sample) bool { return x.Still }) {
		return schema.Live
	}
	return e
}

// other is the value to change to; the first where there is but one.
func (x Sample) other() ir.Value {
	if x.B.IsNull() {
		return x.A
	}
	return x.B
}

// stays reports whether a sample's attribute cannot be taken away.
func (s Suite) stays(x Sample) bool { return x.Stays || s.must(x.Attr) }

// without is a sample's attribute left out, where it can be.
func (s Suite) without(x Sample) value {
	if s.stays(x) {
		return value{x, x.A}
	}
	return value{x, ir.Value{}}
}

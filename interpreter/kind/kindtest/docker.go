package kindtest

import (
	"context"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"bayplan/interpreter/engine"
	"bayplan/lang/ir"
)

// Docker connects to the engine of this machine, for the time of a test.
func Docker(t *testing.T) *engine.Engine {
	t.Helper()
	e, err := engine.Connect(context.Background(), "")
	if err != nil {
		t.Skipf("NO REAL ENGINE HERE, this test checks nothing: %v", err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// Refusals are the attributes that an engine may refuse for what its host lacks.
type Refusals []Refusal

// Refusal is such an attribute, and what the engine says then.
type Refusal struct{ Attr, Says string }

// May reports whether an engine may refuse a sample's attribute.
func (r Refusals) May(x Sample) bool {
	return slices.ContainsFunc(r, func(one Refusal) bool { return one.Attr == x.Attr })
}

// Has reports whether an error, or nil, is such a refusal of a sample.
func (r Refusals) Has(x Sample, err error) bool {
	return err != nil && slices.ContainsFunc(r, func(one Refusal) bool {
		return one.Attr == x.Attr && strings.Contains(err.Error(), one.Says)
	})
}

// OnDocker tries on a Docker Engine what Cover packs: few objects, in which
// each two attributes that can stand together do. DOCKER=all tries all of these
// objects, and each sample alone too, which takes minutes; else one of them is
// tried.
func (s Suite) OnDocker(t *testing.T, apart *Table, may Refusals) {
	t.Helper()
	t.Cleanup(func() { s.Destroy(t) })
	all := os.Getenv("DOCKER") == "all"
	var taken []Sample
	for _, x := range s.Samples {
		if !s.Can(x) {
			t.Logf("SKIPPED: %s %s is for newer engines, or for another kernel", x.Attr, x.A.Show())
			continue
		}
		var err error
		switch {
		case all:
			err = s.Alone(x)
		case may.May(x):
			err = s.Make(x)
		}
		switch {
		case may.Has(x, err):
			t.Logf("SKIPPED, this engine cannot: %s %s: %v", x.Attr, x.A.Show(), err)
		case err != nil:
			t.Errorf("%s %s: %v", x.Attr, x.A.Show(), err)
		default:
			taken = append(taken, x)
		}
		if err != nil {
			s.Destroy(t)
		}
	}
	s.Samples = taken
	sets := s.Cover(apart, 1, 100)
	t.Logf("%d attributes' values in %d objects", len(taken), len(sets))
	if !all {
		sets = sets[:min(1, len(sets))]
	}
	for _, xs := range sets {
		s.Packed(t, xs)
	}
}

// Renamed returns the suite with other names in all texts of its declarations:
// of an engine that others use too, each run uses what no other does.
func (s Suite) Renamed(names *strings.Replacer) Suite {
	s.Base = slices.Clone(s.Base)
	for i := range s.Base {
		s.Base[i].Attrs = renamed(ir.MapVal(s.Base[i].Attrs), names).Map
	}
	s.Subject.Attrs = renamed(ir.MapVal(s.Subject.Attrs), names).Map
	s.Samples = slices.Clone(s.Samples)
	for i := range s.Samples {
		x := &s.Samples[i]
		x.A, x.B = renamed(x.A, names), renamed(x.B, names)
		x.Also = slices.Clone(x.Also)
		for j := range x.Also {
			x.Also[j] = names.Replace(x.Also[j])
		}
	}
	return s
}

func renamed(v ir.Value, names *strings.Replacer) ir.Value {
	switch v.Kind {
	case ir.String:
		v.Str = names.Replace(v.Str)
	case ir.List:
		v.List = slices.Clone(v.List)
		for i := range v.List {
			v.List[i] = renamed(v.List[i], names)
		}
	case ir.Map:
		v.Map = maps.Clone(v.Map)
		for k := range v.Map {
			v.Map[k] = renamed(v.Map[k], names)
		}
	}
	return v
}

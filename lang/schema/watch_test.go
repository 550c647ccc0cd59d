package schema

import (
	"testing"

	"bayplan/lang/diag"

	"github.com/google/go-cmp/cmp"
)

func TestWatch(t *testing.T) {
	src := diag.Sources{"a.bay.hcl": []byte("x = 1\nä = y\n")}
	files := map[int]string{}
	var word uint64
	w := NewWatch(&word, func(i int, file string) { files[i] = file })
	place := func() diag.Pos { return PlaceAt(word, files, src) }
	for _, c := range []struct {
		tell func()
		want diag.Pos
	}{
		{func() {}, diag.Pos{}},
		{func() { w.At("a.bay.hcl", 0) }, diag.Pos{File: "a.bay.hcl", Line: 1, Col: 1}},
		{func() { w.At("a.bay.hcl", 11) }, diag.Pos{File: "a.bay.hcl", Line: 2, Col: 5}},
		{func() { w.AtLine(diag.Pos{File: "b.star", Line: 70_000, Col: 12}) }, diag.Pos{File: "b.star", Line: 70_000, Col: 12}},
		{func() { w.At("a.bay.hcl", 12) }, diag.Pos{File: "a.bay.hcl", Line: 2, Col: 6}},
		{func() { w.At("a.bay.hcl", 99) }, diag.Pos{File: "a.bay.hcl"}},
		{func() { w.At("c.star", 3) }, diag.Pos{File: "c.star"}},
	} {
		c.tell()
		if d := cmp.Diff(c.want, place()); d != "" {
			t.Errorf("(-want +got)\n%s", d)
		}
	}
	if w.Stopped() != "" {
		t.Error("it is stopped before somebody says so")
	}
	if w.Stop("enough"); w.Stopped() != "enough" {
		t.Errorf("stopped for %q", w.Stopped())
	}
	var none *Watch
	if none.At("a", 1); none.Stopped() != "" {
		t.Error("no watch stops nothing")
	}
}

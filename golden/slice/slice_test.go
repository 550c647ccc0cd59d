package slice_test

import (
	"slices"
	"testing"

	"bayplan/golden/slice"

	"github.com/google/go-cmp/cmp"
)

func TestOf(t *testing.T) {
	for _, c := range []struct {
		size, seed string
		want       slice.Slice
	}{
		{"", "7", slice.Slice{Seed: 7, Size: 3}},
		{"12", "7", slice.Slice{Seed: 7, Size: 12}},
		{"all", "8", slice.Slice{Seed: 8}},
	} {
		t.Setenv("SOME", c.size)
		t.Setenv("SOME_SEED", c.seed)
		if diff := cmp.Diff(c.want, slice.Of(t, "SOME", 3)); diff != "" {
			t.Errorf("SOME=%s SOME_SEED=%s (-want +got):\n%s", c.size, c.seed, diff)
		}
	}
}

func TestDraw(t *testing.T) {
	some := slice.Slice{Seed: 7, Size: 3}
	drawn := some.Draw("one", 100)
	if diff := cmp.Diff(drawn, some.Draw("one", 100)); diff != "" || len(drawn) != 3 {
		t.Errorf("drew %v, and then another (-first +second):\n%s", drawn, diff)
	}
	for _, other := range [][]int{some.Draw("two", 100), slice.Slice{Seed: 8, Size: 3}.Draw("one", 100)} {
		if slices.Equal(drawn, other) {
			t.Errorf("drew %v twice, of another name or seed", drawn)
		}
	}
	for _, s := range []slice.Slice{{Seed: 7}, {Seed: 7, Size: 9}} {
		if got := slices.Sorted(slices.Values(s.Draw("one", 5))); !slices.Equal(got, []int{0, 1, 2, 3, 4}) {
			t.Errorf("%+v of five drew %v, want all", s, got)
		}
	}
}

package kindtest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// Cover packs samples into few sets, in which each two attributes that can
// stand together do so at least once, and each sample stands. It is greedy: a
// set takes in whoever brings the most that is new, until nobody does. size
// bounds a set, and the seed decides between equals.
func (s Suite) Cover(apart *Table, seed uint64, size int) [][]Sample {
	c := cover{table: apart, open: map[[2]string]bool{}, new: map[int]bool{}}
	for _, x := range s.Samples {
		if s.Can(x) {
			c.all = append(c.all, x)
		}
	}
	rand.New(rand.NewPCG(seed, 0)).Shuffle(len(c.all), func(i, j int) { c.all[i], c.all[j] = c.all[j], c.all[i] })
	for i, x := range c.all {
		c.new[i] = true
		for _, y := range c.all[:i] {
			if c.friends(x, y) {
				c.open[of(x, y)] = true
			}
		}
	}
	var out [][]Sample
	for set := c.next(size); len(set) > 0; set = c.next(size) {
		out = append(out, set)
	}
	return out
}

// cover is a Cover that is being made.
type cover struct {
	table *Table
	all   []Sample
	open  map[[2]string]bool // attributes that have not met
	new   map[int]bool       // samples that stand nowhere
}

func (c *cover) friends(x, y Sample) bool {
	_, never := c.table.row(x, y)
	return meet(x, y) && !never
}

func of(x, y Sample) [2]string {
	return [2]string{min(x.Attr, y.Attr), max(x.Attr, y.Attr)}
}

// next returns the next set; none if nothing is left to bring.
func (c *cover) next(size int) []Sample {
	var set []Sample
	for len(set) < size {
		best, most := -1, 0
		for i := range c.all {
			if gain := c.gain(set, i); gain > most {
				best, most = i, gain
			}
		}
		if best < 0 {
			break
		}
		for _, y := range set {
			delete(c.open, of(c.all[best], y))
		}
		set = append(set, c.all[best])
		delete(c.new, best)
	}
	return set
}

// gain is what a sample brings to a set; 0 if it cannot join.
func (c *cover) gain(set []Sample, i int) int {
	gain := 0
	if c.new[i] {
		gain++
	}
	for _, y := range set {
		if !c.friends(c.all[i], y) {
			return 0
		}
		if c.open[of(c.all[i], y)] {
			gain += 2
		}
	}
	if len(set) > 0 {
		return gain
	}
	for pair := range c.open {
		if pair[0] == c.all[i].Attr || pair[1] == c.all[i].Attr {
			gain++
		}
	}
	return gain
}

// Packed checks samples that stand together: all are made, each is changed and
// taken away by plan, then all change, half of them go, then all.
func (s Suite) Packed(t *testing.T, xs []Sample) {
	t.Helper()
	if err := s.packed(xs); err != nil {
		var names []string
		for _, x := range xs {
			names = append(names, s.name(x))
		}
		t.Errorf("%s: %v", strings.Join(names, ", "), err)
		s.Destroy(t)
	}
}

func (s Suite) packed(xs []Sample) error {
	var first, second, half, none []value
	for i, x := range xs {
		first, second, none = append(first, value{x, x.A}), append(second, value{x, x.other()}), append(none, s.without(x))
		if i%2 == 0 {
			half = append(half, value{x, x.other()})
		} else {
			half = append(half, s.without(x))
		}
	}
	if err := s.become(s.with(first...)); err != nil {
		return fmt.Errorf("making all: %w", err)
	}
	if err := s.each(xs); err != nil {
		return err
	}
	for _, c := range []struct {
		to    []value
		doing string
	}{{second, "changing all"}, {half, "taking half away"}, {none, "taking all away"}} {
		if err := s.become(s.with(c.to...)); err != nil {
			return fmt.Errorf("%s: %w", c.doing, err)
		}
	}
	return s.become(nil)
}

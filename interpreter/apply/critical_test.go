package apply_test

import (
	"testing"
	"time"

	"bayplan/interpreter/apply"
	"bayplan/interpreter/plan"

	"github.com/google/go-cmp/cmp"
)

func TestCritical(t *testing.T) {
	a, b, c, d, e := step("a"), step("b"), step("c"), step("d"), step("e")
	d.Needs, e.Needs = []int{0, 1}, []int{3} // d needs a and b, e needs d
	p := &plan.Plan{Steps: []*plan.Step{a, b, c, d, e}}
	took := func(s *plan.Step, seconds int) apply.Ran {
		return apply.Ran{Step: s, Took: time.Duration(seconds) * time.Second}
	}
	for name, tt := range map[string]struct {
		ran  []apply.Ran
		want []string
	}{
		"the longest chain":    {[]apply.Ran{took(a, 1), took(b, 2), took(c, 4), took(d, 1), took(e, 2)}, []string{"b", "d", "e"}},
		"one step is longest":  {[]apply.Ran{took(a, 1), took(b, 2), took(c, 9), took(d, 1), took(e, 2)}, []string{"c"}},
		"what ran before most": {[]apply.Ran{took(a, 1), took(b, 2)}, []string{"b"}},
		"nothing ran":          {nil, nil},
	} {
		var got []string
		for _, r := range apply.Critical(p, tt.ran) {
			got = append(got, r.Step.Addr.Label)
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s (-want +got)\n%s", name, d)
		}
	}
}

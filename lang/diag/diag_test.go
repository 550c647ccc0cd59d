package diag

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWrite(t *testing.T) {
	src := Sources{"a.bay.hcl": []byte("stack {\n\tmemry = \"5\x1b[31mm\"\n}\n")}
	var l List
	l.Addf(Pos{"a.bay.hcl", 2, 2}, "unknown attribute %q", "memry").DidYouMean("memry", []string{"memory", "name"})
	l.Warnf(Pos{File: "b.star"}, "odd \u202e text").Calls = []Call{{Pos{"b.star", 9, 1}, "make"}}
	var b strings.Builder
	if err := Write(&b, l, src, false); err != nil {
		t.Fatal(err)
	}
	want := `a.bay.hcl:2:2: error: unknown attribute "memry"
  2 |  memry = "5\x1b[31mm"
       ^
  hint: did you mean "memory"?

b.star: warning: odd \u202e text
  called from b.star:9:1 (make)
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestNearest(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"enviroment", "environment"}, {"prots", "ports"}, {"prtos", "ports"}, {"zebra", ""}, {"x", ""}, {"ports", ""},
	} {
		if got := Nearest(c.name, []string{"environment", "ports"}); got != c.want {
			t.Errorf("Nearest(%q) = %q, want %q", c.name, got, c.want)
		}
	}
}

func TestListErr(t *testing.T) {
	var l List
	l.Warnf(Pos{}, "only a warning")
	if l.Err() != nil {
		t.Error("a list of warnings is an error")
	}
	l.Addf(Pos{"f", 2, 1}, "second")
	l.Addf(Pos{"f", 1, 9}, "first")
	l.Addf(Pos{"f", 1, 9}, "first")
	l.Sort()
	if diff := cmp.Diff("-: only a warning\nf:1:9: first\nf:2:1: second", l.Err().Error()); diff != "" {
		t.Error(diff)
	}
}

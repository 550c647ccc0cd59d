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

// TestWriteLongLine holds that of a line without an end the part is shown that
// the message is about.
func TestWriteLongLine(t *testing.T) {
	long := strings.Repeat("ä", 1000)
	src := Sources{"a": []byte("\xff" + long + "X" + long)}
	for _, c := range []struct {
		col  int
		line string
		pad  int
	}{
		{1002, "… " + strings.Repeat("ä", 200) + "X" + strings.Repeat("ä", 199) + " …", 202},
		{1, `\xff` + strings.Repeat("ä", 399) + " …", 0},
		{2, `\xff` + strings.Repeat("ä", 399) + " …", 4},
		{2002, "… " + strings.Repeat("ä", 201), 202},
		{0, `\xff` + strings.Repeat("ä", 399) + " …", -1},
	} {
		var b strings.Builder
		if err := Write(&b, List{{Pos: Pos{"a", 1, c.col}, Msg: "m"}}, src, false); err != nil {
			t.Fatal(err)
		}
		_, got, _ := strings.Cut(b.String(), "\n")
		want := "  1 | " + c.line + "\n"
		if c.pad >= 0 {
			want += "      " + strings.Repeat(" ", c.pad) + "^\n"
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("column %d: %s", c.col, diff)
		}
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

package diag

import (
	"fmt"
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
// Of many messages that say the same of different things, the first few are
// printed, and of the others where they are.
func TestWriteAlike(t *testing.T) {
	var l List
	for i := 1; i <= mostAlike+mostPlaces+2; i++ {
		l.Addf(Pos{"main.bay.hcl", i, 1}, "container.c%d.memory: got \"lots\", want a size", i).Hintf("512m")
	}
	for i := 1; i <= mostAlike+1; i++ { // one more is printed, too
		l.Addf(Pos{"main.bay.hcl", 100 + i, 1}, "container.c%d.cpus: got \"lots\", want a number", i)
	}
	l.Warnf(Pos{"main.bay.hcl", 200, 1}, "container.c1.memory: got \"lots\", want a size")
	l.Addf(Pos{"main.bay.hcl", 201, 1}, "container.c1.memory: got \"much\", want a size")
	for range mostAlike + 2 {
		l.Addf(Pos{}, "it is so")
	}
	for i := range mostAlike + 2 {
		l.Addf(Pos{fmt.Sprint(i / 6), i + 1, 1}, "container.c%d: unknown attribute", i)
	}
	var b strings.Builder
	if err := Write(&b, l, nil, false); err != nil {
		t.Fatal(err)
	}
	var want []string
	for i := 1; i <= mostAlike; i++ {
		want = append(want, fmt.Sprintf("main.bay.hcl:%d:1: error: container.c%d.memory: got \"lots\", want a size\n  hint: 512m\n", i, i))
	}
	want[mostAlike-1] += "  and 10 more like it: main.bay.hcl:6:1, :7:1, :8:1, :9:1, :10:1, :11:1, :12:1, :13:1, …\n"
	for i := 1; i <= mostAlike+1; i++ {
		want = append(want, fmt.Sprintf("main.bay.hcl:%d:1: error: container.c%d.cpus: got \"lots\", want a number\n", 100+i, i))
	}
	want = append(want, "main.bay.hcl:200:1: warning: container.c1.memory: got \"lots\", want a size\n", "main.bay.hcl:201:1: error: container.c1.memory: got \"much\", want a size\n")
	for range mostAlike {
		want = append(want, "error: it is so\n")
	}
	want[len(want)-1] += "  and 2 more like it\n"
	for i := range mostAlike {
		want = append(want, fmt.Sprintf("0:%d:1: error: container.c%d: unknown attribute\n", i+1, i))
	}
	want[len(want)-1] += "  and 2 more like it: 0:6:1, 1:7:1\n"
	if d := cmp.Diff(strings.Join(want, "\n"), b.String()); d != "" {
		t.Error(d)
	}
}

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

package show

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTable(t *testing.T) {
	table := func() *Table {
		x := NewTable("ADDRESS", "IMAGE", "STATE", "AGE")
		x.Row("container.web", "registry.example/team/a-long-name:1.2.3", "running", "3m")
		x.Cells(Cell{Text: "container.db"}, Cell{}, Cell{"exited (1)", red}, Cell{Text: "2d"})
		return x.Give("AGE", "IMAGE").Whole("ADDRESS")
	}
	for _, c := range []struct {
		what string
		o    Options
		want string
	}{
		{"no terminal", Options{}, `
ADDRESS        IMAGE                                    STATE       AGE
container.web  registry.example/team/a-long-name:1.2.3  running     3m
container.db   -                                        exited (1)  2d`},
		{"narrow", Options{Width: 48}, `
ADDRESS        IMAGE             STATE       AGE
container.web  registry.…:1.2.3  running     3m
container.db   -                 exited (1)  2d`},
		{"a little narrow", Options{Width: 55}, `
ADDRESS        IMAGE                         STATE
container.web  registry.example/…name:1.2.3  running
container.db   -                             exited (1)`},
		{"very narrow", Options{Width: 30}, `
ADDRESS        STATE
container.web  running
container.db   exited (1)`},
		{"ASCII in colour", Options{Width: 48, ASCII: true, Color: true}, ""},
	} {
		got := "\n" + strings.Join(table().Lines(c.o), "\n")
		for _, line := range strings.Split(got, "\n") {
			if c.o.Width > 0 && Columns(line) > c.o.Width {
				t.Errorf("%s: %q is wider than %d", c.what, line, c.o.Width)
			}
		}
		if c.want == "" {
			if !strings.Contains(got, "\x1b[31mexited (1)\x1b[0m") || strings.Contains(got, "…") {
				t.Errorf("%s: got %q", c.what, got)
			}
			continue
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.what, diff)
		}
	}
}

// A column in which nothing stands goes before anything is cut.
func TestTableEmptyColumn(t *testing.T) {
	table := NewTable("ADDRESS", "HEALTH", "IMAGE", "AGE").Give("AGE").Whole("ADDRESS", "HEALTH")
	table.Row("container.web", "", "team/a-name:1.2.3", "3m")
	table.Row("container.db", "", "", "2d")
	want := "ADDRESS        IMAGE              AGE\ncontainer.web  team/a-name:1.2.3  3m\ncontainer.db   -                  2d"
	if got := strings.Join(table.Lines(Options{Width: 40}), "\n"); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	if got := table.Lines(Options{})[0]; !strings.Contains(got, "HEALTH") {
		t.Errorf("with room for all: got %q, want all columns", got)
	}
}

// Of what is cut the end of a name stays, and the beginning of all else.
func TestShort(t *testing.T) {
	for _, c := range []struct{ cell, want string }{
		{`container.application-server["0"]`, `container.ap…ver["0"]`},
		{"/probe serve --body nothing", "/probe serve --body …"},
		{"sha256:5c495882870d5c495882", "sha256:5c495882870d5…"},
		{"港港港港港港港港港港港港", "港港港港港港…港港港港"},
	} {
		if got := short(c.cell, 21, "…"); got != c.want {
			t.Errorf("%s: %s, want %s", c.cell, got, c.want)
		}
	}
}

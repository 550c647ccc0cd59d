package show

import (
	"strings"

	"bayplan/interpreter/kind"
)

// text is a page in the making.
type text struct {
	b     strings.Builder
	o     Options
	stack string
}

func newText(o Options) *text {
	if o.Width == 0 {
		o.Width = DefaultWidth
	}
	o.Width = max(o.Width, minWidth)
	return &text{o: o}
}

// ANSI codes by meaning.
const (
	bold   = "1"
	dim    = "2"
	green  = "32"
	yellow = "33"
	red    = "31"
	blue   = "34"
	purple = "35"
	cyan   = "36"
)

func (t *text) paint(code, s string) string {
	if !t.o.Color || s == "" || code == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (t *text) line(s string) {
	if t.o.ASCII {
		s = strings.NewReplacer("→", "->", "…", "...").Replace(s) // from rooms' own words
	}
	t.b.WriteString(strings.TrimRight(s, " "))
	t.b.WriteByte('\n')
}

// pick returns the sign of the terminal's character set.
func (t *text) pick(utf8, ascii string) string {
	if t.o.ASCII {
		return ascii
	}
	return utf8
}

func (t *text) sep() string   { return t.pick(" · ", " | ") }
func (t *text) arrow() string { return t.pick("→", "->") }

// mark is the sign and the colour of a verb.
type mark struct{ utf8, ascii, color string }

// Mark returns the sign by which plans and progress show a verb, and its
// colour as an ANSI code.
func Mark(v kind.Verb, ascii bool) (sign, color string) {
	m, ok := map[kind.Verb]mark{
		kind.Create:  {"+", "+", green},
		kind.Update:  {"~", "~", yellow},
		kind.Restart: {"↻", "@", purple},
		kind.Replace: {"±", "#", cyan},
		kind.Remove:  {"-", "-", red},
		kind.Keep:    {"=", "=", blue},
		kind.Finish:  {"±", "#", cyan},
		kind.Restore: {"↺", "<", purple},
	}[v]
	if !ok {
		return " ", ""
	}
	if ascii {
		return m.ascii, m.color
	}
	return m.utf8, m.color
}

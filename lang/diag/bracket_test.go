package diag

import (
	"fmt"
	"strings"
	"testing"
)

// TestAstray draws sources as lines, of which brackets alone count.
func TestAstray(t *testing.T) {
	for _, tt := range []struct{ src, want string }{
		{"", ""},
		{"a { b [ ( ) ] }", ""},
		{"a {\n  b [\n}", "2:5: the [ that opens here is not closed, the } in line 3 comes first"},
		{"a {\n  b ]\n}", "2:5: this ] closes nothing, is a [ missing before it?"},
		{"a {\n  b {\n  c\n}\nd { }", "2:5: the { that opens here is not closed, the } in line 4 stands further left, as if it closed another"},
		{"a {\n  b\nc {\n}", "1:3: the { that opens here is not closed, nothing closes it before the end of the file"},
		{"a {\n}\n}", "3:1: this } closes nothing, is a { missing before it?"},
		{"f(\n  [ 1 )", "2:3: the [ that opens here is not closed, the ) in line 2 comes first"},
	} {
		got := ""
		if d := Astray(drawn(tt.src)); d != nil {
			got = fmt.Sprintf("%d:%d: %s, %s", d.Pos.Line, d.Pos.Col, d.Msg, d.Hint)
		}
		if got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.src, got, tt.want)
		}
	}
}

func drawn(src string) []Bracket {
	var out []Bracket
	for n, line := range strings.Split(src, "\n") {
		indent := len(line) - len(strings.TrimLeft(line, " "))
		for i, c := range line {
			if strings.ContainsRune("([{)]}", c) {
				out = append(out, Bracket{Pos: Pos{Line: n + 1, Col: i + 1}, Char: c, Indent: indent, First: i == indent})
			}
		}
	}
	return out
}

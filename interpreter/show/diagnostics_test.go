package show

import (
	"testing"

	"bayplan/lang/diag"
)

func TestRange(t *testing.T) {
	src := diag.Sources{"f": []byte("stack { name = \"a \\\" b\" }\r\n\tcontainer.web[0] = -1.5\nword\n\"open\n世界 x")}
	for _, c := range []struct {
		at   diag.Pos
		word int // characters
	}{
		{diag.Pos{File: "f", Line: 1, Col: 1}, 5},
		{diag.Pos{File: "f", Line: 1, Col: 7}, 1},
		{diag.Pos{File: "f", Line: 1, Col: 16}, 8},
		{diag.Pos{File: "f", Line: 2, Col: 2}, 13},
		{diag.Pos{File: "f", Line: 2, Col: 22}, 3},
		{diag.Pos{File: "f", Line: 3, Col: 1}, 4},
		{diag.Pos{File: "f", Line: 3, Col: 5}, 0}, // behind the line
		{diag.Pos{File: "f", Line: 4, Col: 1}, 5}, // a text without an end
		{diag.Pos{File: "f", Line: 5, Col: 1}, 2},
		{diag.Pos{File: "f", Line: 9, Col: 1}, 0},
		{diag.Pos{File: "none", Line: 1, Col: 1}, 0},
	} {
		got := rangeOf(c.at, src)
		if got.Start != (Place{c.at.Line, c.at.Col}) || got.End != (Place{c.at.Line, c.at.Col + c.word}) {
			t.Errorf("%v: got %+v, want a word of %d", c.at, *got, c.word)
		}
	}
	if rangeOf(diag.Pos{File: "f"}, src) != nil {
		t.Error("a file as a whole has a range")
	}
}

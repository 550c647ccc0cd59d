package diag

import (
	"fmt"
	"slices"
)

// Bracket is an opening or closing bracket of a source.
type Bracket struct {
	Pos    Pos
	Char   rune
	Indent int  // of its line, in characters
	First  bool // nothing stands before it on its line
}

// closes is which bracket closes which.
var closes = map[rune]rune{')': '(', ']': '[', '}': '{'}

// Astray returns the bracket that has no other half, by its kind and by how the
// lines are indented, with a message; nil where all are in pairs. brackets are in
// their order.
func Astray(brackets []Bracket) *Diag {
	var open []Bracket
	var askew *Diag // a pair whose lines are not indented alike, the innermost first
	for _, b := range brackets {
		mate, closing := closes[b.Char]
		switch {
		case !closing:
			open = append(open, b)
			continue
		case !slices.ContainsFunc(open, func(o Bracket) bool { return o.Char == mate }):
			d := &Diag{Pos: b.Pos, Msg: fmt.Sprintf("this %c closes nothing", b.Char)}
			return d.Hintf("is a %c missing before it?", mate)
		}
		last := open[len(open)-1]
		if last.Char != mate {
			return unclosed(last).Hintf("the %c in line %d comes first", b.Char, b.Pos.Line)
		}
		if b.First && b.Indent < last.Indent && askew == nil {
			askew = unclosed(last).Hintf("the %c in line %d stands further left, as if it closed another", b.Char, b.Pos.Line)
		}
		open = open[:len(open)-1]
	}
	switch {
	case len(open) == 0:
		return nil
	case askew != nil:
		return askew
	}
	return unclosed(open[len(open)-1]).Hintf("nothing closes it before the end of the file")
}

func unclosed(b Bracket) *Diag {
	return &Diag{Pos: b.Pos, Msg: fmt.Sprintf("the %c that opens here is not closed", b.Char)}
}

package show

import (
	"crypto/sha256"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"bayplan/lang/ir"

	"golang.org/x/text/width"
)

// display returns the value of an attribute as a plan shows it: an object
// without its braces, digests and IDs by their first twelve digits.
func display(attr string, v ir.Value) string {
	if v.Sensitive {
		return v.Show()
	}
	switch {
	case v.Kind == ir.Map && len(v.Map) > 0:
		return shortIDs(displayObject(attr, v))
	case v.Kind == ir.String && lines(v.Str) > 1:
		return fmt.Sprintf("(%d lines, %d bytes)", lines(v.Str), len(v.Str))
	}
	return shortIDs(v.Show())
}

// displayObject names each field, but for the one that says what the object
// is: of networks, the network.
func displayObject(attr string, v ir.Value) string {
	var first, rest []string
	for _, k := range v.Keys() {
		text := v.Map[k].Show()
		if v.Map[k].Kind == ir.String {
			text = display("", v.Map[k])
		}
		if k+"s" == attr {
			first = append(first, text)
			continue
		}
		rest = append(rest, ir.StringVal(k).Show()+" "+text)
	}
	return strings.Join(append(first, rest...), ", ")
}

// lines counts the lines of a text; a last line end begins none.
func lines(s string) int {
	return strings.Count(strings.TrimSuffix(s, "\n"), "\n") + 1
}

var longID = regexp.MustCompile(`\b([0-9a-f]{12})[0-9a-f]{52}\b`)

// shortIDs cuts SHA-256 sums to what people compare.
func shortIDs(s string) string {
	if len(s) < 2*sha256.Size { // nearly all
		return s
	}
	return longID.ReplaceAllString(s, "$1")
}

// cells returns how many columns s takes on a terminal.
func cells(s string) int {
	n := 0
	for _, r := range s {
		n += runeCells(r)
	}
	return n
}

func runeCells(r rune) int {
	if r < utf8.RuneSelf { // nearly all
		return 1
	}
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// head returns the longest beginning of s that takes at most n columns.
func head(s string, n int) string {
	for i, r := range s {
		if n -= runeCells(r); n < 0 {
			return s[:i]
		}
	}
	return s
}

// tail returns the longest end of s that takes at most n columns.
func tail(s string, n int) string {
	rs := []rune(s)
	i := len(rs)
	for i > 0 && n >= runeCells(rs[i-1]) {
		i--
		n -= runeCells(rs[i])
	}
	return string(rs[i:])
}

// cut shortens s to n columns by taking out its middle.
func (t *text) cut(s string, n int) string {
	if cells(s) <= n {
		return s
	}
	gap := t.pick("…", "...")
	keep := max(n-cells(gap), 2)
	last := keep / 3
	return head(s, keep-last) + gap + tail(s, last)
}

// cutEnd shortens s to n columns by taking off its end.
func (t *text) cutEnd(s string, n int) string {
	if cells(s) <= n {
		return s
	}
	gap := t.pick("…", "...")
	return head(s, max(n-cells(gap), 1)) + gap
}

// squeeze shortens two texts by what they have in common at both ends, so that
// the difference stays in sight. A few characters stay for orientation.
func (t *text) squeeze(a, b string) (string, string) {
	const stay = 8
	ra, rb := []rune(a), []rune(b)
	pre := 0
	for pre < min(len(ra), len(rb)) && ra[pre] == rb[pre] {
		pre++
	}
	post := 0
	for post < min(len(ra), len(rb))-pre && ra[len(ra)-1-post] == rb[len(rb)-1-post] {
		post++
	}
	gap := t.pick("…", "...")
	short := func(r []rune) string {
		begin, end := 0, len(r)
		var before, after string
		if pre > stay+4 {
			begin, before = pre-stay, gap
		}
		if post > stay+4 {
			end, after = len(r)-post+stay, gap
		}
		return before + string(r[begin:end]) + after
	}
	return short(ra), short(rb)
}

// Columns returns how many columns a line takes on a terminal. Colours count
// nothing.
func Columns(s string) int { return cells(ansi.ReplaceAllString(s, "")) }

// Fit cuts the end off a line that takes more than n columns. Colours count
// nothing.
func Fit(s string, n int) string {
	if Columns(s) <= n {
		return s
	}
	var b strings.Builder
	for s != "" {
		if code := ansi.FindString(s); code != "" && strings.HasPrefix(s, code) {
			b.WriteString(code)
			s = s[len(code):]
			continue
		}
		r, size := utf8.DecodeRuneInString(s)
		if n -= runeCells(r); n >= 0 {
			b.WriteRune(r)
		}
		s = s[size:]
	}
	return b.String()
}

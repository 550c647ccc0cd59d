package diag

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Sources maps file names, as they stand in positions, to contents.
type Sources map[string][]byte

// Write prints l to w, each message with its source line, a caret under the
// column, the hint and the calls that led there. Of many messages that say the same
// of different things, the first few are printed, and of the others where they are.
// With color it uses ANSI escapes. Control characters from programs are shown escaped.
func Write(w io.Writer, l List, src Sources, color bool) error {
	paint := func(code, s string) string {
		if !color {
			return s
		}
		return "\x1b[" + code + "m" + s + "\x1b[0m"
	}
	var b strings.Builder
	more, hidden := alike(l)
	for i, d := range l {
		if hidden[i] {
			continue
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		word := paint("1;31", "error")
		if d.Warning {
			word = paint("1;33", "warning")
		}
		if d.Pos.Known() {
			fmt.Fprintf(&b, "%s: ", paint("1", Escape(d.Pos.String())))
		}
		fmt.Fprintf(&b, "%s: %s\n", word, escapeLines(d.Msg))
		writeSnippet(&b, d.Pos, src, paint)
		for _, c := range d.Calls {
			fmt.Fprintf(&b, "  called from %s (%s)\n", Escape(c.Pos.String()), Escape(c.Func))
		}
		if d.Hint != "" {
			fmt.Fprintf(&b, "  %s %s\n", paint("36", "hint:"), strings.ReplaceAll(escapeLines(d.Hint), "\n", "\n        "))
		}
		if at := more[i]; len(at) > 0 {
			fmt.Fprintf(&b, "  and %d more like it%s\n", len(at), places(at))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// How much is printed of messages that say the same of different things.
const (
	mostAlike  = 5 // one by one
	mostPlaces = 8 // by their places
)

// alike finds messages that say the same of different things, where there are many
// of them. It returns those that are not printed, and by the last before these
// where they are.
func alike(l List) (more map[int][]Pos, hidden map[int]bool) {
	more, hidden = map[int][]Pos{}, map[int]bool{}
	byWhat := map[string][]int{}
	for i, d := range l {
		what := d.what()
		byWhat[what] = append(byWhat[what], i)
	}
	for _, all := range byWhat {
		if len(all) <= mostAlike+1 {
			continue // that one can be printed, too
		}
		for _, i := range all[mostAlike:] {
			hidden[i] = true
			more[all[mostAlike-1]] = append(more[all[mostAlike-1]], l[i].Pos)
		}
	}
	return more, hidden
}

// what is what a message says without the thing that it is about: of
// container.web.memory it counts that it is memory, of container.web that it is a
// container. Addresses alone have an even number of steps.
func (d *Diag) what() string {
	thing, said, ok := strings.Cut(d.Msg, ": ")
	if !ok {
		return fmt.Sprintf("%t %s", d.Warning, d.Msg)
	}
	steps := strings.Split(thing, ".")
	return fmt.Sprintf("%t %q %s", d.Warning, steps[max(0, (len(steps)-1)/2*2)], said)
}

// places names the first of some places that are known, each file once.
func places(at []Pos) string {
	var named []string
	file := ""
	for _, p := range at {
		if !p.Known() {
			continue
		}
		if len(named) == mostPlaces {
			named = append(named, "…")
			break
		}
		text := p.String()
		if p.File == file {
			text = strings.TrimPrefix(text, file)
		}
		named, file = append(named, Escape(text)), p.File
	}
	if len(named) == 0 {
		return ""
	}
	return ": " + strings.Join(named, ", ")
}

func writeSnippet(b *strings.Builder, p Pos, src Sources, paint func(code, s string) string) {
	line, ok := sourceLine(src[p.File], p.Line)
	if !ok {
		return
	}
	num := strconv.Itoa(p.Line)
	line = strings.ReplaceAll(line, "\t", " ")
	length := utf8.RuneCountInString(line)
	known := p.Col >= 1 && p.Col <= length+1
	from := 0
	if known && length > maxShown {
		from = max(0, p.Col-1-maxShown/2)
	}
	to := min(length, from+maxShown)
	before, after := "", ""
	if from > 0 {
		before = "… "
	}
	if to < length {
		after = " …"
	}
	fmt.Fprintf(b, "  %s %s%s%s\n", paint("2", num+" |"), before, Escape(characters(line, from, to)), after)
	if !known {
		return
	}
	// The caret stands under the escaped form of what precedes the column.
	pad := utf8.RuneCountInString(before + Escape(characters(line, from, p.Col-1)))
	fmt.Fprintf(b, "  %s %s%s\n", strings.Repeat(" ", len(num)+2), strings.Repeat(" ", pad), paint("1;31", "^"))
}

// characters returns those of s from one index to another.
func characters(s string, from, to int) string {
	begin, end, n := len(s), len(s), 0
	for i := range s {
		if n == from {
			begin = i
		}
		if n == to {
			end = i
			break
		}
		n++
	}
	return s[min(begin, end):end]
}

// maxShown is how many characters of a source line are shown, around the column.
const maxShown = 400

func sourceLine(src []byte, n int) (string, bool) {
	if n < 1 || src == nil {
		return "", false
	}
	lines := strings.SplitN(string(src), "\n", n+1)
	if len(lines) < n {
		return "", false
	}
	line := strings.TrimSuffix(lines[n-1], "\r")
	return line, strings.TrimSpace(line) != ""
}

// Escape returns s with control characters, invalid bytes and the characters
// that turn the direction of text shown as Go escapes, so that a string from a
// program or an engine cannot steer a terminal.
func Escape(s string) string {
	if !strings.ContainsFunc(s, steers) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case steers(r):
			q := strconv.QuoteRuneToASCII(r)
			b.WriteString(q[1 : len(q)-1])
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// EscapeJSON returns a JSON text with every character that could steer a
// terminal as an escape of JSON. It means the same.
func EscapeJSON(data []byte) []byte {
	if !slices.ContainsFunc(data, func(b byte) bool { return b >= 0x7F }) {
		return data // nearly always, and quickly seen
	}
	steering := func(r rune) bool { return r > ' ' && steers(r) } // below are JSON's own spaces
	if !bytes.ContainsFunc(data, steering) {
		return data
	}
	var b bytes.Buffer
	for _, r := range string(data) {
		if steering(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.Bytes()
}

func escapeLines(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = Escape(lines[i])
	}
	return strings.Join(lines, "\n")
}

func steers(r rune) bool {
	return unicode.IsControl(r) || r == 0x2028 || r == 0x2029 || r == 0xFEFF ||
		r == 0x061C || r == 0x200E || r == 0x200F ||
		(r >= 0x202A && r <= 0x202E) || (r >= 0x2066 && r <= 0x2069)
}

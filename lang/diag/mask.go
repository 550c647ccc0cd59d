package diag

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// Masked stands in the place of what is sensitive.
const Masked = "(sensitive)"

// A Mask takes sensitive values out of text that somebody else wrote and bay
// shows: the logs of a container, the output of a build, an engine's error that
// quotes the call. It knows a value as it is and in the forms in which programs
// print it: escaped as in JSON and Go, for a URL, as hex and as base64, also in
// the middle of something that is encoded. What is left of a value that was cut
// goes too, as long as a piece of 8 bytes is.
//
// A value shorter than 5 bytes is not taken out: it could be any word. The zero
// value takes out nothing. A Mask can be used by several goroutines.
type Mask struct {
	mu     sync.RWMutex
	pieces map[string]bool // of length piece
	whole  map[string]bool // forms that have no piece: shorter ones, and of few letters
}

const (
	least = 5 // bytes of a value that is taken out
	piece = 8 // bytes by which a part of a value is known
	few   = 4 // a piece with fewer different bytes is no sign of anything: blanks, dashes
)

// Add makes a value sensitive.
func (m *Mask) Add(value string) {
	if len(value) < least {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.pieces == nil {
		m.pieces, m.whole = map[string]bool{}, map[string]bool{}
	}
	for _, f := range forms(value) {
		m.form(f)
	}
}

func (m *Mask) form(f string) {
	if len(f) < least {
		return
	}
	known := false
	for i := 0; i+piece <= len(f); i++ {
		if p := f[i : i+piece]; different(p) >= few {
			m.pieces[p], known = true, true
		}
	}
	if !known {
		m.whole[f] = true
	}
}

func different(s string) int {
	n := 0
	for i := range len(s) {
		if strings.IndexByte(s, s[i]) == i {
			n++
		}
	}
	return n
}

// forms returns what a value looks like when it is printed.
func forms(value string) []string {
	out := []string{value, escaped(value, false), escaped(value, true), inner(strconv.Quote(value)), inner(strconv.QuoteToASCII(value)), Escape(value)}
	out = append(out, url.QueryEscape(value), url.PathEscape(value))
	code := hex.EncodeToString([]byte(value))
	out = append(out, code, strings.ToUpper(code))
	for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before := range 3 {
			out = append(out, within(enc, value, before))
		}
	}
	return out
}

// escaped returns s as it stands within a JSON string, with or without <, > and
// & escaped, which Go does and others do not.
func escaped(s string, html bool) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(html)
	if err := enc.Encode(s); err != nil {
		panic(err) // a string always encodes
	}
	return inner(strings.TrimSuffix(b.String(), "\n"))
}

func inner(quoted string) string { return quoted[1 : len(quoted)-1] }

// within returns the letters of base64 that a value alone decides, where so
// many bytes (modulo 3) come before it.
func within(enc *base64.Encoding, value string, before int) string {
	code := enc.EncodeToString(append(make([]byte, before), value...))
	first := (before*8 + 5) / 6
	last := (before + len(value)) * 8 / 6
	return code[first:last]
}

// Hide returns text with what is sensitive taken out. A JSON object stays one:
// only what stands in quotes is taken out of it.
func (m *Mask) Hide(text string) string {
	if m == nil {
		return text
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	if len(m.pieces) == 0 && len(m.whole) == 0 {
		return text
	}
	if strings.HasPrefix(text, "{") && json.Valid([]byte(text)) {
		return jsonString.ReplaceAllStringFunc(text, m.hide)
	}
	return m.hide(text)
}

// jsonString is a string within a valid JSON document.
var jsonString = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

func (m *Mask) hide(text string) string {
	hidden := m.find(text)
	if hidden == nil {
		return text
	}
	var b strings.Builder
	for i := range len(text) {
		switch {
		case !hidden[i]:
			b.WriteByte(text[i])
		case i == 0 || !hidden[i-1]:
			b.WriteString(Masked)
		}
	}
	return b.String()
}

// find returns which bytes of text are sensitive, nil if none is.
func (m *Mask) find(text string) []bool {
	var hidden []bool
	mark := func(from, n int) {
		if hidden == nil {
			hidden = make([]bool, len(text))
		}
		for i := from; i < from+n; i++ {
			hidden[i] = true
		}
	}
	for i := 0; i+piece <= len(text); i++ {
		if m.pieces[text[i:i+piece]] {
			mark(i, piece)
		}
	}
	for w := range m.whole {
		for at := 0; ; {
			i := strings.Index(text[at:], w)
			if i < 0 {
				break
			}
			mark(at+i, len(w))
			at += i + len(w)
		}
	}
	return hidden
}

package ir

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Addr is the identity of a resource within its stack, or of a module, which
// has neither kind nor label. It is comparable.
type Addr struct {
	Module string // the modules on the way as text, such as `module.db["eu"]`; "" in the root
	Kind   string // such as "container"
	Label  string // an identifier; "" only for an implied resource, which has a key
	Key    string // of for_each, if Keyed
	Keyed  bool
}

// String returns the address as users write it: module.db["eu"].container.this["0"].
func (a Addr) String() string {
	if a.IsModule() {
		return a.Module
	}
	var b strings.Builder
	b.Grow(len(a.Module) + len(a.Kind) + len(a.Label) + len(a.Key) + len(`..[""]`))
	if a.Module != "" {
		b.WriteString(a.Module)
		b.WriteByte('.')
	}
	b.WriteString(a.Kind)
	if a.Label != "" {
		b.WriteByte('.')
		b.WriteString(a.Label)
	}
	if a.Keyed {
		b.WriteByte('[')
		writeQuoted(&b, a.Key)
		b.WriteByte(']')
	}
	return b.String()
}

// IsZero reports whether a is no address at all.
func (a Addr) IsZero() bool { return a == Addr{} }

// IsModule reports whether a is the address of a module.
func (a Addr) IsModule() bool { return a.Kind == "" && a.Module != "" }

// Noun says what is at a.
func (a Addr) Noun() string {
	if a.IsModule() {
		return "a module"
	}
	return "a resource"
}

// ForText says what to write where text is wanted and a was written.
func (a Addr) ForText() string {
	if a.IsModule() {
		return fmt.Sprintf("choose one of its outputs, such as %s.url", a)
	}
	if a.Module != "" { // its address is nothing that can be written: it came by an output, or the module is around
		return "write .name behind it for its name"
	}
	return fmt.Sprintf("write %s.name for its name", a)
}

// Base returns a without its key: the address of the declaration.
func (a Addr) Base() Addr { return a.WithInstance("", false) }

// WithInstance returns a with this key, or without one, in the place of its own.
func (a Addr) WithInstance(key string, keyed bool) Addr {
	if !a.IsModule() {
		a.Key, a.Keyed = key, keyed
		return a
	}
	steps := a.moduleSteps()
	last := &steps[len(steps)-1]
	last.key, last.keyed = key, keyed
	a.Module = joinSteps(steps)
	return a
}

// Instance returns the key that tells a from others of its declaration, if it
// has one.
func (a Addr) Instance() (key string, keyed bool) {
	if !a.IsModule() {
		return a.Key, a.Keyed
	}
	steps := a.moduleSteps()
	last := steps[len(steps)-1]
	return last.key, last.keyed
}

// ModuleAddr returns the address of a module that is declared in the module in,
// as it stands in Module.
func ModuleAddr(in, name, key string, keyed bool) Addr {
	return Addr{Module: joinModules(in, joinSteps([]step{{name: "module"}, {name: name, key: key, keyed: keyed}}))}
}

// In returns the address that a has from outside of the module in, where it was
// written.
func (a Addr) In(in string) Addr {
	a.Module = joinModules(in, a.Module)
	return a
}

func joinModules(outer, inner string) string {
	if outer == "" || inner == "" {
		return outer + inner
	}
	return outer + "." + inner
}

// Below returns the rest of a's modules below the module m, which may lack a
// key: what follows m's text. It is false if a is not in m.
func (a Addr) Below(m Addr) (rest string, ok bool) {
	rest, ok = strings.CutPrefix(a.Module, m.Module)
	return rest, ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// Covers reports whether b is what a stands for: a itself, if a has no key all
// of its keys, and all that is in a module.
func (a Addr) Covers(b Addr) bool {
	if a.IsModule() {
		_, in := b.Below(a)
		return in
	}
	return a == b || !a.Keyed && a == b.Base()
}

// Compare orders addresses by module, kind, label and key. Keys that are
// whole numbers are ordered as numbers.
func (a Addr) Compare(b Addr) int {
	return cmp.Or(
		compareModules(a, b),
		strings.Compare(a.Kind, b.Kind),
		strings.Compare(a.Label, b.Label),
		CompareKeys(a.Key, b.Key),
	)
}

func compareModules(a, b Addr) int {
	if a.Module == b.Module {
		return 0
	}
	return slices.CompareFunc(a.moduleSteps(), b.moduleSteps(), func(x, y step) int {
		return cmp.Or(strings.Compare(x.name, y.name), CompareKeys(x.key, y.key))
	})
}

// CompareKeys orders keys of for_each: numbers as numbers and before text.
func CompareKeys(a, b string) int {
	x, isx := number(a)
	y, isy := number(b)
	switch {
	case isx && isy:
		return cmp.Or(cmp.Compare(x, y), strings.Compare(a, b))
	case isx:
		return -1
	case isy:
		return 1
	}
	return strings.Compare(a, b)
}

// number reads a whole number. Most keys are none, and the error that says so
// would cost more than to look first.
func number(s string) (uint64, bool) {
	if s == "" || s[0] < '0' || s[0] > '9' {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 10, 63)
	return n, err == nil
}

// MarshalText and UnmarshalText make an Addr a string in JSON.
func (a Addr) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText parses what String wrote.
func (a *Addr) UnmarshalText(text []byte) error {
	got, err := ParseTarget(string(text))
	if err == nil {
		*a = got
	}
	return err
}

// ParseAddr parses the address of a resource as String writes it.
func ParseAddr(s string) (Addr, error) {
	a, err := ParseTarget(s)
	if err == nil && a.IsModule() {
		err = fmt.Errorf("address %q: want KIND.LABEL or KIND.LABEL[\"KEY\"] behind the module", s)
	}
	if err != nil {
		return Addr{}, err
	}
	return a, nil
}

// ParseTarget parses the address of a resource or a module.
func ParseTarget(s string) (Addr, error) {
	steps, err := parseSteps(s)
	if err != nil {
		return Addr{}, fmt.Errorf("address %q: %w", s, err)
	}
	mods := 0
	for mods+1 < len(steps) && steps[mods].name == "module" && !steps[mods].keyed {
		mods += 2
	}
	var a Addr
	if mods > 0 {
		a.Module = joinSteps(steps[:mods])
	}
	rest := steps[mods:]
	switch {
	case len(rest) == 0:
	case len(rest) == 2 && !rest[0].keyed:
		a.Kind, a.Label, a.Key, a.Keyed = rest[0].name, rest[1].name, rest[1].key, rest[1].keyed
	case len(rest) == 1 && rest[0].keyed:
		a.Kind, a.Key, a.Keyed = rest[0].name, rest[0].key, true
	default:
		return Addr{}, fmt.Errorf("address %q: want KIND.LABEL or KIND.LABEL[\"KEY\"]", s)
	}
	return a, nil
}

// step is one name of an address with the key after it.
type step struct {
	name, key string
	keyed     bool
}

func parseSteps(s string) ([]step, error) {
	steps := make([]step, 0, 4)
	for {
		n := strings.IndexAny(s, ".[")
		if n < 0 {
			n = len(s)
		}
		st := step{name: s[:n]}
		if !IsIdent(st.name) {
			return nil, fmt.Errorf("%q is not a name", st.name)
		}
		s = s[n:]
		if strings.HasPrefix(s, "[") {
			key, rest, err := parseKey(s[1:])
			if err != nil {
				return nil, err
			}
			st.key, st.keyed, s = key, true, rest
		}
		steps = append(steps, st)
		if s == "" {
			return steps, nil
		}
		if s[0] != '.' {
			return nil, fmt.Errorf("unexpected %q", s)
		}
		s = s[1:]
	}
}

// parseKey reads a quoted key or a bare number and the bracket after it.
func parseKey(s string) (key, rest string, err error) {
	if n := strings.IndexByte(s, ']'); n > 0 && !strings.HasPrefix(s, `"`) {
		if _, err := strconv.ParseUint(s[:n], 10, 63); err == nil {
			return s[:n], s[n+1:], nil
		}
	}
	if n, ok := plain(s); ok {
		key, rest = s[1:n-1], s[n:]
	} else {
		dec := json.NewDecoder(strings.NewReader(s))
		if err := dec.Decode(&key); err != nil {
			return "", "", fmt.Errorf("want a quoted key after [")
		}
		rest = s[dec.InputOffset():]
	}
	if !strings.HasPrefix(rest, "]") {
		return "", "", fmt.Errorf("want ] after the key")
	}
	return key, rest[1:], nil
}

// plain returns the length of the quoted text that s begins with, if nothing in
// it is escaped, as in most keys, or would have to be.
func plain(s string) (n int, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		return 0, false
	}
	n = 1 + special(s[1:])
	return n + 1, n < len(s) && s[n] == '"'
}

// special returns where the first byte of s is that quotes do not leave as it is;
// its length if there is none.
func special(s string) int {
	for i := range len(s) {
		if c := s[i]; c == '"' || c == '\\' || c < ' ' || c >= utf8.RuneSelf {
			return i
		}
	}
	return len(s)
}

func joinSteps(steps []step) string {
	var b strings.Builder
	for i, st := range steps {
		if i > 0 {
			b.WriteByte('.')
		}
		b.WriteString(st.name)
		if st.keyed {
			b.WriteByte('[')
			writeQuoted(&b, st.key)
			b.WriteByte(']')
		}
	}
	return b.String()
}

// writeQuoted quotes a key as JSON does, without escaping <, > and &.
func writeQuoted(b *strings.Builder, s string) {
	if special(s) == len(s) {
		b.WriteByte('"')
		b.WriteString(s)
		b.WriteByte('"')
		return
	}
	var quoted strings.Builder
	enc := json.NewEncoder(&quoted)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		panic(err) // a string always encodes
	}
	b.WriteString(strings.TrimSuffix(quoted.String(), "\n"))
}

// IsIdent reports whether s is an identifier as HCL has them, in ASCII: a
// letter or underscore, then letters, digits, underscores and dashes.
func IsIdent(s string) bool {
	for i, r := range s {
		letter := r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !letter && (i == 0 || r != '-' && (r < '0' || r > '9')) {
			return false
		}
	}
	return s != ""
}

// IsStackName reports whether s can name a stack: [a-z0-9][a-z0-9-]{0,30}, and no
// dash last, since it is a part of the repositories of its images.
func IsStackName(s string) bool {
	for i, r := range s {
		if !('a' <= r && r <= 'z' || '0' <= r && r <= '9' || i > 0 && r == '-') {
			return false
		}
	}
	return s != "" && len(s) <= 31 && !strings.HasSuffix(s, "-")
}

// maxName is the longest engine name that still resolves as a DNS label.
const maxName = 63

// EngineName returns the name that a resource has on the engine unless its
// program says another: stack, module names and keys, label and key joined
// with dashes. `this` inside a module is left out.
func (a Addr) EngineName(stack string) string {
	return a.clean(append([]string{stack}, a.words(true)...))
}

// Alias returns EngineName without stack and key: what a container answers to
// on the networks of its user.
func (a Addr) Alias() string { return a.clean(a.words(false)) }

func (a Addr) words(withKey bool) []string {
	var words []string
	for i, st := range a.moduleSteps() {
		if i%2 == 0 { // the word module
			continue
		}
		words = append(words, st.name)
		if st.keyed && withKey {
			words = append(words, st.key)
		}
	}
	if a.Label != "" && (a.Label != "this" || a.Module == "") {
		words = append(words, a.Label)
	}
	if a.Keyed && withKey {
		words = append(words, a.Key)
	}
	return words
}

// moduleSteps returns the modules on the way: `module` and a name in turn.
func (a Addr) moduleSteps() []step {
	if a.Module == "" {
		return nil
	}
	steps, err := parseSteps(a.Module)
	if err != nil {
		panic("ir: bad module in address: " + a.Module)
	}
	return steps
}

// Modules returns the modules on the way to a, outermost first.
func (a Addr) Modules() []Addr {
	var out []Addr
	steps := a.moduleSteps()
	for i := 2; i <= len(steps); i += 2 { // the word, and the name with its key
		out = append(out, Addr{Module: joinSteps(steps[:i])})
	}
	return out
}

// clean joins words to a name the engine takes. Where that loses something, a
// piece of the address's hash keeps the name distinct.
func (a Addr) clean(words []string) string {
	whole := strings.Join(words, "-")
	name := strings.Map(func(r rune) rune {
		if r == '_' || r == '.' || r == '-' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			return r
		}
		return '_'
	}, whole)
	if name == whole && len(name) <= maxName {
		return name
	}
	sum := sha256.Sum256([]byte(a.String()))
	tail := "-" + hex.EncodeToString(sum[:4])
	return name[:min(len(name), maxName-len(tail))] + tail
}

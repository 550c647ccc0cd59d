package ir

import (
	"fmt"
	"strings"
)

// Pattern names resources on a command line: one, or many by what their
// addresses have in common.
//
//	container.web            a resource, with all its keys
//	container.web["0"]       one of its keys
//	container.*              all of a kind
//	module.db                all in a module, and in the modules below it
//	module.db["eu"].volume.* all of a kind in a module
//
// A module or a label without a key stands for all of its keys.
type Pattern struct {
	text   string
	module []step // the modules on the way; `module` and their names in turn
	whole  bool   // all that is in module and below
	rest   Addr   // kind, label and key; the label may be anyLabel
}

// anyLabel stands for all labels of a kind.
const anyLabel = "*"

// ParsePattern parses a pattern.
func ParsePattern(s string) (Pattern, error) {
	kind, all := strings.CutSuffix(s, "."+anyLabel)
	text := s
	if all {
		text = kind + ".all" // any name does: it is not looked at
	}
	steps, err := parseSteps(text)
	switch {
	case err != nil && strings.Contains(s, "[*]"):
		return Pattern{}, fmt.Errorf("%q: %w; without a key it stands for all keys", s, err)
	case err != nil:
		return Pattern{}, fmt.Errorf("%q: %w", s, err)
	}
	p := Pattern{text: s}
	mods := 0
	for mods+1 < len(steps) && steps[mods].name == "module" && !steps[mods].keyed {
		mods += 2
	}
	p.module = steps[:mods]
	rest := steps[mods:]
	switch {
	case len(rest) == 0 && !all:
		p.whole = true
	case len(rest) == 2 && !rest[0].keyed:
		p.rest = Addr{Kind: rest[0].name, Label: rest[1].name, Key: rest[1].key, Keyed: rest[1].keyed}
	case len(rest) == 1 && rest[0].keyed:
		p.rest = Addr{Kind: rest[0].name, Key: rest[0].key, Keyed: true}
	case len(rest) == 1 && rest[0].name != "module":
		return Pattern{}, fmt.Errorf("%q: want KIND.LABEL; %s.* is all of that kind", s, s)
	default:
		return Pattern{}, fmt.Errorf("%q: want KIND.LABEL, KIND.LABEL[\"KEY\"], KIND.* or module.NAME", s)
	}
	if all {
		p.rest.Label = anyLabel
	}
	return p, nil
}

// String returns the pattern as it was written.
func (p Pattern) String() string { return p.text }

// Matches reports whether p names the resource at a.
func (p Pattern) Matches(a Addr) bool {
	module := a.moduleSteps()
	if len(module) < len(p.module) || len(module) > len(p.module) && !p.whole {
		return false
	}
	for i, want := range p.module {
		if want.name != module[i].name || want.keyed && want != module[i] {
			return false
		}
	}
	if p.whole {
		return true
	}
	return p.rest.Kind == a.Kind && (p.rest.Label == anyLabel || p.rest.Label == a.Label) &&
		(!p.rest.Keyed || a.Keyed && p.rest.Key == a.Key)
}

// MarshalText and UnmarshalText make a Pattern a string in JSON.
func (p Pattern) MarshalText() ([]byte, error) { return []byte(p.text), nil }

// UnmarshalText parses a pattern.
func (p *Pattern) UnmarshalText(text []byte) error {
	got, err := ParsePattern(string(text))
	if err == nil {
		*p = got
	}
	return err
}

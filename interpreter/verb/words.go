package verb

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// A Word is a way to write what is meant.
type Word struct {
	Text  string
	Means []Object
}

// Words returns what a word that begins so could become: each is clear, and means
// what Select makes of it. Of what is short for the same objects the shortest
// stands alone, beside whole addresses. Where nothing is written yet, each object
// has one word.
func Words(all []Object, c Choice, begun string) []Word {
	c.Words = nil
	objects, err := Select(all, c)
	if err != nil {
		return nil
	}
	seen := map[string]bool{}
	var out []Word
	add := func(text string, means []Object) {
		if !seen[text] {
			seen[text], out = true, append(out, Word{text, means})
		}
	}
	short := map[string]bool{} // by what is meant: has a short word
	for _, o := range objects {
		forms := shorts(o.Addr)
		slices.SortStableFunc(forms, func(a, b string) int { return cmp.Compare(len(a), len(b)) })
		whole := []string{o.Addr.String(), o.Addr.Base().String()}
		for _, text := range append(forms, whole...) {
			if noQuotes.MatchString(begun) {
				text = quotedKey.ReplaceAllString(text, "[$1]")
			}
			if !strings.HasPrefix(text, begun) || seen[text] {
				continue
			}
			c.Words = []string{text}
			means, err := Select(all, c)
			if err != nil || !slices.ContainsFunc(means, func(m Object) bool { return m.Addr == o.Addr }) {
				continue
			}
			key := meaning(means)
			if begun == "" {
				if len(means) == 1 {
					add(text, means)
					break
				}
				continue
			}
			if !short[key] || slices.Contains(whole, requoted(text)) {
				short[key] = true
				add(text, means)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Word) int { return cmp.Compare(a.Text, b.Text) })
	return out
}

var (
	noQuotes  = regexp.MustCompile(`\[[^"]`)                  // of somebody who writes keys without quotes
	quotedKey = regexp.MustCompile(`\["([A-Za-z0-9_.-]+)"\]`) // that can be written so
)

func meaning(all []Object) string {
	var b strings.Builder
	for _, o := range all {
		b.WriteString(o.Addr.String() + "\n")
	}
	return b.String()
}

package load

import (
	"slices"
	"strings"
	"testing"

	"bayplan/lang/diag"
	"bayplan/lang/hclfile"
	"bayplan/lang/schema"
	"bayplan/lang/starfile"
)

// TestWords holds that what the reference says of each word is written as the
// formatters have it, and that the words are in order.
func TestWords(t *testing.T) {
	words := schema.Words()
	if !slices.IsSortedFunc(words, func(a, b schema.Word) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("the words are not in order")
	}
	for _, w := range words {
		if w.HCL == "" && w.Starlark == "" {
			t.Errorf("%s is written in neither language", w.Name)
		}
		for name, c := range map[string]struct {
			text   string
			format func(schema.File, *diag.List) ([]byte, bool)
		}{
			"HCL":      {w.HCL, hclfile.Format},
			"Starlark": {w.Starlark, starfile.Format},
		} {
			var ds diag.List
			got, ok := c.format(schema.File{Name: w.Name, Src: []byte(c.text + "\n")}, &ds)
			if !ok || c.text != "" && string(got) != c.text+"\n" {
				t.Errorf("%s in %s: %v\n%s", w.Name, name, ds, got)
			}
		}
	}
}

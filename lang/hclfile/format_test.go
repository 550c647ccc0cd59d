package hclfile

import (
	"os"
	"strings"
	"testing"

	"bayplan/lang/diag"
	"bayplan/lang/load/loadtest"
	"bayplan/lang/schema"
)

// FuzzFormat holds that the canonical form of a file is its own canonical form.
func FuzzFormat(f *testing.F) {
	for _, name := range []string{"testdata/good.bay.hcl", "testdata/wrong.bay.hcl"} {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, p := range loadtest.Programs(string(text)) {
			f.Add(p.Src)
		}
	}
	f.Fuzz(func(t *testing.T, src string) {
		var ds diag.List
		once, ok := Format(schema.File{Name: "f.hcl", Src: []byte(src)}, &ds)
		if !ok {
			if len(ds) == 0 {
				t.Error("there is no form, and no message")
			}
			return
		}
		twice, ok := Format(schema.File{Name: "f.hcl", Src: once}, &ds)
		if !ok || string(twice) != string(once) {
			t.Errorf("once:\n%s\ntwice:\n%s\n%v", once, twice, ds)
		}
	})
}

// TestManyMistakes holds that a file of nothing but mistakes is given up soon.
func TestManyMistakes(t *testing.T) {
	var ds diag.List
	if _, ok := Format(schema.File{Name: "x.bay.hcl", Src: []byte(strings.Repeat("a=1\n", 20_000))}, &ds); ok || len(ds) != maxSyntax {
		t.Errorf("got %v and %d messages, want %d", ok, len(ds), maxSyntax)
	}
}

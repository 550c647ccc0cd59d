package hclfile

import (
	"bytes"
	"slices"

	"bayplan/lang/diag"
	"bayplan/lang/schema"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

// Format returns a file in its canonical form, which says the same. What cannot
// be read is reported, and there is no such form.
func Format(f schema.File, ds *diag.List) ([]byte, bool) {
	if parseFile(f, ds, false) == nil {
		return nil, false
	}
	out := bytes.TrimSpace(hclwrite.Format(f.Src))
	if len(out) > 0 {
		out = append(out, '\n')
	}
	if !slices.Equal(words(f.Src), words(out)) {
		ds.Addf(diag.Pos{File: f.Name}, "the file cannot be formatted without a change of what it says").
			Hintf("this is a bug of the formatter, and the file stays as it is; please report it")
		return nil, false
	}
	return out, true
}

// words returns what stands in a source, without the space around it.
func words(src []byte) []string {
	tokens, _ := hclsyntax.LexConfig(bytes.TrimSpace(src), "", hcl.InitialPos) // the parser has said what is wrong
	var out []string
	for _, t := range tokens {
		if t.Type == hclsyntax.TokenComment {
			t.Bytes = bytes.TrimSpace(t.Bytes)
		}
		out = append(out, string(rune(t.Type))+string(t.Bytes))
	}
	return out
}

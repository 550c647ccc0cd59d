package value

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// What is certainly shallow is so by its tokens, too. Each source is tried as it
// is, and again and again within a bracket or behind an operator of its own.
func FuzzShallow(f *testing.F) {
	for _, src := range []string{
		"x = (1 + 2) * 3 # )\n", "a { b = [1, \"]\", \"\\\"}\", \"${c}\", \"%{if d}e%{endif}\"] }\n", "x = \"$${\" // \"{\n", "x = \"\\${\"", "x = \"a\x00\"\n",
		"x = <<EOT\n${a}\n}\nEOT\n", "/* { */ x = 1\n", "x = a ? b : !c\n", "x = a\n[\n", "x = \"${{a = \"}\"}.a}\"", "x = \"a\n{\"", "x = )(", "#", "//", "x = \"\\", "x={}\n", "\"%{",
		"x = \"%%{\"", "x = \"$${a\"\n{", "x = '{'\n", "x = \"~}\"", "x = \"${~ a ~}\"\n", "{~}",
	} {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		if !utf8.ValidString(src) {
			t.Skip("readers take UTF-8 alone")
		}
		const often = 2*maxOperators + 2
		for _, whole := range []string{src, strings.Repeat(src, often/max(len(src), 1)), "x = " + src + strings.Repeat("(", maxDepth+1), src + strings.Repeat("+", maxOperators+1), src + strings.Repeat("\"${", maxDepth+1)} {
			if !Shallow([]byte(whole)) {
				continue
			}
			tokens, _ := hclsyntax.LexConfig([]byte(whole), "f", hcl.InitialPos)
			if d := CheckNesting(tokens); d != nil {
				t.Errorf("%q is taken for shallow: %s", whole, d.Detail)
			}
		}
	})
}

// Programs as people write them need no tokens beside the parser's.
func TestShallow(t *testing.T) {
	files, err := filepath.Glob("../../examples/*/*.bay.hcl")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if heredoc := strings.Contains(string(src), "<<"); Shallow(src) == heredoc {
			t.Errorf("%s: shallow %t, heredoc %t", name, !heredoc, heredoc)
		}
	}
}

package hclfile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// wanted is what the parser's complaints are in our words: what could stand in a
// place, where something else does. They go by the parser's summary, or by the
// beginning of the rest where one summary is of several things.
var wanted = []struct{ says, want, hint string }{
	{"Expected the start of an expression", "a value", "a value is missing before this"},
	{"Missing item separator", "a comma or ]", "a comma or an operator is missing before this"},
	{"Missing argument separator", "a comma or )", "a comma or an operator is missing before this"},
	{"Missing attribute separator", "a comma, the end of the line or }", "a comma or an operator is missing before this"},
	{"Missing key/value separator", "= and a value", "in a map each element is KEY = VALUE; a key that is no plain name stands in quotes"},
	{"Missing attribute value", "= and a value", "in a map each element is KEY = VALUE"},
	{"Missing newline after argument", "the end of the line", "an attribute ends with its line; is an operator or a quote missing before this?"},
	{"Unexpected comma after argument", "the end of the line", "attributes stand on lines of their own, without commas"},
	{"Missing newline after block definition", "the end of the line", "a block ends with its line"},
	{"Invalid single-argument block definition", "}", "a block of one line holds one attribute; more stand on lines of their own, below the {"},
	{"Unbalanced parentheses", ")", "a bracket or an operator is missing before this"},
	{"Missing false expression in conditional", ":", "a choice is written CONDITION ? VALUE : OTHER"},
	{"Either a quoted string block label", "{ or a label in quotes", "a block is written KIND \"LABEL\" { … }, an attribute NAME = VALUE"},
	{"A block definition must have block content", "{", "an attribute is written NAME = VALUE; a block is KIND \"LABEL\" { … }, with the { on its first line"},
	{"The equals sign", "{", "a block is written without =: KIND \"LABEL\" { … }"},
	{"Invalid attribute name", "a name behind the dot", "an element is written x.name, x[0] or x[\"key\"]"},
	{"Missing open parenthesis", "(", "a function is called with brackets: ns::name(…)"},
	{"Missing function name", "a function's name", "a function of a library is called ns::name(…)"},
	{"Extra characters after interpolation", "}", "what stands in ${ } is one value; text that means ${ itself is written $${"},
	{"Argument names must not be quoted", "a name without quotes", "an attribute is written NAME = VALUE"},
	{"An argument or block definition is required here", inBody, "an attribute is written NAME = VALUE, a block KIND \"LABEL\" { … }"},
}

const inBody = "an attribute or a block"

// inWords says what a complaint is in our words: what stands there, what is wanted
// and a hint; "" if there are none for it. Where quiet, it repeats nothing of what
// stands there.
func inWords(tokens hclsyntax.Tokens, d *hcl.Diagnostic, quiet bool) (msg, hint string) {
	if d.Subject == nil {
		return "", ""
	}
	for _, w := range wanted {
		if !strings.HasPrefix(d.Summary, w.says) && !strings.HasPrefix(d.Detail, w.says) {
			continue
		}
		i := slices.IndexFunc(tokens, func(t hclsyntax.Token) bool {
			return t.Range.Start.Byte >= d.Subject.Start.Byte || t.Range.End.Byte > d.Subject.Start.Byte
		})
		switch {
		case quiet || i < 0:
			return "want " + w.want, w.hint
		case w.want == inBody && tokens[i].Type == hclsyntax.TokenIdent && i+1 < len(tokens):
			return fmt.Sprintf("got %s behind %s, want = or {", named(tokens[i+1]), named(tokens[i])), w.hint
		case i > 0 && tokens[i-1].Type == hclsyntax.TokenNumberLit && tokens[i].Type == hclsyntax.TokenIdent && tokens[i-1].Range.End == tokens[i].Range.Start:
			w.hint = fmt.Sprintf("if it is meant as text, write \"%s%s\"", tokens[i-1].Bytes, tokens[i].Bytes)
		}
		return fmt.Sprintf("got %s, want %s", named(tokens[i]), w.want), w.hint
	}
	return "", ""
}

// named names a token.
func named(t hclsyntax.Token) string {
	switch t.Type {
	case hclsyntax.TokenNewline, hclsyntax.TokenComment:
		return "the end of the line"
	case hclsyntax.TokenEOF:
		return "the end of the file"
	case hclsyntax.TokenOQuote, hclsyntax.TokenOHeredoc:
		return "a text"
	}
	if word := strings.TrimSpace(string(t.Bytes)); word != "" && len(word) <= longestWord {
		return "'" + word + "'"
	}
	return "something else"
}

const longestWord = 40 // bytes of a word that a message repeats

package value

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Limits on the shape of HCL source. The parser is recursive and has none of
// its own, and a stack that overflows ends the process.
const (
	maxDepth     = 100  // brackets within brackets
	maxOperators = 2000 // operators and brackets of the expressions that are open at one place
)

// CheckNesting reports source that HCL's parser might not survive: brackets
// too deep, or an expression with too many operators.
func CheckNesting(tokens hclsyntax.Tokens) *hcl.Diagnostic {
	levels := []level{{}}
	total := 0
	for _, t := range tokens {
		here := &levels[len(levels)-1]
		switch closes, opens := closer[t.Type], opener[t.Type]; {
		case opens:
			if t.Type != hclsyntax.TokenTemplateInterp { // of these, a text has many side by side
				here.count++
				total++
			}
			levels = append(levels, level{open: t.Type})
		case closes != 0:
			for i := len(levels) - 1; i > 0; i-- {
				if levels[i].open == closes || closes == hclsyntax.TokenTemplateInterp && levels[i].open == hclsyntax.TokenTemplateControl {
					levels = levels[:i]
					break
				}
			}
			total = 0
			for _, l := range levels {
				total += l.count
			}
		case operators[t.Type]:
			here.count++
			total++
		case t.Type == hclsyntax.TokenComma || t.Type == hclsyntax.TokenNewline && here.breaks():
			total -= here.count
			here.count = 0
		}
		if len(levels)-1 > maxDepth {
			return tooDeep(t.Range, fmt.Sprintf("brackets are nested more than %d deep", maxDepth))
		}
		if total > maxOperators {
			return tooDeep(t.Range, fmt.Sprintf("the expression has more than %d operators", maxOperators))
		}
	}
	return nil
}

// Shallow reports whether HCL source, which is UTF-8, is certainly no deeper than
// CheckNesting allows. It makes no tokens, which are half of what parsing costs;
// where it finds what it does not know, such as a heredoc, it says false.
func Shallow(src []byte) bool {
	open, total := []opening{{}}, 0
	for i := 0; i < len(src); i++ {
		here, c, next := &open[len(open)-1], src[i], byte(0)
		if i+1 < len(src) {
			next = src[i+1]
		}
		var opens opening
		switch {
		case c == here.end && c != 0:
			total -= here.count
			open = open[:len(open)-1]
			continue
		case here.end == '"' && (c == '$' || c == '%') && next == '{':
			opens = opening{end: '}', within: true}
			i++
		case here.end == '"':
			if c == '\n' || (c == '$' || c == '%') && next == c || c == '\\' && (next == '\n' || next == '$' || next == '%') {
				return false
			}
			if c == '\\' {
				i++
			}
			continue
		case c == '#' || c == '/' && next == '/':
			line := bytes.IndexByte(src[i:], '\n')
			if line < 0 {
				line = len(src) - i
			}
			i += line - 1
			continue
		case c == ',' || c == '\n' && (here.end == 0 || here.end == '}' && !here.within):
			total -= here.count
			here.count = 0
			continue
		case c == '<' && next == '<', c == '/' && next == '*', c == '~' && next == '}' && !here.within, c == '}', c == ']', c == ')':
			return false
		case c == '"':
			opens.end = '"'
		case c == '{':
			opens.end = '}'
		case c == '[':
			opens.end = ']'
		case c == '(':
			opens.end = ')'
		case strings.IndexByte("+-*/%=!<>&|?", c) < 0:
			continue
		}
		here.count++
		total++
		if opens.end != 0 {
			open = append(open, opens)
		}
		if len(open)-1 > maxDepth || total > maxOperators {
			return false
		}
	}
	return true
}

// opening is a bracket or a quote that is open.
type opening struct {
	end    byte // what closes it; 0 at top level
	within bool // a text goes on after it
	count  int  // as that of a level
}

// level is what stands between two brackets.
type level struct {
	open  hclsyntax.TokenType // the bracket, or zero at top level
	count int                 // operators and brackets since the last comma or line
}

// breaks reports whether a new line ends an expression here.
func (l level) breaks() bool { return l.open == 0 || l.open == hclsyntax.TokenOBrace }

var opener = map[hclsyntax.TokenType]bool{
	hclsyntax.TokenOBrace: true, hclsyntax.TokenOBrack: true, hclsyntax.TokenOParen: true, hclsyntax.TokenOQuote: true,
	hclsyntax.TokenOHeredoc: true, hclsyntax.TokenTemplateInterp: true, hclsyntax.TokenTemplateControl: true,
}

var closer = map[hclsyntax.TokenType]hclsyntax.TokenType{
	hclsyntax.TokenCBrace: hclsyntax.TokenOBrace, hclsyntax.TokenCBrack: hclsyntax.TokenOBrack, hclsyntax.TokenCParen: hclsyntax.TokenOParen,
	hclsyntax.TokenCQuote: hclsyntax.TokenOQuote, hclsyntax.TokenCHeredoc: hclsyntax.TokenOHeredoc, hclsyntax.TokenTemplateSeqEnd: hclsyntax.TokenTemplateInterp,
}

var operators = map[hclsyntax.TokenType]bool{
	hclsyntax.TokenStar: true, hclsyntax.TokenSlash: true, hclsyntax.TokenPlus: true, hclsyntax.TokenMinus: true, hclsyntax.TokenPercent: true,
	hclsyntax.TokenEqualOp: true, hclsyntax.TokenNotEqual: true, hclsyntax.TokenLessThan: true, hclsyntax.TokenLessThanEq: true,
	hclsyntax.TokenGreaterThan: true, hclsyntax.TokenGreaterThanEq: true, hclsyntax.TokenAnd: true, hclsyntax.TokenOr: true,
	hclsyntax.TokenBang: true, hclsyntax.TokenQuestion: true,
}

func tooDeep(r hcl.Range, detail string) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Too deep", Detail: detail, Subject: &r}
}

package hclfile

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"bayplan/lang/diag"
	"bayplan/lang/schema"
	"bayplan/lang/value"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

const (
	maxFile   = 1 << 20 // bytes of one file
	maxSyntax = 100     // mistakes of grammar that are shown of one file
)

// parse returns the bodies of the files, in their order, or false if one of
// them cannot be read as HCL.
func parse(b *schema.Builder, files []schema.File) ([]*hclsyntax.Body, bool) {
	var bodies []*hclsyntax.Body
	all := true
	for _, f := range files {
		b.Spent.Watch.At(f.Name, 0)
		body, good := schema.Keep(b, f, func() (*hclsyntax.Body, bool) {
			body := parseFile(f, &b.Diags, false)
			return body, body != nil
		})
		all = all && good
		bodies = append(bodies, body)
	}
	return bodies, all
}

// parseFile parses a file. Messages about one that is to be quiet repeat nothing
// of it.
func parseFile(f schema.File, ds *diag.List, quiet bool) *hclsyntax.Body {
	if len(f.Src) > maxFile {
		ds.Addf(diag.Pos{File: f.Name}, "the file is too large: %d bytes, at most %d are read", len(f.Src), maxFile)
		return nil
	}
	if i := invalidUTF8(f.Src); i >= 0 {
		ds.Addf(position(f.Src, f.Name, hcl.Pos{Byte: i}), "the file is not UTF-8 text")
		return nil
	}
	if !value.Shallow(f.Src) {
		if d := value.CheckNesting(tokensOf(f)); d != nil {
			ds.Addf(position(f.Src, f.Name, d.Subject.Start), "%s", d.Detail)
			return nil
		}
	}
	if body := inParts(f); body != nil {
		return body
	}
	file, hds := hclsyntax.ParseConfig(f.Src, f.Name, hcl.InitialPos)
	if hds.HasErrors() {
		addSyntax(f, tokensOf(f), hds, ds, quiet)
		return nil
	}
	return file.Body.(*hclsyntax.Body)
}

// inParts parses a file block by block, since the parser grows, and copies, one slice
// of all tokens of what it is given, with a hundred bytes for each. A block is taken to
// end with a line of one brace. Where a part cannot be parsed by itself, or sets what
// another has set, it returns nil: the file is to be parsed whole.
func inParts(f schema.File) *hclsyntax.Body {
	var all *hclsyntax.Body
	for at := hcl.InitialPos; all == nil || at.Byte < len(f.Src); {
		part := f.Src[at.Byte:]
		if end := bytes.Index(part, []byte("\n}\n")); end >= 0 {
			part = part[:end+3]
		}
		file, hds := hclsyntax.ParseConfig(part, f.Name, at)
		if len(hds) > 0 || all != nil && bytes.HasPrefix(part, []byte("\ufeff")) {
			return nil // a mark of the order of bytes stands at the start of a file alone
		}
		at = hcl.Pos{Byte: at.Byte + len(part), Line: at.Line + bytes.Count(part, []byte("\n")), Column: 1}
		body := file.Body.(*hclsyntax.Body)
		if all == nil {
			all = body
			continue
		}
		for name, attr := range body.Attributes {
			if all.Attributes[name] != nil {
				return nil
			}
			all.Attributes[name] = attr
		}
		all.Blocks = append(all.Blocks, body.Blocks...)
		all.SrcRange, all.EndRange = hcl.RangeBetween(all.SrcRange, body.SrcRange), body.EndRange
	}
	return all
}

// tokensOf returns the tokens of a file. The parser makes its own, and keeps them
// to itself; what is wrong with them it says.
func tokensOf(f schema.File) hclsyntax.Tokens {
	tokens, _ := hclsyntax.LexConfig(f.Src, f.Name, hcl.InitialPos)
	return tokens
}

// addSyntax reports what the parser found. What it says first is the message,
// the rest is the hint. Of complaints that follow from each other, the first is
// reported.
func addSyntax(f schema.File, tokens hclsyntax.Tokens, hds hcl.Diagnostics, ds *diag.List, quiet bool) {
	index := strings.HasPrefix(hds[0].Summary, "Missing close bracket on") // where it is tells more than how many there are
	if d := diag.Astray(brackets(f, tokens)); !index && d != nil && follows(f, hds[0], d.Pos) {
		*ds = append(*ds, *d)
		return
	}
	lost, open := false, 0 // open: the line of a text that does not end
	for _, d := range hds {
		if d.Summary == "Invalid multi-line string" {
			open = d.Subject.Start.Line
		}
	}
	before := len(*ds)
	for i, d := range hds {
		at := diag.Pos{File: f.Name}
		if len(*ds)-before == maxSyntax {
			(*ds)[len(*ds)-1].Hintf("%d more mistakes may follow from these, and are not shown", len(hds)-i)
			return // each costs a look through the file for its place
		}
		if d.Summary == "Invalid character" && d.Subject.Start.Line == open {
			continue // it would be text, if a quote were not missing
		}
		if d.Summary == "Invalid expression" && slices.ContainsFunc(hds, func(o *hcl.Diagnostic) bool { return o != d && sameStart(d, o) }) {
			continue // the other says what is wrong there
		}
		if d.Subject != nil {
			at = position(f.Src, f.Name, d.Subject.Start)
		}
		switch d.Summary {
		case "Missing close bracket on index", "Missing close bracket on splat index":
			// The parser has lost where it was: it names what it skipped to.
			ds.Addf(position(f.Src, f.Name, badIndex(tokens)), "the index that begins here does not end with a bracket").
				Hintf("an index is written x[0] or x[\"key\"]; where a list was meant, a comma is missing before it")
			return
		case "Invalid multi-line string":
			at = position(f.Src, f.Name, lastQuote(tokens, d.Subject.Start))
			ds.Addf(at, "the text that begins here does not end on this line").
				Hintf("close it with a quote; text of many lines is written <<EOT … EOT")
			return // what follows was read as text, and text as what follows
		case "Attribute redefined":
			ds.Addf(at, "%s is set twice in this block", d.Subject.SliceBytes(f.Src)).
				Hintf("take one of them away: the first is in line %s", lineIn(d.Detail))
			continue
		case "Argument or block definition required":
			if lost {
				continue
			}
			lost = true
		}
		msg, hint := inWords(tokens, d, quiet)
		if msg == "" {
			msg, hint, _ = strings.Cut(value.Phrase(d), ". ")
		}
		m := ds.Addf(at, "%s", msg)
		if hint != "" {
			m.Hintf("%s", hint)
		}
		if hint := foreign(f.Src, at.Line); hint != "" {
			m.Hintf("%s", hint)
		}
	}
}

// lineIn returns the line of the place, as NAME:LINE,COLUMNS, in a message of HCL.
func lineIn(detail string) string {
	place := detail[:max(0, strings.LastIndexByte(detail, ','))]
	return place[strings.LastIndexByte(place, ':')+1:]
}

func sameStart(a, b *hcl.Diagnostic) bool {
	return a.Subject != nil && b.Subject != nil && a.Subject.Start == b.Subject.Start
}

// follows reports whether what the parser complains of can follow from a bracket
// that has no other half: it comes behind, or on the same line.
func follows(f schema.File, d *hcl.Diagnostic, bracket diag.Pos) bool {
	switch {
	case d.Subject == nil, d.Summary == "Unclosed configuration block":
		return true
	case d.Summary == "Invalid multi-line string":
		return false // that is why
	}
	line := position(f.Src, f.Name, d.Subject.Start).Line
	if d.Summary == "Argument or block definition required" {
		return line == bracket.Line // else that line alone is wrong already
	}
	return line >= bracket.Line
}

// brackets returns those of a file that stand outside of text.
func brackets(f schema.File, tokens hclsyntax.Tokens) []diag.Bracket {
	var out []diag.Bracket
	depth := 0 // of templates: within, a closing brace is theirs
	line, indent := 0, 0
	for _, t := range tokens {
		first := t.Range.Start.Line != line
		if first {
			line, indent = t.Range.Start.Line, t.Range.Start.Column
		}
		switch t.Type {
		case hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			depth++
		case hclsyntax.TokenTemplateSeqEnd:
			depth--
		case hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenOBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenCBrace:
			if depth == 0 {
				out = append(out, diag.Bracket{Pos: position(f.Src, f.Name, t.Range.Start), Char: rune(t.Bytes[0]), Indent: indent, First: first})
			}
		}
	}
	return out
}

// badIndex returns where the first index begins that holds a comma.
func badIndex(tokens hclsyntax.Tokens) hcl.Pos {
	var open hclsyntax.Tokens
	for _, t := range tokens {
		switch t.Type {
		case hclsyntax.TokenComma:
			if len(open) > 0 && open[len(open)-1].Type == hclsyntax.TokenOBrack && isIndex(tokens, open[len(open)-1]) {
				return open[len(open)-1].Range.Start
			}
		case hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenOBrace, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			open = append(open, t)
		case hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenCBrace, hclsyntax.TokenTemplateSeqEnd:
			open = open[:max(0, len(open)-1)]
		}
	}
	return tokens[len(tokens)-1].Range.Start
}

// isIndex reports whether a bracket opens right behind a value.
func isIndex(tokens hclsyntax.Tokens, open hclsyntax.Token) bool {
	i := slices.IndexFunc(tokens, func(t hclsyntax.Token) bool { return t.Range.Start == open.Range.Start }) - 1
	if i < 0 {
		return false
	}
	switch t := tokens[i]; t.Type {
	case hclsyntax.TokenCQuote, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenCBrace:
		return true
	case hclsyntax.TokenIdent:
		return !slices.Contains([]string{"in", "if"}, string(t.Bytes))
	}
	return false
}

// lastQuote returns where the last text before p begins.
func lastQuote(tokens hclsyntax.Tokens, p hcl.Pos) hcl.Pos {
	last := p
	for _, t := range tokens {
		if t.Type == hclsyntax.TokenOQuote && t.Range.Start.Byte < p.Byte {
			last = t.Range.Start
		}
	}
	return last
}

// Lines of another language, or of somebody who comes from one.
var (
	declares = regexp.MustCompile(`^(\w+ = )?\w+\("[^"]*"(, |,?$|\))`)     // container("web", …
	chooses  = regexp.MustCompile(`\bif\b[^"]*\belse\b`)                   // a if c else b
	calls    = regexp.MustCompile(`\b([A-Za-z_][\w-]*)\.([A-Za-z_]\w*)\(`) // text.upstreams(…
	unequal  = regexp.MustCompile(`^(\w+) ("[^"]*")$`)                     // image "x:1"
	unquoted = regexp.MustCompile(`^(\w+) *= *(\w[\w./-]*:[\w./:-]+)$`)    // image = x:1
)

// foreign recognises a line of another language.
func foreign(src []byte, line int) string {
	lines := bytes.Split(src, []byte("\n"))
	if line < 1 || line > len(lines) {
		return ""
	}
	text, _, _ := strings.Cut(string(lines[line-1]), "#")
	text = strings.TrimSpace(text)
	word, rest, colon := strings.Cut(text, ":")
	switch {
	case colon && rest == "" && (word == "services" || word == "networks" || word == "volumes"):
		return `this looks like a Compose file; here it is container "NAME" { … }, network "NAME" {}, volume "NAME" {}`
	case colon && !strings.ContainsAny(word, " {\"="):
		return "an attribute is written NAME = VALUE"
	case strings.HasPrefix(text, "stack(") || strings.HasPrefix(text, "variable(") || declares.MatchString(text):
		return `this looks like Starlark, which stands in main.bay.star; in HCL a declaration is a block: container "NAME" { … }`
	case chooses.MatchString(text):
		return "a choice is written CONDITION ? THIS : THAT"
	case calls.MatchString(text):
		return "a function of a library is called with two colons: " + calls.ReplaceAllString(calls.FindString(text), "$1::$2(…)")
	case unequal.MatchString(text):
		return "if it is an attribute, write " + unequal.ReplaceAllString(text, "$1 = $2")
	case unquoted.MatchString(text):
		return "text needs quotes: " + unquoted.ReplaceAllString(text, `$1 = "$2"`)
	case strings.HasPrefix(text, "def ") || strings.HasPrefix(text, "load("):
		return "this looks like Starlark, which stands in main.bay.star"
	}
	return ""
}

func invalidUTF8(src []byte) int {
	if utf8.Valid(src) {
		return -1
	}
	for i := 0; i < len(src); {
		r, n := utf8.DecodeRune(src[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

// position returns where p is, counting columns in characters: HCL counts what
// the eye takes for one.
func position(src []byte, name string, p hcl.Pos) diag.Pos {
	before := src[:min(p.Byte, len(src))]
	start := bytes.LastIndexByte(before, '\n') + 1
	line := p.Line
	if line == 0 {
		line = bytes.Count(before, []byte("\n")) + 1
	}
	return diag.Pos{File: name, Line: line, Col: utf8.RuneCount(before[start:]) + 1}
}

package show

import (
	"fmt"
	"io"
	"reflect"
	"strings"
	"unicode"

	"bayplan/lang/diag"
	"bayplan/lang/ir"
)

// DiagnosticsFormat is the version of `bay validate --json`.
const DiagnosticsFormat = "bayplan.diagnostics/1"

// Diagnostics is what was found in a program, as a document.
type Diagnostics struct {
	Format      string       `json:"format" doc:"bayplan.diagnostics/1."`
	Valid       bool         `json:"valid" doc:"Whether there are no errors; the exit code is 0 then, else 1."`
	Stack       string       `json:"stack,omitempty" doc:"Name of the stack; absent where there are errors in its files."`
	Errors      int          `json:"errors" doc:"How many there are."`
	Warnings    int          `json:"warnings" doc:"How many there are."`
	Diagnostics []Diagnostic `json:"diagnostics" doc:"The messages, by file, line and column."`
}

// Diagnostic is one message to the author.
type Diagnostic struct {
	Severity string      `json:"severity" doc:"error or warning."`
	File     string      `json:"file,omitempty" doc:"The file, relative if the program was named so; absent where it is about none."`
	Range    *Range      `json:"range,omitempty" doc:"start and end of the word that it is about, each with line and col, which count from 1; col counts characters, and the end is behind the last one. Absent where it is about the file as a whole."`
	Message  string      `json:"message" doc:"What is wrong."`
	Hint     string      `json:"hint,omitempty" doc:"What to do; may be of several lines."`
	Calls    []diag.Call `json:"calls,omitempty" doc:"Calls of modules and of Starlark functions that led there, outermost first, each with pos and func."`
}

// Range is a word of a file. Where the source was not read, the end is the start.
type Range struct {
	Start Place `json:"start"`
	End   Place `json:"end"` // behind the last character
}

// Place is a line and a column, which count from 1; columns are characters.
type Place struct {
	Line int `json:"line"`
	Col  int `json:"col"`
}

// DiagnosticsOf returns messages as a document. prog is nil where there are
// errors in its files.
func DiagnosticsOf(prog *ir.Program, l diag.List, src diag.Sources) *Diagnostics {
	out := &Diagnostics{Format: DiagnosticsFormat, Valid: !l.HasErrors(), Diagnostics: []Diagnostic{}}
	if prog != nil {
		out.Stack = prog.Stack
	}
	for _, d := range l {
		m := Diagnostic{Severity: "error", File: d.Pos.File, Range: rangeOf(d.Pos, src), Message: d.Msg, Hint: d.Hint, Calls: d.Calls}
		if d.Warning {
			m.Severity = "warning"
			out.Warnings++
		} else {
			out.Errors++
		}
		out.Diagnostics = append(out.Diagnostics, m)
	}
	return out
}

// rangeOf returns the word that begins at a position.
func rangeOf(p diag.Pos, src diag.Sources) *Range {
	if p.Line == 0 {
		return nil
	}
	start := Place{Line: p.Line, Col: max(p.Col, 1)}
	end := start
	lines := strings.SplitN(string(src[p.File]), "\n", p.Line+1)
	if len(lines) >= p.Line {
		line := []rune(strings.TrimSuffix(lines[p.Line-1], "\r"))
		if start.Col <= len(line) {
			end.Col += wordLength(line[start.Col-1:])
		}
	}
	return &Range{start, end}
}

// wordLength returns how many characters of a line are its first word: a name,
// a number, a text in quotes, or a sign.
func wordLength(line []rune) int {
	n := 1
	if q := line[0]; q == '"' || q == '\'' {
		for n < len(line) && line[n] != q {
			if line[n] == '\\' {
				n++
			}
			n++
		}
		return min(n+1, len(line))
	}
	inWord := func(c rune) bool { return c == '_' || unicode.IsLetter(c) || unicode.IsDigit(c) }
	if !inWord(line[0]) {
		return 1
	}
	for n < len(line) && (inWord(line[n]) || strings.ContainsRune("-.", line[n]) && n+1 < len(line) && inWord(line[n+1])) {
		n++
	}
	return n
}

// diagnosticsReference writes what the document of validate holds.
func diagnosticsReference(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\n## Diagnostics\n\n`bay validate --json` prints what it has found as one JSON object, format `%s`. What keeps it from\n"+
		"looking, such as a directory that is not there, stands on standard error.\n\n| field | type | what it says |\n|---|---|---|\n", DiagnosticsFormat)
	for _, t := range []struct {
		in  string
		typ reflect.Type
	}{{"", reflect.TypeFor[Diagnostics]()}, {"diagnostics[].", reflect.TypeFor[Diagnostic]()}} {
		for f := range t.typ.Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			fmt.Fprintf(&b, "| `%s%s` | %s | %s |\n", t.in, name, jsonType(f.Type), tableCell(f.Tag.Get("doc")))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

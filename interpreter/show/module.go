package show

import (
	"fmt"
	"io"
	"strings"

	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
)

// ModuleMarkdown writes what a module takes, gives and makes as a page of
// Markdown. name is what callers know it by.
func ModuleMarkdown(w io.Writer, name string, m schema.Outline) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n", diag.Escape(name))
	if doc := strings.TrimPrefix(m.Doc, name+": "); doc != "" {
		fmt.Fprintf(&b, "\n%s\n", escapeText(doc))
	}
	section := func(title, columns string, n int) {
		if n > 0 {
			fmt.Fprintf(&b, "\n## %s\n\n| %s |\n|%s\n", title, columns, strings.Repeat("---|", strings.Count(columns, "|")+1))
		}
	}
	section("Inputs", "input | type | default | what it says", len(m.Inputs))
	for _, in := range m.Inputs {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", code(in.Name), code(in.Type), defaultOf(in), says(in.Description+refuses(in.Refusals), in.Sensitive))
	}
	section("Outputs", "output | what it says", len(m.Outputs))
	for _, o := range m.Outputs {
		fmt.Fprintf(&b, "| %s | %s |\n", code(o.Name), says(o.Description, o.Sensitive))
	}
	section("Resources", "resource | how many", len(m.Parts))
	for _, p := range m.Parts {
		many := "one"
		switch {
		case p.Many:
			many = "one for each key"
		case p.Perhaps:
			many = "one, or none"
		}
		if p.Source != "" {
			many += ", from " + code(p.Source)
		}
		fmt.Fprintf(&b, "| %s | %s |\n", code(p.Kind+"."+p.Label), many)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// defaultOf tells what an input is where nobody says it.
func defaultOf(in schema.InputOutline) string {
	switch none := (ir.Value{}).Show(); {
	case in.Required:
		return "required"
	case in.Default == none:
		return "none"
	case in.Sensitive && in.Default != ir.StringVal("").Show():
		return "(sensitive)"
	}
	return code(in.Default)
}

// refuses tells what an input's validations say.
func refuses(all []string) string {
	if len(all) == 0 {
		return ""
	}
	return fmt.Sprintf(" Refused with: %s.", strings.Join(all, "; "))
}

// says is a description with what else a caller has to know.
func says(description string, sensitive bool) string {
	if sensitive {
		description = strings.TrimSpace("Sensitive. " + description)
	}
	return tableCell(diag.Escape(strings.Join(strings.Fields(description), " ")))
}

// code shows text as it is, within a cell of a table.
func code(s string) string {
	s = tableCell(diag.Escape(strings.Join(strings.Fields(s), " ")))
	fence := "`"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	if len(fence) > 1 {
		s = " " + s + " "
	}
	return fence + s + fence
}

func escapeText(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = diag.Escape(lines[i])
	}
	return strings.Join(lines, "\n")
}

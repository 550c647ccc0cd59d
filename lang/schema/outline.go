package schema

import "strings"

// Outline is what a module's files say of what is in it, without an evaluation.
type Outline struct {
	Doc     string // the comment at the top, or ""
	Inputs  []InputOutline
	Outputs []OutputOutline
	Parts   []PartOutline // resources and modules
}

// InputOutline is a variable.
type InputOutline struct {
	Name, Type, Description string // Type is "any" where none is written
	Required                bool   // it has no default
	Default                 string // as plans show a value, or else the expression
	Sensitive               bool
	Refusals                []string // what its validations say of values that they refuse, without the value
}

// Refusal is what a validation says, without the value that it got. pieces are its
// texts; between them stands what an evaluation finds.
func Refusal(pieces ...string) string {
	text := strings.Join(pieces, "…")
	for _, got := range []string{", got ", ": got "} {
		text, _, _ = strings.Cut(text, got)
	}
	return text
}

// OutputOutline is an output.
type OutputOutline struct {
	Name, Description string
	Sensitive         bool
}

// PartOutline is the declaration of a resource or of a module.
type PartOutline struct {
	Kind, Label string // Kind may be "module"
	Source      string // of a module
	Many        bool   // none or any number of it, by keys
	Perhaps     bool   // none or one
}

// OneLine returns an expression of HCL on one line: where a new line parts the
// elements of an object, a comma does.
func OneLine(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = strings.Join(strings.Fields(line), " ")
		before := b.String()
		switch {
		case line == "" || before == "":
		case strings.ContainsRune("{[(,", rune(before[len(before)-1])) || strings.ContainsRune("}])", rune(line[0])):
			b.WriteByte(' ')
		default:
			b.WriteString(", ")
		}
		b.WriteString(line)
	}
	return b.String()
}

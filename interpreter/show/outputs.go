package show

import (
	"io"
	"maps"
	"slices"
	"strings"

	"bayplan/lang/diag"
	"bayplan/lang/ir"
)

// Outputs writes the values of outputs for people, in full. Sensitive ones are
// not shown.
func Outputs(w io.Writer, values map[string]ir.Value, o Options) error {
	t := newText(o)
	width := 0
	for name := range values {
		width = max(width, cells(name))
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		pad := width - cells(name)
		t.line(t.paint(bold, diag.Escape(name)) + strings.Repeat(" ", pad) + " = " + values[name].Show())
	}
	_, err := io.WriteString(w, t.b.String())
	return err
}

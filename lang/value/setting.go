package value

import (
	"errors"
	"fmt"
	"slices"

	"bayplan/lang/diag"
	"bayplan/lang/ir"
)

// Setting is the value that a file gives to the variable of a name.
type Setting struct {
	Name  string
	Pos   diag.Pos // of the name
	Value ir.Value // with positions
	Text  bool     // the value is text to be read by the variable's type, as a command line gives it
}

// Given returns the setting as the value of a variable. from is the file.
func (s Setting) Given(from string) Given {
	g := Given{From: from, Pos: s.Pos, Typed: !s.Text, Value: s.Value}
	if s.Text {
		g.Text, g.Value = s.Value.Str, ir.Value{}
	}
	return g
}

// Named is a name that was meant to be a variable's.
type Named struct {
	Name string
	Pos  diag.Pos // unknown on a command line
}

// refuse returns the message about a value that is not of the variable's type.
func (v *Variable) refuse(g Given, err error) *diag.Diag {
	if !g.Typed {
		d := &diag.Diag{Pos: g.Pos, Msg: fmt.Sprintf("variable %q: %s gives %s: %v", v.Name, g.From, v.shown(g.Text), v.hide(err))}
		if !g.Pos.Known() {
			d.Pos = v.Pos
		}
		d.Hintf("want %s", v.Type.want())
		if e := v.Type.example(); e != "" {
			d.Hintf("%s, such as %s='%s'", d.Hint, v.Name, e)
		}
		return d
	}
	at := g.Value.Pos
	if m, ok := errors.AsType[*Mismatch](err); ok && m.Pos.Known() {
		at = m.Pos
	}
	d := &diag.Diag{Pos: at, Msg: fmt.Sprintf("variable %q: %v", v.Name, v.hide(err))}
	return d.Hintf("%s", v.declared())
}

// IsPlain reports whether there is a variable of this name whose value may be
// shown. It is of use after the evaluation.
func (in *Inputs) IsPlain(name string) bool {
	i := slices.IndexFunc(in.declared, func(v *Variable) bool { return v.Name == name })
	return i >= 0 && !in.declared[i].Sensitive
}

// names returns the names of the variables that there are, in order.
func (in *Inputs) names() []string {
	var names []string
	for _, v := range in.declared {
		names = append(names, v.Name)
	}
	slices.Sort(names)
	return names
}

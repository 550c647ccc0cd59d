// Package diag holds positions in source files and the messages that point at
// them: what is wrong, where, what was wanted, and what to do about it.
//
// Only the author's mistakes become diagnostics. They are collected in a List
// and shown together; failures of the world are errors, bugs are panics.
package diag

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Pos is a place in a source file. Line and Col count from 1, Col in
// characters; a zero Line means that the place within File is unknown.
type Pos struct {
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
	Col  int    `json:"col,omitempty"`
}

// Known reports whether p names at least a file.
func (p Pos) Known() bool { return p.File != "" }

func (p Pos) String() string {
	switch {
	case p.File == "":
		return "-"
	case p.Line == 0:
		return p.File
	case p.Col == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
}

// Call is one frame of the calls that led to a place, innermost last.
type Call struct {
	Pos  Pos    `json:"pos"`
	Func string `json:"func"`
}

// Diag is one message to the author of a program.
type Diag struct {
	Pos     Pos
	Msg     string // lower case, no full stop
	Hint    string // what to do, on a line of its own; empty if there is nothing to add
	Calls   []Call // the calls that led here, outermost first; empty at top level
	Warning bool   // true if the program can be used all the same

	// Needs are the values, as references are printed, for want of which the
	// message was said: only a running engine knows them. It is nil for any other.
	Needs []string
}

func (d Diag) String() string { return d.Pos.String() + ": " + d.Msg }

// List is a collection of messages. The zero value is an empty list.
type List []Diag

// Addf appends an error at p.
func (l *List) Addf(p Pos, format string, args ...any) *Diag {
	*l = append(*l, Diag{Pos: p, Msg: fmt.Sprintf(format, args...)})
	return &(*l)[len(*l)-1]
}

// Warnf appends a warning at p.
func (l *List) Warnf(p Pos, format string, args ...any) *Diag {
	d := l.Addf(p, format, args...)
	d.Warning = true
	return d
}

// Hintf sets the hint of d and returns d.
func (d *Diag) Hintf(format string, args ...any) *Diag {
	d.Hint = fmt.Sprintf(format, args...)
	return d
}

// HasErrors reports whether l holds anything but warnings.
func (l List) HasErrors() bool {
	return slices.ContainsFunc(l, func(d Diag) bool { return !d.Warning })
}

// Err returns l as an error, or nil if it holds no errors.
func (l List) Err() error {
	if !l.HasErrors() {
		return nil
	}
	return l
}

func (l List) Error() string {
	lines := make([]string, len(l))
	for i, d := range l {
		lines[i] = d.String()
	}
	return strings.Join(lines, "\n")
}

// Sort orders l by file, line and column, errors before warnings at one
// place, and drops messages that stand at one place with one text.
func (l *List) Sort() {
	slices.SortStableFunc(*l, func(a, b Diag) int {
		return cmp.Or(
			strings.Compare(a.Pos.File, b.Pos.File),
			cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Col, b.Pos.Col),
			strings.Compare(a.Msg, b.Msg),
		)
	})
	*l = slices.CompactFunc(*l, func(a, b Diag) bool { return a.Pos == b.Pos && a.Msg == b.Msg })
}

package starfile

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"bayplan/lang/diag"
	"bayplan/lang/schema"

	"github.com/bazelbuild/buildtools/build"
	"go.starlark.net/syntax"
)

// Format returns a file in its canonical form, which says the same. What cannot
// be read is reported, and there is no such form.
func Format(f schema.File, ds *diag.List) ([]byte, bool) {
	tree, err := parse(f, syntax.RetainComments)
	if err != nil {
		var list diag.List
		errors.As(err, &list)
		*ds = append(*ds, list...)
		return nil, false
	}
	// The formatter has a parser of its own.
	theirs, err := build.ParseDefault(f.Name, f.Src)
	if err != nil {
		at := diag.Pos{File: f.Name}
		if e, ok := errors.AsType[build.ParseError](err); ok {
			at.Line, at.Col, err = e.Pos.Line, e.Pos.LineRune, errors.New(e.Message)
		}
		ds.Addf(at, "the formatter cannot read this: %v", err)
		return nil, false
	}
	out := build.FormatWithoutRewriting(theirs)
	if len(out) > maxFile {
		return out, true // too large to be read again, which the caller says
	}
	again, err := parse(schema.File{Name: f.Name, Src: out}, syntax.RetainComments)
	if err != nil || outline(again) != outline(tree) || !slices.Equal(comments(again), comments(tree)) {
		ds.Addf(diag.Pos{File: f.Name}, "the file cannot be formatted without a change of what it says").
			Hintf("this is a bug of the formatter, and the file stays as it is; please report it")
		return nil, false
	}
	return out, true
}

// outline writes all of a tree that has a meaning.
func outline(tree *syntax.File) string {
	var b strings.Builder
	syntax.Walk(tree, func(n syntax.Node) bool {
		if n == nil {
			b.WriteByte(')')
			return true
		}
		fmt.Fprintf(&b, "(%T", n)
		switch n := n.(type) {
		case *syntax.Ident:
			b.WriteString(" " + n.Name)
		case *syntax.Literal:
			fmt.Fprintf(&b, " %s %q", n.Token, fmt.Sprint(n.Value))
		case *syntax.BinaryExpr:
			b.WriteString(" " + n.Op.String())
		case *syntax.UnaryExpr:
			b.WriteString(" " + n.Op.String())
		case *syntax.AssignStmt:
			b.WriteString(" " + n.Op.String())
		case *syntax.BranchStmt:
			b.WriteString(" " + n.Token.String())
		case *syntax.Comprehension:
			fmt.Fprint(&b, " ", n.Curly)
		case *syntax.IfStmt:
			fmt.Fprint(&b, " ", len(n.True))
		case *syntax.SliceExpr:
			fmt.Fprint(&b, " ", n.Lo != nil, n.Hi != nil)
		}
		return true
	})
	return b.String()
}

// comments returns the comments of a tree, in no order that means anything.
func comments(tree *syntax.File) []string {
	var out []string
	syntax.Walk(tree, func(n syntax.Node) bool {
		if n == nil || n.Comments() == nil {
			return true
		}
		c := n.Comments()
		for _, x := range slices.Concat(c.Before, c.Suffix, c.After) {
			out = append(out, strings.TrimSpace(x.Text))
		}
		return true
	})
	slices.Sort(out)
	return out
}

package schema

import (
	"bayplan/lang/diag"
	"bayplan/lang/ir"
)

// Library is a file of functions that expressions of the other language call.
type Library interface {
	// Funcs returns the functions in order of their names.
	Funcs() []LibraryFunc

	// Call calls the function with this name. at is where it is called, and as
	// is how: text::upstreams. Where there is no value the messages say why.
	Call(name, as string, at diag.Pos, args []ir.Value) (ir.Value, diag.List)
}

// LibraryFunc is a function of a library.
type LibraryFunc struct {
	Name   string
	Doc    string   // its docstring; "" if it has none
	Params []string // as they are written: "port = 80", "*names"
}

// librarySpec is the declaration `library`.
type librarySpec struct{ source string }

func (s *librarySpec) Bind(f *Set) {
	f.String(&s.source, "source", None, "The .star file with the functions, such as \"./lib/text.star\".").Required()
	f.Elsewhere("path", "`path` is `source` here")
	f.Elsewhere("functions", "all functions of the file can be called, but for those whose name begins with _")
}

// Library reads the library that a declaration names, or returns nil.
func (b *Builder) Library(name string, attrs []ir.Attr, pos diag.Pos) Library {
	var s librarySpec
	before := len(b.Diags)
	Decoding{Owner: "library." + name, Pos: pos, Diags: &b.Diags}.Decode(&s, attrs)
	if b.Diags[before:].HasErrors() || unclear(attrs) || b.loader == nil {
		return nil
	}
	for _, a := range attrs {
		if a.Name == "source" {
			pos = firstPos(a.Value.Pos, pos)
		}
	}
	lib, err := b.loader.Library(b, s.source)
	if err != nil {
		b.Diags.Addf(pos, "library.%s.source: %v", name, err).
			Hintf("a library is a .star file below the directory of the stack: source = \"./lib/%s.star\"", name)
		return nil
	}
	if b.Diags[before:].HasErrors() {
		return nil // its functions may lack what they need
	}
	return lib
}

package schema

// Body is what a module's directory says, in one language: all of its
// *.bay.hcl files in order of their names, or main.bay.star alone.
//
// A reader evaluates a body: package hclfile and package starfile each have
//
//	func Read(b *Builder, body Body, in *value.Inputs, src Source)
//
// It calls b.Stack before anything that needs the stack's name, in.Resolve for
// each variable and in.Report when all are known, b.Declare and b.Output for
// what is declared. The author's mistakes go to b.Diags. The caller calls
// b.Finish.
type Body struct {
	Dir   string // absolute
	Files []File
}

// File is a source file: its name as messages show it, and its content.
type File struct {
	Name string
	Path string // absolute
	Src  []byte
}

// Source gives files to readers and functions. Only regular files below the
// root are given, also through links, at most 1 MiB each.
type Source interface {
	// Open reads the file at path, which is relative to dir, an absolute
	// directory at or below the root.
	Open(dir, path string) (File, error)

	// Files lists the regular files below the directory at path, as paths
	// relative to it with slashes, sorted.
	Files(dir, path string) ([]string, error)
}

// FuncEnv is what a function that reads files works on.
type FuncEnv struct {
	Dir    string // of the module that calls it, absolute
	Source Source
}

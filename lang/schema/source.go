package schema

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

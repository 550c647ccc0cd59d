package load

import (
	"path/filepath"
	"strings"

	"bayplan/lang/diag"
	"bayplan/lang/schema"
)

// Format returns a file in the canonical form of its language, which the ending
// of its name says, or what is wrong with it.
func Format(f schema.File) ([]byte, diag.List) {
	var ds diag.List
	if len(f.Src) > MaxFile {
		ds.Addf(diag.Pos{File: f.Name}, "the file is too large: at most %d bytes are read", MaxFile).Hintf("%s", splitIt)
		return nil, ds
	}
	for _, l := range languages() {
		if filepath.Ext(f.Name) != l.ext {
			continue
		}
		out, ok := l.format(f, &ds)
		switch {
		case !ok:
			return nil, ds
		case len(out) > MaxFile:
			ds.Addf(diag.Pos{File: f.Name}, "in its canonical form the file would be too large: %d bytes, at most %d are read", len(out), MaxFile).
				Hintf("%s", splitIt)
			return nil, ds
		}
		return out, nil
	}
	ds.Addf(diag.Pos{File: f.Name}, "this is in none of the languages").Hintf("bay fmt formats *.hcl and *.star")
	return nil, ds
}

const splitIt = "split it: *.bay.hcl of a directory are one program, and a *.star can load others"

// IsProgram reports whether a file of this name, found in some folder, is part
// of a program or holds values for one.
func IsProgram(name string) bool {
	if strings.HasPrefix(name, ".") {
		return false
	}
	return strings.HasSuffix(name, ".bay.hcl") || name == varsFile || strings.HasSuffix(name, ".star")
}

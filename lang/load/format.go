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
	for _, l := range languages() {
		if filepath.Ext(f.Name) != l.ext {
			continue
		}
		out, ok := l.format(f, &ds)
		if !ok {
			return nil, ds
		}
		return out, nil
	}
	ds.Addf(diag.Pos{File: f.Name}, "this is in none of the languages").Hintf("bay fmt formats *.hcl and *.star")
	return nil, ds
}

// IsProgram reports whether a file of this name, found in some folder, is part
// of a program or holds values for one.
func IsProgram(name string) bool {
	if strings.HasPrefix(name, ".") {
		return false
	}
	return strings.HasSuffix(name, ".bay.hcl") || name == varsFile || strings.HasSuffix(name, ".star")
}

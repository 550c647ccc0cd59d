// Package stdlib is the list of what a program can name: the kinds of
// resources, the functions, and the modules that come with bay. A new kind is a
// folder beside this file and a line in it, a new module a folder in modules.
package stdlib

import (
	"io/fs"

	"bayplan/interpreter/kind"
	"bayplan/lang/schema"
	"bayplan/stdlib/container"
	"bayplan/stdlib/funcs"
	"bayplan/stdlib/image"
	"bayplan/stdlib/modules"
	"bayplan/stdlib/network"
	"bayplan/stdlib/volume"
)

// Kinds returns all kinds, in the order in which references name them.
func Kinds() []kind.Kind {
	return []kind.Kind{
		container.Kind,
		image.Kind,
		network.Kind,
		volume.Kind,
	}
}

// Funcs returns all functions, in order of their names.
func Funcs() []*schema.Func { return funcs.All() }

// Modules returns the modules that come with bay, a directory for each: std/NAME
// in a program.
func Modules() fs.FS { return modules.All() }

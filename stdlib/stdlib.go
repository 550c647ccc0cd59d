// Package stdlib is the list of what a program can name: the kinds of
// resources and the functions. A new kind is a folder beside this file and a
// line in it.
package stdlib

import (
	"bayplan/interpreter/kind"
	"bayplan/lang/schema"
	"bayplan/stdlib/container"
	"bayplan/stdlib/funcs"
	"bayplan/stdlib/image"
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

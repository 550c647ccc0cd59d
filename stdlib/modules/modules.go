// Package modules holds the modules that come with bay. What a program calls
// std/NAME is the directory NAME here, in either language, embedded in bay.
package modules

import (
	"embed"
	"io/fs"
)

// A module of bay's reads no file of the machine that it runs on: all that it
// needs stands in its body.
//
//go:embed */*
var files embed.FS

// All returns the modules, a directory for each.
func All() fs.FS { return files }

package load

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"bayplan/lang/schema"
)

// maxEntries is how many entries of one directory are read.
const maxEntries = 50_000

// Disk is where the files of a program are. The one of package os is Machine; a
// process that opens no file has them given by another one.
type Disk interface {
	// Abs returns path as an absolute one.
	Abs(path string) (string, error)

	// IsFile reports whether there is something at path that is no directory.
	IsFile(path string) bool

	// Root opens an absolute directory. Nothing outside of it is reached, by no
	// path and no link. It has to be closed.
	Root(dir string) (fs.FS, func() error, error)

	// Read reads a file that somebody named on the command line, up to one byte
	// more than most.
	Read(path string, most int) ([]byte, error)

	schema.Ground
}

// Machine is the disk of this process.
type Machine struct{ schema.Host }

// Abs implements Disk.
func (Machine) Abs(path string) (string, error) { return filepath.Abs(path) }

// IsFile implements Disk.
func (Machine) IsFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}

// Root implements Disk.
func (Machine) Root(dir string) (fs.FS, func() error, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, nil, err
	}
	return modest{root.FS()}, root.Close, nil
}

// Read implements Disk.
func (Machine) Read(path string, most int) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, int64(most)+1))
}

// modest is a file system that reads no directory without an end.
type modest struct{ fs.FS }

// Stat implements fs.StatFS.
func (m modest) Stat(name string) (fs.FileInfo, error) { return fs.Stat(m.FS, name) }

// ReadDir implements fs.ReadDirFS.
func (m modest) ReadDir(name string) ([]fs.DirEntry, error) {
	f, err := m.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	dir, ok := f.(fs.ReadDirFile)
	if !ok {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: errors.New("not a directory")}
	}
	var all []fs.DirEntry
	for {
		some, err := dir.ReadDir(1000)
		all = append(all, some...)
		switch {
		case len(all) > maxEntries:
			return nil, fmt.Errorf("the directory holds more than %d entries", maxEntries)
		case errors.Is(err, io.EOF):
			slices.SortFunc(all, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
			return all, nil
		case err != nil:
			return nil, err
		}
	}
}

// sameFile reports whether two infos of one file system are about one file. A
// disk that is elsewhere tells by a method of the info.
func sameFile(a, b fs.FileInfo) bool {
	if far, ok := a.(interface{ Same(fs.FileInfo) bool }); ok {
		return far.Same(b)
	}
	return os.SameFile(a, b)
}

package schema

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Ground is what kinds look up of the machine while a program is evaluated. Host
// is the ground of this process; one that opens no file asks another.
type Ground interface {
	// Stat tells of what is at an absolute path at or below the root, also behind
	// a link.
	Stat(path string) (fs.FileInfo, error)

	// Within reports whether what path really is, behind all links, lies at or
	// below root. Both are absolute.
	Within(root, path string) bool

	// ReadFile reads a regular file at or below the root, of 1 MiB at most.
	ReadFile(path string) ([]byte, error)

	// Readable reports whether a regular file can be read, wherever it is.
	Readable(path string) bool
}

// Host is the ground of this process.
type Host struct{}

// Stat implements Ground.
func (Host) Stat(path string) (fs.FileInfo, error) { return os.Stat(path) }

// Within implements Ground.
func (Host) Within(root, path string) bool {
	root, err := filepath.EvalSymlinks(root)
	if err != nil {
		return false
	}
	really, err := filepath.EvalSymlinks(path)
	return err == nil && Below(root, really)
}

// ReadFile implements Ground.
func (Host) ReadFile(path string) ([]byte, error) {
	const most = 1 << 20
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, &fs.PathError{Op: "open", Path: path, Err: errors.New("not a regular file")}
	case info.Size() > most:
		return nil, &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("it has more than %d bytes", most)}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, most))
}

// Readable implements Ground.
func (Host) Readable(path string) bool {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	f.Close()
	return true
}

// Below reports whether path, as it is written, lies at or below root.
func Below(root, path string) bool {
	rel, err := filepath.Rel(root, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// StandOn says what the kinds look things up on; without it, on Host.
func (b *Builder) StandOn(g Ground) { b.ground = g }

// Ground is what a kind may look up of the machine.
func (f *Finishing) Ground() Ground {
	if f.b.ground == nil {
		return Host{}
	}
	return f.b.ground
}

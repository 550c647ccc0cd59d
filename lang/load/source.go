package load

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"bayplan/lang/diag"
	"bayplan/lang/schema"
)

// MaxFile is how many bytes of one file are read.
const MaxFile = 1 << 20

const (
	maxFiles = 10_000  // that one listing gives
	maxSeen  = 100_000 // files and directories that one listing comes by
)

// source gives the files below a root. It implements schema.Source.
type source struct {
	disk  Disk
	files fs.FS
	close func() error
	abs   string // the root
	home  string // the directory that messages begin with: the root, or the stack's own below it
	shown string // home as messages show it
	seen  diag.Sources
}

func openSource(disk Disk, dir string) (*source, error) {
	abs, err := disk.Abs(dir)
	if err != nil {
		return nil, err
	}
	root, closes, err := disk.Root(abs)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("there is no such directory")
	case err != nil:
		return nil, fmt.Errorf("opening the directory: %w", reason(err))
	}
	return &source{disk: disk, files: root, close: closes, abs: abs, home: abs, shown: dir, seen: diag.Sources{}}, nil
}

// show returns how messages call what is at a path from the root.
func (s *source) show(path string) string {
	rel, err := filepath.Rel(s.home, filepath.Join(s.abs, path))
	if err != nil {
		panic(err) // both are absolute
	}
	return filepath.Join(s.shown, rel)
}

// widen makes a directory above the root the root, and returns where the old one
// is below it.
func (s *source) widen(path string) (below string, err error) {
	if filepath.IsAbs(path) {
		return "", fmt.Errorf("%q is an absolute path, and another checkout lies elsewhere", path)
	}
	abs := filepath.Join(s.abs, path)
	below, err = filepath.Rel(abs, s.abs)
	if err != nil || below == ".." || strings.HasPrefix(below, ".."+string(filepath.Separator)) {
		return "", fmt.Errorf("%q is not above the directory of the stack", path)
	}
	if WholeDisk(abs) {
		return "", fmt.Errorf("%q is all of this machine's disk, and what lies there is not the stack's", path)
	}
	root, closes, err := s.disk.Root(abs)
	if err != nil {
		return "", fmt.Errorf("opening %q: %w", path, reason(err))
	}
	old := s.close
	s.files, s.abs = root, abs
	s.close = func() error { return errors.Join(old(), closes()) }
	return below, nil
}

// WholeDisk reports whether a directory has none above it. With it a program would
// see the environment and the clock too, below /proc.
func WholeDisk(abs string) bool { return filepath.Dir(abs) == abs }

// names lists the files in a directory, sorted.
func (s *source) names(dir string) ([]string, error) {
	entries, err := fs.ReadDir(s.files, filepath.ToSlash(dir))
	if err != nil {
		return nil, fmt.Errorf("reading the directory: %w", reason(err))
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// body reads the files with these names in a directory.
func (s *source) body(dir string, names []string, ds *diag.List) (schema.Body, bool) {
	body := schema.Body{Dir: filepath.Join(s.abs, dir)}
	for _, n := range names {
		f, err := s.Open(body.Dir, n)
		if err != nil {
			ds.Addf(diag.Pos{File: filepath.Join(s.show(dir), n)}, "%v", err)
			return body, false
		}
		body.Files = append(body.Files, f)
	}
	return body, true
}

// Open reads a file. See schema.Source.
func (s *source) Open(dir, path string) (schema.File, error) {
	rel, err := s.rel(dir, path)
	if err != nil {
		return schema.File{}, err
	}
	name := filepath.ToSlash(rel)
	info, err := fs.Stat(s.files, name)
	switch {
	case err != nil:
		return schema.File{}, s.explain(path, err)
	case !info.Mode().IsRegular():
		return schema.File{}, fmt.Errorf("%q is not a regular file", path)
	case info.Size() > MaxFile:
		return schema.File{}, tooLarge(path)
	}
	f, err := s.files.Open(name)
	if err != nil {
		return schema.File{}, s.explain(path, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	switch {
	case err != nil:
		return schema.File{}, s.explain(path, err)
	case len(data) > MaxFile:
		return schema.File{}, tooLarge(path)
	}
	shown := s.show(rel)
	s.seen[shown] = data
	return schema.File{Name: shown, Path: filepath.Join(s.abs, rel), Src: data}, nil
}

func tooLarge(path string) error {
	return fmt.Errorf("%q is too large: at most %d bytes are read", path, MaxFile)
}

// Files lists files. See schema.Source.
func (s *source) Files(dir, path string) ([]string, error) {
	rel, err := s.rel(dir, path)
	if err != nil {
		return nil, err
	}
	if info, err := fs.Stat(s.files, filepath.ToSlash(rel)); err != nil {
		return nil, s.explain(path, err)
	} else if !info.IsDir() {
		return nil, fmt.Errorf("%q is not a directory", path)
	}
	var paths []string
	seen := 0
	err = fs.WalkDir(s.files, filepath.ToSlash(rel), func(p string, e fs.DirEntry, err error) error {
		seen++
		switch {
		case err != nil:
			return err
		case seen > maxSeen:
			return fmt.Errorf("%q holds more than %d files and directories", path, maxSeen)
		case !s.regular(p, e):
			return nil
		case len(paths) == maxFiles:
			return fmt.Errorf("%q holds more than %d files", path, maxFiles)
		}
		below, err := filepath.Rel(rel, filepath.FromSlash(p))
		paths = append(paths, filepath.ToSlash(below))
		return err
	})
	if err != nil {
		return nil, s.explain(path, err)
	}
	slices.Sort(paths)
	return paths, nil
}

// regular reports whether e is a regular file, also behind a link.
func (s *source) regular(path string, e fs.DirEntry) bool {
	if e.Type()&fs.ModeSymlink == 0 {
		return e.Type().IsRegular()
	}
	info, err := fs.Stat(s.files, path)
	return err == nil && info.Mode().IsRegular()
}

// rel returns path from the root.
func (s *source) rel(dir, path string) (string, error) {
	if filepath.IsAbs(path) {
		return "", fmt.Errorf("%q is an absolute path, and files are read only below the stack's directory", path)
	}
	rel, err := filepath.Rel(s.abs, filepath.Join(dir, path))
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return "", fmt.Errorf("%q leads out of the stack's directory", path)
	}
	return rel, nil
}

// noFile is the error about a file that is not there, for people. Functions know
// it as what package fs calls it.
type noFile string

func (path noFile) Error() string { return fmt.Sprintf("there is no file %q", string(path)) }

// Is reports whether target says the same.
func (noFile) Is(target error) bool { return target == fs.ErrNotExist }

// explain says in our words why path could not be read.
func (s *source) explain(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return noFile(path)
	case strings.Contains(err.Error(), "escapes from parent"): // os has no name for this error
		return fmt.Errorf("%q leads out of the stack's directory by a link", path)
	}
	return fmt.Errorf("reading %q: %w", path, reason(err))
}

// reason returns an error without the call and the path, which the message has.
func reason(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

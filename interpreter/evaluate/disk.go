package evaluate

import (
	"bytes"
	"io"
	"io/fs"
	"path/filepath"
)

// disk is the disk of a child: all that is on it, the parent reads. It
// implements load.Disk. What was read once is kept, so that a program sees one
// content of a file, and what was found once, which each of many modules asks for.
type disk struct {
	from  string // what relative paths start at
	ask   func(ask) (*reply, error)
	read  map[key]*reply
	found map[key]*farInfo
	same  map[pair]bool
}

type key struct {
	root int
	name string
}

// pair is two paths below one root.
type pair struct{ one, two key }

// Abs implements load.Disk.
func (d *disk) Abs(path string) (string, error) {
	if filepath.IsAbs(path) {
		return filepath.Clean(path), nil
	}
	return filepath.Join(d.from, path), nil
}

// IsFile implements load.Disk.
func (d *disk) IsFile(path string) bool {
	r, err := d.ask(ask{What: askIsFile, Name: path})
	return err == nil && r.Yes
}

// Root implements load.Disk.
func (d *disk) Root(dir string) (fs.FS, func() error, error) {
	r, err := d.ask(ask{What: askRoot, Name: dir})
	if err != nil {
		return nil, nil, err
	}
	return &farRoot{d, r.Root}, func() error { return nil }, nil // the parent closes it
}

// Read implements load.Disk.
func (d *disk) Read(path string, _ int) ([]byte, error) {
	r, err := d.ask(ask{What: askVarFile, Name: path})
	if err != nil {
		return nil, err
	}
	return r.Data, nil
}

// Stat implements schema.Ground.
func (d *disk) Stat(path string) (fs.FileInfo, error) {
	r, err := d.ask(ask{What: askLook, Name: path})
	if err != nil {
		return nil, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	return r.Info, nil
}

// ReadFile implements schema.Ground.
func (d *disk) ReadFile(path string) ([]byte, error) {
	r, err := d.ask(ask{What: askFile, Name: path})
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return r.Data, nil
}

// Readable implements schema.Ground.
func (d *disk) Readable(path string) bool {
	r, err := d.ask(ask{What: askCanRead, Name: path})
	return err == nil && r.Yes
}

// Within implements schema.Ground.
func (d *disk) Within(root, path string) bool {
	r, err := d.ask(ask{What: askWithin, Name: root, Second: path})
	return err == nil && r.Yes
}

// farRoot is a directory that the parent has opened.
type farRoot struct {
	*disk
	root int
}

// Open implements fs.FS.
func (r *farRoot) Open(name string) (fs.File, error) {
	k := key{r.root, name}
	got := r.read[k]
	if got == nil {
		var err error
		if got, err = r.ask(ask{What: askRead, Root: r.root, Name: name}); err != nil {
			return nil, err
		}
		r.read[k] = got
	}
	return &farFile{*bytes.NewReader(got.Data), got.Info}, nil
}

// Stat implements fs.StatFS.
func (r *farRoot) Stat(name string) (fs.FileInfo, error) {
	k := key{r.root, name}
	if got := r.read[k]; got != nil {
		return got.Info, nil
	}
	if got := r.found[k]; got != nil {
		return got, nil
	}
	got, err := r.ask(ask{What: askStat, Root: r.root, Name: name})
	if err != nil {
		return nil, err
	}
	r.found[k] = &farInfo{got.Info, r, name}
	return r.found[k], nil
}

// ReadDir implements fs.ReadDirFS.
func (r *farRoot) ReadDir(name string) ([]fs.DirEntry, error) {
	got, err := r.ask(ask{What: askDir, Root: r.root, Name: name})
	if err != nil {
		return nil, err
	}
	out := make([]fs.DirEntry, len(got.List))
	for i, e := range got.List {
		out[i] = e
	}
	return out, nil
}

// farFile is a file whose content came at once.
type farFile struct {
	bytes.Reader
	info *info
}

func (f *farFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *farFile) Close() error               { return nil }

var _ io.Reader = (*farFile)(nil)

// farInfo is what is known of a file that may be the same as another.
type farInfo struct {
	*info
	root *farRoot
	path string
}

// Same reports whether both are one file.
func (i *farInfo) Same(other fs.FileInfo) bool {
	o, ok := other.(*farInfo)
	if !ok || o.root.root != i.root.root {
		return false
	}
	p := pair{key{i.root.root, i.path}, key{o.root.root, o.path}}
	yes, known := i.root.same[p]
	if !known {
		got, err := i.root.ask(ask{What: askSame, Root: i.root.root, Name: i.path, Second: o.path})
		yes = err == nil && got.Yes
		i.root.same[p] = yes
	}
	return yes
}

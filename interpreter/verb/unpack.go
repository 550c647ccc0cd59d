package verb

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// unpacking writes the entries of a tar below a directory. The tar is not
// trusted: no name and no link in it, nor one that lies there already, leads to
// anything outside.
type unpacking struct {
	Copying
	root *os.Root
	base string // the name of the tar's own root
	name string // by which that is written; "" is the directory itself

	dirs []*tar.Header // whose modes and times are set last, by their names here
}

func (u *unpacking) all(r *tar.Reader) error {
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return u.settle()
		}
		if err != nil {
			return fmt.Errorf("reading what the engine sends: %w", err)
		}
		if err := u.entry(h, r); err != nil {
			return err
		}
	}
}

// local returns where an entry is written.
func (u *unpacking) local(name string) (string, error) {
	clean := path.Join("/", name)[1:]
	if clean == u.base {
		clean = ""
	} else {
		clean = strings.TrimPrefix(clean, u.base+"/")
	}
	at := path.Join(".", u.name, clean)
	if !filepath.IsLocal(at) {
		return "", fmt.Errorf("the engine sends %q, which lies outside", name)
	}
	return at, nil
}

func (u *unpacking) entry(h *tar.Header, r io.Reader) error {
	at, err := u.local(h.Name)
	if err != nil {
		return err
	}
	if err := u.root.MkdirAll(path.Dir(at), 0o755); err != nil { // not every tar has an entry for it
		return plain(err)
	}
	switch h.Typeflag {
	case tar.TypeDir:
		return u.dir(h, at)
	case tar.TypeReg:
		err = u.file(h, at, r)
	case tar.TypeSymlink:
		if err = u.clear(at); err == nil {
			err = u.root.Symlink(h.Linkname, at)
		}
	case tar.TypeLink:
		var first string
		if first, err = u.local(h.Linkname); err == nil {
			if err = u.clear(at); err == nil {
				err = u.root.Link(first, at)
			}
		}
		return plain(err)
	default:
		u.left(at, h.FileInfo().Mode())
		return nil
	}
	if err != nil {
		return plain(err)
	}
	return plain(u.marks(h, at))
}

// clear takes away what is in the way of a file or a link.
func (u *unpacking) clear(at string) error {
	info, err := u.root.Lstat(at)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.IsDir():
		return fmt.Errorf("%s is a directory, and what is copied there is none", at)
	}
	return u.root.Remove(at)
}

func (u *unpacking) dir(h *tar.Header, at string) error {
	info, err := u.root.Lstat(at)
	switch {
	case err == nil && info.IsDir() && at == ".":
		return nil // it was there before, and stays as it is
	case err == nil && !info.IsDir():
		return fmt.Errorf("%s is no directory, and what is copied there is one", at)
	case err != nil:
		if err := u.root.Mkdir(at, 0o700); err != nil {
			return plain(err)
		}
	}
	d := *h
	d.Name = at
	u.dirs = append(u.dirs, &d)
	return nil
}

func (u *unpacking) file(h *tar.Header, at string, r io.Reader) error {
	if err := u.clear(at); err != nil {
		return err
	}
	f, err := u.root.OpenFile(at, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}

// marks sets owner, mode and time. Without its owner a file is not to run as its
// owner.
func (u *unpacking) marks(h *tar.Header, at string) error {
	if u.Owners {
		if err := u.root.Lchown(at, h.Uid, h.Gid); err != nil {
			return err
		}
	}
	if h.Typeflag == tar.TypeSymlink {
		return nil
	}
	mode := h.FileInfo().Mode()
	if !u.Owners {
		mode &^= fs.ModeSetuid | fs.ModeSetgid
	}
	if err := u.root.Chmod(at, mode&(fs.ModePerm|fs.ModeSetuid|fs.ModeSetgid|fs.ModeSticky)); err != nil {
		return err
	}
	return u.root.Chtimes(at, h.ModTime, h.ModTime)
}

// settle gives directories their marks, the innermost first: until now they had
// to let files in.
func (u *unpacking) settle() error {
	for i := len(u.dirs) - 1; i >= 0; i-- {
		if err := u.marks(u.dirs[i], u.dirs[i].Name); err != nil {
			return plain(err)
		}
	}
	return nil
}

// plain leaves the name of the system call out of an error.
func plain(err error) error {
	var p *fs.PathError
	var l *os.LinkError
	switch {
	case errors.As(err, &p):
		return fmt.Errorf("%s: %w", p.Path, p.Err)
	case errors.As(err, &l):
		return fmt.Errorf("%s: %w", l.New, l.Err)
	}
	return err
}

package verb

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"bayplan/interpreter/engine"

	"github.com/docker/docker/api/types/container"
)

// Copying says how files are copied. What is copied where is as `docker cp` has it.
type Copying struct {
	Follow bool         // a source that is a link is what it points to
	Owners bool         // files keep their owners; else they are root's in a container, and whoever copies has them here
	Wrote  func(string) // told the path in the container of each file that was sent there; may be nil
	Left   func(string) // told what was left out and why: "dev/null is a device"; may be nil
}

// StreamOut writes what lies at a path in a container as a tar.
func StreamOut(ctx context.Context, e *engine.Engine, o Object, from string, to io.Writer, c Copying) error {
	src, err := sourceIn(ctx, e, o, from, c.Follow)
	if err != nil {
		return err
	}
	r, _, err := e.Reader().CopyFromContainer(ctx, o.ID, src.path)
	if err != nil {
		return about("reading from", o, err)
	}
	defer r.Close()
	_, err = io.Copy(to, r)
	return err
}

// StreamIn unpacks a tar into a directory of a container.
func StreamIn(ctx context.Context, e *engine.Engine, o Object, from io.Reader, to string, c Copying) error {
	stat, there, err := statIn(ctx, e, o, to)
	switch {
	case err != nil:
		return err
	case !there:
		return fmt.Errorf("there is no %s in %s", to, o)
	case !stat.Mode.IsDir():
		return fmt.Errorf("%s in %s is no directory, and a tar is unpacked into one", to, o)
	}
	if c.Wrote == nil {
		return put(ctx, e, o, to, from)
	}
	r, w := io.Pipe()
	read := make(chan struct{})
	go func() {
		defer close(read)
		c.names(r, path.Join("/", to))
		_, _ = io.Copy(io.Discard, r) // what is no tar is the engine's to refuse
	}()
	err = put(ctx, e, o, to, io.TeeReader(from, w))
	w.Close()
	<-read
	return err
}

// names tells the files of a tar that is unpacked in a directory.
func (c Copying) names(r io.Reader, dir string) {
	for t := tar.NewReader(r); ; {
		h, err := t.Next()
		if err != nil {
			return
		}
		if h.Typeflag != tar.TypeDir {
			c.Wrote(path.Join(dir, h.Name))
		}
	}
}

// source is what is copied.
type source struct {
	path string // clean
	name string // by which it arrives in a directory
	dir  bool
	all  bool // what is in the directory, not it
}

// sourceIn finds what is copied out of a container.
func sourceIn(ctx context.Context, e *engine.Engine, o Object, from string, follow bool) (source, error) {
	s := source{path: path.Join("/", from), all: contents(from) || path.Join("/", from) == "/"}
	s.name = path.Base(s.path)
	stat, there, err := statIn(ctx, e, o, s.path)
	for hops := 0; err == nil && there && stat.Mode&fs.ModeSymlink != 0 && (follow || s.all || strings.HasSuffix(from, "/")); hops++ {
		if hops > mostHops {
			return s, fmt.Errorf("%s in %s is a link that leads to links without end", from, o)
		}
		s.path = linked(s.path, stat.LinkTarget)
		stat, there, err = statIn(ctx, e, o, s.path)
	}
	switch {
	case err != nil:
		return s, err
	case !there:
		return s, fmt.Errorf("there is no %s in %s", s.path, o)
	case (s.all || strings.HasSuffix(from, "/")) && !stat.Mode.IsDir():
		return s, fmt.Errorf("%s in %s is no directory", from, o)
	}
	s.dir = stat.Mode.IsDir()
	return s, nil
}

// mostHops is how many links are followed one after the other, as Linux does.
const mostHops = 40

// linked is where a link points to. An engine tells it from the container's root on.
func linked(link, to string) string {
	if path.IsAbs(to) {
		return path.Clean(to)
	}
	return path.Join(path.Dir(link), to)
}

// contents reports whether a path means what is in a directory, and not it.
func contents(p string) bool { return p == "." || strings.HasSuffix(p, "/.") }

// statIn tells what lies at a path in a container; false if nothing does.
func statIn(ctx context.Context, e *engine.Engine, o Object, p string) (container.PathStat, bool, error) {
	stat, err := e.StatPath(ctx, o.ID, path.Join("/", p))
	if engine.Gone(err) {
		if _, ierr := e.Reader().ContainerInspect(ctx, o.ID); ierr != nil {
			return stat, false, about("looking into", o, ierr)
		}
		return stat, false, nil
	}
	return stat, err == nil, about("looking into", o, err)
}

// target is where files arrive: below a directory that is there, by a name.
type target struct {
	dir  string
	name string // "" where the directory itself is what is filled
}

// targetOf decides where a source arrives. is tells of the destination whether
// something is there, and whether that is a directory.
func targetOf(src source, to, base, dir string, there, isDir bool) (target, error) {
	switch {
	case there && isDir && src.all:
		return target{dir: to}, nil
	case there && isDir:
		return target{dir: to, name: src.name}, nil
	case there && src.dir:
		return target{}, fmt.Errorf("%s is no directory, and %s is one", to, src.path)
	case there && strings.HasSuffix(to, "/"):
		return target{}, fmt.Errorf("%s is no directory", to)
	case !there && !src.dir && strings.HasSuffix(to, "/"):
		return target{}, fmt.Errorf("there is no directory %s", to)
	}
	return target{dir: dir, name: base}, nil
}

// CopyOut copies what lies at a path in a container to a path here. Nothing is
// written outside of that, whatever links lie in between.
func CopyOut(ctx context.Context, e *engine.Engine, o Object, from, to string, c Copying) error {
	src, err := sourceIn(ctx, e, o, from, c.Follow)
	if err != nil {
		return err
	}
	info, err := os.Stat(to)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	there := err == nil
	real := to
	if there {
		if real, err = filepath.EvalSymlinks(to); err != nil {
			return err
		}
	}
	t, err := targetOf(src, filepath.Clean(real)+trailing(to), filepath.Base(real), filepath.Dir(filepath.Clean(real)), there, there && info.IsDir())
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(t.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no directory %s", t.dir)
	}
	if err != nil {
		return err
	}
	defer root.Close()
	r, _, err := e.Reader().CopyFromContainer(ctx, o.ID, src.path)
	if err != nil {
		return about("reading from", o, err)
	}
	defer r.Close()
	u := unpacking{root: root, base: path.Base(src.path), name: t.name, Copying: c}
	return u.all(tar.NewReader(r))
}

func trailing(p string) string {
	if strings.HasSuffix(p, "/") {
		return "/"
	}
	return ""
}

// CopyIn copies what lies at a path here to a path in a container.
func CopyIn(ctx context.Context, e *engine.Engine, o Object, from, to string, c Copying) error {
	src, err := sourceHere(from, c.Follow)
	if err != nil {
		return err
	}
	dst := path.Join("/", to)
	stat, there, err := statIn(ctx, e, o, dst)
	for hops := 0; err == nil && there && stat.Mode&fs.ModeSymlink != 0 && hops < mostHops; hops++ {
		dst = linked(dst, stat.LinkTarget)
		stat, there, err = statIn(ctx, e, o, dst)
	}
	if err != nil {
		return err
	}
	t, err := targetOf(src, dst+trailing(strings.TrimSuffix(to, ".")), path.Base(dst), path.Dir(dst), there, there && stat.Mode.IsDir())
	if err != nil {
		return err
	}
	if parent, ok, err := statIn(ctx, e, o, t.dir); err != nil || !ok {
		return errors.Join(err, fmt.Errorf("there is no directory %s in %s", t.dir, o))
	} else if parent.Mode&fs.ModeSymlink == 0 && !parent.Mode.IsDir() {
		return fmt.Errorf("%s in %s is no directory", t.dir, o)
	}
	r, w := io.Pipe()
	go func() { w.CloseWithError(pack(w, src, t, c)) }()
	defer r.Close()
	return put(ctx, e, o, t.dir, r)
}

// sourceHere finds what is copied from here.
func sourceHere(from string, follow bool) (source, error) {
	s := source{path: filepath.Clean(from), all: contents(from) || filepath.Clean(from) == "/"}
	abs, err := filepath.Abs(from)
	if err != nil {
		return s, err
	}
	s.name = filepath.Base(abs)
	look := os.Lstat
	if follow || s.all || strings.HasSuffix(from, "/") {
		look = os.Stat
		if s.path, err = filepath.EvalSymlinks(s.path); err != nil {
			return s, err
		}
	}
	info, err := look(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, fmt.Errorf("there is no %s here", from)
	}
	if err != nil {
		return s, err
	}
	if s.dir = info.IsDir(); strings.HasSuffix(from, "/") && !s.dir {
		return s, fmt.Errorf("%s is no directory", from)
	}
	return s, nil
}

// put sends a tar to a directory in a container. It cannot be sent twice.
func put(ctx context.Context, e *engine.Engine, o Object, dir string, r io.Reader) error {
	sent := false
	open := func() (io.ReadCloser, error) {
		if sent {
			return nil, errors.New("the connection broke half-way; copy it again")
		}
		sent = true
		return io.NopCloser(&heeding{r, ctx}), nil
	}
	_, err := e.Do(ctx, &engine.CopyToContainer{Container: o.ID, Path: dir}, &engine.Stream{Open: open}, nil)
	if ctx.Err() != nil {
		return fmt.Errorf("interrupted: a part of it may be in %s", o)
	}
	return about("writing to", o, err)
}

// heeding is a reader that ends with a context.
type heeding struct {
	r   io.Reader
	ctx context.Context
}

func (h *heeding) Read(p []byte) (int, error) {
	if err := h.ctx.Err(); err != nil {
		return 0, err
	}
	return h.r.Read(p)
}

// pack writes what lies here as a tar of what shall lie in a target.
func pack(to io.Writer, src source, t target, c Copying) error {
	w := tar.NewWriter(to)
	err := filepath.WalkDir(src.path, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		below, err := filepath.Rel(src.path, file)
		if err != nil {
			return err
		}
		name := path.Join(t.name, filepath.ToSlash(below))
		if name == "." {
			return nil // the directory is there already, and stays as it is
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		return c.pack(w, file, name, path.Join(t.dir, name), info)
	})
	return errors.Join(err, w.Close())
}

func (c Copying) pack(w *tar.Writer, file, name, arrives string, info fs.FileInfo) error {
	link := ""
	switch mode := info.Mode(); {
	case mode&fs.ModeSymlink != 0:
		var err error
		if link, err = os.Readlink(file); err != nil {
			return err
		}
	case !mode.IsRegular() && !mode.IsDir():
		c.left(name, mode)
		return nil
	}
	h, err := tar.FileInfoHeader(info, link)
	if err != nil {
		return err
	}
	h.Name, h.Uname, h.Gname, h.Format = name, "", "", tar.FormatPAX
	if info.IsDir() {
		h.Name += "/"
	}
	if !c.Owners {
		h.Uid, h.Gid = 0, 0
	}
	if err := w.WriteHeader(h); err != nil {
		return err
	}
	if c.Wrote != nil && !info.IsDir() {
		c.Wrote(arrives)
	}
	if !info.Mode().IsRegular() {
		return nil
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := io.CopyN(w, f, h.Size); err != nil { // what is written to it meanwhile comes with the next copy
		return fmt.Errorf("%s became shorter while it was read: %w", file, err)
	}
	return nil
}

func (c Copying) left(name string, mode fs.FileMode) {
	if c.Left == nil {
		return
	}
	what := "a device"
	switch {
	case mode&fs.ModeSocket != 0:
		what = "a socket"
	case mode&fs.ModeNamedPipe != 0:
		what = "a pipe"
	}
	c.Left(name + " is " + what)
}

package container

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"bayplan/interpreter/engine"
	"bayplan/interpreter/kind"
	"bayplan/lang/ir"
	"bayplan/lang/schema"
)

// maxFile is the longest file that is put into a container, in bytes.
const maxFile = 1 << 20

// local is what was read for a want on this machine: the content of files that
// the program names by a path.
type local map[string]string // by path within the container

// readSources reads the files that a want names by a path. Only regular files
// below the root are read, also through links.
func readSources(s kind.Scope, w *kind.Want, found *kind.Found) local {
	spec := w.Spec.(*Spec)
	got := local{}
	for _, name := range slices.Sorted(maps.Keys(spec.Files)) {
		source := spec.Files[name].Source
		if source == "" {
			continue
		}
		text, err := readSource(s.Dir, source)
		if err != nil {
			d := found.Notes.Addf(w.Res.AttrPos("files"), "%s.files: %s: %v", w.Res.Addr, name, err)
			d.Hintf("`source` names a regular file of at most %s below %s", schema.Size(maxFile), s.Dir)
			d.Calls = w.Res.Calls
			continue
		}
		got[name] = text
	}
	return got
}

func readSource(dir, path string) (string, error) {
	rel, err := filepath.Rel(dir, path)
	if err != nil {
		return "", err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", err
	}
	defer root.Close()
	info, err := root.Stat(rel)
	switch {
	case err != nil:
		return "", plainError(err)
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("%s is no regular file", rel)
	case info.Size() > maxFile:
		return "", fmt.Errorf("%s is longer than %s", rel, schema.Size(maxFile))
	}
	f, err := root.Open(rel)
	if err != nil {
		return "", plainError(err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	return string(data), err
}

// plainError leaves the name of the system call out of an error.
func plainError(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return fmt.Errorf("%s: %w", p.Path, p.Err)
	}
	return err
}

// resolved returns the files of a spec with what they leave out filled in.
func (s *Spec) resolved(sources local) map[string]File {
	if s.Files == nil {
		return nil
	}
	out := map[string]File{}
	for name, x := range s.Files {
		if x.Source != "" {
			x.Content, x.Source = ir.StringVal(sources[name]), ""
		}
		if x.Mode == "" {
			x.Mode = "0644"
		}
		if x.OnChange == "" {
			x.OnChange = "restart"
		}
		out[name] = x
	}
	return out
}

// copies returns the ops that put the named files into a container: one for
// the container's own file system, or one for each mount if that is read-only.
func copies(id func(*engine.Blanks) string, s *Spec, files map[string]File, names []string, source func(ir.Ref) *engine.Source) []engine.Op {
	byDir := map[string][]string{}
	for _, name := range names {
		dir := "/"
		if m := s.mountOf(name); m != nil && s.ReadOnly {
			dir = m.Target
		}
		byDir[dir] = append(byDir[dir], name)
	}
	var ops []engine.Op
	for _, dir := range slices.Sorted(maps.Keys(byDir)) {
		op := engine.Op{}
		op.Call = &engine.CopyToContainer{Container: id(&op.Blanks), Path: dir}
		a := archive{dir: dir}
		for _, name := range byDir[dir] {
			a.add(name, files[name], &op.Blanks, source)
		}
		op.Stream = a.stream(op.Blanks)
		ops = append(ops, op)
	}
	return ops
}

// archive is a tar in the making. Folders are not in it: the engine makes
// missing ones, and those that are there keep their modes.
type archive struct {
	dir     string
	entries []entry
	blank   bool // some text holds blanks
}

type entry struct {
	header tar.Header // but for the size
	text   string
	blank  bool
}

func (a *archive) add(name string, x File, b *engine.Blanks, source func(ir.Ref) *engine.Source) {
	mode, err := strconv.ParseUint(x.Mode, 8, 32)
	if err != nil {
		panic("container: mode of a file is not canonical: " + x.Mode)
	}
	e := entry{header: tar.Header{
		Typeflag: tar.TypeReg, Name: strings.TrimPrefix(strings.TrimPrefix(name, a.dir), "/"),
		Mode: int64(mode), Uid: int(x.UID), Gid: int(x.GID), Format: tar.FormatPAX,
	}}
	v := x.Content.ToText()
	e.blank = v.Sensitive || v.Kind != ir.String
	if e.text = v.Str; e.blank {
		e.text = b.Text(v, source)
	}
	a.blank = a.blank || e.blank
	a.entries = append(a.entries, e)
}

// stream returns the archive under the hash of what plans may show of it.
func (a *archive) stream(b engine.Blanks) *engine.Stream {
	sum := sha256.New()
	size := int64(0)
	for _, e := range a.entries {
		text := e.text
		if e.blank {
			text = b.Printed(text)
		}
		fmt.Fprintf(sum, "%q %o %d %d %d\n%s\n", e.header.Name, e.header.Mode, e.header.Uid, e.header.Gid, len(text), text)
		size += int64(len(text))
	}
	s := &engine.Stream{Hash: hex.EncodeToString(sum.Sum(nil)), Size: size}
	literal := func(text string) (string, error) { return text, nil }
	if !a.blank {
		s.Open = func() (io.ReadCloser, error) { return a.open(literal) }
		return s
	}
	s.Fill = func(fill func(string) (string, error)) (*engine.Stream, error) {
		data, err := a.open(fill)
		if err != nil {
			return nil, err
		}
		whole, err := io.ReadAll(data)
		return &engine.Stream{Hash: s.Hash, Size: s.Size, Open: func() (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(whole)), nil
		}}, err
	}
	return s
}

func (a *archive) open(fill func(string) (string, error)) (io.ReadCloser, error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range a.entries {
		text := e.text
		if e.blank {
			var err error
			if text, err = fill(text); err != nil {
				return nil, err
			}
		}
		h := e.header
		h.Size = int64(len(text))
		if err := w.WriteHeader(&h); err != nil {
			return nil, err
		}
		if _, err := io.WriteString(w, text); err != nil {
			return nil, err
		}
	}
	return io.NopCloser(&out), w.Close()
}

// readBack reads files of a living container. What is not there is left out.
func readBack(ctx context.Context, r engine.Reader, id string, names []string) (map[string]File, error) {
	files := map[string]File{}
	for _, name := range names {
		body, _, err := r.CopyFromContainer(ctx, id, name)
		if engine.Gone(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading file %s: %w", name, err)
		}
		x, err := fileOf(body)
		body.Close()
		if err != nil {
			return nil, fmt.Errorf("reading file %s: %w", name, err)
		}
		files[name] = x
	}
	return files, nil
}

// fileOf reads the tar of one file. Something else than a regular file shows
// what it is in place of a mode, so that it differs from every file.
func fileOf(r io.Reader) (File, error) {
	t := tar.NewReader(r)
	h, err := t.Next()
	if err != nil {
		return File{}, err
	}
	x := File{UID: int64(h.Uid), GID: int64(h.Gid), Mode: fmt.Sprintf("%04o", h.Mode&0o7777)}
	switch h.Typeflag {
	case tar.TypeReg:
	case tar.TypeDir:
		x.Mode = "directory"
	case tar.TypeSymlink:
		x.Mode = "link to " + h.Linkname
	default:
		x.Mode = "special file"
	}
	data, err := io.ReadAll(io.LimitReader(t, maxFile+1))
	if h.Typeflag != tar.TypeReg {
		data = nil
	}
	x.Content = ir.StringVal(string(data))
	return x, err
}

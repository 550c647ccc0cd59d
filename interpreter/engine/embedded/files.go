package embedded

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
)

const dirType = tar.TypeDir

// mostUnpacked bounds what is taken of one archive, in bytes.
const mostUnpacked = 4 << 30

// ReadTar reads an archive into files by path without a leading slash.
func ReadTar(r io.Reader) (map[string]File, error) {
	files := map[string]File{}
	var total int64
	for t := tar.NewReader(r); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, bad("reading the archive: %s", err)
		}
		name := strings.TrimPrefix(path.Clean("/"+h.Name), "/")
		if total += h.Size; total > mostUnpacked {
			return nil, bad("the archive holds more than %d bytes", int64(mostUnpacked))
		}
		data, err := io.ReadAll(t)
		if err != nil {
			return nil, bad("reading %s in the archive: %s", h.Name, err)
		}
		if name == "" {
			continue
		}
		files[name] = File{Mode: h.Mode, Type: h.Typeflag, UID: h.Uid, GID: h.Gid, Link: h.Linkname, ModTime: h.ModTime.UTC(), Data: data}
	}
}

// writeTar writes files by path, in order.
func writeTar(w io.Writer, files map[string]File) error {
	t := tar.NewWriter(w)
	for _, name := range sorted(files) {
		f := files[name]
		h := &tar.Header{Name: name, Mode: f.Mode, Typeflag: f.Type, Uid: f.UID, Gid: f.GID, Linkname: f.Link, ModTime: f.ModTime, Size: int64(len(f.Data))}
		if f.Type == dirType && !strings.HasSuffix(h.Name, "/") {
			h.Name += "/"
		}
		if err := t.WriteHeader(h); err != nil {
			return fmt.Errorf("writing %s: %w", name, err)
		}
		if _, err := t.Write(f.Data); err != nil {
			return fmt.Errorf("writing %s: %w", name, err)
		}
	}
	return t.Close()
}

// place returns the files in which a container's path lies, and its path
// there: those of a volume mounted above it, or the container's own.
func (s *State) place(c *Container, p string) (map[string]File, string) {
	p = path.Clean("/" + p)
	var best container.MountPoint
	for _, m := range c.Mounts {
		if m.Type == "volume" && (p == m.Destination || strings.HasPrefix(p, m.Destination+"/")) && len(m.Destination) > len(best.Destination) {
			best = m
		}
	}
	vol := s.Volumes[best.Name]
	if best.Destination == "" || vol == nil {
		return c.Files, p
	}
	if vol.Files == nil {
		vol.Files = map[string]File{}
	}
	return vol.Files, path.Clean("/" + strings.TrimPrefix(p, best.Destination))
}

// file finds a file in a container: copied in, in a volume, or in its image.
func (s *State) file(c *Container, p string) (File, bool) {
	files, within := s.place(c, p)
	if f, ok := files[within]; ok {
		return f, true
	}
	im := s.Images[c.Image]
	if im == nil {
		return File{}, false
	}
	clean := path.Clean("/" + p)
	if f, ok := im.Files[clean]; ok {
		return f, true
	}
	f, ok := im.Files[strings.TrimPrefix(clean, "/")] // an imported archive's names
	return f, ok
}

// isDir reports whether a path in a container is a directory: the root, a
// mount, or what has something below it. Directories of an image that holds
// no files here are taken to exist.
func (s *State) isDir(c *Container, p string) bool {
	p = path.Clean("/" + p)
	if p == "/" || slices.ContainsFunc(c.Mounts, func(m container.MountPoint) bool { return m.Destination == p }) {
		return true
	}
	if f, ok := s.file(c, p); ok {
		return f.Type == dirType
	}
	return true
}

// PutArchive unpacks files at a path of a container, running or not.
func (s *State) PutArchive(now time.Time, ref, dir string, files map[string]File) error {
	s.at(now)
	c, err := s.Container(ref)
	switch {
	case err != nil:
		return err
	case c.Host.ReadonlyRootfs:
		return forbidden("container rootfs is marked read-only")
	case !s.isDir(c, dir):
		return bad("extraction point is not a directory")
	}
	for _, name := range sorted(files) {
		in, p := s.place(c, path.Join(dir, name))
		in[p] = files[name]
	}
	s.containerEvent(c, "extract-to-dir")
	return nil
}

// GetArchive returns an archive of a path of a container, and what the path is.
func (s *State) GetArchive(now time.Time, ref, p string) ([]byte, container.PathStat, error) {
	s.at(now)
	c, stat, err := s.StatPath(now, ref, p)
	if err != nil {
		return nil, stat, err
	}
	files := map[string]File{}
	clean := path.Clean("/" + p)
	if f, ok := s.file(c, clean); ok {
		files[stat.Name] = f
	}
	for _, in := range s.allFiles(c) {
		if rest, ok := strings.CutPrefix(in.path, clean+"/"); ok {
			files[path.Join(stat.Name, rest)] = in.file
		}
	}
	dirs := map[string]File{stat.Name: {Mode: 0o755, Type: dirType, ModTime: c.Created}}
	for name := range files {
		for dir := path.Dir(name); len(dir) > len(stat.Name); dir = path.Dir(dir) {
			dirs[dir] = dirs[stat.Name]
		}
	}
	for dir, f := range dirs {
		if _, there := files[dir]; !there {
			files[dir] = f
		}
	}
	var out bytes.Buffer
	if err := writeTar(&out, files); err != nil {
		return nil, stat, err
	}
	s.containerEvent(c, "archive-path")
	return out.Bytes(), stat, nil
}

type placed struct {
	path string
	file File
}

// allFiles returns the files of a container and its volumes, by path.
func (s *State) allFiles(c *Container) []placed {
	var all []placed
	for _, p := range sorted(c.Files) {
		all = append(all, placed{p, c.Files[p]})
	}
	for _, m := range c.Mounts {
		vol := s.Volumes[m.Name]
		if m.Type != "volume" || vol == nil {
			continue
		}
		for _, p := range sorted(vol.Files) {
			all = append(all, placed{path.Join(m.Destination, p), vol.Files[p]})
		}
	}
	return all
}

// StatPath tells what a path of a container is.
func (s *State) StatPath(now time.Time, ref, p string) (*Container, container.PathStat, error) {
	s.at(now)
	c, err := s.Container(ref)
	if err != nil {
		return nil, container.PathStat{}, err
	}
	clean := path.Clean("/" + p)
	stat := container.PathStat{Name: path.Base(clean), Mtime: c.Created.UTC()}
	if f, ok := s.file(c, clean); ok {
		h := tar.Header{Mode: f.Mode, Typeflag: f.Type}
		stat.Size, stat.Mode, stat.Mtime, stat.LinkTarget = int64(len(f.Data)), h.FileInfo().Mode(), f.ModTime, f.Link
		return c, stat, nil
	}
	below := slices.ContainsFunc(s.allFiles(c), func(in placed) bool { return strings.HasPrefix(in.path, clean+"/") })
	mounted := slices.ContainsFunc(c.Mounts, func(m container.MountPoint) bool { return m.Destination == clean })
	if clean != "/" && !below && !mounted {
		return nil, stat, notFound("Could not find the file %s in container %s", p, ref)
	}
	h := tar.Header{Mode: 0o755, Typeflag: dirType}
	stat.Mode = h.FileInfo().Mode()
	return c, stat, nil
}

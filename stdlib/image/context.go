package image

import (
	"archive/tar"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"bayplan/interpreter/engine"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
	"golang.org/x/sync/errgroup"
)

// place is where a build finds its files.
type place struct {
	context    string // absolute
	dockerfile string // absolute
}

// place returns where the files of a build are, for a module in dir.
func (b *Build) place(dir string) *place {
	p := &place{context: b.Context, dockerfile: cmp.Or(b.Dockerfile, "Dockerfile")}
	if !filepath.IsAbs(p.context) {
		p.context = filepath.Join(dir, p.context)
	}
	if !filepath.IsAbs(p.dockerfile) {
		p.dockerfile = filepath.Join(p.context, p.dockerfile)
	}
	return p
}

// mistake is what an author can mend, with what to do about it.
type mistake struct {
	Err  error
	Hint string
}

// look reports what is not there, or leads out of the root, also by a link.
func (p *place) look(root string) *mistake {
	if m := p.outside(root, below); m != nil {
		return m
	}
	info, err := os.Stat(p.context)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &mistake{fmt.Errorf("there is no directory %s", short(root, p.context)), "context is a path from the directory of this file on"}
	case err != nil:
		return &mistake{fmt.Errorf("the context cannot be read: %w", err), "is it yours to read?"}
	case !info.IsDir():
		return &mistake{fmt.Errorf("%s is no directory", short(root, p.context)), "context is the directory that the builder sees; the Dockerfile is `dockerfile`"}
	}
	info, err = os.Stat(p.dockerfile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &mistake{fmt.Errorf("there is no file %s", short(root, p.dockerfile)), "dockerfile is a path from the context on"}
	case err != nil:
		return &mistake{fmt.Errorf("the Dockerfile cannot be read: %w", err), "is it yours to read?"}
	case !info.Mode().IsRegular():
		return &mistake{fmt.Errorf("%s is no file", short(root, p.dockerfile)), "dockerfile is a file, from the context on"}
	}
	return p.outside(root, within)
}

func (p *place) outside(root string, inside func(root, path string) bool) *mistake {
	for _, x := range []string{p.context, p.dockerfile} {
		if !inside(root, x) {
			return &mistake{fmt.Errorf("%s leads out of the stack's directory", short(root, x)), fmt.Sprintf("move it below %s", root)}
		}
	}
	return nil
}

// short returns path as people know it: from the root on.
func short(root, path string) string {
	rel, err := filepath.Rel(root, path)
	if err != nil {
		return path
	}
	return filepath.ToSlash(rel)
}

// below reports whether path, as it is written, lies at or below root.
func below(root, path string) bool {
	rel, err := filepath.Rel(root, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// within reports whether what path really is lies at or below root.
func within(root, path string) bool {
	root, err := filepath.EvalSymlinks(root)
	if err != nil {
		return false
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return false
	}
	return below(root, real)
}

// entry is one thing that the builder sees.
type entry struct {
	path string      // within the context, with slashes
	mode fs.FileMode // type, and 0755 or 0644: whose it is and who else may read it does not count
	link string      // of links, where they point
	size int64
	time time.Time
	sum  string // of files, hex SHA-256 of the content
}

// tree is what a builder would see of a context.
type tree struct {
	place   *place
	entries []entry // in order of path
	// The Dockerfile, and how the builder finds it: by its own path, or where
	// that is not within the context or a file of its own says what to ignore,
	// by a name that COPY does not see.
	recipe entry
	hidden bool
	// ignore is .dockerignore as the builder needs it, though COPY may not see
	// it; nil for none.
	ignore []byte
}

// hiddenRecipe is the name of a Dockerfile that the builder finds and COPY does not.
const hiddenRecipe = ".bayplan.Dockerfile"

// see lists and hashes what the builder would see.
func (p *place) see() (*tree, error) {
	t := &tree{place: p}
	rel, err := filepath.Rel(p.context, p.dockerfile)
	if err != nil {
		return nil, err
	}
	rel = filepath.ToSlash(rel)
	// A context that is itself a link is where it points: walking does not follow it.
	if p.context, err = filepath.EvalSymlinks(p.context); err != nil {
		return nil, err
	}
	ignore, special, err := p.ignore()
	if err != nil {
		return nil, err
	}
	t.hidden = special || rel == ".." || strings.HasPrefix(rel, "../")
	if t.hidden {
		rel, ignore.file = hiddenRecipe, []byte(hiddenRecipe+"\n.dockerignore\n")
	}
	t.ignore = ignore.file
	if err := t.walk(ignore.matcher); err != nil {
		return nil, err
	}
	t.recipe = entry{path: rel, mode: 0o644}
	return t, t.hash()
}

// ignored is what a builder leaves out.
type ignored struct {
	file    []byte // of .dockerignore; nil if there is none
	matcher *patternmatcher.PatternMatcher
}

// ignore reads NAME.dockerignore beside the Dockerfile or else .dockerignore.
// special says that it was the former.
func (p *place) ignore() (ig ignored, special bool, err error) {
	special = true
	name := p.dockerfile + ".dockerignore"
	ig.file, err = os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		special, name = false, filepath.Join(p.context, ".dockerignore")
		ig.file, err = os.ReadFile(name)
	}
	if errors.Is(err, fs.ErrNotExist) {
		ig.file, err = nil, nil
	}
	if err != nil {
		return ig, special, fmt.Errorf("reading what to ignore: %w", err)
	}
	patterns, err := ignorefile.ReadAll(bytes.NewReader(ig.file))
	if err != nil {
		return ig, special, fmt.Errorf("%s: %w", name, err)
	}
	if ig.matcher, err = patternmatcher.New(patterns); err != nil {
		return ig, special, fmt.Errorf("%s: %w", name, err)
	}
	return ig, special, nil
}

// walk lists what the matcher leaves. A directory that it leaves out is listed
// all the same where something within it is not left out.
func (t *tree) walk(m *patternmatcher.PatternMatcher) error {
	infos := map[string]patternmatcher.MatchInfo{}
	dirs := map[string]entry{} // left out so far
	err := filepath.WalkDir(t.place.context, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(t.place.context, file)
		if err != nil || name == "." {
			return err
		}
		name = filepath.ToSlash(name)
		skip, info, err := m.MatchesUsingParentResults(name, infos[path.Dir(name)])
		if err != nil {
			return err
		}
		e, err := t.entry(name, file, d)
		if err != nil || e == nil {
			return err
		}
		if d.IsDir() {
			infos[name] = info
		}
		switch {
		case skip && d.IsDir() && !reincluded(m, name):
			return filepath.SkipDir
		case skip && d.IsDir():
			dirs[name] = *e
			return nil
		case skip:
			return nil
		}
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if parent, ok := dirs[dir]; ok {
				t.entries = append(t.entries, parent)
				delete(dirs, dir)
			}
		}
		t.entries = append(t.entries, *e)
		return nil
	})
	slices.SortFunc(t.entries, func(a, b entry) int { return strings.Compare(a.path, b.path) })
	return err
}

// reincluded reports whether a pattern may take something below a directory
// back in.
func reincluded(m *patternmatcher.PatternMatcher, dir string) bool {
	if !m.Exclusions() {
		return false
	}
	for _, p := range m.Patterns() {
		text := filepath.ToSlash(p.String())
		if p.Exclusion() && (strings.HasPrefix(text+"/", dir+"/") || strings.ContainsAny(text, "*?[")) {
			return true
		}
	}
	return false
}

// entry returns what the builder sees of one thing; nil for a socket, which
// docker leaves out too.
func (t *tree) entry(name, file string, d fs.DirEntry) (*entry, error) {
	info, err := d.Info()
	if err != nil {
		return nil, err
	}
	e := &entry{path: name, size: info.Size(), time: info.ModTime()}
	switch mode := info.Mode(); {
	case mode.IsDir():
		e.mode, e.size = fs.ModeDir|0o755, 0
	case mode.IsRegular():
		e.mode = 0o644
		if mode&0o111 != 0 {
			e.mode = 0o755
		}
	case mode&fs.ModeSymlink != 0:
		e.mode, e.size = fs.ModeSymlink|0o777, 0
		if e.link, err = os.Readlink(file); err != nil {
			return nil, err
		}
		e.link = filepath.ToSlash(e.link)
	case mode&fs.ModeSocket != 0:
		return nil, nil
	default:
		return nil, fmt.Errorf("%s is neither file, directory nor link: add it to .dockerignore", file)
	}
	return e, nil
}

// hash reads all files, side by side.
func (t *tree) hash() error {
	var g errgroup.Group
	g.SetLimit(max(4, runtime.NumCPU()))
	for i := range t.entries {
		e := &t.entries[i]
		if e.mode.IsRegular() {
			g.Go(func() (err error) {
				e.sum, err = sumFile(filepath.Join(t.place.context, filepath.FromSlash(e.path)))
				return err
			})
		}
	}
	g.Go(func() error {
		info, err := os.Stat(t.place.dockerfile)
		if err != nil {
			return err
		}
		t.recipe.size, t.recipe.time = info.Size(), info.ModTime()
		t.recipe.sum, err = sumFile(t.place.dockerfile)
		return err
	})
	return g.Wait()
}

func sumFile(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// lines writes one line for each entry: what counts of it.
func (t *tree) lines(w io.Writer) {
	fmt.Fprintf(w, "dockerfile %s\n", t.recipe.sum)
	for _, e := range t.entries {
		fmt.Fprintf(w, "%s %q %q %s\n", e.mode, e.path, e.link, e.sum)
	}
}

// files returns the hash of each file, by path: what a record holds. A link's
// is that of where it points, and the execute bit counts.
func (t *tree) files() map[string]string {
	out := map[string]string{}
	for _, e := range t.entries {
		if !e.mode.IsDir() {
			sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %s", e.mode, e.link, e.sum))
			out[e.path] = hex.EncodeToString(sum[:8])
		}
	}
	name := t.recipe.path
	if t.hidden {
		name = path.Base(filepath.ToSlash(t.place.dockerfile))
	}
	out[name] = t.recipe.sum[:16]
	return out
}

// stream returns the context as the builder gets it. Its times are those of the
// files, as docker's own are, since what is built may go by them; they do not
// count for the hash.
func (t *tree) stream(hash string) *engine.Stream {
	s := &engine.Stream{Hash: hash, Open: func() (io.ReadCloser, error) {
		r, w := io.Pipe()
		go func() { w.CloseWithError(t.write(w)) }()
		return r, nil
	}}
	for _, e := range t.entries {
		s.Size += e.size
	}
	return s
}

func (t *tree) write(w io.Writer) error {
	tw := tar.NewWriter(w)
	done := map[string]bool{}
	for _, e := range t.entries {
		done[e.path] = true
		if t.hidden && (e.path == ".dockerignore" || e.path == hiddenRecipe) {
			continue
		}
		if err := e.write(tw, filepath.Join(t.place.context, filepath.FromSlash(e.path))); err != nil {
			return err
		}
	}
	if !done[t.recipe.path] || t.hidden {
		if err := t.recipe.write(tw, t.place.dockerfile); err != nil {
			return err
		}
	}
	if t.ignore != nil && (!done[".dockerignore"] || t.hidden) {
		err := tw.WriteHeader(&tar.Header{Name: ".dockerignore", Mode: 0o644, Size: int64(len(t.ignore))})
		if err != nil {
			return err
		}
		if _, err := tw.Write(t.ignore); err != nil {
			return err
		}
	}
	return tw.Close()
}

// write adds one entry. What is sent is what the plan has seen: a file that
// changed in between is an error.
func (e *entry) write(tw *tar.Writer, file string) error {
	h := &tar.Header{Name: e.path, Mode: int64(e.mode.Perm()), Size: e.size, ModTime: e.time.Truncate(time.Second), Typeflag: tar.TypeReg}
	switch {
	case e.mode.IsDir():
		h.Typeflag, h.Name = tar.TypeDir, e.path+"/"
	case e.mode&fs.ModeSymlink != 0:
		h.Typeflag, h.Linkname = tar.TypeSymlink, e.link
		if now, err := os.Readlink(file); err != nil || filepath.ToSlash(now) != e.link {
			return moved(e.path, err)
		}
	}
	if err := tw.WriteHeader(h); err != nil {
		return err
	}
	if h.Typeflag != tar.TypeReg {
		return nil
	}
	f, err := os.Open(file)
	if err != nil {
		return moved(e.path, err)
	}
	defer f.Close()
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(tw, sum), io.LimitReader(f, e.size))
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil || n != e.size || info.Size() != e.size || hex.EncodeToString(sum.Sum(nil)) != e.sum {
		return moved(e.path, err)
	}
	return nil
}

func moved(name string, err error) error {
	if err != nil {
		return fmt.Errorf("%s changed since the plan was made, plan again: %w", name, err)
	}
	return fmt.Errorf("%s changed since the plan was made, plan again", name)
}

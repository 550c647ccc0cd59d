package image

import (
	"archive/tar"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"bayplan/interpreter/engine"
	"bayplan/lang/schema"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
	"golang.org/x/sync/errgroup"
)

// place is where a build finds its files.
type place struct {
	context    string // absolute; "" is nothing at all
	dockerfile string // absolute
	inline     string // the Dockerfile itself; "" where it is a file
}

// place returns where the files of a build are, for a module in dir.
func (b *Build) place(dir string) *place {
	p := &place{context: rooted(dir, cmp.Or(b.Context, ".")), inline: b.Inline}
	switch {
	case p.inline == "":
		p.dockerfile = rooted(p.context, cmp.Or(b.Dockerfile, "Dockerfile"))
	case b.Context == "":
		p.context = ""
	}
	return p
}

// shown is the Dockerfile's name for people.
func (p *place) shown(root string) string {
	if p.inline != "" {
		return inlineName
	}
	return short(root, p.dockerfile)
}

// inlineName is what a Dockerfile is called that is no file.
const inlineName = "dockerfile_inline"

// source returns the Dockerfile.
func (p *place) source(on schema.Ground) ([]byte, error) {
	if p.inline != "" {
		return []byte(p.inline), nil
	}
	src, err := on.ReadFile(p.dockerfile)
	if err != nil {
		return nil, fmt.Errorf("reading the Dockerfile: %w", err)
	}
	return src, nil
}

// mistake is what an author can mend, with what to do about it.
type mistake struct {
	Err  error
	Hint string
}

// look reports what is not there, or leads out of the root, also by a link.
func (p *place) look(root string, on schema.Ground) *mistake {
	if m := p.outside(root, schema.Below); m != nil {
		return m
	}
	if p.context == "" {
		return nil
	}
	info, err := on.Stat(p.context)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &mistake{fmt.Errorf("there is no directory %s", short(root, p.context)), "context is a path from the directory of this file on"}
	case err != nil:
		return &mistake{fmt.Errorf("the context cannot be read: %w", err), "is it yours to read?"}
	case !info.IsDir():
		return &mistake{fmt.Errorf("%s is no directory", short(root, p.context)), "context is the directory that the builder sees; the Dockerfile is `dockerfile`"}
	}
	if p.inline != "" {
		return p.outside(root, on.Within)
	}
	info, err = on.Stat(p.dockerfile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &mistake{fmt.Errorf("there is no file %s", short(root, p.dockerfile)), "dockerfile is a path from the context on"}
	case err != nil:
		return &mistake{fmt.Errorf("the Dockerfile cannot be read: %w", err), "is it yours to read?"}
	case !info.Mode().IsRegular():
		return &mistake{fmt.Errorf("%s is no file", short(root, p.dockerfile)), "dockerfile is a file, from the context on"}
	}
	return p.outside(root, on.Within)
}

func (p *place) outside(root string, inside func(root, path string) bool) *mistake {
	for _, x := range []string{p.context, p.dockerfile} {
		if x != "" && !inside(root, x) {
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
	source []byte // the Dockerfile
	sent   []byte // the Dockerfile with the digests of its bases; nil where it is sent as it is
	// ignore is .dockerignore as the builder needs it, though COPY may not see
	// it; nil for none.
	ignore []byte
}

// hiddenRecipe is the name of a Dockerfile that the builder finds and COPY does not.
const hiddenRecipe = ".bayplan.Dockerfile"

// hidesRecipe is the .dockerignore beside it.
var hidesRecipe = []byte(hiddenRecipe + "\n.dockerignore\n")

// see lists and hashes what the builder would see.
func (p *place) see() (*tree, error) {
	t := &tree{place: p, recipe: entry{path: hiddenRecipe, mode: 0o644}, hidden: true}
	var err error
	if t.source, err = p.source(schema.Host{}); err != nil {
		return nil, err
	}
	if p.context == "" {
		return t, t.hash()
	}
	rel := "../"
	if p.inline == "" {
		if rel, err = filepath.Rel(p.context, p.dockerfile); err != nil {
			return nil, err
		}
		rel = filepath.ToSlash(rel)
	}
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
		rel, ignore.file = hiddenRecipe, hidesRecipe
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
	if err = fs.ErrNotExist; p.inline == "" {
		ig.file, err = os.ReadFile(name)
	}
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
	err := filepath.WalkDir(t.place.context, func(file string, d fs.DirEntry, unread error) error {
		name, err := filepath.Rel(t.place.context, file)
		if err != nil || name == "." {
			return errors.Join(err, unread)
		}
		name = filepath.ToSlash(name)
		skip, info, err := m.MatchesUsingParentResults(name, infos[path.Dir(name)])
		if err != nil {
			return err
		}
		named := true // what is within
		switch {
		case skip && !d.IsDir():
			return nil // nothing is asked of it: it can be of any kind, or gone by now
		case skip:
			var some bool
			if some, named = reincluded(m, name); !some {
				return filepath.SkipDir
			}
		}
		var e *entry
		if err = unread; err == nil {
			e, err = t.entry(name, file, d)
		}
		switch {
		case !named && errors.Is(err, fs.ErrPermission), skip && errors.Is(err, fs.ErrNotExist):
			return filepath.SkipDir
		case err != nil || e == nil:
			return err
		}
		if d.IsDir() {
			infos[name] = info
		}
		if skip {
			dirs[name] = *e
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
// back in, and whether one does so by the directory's name. Where it is only that a
// wildcard could, BuildKit leaves out what it may not read.
func reincluded(m *patternmatcher.PatternMatcher, dir string) (some, named bool) {
	if !m.Exclusions() {
		return false, false
	}
	for _, p := range m.Patterns() {
		if !p.Exclusion() {
			continue
		}
		// dir/** takes in all below dir, and nothing below another directory.
		text := strings.TrimSuffix(strings.TrimSuffix(filepath.ToSlash(p.String()), "/**"), "/*")
		named = named || strings.HasPrefix(text+"/", dir+"/")
		some = some || named || strings.ContainsAny(text, "*?[")
	}
	return some, named
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
	sum := sha256.Sum256(t.source)
	t.recipe.size, t.recipe.sum = int64(len(t.source)), hex.EncodeToString(sum[:])
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
		name = path.Base(filepath.ToSlash(t.place.shown(t.place.context)))
	}
	out[name] = t.recipe.sum[:16]
	return out
}

// stream returns the context as the builder gets it. Its times are those of the
// files, as docker's own are, since what is built may go by them; they do not
// count for the hash.
func (t *tree) stream(hash string) *engine.Stream {
	s := &engine.Stream{Hash: hash, Size: t.size(), Open: func() (io.ReadCloser, error) {
		r, w := io.Pipe()
		go func() { w.CloseWithError(t.write(w)) }()
		return r, nil
	}}
	return s
}

// size returns how many bytes the files have.
func (t *tree) size() int64 {
	var n int64
	for _, e := range t.entries {
		n += e.size
	}
	return n
}

// sentAs returns the path of the Dockerfile in what is sent. What is not the file
// as it lies in the context is not seen by COPY.
func (t *tree) sentAs() string {
	if t.sent != nil {
		return hiddenRecipe
	}
	return t.recipe.path
}

func (t *tree) write(w io.Writer) error {
	tw := tar.NewWriter(w)
	done := map[string]bool{}
	hidden, source, ignore := t.hidden || t.sent != nil, t.source, t.ignore
	if t.sent != nil {
		source, ignore = t.sent, hidesRecipe
	}
	for _, e := range t.entries {
		done[e.path] = true
		if hidden && (e.path == ".dockerignore" || e.path == hiddenRecipe) {
			continue
		}
		if err := e.write(tw, filepath.Join(t.place.context, filepath.FromSlash(e.path))); err != nil {
			return err
		}
	}
	if !done[t.sentAs()] || hidden {
		if err := put(tw, t.sentAs(), source); err != nil {
			return err
		}
	}
	if ignore != nil && (!done[".dockerignore"] || hidden) {
		if err := put(tw, ".dockerignore", ignore); err != nil {
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
	f := e.open(file)
	defer f.Close()
	_, err := io.Copy(tw, f)
	return err
}

// put adds what is no file.
func put(tw *tar.Writer, name string, content []byte) error {
	if err := tw.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))}); err != nil {
		return err
	}
	_, err := tw.Write(content)
	return err
}

// seenFile is a file as a plan has seen it: reading it ends in an error where it
// is another now.
type seenFile struct {
	entry *entry
	file  *os.File // nil if it cannot be opened
	err   error    // then: why
	left  int64
	sum   hash.Hash
}

func (e *entry) open(file string) *seenFile {
	s := &seenFile{entry: e, left: e.size, sum: sha256.New()}
	if s.file, s.err = os.Open(file); s.err != nil {
		s.file = nil
	}
	return s
}

// Read implements io.Reader.
func (s *seenFile) Read(p []byte) (int, error) {
	if s.file == nil {
		return 0, moved(s.entry.path, s.err)
	}
	if s.left == 0 {
		return 0, s.end()
	}
	n, err := s.file.Read(p[:min(int64(len(p)), s.left)])
	s.left -= int64(n)
	s.sum.Write(p[:n])
	if err == io.EOF && s.left > 0 {
		return n, moved(s.entry.path, nil)
	}
	return n, err
}

// end says whether all of it was as it should be: io.EOF.
func (s *seenFile) end() error {
	info, err := s.file.Stat()
	if err != nil || info.Size() != s.entry.size || hex.EncodeToString(s.sum.Sum(nil)) != s.entry.sum {
		return moved(s.entry.path, err)
	}
	return io.EOF
}

// Close implements io.Closer.
func (s *seenFile) Close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

// dir returns the context for a builder that asks for what it needs.
func (t *tree) dir() engine.Dir {
	d := engine.Dir{}
	files := map[string]*entry{}
	for i := range t.entries {
		e := &t.entries[i]
		files[e.path] = e
		d.Entries = append(d.Entries, engine.DirEntry{Path: e.path, Mode: e.mode, Link: e.link, Size: e.size, Time: e.time})
	}
	slices.SortFunc(d.Entries, func(a, b engine.DirEntry) int {
		return slices.Compare(strings.Split(a.Path, "/"), strings.Split(b.Path, "/"))
	})
	d.Open = func(name string) (io.ReadCloser, error) {
		e := files[name]
		if e == nil {
			return nil, fmt.Errorf("the builder asks for %s, which is not in the context", name)
		}
		return e.open(filepath.Join(t.place.context, filepath.FromSlash(name))), nil
	}
	return d
}

// recipeDir returns the Dockerfile for such a builder. What to ignore is left
// out of the context already, and the builder shall not look there for it.
func (t *tree) recipeDir() engine.Dir {
	source := t.source
	if t.sent != nil {
		source = t.sent
	}
	files := map[string][]byte{"Dockerfile": source, "Dockerfile.dockerignore": []byte("# nothing\n")}
	d := engine.Dir{Open: func(name string) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(files[name])), nil }}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		d.Entries = append(d.Entries, engine.DirEntry{Path: name, Mode: 0o644, Size: int64(len(files[name])), Time: time.Unix(0, 0)})
	}
	return d
}

func moved(name string, err error) error {
	if err != nil {
		return fmt.Errorf("%s changed since the plan was made, plan again: %w", name, err)
	}
	return fmt.Errorf("%s changed since the plan was made, plan again", name)
}

package load

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"bayplan/lang/diag"
	"bayplan/lang/schema"
	"bayplan/lang/starfile"
	"bayplan/lang/value"
)

// loader evaluates modules. It implements schema.Loader.
type loader struct {
	options Options
	std     *source       // nil if there are no modules std/NAME
	open    []opened      // the modules that are under way, outermost first
	bodies  map[site]body // those of modules, as they were read first
}

// site is where a module is: an absolute directory, and the file in it if one is named.
type site struct {
	src       *source
	dir, file string
}

// body is what is to be evaluated of a module.
type body struct {
	lang language
	schema.Body
}

// opened is a module whose body is being evaluated.
type opened struct {
	src *source
	dir string // below src's root
}

// same reports whether two modules are one directory, also by way of a link.
func (o opened) same(other opened) bool {
	if o.src != other.src {
		return false
	}
	a, errA := fs.Stat(o.src.files, filepath.ToSlash(o.dir))
	b, errB := fs.Stat(o.src.files, filepath.ToSlash(other.dir))
	return o.dir == other.dir || errA == nil && errB == nil && sameFile(a, b)
}

func (o opened) String() string { return cmp.Or(filepath.ToSlash(o.src.show(o.dir)), ".") }

// read evaluates a body.
func (l *loader) read(lang language, b *schema.Builder, body schema.Body, in *value.Inputs, src *source) {
	dir, err := filepath.Rel(src.abs, body.Dir)
	if err != nil {
		panic(err) // both are absolute
	}
	l.open = append(l.open, opened{src, dir})
	lang.read(b, body, in, src)
	l.open = l.open[:len(l.open)-1]
}

// Module evaluates a module. See schema.Loader.
func (l *loader) Module(m *schema.Module) {
	src, dir, file, d := l.find(m.Source)
	if d != nil {
		fail(m, "%s", d.Msg).Hint = d.Hint
		return
	}
	o := opened{src, dir}
	if i := slices.IndexFunc(l.open, o.same); i >= 0 {
		way := ""
		for _, step := range l.open[i:] {
			way += step.String() + " → "
		}
		fail(m, "modules use each other in a cycle: %s%s", way, l.open[i]).Hintf("a module cannot be part of itself, over any number of steps")
		return
	}
	b, ok := l.body(m, src, dir, file)
	if !ok {
		return
	}
	in := &value.Inputs{
		Opaque: l.options.Opaque, Secret: l.options.Secret,
		Caller: &value.Caller{Name: m.Addr.String(), Pos: m.Pos, Inputs: m.Inputs, Diags: &m.Caller.Diags},
	}
	l.read(b.lang, m.Body, b.Body, in, src)
}

// body returns the body of a module, which is read once for all modules of it.
func (l *loader) body(m *schema.Module, src *source, dir, file string) (body, bool) {
	at := site{src, filepath.Join(src.abs, dir), file}
	if b, ok := l.bodies[at]; ok {
		return b, true
	}
	lang, names, d := choose(src, dir, file)
	if d != nil {
		fail(m, "%s: %s", d.Pos, d.Msg).Hint = d.Hint
		return body{}, false
	}
	read, ok := src.body(dir, names, &m.Caller.Diags)
	if !ok {
		return body{}, false
	}
	if l.bodies == nil {
		l.bodies = map[site]body{}
	}
	l.bodies[at] = body{lang, read}
	return l.bodies[at], true
}

// fail says what is wrong with the source of a module.
func fail(m *schema.Module, format string, args ...any) *diag.Diag {
	return m.Caller.Diags.Addf(m.SourcePos, "%s.source: %s", m.Addr, fmt.Sprintf(format, args...))
}

// find returns where a module is: the directory below the root of src, and the
// file in it if one is named.
func (l *loader) find(text string) (src *source, dir, file string, wrong *diag.Diag) {
	from := l.open[len(l.open)-1]
	switch {
	case text == "." || text == ".." || strings.HasPrefix(text, "./") || strings.HasPrefix(text, "../"):
		dir, file, wrong = from.src.moduleDir(filepath.Join(from.src.abs, from.dir), text)
		return from.src, dir, file, wrong
	case strings.HasPrefix(text, stdPrefix):
		return l.shipped(strings.TrimPrefix(text, stdPrefix))
	case isElsewhere(text):
		wrong = &diag.Diag{Msg: fmt.Sprintf("%q is somewhere else, and sources from elsewhere come later", text)}
		return nil, "", "", wrong.Hintf("copy the module to a directory of the stack: source = \"./modules/NAME\"")
	}
	wrong = &diag.Diag{Msg: fmt.Sprintf("%q is no source", text)}
	return nil, "", "", wrong.Hintf("a directory of the stack begins with a dot: %q; a module of bay's is std/NAME", "./"+strings.TrimLeft(text, "/"))
}

// isElsewhere reports whether a source is what other tools take for one that
// has to be fetched.
func isElsewhere(text string) bool {
	host, _, _ := strings.Cut(text, "/")
	return strings.Contains(text, "::") || strings.Contains(text, "://") || strings.HasPrefix(text, "git@") ||
		strings.HasSuffix(text, ".git") || strings.Contains(host, ".") && host != text || strings.Contains(text, "?ref=")
}

// moduleDir returns the directory below the root that a source names, and the
// file in it if it names a body.
func (s *source) moduleDir(from, text string) (dir, file string, wrong *diag.Diag) {
	fail := func(format string, args ...any) (string, string, *diag.Diag) {
		return "", "", &diag.Diag{Msg: fmt.Sprintf(format, args...)}
	}
	dir, err := s.rel(from, filepath.FromSlash(text))
	if err != nil {
		_, _, wrong = fail("%v", err)
		return "", "", wrong.Hintf(`a module lies below the directory of the stack, or of one above that the stack names: root = ".."`)
	}
	info, err := fs.Stat(s.files, filepath.ToSlash(dir))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		_, _, wrong = fail("there is no directory %q", text)
		return "", "", wrong.DidYouMean(text, s.siblings(dir, text))
	case err != nil:
		return fail("%v", s.explain(text, err))
	case !info.IsDir():
		return filepath.Dir(dir), filepath.Base(dir), nil
	}
	return dir, "", nil
}

// siblings returns what text could have been: the directories beside it.
func (s *source) siblings(dir, text string) []string {
	entries, err := fs.ReadDir(s.files, filepath.ToSlash(filepath.Dir(dir)))
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		if e.IsDir() {
			out = append(out, strings.TrimSuffix(text, filepath.Base(dir))+e.Name())
		}
	}
	return out
}

const stdPrefix = "std/"

// shipped finds a module that comes with bay.
func (l *loader) shipped(name string) (src *source, dir, file string, wrong *diag.Diag) {
	src = l.std
	if src != nil && fs.ValidPath(name) && name != "." {
		if info, err := fs.Stat(src.files, name); err == nil && info.IsDir() {
			return src, name, "", nil
		}
	}
	wrong = &diag.Diag{Msg: fmt.Sprintf("bay has no module %q", stdPrefix+name)}
	if src == nil {
		return nil, "", "", wrong
	}
	all := src.siblings("x", stdPrefix+"x")
	wrong.DidYouMean(stdPrefix+name, all)
	if wrong.Hint == "" {
		wrong.Hintf("it has %s", strings.Join(all, ", "))
	}
	return nil, "", "", wrong
}

// stdSource gives the modules that come with bay; nil if there are none.
func stdSource(modules fs.FS, seen diag.Sources) *source {
	if modules == nil {
		return nil
	}
	// Nothing can lie there: no path of such a module leads to a file of the machine.
	abs := filepath.Join(os.DevNull, "std")
	return &source{files: modules, close: func() error { return nil }, abs: abs, home: abs, shown: "std", seen: seen}
}

// Widen makes a directory above the root module's the root. See schema.Loader.
func (l *loader) Widen(path string) (string, error) {
	top := &l.open[0]
	below, err := top.src.widen(filepath.FromSlash(path))
	if err != nil {
		return "", err
	}
	top.dir = below
	return top.src.abs, nil
}

// Library reads a file of functions. See schema.Loader.
func (l *loader) Library(b *schema.Builder, path string) (schema.Library, error) {
	from := l.open[len(l.open)-1]
	dir := filepath.Join(from.src.abs, from.dir)
	if filepath.Ext(path) != ".star" {
		return nil, fmt.Errorf("%q is no .star file", path)
	}
	f, err := from.src.Open(dir, filepath.FromSlash(path))
	if err != nil {
		return nil, err
	}
	return starfile.ReadLibrary(b, f, from.src, dir), nil
}

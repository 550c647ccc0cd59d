// Package starfile reads the Starlark body of a module: main.bay.star and the
// files that it loads.
//
// A declaration is a call of a built-in function and goes to the Builder at
// once; what it returns is a handle. The syntax tree is rewritten before it is
// resolved, so that a value that only the engine knows, or a sensitive one, is
// never decided upon without a word.
package starfile

import (
	"maps"
	"path/filepath"

	"bayplan/lang/diag"
	"bayplan/lang/schema"
	"bayplan/lang/value"

	"go.starlark.net/starlark"
)

// Read evaluates a body and hands what it declares to b.
func Read(b *schema.Builder, body schema.Body, in *value.Inputs, src schema.Source) {
	newReader(b, in, src, body.Dir).read(body.Files)
}

func newReader(b *schema.Builder, in *value.Inputs, src schema.Source, dir string) *reader {
	r := &reader{
		b: b, in: in, src: src, dir: dir,
		files:     map[string]file{},
		loaded:    map[string]*library{},
		variables: map[string]diag.Pos{},
		mended:    map[diag.Pos]bool{},
	}
	if b.Spent.Heap == 0 {
		b.Spent.Heap = heapBytes() + maxHeap
	}
	// The table is kept like a file that every module begins with.
	r.predeclared, _ = schema.Keep(b, schema.File{Name: "<builtin>"}, func() (starlark.StringDict, bool) { return names(b.Universe), true })
	return r
}

func (r *reader) read(files []schema.File) {
	for _, f := range files {
		if _, err := r.run(f); err != nil {
			r.report(err)
			r.in.Cut = true
		}
	}
	r.in.Report(&r.b.Diags)
}

// reader is one evaluation of a body.
type reader struct {
	b   *schema.Builder
	in  *value.Inputs
	src schema.Source
	dir string // the module's

	library string // the file's name, if this is a library; "" for a body

	predeclared starlark.StringDict
	files       map[string]file     // those that run or ran, by name
	loaded      map[string]*library // by absolute path
	loading     []string            // files whose load is under way, outermost first
	variables   map[string]diag.Pos // by name: where it was declared
	unresolved  bool                // something has no value, and a message says so
	mended      map[diag.Pos]bool   // where there was a mistake after which the program went on

	made int // bytes of results since the last look at the memory
}

// file is one that runs or ran.
type file struct {
	*unit
	dir string // where its loads start
}

// callAt returns what is known about the call whose left parenthesis is at p, or nil.
func (r *reader) callAt(p diag.Pos) *call {
	if f, ok := r.files[p.File]; ok {
		return f.calls[p]
	}
	return nil
}

// readerKey is where a thread keeps its reader, and bodyKey whether it runs the
// statements of a body, which go on after some mistakes: see mend.
const (
	readerKey = "reader"
	bodyKey   = "body"
)

func readerOf(t *starlark.Thread) *reader { return t.Local(readerKey).(*reader) }

// run reads a file and executes it. It returns the file's globals, frozen.
func (r *reader) run(f schema.File) (starlark.StringDict, error) {
	r.b.Spent.Watch.AtLine(diag.Pos{File: f.Name, Line: 1, Col: 1})
	u, err := r.compile(f)
	if err != nil {
		return nil, err
	}
	r.files[f.Name] = file{u, filepath.Dir(f.Path)}
	t := &starlark.Thread{Name: f.Name, Load: r.load, Print: r.print}
	t.SetLocal(readerKey, r)
	t.SetLocal(bodyKey, r.library == "")
	defer r.guard(t)()
	names := r.predeclared
	if len(u.lost) > 0 {
		r.in.Cut = true // it may be that a variable is declared by such a name, or the stack
		r.b.Nameless()
		names = maps.Clone(names)
		for _, name := range u.lost {
			names[name] = r.unknown()
		}
	}
	globals, err := u.prog.Init(t, names)
	globals.Freeze()
	return globals, err
}

// print shows what a program prints as a warning where it prints.
func (r *reader) print(t *starlark.Thread, msg string) {
	at, calls := r.where(t.CallStack())
	r.b.Diags.Warnf(at, "print: %s", msg).Calls = calls
}

// library is a loaded file.
type library struct {
	globals starlark.StringDict
	err     error
}

// load serves load("./lib/x.star", …). Paths start at the file that loads.
func (r *reader) load(t *starlark.Thread, path string) (starlark.StringDict, error) {
	from := position(t.CallFrame(0).Pos).File
	if filepath.Ext(path) != ".star" {
		return nil, failf("cannot load %q: want a .star file", path).Hintf(`a file of functions is loaded by its path: load("./lib/x.star", "f")`)
	}
	f, err := r.src.Open(r.files[from].dir, path)
	if err != nil {
		return nil, failf("cannot load %q: %v", path, err)
	}
	if filepath.Base(f.Path) == "main.bay.star" {
		return nil, failf("cannot load %q: it is the body of a module", path).Hintf("move the functions to a file of their own")
	}
	if lib := r.loaded[f.Path]; lib != nil {
		return lib.globals, lib.err
	}
	if err := r.enter(f); err != nil {
		return nil, err
	}
	globals, err := r.run(f)
	r.loading = r.loading[:len(r.loading)-1]
	if err != nil {
		r.report(err)
		err = new(stopped) // said once, where it is
	}
	r.loaded[f.Path] = &library{globals, err}
	return globals, err
}

// enter begins the load of a file, or says by which way it loads itself.
func (r *reader) enter(f schema.File) error {
	for i, name := range r.loading {
		if name != f.Name {
			continue
		}
		way := ""
		for _, n := range r.loading[i:] {
			way += n + " → "
		}
		return failf("files load each other in a cycle: %s%s", way, f.Name).Hintf("move what both need to a third file")
	}
	r.loading = append(r.loading, f.Name)
	return nil
}

// declaring reports whether a declaration may be made now. A file that is
// loaded only brings functions.
func (r *reader) declaring(what string) error {
	if r.library != "" {
		return failf("%s in %s: the functions of a library make values and declare nothing", what, r.library).
			Hintf("what declares things is a module")
	}
	if len(r.loading) == 0 {
		return nil
	}
	return failf("%s while %s is being loaded: a loaded file brings functions and declares nothing", what, r.loading[len(r.loading)-1]).
		Hintf("put the call into a function, and call that from main.bay.star")
}

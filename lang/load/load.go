// Package load finds the body of a directory, in whichever language it is
// written, and has it read to a program. It is the one place where modules and
// libraries cross from one language to the other.
package load

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"bayplan/lang/diag"
	"bayplan/lang/hclfile"
	"bayplan/lang/ir"
	"bayplan/lang/lock"
	"bayplan/lang/schema"
	"bayplan/lang/starfile"
	"bayplan/lang/value"
)

// Options say what to load and with which inputs.
type Options struct {
	Universe *schema.Universe
	Modules  fs.FS  // the modules std/NAME, a directory for each; nil has none
	Path     string // a directory, or a file of the body that is meant; "" is the current directory
	Shown    string // the directory as messages and positions name it; "" is as Path does
	Stack    string // overrides the stack's name, if not empty
	Vars     []Var  // of the command line, in order: later ones win

	// VarFiles are files of values for variables, as paths: HCL, JSON or dotenv
	// by their names. Vars win over them, and they over bay.vars.hcl beside the
	// body; of them, later ones win.
	VarFiles []string

	// Env looks up an environment variable. BAY_VAR_x is the value of the
	// variable x. It may be nil.
	Env func(string) (string, bool)

	// Opaque lets a sensitive variable without a value be one that cannot be
	// looked into, for commands that create nothing.
	Opaque bool

	// Told is what an engine has told about a resource, for its postconditions;
	// nil while none was asked.
	Told *ir.Told

	// Secret is told each value of a sensitive variable before anything is said
	// that could show it. It may be nil.
	Secret func(ir.Value)

	Disk  Disk          // nil is Machine
	Seen  diag.Sources  // takes the files as they are read; nil: a map of the load's own
	Watch *schema.Watch // told where the evaluation is, and asked whether it shall stop; may be nil
}

// disk is where the files are.
func (o Options) disk() Disk {
	if o.Disk == nil {
		return Machine{}
	}
	return o.Disk
}

// Var is the value of a variable.
type Var struct {
	Name, Value string

	// From says where the value comes from, for messages. "" is the command
	// line: only of that a name that no variable has is a mistake.
	From string
}

// Result is what came of loading.
type Result struct {
	Program *ir.Program // nil if Diags has errors
	Stack   string      // the stack's name, as far as it is known also where Diags has errors; else ""
	Diags   diag.List
	Sources diag.Sources // the files that were read, for Diags

	Taken   []value.Taken     // the variables that a value was given for, in order of their names
	Missing []*value.Variable // those that have none, in the order in which they stand
}

// language is one in which a body can be written.
type language struct {
	files  string // the names of its files, as a pattern
	read   func(*schema.Builder, schema.Body, *value.Inputs, schema.Source)
	ext    string // of all files in it, also those that are no body
	format func(schema.File, *diag.List) ([]byte, bool)

	outline func([]schema.File, []string, *diag.List) schema.Outline
}

func languages() []language {
	return []language{
		{files: "*.bay.hcl", read: hclfile.Read, ext: ".hcl", format: hclfile.Format, outline: hclfile.Outline},
		{files: "main.bay.star", read: starfile.Read, ext: ".star", format: starfile.Format, outline: starfile.Outline},
	}
}

// Load reads the body at o.Path. File names in messages are relative to the
// current directory if o.Path is.
func Load(o Options) Result {
	dir, file := o.Path, ""
	if o.disk().IsFile(o.Path) {
		dir, file = filepath.Split(o.Path)
	}
	src, err := openSource(o.disk(), filepath.Clean(dir))
	if err != nil {
		var ds diag.List
		ds.Addf(diag.Pos{File: o.Path}, "%v", err)
		return Result{Diags: ds}
	}
	defer func() { _ = src.close() }() // nothing was written
	src.shown = cmp.Or(o.Shown, src.shown)
	if o.Seen != nil {
		src.seen = o.Seen
	}
	b := schema.NewBuilder(o.Universe, src.abs, o.Stack)
	l := &loader{options: o, std: stdSource(o.Modules, src.seen)}
	b.LoadBy(l)
	if o.Told != nil {
		b.KnowBy(*o.Told)
	}
	b.Spent.Watch = o.Watch
	b.StandOn(o.disk())
	res := Result{Sources: src.seen}
	if lang, names, d := choose(src, ".", file); d != nil {
		b.Diags = append(b.Diags, *d)
	} else if body, ok := src.body(".", names, &b.Diags); ok {
		files := varFiles(o.disk(), src, o.VarFiles, &b.Diags)
		in := inputs(o, files)
		in.Lost = b.Diags.HasErrors()
		l.read(lang, b, body, in, src)
		reveal(files, in, src)
		res.Taken, res.Missing = in.Taken, in.Missing
		slices.SortFunc(res.Taken, func(a, b value.Taken) int { return strings.Compare(a.Name, b.Name) })
	}
	locked := lockOf(src, o.Universe.KindNames(), &b.Diags)
	program := b.Finish()
	for _, v := range b.Secrets() {
		if o.Secret != nil {
			o.Secret(v)
		}
	}
	program.Pins = locked.Pins
	res.Stack = program.Stack
	if res.Diags = b.Diags; !res.Diags.HasErrors() {
		res.Program = program
	}
	return res
}

// lockOf reads the lock file beside the root's body, if there is one.
func lockOf(src *source, kinds []string, ds *diag.List) lock.File {
	f, err := src.Open(src.home, lock.Name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return lock.File{}
	case err != nil:
		ds.Addf(diag.Pos{File: filepath.Join(src.shown, lock.Name)}, "%v", err)
		return lock.File{}
	}
	return lock.Parse(f.Name, f.Src, kinds, ds)
}

// choose returns the language of the body in a directory of src, and its files.
// file is the one that the user named, or "".
func choose(src *source, dir, file string) (language, []string, *diag.Diag) {
	shown := src.show(dir)
	names, err := src.names(dir)
	if err != nil {
		return language{}, nil, &diag.Diag{Pos: diag.Pos{File: shown}, Msg: err.Error()}
	}
	var found []language
	var first []string
	for _, l := range languages() {
		files := l.among(names)
		if slices.Contains(files, file) {
			return l, files, nil
		}
		if len(files) > 0 {
			found, first = append(found, l), append(first, files[0])
		}
	}
	what := "a stack"
	if dir != "." {
		what = "a module"
	}
	at := diag.Pos{File: shown}
	switch {
	case file != "":
		return language{}, nil, (&diag.Diag{Pos: diag.Pos{File: filepath.Join(shown, file)}, Msg: "this is no file of " + what}).
			Hintf("%s is written in %s", what, patterns())
	case len(found) == 0:
		return language{}, nil, (&diag.Diag{Pos: at, Msg: fmt.Sprintf("there is no %s in this directory", what[2:])}).Hintf("%s", nothingHint(what, names))
	case len(found) > 1:
		return language{}, nil, (&diag.Diag{Pos: at, Msg: fmt.Sprintf("the %s is written twice, in %s", what[2:], strings.Join(first, " and in "))}).
			Hintf("name the one that is meant: %s", filepath.Join(shown, first[len(first)-1]))
	}
	return found[0], found[0].among(names), nil
}

// among returns the files of the language, sorted. Hidden ones are none: editors
// leave such files.
func (l language) among(names []string) []string {
	var files []string
	for _, n := range names {
		if ok, _ := filepath.Match(l.files, n); ok && !strings.HasPrefix(n, ".") {
			files = append(files, n)
		}
	}
	return files
}

func patterns() string {
	var all []string
	for _, l := range languages() {
		all = append(all, l.files)
	}
	return strings.Join(all, " or ")
}

// nothingHint says what is looked for, and what a file that was found may have
// been meant for.
func nothingHint(what string, names []string) string {
	hint := "bay looks for " + patterns()
	for _, n := range names {
		switch ext := filepath.Ext(n); {
		case ext == ".hcl":
			return fmt.Sprintf("%s; there is %s, whose name would have to be %s.bay.hcl", hint, n, strings.TrimSuffix(n, ext))
		case ext == ".star":
			return fmt.Sprintf("%s; there is %s, which only main.bay.star can load", hint, n)
		case ext == ".tf" || n == "compose.yaml" || n == "compose.yml" || n == "docker-compose.yaml" || n == "docker-compose.yml":
			return fmt.Sprintf("%s; there is %s, which is of another tool", hint, n)
		}
	}
	if what == "a stack" {
		hint += "; `bay init` begins one"
	}
	return hint
}

// inputs gives variables their values: of the command line, else of a file, the
// last one first, else of the environment.
func inputs(o Options, files []settings) *value.Inputs {
	given := map[string]value.Given{}
	in := &value.Inputs{Opaque: o.Opaque, Secret: o.Secret}
	for _, f := range files {
		for _, s := range f.list {
			if !s.Value.IsBroken() {
				given[s.Name] = s.Given(f.file.Name)
			}
			if !f.any {
				in.Named = append(in.Named, value.Named{Name: s.Name, Pos: s.Pos})
			}
		}
	}
	named := map[string]bool{}
	for _, v := range o.Vars {
		if !named[v.Name] && v.From == "" {
			in.Named = append(in.Named, value.Named{Name: v.Name})
			named[v.Name] = true
		}
		given[v.Name] = value.Given{Text: v.Value, From: cmp.Or(v.From, "--var")}
	}
	in.Lookup = func(name string) (value.Given, bool) {
		if g, ok := given[name]; ok {
			return g, true
		}
		if o.Env == nil {
			return value.Given{}, false
		}
		text, ok := o.Env("BAY_VAR_" + name)
		return value.Given{Text: text, From: "BAY_VAR_" + name}, ok
	}
	return in
}

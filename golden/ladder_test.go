package golden

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A rung is one package's place on the ladder.
type rung struct {
	Level  int
	Pkg    string            // below the module; a * stands for one folder
	May    string            // which packages of lower levels it may import: none, all, or those below a folder
	Never  string            // families and packages that it must not import all the same
	Except map[string]string // import path -> the reason why it is allowed all the same
}

// families are the libraries that the ladder speaks of, by import prefix.
var families = map[string][]string{
	"hcl":           {"github.com/hashicorp/hcl"},
	"cty":           {"github.com/zclconf/go-cty"},
	"starlark":      {"go.starlark.net"},
	"docker":        {"github.com/docker/docker", "github.com/docker/cli", "github.com/docker/go-connections"},
	"docker-client": {"github.com/docker/docker/client", "github.com/docker/cli"}, // what talks to an engine
	"readers":       {"bayplan/lang/hclfile", "bayplan/lang/starfile"},
	"stdlib":        {"bayplan/stdlib"},
}

// forTests are the packages that only test files may import, and below which
// folder these lie.
var forTests = map[string]string{
	"bayplan/interpreter/kind/kindtest": "stdlib/",
	"bayplan/lang/load/loadtest":        "lang/",
}

// ladder is every package of the module, lowest first. Where two lines fit,
// the first holds.
var ladder = []rung{
	{0, "lang/diag", "none", "hcl cty starlark docker", nil},
	{0, "golden/probe", "none", "hcl cty starlark docker", nil},
	{0, "golden/slice", "none", "hcl cty starlark docker", nil},
	{0, "golden/bench/hold", "none", "hcl cty starlark docker", nil},
	{0, "golden/bench/floor", "none", "hcl cty starlark", nil},
	{0, "golden/bench/bare", "none", "docker", nil},
	{0, "examples/*/*", "none", "hcl cty starlark docker", nil},
	{0, "cmd/bay/templates/*/*", "none", "hcl cty starlark docker", nil},

	{1, "lang/ir", "all", "hcl cty starlark docker", nil},

	{2, "lang/schema", "lang/", "hcl cty starlark docker", map[string]string{
		"github.com/zclconf/go-cty/cty/function": "both languages share one registry of functions, and cty's type is theirs",
	}},
	{2, "lang/lock", "lang/", "hcl cty starlark docker", nil},
	{2, "lang/value", "lang/", "starlark docker", nil},
	{2, "interpreter/engine", "lang/", "hcl cty starlark", nil},

	{3, "lang/hclfile", "lang/", "starlark docker", nil},
	{3, "lang/starfile", "lang/", "hcl docker", nil},
	{3, "interpreter/kind", "all", "hcl cty starlark docker", nil},
	{3, "interpreter/engine/embedded", "none", "hcl cty starlark docker-client", map[string]string{
		"github.com/docker/docker/client": "the type of an option stands in the signature of ImageInspect, which Direct has too",
	}},

	{4, "lang/load", "lang/", "hcl cty starlark docker", nil},
	{4, "interpreter/world", "all", "hcl cty starlark docker readers", nil},
	{4, "stdlib/funcs", "all", "starlark docker-client readers", nil},
	{4, "stdlib/modules", "all", "hcl cty starlark docker readers", nil},
	{4, "stdlib/*", "all", "hcl cty starlark docker-client readers", nil},

	{5, "interpreter/plan", "all", "hcl cty starlark docker readers stdlib", nil},
	{5, "stdlib", "all", "hcl cty starlark docker readers", nil},

	{5, "interpreter/evaluate", "lang/", "hcl cty starlark docker readers stdlib", nil},

	{6, "interpreter/show", "all", "hcl cty starlark docker readers stdlib", nil},
	{6, "interpreter/apply", "all", "hcl cty starlark docker readers stdlib", nil},
	{6, "interpreter/verb", "all", "hcl cty starlark docker-client readers stdlib", nil},

	{7, "interpreter", "all", "hcl cty starlark docker stdlib", nil},

	{8, "cmd/bay", "all", "docker-client", nil},
	{8, "interpreter/kind/kindtest", "all", "", nil},
	{8, "lang/load/loadtest", "lang/", "hcl starlark docker", nil},
	{8, "golden", "all", "", nil},
	{8, "golden/sim", "all", "", nil},
	{8, "golden/bench", "none", "hcl cty starlark", nil}, // it measures bay as a program; its Go benchmarks are tests
}

const module = "bayplan/"

// pkg is one folder of Go files.
type pkg struct {
	dir   string // below the module
	files map[string]*ast.File
}

func TestLadder(t *testing.T) {
	for _, p := range packages(t) {
		r := rungOf(p.dir)
		if r == nil {
			t.Errorf("%s stands nowhere on the ladder: give it a line in the table", p.dir)
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(p.files)) {
			for _, imp := range imports(p.files[name]) {
				if fault := r.fault(p.dir, imp, strings.HasSuffix(name, "_test.go")); fault != "" {
					t.Errorf("%s/%s imports %s: %s", p.dir, name, imp, fault)
				}
			}
		}
	}
}

// TestLadderExceptionsAreUsed keeps the table true: an exception that nobody
// needs any more would be taken up by somebody who should not.
func TestLadderExceptionsAreUsed(t *testing.T) {
	used := map[string]bool{}
	for _, p := range packages(t) {
		for _, f := range p.files {
			for _, imp := range imports(f) {
				used[p.dir+" "+imp] = true
			}
		}
	}
	for _, r := range ladder {
		for imp := range r.Except {
			if !used[r.Pkg+" "+imp] {
				t.Errorf("%s may import %s by exception and does not: take the exception away", r.Pkg, imp)
			}
		}
	}
}

func rungOf(dir string) *rung {
	i := slices.IndexFunc(ladder, func(r rung) bool {
		ok, err := path.Match(r.Pkg, dir)
		return ok && err == nil
	})
	if i < 0 {
		return nil
	}
	return &ladder[i]
}

// fault says what is wrong with an import, or "". Tests may reach up to what
// they test against.
func (r *rung) fault(dir, imp string, test bool) string {
	if who, ok := forTests[imp]; ok {
		if test && strings.HasPrefix(dir, who) {
			return ""
		}
		return "it is for the test files below " + who
	}
	if test || r.Except[imp] != "" {
		return ""
	}
	for _, family := range strings.Fields(r.Never) {
		if slices.ContainsFunc(families[family], func(prefix string) bool { return below(imp, prefix) }) {
			return "never " + family + " here"
		}
	}
	own, isOwn := strings.CutPrefix(imp, module)
	if !isOwn {
		return ""
	}
	to := rungOf(own)
	switch {
	case to == nil:
		return "it stands nowhere on the ladder"
	case to.Level >= r.Level:
		return fmt.Sprintf("level %d is not below level %d", to.Level, r.Level)
	case r.May != "all" && !strings.HasPrefix(own, r.May):
		return "of ours it may import " + r.May
	}
	return ""
}

func below(imp, prefix string) bool { return imp == prefix || strings.HasPrefix(imp, prefix+"/") }

// TestStyle holds what is cheap to hold of how the code is written.
func TestStyle(t *testing.T) {
	for _, p := range packages(t) {
		documented := false
		for name, f := range p.files {
			documented = documented || f.Doc != nil && !strings.HasSuffix(name, "_test.go")
			if slices.Contains([]string{"utils.go", "util.go", "types.go", "helpers.go", "common.go"}, name) {
				t.Errorf("%s/%s says nothing: name the file after what it holds", p.dir, name)
			}
			for _, d := range f.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
					t.Errorf("%s/%s has an init function: nothing registers itself here", p.dir, name)
				}
			}
		}
		if !documented && !onlyTests(p) {
			t.Errorf("package %s has no doc", p.dir)
		}
	}
}

// without are files that a room has no use for, with the reason.
var without = map[string]string{
	"stdlib/image/ops.go": "images are a cache, which apply never removes from",
}

// TestRooms holds that the rooms of the standard library have the same files.
func TestRooms(t *testing.T) {
	for _, p := range packages(t) {
		name, isRoom := strings.CutPrefix(p.dir, "stdlib/")
		if !isRoom || name == "funcs" || name == "modules" {
			continue
		}
		for _, want := range []string{name + ".go", "read.go", "diff.go", "write.go", "ops.go", name + "_test.go"} {
			if has := p.files[want] != nil; has == (without[p.dir+"/"+want] != "") {
				t.Errorf("%s/%s: every room has it, unless the table of exceptions names it", p.dir, want)
			}
		}
	}
}

func onlyTests(p *pkg) bool {
	for name := range p.files {
		if !strings.HasSuffix(name, "_test.go") {
			return false
		}
	}
	return true
}

func imports(f *ast.File) []string {
	var out []string
	for _, s := range f.Imports {
		imp, err := strconv.Unquote(s.Path.Value)
		if err != nil {
			panic(err) // the parser has accepted it
		}
		out = append(out, imp)
	}
	return out
}

// packages parses every Go file of the module.
func packages(t *testing.T) []*pkg {
	t.Helper()
	byDir := map[string]*pkg{}
	err := filepath.WalkDir("..", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && file != ".." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || path.Ext(file) != ".go" {
			return nil
		}
		src, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(strings.TrimPrefix(filepath.Dir(file), ".."+string(filepath.Separator)))
		if byDir[dir] == nil {
			byDir[dir] = &pkg{dir: dir, files: map[string]*ast.File{}}
		}
		byDir[dir].files[filepath.Base(file)] = f
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var out []*pkg
	for _, dir := range slices.Sorted(maps.Keys(byDir)) {
		out = append(out, byDir[dir])
	}
	return out
}

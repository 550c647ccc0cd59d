package load

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"bayplan/lang/load/loadtest"
	"bayplan/lang/schema"
	"bayplan/stdlib"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// TestFormatKeepsMeaning formats all programs that there are, and holds that
// each says what it said: the same but for positions, or the same messages.
func TestFormatKeepsMeaning(t *testing.T) {
	tests, all := loadtest.Universe(), &schema.Universe{Funcs: stdlib.Funcs()}
	for _, k := range stdlib.Kinds() {
		all.Kinds = append(all.Kinds, k.Schema())
	}
	changed := 0
	for _, c := range same {
		changed += keepsMeaning(t, tests, map[string]string{
			"main.bay.hcl": "stack { name = \"shop\" }\n" + c.hcl, "main.bay.star": "stack(name = \"shop\")\n" + c.star,
		}, c.vars...)
	}
	for _, lang := range []string{"hcl", "star"} {
		for _, file := range glob(t, "../"+lang+"file/testdata/*.bay."+lang) {
			for _, p := range loadtest.Programs(read(t, file)) {
				changed += keepsMeaning(t, tests, map[string]string{"main.bay." + lang: p.Src, "motd.txt": "hello\n"})
			}
		}
	}
	for _, script := range glob(t, "../../golden/*/*.txtar") {
		files := map[string]string{}
		for _, f := range txtar.Parse([]byte(read(t, script))).Files {
			files[f.Name] = string(f.Data)
		}
		changed += keepsMeaning(t, all, files)
	}
	for _, dir := range glob(t, "../../examples/*") {
		files := map[string]string{}
		for _, file := range slices.Concat(glob(t, dir+"/*.hcl"), glob(t, dir+"/*.star"), glob(t, dir+"/*/*.tmpl"), glob(t, dir+"/*/*file")) {
			name, err := filepath.Rel(dir, file)
			if err != nil {
				t.Fatal(err)
			}
			files[name] = read(t, file)
		}
		if keepsMeaning(t, all, files) > 0 {
			t.Errorf("%s is not in its form: run bay fmt", dir)
		}
	}
	if changed < 100 {
		t.Errorf("only %d files were not in their form, which says little", changed)
	}
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// keepsMeaning returns how many of the files it has changed.
func keepsMeaning(t *testing.T, u *schema.Universe, files map[string]string, vars ...Var) (changed int) {
	t.Helper()
	pretty := map[string]string{}
	for name, text := range files {
		pretty[name] = text
		if !IsProgram(filepath.Base(name)) {
			continue
		}
		out, ds := Format(schema.File{Name: name, Src: []byte(text)})
		if ds.HasErrors() {
			continue // the reader says the same
		}
		again, ds := Format(schema.File{Name: name, Src: out})
		if ds.HasErrors() || string(again) != string(out) {
			t.Errorf("the form of a form is another one: %v\n%s", ds, cmp.Diff(string(out), string(again)))
		}
		if pretty[name] = string(out); pretty[name] != text {
			changed++
		}
	}
	for _, body := range []string{"main.bay.hcl", "main.bay.star"} {
		if files[body] == "" {
			continue
		}
		before, after := meaning(t, u, files, body, vars), meaning(t, u, pretty, body, vars)
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("%s\n-- formatted:\n%s\n(-before +after):\n%s", files[body], pretty[body], diff)
		}
	}
	return changed
}

// meaning returns what a program says, without positions.
func meaning(t *testing.T, u *schema.Universe, files map[string]string, body string, vars []Var) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	res := Load(Options{Universe: u, Path: filepath.Join(dir, body), Vars: vars})
	text := said(res.Diags)
	if res.Program != nil {
		text += "\n" + plain(t, res.Program)
	}
	return strings.ReplaceAll(text, dir, "DIR")
}

package golden

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"bayplan/interpreter"
	"bayplan/interpreter/show"
	"bayplan/stdlib"

	"github.com/google/go-cmp/cmp"
)

var (
	console = regexp.MustCompile("(?s)```console\n(.*?)```\n")
	quoted  = regexp.MustCompile("(?s)(<!-- file: ([^ ]+) -->\n```[a-z]*\n)(.*?)(```\n)")
)

// TestDocsREADME runs the commands that README shows, one after the other, and
// holds that what it shows is what they print; files that it quotes are as it
// quotes them. -update rewrites README.
func TestDocsREADME(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	needExamples(t)
	tour := newTour(t)
	got := quoted.ReplaceAllStringFunc(string(text), func(block string) string {
		m := quoted.FindStringSubmatch(block)
		file, err := os.ReadFile(filepath.Join("..", m[2]))
		if err != nil {
			t.Fatal(err)
		}
		return m[1] + string(file) + m[4]
	})
	got = console.ReplaceAllStringFunc(got, func(block string) string {
		out := new(strings.Builder)
		for _, line := range strings.Split(console.FindStringSubmatch(block)[1], "\n") {
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				fmt.Fprintf(out, "%s\n%s", line, tour.run(command))
			}
		}
		now := "```console\n" + out.String() + "```\n"
		if sameLines(block, now) {
			return block // steps that run side by side end in any order
		}
		return now
	})
	hold(t, "../README.md", got)
}

func sameLines(a, b string) bool {
	sorted := func(text string) []string { return slices.Sorted(strings.SplitSeq(text, "\n")) }
	return slices.Equal(sorted(a), sorted(b))
}

// A tour is where README's commands are run: a copy of the examples, and an
// embedded engine of its own.
type tour struct {
	t   *testing.T
	dir string
}

func newTour(t *testing.T) *tour {
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "examples"), os.DirFS("../examples")); err != nil {
		t.Fatal(err)
	}
	program, err := built("bay")
	if err != nil {
		t.Fatal(err)
	}
	wrapper := fmt.Sprintf("#!/bin/sh\nexec %s \"$@\" --engine embedded\n", program)
	if err := os.MkdirAll(filepath.Join(dir, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "bin", "bay"), []byte(wrapper), 0o755); err != nil {
		t.Fatal(err)
	}
	return &tour{t, dir}
}

// run returns what a command prints, both streams together.
func (r *tour) run(command string) string {
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(), "PATH="+filepath.Join(r.dir, "bin")+":"+os.Getenv("PATH"), "XDG_STATE_HOME="+filepath.Join(r.dir, ".state"))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		r.t.Fatal(err)
	}
	return normal(out.String())
}

// TestDocsLanguage holds that the stack which LANGUAGE.md writes twice can be
// copied from there and planned, with one plan in both languages.
func TestDocsLanguage(t *testing.T) {
	text, err := os.ReadFile("../LANGUAGE.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "web"), 0o755); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"web/Dockerfile": "FROM scratch\n"}
	for lang, fence := range map[string]string{"hcl": "hcl", "star": "python"} {
		block := regexp.MustCompile("(?s)```" + fence + "\n(.*?)```").FindSubmatch(text)
		if block == nil {
			t.Fatalf("LANGUAGE.md has no block of %s", fence)
		}
		files["main.bay."+lang] = string(block[1])
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var plans []string
	for _, lang := range languages {
		plans = append(plans, unplaced(bayOn(t, "embedded", t.TempDir(), "plan", filepath.Join(dir, "main.bay."+lang))))
	}
	if diff := cmp.Diff(plans[0], plans[1]); diff != "" {
		t.Errorf("the languages give other plans (-%s +%s):\n%s", languages[0], languages[1], diff)
	}
}

// TestDocsReference holds REFERENCE.md to the tables that bay decodes with.
func TestDocsReference(t *testing.T) {
	bay := interpreter.Bay{Kinds: stdlib.Kinds(), Funcs: stdlib.Funcs(), Modules: stdlib.Modules()}
	var out bytes.Buffer
	if err := show.Reference(&out, bay.Universe()); err != nil {
		t.Fatal(err)
	}
	hold(t, "../REFERENCE.md", out.String())
}

// TestDocsCommands holds that docs has a page for each command, which says what
// its help says, and no other page.
func TestDocsCommands(t *testing.T) {
	made := t.TempDir()
	program, err := built("bay")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(program, "pages", "--markdown", made).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	pages, err := filepath.Glob(filepath.Join(made, "*.md"))
	if err != nil || len(pages) == 0 {
		t.Fatalf("no page was made: %v", err)
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		hold(t, filepath.Join("../docs", filepath.Base(page)), string(text))
	}
	there, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range there {
		if slices.Contains(pages, filepath.Join(made, filepath.Base(page))) {
			continue
		}
		if *update {
			if err := os.Remove(page); err != nil {
				t.Error(err)
			}
			continue
		}
		t.Errorf("%s is of no command: make docs takes it away", page)
	}
}

package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTemplates begins a stack from each template in both languages: it is
// formatted, nothing is wrong with it, and both give one plan.
func TestTemplates(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	for _, s := range templates() {
		var plans []string
		for _, lang := range []string{"hcl", "star"} {
			dir := filepath.Join(t.TempDir(), "shop")
			run := func(args ...string) string {
				t.Helper()
				x := newTester(t)
				if code := x.run(args); code != exitDone || x.read(x.err) != "" {
					t.Fatalf("%s: bay %s: exit code %d:\n%s", s.name, strings.Join(args, " "), code, x.read(x.err))
				}
				return x.read(x.out)
			}
			run("init", dir, "--template", s.name, "--lang", lang)
			run("fmt", "--check", dir)
			run("validate", dir)
			plans = append(plans, run("plan", dir, "--engine", "embedded"))
			for _, file := range []string{".gitignore", bodyNames[lang]} {
				if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
					t.Errorf("%s: %v", s.name, err)
				}
			}
			if s.secret == "" {
				continue
			}
			secret := filepath.Join(dir, s.secret)
			info, err := os.Stat(secret)
			text, wrong := os.ReadFile(secret)
			if err != nil || wrong != nil || info.Mode() != 0o600 || strings.Contains(string(text), templatePassword) {
				t.Errorf("%s: %s is of mode %v and holds %q (%v)", s.name, s.secret, info.Mode(), text, err)
			}
			ignored, _ := os.ReadFile(filepath.Join(dir, ".gitignore"))
			if !slices.Contains(strings.Split(string(ignored), "\n"), s.secret) {
				t.Errorf("%s: .gitignore does not name %s:\n%s", s.name, s.secret, ignored)
			}
		}
		if d := cmp.Diff(plans[0], plans[1]); d != "" {
			t.Errorf("%s: the languages give other plans (-hcl +star):\n%s", s.name, d)
		}
	}
}

func TestNewStackName(t *testing.T) {
	for dir, want := range map[string]string{
		"shop": "shop", "/src/My Shop": "my-shop", "a/..b_c..": "b-c",
		"0123456789012345678901234567890123456789": "0123456789012345678901234567890", "/": "", "Größe": "gr--e", "日本": "",
	} {
		got, err := newTester(t).newStackName(dir)
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%s: got %q (%v), want %q", dir, got, err, want)
		}
	}
}

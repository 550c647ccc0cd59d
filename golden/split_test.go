package golden

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSplitPlans holds that the stack of LANGUAGE.md, in modules, has one plan
// four ways: with the root and the modules in either language.
func TestSplitPlans(t *testing.T) {
	t.Setenv("BAY_VAR_db_password", "canary-in-the-hold")
	var want string
	for _, root := range languages {
		for _, modules := range languages {
			dir := t.TempDir()
			split(t, dir, "."+root, "."+modules)
			got := unplaced(normal(bayOn(t, "embedded:split", t.TempDir(), "plan", "-v", dir)))
			if want == "" {
				if want = got; !strings.Contains(want, `module.site.module.proxy["b"].container.this`) {
					t.Fatalf("the plan is\n%s", want)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("root in %s, modules in %s (-in %s alone +this):\n%s", root, modules, languages[0], diff)
			}
		}
	}
}

// split copies the stack with its root and its modules in a language each.
func split(t *testing.T, to, root, modules string) {
	t.Helper()
	const from = "../lang/load/testdata/split"
	err := filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if e.IsDir() {
			return os.MkdirAll(filepath.Join(to, name), 0o755)
		}
		lang := modules
		if filepath.Dir(name) == "." {
			lang = root
		}
		if ext := filepath.Ext(name); (ext == ".hcl" || ext == ".star") && ext != lang {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), data, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
}

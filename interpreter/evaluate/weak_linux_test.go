package evaluate

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// weakName is the name of a program whose children may not guard themselves.
const weakName = "weak"

// weaken takes from a child what it guards itself with, if its program says so.
func weaken() {
	if name, err := os.Executable(); err == nil && filepath.Base(name) == weakName {
		_ = filter() // it refuses all that sets a guard, filters too
	}
}

// TestWeak holds that guards which the system refuses are named, and no others.
func TestWeak(t *testing.T) {
	if !filtered() {
		t.Skip("there is no filter for this machine")
	}
	if got, err := Weak(Options{}); err != nil || len(got) > 0 {
		t.Errorf("of bay's own: %q %v", got, err)
	}
	program := filepath.Join(t.TempDir(), weakName)
	if err := copyFile(program, os.Args[0]); err != nil {
		t.Fatal(err)
	}
	got, err := Weak(Options{Program: program})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	want := []string{
		"memory: operation not permitted", "no core: operation not permitted", "no debugger: operation not permitted",
		"no files: operation not permitted", "no writing of files: operation not permitted",
		"processor time: operation not permitted", "system calls: operation not permitted",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	o := body(t, "main.bay.hcl", "stack { name = \"a\" }\n")
	if got, err := Load(o, Options{Program: program}); err != nil || got.Program == nil {
		t.Errorf("it does not evaluate: %v %v", err, got.Diags)
	}
}

func copyFile(to, from string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(dst, src); err != nil {
		return err
	}
	return dst.Close()
}

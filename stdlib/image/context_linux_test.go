package image

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// barred returns a directory of files in which nobody but root can read what is
// below the directory closed. What lies there is read by see, as somebody else
// where this process is root.
func barred(t *testing.T, files map[string]string, closed string) (see func() (*tree, error)) {
	t.Helper()
	dir := plant(t, files)
	mode := os.FileMode(0)
	if os.Getuid() == 0 {
		mode = 0o700
		if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil { // testing lets in its own user alone
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(dir, closed), mode); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(dir, closed), 0o700) })
	return func() (got *tree, err error) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			runtime.LockOSThread() // it ends with this goroutine, and nothing else runs on it
			if os.Getuid() == 0 {
				const nobody = 65534
				if err = syscall.Setfsuid(nobody); err != nil {
					return
				}
			}
			got, err = (&Build{}).place(dir).see()
		}()
		<-done
		return got, err
	}
}

// A directory that may not be read stops nothing where .dockerignore names it, and
// no exception says that something of it is wanted.
func TestIgnoredUnreadable(t *testing.T) {
	files := map[string]string{"Dockerfile": "FROM scratch", "src/a/b.go": "x", "src/gen/c.go": "x", "package.json": "x", "pgdata/base/1": "x"}
	tests := []struct {
		name, ignore, closed string
		want                 []string // nil is an error that names what is closed
	}{
		{"not ignored", "*.md\n", "pgdata", nil},
		{"ignored", "pgdata\n", "pgdata", []string{".dockerignore", "Dockerfile", "package.json", "src", "src/a", "src/a/b.go", "src/gen", "src/gen/c.go"}},
		{"a wildcard could mean something in it", "*\n!src/**\n!package*.json\n", "pgdata", []string{"package.json", "src", "src/a", "src/a/b.go", "src/gen", "src/gen/c.go"}},
		{"what is within", "*\n!src/**\n!**/*.json\n", "pgdata/base", []string{"package.json", "src", "src/a", "src/a/b.go", "src/gen", "src/gen/c.go"}},
		{"a wildcard at the end means what is below alone", "*\n!src/**\nsrc/gen\n", "src/gen", []string{"src", "src/a", "src/a/b.go"}},
		{"an exception names what is within", "*\n!src/a/*.go\n", "src/a", nil},
		{"an exception names all of it", "*\n!src/**\n", "src", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files[".dockerignore"] = tt.ignore
			tr, err := barred(t, files, tt.closed)()
			switch {
			case tt.want == nil:
				if err == nil || !strings.Contains(err.Error(), tt.closed) {
					t.Errorf("got %v", err)
				}
				return
			case err != nil:
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, paths(tr)); diff != "" {
				t.Error(diff)
			}
			for name := range sent(t, tr) {
				if strings.HasPrefix(name, tt.closed) {
					t.Errorf("%s is sent", name)
				}
			}
		})
	}
}

// What is neither file, directory nor link stops nothing where .dockerignore names it.
func TestIgnoredPipe(t *testing.T) {
	for ignore, want := range map[string]string{"": "run/in is neither file, directory nor link: add it to .dockerignore", "run/in\n": "", "*\n!**/*.go\n": ""} {
		dir := plant(t, map[string]string{"Dockerfile": "FROM scratch", "run/a.go": "x", ".dockerignore": ignore})
		if err := syscall.Mkfifo(filepath.Join(dir, "run/in"), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := (&Build{}).place(dir).see()
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: got %v, want %q", ignore, err, want)
		}
	}
}

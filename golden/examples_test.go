package golden

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/client"
	"github.com/google/go-cmp/cmp"
)

// An example is a stack in both languages, side by side in one folder.
type example struct {
	name string

	// visit makes sure that the applied stack does what it is for. It is nil
	// for an example whose images come from a registry, which is only planned.
	visit func(url string) error
}

var examples = []example{
	{"getting-started", visitCounter},
	{"modules", nil},
	{"shop", visitShop},
	{"web-postgres", nil},
}

// TestExamplesAreKnown fails on an example that no test runs.
func TestExamplesAreKnown(t *testing.T) {
	folders, err := os.ReadDir("../examples")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		if !slices.ContainsFunc(examples, func(x example) bool { return x.name == f.Name() }) {
			t.Errorf("examples/%s is not in the table of examples, so that no test runs it", f.Name())
		}
	}
}

// programsOfExamples builds what the examples' images hold.
var programsOfExamples = sync.OnceValue(func() error {
	out, err := exec.Command("../.ci/examples").CombinedOutput()
	if err != nil {
		return fmt.Errorf("building the programs of the examples: %w\n%s", err, out)
	}
	return nil
})

func needExamples(t *testing.T) {
	t.Helper()
	if err := programsOfExamples(); err != nil {
		t.Fatal(err)
	}
}

// TestExamplePlans plans each example on an engine that holds nothing: both
// languages give the same plan, and it is the one in plan.txt.
func TestExamplePlans(t *testing.T) {
	needExamples(t)
	for _, x := range examples {
		t.Run(x.name, func(t *testing.T) {
			dir := filepath.Join("../examples", x.name)
			var plans []string
			for _, lang := range languages {
				t.Setenv("BAY_VAR_db_password", "canary-in-the-hold")
				out := bayOn(t, "embedded:"+x.name, t.TempDir(), "plan", filepath.Join(dir, "main.bay."+lang))
				if strings.Contains(out, "canary") {
					t.Errorf("the plan shows the password:\n%s", out)
				}
				plans = append(plans, unplaced(normal(out)))
			}
			if diff := cmp.Diff(plans[0], plans[1]); diff != "" {
				t.Errorf("the languages give other plans (-%s +%s):\n%s", languages[0], languages[1], diff)
			}
			hold(t, filepath.Join(dir, "plan.txt"), plans[0])
		})
	}
}

// hold compares a text with a committed file, or rewrites the file.
func hold(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; -update rewrites it):\n%s", file, diff)
	}
}

// bayOn runs bay on an engine and fails the test if it fails.
func bayOn(t *testing.T, engine, state string, args ...string) string {
	t.Helper()
	program, err := built("bay")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, append(args, "--engine", engine)...)
	cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+state)
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("bay %s: %v\n%s%s", strings.Join(args, " "), err, out, errs.String())
	}
	return string(out)
}

// TestExamplesRun applies each example, visits it, plans it in the other
// language, which finds nothing to do, and takes it away.
func TestExamplesRun(t *testing.T) {
	if *lane != "real" {
		t.Skip("no real engine here: nothing would answer (-engine real)")
	}
	t.Parallel()
	needExamples(t)
	for _, x := range examples {
		if x.visit == nil {
			continue
		}
		for i, lang := range languages {
			t.Run(x.name+"/"+lang, func(t *testing.T) {
				t.Parallel()
				x.run(t, lang, languages[1-i])
			})
		}
	}
}

func (x example) run(t *testing.T, lang, other string) {
	w := newWorkshop(t)
	x.copyTo(t, w)
	number, err := somePort()
	if err != nil {
		t.Fatal(err)
	}
	port := fmt.Sprintf("port=%d", number)
	w.bay(t, "apply", "--yes", "--var", port, "main.bay."+lang)
	if err := x.visit(fmt.Sprintf("http://127.0.0.1:%d", number)); err != nil {
		t.Error(err)
	}
	w.bay(t, "plan", "--detailed-exitcode", "--var", port, "main.bay."+lang)
	w.bay(t, "plan", "--detailed-exitcode", "--var", port, "main.bay."+other)
	w.bay(t, "destroy", "--yes", "--volumes", "--confirm", w.word, "main.bay."+lang)
	err = w.with(func(ctx context.Context, c *client.Client) error {
		left, err := w.living(ctx, c)
		if err == nil && len(left) > 0 {
			err = fmt.Errorf("destroy left %s", strings.Join(left, "; "))
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// copyTo copies the example into a workshop, whose word its stack and its tags
// are given.
func (x example) copyTo(t *testing.T, w *workshop) {
	if err := os.CopyFS(w.dir, os.DirFS(filepath.Join("../examples", x.name))); err != nil {
		t.Fatal(err)
	}
	named := strings.NewReplacer(`"`+x.name+`"`, `"`+w.word+`"`, `"`+x.name+`/`, `"`+w.word+`/`)
	for _, lang := range languages {
		file := filepath.Join(w.dir, "main.bay."+lang)
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(named.Replace(string(text))), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// visitCounter wants the page to count.
func visitCounter(url string) error {
	for n := 1; n <= 2; n++ {
		got, err := ask(http.MethodGet, url+"/")
		if want := fmt.Sprintf("Welcome aboard. You are visitor number %d.\n", n); err != nil || got != want {
			return fmt.Errorf("visit %d: got %q, %v, want %q", n, got, err, want)
		}
	}
	return nil
}

// visitShop wants every replica to serve, and orders to be counted across them.
func visitShop(url string) error {
	seen := map[string]bool{}
	for range 3 {
		got, err := ask(http.MethodGet, url+"/")
		if err != nil {
			return err
		}
		seen[got] = true
	}
	if len(seen) != 3 {
		return fmt.Errorf("three visits were served by %d replicas", len(seen))
	}
	for n := 1; n <= 2; n++ {
		got, err := ask(http.MethodPost, url+"/order")
		if want := fmt.Sprintf("Thank you. This is order number %d\n", n); err != nil || got != want {
			return fmt.Errorf("order %d: got %q, %v, want %q", n, got, err, want)
		}
	}
	return nil
}

// ask waits for a server that is only just starting.
func ask(method, url string) (string, error) {
	late := time.Now().Add(forbearance)
	for {
		text, err := once(method, url)
		if err == nil || time.Now().After(late) {
			return text, err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func once(method, url string) (string, error) {
	req, err := http.NewRequest(method, url, nil)
	if err != nil {
		return "", err
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(answer.Body)
	err = errors.Join(err, answer.Body.Close())
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", url, answer.Status, text)
	}
	return string(text), err
}

// Package golden holds what is tested of Bayplan as a whole: the scripts in
// TOPIC/CASE.txtar, which run the command as people do, the examples, and the
// ladder of imports.
//
// A script runs on the embedded engine; with -engine real the same script runs
// on a Docker Engine, and must say the same. A script that holds both
// main.bay.hcl and main.bay.star runs once in each language, and must say the
// same in both. With -update a script's expected output is rewritten.
package golden

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"bayplan/interpreter/engine"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rogpeppe/go-internal/txtar"
)

var (
	update = flag.Bool("update", false, "rewrite what scripts and examples expect")
	lane   = flag.String("engine", "embedded", "what scripts run on: embedded or real")
)

// The two languages, by the ending of a body's file name.
var languages = []string{"hcl", "star"}

func TestScripts(t *testing.T) {
	t.Parallel()
	both, one := scripts(t)
	t.Run("one", func(t *testing.T) {
		t.Parallel()
		runScripts(t, one, "", *update)
	})
	for i, lang := range languages {
		t.Run(lang, func(t *testing.T) {
			if !*update { // else the second language is held against what the first has written
				t.Parallel()
			}
			runScripts(t, both, lang, *update && i == 0)
		})
	}
}

// scripts returns the scripts that hold a body in both languages, and the rest.
func scripts(t *testing.T) (both, one []string) {
	t.Helper()
	files, err := filepath.Glob("*/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts were found: %v", err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		bodies := 0
		for _, f := range archive.Files {
			if f.Name == "main.bay.hcl" || f.Name == "main.bay.star" {
				bodies++
			}
		}
		if bodies == 2 {
			both = append(both, file)
		} else {
			one = append(one, file)
		}
	}
	return both, one
}

func runScripts(t *testing.T, files []string, lang string, update bool) {
	testscript.Run(t, testscript.Params{
		Files:               files,
		UpdateScripts:       update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               func(env *testscript.Env) error { return setUp(t, env, lang) },
		Condition: func(cond string) (bool, error) {
			if cond == "real" || cond == "embedded" {
				return cond == *lane, nil
			}
			return false, fmt.Errorf("unknown condition %s", cond)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"bay":       bayCmd,
			"exits":     exitsCmd,
			"change":    changeCmd,
			"becomes":   becomesCmd,
			"hand":      handCmd,
			"lose":      loseCmd,
			"living":    livingCmd,
			"endpoints": endpointsCmd,
			"images":    imagesCmd,
			"same":      sameCmd,
			"listen":    listenCmd,
			"hold":      holdCmd,
			"letgo":     letgoCmd,
			"meanwhile": meanwhileCmd,
			"sent":      sentCmd,
			"registry":  registryCmd,
			"runs":      runsCmd,
		},
	})
}

// run is one script's run.
type run struct {
	dock
	lang string            // "" for a script in one language
	exit int               // of the last bay
	seen map[string]string // by container: who it was when somebody looked
	wire *wire             // nil until the script listens
	held *engine.Lock      // by somebody else than bay; nil for none
}

type runKey struct{}

// text makes what bay says the same on every run, and in both languages.
func (r *run) text(said string) string {
	said = r.in(said)
	if r.lang != "" {
		said = unplaced(said)
	}
	return said
}

func runOf(ts *testscript.TestScript) *run { return ts.Value(runKey{}).(*run) }

func setUp(t *testing.T, env *testscript.Env, lang string) error {
	r := &run{lang: lang, seen: map[string]string{}}
	var err error
	if r.dock, err = newDock(filepath.Join(env.WorkDir, ".state")); err != nil {
		return err
	}
	env.Defer(func() {
		if err := r.dock.sweep(); err != nil {
			t.Errorf("leaving the engine as it was: %v", err)
		}
	})
	env.Values[runKey{}] = r
	env.Setenv("XDG_STATE_HOME", filepath.Join(env.WorkDir, ".state"))
	env.Setenv("HOME", filepath.Join(env.WorkDir, ".home"))
	for _, other := range languages {
		if lang != "" && other != lang {
			if err := os.Remove(filepath.Join(env.WorkDir, "main.bay."+other)); err != nil {
				return err
			}
		}
	}
	if err := layProbe(filepath.Join(env.WorkDir, "probe")); err != nil {
		return err
	}
	return r.rename(env.WorkDir)
}

// rename gives the stacks of the programs below dir names of their own.
func (r *run) rename(dir string) error {
	return filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(file) != ".hcl" && filepath.Ext(file) != ".star" {
			return err
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		return os.WriteFile(file, []byte(r.out(string(text))), 0o644)
	})
}

// layProbe makes dir a build context of the test images' one program.
func layProbe(dir string) error {
	program, err := built("probe")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.Link(program, filepath.Join(dir, "probe")); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM scratch\nLABEL bayplan.test=1\nCOPY probe /probe\nENTRYPOINT [\"/probe\"]\nCMD [\"serve\"]\n"), 0o644)
}

var (
	programs = map[string]string{"bay": "../cmd/bay", "probe": "./probe"}
	building sync.Mutex
	builtIn  string
)

// built returns the path of a program, which it builds once for all tests.
func built(name string) (string, error) {
	building.Lock()
	defer building.Unlock()
	if builtIn == "" {
		dir, err := os.MkdirTemp("", "bayplan-golden-")
		if err != nil {
			return "", err
		}
		builtIn = dir
	}
	file := filepath.Join(builtIn, name)
	if _, err := os.Stat(file); err == nil {
		return file, nil
	}
	cmd := exec.Command("go", "build", "-o", file, programs[name])
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building %s: %w\n%s", name, err, out)
	}
	return file, nil
}

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if builtIn != "" {
		if err := os.RemoveAll(builtIn); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// bayCmd runs the command on the script's engine: bay ARGS...
func bayCmd(ts *testscript.TestScript, neg bool, args []string) {
	r := runOf(ts)
	program, err := built("bay")
	ts.Check(err)
	err = ts.Exec(program, r.args(args)...)
	stdout, stderr := ts.ReadFile("stdout"), ts.ReadFile("stderr")
	fmt.Fprint(ts.Stdout(), r.text(stdout))
	fmt.Fprint(ts.Stderr(), r.text(stderr))
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		r.exit = exit.ExitCode()
	case err != nil:
		ts.Fatalf("running bay: %v", err)
	default:
		r.exit = 0
	}
	if (r.exit != 0) != neg {
		ts.Fatalf("bay %s ended with exit code %d", strings.Join(args, " "), r.exit)
	}
}

// args names the script's engine and stack in a command line of bay.
func (r *run) args(args []string) []string {
	var out []string
	named := len(args) > 0 && args[0] == "version"
	for _, arg := range args {
		out = append(out, r.out(arg))
		named = named || strings.HasPrefix(arg, "--engine")
	}
	switch {
	case named:
		return out
	case len(args) > 0 && (args[0] == "exec" || args[0] == "run"): // what follows is the command's
		return append([]string{"--engine", r.address()}, out...)
	}
	return append(out, "--engine", r.address())
}

func (r *run) address() string {
	if r.wire != nil {
		return r.wire.address
	}
	return r.dock.address
}

// exitsCmd holds the exit code of the last bay: exits CODE
func exitsCmd(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 || neg {
		ts.Fatalf("usage: exits CODE")
	}
	if got := strconv.Itoa(runOf(ts).exit); got != args[0] {
		ts.Fatalf("the last bay ended with exit code %s, want %s", got, args[0])
	}
}

// changeCmd edits the program: change OLD NEW, where OLD stands in it once.
func changeCmd(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 || neg {
		ts.Fatalf("usage: change OLD NEW")
	}
	file := body(ts)
	text := ts.ReadFile(file)
	old, now := runOf(ts).out(args[0]), runOf(ts).out(args[1])
	if n := strings.Count(text, old); n != 1 {
		ts.Fatalf("%q stands %d times in %s, want once", args[0], n, file)
	}
	ts.Check(os.WriteFile(ts.MkAbs(file), []byte(strings.Replace(text, old, now, 1)), 0o644))
}

// becomesCmd puts another program in the place of this one: becomes DIR, which
// holds one in the script's language.
func becomesCmd(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 || neg {
		ts.Fatalf("usage: becomes DIR")
	}
	file := body(ts)
	text := ts.ReadFile(filepath.Join(args[0], file))
	ts.Check(os.WriteFile(ts.MkAbs(file), []byte(text), 0o644))
}

// body returns the name of the program's one file.
func body(ts *testscript.TestScript) string {
	for _, lang := range languages {
		file := "main.bay." + lang
		if _, err := os.Stat(ts.MkAbs(file)); err == nil {
			return file
		}
	}
	ts.Fatalf("there is no main.bay.hcl or main.bay.star")
	return ""
}

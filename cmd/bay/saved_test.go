package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bayplan/interpreter/show"

	"github.com/google/go-cmp/cmp"
)

// bodies is a small stack in both languages.
var bodies = map[string]string{
	"main.bay.hcl":  "stack { name = \"shop\" }\nvariable \"driver\" { default = \"local\" }\nvolume \"data\" { driver = var.driver }\nnetwork \"back\" {}\n",
	"main.bay.star": "stack(name = \"shop\")\ndriver = variable(\"driver\", default = \"local\")\nvolume(\"data\", driver = driver)\nnetwork(\"back\")\n",
}

// inStack makes a directory with one body below a new current directory, and
// an empty embedded engine.
func inStack(t *testing.T, dir, body string) {
	t.Helper()
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	t.Chdir(t.TempDir())
	write(t, filepath.Join(dir, body), bodies[body])
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// said is what a run of the command left.
type said struct {
	code     int
	out, err string
}

func runBay(t *testing.T, args ...string) said {
	t.Helper()
	x := newTester(t)
	code := x.run(append(args, "--engine", "embedded"))
	return said{code, x.read(x.out), x.read(x.err)}
}

func (s said) want(t *testing.T, code int, parts ...string) said {
	t.Helper()
	all := s.out + s.err
	for _, p := range parts {
		if !strings.Contains(all, p) {
			t.Errorf("it does not say %q:\n%s", p, all)
		}
	}
	if s.code != code {
		t.Fatalf("exit code %d, want %d:\n%s", s.code, code, all)
	}
	return s
}

func TestSavedIsTheDocument(t *testing.T) {
	for body := range bodies {
		inStack(t, "shop", body)
		doc := runBay(t, "plan", "shop", "--json", "--out", "a.plan").want(t, exitDone)
		again := runBay(t, "plan", "shop", "--json", "--out", "b.plan").want(t, exitDone)
		shown := runBay(t, "show", "a.plan", "--json").want(t, exitDone)
		for _, name := range []string{"a.plan", "b.plan"} {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(doc.out, string(data)); d != "" {
				t.Errorf("%s is not what --json prints (-printed +saved):\n%s", name, d)
			}
		}
		if again.out != doc.out || shown.out != doc.out {
			t.Error("planned or shown again it is another document")
		}
		left, err := filepath.Glob(".*")
		if err != nil || len(left) > 0 {
			t.Errorf("files are left behind: %v, %v", left, err)
		}
	}
}

// TestSavedIsShownAsPlanned saves the plans of the examples, in both languages:
// read and written again a document is the same, and it is shown as bay plan
// shows the plan.
func TestSavedIsShownAsPlanned(t *testing.T) {
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	t.Chdir(t.TempDir())
	for _, example := range []string{"getting-started", "shop"} {
		for body := range bodies {
			program := filepath.Join(examples, example, body)
			for _, verbose := range [][]string{nil, {"-v"}} {
				planned := runBay(t, append([]string{"plan", program, "--out", "next.plan"}, verbose...)...).want(t, exitDone)
				shown := runBay(t, append([]string{"show", "next.plan"}, verbose...)...).want(t, exitDone)
				text, _, _ := strings.Cut(planned.out, "\nSaved: ")
				again, _, found := strings.Cut(shown.out, "\n  saved plan\n")
				if d := cmp.Diff(text, again); d != "" || !found {
					t.Errorf("%s is shown in another way (-planned +shown):\n%s", program, d)
				}
			}
			data, err := os.ReadFile("next.plan")
			if err != nil {
				t.Fatal(err)
			}
			doc, err := show.Decode(data)
			if err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			if err := show.WriteJSON(&out, doc); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(data), out.String()); d != "" {
				t.Errorf("%s is written in another way (-was +is):\n%s", program, d)
			}
		}
	}
}

// TestSavedElsewhere applies a plan where the program has another path.
func TestSavedElsewhere(t *testing.T) {
	for body, text := range bodies {
		inStack(t, "shop", body)
		runBay(t, "plan", "shop", "--out", "next.plan").want(t, exitDone)
		write(t, filepath.Join("deep/er", body), text)
		write(t, filepath.Join("changed", body), strings.Replace(text, "back", "front", 1))
		plan, err := filepath.Abs("next.plan")
		if err != nil {
			t.Fatal(err)
		}
		t.Chdir("deep")
		runBay(t, "apply", plan).want(t, exitError, "there is no shop here, from which "+plan+" was planned", "bay apply "+plan+" DIR")
		runBay(t, "apply", plan, "../changed").want(t, exitStale, "network.front", "network.back")
		runBay(t, "apply", plan, "nowhere").want(t, exitError, "there is no nowhere")
		runBay(t, "apply", plan, "er").want(t, exitDone, "Done: 2 created")
	}
}

func TestSavedForAnotherEngine(t *testing.T) {
	inStack(t, ".", "main.bay.hcl")
	run := func(args ...string) said {
		x := newTester(t)
		code := x.run(args)
		return said{code, x.read(x.out), x.read(x.err)}
	}
	run("plan", "--out", "next.plan", "--engine", "embedded:one").want(t, exitDone)
	for _, other := range []string{"embedded:two", "embedded:one@1.41"} {
		run("apply", "next.plan", "--engine", other).want(t, exitStale, "next.plan was planned for engine", "bay plan --out next.plan", "nothing was changed")
	}
	run("apply", "next.plan", "--engine", "embedded:one").want(t, exitDone)
}

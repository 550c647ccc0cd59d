package golden

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// stackToComplete has what is hard to write in a shell.
const stackToComplete = `
stack { name = "harbour" }
image "web" { build = { dockerfile_inline = "FROM scratch\nCMD [\"x\"]\n" } }
container "web" {
  for_each = range(2)
  image    = image.web
  state    = "created"
}
container "odd" {
  for_each = ["a b's $x", "plain"]
  image    = image.web
  state    = "created"
}
`

// stackBefore has a volume that the stack does not have any more, and
// stackToPush what does not live.
const (
	stackBefore = stackToComplete + "volume \"charts\" {}\n"
	stackToPush = `
stack { name = "pushed" }
variable "greeting" { default = "ahoy" }
image "app" {
  build = { dockerfile_inline = "FROM scratch\nCMD [\"x\"]\n" }
  tags  = ["registry.example/app:1.0", "registry.example/app:latest", "app:local"]
  push  = ["registry.example/app:1.0", "registry.example/app:latest"]
}
image "other" {
  build = { dockerfile_inline = "FROM scratch\nCMD [\"y\"]\n" }
  tags  = ["registry.example/other:1.0"]
  push  = true
}
container "sail" { image = image.app }
`
)

// A lineOf is what is typed into a shell, with the tabs, and the words that the
// shell makes of it. An embedded engine named fleet holds the stack.
type lineOf struct {
	typed string
	words []string
}

// typedAnywhere is what all shells make the same words of.
var typedAnywhere = []lineOf{
	{"bay val\t", []string{"bay", "validate"}},
	{"bay logs --tim\t", []string{"bay", "logs", "--timestamps"}},
	{"bay init --template serv\t", []string{"bay", "init", "--template", "services"}},
	{"bay --engine embedded:fleet logs od\t", []string{"bay", "--engine", "embedded:fleet", "logs", "odd"}},
	{`bay --engine embedded:fleet exec web\[\"0` + "\t", []string{"bay", "--engine", "embedded:fleet", "exec", `web["0"]`}},
	{`bay --engine embedded:fleet logs container.web\[\"1` + "\t", []string{"bay", "--engine", "embedded:fleet", "logs", `container.web["1"]`}},
	{"bay run -C pushes sa\t", []string{"bay", "run", "-C", "pushes", "sail"}},
	{"bay plan pushes --var gr\tx", []string{"bay", "plan", "pushes", "--var", "greeting=x"}},
	{"bay push -C pushes --tag registry.example/o\t", []string{"bay", "push", "-C", "pushes", "--tag", "registry.example/other:1.0"}},
	{"bay push pushes image.app --tag r\tl\t", []string{"bay", "push", "pushes", "image.app", "--tag", "registry.example/app:latest"}},
	{"bay --engine embedded:fleet apply --remove-volume v\t", []string{"bay", "--engine", "embedded:fleet", "apply", "--remove-volume", "volume.charts"}},
}

// TestCompletion types into real shells, on a terminal.
func TestCompletion(t *testing.T) {
	program, err := built("bay")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	state := filepath.Join(dir, "state")
	for name, text := range map[string]string{"main.bay.hcl": stackToComplete, "elsewhere/note.txt": "", "before/main.bay.hcl": stackBefore, "pushes/main.bay.hcl": stackToPush} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	bayOn(t, "embedded:fleet", state, "apply", "--yes", filepath.Join(dir, "before"))
	bayOn(t, "embedded:fleet", state, "apply", "--yes", dir)
	for _, s := range []struct {
		name, ready string
		args        []string
		more        []lineOf
	}{
		{"bash", "PS1='read''y> '; bind 'set bell-style none'; source <(bay completion bash)", []string{"--norc", "--noprofile", "-i"}, []lineOf{
			{"bay --engine embedded:fleet exec web\t1\t", []string{"bay", "--engine", "embedded:fleet", "exec", `web["1"]`}},
			{"bay --engine embedded:fleet logs 'web[\t1\t", []string{"bay", "--engine", "embedded:fleet", "logs", `web["1"]`}},
			{`bay --engine embedded:fleet logs web["` + "\t1\t", []string{"bay", "--engine", "embedded:fleet", "logs", `web["1"]`}},
			{`bay --engine embedded:fleet logs web\[1` + "\t", []string{"bay", "--engine", "embedded:fleet", "logs", `web[1]`}},
			{"bay --engine embedded:fleet logs container.odd[\ta\t", []string{"bay", "--engine", "embedded:fleet", "logs", `container.odd["a b's $x"]`}},
			{"bay --engine=embedded:fleet logs -C el\t", []string{"bay", "--engine=embedded:fleet", "logs", "-C", "elsewhere/"}},
			{"bay --engine unix:///no/such.sock logs we\t", []string{"bay", "--engine", "unix:///no/such.sock", "logs", "we"}},
			{"bay plan --out=else\t", []string{"bay", "plan", "--out=elsewhere/"}},
		}},
		{"zsh", "PS1='read''y> '; unsetopt beep; autoload -U compinit; compinit -u -D; source <(bay completion zsh)", []string{"-f", "-i"}, nil},
		{"fish", "function fish_prompt; echo -n 'read''y> '; end; bay completion fish | source", []string{"--no-config", "-i"}, nil},
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			path, err := exec.LookPath(s.name)
			if err != nil {
				t.Skipf("%s IS NOT INSTALLED: nothing here says that bay's completion works in it", s.name)
			}
			home := t.TempDir()
			cmd := exec.Command(path, s.args...)
			cmd.Dir = dir
			cmd.Env = []string{"PATH=" + filepath.Dir(program) + ":" + os.Getenv("PATH"), "HOME=" + home, "XDG_STATE_HOME=" + state, "INPUTRC=/dev/null"}
			r := start(t, cmd, true)
			r.types(s.ready + "\n")
			r.says("ready> ")
			for i, line := range append(typedAnywhere, s.more...) {
				r.types(line.typed)
				r.types(fmt.Sprintf("\x01printf '<%%s>' %d \n", i)) // at the beginning, so that the words are printed
				r.says(fmt.Sprintf("<%d><%s>", i, strings.Join(line.words, "><")))
			}
			r.types("exit\n")
			r.ends(0)
			for _, bad := range []string{"command not found", "syntax error", "parse error", "panic"} {
				if strings.Contains(r.text(), bad) {
					t.Errorf("the shell says %q:\n%s", bad, r.text())
				}
			}
		})
	}
}

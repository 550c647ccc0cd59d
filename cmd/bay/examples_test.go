package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/shlex"
)

// widest is how long a line of help may be: terminals have 80 columns and more.
const widest = 92

// TestHelpExamples holds that each command teaches by an example, and that what
// help and README show of bay is a command line that bay takes.
func TestHelpExamples(t *testing.T) {
	x := newTester(t)
	for _, c := range paged(x.root()) {
		if c.Runnable() && c.HasParent() && c.Example == "" {
			t.Errorf("%s: its help has no example", c.CommandPath())
		}
		for _, line := range strings.Split(c.Long, "\n") {
			if len(line) > widest && !strings.HasPrefix(line, "  ") {
				t.Errorf("%s: its help has a line of %d characters: %s", c.CommandPath(), len(line), line)
			}
		}
		for _, line := range strings.Split(c.Example, "\n") {
			for _, words := range commandLines(line) {
				x.takes(c.CommandPath(), words, true)
			}
		}
		for _, text := range append(inBackquotes(c.Long), inBackquotes(c.Short)...) {
			x.takes(c.CommandPath(), text, false)
		}
	}
	for word, hint := range elsewhere {
		if c, _, err := x.root().Find([]string{word}); err == nil && c.HasParent() {
			t.Errorf("bay %s is a command, and is said to be none", word)
		}
		for _, words := range inBackquotes(hint) {
			x.takes("the hint for bay "+word, words, true)
		}
	}
	for _, name := range []string{"README.md", "LANGUAGE.md"} {
		text, err := os.ReadFile("../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		for _, words := range inBackquotes(string(text)) {
			x.takes(name, words, false)
		}
		for _, line := range strings.Split(string(text), "\n") {
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				for _, words := range commandLines(command) {
					x.takes(name, words, false)
				}
			}
		}
	}
}

// takes holds that bay would run words: there is the command, and it has the flags
// and as many arguments, where these are not left out.
func (x *tester) takes(where, words string, whole bool) {
	x.t.Helper()
	args, err := shlex.Split(words)
	if err != nil {
		x.t.Errorf("%s: %s: %v", where, words, err)
		return
	}
	root := x.root()
	cmd, rest, err := root.Find(args[1:])
	if err == nil && cmd == root && len(args) > 1 && !strings.HasPrefix(args[1], "-") {
		err = knownCommand(root, args[1:])
	}
	if err == nil {
		err = cmd.ParseFlags(rest)
	}
	if err == nil && whole {
		err = cmd.ValidateArgs(cmd.Flags().Args())
	}
	if err == nil {
		err = cmd.ValidateFlagGroups()
	}
	if err != nil {
		x.t.Errorf("%s shows `%s`: %v", where, words, err)
	}
}

var (
	comment   = regexp.MustCompile(`\s+# .*$`)
	separator = regexp.MustCompile(`\s[|<>&]+\s|\$\(|<\(|\)`)
	spans     = regexp.MustCompile("`(bay(?: [^`…]*)?)`")
)

// commandLines are those of bay in a line of a shell.
func commandLines(line string) []string {
	var out []string
	for _, part := range separator.Split(comment.ReplaceAllString(line, ""), -1) {
		part = strings.Trim(part, ` "`)
		if part == "bay" || strings.HasPrefix(part, "bay ") {
			out = append(out, part)
		}
	}
	return out
}

// inBackquotes are the command lines of bay in a text.
func inBackquotes(text string) []string {
	var out []string
	for _, m := range spans.FindAllStringSubmatch(text, -1) {
		line := strings.ReplaceAll(m[1], `\|`, "|") // as tables have it
		out = append(out, commandLines(strings.Join(strings.Fields(line), " "))...)
	}
	return out
}

package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

// readlineBreaks is bash's COMP_WORDBREAKS as long as nobody changes it.
const readlineBreaks = " \t\n\"'@><=;|&(:"

func TestParseLine(t *testing.T) {
	t.Setenv("HOME", "/home/me")
	for _, c := range []struct {
		line  string
		words string // with | between them
		reply string // for the last word and more
	}{
		{`bay `, "bay|", "\\[x"},
		{`bay lo`, "bay|lo", "lo\\[x"},
		{`bay  exec web\[\"0`, `bay|exec|web["0`, `web\[\"0\[x`},
		{`bay exec "web[`, `bay|exec|web[`, `web[[x`},
		{`bay exec 'web["0`, `bay|exec|web["0`, `web["0[x`},
		{`bay exec web["0`, `bay|exec|web[0`, `0[x`},
		{`bay exec web['"0"']`, `bay|exec|web["0"]`, ``},
		{`bay --engine=em`, "bay|--engine=em", "em\\[x"},
		{`bay --engine embedded:a`, "bay|--engine|embedded:a", "a\\[x"},
		{`bay logs -C ~/sr`, "bay|logs|-C|/home/me/sr", ""},
		{`bay logs "a b" c\ d`, "bay|logs|a b|c d", `c\ d\[x`},
		{`bay logs "\$x\q" `, `bay|logs|$x\q|`, `\[x`},
		{`bay logs 2>err web`, "bay|logs|web", `web\[x`},
		{`bay plan '' `, "bay|plan||", `\[x`},
	} {
		l := parseLine(c.line, readlineBreaks)
		if d := cmp.Diff(c.words, strings.Join(l.words, "|")); d != "" || l.file {
			t.Errorf("%s: to a file: %v; words (-want +got):\n%s", c.line, l.file, d)
		}
		if got, ok := l.reply(l.words[len(l.words)-1] + "[x"); c.reply != "" && (got != c.reply || !ok) {
			t.Errorf("%s: the reply is %q, %v, want %q", c.line, got, ok, c.reply)
		}
	}
	for _, line := range []string{"bay logs >", "bay logs > o", "bay logs 2> o", "bay logs <in"} {
		if !parseLine(line, readlineBreaks).file {
			t.Errorf("%s: the last word is a file", line)
		}
	}
}

// TestParseLineTyped completes lines of all sorts after each of their bytes.
func TestParseLineTyped(t *testing.T) {
	for _, line := range []string{`bay exec web\[\"0\"\] 'a b'"c\$"`, "bay <in >out 2>&1 ~/x a=~ \\", `~ 'ö'\''`, `bay "\"`} {
		for i := range len(line) + 1 {
			l := parseLine(line[:i], readlineBreaks)
			if l.file {
				continue
			}
			last := l.words[len(l.words)-1]
			if got := l.answer([]string{last + "x\tsays"}, cobra.ShellCompDirectiveDefault, false); !strings.Contains(got, "+") && !strings.HasPrefix(last, "-") {
				t.Errorf("%s: %q does not complete: %q", line[:i], last, got)
			}
		}
	}
}

// TestCompletionWithoutEngine holds that a shell waits for no engine, and hears
// nothing of that there is none.
func TestCompletionWithoutEngine(t *testing.T) {
	for _, line := range []string{"bay --engine unix:///no/such.sock logs w", "bay --engine tcp://192.0.2.1:2375 stop ", "bay --engine ssh://nobody@192.0.2.1 --stack "} {
		x := newTester(t)
		begun := time.Now()
		code := x.run([]string{completeBash, readlineBreaks, "9", line})
		if out := x.read(x.out); code != exitDone || out != ":none\n" || x.read(x.err) != "" {
			t.Errorf("%s: exit code %d, output %q, errors %q", line, code, out, x.read(x.err))
		}
		if took := time.Since(begun); took > completeAtMost {
			t.Errorf("%s: it took %v", line, took)
		}
	}
}

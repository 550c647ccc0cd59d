package main

import (
	"fmt"
	"os"
	"strings"
)

// A shellLine is a command line of a shell as far as somebody has typed it.
type shellLine struct {
	words  []string // as the command gets them; the last one is the one that is typed
	begins int      // where in the last word the text begins that the shell replaces
	quote  byte     // ' or " where that text is in quotes which are still open
	file   bool     // the last word is where output goes to, or input comes from
}

// parseLine reads a line of bash. breaks is what ends a word for readline, which
// replaces only what stands behind it, and behind a quote that is still open.
func parseLine(line, breaks string) shellLine {
	var (
		l    shellLine
		word strings.Builder
		in   bool // a word has begun
		home bool // it began with a ~ that stands for the home directory
	)
	end := func() {
		text := word.String()
		if home {
			if dir, err := os.UserHomeDir(); err == nil {
				text = dir + strings.TrimPrefix(text, "~")
			}
		}
		if in && !l.file {
			l.words = append(l.words, text)
		}
		in, home, l.file, l.begins = false, false, false, 0
		word.Reset()
	}
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case l.quote == '\'':
			if c == '\'' {
				l.quote = 0
			} else {
				word.WriteByte(c)
			}
		case l.quote == '"' && c == '"':
			l.quote = 0
		case c == '\\' && i+1 < len(line) && (l.quote == 0 || strings.IndexByte("\"\\$`", line[i+1]) >= 0):
			i++
			word.WriteByte(line[i])
			in = true
		case l.quote == '"':
			word.WriteByte(c)
		case c == '\'' || c == '"':
			l.quote, in, l.begins = c, true, word.Len()
		case c == ' ' || c == '\t' || c == '\n':
			if in || !l.file {
				end()
			}
		case c == '<' || c == '>':
			if in && strings.Trim(word.String(), "0123456789&") == "" { // which stream
				in = false
				word.Reset()
			}
			end()
			l.file = true
		default:
			home = home || !in && c == '~' && (i+1 == len(line) || line[i+1] == '/')
			in = true
			word.WriteByte(c)
			if strings.IndexByte(breaks, c) >= 0 {
				l.begins = word.Len()
			}
		}
	}
	begins, quote, file := l.begins, l.quote, l.file
	in, l.file = true, false // also where nothing of it is typed yet
	end()
	l.begins, l.quote, l.file = begins, quote, file
	return l
}

// reply is a word that was chosen for the last one, as the shell puts it in the
// place of what it replaces; false if it cannot.
func (l shellLine) reply(word string) (string, bool) {
	typed := l.words[len(l.words)-1]
	if !strings.HasPrefix(word, typed) {
		return "", false
	}
	rest := word[min(l.begins, len(word)):]
	switch l.quote {
	case '\'':
		return strings.ReplaceAll(rest, "'", `'\''`), true
	case '"':
		return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`").Replace(rest), true
	}
	var b strings.Builder
	for _, r := range rest {
		if r < 0x80 && !plainInShell(r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String(), true
}

// plainInShell reports whether a character stands for itself in a word of a shell.
func plainInShell(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("_./:=@%+,-", r)
}

// shellWord writes a word so that a shell reads it as one.
func shellWord(word string) string {
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plainInShell(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// bashScript is what bash runs to complete a command. Cobra's own leaves quotes
// open where several words begin alike, needs functions of another package, and
// evaluates what is typed; this one gives the line to bay as it is.
func bashScript(name string) string {
	return fmt.Sprintf(`# Completion of %[1]s for bash.

_%[1]s_complete() {
    local bay=$1 line
    [[ $bay == "~/"* ]] && bay=$HOME/${bay#"~/"}
    COMPREPLY=()
    while IFS= read -r line; do
        case $line in
        :files) ;;
        :dirs) type compopt >/dev/null 2>&1 && compopt +o default +o bashdefault -o dirnames ;;
        :none) type compopt >/dev/null 2>&1 && compopt +o default +o bashdefault ;;
        :nospace) type compopt >/dev/null 2>&1 && compopt -o nospace ;;
        +*) COMPREPLY+=("${line#+}") ;;
        esac
    done < <("$bay" %[2]s "$COMP_WORDBREAKS" "$COMP_TYPE" "${COMP_LINE:0:COMP_POINT}" 2>/dev/null </dev/null)
}

complete -o bashdefault -o default -F _%[1]s_complete %[1]s
`, name, completeBash)
}

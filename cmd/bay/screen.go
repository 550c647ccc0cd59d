package main

import (
	"io"
	"os"
	"strings"

	"bayplan/lang/diag"

	"golang.org/x/term"
)

// screen is one of the command's outputs. All that is written to it goes
// through the mask, whoever said it.
type screen struct {
	file     *os.File
	terminal bool
	mask     *diag.Mask // of what is sensitive in this run; nil shows all
	lane     *lane      // by which it is written to; nil: at once
}

func screenOf(f *os.File) screen {
	return screen{file: f, terminal: term.IsTerminal(int(f.Fd()))}
}

// Write writes p without what is sensitive. A value that is written in two
// pieces would not be known: whoever writes, writes whole lines.
func (s screen) Write(p []byte) (int, error) {
	var to io.Writer = s.file
	if s.lane != nil {
		to = s.lane
	}
	if _, err := io.WriteString(to, s.mask.Hide(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// on returns the screen with all that is written from now on spooled.
func (s screen) on(p *spool) screen {
	s.lane = p.lane(s.file)
	return s
}

// behind returns how many bytes were written and are not shown yet.
func (s screen) behind() int {
	if s.lane == nil {
		return 0
	}
	return s.lane.behind()
}

// failed returns why not all that was written is shown.
func (s screen) failed() error {
	if s.lane == nil {
		return nil
	}
	return s.lane.failed()
}

// bare returns a screen that shows all, for who asks for a value by its name.
func (s screen) bare() screen {
	s.mask = nil
	return s
}

// width returns the columns of a terminal, 0 for anything else.
func (s screen) width() int {
	w, _ := s.size()
	return w
}

func (s screen) size() (width, height int) {
	if !s.terminal {
		return 0, 0
	}
	w, h, err := term.GetSize(int(s.file.Fd()))
	if err != nil {
		return 0, 0
	}
	return w, h
}

// color reports whether a screen gets colours: a terminal that has some, and
// nobody said no.
func (a *app) color(s screen) bool {
	return s.terminal && !a.common.noColor && a.getenv("NO_COLOR") == "" && a.getenv("TERM") != "dumb"
}

// ascii reports whether the locale is said to have no UTF-8. One that is not
// said has.
func (a *app) ascii() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(a.getenv(name)); v != "" {
			return !strings.Contains(v, "utf-8") && !strings.Contains(v, "utf8")
		}
	}
	return false
}

// paint colours s for a screen.
func (a *app) paint(to screen, code, s string) string {
	if !a.color(to) || s == "" || code == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// pick returns the sign of the terminal's character set.
func (a *app) pick(utf8, ascii string) string {
	if a.ascii() {
		return ascii
	}
	return utf8
}

func isTerminal(f interface{ Fd() uintptr }) bool { return term.IsTerminal(int(f.Fd())) }

package main

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// emulator is a small terminal: it knows line ends, moving up, deleting to the
// end of the screen and colours, and wraps lines anew when its width changes, as
// most terminals do.
type emulator struct {
	width int
	lines []string // whole lines, however many rows each takes
	at    int      // the line of the cursor, whose column is that line's end, or 0
	home  bool     // the cursor is in column 0 of a line that has text
	part  string   // the beginning of a code
}

// steered is a code, or a character that steers.
var steered = regexp.MustCompile(`^(\x1b\[(\d*)([AJm])|\r|\n)`)

// Write takes what is printed. A code that it does not know stays in sight.
func (e *emulator) Write(p []byte) (int, error) {
	text := e.part + string(p)
	e.part = ""
	for text != "" {
		if text[0] == 0x1b && !strings.ContainsAny(text, "AJm") { // the rest is on its way
			e.part = text
			break
		}
		if m := steered.FindStringSubmatch(text); m != nil {
			e.steer(m)
			text = text[len(m[0]):]
			continue
		}
		end := strings.IndexAny(text[1:], "\x1b\r\n") + 1
		if end == 0 {
			end = len(text)
		}
		e.print(text[:end])
		text = text[end:]
	}
	return len(p), nil
}

func (e *emulator) print(text string) {
	e.reach()
	if e.home {
		e.lines[e.at] = ""
	}
	e.lines[e.at] += text
	e.home = false
}

func (e *emulator) reach() {
	for len(e.lines) <= e.at {
		e.lines = append(e.lines, "")
	}
}

func (e *emulator) steer(m []string) {
	e.reach()
	switch {
	case m[0] == "\r":
		e.home = true
	case m[0] == "\n":
		e.at++
		e.reach()
		e.home = true
	case m[3] == "A":
		e.up(m[2])
	case m[3] == "J":
		e.lines = append(slices.Clone(e.lines[:e.at]), "")
	}
}

// up moves the cursor rows up. It lands in the first row of a line, or what was
// printed there shows that it did not.
func (e *emulator) up(rows string) {
	n, err := strconv.Atoi(rows)
	if err != nil {
		panic(err) // it is a number
	}
	for n > 0 && e.at > 0 {
		e.at--
		n -= max(1, (len([]rune(e.lines[e.at]))+e.width-1)/e.width)
	}
	if n < 0 {
		e.lines[e.at] += " <in the middle>"
		e.at++
	}
	e.home = true
}

// text returns what is on the screen.
func (e *emulator) text() string {
	return strings.TrimRight(strings.Join(e.lines, "\n"), "\n") + "\n"
}

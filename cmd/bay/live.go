package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"bayplan/interpreter/show"
	"bayplan/lang/diag"
)

// What stands on a terminal for the moment: rows at most, and of these so many
// for the layers of one pull.
const (
	liveRows  = 10
	layerRows = 4
)

// narrow is the width below which only what runs, and for how long, has room.
const narrow = 40

// repaint shows how things stand now, unless the terminal is not through with
// what it was told before: then one of the next times does.
func (v *progress) repaint() {
	if v.app.out.behind() == 0 {
		v.paint("")
	}
}

// paint takes the running steps off the screen, prints text for good, and puts
// the running steps below it.
func (v *progress) paint(text string) {
	width, height := v.size()
	if width <= 0 {
		width = 80
	}
	var b strings.Builder
	if n := rows(v.drawn, width); n > 0 {
		fmt.Fprintf(&b, "\r\x1b[%dA\x1b[J", n)
	}
	v.drawn = nil
	b.WriteString(text)
	if v.live {
		for _, line := range v.block(width, height) {
			b.WriteString(line + "\n")
			v.drawn = append(v.drawn, show.Columns(line))
		}
	}
	if b.Len() == 0 {
		return
	}
	// An output that nobody reads any more is no reason to stop half-way.
	_, _ = io.WriteString(v.app.out, b.String())
}

// rows returns how many rows lines of so many columns take. A terminal that has
// become narrower has wrapped those that it had no room for.
func rows(lines []int, width int) int {
	n := 0
	for _, columns := range lines {
		n += max(1, (columns+width-1)/width)
	}
	return n
}

// block is a line for each running step that the terminal has room for, and
// below it one for each layer that comes, if there is room left. No line is so
// long that it wraps.
func (v *progress) block(width, height int) []string {
	room := min(max(height-4, 1), liveRows)
	spare := room - len(v.running)
	var lines []string
	for i, t := range v.running {
		if i == room {
			return append(lines, show.Fit(fmt.Sprintf("    and %d more running", len(v.running)-i), width-1))
		}
		lines = append(lines, v.row(t, width-1))
		for _, layer := range t.load.lines(min(spare, layerRows)) {
			if width < narrow {
				break
			}
			lines = append(lines, show.Fit(v.app.paint(v.app.out, "2", strings.Repeat(" ", 6)+layer), width-1))
			spare--
		}
	}
	return lines
}

// row is the line of a running step, in so many columns. What it does gives way
// to how long it does so.
func (v *progress) row(t *task, columns int) string {
	now := v.clock()
	if columns < narrow {
		sign, color := show.Mark(t.step.Verb, v.app.ascii())
		return show.Fit(fmt.Sprintf("%s %s %s", v.app.paint(v.app.out, color, sign), span(now.Sub(t.since)), diag.Escape(t.step.Addr.String())), columns)
	}
	spent, call := t.elapsed(now), ""
	if spent != "" && t.call != "" {
		call = v.app.paint(v.app.out, "2", "  "+t.call)
	}
	left := max(columns-show.Columns(v.line(t, ""))-show.Columns(spent), 0)
	return show.Fit(v.line(t, show.Fit(t.doing+t.stalled(now), left)+spent+call), columns)
}

// elapsed is how long a step has run, or waited, and of how much; "" of what has
// only just begun.
func (t *task) elapsed(now time.Time) string {
	if t.limit > 0 {
		return ", " + span(now.Sub(t.change)) + " of " + span(t.limit)
	}
	if run := now.Sub(t.since); run >= time.Second {
		return " " + span(run)
	}
	return ""
}

// span is a duration in whole seconds, without units that are 0: 12s, 1m, 1h30m.
func span(d time.Duration) string {
	s := d.Truncate(time.Second).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

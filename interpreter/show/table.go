package show

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Table is rows under a heading, for people. On a terminal that is too narrow
// columns in which nothing stands are left out, its longest cells are cut, and
// then whole columns left out.
type Table struct {
	head []string
	rows [][]Cell
	give []int // columns that can be left out, the first first
	full []int // columns whose cells are cut last of all
}

// Cell is one cell: text without control characters, and its colour as an ANSI
// code, "" for none. One without text is shown as "-".
type Cell struct{ Text, Color string }

// NewTable returns a table with these columns.
func NewTable(head ...string) *Table { return &Table{head: head} }

// Row adds a row of plain cells.
func (t *Table) Row(cells ...string) {
	row := make([]Cell, len(cells))
	for i, c := range cells {
		row[i].Text = c
	}
	t.rows = append(t.rows, row)
}

// Cells adds a row.
func (t *Table) Cells(row ...Cell) { t.rows = append(t.rows, row) }

// Give names columns that may be left out where room is short, the first first.
func (t *Table) Give(heads ...string) *Table {
	t.give = t.indexes(heads)
	return t
}

// Whole names columns whose cells are cut only where nothing else helps.
func (t *Table) Whole(heads ...string) *Table {
	t.full = t.indexes(heads)
	return t
}

func (t *Table) indexes(heads []string) []int {
	var out []int
	for _, h := range heads {
		i := slices.Index(t.head, h)
		if i < 0 {
			panic("show: a table has no column " + h)
		}
		out = append(out, i)
	}
	return out
}

// How many columns of a cell stay when it is cut: so many that most of it can be
// read, if a column that can be left out makes room for that; else so many.
const (
	goodCell  = 24
	leastCell = 12
)

// Lines returns the table's lines without line ends, as wide as o.Width at most
// unless that is 0.
func (t *Table) Lines(o Options) []string {
	x := newText(o)
	widths, shown := t.layout(o.Width)
	var head []Cell
	for _, h := range t.head {
		head = append(head, Cell{h, dim})
	}
	lines := []string{x.tableRow(head, widths, shown)}
	for _, r := range t.rows {
		lines = append(lines, x.tableRow(r, widths, shown))
	}
	return lines
}

// Write writes the table.
func (t *Table) Write(w io.Writer, o Options) error {
	_, err := fmt.Fprintln(w, strings.Join(t.Lines(o), "\n"))
	return err
}

// layout decides which columns are shown, and how wide. Where not all have room,
// those go first in which nothing stands.
func (t *Table) layout(room int) (widths, shown []int) {
	var all []int
	for i := range t.head {
		all = append(all, i)
	}
	widths = t.widths()
	if room <= 0 || total(widths, all) <= room {
		return widths, all
	}
	all = slices.DeleteFunc(all, func(i int) bool { return i > 0 && t.empty(i) })
	for _, try := range t.tries() {
		shown = slices.DeleteFunc(slices.Clone(all), func(i int) bool { return slices.Contains(t.give[:try.without], i) })
		if widths = t.widths(); t.cut(widths, shown, room, try.least, func(i int) bool { return !slices.Contains(t.full, i) }) {
			return widths, shown
		}
	}
	t.cut(widths, shown, room, leastCell, func(int) bool { return true }) // as a last resort
	return widths, shown
}

// try is a way to make room: without the first of the columns that can be left
// out, and with this much of a cell.
type try struct{ without, least int }

func (t *Table) tries() []try {
	out := []try{{0, goodCell}, {min(1, len(t.give)), goodCell}}
	for n := range len(t.give) + 1 {
		out = append(out, try{n, leastCell})
	}
	return out
}

// empty reports whether nothing stands in a column.
func (t *Table) empty(i int) bool {
	return !slices.ContainsFunc(t.rows, func(r []Cell) bool { return r[i].Text != "" })
}

// total is how wide columns are together.
func total(widths, shown []int) int {
	n := 2 * (len(shown) - 1)
	for _, i := range shown {
		n += widths[i]
	}
	return n
}

func (t *Table) widths() []int {
	widths := make([]int, len(t.head))
	for i, h := range t.head {
		widths[i] = cells(h)
		for _, r := range t.rows {
			widths[i] = max(widths[i], cells(r[i].Text))
		}
	}
	return widths
}

// cut cuts the widest columns until all fit, and reports whether they do.
func (t *Table) cut(widths, shown []int, room, least int, can func(int) bool) bool {
	for {
		widest := -1
		for _, i := range shown {
			if can(i) && widths[i] > max(least, cells(t.head[i])) && (widest < 0 || widths[i] > widths[widest]) {
				widest = i
			}
		}
		if wide := total(widths, shown); wide <= room || widest < 0 {
			return wide <= room
		}
		widths[widest]--
	}
}

// short cuts a cell to n columns: a name in its middle, since the end of an address,
// an image or a volume tells it apart, and what has several words at its end. A name
// that ends in a hash or is one is known by its beginning.
func short(s string, n int, sign string) string {
	n -= cells(sign)
	end := n * 2 / 5
	if strings.Contains(s, " ") || strings.Contains(s, "sha256:") {
		end = 0
	}
	tail := []rune(s)
	for cells(string(tail)) > end {
		tail = tail[1:]
	}
	return Fit(s, n-end) + sign + string(tail)
}

func (x *text) tableRow(row []Cell, widths, shown []int) string {
	var b strings.Builder
	for n, i := range shown {
		cell := row[i]
		if cell.Text == "" {
			cell = Cell{"-", dim}
		}
		s := cell.Text
		if cells(s) > widths[i] {
			s = short(s, widths[i], x.pick("…", "."))
		}
		b.WriteString(x.paint(cell.Color, s))
		if n+1 < len(shown) {
			b.WriteString(strings.Repeat(" ", widths[i]-cells(s)+2))
		}
	}
	return strings.TrimRight(b.String(), " ")
}

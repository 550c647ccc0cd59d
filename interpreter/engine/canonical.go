package engine

import (
	"bytes"
	"encoding/json"
	"slices"
)

// Canonical returns JSON as an Encoder writes a tree of maps that was read from
// it: keys in order, and of one that stands twice the last. data is as an Encoder
// writes it too, without indentation and without escapes for HTML.
func Canonical(data []byte) []byte {
	c := canonical{in: data, out: make([]byte, 0, len(data))}
	c.value()
	return c.out
}

// canonical copies JSON from in to out, and brings it into order on the way. A
// tree of maps would do the same, with an allocation for each key and value:
// that is most of the work of writing a plan.
type canonical struct {
	in, out []byte
	at      int    // where in is read
	prune   bool   // members of objects that are empty are left out
	blanks  Blanks // of strings and keys: they are filled as they are printed
	members []pair // of the objects that are being written, the innermost's last
	spare   []byte // room to put members in order
}

// pair is a member of an object.
type pair struct {
	key        []byte
	start, end int // where it stands in out, with its key
}

func (c *canonical) value() {
	switch c.in[c.at] {
	case '{':
		c.object()
	case '[':
		c.list()
	case '"':
		c.text()
	default: // numbers stay as they are written: 64-bit sizes survive
		n := bytes.IndexAny(c.in[c.at:], ",]}")
		if n < 0 {
			n = len(c.in) - c.at
		}
		c.take(n)
	}
}

// take copies n bytes as they are.
func (c *canonical) take(n int) {
	c.out = append(c.out, c.in[c.at:c.at+n]...)
	c.at += n
}

// list copies a list. Within one nothing is left out.
func (c *canonical) list() {
	prune := c.prune
	c.prune = false
	c.take(1)
	for c.in[c.at] != ']' {
		c.value()
		if c.in[c.at] == ',' {
			c.take(1)
		}
	}
	c.take(1)
	c.prune = prune
}

func (c *canonical) object() {
	c.take(1)
	first, start := len(c.members), len(c.out)
	for c.in[c.at] != '}' {
		c.member()
		if c.in[c.at] == ',' {
			c.at++
		}
	}
	c.order(start, c.members[first:])
	c.members = c.members[:first]
	c.take(1)
}

func (c *canonical) member() {
	m := pair{start: len(c.out)}
	m.key = c.key()
	c.take(1) // the colon
	value := len(c.out)
	// An empty list or object is nothing on purpose, where null would say nothing.
	said := c.begins("[]") || c.begins("{}")
	c.value()
	if c.prune && !said && empty(c.out[value:]) {
		c.out = c.out[:m.start]
		return
	}
	m.end = len(c.out)
	c.members = append(c.members, m)
}

// begins reports whether s comes next.
func (c *canonical) begins(s string) bool { return bytes.HasPrefix(c.in[c.at:], []byte(s)) }

// order puts the members of an object, which are all that stands in out from
// start on, in order of their keys.
func (c *canonical) order(start int, members []pair) {
	slices.SortStableFunc(members, func(a, b pair) int { return bytes.Compare(a.key, b.key) })
	c.spare = c.spare[:0]
	for i, m := range members {
		if i+1 < len(members) && bytes.Equal(m.key, members[i+1].key) {
			continue
		}
		if len(c.spare) > 0 {
			c.spare = append(c.spare, ',')
		}
		c.spare = append(c.spare, c.out[m.start:m.end]...)
	}
	c.out = append(c.out[:start], c.spare...)
}

// text copies a string, and returns it as it was written.
func (c *canonical) text() []byte {
	raw, rare := c.quoted()
	if rare {
		c.out = append(c.out, encode(c.says(raw))...)
		c.at += len(raw)
		return raw
	}
	c.take(len(raw))
	return raw
}

// key copies a string, and returns what it says.
func (c *canonical) key() []byte {
	raw := c.text()
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1]
	}
	return []byte(c.says(raw))
}

// quoted returns the string that comes next, as it is written. rare says that
// it may have to be written in another way; the mark of a blank is written with \u.
func (c *canonical) quoted() (raw []byte, rare bool) {
	for i := c.at + 1; ; i++ {
		switch c.in[i] {
		case '\\':
			i++
			rare = rare || c.in[i] == 'u'
		case '"':
			return c.in[c.at : i+1], rare
		}
	}
}

// says returns what a string says, its blanks filled.
func (c *canonical) says(raw []byte) string {
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		panic("engine: reading JSON of our own: " + err.Error())
	}
	return c.blanks.Printed(s)
}

// encode returns x as JSON without escapes for HTML.
func encode(x any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(x); err != nil {
		panic("engine: printing an op: " + err.Error())
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// empty reports whether a value says nothing: the engine reads it as not said.
func empty(value []byte) bool {
	switch string(value) {
	case "null", "false", "0", `""`, "{}":
		return true
	}
	// ConsoleSize is always there, as two zeros.
	return value[0] == '[' && len(bytes.Trim(value[1:len(value)-1], "0,")) == 0
}

// Package lock reads and writes bay.lock, the file beside a stack that says
// what the references of its program stand for: one line for each, sorted, so
// that two branches merge line by line.
//
//	image docker.io/library/caddy:2.9 sha256:…
//
// A line begins with the kind of the resources that name the reference. Lines
// that begin with another word are kept as they are: a later bay wrote them.
package lock

import (
	"bytes"
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"bayplan/lang/diag"
	"bayplan/lang/ir"
)

// Name is what the file is called.
const Name = "bay.lock"

const header = "# Written by bay update. Commit it: what a line names is what every plan takes."

// File is what a lock file says.
type File struct {
	Pins  []ir.Pin // in order of Kind and Ref
	Other []string // lines of other kinds, as they are
}

var (
	word   = regexp.MustCompile(`^[a-z][a-z0-9_-]*$`)
	digest = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
)

// Parse reads a file. kinds are those whose lines it knows; name is what
// messages call the file.
func Parse(name string, src []byte, kinds []string, ds *diag.List) File {
	var f File
	for i, line := range strings.Split(string(src), "\n") {
		line = strings.TrimRightFunc(line, unicode.IsSpace)
		pos := diag.Pos{File: name, Line: i + 1, Col: 1}
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if marker(line) {
			ds.Addf(pos, "here is a merge that was not finished").
				Hintf("keep the lines of both sides where they name different things, and one where they name the same; `bay update` writes what a reference stands for now")
			return f
		}
		f.take(line, pos, kinds, ds)
	}
	f.sort()
	return f
}

// marker reports whether a line is one that git leaves where two sides differ.
func marker(line string) bool {
	return slices.ContainsFunc([]string{"<<<<<<<", "=======", ">>>>>>>", "|||||||"}, func(m string) bool { return strings.HasPrefix(line, m) })
}

// take takes one line.
func (f *File) take(line string, pos diag.Pos, kinds []string, ds *diag.List) {
	fields := strings.Fields(line)
	switch {
	case !word.MatchString(fields[0]):
		ds.Addf(pos, "%q begins no line of this file", fields[0]).Hintf("a line is KIND REFERENCE DIGEST; only `bay update` writes it")
		return
	case !slices.Contains(kinds, fields[0]):
		f.Other = append(f.Other, line)
		return
	case len(fields) != 3:
		ds.Addf(pos, "a line about %s has %d words, want a reference and a digest after it", fields[0], len(fields)).Hintf("`bay update` writes it anew once the line is gone")
		return
	case !digest.MatchString(fields[2]):
		pos.Col = 1 + strings.LastIndex(line, fields[2])
		ds.Addf(pos, "got %q, want a digest: sha256: and 64 hex digits", fields[2]).Hintf("`bay update` writes it anew once the line is gone")
		return
	}
	for _, p := range f.Pins {
		if p.Kind == fields[0] && p.Ref == fields[1] {
			ds.Addf(pos, "%s stands here twice", fields[1]).Hintf("it stands at %s too: keep one of them", p.Pos)
			return
		}
	}
	f.Pins = append(f.Pins, ir.Pin{Kind: fields[0], Ref: fields[1], Digest: fields[2], Pos: pos})
}

func (f *File) sort() {
	slices.SortFunc(f.Pins, func(a, b ir.Pin) int { return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Ref, b.Ref)) })
}

// Set pins a reference, and returns what was pinned before, or "".
func (f *File) Set(kind, ref, digest string) (was string) {
	for i, p := range f.Pins {
		if p.Kind == kind && p.Ref == ref {
			f.Pins[i].Digest = digest
			return p.Digest
		}
	}
	f.Pins = append(f.Pins, ir.Pin{Kind: kind, Ref: ref, Digest: digest})
	f.sort()
	return ""
}

// Encode returns the file's text. Lines are sorted, whatever they are about.
func (f *File) Encode() []byte {
	lines := slices.Clone(f.Other)
	for _, p := range f.Pins {
		lines = append(lines, fmt.Sprintf("%s %s %s", p.Kind, p.Ref, p.Digest))
	}
	slices.Sort(lines)
	var out bytes.Buffer
	fmt.Fprintln(&out, header)
	for _, l := range lines {
		fmt.Fprintln(&out, l)
	}
	return out.Bytes()
}

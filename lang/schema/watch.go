package schema

import (
	"sync/atomic"
	"unicode/utf8"

	"bayplan/lang/diag"
)

// A Watch is told where an evaluation is, so that somebody who ends it, or finds
// it dead, can say where that was. Telling costs a store. Its methods can be
// called on nil, and by one goroutine, but for Stop.
type Watch struct {
	at    *uint64 // a place: see pack
	named func(index int, file string)
	files map[string]uint64
	last  string // the file that was told last
	index uint64 // its index
	stop  atomic.Pointer[string]
}

// NewWatch returns a watch that keeps the place at a word of memory, which other
// processes may look at. named is told the name of each file with its index,
// before a place is in it.
func NewWatch(at *uint64, named func(index int, file string)) *Watch {
	return &Watch{at: at, named: named, files: map[string]uint64{}}
}

// A place is the index of a file from 1 in the upper 16 bits, a bit that is set
// where line and column follow, of 23 and 24 bits, and is not where the offset of
// a byte does.
const (
	inFile  = 48
	byLine  = 1 << 47
	inLine  = 24
	maxWord = 1<<inFile - 1
)

// At tells that the evaluation is at a byte of a file.
func (w *Watch) At(file string, offset int) {
	if w != nil {
		atomic.StoreUint64(w.at, w.in(file)<<inFile|uint64(offset)&(byLine-1))
	}
}

// AtLine tells that the evaluation is at a line and a column of a file.
func (w *Watch) AtLine(p diag.Pos) {
	if w != nil {
		atomic.StoreUint64(w.at, w.in(p.File)<<inFile|byLine|uint64(p.Line)<<inLine&(byLine-1)|uint64(p.Col)&(1<<inLine-1))
	}
}

// in returns the index of a file.
func (w *Watch) in(file string) uint64 {
	if file == w.last && w.index > 0 {
		return w.index
	}
	i, ok := w.files[file]
	if !ok {
		i = uint64(len(w.files)+1) & 0xffff
		w.files[file] = i
		w.named(int(i), file)
	}
	w.last, w.index = file, i
	return i
}

// Stop asks the evaluation to stop, and says why.
func (w *Watch) Stop(why string) { w.stop.Store(&why) }

// Stopped returns why the evaluation shall stop, or "".
func (w *Watch) Stopped() string {
	if w == nil {
		return ""
	}
	if why := w.stop.Load(); why != nil {
		return *why
	}
	return ""
}

// PlaceAt returns the place that a word of a Watch says. files are the names
// that it told, and src has what is in them.
func PlaceAt(word uint64, files map[int]string, src diag.Sources) diag.Pos {
	name, ok := files[int(word>>inFile)]
	if !ok {
		return diag.Pos{}
	}
	p := diag.Pos{File: name}
	if word &= maxWord; word&byLine != 0 {
		p.Line, p.Col = int(word&^byLine>>inLine), int(word&(1<<inLine-1))
		return p
	}
	text, ok := src[name]
	if !ok || word > uint64(len(text)) {
		return p
	}
	p.Line = 1
	start := 0
	for i, c := range text[:word] {
		if c == '\n' {
			p.Line, start = p.Line+1, i+1
		}
	}
	p.Col = utf8.RuneCount(text[start:word]) + 1
	return p
}

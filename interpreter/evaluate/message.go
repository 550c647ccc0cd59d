package evaluate

import (
	"io/fs"
	"time"

	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/load"
	"bayplan/lang/schema"
	"bayplan/lang/value"
)

// down is a message from the parent. One of its fields is set.
type down struct {
	Request *request
	Reply   *reply
	Refuse  *refuse
}

// refuse asks whether a text will do for a variable.
type refuse struct{ Name, Text string }

// up is a message from the child. One of its fields is set.
type up struct {
	File    *file     // which a place may be in from now on
	Secret  *ir.Value // of a sensitive variable
	Ask     *ask
	Answer  *answer
	Bug     *Bug
	Refused *refused
	Profile []byte // of the processor, up to the answer that follows
}

// request is what to evaluate.
type request struct {
	Path, Shown, Stack, From string // From is the directory of the parent, absolute
	Vars                     []load.Var
	VarFiles                 []string
	Opaque                   bool
	Outline                  bool    // only what the module declares
	Format                   *source // instead of all else but Limits
	Weak                     bool    // nothing else is wanted
	Limits                   Limits
	Told                     *ir.Told
	Profile                  bool // is wanted
}

// load reports whether a program is wanted.
func (r *request) load() bool { return !r.Outline && r.Format == nil && !r.Weak }

// file is a source with its index in places.
type file struct {
	Index  int
	Source source
}

// ask is a question about what only the parent can see. Which fields count
// depends on What.
type ask struct {
	What   string // one of those below
	Root   int    // that a Root has answered
	Name   string
	Second string
}

// What a child asks.
const (
	askIsFile  = "is file"  // Name; Yes
	askRoot    = "root"     // Name, absolute; Root
	askStat    = "stat"     // Root, Name; Info
	askDir     = "dir"      // Root, Name; List
	askRead    = "read"     // Root, Name; Info, Data
	askSame    = "same"     // Root, Name, Second; Yes
	askVarFile = "var file" // Name; Data
	askLook    = "look"     // Name, absolute; Info
	askFile    = "file"     // Name, absolute; Data
	askCanRead = "can read" // Name, absolute; Yes
	askWithin  = "within"   // Name and Second, absolute; Yes
	askInput   = "input"    // Name, of a variable; Data, Yes
)

// reply answers an ask.
type reply struct {
	Err  *failed
	Yes  bool
	Root int
	Info *info
	List []*info
	Data []byte
}

// failed is an error of the world on its way to the child.
type failed struct {
	Msg  string
	None bool // there is no such file
}

func (f *failed) Error() string { return f.Msg }

// Is tells what the errors of package fs tell.
func (f *failed) Is(target error) bool { return f.None && target == fs.ErrNotExist }

// info is what is known of a file. It implements fs.FileInfo and fs.DirEntry.
type info struct {
	Base  string
	Bytes int64
	Bits  uint64 // fs.FileMode
}

func (i *info) Name() string               { return i.Base }
func (i *info) Size() int64                { return i.Bytes }
func (i *info) Mode() fs.FileMode          { return fs.FileMode(i.Bits) }
func (i *info) Type() fs.FileMode          { return i.Mode().Type() }
func (i *info) ModTime() time.Time         { return time.Time{} }
func (i *info) IsDir() bool                { return i.Mode().IsDir() }
func (i *info) Sys() any                   { return nil }
func (i *info) Info() (fs.FileInfo, error) { return i, nil }

// answer is what came of it.
type answer struct {
	Program *ir.Program
	Stack   string
	Outline *schema.Outline
	Diags   diag.List
	Sources []source
	Taken   []value.Taken
	Missing []missing
	Weak    []string // limits that this machine does not have, and why

	Formatted []byte
}

// source is a file that was read: by the sum of what the parent gave, or, if it
// came with bay, as it is.
type source struct {
	Name string
	Sum  string
	Text []byte
}

// missing is a variable without a value, but for its rules: these stay with the
// child.
type missing struct {
	Name, Type, Description string
	Pos                     diag.Pos
	Sensitive               bool
}

// refused says what is wrong with a value; nothing if it will do.
type refused struct{ Wrong *diag.Diag }

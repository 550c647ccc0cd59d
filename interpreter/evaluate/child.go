package evaluate

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime/debug"
	"runtime/pprof"
	"slices"
	"sync"

	"bayplan/lang/diag"
	"bayplan/lang/ir"
	"bayplan/lang/load"
	"bayplan/lang/schema"
	"bayplan/lang/value"
)

// argument makes this program a child.
const argument = "evaluate-for-bay"

// IsChild reports whether a command line is that of a child.
func IsChild(args []string) bool { return len(args) == 2 && args[1] == argument }

// Child evaluates a program for the parent, which has the other ends of standard
// input and output. It does not return.
func Child(u *schema.Universe, modules fs.FS) {
	c := &child{
		in: bufio.NewReader(os.Stdin), out: os.Stdout, replies: make(chan *reply), said: make(chan down),
		given: map[string]bool{}, seen: diag.Sources{},
	}
	var first down
	if err := readFrame(c.in, &first); err != nil || first.Request == nil {
		fmt.Fprintln(os.Stderr, "bay starts this command by itself, to evaluate a program in a process of its own")
		os.Exit(exitTalk)
	}
	at, err := sharedWord(os.NewFile(3, "place"))
	if err != nil {
		at = new(uint64) // nobody else will know the place
	}
	c.watch = schema.NewWatch(at, func(index int, name string) {
		c.send(up{File: &file{Index: index, Source: c.source(name)}})
	})
	c.profiled(first.Request.Profile)
	c.guard = &guard{limits: first.Request.Limits, watch: c.watch}
	go c.guard.run()
	weak := restrict(c.guard.limits)
	go c.listen()
	c.evaluate(first.Request, u, modules, weak)
	if len(c.missing) > 0 {
		c.serve()
	}
	os.Exit(0) // at once: the parent needs memory, too, to read the answer
}

// child is the evaluating side.
type child struct {
	in    *bufio.Reader
	mu    sync.Mutex
	out   io.Writer
	watch *schema.Watch
	guard *guard

	replies chan *reply
	said    chan down
	given   map[string]bool // the sums of what the parent has given
	seen    diag.Sources    // what was read
	missing []*value.Variable
	profile bytes.Buffer // of the processor; empty if nobody asked for it
}

// listen hands on what the parent says. A child without a parent ends.
func (c *child) listen() {
	for {
		var d down
		err := readFrame(c.in, &d)
		switch {
		case errors.Is(err, errGarbage):
			os.Exit(exitTalk)
		case err != nil:
			os.Exit(exitAlone)
		case d.Reply != nil:
			c.replies <- d.Reply
		default:
			c.said <- d
		}
	}
}

// send says something to the parent.
func (c *child) send(m up) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := writeFrame(c.out, m); err != nil {
		if errors.Is(err, os.ErrClosed) || c.gone(err) {
			os.Exit(exitAlone)
		}
		panic(err)
	}
}

// gone reports whether an error of writing is that nobody reads.
func (c *child) gone(err error) bool {
	_, ok := errors.AsType[*fs.PathError](err)
	return ok
}

// ask asks the parent and waits for what it says.
func (c *child) ask(a ask) (*reply, error) {
	c.guard.waiting.Store(true)
	defer c.guard.waiting.Store(false)
	c.send(up{Ask: &a})
	r := <-c.replies
	if r.Err != nil {
		return nil, r.Err
	}
	return r, nil
}

// evaluate does what was asked for and says what came of it.
func (c *child) evaluate(r *request, u *schema.Universe, modules fs.FS, weak []string) {
	defer c.catch()
	a := &answer{Weak: weak}
	if f := r.Format; f != nil {
		a.Formatted, a.Diags = load.Format(schema.File{Name: f.Name, Src: f.Text})
	}
	if r.Format != nil || r.Weak {
		c.send(up{Answer: a})
		return
	}
	d := &disk{from: r.From, read: map[key]*reply{}, found: map[key]*farInfo{}, same: map[pair]bool{}, ask: func(a ask) (*reply, error) {
		rep, err := c.ask(a)
		if err == nil && (a.What == askRead || a.What == askVarFile) {
			c.given[sumOf(rep.Data)] = true
		}
		return rep, err
	}}
	o := load.Options{
		Universe: u, Modules: modules, Path: r.Path, Shown: r.Shown, Stack: r.Stack, Vars: r.Vars, VarFiles: r.VarFiles, Opaque: r.Opaque,
		Disk: d, Watch: c.watch, Seen: c.seen, Told: r.Told,
		Secret: func(v ir.Value) { c.send(up{Secret: &v}) },
		Env: func(name string) (string, bool) {
			rep, err := c.ask(ask{What: askInput, Name: name})
			return textOf(rep), err == nil && rep.Yes
		},
	}
	if r.Outline {
		var out schema.Outline
		out, a.Diags, _ = load.Outline(o)
		a.Outline = &out
	} else {
		res := load.Load(o)
		a.Program, a.Diags, a.Taken = res.Program, res.Diags, res.Taken
		a.Stack = res.Stack
		c.missing, a.Missing = res.Missing, withoutRules(res.Missing)
	}
	for name := range c.seen {
		a.Sources = append(a.Sources, c.source(name))
	}
	if r.Profile {
		pprof.StopCPUProfile()
		c.send(up{Profile: c.profile.Bytes()})
	}
	c.send(up{Answer: a})
}

// profiled begins a profile, if one is wanted. It looks at where the program lies
// in memory, which it may not do any more when there are limits.
func (c *child) profiled(wanted bool) {
	if wanted {
		_ = pprof.StartCPUProfile(&c.profile) // no profile runs yet
	}
}

func textOf(r *reply) string {
	if r == nil {
		return ""
	}
	return string(r.Data)
}

func withoutRules(vars []*value.Variable) []missing {
	var out []missing
	for _, v := range vars {
		out = append(out, missing{Name: v.Name, Type: v.Type.String(), Description: v.Description, Pos: v.Pos, Sensitive: v.Sensitive})
	}
	return out
}

// source returns a file that was read.
func (c *child) source(name string) source {
	text := c.seen[name]
	if sum := sumOf(text); c.given[sum] {
		return source{Name: name, Sum: sum}
	}
	return source{Name: name, Text: text}
}

// catch says to the parent that this is a bug.
func (c *child) catch() {
	if bug := recover(); bug != nil {
		c.send(up{Bug: &Bug{Msg: fmt.Sprint(bug), Stack: debug.Stack()}})
	}
}

// serve tells the parent which values will do, for as long as it asks.
func (c *child) serve() {
	c.guard.waiting.Store(true)
	for d := range c.said {
		if d.Refuse == nil {
			os.Exit(exitTalk)
		}
		c.refuse(d.Refuse)
	}
}

func (c *child) refuse(r *refuse) {
	defer c.catch()
	c.guard.waiting.Store(false)
	defer c.guard.waiting.Store(true)
	i := slices.IndexFunc(c.missing, func(v *value.Variable) bool { return v.Name == r.Name })
	if i < 0 {
		os.Exit(exitTalk)
	}
	c.send(up{Refused: &refused{c.missing[i].Refuses(r.Text)}})
}

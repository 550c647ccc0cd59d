// Package evaluate evaluates programs in a process of its own, a child, so that
// no program takes more memory or time than it may, and none sees more of the
// machine than its own files and inputs. It is what package load does, and says
// the same.
package evaluate

// Neither language can be bounded from within: one call can ask for more memory
// than there is, a parser can use up the stack, and Go cannot recover from
// either. So bay starts itself once more, with nothing of its environment. The
// child has three pipes and a word of memory in common with the parent:
//
//   - It is asked on standard input and answers on standard output, in frames
//     (codec.go). What it needs of the machine - a file, a directory, an input -
//     it asks the parent for, who gives what the program may see (serve.go): what
//     lies below the root, behind no link out of it, and is a regular file.
//   - Standard error is for Go's runtime, where it ends the child. What it says
//     is shown only as a bug, without the inputs.
//   - In the word the child keeps its place (schema.Watch). The parent reads it
//     when the child has died, whatever it died of.
//
// The child looks at itself every 10 ms (guard.go). Past a limit it asks the
// evaluation to stop, which is a message among others; a step that does not end,
// or goes on asking for memory, ends the process. The system has the last word:
// RLIMIT_DATA, RLIMIT_CPU, and the parent's own clock. On Linux a filter of
// system calls lets it open no file and no socket and start no process
// (restrict_linux.go); elsewhere it is the code alone that does none of this.
//
// It dies with the parent: its standard input ends, and Linux kills it.
//
// The package stands above lang/load, which evaluates, and below interpreter,
// which is asked for programs.

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"bayplan/lang/diag"
	"bayplan/lang/load"
	"bayplan/lang/schema"
	"bayplan/lang/value"
)

// Options say how to evaluate.
type Options struct {
	// Program is the file that Child is called in; "" is the one that runs.
	Program string

	Limits Limits

	// Profile is given where the child's processor time went, as pprof writes it;
	// nil if nobody wants to know. It is called for each child that answers.
	Profile func([]byte)
}

// Bug is a panic in the child, or an end that Go's runtime made of it.
type Bug struct {
	Msg   string
	Stack []byte
}

func (b *Bug) Error() string { return "evaluating the program: " + b.Msg }

// Load is load.Load in a child. Limits that were passed are messages about the
// program; an error is that there is no child, or that it was lost.
func Load(o load.Options, how Options) (load.Result, error) {
	p, a, err := evaluate(o, false, how)
	switch {
	case err != nil:
		return load.Result{}, err
	case a == nil:
		return load.Result{Diags: p.stopped, Sources: p.seen}, nil
	}
	res := load.Result{Program: a.Program, Stack: a.Stack, Diags: a.Diags, Sources: p.sourcesOf(a), Taken: a.Taken}
	for _, m := range a.Missing {
		res.Missing = append(res.Missing, p.variable(m))
	}
	if len(res.Missing) == 0 {
		p.end()
	}
	return res, nil
}

// Outline is load.Outline in a child.
func Outline(o load.Options, how Options) (schema.Outline, diag.List, diag.Sources, error) {
	p, a, err := evaluate(o, true, how)
	switch {
	case err != nil:
		return schema.Outline{}, nil, nil, err
	case a == nil:
		return schema.Outline{}, p.stopped, p.seen, nil
	case a.Outline == nil:
		return schema.Outline{}, nil, nil, errNonsense
	}
	p.end()
	return *a.Outline, a.Diags, p.sourcesOf(a), nil
}

// Format is load.Format in a child: a parser can take more time and memory than a
// file is worth.
func Format(f schema.File, how Options) ([]byte, diag.List, error) {
	how.Limits = how.Limits.orDefault()
	p, err := start(&desk{o: load.Options{Path: f.Name}, given: map[string][]byte{}}, how)
	if err != nil {
		return nil, nil, &NoChild{err}
	}
	p.work = formatting
	a, err := p.talk(&request{Format: &source{Name: f.Name, Text: f.Src}, Limits: how.Limits})
	switch {
	case err != nil:
		return nil, nil, err
	case a == nil:
		return nil, p.stopped, nil
	}
	p.end()
	return a.Formatted, a.Diags, nil
}

// Weak says what of a child's guards this machine does not have, a line each.
func Weak(how Options) ([]string, error) {
	how.Limits = how.Limits.orDefault()
	p, err := start(new(desk), how)
	if err != nil {
		return nil, &NoChild{err}
	}
	a, err := p.talk(&request{Weak: true, Limits: how.Limits})
	switch {
	case err != nil:
		return nil, err
	case a == nil:
		return nil, p.stopped
	}
	p.end()
	return a.Weak, nil
}

var errNonsense = errors.New("evaluating the program: its process answers what makes no sense; was bay replaced while it ran?")

// evaluate returns the answer of a child, nil if it was stopped.
func evaluate(o load.Options, outline bool, how Options) (*process, *answer, error) {
	how.Limits = how.Limits.orDefault()
	d, err := newDesk(o)
	if err != nil {
		return nil, nil, err
	}
	defer d.close()
	from, err := os.Getwd()
	if err != nil {
		return nil, nil, fmt.Errorf("finding the current directory: %w", err)
	}
	p, err := start(d, how)
	if err != nil {
		return nil, nil, &NoChild{err}
	}
	a, err := p.talk(&request{
		Path: o.Path, Shown: o.Shown, Stack: o.Stack, From: from, Vars: o.Vars, VarFiles: o.VarFiles, Opaque: o.Opaque,
		Outline: outline, Limits: how.Limits, Told: o.Told, Profile: how.Profile != nil,
	})
	return p, a, err
}

// NoChild is the error where no process can be started.
type NoChild struct{ err error }

func (n *NoChild) Error() string {
	return fmt.Sprintf("starting the process that evaluates the program: %v", n.err)
}

func (n *NoChild) Unwrap() error { return n.err }

// process is a child as its parent sees it.
type process struct {
	desk   *desk
	work   work
	limits Limits
	wants  func([]byte) // a profile; may be nil
	cmd    *exec.Cmd
	in     *os.File // the child's standard input
	out    *os.File
	read   *bufio.Reader
	place  *uint64
	files  map[int]string
	seen   diag.Sources  // that places may be in
	said   *bounded      // on standard error
	gone   chan struct{} // closed when the child has ended
	exit   error         // how; counts when it is gone
	late   atomic.Bool   // the parent's clock has ended it
	begun  time.Time
	heard  atomic.Int64 // messages
	once   sync.Once

	stopped diag.List // why it was stopped
}

// work is how messages name what a child does.
type work struct{ stopped, hint string }

var (
	evaluation = work{"evaluation was stopped here: ", "every evaluation has a limit of memory and of time, so that a mistake cannot take the machine; see `bay help limits`"}
	formatting = work{"formatting was stopped: ", "the file stays as it is: to format it may take what an evaluation may; see `bay help limits`"}
)

// start starts a child.
func start(d *desk, how Options) (*process, error) {
	program := how.Program
	if program == "" {
		var err error
		if program, err = self(); err != nil {
			return nil, err
		}
	}
	p := &process{desk: d, work: evaluation, limits: how.Limits, wants: how.Profile, files: map[int]string{}, seen: diag.Sources{}, said: &bounded{most: 64 << 10}, gone: make(chan struct{}), begun: time.Now()}
	var theirs []*os.File
	defer func() {
		for _, f := range theirs {
			_ = f.Close()
		}
	}()
	pipe := func() (r, w *os.File, err error) { return os.Pipe() }
	inR, inW, err := pipe()
	if err != nil {
		return nil, err
	}
	outR, outW, err := pipe()
	if err != nil {
		_, _ = inR.Close(), inW.Close()
		return nil, err
	}
	p.in, p.out, p.read = inW, outR, bufio.NewReader(outR)
	theirs = append(theirs, inR, outW)
	p.cmd = exec.Command(program, argument)
	p.cmd.Args[0], p.cmd.Env, p.cmd.Dir = "bay", []string{}, string(filepath.Separator)
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = inR, outW, p.said
	p.cmd.WaitDelay = time.Second // for who else may hold its standard error
	if shared, err := newShared(); err == nil {
		p.cmd.ExtraFiles = []*os.File{shared}
		if p.place, err = mapped(shared); err != nil {
			p.place = nil
		}
		theirs = append(theirs, shared)
	}
	bound(p.cmd)
	if err := p.run(); err != nil {
		_, _ = inW.Close(), outR.Close()
		return nil, err
	}
	return p, nil
}

// mapped maps the word of a file that is still needed.
func mapped(f *os.File) (*uint64, error) {
	fd, err := syscall.Dup(int(f.Fd()))
	if err != nil {
		return nil, err
	}
	return sharedWord(os.NewFile(uintptr(fd), f.Name()))
}

// run starts the command, by a thread that stays until it has ended: Linux kills
// the child when the thread that made it ends.
func (p *process) run() error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			p.exit = p.cmd.Wait()
			close(p.gone)
		}
	}()
	return <-started
}

// end ends the child. It has said all that somebody wanted to know.
func (p *process) end() {
	p.once.Do(func() {
		_ = p.cmd.Process.Kill() // it may have ended by itself
		_ = p.in.Close()
		_ = p.out.Close()
	})
}

// talk has the child evaluate and answers what it asks.
func (p *process) talk(r *request) (*answer, error) {
	defer p.clock()()
	p.tell(down{Request: r})
	m, err := p.hear()
	switch {
	case err != nil:
		return nil, err
	case m == nil:
		return nil, nil
	case m.Answer == nil || r.load() && m.Answer.Program == nil && !m.Answer.Diags.HasErrors():
		p.end()
		return nil, errNonsense
	}
	return m.Answer, nil
}

// tell says something to the child. Why it does not listen shows when it does
// not answer.
func (p *process) tell(m down) { _ = writeFrame(p.in, m) }

// hear returns the next message that is for others than the desk; nil if the
// child was stopped.
func (p *process) hear() (*up, error) {
	for {
		var m up
		if err := readFrame(p.read, &m); err != nil {
			return nil, p.lost(err)
		}
		p.heard.Add(1)
		switch {
		case m.File != nil:
			p.files[m.File.Index] = m.File.Source.Name
			p.seen[m.File.Source.Name] = p.textOf(m.File.Source)
		case m.Secret != nil:
			if p.desk.o.Secret != nil {
				p.desk.o.Secret(*m.Secret)
			}
		case m.Ask != nil:
			p.tell(down{Reply: p.desk.answer(m.Ask)})
			p.heard.Add(1)
		case m.Profile != nil && p.wants != nil:
			p.wants(m.Profile)
		case m.Bug != nil:
			p.end()
			return nil, p.masked(m.Bug)
		case m.Answer != nil || m.Refused != nil:
			return &m, nil
		default:
			p.end()
			return nil, errNonsense
		}
	}
}

// clock ends the child when it has taken too long, which it should have noticed
// itself. It counts ticks: a bay that is suspended does not grow impatient.
func (p *process) clock() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	const tick = 50 * time.Millisecond
	go func() {
		t := time.NewTicker(tick)
		defer t.Stop()
		left := p.limits.last()
		for heard := p.heard.Load(); ; {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
			}
			if now := p.heard.Load(); now != heard { // it asked, and waited for us
				heard = now
				continue
			}
			if left -= tick; left < 0 {
				p.late.Store(true)
				_ = p.cmd.Process.Kill()
				_ = p.out.Close() // somebody else may hold the other end
				return
			}
		}
	}()
	return cancel
}

// lost says why a child that does not answer is gone: nil if it was stopped for
// what the program takes.
func (p *process) lost(cause error) error {
	if errors.Is(cause, errGarbage) {
		p.end()
		return errNonsense
	}
	exit := p.wait()
	said := p.said.String()
	switch why := p.reason(exit, said); {
	case why != "":
		pos := p.where()
		if !pos.Known() {
			pos.File = p.desk.o.Path
		}
		p.stopped.Addf(pos, "%s%s", p.work.stopped, why).Hintf("%s", p.work.hint)
		return nil
	case strings.Contains(said, "goroutine ") || strings.Contains(said, "fatal error"):
		return p.masked(&Bug{Msg: firstLine(said), Stack: []byte(said)})
	}
	return fmt.Errorf("evaluating the program: its process ended without an answer (%s); nothing was changed", ending(exit))
}

// wait returns how the child ended. One that goes on without saying anything
// is ended.
func (p *process) wait() error {
	select {
	case <-p.gone:
		p.end()
		return p.exit
	case <-time.After(time.Second):
	}
	p.end()
	<-p.gone
	return p.exit
}

// reason returns which limit a child has ended by, or "".
func (p *process) reason(exit error, said string) string {
	status, _ := p.status()
	switch {
	case p.late.Load(), status.Exited() && status.ExitStatus() == exitTime, status.Signaled() && status.Signal() == syscall.SIGXCPU:
		return p.limits.tooLong(p.taken())
	case status.Signaled() && status.Signal() == syscall.SIGKILL && p.taken().processor > p.limits.Time:
		return p.limits.tooLong(p.taken())
	case status.Exited() && status.ExitStatus() == exitMemory, outOfMemory(said), p.most() > p.limits.Live && withoutCheck(said):
		return p.limits.tooMuch()
	case strings.Contains(said, "stack exceeds") || strings.Contains(said, "stack overflow"):
		return tooDeep
	}
	return ""
}

// outOfMemory recognises what Go's runtime says when the system gives no more.
func outOfMemory(said string) bool {
	for _, words := range []string{"out of memory", "cannot allocate memory", "failed to create new OS thread", "pthread_create failed"} {
		if strings.Contains(said, words) {
			return true
		}
	}
	return false
}

// withoutCheck recognises what Go's runtime does where the system gave it no
// memory and it did not look: it uses nothing, on its own stack, where no
// program runs.
func withoutCheck(said string) bool {
	return strings.Contains(said, "SIGSEGV") && strings.Contains(said, "addr=0x0\n") && strings.Contains(said, "\ngoroutine 0 ")
}

// taken returns what time the child has had.
func (p *process) taken() taken {
	t := taken{clock: time.Since(p.begun)}
	if s := p.cmd.ProcessState; s != nil {
		t.processor = s.UserTime() + s.SystemTime()
	}
	return t
}

// most returns how many bytes of memory the child has had.
func (p *process) most() int64 {
	if p.cmd.ProcessState == nil {
		return 0
	}
	u, ok := p.cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return maxRSS(u)
}

func (p *process) status() (syscall.WaitStatus, bool) {
	if p.cmd.ProcessState == nil {
		return 0, false
	}
	s, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return s, ok
}

func ending(exit error) string {
	if exit == nil {
		return "exit status 0"
	}
	return exit.Error()
}

// where returns the place that the child was at.
func (p *process) where() diag.Pos {
	if p.place == nil {
		return diag.Pos{}
	}
	return schema.PlaceAt(atomic.LoadUint64(p.place), p.files, p.seen)
}

// masked takes the inputs out of what is shown of a bug. Which of them are
// sensitive may not be known yet.
func (p *process) masked(b *Bug) *Bug {
	var m diag.Mask
	for _, v := range p.desk.o.Vars {
		m.Add(v.Value)
	}
	for _, text := range p.desk.inputs {
		m.Add(text)
	}
	b.Msg, b.Stack = m.Hide(b.Msg), []byte(m.Hide(string(b.Stack)))
	return b
}

// variable is one whose rules the child has.
func (p *process) variable(m missing) *value.Variable {
	v := &value.Variable{Name: m.Name, Pos: m.Pos, Description: m.Description, Sensitive: m.Sensitive}
	v.Type, _ = value.ParseType(m.Type, p.desk.o.Universe.KindNames()) // it was written by one; it is only shown
	v.Ask = func(text string) *diag.Diag {
		defer p.clock()()
		p.tell(down{Refuse: &refuse{v.Name, text}})
		got, err := p.hear()
		if err != nil || got == nil || got.Refused == nil {
			return nil // the evaluation with it says what is wrong
		}
		return got.Refused.Wrong
	}
	return v
}

// sourcesOf returns the files that an answer names.
func (p *process) sourcesOf(a *answer) diag.Sources {
	out := diag.Sources{}
	for _, s := range a.Sources {
		out[s.Name] = p.textOf(s)
	}
	return out
}

func (p *process) textOf(s source) []byte {
	if s.Sum != "" {
		return p.desk.given[s.Sum]
	}
	return s.Text
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}

// bounded keeps the first bytes of what is written.
type bounded struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	most int
}

func (b *bounded) Write(data []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.buf.Write(data[:min(len(data), max(b.most-b.buf.Len(), 0))])
	return len(data), nil
}

func (b *bounded) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

var _ io.Writer = (*bounded)(nil)

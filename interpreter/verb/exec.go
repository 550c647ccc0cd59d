package verb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"bayplan/interpreter/engine"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"
	"github.com/moby/term"
)

// Ends are the two ends of a conversation that are with people.
type Ends struct {
	In       io.Reader // nil: nothing is said to the process
	Out, Err io.Writer
	TTY      bool
	Size     func() (rows, columns uint) // of the terminal; 0 is not known
	Resized  <-chan struct{}             // the size is another one
}

// Command is a command to be run in a container.
type Command struct {
	Words      []string
	User       string // "" is the container's
	Dir        string // "" is the container's
	Env        []string
	Privileged bool
	DetachKeys string // "" is the engine's
	Detached   bool   // it is only begun
}

// ErrLeft is the error of a conversation that has ended before the process did.
var ErrLeft = errors.New("left the conversation; the process goes on")

// Exec runs a command in a running container and returns the code that it ended
// with. ErrLeft is the error where it goes on.
func Exec(ctx context.Context, e *engine.Engine, o Object, c Command, ends Ends) (int, error) {
	opts := container.ExecOptions{
		User: c.User, Privileged: c.Privileged, Tty: ends.TTY, AttachStdin: ends.In != nil && !c.Detached,
		AttachStdout: !c.Detached, AttachStderr: !c.Detached, DetachKeys: c.DetachKeys, Env: c.Env, WorkingDir: c.Dir, Cmd: c.Words,
	}
	if rows, columns := ends.size(); ends.TTY && rows > 0 {
		opts.ConsoleSize = &[2]uint{rows, columns}
	}
	ends, err := ends.leaving(c.DetachKeys)
	if err != nil {
		return 0, err
	}
	talk, err := e.Exec(ctx, o.ID, opts, c.Detached)
	if err != nil || c.Detached {
		return 0, about("running a command in", o, err)
	}
	defer talk.Close()
	return hold(ctx, talk, o, ends)
}

// leaving looks for the keys that end a conversation on a terminal. An engine
// looks for them too, but 20.10 then says that the command has failed.
func (e Ends) leaving(keys string) (Ends, error) {
	leave, err := term.ToBytes(cmp.Or(keys, "ctrl-p,ctrl-q"))
	if err != nil {
		return e, fmt.Errorf("the keys for leaving: got %q, want keys such as \"ctrl-p,ctrl-q\": %w", keys, err)
	}
	if e.TTY && e.In != nil {
		e.In = term.NewEscapeProxy(e.In, leave)
	}
	return e, nil
}

func about(what string, o Object, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %s: %w", what, o, err)
}

func (e Ends) size() (rows, columns uint) {
	if e.Size == nil {
		return 0, 0
	}
	return e.Size()
}

// hold holds a conversation until the process has ended, the keys for leaving
// were typed, or ctx ends.
func hold(ctx context.Context, talk *engine.Talk, o Object, ends Ends) (int, error) {
	over, done := context.WithCancel(ctx)
	defer done()
	if ends.TTY {
		go follow(over, talk, ends)
	}
	left := make(chan struct{})
	if ends.In != nil {
		go func() {
			_, err := io.Copy(talk.Conn, ends.In) // a process that reads no more is not an error
			if errors.As(err, new(term.EscapeError)) {
				close(left)
				return
			}
			_ = talk.CloseWrite() // its end is the end of the process's input
		}()
	}
	heard := make(chan error, 1)
	go func() { heard <- listen(talk, ends) }()
	var err error
	select {
	case err = <-heard:
	case <-left:
		return 0, ErrLeft
	case <-ctx.Done():
		return 0, ErrLeft
	}
	if err != nil && !errors.Is(err, net.ErrClosed) {
		var lost *net.OpError
		if !errors.As(err, &lost) {
			return 0, err // nobody reads what the process says
		}
	}
	code, ended, ierr := talk.Ended(context.WithoutCancel(ctx))
	switch {
	case engine.Gone(ierr):
		return 0, fmt.Errorf("%s is gone, and with it what the command ended with", o)
	case ierr != nil:
		return 0, fmt.Errorf("the connection to %s ended: %w", o, ierr)
	case !ended:
		return 0, ErrLeft
	}
	return code, nil
}

// listen writes what the process says until it says no more.
func listen(talk *engine.Talk, ends Ends) error {
	var err error
	if ends.TTY {
		_, err = io.Copy(ends.Out, talk.Reader)
	} else {
		_, err = stdcopy.StdCopy(ends.Out, ends.Err, talk.Reader)
	}
	return err
}

// follow tells the process the size of its terminal, now and whenever it changes.
// An engine that does not take it leaves the size as it was; one that has only
// just begun to start the process does not take it yet.
func follow(ctx context.Context, talk *engine.Talk, ends Ends) {
	for {
		rows, columns := ends.size()
		for tries := 0; rows > 0 && tries < 10 && ctx.Err() == nil && talk.Resize(ctx, rows, columns) != nil; tries++ {
			time.Sleep(20 * time.Millisecond)
		}
		select {
		case <-ends.Resized:
		case <-ctx.Done():
			return
		}
	}
}

package golden

import (
	"context"
	"os/exec"
	"strconv"
	"strings"

	"bayplan/interpreter/engine"

	"github.com/docker/docker/client"
	"github.com/rogpeppe/go-internal/testscript"
)

// holdCmd locks a stack as somebody else, until the script lets go or ends:
// hold USER@HOST PROCESS, after listen.
func holdCmd(ts *testscript.TestScript, neg bool, args []string) {
	r := runOf(ts)
	if len(args) != 2 || neg || r.wire == nil || r.held != nil {
		ts.Fatalf("usage: hold USER@HOST PROCESS, after listen, once until letgo")
	}
	who := engine.HolderOf(r.out(harbour), "elsewhere", "bay apply", "v1")
	who.User, who.Host, _ = strings.Cut(args[0], "@")
	var err error
	who.PID, err = strconv.Atoi(args[1])
	ts.Check(err)
	ts.Check(r.with(func(ctx context.Context, c *client.Client) error {
		e, err := engine.New(ctx, c, engine.Options{})
		if err == nil {
			r.held, err = e.Lock(ctx, who, engine.LockOptions{})
		}
		return err
	}))
	ts.Defer(func() { ts.Check(r.letgo()) })
}

// letgoCmd frees what the script holds.
func letgoCmd(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 0 || neg || runOf(ts).held == nil {
		ts.Fatalf("usage: letgo, after hold")
	}
	ts.Check(runOf(ts).letgo())
}

func (r *run) letgo() error {
	if r.held == nil {
		return nil
	}
	held := r.held
	r.held = nil
	return held.Release(context.Background())
}

// meanwhileCmd has something happen once the next bay has planned, and before
// it has its lock: meanwhile hand VERB ARGS..., or meanwhile bay ARGS...
func meanwhileCmd(ts *testscript.TestScript, neg bool, args []string) {
	r := runOf(ts)
	if len(args) < 2 || neg || r.wire == nil {
		ts.Fatalf("usage: meanwhile hand|bay ARGS..., after listen")
	}
	var happens func() error
	switch args[0] {
	case "hand":
		do, _, _ := r.hands(args[1])
		happens = func() error {
			return r.with(func(ctx context.Context, c *client.Client) error { return do(ctx, c, r.args(args[2:])[:len(args)-2]) })
		}
	case "bay":
		program, err := built("bay")
		ts.Check(err)
		cmd := exec.Command(program, r.args(args[1:])...)
		cmd.Dir, cmd.Env = ts.Getenv("WORK"), []string{"HOME=" + ts.Getenv("HOME")}
		happens = func() error { return cmd.Run() }
	default:
		ts.Fatalf("nobody knows what %s would do meanwhile", args[0])
	}
	r.wire.mu.Lock()
	defer r.wire.mu.Unlock()
	r.wire.meanwhile = func() {
		if err := happens(); err != nil {
			panic(err) // of the wire: bay gets no answer, and the script fails
		}
	}
}

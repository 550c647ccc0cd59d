package golden

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"github.com/google/go-cmp/cmp"
)

// A gate is a socket that leads to an engine. While it is shut, the engine is away
// for who comes by it: what was open has been cut, and nobody answers.
type gate struct {
	socket string
	dial   func(context.Context) (net.Conn, error)

	mu    sync.Mutex
	l     net.Listener
	conns map[net.Conn]bool // both ends of what is open
}

func newGate(t *testing.T, dial func(context.Context) (net.Conn, error)) *gate {
	t.Helper()
	g := &gate{socket: filepath.Join(shortDir(t), "engine.sock"), dial: dial, conns: map[net.Conn]bool{}}
	g.open()
	t.Cleanup(g.shut)
	return g
}

func (g *gate) open() {
	l, err := net.Listen("unix", g.socket)
	if err != nil {
		panic(err) // in a folder of our own
	}
	g.mu.Lock()
	g.l = l
	g.mu.Unlock()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return // it is shut
			}
			go g.pass(conn)
		}
	}()
}

func (g *gate) pass(conn net.Conn) {
	engine, err := g.dial(context.Background())
	if err != nil {
		conn.Close()
		return
	}
	g.mu.Lock()
	g.conns[conn], g.conns[engine] = true, true
	g.mu.Unlock()
	go hand(engine, conn)
	hand(conn, engine)
}

// hand copies what one end says to the other, to its end.
func hand(to, from net.Conn) {
	_, _ = io.Copy(to, from) // an end that is gone is what this is about
	if half, ok := to.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
		return
	}
	_ = to.Close()
}

func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.l.Close()
	for c := range g.conns {
		c.Close()
	}
	clear(g.conns)
}

// A watched is a stack on an engine that can go away and come back, for who looks
// at it meanwhile.
type watched struct {
	*workshop
	address     string // for --engine
	leave, back func()
	hands       func(func(context.Context, *client.Client) error) error // with a client that stays
	starts      int                                                     // of web, once it has been away and back and was started by hand
}

// throughGate is a stack on the lane's engine.
func throughGate(t *testing.T) *watched {
	t.Helper()
	w := newWorkshop(t)
	c, closing, err := w.open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := closing(); err != nil {
			t.Error(err)
		}
	})
	g := newGate(t, c.Dialer())
	hands := func(f func(context.Context, *client.Client) error) error { return f(context.Background(), c) }
	return &watched{w, "unix://" + g.socket, g.shut, g.open, hands, 2}
}

// onDaemon is a stack on an engine of its own, which is killed: it ends web with
// itself, and starts it when it comes.
func onDaemon(t *testing.T) *watched {
	t.Helper()
	d := newDaemon(t, 256<<20, "{}")
	s := afloat(t, crashed[0], d)
	return &watched{s.workshop, d.address(), d.kill, d.revive, d.with, 3}
}

const watchedStack = `
stack { name = "harbour" }
image "probe" { build = { context = "./probe" } }
container "web" {
  image        = image.probe
  network_mode = "none"
  restart      = "unless-stopped"
}
container "db" {
  image        = image.probe
  network_mode = "none"
}
`

// moor makes the stack.
func (w *watched) moor(t *testing.T) {
	t.Helper()
	w.say(watchedStack)
	cmd := w.command(t, w.address, "apply", "--yes")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("bay apply: %v\n%s", err, out)
	}
}

func (w *watched) do(t *testing.T, what string, args ...string) {
	t.Helper()
	for i := range args {
		args[i] = w.out(args[i])
	}
	if err := w.hands(func(ctx context.Context, c *client.Client) error { return handed[what].do(ctx, c, args) }); err != nil {
		t.Fatal(err)
	}
}

// A watch is a command that looks on until somebody ends it.
type watch struct {
	name     string
	args     []string
	terminal bool
	first    string // what it says when it looks on; "" is nothing until something happens
	lost     string // when the engine has gone
	again    string // when web has been stopped and started after that
	gone     string // when web has been removed
	ends     bool   // by itself then
}

var watching = []watch{
	{"logs", []string{"logs", "-f", "web"}, false, "serving on", "waiting: the engine does not answer", "told to stop", "", true},
	{"logs on a terminal", []string{"logs", "-f"}, true, "serving on", "waiting: the engine does not answer", "told to stop", "", false},
	{"stats", []string{"stats"}, true, "container.web", "the engine does not answer", "container.web", "container.db", false},
	{"ps", []string{"ps", "--watch", "web"}, true, "running", "the engine does not answer", "running", "nothing of this", false},
	{"ps without a terminal", []string{"ps", "--watch"}, false, "running", "the engine does not answer", "running", "container.db", false},
	{"events", []string{"events"}, false, "", "waiting: the engine does not answer", "start ", "destroy ", false},
}

// TestWatching has people look on while an engine goes away and comes back, while
// what they look at is removed, until they have seen enough, and until nobody
// reads any more.
func TestWatching(t *testing.T) {
	t.Parallel()
	for _, c := range watching {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := throughGate(t)
			w.moor(t)
			w.awayAndBack(t, c)
			w.unread(t, c)
			w.vanishes(t, c)
		})
	}
}

// begin begins to watch.
func (w *watched) begin(t *testing.T, c watch) *running {
	t.Helper()
	r := start(t, w.command(t, w.address, c.args...), c.terminal)
	w.seen(t, c, r.text)
	return r
}

// seen returns when what is watched is seen. Where nothing is until something
// happens, that does.
func (w *watched) seen(t *testing.T, c watch, text func() string) {
	t.Helper()
	first := c.first
	if first == "" {
		first = "rename "
	}
	for until := time.Now().Add(forbearance); !strings.Contains(text(), first); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("bay %s does not say %q:\n%s", c.name, first, text())
		}
		if c.first == "" {
			w.do(t, "rename", "harbour-db", "harbour-x")
			w.do(t, "rename", "harbour-x", "harbour-db")
		}
	}
}

// awayAndBack has the engine go and come back. Who watches is told, and goes on
// watching until Ctrl-C.
func (w *watched) awayAndBack(t *testing.T, c watch) {
	t.Helper()
	r := w.begin(t, c)
	w.leave()
	r.says(c.lost)
	w.back()
	before := len(r.text())
	w.do(t, "stop", "harbour-web")
	w.do(t, "start", "harbour-web")
	r.saysSince(before, c.again)
	if c.args[0] == "logs" {
		r.saysSince(before, c.first)
	}
	r.interrupt(syscall.SIGINT)
	r.ends(130)
	if n := strings.Count(r.text(), "web | probe: serving on"); n > w.starts {
		t.Errorf("bay %s told of %d starts, and there were %d:\n%s", c.name, n, w.starts, r.text())
	}
	if strings.Contains(r.text(), "error:") {
		t.Errorf("bay %s complains:\n%s", c.name, r.text())
	}
}

// vanishes has somebody remove what is watched.
func (w *watched) vanishes(t *testing.T, c watch) {
	t.Helper()
	r := w.begin(t, c)
	before := len(r.text())
	w.do(t, "rm", "harbour-web")
	r.saysSince(before, c.gone)
	code := 0
	if !c.ends {
		r.interrupt(syscall.SIGINT)
		code = 130
	}
	r.ends(code)
	if strings.Contains(r.text(), "error:") {
		t.Errorf("bay %s complains:\n%s", c.name, r.text())
	}
}

// unread has the terminal go, or the reader of what is said, as head does.
func (w *watched) unread(t *testing.T, c watch) {
	t.Helper()
	if c.terminal {
		r := w.begin(t, c)
		r.tty.Close()
		r.ends(130)
		return
	}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r := &running{t: t, cmd: w.command(t, w.address, c.args...), ended: make(chan error, 1)}
	r.cmd.Stdout, r.cmd.Stderr = write, r
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	t.Cleanup(func() { _ = r.cmd.Process.Kill() }) // if it has not ended long ago
	go func() {
		for buf := make([]byte, 4096); ; {
			n, err := read.Read(buf)
			r.Write(buf[:n])
			if err != nil {
				return // it is closed
			}
		}
	}()
	go func() { r.ended <- r.cmd.Wait() }()
	w.seen(t, c, r.text)
	read.Close()
	w.do(t, "stop", "harbour-web") // so that there is something to say
	w.do(t, "start", "harbour-web")
	r.ends(-1)
	if got := r.cmd.ProcessState.Sys().(syscall.WaitStatus); got.Signal() != syscall.SIGPIPE {
		t.Errorf("bay %s ended with %v, want %v:\n%s", c.name, r.cmd.ProcessState, syscall.SIGPIPE, r.text())
	}
}

// TestTalking has people talk to a command in a container while the engine goes,
// while the container is removed, and until the terminal goes. A terminal that is
// there is as it was before.
func TestTalking(t *testing.T) {
	t.Parallel()
	w := throughGate(t)
	w.moor(t)
	for _, c := range []struct {
		name, with string
		ends       func(*running)
		code       int
		says       string
	}{
		{"the engine goes", "web", func(*running) { w.leave() }, 125, "error: the connection to container.web ended: "},
		{"the container ends", "web", func(*running) { w.do(t, "stop", "harbour-web") }, 137, ""},
		{"the terminal goes", "db", func(r *running) { r.tty.Close(); r.tty = nil }, 130, ""},
		{"the container is removed", "db", func(*running) { w.do(t, "rm", "harbour-db") }, 125, "container.db is gone, and with it what the command ended with"},
	} {
		if c.name == "the container is removed" && *lane == "real" {
			continue // it is killed a moment before it is gone, and which of the two is told is chance
		}
		t.Run(c.name, func(t *testing.T) { w.talks(t, c.with, c.ends, c.code, c.says) })
		if c.name == "the engine goes" {
			w.back()
		}
	}
}

// talks talks to a command until something happens to it.
func (w *watched) talks(t *testing.T, with string, happens func(*running), code int, says string) {
	t.Helper()
	r := start(t, w.command(t, w.address, "exec", "-it", with, "/probe", "echo"), true)
	before := modes(t, r)
	r.raw()
	r.types("ahoy\r")
	r.says("ahoy\r\nahoy\r\n")
	happens(r)
	r.ends(code)
	holds(t, r.text(), says)
	if r.tty == nil {
		return
	}
	if diff := cmp.Diff(before, modes(t, r)); diff != "" {
		t.Errorf("the terminal is not as it was (-before +after):\n%s", diff)
	}
}

// TestRunTerminal talks from a terminal to a container that runs once. It is gone
// when the conversation is, unless it was left, and the terminal is as it was.
func TestRunTerminal(t *testing.T) {
	t.Parallel()
	w := throughGate(t)
	w.moor(t)
	run := []string{"run", "--name", w.out("harbour-once"), "web", "echo"}
	for _, c := range []struct {
		name string
		ends func(*running)
		code int
		says string
		left bool
	}{
		{"the end of what is typed", func(r *running) { r.types("\x04") }, 0, "", false},
		{"left", func(r *running) { r.types("\x10\x11") }, 0, "goes on, and is removed when it ends", true},
		{"removed by hand", func(*running) { w.do(t, "rm", "harbour-once") }, 137, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := start(t, w.command(t, w.address, run...), true)
			before := modes(t, r)
			r.raw()
			r.types("ahoy\r")
			r.says("ahoy\r\nahoy\r\n")
			c.ends(r)
			r.ends(c.code)
			holds(t, r.text(), c.says)
			if diff := cmp.Diff(before, modes(t, r)); diff != "" {
				t.Errorf("the terminal is not as it was (-before +after):\n%s", diff)
			}
			err := w.hands(func(ctx context.Context, c *client.Client) error {
				return c.ContainerRemove(ctx, w.out("harbour-once"), container.RemoveOptions{Force: true})
			})
			if c.left && err != nil || !c.left && !errdefs.IsNotFound(err) {
				t.Errorf("taking it away: %v; it was left: %v", err, c.left)
			}
		})
	}
}

// TestEngineRestarts has an engine of its own killed and started while people
// look on and talk.
func TestEngineRestarts(t *testing.T) {
	needDaemon(t)
	t.Parallel()
	w := onDaemon(t)
	w.moor(t)
	for _, c := range watching {
		t.Run(c.name, func(t *testing.T) {
			w.awayAndBack(t, c)
		})
		w.do(t, "start", "harbour-db")
	}
	t.Run("exec", func(t *testing.T) {
		w.talks(t, "web", func(*running) { w.leave() }, 125, "error: the connection to container.web ended: ")
	})
}

package embedded

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/pkg/stdcopy"
)

// events streams what happens: what is remembered since a time, then what is
// to come, until a time.
func (c *call) events(string) error {
	args, err := filters.FromJSON(c.query("filters"))
	if err != nil {
		return bad("%s", err)
	}
	var since, until time.Time
	var seen uint64
	var past []events.Message
	err = c.read(func(s *State, now time.Time) error {
		var err error
		if text := c.query("since"); text != "" {
			if since, err = moment(text, now); err != nil {
				return err
			}
			past = slices.Clone(s.Events)
		}
		if text := c.query("until"); text != "" {
			if until, err = moment(text, now); err != nil {
				return err
			}
		}
		if !since.IsZero() && !until.IsZero() && until.Before(since) {
			return bad("`since` time (%s) cannot be after `until` time (%s)", c.query("since"), c.query("until"))
		}
		seen = s.Emitted
		return nil
	})
	if err != nil {
		return err
	}
	c.out.Header().Set("Content-Type", "application/json")
	c.out.WriteHeader(http.StatusOK)
	c.flush()
	send := func(all []events.Message) bool {
		enc := json.NewEncoder(c.out)
		for _, m := range all {
			at := time.Unix(0, m.TimeNano)
			if at.Before(since) || (!until.IsZero() && at.After(until)) || !heard(args, m) {
				continue
			}
			if enc.Encode(m) != nil {
				return false
			}
		}
		c.flush()
		return true
	}
	if !send(past) {
		return nil
	}
	c.follow(&seen, until, send)
	return nil
}

// follow sends events as they happen, until a time of the world's clock or
// until nobody listens any more.
func (c *call) follow(seen *uint64, until time.Time, send func([]events.Message) bool) {
	if !until.IsZero() {
		var left time.Duration
		_ = c.read(func(_ *State, now time.Time) error { left = until.Sub(now); return nil })
		if left <= 0 {
			return
		}
		ctx, cancel := context.WithCancel(c.req.Context())
		defer cancel()
		go func() { _ = c.world.Sleep(ctx, left) }() // it moves the clock; the loop below sees it
	}
	for {
		var fresh []events.Message
		over := false
		err := c.world.await(c.req.Context(), func(s *State) bool {
			over = !until.IsZero() && !c.world.now().Before(until)
			if s.Emitted != *seen {
				fresh = slices.Clone(s.Since(*seen))
				*seen = s.Emitted
			}
			return over || len(fresh) > 0
		})
		if err != nil || !send(fresh) || over {
			return
		}
	}
}

// heard reports whether an event passes the filters.
func heard(args filters.Args, m events.Message) bool {
	exact := func(key string, words ...string) bool {
		return !args.Contains(key) || slices.ContainsFunc(words, func(w string) bool { return args.ExactMatch(key, w) })
	}
	// A filter on one sort of object lets no other sort pass.
	of := func(typ events.Type, words ...string) bool {
		key := string(typ)
		if !args.Contains(key) {
			return true
		}
		return m.Type == typ && slices.ContainsFunc(words, func(w string) bool { return args.FuzzyMatch(key, w) })
	}
	action, _, _ := strings.Cut(string(m.Action), ":")
	attrs := m.Actor.Attributes
	if args.Contains("label") && !args.MatchKVList("label", attrs) {
		return false
	}
	if args.Contains("image") && !exact("image", m.Actor.ID, attrs["image"], attrs["name"]) {
		return false
	}
	return exact("type", string(m.Type)) && exact("event", string(m.Action), action) && exact("scope", m.Scope) &&
		of(events.ContainerEventType, m.Actor.ID, attrs["name"]) && of(events.NetworkEventType, m.Actor.ID, attrs["name"]) &&
		of(events.VolumeEventType, m.Actor.ID)
}

// containerWait answers when a container has stopped, will have stopped next,
// or is gone. The header comes at once, so that the caller knows that we wait.
func (c *call) containerWait(ref string) error {
	condition := orWord(c.query("condition"), "not-running")
	if !slices.Contains([]string{"not-running", "next-exit", "removed"}, condition) {
		return bad("invalid condition: %q", condition)
	}
	var k *Container
	var finished time.Time
	err := c.read(func(s *State, _ time.Time) (err error) {
		if k, err = s.Container(ref); err == nil {
			finished = k.Run.Finished
		}
		return err
	})
	if err != nil {
		return err
	}
	c.out.Header().Set("Content-Type", "application/json")
	c.out.WriteHeader(http.StatusOK)
	c.flush()
	code := 0
	err = c.world.await(c.req.Context(), func(s *State) bool {
		code = k.Run.ExitCode
		gone := s.Containers[k.ID] == nil
		switch condition {
		case "removed":
			return gone
		case "next-exit":
			return gone || !k.Run.Finished.Equal(finished)
		}
		return gone || (!k.Run.Running && !k.Run.Restarting)
	})
	if err != nil {
		return nil // whoever left does not hear it
	}
	_ = json.NewEncoder(c.out).Encode(container.WaitResponse{StatusCode: int64(code)})
	return nil
}

// containerLogs answers what a container has printed, and prints on request.
func (c *call) containerLogs(ref string) error {
	stdout, stderr := c.flag("stdout"), c.flag("stderr")
	if !stdout && !stderr {
		return bad("Bad parameters: you must choose at least one stream")
	}
	var k *Container
	var since, until time.Time
	err := c.read(func(s *State, now time.Time) (err error) {
		if k, err = s.Container(ref); err != nil {
			return err
		}
		since, until, err = span(c.query("since"), c.query("until"), now)
		return err
	})
	if err != nil {
		return err
	}
	c.out.Header().Set("Content-Type", streamType(c.v, k.Config.Tty))
	c.out.WriteHeader(http.StatusOK)
	c.flush()
	out := newOutput(c.out, k.Config.Tty, c.flag("timestamps"))
	pass := func(l Line) bool {
		return !l.At.Before(since) && (until.IsZero() || l.At.Before(until)) && (l.Stderr && stderr || !l.Stderr && stdout)
	}
	tail := -1
	if n, err := strconv.Atoi(c.query("tail")); err == nil {
		tail = n
	}
	sent, first := 0, true
	for {
		var lines []Line
		live := false
		read := func(s *State) bool {
			lines = slices.Clone(k.Log[sent:])
			sent = len(k.Log)
			live = c.flag("follow") && s.Containers[k.ID] != nil && (k.Run.Running || k.Run.Restarting)
			return first || len(lines) > 0 || !live
		}
		if c.world.await(c.req.Context(), read) != nil {
			return nil
		}
		lines = slices.DeleteFunc(lines, func(l Line) bool { return !pass(l) })
		if first && tail >= 0 {
			lines = lines[max(0, len(lines)-tail):]
		}
		first = false
		if out.write(lines) != nil || (!live && len(lines) == 0) || !c.flag("follow") {
			return nil
		}
		c.flush()
	}
}

// span reads from when to when somebody wants lines; zero is without an end.
func span(from, to string, now time.Time) (since, until time.Time, err error) {
	if from != "" && from != "0" {
		if since, err = moment(from, now); err != nil {
			return since, until, err
		}
	}
	if to != "" && to != "0" {
		until, err = moment(to, now)
	}
	return since, until, err
}

func streamType(v Version, tty bool) string {
	if v < 42 || tty {
		return "application/vnd.docker.raw-stream"
	}
	return "application/vnd.docker.multiplexed-stream"
}

// output writes a container's lines as docker's clients read them.
type output struct {
	out, err io.Writer
	stamps   bool
}

func newOutput(w io.Writer, tty, stamps bool) *output {
	if tty {
		return &output{out: w, err: w, stamps: stamps}
	}
	return &output{out: stdcopy.NewStdWriter(w, stdcopy.Stdout), err: stdcopy.NewStdWriter(w, stdcopy.Stderr), stamps: stamps}
}

func (o *output) write(lines []Line) error {
	for _, l := range lines {
		w := o.out
		if l.Stderr {
			w = o.err
		}
		text := l.Text
		if o.stamps {
			text = l.At.UTC().Format("2006-01-02T15:04:05.000000000Z") + " " + text
		}
		if _, err := io.WriteString(w, text); err != nil {
			return err
		}
	}
	return nil
}

// hijack takes the connection over for a stream in both directions.
func (c *call) hijack(typ string) (net.Conn, *bufio.Reader, error) {
	h, ok := c.out.(http.Hijacker)
	if !ok {
		return nil, nil, fail(http.StatusInternalServerError, "this connection cannot carry a stream")
	}
	conn, rw, err := h.Hijack()
	if err != nil {
		return nil, nil, err
	}
	head := "HTTP/1.1 200 OK\r\nContent-Type: " + typ + "\r\n\r\n"
	if c.req.Header.Get("Upgrade") != "" {
		head = "HTTP/1.1 101 UPGRADED\r\nContent-Type: " + typ + "\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
	}
	if _, err := io.WriteString(conn, head); err != nil {
		return nil, nil, err
	}
	return conn, rw.Reader, nil
}

// containerAttach connects to a container's input and output until it ends.
func (c *call) containerAttach(ref string) error {
	var k *Container
	sent, ran := 0, false
	err := c.change(func(s *State, _ time.Time) (err error) {
		if k, err = s.Container(ref); err != nil {
			return err
		}
		if k.Run.Paused {
			return conflict("Container %s is paused, unpause the container before attach.", ref)
		}
		if !c.flag("logs") {
			sent = len(k.Log)
		}
		ran = k.Run.Running
		k.Stdin = k.Stdin || c.flag("stdin") // before the caller knows that it is connected
		return nil
	})
	if err != nil {
		return err
	}
	conn, in, err := c.hijack(streamType(c.v, k.Config.Tty))
	if err != nil {
		return nil // it is taken over, or gone: there is nobody to tell
	}
	defer conn.Close()
	await := c.world.await
	if c.flag("stdin") {
		go c.listen(in, k)
		await = c.world.hold
	}
	out := newOutput(conn, k.Config.Tty, false)
	for stream := c.flag("stream"); ; {
		var lines []Line
		over := false
		err := await(c.req.Context(), func(s *State) bool {
			lines = slices.Clone(k.Log[sent:])
			sent = len(k.Log)
			ran = ran || k.Run.Running || k.Run.Finished.After(k.Created)
			over = !stream || s.Containers[k.ID] == nil || (ran && !k.Run.Running)
			return over || len(lines) > 0
		})
		if err != nil || out.write(c.asked(lines)) != nil || (over && len(lines) == 0) {
			return nil
		}
	}
}

// asked leaves of the lines those of the streams that the call asked for.
func (c *call) asked(lines []Line) []Line {
	return slices.DeleteFunc(lines, func(l Line) bool { return !c.flag(map[bool]string{true: "stderr", false: "stdout"}[l.Stderr]) })
}

// listen reads a container's input to its end, whose program prints it if it does
// no more than that, and ends then too if that is all that it waits for.
func (c *call) listen(in io.Reader, k *Container) {
	hears := hearer{c.world, k.ID}
	if k.Config.Tty {
		switch code, left := typed(hears, bufio.NewReader(in)); {
		case left: // a terminal's end is nobody's
			return
		case code > 0:
			_ = c.world.do(true, func(s *State, now time.Time) error { return s.Kill(now, k.ID, "SIGINT") })
			return
		}
	} else {
		_, _ = io.Copy(hears, in) // an error is an end as well
	}
	_ = c.world.do(true, func(s *State, now time.Time) error { s.CloseStdin(now, k.ID); return nil })
}

// A hearer is a container's input.
type hearer struct {
	world *World
	id    string
}

func (h hearer) Write(p []byte) (int, error) {
	err := h.world.do(true, func(s *State, now time.Time) error { s.Hear(now, h.id, string(p)); return nil })
	return len(p), err
}

func (c *call) execCreate(ref string) error {
	var o container.ExecOptions
	if err := c.body(&o); err != nil {
		return err
	}
	var id string
	err := c.change(func(s *State, now time.Time) (err error) {
		id, err = s.NewExec(now, ref, o)
		return err
	})
	if err != nil {
		return err
	}
	return c.answer(http.StatusCreated, container.ExecCreateResponse{ID: id})
}

func (c *call) execStart(id string) error {
	var o container.ExecStartOptions
	if err := c.body(&o); err != nil {
		return err
	}
	var e *Exec
	var began time.Time // of the container
	err := c.change(func(s *State, now time.Time) (err error) {
		if e, err = s.RunExec(now, id); err == nil {
			began = s.Containers[e.Container].Run.Started
		}
		return err
	})
	if err != nil {
		return err
	}
	if o.Detach {
		return c.empty(http.StatusOK)
	}
	conn, in, err := c.hijack(streamType(c.v, o.Tty))
	if err != nil {
		return nil // it is taken over, or gone: there is nobody to tell
	}
	defer conn.Close()
	switch {
	case e.Echoes && e.Config.AttachStdin && o.Tty:
		killed := c.killed(e.Container, began, conn)
		code, left := typed(conn, in)
		if killed() {
			code, left = 137, false
		}
		return c.change(func(*State, time.Time) error { e.ExitCode, e.Left = code, left; return nil })
	case e.Echoes && e.Config.AttachStdin:
		killed := c.killed(e.Container, began, conn)
		_, _ = io.Copy(newOutput(conn, o.Tty, false).out, in) // an error is an end as well
		if killed() {
			return c.change(func(*State, time.Time) error { e.ExitCode = 137; return nil })
		}
	}
	_ = newOutput(conn, o.Tty, false).write([]Line{{Text: e.Stdout}, {Text: e.Stderr, Stderr: true}})
	return nil
}

// killed has a conversation with a command end with the container that the command
// runs in. What it returns ends that, and reports whether it was so.
func (c *call) killed(id string, began time.Time, conn io.Closer) func() bool {
	ctx, end := context.WithCancel(c.req.Context())
	done := make(chan bool, 1)
	go func() {
		err := c.world.hold(ctx, func(s *State) bool {
			k := s.Containers[id]
			return k == nil || !k.Run.Running || !k.Run.Started.Equal(began)
		})
		if err == nil {
			conn.Close()
		}
		done <- err == nil
	}()
	return func() bool {
		end()
		return <-done
	}
}

// Keys as a terminal knows them.
const (
	ctrlC = 0x03
	ctrlD = 0x04
	ctrlP = 0x10
	ctrlQ = 0x11
)

// typed does what a terminal does with what is typed for a command that prints
// what comes in: each line is seen twice. It returns the code that the command
// ends with, or that whoever typed has left it.
func typed(out io.Writer, in *bufio.Reader) (code int, left bool) {
	line := ""
	for {
		key, err := in.ReadByte()
		switch {
		case err != nil:
			return 0, true
		case key == ctrlD:
			return 0, false
		case key == ctrlC:
			return 130, false
		case key == ctrlQ && strings.HasSuffix(line, string(rune(ctrlP))):
			return 0, true
		case key == '\r':
			if _, err := io.WriteString(out, line+"\r\n"+line+"\r\n"); err != nil {
				return 0, true
			}
			line = ""
		default:
			line += string(rune(key))
		}
	}
}

func (c *call) execInspect(id string) error {
	var doc map[string]any
	err := c.read(func(s *State, _ time.Time) error {
		e, ok := s.Execs[id]
		if !ok {
			return notFound("No such exec instance: %s", id)
		}
		doc = map[string]any{
			"ID": e.ID, "Running": e.Left, "ExitCode": nil, "ContainerID": e.Container, "Pid": 0, "CanRemove": e.Started,
			"OpenStdin": e.Config.AttachStdin, "OpenStdout": e.Config.AttachStdout, "OpenStderr": e.Config.AttachStderr, "DetachKeys": "",
			"ProcessConfig": map[string]any{
				"tty": e.Config.Tty, "entrypoint": e.Config.Cmd[0], "arguments": e.Config.Cmd[1:], "privileged": e.Config.Privileged, "user": e.Config.User,
			},
		}
		if e.Started {
			doc["ExitCode"] = e.ExitCode
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, doc)
}

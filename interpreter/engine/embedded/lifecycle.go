package embedded

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
)

// stopGrace is how long a container has between the stop signal and the kill
// if it does not say itself.
const stopGrace = 10 * time.Second

// Start starts a container.
func (s *State) Start(now time.Time, ref string) error {
	s.at(now)
	c, err := s.Container(ref)
	if err != nil {
		return err
	}
	switch {
	case c.Run.Paused:
		return conflict("cannot start a paused container, try unpause instead")
	case c.Run.Running:
		return errUnchanged
	}
	c.Run.Restarting = false
	c.Restarts, c.Run.Backoff = 0, 0
	return s.start(c)
}

// start runs a container's process. What fails leaves the container as it is,
// with the error in its state; one that removes itself is gone.
func (s *State) start(c *Container) error {
	err := s.attach(c)
	if err == nil {
		err = s.shares(c)
	}
	if err == nil {
		err = c.runs()
	}
	if err != nil {
		s.detach(c)
		c.Run.Error = err.Error()
		switch {
		case c.lacks():
			c.Run.ExitCode = 127
		case c.Run.ExitCode == 0:
			c.Run.ExitCode = 128
		}
		if c.Host.AutoRemove {
			s.drop(c, true)
		}
		return err
	}
	c.Run.Running, c.Run.Restarting, c.Run.Paused, c.Run.Stopped = true, false, false, false
	c.Run.Error, c.Run.ExitCode, c.Run.Started, c.Run.Lag = "", 0, s.Now, 0
	for _, m := range c.Mounts {
		if m.Type == "volume" {
			s.volumeEvent(m.Name, m.Driver, "mount", "container", c.ID, "destination", m.Destination,
				"propagation", string(m.Propagation), "read/write", strconv.FormatBool(m.RW))
		}
	}
	p := s.programOf(c)
	c.say(s.Now, p.out, false)
	c.say(s.Now, p.errs, true)
	s.startHealth(c)
	s.containerEvent(c, "start")
	s.Advance(s.Now) // a program that ends at once has ended
	return nil
}

// lacks reports whether a container's image does not hold its program.
func (c *Container) lacks() bool { return c.Path != "" && c.Path == c.Config.Labels[labelLacks] }

// runs returns what the runtime says of a program that it cannot start.
func (c *Container) runs() error {
	switch {
	case c.Run.Lost:
		return fail(http.StatusInternalServerError, "task %s already exists: unknown", c.ID)
	case c.lacks():
		return bad("failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: "+
			"exec: %[1]q: stat %[1]s: no such file or directory: unknown", c.Path)
	}
	return nil
}

// Lose does to a container's process what happens when the daemon is killed
// and comes back without hold of it: the container counts as ended, and no
// start succeeds any more.
func (s *State) Lose(now time.Time, ref string) error {
	s.at(now)
	c, err := s.Container(ref)
	if err != nil {
		return err
	}
	s.resume(c)
	c.Run.Lost, c.Run.Stopped, c.Run.Restarting = true, true, false
	if c.Run.Running {
		s.exited(c, 255)
	}
	return nil
}

func (c *Container) say(at time.Time, text string, stderr bool) {
	for _, l := range strings.SplitAfter(text, "\n") {
		if l != "" {
			c.Log = append(c.Log, Line{At: at, Stderr: stderr, Text: l})
		}
	}
}

// exited is what follows when a container's process has ended.
func (s *State) exited(c *Container, code int) {
	c.stopHealth()
	r := &c.Run
	r.Running, r.Paused, r.ExitCode, r.Finished = false, false, code, s.Now
	if s.Version >= 44 {
		s.containerEvent(c, "die", "exitCode", strconv.Itoa(code), "execDuration", strconv.Itoa(int(s.Now.Sub(r.Started).Seconds())))
	} else {
		s.containerEvent(c, "die", "exitCode", strconv.Itoa(code))
	}
	s.detach(c)
	for _, m := range c.Mounts {
		if m.Type == "volume" {
			s.volumeEvent(m.Name, m.Driver, "unmount", "container", c.ID)
		}
	}
	s.orphaned(c)
	if s.restarts(c, code) {
		r.Backoff = nextBackoff(r.Backoff, c.age(s.Now))
		r.Restarting, r.RestartAt = true, s.Now.Add(r.Backoff)
		return
	}
	if c.Host.AutoRemove {
		s.drop(c, true)
	}
}

// restarts reports whether the restart policy starts the container again.
func (s *State) restarts(c *Container, code int) bool {
	if c.Run.Stopped {
		return false
	}
	p := c.Host.RestartPolicy
	switch p.Name {
	case container.RestartPolicyAlways, container.RestartPolicyUnlessStopped:
		return true
	case container.RestartPolicyOnFailure:
		return code != 0 && (p.MaximumRetryCount == 0 || c.Restarts < p.MaximumRetryCount)
	}
	return false
}

// nextBackoff is the engine's: from 100 ms, twice as long each time up to a
// minute, from the beginning again for a process that lived ten seconds.
func nextBackoff(last, lived time.Duration) time.Duration {
	if last == 0 || lived > 10*time.Second {
		return 100 * time.Millisecond
	}
	return min(2*last, time.Minute)
}

func (s *State) restartByPolicy(c *Container) {
	c.Restarts++
	c.Run.Restarting = false
	_ = s.start(c) // what fails stands in its state
}

// Stop tells a container to end, and kills it after the grace, which is the
// container's own if it is nil, and endless below zero. The clock moves on to
// the end.
func (s *State) Stop(now time.Time, ref, signal string, grace *int) error {
	s.at(now)
	c, err := s.Container(ref)
	if err != nil {
		return err
	}
	if !c.Run.Running && !c.Run.Restarting {
		return errUnchanged
	}
	if err := s.stop(c, signal, grace); err != nil {
		return fail(500, "cannot stop container: %s: %s", ref, err)
	}
	return nil
}

func (s *State) stop(c *Container, signal string, grace *int) error {
	if signal == "" {
		signal = c.Config.StopSignal
	}
	sig, err := parseSignal(orWord(signal, "SIGTERM"))
	if err != nil {
		return err
	}
	c.Run.Stopped = true
	if c.Run.Restarting {
		c.Run.Restarting, c.Run.Backoff = false, 0
		s.containerEvent(c, "stop")
		return nil
	}
	started := c.Run.Started
	s.containerEvent(c, "kill", "signal", strconv.Itoa(sig))
	s.signal(c, sig)
	if c.Run.Running {
		s.Advance(s.Now.Add(graceOf(c, grace)))
	}
	if c.Run.Running && c.Run.Started.Equal(started) {
		s.resume(c)
		s.containerEvent(c, "kill", "signal", "9")
		s.exited(c, 137)
	}
	s.containerEvent(c, "stop")
	return nil
}

func orWord(word, otherwise string) string {
	if word == "" {
		return otherwise
	}
	return word
}

// graceOf is the time that a container has after the stop signal.
func graceOf(c *Container, asked *int) time.Duration {
	if asked == nil {
		asked = c.Config.StopTimeout
	}
	switch {
	case asked == nil:
		return stopGrace
	case *asked < 0:
		return 100 * 365 * 24 * time.Hour
	}
	return time.Duration(*asked) * time.Second
}

// signal lets a container's process hear a signal. A paused one hears nothing
// but the kill.
func (s *State) signal(c *Container, sig int) {
	p := s.programOf(c)
	switch {
	case sig == 9:
		s.resume(c)
		s.exited(c, 137)
	case c.Run.Paused, p.deaf && sig == 15:
	case sig == 15, sig == 2:
		if p.serves {
			c.say(s.Now, "probe: told to stop\n", false)
		}
		s.exited(c, 0)
	case sig == 1 && p.serves, sig == 3: // not handled, so that it ends a Go program
		s.exited(c, 2)
	case stopsOn(c, sig):
		s.exited(c, 0)
	}
}

// stopsOn reports whether a signal is the one that the container itself names
// as its end, so that its program must know it.
func stopsOn(c *Container, sig int) bool {
	own, err := parseSignal(c.Config.StopSignal)
	return err == nil && own == sig
}

// Restart stops a container if it runs, and starts it.
func (s *State) Restart(now time.Time, ref, signal string, grace *int) error {
	s.at(now)
	c, err := s.Container(ref)
	if err != nil {
		return err
	}
	// One that removes itself is kept over a restart.
	auto := c.Host.AutoRemove
	c.Host.AutoRemove = false
	if c.Run.Running || c.Run.Restarting {
		if err := s.stop(c, signal, grace); err != nil {
			c.Host.AutoRemove = auto
			return fail(500, "Cannot restart container %s: %s", ref, err)
		}
	}
	c.Host.AutoRemove = auto
	c.Restarts, c.Run.Backoff = 0, 0
	if err := s.start(c); err != nil {
		return restartError(ref, err)
	}
	if c, ok := s.Containers[c.ID]; ok {
		s.containerEvent(c, "restart")
	}
	return nil
}

func restartError(ref string, err error) error {
	status := 500
	if e, ok := err.(*Error); ok {
		status = e.Status
	}
	return fail(status, "Cannot restart container %s: %s", ref, err)
}

// Kill sends a signal to a container's process; "" is SIGKILL.
func (s *State) Kill(now time.Time, ref, signal string) error {
	s.at(now)
	c, err := s.Container(ref)
	if err != nil {
		return err
	}
	sig, err := parseSignal(orWord(signal, "SIGKILL"))
	if err != nil {
		return bad("%s", err)
	}
	if c.Run.Restarting && sig == 9 {
		c.Run.Restarting, c.Run.Stopped = false, true
		return nil
	}
	if !c.Run.Running {
		return conflict("Cannot kill container: %s: Container %s is not running", ref, c.ID)
	}
	if sig == 9 || sig == 15 || stopsOn(c, sig) {
		c.Run.Stopped = true // the engine takes these for the wish to end it
	}
	s.containerEvent(c, "kill", "signal", strconv.Itoa(sig))
	s.signal(c, sig)
	return nil
}

// Pause freezes a container.
func (s *State) Pause(now time.Time, ref string) error {
	s.at(now)
	c, err := s.Container(ref)
	switch {
	case err != nil:
		return err
	case !c.Run.Running:
		return conflict("Container %s is not running", c.ID)
	case c.Run.Paused:
		return conflict("Container %s is already paused", c.ID)
	}
	c.Run.Paused, c.Run.PausedAt = true, s.Now
	s.containerEvent(c, "pause")
	return nil
}

// Unpause lets a container go on.
func (s *State) Unpause(now time.Time, ref string) error {
	s.at(now)
	c, err := s.Container(ref)
	switch {
	case err != nil:
		return err
	case !c.Run.Paused:
		return fail(500, "Container %s is not paused", c.ID)
	}
	s.resume(c)
	s.containerEvent(c, "unpause")
	return nil
}

func (s *State) resume(c *Container) {
	if !c.Run.Paused {
		return
	}
	d := s.Now.Sub(c.Run.PausedAt)
	c.Run.Paused = false
	c.Run.Lag += d
	if !c.Run.NextCheck.IsZero() {
		c.Run.NextCheck = c.Run.NextCheck.Add(d)
	}
}

// Rename gives a container another name.
func (s *State) Rename(now time.Time, ref, name string) error {
	s.at(now)
	c, err := s.Container(ref)
	if err != nil {
		return err
	}
	name = strings.TrimPrefix(name, "/")
	switch other := s.named(name); {
	case name == "":
		return bad("Neither old nor new names may be empty")
	case c.Name == name:
		return bad("Renaming a container with the same name as its current name")
	case !validName.MatchString(name):
		return fail(500, "Error when allocating new name: Invalid container name (/%s), only %s are allowed", name, nameChars)
	case other != nil:
		return conflict("Error when allocating new name: %s", nameTaken(name, other.ID))
	}
	old := c.Name
	c.Name = name
	s.relinked(c)
	s.containerEvent(c, "rename", "oldName", "/"+old)
	return nil
}

func nameTaken(name, holder string) string {
	return fmt.Sprintf("Conflict. The container name %q is already in use by container %q. "+
		"You have to remove (or rename) that container to be able to reuse that name.", "/"+name, holder)
}

// Remove removes a container. Its unnamed volumes go only if they are asked for.
func (s *State) Remove(now time.Time, ref string, force, volumes bool) error {
	s.at(now)
	c, err := s.Container(ref)
	if err != nil {
		return err
	}
	switch {
	case c.Run.Paused && !force:
		return conflict("You cannot remove a paused container %s. Unpause and then stop the container before attempting removal or force remove", c.ID)
	case (c.Run.Running || c.Run.Restarting) && !force:
		state, act := "running", "Stop the container before attempting removal or force remove"
		if c.Run.Restarting {
			state = "restarting"
		}
		return conflict("You cannot remove a %s container %s. %s", state, c.ID, act)
	}
	if c.Run.Running {
		c.Run.Stopped = true
		s.containerEvent(c, "kill", "signal", "9")
		auto := c.Host.AutoRemove
		c.Host.AutoRemove = false
		s.signal(c, 9)
		c.Host.AutoRemove = auto
	}
	s.drop(c, volumes)
	return nil
}

// drop takes a container away.
func (s *State) drop(c *Container, volumes bool) {
	delete(s.Containers, c.ID)
	for id, e := range s.Execs {
		if e.Container == c.ID {
			delete(s.Execs, id)
		}
	}
	s.containerEvent(c, "destroy")
	if !volumes {
		return
	}
	for _, v := range c.Anonymous {
		if len(s.users(v)) == 0 {
			s.removeVolume(v)
		}
	}
}

// Prune removes containers that do not run and match; it returns their IDs.
func (s *State) Prune(now time.Time, match func(*Container) bool) []string {
	s.at(now)
	var gone []string
	for _, c := range s.byAge() {
		if !c.Run.Running && !c.Run.Restarting && match(c) {
			s.drop(c, false)
			gone = append(gone, c.ID)
		}
	}
	return gone
}

// Exec is a command that was made to run in a running container.
type Exec struct {
	ID        string
	Container string
	Config    container.ExecOptions
	Started   bool
	ExitCode  int
	Stdout    string
	Stderr    string
	Echoes    bool `json:",omitempty"` // it prints what comes in
	Left      bool `json:",omitempty"` // whoever talked to it has left, and it goes on
}

// NewExec makes a command for a running container.
func (s *State) NewExec(now time.Time, ref string, o container.ExecOptions) (string, error) {
	s.at(now)
	c, err := s.Container(ref)
	switch {
	case err != nil:
		return "", err
	case !c.Run.Running:
		return "", conflict("Container %s is not running", c.ID)
	case c.Run.Paused:
		return "", conflict("Container %s is paused, unpause the container before exec", c.ID)
	case len(o.Cmd) == 0:
		return "", bad("No exec command specified")
	}
	e := &Exec{ID: s.newID("exec"), Container: c.ID, Config: o}
	s.Execs[e.ID] = e
	s.containerEvent(c, "exec_create: "+strings.Join(o.Cmd, " "), "execID", e.ID)
	return e.ID, nil
}

// RunExec runs a command to its end.
func (s *State) RunExec(now time.Time, id string) (*Exec, error) {
	s.at(now)
	e, ok := s.Execs[id]
	if !ok {
		return nil, notFound("No such exec instance: %s", id)
	}
	c := s.Containers[e.Container]
	switch {
	case e.Started:
		return nil, conflict("Error: Exec command %s has already run", id)
	case !c.Run.Running:
		return nil, conflict("Container %s is not running", c.ID)
	}
	inside := *c // as the command sees it
	inside.Config = copied(c.Config)
	inside.Config.Env = append(inside.Config.Env, e.Config.Env...)
	p := s.act(e.Config.Cmd, &inside)
	e.Started, e.ExitCode, e.Stdout, e.Stderr, e.Echoes = true, p.code, p.out, p.errs, p.echoes
	s.containerEvent(c, "exec_start: "+strings.Join(e.Config.Cmd, " "), "execID", e.ID)
	s.containerEvent(c, "exec_die", "execID", e.ID, "exitCode", strconv.Itoa(p.code))
	return e, nil
}

// execEvents records the three events of a command that ran at once.
func (s *State) execEvents(c *Container, id, command string, code int) {
	s.containerEvent(c, "exec_create: "+command, "execID", id)
	s.containerEvent(c, "exec_start: "+command, "execID", id)
	s.containerEvent(c, "exec_die", "execID", id, "exitCode", strconv.Itoa(code))
}

// Hear is what comes into a container's standard input.
func (s *State) Hear(now time.Time, id, text string) {
	s.at(now)
	if c, ok := s.Containers[id]; ok && c.Run.Running && s.programOf(c).echoes {
		for _, l := range strings.SplitAfter(text, "\n") {
			if l != "" {
				c.Log = append(c.Log, Line{At: s.Now, Text: l})
			}
		}
	}
}

// CloseStdin is the end of a container's standard input: a program made to
// read it to its end, and nothing else, ends.
func (s *State) CloseStdin(now time.Time, id string) {
	s.at(now)
	c, ok := s.Containers[id]
	if !ok || !c.Stdin {
		return
	}
	c.Stdin = false
	p := s.programOf(c)
	if c.Run.Running && c.Config.OpenStdin && c.Config.StdinOnce && !p.serves && p.ends < 0 {
		s.exited(c, 0)
	}
}

// RestartDaemon stops the engine and starts it again: every process ends, and
// those start anew whose policy says so. One with the policy always does also
// where somebody had stopped it by hand, but not if it was never started; one
// that removes itself and does not start again goes.
func (s *State) RestartDaemon(now time.Time) {
	s.at(now)
	oldest := s.byAge()
	slices.Reverse(oldest)
	for _, c := range oldest {
		if c.Run.Running || c.Run.Restarting {
			s.resume(c)
			stopped, auto := c.Run.Stopped, c.Host.AutoRemove
			c.Run.Stopped, c.Host.AutoRemove = true, false // not now: the engine itself goes down
			c.Run.Restarting = false
			s.exited(c, 0)
			c.Run.Stopped, c.Host.AutoRemove = stopped, auto
		}
	}
	for _, c := range oldest {
		started := !c.Run.Started.IsZero()
		switch always := c.Host.RestartPolicy.Name == container.RestartPolicyAlways; {
		case started && (always || s.restarts(c, c.Run.ExitCode)):
			_ = s.start(c) // what fails stands in its state
		case c.Host.AutoRemove:
			s.drop(c, true)
		}
	}
}

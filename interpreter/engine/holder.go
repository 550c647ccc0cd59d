package engine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Holder is who holds a lock, as a label on it says.
type Holder struct {
	Stack   string    `json:"-"`       // has a label of its own
	Run     string    `json:"run"`     // random, of this one lock
	Command string    `json:"command"` // such as "bay apply"
	User    string    `json:"user"`
	Host    string    `json:"host"`
	Boot    string    `json:"boot,omitempty"`  // which boot of the host; "" where it does not tell
	Space   string    `json:"space,omitempty"` // in which the process has its number; "" where the host does not tell
	PID     int       `json:"pid"`
	Began   string    `json:"began,omitempty"` // when the process began, in ticks since boot; "" where the host does not tell
	Version string    `json:"version"`         // of bay
	Since   time.Time `json:"since"`           // by the clock of the host, for people: nothing is decided by it
	Alive   bool      `json:"alive"`           // the lock lives as long as the holder's connection
}

// HolderOf returns this process as the holder of a stack's lock. run is random.
func HolderOf(stack, run, command, version string) Holder {
	h := Holder{Stack: stack, Run: run, Command: command, Version: version, PID: os.Getpid(), Since: time.Now().UTC().Truncate(time.Second)}
	h.Host, _ = os.Hostname() // for people; "" says as much
	h.User = os.Getenv("USER")
	if u, err := user.Current(); err == nil {
		h.User = u.Username
	}
	boot, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	h.Boot = strings.TrimSpace(string(boot))
	h.Space, _ = os.Readlink("/proc/self/ns/pid")
	h.Began, _ = began(h.PID)
	return h
}

// String names the holder for people.
func (h Holder) String() string {
	return fmt.Sprintf("%s@%s, process %d (%s)", h.User, h.Host, h.PID, h.Command)
}

// dead reports whether the holder has certainly ended: it ran on this machine
// since it was booted, and no process bears its number that began when it did.
func (h Holder) dead() bool {
	me := HolderOf("", "", "", "")
	if h.Boot == "" || h.Space == "" || h.Began == "" || h.Host != me.Host || h.Boot != me.Boot || h.Space != me.Space {
		return false
	}
	if errors.Is(syscall.Kill(h.PID, 0), syscall.ESRCH) {
		return true
	}
	when, zombie := began(h.PID)
	return when != "" && (when != h.Began || zombie)
}

// began returns when a process of this machine began, in ticks since boot, and
// whether it has ended without its parent having noticed. "" is not known: the
// processes of others can be hidden.
func began(pid int) (ticks string, zombie bool) {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return "", false
	}
	// The name stands in parentheses and may hold anything; proc(5) counts from 1.
	fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
	if len(fields) < 20 {
		return "", false
	}
	return fields[19], fields[0] == "Z" || fields[0] == "X"
}

// labels returns the labels of the holder's lock.
func (h Holder) labels() map[string]string {
	text, err := json.Marshal(h)
	if err != nil {
		panic(err) // plain data always marshals
	}
	return map[string]string{LabelLock: h.Stack, LabelHolder: string(text), LabelRun: h.Run}
}

// holderOf reads the labels of a lock.
func holderOf(labels map[string]string) (Holder, error) {
	h := Holder{Stack: labels[LabelLock]}
	if err := json.Unmarshal([]byte(labels[LabelHolder]), &h); err != nil {
		return h, fmt.Errorf("label %s: %w", LabelHolder, err)
	}
	return h, nil
}

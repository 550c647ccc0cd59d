package embedded

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// format is the number of the world file's form; a greater one is not read.
const format = 1

var validWorld = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]*$`)

// file is where a world lies, and the lock beside it.
type file struct {
	path string
	lock *os.File
}

// document is the world file.
type document struct {
	Format int           `json:"format"`
	Ahead  time.Duration `json:"ahead"` // of the wall clock, in nanoseconds
	State  *State        `json:"state"`
}

func openFile(dir, name string, patience time.Duration) (*file, error) {
	if !validWorld.MatchString(name) {
		return nil, fmt.Errorf("embedded world %q: a name is made of letters, digits, _, . and -", name)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the place of embedded worlds: %w", err)
	}
	f := &file{path: filepath.Join(dir, name+".json")}
	lock, err := os.OpenFile(filepath.Join(dir, name+".lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking embedded world %s: %w", name, err)
	}
	f.lock = lock
	if err := f.take(name, patience); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return f, nil
}

// Held is the error of a world that another command is at work on.
type Held struct {
	World string
	By    string // for people: "process 4711, for 12s"
}

func (h *Held) Error() string {
	return fmt.Sprintf("embedded world %s is held by %s; wait until it has ended, or take another world", h.World, h.By)
}

// take waits for the lock and writes into it who has it. The lock goes with
// the process, however that ends.
func (f *file) take(name string, patience time.Duration) error {
	for begin := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		err := syscall.Flock(int(f.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			break
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return fmt.Errorf("locking embedded world %s: %w", name, err)
		}
		if time.Since(begin) >= patience {
			return &Held{World: name, By: f.holder()}
		}
	}
	if err := f.lock.Truncate(0); err != nil {
		return fmt.Errorf("locking embedded world %s: %w", name, err)
	}
	_, err := fmt.Fprintf(f.lock, "%d %s\n", os.Getpid(), time.Now().UTC().Format(time.RFC3339))
	return err
}

// holder says who has the lock, as far as it can be read.
func (f *file) holder() string {
	data, err := os.ReadFile(f.lock.Name())
	if err != nil {
		return "another command"
	}
	var pid int
	var since string
	if n, _ := fmt.Sscan(string(data), &pid, &since); n < 2 {
		return "another command"
	}
	t, err := time.Parse(time.RFC3339, since)
	if err != nil {
		return fmt.Sprintf("process %d", pid)
	}
	return fmt.Sprintf("process %d, for %s", pid, time.Since(t).Round(time.Second))
}

func (f *file) close() error { return f.lock.Close() }

// read returns the world as it was left, or a new one. A world keeps its
// objects when it is opened as an engine of another version, as a machine does
// when its engine is upgraded.
func (f *file) read(v Version, now time.Time) (*State, time.Duration, error) {
	data, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return New(v, strings.TrimSuffix(filepath.Base(f.path), ".json"), now.UTC().Round(0)), 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("reading an embedded world: %w", err)
	}
	s, ahead, err := decode(data)
	if err != nil {
		return nil, 0, fmt.Errorf("embedded world %s: %w\nremove the file to begin anew", f.path, err)
	}
	s.Version = v
	return s, ahead, nil
}

// decode reads a world file, and refuses one in which anything is missing
// that the engine relies on.
func decode(data []byte) (*State, time.Duration, error) {
	var doc document
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, 0, err
	}
	if doc.Format > format {
		return nil, 0, fmt.Errorf("it has format %d, of a newer bay; this one reads up to %d", doc.Format, format)
	}
	if doc.Format < 1 || doc.State == nil {
		return nil, 0, errors.New("it is not a world file")
	}
	if err := doc.State.sound(); err != nil {
		return nil, 0, err
	}
	return doc.State, doc.Ahead, nil
}

// write puts the world into its file, so that at every moment either the old
// or the new one is there.
func (f *file) write(s *State, ahead time.Duration) error {
	data, err := json.Marshal(document{Format: format, Ahead: ahead, State: s})
	if err != nil {
		return fmt.Errorf("writing an embedded world: %w", err)
	}
	t, err := os.CreateTemp(filepath.Dir(f.path), filepath.Base(f.path)+".new-*")
	if err != nil {
		return fmt.Errorf("writing an embedded world: %w", err)
	}
	_, err = t.Write(data)
	err = errors.Join(err, t.Sync(), t.Close())
	if err == nil {
		err = os.Rename(t.Name(), f.path)
	}
	if err != nil {
		return fmt.Errorf("writing an embedded world: %w", errors.Join(err, os.Remove(t.Name())))
	}
	return nil
}

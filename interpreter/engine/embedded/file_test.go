package embedded

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/volume"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestWorldLasts(t *testing.T) {
	dir := t.TempDir()
	w, c := open(t, dir, "")
	cfg := probeWords("serve", "--healthy-after", "1h")
	cfg.Healthcheck = &container.HealthConfig{Test: []string{"CMD", "/probe", "health"}, Interval: time.Minute, Retries: 1000}
	id := run(t, c, "web", cfg, container.HostConfig{}, nil)
	if err := w.Sleep(t.Context(), 30*time.Minute); err != nil {
		t.Fatal(err)
	}
	before := inspect(t, c, "web")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	w, c = open(t, dir, "")
	if d := cmp.Diff(before, inspect(t, c, id), cmpopts.EquateEmpty()); d != "" {
		t.Errorf("the world changed while nobody had it (-before +after):\n%s", d)
	}
	if err := w.Sleep(t.Context(), 31*time.Minute); err != nil {
		t.Fatal(err)
	}
	if got := inspect(t, c, id).State.Health.Status; got != "healthy" {
		t.Errorf("got %s after an hour, want healthy", got)
	}
}

func TestTwoCannotHaveIt(t *testing.T) {
	dir := t.TempDir()
	f, err := openFile(dir, "default", 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = openFile(dir, "default", 10*time.Millisecond)
	if err == nil || !strings.Contains(err.Error(), "embedded world default is held by process ") {
		t.Errorf("got %v, want an error that names the holder", err)
	}
	other, err := openFile(dir, "other", 0)
	if err != nil {
		t.Errorf("another world: %v", err)
	}
	if err := other.close(); err != nil {
		t.Error(err)
	}
	held := f
	go func() {
		time.Sleep(50 * time.Millisecond)
		_ = held.close()
	}()
	f, err = openFile(dir, "default", time.Minute)
	if err != nil {
		t.Fatalf("the holder has gone, but: %v", err)
	}
	if err := f.close(); err != nil {
		t.Error(err)
	}
}

// TestKilledAtAnyMoment kills a process that changes the world all the time:
// what it was told is done must be there, and the file whole.
func TestKilledAtAnyMoment(t *testing.T) {
	if dir := os.Getenv("EMBEDDED_TEST_CHANGE"); dir != "" {
		changeForEver(t, dir)
	}
	dir := t.TempDir()
	for i := range 6 {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestKilledAtAnyMoment$")
		cmd.Env = append(os.Environ(), "EMBEDDED_TEST_CHANGE="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var said []byte
		buf := make([]byte, 4096)
		for begin := time.Now(); time.Since(begin) < time.Duration(20+7*i)*time.Millisecond || len(said) == 0; {
			n, err := out.Read(buf)
			said = append(said, buf[:n]...)
			if err != nil {
				t.Fatalf("the process ended by itself: %s", said)
			}
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
		lines := strings.Split(string(said), "\n")
		done := strings.Fields(strings.Join(lines[:len(lines)-1], " ")) // the last one may be cut
		w, err := Open(dir, "default", "")
		if err != nil {
			t.Fatalf("after a kill: %v", err)
		}
		for _, name := range done {
			if _, err := w.state.Volume(name); err != nil {
				t.Errorf("the world has lost %s", name)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func changeForEver(t *testing.T, dir string) {
	_, c := open(t, dir, "")
	for {
		v, err := c.VolumeCreate(t.Context(), volume.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stdout.WriteString(v.Name + "\n"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestBrokenFiles(t *testing.T) {
	tests := map[string]string{
		"":                        "unexpected end of JSON input",
		"{}":                      "it is not a world file",
		`{"format":1}`:            "it is not a world file",
		`{"format":2,"state":{}}`: "of a newer bay",
		`{"format":1,"state":{}}`: `network "bridge" is missing`,
		`{"format":1,"state":{"Networks":{"a":null}}}`: `network "a" is broken`,
	}
	for text, want := range tests {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "default.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Open(dir, "default", "")
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "default.json") {
			t.Errorf("%s: got %v, want an error with the file's name and %q", text, err, want)
		}
	}
	if _, err := Open(t.TempDir(), "../x", ""); err == nil {
		t.Error("a world outside its directory was opened")
	}
	for _, v := range []string{"1.40", "1.52", "2.41", "x"} {
		if _, err := Open(t.TempDir(), "default", v); err == nil || !strings.Contains(err.Error(), "plays API 1.41 to 1.51") {
			t.Errorf("%s: got %v", v, err)
		}
	}
}

// FuzzDecode reads any file, and lets what it takes for a world live on.
func FuzzDecode(f *testing.F) {
	s := fresh(f, 51, container.HostConfig{Binds: []string{"data:/data"}}, &container.HealthConfig{Test: []string{"CMD", "x"}}, "serve")
	must(s.Start(dawn, "ctr"))
	data, err := json.Marshal(document{Format: format, State: s})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"format":1,"state":{}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, _, err := decode(data)
		if err != nil {
			return
		}
		s.Version = Newest
		s.Advance(s.Now.Add(time.Hour))
		for _, c := range s.byAge() {
			if _, err := s.Inspect(s.Now, Newest, c.ID); err != nil {
				t.Errorf("a container that is there cannot be inspected: %v", err)
			}
			_ = s.Summary(Newest, c)
			_ = s.Stop(s.Now, c.ID, "", nil)
			_ = s.Start(s.Now, c.ID)
			_ = s.Remove(s.Now, c.ID, true, true)
		}
		for _, id := range sorted(s.Images) {
			_ = s.inspectImage(Newest, s.Images[id])
		}
		for _, id := range sorted(s.Networks) {
			_ = s.inspectNetwork(s.Networks[id], true)
		}
	})
}

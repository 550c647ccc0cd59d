package engine

import (
	"bytes"
	"context"
	"crypto/sha256"
	"debug/elf"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// The image of a lock is the same bytes on every machine, by every bay. The
// programs behind these hashes have all been run.
func TestLockImages(t *testing.T) {
	want := map[string]string{
		"amd64": "2c6f5a4174adfd73", "386": "796bc865a87680db", "arm64": "aa854be73ad57414", "arm": "39986494530ae00c",
		"ppc64le": "a642607e62cb2511", "s390x": "87afbffbe35eb3c4", "riscv64": "da0b08679f5e00f2",
	}
	for _, m := range machines() {
		t.Run(m.goarch, func(t *testing.T) {
			archive, ref := m.image()
			again, _ := m.image()
			if !bytes.Equal(archive, again) {
				t.Error("two images differ")
			}
			if got := fmt.Sprintf("%x", sha256.Sum256(archive)); got[:16] != want[m.goarch] {
				t.Errorf("the image %s has the hash %q, want %q", ref, got[:16], want[m.goarch])
			}
			f, err := elf.NewFile(bytes.NewReader(m.program()))
			if err != nil {
				t.Fatal(err)
			}
			if f.Machine != m.kind || f.Class != m.class || f.ByteOrder != m.order || f.Type != elf.ET_EXEC || len(f.Progs) != 1 {
				t.Fatalf("got %+v", f.FileHeader)
			}
			got, err := io.ReadAll(f.Progs[0].Open())
			if err != nil {
				t.Fatal(err)
			}
			if at := f.Entry - f.Progs[0].Vaddr; !bytes.Equal(got[at:], m.code) {
				t.Errorf("at the entry stands %x, want %x", got[at:], m.code)
			}
			for _, name := range m.names {
				if found, ok := machineOf(name); !ok || found.goarch != m.goarch {
					t.Errorf("%s is taken for %q", name, found.goarch)
				}
			}
		})
	}
	if _, ok := machineOf("mips"); ok {
		t.Error("there is a program for mips")
	}
}

// The program says that it runs, and lives as long as its input is open,
// whatever comes over it. Programs for other processors run where qemu is there
// to act them.
func TestLockProgramRuns(t *testing.T) {
	if _, ok := machineOf(runtime.GOARCH); !ok || runtime.GOOS != "linux" {
		t.Skipf("no program for %s on %s", runtime.GOARCH, runtime.GOOS)
	}
	for _, m := range machines() {
		actor, err := exec.LookPath("qemu-" + m.names[0])
		if m.goarch == runtime.GOARCH || err == nil {
			t.Run(m.goarch, func(t *testing.T) { runLockProgram(t, m, actor) })
		}
	}
}

func runLockProgram(t *testing.T, m machine, actor string) {
	file := filepath.Join(t.TempDir(), "lock")
	if err := os.WriteFile(file, m.program(), 0o755); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, file)
	if m.goarch != runtime.GOARCH {
		cmd = exec.CommandContext(ctx, actor, file)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, 1)); err != nil {
		t.Fatalf("it does not say that it runs: %v", err)
	}
	// More than a pipe holds: it has read some of it.
	if _, err := in.Write(make([]byte, 1<<20)); err != nil {
		t.Fatalf("it does not read: %v", err)
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(out); err != nil || len(rest) > 0 {
		t.Errorf("it goes on to print %q, %v", rest, err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("at the end of its input it ended with %v", err)
	}
}

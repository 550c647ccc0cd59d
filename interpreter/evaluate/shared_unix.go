//go:build unix

package evaluate

import (
	"fmt"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// newShared returns a file of one word that two processes can share.
func newShared() (*os.File, error) {
	f, err := anonymous()
	if err != nil {
		return nil, err
	}
	if err := f.Truncate(8); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// unlinked is a file without a name.
func unlinked() (*os.File, error) {
	f, err := os.CreateTemp("", "bay-")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// sharedWord maps the word and closes the file. It is never unmapped: who has
// it may look at any time.
func sharedWord(f *os.File) (*uint64, error) {
	defer f.Close()
	page, err := unix.Mmap(int(f.Fd()), 0, 8, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("sharing memory: %w", err)
	}
	return (*uint64)(unsafe.Pointer(&page[0])), nil
}

// processor returns how much time of processors this process has had.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// clip lowers a limit of this process, which cannot raise it any more.
func clip(what int, to uint64, name string) []string {
	if err := unix.Setrlimit(what, &unix.Rlimit{Cur: to, Max: to}); err != nil {
		return []string{fmt.Sprintf("%s: %v", name, err)}
	}
	return nil
}

// restrictUnix is what all systems have.
func restrictUnix(l Limits) (weak []string) {
	weak = append(weak, clip(unix.RLIMIT_CORE, 0, "no core")...)
	weak = append(weak, clip(unix.RLIMIT_FSIZE, 0, "no writing of files")...)
	weak = append(weak, clip(unix.RLIMIT_CPU, uint64((l.Time+l.Time/2+time.Second-1)/time.Second)+1, "processor time")...)
	return append(weak, clip(unix.RLIMIT_NOFILE, 16, "no files")...)
}

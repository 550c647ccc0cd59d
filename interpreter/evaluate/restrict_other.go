//go:build unix && !linux

package evaluate

import (
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

func anonymous() (*os.File, error) { return unlinked() }

// restrict takes from this process what an evaluation does not need, and
// returns what this system has no means for.
func restrict(l Limits) []string {
	return append(restrictUnix(l), "system calls: there is no filter on this system")
}

// maxRSS returns the bytes of memory that a process has had at most.
func maxRSS(u *syscall.Rusage) int64 {
	if runtime.GOOS == "darwin" {
		return u.Maxrss
	}
	return u.Maxrss << 10
}

// self is the program that runs.
func self() (string, error) { return os.Executable() }

// bound makes a child that ends with the parent.
func bound(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

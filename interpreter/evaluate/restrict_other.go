//go:build unix && !linux

package evaluate

import (
	"os"
	"os/exec"
	"syscall"
)

func anonymous() (*os.File, error) { return unlinked() }

// restrict takes from this process what an evaluation does not need, and
// returns what this system has no means for.
func restrict(l Limits) []string {
	return append(restrictUnix(l), "system calls: there is no filter on this system")
}

// self is the program that runs.
func self() (string, error) { return os.Executable() }

// bound makes a child that ends with the parent.
func bound(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

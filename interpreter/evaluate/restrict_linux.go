package evaluate

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// anonymous is a file in memory.
func anonymous() (*os.File, error) {
	fd, err := unix.MemfdCreate("bay-place", unix.MFD_CLOEXEC)
	if err != nil {
		return unlinked()
	}
	return os.NewFile(uintptr(fd), "bay-place"), nil
}

// self is the program that runs, also where another one has taken its name.
func self() (string, error) {
	const link = "/proc/self/exe"
	if _, err := os.Stat(link); err == nil {
		return link, nil
	}
	return os.Executable()
}

// bound makes a child that ends with the thread that starts it. In a group of
// its own it does not get the terminal's Ctrl-C: that is the parent's business.
func bound(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// maxRSS returns the bytes of memory that a process has had at most.
func maxRSS(u *syscall.Rusage) int64 { return int64(u.Maxrss) << 10 }

// restrict takes from this process what an evaluation does not need, and
// returns what the kernel refuses, and why. Data counts what Go's heap asks for;
// the space of addresses is no measure of it.
func restrict(l Limits) (weak []string) {
	weak = restrictUnix(l)
	weak = append(weak, clip(unix.RLIMIT_DATA, uint64(l.Memory)+uint64(l.Memory)/8+64<<20, "memory")...)
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		weak = append(weak, fmt.Sprintf("no debugger: %v", err))
	}
	if err := filter(); err != nil {
		weak = append(weak, fmt.Sprintf("system calls: %v", err))
	}
	return weak
}

// filter lets this process, all of its threads, call nothing of the system but
// what Go's runtime needs to compute, and to read and write what is open. All
// else answers EPERM: no file can be opened, no socket, no process made.
func filter() error {
	arch, ok := arches[runtime.GOARCH]
	if !ok {
		return fmt.Errorf("there is no filter for %s", runtime.GOARCH)
	}
	prog := program(arch)
	runtime.LockOSThread() // the first call is about this thread
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	f := unix.SockFprog{Len: uint16(len(prog)), Filter: &prog[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&f)))
	if errno != 0 {
		return errno
	}
	return nil
}

// arches are the machines whose numbers of system calls are known to be those
// below.
var arches = map[string]uint32{"amd64": unix.AUDIT_ARCH_X86_64, "arm64": unix.AUDIT_ARCH_AARCH64}

// allowed are the system calls that Go's runtime makes, and reading and writing.
func allowed() []uint32 {
	return append(ownAllowed(),
		unix.SYS_READ, unix.SYS_WRITE, unix.SYS_CLOSE, unix.SYS_FCNTL, unix.SYS_FSTAT,
		unix.SYS_MMAP, unix.SYS_MUNMAP, unix.SYS_MPROTECT, unix.SYS_MADVISE, unix.SYS_MINCORE, unix.SYS_BRK,
		unix.SYS_FUTEX, unix.SYS_NANOSLEEP, unix.SYS_CLOCK_NANOSLEEP, unix.SYS_CLOCK_GETTIME, unix.SYS_GETTIMEOFDAY,
		unix.SYS_SCHED_YIELD, unix.SYS_SCHED_GETAFFINITY, unix.SYS_RESTART_SYSCALL,
		unix.SYS_GETPID, unix.SYS_GETTID, unix.SYS_TGKILL, unix.SYS_SIGALTSTACK,
		unix.SYS_RT_SIGACTION, unix.SYS_RT_SIGPROCMASK, unix.SYS_RT_SIGRETURN,
		unix.SYS_SETITIMER, unix.SYS_TIMER_CREATE, unix.SYS_TIMER_SETTIME, unix.SYS_TIMER_DELETE,
		unix.SYS_EPOLL_CREATE1, unix.SYS_EPOLL_CTL, unix.SYS_EPOLL_PWAIT, unix.SYS_EVENTFD2, unix.SYS_PIPE2,
		unix.SYS_GETRANDOM, unix.SYS_GETRUSAGE, unix.SYS_RSEQ, unix.SYS_SET_ROBUST_LIST, unix.SYS_MEMBARRIER,
		unix.SYS_EXIT, unix.SYS_EXIT_GROUP,
	)
}

// Where the kernel puts what a filter looks at.
const (
	offNumber = 0
	offArch   = 4
	offFlags  = 16 // the first argument, on machines whose lower half comes first
)

// program is the filter. A thread may be made, and a process may not.
func program(arch uint32) []unix.SockFilter {
	const deny = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	load := func(at uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: at}
	}
	skipUnless := func(k uint32, n uint8) unix.SockFilter { // n instructions unless it is k
		return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: k, Jf: n}
	}
	end := func(k uint32) unix.SockFilter { return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: k} }
	prog := []unix.SockFilter{
		load(offArch), skipUnless(arch, 1),
		{Code: unix.BPF_JMP | unix.BPF_JA, K: 1}, end(deny),
		// A filter cannot see the flags of clone3; the C library falls back to
		// clone only where there is none.
		load(offNumber), skipUnless(unix.SYS_CLONE3, 1), end(unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)),
		skipUnless(unix.SYS_CLONE, 4), load(offFlags),
		{Code: unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, K: unix.CLONE_THREAD, Jf: 1},
		end(unix.SECCOMP_RET_ALLOW), end(deny),
	}
	for _, nr := range allowed() {
		prog = append(prog, skipUnless(nr, 1), end(unix.SECCOMP_RET_ALLOW))
	}
	return append(prog, end(deny))
}

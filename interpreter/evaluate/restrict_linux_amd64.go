package evaluate

import "golang.org/x/sys/unix"

// ownAllowed are system calls that newer machines do not have.
func ownAllowed() []uint32 { return []uint32{unix.SYS_EPOLL_WAIT, unix.SYS_ARCH_PRCTL} }

package watch

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// beingWritten reports whether somebody has the file open for writing, as far as the system tells:
// it gives a read lease (fcntl(2), F_SETLEASE) on nothing of the kind, to the file's owner and to
// who has CAP_LEASE. The lease goes back at once.
func beingWritten(f *os.File) bool {
	c, err := f.SyscallConn()
	if err != nil {
		return false
	}
	written := false
	c.Control(func(fd uintptr) {
		_, err := unix.FcntlInt(fd, unix.F_SETLEASE, unix.F_RDLCK)
		if written = errors.Is(err, unix.EAGAIN); err == nil {
			unix.FcntlInt(fd, unix.F_SETLEASE, unix.F_UNLCK)
		}
	})
	return written
}

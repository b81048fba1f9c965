package capture

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// stampOnce has the kernel stamp every packet when it comes in or goes out, until it is
// closed. Without anybody who asks for that each ring stamps its copy by itself.
func stampOnce() (io.Closer, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1); err != nil {
		unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), "stamps"), nil
}

//go:build unix

package replay

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// errnoName is the symbol of an error number, such as ENOBUFS.
func errnoName(e syscall.Errno) string {
	if name := unix.ErrnoName(e); name != "" {
		return name
	}
	return e.Error()
}

//go:build !unix

package replay

import "syscall"

func errnoName(e syscall.Errno) string { return e.Error() }

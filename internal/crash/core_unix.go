//go:build unix

package crash

import "syscall"

// withoutCore has no core file be written.
func withoutCore() error {
	var r syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_CORE, &r); err != nil {
		return err
	}
	r.Cur = 0
	return syscall.Setrlimit(syscall.RLIMIT_CORE, &r)
}

package replay

import (
	"time"

	"golang.org/x/sys/unix"
)

// pause sleeps in the kernel, which is late by the timer's slack of 50 µs. A sleep of the
// runtime in a program with nothing else to do is late by up to 1 ms (its poller counts in
// milliseconds). A signal may cut it short.
func pause(d time.Duration) {
	ts := unix.NsecToTimespec(int64(d))
	unix.Nanosleep(&ts, nil)
}

package notify

import "golang.org/x/sys/unix"

// monotonic is CLOCK_MONOTONIC in ns, as systemd wants to know it.
func monotonic() int64 {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &t) != nil {
		return 0
	}
	return t.Nano()
}

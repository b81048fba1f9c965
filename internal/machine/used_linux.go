package machine

import (
	"bytes"
	"fmt"
	"os"
)

// resident is how many bytes of memory this process has (proc_pid_statm(5)); 0 if unknown.
func resident() int64 {
	b, err := os.ReadFile("/proc/self/statm")
	var total, pages int64
	if err == nil {
		fmt.Sscan(string(b), &total, &pages)
	}
	return pages * int64(os.Getpagesize())
}

// free is how many bytes of memory processes can have without others losing theirs, by the
// MemAvailable of proc_meminfo(5); 0 if unknown.
func free() (n int64) {
	b, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	if _, line, ok := bytes.Cut(b, []byte("MemAvailable:")); ok {
		fmt.Sscan(string(line), &n)
	}
	return n << 10
}

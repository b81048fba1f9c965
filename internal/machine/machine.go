// Package machine tells how much memory this process can have.
package machine

import (
	"os"
	"strconv"
	"strings"
)

// Memory is the bytes of memory that the process can count on: the machine's, or the limit of
// its control group if that is lower. It is 0 where the system does not tell.
func Memory() int64 {
	n := physical()
	for _, path := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		b, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		limit, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
		if err == nil && limit > 0 && (n == 0 || limit < n) {
			n = limit
		}
	}
	return n
}

package session

import (
	"bytes"
	"runtime"
	"strconv"
)

// goroutine is this goroutine's number. The runtime tells it only in the first line of a
// stack trace ("goroutine 18 [running]:"). It serves to see that a callback calls back, who
// must not wait for itself; it is asked for once a run and in rare calls.
func goroutine() uint64 {
	var b [64]byte
	line := bytes.TrimPrefix(b[:runtime.Stack(b[:], false)], []byte("goroutine "))
	if i := bytes.IndexByte(line, ' '); i > 0 {
		if n, err := strconv.ParseUint(string(line[:i]), 10, 64); err == nil {
			return n
		}
	}
	return 0
}

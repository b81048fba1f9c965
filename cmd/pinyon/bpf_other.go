//go:build !linux

package main

import (
	"os"
	"runtime"
)

// bpf looks for the device that macOS and the BSD systems filter packets with; whether it
// may be opened is a matter of its file mode.
func bpf() bpfStatus {
	for _, path := range []string{"/dev/bpf", "/dev/bpf0"} {
		if _, err := os.Stat(path); err == nil {
			return bpfStatus{Available: true}
		}
	}
	return bpfStatus{Reason: "no /dev/bpf on " + runtime.GOOS}
}

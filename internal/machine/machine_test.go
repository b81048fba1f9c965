package machine

import (
	"runtime"
	"testing"
)

func TestMemory(t *testing.T) {
	n := Memory()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells")
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	if n < int64(m.Sys) {
		t.Errorf("got %d bytes, less than the %d that this process has", n, m.Sys)
	}
}

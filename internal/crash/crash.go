// Package crash has a process that the Go runtime ends (a panic, no memory, a deadlock) end by
// SIGABRT, status 134 in a shell, where the runtime by itself exits with status 2, by which
// programs tell of wrong usage. On Windows the process ends by an exception.
package crash

import (
	"os"
	"runtime/debug"
)

// Tell has the process end so. It writes no core file, which would hold what was captured, unless
// GOTRACEBACK asks for one. The first process of a container, which no signal ends, keeps status 2.
func Tell() {
	if os.Getenv("GOTRACEBACK") == "crash" {
		return
	}
	if withoutCore() == nil {
		debug.SetTraceback("crash")
	}
}

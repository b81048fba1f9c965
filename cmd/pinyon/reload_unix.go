//go:build unix

package main

import (
	"os"
	"syscall"
)

// reloadSignals have a run read its files again.
var reloadSignals = []os.Signal{syscall.SIGUSR1}

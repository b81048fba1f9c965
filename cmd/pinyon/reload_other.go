//go:build !unix

package main

import "os"

// reloadSignals are none: a run reads its files again when they change.
var reloadSignals []os.Signal

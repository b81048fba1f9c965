//go:build !linux

package watch

import "os"

// beingWritten cannot tell whether somebody has the file open for writing.
func beingWritten(*os.File) bool { return false }

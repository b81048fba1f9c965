package watch

import "os"

// Undurable has journals reach no disk until restore is called, which makes tests of many files short.
func Undurable() (restore func()) {
	was := syncFile
	syncFile = func(*os.File) error { return nil }
	return func() { syncFile = was }
}

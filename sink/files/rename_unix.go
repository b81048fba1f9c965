//go:build unix && !linux

package files

// renameNew gives a file a name that nothing has.
func renameNew(from, to string) error { return linkNew(from, to) }

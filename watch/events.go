package watch

// An event is what the system tells of a directory.
type event struct {
	path   string // below Options.Dir, with slashes
	dir    bool   // it is a directory that is new
	closed bool   // its writer has closed it, or it was renamed: it is complete
	lost   bool   // there were more events than the system keeps
}

// A notifier tells of events in directories.
type notifier interface {
	events() <-chan event
	add(dir string) // has it tell of a directory below Options.Dir too
	works() bool    // whether it tells of all directories
	close()
}

// deaf is a notifier that tells nothing.
type deaf struct{}

func (deaf) events() <-chan event { return nil }
func (deaf) add(string)           {}
func (deaf) works() bool          { return false }
func (deaf) close()               {}

package process

import (
	"path"
	"strings"
)

// A Spec says which processes are wanted. The zero Spec wants all: packets are attributed and none
// is left out.
type Spec struct {
	// PIDs are the processes wanted, by number. Open fails if one of them does not run.
	PIDs []int
	// Names are processes wanted by name: all that run, and those that begin later. A name is
	// held, whatever its case, against the name that the kernel has, the file name of the program
	// and that of its first argument; *, ? and [] stand for what they do in path.Match. Neither
	// this process nor those that it descends from are meant.
	Names []string
	// Children wants the descendants of the processes too, those that begin later included.
	Children bool
}

// selects reports whether anything is left out.
func (s *Spec) selects() bool { return len(s.PIDs) > 0 || len(s.Names) > 0 }

// named reports whether one of the names is wanted.
func (s *Spec) named(names ...string) bool {
	for _, want := range s.Names {
		want = strings.ToLower(want)
		for _, name := range names {
			if name == "" {
				continue
			}
			name = strings.ToLower(name)
			if ok, err := path.Match(want, name); name == want || err == nil && ok {
				return true
			}
		}
	}
	return false
}

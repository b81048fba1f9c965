package filter

import (
	"errors"

	"pinyon/packet"
)

// Check reports what is wrong with expr whatever frames it is for: syntax, names, values,
// qualifiers. That a primitive has no meaning on some link type, or in a file, shows when a
// program is compiled for one. o is as for Compile.
func Check(expr string, o *Options) error {
	_, err := Compile(expr, packet.LinkEthernet, o)
	if errors.Is(err, ErrLinkType) || errors.Is(err, ErrMode) || errors.Is(err, ErrRejectsAll) {
		return nil
	}
	return err
}

// A Set is a filter for frames of any link type, such as a pcapng file may mix: it compiles
// a program for each when the first frame of it comes. It is used from one goroutine.
type Set struct {
	expr  string
	opt   Options
	last  *Program // for the link type that came last
	progs map[uint16]*Program
}

// NewSet makes a set. o is as for Compile; what Check finds is an error now.
func NewSet(expr string, o *Options) (*Set, error) {
	s := &Set{expr: expr, progs: map[uint16]*Program{}}
	if o != nil {
		s.opt = *o
	}
	return s, Check(expr, &s.opt)
}

// Match reports whether a frame matches. The error is Compile's, for the frame's link type;
// nothing else can fail. It allocates for the first frame of a link type only.
func (s *Set) Match(f *packet.Frame) (bool, error) {
	if s.last == nil || s.last.link != f.Link {
		p := s.progs[f.Link]
		if p == nil {
			var err error
			if p, err = Compile(s.expr, f.Link, &s.opt); err != nil {
				return false, err
			}
			s.progs[f.Link] = p
		}
		s.last = p
	}
	return s.last.MatchFrame(f), nil
}

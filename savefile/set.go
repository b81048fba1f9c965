package savefile

import (
	"errors"

	"pinyon/packet"
)

// A Set is several Series that all get every frame.
type Set []*Series

// Write appends a frame to each.
func (s Set) Write(p *packet.Frame) error {
	for _, f := range s {
		if err := f.Write(p); err != nil {
			return err
		}
	}
	return nil
}

// Idle is for when no frame comes.
func (s Set) Idle() error {
	for _, f := range s {
		if err := f.Idle(); err != nil {
			return err
		}
	}
	return nil
}

// Close completes each.
func (s Set) Close() (err error) {
	for _, f := range s {
		err = errors.Join(err, f.Close())
	}
	return err
}

// Lost is the sum of the frames that the Series have lost.
func (s Set) Lost() (n uint64) {
	for _, f := range s {
		n += f.Counts().Lost
	}
	return n
}

// Works reports whether one of the Series takes frames, or will.
func (s Set) Works() bool {
	for _, f := range s {
		if f.Failed() == nil || f.r.Rotates() {
			return true
		}
	}
	return false
}

// Abort gives each up.
func (s Set) Abort() {
	for _, f := range s {
		f.Abort()
	}
}

// Names are those of complete files that are kept.
func (s Set) Names() (all []string) {
	for _, f := range s {
		all = append(all, f.Names()...)
	}
	return all
}

package main

import (
	"fmt"

	"pinyon/pcap"
)

// skipped is what a capture holds and nobody gets to see.
type skipped struct {
	UnknownInterface    uint64 `json:"unknown_interface"`    // records of interfaces that were not declared
	UnsupportedSections uint64 `json:"unsupported_sections"` // of an unknown major version
}

func skippedBy(c pcap.Counts) skipped {
	return skipped{c.UnknownInterface, c.UnsupportedSections}
}

func (s *skipped) add(o skipped) {
	s.UnknownInterface += o.UnknownInterface
	s.UnsupportedSections += o.UnsupportedSections
}

// words tells it; empty if there is nothing to tell.
func (s *skipped) words() string {
	if *s == (skipped{}) {
		return ""
	}
	return fmt.Sprintf("%d records of undeclared interfaces, %d sections of an unknown version", s.UnknownInterface, s.UnsupportedSections)
}

func (a *app) saySkipped(s skipped) {
	if words := s.words(); words != "" {
		a.say("skipped: %s", words)
	}
}

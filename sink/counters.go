package sink

import "pinyon/account/output"

// What sinks count; package account/output has the meaning of each number.
type (
	Counters = output.Counters
	Stats    = output.Stats
	Member   = output.Member
)

// A Group is a Sink that is several, each of which gets every row, such as files.Outputs.
type Group interface {
	Sink
	Members() []Member
}

// Members are the sinks that s is made of; of one that is no Group s alone.
func Members(s Sink) []Member {
	if g, ok := s.(Group); ok {
		return g.Members()
	}
	return []Member{{Counters: s.Counters()}}
}

package sink

import (
	"context"
	"time"

	"pinyon/account/output"
	"pinyon/column"
)

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

// Write gives a batch to s and counts in its Took how long that took. A Group is not counted, but
// gives the batch to its members this way.
func Write(ctx context.Context, s Sink, b *column.Batch) error {
	if _, ok := s.(Group); ok {
		return s.Write(ctx, b)
	}
	start := time.Now()
	err := s.Write(ctx, b)
	s.Counters().Took.Observe(time.Since(start))
	return err
}

// Package engine runs the pipeline
//
//	source → reader → epochs by shard → workers → rows in order → columns → sink
//
// The reader frames, decodes, keys and hashes; it cuts the input into epochs by number of
// packets. A fixed hash picks one of 64 logical shards, and worker = shard mod n. At the end of
// an epoch every worker hands out the rows of flows that are over, sorted by logical end and
// first packet; the merger joins those of all workers in that order. So the output does not
// depend on the number of workers. With one worker everything runs in the caller's
// goroutine, unless an input is live: who reads a ring waits for no sink, which has a goroutine
// of its own then.
//
// The engine knows no format and no configuration file.
package engine

import "time"

// Shards is the number of logical shards. It is part of what decides the output: limits
// are divided over shards, not over workers.
const Shards = 64

// smallLimit is the flow limit below which a single shard serves, so that eviction picks
// among all flows.
const smallLimit = 4096

const (
	epochPackets = 2048 // an epoch's packets fit a core's second-level cache
	aloneRows    = 256  // rows that the only worker hands on at once
	chunkRows    = 32   // rows that one of several hands on at once: more of them wait to be laid out
	layoutRows   = 256  // rows that the columns pass over one after the other, in the cache
	batchRows    = 1024 // rows of a batch

	// A live epoch ends after liveEpoch of packet time too, and whenever its source is silent.
	liveEpoch = int64(250 * time.Millisecond)
	// liveLag is the longest that a live packet may be under way from its timestamp to the
	// reader. Silence counts only beyond it.
	liveLag    = 500 * time.Millisecond
	pauseEvery = time.Second // of live rows
	// statsEvery is how often a live source is asked for its statistics.
	statsEvery = 250 * time.Millisecond
)

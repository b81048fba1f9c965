package pipe

import (
	"time"

	"pinyon/source"
)

// A Request asks for one thing. Reads are carried out one after another, everything else at once,
// also while a read goes on.
type Request struct {
	ID uint64 `json:"id"` // of the caller's choice; the reply has it
	Op string `json:"op"` // see ops

	// Of read.
	Count   int     `json:"count"`   // packets; 0 and below see Until
	Until   string  `json:"until"`   // "count" (and no timeout), "timeout", "buffer" or "end"
	Timeout float64 `json:"timeout"` // seconds of silence that end "timeout"; 0 is never
	Form    string  `json:"form"`    // "raw", "packets" or "none"

	Text     string   `json:"text"`     // of filter: the expression; of output: the path, "" for none; of direction: inout, in or out
	On       bool     `json:"on"`       // of nonblock; of filter: optimize
	Data     []byte   `json:"data"`     // of inject: a frame
	Frames   [][]byte `json:"frames"`   // of match: captured bytes
	LinkType int      `json:"linktype"` // of match: DLT number of this system
}

// A Reply answers a request.
type Reply struct {
	ID    uint64 `json:"id"`
	Error *Fault `json:"error,omitempty"`

	Packets int    `json:"packets"`          // of read: delivered; of stats: delivered by all reads so far
	Reason  string `json:"reason,omitempty"` // of read: count, timeout, buffer, eof, would-block or break

	Feed  *Feed         `json:"feed,omitempty"`  // of describe
	Stats *source.Stats `json:"stats,omitempty"` // of stats
	Match []bool        `json:"match,omitempty"` // of match
}

// A Fault is why something could not be done.
type Fault struct {
	Kind   string `json:"kind"` // permission, interface, filter, unsupported, input, output, closed, request or other
	Text   string `json:"text"`
	Offset int    `json:"offset,omitempty"` // of filter: byte of the expression
}

// A Feed is what there is to know of what packets come from.
type Feed struct {
	Name       string `json:"name"`
	Live       bool   `json:"live"`
	LinkType   int    `json:"linktype"` // LINKTYPE_ number
	DLT        int    `json:"dlt"`      // of this system
	LinkName   string `json:"link_name"`
	HeaderLen  int    `json:"header_len"`
	Snaplen    int    `json:"snaplen"`
	Resolution string `json:"resolution"` // of times in the capture
	Filter     string `json:"filter"`
	Nonblock   bool   `json:"nonblock"`
}

// silence is how long a read waits for a packet before it looks whether it is to end.
const silence = 50 * time.Millisecond

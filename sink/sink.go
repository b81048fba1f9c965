// Package sink says what takes finished rows, and finds it by name: a Sink takes batches of
// columns, a Descriptor is one kind of sink with its options, and Open makes the sink that a
// target such as flows.parquet or csv=flows.csv?null=NA asks for.
//
// Each format or database is a package below this one, which exports its Descriptors;
// package sink/all lists those of this module. Package sink/files has what all formats of
// files share. A sink sees columns and their description, never a flow or a packet.
package sink

import (
	"context"
	"fmt"

	"pinyon/column"
)

// A Sink takes batches in the order in which it is given them. It never re-orders or
// re-types. One goroutine at a time calls Write, Flush and Close; Abort and Counters may be
// called from any goroutine at any time.
type Sink interface {
	// Write takes all rows of b, which the caller lends until Write returns. An error is
	// final: every later call returns one too. A sink that can lose single rows and go on,
	// such as a broker that refuses a message, counts them in Lost and returns a LossError
	// from Close.
	Write(ctx context.Context, b *column.Batch) error
	// Flush hands on everything taken so far, as far as the sink can do so before its end:
	// a file's bytes go to the system, a database commits, a broker acknowledges.
	Flush(ctx context.Context) error
	// Close completes the output: footer, last commit, the file's name. A sink that was not
	// closed has not written a complete output. A second call does nothing.
	Close(ctx context.Context) error
	// Abort gives the output up and undoes what is not committed: a file that has not got
	// its name disappears, a transaction is rolled back. Nothing is written afterwards.
	// After Close it does nothing.
	Abort() error
	// Counters are the sink's own, which go on changing.
	Counters() *Counters
}

// A Keeper is a sink whose Close takes long, because rows wait in it. Keep ends the output, as
// Close does, with what it needs no time for, and counts the other rows as lost.
type Keeper interface{ Keep() error }

// A LossError is what Close returns if the output is complete but for some rows.
type LossError struct {
	Rows uint64 // that were lost; 0 if those that are missing can still be had, as Err says
	Err  error  // why the first of them was
}

// Error tells how many rows were lost, and why the first one was; of none that was lost only why
// rows are missing.
func (e *LossError) Error() string {
	if e.Rows == 0 {
		return e.Err.Error()
	}
	return fmt.Sprintf("%d rows lost: %v", e.Rows, e.Err)
}

// Unwrap is the reason of the first loss.
func (e *LossError) Unwrap() error { return e.Err }

// ErrAborted is what a sink returns after Abort.
var ErrAborted = abortedError{}

type abortedError struct{}

func (abortedError) Error() string { return "sink: aborted" }

// MetadataProvenance is the key under which Metadata holds the provenance, a JSON object.
const MetadataProvenance = "pinyon.provenance"

// Common is what a run tells every sink. The Options of a sink's package embed it.
type Common struct {
	// Workers is how many goroutines encode, the one that calls Write included; below 2 it
	// is that one alone. What is written does not depend on it.
	Workers int
	// Head is what the output is to tell about itself, as far as it is known before the
	// first row. A format that has no room for it leaves it out.
	Head map[string]string
	// HeadRow has formats that can (Stream.Header) begin with Head as a row of its own.
	HeadRow bool
	// Tail gives, at Close, what replaces Head in formats whose metadata stands at the end;
	// nil is Head.
	Tail func() map[string]string
}

// SetCommon takes what a run tells every sink.
func (c *Common) SetCommon(from Common) { *c = from }

// Provenance is where the rows of an output come from, as JSON. Which of it an output holds,
// and which stands beside it, is a matter of its format.
type Provenance struct {
	Head []byte        // what is known before the first row, on one line
	Tail func() []byte // what is known at the end, on one line
	// File gives what the file beside an output holds; nil is no such file.
	File func() []byte
	// Header has formats that can begin with Head as a row, and have no file beside them.
	Header bool
	// Partial says at the end whether rows are missing, because the run was interrupted for
	// one: a Head that was written before is made to say so. nil is never.
	Partial func() bool
}

// Metadata is what is known at the end.
func (c *Common) Metadata() map[string]string {
	if c.Tail != nil {
		return c.Tail()
	}
	return c.Head
}

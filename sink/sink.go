// Package sink says what takes finished rows. Each format is a package of its own below
// this one; a sink sees columns and their description, never a flow or a packet.
package sink

import (
	"io"

	"pinyon/column"
)

// A Sink writes batches in the order it is given them. It never re-orders or re-types.
// It is used from one goroutine.
type Sink interface {
	// Write takes all rows of b, which it may not keep. An error is final.
	Write(b *column.Batch) error
	// Flush hands everything taken so far on to the writer below, as far as the format
	// can do so before its end.
	Flush() error
	// Close finishes the format (footer, closing bracket). It does not close the writer
	// below. A Sink that was not closed has not written a complete file.
	Close() error
	Stats() Stats
}

// Stats are a sink's counts. Accepted is rows given, Written rows that left for the writer
// below, Failed rows lost to an error; Bytes what left. Replaced is bytes of text that were
// not UTF-8 and left as U+FFFD, one each.
type Stats struct{ Accepted, Written, Failed, Bytes, Replaced uint64 }

// Options are what every format may want. The zero value works.
type Options struct {
	Compression  string            // parquet, arrow: snappy, gzip, brotli, lz4, zstd, none; "" is the format's default
	RowGroup     int               // parquet: rows a group; 0 is 65,536
	ParquetLists string            // "" or "native"; "json" writes lists as JSON text
	Null         string            // csv, tsv: text of a null or NaN; "" is an empty cell
	BoolStyle    string            // csv, tsv: "" is true and false, "python" True and False
	Delimiter    byte              // csv: 0 is a comma
	CRLF         bool              // csv, tsv: end lines with CR LF
	NoHeader     bool              // csv, tsv
	CSVSafe      bool              // csv, tsv: put ' before text that a spreadsheet takes for a formula
	HeadLine     bool              // jsonl: first line {"type":"metadata","provenance":...} from Head
	Head         map[string]string // file metadata known before the first row (arrow stream)
	Tail         func() map[string]string
	// Tail gives file metadata at Close (parquet); nil is Head. An arrow file has Head.
}

// Provenance is the key under which Head and Tail hold the provenance, a JSON object.
const Provenance = "pinyon.provenance"

// An Opener makes the sink of one format on w. Formats that need to seek (npy) ask for
// io.WriteSeeker and say so in their error.
type Opener func(w io.Writer, s *column.Schema, o *Options) (Sink, error)

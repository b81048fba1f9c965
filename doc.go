// Package pinyon reads packet captures, folds packets into bidirectional flows and gives
// out columns that can be trusted: one row a flow, the same bytes for the same input,
// whatever the number of workers.
//
//	table, err := pinyon.Extract(ctx, "capture.pcap", nil)
//
// Config says what a flow is and which columns are wanted; Pipeline runs it over files or
// any other source.Source and hands batches of columns to a sink.Sink, or rows to a loop.
// Package extract declares the columns, and takes more of the user's own (extract.Custom).
//
// What each column means is in docs/features.md, where Pinyon departs from other programs
// in docs/deviations.md.
//
// It is not a packet analyser: payload is read only as far as a column needs it, and no
// packet is kept beyond its moment.
package pinyon

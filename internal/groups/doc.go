// Package groups turns the packets of a flow into the columns of a row. A group of columns is
// one file: what it measures, its accumulator, its update, and its table, in which every column
// is one line. State is the table of contents.
//
// Accumulators are plain numbers inside one State per flow; calls are direct; nothing is
// allocated while packets come in. Groups that need more than a few numbers take numbered
// objects from Memory. When a flow ends, finish works out what needs sorting, and the tables
// read the rest straight from the accumulators, one column over many rows at a time.
//
// The groups and what runs them (Plan, State, Memory, Row, Writer, Join) are one package because
// a State is made of the accumulators, and a table reads them: apart, every accumulator and each
// of its fields would need an exported name. Users see package extract, which stands on top.
//
// The package knows no file, no table of flows and no output format.
package groups

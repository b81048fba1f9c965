// Package all lists the sinks of this module. Whoever wants fewer dependencies makes a
// sink.Registry of those that he needs.
package all

import (
	"pinyon/sink"
	"pinyon/sink/arrow"
	"pinyon/sink/csv"
	"pinyon/sink/json"
	"pinyon/sink/kafka"
	"pinyon/sink/npy"
	"pinyon/sink/parquet"
	"pinyon/sink/sql/postgres"
	"pinyon/sink/sql/sqlite"
)

// Sinks are all sinks, the default one first.
func Sinks() sink.Registry {
	return sink.Registry{
		csv.CSV,
		csv.TSV,
		json.Lines,
		json.Array,
		parquet.Format,
		arrow.Stream,
		arrow.File,
		npy.Format,
		sqlite.Format,
		postgres.Format,
		kafka.Format,
	}
}

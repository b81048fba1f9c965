package main

import (
	"path/filepath"
	"slices"
	"strings"

	"pinyon/sink"
	"pinyon/sink/arrow"
	"pinyon/sink/csv"
	"pinyon/sink/json"
	"pinyon/sink/npy"
	"pinyon/sink/parquet"
)

// A format is one way to write rows.
type format struct {
	name       string
	aliases    []string
	extensions []string
	open       sink.Opener
	stdout     bool // may go to standard output
	binary     bool // not for the eyes
	embeds     bool // holds the provenance itself
	headLine   bool // can begin with the provenance as a row
	columns    bool // has its columns described in a file beside it
}

// formats are all formats of files and streams; the first is the default.
var formats = []format{
	{name: "csv", extensions: []string{".csv"}, open: csv.Open, stdout: true},
	{name: "tsv", extensions: []string{".tsv"}, open: csv.OpenTSV, stdout: true},
	{name: "jsonl", aliases: []string{"json", "ndjson"}, extensions: []string{".jsonl", ".json", ".ndjson"}, open: json.Open, stdout: true, headLine: true},
	{name: "json-array", open: json.OpenArray, stdout: true},
	{name: "parquet", extensions: []string{".parquet"}, open: parquet.Open, binary: true, embeds: true},
	{name: "arrow", extensions: []string{".arrow", ".arrows"}, open: arrow.Open, stdout: true, binary: true, embeds: true},
	{name: "arrow-file", aliases: []string{"feather"}, extensions: []string{".feather"}, open: arrow.OpenFile, stdout: true, binary: true, embeds: true},
	{name: "npy", extensions: []string{".npy"}, open: npy.Open, binary: true, columns: true},
}

// elsewhere are formats that other builds have, with the extensions that mean them.
var elsewhere = map[string][]string{"sqlite": {".db", ".sqlite"}, "postgres": nil, "kafka": nil}

// formatNames are the words of --format, without aliases.
func formatNames() []string {
	names := make([]string, len(formats))
	for i := range formats {
		names[i] = formats[i].name
	}
	return names
}

// formatNamed finds a format by name or alias.
func formatNamed(name string) (*format, error) {
	for i := range formats {
		if f := &formats[i]; f.name == name || slices.Contains(f.aliases, name) {
			return f, nil
		}
	}
	if _, ok := elsewhere[name]; ok {
		return nil, usage("format %s: not in this build", name)
	}
	return nil, usage("unknown format %q; formats are: %s", name, strings.Join(formatNames(), ", "))
}

// formatOf is the format that a path's extension means; nil if it means none.
func formatOf(path string) (*format, error) {
	ext := strings.ToLower(filepath.Ext(path))
	if ext == "" {
		return nil, nil
	}
	for i := range formats {
		if slices.Contains(formats[i].extensions, ext) {
			return &formats[i], nil
		}
	}
	for name, exts := range elsewhere {
		if slices.Contains(exts, ext) {
			return nil, usage("%s: format %s: not in this build", path, name)
		}
	}
	return nil, nil
}

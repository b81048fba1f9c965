package parquet

import (
	"fmt"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"

	"pinyon/feature"
)

const (
	pageBytes = 64 << 10 // of values; larger pages compress little better
	maxStat   = 64       // bytes of the longest text that is told as a minimum or maximum
)

// Codec chooses the codec called name, of those that Options has; "" is zstd at its
// fastest level.
func Codec(name string) ([]parquet.WriterProperty, error) {
	level := compress.DefaultCompressionLevel
	var codec compress.Compression
	switch name {
	case "none":
		codec = compress.Codecs.Uncompressed
	case "snappy":
		codec = compress.Codecs.Snappy
	case "gzip":
		codec = compress.Codecs.Gzip
	case "brotli":
		codec, level = compress.Codecs.Brotli, 4
	case "lz4":
		codec = compress.Codecs.Lz4Raw
	case "", "zstd":
		codec, level = compress.Codecs.Zstd, 1
	default:
		return nil, fmt.Errorf("parquet: unknown compression %q; want snappy, gzip, brotli, lz4, zstd or none", name)
	}
	return []parquet.WriterProperty{parquet.WithCompression(codec), parquet.WithCompressionLevel(level)}, nil
}

// encodingProperties are, for each column of the file, the encoding of values that have no
// dictionary, and what else is always so.
func encodingProperties(columns []held) []parquet.WriterProperty {
	p := []parquet.WriterProperty{
		parquet.WithCreatedBy("pinyon"),
		parquet.WithDataPageSize(pageBytes),
		parquet.WithBatchSize(blockValues),
		parquet.WithMaxStatsSize(maxStat),
		// Dictionaries are chosen before their first value is written: they never give up.
		parquet.WithDictionaryPageSizeLimit(1 << 30),
	}
	for i := range columns {
		c := &columns[i]
		p = append(p, parquet.WithDictionaryCostFallbackFor(c.path, false))
		switch c.kind {
		case feature.Bool:
			p = append(p, parquet.WithEncodingFor(c.path, parquet.Encodings.RLE))
		case feature.Text:
			p = append(p, parquet.WithEncodingFor(c.path, parquet.Encodings.DeltaLengthByteArray))
		}
		for k := range c.parts {
			encoding := parquet.Encodings.DeltaBinaryPacked
			if c.parts[k].float {
				encoding = parquet.Encodings.ByteStreamSplit
			}
			p = append(p, parquet.WithEncodingFor(c.parts[k].path, encoding),
				parquet.WithDictionaryCostFallbackFor(c.parts[k].path, false))
		}
	}
	return p
}

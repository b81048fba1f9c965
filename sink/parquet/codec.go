package parquet

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// A codec compresses pages. Its number is that of CompressionCodec in parquet.thrift.
type codec struct {
	number   int32
	compress func(dst, src []byte) ([]byte, error) // appends to dst, which is empty
}

// newCodec is the codec called name; "" is zstd at its fastest level.
func newCodec(name string) (codec, error) {
	switch name {
	case "none":
		return codec{0, nil}, nil
	case "snappy":
		return codec{1, func(dst, src []byte) ([]byte, error) {
			return s2.EncodeSnappy(dst[:cap(dst)], src), nil
		}}, nil
	case "gzip":
		w, err := gzip.NewWriterLevel(io.Discard, gzip.DefaultCompression)
		return codec{2, stream(w)}, err
	case "brotli":
		return codec{4, stream(brotli.NewWriterLevel(io.Discard, 4))}, nil
	case "lz4":
		var c lz4.Compressor
		return codec{7, func(dst, src []byte) ([]byte, error) {
			if need := lz4.CompressBlockBound(len(src)); cap(dst) < need {
				dst = make([]byte, need)
			}
			n, err := c.CompressBlock(src, dst[:cap(dst)])
			return dst[:n], err
		}}, nil
	case "", "zstd":
		// Pages are small and compressed one by one: a window beyond them is wasted memory.
		e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
			zstd.WithWindowSize(256<<10), zstd.WithEncoderCRC(false), zstd.WithAllLitEntropyCompression(true), zstd.WithLowerEncoderMem(true), zstd.WithZeroFrames(true))
		if err != nil {
			return codec{}, err
		}
		return codec{6, func(dst, src []byte) ([]byte, error) { return e.EncodeAll(src, dst[:0]), nil }}, nil
	}
	return codec{}, fmt.Errorf("parquet: unknown compression %q; want snappy, gzip, brotli, lz4, zstd or none", name)
}

type resetWriter interface {
	io.WriteCloser
	Reset(io.Writer)
}

func stream(w resetWriter) func(dst, src []byte) ([]byte, error) {
	return func(dst, src []byte) ([]byte, error) {
		b := bytes.NewBuffer(dst[:0])
		w.Reset(b)
		if _, err := w.Write(src); err != nil {
			return nil, err
		}
		err := w.Close()
		return b.Bytes(), err
	}
}

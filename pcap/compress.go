package pcap

import (
	"bufio"
	"bytes"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// maxWindow is the largest zstd window taken, the one the zstd command stops at (--long=27).
const maxWindow = 128 << 20

// inflaterBuffer is how much compressed input is read at once.
const inflaterBuffer = 64 << 10

// compression names what head begins: "gzip" (RFC 1952), "zstd" (RFC 8878, a skippable
// frame first included) or "".
func compression(head []byte) string {
	switch {
	case len(head) >= 3 && head[0] == 0x1f && head[1] == 0x8b && head[2] == 8:
		return "gzip"
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}),
		len(head) >= 4 && head[0]&0xf0 == 0x50 && bytes.Equal(head[1:4], []byte{0x2a, 0x4d, 0x18}):
		return "zstd"
	}
	return ""
}

// inflate undoes a compression. All members or frames of r are read as one stream; stop,
// if not nil, gives memory back.
func inflate(name string, r io.Reader) (plain io.Reader, stop func(), err error) {
	b := bufio.NewReaderSize(r, inflaterBuffer)
	if name == "gzip" {
		z, err := gzip.NewReader(b)
		return z, nil, err
	}
	z, err := zstd.NewReader(b, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderMaxMemory(maxWindow))
	if err != nil {
		return nil, nil, err
	}
	return z, z.Close, nil
}

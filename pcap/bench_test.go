package pcap

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"pinyon/packet"
)

// benchCapture is a capture of about size bytes with records of mixed length.
func benchCapture(size int, ng bool) []byte {
	lengths := []int{60, 66, 1514, 90, 66, 590, 74, 1514, 66, 54}
	var out bytes.Buffer
	out.Grow(size + 4096)
	var write func(*packet.Frame) error
	var flush func() error
	if ng {
		w := NewNGWriter(&out, NGOptions{})
		w.AddInterface(InterfaceOptions{Link: 1})
		write, flush = w.Write, w.Flush
	} else {
		w := NewWriter(&out, WriterOptions{Link: 1})
		write, flush = w.Write, w.Flush
	}
	data := make([]byte, 1514)
	for n, i := 0, 0; n < size; i++ {
		f := packet.Frame{Data: data[:lengths[i%len(lengths)]], TS: int64(i) * 12345, Link: 1}
		write(&f)
		n += len(f.Data) + 16
	}
	flush()
	return out.Bytes()
}

// BenchmarkNext is the whole way of a record from memory, its share of filling blocks
// included.
func BenchmarkNext(b *testing.B) {
	for _, ng := range []bool{false, true} {
		in := benchCapture(32<<20, ng)
		format := map[bool]string{false: "pcap", true: "pcapng"}[ng]
		b.Run("format="+format, func(b *testing.B) { benchRead(b, in, blockSize) })
	}
}

// BenchmarkRecord is Next alone: the capture lies in one block.
func BenchmarkRecord(b *testing.B) {
	for _, ng := range []bool{false, true} {
		in := benchCapture(128<<10, ng)
		format := map[bool]string{false: "pcap", true: "pcapng"}[ng]
		b.Run("format="+format, func(b *testing.B) {
			r, err := newReader(bytes.NewReader(in), -1, blockSize)
			if err != nil {
				b.Fatal(err)
			}
			defer r.Close()
			start, records := r.pos, 0
			var f packet.Frame
			b.SetBytes(int64(len(in)))
			b.ReportAllocs()
			for b.Loop() {
				r.pos, r.fin = start, nil
				for r.Next(&f) == nil {
					records++
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(records), "ns/record")
		})
	}
}

// BenchmarkBlockSize reads a file from the page cache and touches every header, as a
// decoder does.
func BenchmarkBlockSize(b *testing.B) {
	path := filepath.Join(b.TempDir(), "big.pcap")
	if err := os.WriteFile(path, benchCapture(128<<20, false), 0o600); err != nil {
		b.Fatal(err)
	}
	for _, size := range []int{64 << 10, 128 << 10, 256 << 10, 512 << 10, 1 << 20, 2 << 20} {
		b.Run(fmt.Sprintf("KiB=%d", size>>10), func(b *testing.B) {
			var f packet.Frame
			records, sum := 0, byte(0)
			for b.Loop() {
				file, err := os.Open(path)
				if err != nil {
					b.Fatal(err)
				}
				r, err := newReader(file, -1, size)
				if err != nil {
					b.Fatal(err)
				}
				for r.Next(&f) == nil {
					records++
					sum += f.Data[13] + f.Data[53]
				}
				b.SetBytes(r.Offset())
				r.Close()
				file.Close()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(records), "ns/record")
		})
	}
}

func benchRead(b *testing.B, in []byte, size int) {
	var f packet.Frame
	records := 0
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		r, err := newReader(bytes.NewReader(in), -1, size)
		if err != nil {
			b.Fatal(err)
		}
		for r.Next(&f) == nil {
			records++
		}
		r.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(records), "ns/record")
}

func BenchmarkWrite(b *testing.B) {
	f := packet.Frame{Data: make([]byte, 512), TS: 1e18, Link: 1}
	w := NewWriter(io.Discard, WriterOptions{Link: 1})
	ng := NewNGWriter(io.Discard, NGOptions{})
	ng.AddInterface(InterfaceOptions{Link: 1})
	for _, tt := range []struct {
		format string
		write  func(*packet.Frame) error
	}{{"pcap", w.Write}, {"pcapng", ng.Write}} {
		b.Run("format="+tt.format, func(b *testing.B) {
			b.SetBytes(int64(len(f.Data)))
			b.ReportAllocs()
			for b.Loop() {
				if err := tt.write(&f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

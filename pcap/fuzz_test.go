package pcap

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/iotest"
)

func FuzzPcap(f *testing.F) {
	for _, o := range []WriterOptions{{Link: 1}, {Link: 1, Nano: true}, {Link: 276, BigEndian: true}, {Link: 1, Nano: true, BigEndian: true, Snaplen: 4}} {
		order := byteOrder(o.BigEndian)
		magic := uint32(magicMicro)
		if o.Nano {
			magic = magicNano
		}
		h := header(order, magic, o.Snaplen, uint32(o.Link))
		f.Add(cat(h, rec(order, 1, 999_999_999, 3, "abcdef"), rec(order, 1<<32-1, 1<<32-1, 60, "xyz")))
		f.Add(cat(h, rec(order, 1, 2, 3, "abc"), fields(order, uint32(1), uint32(2), uint32(maxRecord), uint32(1))))
		f.Add(cat(h, fields(order, uint32(1), uint32(2), uint32(maxRecord+1), uint32(1))))
		f.Add(cat(header(order, magicModified, 5, 1), rec(order, 1, 2, 3, "abc"), make([]byte, 32)))
		f.Add(cat(version(order, magic, 2, 3, 5, 1), rec(order, 1, 2, 1, "abc"), make([]byte, 32)))
		f.Add(cat(version(order, magic, 543, 0, 5, 1), rec(order, 1, 2, 3, "abc"), make([]byte, 32)))
	}
	f.Add(gzipped(f, header(le, magicMicro, 0, 1), rec(le, 1, 2, 3, "abc")))
	f.Add(zstandard(f, header(le, magicMicro, 0, 1), rec(le, 1, 2, 3, "abc")))
	f.Fuzz(checkReader)
}

func FuzzPcapng(f *testing.F) {
	for _, big := range []bool{false, true} {
		o := byteOrder(big)
		start := cat(shb(o), idb(o, 1, 4, opt(o, optionName, "eth0"), opt(o, optionResolution, uint8(9)), opt(o, optionOffset, int64(-3))))
		f.Add(cat(start, epb(o, 0, 1<<60, 9, "abcde"), opb(o, 0, 1, 7, 3, "fgh"), spb(o, 7, "ijkl"), block(o, 77, "skip")))
		f.Add(cat(start, idb(o, 101, 0, opt(o, optionResolution, uint8(0x94))), epb(o, 1, 1<<40, 1, "a"), epb(o, 2, 0, 1, "b")))
		f.Add(cat(start, idb(o, 101, 0, opt(o, optionResolution, uint8(12))), epb(o, 1, 1<<40, 1, "a"), shb(le), idb(le, 1, 0), spb(le, 1, "c")))
		f.Add(cat(start, block(o, blockSection, uint32(orderMagic), uint16(2), uint16(0), int64(-1)), epb(o, 0, 0, 1, "x"), start, epb(o, 0, 0, 1, "y")))
		f.Add(cat(start, block(o, blockSection, uint32(orderMagic), uint16(2), uint16(0), int64(9)), make([]byte, 9), start, epb(o, 0, 0, 1, "y")))
		f.Add(cat(start, fields(o, uint32(blockEnhanced), uint32(maxBlock), make([]byte, 80))))
		f.Add(cat(start, fields(o, uint32(5), uint32(maxBlock), make([]byte, 80))))
		f.Add(gzipped(f, start, epb(o, 0, 1, 1, "a")))
	}
	f.Fuzz(checkReader)
}

// checkReader wants of any input: no panic, memory in proportion, the same from whole
// blocks as from single bytes, times and lengths within their bounds, and what was read
// back from a writer.
func checkReader(t *testing.T, in []byte) {
	type result struct {
		frames []frame
		counts Counts
		err    string
	}
	var results []result
	for _, size := range []int{64, blockSize} {
		src := io.Reader(bytes.NewReader(in))
		if size == 64 {
			src = iotest.OneByteReader(src)
		}
		r, err := newReader(src, -1, size)
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Fatalf("%v is not ErrFormat", err)
			}
			results = append(results, result{err: err.Error()})
			continue
		}
		fs, err := drain(t, r)
		c := r.Counts()
		switch {
		case err == nil && (c.Damaged || c.Truncated),
			errors.Is(err, ErrDamaged) != c.Damaged,
			errors.Is(err, ErrTruncated) != c.Truncated,
			err != nil && !c.Damaged && !c.Truncated,
			c.Records != uint64(len(fs)):
			t.Fatalf("%d frames, %+v, error %v", len(fs), c, err)
		}
		if r.compressed == "" && len(r.blk.Buf) > max(2*size, 4*len(in)) {
			t.Fatalf("a block of %d bytes for an input of %d", len(r.blk.Buf), len(in))
		}
		for i, f := range fs {
			if int(f.wire) < len(f.data) || f.number <= uint64(i) {
				t.Fatalf("frame %+v", f)
			}
		}
		text := ""
		if err != nil {
			text = err.Error()
		}
		results = append(results, result{fs, c, text})
		r.Close()
	}
	a, b := results[0], results[1]
	if a.counts != b.counts || a.err != b.err || !slices.Equal(a.frames, b.frames) {
		t.Fatalf("single bytes: %+v\nwhole: %+v", a, b)
	}
	rewrite(t, in)
}

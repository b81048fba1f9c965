package pcap

import (
	"encoding/binary"
	"strings"
	"testing"
)

func TestClassic(t *testing.T) {
	long := strings.Repeat("pinyon", 50)
	for _, tt := range []struct {
		name   string
		in     func(o binary.ByteOrder) []byte
		frames []frame
		counts Counts
	}{
		{"micro", func(o binary.ByteOrder) []byte {
			return cat(header(o, magicMicro, 65535, 1), rec(o, 5, 7, 60, "abc"), rec(o, 6, 0, 300, long))
		}, []frame{
			{data: "abc", ts: 5_000_007_000, wire: 60, link: 1, number: 1},
			{data: long, ts: 6e9, wire: 300, link: 1, number: 2},
		}, Counts{}},
		{"nano", func(o binary.ByteOrder) []byte {
			return cat(header(o, magicNano, 0, 113), rec(o, 5, 7, 3, "abc"))
		}, []frame{{data: "abc", ts: 5_000_000_007, wire: 3, link: 113, number: 1}}, Counts{}},
		{"modified", func(o binary.ByteOrder) []byte {
			one := fields(o, uint32(1), uint32(2), uint32(3), uint32(9), uint32(4), uint16(0x800), uint16(1), "abc")
			return cat(header(o, magicModified, 65535, 1), one, one)
		}, []frame{
			{data: "abc", ts: 1_000_002_000, wire: 9, link: 1, number: 1},
			{data: "abc", ts: 1_000_002_000, wire: 9, link: 1, number: 2},
		}, Counts{}},
		{"no records", func(o binary.ByteOrder) []byte { return header(o, magicMicro, 0, 1) }, nil, Counts{}},
		{"no data", func(o binary.ByteOrder) []byte {
			return cat(header(o, magicMicro, 10, 1), rec(o, 0, 0, 0, ""), rec(o, 0, 0, 4, ""))
		}, []frame{{link: 1, number: 1}, {link: 1, wire: 4, number: 2}}, Counts{}},
		{"sub-second carries", func(o binary.ByteOrder) []byte {
			return cat(header(o, magicMicro, 0, 1), rec(o, 1, 2_500_000, 1, "a"), rec(o, 1<<32-1, 1<<32-1, 1, "b"))
		}, []frame{
			{data: "a", ts: 3_500_000_000, wire: 1, link: 1, number: 1},
			{data: "b", ts: (1<<32-1)*1e9 + (1<<32-1)*1e3, wire: 1, link: 1, number: 2},
		}, Counts{}},
		{"link type in 16 bits", func(o binary.ByteOrder) []byte {
			return cat(header(o, magicMicro, 0, 0x14000114), rec(o, 1, 0, 1, "a"))
		}, []frame{{data: "a", ts: 1e9, wire: 1, link: 276, number: 1}}, Counts{}},
		{"over wire and snap length", func(o binary.ByteOrder) []byte {
			return cat(header(o, magicMicro, 2, 1), rec(o, 1, 0, 2, "abc"), rec(o, 1, 0, 1, "ab"), rec(o, 1, 0, 9, "abc"), rec(o, 1, 0, 9, "ab"))
		}, []frame{
			{data: "abc", ts: 1e9, wire: 3, link: 1, number: 1},
			{data: "ab", ts: 1e9, wire: 2, link: 1, number: 2},
			{data: "abc", ts: 1e9, wire: 9, link: 1, number: 3},
			{data: "ab", ts: 1e9, wire: 9, link: 1, number: 4},
		}, Counts{CapLenExceedsWire: 2, CapLenExceedsSnap: 2}},
		{"snap length over all limits", func(o binary.ByteOrder) []byte {
			return cat(header(o, magicMicro, 1<<32-1, 1), rec(o, 1, 0, 2, "ab"))
		}, []frame{{data: "ab", ts: 1e9, wire: 2, link: 1, number: 1}}, Counts{}},
		{"2.2: wire length first", func(o binary.ByteOrder) []byte {
			return cat(version(o, magicMicro, 2, 2, 0, 1), fields(o, uint32(1), uint32(0), uint32(9), uint32(2), "ab"))
		}, []frame{{data: "ab", ts: 1e9, wire: 9, link: 1, number: 1}}, Counts{}},
		{"2.3: either order", func(o binary.ByteOrder) []byte {
			return cat(version(o, magicMicro, 2, 3, 0, 1),
				fields(o, uint32(1), uint32(0), uint32(9), uint32(2), "ab"), rec(o, 1, 0, 9, "ab"))
		}, []frame{
			{data: "ab", ts: 1e9, wire: 9, link: 1, number: 1},
			{data: "ab", ts: 1e9, wire: 9, link: 1, number: 2},
		}, Counts{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want(t, tt.in(le), tt.frames, tt.counts, nil, "")
			want(t, tt.in(be), tt.frames, tt.counts, nil, "")
		})
	}
}

func TestClassicDamage(t *testing.T) {
	good := cat(header(le, magicMicro, 0, 1), rec(le, 1, 0, 3, "abc"))
	fs := []frame{{data: "abc", ts: 1e9, wire: 3, link: 1, number: 1}}
	bad := fields(le, uint32(1), uint32(0), uint32(70_000_000), uint32(70_000_000))
	want(t, cat(good, bad, good), fs, Counts{Damaged: true}, ErrDamaged, "pcap: record 2 at 43: length 70000000 over 16 MiB")
	edge := fields(le, uint32(1), uint32(0), uint32(maxRecord), uint32(maxRecord))
	want(t, cat(good, edge), fs, Counts{Truncated: true}, ErrTruncated,
		"pcap: record 2 at 43: cut by the end of the file: 16 of 16777232 bytes")
	whole := cat(good, rec(le, 2, 0, 4, "abcd"))
	for n := len(good) + 1; n < len(whole); n++ {
		_, c, err := read(t, whole[:n], 64)
		if e, ok := err.(*Error); !ok || e.Record != 2 || e.Offset != 43 || !c.Truncated || c.Damaged || c.Records != 1 {
			t.Errorf("cut at %d: got %v, %+v", n, err, c)
		}
	}
}

func TestClassicLargestRecord(t *testing.T) {
	data := strings.Repeat("0123456789abcdef", maxRecord/16)
	in := cat(header(le, magicMicro, 0, 1), rec(le, 1, 0, maxRecord, data), rec(le, 1, 0, 1, "x"))
	fs, _, err := read(t, in, blockSize)
	if err != nil || len(fs) != 2 || fs[0].data != data || fs[1].data != "x" {
		t.Errorf("got %d frames, error %v", len(fs), err)
	}
}

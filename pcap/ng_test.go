package pcap

import (
	"encoding/binary"
	"testing"
)

func TestNG(t *testing.T) {
	const us = 1_600_000_000_000_007
	for _, tt := range []struct {
		name   string
		in     func(o binary.ByteOrder) []byte
		frames []frame
		counts Counts
	}{
		{"packets of all kinds", func(o binary.ByteOrder) []byte {
			return cat(shb(o), idb(o, 1, 4), epb(o, 0, us, 9, "abc"), opb(o, 0, 3, us+1, 3, "def"), spb(o, 9, "ghij"), spb(o, 2, "kl"))
		}, []frame{
			{data: "abc", ts: us * 1000, wire: 9, link: 1, number: 1},
			{data: "def", ts: (us + 1) * 1000, wire: 3, link: 1, number: 2},
			{data: "ghij", ts: (us + 1) * 1000, wire: 9, link: 1, noTime: true, number: 3},
			{data: "kl", ts: (us + 1) * 1000, wire: 2, link: 1, noTime: true, number: 4},
		}, Counts{NoTimestamp: 2}},
		{"times beyond 2262 are counted", func(o binary.ByteOrder) []byte {
			return cat(shb(o), idb(o, 1, 0, opt(o, optionResolution, uint8(0))), epb(o, 0, 1<<40, 1, "a"), epb(o, 0, 1_600_000_000, 1, "b"))
		}, []frame{
			{data: "a", ts: 1<<63 - 1, wire: 1, link: 1, number: 1},
			{data: "b", ts: 1_600_000_000e9, wire: 1, link: 1, number: 2},
		}, Counts{TimeOutOfRange: 1}},
		{"simple packet first", func(o binary.ByteOrder) []byte {
			return cat(shb(o), idb(o, 1, 0), spb(o, 5, "abcde"))
		}, []frame{{data: "abcde", wire: 5, link: 1, noTime: true, number: 1}}, Counts{NoTimestamp: 1}},
		{"interfaces differ", func(o binary.ByteOrder) []byte {
			return cat(shb(o), idb(o, 1, 0), idb(o, 101, 2, opt(o, optionResolution, uint8(9)), opt(o, optionOffset, int64(100))),
				epb(o, 1, 7, 3, "abc"), epb(o, 0, 7, 1, "d"))
		}, []frame{
			{data: "abc", ts: 100_000_000_007, wire: 3, iface: 1, link: 101, number: 1},
			{data: "d", ts: 7000, wire: 1, link: 1, number: 2},
		}, Counts{CapLenExceedsSnap: 1}},
		{"sections start anew", func(o binary.ByteOrder) []byte {
			other := le
			if o == le {
				other = be
			}
			return cat(shb(o), idb(o, 1, 0), idb(o, 101, 0), epb(o, 1, 1, 1, "a"),
				shb(other), idb(other, 113, 0), epb(other, 0, 2, 1, "b"), epb(other, 1, 3, 1, "c"), epb(other, 0, 4, 1, "d"))
		}, []frame{
			{data: "a", ts: 1000, wire: 1, iface: 1, link: 101, number: 1},
			{data: "b", ts: 2000, wire: 1, link: 113, number: 2},
			{data: "d", ts: 4000, wire: 1, link: 113, number: 4},
		}, Counts{UnknownInterface: 1}},
		{"undeclared interfaces", func(o binary.ByteOrder) []byte {
			return cat(shb(o), epb(o, 0, 1, 1, "a"), spb(o, 1, "b"), opb(o, 0, 0, 1, 1, "c"), idb(o, 1, 0),
				epb(o, 1<<32-1, 1, 1, "d"), opb(o, 65535, 0, 1, 1, "e"), epb(o, 0, 2, 1, "f"))
		}, []frame{{data: "f", ts: 2000, wire: 1, link: 1, number: 6}}, Counts{UnknownInterface: 5}},
		{"other blocks", func(o binary.ByteOrder) []byte {
			return cat(shb(o), block(o, 4, uint32(0)), idb(o, 1, 0), block(o, 5, make([]byte, 999)), epb(o, 0, 1, 1, "a"),
				block(o, 0xbad, uint32(1)), block(o, 0x40000bad, "custom"), block(o, 10), block(o, 0x80000001, "x"), epb(o, 0, 2, 1, "b"))
		}, []frame{
			{data: "a", ts: 1000, wire: 1, link: 1, number: 1},
			{data: "b", ts: 2000, wire: 1, link: 1, number: 4}, // tshark numbers custom blocks
		}, Counts{SkippedBlocks: 6}},
		{"records without a packet", func(o binary.ByteOrder) []byte {
			return cat(shb(o), idb(o, 1, 0), block(o, 0xbad, uint32(1)), epb(o, 0, 1, 1, "a"), block(o, 9, make([]byte, 30)), block(o, 0x204, make([]byte, 24)),
				block(o, 0x208, make([]byte, 28)), block(o, 0x216, make([]byte, 28)), block(o, 0x217, make([]byte, 32)), block(o, 0x221, make([]byte, 28)),
				block(o, 0x99, uint32(1)), block(o, 0x40000bad, uint32(1)), epb(o, 0, 2, 1, "b"))
		}, []frame{
			{data: "a", ts: 1000, wire: 1, link: 1, number: 2},
			{data: "b", ts: 2000, wire: 1, link: 1, number: 8},
		}, Counts{SkippedBlocks: 9}},
		{"packet options", func(o binary.ByteOrder) []byte {
			return cat(shb(o), idb(o, 1, 0), block(o, blockEnhanced, uint32(0), uint32(0), uint32(1), uint32(5), uint32(5),
				"abcde\x00\x00\x00", opt(o, 1, "comment"), opt(o, 0)))
		}, []frame{{data: "abcde", ts: 1000, wire: 5, link: 1, number: 1}}, Counts{}},
		{"over wire and snap length", func(o binary.ByteOrder) []byte {
			return cat(shb(o), idb(o, 1, 2), epb(o, 0, 1, 2, "abc"), epb(o, 0, 1, 1, "ab"))
		}, []frame{
			{data: "abc", ts: 1000, wire: 3, link: 1, number: 1},
			{data: "ab", ts: 1000, wire: 2, link: 1, number: 2},
		}, Counts{CapLenExceedsSnap: 1, CapLenExceedsWire: 2}},
		{"options cut, repeated, of wrong length", func(o binary.ByteOrder) []byte {
			return cat(shb(o),
				idb(o, 1, 0, opt(o, optionResolution, uint8(3)), opt(o, optionResolution, uint16(9)), fields(o, uint16(optionOffset), uint16(8), uint32(1))),
				idb(o, 1, 0, opt(o, optionEnd), opt(o, optionResolution, uint8(3))),
				epb(o, 0, 1, 1, "a"), epb(o, 1, 1, 1, "b"))
		}, []frame{
			{data: "a", ts: 1_000_000, wire: 1, link: 1, number: 1},
			{data: "b", ts: 1000, wire: 1, iface: 1, link: 1, number: 2},
		}, Counts{}},
		{"unknown version passed over by its blocks", func(o binary.ByteOrder) []byte {
			return cat(shb(o), idb(o, 1, 0), epb(o, 0, 1, 1, "a"),
				block(o, blockSection, uint32(orderMagic), uint16(2), uint16(0), int64(-1)), idb(o, 1, 0), epb(o, 0, 1, 1, "b"), block(o, blockEnhanced),
				shb(o), idb(o, 101, 0), epb(o, 0, 3, 1, "c"))
		}, []frame{
			{data: "a", ts: 1000, wire: 1, link: 1, number: 1},
			{data: "c", ts: 3000, wire: 1, link: 101, number: 2},
		}, Counts{UnsupportedSections: 1}},
		{"unknown version passed over by its length", func(o binary.ByteOrder) []byte {
			return cat(block(o, blockSection, uint32(orderMagic), uint16(2), uint16(0), int64(200)), make([]byte, 200),
				shb(o), idb(o, 101, 0), epb(o, 0, 3, 1, "c"))
		}, []frame{{data: "c", ts: 3000, wire: 1, link: 101, number: 1}}, Counts{UnsupportedSections: 1}},
		{"minor version does not matter", func(o binary.ByteOrder) []byte {
			return cat(block(o, blockSection, uint32(orderMagic), uint16(1), uint16(2), int64(52), opt(o, 4, "dumpcap")), idb(o, 1, 0), epb(o, 0, 3, 1, "c"))
		}, []frame{{data: "c", ts: 3000, wire: 1, link: 1, number: 1}}, Counts{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want(t, tt.in(le), tt.frames, tt.counts, nil, "")
			want(t, tt.in(be), tt.frames, tt.counts, nil, "")
		})
	}
}

func TestNGDamage(t *testing.T) {
	good := cat(shb(le), idb(le, 1, 0), epb(le, 0, 1, 1, "a")) // 28 + 20 + 36 bytes
	fs := []frame{{data: "a", ts: 1000, wire: 1, link: 1, number: 1}}
	lengths := func(kind uint32, first, last uint32) []byte {
		b := block(le, kind, make([]byte, 40))
		le.PutUint32(b[4:], first)
		le.PutUint32(b[len(b)-4:], last)
		return b
	}
	for _, tt := range []struct {
		name string
		bad  []byte
		text string
	}{
		{"short", lengths(77, 8, 52), "block length 8 under 12"},
		{"short packet", block(le, blockEnhanced, uint32(0)), "block length 16 under 32"},
		{"short simple packet", block(le, blockSimple), "block length 12 under 16"},
		{"short obsolete packet", block(le, blockPacket, uint32(0)), "block length 16 under 32"},
		{"short interface", block(le, blockInterface, uint32(0)), "block length 16 under 20"},
		{"short section", block(le, blockSection, uint32(orderMagic)), "block length 16 under 28"},
		{"long", lengths(77, maxBlock+4, 52), "block length 67108868 over 64 MiB"},
		{"odd", lengths(77, 50, 52), "block length 50 not a multiple of 4"},
		{"lengths of packet", lengths(blockEnhanced, 52, 48), "block length 52 at its start, 48 at its end"},
		{"lengths of other", lengths(77, 52, 48), "block length 52 at its start, 48 at its end"},
		{"magic", block(le, blockSection, "magi", make([]byte, 12)), "byte-order magic 6d 61 67 69"},
		{"captured", block(le, blockEnhanced, uint32(0), uint64(0), uint32(5), uint32(5), "abcd"), "captured length 5 over the block's 36 bytes"},
		{"captured, huge", block(le, blockEnhanced, uint32(0), uint64(0), ^uint32(0), ^uint32(0), "abcd"), "captured length 4294967295 over the block's 36 bytes"},
		{"captured, obsolete", block(le, blockPacket, uint32(0), uint64(0), uint32(5), uint32(5), "abcd"), "captured length 5 over the block's 36 bytes"},
		{"captured, simple", spb(le, 5, "abcd"), "captured length 5 over the block's 20 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want(t, cat(good, tt.bad, good), fs, Counts{Damaged: true}, ErrDamaged, "pcap: record 2 at 84: "+tt.text)
		})
	}
	for _, next := range [][]byte{epb(le, 0, 1, 100, string(make([]byte, 100))), shb(le), idb(le, 1, 0), block(le, 77, make([]byte, 200))} {
		for n := 1; n < len(next); n++ {
			_, c, err := read(t, cat(good, next[:n]), 64)
			if e, ok := err.(*Error); !ok || e.Record != 2 || e.Offset != 84 || !c.Truncated || c.Damaged || c.Records != 1 {
				t.Errorf("cut after %d of % x: got %v, %+v", n, next[:4], err, c)
			}
		}
	}
	foreign := block(le, blockSection, uint32(orderMagic), uint16(9), uint16(0), int64(1)<<62)
	want(t, cat(good, foreign, good), fs, Counts{Truncated: true, UnsupportedSections: 1}, ErrTruncated,
		"pcap: record 2 at 84: cut by the end of the file: 112 of 4611686018427387904 bytes")
}

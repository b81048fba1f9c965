package pcap

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"testing"

	"pinyon/packet"
)

var (
	le binary.ByteOrder = binary.LittleEndian
	be binary.ByteOrder = binary.BigEndian
)

// fields lays out numbers of uint16, uint32, uint64, int64 and bytes.
func fields(o binary.ByteOrder, vs ...any) []byte {
	var b bytes.Buffer
	for _, v := range vs {
		if s, ok := v.(string); ok {
			v = []byte(s)
		}
		if err := binary.Write(&b, o, v); err != nil {
			panic(err)
		}
	}
	return b.Bytes()
}

func cat(parts ...[]byte) []byte { return slices.Concat(parts...) }

func header(o binary.ByteOrder, magic uint32, snap, link uint32) []byte {
	return version(o, magic, 2, 4, snap, link)
}

func version(o binary.ByteOrder, magic uint32, major, minor uint16, snap, link uint32) []byte {
	return fields(o, magic, major, minor, uint64(0), snap, link)
}

func rec(o binary.ByteOrder, sec, sub, wire uint32, data string) []byte {
	return fields(o, sec, sub, uint32(len(data)), wire, data)
}

func block(o binary.ByteOrder, kind uint32, vs ...any) []byte {
	body := fields(o, vs...)
	body = append(body, make([]byte, -len(body)&3)...)
	n := uint32(len(body) + 12)
	return fields(o, kind, n, body, n)
}

func shb(o binary.ByteOrder) []byte {
	return block(o, blockSection, uint32(orderMagic), uint16(1), uint16(0), int64(-1))
}

func opt(o binary.ByteOrder, code uint16, v ...any) []byte {
	body := fields(o, v...)
	return fields(o, code, uint16(len(body)), body, make([]byte, -len(body)&3))
}

func idb(o binary.ByteOrder, link uint16, snap uint32, opts ...[]byte) []byte {
	return block(o, blockInterface, link, uint16(0), snap, cat(opts...))
}

func epb(o binary.ByteOrder, id uint32, stamp uint64, wire uint32, data string) []byte {
	return block(o, blockEnhanced, id, uint32(stamp>>32), uint32(stamp), uint32(len(data)), wire, data)
}

func opb(o binary.ByteOrder, id, drops uint16, stamp uint64, wire uint32, data string) []byte {
	return block(o, blockPacket, id, drops, uint32(stamp>>32), uint32(stamp), uint32(len(data)), wire, data)
}

func spb(o binary.ByteOrder, wire uint32, data string) []byte {
	return block(o, blockSimple, wire, data)
}

// A frame is what a test wants of a packet.Frame.
type frame struct {
	data   string
	ts     int64
	wire   uint32
	iface  uint32
	link   uint16
	noTime bool
	number uint64
}

func frameOf(f *packet.Frame) frame {
	return frame{string(f.Data), f.TS, f.Wire, f.Iface, f.Link, f.NoTime, f.Number}
}

// drain reads to the end and wants a final error that stays.
func drain(t testing.TB, r *Reader) ([]frame, error) {
	t.Helper()
	var fs []frame
	var f packet.Frame
	for {
		err := r.Next(&f)
		if err == nil {
			fs = append(fs, frameOf(&f))
			continue
		}
		if again := r.Next(&f); again != err {
			t.Errorf("Next after %v: %v", err, again)
		}
		if err == io.EOF {
			err = nil
		}
		return fs, err
	}
}

// read opens in in blocks of size bytes and reads all of it.
func read(t testing.TB, in []byte, size int) (fs []frame, c Counts, err error) {
	t.Helper()
	r, err := newReader(bytes.NewReader(in), -1, size)
	if err != nil {
		return nil, c, err
	}
	defer r.Close()
	fs, err = drain(t, r)
	return fs, r.Counts(), err
}

// want reads in in blocks of several sizes and compares.
func want(t *testing.T, in []byte, fs []frame, c Counts, kind error, text string) {
	t.Helper()
	for _, size := range []int{64, 100, 4096, blockSize} {
		got, counts, err := read(t, in, size)
		c.Records = uint64(len(fs))
		if !slices.Equal(got, fs) {
			t.Errorf("block size %d: got %+v, want %+v", size, got, fs)
		}
		if counts != c {
			t.Errorf("block size %d: got %+v, want %+v", size, counts, c)
		}
		if !errors.Is(err, kind) || err != nil && err.Error() != text {
			t.Errorf("block size %d: got error %v, want %s", size, err, text)
		}
	}
}

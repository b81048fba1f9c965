package quic

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"pinyon/internal/cursor"
)

func itoa(v uint64) string    { return strconv.FormatUint(v, 10) }
func hexText(b []byte) string { return hex.EncodeToString(b) }
func sealed(frames []byte) []byte {
	return long{version: 1, dcid: idA, scid: idB, frames: frames}.bytes()
}

// record wraps a datagram for FuzzDatagram: a flag byte, two bytes of length, the bytes.
func record(flags byte, b []byte) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{flags}, uint16(len(b))), b...)
}

// facts is all that a Conn tells.
func facts(c *Conn) string {
	token, retry := c.Retry()
	code, closed := c.CloseCode()
	f0, ok0 := c.First(0)
	f1, ok1 := c.First(1)
	frames, datagrams := c.CryptoFrames(0, 0, 300)
	index, when, ok := c.CryptoAt(1, 5)
	return fmt.Sprint(c.Confirmed(), c.Opened(), c.Client(), c.Version(), c.DCIDLen(), c.SCIDLen(), c.PacketNumberLen(),
		string(c.AppendDCID(nil)), c.Initials(), c.ZeroRTTs(), c.Handshakes(), c.Shorts(), token, retry, c.Spin(),
		c.SpinChanges(0), c.SpinChanges(1), f0, ok0, f1, ok1, code, closed, c.Versions(), string(c.AppendHistory(nil)),
		c.Attempt(), c.Crypto(0), c.Crypto(1), frames, datagrams, index, when, ok)
}

// FuzzDatagram: no sequence of datagrams panics, takes unbounded memory or writes to what
// it borrowed, and a reused Conn tells the same as a fresh one. A flag of the record asks
// for the datagram to be sealed as frames of an Initial packet first, in either direction.
func FuzzDatagram(f *testing.F) {
	ch, sh := hellos(f, "example.org")
	server := long{version: 1, dcid: idB, scid: idC, keyID: idA, server: true, frames: cryptoFrame(0, sh)}.bytes()
	f.Add(slices.Concat(record(0, sealed(cryptoFrame(0, ch))), record(1, server), record(1, short(0)), record(0, short(1))))
	f.Add(slices.Concat(record(2, cryptoFrame(100, ch[100:])), record(2, cryptoFrame(0, ch[:100]))))
	f.Add(slices.Concat(record(0, long{version: 0x1a2a3a4a, dcid: idA, scid: idB, frames: cryptoFrame(0, ch)}.bytes()),
		record(1, negotiate(idB, idA, 1, 2)), record(0, sealed(cryptoFrame(0, ch)))))
	f.Add(slices.Concat(record(2, cryptoFrame(0, ch[:50])), record(1, long{version: 1, kind: kindRetry, dcid: idB, scid: idC, token: "t"}.bytes()),
		record(0, long{version: 1, dcid: idC, frames: cryptoFrame(0, ch)}.bytes())))
	f.Add(record(0, append(unhex("0d a1a2a3a4a5a6a7a8"), "Q043\x01CHLO"...)))
	f.Add(record(0, slices.Concat(sealed(nil), long{version: Version2, kind: kindHandshake, dcid: idA}.bytes(), short(0))))
	random := rand.New(rand.NewPCG(1, 1))
	for _, n := range []int{24, 35, 46, 49} {
		p := clearPacket{n: n, letter: 'Q', number: 4}
		p.frames = p.stream(random, 0, tagged("CHLO", "SNI", "a.example"), false)
		f.Add(record(0, p.bytes()))
	}
	var used Conn
	var scratch Scratch
	f.Fuzz(func(t *testing.T, in []byte) {
		var fresh Conn
		var own Scratch
		used.Reset(&scratch)
		for n := uint32(0); len(in) >= 3; n++ {
			flags, size := in[0], min(int(in[1])<<8|int(in[2]), len(in)-3)
			b := in[3 : 3+size : 3+size]
			in = in[3+size:]
			if flags&2 != 0 {
				p := long{version: 1, dcid: idA, frames: b, number: n}
				if flags&1 != 0 {
					p = long{version: 1, keyID: idA, server: true, frames: b, number: n}
				}
				b = p.bytes()
			}
			was := bytes.Clone(b)
			d := Datagram{b, size + int(flags>>4), int(flags & 1), n, int64(n)}
			more := fresh.Datagram(&own, &d)
			if used.Datagram(&scratch, &d) != more {
				t.Fatal("a reused Conn wants something else")
			}
			if !bytes.Equal(b, was) {
				t.Fatal("borrowed bytes changed")
			}
			if !more && fresh.Confirmed() {
				t.Fatal("confirmed and given up")
			}
		}
		if a, b := facts(&fresh), facts(&used); a != b {
			t.Fatalf("fresh %s\nused  %s", a, b)
		}
		for i := range fresh.side {
			if s := fresh.side[i].crypto; s != nil && (len(s.buf)+len(s.held) > 2*maxCrypto || len(s.spans) > maxSpans) {
				t.Fatalf("%d + %d bytes, %d spans", len(s.buf), len(s.held), len(s.spans))
			}
		}
		if fresh.made > maxKeys || len(scratch.free) > maxFree {
			t.Fatal("out of bounds")
		}
	})
}

// FuzzFrames: no bytes panic, what a frame gives lies within them, and every prefix gives a
// prefix.
func FuzzFrames(f *testing.F) {
	f.Add([]byte{framePing, 0, frameACK, 5, 0, 1, 0, 2, 2, frameCrypto, 0, 2, 1, 2})
	f.Add([]byte{frameACKECN, 5, 0, 0, 0, 1, 2, 3, frameClose, 0x41, 0x28, 6, 1, 'x'})
	f.Add(cryptoFrame(1000, make([]byte, 70)))
	f.Fuzz(func(t *testing.T, b []byte) {
		whole := frameText(b)
		var s stream
		r := frameReader{c: cursor.New(b)}
		total := 0
		for r.next() == frameCrypto {
			if total += len(r.data); total > len(b) {
				t.Fatal("more data than bytes")
			}
			s.add(r.offset, r.data, 0, 0)
		}
		if len(s.buf)+len(s.held) > 2*total {
			t.Fatalf("%d bytes kept of %d", len(s.buf)+len(s.held), total)
		}
		for n := range min(len(b), 64) {
			if part := frameText(b[:n]); len(part) > len(whole) || whole[:len(part)] != part {
				t.Fatalf("prefix %d: %s of %s", n, part, whole)
			}
		}
	})
}

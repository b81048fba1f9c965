package quic

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pinyon/internal/cursor"
)

// tagged is a handshake message of Google QUIC: name, then tags with their values in turn.
func tagged(name string, pairs ...string) []byte {
	b := append([]byte(name), byte(len(pairs)/2), byte(len(pairs)/2>>8), 0, 0)
	end := 0
	for i := 0; i < len(pairs); i += 2 {
		b = append(b, (pairs[i] + "\x00\x00\x00\x00")[:4]...)
		end += len(pairs[i+1])
		b = binary.LittleEndian.AppendUint32(b, uint32(end))
	}
	for i := 1; i < len(pairs); i += 2 {
		b = append(b, pairs[i]...)
	}
	return b
}

// A clearPacket is a packet of Google QUIC before Q050 whose payload is in clear.
type clearPacket struct {
	n      int  // digits of the version
	letter byte // Q or T
	server bool
	number int // bytes of the packet number
	flags  byte
	frames []byte
}

func (p clearPacket) version() uint32 {
	return uint32(p.letter)<<24 | '0'<<16 | uint32('0'+p.n/10)<<8 | uint32('0'+p.n%10)
}

// number appends a value of n bytes in the order of the version.
func (p clearPacket) uint(b []byte, v uint64, n int) []byte {
	for i := range n {
		shift := 8 * (n - 1 - i)
		if p.n < google39 {
			shift = 8 * i
		}
		b = append(b, byte(v>>shift))
	}
	return b
}

// stream is a STREAM frame of stream 1, or from Q048 on a CRYPTO frame.
func (p clearPacket) stream(r *rand.Rand, off int, data []byte, last bool) []byte {
	if p.n >= 48 {
		b := cryptoFrame(off, data)
		b[0] = googleCrypto
		return b
	}
	ids := r.IntN(4)
	t := byte(0x80 | ids)
	n := 0
	if off > 0 || r.IntN(2) == 0 {
		n = 2 + r.IntN(7)
		t |= byte(n-1) << 2
	}
	if !last {
		t |= 0x20
	}
	b := p.uint([]byte{t}, 1, ids+1)
	b = p.uint(b, uint64(off), n)
	if !last {
		b = p.uint(b, uint64(len(data)), 2)
	}
	return append(b, data...)
}

// other is a frame that is not of the handshake.
func (p clearPacket) other(r *rand.Rand) []byte {
	z := func(n int) []byte { return make([]byte, n) }
	switch r.IntN(8) {
	case 0:
		return []byte{googlePing}
	case 1:
		return append([]byte{googleWindow}, z(12)...)
	case 2:
		return append([]byte{googleBlocked}, z(4)...)
	case 3:
		return append([]byte{googleReset}, z(16)...)
	case 4:
		return append(p.uint(append([]byte{googleGoAway}, z(8)...), 5, 2), "bye!!"...)
	case 5:
		if p.n < google34 {
			return append([]byte{googleStopWaiting}, z(1+p.number)...)
		}
		return append([]byte{googleStopWaiting}, z(p.number)...)
	case 6: // a STREAM frame of another stream
		return append(p.uint(p.uint([]byte{0xa0}, 5, 1), 7, 2), "1234567"...)
	}
	lengths := []int{1, 2, 4, 6}
	l, m := r.IntN(4), r.IntN(4)
	t := byte(googleACK | l<<2 | m)
	stamps := []byte{0}
	if n := r.IntN(4); n > 0 {
		stamps = append([]byte{byte(n)}, z(5+3*(n-1))...)
	}
	ranges := r.IntN(3)
	if ranges > 0 {
		t |= 0x20
	}
	b := []byte{t}
	if p.n < google34 {
		b = append(append(b, z(1+lengths[l]+2)...), stamps...)
		if ranges > 0 {
			b = append(append(b, byte(ranges)), z(ranges*(lengths[m]+1))...)
			b = append(append(b, 2), z(2*lengths[l])...)
		}
		return b
	}
	b = append(b, z(lengths[l]+2)...)
	if ranges > 0 {
		b = append(b, byte(ranges))
	}
	return append(append(b, z(lengths[m]+ranges*(1+lengths[m]))...), stamps...)
}

// bytes is the packet on the wire, with its hash by hash/fnv.
func (p clearPacket) bytes() []byte {
	var b []byte
	version := binary.BigEndian.AppendUint32(nil, p.version())
	payload := p.frames
	switch {
	case p.n < google44:
		code := map[int]byte{1: 0, 2: 1, 4: 2, 6: 3}[p.number]
		b = append(append([]byte{0x09 | code<<4}, idA...), version...)
		if p.n < google34 {
			payload = append([]byte{p.flags}, payload...)
			if p.flags&2 != 0 {
				payload = slices.Insert(payload, 1, 0)
			}
		}
	case p.n < google46:
		b = append(append(append([]byte{0xff}, version...), 0x50), idA...)
	case p.n < google49:
		b = append(append(append([]byte{0xc0 | byte(p.number-1)}, version...), 0x50), idA...)
		if p.server {
			b[5] = 0x05
		}
	default:
		b = append(append(append([]byte{0xc0 | byte(p.number-1)}, version...), 8), idA...)
		b = varint(append(b, 0, 0), uint64(p.number+hashSize+len(payload)))
	}
	b = append(b, make([]byte, p.number)...)
	h := fnv.New128a()
	h.Write(b)
	h.Write(payload)
	if p.n > 35 {
		h.Write([]byte(map[bool]string{false: "Client", true: "Server"}[p.server]))
	}
	sum := h.Sum(nil) // network order
	slices.Reverse(sum)
	return slices.Concat(b, sum[:hashSize], payload)
}

// TestTags: hellos of every version whose handshake is in clear, in packets that come in any
// order, with other frames between.
func TestTags(t *testing.T) {
	r := rand.New(rand.NewPCG(24, 49))
	for n := 24; n < google50; n++ {
		for round := range 40 {
			p := clearPacket{n: n, letter: 'Q', number: []int{1, 2, 4, 6}[r.IntN(4)], flags: byte(r.IntN(4))}
			if n >= google46 {
				p.number = 1 + r.IntN(4)
			} else if n >= google44 {
				p.number = 4
			}
			hello := tagged("CHLO", "PAD", strings.Repeat("-", r.IntN(3000)), "SNI", "www.example.org", "VER", "Q0xx", "UAID", "a browser 1.0", "ALPN", "h3-Q0xx")
			var packets [][]byte
			for at := 0; at < len(hello); {
				size := min(1+r.IntN(1300), len(hello)-at)
				p.frames = nil
				for range r.IntN(4) {
					p.frames = append(p.frames, p.other(r)...)
				}
				last := r.IntN(2) == 0
				p.frames = append(p.frames, p.stream(r, at, hello[at:at+size], last)...)
				if !last {
					p.frames = append(p.frames, make([]byte, r.IntN(20))...)
				}
				packets = append(packets, p.bytes())
				at += size
			}
			first := packets[0]
			r.Shuffle(len(packets), func(i, j int) { packets[i], packets[j] = packets[j], packets[i] })
			var w wire
			for _, b := range packets {
				if !Looks(b) {
					t.Fatalf("Q%03d: does not look like QUIC", n)
				}
				w.send(0, b)
			}
			var tags ClientTags
			if !bytes.Equal(w.Crypto(0), hello) || !w.Opened() || w.Client() != 0 || !tags.Parse(w.Crypto(0)) || w.Version() != p.version() {
				t.Fatalf("Q%03d, round %d: %d bytes of %d, client %d", n, round, len(w.Crypto(0)), len(hello), w.Client())
			}
			if string(tags.ServerName) != "www.example.org" || string(tags.UserAgent) != "a browser 1.0" || string(tags.ALPN) != "h3-Q0xx" || tags.Length != len(hello) {
				t.Fatalf("Q%03d: %q", n, [][]byte{tags.ServerName, tags.UserAgent, tags.ALPN})
			}
			if string(w.AppendDCID(nil)) != "a1a2a3a4a5a6a7a8" || w.PacketNumberLen() != p.number || !strings.HasSuffix(w.letters(), "S") {
				t.Fatalf("Q%03d: id %s, number %d, history %s", n, w.AppendDCID(nil), w.PacketNumberLen(), w.letters())
			}
			if frames, datagrams := w.CryptoFrames(0, 0, len(hello)); frames != len(packets) || datagrams != len(packets) {
				t.Fatalf("Q%03d: %d frames in %d datagrams; want %d", n, frames, datagrams, len(packets))
			}

			// A changed packet says nothing, one that the capture cut what it still holds.
			i := 13 + r.IntN(len(first)-13)
			changed := bytes.Clone(first)
			changed[i] ^= 1 << r.IntN(8)
			var other wire
			if other.send(0, changed); n < google44 && other.Opened() {
				t.Fatalf("Q%03d: byte %d changed, and opened", n, i)
			}
			var cut wire
			b := first[:len(first)/2]
			cut.Datagram(&cut.Scratch, &Datagram{Payload: b, Size: len(first)})
			if got := cut.Crypto(0); !bytes.HasPrefix(hello, got) {
				t.Fatalf("Q%03d: cut gives %q", n, got)
			}
		}
	}
}

// TestCutTags: of a packet that the capture cut the name is told.
func TestCutTags(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	hello := tagged("CHLO", "SNI", "www.example.org", "PAD", strings.Repeat("-", 900))
	for _, n := range []int{24, 35, 43, 46} {
		p := clearPacket{n: n, letter: 'Q', number: 4}
		p.frames = p.stream(r, 0, hello, false)
		b := p.bytes()
		var w wire
		w.Datagram(&w.Scratch, &Datagram{Payload: b[:120], Size: len(b)})
		var tags ClientTags
		if !tags.Parse(w.Crypto(0)) || string(tags.ServerName) != "www.example.org" || w.Client() != 0 {
			t.Errorf("Q%03d: %q of %q", n, tags.ServerName, w.Crypto(0))
		}
	}
}

// TestGoogleTLS: TLS in the clear packets of T048 and T049, and who is who by the hash alone.
func TestGoogleTLS(t *testing.T) {
	ch, sh := hellos(t, "example.org")
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{48, 49} {
		for client := range 2 {
			c, s := clearPacket{n: n, letter: 'T', number: 2}, clearPacket{n: n, letter: 'T', number: 1, server: true}
			c.frames, s.frames = c.stream(r, 0, ch, false), append(s.other(r), s.stream(r, 0, sh, true)...)
			var w wire
			w.send(client, c.bytes())
			w.send(1-client, s.bytes())
			if w.Client() != client || !bytes.Equal(w.Crypto(client), ch) || !bytes.Equal(w.Crypto(1-client), sh) || w.letters() != "ISis" {
				t.Errorf("T%03d: client %d, %d bytes of %d, %d of %d, %s", n, w.Client(), len(w.Crypto(client)), len(ch), len(w.Crypto(1-client)), len(sh), w.letters())
			}
		}
	}
}

// TestRefusedVersion: Google QUIC's own version negotiation. The hello of the version that was
// taken is the flow's.
func TestRefusedVersion(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	packet := func(n int, name string) []byte {
		p := clearPacket{n: n, letter: 'Q', number: 2}
		p.frames = p.stream(r, 0, tagged("CHLO", "SNI", name), false)
		return p.bytes()
	}
	var w wire
	w.send(0, packet(43, "first.example"))
	w.send(1, append(append([]byte{0x09}, idA...), "Q039Q035"...))
	w.send(0, packet(39, "second.example"))
	var tags ClientTags
	if !tags.Parse(w.Crypto(0)) || string(tags.ServerName) != "second.example" || string(AppendVersion(nil, w.Version())) != "gQUIC Q039" || w.Attempt() != 1 {
		t.Errorf("%q, version %x, attempt %d", tags.ServerName, w.Version(), w.Attempt())
	}
}

// TestLaterTags: a capture that begins with the client's second hello.
func TestLaterTags(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	p := clearPacket{n: 35, letter: 'Q', number: 2}
	hello := tagged("CHLO", "SNI", "www.example.org", "STK", "token")
	p.frames = append(p.other(r), p.stream(r, 1024, hello, false)...)
	var w wire
	w.send(1, p.bytes())
	if !bytes.Equal(w.Crypto(1), hello) || w.Client() != 1 {
		t.Errorf("%q", w.Crypto(1))
	}
}

// FuzzTags: no panic, values lie within the message, and a prefix tells no other value.
func FuzzTags(f *testing.F) {
	f.Add(tagged("CHLO", "SNI", "a.example", "UAID", "agent"), uint16(30))
	f.Add([]byte("CHLO\x02\x00\x00\x00SNI\x00\x09\x00\x00\x00UAID\x02\x00\x00\x00123456789"), uint16(9))
	f.Fuzz(func(t *testing.T, msg []byte, cut uint16) {
		var whole, part ClientTags
		ok := whole.Parse(msg)
		if n := taggedLen(msg); n < 0 || n > maxCrypto+tagHeader+maxTags*tagEntry {
			t.Fatalf("length %d", n)
		}
		if part.Parse(msg[:min(int(cut), len(msg))]) && !ok {
			t.Fatal("a prefix is a hello")
		}
		for _, v := range [][2][]byte{{whole.ServerName, part.ServerName}, {whole.UserAgent, part.UserAgent}, {whole.ALPN, part.ALPN}} {
			if len(v[0]) > len(msg) || v[1] != nil && !bytes.Equal(v[0], v[1]) {
				t.Fatalf("%q of a prefix, %q of the whole", v[1], v[0])
			}
		}
	})
}

// FuzzGoogleFrames: no bytes panic, and what a frame gives lies within them.
func FuzzGoogleFrames(f *testing.F) {
	r := rand.New(rand.NewPCG(5, 5))
	for _, n := range []int{24, 34, 39, 48} {
		p := clearPacket{n: n, letter: 'Q', number: 2}
		f.Add(append(p.other(r), p.stream(r, 5, []byte("CHLO"), false)...), uint8(n), uint8(2))
	}
	f.Fuzz(func(t *testing.T, b []byte, version, number uint8) {
		r := frameReader{c: cursor.New(b), google: 1 + int(version)%50, number: 1 + int(number)%6}
		total := 0
		for kind := r.next(); kind != 0; kind = r.next() {
			if kind == frameCrypto {
				total += len(r.data)
			}
			if total > len(b) {
				t.Fatal(fmt.Sprint("more data than bytes: ", total))
			}
		}
	})
}

package quic

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
)

const (
	idA = "\xa1\xa2\xa3\xa4\xa5\xa6\xa7\xa8" // the client's first DCID
	idB = "\xb1\xb2\xb3\xb4\xb5"             // the client's own
	idC = "\xc1\xc2\xc3\xc4"                 // the server's own
	idD = "\xd1\xd2\xd3\xd4\xd5\xd6\xd7\xd8\xd9"
)

// short is a short-header packet of which the spin bit is told.
func short(spin byte) []byte { return append([]byte{0x40 | spin<<5}, bytes.Repeat([]byte{9}, 30)...) }

// TestHandshake: a handshake whose server's flight is coalesced, for each version and
// whoever is seen first.
func TestHandshake(t *testing.T) {
	ch, sh := hellos(t, "example.org")
	for _, version := range []uint32{
		Version1, Version2, version2Draft, 0xff000016, 0xff000017, 0xff00001b, 0xff00001d, 0xff000022,
		mvfst22, mvfst27, mvfstExp, 0xfaceb011, mvfst1, 0x5a6a7a8a, versionQ50, versionT50, versionT51,
	} {
		for client := range 2 {
			server := 1 - client
			var w wire
			if client == 1 {
				w.send(server, []byte("something before"))
			}
			v := long{version: version}
			w.send(client, long{version: version, dcid: idA, scid: idB, token: "tok", frames: v.crypto(0, ch), size: 1210}.bytes())
			w.send(client, long{version: version, kind: kindZeroRTT, dcid: idA, scid: idB, size: 400}.bytes())
			w.send(server,
				long{version: version, dcid: idB, scid: idC, keyID: idA, server: true, frames: append(v.ack(), v.crypto(0, sh)...)}.bytes(),
				long{version: version, kind: kindHandshake, dcid: idB, scid: idC, size: 300}.bytes(),
				short(0))
			w.send(client, long{version: version, dcid: idC, scid: idB, keyID: idA, number: 1, frames: v.ack()}.bytes(),
				long{version: version, kind: kindHandshake, dcid: idC, scid: idB, size: 100}.bytes())
			w.send(client, short(1))
			name := fmt.Sprintf("%x, client %d", version, client)
			if !bytes.Equal(w.Crypto(client), ch) || !bytes.Equal(w.Crypto(server), sh) {
				t.Errorf("%s: %d bytes of %d, %d of %d", name, len(w.Crypto(client)), len(ch), len(w.Crypto(server)), len(sh))
			}
			if got, want := w.letters(), "ISZishoIHO"; got != want || w.Client() != client {
				t.Errorf("%s: history %s, want %s; client %d", name, got, want, w.Client())
			}
			if w.Version() != version || w.DCIDLen() != 8 || w.SCIDLen() != 5 || w.PacketNumberLen() != 2 || string(w.AppendDCID(nil)) != "a1a2a3a4a5a6a7a8" {
				t.Errorf("%s: version %x, ids %d %d %s", name, w.Version(), w.DCIDLen(), w.SCIDLen(), w.AppendDCID(nil))
			}
			if w.Initials() != 3 || w.ZeroRTTs() != 1 || w.Handshakes() != 2 || w.Shorts() != 2 {
				t.Errorf("%s: %d Initial, %d 0-RTT, %d Handshake, %d short", name, w.Initials(), w.ZeroRTTs(), w.Handshakes(), w.Shorts())
			}
			if f, ok := w.First(client); !ok || f != (Initial{version, 5, 3, 1210, -1}) {
				t.Errorf("%s: client's first %+v", name, f)
			}
			if f, ok := w.First(server); !ok || f.SCIDLen != 4 || f.RTT != 2e6 {
				t.Errorf("%s: server's first %+v", name, f)
			}
			if w.Spin() {
				t.Errorf("%s: the sides' spin bits were mixed", name)
			}
		}
	}
}

// TestOldReserved: a reserved version with the keys of draft 29.
func TestOldReserved(t *testing.T) {
	ch, sh := hellos(t, "example.org")
	var w wire
	w.send(0, long{version: 0x0a1a2a3a, keySalt: 0xff00001d, dcid: idA, scid: idB, frames: cryptoFrame(0, ch), size: 1200}.bytes())
	w.send(1, long{version: 0x0a1a2a3a, keySalt: 0xff00001d, keyID: idA, server: true, dcid: idB, scid: idC, frames: cryptoFrame(0, sh)}.bytes())
	if !bytes.Equal(w.Crypto(0), ch) || !bytes.Equal(w.Crypto(1), sh) {
		t.Errorf("not opened: %s", w.letters())
	}
}

// TestScattered: a hello over three Initial packets, in pieces that are out of order,
// doubled and overlapping, in two datagrams of which the second comes first.
func TestScattered(t *testing.T) {
	ch, _ := hellos(t, "example.org")
	piece := func(from, to int) []byte { return cryptoFrame(from, ch[from:to]) }
	junk := cryptoFrame(20, bytes.Repeat([]byte{0xee}, 30))
	packets := [][]byte{
		long{version: 1, dcid: idA, number: 2, frames: slices.Concat(piece(200, len(ch)), []byte{framePing}, piece(0, 10))}.bytes(),
		long{version: 1, dcid: idA, number: 0, frames: slices.Concat(piece(50, 150), piece(10, 60), junk)}.bytes(),
		long{version: 1, dcid: idA, number: 1, frames: slices.Concat(piece(140, 210), []byte{framePing, 0, 0})}.bytes(),
	}
	for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		var w wire
		w.send(0, packets[order[0]])
		w.send(0, packets[order[1]], packets[order[2]])
		w.send(0, packets[order[0]])
		if !bytes.Equal(w.Crypto(0), ch) {
			t.Errorf("%v: %d bytes of %d differ", order, len(w.Crypto(0)), len(ch))
		}
		frames, datagrams := w.CryptoFrames(0, 0, len(ch))
		if frames != 5 || datagrams != 2 {
			t.Errorf("%v: %d frames in %d datagrams", order, frames, datagrams)
		}
		last, when, ok := w.CryptoAt(0, len(ch)-1)
		if want := uint32(min(1, slices.Index(order, 0))); !ok || last != want || when != int64(want+1)*1e6 {
			t.Errorf("%v: last byte in datagram %d at %d", order, last, when)
		}
		if w.letters() != "IIISI" {
			t.Errorf("%v: %s", order, w.letters())
		}
	}
}

// TestRetry: the client's second Initial has keys of the server's id.
func TestRetry(t *testing.T) {
	ch, sh := hellos(t, "example.org")
	var w wire
	w.send(0, long{version: 1, dcid: idA, scid: idB, frames: cryptoFrame(0, ch[:100]), size: 1200}.bytes())
	w.send(1, long{version: 1, kind: kindRetry, dcid: idB, scid: idC, token: "a token"}.bytes())
	w.send(0, long{version: 1, dcid: idC, scid: idB, token: "a token", frames: cryptoFrame(100, ch[100:]), size: 1200, number: 1}.bytes())
	w.send(1, long{version: 1, dcid: idB, scid: idD, keyID: idC, server: true, frames: cryptoFrame(0, sh)}.bytes())
	if !bytes.Equal(w.Crypto(0), ch) || !bytes.Equal(w.Crypto(1), sh) || w.Attempt() != 0 {
		t.Errorf("hellos: %s", w.letters())
	}
	if n, ok := w.Retry(); !ok || n != 7 {
		t.Errorf("token %d, %v", n, ok)
	}
	if w.letters() != "IrISis" || w.DCIDLen() != 8 || w.Initials() != 3 {
		t.Errorf("%s, id %s", w.letters(), w.AppendDCID(nil))
	}
	if f, _ := w.First(0); f.Token != 0 {
		t.Errorf("the first Initial has no token, got %d", f.Token)
	}
}

// TestAnotherConnection: a hello that was not whole is not mixed with that of a later
// connection on the same ports; a whole one stays.
func TestAnotherConnection(t *testing.T) {
	ch, _ := hellos(t, "first.example")
	ch2, sh2 := hellos(t, "second.example")
	for _, whole := range []bool{false, true} {
		var w wire
		cut := len(ch)
		if !whole {
			cut = 100
		}
		w.send(0, long{version: 1, dcid: idA, frames: cryptoFrame(0, ch[:cut])}.bytes())
		w.send(0, long{version: 1, dcid: idD, frames: cryptoFrame(0, ch2)}.bytes())
		w.send(1, long{version: 1, dcid: "", keyID: idD, server: true, frames: cryptoFrame(0, sh2)}.bytes())
		want, attempt := ch2, 1
		if whole {
			want, attempt = ch, 0
		}
		if !bytes.Equal(w.Crypto(0), want) || !bytes.Equal(w.Crypto(1), sh2) || w.Attempt() != attempt || w.DCIDLen() != 8 {
			t.Errorf("whole %v: %s, attempt %d", whole, w.letters(), w.Attempt())
		}
	}
}

// TestNegotiation: Version Negotiation ends the attempt, and the next one that opens is the
// flow's; without one the first stands.
func TestNegotiation(t *testing.T) {
	ch, _ := hellos(t, "first.example")
	ch2, sh2 := hellos(t, "second.example")
	var w wire
	first := long{version: 0x1a2a3a4a, dcid: idA, scid: idB, frames: cryptoFrame(0, ch), size: 1200}.bytes()
	w.send(0, first)
	w.send(1, negotiate(idB, idA, 0xff00001d, Version1))
	w.send(0, first) // a late copy is no new attempt
	if w.Version() != 0x1a2a3a4a || !bytes.Equal(w.Crypto(0), ch) || !slices.Equal(w.Versions(), []uint32{0xff00001d, 1}) {
		t.Fatalf("before: version %x, versions %x", w.Version(), w.Versions())
	}
	w.DropCrypto(&w.Scratch, 0)
	w.send(0, long{version: 1, dcid: idD, scid: "", frames: cryptoFrame(0, ch2), size: 1300, numberLen: 1}.bytes())
	w.send(1, long{version: 1, dcid: "", scid: idC, keyID: idD, server: true, frames: cryptoFrame(0, sh2)}.bytes())
	if w.Version() != 1 || w.DCIDLen() != 9 || w.SCIDLen() != 0 || w.PacketNumberLen() != 1 || w.Attempt() != 1 {
		t.Errorf("version %x, ids %d %d, number %d, attempt %d", w.Version(), w.DCIDLen(), w.SCIDLen(), w.PacketNumberLen(), w.Attempt())
	}
	if !bytes.Equal(w.Crypto(0), ch2) || !bytes.Equal(w.Crypto(1), sh2) || w.letters() != "ISvIISis" {
		t.Errorf("hellos: %s", w.letters())
	}
	if f, _ := w.First(0); f.Version != 0x1a2a3a4a || f.Size != 1200 {
		t.Errorf("first Initial %+v", f)
	}
}

// TestForeignNegotiation: ids that answer nothing, or come from the same side, prove nothing.
func TestForeignNegotiation(t *testing.T) {
	unknown := long{version: 0x12345678, dcid: idA, scid: idB, size: 1200}.bytes()
	for _, v := range []struct {
		dir        int
		dcid, scid string
		want       bool
	}{{1, idB, idA, true}, {1, idA, idB, false}, {0, idB, idA, false}, {1, idB, idC, false}, {1, "", "", false}} {
		var w wire
		w.send(0, unknown)
		w.send(v.dir, negotiate(v.dcid, v.scid, 1))
		if w.Confirmed() != v.want {
			t.Errorf("%+v: got %v", v, w.Confirmed())
		}
		if client := w.Client(); v.want && (client != 0 || w.Version() != 0x12345678 || string(w.AppendDCID(nil)) != "a1a2a3a4a5a6a7a8" || w.PacketNumberLen() != 0) {
			t.Errorf("client %d, version %x, id %s", client, w.Version(), w.AppendDCID(nil))
		}
	}
}

// TestCompatible: the server answers in version 2, with the keys of the same id (RFC 9369
// section 4.1), and the client goes on in it.
func TestCompatible(t *testing.T) {
	ch, sh := hellos(t, "example.org")
	var w wire
	w.send(0, long{version: 1, dcid: idA, scid: idB, frames: cryptoFrame(0, ch[:99]), size: 1200}.bytes())
	w.send(1, long{version: Version2, dcid: idB, scid: idC, keyID: idA, server: true, frames: cryptoFrame(0, sh)}.bytes())
	w.send(0, long{version: Version2, dcid: idC, scid: idB, keyID: idA, frames: cryptoFrame(99, ch[99:]), number: 1}.bytes())
	w.send(1, long{version: Version2, dcid: idB, scid: idC, keyID: idA, server: true, number: 1, frames: []byte{frameClose, 0x41, 0x28, 6, 2, 'n', 'o'}}.bytes())
	if !bytes.Equal(w.Crypto(0), ch) || !bytes.Equal(w.Crypto(1), sh) || w.Version() != 1 || w.letters() != "IisISic" {
		t.Errorf("version %x, %s", w.Version(), w.letters())
	}
	if f, _ := w.First(1); f.Version != Version2 {
		t.Errorf("server's version %x", f.Version)
	}
	if code, ok := w.CloseCode(); !ok || code != 0x128 {
		t.Errorf("close %x %v", code, ok)
	}
}

// TestOther: what else travels over UDP is not QUIC, however often it comes.
func TestOther(t *testing.T) {
	for name, b := range map[string][]byte{
		"DNS":       unhex("d4e30100000100000000000003777777076578616d706c6503636f6d0000010001"),
		"DNS short": unhex("41e30100000100000000000003777777076578616d706c6503636f6d0000010001"),
		"SSDP":      []byte("M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n\r\n"),
		"STUN":      unhex("000100002112a442b7e7a701bc34d686fa87dfae"),
		"RTP":       unhex("8000000100000001deadbeef0102030405060708090a0b0c"),
		"zero":      make([]byte, 100),
		"ones":      bytes.Repeat([]byte{0xff}, 100),
		"empty":     nil,
		"bad ids":   unhex("c00000000115"),
	} {
		var w wire
		more := 0
		for range 100 {
			if w.send(more&1, b) {
				more++
			}
		}
		if w.Confirmed() || more != maxTries-1 {
			t.Errorf("%s: confirmed %v after %d", name, w.Confirmed(), more)
		}
		if name != "bad ids" && Looks(b) {
			t.Errorf("%s looks like QUIC", name)
		}
	}
}

// TestTwo: packets that cannot be opened show QUIC by the second of one version.
func TestTwo(t *testing.T) {
	lost := func(version uint32, k kind) []byte {
		return long{version: version, kind: k, dcid: idC, scid: idB, keyID: "not seen", size: 60}.bytes()
	}
	var w wire
	w.send(0, short(1))
	w.send(0, lost(Version1, kindHandshake))
	w.send(1, lost(Version2, kindInitial))
	if w.Confirmed() {
		t.Error("one packet of each of two versions")
	}
	w.send(0, lost(Version2, kindHandshake), short(1))
	w.send(0, short(0))
	if !w.Confirmed() || w.Opened() || w.Version() != 1 || w.PacketNumberLen() != 0 || w.Client() != -1 || len(w.AppendDCID(nil)) != 0 {
		t.Errorf("version %x, client %d", w.Version(), w.Client())
	}
	if w.Shorts() != 2 || !w.Spin() || w.SpinChanges(0) != 1 || w.letters() != "HiHO" {
		t.Errorf("%d short, %d changes, %s", w.Shorts(), w.SpinChanges(0), w.letters())
	}
	var one wire
	one.send(0, lost(mvfst27, kindZeroRTT), lost(mvfst27, kindHandshake))
	if !one.Confirmed() || one.ZeroRTTs() != 1 || one.Handshakes() != 1 {
		t.Error("two packets in one datagram")
	}
}

// TestGoogle: versions in long headers and in the public header before Q044.
func TestGoogle(t *testing.T) {
	for name, v := range map[string]struct {
		b          []byte
		dcid, scid int
	}{
		"gQUIC Q043": {append(unhex("0d a1a2a3a4a5a6a7a8"), "Q043\x01CHLO"...), 8, 0},
		"gQUIC Q046": {append(append([]byte{0xc3}, "Q046\x50"...), "a1a2a3a4a5a6a7a8"...), 8, 0},
		"gQUIC Q050": {append(append([]byte{0xc3}, "Q050\x08a1a2a3a4\x01b\x00\x08"...), "a5a6a7a8"...), 8, 1},
		"gQUIC T051": {append(append([]byte{0xe3}, "T051\x00\x08a1a2a3a4\x08"...), "a5a6a7a8"...), 0, 8},
	} {
		var w wire
		w.send(0, v.b)
		w.send(1, short(0))
		w.send(1, short(1))
		if !Looks(v.b) || !w.Confirmed() || w.Opened() || string(AppendVersion(nil, w.Version())) != name {
			t.Errorf("%s: confirmed %v, version %x", name, w.Confirmed(), w.Version())
		}
		if w.DCIDLen() != v.dcid || w.SCIDLen() != v.scid || w.Shorts() != 0 || w.Spin() {
			t.Errorf("%s: ids %d %d, %d short", name, w.DCIDLen(), w.SCIDLen(), w.Shorts())
		}
	}
	var w wire
	if w.send(0, append(unhex("0c a1a2a3a4a5a6a7a8"), "Q043\x01CHLO"...)); w.Confirmed() {
		t.Error("no version flag")
	}
}

// TestPadding: zeros behind a packet are nothing, a greased fixed bit is a packet.
func TestPadding(t *testing.T) {
	ch, _ := hellos(t, "example.org")
	initial := long{version: 1, dcid: idA, frames: cryptoFrame(0, ch), unfixed: true}.bytes()
	var w wire
	w.send(0, initial, make([]byte, 500))
	if w.Shorts() != 0 || !w.Opened() {
		t.Errorf("%d short headers in padding, opened %v", w.Shorts(), w.Opened())
	}
	w.send(1, append([]byte{0x20}, bytes.Repeat([]byte{3}, 40)...))
	w.send(1, append([]byte{0x00}, bytes.Repeat([]byte{3}, 40)...))
	if w.Shorts() != 2 || !w.Spin() {
		t.Errorf("%d short headers", w.Shorts())
	}
}

// TestCut: a snap length leaves headers, which count; the wire tells whether they fit.
func TestCut(t *testing.T) {
	ch, _ := hellos(t, "example.org")
	b := long{version: 1, dcid: idA, scid: idB, frames: cryptoFrame(0, ch), size: 1200}.bytes()
	var c Conn
	var s Scratch
	for i := range 2 {
		c.Datagram(&s, &Datagram{Payload: b[:60], Size: len(b), Dir: i})
	}
	if !c.Confirmed() || c.Opened() || c.Initials() != 2 {
		t.Errorf("confirmed %v, opened %v, %d Initial", c.Confirmed(), c.Opened(), c.Initials())
	}
	if f, _ := c.First(0); f.Size != 1200 {
		t.Errorf("size %d", f.Size)
	}
	var w wire
	for range 3 {
		w.send(0, b[:60])
	}
	if w.Confirmed() || w.Initials() != 0 {
		t.Error("a packet that does not fit its datagram")
	}
}

// TestHostile: endless new keys, Version Negotiation and histories cost a bounded amount.
func TestHostile(t *testing.T) {
	ch, _ := hellos(t, "example.org")
	var w wire
	w.send(0, long{version: 1, dcid: idA, frames: cryptoFrame(0, ch)}.bytes())
	for i := range 1000 {
		w.send(i&1, long{version: 1 + uint32(i)&1*(Version2-1), dcid: fmt.Sprint("id", i), keyID: "other", size: 60}.bytes(), []byte{0x40})
		w.send(1, negotiate(idB, idA, make([]uint32, 300)...))
	}
	if w.made > maxKeys || len(w.Versions()) > maxVersions || len(w.letters()) != 64 || w.Initials() != 1001 {
		t.Errorf("%d keys, %d versions, %d letters", w.made, len(w.Versions()), len(w.letters()))
	}
}

// TestLateInitial: ciphers that were given up are made again.
func TestLateInitial(t *testing.T) {
	ch, sh := hellos(t, "example.org")
	var w wire
	w.send(0, long{version: 1, dcid: idA, frames: cryptoFrame(0, ch)}.bytes())
	for range 2 * keepKeys {
		w.send(1, short(0))
	}
	if w.key.client.aead != nil {
		t.Error("ciphers kept")
	}
	w.send(1, long{version: 1, dcid: idB, keyID: idA, server: true, frames: cryptoFrame(0, sh)}.bytes())
	if !bytes.Equal(w.Crypto(1), sh) || w.made != 1 {
		t.Errorf("%s, %d keys", w.letters(), w.made)
	}
}

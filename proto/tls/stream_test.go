package tls

import (
	"bytes"
	"fmt"
	"testing"
)

// events feeds b to s in pieces of size bytes and writes down what comes out.
func events(s *Stream, b []byte, size int) string {
	var out bytes.Buffer
	var ev Event
	for i := 0; len(b) > 0; i++ {
		n := min(size, len(b))
		s.Feed(b[:n], Mark{Index: i})
		for s.Next(&ev) {
			switch ev.Kind {
			case KindRecord:
				fmt.Fprintf(&out, "record %d %04x %d at %d\n", ev.Record.Type, ev.Record.Version, ev.Record.Length, ev.Record.Offset)
			case KindMessage:
				fmt.Fprintf(&out, "message %d %v %x\n", ev.Message.Type, ev.Message.V2, ev.Message.Bytes)
			case KindAlert:
				fmt.Fprintf(&out, "alert %d %d\n", ev.Level, ev.Description)
			}
		}
		b = b[n:]
	}
	m, ok := s.Partial()
	fmt.Fprintf(&out, "partial %v %d %x broken %v at %d\n", ok, m.Type, m.Bytes, s.Broken(), s.Offset())
	return out.String()
}

func TestStream(t *testing.T) {
	ch := clientHello(VersionTLS12, nil, []uint16{0xc02f})
	sh := serverHello(VersionTLS12, nil, 0xc02f)
	sh13 := serverHello(VersionTLS12, nil, 0x1301, ext(ExtSupportedVersions, u16s(VersionTLS13)))
	done := message(typeServerHelloDone, nil)
	ccs := record(RecordChangeCipherSpec, []byte{1})
	secret := record(RecordHandshake, []byte{1, 0, 0, 1, 9})
	rec := func(b ...[]byte) []byte { return record(RecordHandshake, cat(b...)) }
	for _, c := range []struct {
		name, want string
		in         []byte
	}{
		{"messages in one record", fmt.Sprintf("record 22 0303 %d at 0\nmessage 2 false %x\nmessage 14 false %x\n", len(sh)+4, sh, done), rec(sh, done)},
		{"message over records", fmt.Sprintf("record 22 0303 3 at 0\nrecord 22 0303 %d at 8\nmessage 2 false %x\nmessage 14 false %x\n", len(sh)+1, sh, done),
			cat(rec(sh[:3]), rec(sh[3:], done))},
		{"encrypted after ChangeCipherSpec", fmt.Sprintf("record 22 0303 %d at 0\nmessage 1 false %x\nrecord 20 0303 1 at %d\nrecord 22 0303 5 at %d\n",
			len(ch), ch, len(ch)+5, len(ch)+11), cat(rec(ch), ccs, secret)},
		{"encrypted after a ServerHello of TLS 1.3", fmt.Sprintf("record 22 0303 %d at 0\nmessage 2 false %x\nrecord 22 0303 5 at %d\n", len(sh13), sh13, len(sh13)+5),
			cat(rec(sh13), secret)},
		{"alerts", "record 21 0303 2 at 0\nalert 2 40\nrecord 21 0303 26 at 7\n", cat(record(RecordAlert, []byte{2, 40}), record(RecordAlert, make([]byte, 26)))},
		{"empty records", "record 23 0303 0 at 0\nrecord 23 0303 0 at 5\n", cat(record(23, nil), record(23, nil))},
		{"SSL 2.0 format", fmt.Sprintf("message 1 true %x\nrecord 22 0303 4 at 30\nmessage 14 false %x\n", v2Hello(0x0301, 47), done), cat(v2Hello(0x0301, 47), rec(done))},
	} {
		want := c.want + fmt.Sprintf("partial false 0  broken false at %d\n", len(c.in))
		for size := 1; size <= len(c.in); size++ {
			if got := events(new(Stream), c.in, size); got != want {
				t.Errorf("%s, %d bytes each:\n%swant\n%s", c.name, size, got, want)
				break
			}
		}
	}
}

func TestStreamBroken(t *testing.T) {
	for _, in := range [][]byte{[]byte("GET / HTTP/1.1\r\n"), {22, 3, 3, 0x49, 0}, {22, 2, 0, 0, 1}, {25, 3, 3, 0, 1}, {0x80, 0, 1, 1, 1}} {
		var s Stream
		if events(&s, in, 3); !s.Broken() || s.Offset() != int64(len(in)) {
			t.Errorf("%x: broken %v at %d", in, s.Broken(), s.Offset())
		}
	}
}

// A message is told as far as it came; one without end is held to MaxHandshake.
func TestStreamPartial(t *testing.T) {
	var s Stream
	var ev Event
	part := message(typeCertificate, make([]byte, 100_000))
	for i, n := 0, 0; n < len(part); i++ {
		b := record(RecordHandshake, part[n:min(n+9000, len(part))])
		n += 9000
		s.Feed(b, Mark{Index: i})
		for s.Next(&ev) {
		}
	}
	m, ok := s.Partial()
	if !ok || m.Type != typeCertificate || len(m.Bytes) != MaxHandshake || m.First.Index != 0 || m.Last.Index != 7 || m.Packets != 8 {
		t.Errorf("%v: %d bytes, from %d to %d in %d packets", ok, len(m.Bytes), m.First.Index, m.Last.Index, m.Packets)
	}
	s.Reset()
	if _, ok := s.Partial(); ok || s.Offset() != 0 || cap(s.buf) > keepBuffer {
		t.Error("Reset left something")
	}
}

package tls

import (
	"slices"
	"testing"

	"pinyon/proto"
)

func TestStart(t *testing.T) {
	ch := clientHello(0x0301, nil, []uint16{47})
	sh := serverHello(0x0303, nil, 47)
	alert := record(RecordAlert, []byte{1, 112})
	bad := func(at int, v byte) []byte {
		b := slices.Clone(record(RecordHandshake, ch))
		b[at] = v
		return b
	}
	var small [][]byte
	for _, c := range ch {
		small = append(small, record(RecordHandshake, []byte{c}))
	}
	for _, c := range []struct {
		name string
		in   []byte
		want proto.Verdict
	}{
		{"empty", nil, proto.NeedMore},
		{"ClientHello", record(RecordHandshake, ch), proto.Mine},
		{"ServerHello", record(RecordHandshake, sh), proto.Mine},
		{"suites length is enough", record(RecordHandshake, ch)[:5+4+2+32+1+2], proto.Mine},
		{"cut in the random", record(RecordHandshake, ch)[:30], proto.NeedMore},
		{"one byte a record", cat(small...), proto.Mine},
		{"alert, then ServerHello", cat(alert, record(RecordHandshake, sh)), proto.Mine},
		{"alert alone", alert, proto.NeedMore},
		{"encrypted alert", record(RecordAlert, make([]byte, 26)), proto.NotMine},
		{"SSL 2.0 format", v2Hello(0x0301, 0x00002f, 0x010080), proto.Mine},
		{"SSL 2.0 format cut", v2Hello(0x0301, 0x00002f)[:9], proto.NeedMore},
		{"SSL 2.0 format, lengths that do not add up", append([]byte{0x80, 99}, v2Hello(0x0301, 0x2f)[2:]...), proto.NotMine},
		{"DNS query with id 0x1600", unhex("1600 0100 0001 0000 0000 0000 01610000010001"), proto.NotMine},
		{"HTTP", []byte("GET / HTTP/1.1\r\n"), proto.NotMine},
		{"SSH", []byte("SSH-2.0-OpenSSH_9.9\r\n"), proto.NotMine},
		{"application data", record(RecordApplicationData, make([]byte, 40)), proto.NotMine},
		{"other major version", bad(1, 2), proto.NotMine},
		{"minor version over 4", bad(2, 5), proto.NotMine},
		{"record too long", bad(3, 0x49), proto.NotMine},
		{"other handshake type", bad(5, 16), proto.NotMine},
		{"message too long", bad(6, 3), proto.NotMine},
		{"legacy version 2", bad(9, 2), proto.NotMine},
		{"session id of 33", bad(43, 33), proto.NotMine},
		{"odd suites", record(RecordHandshake, message(1, cat(u16s(0x0303), testRandom, []byte{0}, vec16(make([]byte, 3))))), proto.NotMine},
		{"no suites", record(RecordHandshake, message(1, cat(u16s(0x0303), testRandom, []byte{0, 0, 0}))), proto.NotMine},
		{"empty record", record(RecordHandshake, nil), proto.NotMine},
	} {
		if got := Start(c.in); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
		// The verdict on a prefix is the same or that more is needed.
		for n := range c.in {
			if got := Start(c.in[:n]); got != proto.NeedMore && got != Start(c.in) {
				t.Errorf("%s: %v after %d bytes, %v after %d", c.name, got, n, Start(c.in), len(c.in))
				break
			}
		}
	}
}

func TestStartDTLS(t *testing.T) {
	hello := dtlsRecord(0, 0, typeClientHello, dtlsHello(VersionDTLS12, nil, []uint16{0xc02b}), 0, -1)
	with := func(at int, v byte) []byte {
		b := slices.Clone(hello)
		b[at] = v
		return b
	}
	for _, c := range []struct {
		name string
		in   []byte
		want proto.Verdict
	}{
		{"hello", hello, proto.Mine},
		{"cut by the capture", hello[:30], proto.Mine},
		{"before RFC 4347", cat([]byte{22, 1, 0}, hello[3:]), proto.Mine},
		{"no header", hello[:20], proto.NotMine},
		{"TLS version", with(1, 3), proto.NotMine},
		{"epoch 1", with(4, 1), proto.NotMine},
		{"application data", with(0, 23), proto.NotMine},
		{"fragment outside the message", with(20, 1), proto.NotMine},
		{"STUN", unhex("0001 0000 2112a442 000102030405060708090a0b 0000000000"), proto.NotMine},
	} {
		if got := StartDTLS(c.in); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

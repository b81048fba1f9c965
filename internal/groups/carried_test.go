package groups_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pinyon/column"
	"pinyon/internal/gen"
	"pinyon/packet"
)

// A turn is a segment that one side sends.
type turn struct {
	dir  int
	data []byte
}

// converse makes frames of a TCP connection of direction 0's: a handshake and the turns.
func converse(turns []turn) (frames []packet.Frame) {
	hosts := [2]gen.Host{{Addr: netip.MustParseAddr("10.0.0.1"), Port: 40000, TTL: 64}, {Addr: netip.MustParseAddr("10.0.0.2"), Port: 9999, TTL: 64}}
	seq := [2]uint32{1000, 5000}
	segment := func(d int, flags uint16, data []byte) {
		s := gen.TCP{IP: gen.IP{Src: &hosts[d], Dst: &hosts[1-d]}, Flags: flags, Seq: seq[d], Ack: seq[1-d], Window: 500, Payload: data}
		frames = appendFrame(frames, s.Append(nil))
		seq[d] += uint32(len(data))
	}
	segment(0, packet.SYN, nil)
	seq[0]++
	segment(1, packet.SYN|packet.ACK, nil)
	seq[1]++
	segment(0, packet.ACK, nil)
	for _, t := range turns {
		segment(t.dir, packet.ACK|packet.PSH, t.data)
	}
	return frames
}

// turnsOf are the segments with data of the one TCP flow of a capture in testdata, as far as
// they are new; the flow is Ethernet and IPv4 without options, begun by its first packet.
func turnsOf(t *testing.T, name string) (turns []turn) {
	t.Helper()
	var decoder packet.Decoder
	var p packet.Packet
	var client uint16
	next := map[uint16]uint32{}
	for _, f := range framesOf(t, name) {
		if !decoder.Decode(&f, &p) {
			t.Fatal(name)
		}
		if client == 0 {
			client = p.SrcPort
		}
		if p.Has&packet.HasTCP == 0 || len(p.Payload) == 0 || next[p.SrcPort] > p.Seq {
			continue
		}
		d := 0
		if p.SrcPort != client {
			d = 1
		}
		next[p.SrcPort] = p.Seq + uint32(len(p.Payload))
		turns = append(turns, turn{d, bytes.Clone(p.Payload)})
	}
	return turns
}

// carriers are what may stand before a stream: what the client says, in turn with the server.
var carriers = []struct {
	name  string
	turns []turn
}{
	{"PROXY v1", []turn{{0, []byte("PROXY TCP4 192.0.2.1 192.0.2.2 40000 443\r\n")}}},
	{"PROXY v1 of IPv6", []turn{{0, []byte("PROXY TCP6 2001:db8::1 2001:db8::2 40000 443\r\n")}}},
	{"PROXY v1 unknown", []turn{{0, []byte("PROXY UNKNOWN\r\n")}}},
	{"PROXY v2", []turn{{0, []byte("\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x01\xc0\x00\x02\x02\x9c\x40\x01\xbb")}}},
	{"PROXY v2 local", []turn{{0, []byte("\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00")}}},
	{"PROXY v2, 900 bytes of further fields", []turn{{0, append([]byte("\r\n\r\n\x00\r\nQUIT\n\x21\x21\x03\x84"), make([]byte, 900)...)}}},
	{"SOCKS 5", []turn{{0, []byte("\x05\x01\x00")}, {1, []byte("\x05\x00")}, {0, []byte("\x05\x01\x00\x03\x09a.example\x01\xbb")}, {1, []byte("\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")}}},
	{"SOCKS 5 to an IPv6 address", []turn{{0, []byte("\x05\x02\x00\x01")}, {1, []byte("\x05\x00")}, {0, append([]byte("\x05\x01\x00\x04"), make([]byte, 18)...)}, {1, append([]byte("\x05\x00\x00\x04"), make([]byte, 18)...)}}},
	{"SOCKS 5 with a password", []turn{{0, []byte("\x05\x02\x00\x02")}, {1, []byte("\x05\x02")}, {0, []byte("\x01\x04user\x06secret")}, {1, []byte("\x01\x00")},
		{0, []byte("\x05\x01\x00\x01\xc0\x00\x02\x02\x01\xbb")}, {1, []byte("\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")}}},
	{"SOCKS 4", []turn{{0, []byte("\x04\x01\x01\xbb\xc0\x00\x02\x02me\x00")}, {1, []byte("\x00\x5a\x00\x00\x00\x00\x00\x00")}}},
	{"SOCKS 4a", []turn{{0, []byte("\x04\x01\x01\xbb\x00\x00\x00\x01\x00a.example\x00")}, {1, []byte("\x00\x5a\x00\x00\x00\x00\x00\x00")}}},
	{"CONNECT", []turn{{0, []byte("CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n")}, {1, []byte("HTTP/1.1 200 Connection established\r\n\r\n")}}},
	{"CONNECT of HTTP/1.0", []turn{{0, []byte("CONNECT a.example:443 HTTP/1.0\r\n\r\n")}, {1, []byte("HTTP/1.0 200 OK\r\nServer: p\r\n\r\n")}}},
	{"CONNECT refused once", []turn{{0, []byte("CONNECT a.example:443 HTTP/1.1\r\n\r\n")}, {1, []byte("HTTP/1.1 407 No\r\nContent-Length: 2\r\n\r\nno")},
		{0, []byte("CONNECT a.example:443 HTTP/1.1\r\nProxy-Authorization: Basic eDp5\r\n\r\n")}, {1, []byte("HTTP/1.1 200 OK\r\n\r\n")}}},
	{"PROXY, then SOCKS 5", []turn{{0, []byte("PROXY TCP4 192.0.2.1 192.0.2.2 40000 443\r\n")}, {0, []byte("\x05\x01\x00")}, {1, []byte("\x05\x00")},
		{0, []byte("\x05\x01\x00\x03\x09a.example\x01\xbb")}, {1, []byte("\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")}}},
	{"CONNECT, then CONNECT", []turn{{0, []byte("CONNECT b.example:3128 HTTP/1.1\r\n\r\n")}, {1, []byte("HTTP/1.1 200 OK\r\n\r\n")},
		{0, []byte("CONNECT a.example:443 HTTP/1.1\r\n\r\n")}, {1, []byte("HTTP/1.1 200 OK\r\n\r\n")}}},
	{"SOCKS 5, then CONNECT", []turn{{0, []byte("\x05\x01\x00")}, {1, []byte("\x05\x00")}, {0, []byte("\x05\x01\x00\x01\xc0\x00\x02\x02\x01\xbb")},
		{1, []byte("\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")}, {0, []byte("CONNECT a.example:443 HTTP/1.1\r\n\r\n")}, {1, []byte("HTTP/1.1 200 OK\r\n\r\n")}}},
}

// carriedValues are columns that say the same of a stream wherever it is carried.
var carriedValues = []string{
	"tls_detected", "tls_version", "tls_sni", "tls_alpn", "ja3_hash", "ja3s_hash", "ja4", "tls_cert_count", "tls_session_resumed", "tls_established", "tls_history",
	"tls_record_lengths", "tls_record_types", "ssh_detected", "ssh_client_version", "ssh_server_version", "ssh_hassh", "ssh_hassh_server", "ssh_kex_packets",
	"http2_detected", "http2_preface_seen", "http2_frame_count", "http2_settings",
}

// apartValues are those of them that do not depend on the order of the directions.
var apartValues = []string{
	"tls_detected", "tls_version", "tls_sni", "tls_alpn", "ja3_hash", "ja3s_hash", "ja4", "tls_cert_count", "ssh_detected", "ssh_client_version", "ssh_server_version",
	"ssh_hassh", "ssh_hassh_server", "ssh_kex_packets", "http2_detected", "http2_preface_seen", "http2_frame_count", "http2_settings",
}

// apart lets one direction say all that it has to say before the other one begins.
func apart(turns []turn, first int) (out []turn) {
	for _, d := range [2]int{first, 1 - first} {
		for _, t := range turns {
			if t.dir == d {
				out = append(out, t)
			}
		}
	}
	return out
}

// TestCarriedApart is TestCarried for captures that have all of one direction ahead of the
// other.
func TestCarriedApart(t *testing.T) {
	o := further()
	for _, name := range []string{"tls12.pcap", "tls13.pcap", "ssh.pcap", "http2.pcap"} {
		inner := turnsOf(t, name)
		want := rows(t, o, converse(inner))[0]
		for _, c := range carriers {
			for first, who := range []string{"client", "server"} {
				for how, turns := range map[string][]turn{"in turn": slices.Concat(c.turns, inner), "without waiting": joined(c.turns, inner)} {
					rs := rows(t, o, converse(apart(turns, first)))
					if len(rs) != 1 {
						t.Fatalf("%s behind %s %s: %d rows", name, c.name, how, len(rs))
					}
					differing(t, fmt.Sprintf("%s behind %s, %s, the %s first", name, c.name, how, who), rs[0], want, apartValues)
				}
			}
		}
	}
}

// httpValues are further ones; behind a CONNECT they are those of that.
var httpValues = []string{"http_detected", "http_method", "http_host", "http_uri", "http_user_agent", "http_status", "http_server", "http_request_count", "http_response_count"}

// joined puts the last of what a side says of the carrier in one segment with the first of
// what it says within: a client that does not wait, and a server whose answer meets the
// carrier's.
func joined(head, inner []turn) []turn {
	var out []turn
	var rest [2][]byte
	for _, h := range head {
		rest[h.dir] = append(rest[h.dir], h.data...)
	}
	for _, in := range inner {
		out = append(out, turn{in.dir, append(rest[in.dir], in.data...)})
		rest[in.dir] = nil
	}
	return out
}

// inPieces cuts turns into pieces of n bytes.
func inPieces(turns []turn, n int) (out []turn) {
	for _, t := range turns {
		for c := range slices.Chunk(t.data, n) {
			out = append(out, turn{t.dir, c})
		}
	}
	return out
}

// TestCarried holds what is said of a recorded stream against the same behind each carrier:
// in turn, without waiting, and in pieces.
func TestCarried(t *testing.T) {
	o := further()
	for _, name := range []string{"tls12.pcap", "tls13.pcap", "ssh.pcap", "http2.pcap", "http1.pcap"} {
		inner := turnsOf(t, name)
		want := rows(t, o, converse(inner))[0]
		for _, c := range carriers {
			for how, turns := range map[string][]turn{
				"in turn":                    slices.Concat(c.turns, inner),
				"without waiting":            joined(c.turns, inner),
				"in pieces of 3":             slices.Concat(inPieces(c.turns, 3), inner),
				"single bytes, with the end": joined(c.turns[len(c.turns)-1:], slices.Concat(inPieces(c.turns[:len(c.turns)-1], 1), inner)),
			} {
				values := slices.Clone(carriedValues)
				if !strings.Contains(c.name, "CONNECT") {
					values = append(values, httpValues...)
				}
				if how == "single bytes, with the end" {
					if strings.Contains(c.name, "CONNECT") {
						continue // more than 64 segments before the start of TLS
					}
					how = "head in single bytes"
					turns = slices.Concat(inPieces(c.turns, 1), inner)
					if name[:3] == "tls" && len(turns)-len(inner) > 60 {
						continue
					}
				}
				rs := rows(t, o, converse(turns))
				if len(rs) != 1 {
					t.Fatalf("%s behind %s %s: %d rows", name, c.name, how, len(rs))
				}
				differing(t, fmt.Sprintf("%s behind %s, %s", name, c.name, how), rs[0], want, values)
			}
		}
	}
}

func differing(t *testing.T, what string, got, want column.Row, columns []string) {
	t.Helper()
	for _, c := range columns {
		if g, w := fmt.Sprint(got.Value(c)), fmt.Sprint(want.Value(c)); g != w {
			t.Errorf("%s: %s is %s; want %s", what, c, g, w)
		}
	}
}

// TestCarriedHTTP: of HTTP within a CONNECT, the CONNECT is the first request, and those
// within are counted behind it.
func TestCarriedHTTP(t *testing.T) {
	within := []turn{{0, []byte("GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n")}, {1, []byte("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")}}
	for _, target := range []string{"a.example:80", "[2001:db8::1]:80"} {
		connect := []turn{{0, []byte("CONNECT " + target + " HTTP/1.1\r\n\r\n")}, {1, []byte("HTTP/1.1 200 OK\r\n\r\n")}}
		for _, turns := range [][]turn{slices.Concat(connect, within), joined(connect, within)} {
			check(t, target, rows(t, further(), converse(turns))[0], map[string]any{
				"http_method": "CONNECT", "http_host": target, "http_status": 200, "http_request_count": 2, "http_response_count": 2, "http_error_count": 1,
			})
		}
	}
}

// requestsForTLS are what a client says directly before TLS, and what the server answers.
var requestsForTLS = []struct {
	name   string
	before []turn // in segments of their own
	ask    []turn
}{
	{"RDP", nil, []turn{{0, []byte("\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x03\x00\x00\x00")}, {1, []byte("\x03\x00\x00\x13\x0e\xd0\x00\x00\x12\x34\x00\x02\x1f\x08\x00\x02\x00\x00\x00")}}},
	{"MySQL", []turn{{1, append([]byte("\x4a\x00\x00\x00\x0a5.5.5-10.11\x00"), make([]byte, 60)...)}},
		[]turn{{0, append([]byte("\x20\x00\x00\x01\x85\xae\xff\x19\x00\x00\x00\x01\x2d"), make([]byte, 23)...)}}},
	{"MariaDB with further capabilities", []turn{{1, append([]byte("\x4a\x00\x00\x00\x0a5.5.5-10.11\x00"), make([]byte, 60)...)}},
		[]turn{{0, append(append([]byte("\x20\x00\x00\x01\x84\xae\xff\x19\x00\x00\x00\x01\x2d"), make([]byte, 19)...), 0x1d, 0, 0, 0)}}},
	{"PostgreSQL", nil, []turn{{0, []byte("\x00\x00\x00\x08\x04\xd2\x16\x2f")}, {1, []byte("S")}}},
	{"PostgreSQL that asked for GSS-API first", []turn{{0, []byte("\x00\x00\x00\x08\x04\xd2\x16\x30")}, {1, []byte("N")}}, []turn{{0, []byte("\x00\x00\x00\x08\x04\xd2\x16\x2f")}, {1, []byte("S")}}},
	{"LDAP", nil, []turn{{0, []byte("\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037")}, {1, []byte("\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00")}}},
	{"AMQP", nil, []turn{{0, []byte("AMQP\x02\x01\x00\x00")}, {1, []byte("AMQP\x02\x01\x00\x00")}}},
	{"SMTP", []turn{{1, []byte("220 mail.example ESMTP\r\n")}, {0, []byte("EHLO a\r\n")}, {1, []byte("250-mail\r\n250 STARTTLS\r\n")}}, []turn{{0, []byte("STARTTLS\r\n")}, {1, []byte("220 2.0.0 Ready\r\n")}}},
	{"IMAP", []turn{{1, []byte("* OK IMAP4rev1\r\n")}}, []turn{{0, []byte("a001 STARTTLS\r\n")}, {1, []byte("a001 OK Begin\r\n")}}},
	{"POP3", []turn{{1, []byte("+OK POP3\r\n")}}, []turn{{0, []byte("stls\r\n")}, {1, []byte("+OK Begin\r\n")}}},
	{"FTP", []turn{{1, []byte("220 FTP\r\n")}}, []turn{{0, []byte("AUTH TLS\r\n")}, {1, []byte("234 AUTH TLS OK.\r\n")}}},
	{"NNTP", []turn{{1, []byte("200 news\r\n")}}, []turn{{0, []byte("STARTTLS\r\n")}, {1, []byte("382 Continue\r\n")}}},
	{"Sieve", []turn{{1, []byte("\"STARTTLS\"\r\nOK\r\n")}}, []turn{{0, []byte("STARTTLS\r\n")}, {1, []byte("OK \"Begin\"\r\n")}}},
	{"XMPP", []turn{{0, []byte("<stream:stream to='a'>")}, {1, []byte("<stream:stream><stream:features><starttls/></stream:features>")}},
		[]turn{{0, []byte("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")}, {1, []byte("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")}}},
	{"TDS", nil, []turn{{0, prelogin(0x12)}, {1, prelogin(0x04)}}},
}

func prelogin(typ byte) []byte {
	return append([]byte{typ}, "\x01\x00\x2f\x00\x00\x01\x00\x00\x00\x1a\x00\x06\x01\x00\x20\x00\x01\x02\x00\x21\x00\x01\x03\x00\x22\x00\x04\x04\x00\x26\x00\x01\xff\x10\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00"...)
}

// TestTLSAskedFor: TLS is found behind what asks for it, in the segment behind that and in the
// same one, also where that goes through a proxy.
func TestTLSAskedFor(t *testing.T) {
	socks := carriers[6].turns
	for _, name := range []string{"tls12.pcap", "tls13.pcap"} {
		inner := turnsOf(t, name)
		want := rows(t, further(), converse(inner))[0]
		for _, c := range requestsForTLS {
			for how, turns := range map[string][]turn{
				"in turn":               slices.Concat(c.before, c.ask, inner),
				"in the same segment":   slices.Concat(c.before, joined(c.ask, inner)),
				"behind SOCKS":          slices.Concat(socks, c.before, c.ask, inner),
				"behind SOCKS, at once": slices.Concat(socks, c.before, joined(c.ask, inner)),
				"request in pieces":     slices.Concat(c.before, inPieces(c.ask, 5), inner),
			} {
				differing(t, fmt.Sprintf("%s, %s, %s", name, c.name, how), rows(t, further(), converse(turns))[0], want, carriedValues)
			}
		}
	}
}

// inTDS wraps turns in packets of TDS of at most n bytes of TLS, as long as they are of the
// handshake; from the turn number bare on they stand alone.
func inTDS(turns []turn, n, bare int) (out []turn) {
	for i, in := range turns {
		if i >= bare {
			out = append(out, in)
			continue
		}
		var b []byte
		for c := range slices.Chunk(in.data, n) {
			b = append(binary.BigEndian.AppendUint16(append(b, 0x12, 1), uint16(8+len(c))), 0, 0, 1, 0)
			b = append(b, c...)
		}
		out = append(out, turn{in.dir, b})
	}
	return out
}

// TestTLSInTDS: a handshake in packets of any size, in segments of any size.
func TestTLSInTDS(t *testing.T) {
	ask := requestsForTLS[len(requestsForTLS)-1].ask
	for _, name := range []string{"tls12.pcap", "tls13.pcap"} {
		inner := turnsOf(t, name)
		want := rows(t, further(), converse(inner))[0]
		for _, n := range []int{50, 700, 4088} {
			for bare := 2; bare < 5; bare++ {
				wrapped := inTDS(inner, n, bare)
				for how, turns := range map[string][]turn{
					"whole": slices.Concat(ask, wrapped), "without prelogin": wrapped, "joined": joined(ask, wrapped), "in pieces": inPieces(slices.Concat(ask, wrapped), 47),
				} {
					differing(t, fmt.Sprintf("%s in TDS of %d, %d turns, %s", name, n, bare, how), rows(t, further(), converse(turns))[0], want, carriedValues)
				}
			}
		}
	}
}

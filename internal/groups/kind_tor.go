package groups

import (
	"bytes"

	"pinyon/proto/tls"
)

// torRules go by what tor(1) shows of itself on TCP, whatever the port: names that it makes up, of
// 4 to 25 letters of base32 between www. and .com or .net, a client that offers no protocols, and
// cells of 514 bytes (tor-spec, link protocol 4 and up; 512 before). All of it can be imitated.
var torRules = [...]rule{
	{60, (*Row).torCertificate},
	{10, func(r *Row) bool { return r.torName() != nil }},
	{20, func(r *Row) bool { return madeUp(r.torName()) }},
	{40, (*Row).torCells},
	{20, (*Row).torGreeting},
	{20, func(r *Row) bool { return !r.isTLS() && r.torRatio() > 0.7 }}, // in the middle of a connection there are sizes of packets only
}

func (r *Row) torScore() int { return r.sum(torRules[:]) }

// torLabel is what lies between www. and a suffix, if tor may have made it up; nil otherwise.
func torLabel(name []byte, suffix string, least, most int) []byte {
	label, ok := bytes.CutPrefix(name, []byte("www."))
	if !ok {
		return nil
	}
	label, ok = bytes.CutSuffix(label, []byte(suffix))
	if !ok || len(label) < least || len(label) > most {
		return nil
	}
	for _, c := range label {
		if (c < 'a' || c > 'z') && (c < '2' || c > '7') {
			return nil
		}
	}
	return label
}

// torName is the made-up part of the server name, if it may be one of tor's, which offers no
// protocols; nil otherwise. A browser that goes to www.google.com offers some.
func (r *Row) torName() []byte {
	if !r.hellos.whole || len(r.hellos.ch.ALPN) > 0 {
		return nil
	}
	return torLabel(r.serverName(), ".com", 4, 25)
}

// madeUp reports whether a label is rather 5 random bits a character than a word of a language:
// the logarithms of the odds of vowels, digits, rare letters and others, in tenths of a bit.
func madeUp(label []byte) bool {
	odds := 0
	for _, c := range label {
		switch {
		case c <= '9':
			odds += 42 // 6 of 32 against one in a hundred
		case bytes.IndexByte([]byte("aeiou"), c) >= 0:
			odds -= 13 // 5 of 32 against 38 in a hundred
		case bytes.IndexByte([]byte("jqxz"), c) >= 0:
			odds += 30 // 4 of 32 against 1.5 in a hundred
		default:
			odds++ // 17 of 32 against one half
		}
	}
	return odds > 10
}

// torCertificate reports whether the server's certificate, which shows up to TLS 1.2, is one that
// tor makes: subject and issuer have a common name alone, made up, .net and .com.
func (r *Row) torCertificate() bool {
	return r.cert.ok && torLabel(soleName(r.cert.SubjectDER), ".net", 8, 20) != nil &&
		(torLabel(soleName(r.cert.IssuerDER), ".com", 8, 20) != nil || torLabel(soleName(r.cert.IssuerDER), ".net", 8, 20) != nil)
}

// soleName is the common name of a Name that has nothing else, in DER; nil otherwise.
func soleName(der []byte) []byte {
	const head = 13
	if len(der) < head || len(der) > 127 || der[0] != 0x30 || int(der[1]) != len(der)-2 || der[2] != 0x31 || int(der[3]) != len(der)-4 ||
		der[4] != 0x30 || int(der[5]) != len(der)-6 || string(der[6:11]) != "\x06\x03"+tls.AttributeCN || int(der[12]) != len(der)-head {
		return nil
	}
	return der[head:]
}

// A cell, its least share among the larger records of application data, and how many there have to be.
const (
	torCell      = 514
	torLarger    = 300
	torLeastCell = 3
)

// torCells reports whether the first records of application data hold whole cells: with a cell or
// several in each, their lengths are those of multiples of 514 bytes and of what a cipher adds.
func (r *Row) torCells() bool {
	s := r.tls()
	if s == nil || s.Over() == tls.OverDTLS {
		return false
	}
	cells, larger := 0, 0
	for i := range s.Records() {
		f := s.Record(i)
		n := max(f.Length, -f.Length)
		if f.Type != tls.RecordApplicationData || n <= torLarger {
			continue
		}
		larger++
		if isCells(n, tls.Is13(r.hellos.version)) {
			cells++
		}
	}
	return cells >= torLeastCell && 2*cells >= larger
}

// isCells reports whether the body of a record of n bytes holds nothing but cells. TLS 1.3 adds 17
// bytes; GCM before it 24, ChaCha20 16; CBC an IV of 16 and a digest of 20 or 32, filled up to 16.
func isCells(n int, is13 bool) bool {
	whole := func(n int) bool { return n > 0 && n%torCell == 0 }
	if is13 {
		return whole(n - 17)
	}
	if whole(n-24) || whole(n-16) {
		return true
	}
	for _, digest := range [...]int{20, 32} {
		k := (n - 16 - digest - 1) / torCell
		if filled := 16 + (k*torCell+digest)/16*16 + 16; k > 0 && filled == n {
			return true
		}
	}
	return false
}

// torGreeting reports whether a client that offers no protocols sent a VERSIONS cell behind its
// Finished, 5 bytes and 2 a version of link protocols, and was answered with more than a kilobyte:
// the cells VERSIONS, CERTS, AUTH_CHALLENGE and NETINFO. Sizes are those of TLS 1.3.
func (r *Row) torGreeting() bool {
	s := r.tls()
	if s == nil || !r.hellos.whole || len(r.hellos.ch.ALPN) > 0 || !tls.Is13(r.hellos.version) {
		return false
	}
	sent, versions := 0, false
	for i := range s.Records() {
		switch f := s.Record(i); {
		case f.Type != tls.RecordApplicationData:
		case f.Length > 0:
			if sent++; sent > 2 {
				return false
			}
			if sent == 2 {
				n := f.Length - 17 - 5
				versions = n >= 2 && n <= 10 && n%2 == 0
			}
		case versions && f.Length < -1024:
			return true
		}
	}
	return false
}

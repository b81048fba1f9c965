package tls

import (
	"crypto/sha256"
	"slices"
)

// Transport letters of JA4.
const (
	OverTCP  byte = 't'
	OverQUIC byte = 'q'
	OverDTLS byte = 'd'
)

// Form is one of the four ways to write JA4.
type Form uint8

// The forms: lists sorted or as sent, hashed or in clear.
const (
	JA4         Form = iota // ja4: sorted, hashed
	JA4Raw                  // ja4_r: sorted, in clear
	JA4Original             // ja4_o: wire order with server_name and ALPN, hashed
	JA4OrigRaw              // ja4_ro: wire order, in clear
)

// AppendJA4 appends the JA4 fingerprint of a ClientHello (FoxIO's published definition,
// TLS client part). transport is one of OverTCP, OverQUIC and OverDTLS. h must be usable.
// It does not allocate for a usual hello if dst has room.
func AppendJA4(dst []byte, h *ClientHello, transport byte, form Form) []byte {
	var a, b, c [listRoom]uint16
	return appendJA4(dst, transport, h.MaxVersion(), h.ALPN.First(), h.CipherSuites.Append(a[:0]),
		h.Extensions.Append(b[:0]), h.SignatureAlgorithms.Append(c[:0]), form)
}

// JA4String is the JA4 fingerprint of plain values: version is the highest supported one,
// alpn the first protocol offered ("" if none), the lists in wire order with or without
// GREASE, schemes those of extension 13.
func JA4String(transport byte, version uint16, alpn string, suites, extensions, schemes []uint16, form Form) string {
	return string(appendJA4(nil, transport, version, []byte(alpn), slices.Clone(suites), slices.Clone(extensions), schemes, form))
}

// appendJA4 may reorder suites and extensions.
func appendJA4(dst []byte, transport byte, version uint16, alpn []byte, suites, extensions, schemes []uint16, form Form) []byte {
	suites = slices.DeleteFunc(suites, IsGREASE)
	extensions = slices.DeleteFunc(extensions, IsGREASE)
	sni := byte('i')
	if slices.Contains(extensions, ExtServerName) {
		sni = 'd'
	}
	dst = append(dst, transport)
	dst = append(dst, ja4Version(version)...)
	dst = append(dst, sni)
	dst = appendTwo(dst, len(suites))
	dst = appendTwo(dst, len(extensions))
	dst = appendJA4ALPN(dst, alpn)

	sorted, raw := form == JA4 || form == JA4Raw, form == JA4Raw || form == JA4OrigRaw
	if sorted {
		extensions = slices.DeleteFunc(extensions, func(t uint16) bool { return t == ExtServerName || t == ExtALPN })
		slices.Sort(suites)
		slices.Sort(extensions)
	}
	var room [textRoom]byte
	text := appendHex4List(room[:0], suites)
	dst = appendJA4Part(append(dst, '_'), text, raw)
	text = appendHex4List(text[:0], extensions)
	sep := byte('_')
	for _, s := range schemes {
		if IsGREASE(s) {
			continue
		}
		text = appendHex4(append(text, sep), s)
		sep = ','
	}
	return appendJA4Part(append(dst, '_'), text, raw)
}

// appendJA4Part appends text, or the first 12 hex digits of its SHA-256; zeros if empty.
func appendJA4Part(dst, text []byte, raw bool) []byte {
	switch {
	case raw:
		return append(dst, text...)
	case len(text) == 0:
		return append(dst, "000000000000"...)
	}
	sum := sha256.Sum256(text)
	return appendHex(dst, sum[:6])
}

// appendJA4ALPN appends the first and last byte of the protocol name, or of its hex form
// if one of them is neither letter nor digit.
func appendJA4ALPN(dst, alpn []byte) []byte {
	if len(alpn) == 0 {
		return append(dst, "00"...)
	}
	first, last := alpn[0], alpn[len(alpn)-1]
	if isAlnum(first) && isAlnum(last) {
		return append(dst, first, last)
	}
	return append(dst, hexDigits[first>>4], hexDigits[last&15])
}

func ja4Version(v uint16) string {
	switch v {
	case VersionTLS13:
		return "13"
	case VersionTLS12:
		return "12"
	case VersionTLS11:
		return "11"
	case VersionTLS10:
		return "10"
	case VersionSSL30:
		return "s3"
	case VersionSSL20:
		return "s2"
	case VersionDTLS10:
		return "d1"
	case VersionDTLS12:
		return "d2"
	case VersionDTLS13:
		return "d3"
	}
	return "00"
}

package tls

import (
	"bytes"
	"slices"
)

// AppendNPF appends the Network Protocol Fingerprinting string of a ClientHello as defined
// for cisco/mercury: tls/1/(version)(suites)[(extension)(extension)...], lower-case hex,
// the extensions sorted; GREASE becomes 0a0a. Some extensions stand whole, of the rest the
// type only. Without sorting it is tls/(version)(suites)((extension)...) in wire order.
// DTLS differs by its name, dtls; the form of QUIC, which lists transport parameters, is
// not built. h must be usable.
func AppendNPF(dst []byte, h *ClientHello, over byte, sorted bool) []byte {
	prefix, open, end := "tls/(", byte('('), byte(')')
	if sorted {
		prefix, open, end = "tls/1/(", '[', ']'
	}
	if over == OverDTLS {
		dst = append(dst, 'd')
	}
	dst = append(dst, prefix...)
	dst = appendHex4(dst, h.Version)
	dst = append(dst, ")("...)
	dst = appendDegreased(dst, h.CipherSuites)
	dst = append(dst, ')', open)

	start := len(dst)
	var room [64][2]int // where each "(…)" stands in dst
	spans := room[:0]
	for typ, body := range h.Extensions.All() {
		from := len(dst)
		dst = append(dst, '(')
		dst = appendNPFExtension(dst, typ, body)
		dst = append(dst, ')')
		spans = append(spans, [2]int{from, len(dst)})
	}
	if sorted {
		text := bytes.Clone(dst[start:])
		slices.SortFunc(spans, func(a, b [2]int) int {
			return bytes.Compare(text[a[0]-start:a[1]-start], text[b[0]-start:b[1]-start])
		})
		dst = dst[:start]
		for _, s := range spans {
			dst = append(dst, text[s[0]-start:s[1]-start]...)
		}
	}
	return append(dst, end)
}

func appendNPFExtension(dst []byte, typ uint16, body []byte) []byte {
	switch typ {
	case 0x0001, 0x0005, 0x0007, 0x0008, 0x0009, 0x000b, 0x000d, 0x000f, 0x0010, 0x0011, 0x0018,
		0x001b, 0x001c, 0x002d, 0x0032, 0x5500:
		dst = appendHex4(appendHex4(dst, typ), uint16(len(body)))
		return appendHex(dst, body)
	case ExtSupportedGroups:
		dst = appendHex4(appendHex4(dst, typ), uint16(len(body)))
		n := min(2, len(body))
		return appendDegreased(appendHex(dst, body[:n]), body[n:])
	case ExtSupportedVersions:
		dst = appendHex4(appendHex4(dst, typ), uint16(len(body)))
		n := min(1, len(body))
		return appendDegreased(appendHex(dst, body[:n]), body[n:])
	}
	return appendHex4(dst, degrease(typ))
}

func degrease(v uint16) uint16 {
	if IsGREASE(v) {
		return 0x0a0a
	}
	return v
}

// appendDegreased appends 16-bit values with GREASE made 0a0a, and an odd byte at the end.
func appendDegreased(dst, b []byte) []byte {
	l := List(b)
	for i := range l.Len() {
		dst = appendHex4(dst, degrease(l.At(i)))
	}
	return appendHex(dst, b[2*l.Len():])
}

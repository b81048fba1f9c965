package tls

import (
	"crypto/md5"
	"strconv"
)

// Stack room for the lists of a usual hello; longer ones move to the heap.
const (
	listRoom = 160
	textRoom = 1024
)

// AppendJA3 appends the JA3 string of a ClientHello: version,suites,extensions,groups,
// formats, decimal, "-" inside a field, wire order, GREASE left out. Without an extension
// block the last three fields are empty. h must be usable.
func AppendJA3(dst []byte, h *ClientHello) []byte {
	var a, b, c [listRoom]uint16
	return appendJA3(dst, h.Version, h.CipherSuites.Append(a[:0]), h.Extensions.Append(b[:0]),
		h.SupportedGroups.Append(c[:0]), h.PointFormats)
}

// AppendJA3Hash appends the MD5 of the JA3 string, 32 lower-case hex digits. It does not
// allocate for a usual hello if dst has room.
func AppendJA3Hash(dst []byte, h *ClientHello) []byte {
	var room [textRoom]byte
	sum := md5.Sum(AppendJA3(room[:0], h))
	return appendHex(dst, sum[:])
}

// AppendJA3S appends the JA3S string of a ServerHello: version,suite,extensions. GREASE stays,
// and without an extension block the string ends in a comma. h must be usable.
func AppendJA3S(dst []byte, h *ServerHello) []byte {
	var a [listRoom]uint16
	return appendJA3S(dst, h.Version, h.CipherSuite, h.Extensions.Append(a[:0]))
}

// AppendJA3SHash appends the MD5 of the JA3S string, 32 lower-case hex digits.
func AppendJA3SHash(dst []byte, h *ServerHello) []byte {
	var room [textRoom]byte
	sum := md5.Sum(AppendJA3S(room[:0], h))
	return appendHex(dst, sum[:])
}

// JA3String is the JA3 string of plain lists in wire order; GREASE among them is left out.
// Its MD5, by MD5Hex, is the JA3 hash.
func JA3String(version uint16, suites, extensions, groups []uint16, formats []uint8) string {
	return string(appendJA3(nil, version, suites, extensions, groups, formats))
}

// JA3SString is the JA3S string of plain values; extensions in wire order.
func JA3SString(version, suite uint16, extensions []uint16) string {
	return string(appendJA3S(nil, version, suite, extensions))
}

// MD5Hex is the MD5 of s in lower-case hex, as JA3 and HASSH want it.
func MD5Hex(s string) string {
	sum := md5.Sum([]byte(s))
	return string(appendHex(nil, sum[:]))
}

func appendJA3(dst []byte, version uint16, suites, extensions, groups []uint16, formats []uint8) []byte {
	dst = strconv.AppendUint(dst, uint64(version), 10)
	for _, list := range [...][]uint16{suites, extensions, groups} {
		dst = append(dst, ',')
		first := true
		for _, v := range list {
			if IsGREASE(v) {
				continue
			}
			if !first {
				dst = append(dst, '-')
			}
			first = false
			dst = strconv.AppendUint(dst, uint64(v), 10)
		}
	}
	return appendNumbers(append(dst, ','), formats, '-')
}

func appendJA3S(dst []byte, version, suite uint16, extensions []uint16) []byte {
	dst = strconv.AppendUint(dst, uint64(version), 10)
	dst = append(dst, ',')
	dst = strconv.AppendUint(dst, uint64(suite), 10)
	return appendNumbers(append(dst, ','), extensions, '-')
}

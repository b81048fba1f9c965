package tls

import (
	"iter"
	"unicode/utf16"
	"unicode/utf8"

	"pinyon/internal/cursor"
)

// Attribute types of names whose first value callers ask for, content octets of their OIDs.
const (
	AttributeCN = "\x55\x04\x03"
	AttributeO  = "\x55\x04\x0a"
)

// attribute is one type and value of a Name. more says that it shares a set with the one
// before.
type attribute struct {
	oid   []byte
	tag   uint8
	value []byte
	raw   []byte // of the value
	more  bool
}

// attributes yields the attributes of a Name (RFC 5280 section 4.1.2.4) in wire order.
func attributes(name []byte) iter.Seq[attribute] {
	return func(yield func(attribute) bool) {
		c := cursor.New(name)
		list, _ := want(&c, tagSequence)
		c = cursor.New(list)
		for c.Len() > 0 {
			set, _ := want(&c, tagSet)
			s := cursor.New(set)
			for more := false; s.Len() > 0; more = true {
				pair, _ := want(&s, tagSequence)
				p := cursor.New(pair)
				a := attribute{more: more}
				a.oid, _ = want(&p, tagOID)
				a.tag, a.value, a.raw = element(&p)
				if s.Failed() || p.Failed() || !yield(a) {
					return
				}
			}
		}
	}
}

// NameOIDs yields the attribute types of a Name, content octets, in wire order.
func NameOIDs(name []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for a := range attributes(name) {
			if !yield(a.oid) {
				return
			}
		}
	}
}

// NameAttribute is the text of the first attribute of a type (AttributeCN, AttributeO) in a
// Name's DER; "" if there is none.
func NameAttribute(name []byte, oid string) string {
	for a := range attributes(name) {
		if string(a.oid) == oid {
			return string(decodeText(nil, a.tag, a.value))
		}
	}
	return ""
}

// maxRDNs is how many attributes of one name are told.
const maxRDNs = 64

// NameString is a Name's DER as a string of RFC 4514: the last set first, sets joined by
// commas, attributes of one set by plus signs.
func NameString(name []byte) string {
	var list [maxRDNs]attribute
	n := 0
	for a := range attributes(name) {
		if n == maxRDNs {
			break
		}
		list[n] = a
		n++
	}
	var out []byte
	for end := n; end > 0; {
		start := end - 1
		for start > 0 && list[start].more {
			start--
		}
		if len(out) > 0 {
			out = append(out, ',')
		}
		for i := start; i < end; i++ {
			if i > start {
				out = append(out, '+')
			}
			out = appendAttribute(out, &list[i])
		}
		end = start
	}
	return string(out)
}

// appendAttribute appends type=value. A type without a registered short name stands as OID
// and its value, like one that is no text, as # and the hex of its DER (RFC 4514 section 2.4).
func appendAttribute(dst []byte, a *attribute) []byte {
	name := shortName(a.oid)
	if name == "" {
		return appendHex(append(appendOID(dst, a.oid), "=#"...), a.raw)
	}
	dst = append(append(dst, name...), '=')
	text := decodeText(nil, a.tag, a.value)
	if text == nil {
		return appendHex(append(dst, '#'), a.raw)
	}
	for i, c := range text {
		switch {
		case c == 0:
			dst = append(dst, '\\', '0', '0')
			continue
		case c == '"', c == '+', c == ',', c == ';', c == '<', c == '>', c == '\\',
			(c == ' ' || c == '#') && i == 0, c == ' ' && i == len(text)-1:
			dst = append(dst, '\\')
		}
		dst = append(dst, c)
	}
	return dst
}

// shortNames are LDAP descriptors of attributes of X.520 (RFC 4514 section 3, RFC 4519) by
// the last arc of 2.5.4.
var shortNames = [...]string{
	3: "CN", 4: "SN", 5: "serialNumber", 6: "C", 7: "L", 8: "ST", 9: "STREET", 10: "O", 11: "OU",
	12: "title", 13: "description", 15: "businessCategory", 16: "postalAddress", 17: "postalCode",
	18: "postOfficeBox", 20: "telephoneNumber", 41: "name", 42: "givenName", 43: "initials",
	44: "generationQualifier", 45: "x500UniqueIdentifier", 46: "dnQualifier", 65: "pseudonym",
	97: "organizationIdentifier",
}

func shortName(oid []byte) string {
	if len(oid) == 3 && oid[0] == 0x55 && oid[1] == 0x04 && int(oid[2]) < len(shortNames) {
		return shortNames[oid[2]]
	}
	switch string(oid) {
	case "\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19":
		return "DC"
	case "\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01":
		return "UID"
	case "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01":
		return "emailAddress"
	}
	return ""
}

// decodeText appends a string value as UTF-8; nil if the tag is no string type. Bytes that
// are no character of their type become U+FFFD.
func decodeText(dst []byte, tag uint8, b []byte) []byte {
	if dst == nil {
		dst = make([]byte, 0, len(b))
	}
	switch tag {
	case tagUTF8, 0x12, 0x13, 0x16, 0x1a: // UTF8, Numeric, Printable, IA5, Visible
		for len(b) > 0 {
			r, n := utf8.DecodeRune(b)
			dst = utf8.AppendRune(dst, r)
			b = b[n:]
		}
	case tagT61: // in practice Latin-1
		for _, c := range b {
			dst = utf8.AppendRune(dst, rune(c))
		}
	case tagBMP:
		c := cursor.New(b)
		for c.Len() >= 2 {
			r := rune(c.U16())
			if utf16.IsSurrogate(r) && c.Len() >= 2 {
				r = utf16.DecodeRune(r, rune(c.U16()))
			}
			dst = utf8.AppendRune(dst, r)
		}
	case tagUniversal:
		c := cursor.New(b)
		for c.Len() >= 4 {
			dst = utf8.AppendRune(dst, rune(c.U32()))
		}
	default:
		return nil
	}
	return dst
}

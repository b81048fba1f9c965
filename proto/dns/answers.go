package dns

import (
	"encoding/hex"
	"net/netip"
	"slices"
	"strconv"

	"pinyon/internal/cursor"
)

const (
	maxAnswers = 16 // in dns_answers
	maxText    = 64 // bytes of a TXT record there
)

// AppendAnswers is dns_answers: the first 16 parsed answers of the response of record as
// TYPE:value, joined by commas. A and AAAA are addresses; NS, CNAME, PTR and DNAME names
// as AppendQueryName writes them, a comma inside as \044; MX preference, a blank and the
// name; TXT the first 64 bytes of its strings, one behind the other, bytes outside 0x21-0x7E,
// the backslash and the comma as \xhh; all else, and what is not well formed, hex.
func (f *Flow) AppendAnswers(dst []byte) []byte {
	var r rr
	w := f.answerRecords()
	for i := 0; i < maxAnswers && w.next(&r); i++ {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendType(dst, r.typ), ':')
		dst = r.appendValue(dst, f.response.msg)
	}
	return dst
}

func (r *rr) appendValue(dst, msg []byte) []byte {
	switch r.typ {
	case typeA, typeAAAA:
		if a, ok := r.addr(); ok {
			return a.AppendTo(dst)
		}
	case typeNS, typeCNAME, typePTR, typeDNAME:
		if at, ok := r.name(msg, 0, false); ok {
			return appendListedName(dst, msg, at)
		}
	case typeMX:
		if at, ok := r.name(msg, 2, false); ok {
			pref := uint64(r.rdata[0])<<8 | uint64(r.rdata[1])
			return appendListedName(append(strconv.AppendUint(dst, pref, 10), ' '), msg, at)
		}
	case typeTXT:
		if out, ok := appendStrings(dst, r.rdata); ok {
			return out
		}
	}
	return hex.AppendEncode(dst, r.rdata)
}

func (r *rr) addr() (netip.Addr, bool) {
	switch {
	case r.typ == typeA && len(r.rdata) == 4:
		return netip.AddrFrom4([4]byte(r.rdata)), true
	case r.typ == typeAAAA && len(r.rdata) == 16:
		return netip.AddrFrom16([16]byte(r.rdata)), true
	}
	return netip.Addr{}, false
}

// appendStrings appends the first bytes of character-strings (RFC 1035, section 3.3).
func appendStrings(dst, rdata []byte) (_ []byte, ok bool) {
	n, left := len(dst), maxText
	c := cursor.New(rdata)
	for c.Len() > 0 {
		s := c.Vector8()
		if c.Failed() {
			return dst[:n], false
		}
		b := s.Rest()
		b = b[:min(len(b), left)]
		left -= len(b)
		dst = appendText(dst, b)
	}
	return dst, true
}

// appendListedName appends a name to a list that commas join.
func appendListedName(dst, msg []byte, at int) []byte {
	n := len(dst)
	dst = appendName(dst, msg, at)
	for i := n; i < len(dst); i++ {
		if dst[i] == ',' {
			dst = slices.Insert(dst, i+1, '0', '4', '4')
			dst[i] = '\\'
		}
	}
	return dst
}

// appendText appends b to a list that commas join, with all bytes outside 0x21-0x7E, the
// backslash and the comma as \xhh.
func appendText(dst, b []byte) []byte {
	const digits = "0123456789abcdef"
	for _, c := range b {
		if c < 0x21 || c > 0x7e || c == '\\' || c == ',' {
			dst = append(dst, '\\', 'x', digits[c>>4], digits[c&15])
		} else {
			dst = append(dst, c)
		}
	}
	return dst
}

// AppendAnswerIPs is dns_answer_ips: the addresses of all parsed A and AAAA answers of the
// response of record, joined by commas.
func (f *Flow) AppendAnswerIPs(dst []byte) []byte {
	var r rr
	n := len(dst)
	for w := f.answerRecords(); w.next(&r); {
		if a, ok := r.addr(); ok {
			if len(dst) > n {
				dst = append(dst, ',')
			}
			dst = a.AppendTo(dst)
		}
	}
	return dst
}

// CNAMECount is dns_cname_count: CNAME answers of the response of record.
func (f *Flow) CNAMECount() int64 {
	var r rr
	n := int64(0)
	for w := f.answerRecords(); w.next(&r); {
		if r.typ == typeCNAME {
			n++
		}
	}
	return n
}

// Keys of service parameters (RFC 9460, section 14.3.2).
const (
	svcALPN = 1
	svcECH  = 5
)

// AppendSVCBALPN is dns_svcb_alpn: the protocols of the first SVCB or HTTPS answer's alpn
// parameter, joined by commas; one inside a name is written \x2c.
func (f *Flow) AppendSVCBALPN(dst []byte) []byte {
	var r rr
	for w := f.answerRecords(); w.next(&r); {
		if r.typ != typeSVCB && r.typ != typeHTTPS {
			continue
		}
		n := len(dst)
		v, _ := r.param(f.response.msg, svcALPN)
		for c := cursor.New(v); c.Len() > 0; {
			p := c.Vector8()
			if c.Failed() {
				break
			}
			if len(dst) > n {
				dst = append(dst, ',')
			}
			dst = appendText(dst, p.Rest())
		}
		break
	}
	return dst
}

// SVCBECH is dns_svcb_ech: an ech parameter in any SVCB or HTTPS answer.
func (f *Flow) SVCBECH() bool {
	var r rr
	for w := f.answerRecords(); w.next(&r); {
		if r.typ == typeSVCB || r.typ == typeHTTPS {
			if _, ok := r.param(f.response.msg, svcECH); ok {
				return true
			}
		}
	}
	return false
}

// param is the value of a service parameter (RFC 9460, section 2.2):
//
//	priority │ target name │ (key │ length │ value) …
func (r *rr) param(msg []byte, key uint16) (value []byte, ok bool) {
	at, ok := r.name(msg, 2, true)
	if !ok {
		return nil, false
	}
	var w labels
	for w.start(at); w.next(msg); {
	}
	for c := cursor.New(r.rdata[w.end-r.from:]); c.Len() > 0; {
		k := c.U16()
		v := c.Vector16()
		if c.Failed() {
			break
		}
		if k == key {
			return v.Rest(), true
		}
	}
	return nil, false
}

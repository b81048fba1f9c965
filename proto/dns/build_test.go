package dns

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// b16 and b32 are big-endian numbers.
func b16(v ...uint16) (b []byte) {
	for _, x := range v {
		b = binary.BigEndian.AppendUint16(b, x)
	}
	return b
}

func b32(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }

// name is the wire form of a dotted name.
func name(s string) (b []byte) {
	for _, l := range strings.Split(s, ".") {
		if l != "" {
			b = append(append(b, byte(len(l))), l...)
		}
	}
	return append(b, 0)
}

func cat(parts ...[]byte) (b []byte) {
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

// header is ID, flags and counts.
func header(id, flags uint16, counts ...uint16) []byte {
	return cat(b16(id, flags), b16(append(counts, 0, 0, 0, 0)[:4]...))
}

func question(n string, qtype, qclass uint16) []byte { return cat(name(n), b16(qtype, qclass)) }

func rrBytes(owner []byte, typ, class uint16, ttl uint32, rdata []byte) []byte {
	return cat(owner, b16(typ, class), b32(ttl), b16(uint16(len(rdata))), rdata)
}

// q and r are an ordinary query and its response.
func query(id uint16, n string, qtype uint16) []byte {
	return cat(header(id, flagRD, 1), question(n, qtype, 1))
}

var toQName = []byte{0xc0, 12}

func response(id uint16, n string, qtype, flags uint16, answers ...[]byte) []byte {
	return cat(header(id, flagQR|flagRD|flagRA|flags, 1, uint16(len(answers))), question(n, qtype, 1), cat(answers...))
}

// facts prints every column.
func facts(f *Flow) string {
	var b strings.Builder
	for _, c := range []func([]byte) []byte{
		f.AppendQueryName, f.AppendQueryTypeStr, f.AppendResponseCodeStr, f.AppendTransport, f.AppendEDNSOptions,
		f.AppendEDNSClientSubnet, f.AppendAnswers, f.AppendAnswerIPs, f.AppendSVCBALPN,
	} {
		fmt.Fprintf(&b, "%s ", c(nil))
	}
	fmt.Fprintln(&b, f.Detected(), f.QueryType(), f.ResponseCode(), f.AnswerCount(), f.AuthorityCount(), f.AdditionalCount(),
		f.MinTTL(), f.MaxTTL(), f.IsQuery(), f.IsResponse(), f.Truncated(), f.RecursionDesired(), f.RecursionAvailable(),
		f.QueryCount(), f.ResponseCount(), f.UnansweredCount(), f.RTT(), f.Opcode(), f.QueryClass(), f.Authoritative(),
		f.Authenticated(), f.CheckingDisabled(), f.EDNS(), f.EDNSUDPSize(), f.EDNSDO(), f.CNAMECount(), f.NXDomainCount(),
		f.ErrorCount(), f.QueryLen(), f.ResponseLen(), f.QNameLen(), f.QNameLabels(), f.QNameMaxLabel(), f.QNameEntropy(),
		f.QNameDigitRatio(), f.DistinctQNames(), f.Has0x20(), f.SVCBECH())
	return b.String()
}

func text(f func([]byte) []byte) string { return string(f(nil)) }

func flow(c Carrier) *Flow {
	f := new(Flow)
	f.Reset(c, true)
	return f
}

package dns

import (
	"net/netip"
	"strconv"

	"pinyon/internal/cursor"
)

// The methods of this file and of answers.go are further columns, named after them.

// AppendTransport is dns_transport: udp, tcp, mdns or llmnr.
func (f *Flow) AppendTransport(dst []byte) []byte {
	if !f.Detected() {
		return dst
	}
	return append(dst, f.carrier.String()...)
}

// QueryCount is dns_query_count: accepted queries, copies included.
func (f *Flow) QueryCount() int64 { return f.queries }

// ResponseCount is dns_response_count.
func (f *Flow) ResponseCount() int64 { return f.responses }

// UnansweredCount is dns_unanswered_count: queries, copies included, to which the flow
// has no response with their id and question in the opposite direction. Exact while no
// more than 1,024 different queries are remembered.
func (f *Flow) UnansweredCount() int64 { return f.pending.unanswered }

// RTT is dns_rtt_us in microseconds: response of record less the last copy of the query
// of record before it; -1 unless there are both, in this order.
func (f *Flow) RTT() int64 {
	if f.rtt < 0 {
		return -1
	}
	return f.rtt / 1000
}

// Opcode is dns_opcode, of the query of record, else of the response.
func (f *Flow) Opcode() int64 {
	if r := f.asked(); r.ok {
		return int64(r.flags >> 11 & 15)
	}
	return 0
}

// QueryClass is dns_query_class; without the unicast bit of multicast DNS.
func (f *Flow) QueryClass() int64 {
	if r := f.asked(); r.ok {
		return int64(f.class(r.qclass))
	}
	return 0
}

// Authoritative is dns_authoritative: AA of the response of record.
func (f *Flow) Authoritative() bool { return f.response.has(flagAA) }

// Authenticated is dns_authenticated: AD of the response of record (RFC 4035).
func (f *Flow) Authenticated() bool { return f.response.has(flagAD) }

// CheckingDisabled is dns_checking_disabled: CD of the query of record.
func (f *Flow) CheckingDisabled() bool { return f.query.has(flagCD) }

// EDNS is dns_edns: the query of record has an OPT record (RFC 6891).
func (f *Flow) EDNS() bool { return f.query.ok && f.query.opt > 0 }

// EDNSUDPSize is dns_edns_udp_size in bytes, the OPT record's class.
func (f *Flow) EDNSUDPSize() int64 {
	opt, _ := f.queryOPT()
	return int64(opt.class)
}

// EDNSDO is dns_edns_do: the DO bit (RFC 3225).
func (f *Flow) EDNSDO() bool {
	opt, _ := f.queryOPT()
	return opt.ttl&0x8000 != 0
}

func (f *Flow) queryOPT() (rr, bool) {
	if !f.query.ok {
		return rr{}, false
	}
	return f.query.edns(f.query.msg)
}

// AppendEDNSOptions is dns_edns_options: option codes of the query's OPT record, decimal,
// joined by commas.
func (f *Flow) AppendEDNSOptions(dst []byte) []byte {
	opt, _ := f.queryOPT()
	n := len(dst)
	for c := cursor.New(opt.rdata); c.Len() > 0; {
		code := c.U16()
		if c.Vector16(); c.Failed() {
			break
		}
		if len(dst) > n {
			dst = append(dst, ',')
		}
		dst = strconv.AppendUint(dst, uint64(code), 10)
	}
	return dst
}

// AppendEDNSClientSubnet is dns_edns_client_subnet as address/prefix, of the query's first
// well-formed option (RFC 7871, section 6):
//
//	family │ source prefix-length │ scope prefix-length │ address, its trailing zeros cut
func (f *Flow) AppendEDNSClientSubnet(dst []byte) []byte {
	const clientSubnet = 8
	opt, _ := f.queryOPT()
	for c := cursor.New(opt.rdata); c.Len() > 0; {
		code := c.U16()
		v := c.Vector16()
		if c.Failed() {
			break
		}
		if code != clientSubnet {
			continue
		}
		family, prefix, _ := v.U16(), v.U8(), v.U8()
		var a [16]byte
		if v.Failed() || v.Len() > 16 || family == 1 && v.Len() > 4 {
			continue
		}
		copy(a[:], v.Rest())
		switch {
		case family == 1 && prefix <= 32:
			dst = netip.AddrFrom4([4]byte(a[:4])).AppendTo(dst)
		case family == 2 && prefix <= 128:
			dst = netip.AddrFrom16(a).AppendTo(dst)
		default:
			continue
		}
		return strconv.AppendUint(append(dst, '/'), uint64(prefix), 10)
	}
	return dst
}

// NXDomainCount is dns_nxdomain_count: responses with code 3.
func (f *Flow) NXDomainCount() int64 { return f.nxdomains }

// ErrorCount is dns_error_count: responses with any code but 0.
func (f *Flow) ErrorCount() int64 { return f.failures }

// QueryLen is dns_query_len in bytes as sent, without the length of TCP.
func (f *Flow) QueryLen() int64 { return f.query.len() }

// ResponseLen is dns_response_len.
func (f *Flow) ResponseLen() int64 { return f.response.len() }

func (r *record) len() int64 {
	if !r.ok {
		return 0
	}
	return int64(r.wire)
}

// DistinctQNames is dns_distinct_qnames: different names in the questions of accepted
// messages, without regard to case; at most 4,096.
func (f *Flow) DistinctQNames() int64 { return int64(f.names.n) }

package groups

import (
	"bytes"

	"pinyon/feature"
	"pinyon/packet"
	"pinyon/proto/dns"
)

// How DNS was spoken and answered beyond dnsTable: timing, EDNS (RFC 6891), what the answers
// are, how random the name looks, and how many different ones were asked for.
var dnsExtra = []Feature{
	dnsText("dns_transport", "How messages travel: udp, tcp, mdns or llmnr.", (*dns.Flow).AppendTransport),
	dnsCount("dns_query_count", feature.Count, "Queries, copies included.", (*dns.Flow).QueryCount),
	dnsCount("dns_response_count", feature.Count, "Responses.", (*dns.Flow).ResponseCount),
	dnsCount("dns_unanswered_count", feature.Count, "Queries without a response of their id and question.", (*dns.Flow).UnansweredCount),
	dnsCount("dns_rtt_us", feature.Microseconds, "From the last copy of the query to its response.", func(f *dns.Flow) int64 {
		if us := f.RTT(); us >= 0 {
			return us
		}
		return none
	}).null(),
	dnsCount("dns_opcode", feature.None, "Opcode of the query, else of the response (IANA).", (*dns.Flow).Opcode),
	dnsCount("dns_query_class", feature.None, "First question's class, without the unicast bit of multicast DNS.", dnsIf((*dns.Flow).HasQuestion, (*dns.Flow).QueryClass)),
	dnsFlag("dns_authoritative", "AA bit of the response.", (*dns.Flow).Authoritative),
	dnsFlag("dns_authenticated", "AD bit of the response.", (*dns.Flow).Authenticated),
	dnsFlag("dns_checking_disabled", "CD bit of the query.", (*dns.Flow).CheckingDisabled),
	dnsFlag("dns_edns", "The query has an OPT record.", (*dns.Flow).EDNS),
	dnsCount("dns_edns_udp_size", feature.Bytes, "Largest UDP payload that this record offers to take.", func(f *dns.Flow) int64 {
		if !f.EDNS() {
			return none
		}
		return f.EDNSUDPSize()
	}).null(),
	dnsFlag("dns_edns_do", "Its DO bit.", (*dns.Flow).EDNSDO),
	dnsText("dns_edns_options", "Codes of its options, decimal, joined by commas.", (*dns.Flow).AppendEDNSOptions),
	dnsText("dns_edns_client_subnet", "Its client subnet (RFC 7871) as address/prefix.", (*dns.Flow).AppendEDNSClientSubnet).private(),
	dnsText("dns_answers", "First 16 answers as TYPE:value, joined by commas.", (*dns.Flow).AppendAnswers).private(),
	dnsText("dns_answer_ips", "Addresses of A and AAAA answers, joined by commas.", (*dns.Flow).AppendAnswerIPs).private(),
	dnsCount("dns_cname_count", feature.Count, "CNAME answers.", dnsIf((*dns.Flow).HasResponse, (*dns.Flow).CNAMECount)),
	dnsCount("dns_nxdomain_count", feature.Count, "Responses with code 3.", (*dns.Flow).NXDomainCount),
	dnsCount("dns_error_count", feature.Count, "Responses with any code but 0.", (*dns.Flow).ErrorCount),
	dnsCount("dns_query_len", feature.Bytes, "Length of the query's message.", positive((*dns.Flow).QueryLen)).null(),
	dnsCount("dns_response_len", feature.Bytes, "Length of the response's message.", positive((*dns.Flow).ResponseLen)).null(),
	dnsCount("dns_qname_len", feature.Bytes, "Length of dns_query_name's labels.", dnsIf((*dns.Flow).HasQuestion, (*dns.Flow).QNameLen)),
	dnsCount("dns_qname_labels", feature.Count, "How many labels it has.", dnsIf((*dns.Flow).HasQuestion, (*dns.Flow).QNameLabels)),
	dnsCount("dns_qname_max_label", feature.Bytes, "Length of the longest one.", dnsIf((*dns.Flow).HasQuestion, (*dns.Flow).QNameMaxLabel)),
	dnsFloat("dns_qname_entropy", feature.Bits, "Shannon entropy of its bytes.", (*dns.Flow).QNameEntropy),
	dnsFloat("dns_qname_digit_ratio", feature.None, "Share of digits among its bytes.", (*dns.Flow).QNameDigitRatio),
	dnsCount("dns_distinct_qnames", feature.Count, "Different names asked for, without regard to case; at most 4,096.", (*dns.Flow).DistinctQNames),
	dnsFlag("dns_0x20", "The name was sent with letters of both cases.", (*dns.Flow).Has0x20),
	dnsText("dns_svcb_alpn", "Protocols that the first SVCB or HTTPS answer lists, joined by commas; one inside a name is \\x2c.", (*dns.Flow).AppendSVCBALPN),
	dnsFlag("dns_svcb_ech", "An SVCB or HTTPS answer has the ech parameter.", (*dns.Flow).SVCBECH),
}

// portDoT is the port of DNS over TLS (RFC 7858) and over QUIC (RFC 9250).
const portDoT = 853

// DNS that cannot be read: it belongs to flows of TLS and QUIC.
var dnsEncryptedExtra = []Feature{
	text("dns_encrypted", "dot for DNS over TLS, doq for DNS over QUIC, by the protocol offered or port 853.", func(dst []byte, r *Row) ([]byte, bool) {
		switch {
		case r.isDoT():
			return append(dst, "dot"...), true
		case r.isDoQ():
			return append(dst, "doq"...), true
		}
		return dst, false
	}).null(),
}

func (r *Row) isDoT() bool {
	if !r.isTLS() {
		return false
	}
	for p := range r.hellos.ch.ALPN.All() {
		if string(p) == "dot" {
			return true
		}
	}
	return r.isTCP() && r.hasPort(portDoT)
}

func (r *Row) isDoQ() bool {
	if r.quic() == nil {
		return false
	}
	return r.quicCH.ok && bytes.HasPrefix(r.quicCH.ALPN.First(), []byte("doq")) ||
		r.Key.Proto == packet.ProtoUDP && r.hasPort(portDoT)
}

// hasPort reports whether either end has port p.
func (r *Row) hasPort(p uint16) bool { return r.Key.APort == p || r.Key.BPort == p }

// dnsFloat measures the first question's name.
func dnsFloat(name string, unit feature.Unit, doc string, get func(*dns.Flow) float64) Feature {
	return float(name, unit, doc, func(r *Row) float64 {
		if f := r.dns(); f.HasQuestion() {
			return get(f)
		}
		return absent
	})
}

package groups

import (
	"pinyon/feature"
	"pinyon/proto/dns"
)

// What name was asked for, how the server answered, and which header flags were set: of the
// first query of the flow and the response to it. RFC 1035; over UDP and TCP, multicast DNS
// (RFC 6762) and LLMNR (RFC 4795) too.
var dnsTable = []Feature{
	dnsFlag("dns_detected", "A DNS message was accepted.", (*dns.Flow).Detected),
	dnsText("dns_query_name", "First question's name, in lower case and without the final dot.", (*dns.Flow).AppendQueryName).private(),
	dnsCount("dns_query_type", feature.None, "First question's type.", dnsIf((*dns.Flow).HasQuestion, (*dns.Flow).QueryType)),
	dnsText("dns_query_type_str", "Its mnemonic (IANA), else TYPEn.", (*dns.Flow).AppendQueryTypeStr),
	dnsCount("dns_response_code", feature.None, "Response code, bits of EDNS included; -1 without a response.", dnsIf((*dns.Flow).HasResponse, (*dns.Flow).ResponseCode)).missing(-1),
	dnsText("dns_response_code_str", "Its mnemonic (IANA), else RCODEn.", (*dns.Flow).AppendResponseCodeStr),
	dnsCount("dns_answer_count", feature.Count, "Answers that the response declares.", dnsIf((*dns.Flow).HasResponse, (*dns.Flow).AnswerCount)),
	dnsCount("dns_authority_count", feature.Count, "Authority records that the response declares.", dnsIf((*dns.Flow).HasResponse, (*dns.Flow).AuthorityCount)),
	dnsCount("dns_additional_count", feature.Count, "Additional records that the response declares.", dnsIf((*dns.Flow).HasResponse, (*dns.Flow).AdditionalCount)),
	dnsCount("dns_min_ttl", feature.Seconds, "Smallest time to live among its answers.", dnsIf((*dns.Flow).HasAnswer, (*dns.Flow).MinTTL)),
	dnsCount("dns_max_ttl", feature.Seconds, "Greatest time to live among its answers.", dnsIf((*dns.Flow).HasAnswer, (*dns.Flow).MaxTTL)),
	dnsFlag("dns_is_query", "The flow holds a query.", (*dns.Flow).IsQuery),
	dnsFlag("dns_is_response", "The flow holds a response.", (*dns.Flow).IsResponse),
	dnsFlag("dns_truncated", "Some response has the TC bit.", (*dns.Flow).Truncated),
	dnsFlag("dns_recursion_desired", "RD bit of the query.", (*dns.Flow).RecursionDesired),
	dnsFlag("dns_recursion_available", "RA bit of the response.", (*dns.Flow).RecursionAvailable),
}

// dns is what the flow says in DNS, or nil if it holds no message.
func (r *Row) dns() *dns.Flow { return r.parsers.DNS() }

func dnsFlag(name, doc string, get func(*dns.Flow) bool) Feature {
	return flag(name, doc, func(r *Row) bool { f := r.dns(); return f != nil && get(f) }).everywhere()
}

// dnsIf is get where has, else absent.
func dnsIf(has func(*dns.Flow) bool, get func(*dns.Flow) int64) func(*dns.Flow) int64 {
	return func(f *dns.Flow) int64 {
		if has(f) {
			return get(f)
		}
		return none
	}
}

func dnsCount(name string, unit feature.Unit, doc string, get func(*dns.Flow) int64) Feature {
	return count(name, unit, doc, func(r *Row) int64 { return get(r.dns()) })
}

func dnsText(name, doc string, get func(*dns.Flow, []byte) []byte) Feature {
	return text(name, doc, func(dst []byte, r *Row) ([]byte, bool) { return appended(dst, get(r.dns(), dst)) }).null()
}

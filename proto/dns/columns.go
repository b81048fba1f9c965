package dns

// The methods of this file are the columns of the group dns, named after them. Append
// methods append the column's text and nothing if it is missing.

// Detected is dns_detected: a message was accepted.
func (f *Flow) Detected() bool { return f.queries+f.responses > 0 }

// asked is the message whose first question is the flow's: the query of record, else the
// response of record.
func (f *Flow) asked() *record {
	if f.query.ok {
		return &f.query
	}
	return &f.response
}

// AppendQueryName is dns_query_name, as appendName writes it.
func (f *Flow) AppendQueryName(dst []byte) []byte {
	if r := f.asked(); r.ok && r.questions > 0 {
		return appendName(dst, r.msg, headerLen)
	}
	return dst
}

// HasQuestion reports whether the flow has a first question.
func (f *Flow) HasQuestion() bool { r := f.asked(); return r.ok && r.questions > 0 }

// HasResponse reports whether there is a response of record.
func (f *Flow) HasResponse() bool { return f.response.ok }

// HasAnswer reports whether some answer of it was parsed.
func (f *Flow) HasAnswer() bool { return f.response.ok && f.response.answers > 0 }

// QueryType is dns_query_type; 0 without a question.
func (f *Flow) QueryType() int64 {
	if r := f.asked(); r.ok {
		return int64(r.qtype)
	}
	return 0
}

// AppendQueryTypeStr is dns_query_type_str: the IANA mnemonic, else TYPEn.
func (f *Flow) AppendQueryTypeStr(dst []byte) []byte {
	if r := f.asked(); r.ok && r.questions > 0 {
		return appendType(dst, r.qtype)
	}
	return dst
}

// ResponseCode is dns_response_code, with the bits of EDNS; -1 without a response.
func (f *Flow) ResponseCode() int64 {
	if !f.response.ok {
		return -1
	}
	return f.response.code(f.response.msg)
}

// AppendResponseCodeStr is dns_response_code_str.
func (f *Flow) AppendResponseCodeStr(dst []byte) []byte {
	if !f.response.ok {
		return dst
	}
	return appendCode(dst, f.ResponseCode())
}

// AnswerCount is dns_answer_count, as the response of record declares it.
func (f *Flow) AnswerCount() int64 {
	if !f.response.ok {
		return 0
	}
	return int64(f.response.an)
}

// AuthorityCount is dns_authority_count.
func (f *Flow) AuthorityCount() int64 {
	if !f.response.ok {
		return 0
	}
	return int64(f.response.ns)
}

// AdditionalCount is dns_additional_count; an OPT record counts.
func (f *Flow) AdditionalCount() int64 {
	if !f.response.ok {
		return 0
	}
	return int64(f.response.ar)
}

// MinTTL is dns_min_ttl in seconds over the parsed answers of the response of record; a
// TTL with the top bit set is 0 (RFC 2181, section 8).
func (f *Flow) MinTTL() int64 { lo, _ := f.ttls(); return lo }

// MaxTTL is dns_max_ttl.
func (f *Flow) MaxTTL() int64 { _, hi := f.ttls(); return hi }

func (f *Flow) ttls() (lo, hi int64) {
	var r rr
	first := true
	for w := f.answerRecords(); w.next(&r); first = false {
		ttl := int64(r.ttl)
		if ttl > 1<<31-1 {
			ttl = 0
		}
		if first {
			lo, hi = ttl, ttl
		}
		lo, hi = min(lo, ttl), max(hi, ttl)
	}
	return lo, hi
}

// answerRecords walks the answers of the response of record, if there is one.
func (f *Flow) answerRecords() records {
	if !f.response.ok {
		return records{}
	}
	return f.response.records(f.response.msg)
}

// IsQuery is dns_is_query: a query was accepted.
func (f *Flow) IsQuery() bool { return f.queries > 0 }

// IsResponse is dns_is_response: a response was accepted.
func (f *Flow) IsResponse() bool { return f.responses > 0 }

// Truncated is dns_truncated: TC in any accepted response.
func (f *Flow) Truncated() bool { return f.truncated }

// RecursionDesired is dns_recursion_desired: RD of the query of record, else of the response.
func (f *Flow) RecursionDesired() bool { return f.asked().has(flagRD) }

// RecursionAvailable is dns_recursion_available: RA of the response of record.
func (f *Flow) RecursionAvailable() bool { return f.response.has(flagRA) }

func (r *record) has(flag uint16) bool { return r.ok && r.flags&flag != 0 }

package dns

import "math"

// The columns of this file measure the name of AppendQueryName in its octets on the wire,
// without length bytes and root.

// qname starts a walk over the labels of the query name; ok is false without one.
func (f *Flow) qname() (w labels, msg []byte, ok bool) {
	r := f.asked()
	if !r.ok || r.questions == 0 {
		return w, nil, false
	}
	w.start(headerLen)
	return w, r.msg, true
}

// QNameLen is dns_qname_len in bytes.
func (f *Flow) QNameLen() int64 {
	n := 0
	for w, msg, ok := f.qname(); ok && w.next(msg); {
		n += len(w.label)
	}
	return int64(n)
}

// QNameLabels is dns_qname_labels.
func (f *Flow) QNameLabels() int64 {
	n := 0
	for w, msg, ok := f.qname(); ok && w.next(msg); {
		n++
	}
	return int64(n)
}

// QNameMaxLabel is dns_qname_max_label in bytes.
func (f *Flow) QNameMaxLabel() int64 {
	n := 0
	for w, msg, ok := f.qname(); ok && w.next(msg); {
		n = max(n, len(w.label))
	}
	return int64(n)
}

// QNameEntropy is dns_qname_entropy in bits a byte: Shannon's, of the lower-case bytes.
func (f *Flow) QNameEntropy() float64 {
	var counts [256]uint8
	total := 0
	for w, msg, ok := f.qname(); ok && w.next(msg); {
		for _, c := range w.label {
			counts[lower(c)]++
			total++
		}
	}
	sum := 0.0
	for _, n := range counts {
		if n > 0 {
			p := float64(n) / float64(total)
			sum -= p * math.Log2(p)
		}
	}
	return max(sum, 0) // and not -0
}

// QNameDigitRatio is dns_qname_digit_ratio.
func (f *Flow) QNameDigitRatio() float64 {
	digits, total := 0, 0
	for w, msg, ok := f.qname(); ok && w.next(msg); {
		for _, c := range w.label {
			if c-'0' <= 9 {
				digits++
			}
			total++
		}
	}
	if total == 0 {
		return 0
	}
	return float64(digits) / float64(total)
}

// Has0x20 is dns_0x20: the query of record's name as sent has letters of both cases.
func (f *Flow) Has0x20() bool {
	var upper, low bool
	for w, msg, ok := f.qname(); ok && w.next(msg); {
		for _, c := range w.label {
			upper = upper || c-'A' < 26
			low = low || c-'a' < 26
		}
	}
	return upper && low && f.query.ok
}

package groups

import (
	"math"
	"math/bits"

	"pinyon/feature"
	"pinyon/flow"
	"pinyon/packet"
)

// How random the payload looks: near 8 bits a byte for encrypted or compressed data, lower
// for text, with byte-class shares to tell plain text, binary and ciphertext apart. The
// sample is the first payload bytes of TCP and UDP packets in capture order, of each
// direction by itself.
var entropyTable = allNeed(needBytes, []Feature{
	float("entropy_payload", feature.Bits, "Shannon entropy of the sampled bytes of both directions, a byte.", func(r *Row) float64 { return r.entropy.of(2) }).null(),
	float("entropy_initiator", feature.Bits, "The same for the initiator's bytes.", func(r *Row) float64 { return r.entropy.of(flow.Fwd) }).null(),
	float("entropy_responder", feature.Bits, "The same for the responder's bytes.", func(r *Row) float64 { return r.entropy.of(flow.Bwd) }).null(),
	float("entropy_ratio", feature.None, "Entropy of the initiator's bytes over the responder's; infinite if only the latter is 0.", func(r *Row) float64 {
		e := &r.entropy
		switch {
		case e.n[2] == 0:
			return absent
		case e.h[flow.Bwd] > 0:
			return e.h[flow.Fwd] / e.h[flow.Bwd]
		case e.h[flow.Fwd] > 0:
			return math.Inf(1)
		}
		return 0
	}).null(),
	float("byte_distribution_uniformity", feature.None, "1 less the squared deviation of the byte counts from an even spread; from 256 bytes on.", func(r *Row) float64 {
		if r.entropy.n[2] < 256 {
			return absent
		}
		return r.entropy.uniformity
	}).null(),
	float("printable_ratio", feature.None, "Share of printable ASCII bytes, tab, line feed and carriage return.", func(r *Row) float64 { return r.entropy.share(r.entropy.printable) }).null(),
	float("null_ratio", feature.None, "Share of zero bytes.", func(r *Row) float64 { return r.entropy.share(r.entropy.null) }).null(),
	float("high_byte_ratio", feature.None, "Share of bytes from 128 on.", func(r *Row) float64 { return r.entropy.share(r.entropy.high) }).null(),
	count("payload_bytes_sampled", feature.Bytes, "Bytes sampled in both directions.", func(r *Row) int64 { return int64(r.entropy.n[2]) }),
})

// byteSample counts the sampled bytes of a flow. A sample of up to smallSample bytes a
// direction is kept as bytes, which is shorter than counts and counted once at the end;
// a larger one as counts.
type byteSample struct {
	n     [2]uint32
	block uint32 // number of the smallBytes, or of the byteCounts
}

const smallSample = 256

type (
	smallBytes [2][smallSample]byte
	byteCounts [2][256]uint32
)

func (b *byteSample) update(m *Memory, o *flow.Obs) {
	d := o.Dir & 1
	want := m.plan.entropyBytes - int(b.n[d])
	if want <= 0 || o.Has&packet.HasTransport == 0 || len(o.Payload) == 0 {
		return
	}
	take := o.Payload[:min(want, len(o.Payload))]
	if m.plan.entropyBytes <= smallSample {
		var t *smallBytes
		if b.block == 0 {
			b.block, t = m.smallBytes.Get()
		} else {
			t = m.smallBytes.At(b.block)
		}
		copy(t[d][b.n[d]:], take)
	} else {
		var t *byteCounts
		if b.block == 0 {
			b.block, t = m.byteCounts.Get()
			*t = byteCounts{}
		} else {
			t = m.byteCounts.At(b.block)
		}
		for _, v := range take {
			t[d][v]++
		}
	}
	b.n[d] += uint32(len(take))
}

// entropy is what the sample says at the end of the flow.
type entropy struct {
	h                     [3]float64 // initiator, responder, both
	n                     [3]uint32
	printable, null, high uint32
	uniformity            float64
}

func (e *entropy) finish(m *Memory, r *Row) {
	s := &r.bytes
	*e = entropy{n: [3]uint32{s.n[0], s.n[1], s.n[0] + s.n[1]}}
	if s.block == 0 {
		return
	}
	var squares uint64
	if m.plan.entropyBytes <= smallSample {
		squares = e.measureSmall(m, m.smallBytes.At(s.block), s.n)
		m.smallBytes.Put(s.block)
	} else {
		c := m.byteCounts.At(s.block)
		squares = e.measure(&c[0], &c[1])
		m.byteCounts.Put(s.block)
	}
	if e.n[2] >= 256 {
		// Σ(c − N/256)² = Σc² − N²/256, in integers up to the one division.
		n2 := uint64(e.n[2]) * uint64(e.n[2])
		e.uniformity = max(0, 1-(float64(squares)-float64(n2)/256)/float64(n2))
	}
}

// measure passes over the counts of all bytes, and returns the sum of their squares. Terms are
// added by ascending byte value in every set, so equal data gives equal digits.
func (e *entropy) measure(c0, c1 *[256]uint32) (squares uint64) {
	for v := range c0 {
		a, b := c0[v], c1[v]
		e.h[0] -= term(a, e.n[0])
		e.h[1] -= term(b, e.n[1])
		e.h[2] -= term(a+b, e.n[2])
		squares += uint64(a+b) * uint64(a+b)
		e.printable += uint32(byteClass[v]&1) * (a + b)
		e.high += uint32(byteClass[v]>>20&1) * (a + b)
		e.null += uint32(byteClass[v]>>40&1) * (a + b)
	}
	return squares
}

// measureSmall is measure for bytes that were not counted yet. It passes over those that occur,
// in the same order, as those that do not would add nothing.
func (e *entropy) measureSmall(m *Memory, t *smallBytes, n [2]uint32) (squares uint64) {
	c := &m.histogram // zero between flows
	var used [4]uint64
	for d := range t {
		for _, v := range t[d][:n[d]] {
			c[d][v]++
			used[v>>6] |= 1 << (v & 63)
		}
	}
	t0, t1, t2 := m.terms.of(e.n[0]), m.terms.of(e.n[1]), m.terms.of(e.n[2])
	var h0, h1, h2 float64
	var classes uint64
	for w, set := range used {
		for ; set != 0; set &= set - 1 {
			v := uint8(w<<6 | bits.TrailingZeros64(set))
			a, b := c[0][v], c[1][v]
			c[0][v], c[1][v] = 0, 0
			h0 -= t0[a]
			h1 -= t1[b]
			h2 -= t2[a+b]
			classes += byteClass[v] * uint64(a+b)
			squares += uint64(a+b) * uint64(a+b)
		}
	}
	e.h = [3]float64{h0, h1, h2}
	const field = 1<<20 - 1
	e.printable = uint32(classes & field)
	e.high = uint32(classes >> 20 & field)
	e.null = uint32(classes >> 40 & field)
	return squares
}

// byteClass has a one in field 0 for printable bytes, 1 for high ones, 2 for zero; fields
// are 20 bits wide, so that counts up to maxTerms add up in them.
var byteClass = func() (t [256]uint64) {
	for v := range t {
		switch {
		case v == 0:
			t[v] = 1 << 40
		case v >= 0x80:
			t[v] = 1 << 20
		case v >= 0x20 && v <= 0x7e, v == '\t', v == '\n', v == '\r':
			t[v] = 1
		}
	}
	return t
}()

func (e *entropy) of(set int) float64 {
	if e.n[set] == 0 {
		return absent
	}
	return e.h[set]
}

func (e *entropy) share(n uint32) float64 {
	if e.n[2] == 0 {
		return absent
	}
	return float64(n) / float64(e.n[2])
}

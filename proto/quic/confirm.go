package quic

import "slices"

// maxVersions bounds the versions kept of a Version Negotiation packet.
const maxVersions = 64

// remember keeps what later packets are held against: the ids of the first long headers and,
// of the very first, its version.
func (c *Conn) remember(h *header, dir int) {
	if c.first.version == 0 {
		c.first = attemptOf(h)
		c.firstIn = int8(dir)
	}
	p := idPair{hash(h.dcid), hash(h.scid), dir}
	n := int(c.nids)
	if slices.Contains(c.ids[:min(n, len(c.ids))], p) {
		return
	}
	// The first pair stays, the rest make room in turn.
	if n < len(c.ids) {
		c.nids++
	} else {
		copy(c.ids[1:], c.ids[2:])
		n--
	}
	c.ids[n] = p
}

func attemptOf(h *header) attempt {
	a := attempt{version: h.version, dcidLen: uint8(len(h.dcid)), scidLen: uint8(len(h.scid))}
	copy(a.dcid[:], h.dcid)
	return a
}

// hash is FNV-1a of 64 bits.
func hash(id []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, b := range id {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return h
}

// fits takes note of a long header whose Length fits; the second of one version is proof.
func (c *Conn) fits(version uint32) {
	n := int(c.nseen)
	switch {
	case c.proof&proofTwo != 0:
	case slices.Contains(c.seen[:n], version):
		c.proof |= proofTwo
	case n < len(c.seen):
		c.seen[n] = version
		c.nseen++
	default:
		copy(c.seen[1:], c.seen[2:])
		c.seen[n-1] = version
	}
}

// negotiation takes a Version Negotiation packet (RFC 9000 section 17.2.1). It counts if it
// answers a packet that the other side sent: its ids are that packet's, swapped.
func (c *Conn) negotiation(h *header, dir int) {
	c.event('V', dir)
	if len(c.versions) == 0 {
		for b := h.rest; len(b) >= 4 && len(c.versions) < maxVersions; b = b[4:] {
			c.versions = append(c.versions, be32(b))
		}
	}
	if slices.Contains(c.ids[:c.nids], idPair{hash(h.scid), hash(h.dcid), 1 - dir}) {
		c.proof |= proofNegotiation
		c.asked = int8(1-dir) + 1
		c.ended = true
	}
}

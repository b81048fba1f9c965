package quic

// unprotect opens an Initial packet and returns its frames, valid until the next call, and the
// bytes of its number.
//
// The keys are those of the client's first DCID, whatever ids follow. They change with
// version negotiation inside the connection, which keeps that DCID (RFC 9369 section 4.1),
// and after a Retry or in a new attempt, when the packet's own DCID counts again.
func (c *Conn) unprotect(s *Scratch, h *header, packet []byte, dir int) (frames []byte, number int, ok bool) {
	server := c.opened && int(c.client) != dir
	if k := c.key; k != nil {
		if k.version != h.version {
			k = c.keysOf(h.version, k.dcid[:k.n])
		}
		if k != nil {
			if frames, n, ok := s.open(k.of(server), packet, h.number); ok {
				if !server {
					c.begin(s, k, h, n)
				}
				return frames, n, true
			}
		}
		if server || k.are(h.version, h.dcid) {
			return nil, 0, false
		}
	}
	k := c.keysOf(h.version, h.dcid)
	if k == nil {
		return nil, 0, false
	}
	frames, number, ok = s.open(k.of(false), packet, h.number)
	if !ok && reserved(h.version) && c.derive(h.version, other(k.suite), h.dcid) {
		k = c.trial
		frames, number, ok = s.open(k.of(false), packet, h.number)
	}
	if !ok {
		return nil, 0, false
	}
	if !c.opened {
		c.opened, c.client = true, int8(dir)
		c.proof |= proofOpened
	}
	c.begin(s, k, h, number)
	return frames, number, true
}

// other is the second guess for a reserved version: the newest version of an old sender.
func other(row suite) suite {
	if row == suite1 {
		return suite29
	}
	return suite1
}

// keysOf are the keys of version and DCID, made unless they are at hand; nil if the flow
// has had too many.
func (c *Conn) keysOf(version uint32, dcid []byte) *keys {
	switch {
	case c.key.are(version, dcid):
		return c.key
	case c.trial.are(version, dcid), c.derive(version, suiteOf(version), dcid):
		return c.trial
	}
	return nil
}

// derive makes trial keys, unless the flow has had too many.
func (c *Conn) derive(version uint32, row suite, dcid []byte) bool {
	if c.made == maxKeys {
		return false
	}
	c.made++
	c.trial = newKeys(version, row, dcid)
	return true
}

// begin takes note of a client Initial that opened with k. Its version and ids are the
// flow's if it is the first, or the first after Version Negotiation under other keys: a late
// copy of what was refused is not the new attempt.
func (c *Conn) begin(s *Scratch, k *keys, h *header, number int) {
	if k == c.key {
		return
	}
	again := c.key != nil
	fresh := again && string(c.key.dcid[:c.key.n]) != string(k.dcid[:k.n])
	c.key, c.trial = k, c.key
	switch {
	case !again:
		c.open = attemptOf(h)
		c.open.number = uint8(number)
	case c.ended:
		c.open = attemptOf(h)
		c.open.number = uint8(number)
		c.restart(s)
	case fresh && c.side[1-c.client].retry == 0:
		// Another connection: its bytes must not be mixed with those of the last one.
		if !c.side[c.client].whole {
			c.restart(s)
		}
		for i := range c.side {
			c.side[i].done = c.side[i].done || c.side[i].whole
		}
	}
	c.ended = false
}

// restart drops the CRYPTO bytes of both sides.
func (c *Conn) restart(s *Scratch) {
	for i := range c.side {
		d := &c.side[i]
		s.give(d.crypto)
		d.crypto, d.base, d.whole, d.done = nil, 0, false, false
	}
	c.attempt++
}

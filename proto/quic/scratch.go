package quic

// Scratch is memory that the connections of one goroutine share. The zero value is ready.
type Scratch struct {
	packet []byte    // the packet that is being opened
	nonce  [12]byte  // here, as a local would move to the heap
	mask   [16]byte  // of header protection
	free   []*stream // given back
}

// maxFree bounds the streams that are kept for reuse: some hundred kilobytes.
const maxFree = 64

func (s *Scratch) stream() *stream {
	if n := len(s.free); n > 0 {
		t := s.free[n-1]
		s.free = s.free[:n-1]
		return t
	}
	return new(stream)
}

func (s *Scratch) give(t *stream) {
	if t != nil && len(s.free) < maxFree && t.small() {
		t.reset()
		s.free = append(s.free, t)
	}
}

// open removes the protection of an Initial packet whose number starts at number (RFC 9001
// sections 5.3 and 5.4) and returns its frames, valid until the next call, and the bytes
// of its number. A wrong key, and a packet that was changed, give false.
//
// Packet numbers are used as sent, truncated: those of Initial packets start at 0.
func (s *Scratch) open(p *protector, packet []byte, number int) (frames []byte, numberLen int, ok bool) {
	if len(packet) < number+4+16 {
		return nil, 0, false // no sample
	}
	p.hp.Encrypt(s.mask[:], packet[number+4:number+20])
	s.packet = append(s.packet[:0], packet...)
	b := s.packet
	b[0] ^= s.mask[0] & 0x0f
	numberLen = int(b[0]&3) + 1
	s.nonce = p.iv
	for i := range numberLen {
		b[number+i] ^= s.mask[1+i]
		s.nonce[12-numberLen+i] ^= b[number+i]
	}
	end := number + numberLen
	frames, err := p.aead.Open(b[end:end], s.nonce[:], b[end:], b[:end])
	return frames, numberLen, err == nil
}

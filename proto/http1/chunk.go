package http1

// readSize takes bytes of a chunk's size line: hexadecimal digits, extensions, line end
// (RFC 9112, section 7.1).
func (d *side) readSize(b []byte) []byte {
	for i, ch := range b {
		v, ok := hexValue(ch)
		switch {
		case ok && d.digits >= 0 && d.digits < 15:
			d.left = d.left<<4 | int64(v)
			d.digits++
		case d.digits == 0 || ok && d.digits > 0: // no number, or one above 2^60
			d.state = stopped
			return d.pass(b, i+1)
		case ch != '\n':
			d.digits = -1
		default:
			d.digits = 0
			if d.state = inChunk; d.left == 0 {
				d.state, d.line, d.head = inTrailers, 0, 0
			}
			return d.pass(b, i+1)
		}
	}
	return d.pass(b, len(b))
}

func hexValue(c byte) (byte, bool) {
	switch {
	case c-'0' <= 9:
		return c - '0', true
	case lower(c)-'a' < 6:
		return lower(c) - 'a' + 10, true
	}
	return 0, false
}

// readTrailer passes over the fields behind the last chunk; end with the empty line.
func (d *side) readTrailer(b []byte) (rest []byte, end bool) {
	for i, ch := range b {
		if d.head++; d.head > maxHead {
			d.state = stopped
			return d.pass(b, i+1), false
		}
		switch {
		case ch == '\n' && d.line == 0:
			return d.pass(b, i+1), true
		case ch == '\n':
			d.line = 0
		case ch != '\r':
			d.line++
		}
	}
	return d.pass(b, len(b)), false
}

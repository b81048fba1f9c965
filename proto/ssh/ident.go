package ssh

import "bytes"

// readLine takes bytes up to the end of a line and decides what the line is (RFC 4253,
// section 4.2). It returns how many it took.
func (d *side) readLine(b []byte, server bool) int {
	n := bytes.IndexByte(b, '\n') + 1
	complete := n > 0
	if !complete {
		n = len(b)
	}
	b = b[:n]
	if int(d.lineLen) < maxLine {
		copy(d.line[d.lineLen:], b)
	}
	d.lineLen += int32(n)
	have := d.line[:min(int(d.lineLen), maxLine)]
	head := min(len(have), len(prefix))
	if string(have[:head]) == prefix[:head] {
		switch {
		case d.lineLen > maxLine || bytes.IndexByte(b, 0) >= 0:
			d.state = stopped
		case complete:
			d.identify(have)
		}
		return n
	}
	d.preBytes += int32(n)
	if !server || d.preBytes > maxPreBytes || bytes.IndexByte(b, 0) >= 0 {
		d.state = stopped
		return n
	}
	if complete {
		d.lineLen = 0
		if d.preLines++; d.preLines > maxPreLines {
			d.state = stopped
		}
	}
	return n
}

// identify reads a complete line that starts with SSH-:
//
//	SSH-protoversion-softwareversion SP comments CR LF
func (d *side) identify(line []byte) {
	line = bytes.TrimSuffix(line[:len(line)-1], []byte{'\r'})
	at := digits(line, len(prefix))
	dot := at
	if at == len(prefix) || at == len(line) || line[at] != '.' {
		d.state = stopped
		return
	}
	at = digits(line, dot+1)
	if at == dot+1 || at == len(line) || line[at] != '-' {
		d.state = stopped
		return
	}
	d.banner = line
	d.version = span{uint8(len(prefix)), uint8(at)}
	from := at + 1
	for from < len(line) && isBlank(line[from]) {
		from++
	}
	to := from
	for to < len(line) && !isBlank(line[to]) {
		to++
	}
	d.words = span{uint8(from), uint8(to)}
	d.speaks1 = bytes.HasPrefix(d.protocol(), []byte("1.")) && string(d.protocol()) != "1.99"
	d.state = atPacket
	if d.speaks1 {
		d.state = stopped
	}
}

func isBlank(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// digits is the end of the run of decimal digits at b[at:].
func digits(b []byte, at int) int {
	for at < len(b) && b[at]-'0' <= 9 {
		at++
	}
	return at
}

// protocol is digits.digits of the identification, software its first word behind it.
func (d *side) protocol() []byte { return d.banner[d.version.from:d.version.to] }
func (d *side) software() []byte { return d.banner[d.words.from:d.words.to] }

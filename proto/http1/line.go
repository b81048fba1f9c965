package http1

import "bytes"

type requestLine struct {
	method, target []byte
	minor          byte // digit of HTTP/1.x
}

// parseRequestLine reads "token SP target SP HTTP/1.x". Blanks inside the target are left
// there, as some clients send them.
func parseRequestLine(line []byte) (r requestLine, ok bool) {
	first, last := bytes.IndexByte(line, ' '), bytes.LastIndexByte(line, ' ')
	if first <= 0 || first > maxMethod || last <= first+1 || hasControl(line) {
		return r, false
	}
	version := line[last+1:]
	r = requestLine{method: line[:first], target: line[first+1 : last]}
	for _, c := range r.method {
		if !isToken[c] {
			return r, false
		}
	}
	r.minor, ok = parseVersion(version)
	return r, ok && len(version) == len("HTTP/1.x")
}

type statusLine struct {
	minor byte
	code  int
}

// parseStatusLine reads "HTTP/1.x SP 3DIGIT", and a reason behind it if there is one.
func parseStatusLine(line []byte) (s statusLine, ok bool) {
	if s.minor, ok = parseVersion(line); !ok || len(line) < 12 || line[8] != ' ' {
		return s, false
	}
	for _, c := range line[9:12] {
		if c-'0' > 9 {
			return s, false
		}
		s.code = 10*s.code + int(c-'0')
	}
	return s, s.code >= 100 && !hasControl(line) && (len(line) == 12 || line[12] == ' ')
}

func parseVersion(b []byte) (minor byte, ok bool) {
	const start = "HTTP/1."
	if len(b) <= len(start) || string(b[:len(start)]) != start || b[len(start)]-'0' > 9 {
		return 0, false
	}
	return b[len(start)], true
}

// trimEnd takes the CR off a line whose LF is gone.
func trimEnd(b []byte) []byte {
	if n := len(b); n > 0 && b[n-1] == '\r' {
		return b[:n-1]
	}
	return b
}

// trim takes blanks and tabs off both ends.
func trim(b []byte) []byte { return bytes.Trim(b, " \t") }

// equalFold compares with a lower-case ASCII name.
func equalFold(b []byte, lowerName string) bool {
	if len(b) != len(lowerName) {
		return false
	}
	for i, c := range b {
		if lower(c) != lowerName[i] {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if c-'A' < 26 {
		c |= 0x20
	}
	return c
}

// authority is that of a target in absolute form, scheme://authority/path.
func authority(target []byte) []byte {
	i := bytes.Index(target, []byte("://"))
	if i <= 0 || bytes.IndexByte(target[:i], '/') >= 0 {
		return nil
	}
	a := target[i+3:]
	if n := bytes.IndexAny(a, "/?#"); n >= 0 {
		a = a[:n]
	}
	return a
}

// appendListed joins the values of a field that comes on several lines (RFC 9110, section
// 5.3).
func appendListed(dst, value []byte) []byte {
	if len(dst) > 0 {
		dst = append(dst, ", "...)
	}
	return append(dst, value...)
}

// hasProtocol reports whether an Upgrade field names a protocol, given in lower case and
// without a version.
func hasProtocol(list []byte, name string) bool {
	for more := true; more; {
		var e []byte
		e, list, more = bytes.Cut(list, []byte{','})
		if equalFold(trim(e), name) {
			return true
		}
	}
	return false
}

// parseLength reads a Content-Length: digits, or the same number several times, joined by
// commas (RFC 9110, section 8.6). The result is below zero for anything else.
func parseLength(v []byte) int64 {
	length := int64(-1)
	for more := true; more; {
		var e []byte
		e, v, more = bytes.Cut(v, []byte{','})
		e = trim(e)
		n := int64(0)
		if len(e) == 0 {
			return -1
		}
		for _, c := range e {
			if c-'0' > 9 || n > (1<<63-1-9)/10 {
				return -1
			}
			n = 10*n + int64(c-'0')
		}
		if length >= 0 && n != length {
			return -1
		}
		length = n
	}
	return length
}

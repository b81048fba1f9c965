package ssh

const hexDigits = "0123456789abcdef"

// appendText appends b with all bytes outside 0x21-0x7E, and the backslash, as \xhh.
func appendText(dst, b []byte) []byte {
	for _, c := range b {
		if c < 0x21 || c > 0x7e || c == '\\' {
			dst = append(dst, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
		} else {
			dst = append(dst, c)
		}
	}
	return dst
}

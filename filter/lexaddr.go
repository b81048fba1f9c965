package filter

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isHex(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func isAlnum(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// hexValue is the value of a hexadecimal digit; 255 of any other byte.
func hexValue(c byte) byte {
	switch {
	case isDigit(c):
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}

// lenID measures a name: letters, digits, dots, dashes and underscores, of which dashes
// and underscores neither begin nor end it and a dot does not begin it.
func lenID(s string) int {
	if !isAlnum(s[0]) {
		return 0
	}
	n := 1
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case isAlnum(c) || c == '.':
			n = i + 1
		case c != '-' && c != '_':
			return n
		}
	}
	return n
}

// lenNum measures decimal digits, or hexadecimal ones after 0x.
func lenNum(s string) int {
	n := 0
	if len(s) > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X') && isHex(s[2]) {
		for n = 3; n < len(s) && isHex(s[n]); n++ {
		}
		return n
	}
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return n
}

// lenDotted measures two to four numbers with dots between.
func lenDotted(s string) int {
	best, n := 0, lenNum(s)
	for part := 2; n > 0 && part <= 4 && n < len(s) && s[n] == '.'; part++ {
		m := lenNum(s[n+1:])
		if m == 0 {
			break
		}
		n += 1 + m
		best = n
	}
	return best
}

// lenMAC measures six groups of one or two hex digits with the same separator, three
// groups of four with dots, or twelve digits.
func lenMAC(s string) int {
	run := 0
	for run < len(s) && run < 12 && isHex(s[run]) {
		run++
	}
	if run == 0 {
		return 0
	}
	best := 0
	if run == 12 {
		best = 12
	}
	if run == 4 && len(s) >= 14 && s[4] == '.' && s[9] == '.' &&
		allHex(s[5:9]) && allHex(s[10:14]) {
		best = 14
	}
	if run > 2 || run >= len(s) {
		return best
	}
	sep := s[run]
	if sep != ':' && sep != '-' && sep != '.' {
		return best
	}
	n := run
	for range 5 {
		if n+1 >= len(s) || s[n] != sep || !isHex(s[n+1]) {
			return best
		}
		n += 2
		if n < len(s) && isHex(s[n]) {
			n++
		}
	}
	return max(best, n)
}

func allHex(s string) bool {
	for i := range len(s) {
		if !isHex(s[i]) {
			return false
		}
	}
	return true
}

// lenBogus measures what looks like a link-layer address that ends in a colon: groups of
// one or two hex digits, each with colons after it, at least two.
func lenBogus(s string) int {
	n, groups := 0, 0
	for {
		i := n
		for i < len(s) && i < n+2 && isHex(s[i]) {
			i++
		}
		j := i
		for j < len(s) && s[j] == ':' {
			j++
		}
		if i == n || j == i {
			break
		}
		n = j
		groups++
	}
	if groups < 2 {
		return 0
	}
	return n
}

// maxIPv6 is longer than any address with its IPv4 tail.
const maxIPv6 = 64

// lenIPv6 measures the longest IPv6 address: groups of up to four hex digits with colons
// between, at most one "::" and then fewer than eight of them, and possibly four dotted
// numbers in place of the last two.
func lenIPv6(s string) int {
	n, colon := 0, false
	for n < len(s) && n < maxIPv6 && (isHex(s[n]) || s[n] == ':' || s[n] == '.' || s[n] == 'x' || s[n] == 'X') {
		colon = colon || s[n] == ':'
		n++
	}
	if !colon {
		return 0
	}
	for ; n >= 2; n-- {
		if isIPv6(s[:n]) {
			return n
		}
	}
	return 0
}

func isIPv6(s string) bool {
	groups, gap, i := 0, false, 0
	for {
		if i+1 < len(s) && s[i] == ':' && s[i+1] == ':' {
			if gap {
				return false
			}
			gap = true
			if i += 2; i == len(s) {
				break
			}
		} else if i > 0 {
			if s[i] != ':' {
				return false
			}
			i++
		}
		if d := lenDotted(s[i:]); d > 0 && i+d == len(s) && dots(s[i:]) == 3 {
			// Four numbers stand for two groups. After "::" fewer than six may come before.
			return groups == 6 && !gap || groups <= 5 && gap
		}
		w := 0
		for i+w < len(s) && w < 4 && isHex(s[i+w]) {
			w++
		}
		if w == 0 {
			return false
		}
		groups++
		if i += w; i == len(s) {
			break
		}
	}
	return groups == 8 && !gap || groups <= 7 && gap
}

func dots(s string) int {
	n := 0
	for i := range len(s) {
		if s[i] == '.' {
			n++
		}
	}
	return n
}

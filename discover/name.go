package discover

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/miekg/dns"
)

// maxLabel is how many bytes an instance's name has at most (RFC 6763 section 4.1.1).
const maxLabel = 63

// cut makes a name fit, without cutting a character of it.
func cut(name string, most int) string {
	for len(name) > most {
		_, n := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-n]
	}
	return name
}

// escape writes a label as names in text have it: what has a meaning there, and what is not ASCII, as
// \. or as \DDD (RFC 1035 section 5.1).
func escape(label string) string {
	var b strings.Builder
	for i := range len(label) {
		switch c := label[i]; {
		case c == '.' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c > ' ' && c < 0x7f && !strings.ContainsRune(`"();@$`, rune(c)):
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, `\%03d`, c)
		}
	}
	return b.String()
}

// unescape undoes escape, and what package dns writes.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		if i+3 < len(s) && digit(s[i+1]) && digit(s[i+2]) && digit(s[i+3]) {
			b.WriteByte(byte(int(s[i+1]-'0')*100 + int(s[i+2]-'0')*10 + int(s[i+3]-'0')))
			i += 3
			continue
		}
		i++
		b.WriteByte(s[i])
	}
	return b.String()
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// key is a name as it is compared (RFC 6762 section 16).
func key(name string) string { return dns.CanonicalName(name) }

// instanceOf is the label of an instance in its full name; "" if that is none of the type.
func instanceOf(name, of string) string {
	full, suffix := key(name), "."+key(of)
	if !strings.HasSuffix(full, suffix) {
		return ""
	}
	if dns.CountLabel(name) != dns.CountLabel(of)+1 {
		return ""
	}
	return unescape(name[:len(full)-len(suffix)])
}

// full is the name of a type in the domain of the link.
func full(of string) string { return strings.TrimSuffix(of, ".") + ".local." }

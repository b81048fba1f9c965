package tls

import (
	"iter"
	"net/netip"
	"strings"

	"pinyon/internal/cursor"
)

// GeneralName choices of subjectAltName (RFC 5280 section 4.2.1.6) as context tags.
const (
	sanDNS = 0x82
	sanIP  = 0x87
)

// san yields tag and content of every subjectAltName entry in wire order.
func (c *Certificate) san() iter.Seq2[uint8, []byte] {
	return func(yield func(uint8, []byte) bool) {
		l := cursor.New(c.SAN)
		for l.Len() > 0 {
			tag, content, _ := element(&l)
			if l.Failed() || !yield(tag, content) {
				return
			}
		}
	}
}

// SANCount is the number of subjectAltName entries of every kind.
func (c *Certificate) SANCount() int {
	n := 0
	for range c.san() {
		n++
	}
	return n
}

// DNSNames yields the dNSName entries as they stand there.
func (c *Certificate) DNSNames() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for tag, name := range c.san() {
			if tag == sanDNS && !yield(name) {
				return
			}
		}
	}
}

// Wildcard reports whether a dNSName starts with "*.".
func (c *Certificate) Wildcard() bool {
	for name := range c.DNSNames() {
		if len(name) > 1 && name[0] == '*' && name[1] == '.' {
			return true
		}
	}
	return false
}

// AppendDNSNames appends the dNSName entries, escaped, lower case, joined by commas; one inside a
// name is written \x2c.
func (c *Certificate) AppendDNSNames(dst []byte) []byte {
	first := true
	for name := range c.DNSNames() {
		from := len(dst)
		dst = appendName(dst, name, first)
		first = false
		for i := from; i < len(dst); i++ {
			if c := dst[i]; c >= 'A' && c <= 'Z' {
				dst[i] = c | 0x20
			}
		}
	}
	return dst
}

// AppendIPs appends the iPAddress entries of four or sixteen bytes as text, joined by commas.
func (c *Certificate) AppendIPs(dst []byte) []byte {
	first := true
	for tag, b := range c.san() {
		ip, ok := netip.AddrFromSlice(b)
		if tag != sanIP || !ok {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = ip.AppendTo(dst)
	}
	return dst
}

// Matches reports whether the certificate is for a host name (RFC 6125): letters compare
// without case, and a leading "*." of the certificate covers one label. Without any
// subjectAltName the subject's common name decides.
func (c *Certificate) Matches(host string) bool {
	if c.SANCount() == 0 {
		return matchName(NameAttribute(c.SubjectDER, AttributeCN), host)
	}
	for name := range c.DNSNames() {
		if matchName(string(name), host) {
			return true
		}
	}
	return false
}

func matchName(pattern, host string) bool {
	pattern, host = strings.TrimSuffix(pattern, "."), strings.TrimSuffix(host, ".")
	if pattern == "" || host == "" {
		return false
	}
	if rest, ok := strings.CutPrefix(pattern, "*."); ok {
		label, tail, found := strings.Cut(host, ".")
		return found && label != "" && rest != "" && strings.EqualFold(rest, tail)
	}
	return strings.EqualFold(pattern, host)
}

// AppendOIDs appends the OIDs of issuer attributes, subject attributes and extensions: content
// octets in hex joined by commas, the three lists joined by semicolons.
func (c *Certificate) AppendOIDs(dst []byte) []byte {
	for i, name := range [...][]byte{c.IssuerDER, c.SubjectDER} {
		first := true
		for oid := range NameOIDs(name) {
			if !first {
				dst = append(dst, ',')
			}
			first = false
			dst = appendHex(dst, oid)
		}
		if i == 0 {
			dst = append(dst, ';')
		}
	}
	dst = append(dst, ';')
	first := true
	for oid := range c.ExtensionAll() {
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = appendHex(dst, oid)
	}
	return dst
}

package remote

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// DefaultPort of servers.
const DefaultPort = 8765

// DefaultToken is the name of a token that was given none.
const DefaultToken = "default"

// An Address is where a server is, and how it is known.
type Address struct {
	Host string // name or address, without brackets
	Port uint16
	TLS  bool
	// Name is that of the token, Token the token itself; "" if it comes from elsewhere.
	Name, Token string
	Pin         Pin
	// Old says that the scheme was jj or jjs: the server may be JoyfulJay.
	Old bool
}

// A Pin is the SHA-256 sum of a certificate's public key (SubjectPublicKeyInfo, RFC 7469 section
// 2.4). nil is none.
type Pin []byte

// String is the form that URLs have: sha256: and base64url.
func (p Pin) String() string { return "sha256:" + base64.RawURLEncoding.EncodeToString(p) }

// ParsePin reads what String writes; padding and the other base64 alphabet are understood too.
func ParsePin(s string) (Pin, error) {
	text, ok := strings.CutPrefix(s, "sha256:")
	text = strings.NewReplacer("+", "-", "/", "_", " ", "-").Replace(strings.TrimRight(text, "="))
	b, err := base64.RawURLEncoding.DecodeString(text)
	if !ok || err != nil || len(b) != 32 {
		return nil, errors.New("a pin is sha256: and 43 characters of base64")
	}
	return b, nil
}

// ParseAddress reads pinyon://HOST[:PORT][?pin=sha256:...&name=...&tls=1], pinyons:// for TLS, and
// JoyfulJay's jj:// and jjs:// with token=. Errors are *URLError and never show a token.
func ParseAddress(s string) (*Address, error) {
	a, err := parseAddress(s)
	if err != nil {
		return nil, &URLError{err}
	}
	return a, nil
}

func parseAddress(s string) (*Address, error) {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		return nil, errors.New("want pinyon://HOST:PORT, or pinyons:// for TLS")
	}
	a := &Address{Port: DefaultPort, Name: DefaultToken}
	switch strings.ToLower(scheme) {
	case "pinyon":
	case "pinyons":
		a.TLS = true
	case "jj":
		a.Old = true
	case "jjs":
		a.Old, a.TLS = true, true
	default:
		return nil, fmt.Errorf("unknown scheme %q; want pinyon, pinyons, jj or jjs", scheme)
	}
	place, text, _ := strings.Cut(rest, "?")
	if !a.Old && strings.Contains(strings.TrimSuffix(place, "/"), "/") {
		return nil, errors.New("a server has no path")
	}
	place, _, _ = strings.Cut(place, "/")
	if at := strings.LastIndexByte(place, '@'); at >= 0 {
		if !a.Old {
			return nil, errors.New("a server has no user: name= names the token")
		}
		place = place[at+1:]
	}
	if err := a.place(place); err != nil {
		return nil, err
	}
	query, err := url.ParseQuery(text)
	if err != nil {
		return nil, errors.New("the options behind ? are malformed")
	}
	return a, a.options(query)
}

// place reads HOST[:PORT].
func (a *Address) place(s string) error {
	host, port := s, ""
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		if end < 0 || end+1 < len(s) && s[end+1] != ':' {
			return errors.New("an IPv6 address stands in brackets")
		}
		host, port = s[1:end], s[end+1:]
		if ip, err := netip.ParseAddr(host); err != nil || !ip.Is6() {
			return errors.New("in brackets stands an IPv6 address")
		}
	} else if i := strings.IndexByte(s, ':'); i >= 0 {
		if strings.Count(s, ":") > 1 {
			return errors.New("an IPv6 address stands in brackets")
		}
		host, port = s[:i], s[i:]
	}
	if host == "" || strings.ContainsAny(host, " \t\r\n/\\") {
		return errors.New("the host is missing")
	}
	if port != "" {
		n, err := strconv.ParseUint(port[1:], 10, 16)
		if err != nil || n == 0 {
			return fmt.Errorf("port %q; want a number from 1 to 65535", port[1:])
		}
		a.Port = uint16(n)
	}
	a.Host = host
	return nil
}

func (a *Address) options(query url.Values) (err error) {
	for key, values := range query {
		v := values[len(values)-1]
		switch key {
		case "token":
			a.Token = v
		case "name":
			if a.Name = v; v == "" || len(v) > 255 {
				return errors.New("name= is empty or too long")
			}
		case "tls":
			on := slices.Contains([]string{"1", "true", "yes"}, strings.ToLower(v))
			if !on && !a.Old && !slices.Contains([]string{"0", "false", "no"}, strings.ToLower(v)) {
				return errors.New("tls= is 1 or 0")
			}
			a.TLS = a.TLS || on
		case "pin":
			if a.Pin, err = ParsePin(v); err != nil {
				return err
			}
		default:
			if !a.Old {
				return fmt.Errorf("unknown option %q; there are pin, name, tls and token", key)
			}
		}
	}
	if a.Pin != nil && !a.TLS {
		return errors.New("pin= needs TLS: want pinyons://")
	}
	return nil
}

// HostPort is HOST:PORT, with brackets where they are needed.
func (a *Address) HostPort() string {
	return net.JoinHostPort(a.Host, strconv.Itoa(int(a.Port)))
}

// Loopback reports whether the host is one of this machine's own, by its name or address alone.
func (a *Address) Loopback() bool {
	if ip, err := netip.ParseAddr(a.Host); err == nil {
		return ip.IsLoopback()
	}
	return strings.EqualFold(a.Host, "localhost")
}

// String is the address as a URL, without the token.
func (a *Address) String() string { return a.url(false) }

// WithToken is the address as a URL, with the token.
func (a *Address) WithToken() string { return a.url(true) }

func (a *Address) url(token bool) string {
	scheme := "pinyon"
	if a.Old {
		scheme = "jj"
	}
	if a.TLS {
		scheme += "s"
	}
	var q []string
	if a.Name != DefaultToken && a.Name != "" {
		q = append(q, "name="+url.QueryEscape(a.Name))
	}
	if a.Pin != nil {
		q = append(q, "pin="+a.Pin.String())
	}
	if token && a.Token != "" {
		q = append(q, "token="+url.QueryEscape(a.Token))
	}
	s := scheme + "://" + a.HostPort()
	if q != nil {
		s += "?" + strings.Join(q, "&")
	}
	return s
}

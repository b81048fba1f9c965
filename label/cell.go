package label

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"pinyon/packet"
)

// windows1252 are the characters of bytes 0x80 to 0x9f in that code page; 0 is none.
const windows1252 = "€\x00‚ƒ„…†‡ˆ‰Š‹Œ\x00Ž\x00\x00‘’“”•–—˜™š›œ\x00žŸ"

var high = []rune(windows1252)

// text is a cell without blanks around it. What is no UTF-8 is read as Windows-1252.
func text(s string) string {
	if utf8.ValidString(s) {
		return strings.TrimSpace(s)
	}
	var b strings.Builder
	for _, c := range []byte(s) {
		r := rune(c)
		if c >= 0x80 && c < 0xa0 {
			if r = high[c-0x80]; r == 0 {
				r = utf8.RuneError
			}
		}
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}

// fits reports whether a cell stands for every value.
func fits(s string) bool { return s == "" || s == "*" || s == "-" }

func (m *Mapping) record(cells *[columns]string) (r Record, err error) {
	if r.Label = cells[colLabel]; r.Label == "" {
		r.Label = m.Blank
	}
	if name, ok := m.Rename[r.Label]; ok {
		r.Label = name
	}
	if s := cells[colID]; !fits(s) {
		r.Flow.ID = s
	}
	address := func(s string, a *netip.Addr, c Columns) {
		if !fits(s) && err == nil {
			*a, err = m.address(s)
			r.Given |= c
		}
	}
	port := func(s string, p *uint16, c Columns) {
		if !fits(s) && err == nil {
			var v uint64
			v, err = whole(s, math.MaxUint16)
			*p = uint16(v)
			r.Given |= c
		}
	}
	address(cells[colSrc], &r.Flow.Src, Src)
	port(cells[colSrcPort], &r.Flow.SrcPort, SrcPort)
	address(cells[colDst], &r.Flow.Dst, Dst)
	port(cells[colDstPort], &r.Flow.DstPort, DstPort)
	if s := cells[colProtocol]; !fits(s) && err == nil {
		r.Flow.Protocol, err = protocol(s)
		r.Given |= Protocol
	}
	if from := cells[colFrom]; !fits(from) && err == nil {
		r.Timed = true
		r.From, err = m.time(from)
		r.To = r.From
		if to := cells[colTo]; !fits(to) && err == nil {
			r.To, err = m.time(to)
		} else if long := cells[colDuration]; !fits(long) && err == nil {
			var v float64
			v, err = strconv.ParseFloat(long, 64)
			if err == nil && !(v >= 0 && v*float64(cmp.Or(m.Unit, time.Second)) <= longest) {
				err = fmt.Errorf("a duration of %s is none of a flow", long)
			}
			r.To += int64(v * float64(cmp.Or(m.Unit, time.Second)))
		}
		r.To += int64(max(0, m.Resolution-1))
	}
	return r, err
}

// longest is how many nanoseconds a record may last: 10 years.
const longest = 10 * 365 * 24 * 3600 * 1e9

// address is an address as the rows of a run have it: that of a host, without a zone and not mapped
// to IPv6, or what stands for it.
func (m *Mapping) address(s string) (netip.Addr, error) {
	if b, err := hex.DecodeString(s); m.Anonymized && err == nil && len(b) == len(Hash{}) {
		return Hash(b).Addr(), nil
	}
	a, err := netip.ParseAddr(s)
	return a.Unmap().WithZone(""), err
}

// A Hash stands for an address in rows whose addresses are hashed: the first 8 bytes of a SHA-256.
type Hash [8]byte

// Addr is the hash as the index keeps it, in place of an address.
func (h Hash) Addr() netip.Addr {
	var b [16]byte
	copy(b[8:], h[:])
	return netip.AddrFrom16(b)
}

// whole is a whole number from 0 to most, with zeros in front or as a decimal fraction of 0 or without.
func whole(s string, most uint64) (uint64, error) {
	if digits, zeros, ok := strings.Cut(s, "."); ok && strings.Trim(zeros, "0") == "" {
		s = digits
	}
	base := 10
	if hex, ok := strings.CutPrefix(strings.ToLower(s), "0x"); ok {
		s, base = hex, 16
	}
	v, err := strconv.ParseUint(s, base, 64)
	if err == nil && v > most {
		err = fmt.Errorf("%d is over %d", v, most)
	}
	return v, err
}

// protocols are the numbers of protocols by their IANA keywords in lower case.
var protocols = sync.OnceValue(func() map[string]uint8 {
	of := map[string]uint8{"icmp6": packet.ProtoICMPv6, "icmpv6": packet.ProtoICMPv6}
	for n := range 256 {
		if s := packet.ProtoName(uint8(n)); s != "" {
			of[strings.ToLower(s)] = uint8(n)
		}
	}
	return of
})

func protocol(s string) (uint8, error) {
	if n, ok := protocols()[strings.ToLower(s)]; ok {
		return n, nil
	}
	v, err := whole(s, math.MaxUint8)
	return uint8(v), err
}

// usual are the layouts of times that are read without being asked for.
var usual = []string{time.RFC3339, "2006-01-02 15:04:05Z07:00", time.DateTime, "2006-01-02T15:04:05"}

// number reads a time that is a number of TimeUnits since the Unix epoch.
func (m *Mapping) number(s string) (int64, bool) {
	units, fraction, _ := strings.Cut(s, ".")
	if len(fraction) > 9 {
		return 0, false
	}
	unit := int64(cmp.Or(m.TimeUnit, time.Second))
	v, err := strconv.ParseUint(units, 10, 63)
	f, ferr := strconv.ParseInt((fraction + "000000000")[:9], 10, 64)
	const last = 1 << 33 * 1e9 // as 33 bits of seconds
	if err != nil || ferr != nil || v >= uint64(last/unit) {
		return 0, false
	}
	return int64(v)*unit + f/(1e9/unit), true
}

// time is nanoseconds since the Unix epoch.
func (m *Mapping) time(s string) (int64, error) {
	layouts := usual
	if len(m.Layouts) > 0 {
		layouts = append(m.Layouts[:len(m.Layouts):len(m.Layouts)], usual...)
	} else if v, ok := m.number(s); ok {
		return v, nil
	}
	where := m.Location
	if where == nil {
		where = time.UTC
	}
	var err error
	for _, layout := range layouts {
		var t time.Time
		if t, err = time.ParseInLocation(layout, s, where); err != nil {
			continue
		}
		if t.Hour() < m.Afternoon { // the date anew, for the clock may have changed in between
			t = time.Date(t.Year(), t.Month(), t.Day(), t.Hour()+12, t.Minute(), t.Second(), t.Nanosecond(), t.Location())
		}
		if t.Year() < 1970 || t.Year() > 2242 {
			return 0, fmt.Errorf("%q is out of the years 1970 to 2242", s)
		}
		return t.UnixNano(), nil
	}
	return 0, err
}

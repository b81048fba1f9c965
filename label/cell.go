package label

import (
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
	r.Label = cells[colLabel]
	if s := cells[colID]; !fits(s) {
		r.Flow.ID = s
	}
	address := func(s string, a *netip.Addr, c Columns) {
		if !fits(s) && err == nil {
			*a, err = netip.ParseAddr(s)
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
		}
		r.To += int64(max(0, m.Resolution-1))
	}
	return r, err
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

// time is nanoseconds since the Unix epoch.
func (m *Mapping) time(s string) (int64, error) {
	layouts := m.Layouts
	if len(layouts) == 0 {
		if seconds, fraction, _ := strings.Cut(s, "."); len(fraction) <= 9 {
			v, err := strconv.ParseUint(seconds, 10, 33)
			f, ferr := strconv.ParseUint((fraction + "000000000")[:9], 10, 64)
			if err == nil && ferr == nil {
				return int64(v*1e9 + f), nil
			}
		}
		layouts = []string{time.RFC3339, "2006-01-02 15:04:05Z07:00", time.DateTime, "2006-01-02T15:04:05"}
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

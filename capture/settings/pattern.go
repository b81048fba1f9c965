package settings

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// words are what a file name may have in braces.
var words = []string{"timestamp", "date", "time", "interface", "seq", "host"}

// patternOK reports whether a file name has no directory, and known words in braces.
func patternOK(s string) bool {
	if s == "" || len(s) > 200 || s == "." || s == ".." || strings.ContainsAny(s, "/\\\x00") {
		return false
	}
	for rest := s; ; {
		at := strings.IndexAny(rest, "{}")
		if at < 0 {
			return true
		}
		end := strings.IndexByte(rest[at:], '}')
		if rest[at] == '}' || end < 0 || !slices.Contains(words, rest[at+1:at+end]) {
			return false
		}
		rest = rest[at+end+1:]
	}
}

// Path is the file that Directory and Pattern name: {timestamp} is seconds since 1970, {date}
// 20060102 and {time} 150405 of at in UTC, {seq} n. What an interface or a host may have in its
// name and a file may not becomes _. The extension is that of Format.
func (o *Output) Path(at time.Time, iface, host string, n int) string {
	at = at.UTC()
	name := strings.NewReplacer("{timestamp}", strconv.FormatInt(at.Unix(), 10), "{date}", at.Format("20060102"), "{time}", at.Format("150405"),
		"{interface}", fileWord(iface), "{seq}", seqDigits(n), "{host}", fileWord(host)).Replace(o.Pattern)
	switch ext := filepath.Ext(name); strings.ToLower(ext) {
	case ".parquet", ".pcap", ".pcapng", ".csv":
		name = strings.TrimSuffix(name, ext)
	}
	return filepath.Join(o.Directory, name+"."+o.Format)
}

func seqDigits(n int) string {
	s := strconv.Itoa(n)
	return strings.Repeat("0", max(5-len(s), 0)) + s
}

// fileWord is a text as a part of a file's name.
func fileWord(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 127 || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, s)
}

// Device is the name of the devices as a file's name has it: several with a plus sign, and auto
// where none is named.
func (c *Capture) Device() string {
	if len(c.Interfaces) == 0 {
		return "auto"
	}
	return strings.Join(c.Interfaces, "+")
}

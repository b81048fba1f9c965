package tls

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// names undoes a list of names that commas join.
func names(t *testing.T, list string) (out []string) {
	t.Helper()
	for item := range strings.SplitSeq(list, ",") {
		name, err := strconv.Unquote(`"` + strings.ReplaceAll(item, `"`, `\"`) + `"`)
		if err != nil {
			t.Fatalf("%q in %q: %v", item, list, err)
		}
		out = append(out, name)
	}
	return out
}

// certificateFor is a certificate with the dNSNames, which are short.
func certificateFor(hosts []string) *Certificate {
	var all []byte
	for _, h := range hosts {
		all = append(all, der(sanDNS, []byte(h))...)
	}
	return &Certificate{SAN: all}
}

func checkNames(t *testing.T, a, b string) {
	t.Helper()
	if isGREASEProtocol([]byte(a)) || isGREASEProtocol([]byte(b)) {
		return // left out of the list
	}
	want := []string{a, b}
	protocols := Protocols(cat([]byte{byte(len(a))}, []byte(a), []byte{byte(len(b))}, []byte(b)))
	if got := names(t, string(protocols.AppendText(nil))); !slices.Equal(got, want) {
		t.Errorf("protocols %q are told as %q", want, got)
	}
}

// TestNamesWithCommas: a name that holds commas is not taken for several.
func TestNamesWithCommas(t *testing.T) {
	for _, in := range [][2]string{{"h2,http/1.1", "x"}, {",", ",,"}, {`\x2c`, "a\\,b"}, {"a", ""}, {" \x00,\xff", "h3"}} {
		checkNames(t, in[0], in[1])
	}
	protocols := Protocols("\x0bh2,http/1.1\x02h3")
	if got := string(protocols.AppendText(nil)); got != `h2\x2chttp/1.1,h3` {
		t.Error(got)
	}
}

func FuzzNames(f *testing.F) {
	f.Add("h2,http/1.1", "x")
	f.Add("", ",")
	f.Fuzz(func(t *testing.T, a, b string) { checkNames(t, a[:min(len(a), 255)], b[:min(len(b), 255)]) })
}

// TestHostsWithCommas: the same of the host names of a certificate.
func TestHostsWithCommas(t *testing.T) {
	hosts := []string{"a.example,Victim.example", "b.example", ","}
	list := string(certificateFor(hosts).AppendDNSNames(nil))
	if got := names(t, list); !slices.Equal(got, []string{"a.example,victim.example", "b.example", ","}) {
		t.Errorf("hosts %q are told as %q", hosts, list)
	}
	if bytes.Count([]byte(list), []byte{','}) != len(hosts)-1 {
		t.Error(list)
	}
}

package dns

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

func TestAccepted(t *testing.T) {
	a := rrBytes(toQName, typeA, 1, 60, []byte{1, 2, 3, 4})
	full := response(7, "example.com", typeA, 0, a)
	tc := response(7, "example.com", typeA, flagTC, a)
	opt := rrBytes([]byte{0}, typeOPT, 1232, 0, []byte{0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8})
	withOPT := cat(header(7, flagQR, 1, 1, 0, 1), question("example.com", typeA, 1), a, opt)
	questions := func(n int) []byte {
		return cat(header(7, 0, uint16(n)), bytes.Repeat(question("a.b", 1, 1), n))
	}
	for _, c := range []struct {
		name    string
		b       []byte
		wire    int
		carrier Carrier
		want    bool
	}{
		{"query", query(7, "example.com", 1), 0, UDP, true},
		{"response", full, 0, UDP, true},
		{"header only", header(7, 0), 0, UDP, true},
		{"eleven bytes", header(7, 0)[:11], 0, UDP, false},
		{"eleven bytes of more", header(7, 0)[:11], 50, UDP, false},
		{"40 bytes of 0xff", bytes.Repeat([]byte{0xff}, 40), 0, UDP, false},
		{"opcode 3", header(7, 3<<11), 0, UDP, false},
		{"opcode 4", header(7, 4<<11), 0, UDP, true},
		{"opcode 6", header(7, 6<<11), 0, UDP, true},
		{"opcode 7", header(7, 7<<11), 0, UDP, false},
		{"16 questions", questions(16), 0, UDP, true},
		{"17 questions", questions(17), 0, UDP, false},
		{"18 questions of mDNS", questions(18), 0, MDNS, true},
		{"18 questions of LLMNR", questions(18), 0, LLMNR, false},
		{"record missing", full[:len(full)-14], 0, UDP, false},
		{"record cut", full[:len(full)-1], 0, UDP, false},
		{"record cut by the capture", full[:len(full)-1], len(full), UDP, true},
		{"record cut, TC set", tc[:len(tc)-1], 0, UDP, false},
		{"OPT cut in its data", withOPT[:len(withOPT)-3], 0, UDP, true},
		{"OPT cut in its type", withOPT[:len(withOPT)-len(opt)+2], 0, UDP, true},
		{"OPT left out", withOPT[:len(withOPT)-len(opt)], 0, UDP, true},
		{"name server's address cut", cat(header(7, flagQR, 1, 1, 0, 1), question("example.com", typeA, 1), a, name("ns"), b16(1, 1)), 0, UDP, false},
		{"answer cut ahead of it", withOPT[:len(withOPT)-len(opt)-1], 0, UDP, false},
		{"nothing counted, bytes behind", append(header(7, 0), 1, 2, 3), 0, UDP, false},
		{"question cut by the capture", full[:15], len(full), UDP, true},
		{"bytes behind", append(query(7, "a", 1), 0), 0, UDP, true},
		{"answer without question", cat(header(7, 1<<11, 0, 1), rrBytes([]byte{0}, 1, 1, 0, []byte{1, 2, 3, 4})), 0, UDP, true},
		{"no carrier", query(7, "a", 1), 0, NoCarrier, false},
	} {
		f := flow(c.carrier)
		if got := f.Datagram(0, c.b, max(c.wire, len(c.b)), false, 0); got != c.want || f.Detected() != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func TestNames(t *testing.T) {
	label := strings.Repeat("x", 63)
	long := strings.Join([]string{label, label, label}, ".") // 192 octets
	ask := func(wire []byte) []byte { return cat(header(1, 0, 1), wire, b16(1, 1)) }
	for _, c := range []struct {
		name string
		wire []byte
		want string
		ok   bool
	}{
		{"lower case", name("WWW.Example.COM"), "www.example.com", true},
		{"root", []byte{0}, ".", true},
		{"dot and backslash", []byte{4, 'a', '.', 'b', '\\', 1, 'c', 0}, `a\.b\\.c`, true},
		{"control, blank, high", []byte{4, 1, ' ', 0x7f, 0xe9, 0}, `\001\032\127\233`, true},
		{"255 octets", name(long + "." + label[:61]), long + "." + label[:61], true},
		{"256 octets", name(long + "." + label[:62]), "", false},
		{"more than 50 labels", name(strings.Repeat("a.", 60)), strings.TrimSuffix(strings.Repeat("a.", 60), "."), true},
		{"type 01", []byte{0x41, 'a', 0}, "", false},
		{"type 10", []byte{0x81, 'a', 0}, "", false},
		{"pointer to itself", []byte{0xc0, 12}, "", false},
		{"pointer to its own labels", []byte{1, 'a', 0xc0, 12}, "", false},
		{"pointer forward", []byte{0xc0, 14, 0}, "", false},
		{"pointer to the end", []byte{0xc0, 0xff}, "", false},
		// Offset 5 is QDCOUNT's low byte: a label of one byte, a zero, and the root behind it.
		{"pointer below", []byte{1, 'a', 0xc0, 5}, `a.\000`, true},
	} {
		f := flow(UDP)
		ok := f.Datagram(0, ask(c.wire), 0, false, 0)
		got := text(f.AppendQueryName)
		if ok != c.ok || got != c.want {
			t.Errorf("%s: got %q, %v; want %q, %v", c.name, got, ok, c.want, c.ok)
		}
	}
}

// TestPointerChain: each pointer leads to the one before; the last allowed is number 255.
func TestPointerChain(t *testing.T) {
	for _, n := range []int{1, 255, 256} {
		rdata := []byte{0}
		for i := range n {
			at := headerLen + 11 // of rdata: root owner and ten bytes
			if i > 0 {
				at += 1 + 2*(i-1)
			}
			rdata = append(rdata, 0xc0|byte(at>>8), byte(at))
		}
		at := headerLen + 11 + 1 + 2*(n-1)
		last := []byte{0xc0 | byte(at>>8), byte(at)}
		b := cat(header(1, flagQR, 0, 2), rrBytes([]byte{0}, 10, 1, 0, rdata), rrBytes(last, 1, 1, 0, nil))
		if got, want := flow(UDP).Datagram(0, b, 0, false, 0), n+1 <= maxPointers; got != want {
			t.Errorf("%d pointers: got %v, want %v", n+1, got, want)
		}
	}
}

func TestTypeAndCodeNames(t *testing.T) {
	for v, want := range map[uint16]string{0: "TYPE0", 1: "A", 28: "AAAA", 65: "HTTPS", 66: "TYPE66", 99: "SPF", 109: "EUI64", 110: "TYPE110", 248: "TYPE248", 249: "TKEY", 255: "ANY", 257: "CAA", 258: "TYPE258", 65535: "TYPE65535"} {
		if got := string(appendType(nil, v)); got != want {
			t.Errorf("type %d: got %s, want %s", v, got, want)
		}
	}
	for v, want := range map[int64]string{0: "NOERROR", 3: "NXDOMAIN", 11: "DSOTYPENI", 12: "RCODE12", 16: "BADVERS", 23: "BADCOOKIE", 24: "RCODE24", 4095: "RCODE4095"} {
		if got := string(appendCode(nil, v)); got != want {
			t.Errorf("code %d: got %s, want %s", v, got, want)
		}
	}
}

func TestLower8(t *testing.T) {
	for c := range 256 {
		for at := range 8 {
			for _, rest := range []uint64{0, 0x4041_5a5b_607a_7bff, ^uint64(0)} {
				w := rest&^(0xff<<(8*at)) | uint64(c)<<(8*at)
				got := lower8(w)
				for i := range 8 {
					if g, want := byte(got>>(8*i)), lower(byte(w>>(8*i))); g != want {
						t.Fatalf("%016x: byte %d is %02x; want %02x", w, i, g, want)
					}
				}
			}
		}
	}
}

// TestRegisteredNames holds every name of the page against its number (IANA).
func TestRegisteredNames(t *testing.T) {
	const types = "1 A 2 NS 5 CNAME 6 SOA 10 NULL 12 PTR 13 HINFO 15 MX 16 TXT 17 RP 18 AFSDB 24 SIG 25 KEY 28 AAAA 29 LOC 33 SRV 35 NAPTR 36 KX 37 CERT 39 DNAME " +
		"41 OPT 42 APL 43 DS 44 SSHFP 45 IPSECKEY 46 RRSIG 47 NSEC 48 DNSKEY 49 DHCID 50 NSEC3 51 NSEC3PARAM 52 TLSA 53 SMIMEA 55 HIP 59 CDS 60 CDNSKEY " +
		"61 OPENPGPKEY 62 CSYNC 63 ZONEMD 64 SVCB 65 HTTPS 99 SPF 108 EUI48 109 EUI64 249 TKEY 250 TSIG 251 IXFR 252 AXFR 253 MAILB 254 MAILA 255 ANY 256 URI 257 CAA"
	const codes = "0 NOERROR 1 FORMERR 2 SERVFAIL 3 NXDOMAIN 4 NOTIMP 5 REFUSED 6 YXDOMAIN 7 YXRRSET 8 NXRRSET 9 NOTAUTH 10 NOTZONE 11 DSOTYPENI " +
		"16 BADVERS 17 BADKEY 18 BADTIME 19 BADMODE 20 BADNAME 21 BADALG 22 BADTRUNC 23 BADCOOKIE"
	named := func(list, other string, max int64, name func(int64) string) {
		words := strings.Fields(list)
		for v := range max {
			want := fmt.Sprint(other, v)
			if len(words) > 0 && words[0] == fmt.Sprint(v) {
				want, words = words[1], words[2:]
			}
			if got := name(v); got != want {
				t.Errorf("%d: got %s, want %s", v, got, want)
			}
		}
		if len(words) > 0 {
			t.Errorf("not asked: %v", words)
		}
	}
	named(types, "TYPE", 1<<16, func(v int64) string { return string(appendType(nil, uint16(v))) })
	named(codes, "RCODE", 1<<12, func(v int64) string { return string(appendCode(nil, v)) })
}

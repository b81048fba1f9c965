package cryptopan

import (
	"math/bits"
	"math/rand/v2"
	"net/netip"
	"testing"

	"pinyon/internal/allocs"
)

// published is the key of the reference implementation's sample.
var published = [KeySize]byte{
	21, 34, 23, 141, 51, 164, 207, 128, 19, 10, 91, 22, 73, 144, 125, 16,
	216, 152, 143, 131, 121, 121, 101, 39, 98, 87, 76, 45, 42, 132, 34, 2,
}

// TestPublished compares with the sample trace of the reference implementation (IPv4), and with
// the check values that other implementations publish under the same key (IPv6).
func TestPublished(t *testing.T) {
	c := New(published)
	for _, v := range [][2]string{
		{"128.11.68.132", "135.242.180.132"},
		{"129.118.74.4", "134.136.186.123"},
		{"130.132.252.244", "133.68.164.234"},
		{"141.223.7.43", "141.167.8.160"},
		{"141.233.145.108", "141.129.237.235"},
		{"152.163.225.39", "151.140.114.167"},
		{"156.29.3.236", "147.225.12.42"},
		{"165.247.96.84", "162.9.99.234"},
		{"166.107.77.190", "160.132.178.185"},
		{"192.102.249.13", "252.138.62.131"},
		{"192.215.32.125", "252.43.47.189"},
		{"192.233.80.103", "252.25.108.8"},
		{"192.41.57.43", "252.222.221.184"},
		{"::1", "78ff:f001:9fc0:20df:8380:b1f1:704:ed"},
		{"::2", "78ff:f001:9fc0:20df:8380:b1f1:704:ef"},
		{"::ffff", "78ff:f001:9fc0:20df:8380:b1f1:704:f838"},
		{"2001:db8::1", "4401:2bc:603f:d91d:27f:ff8e:e6f1:dc1e"},
		{"2001:db8::2", "4401:2bc:603f:d91d:27f:ff8e:e6f1:dc1c"},
		{"::ffff:128.11.68.132", "::ffff:135.242.180.132"},
	} {
		if got := c.Addr(netip.MustParseAddr(v[0])); got != netip.MustParseAddr(v[1]) {
			t.Errorf("%s became %s, published is %s", v[0], got, v[1])
		}
	}
}

// shared counts the leading bits that two addresses of one family share.
func shared(a, b netip.Addr) int {
	x, y := a.AsSlice(), b.AsSlice()
	for i := range x {
		if d := x[i] ^ y[i]; d != 0 {
			return 8*i + bits.LeadingZeros8(d)
		}
	}
	return 8 * len(x)
}

// TestPrefix says that exactly the shared prefix stays shared, under any key.
func TestPrefix(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var key [KeySize]byte
		for i := range key {
			key[i] = byte(r.Uint32())
		}
		c := New(key)
		b := make([]byte, []int{4, 16}[r.IntN(2)])
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		x, _ := netip.AddrFromSlice(b)
		for k, i := r.IntN(8*len(b)), 0; i < 8*len(b); i++ {
			if i == k || i > k && r.IntN(2) == 0 {
				b[i/8] ^= 0x80 >> (i % 8)
			}
		}
		y, _ := netip.AddrFromSlice(b)
		if x.Is4In6() || y.Is4In6() {
			continue
		}
		if want, got := shared(x, y), shared(c.Addr(x), c.Addr(y)); got != want {
			t.Fatalf("%s and %s share %d bits, %s and %s share %d", x, y, want, c.Addr(x), c.Addr(y), got)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	c, a := New(published), netip.MustParseAddr("2001:db8::1")
	if n := allocs.PerRun(t, 1000, func() { c.Addr(a) }); n > 0.5 {
		t.Errorf("an address takes %v allocations", n)
	}
}

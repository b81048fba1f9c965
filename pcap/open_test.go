package pcap

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

func gzipped(t testing.TB, parts ...[]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	for _, p := range parts {
		z := gzip.NewWriter(&out)
		z.Write(p)
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

func zstandard(t testing.TB, parts ...[]byte) []byte {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	var out []byte
	for _, p := range parts {
		out = z.EncodeAll(p, out)
	}
	return out
}

func TestCompressed(t *testing.T) {
	skippable := fields(le, uint32(0x184d2a53), uint32(5), "hello")
	for _, ng := range []bool{false, true} {
		in, fs := sample(ng)
		for name, z := range map[string][]byte{
			"gzip":                  gzipped(t, in),
			"gzip, members":         gzipped(t, in[:10], in[10:1000], nil, in[1000:]),
			"zstd":                  zstandard(t, in),
			"zstd, frames":          zstandard(t, in[:10], in[10:1000], in[1000:]),
			"zstd, skippable first": cat(skippable, zstandard(t, in)),
		} {
			path := filepath.Join(t.TempDir(), "capture")
			if err := os.WriteFile(path, z, 0o600); err != nil {
				t.Fatal(err)
			}
			r, err := Open(path)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if got, err := drain(t, r); err != nil || !slices.Equal(got, fs) {
				t.Errorf("%s: %d frames, error %v", name, len(got), err)
			}
			if r.Size() != int64(len(z)) || r.Offset() != r.Size() || !strings.HasPrefix(name, r.Info().Compression) {
				t.Errorf("%s: size %d, offset %d, info %+v", name, r.Size(), r.Offset(), r.Info())
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestCompressedDamage(t *testing.T) {
	in := benchCapture(1<<20, false)
	all, _, err := read(t, in, blockSize)
	if err != nil {
		t.Fatal(err)
	}
	for name, whole := range map[string][]byte{"gzip": gzipped(t, in), "zstd": zstandard(t, in)} {
		for n := 0; n < len(whole); n += 1 + n/50 {
			got, c, err := read(t, whole[:n], 4096)
			if !slices.Equal(got, all[:len(got)]) || err == nil || !errors.Is(err, ErrFormat) && !c.Truncated {
				t.Fatalf("%s cut at %d of %d: %d frames, %+v, error %v", name, n, len(whole), len(got), c, err)
			}
		}
		for _, at := range []int{len(whole) - 4, len(whole) - 1} { // gzip: length; zstd: checksum
			bad := slices.Clone(whole)
			bad[at] ^= 1
			got, c, err := read(t, bad, 4096)
			if len(got) == 0 || !errors.Is(err, ErrDamaged) || !c.Damaged || !strings.Contains(err.Error(), ": "+name+": ") {
				t.Errorf("%s: %d frames, %+v, error %v", name, len(got), c, err)
			}
		}
	}
}

func TestNotACapture(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct {
		name, text string
		in         []byte
	}{
		{"empty", "not a capture file: empty", nil},
		{"short", "not a capture file: header cut: 3 of 4 bytes", []byte("abc")},
		{"text", `not a capture file: begins with "hell"`, []byte("hello, world")},
		{"pcap-cut", "not a capture file: header cut: 23 of 24 bytes", header(le, magicMicro, 0, 1)[:23]},
		{"pcap-version", "not a capture file: pcap version 3.0 unknown", version(be, magicMicro, 3, 0, 0, 1)},
		{"pcapng-cut", "not a capture file: header cut: 11 of 12 bytes", shb(le)[:11]},
		{"pcapng-cut-late", "not a capture file: header cut: 27 of 28 bytes", shb(be)[:27]},
		{"pcapng-cut-options", "not a capture file: first section: cut by the end of the file: 30 of 40 bytes",
			block(le, blockSection, uint32(orderMagic), uint16(1), uint16(0), int64(-1), opt(le, 3, "Plan 9"))[:30]},
		{"pcapng-damaged", "not a capture file: first section: block length 16 under 28", block(le, blockSection, uint32(orderMagic), make([]byte, 0))[:12:12]},
		{"newlines", `not a capture file: begins with "\n\r\r\nhello, w"`, []byte("\n\r\r\nhello, world")},
		{"gzip-text", `not a capture file: begins with "hell"`, gzipped(t, []byte("hello, world"))},
		{"gzip-empty", "not a capture file: gzip: empty", gzipped(t, nil)},
		{"gzip-cut", "not a capture file: gzip: stream cut", gzipped(t, []byte("hello"))[:5]},
		{"zstd-text", `not a capture file: begins with "hell"`, zstandard(t, []byte("hello, world"))},
		{"zstd-damaged", "not a capture file: zstd: ", []byte("\x28\xb5\x2f\xfd\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.name == "pcapng-damaged" {
				tt.in = cat(tt.in, make([]byte, 20))
			}
			path := filepath.Join(dir, tt.name)
			if err := os.WriteFile(path, tt.in, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Open(path)
			if !errors.Is(err, ErrFormat) || !strings.HasPrefix(err.Error(), "pcap: "+path+": "+tt.text) {
				t.Errorf("got %v", err)
			}
		})
	}
	if _, err := Open(dir); !errors.Is(err, ErrFormat) || err.Error() != "pcap: "+dir+" is a directory" {
		t.Errorf("got %v", err)
	}
	if _, err := Open(filepath.Join(dir, "absent")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestStdin(t *testing.T) {
	in, fs := sample(true)
	pr, pw, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer pr.Close()
	defer func(f *os.File) { os.Stdin = f }(os.Stdin)
	os.Stdin = pr
	go func() {
		pw.Write(in)
		pw.Close()
	}()
	r, err := Open("-")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := drain(t, r); err != nil || !slices.Equal(got, fs) {
		t.Errorf("%d frames, error %v", len(got), err)
	}
	r.Close()
	if _, err := pr.Stat(); err != nil {
		t.Errorf("standard input was closed: %v", err)
	}
	if _, err := Open("-"); !errors.Is(err, ErrFormat) || err.Error() != "pcap: standard input: not a capture file: empty" {
		t.Errorf("got %v", err)
	}
}

func TestInfo(t *testing.T) {
	for _, tt := range []struct {
		in   []byte
		want Info
	}{
		{header(be, magicNano, 96, 113), Info{Format: "pcap", BigEndian: true, Major: 2, Minor: 4,
			Interfaces: []Interface{{Link: 113, Snaplen: 96, Resolution: Nanoseconds}}}},
		{zstandard(t, header(le, magicModified, 0, 1)), Info{Format: "pcap", Compression: "zstd", Modified: true, Major: 2, Minor: 4,
			Interfaces: []Interface{{Link: 1, Resolution: Microseconds}}}},
		{cat(shb(be), idb(be, 1, 0), idb(be, 101, 7, opt(be, optionName, "eth\u00e9\x00\x00"), opt(be, optionResolution, uint8(0x8a)), opt(be, optionOffset, int64(-5))),
			block(be, 77), idb(be, 9, 0)),
			Info{Format: "pcapng", BigEndian: true, Major: 1, Sections: 1, Interfaces: []Interface{
				{Link: 1, Resolution: Microseconds}, {Link: 101, Snaplen: 7, Resolution: 0x8a, Offset: -5, Name: "eth\u00e9"}}}},
	} {
		r, err := NewReader(bytes.NewReader(tt.in))
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Info(); !reflect.DeepEqual(got, tt.want) || r.Format() != got.Format {
			t.Errorf("got %+v, want %+v", got, tt.want)
		}
		r.Close()
	}
}

// TestInterfaceLimits: names do not pile up, and there is an end to interfaces.
func TestInterfaceLimits(t *testing.T) {
	one := idb(le, 1, 0, opt(le, optionName, strings.Repeat("n", maxName)))
	in := cat(shb(le), bytes.Repeat(one, 5000))
	r, err := NewReader(bytes.NewReader(in))
	if err != nil {
		t.Fatal(err)
	}
	drain(t, r)
	n := 0
	for _, i := range r.Info().Interfaces {
		n += len(i.Name)
	}
	if n > maxNames || len(r.Info().Interfaces) != 5000 {
		t.Errorf("%d interfaces with %d bytes of names", len(r.Info().Interfaces), n)
	}
	r.Close()
	in = cat(shb(le), bytes.Repeat(idb(le, 1, 0), maxInterfaces+1))
	if _, c, err := read(t, in, blockSize); !errors.Is(err, ErrDamaged) || !c.Damaged {
		t.Errorf("got %v", err)
	}
}

package fields

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/net/http2/hpack"
)

// joined are fields as text.
type joined struct{ strings.Builder }

func (j *joined) Field(name, value string) { fmt.Fprintf(j, "%s=%s;", name, value) }

// decoded joins the fields of a block.
func decoded(d *Decoder, b []byte) (string, bool) {
	var j joined
	ok := d.Block(b, &j)
	return j.String(), ok
}

// TestBlocks: what RFC 7541 gives in appendix C.4, and after Reset from the start again.
func TestBlocks(t *testing.T) {
	blocks := []string{"\x82\x86\x84\x41\x8c\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff", "\x82\x86\x84\xbe\x58\x86\xa8\xeb\x10\x64\x9c\xbf"}
	want := []string{":method=GET;:scheme=http;:path=/;:authority=www.example.com;", ":method=GET;:scheme=http;:path=/;:authority=www.example.com;cache-control=no-cache;"}
	var d Decoder
	for range 3 {
		d.Reset()
		for i, b := range blocks {
			if got, ok := decoded(&d, []byte(b)); !ok || got != want[i] {
				t.Errorf("block %d: %q, %v", i, got, ok)
			}
		}
	}
	d.Reset()
	if _, ok := decoded(&d, []byte(blocks[1])); ok {
		t.Error("a table outlives Reset")
	}
}

// TestBounds: a table larger than what is kept, and a string longer, end the direction.
func TestBounds(t *testing.T) {
	for _, c := range []struct {
		table uint32
		value int
		want  bool
	}{{defaultTable, maxString, true}, {maxTable, 10, true}, {maxTable + 1, 10, false}, {defaultTable, maxString + 1, false}} {
		var b bytes.Buffer
		e := hpack.NewEncoder(&b)
		e.SetMaxDynamicTableSizeLimit(1 << 20)
		e.SetMaxDynamicTableSize(c.table)
		e.WriteField(hpack.HeaderField{Name: "a", Value: strings.Repeat("x", c.value)})
		var d Decoder
		d.Reset()
		if _, ok := decoded(&d, b.Bytes()); ok != c.want {
			t.Errorf("table of %d, value of %d: %v; want %v", c.table, c.value, ok, c.want)
		}
	}
}

// FuzzBlock: no input panics, and a Decoder that was used equals a fresh one.
func FuzzBlock(f *testing.F) {
	f.Add([]byte("\x82\x86\x84\x41\x8c\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff"), []byte("\x82\xbe"))
	f.Add([]byte("\x3f\xe1\x1f\x40\x01a\x01b"), []byte("\xbe\xff\x80\x80\x80\x80\x01"))
	var used Decoder
	f.Fuzz(func(t *testing.T, x, y []byte) {
		used.Reset()
		var fresh Decoder
		fresh.Reset()
		for _, b := range [][]byte{x, y} {
			got, ok := decoded(&used, b)
			if want, wanted := decoded(&fresh, b); got != want || ok != wanted {
				t.Fatalf("reused %q, %v; fresh %q, %v", got, ok, want, wanted)
			}
			if !ok {
				return
			}
		}
	})
}

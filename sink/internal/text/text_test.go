package text

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"pinyon/column"
	"pinyon/feature"
	"pinyon/internal/allocs"
)

func textColumn(values ...string) *column.Column {
	c := &column.Column{Field: &column.Field{Desc: feature.Desc{Kind: feature.Text}}, Offsets: []int32{0}}
	for _, v := range values {
		c.Bytes = append(c.Bytes, v...)
		c.Offsets = append(c.Offsets, int32(len(c.Bytes)))
	}
	return c
}

func TestClean(t *testing.T) {
	for _, values := range [][]string{
		{}, {""}, {"plain", "text of some length"}, {"é", "日本"},
		{"\xc3", "\xa9"}, // valid together, not apart
		{"a\xffb", "", "ok", "\xe2\x82"},
	} {
		c := textColumn(values...)
		var a Arena
		bytes, offsets, bad := a.Clean(c, len(values))
		wantBad := 0
		for i, v := range values {
			got := string(bytes[offsets[i]:offsets[i+1]])
			if want := string([]rune(v)); got != want {
				t.Errorf("%q: got %q; want %q", v, got, want)
			}
			for _, r := range v {
				if r == utf8.RuneError {
					wantBad++
				}
			}
		}
		if bad != wantBad {
			t.Errorf("%q: %d bytes replaced; want %d", values, bad, wantBad)
		}
		if bad == 0 && len(c.Bytes) > 0 && &bytes[0] != &c.Bytes[0] {
			t.Errorf("%q: valid text was copied", values)
		}
	}
}

func TestASCII(t *testing.T) {
	s := []byte("0123456789abcdefXYZ")
	if !ASCII(s) || !ASCII(nil) {
		t.Error("ASCII text is not")
	}
	for i := range s {
		old := s[i]
		s[i] = 0x80
		if ASCII(s) {
			t.Errorf("byte %d went unnoticed", i)
		}
		s[i] = old
	}
}

func TestAllocations(t *testing.T) {
	dst := make([]byte, 0, 256)
	c := textColumn("a \"quoted\" text")
	n := allocs.PerRun(t, 100, func() {
		dst = AppendFloat(dst[:0], 1.0/3)
		dst = AppendFloat(dst, 0.25)
		dst = AppendInt(dst, -123456)
		dst, _ = AppendString(dst, c.Text(0))
	})
	if n != 0 {
		t.Errorf("%v allocations; want 0", n)
	}
}

func FuzzString(f *testing.F) {
	f.Add([]byte("a\"\\\x00\xff\u2028"))
	f.Fuzz(func(t *testing.T, s []byte) {
		out, bad := AppendString(nil, s)
		var got string
		if err := json.Unmarshal(out, &got); err != nil {
			t.Fatalf("%q: %v", out, err)
		}
		if want := string([]rune(string(s))); got != want {
			t.Errorf("%q: got %q; want %q", out, got, want)
		}
		if (bad == 0) != utf8.Valid(s) {
			t.Errorf("%q: %d bytes replaced", s, bad)
		}
	})
}

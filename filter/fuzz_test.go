package filter

import (
	"errors"
	"testing"
)

var fuzzLinks = []uint16{1, 113, 276, 101, 0, 108, 9, 104, 105, 127, 192, 6, 147}

// Whatever the text, compiling gives an error with a place in it, or a program that
// verifies, says the same in another interpreter, and stays inside every frame. Optimizing
// changes what is said of frames only where a load refuses them.
func FuzzCompile(f *testing.F) {
	for _, list := range []string{"expressions.txt", "refused.txt"} {
		for i, s := range readList(f, list) {
			f.Add(s.expr, uint8(i), uint8(i), []byte("\x00\x01\x02\x03\x04\x05\xaa\xbb\xcc\xdd\xee\xff\x08\x00\x45\x00"))
		}
	}
	f.Fuzz(func(t *testing.T, expr string, link, mode uint8, data []byte) {
		o := Options{Mode: Mode(mode % 3)}
		l := fuzzLinks[int(link)%len(fuzzLinks)]
		p, err := Compile(expr, l, &o)
		o.NoOptimize = true
		plain, errPlain := Compile(expr, l, &o)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Offset < 0 || e.Offset > len(expr) {
				t.Fatalf("%#v", err)
			}
			if errPlain == nil && plain.Match(data, 100) {
				t.Fatalf("matches, but is refused: %v", err)
			}
			return
		}
		if err := verify(p.code, p.loops); err != nil {
			t.Fatal(err)
		}
		m := newMaker(uint64(len(expr)))
		for range 10 {
			exact := append(make([]byte, 0, len(data)), data...)
			got := p.Match(exact, uint32(len(data)))
			if want := interpret(p.code, exact, uint32(len(data)), nil); o.Mode != ModeKernel && got != want {
				t.Fatalf("%v, interpreted %v", got, want)
			}
			if errPlain == nil {
				if match, ended := run(plain.code, exact, uint32(len(data)), nil); match != got && (ended || match) {
					t.Fatalf("%v, not optimized %v", got, match)
				}
			}
			data, _ = m.frame(l)
		}
	})
}

// FuzzMatch runs whatever verifies.
func FuzzMatch(f *testing.F) {
	for _, expr := range []string{"tcp port 443", "geneve and ip", "len - ip[2:2] * 3 / 2 > 5", "ip[0] >> 4 = 4"} {
		p := mustCompile(f, expr, 1, nil)
		var code []byte
		for _, in := range p.code {
			code = append(code, byte(in.Op), in.Jt, in.Jf, byte(in.K>>24), byte(in.K>>16), byte(in.K>>8), byte(in.K))
		}
		f.Add(code, syn(f), uint32(54))
	}
	f.Fuzz(func(t *testing.T, text, data []byte, wire uint32) {
		var code []Instruction
		for ; len(text) >= 7; text = text[7:] {
			k := uint32(text[3])<<24 | uint32(text[4])<<16 | uint32(text[5])<<8 | uint32(text[6])
			code = append(code, Instruction{Op: uint16(text[0]), Jt: text[1], Jf: text[2], K: k})
		}
		if verify(code, false) != nil {
			return
		}
		for _, in := range code {
			if in.K >= adBase && in.Op&0xe7 == classLD|modeABS {
				return // beside the frame there is nothing to compare
			}
		}
		p := Program{code: code, steps: prepare(code)}
		if got, want := p.Match(data, wire), interpret(code, data, wire, nil); got != want {
			t.Fatalf("%v, want %v: %v", got, want, code)
		}
	})
}

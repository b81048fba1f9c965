package text

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// reference is AppendFloat by way of strconv alone.
func reference(v float64) string {
	a := math.Abs(v)
	switch {
	case v != v:
		return "nan"
	case math.IsInf(v, 0):
		return strings.ToLower(strings.TrimPrefix(strconv.FormatFloat(v, 'g', -1, 64), "+"))
	case a != 0 && (a < 1e-4 || a >= 1e16):
		return strconv.FormatFloat(v, 'e', -1, 64)
	}
	s := strconv.FormatFloat(v, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

func TestFloatTable(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0.0", 5: "5.0", -5: "-5.0", 0.1: "0.1", 1e-5: "1e-05", 1e-4: "0.0001", 1e16: "1e+16", 1e15: "1000000000000000.0",
		9999999999999998: "9999999999999998.0", 1.5e300: "1.5e+300", 5e-324: "5e-324", 1753000000.123456: "1753000000.123456",
		0.029: "0.029", 1.0 / 3: "0.3333333333333333", 0.000123456789: "0.000123456789", 1e-9: "1e-09", 2.5: "2.5",
		math.Inf(1): "inf", math.Inf(-1): "-inf",
	} {
		if got := string(AppendFloat(nil, v)); got != want {
			t.Errorf("%v: got %s; want %s", v, got, want)
		}
	}
	if got := string(AppendFloat(nil, math.Copysign(0, -1))); got != "-0.0" {
		t.Errorf("negative zero: got %s", got)
	}
}

// TestFloatRandom compares the short way with strconv over values it is made for, their
// neighbours, and all bit patterns.
func TestFloatRandom(t *testing.T) {
	n := 1_000_000
	if testing.Short() {
		n = 100_000
	}
	r := rand.New(rand.NewPCG(3, 4))
	var b []byte
	check := func(v float64) {
		if b = AppendFloat(b[:0], v); string(b) != reference(v) {
			t.Fatalf("%x: got %s; want %s", v, b, reference(v))
		}
	}
	for range n / 4 {
		bits := r.Uint64()
		check(math.Float64frombits(bits))
		m := float64(bits >> (12 + r.Uint32()%52))
		for _, scale := range [...]float64{1, 1e3, 1e6, 1e9} {
			v := m / scale
			check(v)
			check(-v)
			check(math.Nextafter(v, 0))
			check(math.Nextafter(v, math.Inf(1)))
		}
		check(r.ExpFloat64() * 1e9)
	}
	for e := -20; e < 60; e++ {
		v := math.Ldexp(1, e)
		check(v)
		check(math.Nextafter(v, 0))
		check(math.Nextafter(v, math.Inf(1)))
	}
}

func FuzzFloat(f *testing.F) {
	f.Add(uint64(0x3fb999999999999a))
	f.Fuzz(func(t *testing.T, bits uint64) {
		v := math.Float64frombits(bits)
		if got := string(AppendFloat(nil, v)); got != reference(v) {
			t.Errorf("%x: got %s; want %s", v, got, reference(v))
		}
	})
}

func FuzzInt(f *testing.F) {
	f.Add(int64(math.MinInt64))
	f.Add(int64(100))
	f.Fuzz(func(t *testing.T, v int64) {
		if got := string(AppendInt(nil, v)); got != strconv.FormatInt(v, 10) {
			t.Errorf("%d: got %s", v, got)
		}
	})
}

func TestIntRandom(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 100_000 {
		v := int64(r.Uint64()) >> (r.Uint32() % 64)
		if got := string(AppendInt(nil, v)); got != strconv.FormatInt(v, 10) {
			t.Fatalf("%d: got %s", v, got)
		}
	}
}

func BenchmarkFloat(b *testing.B) {
	for name, v := range map[string]float64{"zero": 0, "whole": 1460, "micro": 0.012345, "epoch": 1753000000.123456, "nano": 0.012345678, "ratio": 1.0 / 7} {
		var dst []byte
		b.Run("way=short/value="+name, func(b *testing.B) {
			for b.Loop() {
				dst = AppendFloat(dst[:0], v)
			}
		})
		b.Run("way=strconv/value="+name, func(b *testing.B) {
			for b.Loop() {
				dst = appendShortest(dst[:0], v)
			}
		})
	}
}

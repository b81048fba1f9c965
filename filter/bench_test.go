package filter

import (
	"fmt"
	"testing"
)

var benchExpressions = []string{
	"tcp port 443", "host 10.0.0.1", "tcp port 80 or tcp port 443",
	"tcp and (port 80 or port 443) and src net 192.168.1.0/24",
	"tcp port 80 and tcp[((tcp[12:1] & 0xf0) >> 2):4] = 0x47455420",
}

func BenchmarkCompile(b *testing.B) {
	for _, expr := range benchExpressions {
		b.Run(fmt.Sprintf("expr=%.30s", expr), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Compile(expr, 1, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkMatch(b *testing.B) {
	frame := syn(b)
	for _, expr := range benchExpressions {
		p := mustCompile(b, expr, 1, nil)
		b.Run(fmt.Sprintf("expr=%.30s", expr), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.Match(frame, 54)
			}
		})
	}
}

package proto_test

import (
	"fmt"
	"testing"

	"pinyon/proto"
	"pinyon/proto/carrier"
	"pinyon/proto/dns"
	"pinyon/proto/http1"
	"pinyon/proto/http2"
	"pinyon/proto/ssh"
	"pinyon/proto/tls"
)

func TestOrder(t *testing.T) {
	var zero proto.Verdict
	if zero != proto.NotMine || proto.NotMine >= proto.NeedMore || proto.NeedMore >= proto.Mine {
		t.Error("verdicts are out of order")
	}
	if s := fmt.Sprint(proto.NotMine, proto.NeedMore, proto.Mine); s != "not mine need more mine" {
		t.Error(s)
	}
}

// tests are the first tests of all parsers of streams; of SSH, whose first test never takes anything,
// the parser itself.
var tests = map[string]func([]byte) proto.Verdict{
	"carrier": func(b []byte) proto.Verdict { _, _, v := carrier.Before(b); return v },
	"dns":     dns.LooksStream,
	"http1":   http1.Looks,
	"http2":   http2.Looks,
	"ssh": func(b []byte) proto.Verdict {
		var s ssh.Session
		s.Reset()
		return s.Feed(0, b)
	},
	"tls": tls.Start,
}

// starts are what the parsers are for, by parser.
var starts = map[string]string{
	"carrier": "AMQP\x02\x01\x00\x00",
	"dns":     "\x00\x11\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x01",
	"http1":   "GET / HTTP/1.1\r\n",
	"http2":   http2.Preface,
	"ssh":     "SSH-2.0-x\r\n",
	"tls":     "\x16\x03\x01\x00\x04\x02\x00\x00\x00",
}

// final checks that no verdict is taken back: behind NotMine and Mine more bytes of a stream change
// nothing, so that whoever asks need not ask again.
func final(t *testing.T, b []byte) {
	t.Helper()
	for name, test := range tests {
		if name == "carrier" { // it asks for a whole message, behind which others may follow
			continue
		}
		last := proto.NeedMore
		for n := 1; n <= len(b); n++ {
			v := test(b[:n])
			if last != proto.NeedMore && v != last {
				t.Fatalf("%s: %v after %d bytes and %v after %d: %q", name, last, n-1, v, n, b)
			}
			last = v
		}
	}
}

// TestStarts: each parser takes what it is for, says nothing else of a piece of it than that more is
// needed or that it is enough, and takes back no verdict on what the others are for.
func TestStarts(t *testing.T) {
	for name, in := range starts {
		if v := tests[name]([]byte(in)); v != proto.Mine {
			t.Errorf("%s: %v of its own start", name, v)
		}
		final(t, []byte(in))
		if name == "carrier" {
			continue
		}
		for n := 1; n < len(in); n++ {
			if v := tests[name]([]byte(in[:n])); v == proto.NotMine {
				t.Errorf("%s: %v of the first %d bytes of its own start", name, v, n)
			}
		}
	}
}

func FuzzFinal(f *testing.F) {
	for _, s := range starts {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) { final(t, b[:min(len(b), 200)]) })
}

package wire

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"pinyon/internal/allocs"
	"pinyon/packet"
)

// empty makes a frame of each type that is not a BATCH.
var empty = map[Type]func() Frame{
	TypeHello: func() Frame { return &Hello{} }, TypeChallenge: func() Frame { return &Challenge{} },
	TypeProof: func() Frame { return &Proof{} }, TypeWelcome: func() Frame { return &Welcome{} },
	TypeStats: func() Frame { return &Stats{} }, TypeGap: func() Frame { return &Gap{} },
	TypeError: func() Frame { return &Error{} }, TypeFilter: func() Frame { return &Filter{} },
	TypeFilterOK: func() Frame { return &FilterOK{} }, TypeEnd: func() Frame { return &End{} },
}

// seq is n bytes from first on, each one more than the one before.
func seq(n int, first byte) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = first + byte(i)
	}
	return b
}

// token is that of the vectors.
var token = []byte("KJq3dHkFuwUeF1VgVN1Lh9yJZQYJcYQ1p0s3m2b7xSE")

// vectors are the messages of docs/protocol.md by name.
func vectors() map[string][]byte {
	hello := &Hello{Nonce: [32]byte(seq(32, 0)), Name: "lab", Version: "1.0"}
	challenge := &Challenge{Nonce: [32]byte(seq(32, 0x20))}
	binding := Binding(seq(32, 0x80))
	challenge.Proof = ServerProof(token, &binding, hello, &challenge.Nonce)
	want := (&Subscription{Zstd: true, Filter: "tcp", Interfaces: []string{"eth0"}}).Append(nil)
	proof := &Proof{Proof: ClientProof(token, &binding, hello, &challenge.Nonce, want), Want: want}
	welcome := &Welcome{
		Instance: [16]byte(seq(16, 0x40)), Session: [16]byte(seq(16, 0x50)), Payload: true, Zstd: true,
		Base: 1700000000_000000000, Now: 1700000000_500000000, Snaplen: MaxCapLen, Filter: "tcp", Version: "1.0",
		Interfaces: []Interface{{"eth0", packet.LinkEthernet, MaxCapLen}},
	}
	var w Writer
	w.Reset(nil, 7, welcome.Base)
	w.Add(&packet.Frame{TS: welcome.Base + 1000, Wire: 4, Type: packet.TypeHost}, []byte{1, 2, 3, 4})
	w.Add(&packet.Frame{TS: welcome.Base + 900, Wire: 1514, Type: packet.TypeOutgoing, Iface: 1}, []byte{5, 6})
	stats := Stats{Captured: 1000, Dropped: 3, Next: 300, Sent: 290, ClientDropped: 10, Bytes: 70000, Now: welcome.Now, Clock: welcome.Base + 1000}
	v := map[string][]byte{"BATCH": w.Finish(), "subscription": want, "token": token, "binding": binding[:]}
	for _, f := range []Frame{hello, challenge, proof, welcome, &stats, &Gap{300, 10, ReasonQueue}, &Error{CodeAuth, "no"}, &Filter{1, "udp"}, &FilterOK{1, 310, "udp"}, &End{stats}} {
		v[f.Type().String()] = Append(nil, f)
	}
	return v
}

// TestVectors: the page shows each message as this package writes it, and no other.
func TestVectors(t *testing.T) {
	page, err := os.ReadFile("../../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	want := vectors()
	for _, m := range regexp.MustCompile("(?s)```hex ([A-Z_a-z]+)\n(.*?)```").FindAllSubmatch(page, -1) {
		name := string(m[1])
		if got := strings.Join(strings.Fields(string(m[2])), ""); got != hex.EncodeToString(want[name]) {
			t.Errorf("%s: the page has\n%s\nwant\n%s", name, got, wrap(want[name]))
		}
		delete(want, name)
	}
	for name, b := range want {
		t.Errorf("the page does not show %s:\n```hex %s\n%s\n```", name, name, wrap(b))
	}
}

// wrap is hex in lines of 32 bytes.
func wrap(b []byte) string {
	var lines []string
	for ; len(b) > 32; b = b[32:] {
		lines = append(lines, hex.EncodeToString(b[:32]))
	}
	return strings.Join(append(lines, hex.EncodeToString(b)), "\n")
}

// fill puts random values into the fields of a frame.
func fill(rng *rand.Rand, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(rng, v.Field(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(rng, v.Index(i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1+rng.IntN(5), 6))
		for i := range v.Len() {
			fill(rng, v.Index(i))
		}
	case reflect.Bool:
		v.SetBool(rng.IntN(2) == 0)
	case reflect.String:
		v.SetString(strings.Repeat("x", rng.IntN(100)))
	case reflect.Int64:
		v.SetInt(int64(rng.Uint64()))
	case reflect.Uint8:
		v.SetUint(uint64(1 + rng.IntN(5)))
	case reflect.Uint16:
		v.SetUint(uint64(rng.IntN(1 << 16)))
	default:
		v.SetUint(uint64(rng.IntN(MaxCapLen)))
	}
}

// TestFrames: what is written is read back, and no message that is cut or too long is taken.
func TestFrames(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for typ := Type(1); typ < typeEnd; typ++ {
		if typ == TypeBatch {
			continue
		}
		for range 50 {
			in := empty[typ]()
			fill(rng, reflect.ValueOf(in).Elem())
			m := Append(nil, in)
			got, flags, body, err := Split(m)
			if err != nil || got != typ || flags != 0 {
				t.Fatalf("%v: %v, %v", typ, got, err)
			}
			out := empty[typ]()
			if err := Parse(out, body); err != nil || !reflect.DeepEqual(in, out) {
				t.Fatalf("%v: %v\n%+v\n%+v", typ, err, in, out)
			}
			if err := Parse(empty[typ](), append(bytes.Clone(body), 0)); err == nil && typ != TypeProof {
				t.Errorf("%v: a byte behind it is taken", typ)
			}
			for n := range body {
				if err := Parse(empty[typ](), body[:n]); err == nil && typ != TypeProof {
					t.Errorf("%v: %d of %d bytes are taken", typ, n, len(body))
				}
			}
		}
	}
	var s Subscription
	fill(rng, reflect.ValueOf(&s).Elem())
	if got, err := ParseSubscription(s.Append(nil)); err != nil || !reflect.DeepEqual(got, s) {
		t.Errorf("%+v, %v; want %+v", got, err, s)
	}
}

// TestHeader: lengths, types and flags that cannot be are refused.
func TestHeader(t *testing.T) {
	good := Append(nil, &Filter{Expr: "tcp"})
	for at, v := range map[int]byte{0: 1, 3: 0, 4: 0, 5: 1, 6: 1, 7: 1} {
		m := bytes.Clone(good)
		if m[at] = v; at == 4 {
			m[at] = byte(typeEnd)
		}
		if _, _, _, err := Split(m); !errors.Is(err, ErrFormat) {
			t.Errorf("byte %d: %v", at, err)
		}
	}
	if _, _, _, err := Split(make([]byte, MaxMessage+1)); !errors.Is(err, ErrFormat) {
		t.Error("too long a message is taken")
	}
}

// frames makes records of all kinds.
func frames(rng *rand.Rand, n int) []packet.Frame {
	all := make([]packet.Frame, n)
	ts := int64(1700000000e9)
	for i := range all {
		ts += rng.Int64N(1e6) - 1e5
		data := make([]byte, rng.IntN(200))
		for j := range data {
			data[j] = byte(rng.IntN(4))
		}
		all[i] = packet.Frame{Data: data, TS: ts, Wire: uint32(len(data) + rng.IntN(2)*rng.IntN(70000)), Iface: uint32(rng.IntN(3)), Type: packet.Type(rng.IntN(6))}
	}
	return all
}

// TestBatch: records come back as they went in, packed and as they are, and a frame that is larger
// than a batch travels alone.
func TestBatch(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	p, u := NewPacker(), NewUnpacker()
	defer u.Close()
	var w Writer
	var buf []byte
	packed := 0
	for round := range 100 {
		in := frames(rng, 1+rng.IntN(BatchPackets))
		w.Reset(w.Message, uint64(round), in[0].TS-5)
		if round == 50 {
			in = in[:1]
			in[0].Data, in[0].Wire = make([]byte, MaxCapLen), MaxCapLen
		}
		for i := range in {
			if !w.Room(len(in[i].Data)) {
				in = in[:i]
				break
			}
			w.Add(&in[i], in[i].Data)
		}
		if round == 50 && w.Room(0) {
			t.Error("a frame larger than a batch does not travel alone")
		}
		message := p.Pack(w.Finish())
		_, flags, body, err := Split(message)
		if err != nil {
			t.Fatal(err)
		}
		if flags&FlagZstd != 0 {
			packed++
			if buf, err = u.Unpack(buf, body); err != nil {
				t.Fatal(err)
			}
			body = buf
		}
		var b Batch
		if err := b.Open(body, w.base, 3); err != nil || b.First != uint64(round) || b.N != len(in) {
			t.Fatalf("%+v, %v", b, err)
		}
		var f packet.Frame
		for i := range in {
			if ok, err := b.Next(&f); !ok || err != nil || !reflect.DeepEqual(f, in[i]) && len(f.Data)+len(in[i].Data) > 0 {
				t.Fatalf("record %d: %v\n%+v\n%+v", i, err, f, in[i])
			}
		}
		if ok, err := b.Next(&f); ok || err != nil {
			t.Fatal("more records than were written", err)
		}
	}
	if packed == 0 {
		t.Error("nothing was packed")
	}
}

// TestBomb: a packed body gives no more bytes than it declares, which are bounded, and frames of
// zeros, which shrink a thousandfold, are no bomb.
func TestBomb(t *testing.T) {
	p, u := NewPacker(), NewUnpacker()
	defer u.Close()
	body := p.enc.EncodeAll(make([]byte, 64<<20), nil)
	for _, declared := range []uint64{batchHead, MaxBody, MaxBody + 1, 64 << 20, 1<<63 + 5} {
		m := appendUint(declared)
		if _, err := u.Unpack(nil, append(m, body...)); !errors.Is(err, ErrFormat) {
			t.Errorf("declared %d: %v", declared, err)
		}
	}
	var w Writer
	w.Reset(nil, 0, 0)
	w.Add(&packet.Frame{Wire: MaxCapLen}, make([]byte, MaxCapLen))
	m := p.Pack(w.Finish())
	if len(m) > MaxCapLen/1000 {
		t.Errorf("%d bytes of zeros in %d", MaxCapLen, len(m))
	}
	if out, err := u.Unpack(nil, m[HeaderSize:]); err != nil || len(out) < MaxCapLen {
		t.Errorf("%d bytes, %v", len(out), err)
	}
}

func appendUint(n uint64) []byte {
	return (&Filter{ID: n}).appendBody(nil)[:len((&Filter{ID: n}).appendBody(nil))-1]
}

// TestProofs: whatever goes into a proof changes it, and the two sides' never agree.
func TestProofs(t *testing.T) {
	h, n, b := &Hello{Name: "a"}, &[32]byte{1}, &Binding{2}
	want := []byte("w")
	all := map[[32]byte]string{}
	add := func(what string, p [32]byte) {
		if other, ok := all[p]; ok {
			t.Errorf("%s proves what %s does", what, other)
		}
		all[p] = what
	}
	add("client", ClientProof(token, b, h, n, want))
	add("server", ServerProof(token, b, h, n))
	add("no subscription", ClientProof(token, b, h, n, nil))
	add("token", ClientProof(token[1:], b, h, n, want))
	add("channel", ClientProof(token, &Binding{3}, h, n, want))
	add("client's nonce", ClientProof(token, b, &Hello{Name: "a", Nonce: [32]byte{9}}, n, want))
	add("server's nonce", ClientProof(token, b, h, &[32]byte{9}, want))
	add("name", ClientProof(token, b, &Hello{Name: "b"}, n, want))
	add("moved border", ClientProof(token, b, &Hello{Name: "aw"}, n, nil))
}

// TestAllocations: batches are written, packed, unpacked and read without allocation.
func TestAllocations(t *testing.T) {
	in := frames(rand.New(rand.NewPCG(5, 6)), 100)
	p, u := NewPacker(), NewUnpacker()
	defer u.Close()
	var w Writer
	buf := make([]byte, 0, MaxBody)
	var b Batch
	var f packet.Frame
	var bad error
	if n := allocs.PerRun(t, 100, func() {
		w.Reset(w.Message, 0, in[0].TS)
		for i := range in {
			w.Add(&in[i], in[i].Data)
		}
		_, flags, body, err := Split(p.Pack(w.Finish()))
		if err == nil && flags&FlagZstd != 0 {
			body, err = u.Unpack(buf, body)
		}
		if err == nil {
			err = b.Open(body, in[0].TS, 3)
		}
		for ok := true; ok && err == nil; {
			ok, err = b.Next(&f)
		}
		if err != nil {
			bad = err
		}
	}); n > 0 || bad != nil {
		t.Errorf("%v allocations a batch, %v", n, bad)
	}
}

func BenchmarkBatch(b *testing.B) {
	in := frames(rand.New(rand.NewPCG(5, 6)), 100)
	var w Writer
	var r Batch
	var f packet.Frame
	b.ReportAllocs()
	for b.Loop() {
		w.Reset(w.Message, 0, in[0].TS)
		for i := range in {
			w.Add(&in[i], in[i].Data)
		}
		r.Open(w.Finish()[HeaderSize:], in[0].TS, 3)
		for ok := true; ok; {
			ok, _ = r.Next(&f)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100, "ns/packet")
}

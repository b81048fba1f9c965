package packet

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// decode is what a fresh decoder says of a frame, in one line:
//
//	proto src:port>dst:port total/payload mac= type= vlan= pt= encaps [notes]
//	- reason what
func decode(link uint16, decap Decap, data []byte) string {
	return decodeFrame(decap, frameOf(link, data))
}

func decodeFrame(decap Decap, f *Frame) string {
	d, p := Decoder{Decap: decap}, Packet{}
	ok := d.Decode(f, &p)
	return show(&d, &p, ok)
}

func show(d *Decoder, p *Packet, ok bool) string {
	var reasons []string
	for r, n := range d.Counts.All() {
		for range n {
			reasons = append(reasons, r.String())
		}
	}
	if !ok {
		for what := range d.Counts.NonIP() {
			reasons = append(reasons, what)
		}
		return "- " + strings.Join(reasons, " ")
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d %v:%d>%v:%d %d/%d", p.Proto, p.SrcAddr(), p.SrcPort, p.DstAddr(), p.DstPort, p.TotalLen, p.PayloadLen)
	switch {
	case p.Is(HasSrcMAC|HasDstMAC) && p.SrcMAC == macA && p.DstMAC == macB:
		b.WriteString(" mac=ab")
	case p.Is(HasSrcMAC | HasDstMAC):
		fmt.Fprintf(&b, " mac=%x>%x", p.SrcMAC, p.DstMAC)
	case p.Is(HasSrcMAC):
		fmt.Fprintf(&b, " mac=%x", p.SrcMAC)
	}
	if p.Is(HasEthType) {
		fmt.Fprintf(&b, " type=%04x", p.EthType)
	}
	if p.Is(HasVLAN) {
		fmt.Fprintf(&b, " vlan=%d/%d/%d", p.VLAN, p.VLANInner, p.VLANCount)
	}
	if p.PacketType != 0 {
		fmt.Fprintf(&b, " pt=%d", p.PacketType)
	}
	for _, e := range p.Encaps[:p.EncapCount] {
		fmt.Fprintf(&b, " %v:%d", e.Kind, e.ID)
	}
	if p.Is(HasFragment) {
		fmt.Fprintf(&b, " frag=%d,%v,%d", p.FragOff, p.MoreFrags, p.FragID)
	}
	if len(reasons) > 0 {
		fmt.Fprintf(&b, " %v", reasons)
	}
	return b.String()
}

// readableOf is p with everything that Has and the comments of Packet do not declare
// readable set to zero.
func readableOf(p *Packet) Packet {
	r := *p
	clear := func(h Has, fields ...any) {
		if r.Has&h != 0 {
			return
		}
		for _, f := range fields {
			reflect.ValueOf(f).Elem().SetZero()
		}
	}
	clear(HasTCP, &r.TCPFlags, &r.Window, &r.Seq, &r.Ack, &r.Options)
	clear(HasTimestamp, &r.TSval, &r.TSecr)
	clear(HasMSS, &r.MSS)
	clear(HasWindowScale, &r.WindowScale)
	clear(HasMPTCPSubtype, &r.MPTCPSubtype)
	clear(HasICMP, &r.ICMPType, &r.ICMPCode)
	clear(HasICMPEcho, &r.ICMPID, &r.ICMPSeq)
	clear(HasFragment, &r.MoreFrags, &r.FragOff, &r.FragID)
	clear(HasSrcMAC, &r.SrcMAC)
	clear(HasDstMAC, &r.DstMAC)
	clear(HasEthType, &r.EthType)
	clear(HasVLAN, &r.VLAN, &r.VLANInner)
	for i := int(r.EncapCount); i < len(r.Encaps); i++ {
		r.Encaps[i] = Encap{}
	}
	if len(r.Payload) == 0 {
		r.Payload = nil
	}
	if len(r.Options) == 0 {
		r.Options = nil
	}
	return r
}

// dirty is a packet full of nonsense, from its own random numbers.
func dirty(seed uint64) *Packet {
	r := rand.New(rand.NewPCG(seed, 1))
	p := new(Packet)
	v := reflect.ValueOf(p).Elem()
	for i := range v.NumField() {
		scribble(r, v.Field(i))
	}
	return p
}

func scribble(r *rand.Rand, v reflect.Value) {
	switch v.Kind() {
	case reflect.Array:
		for i := range v.Len() {
			scribble(r, v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			scribble(r, v.Field(i))
		}
	case reflect.Slice:
		v.SetBytes(make([]byte, r.IntN(50)))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int64:
		v.SetInt(int64(r.Uint64()))
	default:
		v.SetUint(r.Uint64() >> (64 - v.Type().Bits()))
	}
}

// isWithin reports whether part lies in whole.
func isWithin(whole, part []byte) bool {
	if len(part) == 0 {
		return true
	}
	at := cap(whole) - cap(part)
	return at >= 0 && at+len(part) <= len(whole) && &whole[at] == &part[0]
}

// verify holds one frame against everything that must be true of any frame.
func verify(t *testing.T, f *Frame, decap Decap) {
	t.Helper()
	fresh, reused := Decoder{Decap: decap}, Decoder{Decap: decap}
	var p Packet
	ok := fresh.Decode(f, &p)

	q := dirty(uint64(len(f.Data)))
	if reused.Decode(f, q) != ok {
		t.Fatalf("decode of %x depends on the packet's former content", f.Data)
	}
	if fresh.Counts != reused.Counts {
		t.Fatal("counts depend on the packet's former content")
	}
	if got := fresh.Counts.Dropped(); got != 1 && !ok || got != 0 && ok {
		t.Fatalf("decoded %v, %d dropping reasons", ok, got)
	}
	var nonIP uint64
	for _, n := range fresh.Counts.NonIP() {
		nonIP += n
	}
	if nonIP != fresh.Counts.Of(NonIP) {
		t.Fatalf("non-IP by kind sums to %d of %d", nonIP, fresh.Counts.Of(NonIP))
	}
	verifyFinding(t, f, &fresh, &p, ok)
	if !ok {
		return
	}
	if a, b := readableOf(&p), readableOf(q); !reflect.DeepEqual(a, b) {
		t.Fatalf("fresh %+v\nreused %+v", a, b)
	}
	if !isWithin(f.Data, p.Payload) || p.Is(HasTCP) && !isWithin(f.Data, p.Options) {
		t.Fatal("slice outside the frame")
	}
	if p.PayloadLen > p.TotalLen || uint32(len(p.Payload)) > p.PayloadLen {
		t.Fatalf("total %d, payload %d, captured %d", p.TotalLen, p.PayloadLen, len(p.Payload))
	}
	if int(p.EncapCount) > len(p.Encaps) || p.IPVersion != 4 && p.IPVersion != 6 {
		t.Fatalf("%d encaps, IP version %d", p.EncapCount, p.IPVersion)
	}
	if !p.Is(HasPorts) && (p.SrcPort != 0 || p.DstPort != 0) {
		t.Fatal("ports without HasPorts")
	}
	if kinds := p.OptionKinds(nil); len(kinds) > 40 || len(kinds) > 0 && !p.Is(HasTCP) {
		t.Fatalf("option kinds %v", kinds)
	}
	if sack := p.SACK(nil); len(sack) != int(p.SACKBlocks) {
		t.Fatalf("%d SACK blocks of %d", len(sack), p.SACKBlocks)
	}
}

// verifyFinding holds Examine against what Decode gave.
func verifyFinding(t *testing.T, f *Frame, d *Decoder, p *Packet, ok bool) {
	t.Helper()
	e := Decoder{Decap: d.Decap}
	var v Finding
	q := dirty(uint64(len(f.Data)) + 1)
	if e.Examine(f, q, &v) != ok || e.Counts != d.Counts {
		t.Fatalf("examine of %x differs from decode", f.Data)
	}
	switch {
	case ok && (!reflect.DeepEqual(readableOf(q), readableOf(p)) || v.Why.Dropped() || v.Protocol == "" || v.Rest != nil):
		t.Fatalf("examine of a packet: %+v\n%+v\n%+v", v, q, p)
	case !ok && (d.Counts.Of(v.Why) != 1 || !v.Why.Dropped() || q.Has&^linkBits != 0 || (v.Why == NonIP) != (v.Protocol != "") || !isWithin(f.Data, v.Rest)):
		t.Fatalf("examine of no packet: %+v, has %b", v, q.Has)
	}
	if a, ok := v.ARP(); ok {
		for _, part := range [][]byte{a.SenderMAC, a.SenderIP, a.TargetMAC, a.TargetIP} {
			if !isWithin(f.Data, part) {
				t.Fatal("address outside the frame")
			}
		}
	}
}

// verifyPrefixes verifies a frame and all its prefixes, cut by the snap length and as if
// sent that short.
func verifyPrefixes(t *testing.T, link uint16, data []byte) {
	t.Helper()
	for n := range min(len(data), 256) + 1 {
		for _, decap := range []Decap{DecapNone, DecapInner} {
			f := frameOf(link, data[:n:n])
			verify(t, f, decap)
			f.Wire = uint32(len(data))
			verify(t, f, decap)
		}
	}
}

package view

import (
	"bytes"
	"errors"
	"testing"

	"pinyon/packet"
)

// tcpPacket is 10.0.0.5:51000 to 192.0.2.10:443 at ns, or the way back.
func tcpPacket(ns int64, bwd bool, flags uint16, total uint32, payload []byte) *Packet {
	p := packet.Packet{
		TS: ns, Src: [16]byte{10, 0, 0, 5}, Dst: [16]byte{192, 0, 2, 10}, SrcPort: 51000, DstPort: 443,
		Proto: packet.ProtoTCP, IPVersion: 4, TotalLen: total, PayloadLen: uint32(len(payload)), Payload: payload,
		TCPFlags: flags, Has: packet.HasTCP | packet.HasPorts | packet.HasTransport,
	}
	if bwd {
		p.Src, p.Dst, p.SrcPort, p.DstPort = p.Dst, p.Src, p.DstPort, p.SrcPort
	}
	return NewPacket(&p)
}

func TestFlow(t *testing.T) {
	payload := bytes.Repeat([]byte("ab"), 300)
	at := int64(1700000000123456789)
	first := tcpPacket(at, true, packet.SYN, 60, payload)
	if first.Timestamp != 1700000000+0.123456789 || first.SrcIP.String() != "192.0.2.10" || first.DstPort != 51000 || first.Protocol != 6 ||
		first.PayloadLen != 600 || first.TotalLen != 60 || first.TCPFlags != packet.SYN || len(first.RawPayload) != 256 {
		t.Errorf("%+v", first)
	}
	payload[0] = 'x'
	if first.RawPayload[0] != 'a' {
		t.Error("the payload is not a copy")
	}
	f := FlowFromFirstPacket(first)
	for _, p := range []*Packet{tcpPacket(at+50e6, false, packet.ACK, 52, nil), tcpPacket(at+20e6, true, packet.ACK, 100, nil)} {
		if err := f.AddPacket(p); err != nil {
			t.Fatal(err)
		}
	}
	if f.Terminated() || f.Duration() != 0.05 || f.StartTime() != first.Timestamp || f.EndTime() != 1700000000+0.173456789 || f.LastSeen() != f.EndTime() {
		t.Errorf("terminated %v, duration %v, %v to %v", f.Terminated(), f.Duration(), f.StartTime(), f.EndTime())
	}
	if f.PacketCount() != 3 || f.TotalPackets() != 3 || f.ByteCount() != 212 || f.TotalBytes() != 212 || f.InitiatorBytes() != 160 || f.ResponderBytes() != 52 {
		t.Errorf("%d packets, %d + %d bytes", f.PacketCount(), f.InitiatorBytes(), f.ResponderBytes())
	}
	if len(f.Packets()) != 3 || len(f.InitiatorPackets()) != 2 || len(f.ResponderPackets()) != 1 || f.ResponderPackets()[0].TotalLen != 52 {
		t.Errorf("%d packets of the initiator", len(f.InitiatorPackets()))
	}
	if f.InitiatorIP().String() != "192.0.2.10" || f.InitiatorPort() != 443 || f.ResponderIP().String() != "10.0.0.5" || f.ResponderPort() != 51000 || f.Protocol() != 6 {
		t.Error("wrong ends")
	}
	if k := f.Key(); k.AddrA().String() != "10.0.0.5" || k.APort != 51000 || k.AddrB().String() != "192.0.2.10" || k.Proto != 6 {
		t.Errorf("%+v", k)
	}
	if err := f.AddPacket(tcpPacket(at+60e6, false, packet.FIN|packet.ACK, 52, nil)); err != nil || !f.Terminated() {
		t.Errorf("%v, terminated %v", err, f.Terminated())
	}
	stranger := *first
	stranger.SrcPort++
	if err := f.AddPacket(&stranger); !errors.Is(err, ErrOtherFlow) || f.PacketCount() != 4 {
		t.Error(err)
	}
}

func TestFlowExpiry(t *testing.T) {
	f := FlowFromFirstPacket(tcpPacket(100e9, false, 0, 40, nil))
	for now, want := range map[float64]bool{100: false, 160: false, 160.001: true, 0: false} {
		if got := f.IsExpired(60, now); got != want {
			t.Errorf("at %v: %v", now, got)
		}
	}
}

// TestFlowByHand: packets may be put together without decoding, and changed.
func TestFlowByHand(t *testing.T) {
	p := *tcpPacket(5e9, false, 0, 40, nil)
	p.Timestamp = 1.5
	f := FlowFromFirstPacket(&p)
	q := Packet{Timestamp: 2.25, SrcIP: p.DstIP, DstIP: p.SrcIP, SrcPort: 443, DstPort: 51000, Protocol: 6, TotalLen: 1}
	if err := f.AddPacket(&q); err != nil || f.StartTime() != 1.5 || f.Duration() != 0.75 || f.Direction(&q) != 1 || f.Direction(&p) != 0 {
		t.Errorf("%v, %v s from %v", err, f.Duration(), f.StartTime())
	}
	if g := FlowFromFirstPacket(&Packet{}); g.AddPacket(&Packet{}) != nil || g.PacketCount() != 2 {
		t.Error("packets of nobody")
	}
}

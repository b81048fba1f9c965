package packet

import "testing"

func TestBlock(t *testing.T) {
	freed := 0
	b := &Block{Free: func(*Block) { freed++ }}
	b.Retain()
	b.Retain()
	b.Release()
	if freed != 0 {
		t.Error("freed while a reference is held")
	}
	b.Release()
	if freed != 1 {
		t.Errorf("freed %d times by the last release, want 1", freed)
	}
	defer func() {
		if recover() == nil {
			t.Error("a release without a reference passed unnoticed")
		}
	}()
	b.Release()
}

func TestAddrs(t *testing.T) {
	var d Decoder
	var p Packet
	d.Decode(frameOf(LinkRaw, plain6), &p)
	d.Decode(frameOf(LinkRaw, plain), &p)
	if got := p.SrcAddr().String() + " " + p.DstAddr().String(); got != "10.0.0.1 10.0.0.2" {
		t.Errorf("addresses %s", got)
	}
	if [12]byte(p.Src[4:]) != [12]byte{} {
		t.Errorf("IPv4 address %x is not padded with zeros", p.Src)
	}
}

func TestEncapNames(t *testing.T) {
	seen := map[string]bool{"": true}
	for k := EncapVLAN; int(k) < len(encapNames); k++ {
		if seen[k.String()] {
			t.Errorf("kind %d has no name of its own: %q", k, k)
		}
		seen[k.String()] = true
	}
	if EncapKind(0).String() != "" || EncapKind(len(encapNames)).String() != "" {
		t.Error("a value outside the list has a name")
	}
}

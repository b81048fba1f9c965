package filter

import (
	"errors"
	"os"
	"testing"

	"pinyon/packet"
)

// A tally is what a comparison with the oracle came to. libpcap's optimizer leaves out
// loads on which nothing depends, so cut frames may match that its own program, as it was
// generated, refuses: the verdicts that it changes. Optimized programs are compared with
// optimized ones, the others with those that tcpdump -O prints.
type tally struct {
	expressions, verdicts, refused int
	differ, changed                int
	longer, ours, theirs           int // programs, instructions
}

// judge compares programs of an expression, optimized and not, with libpcap's on frames.
func (y *tally) judge(t *testing.T, o *oracle, s sample, frames []rawFrame) {
	plainTheirs, err := o.file(s.expr, s.link, false)
	if err != nil && !errors.Is(err, errRefused) {
		t.Fatal(err)
	}
	plain, errPlain := Compile(s.expr, s.link, &Options{NoOptimize: true})
	if (err != nil) != (errPlain != nil) {
		t.Errorf("link %d %q: we say %v, libpcap says %v", s.link, s.expr, errPlain, err)
		return
	}
	y.expressions++
	if err != nil {
		y.refused++
		return
	}
	theirs, err := o.file(s.expr, s.link, true)
	if err != nil {
		y.refused++ // a division by what turns out to be zero, found by the optimizer
		return
	}
	ours, err := Compile(s.expr, s.link, nil)
	if rejects := len(theirs) == 1 && theirs[0] == (Instruction{Op: classRET}); rejects != errors.Is(err, ErrRejectsAll) {
		t.Errorf("link %d %q: %v, libpcap says that it rejects all: %v", s.link, s.expr, err, rejects)
	}
	if errors.Is(err, ErrRejectsAll) {
		ours = &Program{code: []Instruction{{Op: classRET}}}
		ours.steps = prepare(ours.code)
	} else if err != nil {
		t.Errorf("link %d %q: %v when optimized", s.link, s.expr, err)
		return
	}
	y.ours += len(ours.code)
	y.theirs += len(theirs)
	if len(ours.code) > len(theirs) {
		y.longer++
	}
	for _, f := range frames {
		y.verdicts++
		a, b := plain.Match(f.data, f.wire), interpret(plainTheirs, f.data, f.wire, nil)
		c, d := ours.Match(f.data, f.wire), interpret(theirs, f.data, f.wire, nil)
		if a != b || c != d {
			if y.differ++; y.differ < 10 {
				t.Errorf("link %d %q: %v and optimized %v, libpcap %v and %v on %x (%d)", s.link, s.expr, a, c, b, d, f.data, f.wire)
			}
		}
		if b != d {
			y.changed++
		}
	}
}

// Verdicts are those of libpcap. With PINYON_ORACLE=1 all of the lists and thousands of
// generated expressions are compared, with PINYON_ORACLE=all on every frame of the corpus
// (half an hour), otherwise a sample.
func TestOracle(t *testing.T) {
	o := newOracle(t)
	samples := readList(t, "expressions.txt")
	made, every, frames := 30, len(samples)/120, 300
	if os.Getenv("PINYON_ORACLE") != "" {
		made, every, frames = 3000, 1, 2000
	}
	if os.Getenv("PINYON_ORACLE") == "all" {
		frames = everyFrame
	}
	var chosen []sample
	for i, s := range samples {
		if i%every == 0 {
			chosen = append(chosen, s)
		}
	}
	chosen = append(chosen, generated(7, made)...)
	chosen = append(chosen, joined(5, made/3)...)
	byLink := framesByLink(t, frames)
	var y tally
	for _, s := range chosen {
		y.judge(t, o, s, byLink[s.link])
	}
	for link, list := range byLink {
		t.Logf("link type %d: %d frames", link, len(list))
	}
	t.Logf("%d expressions (%d refused), %d verdicts: %d differ; libpcap's optimizer changes %d",
		y.expressions, y.refused, y.verdicts, y.differ, y.changed)
	t.Logf("%d instructions, libpcap's %d; %d programs are longer", y.ours, y.theirs, y.longer)
}

// What libpcap refuses is refused.
func TestRefused(t *testing.T) {
	samples := readList(t, "refused.txt")
	for _, s := range samples {
		p, err := Compile(s.expr, s.link, nil)
		if err == nil {
			t.Errorf("%q compiles to %d instructions", s.expr, len(p.code))
			continue
		}
		var e *Error
		if !errors.As(err, &e) || e.Offset > len(s.expr) || e.Offset+len(e.Word) > len(s.expr) {
			t.Errorf("%q: %#v", s.expr, err)
		}
	}
	o := newOracle(t)
	for i, s := range samples {
		if os.Getenv("PINYON_ORACLE") == "" && i%5 != 0 {
			continue
		}
		code, err := o.file(s.expr, s.link, true)
		if err == nil && len(code) > 1 {
			t.Errorf("libpcap takes %q", s.expr)
		}
	}
}

// On a live Linux device libpcap asks for a VLAN tag beside the frame, and for directions.
func TestKernelOracle(t *testing.T) {
	o := newOracle(t)
	if _, err := o.run("-i", "lo", "-ddd", "--", "ip"); err != nil {
		t.Skip("tcpdump cannot open lo:", err)
	}
	var y tally
	m := newMaker(3)
	frames := framesByLink(t, 1000)[1]
	for _, expr := range []string{"vlan", "vlan 3", "vlan 3 and tcp", "vlan and ip", "vlan or ip", "not vlan",
		"vlan and vlan 5", "vlan and vlan and tcp port 80", "vlan and tcp port 80", "vlan and host 10.0.0.1", "vlan and mpls and ip",
		"vlan and pppoes and ip", "vlan 3 or arp", "vlan and arp", "vlan and ip[0] & 15 = 5", "vlan and not tcp[13] & 2 != 0", "vlan and ip6",
		"ip and vlan", "inbound", "outbound", "inbound and tcp", "not outbound or vlan", "ifindex 1", "tcp port 80 or ifindex 2", "(vlan 3 and ip) or vlan 5"} {
		y.expressions++
		for _, plain := range []bool{false, true} {
			args := []string{"-i", "lo", "-ddd"}
			if plain {
				args = append(args, "-O")
			}
			theirs, err := o.run(append(args, "--", expr)...)
			if err != nil {
				t.Fatal(err)
			}
			ours, err := Compile(expr, 1, &Options{Mode: ModeKernel, NoOptimize: plain})
			if err != nil {
				t.Errorf("%q: %v", expr, err)
				continue
			}
			for _, f := range frames {
				beside := map[uint32]uint32{adVLANPresent: uint32(m.IntN(2)), adVLANTag: uint32(pick(m, 3, 5, 0x2003)),
					adPacketType: uint32(m.IntN(5)), adIfindex: uint32(m.IntN(3))}
				y.verdicts++
				if a, b := interpret(ours.code, f.data, f.wire, beside), interpret(theirs, f.data, f.wire, beside); a != b {
					if y.differ++; y.differ < 5 {
						t.Errorf("%q (plain: %v): %v, libpcap %v on %x %v", expr, plain, a, b, f.data, beside)
					}
				}
			}
		}
	}
	t.Logf("%d expressions, %d verdicts: %d differ", y.expressions, y.verdicts, y.differ)
}

// Without a file libpcap compiles for a live device of a link type.
func TestLiveOracle(t *testing.T) {
	o := newOracle(t)
	m := newMaker(4)
	for _, c := range []struct {
		link uint16
		name string
		expr string
	}{
		{0, "NULL", "ip6"}, {0, "NULL", "host fe80::1 or tcp port 80"}, {0, "NULL", "not ip"}, {108, "LOOP", "ip6 or arp"},
		{1, "EN10MB", "inbound"}, {1, "EN10MB", "outbound and tcp"}, {1, "EN10MB", "vlan and ip"}, {101, "RAW", "inbound or ip6"},
	} {
		theirs, err := o.run("-y", c.name, "-ddd", "--", c.expr)
		if err != nil {
			t.Fatal(err)
		}
		ours := mustCompile(t, c.expr, c.link, &Options{Mode: ModeLive})
		for range 500 {
			data, wire := m.frame(c.link)
			f := packet.Frame{Data: data, Wire: wire, Link: c.link, Type: packet.Type(1 + m.IntN(5))}
			beside := map[uint32]uint32{adPacketType: uint32(f.Type) - 1}
			if a, b := ours.MatchFrame(&f), interpret(theirs, data, wire, beside); a != b {
				t.Fatalf("%s %q: %v, libpcap %v on %x %v", c.name, c.expr, a, b, data, beside)
			}
		}
	}
}

package feed

import "testing"

// TestLinkTypes: the numbers and lengths that the feeds and pypcap have always told.
func TestLinkTypes(t *testing.T) {
	for _, c := range []struct {
		link                    LinkType
		name                    string
		linux, openbsd, freebsd int
		header                  int
	}{
		{0, "NULL", 0, 0, 0, 4}, {1, "EN10MB", 1, 1, 1, 14}, {2, "EN3MB", 2, 2, 2, -1}, {3, "AX25", 3, 3, 3, -1},
		{4, "PRONET", 4, 4, 4, -1}, {5, "CHAOS", 5, 5, 5, -1}, {6, "IEEE802", 6, 6, 6, 22}, {7, "ARCNET", 7, 7, 7, 6},
		{8, "SLIP", 8, 8, 8, 16}, {9, "PPP", 9, 9, 9, 4}, {10, "FDDI", 10, 10, 10, 21}, {113, "LINUX_SLL", 113, 113, 113, 16},
		{117, "PFLOG", 117, 117, 117, 48}, {246, "PFSYNC", 246, 18, 121, 4}, {108, "LOOP", 108, 12, 108, 4}, {101, "RAW", 12, 14, 12, 0},
		{109, "ENC", 109, 13, 109, -1}, {276, "LINUX_SLL2", 276, 276, 276, 20}, {300, "LINKTYPE_300", 300, 300, 300, -1},
	} {
		if c.link.String() != c.name || c.link.HeaderLen() != c.header || c.link.Number() != uint16(c.link) {
			t.Errorf("%d: %s with header of %d; want %s, %d", c.link, c.link, c.link.HeaderLen(), c.name, c.header)
		}
		for system, want := range map[string]int{"linux": c.linux, "openbsd": c.openbsd, "freebsd": c.freebsd} {
			if got := c.link.DLTOn(system); got != want {
				t.Errorf("%v on %s: DLT %d; want %d", c.link, system, got, want)
			}
			if back, ok := FromDLT(want, system); !ok || back != c.link {
				t.Errorf("DLT %d on %s: %v, %t; want %v", want, system, back, ok, c.link)
			}
		}
	}
	for _, c := range []struct {
		dlt    int
		system string
	}{{-1, "linux"}, {1 << 16, "linux"}, {101, "linux"}, {18, "linux"}, {14, "linux"}, {246, "openbsd"}} {
		if l, ok := FromDLT(c.dlt, c.system); ok {
			t.Errorf("DLT %d on %s is %v", c.dlt, c.system, l)
		}
	}
}

// TestLinkTypesThereAndBack: no two link types have one number on a system.
func TestLinkTypesThereAndBack(t *testing.T) {
	for _, system := range []string{"linux", "openbsd", "netbsd", "freebsd", "darwin", "dragonfly", "windows"} {
		for _, n := range names {
			dlt := n.link.DLTOn(system)
			if back, ok := FromDLT(dlt, system); !ok || back != n.link {
				t.Errorf("%s: %v is DLT %d, which is %v, %t", system, n.link, dlt, back, ok)
			}
		}
	}
}

package packet

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestLinkNames(t *testing.T) {
	for link, name := range linkNames {
		got, err := ParseLink(name)
		if err != nil || LinkName(got) != name || got != link && name != "RAW" {
			t.Errorf("%s: %d, %v; want %d", name, got, err, link)
		}
	}
	for s, want := range map[string]uint16{
		"en10mb": LinkEthernet, "DLT_EN10MB": LinkEthernet, "LINKTYPE_ETHERNET": LinkEthernet, "1": LinkEthernet, "raw": LinkRaw,
		"IEEE802_11_RADIO": LinkRadiotap, "ieee802_11_radiotap": LinkRadiotap, "276": LinkLinuxSLL2, "65535": 65535,
	} {
		if got, err := ParseLink(s); err != nil || got != want {
			t.Errorf("%s: %d, %v; want %d", s, got, err, want)
		}
	}
	for _, s := range []string{"", "bogus", "-1", "65536", "0x1", "DLT_"} {
		if got, err := ParseLink(s); err == nil {
			t.Errorf("%q is %d", s, got)
		}
	}
}

// TestLinkNamesTcpdump: the names are those that tcpdump says of files. Numbers up to 25 that
// stand for link types of other systems are left out.
func TestLinkNamesTcpdump(t *testing.T) {
	path, err := exec.LookPath("tcpdump")
	if err != nil {
		t.Skip("no tcpdump to compare with:", err)
	}
	file := filepath.Join(t.TempDir(), "x.pcap")
	var b [24]byte
	binary.LittleEndian.PutUint32(b[0:], 0xa1b2c3d4)
	binary.LittleEndian.PutUint16(b[4:], 2)
	binary.LittleEndian.PutUint16(b[6:], 4)
	binary.LittleEndian.PutUint32(b[16:], 262144)
	for link, name := range linkNames {
		if link == LinkRaw14 { // not known on Linux
			continue
		}
		binary.LittleEndian.PutUint32(b[20:], uint32(link))
		if err := os.WriteFile(file, b[:], 0o600); err != nil {
			t.Fatal(err)
		}
		var said bytes.Buffer
		cmd := exec.Command(path, "-r", file)
		cmd.Stderr = &said
		cmd.Run()
		// A libpcap of another age may lack a name, but has no other.
		_, text, _ := strings.Cut(said.String(), "link-type ")
		if got, _, _ := strings.Cut(text, " "); got != name && strings.Trim(got, "0123456789,") != "" {
			t.Errorf("%d: tcpdump says %q; want %s", link, got, name)
		}
	}
}

package capture_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"pinyon/capture"
	"pinyon/internal/nstest"
	"pinyon/packet"
)

// radio makes a device in monitor mode, as far as a capture can tell: what is written to it,
// behind four bytes, comes in with a radiotap header.
func (w *wire) radio(name string) *os.File {
	w.t.Helper()
	const arphrdRadiotap = 803
	var f *os.File
	w.Do(func() {
		fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
		if err != nil {
			w.t.Skip("no tun device:", err)
		}
		f = os.NewFile(uintptr(fd), name)
		r, err := unix.NewIfreq(name)
		if err != nil {
			w.t.Fatal(err)
		}
		r.SetUint16(unix.IFF_TUN)
		if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, r); err != nil {
			w.t.Skip("no tun device:", err)
		}
		if err := unix.IoctlSetInt(fd, unix.TUNSETLINK, arphrdRadiotap); err != nil {
			w.t.Skip("no link type:", err)
		}
	})
	w.t.Cleanup(func() { f.Close() })
	w.IP("link set " + name + " up")
	return f
}

// TestMonitor: a device in monitor mode gives what was in the air, and others an error that
// says what they are.
func TestMonitor(t *testing.T) {
	w := newWire(t)
	for name, want := range map[string]string{"v1": "no radio device", "any": "name the device"} {
		_, err := w.try(capture.Options{Interface: name, Monitor: true})
		var e *capture.InterfaceError
		if !errors.As(err, &e) || e.Name != name || !errors.Is(err, capture.ErrNotSupported) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	radio := w.radio("mon0")
	d := w.open(capture.Options{Interface: "mon0", Monitor: true, Filter: "wlan addr2 02:00:00:00:00:02 and udp port 53", ReadTimeout: soon})
	if l := d.LinkTypes()[0]; l != packet.LinkRadiotap {
		t.Fatalf("link type %d", l)
	}
	head, err := hex.DecodeString("0000080000000000" + // radiotap, no fields
		"08010000" + "020000000001" + "020000000002" + "020000000003" + "0000" + // data, to the access point
		"aaaa03000000" + "0800") // LLC and SNAP
	if err != nil {
		t.Fatal(err)
	}
	for _, ip := range [][]byte{nstest.Datagram(80, 1, 0)[14:], nstest.Datagram(53, 2, 0)[14:]} {
		if _, err := radio.Write(append(append(make([]byte, 4), head...), ip...)); err != nil {
			t.Fatal(err)
		}
	}
	f := take(t, d, 1)[0]
	if !bytes.Equal(f.Data[:len(head)], head) || nstest.NumberOf(f.Data) != 2 {
		t.Errorf("% x", f.Data)
	}
	var dec packet.Decoder
	var p packet.Packet
	if !dec.Decode(&f, &p) || p.DstPort != 53 || p.SrcMAC != [6]byte{2, 0, 0, 0, 0, 2} {
		t.Errorf("%+v", p)
	}
}

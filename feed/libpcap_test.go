//go:build libpcap

package feed

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pinyon/internal/oracle"
	"pinyon/packet"
	"pinyon/pcap"
)

// captures are the repository's, and those below PINYON_CORPUS.
func captures(t *testing.T) (all []string) {
	t.Helper()
	roots := []string{"../testdata"}
	if c := os.Getenv("PINYON_CORPUS"); c != "" {
		roots = append(roots, c)
	}
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			info, e := os.Stat(path)
			if err != nil || e != nil || d.IsDir() {
				return err
			}
			switch ext := filepath.Ext(path); {
			case !strings.HasPrefix(ext, ".pcap") && ext != ".cap" && ext != ".dmp", info.Size() > 8<<20:
			default:
				all = append(all, path)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(all) < 40 {
		t.Fatalf("%d captures", len(all))
	}
	return all
}

// deviations are how often ours differ from libpcap's packets, each of them meant.
type deviations struct {
	files, opened, packets, filtered                   int
	refused, mixed, cut, snapped, raised, noTime, late int
}

// equalPacket compares a packet with libpcap's.
func (d *deviations) equalPacket(p *Packet, q *oracle.Packet, snaplen int) error {
	data := p.Data
	if len(data) > snaplen && len(q.Data) == snaplen {
		d.snapped++ // libpcap cuts what is longer than the file's own limit
		data = data[:snaplen]
	}
	if !bytes.Equal(data, q.Data) {
		return fmt.Errorf("%d bytes, libpcap has %d", len(data), len(q.Data))
	}
	if p.Wire != q.Wire {
		if p.Wire != uint32(len(p.Data)) || q.Wire > p.Wire {
			return fmt.Errorf("length %d, libpcap has %d", p.Wire, q.Wire)
		}
		d.raised++ // a wire length below the captured one
	}
	if p.TS != q.TS {
		switch {
		case p.NoTime && q.TS == 0:
			d.noTime++
		case p.TS < 0 || q.TS < 0, p.TS == math.MaxInt64:
			d.late++ // before 1970 or after 2262
		case p.TS-q.TS == 1<<32 || p.TS-q.TS == 1000<<32:
			d.late++ // libpcap reads a fraction from 2^31 units on as a negative one
		default:
			return fmt.Errorf("time %d, libpcap has %d", p.TS, q.TS)
		}
	}
	return nil
}

// TestFilesAsLibpcap: frames, times, lengths, link types, snapshot lengths and counts of
// files are those of libpcap, by Dispatch, Loop and Next, with and without filters.
func TestFilesAsLibpcap(t *testing.T) {
	var d deviations
	for _, path := range captures(t) {
		d.files++
		theirs, theirErr := oracle.Open(path)
		ours, ourErr := OpenOffline(path)
		if theirErr != nil || ourErr != nil {
			if ourErr != nil && theirErr == nil {
				t.Errorf("%s: %v, libpcap reads it", path, ourErr)
			}
			d.refused++ // compressed files, versions of pcapng
			if ours != nil {
				ours.Close()
			}
			if theirs != nil {
				theirs.Close()
			}
			continue
		}
		d.opened++
		if got, want := ours.LinkType().DLT(), theirs.DLT(); got != want {
			t.Errorf("%s: DLT %d, libpcap says %d", path, got, want)
		}
		if got, want := ours.Snaplen(), theirs.Snaplen(); got != want {
			t.Errorf("%s: snaplen %d, libpcap says %d", path, got, want)
		}
		link := ours.LinkType()
		theirs.Close()
		ours.Close()
		compare(t, &d, path, "", false)
		for _, expr := range []string{"ip", "tcp", "udp port 53", "ip6 or arp", "len > 100", "tcp[tcpflags] & tcp-syn != 0", "not ip"} {
			if link == packet.LinkEthernet || link == packet.LinkLinuxSLL || link == packet.LinkRaw {
				compare(t, &d, path, expr, len(expr)%2 == 0)
			}
		}
	}
	t.Logf("%s: %+v", oracle.Version(), d)
	if d.packets < 500 || d.filtered < 100 {
		t.Errorf("little was compared: %+v", d)
	}
}

// compare reads a file by three ways and as many with libpcap.
func compare(t *testing.T, d *deviations, path, expr string, optimize bool) {
	t.Helper()
	for _, how := range []string{"next", "dispatch 7", "dispatch -1", "dispatch 0", "loop 7", "loop 0", "loop -1"} {
		theirs, err := oracle.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		ours, err := OpenOffline(path)
		if err != nil {
			t.Fatal(err)
		}
		var opts []FilterOption
		if !optimize {
			opts = append(opts, NoOptimize)
		}
		if expr != "" {
			theirErr, ourErr := theirs.Filter(expr, optimize), ours.Filter(expr, opts...)
			if theirErr != nil || ourErr != nil {
				if (theirErr == nil) != (ourErr == nil) {
					t.Errorf("%s: %q: %v, libpcap says %v", path, expr, ourErr, theirErr)
				}
				theirs.Close()
				ours.Close()
				return
			}
		}
		if err := calls(d, ours, theirs, how, expr != ""); err != nil {
			t.Errorf("%s, %q, %s: %v", path, expr, how, err)
		}
		theirs.Close()
		ours.Close()
	}
}

// calls calls both until the end.
func calls(d *deviations, ours *Offline, theirs *oracle.File, how string, filtered bool) error {
	word, number, _ := strings.Cut(how, " ")
	cnt := 0
	fmt.Sscan(number, &cnt)
	snaplen := theirs.Snaplen()
	for call := 0; ; call++ {
		var want []oracle.Packet
		var code, n int
		var err error
		var got []Packet
		keep := func(p *Packet) error {
			q := *p
			q.Data, q.Block = bytes.Clone(p.Data), nil
			got = append(got, q)
			return nil
		}
		switch word {
		case "next":
			var q oracle.Packet
			if q, code = theirs.Next(); code == 1 {
				want = append(want, q)
			}
			var p Packet
			if p, err = ours.Next(context.Background()); err == nil {
				got, n = append(got, p), 1
			}
		case "dispatch":
			want, code = theirs.Dispatch(cnt, 0)
			n, err = ours.Dispatch(cnt, keep)
		case "loop":
			want, code = theirs.Loop(cnt, 0)
			n, err = ours.Loop(context.Background(), cnt, keep)
		}
		if n != len(got) {
			return fmt.Errorf("call %d gave %d packets and says %d", call, len(got), n)
		}
		for i := range min(len(got), len(want)) {
			if err := d.equalPacket(&got[i], &want[i], snaplen); err != nil {
				return fmt.Errorf("call %d, packet %d: %w", call, got[i].Number, err)
			}
			if d.packets++; filtered {
				d.filtered++
			}
		}
		failed := err != nil && err != io.EOF
		switch {
		case len(got) == len(want) && failed == (code == -1):
		case code == -1 && !failed && len(got) >= len(want) && strings.Contains(theirs.Err().Error(), "an interface has a type"):
			d.mixed++ // libpcap refuses interfaces of different link types
			return nil
		case code == -1 && len(got) >= len(want):
			d.cut++ // damage that libpcap sees earlier, or that is none to us
			return nil
		default:
			return fmt.Errorf("call %d: %d packets, %v; libpcap has %d and returns %d (%v)", call, len(got), err, len(want), code, theirs.Err())
		}
		// The end: libpcap's 0 of dispatch and loop, with fewer packets than asked for; -2 of next.
		if ended := err != nil; ended {
			if !failed && (word == "next" && code != -2 || word == "loop" && code != 0 || word == "dispatch" && code != len(want)) {
				return fmt.Errorf("at the end: libpcap returns %d", code)
			}
			return nil
		}
		if word == "dispatch" && code != n || word == "loop" && code != 0 {
			return fmt.Errorf("call %d: %d, libpcap returns %d", call, n, code)
		}
	}
}

// TestBreakloop: ErrStop after a packet is pcap_breakloop in its callback.
func TestBreakloop(t *testing.T) {
	path := file(t, 10)
	for _, how := range []string{"dispatch", "loop"} {
		theirs, err := oracle.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		ours := openFile(t, path)
		n := 0
		stop := func(*Packet) error {
			if n++; n == 3 {
				return ErrStop
			}
			return nil
		}
		var first, rest []oracle.Packet
		if how == "loop" {
			first, _ = theirs.Loop(0, 3)
			_, err = ours.Loop(context.Background(), 0, stop)
		} else {
			first, _ = theirs.Dispatch(0, 3)
			_, err = ours.Dispatch(All, stop)
		}
		if err != ErrStop || n != len(first) {
			t.Errorf("%s: %d packets, %v; libpcap %d", how, n, err, len(first))
		}
		code := 0
		if rest, code = theirs.Loop(0, 0); code == -2 { // what is left of pcap_breakloop
			rest, _ = theirs.Loop(0, 0)
		}
		if m, _ := ours.Dispatch(All, func(*Packet) error { return nil }); m != len(rest) {
			t.Errorf("%s: %d packets more; libpcap %d", how, m, len(rest))
		}
		theirs.Close()
	}
}

// TestFilesCannotAsLibpcap: what libpcap refuses of a savefile is refused here.
func TestFilesCannotAsLibpcap(t *testing.T) {
	path := file(t, 1)
	theirs, err := oracle.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	ours := openFile(t, path)
	for what, errs := range map[string][2]error{
		"nonblock":  {theirs.SetNonblock(true), ours.SetNonblock(true)},
		"direction": {theirs.SetDirection(1), ours.SetDirection(In)},
		"inject":    {theirs.Inject(make([]byte, 60)), ours.Inject(make([]byte, 60))},
	} {
		if errs[0] == nil || !errors.Is(errs[1], ErrUnsupported) {
			t.Errorf("%s: libpcap %v, we %v", what, errs[0], errs[1])
		}
	}
	if theirs.Stats() == nil {
		t.Error("libpcap has statistics of a file; an Offline has none")
	}
}

// TestLinkTypesAsLibpcap: a file of every LINKTYPE_ value has the DLT_ value, and that the
// name, which libpcap gives.
func TestLinkTypesAsLibpcap(t *testing.T) {
	path := filepath.Join(t.TempDir(), "empty.pcap")
	named := 0
	for link := range LinkType(400) {
		var b bytes.Buffer
		w := pcap.NewWriter(&b, pcap.WriterOptions{Link: uint16(link)})
		if err := errors.Join(w.Close(), os.WriteFile(path, b.Bytes(), 0o600)); err != nil {
			t.Fatal(err)
		}
		f, err := oracle.Open(path)
		if err != nil {
			continue
		}
		dlt := f.DLT()
		f.Close()
		if got := link.DLT(); got != dlt {
			t.Errorf("LINKTYPE %d: DLT %d; libpcap says %d", link, got, dlt)
		}
		if name := oracle.Name(dlt); link.find() != nil {
			if named++; name != "" && link.String() != name { // libpcap leaves some without
				t.Errorf("LINKTYPE %d: %s; libpcap says %q", link, link, name)
			}
		}
	}
	if named != len(names) {
		t.Errorf("%d of %d names compared", named, len(names))
	}
}

// TestSnaplenAsLibpcap: of headers with odd limits.
func TestSnaplenAsLibpcap(t *testing.T) {
	path := filepath.Join(t.TempDir(), "snap.pcap")
	for _, snap := range []uint32{0, 1, 96, 65535, 262144, 1 << 20, 1<<31 - 1, 1 << 31, 1<<32 - 1} {
		b := make([]byte, 24)
		binary.LittleEndian.PutUint32(b, 0xa1b2c3d4)
		binary.LittleEndian.PutUint32(b[4:], 4<<16|2)
		binary.LittleEndian.PutUint32(b[16:], snap)
		binary.LittleEndian.PutUint32(b[20:], 1)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		theirs, err := oracle.Open(path)
		if err != nil {
			t.Errorf("libpcap refuses %d: %v", snap, err)
			continue
		}
		if ours := openFile(t, path); ours.Snaplen() != theirs.Snaplen() {
			t.Errorf("%d: %d; libpcap says %d", snap, ours.Snaplen(), theirs.Snaplen())
		}
		theirs.Close()
	}
}

package pcap

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/pcapgo"

	"pinyon/internal/corpus"
)

// other reads in with pcapgo, an independent reader; ok says whether it got to the end.
func other(in []byte) (fs []frame, ok bool) {
	var next func() ([]byte, gopacket.CaptureInfo, error)
	if bytes.HasPrefix(in, sectionMagic) {
		r, err := pcapgo.NewNgReader(bytes.NewReader(in), pcapgo.NgReaderOptions{WantMixedLinkType: true, SkipUnknownVersion: true})
		if err != nil {
			return nil, false
		}
		next = r.ReadPacketData
	} else {
		r, err := pcapgo.NewReader(bytes.NewReader(in))
		if err != nil {
			return nil, false
		}
		r.SetSnaplen(0) // pcapgo refuses longer records
		next = r.ReadPacketData
	}
	for {
		data, ci, err := next()
		if err != nil {
			return fs, err == io.EOF
		}
		f := frame{data: string(data), wire: uint32(ci.Length), iface: uint32(ci.InterfaceIndex), number: uint64(len(fs) + 1)}
		if f.noTime = ci.Timestamp.IsZero(); !f.noTime {
			f.ts = ci.Timestamp.UnixNano()
		}
		fs = append(fs, f)
	}
}

func compare(t *testing.T, name string, in []byte) (same bool) {
	theirs, ok := other(in)
	if !ok {
		return false
	}
	ours, c, err := read(t, in, blockSize)
	if err != nil || len(ours) != len(theirs) {
		t.Errorf("%s: %d frames, %+v, error %v; pcapgo has %d", name, len(ours), c, err, len(theirs))
		return false
	}
	last := uint64(0)
	for i, f := range ours {
		g := theirs[i]
		f.link = 0
		if c.SkippedBlocks > 0 && f.number > last {
			g.number = f.number // pcapgo counts packets alone
		}
		last = f.number
		if f.noTime {
			f.ts = 0
		}
		g.wire = max(g.wire, uint32(len(g.data)))
		if f.ts == math.MaxInt64 || (f.ts-g.ts)%(1<<32) == 0 {
			g.ts = f.ts // pcapgo computes microseconds in 32 bits and has no years after 2262
		}
		if f != g {
			t.Errorf("%s: frame %d: got %.200q, pcapgo %.200q", name, i+1, fmt.Sprint(f), fmt.Sprint(g))
			return false
		}
	}
	return true
}

func TestAgainstPcapgo(t *testing.T) {
	for _, ng := range []bool{false, true} {
		in, _ := sample(ng)
		if !compare(t, "sample", in) {
			t.Errorf("pcapng=%t: pcapgo could not read the sample", ng)
		}
	}
	in := cat(shb(be), idb(be, 1, 5, opt(be, optionResolution, uint8(3))), idb(be, 101, 0, opt(be, optionOffset, int64(77))),
		epb(be, 1, 1<<40, 9, "abcde"), opb(be, 0, 3, 1<<33, 5, "fghij"), block(be, 77, "skip"), spb(be, 9, "klmno"),
		shb(le), idb(le, 1, 0, opt(le, optionResolution, uint8(0x89))), epb(le, 0, 12345678, 3, "xyz"))
	if !compare(t, "mixed", in) {
		t.Error("pcapgo could not read it")
	}
}

// TestCorpus reads real captures, if there are any: none panics, none that pcapgo reads
// differs, and what was read is what a writer writes.
func TestCorpus(t *testing.T) {
	root := corpus.Dir()
	if root == "" {
		t.Skip("no corpus beside the repository")
	}
	files, frames, same := 0, 0, 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		in, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		if compare(t, path, in) {
			same++
		}
		frames += len(rewrite(t, in))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d files, %d frames; %d files read by pcapgo too, all the same", files, frames, same)
}

// rewrite reads in, writes its frames in either format and wants them back. It returns
// them.
func rewrite(t testing.TB, in []byte) []frame {
	t.Helper()
	r, err := NewReader(bytes.NewReader(in))
	if err != nil {
		return nil
	}
	defer r.Close()
	var all, classic, ng []frame
	var cout, nout bytes.Buffer
	var link uint16
	var cw *Writer
	nw := NewNGWriter(&nout, NGOptions{})
	ids := map[Interface]uint32{}
	for f, err := range r.All() {
		if err != nil {
			break
		}
		all = append(all, frameOf(&f))
		i := r.Info().Interfaces[f.Iface]
		if cw == nil {
			link = f.Link
			cw = NewWriter(&cout, WriterOptions{Link: link, Nano: true})
		}
		g := f
		if err := cw.Write(&g); err == nil {
			w := frameOf(&g)
			w.iface, w.noTime, w.number = 0, false, uint64(len(classic)+1)
			classic = append(classic, w)
		}
		id, known := ids[i]
		if !known {
			n, err := nw.AddInterface(InterfaceOptions{Link: i.Link, Snaplen: i.Snaplen, Resolution: written(i.Resolution), Offset: i.Offset, Name: i.Name})
			if err != nil {
				t.Fatal(err)
			}
			id = uint32(n)
			ids[i] = id
		}
		g.Iface = id
		if !f.NoTime && f.TS != math.MinInt64 && f.TS != math.MaxInt64 { // those stand for times beyond
			if err := nw.Write(&g); err == nil {
				w := frameOf(&g)
				w.number = uint64(len(ng) + 1)
				ng = append(ng, w)
			}
		}
	}
	if cw != nil {
		cw.Close()
		same(t, cout.Bytes(), classic)
	}
	nw.Close()
	same(t, nout.Bytes(), ng)
	return all
}

// written is a resolution as InterfaceOptions takes it.
func written(r Resolution) Resolution {
	if r == 0 {
		return Seconds
	}
	return r
}

func same(t testing.TB, in []byte, want []frame) {
	t.Helper()
	got, _, err := read(t, in, blockSize)
	if err != nil || len(got) != len(want) {
		t.Fatalf("%d frames written, %d read, error %v", len(want), len(got), err)
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("wrote %+v, read %+v", want[i], got[i])
		}
	}
}

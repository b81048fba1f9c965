package savefile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/parquet/file"

	"pinyon/packet"
	"pinyon/packetstore"
	"pinyon/pcap"
	"pinyon/sink"
)

func parquetRows(path string) (int64, error) {
	r, err := file.OpenParquetFile(path, false)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	return r.NumRows(), nil
}

// TestOutput: formats by name; a file appears when it is complete, and not after an error.
func TestOutput(t *testing.T) {
	dir := t.TempDir()
	data := []byte("a frame of an Ethernet, of some length, whatever is in it")
	for _, name := range []string{"a.parquet", "a.pcap", "a.pcapng", "A.PARQUET"} {
		path := filepath.Join(dir, name)
		w, err := Output(path, 2000, &Options{Rows: packetstore.Options{Payload: 4}})([]string{"x0", "x1"}, []uint16{1, 1})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 10 {
			if err := w.Write(&packet.Frame{Data: data, TS: int64(i), Link: 1, Iface: 1}); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s is there before it is complete", name)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if IsRows(name) {
			table, err := parquetRows(path)
			if err != nil || table != 10 {
				t.Errorf("%s: %d rows, %v", name, table, err)
			}
			continue
		}
		n := int64(0)
		r, err := pcap.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		var f packet.Frame
		for err = r.Next(&f); err == nil; err = r.Next(&f) {
			if f.TS != n || !bytes.Equal(f.Data, data) {
				t.Errorf("%s: %+v", name, f)
			}
			n++
		}
		if err != io.EOF {
			t.Error(err)
		}
		for i, d := range r.Info().Interfaces {
			if d.Snaplen != 2000 || IsNG(name) && d.Name != []string{"x0", "x1"}[i] {
				t.Errorf("%s: interface %+v", name, d)
			}
		}
		if b, err := os.ReadFile(path); err != nil || IsNG(name) && !bytes.Contains(b, []byte(Application)) {
			t.Errorf("%s does not say who wrote it, %v", name, err)
		}
		r.Close()
		if n != 10 {
			t.Errorf("%s: %d frames", name, n)
		}
	}
	for name, links := range map[string][]uint16{"b.txt": {1}, "b": {1}, "b.pcap": {1, 101}, "none/b.pcap": {1}} {
		if _, err := Output(filepath.Join(dir, name), 0, nil)([]string{"x", "y"}[:len(links)], links); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := Output(filepath.Join(dir, "c.parquet"), 0, &Options{Rows: packetstore.Options{Compression: "lzo"}})([]string{"x"}, []uint16{1}); err == nil {
		t.Error("a compression that does not exist")
	}
	// A frame that a pcap file cannot hold.
	path := filepath.Join(dir, "d.pcap")
	w, err := Output(path, 0, nil)([]string{"x"}, []uint16{1})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(&packet.Frame{Data: data, Link: 101}); err == nil {
		t.Error("another link type: no error")
	}
	w.Close()
	list, err := os.ReadDir(dir)
	if err != nil || len(list) != 4 {
		t.Errorf("%v, %v", list, err)
	}
}

// TestSeries: files follow each other behind those that are there, by size and by time, and
// only as many as are to be kept stay.
func TestSeries(t *testing.T) {
	data := make([]byte, 100)
	for _, c := range []struct {
		name string
		r    Rotation
		want []string
	}{
		{"x.pcap", Rotation{}, []string{"x.pcap"}},
		{"x.pcap", Rotation{Size: 500}, []string{"x-00008.pcap", "x-00009.pcap", "x-00010.pcap"}},
		{"x.pcap", Rotation{Size: 500, Keep: 2}, []string{"x-00009.pcap", "x-00010.pcap"}},
		{"x.pcapng", Rotation{Every: 5 * time.Second}, []string{"x-00001.pcapng", "x-00002.pcapng"}},
		{"x.parquet", Rotation{Every: 5 * time.Second}, []string{"x-00001.parquet", "x-00002.parquet"}},
		{"y{seq}z.pcapng", Rotation{Every: 5 * time.Second}, []string{"y00001z.pcapng", "y00002z.pcapng"}},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "x-00007.pcap"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := OpenSeries(filepath.Join(dir, c.name), &c.r, &Options{Interface: Devices([]string{"e0"}, []uint16{1}, 0)})
		if err != nil {
			t.Fatal(err)
		}
		all := Set{s}
		for i := range 10 {
			if err := all.Write(&packet.Frame{Data: data, Link: 1, Wire: 100, TS: int64(i) * 1e9}); err != nil {
				t.Fatal(err)
			}
			if err := all.Idle(); err != nil && c.r.Every == 0 {
				t.Fatal(err)
			}
		}
		if err := all.Close(); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, name := range all.Names() {
			got = append(got, filepath.Base(name))
			info, err := os.Stat(name)
			if err != nil || c.r.Size > 0 && info.Size() > c.r.Size {
				t.Errorf("%s: %v bytes, %v", name, info, err)
			}
		}
		if c.r.Every > 0 { // files whose time is long over end at every Idle
			if len(got) < 2 || got[0] != c.want[0] {
				t.Errorf("%s %+v: files %q", c.name, c.r, got)
			}
		} else if !slices.Equal(got, c.want) {
			t.Errorf("%s %+v: files %q; want %q", c.name, c.r, got, c.want)
		}
	}
}

// TestAbort: what is not complete goes, and nothing is written afterwards.
func TestAbort(t *testing.T) {
	dir := t.TempDir()
	s, err := OpenSeries(filepath.Join(dir, "x.pcap"), &Rotation{Size: 300}, &Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		if err := s.Write(&packet.Frame{Data: make([]byte, 100), Link: 1, TS: int64(i)}); err != nil {
			t.Fatal(err)
		}
	}
	s.Abort()
	if err := s.Close(); !errors.Is(err, sink.ErrAborted) {
		t.Errorf("Close after Abort: %v", err)
	}
	list, err := os.ReadDir(dir)
	if err != nil || fmt.Sprint(names(list)) != "[x-00001.pcap x-00002.pcap]" {
		t.Errorf("files %v, %v", names(list), err)
	}
}

func names(list []os.DirEntry) (all []string) {
	for _, e := range list {
		all = append(all, e.Name())
	}
	return all
}

// TestSections: interfaces of two sections of one input are two of the file.
func TestSections(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.pcapng")
	section := 0
	f, err := Create(path, &Options{Interface: func(n uint32) (pcap.Interface, bool) {
		return pcap.Interface{Link: 1, Name: fmt.Sprint("s", section, "n", n)}, true
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range [][2]int{{0, 0}, {0, 1}, {0, 0}, {1, 0}} {
		section = at[0]
		if err := f.WriteFrom(&packet.Frame{Data: []byte("x"), Link: 1, Iface: uint32(at[1])}, section); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := pcap.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var frame packet.Frame
	var got []uint32
	for r.Next(&frame) == nil {
		got = append(got, frame.Iface)
	}
	if !slices.Equal(got, []uint32{0, 1, 0, 2}) || r.Info().Interfaces[2].Name != "s1n0" {
		t.Errorf("interfaces %v of %+v", got, r.Info().Interfaces)
	}
}

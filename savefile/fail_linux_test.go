package savefile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"pinyon/packet"
	"pinyon/pcap"
)

// smallDisk is a file system of so many bytes.
func smallDisk(t *testing.T, size int) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprint("size=", size)); err != nil {
		t.Skip("no small file system can be mounted: ", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// frames counts those of a capture, which must be whole.
func frames(t *testing.T, path string) (n uint64) {
	t.Helper()
	r, err := pcap.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for f, err := range r.All() {
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if f.TS != int64(n) && !strings.Contains(path, "-") {
			t.Fatalf("%s: frame %d is of time %d", path, n, f.TS)
		}
		n++
	}
	return n
}

// TestFullDisk: a file that no longer fits keeps its complete frames under a partial name, all
// others are counted, and a series that rotates goes on when there is room again.
func TestFullDisk(t *testing.T) {
	for _, c := range []struct {
		name string
		r    Rotation
	}{{"x.pcap", Rotation{}}, {"x.pcapng", Rotation{}}, {"x.pcap", Rotation{Size: 100 << 10}}, {"x.pcapng", Rotation{Size: 100 << 10}}, {"x.parquet", Rotation{}}} {
		t.Run(fmt.Sprint(c.name, c.r.Size), func(t *testing.T) {
			size := 256 << 10
			if IsRows(c.name) {
				size = 8 << 10
			}
			dir := smallDisk(t, size)
			var told []string
			s, err := OpenSeries(filepath.Join(dir, c.name), &c.r, &Options{
				Interface: Devices([]string{"e0"}, []uint16{1}, 0),
				Failed: func(path, kept string, err error) {
					if !errors.Is(err, syscall.ENOSPC) || path != filepath.Join(dir, c.name) || strings.Contains(err.Error(), ".tmp-") {
						t.Errorf("told %s, %s, %v", path, kept, err)
					}
					told = append(told, kept)
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			given := uint64(0)
			random := make([]byte, 1000)
			write := func(n int) {
				for range n {
					for i := range random { // so that a page of rows is no smaller
						random[i] = byte(given*31+uint64(i)*7) ^ byte(given>>3) ^ byte(uint64(i)*given>>2)
					}
					if err := s.Write(&packet.Frame{Data: random, Link: 1, Wire: 1000, TS: int64(given)}); err != nil {
						t.Fatal(err)
					}
					given++
				}
			}
			write(500)
			if IsRows(c.name) {
				write(5000)
			}
			if c.r.Rotates() {
				list, err := os.ReadDir(dir)
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range list {
					os.Remove(filepath.Join(dir, e.Name()))
				}
				s.done = nil
				before := s.Counts().Written
				time.Sleep(retryAfter + 10*time.Millisecond)
				write(50)
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				if got := s.Counts().Written - before; got < 50 {
					t.Errorf("%d frames since there is room", got)
				}
			} else if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			got := s.Counts()
			if got.Written+got.Lost != given || got.Lost == 0 {
				t.Errorf("%+v of %d", got, given)
			}
			if len(told) == 0 || IsRows(c.name) && told[0] != "" || !IsRows(c.name) && !c.r.Rotates() && !strings.Contains(told[0], ".partial.") {
				t.Errorf("told %q", told)
			}
			if c.r.Rotates() || IsRows(c.name) {
				return
			}
			if !slices.Equal(s.Names(), told) || frames(t, told[0]) != got.Written || got.Written < 200 {
				t.Errorf("%q holds %d frames; counted %d", s.Names(), frames(t, told[0]), got.Written)
			}
		})
	}
}

// TestRotateTogether: several series that rotate under one name replace nothing of each other,
// and each has its frames in its own files.
func TestRotateTogether(t *testing.T) {
	dir := t.TempDir()
	victim := filepath.Join(t.TempDir(), "victim")
	if err := errors.Join(os.WriteFile(victim, []byte("victim"), 0o600), os.Symlink(victim, filepath.Join(dir, "x-00003.pcap"))); err != nil {
		t.Skip(err)
	}
	const runs, each = 4, 200
	var all sync.WaitGroup
	names := make([][]string, runs)
	for i := range runs {
		s, err := OpenSeries(filepath.Join(dir, "x.pcap"), &Rotation{Size: 1000}, &Options{Interface: Devices([]string{"e0"}, []uint16{1}, 0)})
		if err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			for n := range each {
				if err := s.Write(&packet.Frame{Data: make([]byte, 100), Link: 1, Wire: uint32(1000 + i), TS: int64(n)}); err != nil {
					t.Error(err)
				}
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			names[i] = s.Names()
		})
	}
	all.Wait()
	seen := map[string]bool{}
	for i := range runs {
		next := int64(0)
		for _, name := range names[i] {
			if seen[name] {
				t.Errorf("%s is of two runs", name)
			}
			seen[name] = true
			r, err := pcap.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			for f, err := range r.All() {
				if err != nil || f.Wire != uint32(1000+i) || f.TS != next {
					t.Fatalf("%s: %+v, %v", name, f, err)
				}
				next++
			}
			r.Close()
		}
		if next != each {
			t.Errorf("run %d: %d frames", i, next)
		}
	}
	if b, err := os.ReadFile(victim); string(b) != "victim" {
		t.Errorf("%q, %v", b, err)
	}
	list, err := os.ReadDir(dir)
	if err != nil || len(list) != len(seen)+1 {
		t.Errorf("%d files for %d names, %v", len(list), len(seen), err)
	}
}

// TestKeepOwn: of the files that are to go only those go that the series has made.
func TestKeepOwn(t *testing.T) {
	dir := t.TempDir()
	s, err := OpenSeries(filepath.Join(dir, "x.pcap"), &Rotation{Size: 300, Keep: 1}, &Options{})
	if err != nil {
		t.Fatal(err)
	}
	first := filepath.Join(dir, "x-00001.pcap")
	swapped := false
	for i := range 20 {
		if err := s.Write(&packet.Frame{Data: make([]byte, 100), Link: 1, TS: int64(i)}); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(first); err == nil && !swapped {
			swapped = true
			if err := errors.Join(os.WriteFile(first+".new", []byte("other"), 0o600), os.Rename(first+".new", first)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(first); string(b) != "other" {
		t.Errorf("%q, %v", b, err)
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 2 {
		t.Errorf("%v, %v", list, err)
	}
}

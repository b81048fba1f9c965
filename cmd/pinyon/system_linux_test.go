package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"pinyon/sink/files"
)

func TestFIFO(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	whole := captureBytes(t)
	go func() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return
		}
		defer f.Close()
		for len(whole) > 0 {
			n := min(len(whole), 100)
			f.Write(whole[:n])
			whole = whole[n:]
		}
	}()
	if out := want(t, 0, "3 flows from 19 packets", "extract", path); strings.Count(out, "\n") != 4 {
		t.Errorf("stdout %q", out)
	}
}

func TestDiskFull(t *testing.T) {
	in := captureFile(t)
	if _, err := os.Stat("/dev/full"); err == nil {
		want(t, exitError, "/dev/full: no space left", "extract", in, "-o", "/dev/full")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skip("no small file system:", err)
	}
	defer syscall.Unmount(dir, 0)
	many := make([]string, 200)
	for i := range many {
		many[i] = in
	}
	for _, name := range []string{"x.csv", "x.parquet", "x.arrow", "x.npy"} {
		out := filepath.Join(dir, name)
		want(t, exitError, "no space left", append([]string{"extract", "-o", out, "--provenance", "none"}, many...)...)
		if got := filesIn(t, dir); len(got) != 0 {
			t.Errorf("%s leaves %v", name, got)
		}
	}
}

// TestManyInputs reads more files than a process may have open.
func TestManyInputs(t *testing.T) {
	dir := t.TempDir()
	b := captureBytes(t)
	const n = 1500
	for i := range n {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%04d.pcap", i)), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Skip(err)
	}
	low := limit
	low.Cur = 64
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &low); err != nil {
		t.Skip(err)
	}
	defer syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
	out := filepath.Join(t.TempDir(), "x.csv")
	want(t, 0, fmt.Sprintf("%d flows", 3*n), "extract", dir, "-o", out, "--features", "flow_meta")
	if info, err := os.Stat(out + files.Suffix); err != nil || info.Size() > 200*n {
		t.Errorf("provenance of %d inputs: %v bytes, %v", n, info.Size(), err)
	}
}

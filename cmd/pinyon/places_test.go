//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestPlaces: files of a run that would replace each other, or mix, are refused.
func TestPlaces(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("real", 0o777); err != nil {
		t.Fatal(err)
	}
	for to, from := range map[string]string{"real": "lnk", "real/target.csv": "file.csv", "series-00003.pcap": "into.csv", "/dev/stdout": "out"} {
		if err := os.Symlink(to, from); err != nil {
			t.Skip(err)
		}
	}
	if err := syscall.Mkfifo("fifo", 0o600); err != nil {
		t.Skip(err)
	}
	for _, args := range []string{
		"--save-pcap real/x.pcap -o lnk/x.pcap -f csv",
		"-o real/a.csv --tee jsonl=lnk/a.csv",
		"-o real/target.csv --tee jsonl=file.csv",
		"--tee csv=f.csv.provenance.json -o f.csv",
		"--tee csv=f.csv.provenance.json -o f.csv --provenance header --tee jsonl=x.jsonl",
		"-o f.csv --tee jsonl=f.csv.provenance.json",
		"-o f.csv --tee jsonl=lnk/../real/../f.csv.provenance.json",
		"--save-pcap f.pcap --rotate-size 100k -o f-00001.pcap -f csv",
		"--save-pcap lnk/f.pcap --rotate-size 100k -o real/f-123456.pcap -f csv",
		"--save-pcap series.pcap --rotate-size 100k -o into.csv",
		"--save-pcap x.pcap --packets x.parquet -o x.parquet",
		"--save-pcap x-00002.parquet.pcap --packets x.parquet --rotate-interval 5s -o lnk/../x-00002.parquet",
		"-o a.npy --tee jsonl=a.npy.columns.json --features timing",
		"-o - --save-pcap /dev/stdout",
		"-o - --save-pcap out",
		"-o /dev/fd/1 --save-pcap -",
		"-o /proc/self/fd/1 --tee jsonl=/dev/stdout",
		"-o fifo --save-pcap lnk/../fifo -f csv",
		"-o fifo --save-pcap lnk/../../" + filepath.Base(cwd(t)) + "/fifo -f csv",
		"-o /dev/full --tee csv=/dev/full",
		"--save-pcap /dev/null --rotate-size 100k -o x.csv",
		"--save-pcap fifo --rotate-interval 5s -o x.csv",
		"--save-pcap /dev/stdout --rotate-size 100k -o x.csv",
	} {
		want(t, exitUsage, "", append([]string{"live", "nosuch"}, strings.Fields(args)...)...)
	}
	for _, args := range []string{
		"--save-pcap /dev/null -o /dev/null --tee jsonl=/dev/null",
		"--tee csv=f.csv.provenance.json -o f.csv --provenance none",
		"--tee csv=f.csv.provenance.json -o f.jsonl --tee csv=- --provenance header",
		"--save-pcap f.pcap --rotate-size 100k -o f-0001.pcap -f csv",
		"--save-pcap f.pcap --rotate-size 100k -o f.pcap -f csv",
		"--save-pcap f.pcap --rotate-size 100k -o real/f-00001.pcap -f csv",
		"--save-pcap /dev/stderr -o -",
	} {
		want(t, exitDevice, "nosuch", append([]string{"live", "nosuch"}, strings.Fields(args)...)...)
	}
	in := captureFile(t)
	want(t, exitUsage, "lines as well", "dump", "-r", in, "-w", "/dev/stdout", "--print")
	want(t, exitUsage, "what -r reads", "dump", "-r", "fifo", "-w", "lnk/../fifo")
	want(t, exitUsage, "also an input", "extract", in, "-o", in, "-f", "csv")
	if got := filesIn(t, "."); len(got) != 6 {
		t.Errorf("files %v", got)
	}
}

func cwd(t *testing.T) string {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

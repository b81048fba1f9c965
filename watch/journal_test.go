package watch

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestJournal: what is written is read back, the last record of each path, also after the journal
// was written anew; files that are gone are forgotten after a while, and not those in hand.
func TestJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	j, err := openJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	if !j.fresh {
		t.Error("not fresh")
	}
	for i := range 50 {
		r := record{At: begin, Path: fmt.Sprint(i % 10), identity: identity{Size: int64(i), Inode: uint64(i%10 + 1)}, Outputs: []string{"o"}}
		if err := j.add(r, i%3 == 0); err != nil {
			t.Fatal(err)
		}
		if r.At = done; i != 49 {
			if err := j.add(r, false); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := j.add(record{At: done, Path: "new", From: "0", identity: identity{Inode: 1}}, false); err != nil {
		t.Fatal(err)
	}
	if err := j.add(record{At: gone, Path: "1"}, true); err != nil {
		t.Fatal(err)
	}
	check := func(j *journal, paths string) {
		t.Helper()
		got := ""
		for i := range 10 {
			if r := j.get(fmt.Sprint(i)); r != nil {
				got += fmt.Sprint(i)
				if r.Size != int64(40+i) || j.find(r.identity) != r {
					t.Errorf("%d: %+v", i, r)
				}
			}
		}
		if got != paths {
			t.Errorf("paths %s; want %s", got, paths)
		}
	}
	check(j, "23456789")
	if r := j.find(identity{Inode: 1}); r == nil || r.Path != "new" {
		t.Errorf("%+v", r)
	}
	j.last["2"].When -= int64(2 * memory / time.Second)
	j.last["3"].When -= int64(2 * memory / time.Second)
	j.last["9"].When -= int64(2 * memory / time.Second)
	if err := j.compact(func(path string) bool { return path == "3" }, true); err != nil {
		t.Fatal(err)
	}
	check(j, "3456789") // 9 is in hand
	if j.lines != 8 {
		t.Errorf("%d lines", j.lines)
	}
	if err := j.add(record{At: done, Path: "4", identity: identity{Size: 44, Inode: 5}}, true); err != nil {
		t.Fatal(err)
	}
	before := j.last
	j.close()
	if j, err = openJournal(path); err != nil {
		t.Fatal(err)
	}
	defer j.close()
	check(j, "3456789")
	if !reflect.DeepEqual(before, j.last) || j.fresh {
		t.Errorf("read back: %+v", j.last)
	}
}

// FuzzJournal: whatever the file holds, it is read without an error, what is added behind it is
// read back, and reading does not change what was read.
func FuzzJournal(f *testing.F) {
	f.Add([]byte(`{"at":"begin","path":"a","size":1}` + "\n" + `{"at":"done","path":"a`))
	f.Add([]byte("\x00\x00\n{}\n[]\n\"\"\n"))
	f.Add([]byte(`{"at":"done","path":"b","from":"a","ino":7}` + "\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "j")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := openJournal(path)
		if err != nil {
			t.Fatal(err)
		}
		want := len(j.last)
		if j.last["added"] == nil {
			want++
		}
		if err := j.add(record{At: done, Path: "added"}, false); err != nil {
			t.Fatal(err)
		}
		first := j.last
		j.close()
		if now, err := os.ReadFile(path); err != nil || !bytes.HasPrefix(now, b) {
			t.Fatalf("changed what was there: %v", err)
		}
		if j, err = openJournal(path); err != nil {
			t.Fatal(err)
		}
		defer j.close()
		if len(j.last) != want || !reflect.DeepEqual(first, j.last) {
			t.Fatalf("%v; want %v", j.last, first)
		}
	})
}

// TestNames: patterns are filled in, no name leaves the output directory, and no two inputs have
// one name, whatever they are called.
func TestNames(t *testing.T) {
	at := time.Date(2026, 11, 28, 8, 15, 30, 0, time.FixedZone("", 3600))
	f := func(pattern, input, want string) {
		t.Helper()
		n, err := newNamer(pattern, "csv")
		got := ""
		if err == nil {
			got, err = n.name(input, at)
		}
		if got != want || want == "" && err == nil {
			t.Errorf("%q of %q: %q, %v; want %q", pattern, input, got, err, want)
		}
	}
	f("{path}.{ext}", "a/b/x.PCAP.gz", "a/b/x.csv")
	f("{path}.{ext}", "x.tar.pcapng.zst", "x.tar.csv")
	f("{date}/{hour}/{stem}-{time}.{ext}", "a/x.cap", "2026-11-28/07/x-071530.csv")
	f("{timestamp}_{name}.{ext}", "a/x.cap", "20261128T071530Z_x.cap.csv")
	f("{dir}/{stem}.{ext}", "x.pcap", "x.csv")
	f("../{stem}.{ext}", "x.pcap", "")
	f("{dir}/../../{stem}", "a/x.pcap", "")
	f("{stem", "x.pcap", "")
	f("{what}", "x.pcap", "")
	f(".{stem}", "x.pcap", "")
	f("{dir}", "x.pcap", "")

	n, err := newNamer("all.{ext}", "csv")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for _, input := range []string{"a.pcap", "b/a.pcap", "a.cap", "all.pcap", "c/all", "a.pcap.gz", "c/a.pcap"} {
		name, err := n.take(input, "", at, func(name string) bool { return name == "a.pcap.csv" })
		if err != nil || seen[name] != "" || !strings.HasSuffix(name, ".csv") {
			t.Errorf("%s: %q, also that of %q; %v", input, name, seen[name], err)
		}
		seen[name] = input
		if again, err := n.take(input, name, at, func(string) bool { return true }); again != name || err != nil {
			t.Errorf("%s: %q the second time, %v", input, again, err)
		}
	}
}

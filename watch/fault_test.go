package watch_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pinyon/watch"
)

// TestGivenUp: a file that cannot be read is tried again, then put on the list of those that were
// given up, and taken off it once it has changed and can be read. Others do not wait for it.
func TestGivenUp(t *testing.T) {
	s := newSite(t)
	s.put("d/x.pcap", "bad\n")
	s.put("y.pcap", "good\n")
	o := s.options()
	o.Retries = 2
	st := s.drain(o)
	if st.Failed != 1 || st.Retried != 2 || st.Done != 1 || s.count(watch.Failed) != 3 || s.count(watch.GivenUp) != 1 {
		t.Errorf("%+v, %d failures, %d given up", st, s.count(watch.Failed), s.count(watch.GivenUp))
	}
	list := filepath.Join(s.out, "failed", "d", "x.pcap.json")
	var f struct{ Path, Error string }
	if b, err := os.ReadFile(list); err != nil || json.Unmarshal(b, &f) != nil || f.Error != "is bad" || f.Path != filepath.Join(s.in, "d/x.pcap") {
		t.Errorf("%+v, %v", f, err)
	}
	if st := s.drain(o); st.Failed+st.Retried != 0 {
		t.Errorf("a second run: %+v", st)
	}
	o.RetryFailed = true
	if st := s.drain(o); st.Failed != 1 {
		t.Errorf("with RetryFailed: %+v", st)
	}
	s.put("d/x.pcap", "better\n")
	if st := s.drain(s.options()); st.Done != 1 {
		t.Errorf("changed: %+v", st)
	}
	s.want("d/x.txt", "better\n")
	if _, err := os.Stat(list); err == nil {
		t.Error("still on the list")
	}
}

// TestOutputFails: an output that fails is no reason to give files up, however long it does.
func TestOutputFails(t *testing.T) {
	s := newSite(t)
	for i := range 3 {
		s.put(fmt.Sprintf("%d.pcap", i), "x\n")
	}
	o := s.options()
	o.Retries, o.Workers = -1, 2
	var failures atomic.Int32
	failures.Store(9)
	o.New = func() (watch.Processor, error) {
		return &copier{s, func(*watch.Job) error {
			if failures.Add(-1) >= 0 {
				return &watch.OutputError{Err: errors.New("disk full")}
			}
			return nil
		}}, nil
	}
	st := s.drain(o)
	if st.OutputFailed != 9 || st.Done != 3 || st.Failed != 0 {
		t.Errorf("%+v", st)
	}
}

// TestAfter: files that are done are moved, without replacing any, or removed, also those that a
// run did which was killed before it could; what changed in between stays.
func TestAfter(t *testing.T) {
	s := newSite(t)
	s.put("a/x.pcap", "1\n")
	s.drain(s.options())
	o := s.options()
	o.Move = filepath.Join(s.in, "archive")
	s.put("y.pcap", "2\n")
	s.drain(o)
	s.put("y.pcap", "3\n")
	s.drain(o)
	for path, want := range map[string]string{"archive/a/x.pcap": "1\n", "archive/y.pcap": "2\n", "archive/y-2.pcap": "3\n"} {
		if b, err := os.ReadFile(filepath.Join(s.in, path)); string(b) != want {
			t.Errorf("%s: %q, %v", path, b, err)
		}
	}
	s.want("y.txt", "3\n")
	o = s.options()
	o.Delete = true
	s.put("z.pcap", "4\n")
	s.drain(o)
	s.want("z.txt", "4\n")
	if _, err := os.Stat(filepath.Join(s.in, "z.pcap")); err == nil {
		t.Error("z.pcap is still there")
	}
}

// TestLocked: two watchers do not share a journal.
func TestLocked(t *testing.T) {
	s := newSite(t)
	w, err := watch.New(s.options())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := watch.New(s.options()); !errors.Is(err, watch.ErrLocked) {
		t.Errorf("got %v", err)
	}
	w.Close()
	s.drain(s.options())
}

// TestSkipExisting: files of before the first run stay undone in later runs too, until they change.
func TestSkipExisting(t *testing.T) {
	s := newSite(t)
	s.put("old.pcap", "1\n")
	o := s.options()
	o.SkipExisting = true
	if st := s.drain(o); st.Done != 0 || st.Skipped != 1 {
		t.Errorf("%+v", st)
	}
	s.put("between.pcap", "2\n")
	if st := s.drain(o); st.Done != 1 {
		t.Errorf("%+v", st)
	}
	if got := s.outputs(); !slices.Equal(got, []string{"between.txt"}) {
		t.Errorf("outputs %q", got)
	}
}

// TestCrash: wherever the journal is cut, in the middle of a record too, and whether or not an
// output whose record is missing had got its name, the next run leaves every output once, and
// makes none that was there.
func TestCrash(t *testing.T) {
	const inputs = 12
	s := newSite(t)
	for i := range inputs {
		s.put(fmt.Sprintf("%02d.pcap", i), fmt.Sprintln(i))
	}
	o := s.options()
	o.Workers = 3
	s.drain(o)
	whole, err := os.ReadFile(filepath.Join(s.out, ".pinyon-watch.journal"))
	if err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewSource(1))
	for range 60 {
		cut := rnd.Intn(len(whole) + 1)
		next := &site{TB: t, in: s.in, out: filepath.Join(t.TempDir(), "out"), made: map[string]int{}}
		if err := os.MkdirAll(next.out, 0o777); err != nil {
			t.Fatal(err)
		}
		tail := whole[:cut]
		if rnd.Intn(3) == 0 { // what a file system may leave of a record
			tail = append(bytes.Clone(tail), make([]byte, rnd.Intn(50))...)
		}
		if err := os.WriteFile(filepath.Join(next.out, ".pinyon-watch.journal"), tail, 0o600); err != nil {
			t.Fatal(err)
		}
		there := map[string]bool{}
		for line := range bytes.Lines(whole[:cut]) {
			var r struct{ At, Path string }
			if json.Unmarshal(line, &r) != nil {
				continue
			}
			there[strings.TrimSuffix(r.Path, ".pcap")] = r.At == "done" || rnd.Intn(2) == 0
		}
		for name, is := range there {
			if !is {
				if err := os.WriteFile(filepath.Join(next.out, "."+name+".txt.tmp-9-12345678"), nil, 0o600); err != nil {
					t.Fatal(err)
				}
				continue
			}
			b, err := os.ReadFile(filepath.Join(s.out, name+".txt"))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(next.out, name+".txt"), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		again := next.options()
		again.Workers, again.Settle = 3, 1
		next.drain(again)
		for i := range inputs {
			name := fmt.Sprintf("%02d", i)
			want := 1
			if there[name] {
				want = 0
			}
			b, err := os.ReadFile(filepath.Join(next.out, name+".txt"))
			if got := next.commits(name + ".pcap"); got != want || string(b) != fmt.Sprintln(i) {
				t.Fatalf("cut at %d of %d: %s: %d commits, want %d; %q, %v", cut, len(whole), name, got, want, b, err)
			}
		}
		list, err := os.ReadDir(next.out)
		if err != nil || len(list) != inputs+2 { // the journal and its lock
			t.Fatalf("cut at %d: %d files left, %v", cut, len(list), err)
		}
	}
}

// TestMany: of 10,000 files that come while the watcher is at work each is done once, and the
// journal does not grow without end.
func TestMany(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	const files = 10000
	defer watch.Undurable()()
	s := newSite(t)
	o := s.options()
	o.Workers, o.Rescan = 4, 10*time.Second
	w, stop := s.run(o)
	for i := range files {
		s.put(fmt.Sprintf("%d/%d.pcap", i%7, i), "x\n")
	}
	s.wait("all are done", func() bool { return w.Stats().Done >= files })
	stop()
	if st := w.Stats(); st.Done != files || st.Changed != 0 || len(s.outputs()) != files {
		t.Errorf("%+v, %d outputs", st, len(s.outputs()))
	}
	for path, n := range s.made {
		if n != 1 {
			t.Errorf("%s: %d times", path, n)
		}
	}
	if st := s.drain(o); st.Done != 0 {
		t.Errorf("a second run: %+v", st)
	}
}

package watch_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pinyon/watch"
)

// generous is how long a state may take to come on a loaded machine.
const generous = 2 * time.Minute

// A copier is a Processor whose output is the file's bytes: one packet each, a flow for each line.
type copier struct {
	s      *site
	before func(*watch.Job) error // what Commit finds has happened; nil is nothing
}

func (c *copier) Process(_ context.Context, job *watch.Job) (*watch.Result, error) {
	b, err := io.ReadAll(job.Open())
	if err != nil {
		return nil, err
	}
	if c.before != nil {
		if err := c.before(job); err != nil {
			return nil, err
		}
	}
	if bytes.Contains(b, []byte("bad")) {
		return nil, errors.New("is bad")
	}
	r := &watch.Result{Flows: uint64(bytes.Count(b, []byte("\n"))), Packets: uint64(len(b)), Abort: func() error { return nil }}
	r.Commit = func(context.Context) error {
		c.s.note(job)
		temp := filepath.Join(filepath.Dir(job.Output), "."+filepath.Base(job.Output)+".tmp-1")
		if err := os.WriteFile(temp, b, 0o600); err != nil {
			return err
		}
		return os.Rename(temp, job.Output)
	}
	return r, nil
}

// A site is a watched directory in and one for outputs, out.
type site struct {
	testing.TB
	in, out string

	mu     sync.Mutex
	made   map[string]int // commits, by input
	events []watch.Event
}

func newSite(t testing.TB) *site {
	s := &site{TB: t, made: map[string]int{}}
	dir := t.TempDir()
	s.in, s.out = filepath.Join(dir, "in"), filepath.Join(dir, "out")
	if err := os.MkdirAll(s.in, 0o777); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *site) note(job *watch.Job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made[job.Rel]++
}

func (s *site) commits(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.made[path]
}

// count is how many events there were of a kind.
func (s *site) count(k watch.Kind) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.events {
		if e.Kind == k {
			n++
		}
	}
	return n
}

// put writes a file of in in one go, under another name first.
func (s *site) put(path, text string) {
	s.Helper()
	full := filepath.Join(s.in, path)
	if err := os.MkdirAll(filepath.Dir(full), 0o777); err != nil {
		s.Fatal(err)
	}
	if err := os.WriteFile(full+".part", []byte(text), 0o600); err != nil {
		s.Fatal(err)
	}
	if err := os.Rename(full+".part", full); err != nil {
		s.Fatal(err)
	}
}

// want waits for an output, which must have these bytes then.
func (s *site) want(path, text string) {
	s.Helper()
	s.wait(path, func() bool {
		b, err := os.ReadFile(filepath.Join(s.out, path))
		return err == nil && string(b) == text
	})
}

func (s *site) wait(what string, f func() bool) {
	s.Helper()
	for end := time.Now().Add(generous); !f(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.Fatalf("%s: not after %v; %d outputs, %d events, the last ones %+v", what, generous, len(s.outputs()), len(s.events), s.events[max(0, len(s.events)-10):])
		}
	}
}

// outputs are the files of out but those that begin with a dot.
func (s *site) outputs() (names []string) {
	filepath.WalkDir(s.out, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.HasPrefix(d.Name(), ".") {
			rel, _ := filepath.Rel(s.out, path)
			names = append(names, filepath.ToSlash(rel))
		}
		return nil
	})
	slices.Sort(names)
	return names
}

func (s *site) options() watch.Options {
	return watch.Options{
		Dir: s.in, Output: s.out, Extension: "txt", Settle: 20 * time.Millisecond, Rescan: 100 * time.Millisecond, Poll: 20 * time.Millisecond,
		RetryWait: time.Millisecond, Match: func(name string) bool { return strings.HasSuffix(name, ".pcap") || strings.HasSuffix(name, ".cap") },
		New: func() (watch.Processor, error) { return &copier{s: s}, nil },
		Report: func(e watch.Event) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.events = append(s.events, e)
		},
	}
}

// run starts a watcher and waits until it has looked around; stop has it end in order.
func (s *site) run(o watch.Options) (w *watch.Watcher, stop func()) {
	s.Helper()
	ready := make(chan struct{})
	o.Ready = func() { close(ready) }
	w, err := watch.New(o)
	if err != nil {
		s.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- w.Run(context.Background()) }()
	select {
	case <-ready:
	case err := <-done:
		s.Fatal(err)
	}
	var once sync.Once
	stop = func() {
		once.Do(func() {
			w.Stop()
			if err := <-done; err != nil {
				s.Error(err)
			}
		})
	}
	s.Cleanup(stop)
	return w, stop
}

// drain runs a watcher until nothing is left to do.
func (s *site) drain(o watch.Options) watch.Stats {
	s.Helper()
	o.Drain = true
	w, err := watch.New(o)
	if err != nil {
		s.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), generous)
	defer cancel()
	if err := w.Run(ctx); err != nil || ctx.Err() != nil {
		s.Fatal(err, ctx.Err())
	}
	return w.Stats()
}

// TestComing: files are done that are there, that are renamed in, in directories below too, those
// that come with a directory that is moved in, and those with other names are not.
func TestComing(t *testing.T) {
	s := newSite(t)
	s.put("there.pcap", "1\n")
	s.put("no.txt", "0\n")
	s.put(".hidden.pcap", "0\n")
	w, stop := s.run(s.options())
	s.want("there.txt", "1\n")
	s.put("a/b/new.pcap", "2\n")
	s.want("a/b/new.txt", "2\n")
	outside := filepath.Join(filepath.Dir(s.in), "x", "y")
	if err := os.MkdirAll(outside, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(outside, "z.cap"), []byte("3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Dir(outside), filepath.Join(s.in, "x")); err != nil {
		t.Fatal(err)
	}
	s.want("x/y/z.txt", "3\n")
	stop()
	if got := s.outputs(); !slices.Equal(got, []string{"a/b/new.txt", "there.txt", "x/y/z.txt"}) {
		t.Errorf("outputs %q", got)
	}
	if st := w.Stats(); st.Done != 3 || st.Flows != 3 || st.Failed+st.Changed != 0 {
		t.Errorf("%+v", st)
	}
}

// TestRestart: a second run does what came in between, and nothing twice; what has changed is done
// anew, and what was only touched is not.
func TestRestart(t *testing.T) {
	s := newSite(t)
	for i := range 5 {
		s.put(fmt.Sprintf("%d.pcap", i), "old\n")
	}
	s.drain(s.options())
	s.put("0.pcap", "new!\n")
	s.put("5.pcap", "came\n")
	then := time.Now().Add(-time.Hour)
	if err := os.Chtimes(filepath.Join(s.in, "1.pcap"), then, then); err != nil {
		t.Fatal(err)
	}
	st := s.drain(s.options())
	if st.Done != 2 || st.Same != 1 {
		t.Errorf("%+v; want 2 done and one the same", st)
	}
	s.want("0.txt", "new!\n")
	if len(s.outputs()) != 6 {
		t.Errorf("outputs %q", s.outputs())
	}
	if st := s.drain(s.options()); st.Done+st.Same != 0 {
		t.Errorf("third run: %+v", st)
	}
	o := s.options()
	o.Once = true
	s.put("2.pcap", "not any more\n")
	if st := s.drain(o); st.Done != 0 {
		t.Errorf("--once: %+v", st)
	}
	s.want("2.txt", "old\n")
}

// TestRename: a file that is done is not done again under another name, while it is watched or not.
func TestRename(t *testing.T) {
	s := newSite(t)
	s.put("a.pcap", "1\n")
	s.put("b.pcap", "2\n")
	w, stop := s.run(s.options())
	s.want("a.txt", "1\n")
	s.want("b.txt", "2\n")
	s.wait("both done", func() bool { return w.Stats().Done == 2 })
	if err := os.Rename(filepath.Join(s.in, "a.pcap"), filepath.Join(s.in, "a.1.pcap")); err != nil {
		t.Fatal(err)
	}
	if id := w.Stats(); id.Done != 2 {
		t.Fatalf("%+v", id)
	}
	s.wait("the rename is seen", func() bool { return w.Stats().Renamed == 1 || w.Stats().Done > 2 })
	stop()
	if err := os.Rename(filepath.Join(s.in, "b.pcap"), filepath.Join(s.in, "b.1.pcap")); err != nil {
		t.Fatal(err)
	}
	st := s.drain(s.options())
	if st.Renamed != 1 || st.Done != 0 || !slices.Equal(s.outputs(), []string{"a.txt", "b.txt"}) {
		t.Errorf("%+v, outputs %q", st, s.outputs())
	}
}

// TestClash: inputs whose outputs would have one name get two, the same ones in every run, and a
// file that is no output is not replaced.
func TestClash(t *testing.T) {
	s := newSite(t)
	if err := os.MkdirAll(s.out, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.out, "mine.txt"), []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"x.pcap", "x.cap", "d/x.pcap", "mine.pcap"} {
		s.put(name, name+"\n")
	}
	s.drain(s.options())
	want := []string{"d/x.txt", "mine.pcap.txt", "mine.txt", "x.pcap.txt", "x.txt"}
	if got := s.outputs(); !slices.Equal(got, want) {
		t.Fatalf("outputs %q; want %q", got, want)
	}
	s.want("x.txt", "x.cap\n")
	s.want("mine.txt", "precious")
	for _, name := range []string{"x.pcap", "x.cap", "mine.pcap"} {
		s.put(name, name+" again\n")
	}
	s.drain(s.options())
	s.want("x.txt", "x.cap again\n")
	s.want("x.pcap.txt", "x.pcap again\n")
	s.want("mine.pcap.txt", "mine.pcap again\n")
	if got := s.outputs(); !slices.Equal(got, want) {
		t.Errorf("outputs %q; want %q", got, want)
	}
}

// TestPartial: a file is not taken while it grows, and a file that goes on after it was taken is
// done anew, as a whole.
func TestPartial(t *testing.T) {
	s := newSite(t)
	o := s.options()
	w, _ := s.run(o)
	f, err := os.Create(filepath.Join(s.in, "slow.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	for i := range 50 {
		line := fmt.Sprintln(i)
		text += line
		if _, err := f.WriteString(line); err != nil {
			t.Fatal(err)
		}
		time.Sleep(o.Settle / 10)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	s.want("slow.txt", text)
	if f, err = os.OpenFile(filepath.Join(s.in, "slow.pcap"), os.O_APPEND|os.O_WRONLY, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("more\n"); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	s.want("slow.txt", text+"more\n")
	s.wait("it rests", func() bool { st := w.Stats(); return st.Waiting+st.Queued+st.Running == 0 })
}

// TestReplaced: of a file that is replaced, or written to, while it is read nothing of the old one
// stays.
func TestReplaced(t *testing.T) {
	for name, change := range map[string]func(s *site){
		"replaced": func(s *site) { s.put("x.pcap", "new\n") },
		"written": func(s *site) {
			f, err := os.OpenFile(filepath.Join(s.in, "x.pcap"), os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				s.Error(err)
				return
			}
			f.WriteString("new\n")
			f.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.put("x.pcap", "old\n")
			o := s.options()
			var once sync.Once
			o.New = func() (watch.Processor, error) {
				return &copier{s, func(*watch.Job) error { once.Do(func() { change(s) }); return nil }}, nil
			}
			st := s.drain(o)
			if st.Changed != 1 || st.Done != 1 || s.commits("x.pcap") != 1 {
				t.Errorf("%+v, %d commits", st, s.commits("x.pcap"))
			}
			b, err := os.ReadFile(filepath.Join(s.out, "x.txt"))
			if err != nil || !strings.HasSuffix(string(b), "new\n") {
				t.Errorf("%q, %v", b, err)
			}
		})
	}
}

// TestDeletedWhileRead: a file that is deleted, or renamed, while it is read is done as it was, once.
func TestDeletedWhileRead(t *testing.T) {
	s := newSite(t)
	s.put("x.pcap", "deleted\n")
	s.put("y.pcap", "renamed\n")
	o := s.options()
	o.New = func() (watch.Processor, error) {
		return &copier{s, func(j *watch.Job) error {
			switch j.Rel {
			case "x.pcap":
				return os.Remove(j.Path)
			case "y.pcap":
				return os.Rename(j.Path, filepath.Join(s.in, "z.pcap"))
			}
			return nil
		}}, nil
	}
	s.drain(o)
	s.drain(o)
	if got := s.outputs(); !slices.Equal(got, []string{"x.txt", "y.txt"}) {
		t.Errorf("outputs %q", got)
	}
}

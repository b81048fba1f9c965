package logging

import (
	"bytes"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestRotating: whatever the limits and steps of the clock, all lines are there in their order, the
// former files first, but for those of files that went; none is over its size or of two periods.
func TestRotating(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 60 {
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		o := File{Path: filepath.Join(t.TempDir(), "d", "x.log"), Backups: r.IntN(5), MaxSize: int64(r.IntN(3) * 100), Every: time.Duration(r.IntN(2)) * time.Hour}
		w, err := openRotating(&o, func() time.Time { return now })
		if err != nil {
			t.Fatal(err)
		}
		const lines = 60
		for i := range lines {
			now = now.Add(time.Duration(r.IntN(30)) * time.Minute)
			if _, err := fmt.Fprintf(w, "%03d %02d\n", i, now.Hour()+24*now.Day()); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		last := lines - 1
		for n := 0; n <= o.Backups+1; n++ {
			name := o.Path
			if n > 0 {
				name += "." + strconv.Itoa(n)
			}
			b, err := os.ReadFile(name)
			if n > o.Backups && err == nil {
				t.Fatalf("%d former files; want %d", n, o.Backups)
			}
			if err != nil {
				break
			}
			if o.MaxSize > 0 && int64(len(b)) > o.MaxSize {
				t.Errorf("%d bytes; want %d at most", len(b), o.MaxSize)
			}
			rows := strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
			for i := len(rows) - 1; i >= 0; i-- {
				var at, hour int
				fmt.Sscanf(rows[i], "%d %d", &at, &hour)
				if at != last {
					t.Fatalf("%+v: line %d where %d should be", o, at, last)
				}
				if o.Every > 0 && !strings.HasSuffix(rows[0], rows[i][3:]) {
					t.Errorf("%q and %q in one file", rows[0], rows[i])
				}
				last--
			}
		}
		if last >= 0 && o.MaxSize == 0 && o.Every == 0 {
			t.Errorf("%d lines are gone without a limit", last+1)
		}
	}
}

// TestLog: streams go to their own files by their levels, from several goroutines, and go on behind
// what is there.
func TestLog(t *testing.T) {
	dir := t.TempDir()
	o := &Options{Level: slog.LevelInfo, Streams: map[string]File{
		General:  {Path: filepath.Join(dir, "a.log"), Level: slog.LevelDebug},
		Security: {Path: filepath.Join(dir, "b.log"), Level: slog.LevelWarn}}}
	for _, format := range []string{"", "json", "%(asctime)s %(name)s [%(levelname)-8s] %(message)s 100%%"} {
		o.Format = format
		l, err := Open(o)
		if err != nil {
			t.Fatal(err)
		}
		var wait sync.WaitGroup
		for range 4 {
			wait.Go(func() {
				for range 25 {
					l.Stream(General).Info("hello\nyou", "n", 1, "text", "a b")
					l.Stream(General).Debug("not this")
					l.Stream(Security).Info("nor this")
					l.Stream(Security).Error("refused")
					l.Stream(Packet).Error("nowhere")
				}
			})
		}
		wait.Wait()
		if err := l.Close(); err != nil || l.Lost() != 0 {
			t.Fatal(err, l.Lost())
		}
		l.Stream(General).Info("late")
		if l.Lost() != 1 {
			t.Error("a line behind the end is not counted")
		}
	}
	a, _ := os.ReadFile(filepath.Join(dir, "a.log"))
	b, _ := os.ReadFile(filepath.Join(dir, "b.log"))
	if bytes.Count(a, []byte("\n")) != 300 || bytes.Contains(a, []byte("this")) || bytes.Count(b, []byte("refused")) != 300 || bytes.Count(b, []byte("\n")) != 300 {
		t.Errorf("%d, %d lines\n%.600s", bytes.Count(a, []byte("\n")), bytes.Count(b, []byte("\n")), a)
	}
	for _, want := range []string{`msg="hello\nyou" n=1 text="a b"`, `"msg":"hello\nyou","n":1,"text":"a b"}`, ` general [INFO    ] hello\nyou n=1 text="a b" 100%`} {
		if bytes.Count(a, []byte(want)) != 100 {
			t.Errorf("not %q in %.300s", want, a)
		}
	}
}

func FuzzTemplate(f *testing.F) {
	for _, s := range []string{"%(asctime)s - %(name)s - %(levelname)s - %(message)s", "%(message)s", "%", "%(x)s", "%%(message)s", "%(message)999s", "%(msecs)03d%(message).1f", "%(message"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		parsed, err := ParseTemplate(s)
		if (err == nil) != (parsed != nil) {
			t.Fatal(parsed, err)
		}
		if err != nil {
			return
		}
		var b bytes.Buffer
		h, err := NewHandler(&b, s, "n", slog.LevelInfo)
		if err != nil {
			t.Skip()
		}
		slog.New(h).With("a", 1).WithGroup("g").Info("MESSAGE", "b", 2)
		if !strings.Contains(b.String(), "MESSAGE a=1 g.b=2") {
			t.Errorf("%q gives %q", s, b.String())
		}
	})
}

package spool

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pinyon/column"
	"pinyon/feature"
	"pinyon/sink"
	"pinyon/sink/sinktest"
)

var ctx = context.Background()

var errGone = errors.New("the server is gone")

// server is a model of one that keeps the rows of runs. A transactional one commits rows by
// Flush, with the run's number of rows, and passes over those that it has; another one has rows
// as soon as they were written.
type server struct {
	mu            sync.Mutex
	transactional bool
	down          bool
	fails         func() bool // before each call
	rows          []int64     // what is there
	done          uint64      // rows of the run
	ended         bool
	opened        int
}

func (s *server) set(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

func (s *server) broken() bool { return s.down || s.fails != nil && s.fails() }

// link is a sink of the server.
type link struct {
	s       *server
	next    uint64
	pending []int64
	err     error
	count   sink.Counters
}

func (s *server) open(_ context.Context, run *sink.Run) (sink.Sink, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened++
	if s.opened > 1 && s.broken() {
		return nil, errGone
	}
	if s.opened > 1 && !run.Resume {
		return nil, errors.New("the run is there already")
	}
	s.done = max(s.done, run.From)
	return &link{s: s, next: run.From}, nil
}

func (l *link) call(do func()) error {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	if l.err == nil && l.s.broken() {
		l.err = errGone
	}
	if l.err == nil {
		do()
	}
	return l.err
}

func (l *link) Write(_ context.Context, b *column.Batch) error {
	return l.call(func() {
		for _, v := range b.Cols[0].Ints {
			switch {
			case !l.s.transactional:
				l.s.rows = append(l.s.rows, v)
			case l.next >= l.s.done:
				l.pending = append(l.pending, v)
			}
			l.next++
		}
		l.count.Accepted.Add(uint64(b.Rows))
	})
}

func (l *link) Flush(context.Context) error {
	return l.call(func() {
		l.s.rows = append(l.s.rows, l.pending...)
		l.s.done, l.pending = max(l.s.done, l.next), nil
	})
}

func (l *link) Close(context.Context) error {
	return errors.Join(l.Flush(ctx), l.call(func() { l.s.ended = true }))
}

func (l *link) Abort() error             { return nil }
func (l *link) Counters() *sink.Counters { return &l.count }

func schema() *column.Schema {
	return &column.Schema{Fields: []column.Field{
		{Out: "n", Desc: feature.Desc{Name: "n", Kind: feature.Int}},
		{Out: "text", Desc: feature.Desc{Name: "text", Kind: feature.Text}},
	}}
}

func batch(s *column.Schema, from, to int) *column.Batch {
	b := column.New(s, 0)
	var rows [][]any
	for i := from; i < to; i++ {
		rows = append(rows, []any{int64(i), strings.Repeat("x", i%50)})
	}
	sinktest.Fill(b, rows)
	return b
}

func (s *server) spool(t *testing.T, o Options) *Spool {
	t.Helper()
	o.first, o.most = time.Millisecond, 2*time.Millisecond
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	p, err := New(ctx, Label{Target: "model"}, schema(), &sink.Run{ID: "r"}, o, s.open)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// holds demands the rows 0 to n-1: each once and in their order, or for a server that is not
// transactional at least once, the first ones of each in their order.
func (s *server) holds(t *testing.T, n int) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	next := int64(0)
	for i, v := range s.rows {
		if v == next {
			next++
		} else if s.transactional || v > next {
			t.Fatalf("row %d is number %d; want %d", i, v, next)
		}
	}
	if next != int64(n) {
		t.Fatalf("%d rows; want %d", next, n)
	}
}

// TestComesBack: whenever the server fails, and however often, all rows are there at the end, in
// their order, and no folder is left.
func TestComesBack(t *testing.T) {
	spooled := 0
	for seed := range uint64(20) {
		r, chance := rand.New(rand.NewPCG(seed, 1)), rand.New(rand.NewPCG(seed, 2))
		failing := seed > 0
		s := &server{transactional: seed%2 == 0}
		s.fails = func() bool { return failing && chance.IntN(30) == 0 }
		dir := t.TempDir()
		p := s.spool(t, Options{Dir: dir, Wait: time.Minute})
		n := 0
		for range 60 {
			rows := 1 + r.IntN(400)
			b := batch(p.schema, n, n+rows)
			if err := p.Write(ctx, b); err != nil {
				t.Fatal(err)
			}
			clear(b.Cols[0].Ints) // the batch was lent
			n += rows
			if rows%5 == 0 {
				if err := p.Flush(ctx); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := errors.Join(p.Close(ctx), p.Close(ctx)); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		s.holds(t, n)
		st := p.Counters().Stats()
		if !s.ended || st.Accepted != uint64(n) || st.Committed != uint64(n) || st.Lost != 0 {
			t.Errorf("seed %d: ended %t, %+v for %d rows", seed, s.ended, st, n)
		}
		if p.Spooled() > 0 {
			spooled++
		}
		if list, _ := os.ReadDir(dir); len(list) != 0 {
			t.Errorf("seed %d: %v is left", seed, list)
		}
	}
	if spooled < 8 {
		t.Errorf("rows went to disk in %d runs only", spooled)
	}
}

// TestLeft: rows of a server that does not come back lie in a folder, which says how they go on,
// also if the process was killed while it wrote the last of them.
func TestLeft(t *testing.T) {
	for _, cut := range []int64{0, 1, 100} {
		s := &server{transactional: true}
		p := s.spool(t, Options{Wait: time.Millisecond})
		if err := errors.Join(p.Write(ctx, batch(p.schema, 0, 700)), p.Flush(ctx), p.Write(ctx, batch(p.schema, 700, 900))); err != nil {
			t.Fatal(err)
		}
		s.set(true)
		for i := 900; i < 3000; i += 100 {
			if err := p.Write(ctx, batch(p.schema, i, i+100)); err != nil {
				t.Fatal(err)
			}
		}
		rows, dir := p.Left()
		if rows != 2300 {
			t.Errorf("%d rows wait; want 2300", rows)
		}
		want := 3000
		if cut == 0 {
			var loss *sink.LossError
			var left *LeftError
			if err := p.Close(ctx); !errors.As(err, &loss) || !errors.As(err, &left) || loss.Rows != 0 || left.Rows != 2300 || left.Dir != dir || !errors.Is(err, errGone) {
				t.Fatalf("got %v", err)
			}
		} else {
			p.Abort()
			list, _ := filepath.Glob(dir + "/*" + suffix)
			info, err := os.Stat(list[len(list)-1])
			if err != nil {
				t.Fatal(err)
			}
			const end = 8 // of a stream that was completed
			if err := os.Truncate(list[len(list)-1], info.Size()-end-cut); err != nil {
				t.Fatal(err)
			}
			want -= 100
		}
		s.set(false)
		f, err := Read(dir)
		if err != nil {
			t.Fatal(err)
		}
		if f.Run != "r" || f.From != 700 || f.Target != "model" {
			t.Errorf("%+v", f)
		}
		schema, err := f.Schema()
		if err != nil {
			t.Fatal(err)
		}
		k, err := s.open(ctx, &sink.Run{ID: f.Run, Resume: true, From: f.From})
		if err != nil {
			t.Fatal(err)
		}
		for b, err := range f.Batches(schema) {
			if err != nil {
				t.Fatal(err)
			}
			if err := k.Write(ctx, b); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(k.Close(ctx), f.Remove()); err != nil {
			t.Fatal(err)
		}
		s.holds(t, want)
		if _, err := Read(dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the folder is left: %v", err)
		}
	}
}

// TestFull: rows without room are counted by a capture, and end another run; those before them
// are sent.
func TestFull(t *testing.T) {
	for _, live := range []bool{false, true} {
		s := &server{transactional: true}
		p := s.spool(t, Options{Size: 20_000, Live: live, Wait: time.Minute})
		s.set(true)
		var err error
		n := 0
		for ; err == nil && n < 10_000; n += 100 {
			err = p.Write(ctx, batch(p.schema, n, n+100))
		}
		st := p.Counters().Stats()
		rows, dir := p.Left()
		if st.Dropped == 0 || st.Accepted != rows+st.Lost || live == errors.Is(err, ErrFull) || live && n != 10_000 {
			t.Errorf("live %t: %v, %d rows, %d on disk, %+v", live, err, n, rows, st)
		}
		size := int64(0)
		for _, f := range must(filepath.Glob(dir + "/*" + suffix)) {
			size += must(os.Stat(f)).Size()
		}
		if size > 20_000+10_000 {
			t.Errorf("%d bytes on disk", size)
		}
		if !live {
			p.Abort()
			continue
		}
		s.set(false)
		var loss *sink.LossError
		if err := p.Close(ctx); !errors.As(err, &loss) || loss.Rows != st.Lost || !errors.Is(err, ErrFull) {
			t.Errorf("got %v", err)
		}
		s.holds(t, int(rows))
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// stuck is a sink of which a call never returns before Abort.
type stuck struct {
	link
	in, out chan struct{}
}

func (k *stuck) Write(context.Context, *column.Batch) error {
	close(k.in)
	<-k.out
	return errGone
}

func (k *stuck) Abort() error {
	close(k.out)
	return nil
}

// TestAbort: Abort ends a call that waits for the server, and the attempts.
func TestAbort(t *testing.T) {
	k := &stuck{link: link{s: &server{}}, in: make(chan struct{}), out: make(chan struct{})}
	p, err := New(ctx, Label{}, schema(), &sink.Run{}, Options{Dir: t.TempDir()}, func(context.Context, *sink.Run) (sink.Sink, error) { return k, nil })
	if err != nil {
		t.Fatal(err)
	}
	wrote := make(chan error)
	go func() { wrote <- p.Write(ctx, batch(p.schema, 0, 1)) }()
	<-k.in
	if err := p.Abort(); err != nil {
		t.Error(err)
	}
	if err := <-wrote; !errors.Is(err, sink.ErrAborted) {
		t.Errorf("got %v", err)
	}
	if err := p.Flush(ctx); !errors.Is(err, sink.ErrAborted) {
		t.Errorf("got %v", err)
	}

	s := &server{}
	p = s.spool(t, Options{})
	s.set(true)
	if err := errors.Join(p.Write(ctx, batch(p.schema, 0, 5)), p.Abort(), p.Abort()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.ended:
	default:
		t.Error("attempts go on after Abort")
	}
	if rows, _ := p.Left(); rows != 5 {
		t.Errorf("%d rows on disk; want 5", rows)
	}
}

// whole is a sink that cannot go on with a run.
type whole struct{ link }

func (*whole) Resumable() error { return errors.New("all or nothing") }

// TestRefused: what cannot be resumed is told before the first row.
func TestRefused(t *testing.T) {
	_, err := New(ctx, Label{}, schema(), &sink.Run{}, Options{Dir: t.TempDir()}, func(context.Context, *sink.Run) (sink.Sink, error) { return &whole{}, nil })
	var wrong *sink.SettingError
	if !errors.As(err, &wrong) {
		t.Errorf("got %v", err)
	}
}

// TestEveryKind: rows of every kind of column leave the disk as they came.
func TestEveryKind(t *testing.T) {
	for _, nulls := range []bool{false, true} {
		s := sinktest.Schema(nulls)
		rows := sinktest.Rows(s, 500)
		b := column.New(s, 0)
		sinktest.Fill(b, rows)
		st, err := newStore(t.TempDir(), s, &Label{Run: "r"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(st.append(b, 0), st.complete()); err != nil {
			t.Fatal(err)
		}
		seen := 0
		if err := rowsOf(st.full[0].path, s, func(got *column.Batch) error {
			for i := range got.Rows {
				for k := range got.Cols {
					g, w := got.Row(i).At(k), b.Row(seen+i).At(k)
					if text, ok := w.(string); ok {
						w = string([]rune(text)) // U+FFFD for what is not UTF-8
					}
					if fmt.Sprintf("%#v", g) != fmt.Sprintf("%#v", w) {
						return fmt.Errorf("row %d, %s: got %#v; want %#v", seen+i, s.Fields[k].Out, g, w)
					}
				}
			}
			seen += got.Rows
			return nil
		}); err != nil {
			t.Error(err)
		}
		if seen != b.Rows {
			t.Errorf("%d rows; want %d", seen, b.Rows)
		}
	}
}

package edges

import (
	"bufio"
	"cmp"
	"container/heap"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"pinyon/dataset"
	"pinyon/packet"
	"pinyon/source"
	"pinyon/source/merged"
)

// ErrDamaged is the error of a file that is no edge file, or not a whole one.
var ErrDamaged = errors.New("not a whole edge file")

// file is an edge file at work.
type file struct {
	name   string
	f      *os.File
	r      *ipc.Reader
	plan   string
	config string
	batch  arrow.RecordBatch
	row    int
	// Columns of the batch.
	position, wire []uint32
	record         []uint64
	merge, ts      []int64
	link           []uint16
	flags          []uint8
	frames         *array.Binary
	last           order // of the row before
}

// order is where a packet stands in the union.
type order struct {
	merge    int64
	position uint32
	record   uint64
}

func (a order) compare(b order) int {
	return cmp.Or(cmp.Compare(a.merge, b.merge), cmp.Compare(a.position, b.position), cmp.Compare(a.record, b.record))
}

// open opens an edge file and reads its head.
func open(name string) (e *file, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	e = &file{name: name, f: f, last: order{merge: math.MinInt64}}
	defer func() {
		if err != nil {
			e.close()
		}
	}()
	err = e.safely(func() error {
		info, err := f.Stat()
		if err != nil {
			return err
		}
		if e.r, err = ipc.NewReader(dataset.CheckArrow(bufio.NewReaderSize(f, 1<<20), info.Size(), dataset.Limits{})); err != nil {
			return err
		}
		s := e.r.Schema()
		if s.NumFields() != columns {
			return fmt.Errorf("%d columns; want %d", s.NumFields(), columns)
		}
		for i, want := range fields {
			if got := s.Field(i); got.Name != want.Name || !arrow.TypeEqual(got.Type, want.Type) {
				return fmt.Errorf("column %s of type %s; want %s of type %s", got.Name, got.Type, want.Name, want.Type)
			}
		}
		meta := s.Metadata()
		e.plan, _ = meta.GetValue(metaPlan)
		e.config, _ = meta.GetValue(metaConfig)
		return nil
	})
	return e, err
}

// safely calls what may panic over a damaged file, and gives its error the file's name.
func (e *file) safely(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s: %w: %v", e.name, ErrDamaged, p)
		} else if err != nil && err != io.EOF {
			err = fmt.Errorf("%s: %w: %w", e.name, ErrDamaged, err)
		}
	}()
	return f()
}

// next turns to the next packet; io.EOF behind the last.
func (e *file) next() error {
	return e.safely(func() error {
		e.row++
		for e.batch == nil || e.row >= int(e.batch.NumRows()) {
			if !e.r.Next() {
				if e.batch = nil; e.r.Err() != nil {
					return e.r.Err()
				}
				return io.EOF
			}
			e.take(e.r.RecordBatch())
		}
		at := e.order()
		if at.compare(e.last) <= 0 || at.record == 0 || at.record > packet.NumberMask || at.position >= merged.MaxCaptures || at.merge < e.ts[e.row] || e.ts[e.row] < 0 {
			return fmt.Errorf("packet %d of capture %d is out of order", at.record, at.position)
		}
		e.last = at
		return nil
	})
}

func (e *file) take(b arrow.RecordBatch) {
	for i := range int(b.NumCols()) {
		if b.Column(i).NullN() > 0 {
			panic(fmt.Sprintf("column %s has nulls", fields[i].Name))
		}
	}
	e.batch, e.row = b, 0
	e.position = b.Column(colPosition).(*array.Uint32).Uint32Values()
	e.record = b.Column(colRecord).(*array.Uint64).Uint64Values()
	e.merge = b.Column(colMerge).(*array.Int64).Int64Values()
	e.ts = b.Column(colTime).(*array.Int64).Int64Values()
	e.link = b.Column(colLink).(*array.Uint16).Uint16Values()
	e.wire = b.Column(colWire).(*array.Uint32).Uint32Values()
	e.flags = b.Column(colFlags).(*array.Uint8).Uint8Values()
	e.frames = b.Column(colFrame).(*array.Binary)
}

func (e *file) order() order { return order{e.merge[e.row], e.position[e.row], e.record[e.row]} }

// fill makes f the frame of the packet at hand, whose Data stays valid until the file's next.
func (e *file) fill(f *packet.Frame) error {
	return e.safely(func() error {
		data := e.frames.Value(e.row)
		*f = packet.Frame{
			Data: data, TS: e.ts[e.row], Wire: max(e.wire[e.row], uint32(len(data))), Iface: e.position[e.row], Link: e.link[e.row],
			NoTime: e.flags[e.row]&noTime != 0, Number: uint64(e.position[e.row])<<packet.NumberBits | e.record[e.row],
		}
		return nil
	})
}

func (e *file) close() error {
	if e.r != nil {
		e.safely(func() error { e.r.Release(); return nil })
	}
	return e.f.Close()
}

// A Union is edge files as one source, in the order of the union that they are from; see source.Union.
type Union struct {
	source.Tally
	files files
	out   bool // the packet of the first of files was handed out
	plan  *Plan
	now   int64
	err   error
}

// Open opens edge files of one plan and one configuration, whose hash is config; "" takes any.
func Open(names []string, config string) (_ *Union, err error) {
	u := &Union{}
	defer func() {
		if err != nil {
			u.Close()
		}
	}()
	text := ""
	for i, name := range names {
		e, err := open(name)
		if err != nil {
			return nil, err
		}
		u.files = append(u.files, e)
		switch {
		case config != "" && e.config != config:
			return nil, fmt.Errorf("%s: its part was extracted with another configuration", name)
		case i == 0:
			text = e.plan
			if u.plan, err = ReadPlan([]byte(text)); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		case e.plan != text:
			return nil, fmt.Errorf("%s: its part is of another plan than that of %s", name, names[0])
		}
	}
	open := u.files
	u.files = nil
	for i, e := range open {
		switch err := e.next(); {
		case err == io.EOF:
			e.close()
		case err != nil:
			u.files = append(u.files, open[i:]...)
			return nil, err
		default:
			u.files = append(u.files, e)
		}
	}
	heap.Init(&u.files)
	return u, nil
}

// Plan is the plan of the union.
func (u *Union) Plan() *Plan { return u.plan }

// Next fills f with the next packet. Its Data stays valid until the following call.
func (u *Union) Next(f *packet.Frame) error {
	if u.err != nil {
		return u.err
	}
	if u.out {
		u.out = false
		e := u.files[0]
		before := e.last
		switch err := e.next(); {
		case err == io.EOF:
			e.close()
			heap.Pop(&u.files)
		case err != nil:
			u.err = err
			return err
		default:
			heap.Fix(&u.files, 0)
		}
		if len(u.files) > 0 && u.files[0].last == before {
			u.err = fmt.Errorf("%s: packet %d of capture %d is in another edge file too", u.files[0].name, before.record, before.position)
			return u.err
		}
	}
	if len(u.files) == 0 {
		u.err = io.EOF
		return u.err
	}
	e := u.files[0]
	if err := e.fill(f); err != nil {
		u.err = err
		return err
	}
	u.out, u.now = true, e.last.merge
	u.Count(f)
	return nil
}

// Time is the merge time of the latest packet.
func (u *Union) Time() int64 { return u.now }

// End is the greatest timestamp of the plan.
func (u *Union) End() int64 { return u.plan.End() }

// Close closes the files.
func (u *Union) Close() error {
	var errs []error
	for _, e := range u.files {
		errs = append(errs, e.close())
	}
	u.files = nil
	return errors.Join(errs...)
}

// files is a heap of edge files, the one whose packet comes next on top.
type files []*file

func (h files) Len() int           { return len(h) }
func (h files) Less(i, j int) bool { return h[i].last.compare(h[j].last) < 0 }
func (h files) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *files) Push(x any)        { *h = append(*h, x.(*file)) }
func (h *files) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	*h = (*h)[:last]
	return e
}

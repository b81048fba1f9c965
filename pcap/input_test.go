package pcap

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"pinyon/internal/allocs"
	"pinyon/packet"
)

// sample has records of every length up to 99, in either format.
func sample(ng bool) (in []byte, fs []frame) {
	in = header(le, magicNano, 0, 1)
	if ng {
		in = cat(shb(le), idb(le, 1, 0, opt(le, optionResolution, uint8(9))))
	}
	for n := range 100 {
		data := strings.Repeat(string(rune('!'+n%90)), n)
		if ng {
			in = append(in, epb(le, 0, uint64(n), uint32(n), data)...)
		} else {
			in = append(in, rec(le, 0, uint32(n), uint32(n), data)...)
		}
		fs = append(fs, frame{data: data, ts: int64(n), wire: uint32(n), link: 1, number: uint64(n + 1)})
	}
	return in, fs
}

func TestBlockBorders(t *testing.T) {
	for _, ng := range []bool{false, true} {
		in, fs := sample(ng)
		for size := 64; size < 400; size++ {
			for name, src := range map[string]io.Reader{
				"whole":    bytes.NewReader(in),
				"one byte": iotest.OneByteReader(bytes.NewReader(in)),
				"halves":   iotest.HalfReader(bytes.NewReader(in)),
				"data+EOF": iotest.DataErrReader(bytes.NewReader(in)),
			} {
				r, err := newReader(src, -1, size)
				if err != nil {
					t.Fatal(err)
				}
				if got, err := drain(t, r); err != nil || !slices.Equal(got, fs) {
					t.Fatalf("%s, block size %d, %s: %d frames, error %v", name, size, r.Format(), len(got), err)
				}
				r.Close()
			}
		}
	}
}

// TestRetain keeps frames while the reader goes on and other goroutines let them go.
func TestRetain(t *testing.T) {
	in, fs := sample(false)
	r, err := newReader(iotest.HalfReader(bytes.NewReader(in)), -1, 128)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var held []packet.Frame
	check := func(held []packet.Frame) {
		for _, f := range held {
			if string(f.Data) != fs[f.Number-1].data {
				t.Errorf("frame %d was overwritten", f.Number)
			}
			f.Block.Release()
		}
	}
	for f, err := range r.All() {
		if err != nil {
			t.Fatal(err)
		}
		f.Block.Retain()
		if held = append(held, f); len(held) == 7 {
			batch := held
			wg.Go(func() { check(batch) })
			held = nil
		}
	}
	r.Close()
	check(held)
	wg.Wait()
}

// TestFrameGrows makes sure that appending to a frame cannot reach the next one.
func TestFrameGrows(t *testing.T) {
	in, fs := sample(false)
	r, err := NewReader(bytes.NewReader(in))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for f := range r.All() {
		if frameOf(&f) != fs[f.Number-1] {
			t.Fatalf("frame %d was overwritten", f.Number)
		}
		_ = append(f.Data, "overwritten"...)
	}
}

// TestPipe wants each record as soon as it is written.
func TestPipe(t *testing.T) {
	for _, ng := range []bool{false, true} {
		in, fs := sample(ng)
		pr, pw := io.Pipe()
		next := make(chan int)
		go func() {
			first := len(in)
			for _, f := range fs {
				first -= recordSize(ng, len(f.data))
			}
			pw.Write(in[:first])
			for at, i := first, 0; i < len(fs); i++ {
				<-next
				n := recordSize(ng, len(fs[i].data))
				pw.Write(in[at : at+n])
				at += n
			}
			<-next
			pw.Close()
		}()
		r, err := NewReader(pr)
		if err != nil {
			t.Fatal(err)
		}
		var f packet.Frame
		for i := range fs {
			next <- i
			if err := r.Next(&f); err != nil || frameOf(&f) != fs[i] {
				t.Fatalf("got %+v, error %v; want %+v", f, err, fs[i])
			}
		}
		next <- -1
		if err := r.Next(&f); err != io.EOF {
			t.Error(err)
		}
		r.Close()
	}
}

func recordSize(ng bool, n int) int {
	if ng {
		return minEnhanced + (n+3)&^3
	}
	return recordHeader + n
}

func TestReadErrors(t *testing.T) {
	in, fs := sample(false)
	broken := errors.New("broken")
	for _, cut := range []int{len(in), len(in) - 1} {
		src := io.MultiReader(bytes.NewReader(in[:cut]), iotest.ErrReader(broken))
		r, err := NewReader(src)
		if err != nil {
			t.Fatal(err)
		}
		got, err := drain(t, r)
		if want := len(fs) - (len(in) - cut); len(got) != want || !errors.Is(err, broken) {
			t.Errorf("%d frames, want %d; error %v", len(got), want, err)
		}
		if c := r.Counts(); c.Damaged || c.Truncated {
			t.Errorf("an error below is no damage: %+v", c)
		}
	}
	if _, err := NewReader(iotest.ErrReader(broken)); !errors.Is(err, broken) || errors.Is(err, ErrFormat) {
		t.Error(err)
	}
	if _, err := NewReader(iotest.TimeoutReader(iotest.OneByteReader(bytes.NewReader(in)))); !errors.Is(err, iotest.ErrTimeout) {
		t.Error(err)
	}
	if _, err := NewReader(lying{}); !errors.Is(err, errRead) {
		t.Error(err)
	}
	if _, err := NewReader(idle{}); !errors.Is(err, io.ErrNoProgress) {
		t.Error(err)
	}
}

type lying struct{}

func (lying) Read(p []byte) (int, error) { return len(p) + 1, nil }

type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }

// TestMemoryFollowsInput: a record that claims 16 MiB takes no memory before it arrives.
func TestMemoryFollowsInput(t *testing.T) {
	claim := fields(le, uint32(1), uint32(0), uint32(maxRecord), uint32(maxRecord), make([]byte, 1000))
	for _, in := range [][]byte{
		cat(header(le, magicMicro, 0, 1), claim),
		cat(shb(le), idb(le, 1, 0), fields(le, uint32(blockEnhanced), uint32(maxBlock), make([]byte, 1000))),
		cat(shb(le), idb(le, 1, 0), fields(le, uint32(77), uint32(maxBlock), make([]byte, 1000))),
	} {
		r, err := newReader(bytes.NewReader(in), -1, 64)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := drain(t, r); !errors.Is(err, ErrTruncated) {
			t.Error(err)
		}
		if n := len(r.blk.Buf); n > 4096 {
			t.Errorf("%d bytes for %d", n, len(in))
		}
		r.Close()
	}
}

func TestClose(t *testing.T) {
	in, _ := sample(false)
	r, err := NewReader(bytes.NewReader(in))
	if err != nil {
		t.Fatal(err)
	}
	var f packet.Frame
	if err := r.Next(&f); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := r.Next(&f); !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
}

func TestOffsetFromElsewhere(t *testing.T) {
	in, fs := sample(false)
	r, err := newReader(bytes.NewReader(in), -1, 64)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for r.Offset() < int64(len(in)) {
			time.Sleep(time.Microsecond)
		}
	}()
	if got, err := drain(t, r); err != nil || len(got) != len(fs) {
		t.Error(len(got), err)
	}
	<-done
}

func TestAllocations(t *testing.T) {
	for _, ng := range []bool{false, true} {
		t.Run(fmt.Sprintf("pcapng=%t", ng), func(t *testing.T) {
			r, err := newReader(bytes.NewReader(benchCapture(4<<20, ng)), -1, 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			var f packet.Frame
			if n := allocs.PerRun(t, 5000, func() {
				if err := r.Next(&f); err != nil {
					t.Fatal(err)
				}
			}); n != 0 {
				t.Errorf("%v allocations a record", n)
			}
		})
	}
}

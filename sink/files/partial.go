package files

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
)

// Marks of a provenance at the head of an output, which is written when nobody knows yet whether
// the run will be interrupted: both are as long, and both are JSON.
var (
	wholeMark   = []byte(`{"tool":"pinyon","partial":false`)
	partialMark = []byte(`{"tool":"pinyon","partial":true `)
)

// markWindow is how far into a file a provenance at its head lies at most.
const markWindow = 4 << 20

// markPartial has the provenance at the head of a complete file, and the one in the footer of an
// Arrow file, say that rows are missing. Without one, or in what is no regular file, it does
// nothing.
func (f *File) markPartial() error {
	if f == nil || f.file == nil || !f.Regular() {
		return nil
	}
	size, err := f.file.Seek(0, io.SeekEnd)
	if err != nil {
		return f.named("seek", err)
	}
	if err := f.markIn(0, min(size, markWindow)); err != nil {
		return err
	}
	// schema | batches | footer | its length, int32 | "ARROW1"
	var end [10]byte
	if size < int64(len(end)) {
		return nil
	}
	if _, err := f.file.ReadAt(end[:], size-int64(len(end))); err != nil {
		return f.named("read", err)
	}
	if !bytes.Equal(end[4:], []byte("ARROW1")) {
		return nil
	}
	n := int64(binary.LittleEndian.Uint32(end[:]))
	if n > min(markWindow, size-int64(len(end))) {
		return nil
	}
	return f.markIn(size-int64(len(end))-n, n)
}

// markIn marks the first provenance in n bytes.
func (f *File) markIn(from, n int64) error {
	b := make([]byte, n)
	if _, err := f.file.ReadAt(b, from); err != nil && !errors.Is(err, io.EOF) {
		return f.named("read", err)
	}
	at := bytes.Index(b, wholeMark)
	if at < 0 {
		return nil
	}
	f.synced = false
	_, err := f.file.WriteAt(partialMark, from+int64(at))
	return f.named("write", err)
}

// A Mender is a format of which what was flushed stays when the file cannot be written any
// further, because it is full for one.
type Mender interface {
	// Complete is how many bytes of the file hold whole rows, those that are committed, and
	// what ends the format behind them.
	Complete() (bytes int64, end []byte)
}

// mend cuts the output to its last complete row after an error of writing it.
func (o *Output) mend(why error) error {
	m, ok := o.enc.(Mender)
	if !ok || o.Counters().Committed.Load() == 0 {
		return why
	}
	n, end := m.Complete()
	if err := o.file.file.Truncate(n); err != nil {
		return errors.Join(why, o.file.named("cut", err))
	}
	o.file.synced = false
	if _, err := o.file.file.WriteAt(end, n); err != nil {
		return errors.Join(why, o.file.named("write", err))
	}
	return nil
}

// dropSides gives up what belongs beside the output, if it cannot be written: the rows are
// worth more.
func (o *Output) dropSides() (err error) {
	for i := range o.sides {
		err = errors.Join(err, o.sides[i].file.Abort())
	}
	o.sides = nil
	return err
}

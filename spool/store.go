package spool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"pinyon/column"
	"pinyon/dataset"
	"pinyon/sink"
	"pinyon/sink/arrow"
)

// about is the file of a folder of rows that says what they are.
const about = "spool.json"

// suffix ends the names of segments, each of which is an Arrow stream. The name begins with the
// number of its first row in the run, 20 digits.
const suffix = ".arrows"

// segmentBytes is how large a segment becomes before another one begins.
const segmentBytes = 8 << 20

// A Label says what rows a folder has.
type Label struct {
	Run        string `json:"run"`                  // the run's name, to be resumed
	Target     string `json:"target"`               // where they were to go, without passwords
	Format     string `json:"format"`               // the sink's name
	Provenance string `json:"provenance,omitempty"` // of the run, as far as it was known at its beginning
}

// A store is a folder of segments that grows at one end and shrinks at the other. One goroutine
// at a time uses it.
type store struct {
	dir    string
	schema *column.Schema
	head   map[string]string
	bytes  int64 // of all segments
	next   uint64
	full   []segment // complete ones, the oldest first
	open   *segment  // the one that grows
	file   *os.File
	enc    sink.Sink
}

// A segment is a file of rows.
type segment struct {
	path  string
	first uint64 // number of its first row
	rows  uint64
	bytes int64
}

// newStore makes a folder of its own below dir.
func newStore(dir string, s *column.Schema, l *Label, head map[string]string) (*store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	own := filepath.Join(dir, l.Run)
	err := os.Mkdir(own, 0o700)
	for n := 2; errors.Is(err, fs.ErrExist); n++ {
		own = filepath.Join(dir, l.Run+"-"+strconv.Itoa(n))
		err = os.Mkdir(own, 0o700)
	}
	if err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(l, "", "  ")
	if err == nil {
		err = os.WriteFile(filepath.Join(own, about), append(text, '\n'), 0o600)
	}
	return &store{dir: own, schema: s, head: head}, err
}

// Write counts what a segment's encoder writes.
func (s *store) Write(p []byte) (int, error) {
	n, err := s.file.Write(p)
	s.open.bytes += int64(n)
	s.bytes += int64(n)
	return n, err
}

// append adds a batch, the first row of which is number first of the run.
func (s *store) append(b *column.Batch, first uint64) (err error) {
	if s.open == nil {
		path := filepath.Join(s.dir, fmt.Sprintf("%020d%s", first, suffix))
		if s.file, err = os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600); err != nil {
			return err
		}
		s.open = &segment{path: path, first: first}
		if s.enc, err = arrow.New(s, s.schema, &arrow.Options{Common: sink.Common{Head: s.head}}); err != nil {
			return err
		}
	}
	// Flush leaves nothing in the process: a batch that was taken outlives it.
	if err := errors.Join(s.enc.Write(context.Background(), b), s.enc.Flush(context.Background())); err != nil {
		return err
	}
	s.open.rows += uint64(b.Rows)
	s.next = first + uint64(b.Rows)
	if s.open.bytes < segmentBytes {
		return nil
	}
	return s.complete()
}

// complete ends the segment that grows.
func (s *store) complete() error {
	if s.open == nil {
		return nil
	}
	err := errors.Join(s.enc.Close(context.Background()), s.file.Close())
	s.full = append(s.full, *s.open)
	s.open, s.file, s.enc = nil, nil, nil
	return err
}

// remove takes the oldest segment away.
func (s *store) remove() error {
	old := s.full[0]
	s.full = s.full[1:]
	s.bytes -= old.bytes
	return os.Remove(old.path)
}

// rows are how many rows the store has.
func (s *store) rows() (n uint64) {
	for _, f := range s.full {
		n += f.rows
	}
	if s.open != nil {
		n += s.open.rows
	}
	return n
}

// drop removes the folder, which is empty of rows.
func (s *store) drop() error { return os.RemoveAll(s.dir) }

// rowsOf calls each with the batches of a segment as columns of schema.
func rowsOf(path string, schema *column.Schema, each func(b *column.Batch) error) error {
	in, err := dataset.Open(path, nil)
	if err != nil {
		return err
	}
	defer in.Close()
	for b, err := range in.Batches() {
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if len(b.Cols) != len(schema.Fields) {
			return fmt.Errorf("%s: %d columns; want %d", path, len(b.Cols), len(schema.Fields))
		}
		for i := range b.Cols {
			b.Cols[i].Field = &schema.Fields[i]
		}
		if err := each(&column.Batch{Schema: schema, Cols: b.Cols, Rows: b.Rows}); err != nil {
			return err
		}
	}
	return nil
}

// A Folder is what a run has left, for whoever sends it later.
type Folder struct {
	Label
	From     uint64 // number in the run of the first row that is left
	Segments []string
	dir      string
}

// Read tells what rows lie in a folder; the error is fs.ErrNotExist if it is none of a Spool.
func Read(dir string) (*Folder, error) {
	text, err := os.ReadFile(filepath.Join(dir, about))
	if err != nil {
		return nil, err
	}
	f := &Folder{dir: dir}
	if err := json.Unmarshal(text, &f.Label); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, about), err)
	}
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range list {
		digits, ok := strings.CutSuffix(e.Name(), suffix)
		n, err := strconv.ParseUint(digits, 10, 64)
		if !ok || err != nil {
			continue
		}
		if len(f.Segments) == 0 {
			f.From = n
		}
		f.Segments = append(f.Segments, filepath.Join(dir, e.Name()))
	}
	slices.Sort(f.Segments)
	return f, nil
}

// Schema is the columns of the rows.
func (f *Folder) Schema() (*column.Schema, error) {
	if len(f.Segments) == 0 {
		return nil, fmt.Errorf("%s: no rows wait", f.dir)
	}
	in, err := dataset.Open(f.Segments[0], nil)
	if err != nil {
		return nil, err
	}
	return in.Schema(), in.Close()
}

// Batches yields the rows as columns of schema. The caller borrows a batch until the next step. A
// run that was killed may have left the last batch in part, which counts as not written.
func (f *Folder) Batches(schema *column.Schema) iter.Seq2[*column.Batch, error] {
	return func(yield func(*column.Batch, error) bool) {
		over := errors.New("over")
		for i, path := range f.Segments {
			err := rowsOf(path, schema, func(b *column.Batch) error {
				if !yield(b, nil) {
					return over
				}
				return nil
			})
			if err == over {
				return
			}
			if err != nil && !(i == len(f.Segments)-1 && cut(path)) {
				yield(nil, err)
				return
			}
		}
	}
}

// cut reports whether a segment lacks the end of a stream, because whoever wrote it was killed.
func cut(path string) bool {
	const end = "\xff\xff\xff\xff\x00\x00\x00\x00"
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	var last [len(end)]byte
	if _, err := f.Seek(-int64(len(last)), io.SeekEnd); err != nil {
		return true
	}
	_, err = io.ReadFull(f, last[:])
	return err == nil && string(last[:]) != end
}

// Remove takes the folder away, once its rows are sent.
func (f *Folder) Remove() error { return os.RemoveAll(f.dir) }

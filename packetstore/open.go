package packetstore

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"pinyon/packetstore/expr"
)

// What can be wrong with a file; use errors.Is.
var (
	// ErrUnfinished: the file begins as Parquet and has no footer. Somebody is writing it, or was
	// stopped while he did.
	ErrUnfinished = errors.New("the file has no footer: it is being written, or whoever wrote it was stopped")
	// ErrNotPackets: the file is no Parquet, or holds no rows of packets.
	ErrNotPackets = errors.New("the file holds no rows of packets")
	// ErrVersion: the file is of a later version of the schema.
	ErrVersion = errors.New("the file's schema is of a later version than this program reads")
	// ErrDamaged: the file begins and ends as it should, and cannot be read in between.
	ErrDamaged = errors.New("the file is damaged")
	// ErrNoFrames: the file does not hold whole frames.
	ErrNoFrames = errors.New("the file holds no whole frames: it was not written with them")
)

// A FileError says which file cannot be read.
type FileError struct {
	Path string
	Err  error
}

// Error is the file's name and what is wrong.
func (e *FileError) Error() string { return e.Path + ": " + e.Err.Error() }

// Unwrap gives Err.
func (e *FileError) Unwrap() error { return e.Err }

// source is an open file that counts the bytes that are read of it.
type source struct {
	*os.File
	read *atomic.Uint64
}

// ReadAt counts.
func (s *source) ReadAt(p []byte, off int64) (int, error) {
	n, err := s.File.ReadAt(p, off)
	s.read.Add(uint64(n))
	return n, err
}

// Read counts.
func (s *source) Read(p []byte) (int, error) {
	n, err := s.File.Read(p)
	s.read.Add(uint64(n))
	return n, err
}

// parquetFile is an open file of packets.
type parquetFile struct {
	path string
	in   *source
	r    *file.Reader
	at   map[string]int    // position of a column
	unit map[string]int64  // nanoseconds of a unit of the column timestamp
	cols map[string]Column // of the schema, by name
}

const magic = "PAR1"

// open reads a file's footer.
func (s *Store) open(path string) (f *parquetFile, err error) {
	defer func() {
		if err != nil {
			err = &FileError{path, err}
		}
	}()
	in, err := os.Open(path)
	if err != nil {
		return nil, reason(err)
	}
	defer func() {
		if f == nil {
			in.Close()
		}
	}()
	if err := check(in); err != nil {
		return nil, err
	}
	f = &parquetFile{path: path, in: &source{in, &s.read}, at: map[string]int{}, unit: map[string]int64{}, cols: byName()}
	f.r, err = file.NewParquetReader(f.in)
	if err != nil {
		f = nil
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if err := f.schema(); err != nil {
		f = nil
		return nil, err
	}
	return f, nil
}

// reason is an error of the system without the name that is told beside it.
func reason(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// check tells a file that is not finished, and one of another kind, by its first and last bytes.
func check(in *os.File) error {
	info, err := in.Stat()
	if err != nil {
		return reason(err)
	}
	if info.IsDir() {
		return errors.New("is a directory")
	}
	var b [len(magic)]byte
	n, err := in.ReadAt(b[:], 0)
	switch {
	case err != nil && err != io.EOF:
		return reason(err)
	case string(b[:n]) != magic[:n]:
		return fmt.Errorf("%w: it is no Parquet", ErrNotPackets)
	case info.Size() < int64(3*len(magic)):
		return ErrUnfinished
	}
	if _, err := in.ReadAt(b[:], info.Size()-int64(len(magic))); err != nil {
		return reason(err)
	}
	if string(b[:]) != magic {
		return ErrUnfinished
	}
	return nil
}

// byName are the columns of the schema, that of whole frames included.
func byName() map[string]Column {
	m := make(map[string]Column, len(columns)+1)
	for _, c := range append(Columns(), frame) {
		m[c.Name] = c
	}
	return m
}

// schema finds the columns. One that the file lacks has no values; timestamp and packet_size are
// in every file.
func (f *parquetFile) schema() error {
	meta := f.r.MetaData()
	if v := meta.KeyValueMetadata().FindValue(versionKey); v != nil {
		n, err := strconv.Atoi(*v)
		if err != nil || n < 1 {
			return fmt.Errorf("%w: the version of its schema is %q", ErrNotPackets, *v)
		}
		if n > Version {
			return fmt.Errorf("%w: version %d; this one reads up to %d", ErrVersion, n, Version)
		}
	}
	for i := range meta.Schema.NumColumns() {
		d := meta.Schema.Column(i)
		c, ok := f.cols[d.Name()]
		if !ok {
			continue
		}
		// Sinks have days as texts.
		number := d.PhysicalType() == parquet.Types.Int32 || d.PhysicalType() == parquet.Types.Int64
		if text := d.PhysicalType() == parquet.Types.ByteArray; d.MaxRepetitionLevel() > 0 || d.MaxDefinitionLevel() > 1 || !number && !text || text != c.isText() && c.Name != "date" {
			return fmt.Errorf("%w: column %s is of type %s", ErrNotPackets, c.Name, d.PhysicalType())
		}
		if c.Name == "timestamp" {
			unit, err := unitOf(d)
			if err != nil {
				return err
			}
			f.unit[c.Name] = unit
		}
		f.at[c.Name] = i
	}
	for _, name := range []string{"timestamp", "packet_size"} {
		if _, ok := f.at[name]; !ok {
			return fmt.Errorf("%w: there is no column %s", ErrNotPackets, name)
		}
	}
	return nil
}

// unitOf is how many nanoseconds a unit of a column of times has; others write coarser ones.
func unitOf(d *schema.Column) (int64, error) {
	t, ok := d.LogicalType().(schema.TimestampLogicalType)
	if !ok {
		return 1, nil
	}
	switch t.TimeUnit() {
	case schema.TimeUnitMillis:
		return 1e6, nil
	case schema.TimeUnitMicros:
		return 1e3, nil
	case schema.TimeUnitNanos:
		return 1, nil
	}
	return 0, fmt.Errorf("%w: column %s has no unit", ErrNotPackets, d.Name())
}

func (f *parquetFile) close() error { return f.r.Close() }

// isText reports whether the values are texts or bytes.
func (c *Column) isText() bool { return c.store == texts || c.store == dict }

// Classes are how expressions write the values of the columns.
func Classes() map[string]expr.Class {
	m := map[string]expr.Class{}
	for name, c := range byName() {
		switch {
		case name == "timestamp":
			m[name] = expr.Instant
		case name == "date":
			m[name] = expr.Day
		case name == "src_ip" || name == "dst_ip":
			m[name] = expr.Address
		case name == "src_mac" || name == "dst_mac":
			m[name] = expr.Link
		case name == "interface":
			m[name] = expr.Text
		case c.store == texts:
			m[name] = expr.Bytes
		case c.store == dict:
			m[name] = expr.Word
		default:
			m[name] = expr.Number
		}
	}
	return m
}

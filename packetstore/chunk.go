package packetstore

import (
	"errors"
	"fmt"
	"time"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
)

// values are those of a column in one row group: of numbers one a row, of texts the number of a
// word a row. A row without a value is not in has, which is nil if all have one; its text is -1.
type values struct {
	ints  []int64
	words [][]byte
	texts []int32
	has   []bool
}

// is reports whether row i has a value.
func (v *values) is(i int) bool {
	if v.texts != nil {
		return v.texts[i] >= 0
	}
	return v.ints != nil && (v.has == nil || v.has[i])
}

// text is the text of row i, nil without one; borrowed from v.
func (v *values) text(i int) []byte {
	if v.texts == nil || v.texts[i] < 0 {
		return nil
	}
	return v.words[v.texts[i]]
}

// some is how many levels are read at once.
const some = 1024

// mostRows bounds the memory that a row group of others takes: half a GiB a column of numbers.
// firstRows is for how many of them there is room before any is read, as a damaged footer may
// promise more than there are.
const (
	mostRows  = 1 << 26
	firstRows = 1 << 17
)

// values reads a column of the row group at hand, once. One that the file lacks has none.
func (g *opened) values(name string) (*values, error) {
	if v := g.cache[name]; v != nil {
		return v, nil
	}
	v := &values{}
	at, ok := g.file.at[name]
	if ok {
		if err := g.read(v, name, at); err != nil {
			return nil, &FileError{g.file.path, fmt.Errorf("%w: column %s of row group %d: %w", ErrDamaged, name, g.n, err)}
		}
	}
	g.cache[name] = v
	return v, nil
}

// read reads a column chunk. The library panics on some damage, which is no reason to end whoever
// asks about other files too.
func (g *opened) read(v *values, name string, at int) (err error) {
	defer func() {
		if e := recover(); e != nil {
			err = fmt.Errorf("%v", e)
		}
	}()
	rd, err := g.group.Column(at)
	if err != nil {
		return err
	}
	optional := rd.Descriptor().MaxDefinitionLevel() == 1
	c := g.file.cols[name]
	switch rd := rd.(type) {
	case *file.Int32ColumnChunkReader:
		unsigned := c.Type != "date32"
		return numbers(v, g.rows, optional, func(b []int32, def []int16) (int64, int, error) { return rd.ReadBatchInPage(some, b, def, nil) }, func(n int32) int64 {
			if unsigned {
				return int64(uint32(n))
			}
			return int64(n)
		})
	case *file.Int64ColumnChunkReader:
		unit := max(1, g.file.unit[name])
		return numbers(v, g.rows, optional, func(b []int64, def []int16) (int64, int, error) { return rd.ReadBatchInPage(some, b, def, nil) }, func(n int64) int64 { return n * unit })
	case *file.ByteArrayColumnChunkReader:
		if !c.isText() {
			return g.days(v, rd, optional)
		}
		return g.words(v, rd, optional, c.store == dict)
	}
	return fmt.Errorf("a column of %T", rd)
}

var errShort = errors.New("fewer values than rows")

// numbers reads a column of numbers to one value a row. read stays within a page: the library's
// reading across pages never ends where a page holds fewer values than it says.
func numbers[T int32 | int64](v *values, rows int, optional bool, read func([]T, []int16) (int64, int, error), as func(T) int64) error {
	var b [some]T
	var def [some]int16
	v.ints = make([]int64, 0, min(rows, firstRows))
	if optional {
		v.has = make([]bool, 0, min(rows, firstRows))
	}
	for len(v.ints) < rows {
		n, got, err := read(b[:], def[:])
		if err != nil {
			return err
		}
		if n <= 0 {
			return errShort
		}
		if !optional {
			for _, x := range b[:got] {
				v.ints = append(v.ints, as(x))
			}
			continue
		}
		at := 0
		for _, d := range def[:n] {
			x := int64(0)
			if d > 0 {
				if at >= got {
					return errShort
				}
				x = as(b[at])
				at++
			}
			v.ints, v.has = append(v.ints, x), append(v.has, d > 0)
		}
	}
	if len(v.ints) != rows {
		return fmt.Errorf("%d values of %d rows", len(v.ints), rows)
	}
	return nil
}

// days reads a column of days that are texts.
func (g *opened) days(v *values, rd *file.ByteArrayColumnChunkReader, optional bool) error {
	var w values
	if err := g.words(&w, rd, optional, true); err != nil {
		return err
	}
	known := make([]int64, len(w.words))
	for i, text := range w.words {
		date, err := time.Parse(time.DateOnly, string(text))
		if err != nil {
			return err
		}
		known[i] = floor(date.UnixNano(), day)
	}
	for i := range w.texts {
		n := int64(0)
		if w.is(i) {
			n = known[w.texts[i]]
		}
		v.ints, v.has = append(v.ints, n), append(v.has, w.is(i))
	}
	return nil
}

// words reads a column of texts, which the reader lends until its next page. If they repeat, each
// different one is kept once.
func (g *opened) words(v *values, rd *file.ByteArrayColumnChunkReader, optional, repeat bool) error {
	var b [some]parquet.ByteArray
	var def [some]int16
	index := map[string]int32{}
	v.texts = make([]int32, 0, min(g.rows, firstRows))
	last := int32(-1)
	add := func(text []byte) int32 {
		if repeat && last >= 0 && string(text) == string(v.words[last]) {
			return last
		}
		i, ok := int32(0), false
		if repeat {
			i, ok = index[string(text)]
		}
		if !ok {
			i = int32(len(v.words))
			v.words = append(v.words, append(make([]byte, 0, len(text)), text...))
			if repeat {
				index[string(text)] = i
			}
		}
		last = i
		return i
	}
	for len(v.texts) < g.rows {
		n, got, err := rd.ReadBatchInPage(some, b[:], def[:], nil)
		if err != nil {
			return err
		}
		if n <= 0 {
			return errShort
		}
		at := 0
		for i := range int(n) {
			if optional && def[i] == 0 {
				v.texts = append(v.texts, -1)
				continue
			}
			if at >= got {
				return errShort
			}
			v.texts = append(v.texts, add(b[at]))
			at++
		}
	}
	if len(v.texts) != g.rows {
		return fmt.Errorf("%d values of %d rows", len(v.texts), g.rows)
	}
	return nil
}

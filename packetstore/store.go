package packetstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"

	"pinyon/packetstore/expr"
	"pinyon/sink/files"
)

// A Store is files of packets that are asked as one, one after the other. It holds none of them
// open between two questions, and of a file one row group at a time. It may be asked from several
// goroutines.
type Store struct {
	paths      []string
	o          ReadOptions
	unfinished []string
	read       atomic.Uint64
	seen       atomic.Uint64
	held       atomic.Uint64
}

// ReadOptions say how a Store answers. The zero value and nil work.
type ReadOptions struct {
	// Failed is told of a file that cannot be read, and says whether to go on without it; nil
	// never does.
	Failed func(err *FileError) bool
	// MostGroups is how many different values Group and Summary tell apart; 0 is a million. Rows
	// with other values are counted together.
	MostGroups int
}

const defaultMostGroups = 1_000_000

// Open makes a Store of files, and of the files *.parquet in directories, by name. The error is of
// a path that is not there, or a directory without such files.
func Open(o *ReadOptions, paths ...string) (*Store, error) {
	s := &Store{}
	if o != nil {
		s.o = *o
	}
	if s.o.MostGroups <= 0 {
		s.o.MostGroups = defaultMostGroups
	}
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, &FileError{path, reason(err)}
		}
		if !info.IsDir() {
			s.paths = append(s.paths, path)
			continue
		}
		if err := s.addDir(path); err != nil {
			return nil, &FileError{path, err}
		}
	}
	if len(s.paths) == 0 {
		return nil, errors.New("packetstore: no file is named")
	}
	return s, nil
}

func (s *Store) addDir(dir string) error {
	list, err := os.ReadDir(dir)
	if err != nil {
		return reason(err)
	}
	n := len(s.paths)
	for _, e := range list {
		path := filepath.Join(dir, e.Name())
		switch {
		case strings.EqualFold(filepath.Ext(files.TemporaryOf(e.Name())), ".parquet"):
			s.unfinished = append(s.unfinished, path)
		case strings.EqualFold(filepath.Ext(path), ".parquet") && !e.IsDir():
			s.paths = append(s.paths, path)
		}
	}
	if len(s.paths) == n && len(s.unfinished) == 0 {
		return errors.New("no file in this directory is named .parquet")
	}
	return nil
}

// Paths are the files, in the order in which they are read.
func (s *Store) Paths() []string { return slices.Clone(s.paths) }

// Unfinished are the files under temporary names that lie in directories of the Store: whoever
// writes them has not completed them, or was stopped before he did.
func (s *Store) Unfinished() []string { return slices.Clone(s.unfinished) }

// ReadStats are what answering has taken since Open.
type ReadStats struct {
	Bytes  uint64 // read of files
	Groups uint64 // row groups that were asked about
	Read   uint64 // of them, those of which values were read
}

// Stats are the sums so far.
func (s *Store) Stats() ReadStats {
	return ReadStats{Bytes: s.read.Load(), Groups: s.seen.Load(), Read: s.held.Load()}
}

// opened is a row group at hand.
type opened struct {
	file   *parquetFile
	n      int
	group  *file.RowGroupReader
	rows   int
	cache  map[string]*values
	stats  map[string]bounds
	blooms map[string]metadata.BloomFilter
}

// group is row group n of a file.
func (f *parquetFile) group(n int) (g *opened, err error) {
	defer func() {
		if e := recover(); e != nil {
			g, err = nil, fmt.Errorf("%w: row group %d: %v", ErrDamaged, n, e)
		}
	}()
	rd := f.r.RowGroup(n)
	if rd.NumRows() < 0 || rd.NumRows() > mostRows {
		return nil, fmt.Errorf("%w: row group %d has %d rows; want %d at most", ErrDamaged, n, rd.NumRows(), mostRows)
	}
	return &opened{file: f, n: n, group: rd, rows: int(rd.NumRows()),
		cache: map[string]*values{}, stats: map[string]bounds{}, blooms: map[string]metadata.BloomFilter{}}, nil
}

// Compile reads an expression over the columns of packets; see package expr. The error is a
// *filter.Error.
func Compile(where string) (*expr.Node, error) { return expr.Parse(where, Classes()) }

// each calls f with every file. One that cannot be read is told to Failed, or ends it.
func (s *Store) each(ctx context.Context, f func(in *parquetFile) error) error {
	for _, path := range s.paths {
		err := ctx.Err()
		if err == nil {
			err = s.with(path, f)
		}
		var fe *FileError
		if errors.As(err, &fe) && s.o.Failed != nil && s.o.Failed(fe) {
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// with calls f with one file.
func (s *Store) with(path string, f func(in *parquetFile) error) error {
	in, err := s.open(path)
	if err != nil {
		return err
	}
	defer in.close()
	return f(in)
}

// scan calls f with every row group of which a row matches, and which rows do.
func (s *Store) scan(ctx context.Context, where *expr.Node, f func(g *opened, rows []bool) error) error {
	return s.each(ctx, func(in *parquetFile) error {
		for n := range in.r.NumRowGroups() {
			if err := ctx.Err(); err != nil {
				return err
			}
			g, err := in.group(n)
			if err != nil {
				return &FileError{in.path, err}
			}
			s.seen.Add(1)
			rows, err := g.matches(where)
			if err == nil && slices.Contains(rows, true) {
				err = f(g, rows)
			}
			if len(g.cache) > 0 {
				s.held.Add(1)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

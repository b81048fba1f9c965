package files

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"pinyon/sink"
)

// PartialName is the name under which what is complete of an output that was given up stays:
// flows.csv becomes flows.partial.csv, and flows.partial-2.csv if that is there already.
func PartialName(path string, n int) string {
	ext := filepath.Ext(path)
	word := ".partial"
	if n > 1 {
		word = fmt.Sprintf(".partial-%d", n)
	}
	return strings.TrimSuffix(path, ext) + word + ext
}

// Kept is what stays of an output that was given up.
type Kept struct {
	Path string
	Rows uint64
}

// Keep gives the output up as Abort does, but what is complete of a regular file stays under a
// PartialName: whole lines, the batches of a stream, the closed row groups of a sink.Keeper.
// The result is nil if there is no such row, and the file is removed.
func (o *Output) Keep() (*Kept, error) {
	o.over.Store(true)
	if o.file == nil || !o.file.Regular() || o.file.grows {
		return nil, o.Abort()
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed || o.file.file == nil {
		return nil, nil
	}
	if err := o.finishPartial(); err != nil || o.Counters().Committed.Load() == 0 {
		return nil, errors.Join(err, o.remove())
	}
	o.closed = true
	lacks := o.writeSides()
	if lacks != nil {
		lacks = errors.Join(lacks, o.dropSides())
	}
	n, err := o.commitFirst(func(n int) string { return PartialName(o.file.name, n) })
	if err != nil {
		return nil, errors.Join(err, o.remove())
	}
	return &Kept{Path: PartialName(o.target.Path, n), Rows: o.Counters().Committed.Load()}, lacks
}

// finishPartial has the encoder end with what it holds whole.
func (o *Output) finishPartial() error {
	var err error
	if k, ok := o.enc.(sink.Keeper); ok {
		err = k.Keep()
	} else {
		err = o.enc.Close(context.Background())
	}
	if err != nil {
		err = o.mend(err)
	}
	if err == nil && o.partial != nil {
		err = o.file.markPartial()
	}
	return err
}

// A keeper is a sink of files that can be given up and keep what is complete.
type keeper interface{ Keep() (*Kept, error) }

// Keep gives up every output that is not complete, as Abort does, and tells what stays of
// regular files.
func (all *Outputs) Keep() (kept []Kept, err error) {
	all.mu.Lock()
	defer all.mu.Unlock()
	all.over = true
	for _, o := range all.list {
		f, ok := o.Sink.(keeper)
		if !ok {
			err = errors.Join(err, o.Sink.Abort())
			continue
		}
		k, e := f.Keep()
		if err = errors.Join(err, e); k != nil {
			kept = append(kept, *k)
		}
	}
	return kept, err
}

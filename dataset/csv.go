package dataset

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
)

// peeked is how much of a file of text is looked at for the end of its first line.
const peeked = 64 << 10

// openCSV reads the line with the names of a file of text in columns, and tells by that line
// whether a tab (format tsv), a comma or a semicolon (both csv) parts them. The names are
// borrowed until the next line is read. ErrNoTable is the error of a file that has no such line.
func openCSV(r *bufio.Reader, b *budget) (c *csvReader, format string, names []string, err error) {
	line, err := r.Peek(peeked)
	if err != nil && err != io.EOF {
		return nil, "", nil, err
	}
	line, _, _ = bytes.Cut(line, []byte("\n"))
	if len(line) == 0 || bytes.IndexByte(line, 0) >= 0 {
		return nil, "", nil, ErrNoTable
	}
	lines := &lineReader{r: r, limit: b.line()}
	c, format = &csvReader{csv.NewReader(lines), lines}, "csv"
	c.ReuseRecord = true
	switch {
	case bytes.IndexByte(line, '\t') >= 0:
		c.Comma, format = '\t', "tsv"
	case bytes.IndexByte(line, ',') < 0 && bytes.IndexByte(line, ';') >= 0:
		c.Comma = ';'
	}
	var over *LimitError
	if names, err = c.Read(); errors.As(err, &over) {
		return nil, "", nil, err
	} else if err != nil {
		return nil, "", nil, ErrNoTable
	}
	if len(names) > maxColumns {
		return nil, "", nil, fmt.Errorf("%w: %d columns", ErrNoTable, len(names))
	}
	return c, format, names, nil
}

// csvReader is a csv.Reader of lines whose length is limited.
type csvReader struct {
	*csv.Reader
	lines *lineReader
}

// Read reads a row.
func (c *csvReader) Read() ([]string, error) {
	c.lines.at(c.InputOffset())
	return c.Reader.Read()
}

package dataset

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"io"
)

// openCSV reads the line with the names of a file of text in columns, and tells by that line
// whether a tab (format tsv), a comma or a semicolon (both csv) parts them. The names are
// borrowed until the next line is read. ErrNoTable is the error of a file that has no such line.
func openCSV(r *bufio.Reader) (c *csv.Reader, format string, names []string, err error) {
	line, err := r.Peek(64 << 10)
	if err != nil && err != io.EOF {
		return nil, "", nil, err
	}
	line, _, _ = bytes.Cut(line, []byte("\n"))
	if len(line) == 0 || bytes.IndexByte(line, 0) >= 0 {
		return nil, "", nil, ErrNoTable
	}
	c, format = csv.NewReader(r), "csv"
	c.ReuseRecord = true
	switch {
	case bytes.IndexByte(line, '\t') >= 0:
		c.Comma, format = '\t', "tsv"
	case bytes.IndexByte(line, ',') < 0 && bytes.IndexByte(line, ';') >= 0:
		c.Comma = ';'
	}
	if names, err = c.Read(); err != nil {
		return nil, "", nil, ErrNoTable
	}
	return c, format, names, nil
}

package dataset

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"strconv"
)

// npyShape is the part of a matrix's description that tells its size; the rest of what the npy
// sink writes is always the same.
var npyShape = regexp.MustCompile(`^\{'descr': '<f8', 'fortran_order': False, 'shape': \(([0-9]{1,15}), ([0-9]{1,15})\), \} *\n$`)

// scanNpy reads a matrix of float64 as the npy sink writes it (numpy.lib.format, version 1.0),
// and the names of its columns from the file beside it. Values that are not numbers are missing.
func (t *Table) scanNpy(path string, r io.Reader, size int64) error {
	t.Format = "npy"
	var head [10]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return errors.New("damaged: too short for a matrix")
	}
	if head[6] != 1 {
		return fmt.Errorf("npy version %d is not read; want 1", head[6])
	}
	text := make([]byte, binary.LittleEndian.Uint16(head[8:]))
	if _, err := io.ReadFull(r, text); err != nil {
		return errors.New("damaged: too short for a matrix")
	}
	m := npyShape.FindSubmatch(text)
	if m == nil {
		return fmt.Errorf("damaged, or no matrix of float64 in rows: %.80q", text)
	}
	rows, _ := strconv.ParseInt(string(m[1]), 10, 64)
	columns, _ := strconv.ParseInt(string(m[2]), 10, 64)
	start := int64(len(head) + len(text))
	if columns > maxColumns || rows > math.MaxInt64/8/max(columns, 1) || size-start != rows*columns*8 {
		return fmt.Errorf("damaged: %d bytes for %d rows of %d values", size-start, rows, columns)
	}
	names, err := npyNames(path+".columns.json", int(columns))
	if err != nil {
		return err
	}
	known := knownColumns()
	for _, name := range names {
		t.column(known, name, "")
	}
	for i := range t.Columns {
		t.Columns[i].Type = "float64"
	}
	t.Rows = uint64(rows)
	row := make([]byte, columns*8)
	for range rows {
		if columns == 0 {
			break
		}
		if _, err := io.ReadFull(r, row); err != nil {
			return fmt.Errorf("damaged: %w", err)
		}
		for i := range t.Columns {
			if math.IsNaN(math.Float64frombits(binary.LittleEndian.Uint64(row[8*i:]))) {
				t.Columns[i].Missing++
			}
		}
	}
	return nil
}

// npyNames are the names of so many columns: those of the file beside the matrix, or numbers.
func npyNames(path string, n int) ([]string, error) {
	names := make([]string, n)
	for i := range names {
		names[i] = strconv.Itoa(i)
	}
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return names, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var list []struct {
		Name string `json:"name"`
	}
	if err := json.NewDecoder(io.LimitReader(f, 16<<20)).Decode(&list); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(list) != n {
		return nil, fmt.Errorf("%s: %d names for %d columns", path, len(list), n)
	}
	for i := range names {
		names[i] = list[i].Name
	}
	return names, nil
}

// Package dataset reads back what sinks have written: it describes a table (Scan), checks it
// against the schema (Table.Faults), and compares rows with expected ones (Comparison).
package dataset

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"

	"pinyon/extract"
	"pinyon/feature"
)

// A Table is what a scan of a feature file found.
type Table struct {
	Path     string   `json:"path"`
	Format   string   `json:"format"`
	Rows     uint64   `json:"rows"`
	Missing  float64  `json:"missing_rate"` // absent cells over all cells
	Columns  []Column `json:"columns"`
	Version  string   `json:"schema_version,omitempty"` // as the file tells
	Partial  bool     `json:"partial,omitempty"`        // rows are missing, as the file or its sidecar tells: the run was interrupted
	Metadata bool     `json:"-"`                        // a JSON Lines file with the provenance on top
}

// A Column is one column of a Table. Of text files, where an empty cell may be text, empty
// cells of text columns count as missing.
type Column struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Missing uint64 `json:"missing"`

	kind  feature.Kind // 0: not a column of the schema
	typed bool         // Type is the file's own word, not the schema's
	bad   uint64       // values that are not of the kind
	first string       // of them, with its row
	seen  uint64       // rows of a JSON file that have it
}

// knownColumns are all columns by every name they may have in an output.
var knownColumns = sync.OnceValue(func() map[string]feature.Desc {
	known := map[string]feature.Desc{}
	for _, d := range extract.All() {
		split, jj := d.SplitName(), d.SplitNameJJ()
		for _, n := range []string{jj, split, d.Name} {
			known[d.Group+"."+n] = d
			if _, taken := known[n]; !taken || n == d.Name {
				known[n] = d
			}
		}
	}
	return known
})

// ErrNoTable is the error for a file that is none that a sink writes.
var ErrNoTable = errors.New("neither a capture nor a feature file")

// Scan reads a feature file from end to end, within the default Limits.
func Scan(path string) (*Table, error) { return Limits{}.Scan(path) }

// Scan reads a feature file from end to end. The content decides between Parquet,
// Arrow, npy and JSON; what is left is CSV or TSV. A damaged file is one error.
func (l Limits) Scan(path string) (_ *Table, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	t := &Table{Path: path}
	if err := t.scan(f, info, l); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	t.sidecar()
	if cells := t.Rows * uint64(len(t.Columns)); cells > 0 {
		missing := uint64(0)
		for i := range t.Columns {
			missing += t.Columns[i].Missing
		}
		t.Missing = float64(missing) / float64(cells)
	}
	return t, nil
}

func (t *Table) scan(f *os.File, info fs.FileInfo, l Limits) error {
	b := l.budget(info.Size())
	r := bufio.NewReaderSize(f, peeked)
	head, err := r.Peek(8)
	if err != nil && err != io.EOF {
		return err
	}
	seekable := func(format string) error {
		if !info.Mode().IsRegular() {
			return fmt.Errorf("%s is read from its end: it needs a regular file", format)
		}
		return nil
	}
	switch first := bytes.TrimLeft(head, " \t\r\n"); {
	case bytes.HasPrefix(head, []byte("PAR1")):
		if err := seekable("Parquet"); err != nil {
			return err
		}
		return t.scanParquet(f, info.Size(), b)
	case bytes.HasPrefix(head, []byte("ARROW1")):
		if err := seekable("an Arrow file"); err != nil {
			return err
		}
		c := arrowCheck{budget: b}
		if err := c.arrowFile(f, info.Size()); err != nil {
			return err
		}
		t.arrow("arrow-file", &c)
		return nil
	case bytes.HasPrefix(head, []byte{0xff, 0xff, 0xff, 0xff}):
		s := arrowStream{arrowCheck: arrowCheck{budget: b}, r: r}
		if err := s.scan(); err != nil {
			return err
		}
		t.arrow("arrow", &s.arrowCheck)
		return nil
	case bytes.HasPrefix(head, []byte("\x93NUMPY")):
		if err := seekable("a matrix"); err != nil {
			return err
		}
		return t.scanNpy(t.Path, r, info.Size())
	case bytes.HasPrefix(first, []byte("{")), bytes.HasPrefix(first, []byte("[")):
		return t.scanJSON(&lineReader{r: r, limit: b.line()}, first[0] == '[')
	}
	return t.scanCSV(r, b)
}

// column makes the column of a name; typ is the file's word for its type, if it has one.
func (t *Table) column(known map[string]feature.Desc, name, typ string) *Column {
	c := Column{Name: name, Type: typ, typed: typ != ""}
	if d, ok := known[name]; ok {
		if c.kind = d.Kind; d.Form == feature.Stamp {
			c.kind = stamp
		}
		if typ == "" {
			c.Type = d.Kind.String()
		}
	}
	t.Columns = append(t.Columns, c)
	return &t.Columns[len(t.Columns)-1]
}

func (c *Column) wrong(row uint64, value string) {
	if c.bad++; c.bad == 1 {
		if len(value) > 40 {
			value = value[:40] + "..."
		}
		c.first = fmt.Sprintf("row %d: %q", row, value)
	}
}

func (t *Table) scanCSV(r *bufio.Reader, b *budget) error {
	c, format, names, err := openCSV(r, b)
	if err != nil {
		return err
	}
	t.Format = format
	known := knownColumns()
	some := false
	for _, n := range names {
		some = t.column(known, strings.Clone(n), "").kind != 0 || some
	}
	if !some {
		return fmt.Errorf("%w: no column of the first line is known", ErrNoTable)
	}
	for {
		cells, err := c.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		t.Rows++
		for i, v := range cells {
			switch f := &t.Columns[i]; {
			case v == "":
				f.Missing++
			case !isText(v, f.kind):
				f.wrong(t.Rows, v)
			}
		}
	}
}

// stamp is the kind of times, which text has as RFC 3339 does; no column is of it elsewhere.
const stamp feature.Kind = 0xff

// isText reports whether a cell of a text file is a value of the kind.
func isText(v string, k feature.Kind) bool {
	switch k {
	case stamp:
		_, err := parseStamp(v)
		return err == nil
	case feature.Int:
		return json.Valid([]byte(v)) && isInteger(v)
	case feature.Float:
		switch v {
		case "inf", "-inf":
			return true
		}
		return json.Valid([]byte(v)) && isNumber(v)
	case feature.Bool:
		switch v {
		case "true", "false", "True", "False":
			return true
		}
		return false
	case feature.IntList, feature.FloatList, feature.Triples:
		return strings.HasPrefix(v, "[") && json.Valid([]byte(v))
	}
	return true
}

func isInteger(v string) bool { return isNumber(v) && !strings.ContainsAny(v, ".eE") }

func isNumber(v string) bool { return v != "" && (v[0] == '-' || v[0] >= '0' && v[0] <= '9') }

func (t *Table) scanJSON(r *lineReader, array bool) error {
	t.Format = "jsonl"
	d := json.NewDecoder(r)
	if array {
		t.Format = "json-array"
		d.Token() // the bracket that was seen
	}
	known := knownColumns()
	at := map[string]int{}
	some := false
	for array && d.More() || !array {
		row, err := readObject(d)
		if err == io.EOF && !array {
			break
		}
		if err != nil {
			return err
		}
		r.at(d.InputOffset())
		if t.Rows == 0 && len(row) == 2 && row[0].name == "type" && string(row[0].value) == `"metadata"` {
			t.Metadata = true
			t.says(string(row[1].value))
			continue
		}
		t.Rows++
		for _, m := range row {
			i, ok := at[m.name]
			if !ok {
				if i = len(t.Columns); i == maxColumns {
					return fmt.Errorf("more than %d columns", maxColumns)
				}
				at[m.name] = i
				some = t.column(known, m.name, "").kind != 0 || some
			}
			switch f := &t.Columns[i]; {
			case string(m.value) == "null":
				f.Missing++
				f.seen++
			case !isJSON(m.value, f.kind):
				f.wrong(t.Rows, string(m.value))
				f.seen++
			default:
				f.seen++
			}
		}
	}
	if array {
		if err := arrayEnd(d); err != io.EOF {
			return err
		}
	}
	for i := range t.Columns {
		f := &t.Columns[i]
		f.Missing += t.Rows - min(f.seen, t.Rows)
	}
	if t.Rows > 0 && !some {
		return fmt.Errorf("%w: no key is known", ErrNoTable)
	}
	return nil
}

// arrayEnd reads the end of an array, behind which nothing may come; io.EOF if it is there.
func arrayEnd(d *json.Decoder) error {
	end, err := d.Token()
	if err != nil {
		return unexpected(err)
	}
	if end != json.Delim(']') {
		return fmt.Errorf("%v where a row was due", end)
	}
	if end, err = d.Token(); err == nil {
		return fmt.Errorf("%v behind the array", end)
	}
	return err
}

type jsonMember struct {
	name  string
	value json.RawMessage
}

// readObject reads an object with its keys in order; io.EOF at the end of the input.
func readObject(d *json.Decoder) ([]jsonMember, error) {
	open, err := d.Token()
	if err != nil {
		return nil, err
	}
	if open != json.Delim('{') {
		return nil, fmt.Errorf("%v where a row was due", open)
	}
	var row []jsonMember
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, unexpected(err)
		}
		var v json.RawMessage
		if err := d.Decode(&v); err != nil {
			return nil, unexpected(err)
		}
		if len(row) == maxColumns {
			return nil, fmt.Errorf("more than %d columns", maxColumns)
		}
		row = append(row, jsonMember{key.(string), v})
	}
	if _, err := d.Token(); err != nil {
		return nil, unexpected(err)
	}
	return row, nil
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// isJSON reports whether a JSON value is one of the kind.
func isJSON(v json.RawMessage, k feature.Kind) bool {
	s := string(v)
	switch k {
	case stamp:
		var text string
		return json.Unmarshal(v, &text) == nil && isText(text, k)
	case feature.Int:
		return isInteger(s)
	case feature.Float:
		return isNumber(s)
	case feature.Bool:
		return s == "true" || s == "false"
	case feature.Text:
		return strings.HasPrefix(s, `"`)
	case feature.IntList, feature.FloatList, feature.Triples:
		return strings.HasPrefix(s, "[")
	}
	return true
}

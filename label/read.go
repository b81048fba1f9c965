package label

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"
)

// A Mapping says which columns of a file hold what, and how its values are written. A column that
// is named must be in the file, but for those of the 5-tuple under their usual names, which
// records may leave out.
type Mapping struct {
	Label                                string // "label" if empty
	ID                                   string // none if empty
	Src, SrcPort, Dst, DstPort, Protocol string // src_ip, src_port, dst_ip, dst_port, protocol if empty
	// From and To are none if empty. A record without a To is for the time From, or, with the column
	// Duration, from there on for so many times Unit.
	From, To, Duration string
	Unit               time.Duration // 0 is a second

	// Header names the columns of a CSV file whose first line is a record already.
	Header []string
	// Layouts are those of package time. A time that fits none of them is a date as in RFC 3339, with
	// a blank for the T and without a zone if need be; where there are no layouts it may be a number
	// of TimeUnits since the Unix epoch as well.
	Layouts []string
	// TimeUnit is what times count that are numbers: a second or a part of it; 0 is a second.
	TimeUnit time.Duration
	// Location is where times without a zone were written down; nil is UTC.
	Location *time.Location
	// Afternoon is for clocks of 12 hours without AM or PM: hours below it are those after noon.
	Afternoon int
	// Resolution is how long a time lasts: a minute where seconds were left out.
	Resolution time.Duration
	// Tolerance is how far a flow may be from a record's times; see New.
	Tolerance time.Duration

	// Blank is the label of records that leave theirs blank.
	Blank string
	// Rename is what labels are called instead.
	Rename map[string]string
	// Skip leaves out records with a cell that cannot be read, and counts them, instead of
	// refusing the file.
	Skip bool
	// Anonymized says that the file's addresses are anonymized as those of the rows are: hashes
	// of 16 hexadecimal digits, or addresses that a cipher made.
	Anonymized bool
}

// ErrNoColumn is the error for a file without a column that it must have.
var ErrNoColumn = errors.New("no such column")

// The columns of a Mapping, in the order of names.
const (
	colLabel = iota
	colID
	colSrc
	colSrcPort
	colDst
	colDstPort
	colProtocol
	colFrom
	colTo
	colDuration
	columns
)

func (m *Mapping) names() (names [columns]string, must [columns]bool) {
	names = [...]string{m.Label, m.ID, m.Src, m.SrcPort, m.Dst, m.DstPort, m.Protocol, m.From, m.To, m.Duration}
	for i, usual := range [...]string{"label", "", "src_ip", "src_port", "dst_ip", "dst_port", "protocol", "", "", ""} {
		must[i] = names[i] != "" || i == colLabel
		if names[i] == "" {
			names[i] = usual
		}
	}
	return names, must
}

// Columns are the names of the columns that records may be read from.
func (m *Mapping) Columns() []string {
	names, _ := m.names()
	return slices.DeleteFunc(names[:], func(s string) bool { return s == "" })
}

// Records are what files of labels hold. Blank ones are without any text, and left out; Skipped
// ones could not be read, and were left out because Mapping.Skip says so.
type Records struct {
	List           []Record
	Blank, Skipped int
}

// adder gives a function that adds a record by its cells, those of the file called name.
func (m *Mapping) adder(name string, to *Records) func(*[columns]string) error {
	n := 0
	return func(cells *[columns]string) error {
		n++
		if *cells == ([columns]string{}) {
			to.Blank++
			return nil
		}
		r, err := m.record(cells)
		switch {
		case err == nil:
			to.List = append(to.List, r)
		case m.Skip:
			to.Skipped++
		default:
			return fmt.Errorf("label: %s: record %d: %w", name, n, err)
		}
		return nil
	}
}

// Read reads all records of a file of labels. The ending of its name says how it is written, .csv,
// .json or .jsonl; of any other name, content that begins with { or [ is JSON. JSON is an array of
// objects or objects one after the other. An error says in which record it is, the first being 1.
func Read(name string, in io.Reader, m *Mapping) (*Records, error) {
	if m == nil {
		m = &Mapping{}
	}
	b := bufio.NewReader(in)
	if mark, _ := b.Peek(3); bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		b.Discard(3)
	}
	records := &Records{}
	add := m.adder(name, records)
	var err error
	switch first, _ := b.Peek(64); strings.ToLower(path.Ext(name)) {
	case ".csv":
		err = m.csv(name, b, add)
	case ".json", ".jsonl":
		err = m.json(name, b, add)
	default:
		if t := bytes.TrimSpace(first); len(t) > 0 && (t[0] == '{' || t[0] == '[') {
			err = m.json(name, b, add)
		} else {
			err = m.csv(name, b, add)
		}
	}
	if err != nil {
		return nil, err
	}
	return records, nil
}

// ReadTable reads the records of a table in any other form: names are its columns, and next gives
// the texts of a row, or io.EOF behind the last one.
func ReadTable(name string, names []string, next func() ([]string, error), m *Mapping) (*Records, error) {
	if m == nil {
		m = &Mapping{}
	}
	records := &Records{}
	if err := m.table(name, names, next, m.adder(name, records)); err != nil {
		return nil, err
	}
	return records, nil
}

func (m *Mapping) csv(name string, in io.Reader, add func(*[columns]string) error) error {
	r := csv.NewReader(in)
	r.FieldsPerRecord, r.LazyQuotes, r.ReuseRecord = -1, true, true
	header := m.Header
	if header == nil {
		line, err := r.Read()
		if err != nil && err != io.EOF {
			return fmt.Errorf("label: %s: %w", name, err)
		}
		header = slices.Clone(line)
	}
	return m.table(name, header, r.Read, add)
}

func (m *Mapping) table(name string, header []string, next func() ([]string, error), add func(*[columns]string) error) error {
	var at [columns]int
	names, must := m.names()
	for i, want := range names {
		at[i] = -1
		if want != "" {
			at[i] = slices.IndexFunc(header, func(s string) bool { return text(s) == want })
		}
		if at[i] < 0 && must[i] {
			return fmt.Errorf("label: %s: %q: %w", name, want, ErrNoColumn)
		}
	}
	for {
		line, err := next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("label: %s: %w", name, err)
		}
		var cells [columns]string
		for i, c := range at {
			if c >= 0 && c < len(line) {
				cells[i] = strings.Clone(text(line[c]))
			}
		}
		if err := add(&cells); err != nil {
			return err
		}
	}
}

func (m *Mapping) json(name string, in *bufio.Reader, add func(*[columns]string) error) error {
	d := json.NewDecoder(in)
	d.UseNumber()
	for {
		c, err := in.Peek(1)
		if err != nil || c[0] > ' ' {
			break
		}
		in.Discard(1)
	}
	c, _ := in.Peek(1)
	array := len(c) == 1 && c[0] == '['
	if array {
		d.Token()
	}
	names, must := m.names()
	for n := 1; ; n++ {
		if array && !d.More() {
			if _, err := d.Token(); err != nil {
				return fmt.Errorf("label: %s: behind record %d: %w", name, n-1, err)
			}
			return nil
		}
		var object map[string]any
		if err := d.Decode(&object); err == io.EOF && !array {
			return nil
		} else if err != nil {
			return fmt.Errorf("label: %s: record %d: %w", name, n, err)
		}
		var cells [columns]string
		for i, want := range names {
			v, ok := object[want]
			if !ok && must[i] {
				return fmt.Errorf("label: %s: record %d: %q: %w", name, n, want, ErrNoColumn)
			}
			if v != nil {
				cells[i] = text(fmt.Sprint(v))
			}
		}
		if err := add(&cells); err != nil {
			return err
		}
	}
}

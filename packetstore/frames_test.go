package packetstore

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"pinyon/packet"
)

// TestFrameByFrame: rows hold what tshark says of each frame of a sample of captures;
// scripts/frames.py --write made the file, and compares all captures that there are.
func TestFrameByFrame(t *testing.T) {
	text, err := os.ReadFile("testdata/frames.tsv")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	columns := strings.Split(lines[1], "\t")[2:]
	rows := map[string][][]string{}
	captures, values := 0, 0
	for _, line := range lines[2:] {
		cells := strings.Split(line, "\t")
		name := cells[0]
		if rows[name] == nil {
			captures++
			data := stored(t, &Options{RowGroup: 100}, func(write func(*packet.Frame)) { each(t, filepath.Join("../testdata", name), write) })
			s, err := Open(nil, put(t, filepath.Join(t.TempDir(), "x.parquet"), data))
			if err != nil {
				t.Fatal(err)
			}
			for b, err := range s.Filter(context.Background(), nil, columns...) {
				if err != nil {
					t.Fatal(err)
				}
				for i := range b.Rows {
					var row []string
					for _, v := range strings.Split(cellsOf(b, i), " ") {
						if v == "" {
							v = "-"
						}
						row = append(row, v)
					}
					rows[name] = append(rows[name], row)
				}
			}
		}
		n, err := strconv.Atoi(cells[1])
		if err != nil || n > len(rows[name]) {
			t.Fatalf("%s: frame %s of %d", name, cells[1], len(rows[name]))
		}
		for k, want := range cells[2:] {
			if want == "" {
				continue
			}
			values++
			if got := rows[name][n-1][k]; got != want {
				t.Errorf("%s: frame %d: %s is %s; tshark says %s", name, n, columns[k], got, want)
			}
		}
	}
	if captures < 15 || values < 3000 {
		t.Errorf("%d values of %d captures", values, captures)
	}
}

package engine

import (
	"strings"
	"testing"
	"time"

	"pinyon/column"
	"pinyon/internal/groups"
)

// TestGraphGivenUp: of a run that is to end, rows leave without the columns that the graph of
// hosts gives, which are absent, and with all others as they are; and it is counted. A graph that
// is done within its grace stays.
func TestGraphGivenUp(t *testing.T) {
	frames := traffic(3, 4000)
	grace := time.Duration(0)
	cells := func(workers int, hurry <-chan struct{}) (conn, rest []string, absent uint64) {
		o := testOptions(t, func(_ *groups.Options, o *Options) { o.Workers, o.Hurry, o.grace = workers, hurry, grace })
		r, err := run(t.Context(), []Input{input("a", frames)}, o, func(b *column.Batch) error {
			for i := range b.Rows {
				for c := range b.Cols {
					v := ""
					if b.Cols[c].IsValid(i) {
						v = b.Cols[c].Field.Name
					}
					if b.Cols[c].Field.Group == "connection" {
						conn = append(conn, v)
					} else {
						rest = append(rest, v)
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return conn, rest, r.Stats().ConnectionAbsent
	}
	conn, rest, absent := cells(1, nil)
	if absent != 0 || len(conn) == 0 || strings.Join(conn, "") == "" {
		t.Fatalf("%d cells of the graph, %d inputs without", len(conn), absent)
	}
	over := make(chan struct{})
	close(over)
	for _, workers := range []int{1, 2} {
		c, r, absent := cells(workers, over)
		if absent != 0 || strings.Join(c, ",") != strings.Join(conn, ",") || strings.Join(r, ",") != strings.Join(rest, ",") {
			t.Errorf("%d workers: a graph within its grace was given up, or rows differ", workers)
		}
	}
	grace = -1
	for _, workers := range []int{1, 2} {
		c, r, absent := cells(workers, over)
		if absent != 1 || len(c) != len(conn) || strings.Join(c, "") != "" {
			t.Errorf("%d workers: %d inputs without the graph; cells %q", workers, absent, strings.Join(c, ""))
		}
		if strings.Join(r, ",") != strings.Join(rest, ",") {
			t.Errorf("%d workers: other columns changed", workers)
		}
	}
}

// TestUntilStop: what goes on when the run is to end is told so at once.
func TestUntilStop(t *testing.T) {
	hurry := make(chan struct{})
	r := New(testOptions(t, func(_ *groups.Options, o *Options) { o.Hurry = hurry }))
	ctx, done := r.untilStop(t.Context())
	defer done()
	if ctx.Err() != nil {
		t.Fatal(ctx.Err())
	}
	close(hurry)
	<-ctx.Done()
}

package postgres

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"pinyon/column"
	"pinyon/sink/sql"
)

// days are the parts of a table that is partitioned by day (UTC), which are made as rows of a
// day come.
type days struct {
	on     bool
	key    int // the column of times
	native bool
	there  map[int64]bool // days since 1970 that have a part
	wanted []int64
}

// open finds the parts that there are.
func (s *days) open(ctx context.Context, d *database) error {
	p := d.plan
	if p.Partition != "day" {
		return nil
	}
	if s.key = instant(p); s.key < 0 {
		return nil
	}
	s.there = map[int64]bool{}
	s.native = encodings[p.Columns[s.key].Type] == asTime
	var kind string
	if _, err := d.First(ctx, []any{&kind}, "SELECT relkind::text FROM pg_class WHERE oid = to_regclass($1)", p.Into.Quoted()); err != nil {
		return err
	}
	if s.on = kind == "p"; !s.on {
		return fmt.Errorf("partition: table %s is there and has no parts", p.Name)
	}
	names, err := s.parts(ctx, d, p.Into)
	if err != nil {
		return err
	}
	for _, n := range names {
		if at := strings.LastIndex(n, "_p"); at >= 0 {
			if t, err := time.Parse("20060102", n[at+2:]); err == nil {
				s.there[t.Unix()/86400] = true
			}
		}
	}
	return nil
}

// parts are the names of a table's parts.
func (s *days) parts(ctx context.Context, d *database, n sql.Name) ([]string, error) {
	rows, err := d.conn.Query(ctx, "SELECT relname::text FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = to_regclass($1)", n.Quoted())
	if err != nil {
		return nil, told(err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// note remembers the days of rows.
func (s *days) note(b *column.Batch, from, to int) {
	if !s.on {
		return
	}
	for _, v := range b.Cols[s.key].Floats[from:to] {
		day := int64(math.Floor(v / 86400))
		if !s.there[day] {
			s.there[day] = true
			s.wanted = append(s.wanted, day)
		}
	}
}

// make makes the parts of the days noted.
func (s *days) make(ctx context.Context, d *database) error {
	for _, day := range s.wanted {
		t := time.Unix(day*86400, 0).UTC()
		from, to := fmt.Sprint(day*86400), fmt.Sprint((day+1)*86400)
		if s.native {
			from, to = "'"+t.Format(time.RFC3339)+"'", "'"+t.AddDate(0, 0, 1).Format(time.RFC3339)+"'"
		}
		name := d.plan.Into.With(t.Format("_p20060102"))
		if len(name.Table) > longest {
			return fmt.Errorf("partition: the name %s has more than %d bytes", name.Table, longest)
		}
		_, err := d.Exec(ctx, "CREATE TABLE IF NOT EXISTS "+name.Quoted()+" PARTITION OF "+d.plan.Into.Quoted()+" FOR VALUES FROM ("+from+") TO ("+to+")")
		if err != nil {
			return err
		}
	}
	s.wanted = s.wanted[:0]
	return nil
}

// rename gives the parts of a table that took another's place the names of that one's.
func (s *days) rename(ctx context.Context, d *database) error {
	if !s.on {
		return nil
	}
	p := d.plan
	names, err := s.parts(ctx, d, p.Name)
	if err != nil {
		return err
	}
	for _, n := range names {
		rest, ok := strings.CutPrefix(n, p.Into.Table)
		if !ok {
			continue
		}
		if _, err := d.Exec(ctx, "ALTER TABLE "+sql.Name{Schema: p.Name.Schema, Table: n}.Quoted()+" RENAME TO "+sql.Quote(p.Name.Table+rest)); err != nil {
			return err
		}
	}
	return nil
}

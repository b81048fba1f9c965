//go:build unix

package postgres

import (
	"errors"
	"testing"
	"time"

	"pinyon/sink"
	"pinyon/spool"
)

// TestSpool: rows of a run whose server ends and begins again in the middle are there once, in
// one table, whether the server ends while rows go to it or while they come from disk.
func TestSpool(t *testing.T) {
	s := start(t)
	schema := numbered()
	for _, mode := range []string{"append", "replace"} {
		address := s.fresh(t)
		to, err := Format.Target(address)
		if err != nil {
			t.Fatal(err)
		}
		run := &sink.Run{Settings: sink.Settings{"table": "t", "batch-size": "100", "if-exists": mode}}
		k, err := spool.Open(ctx, to, schema, run, spool.Options{Dir: t.TempDir(), Wait: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for range 2 {
			for _, up := range []bool{true, false} {
				for range 20 {
					if err := k.Write(ctx, numbers(schema, n, n+150)); err != nil {
						t.Fatal(err)
					}
					n += 150
				}
				if up {
					s.kill()
				} else if err := s.run(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := k.Close(ctx); err != nil {
			t.Fatal(err)
		}
		st := k.Counters().Stats()
		if st.Committed != uint64(n) || st.Lost != 0 || k.Spooled() == 0 {
			t.Errorf("%s: %+v, %d by way of the disk; want %d rows", mode, st, k.Spooled(), n)
		}
		s.holds(t, address, n)
	}
}

// TestSpoolRefused: rows that are there only once all are cannot wait for a server.
func TestSpoolRefused(t *testing.T) {
	s := start(t)
	for _, set := range []sink.Settings{{"atomic": "true"}, {"runs": "false"}} {
		to, err := Format.Target(s.fresh(t))
		if err != nil {
			t.Fatal(err)
		}
		_, err = spool.Open(ctx, to, numbered(), &sink.Run{Settings: set}, spool.Options{Dir: t.TempDir()})
		var wrong *sink.SettingError
		if !errors.As(err, &wrong) {
			t.Errorf("%v: got %v", set, err)
		}
	}
}

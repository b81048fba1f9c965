package main

import (
	"database/sql"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "modernc.org/sqlite"
)

// one is what a query of an SQLite file gives, as text.
func one(t *testing.T, path, query string) (v string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow(query).Scan(&v); err != nil {
		t.Errorf("%s: %v", query, err)
	}
	return v
}

// TestDatabase: rows go into a database by the names that mean one, and a run that is named
// again gives no row twice.
func TestDatabase(t *testing.T) {
	in := captureFile(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "a.db")
	const count = "SELECT count(*) || ' ' || sum(total_packets) FROM pinyon_features"
	for i, args := range [][]string{{"-o", path}, {"-f", "sqlite", "-o", path}, {"-o", "sqlite:///" + path}, {"-f", "jsonl", "-o", "/dev/null", "--tee", "sqlite=" + path}} {
		want(t, 0, "3 flows from 19 packets (19 records) -> ", append([]string{"extract", in, "--db-batch-size", "2"}, args...)...)
		if got, exp := one(t, path, count), []string{"3 19", "6 38", "9 57", "12 76"}[i]; got != exp {
			t.Errorf("%v: got %s; want %s", args, got, exp)
		}
	}
	if got := one(t, path, "SELECT count(*) || ' ' || sum(rows) FROM pinyon_features_runs WHERE status = 'complete' AND json_extract(provenance, '$.rows') = rows"); got != "4 12" {
		t.Error(got)
	}
	for range 2 {
		want(t, 0, "3 flows", "extract", in, "-o", path, "--resume", "nightly", "--db-table", "b", "--db-meta")
		if got := one(t, path, "SELECT count(*) || group_concat(run_row) || max(run_id) FROM b"); got != "30,1,2nightly" {
			t.Error(got)
		}
	}
	want(t, exitError, "other inputs or another configuration", "extract", in, "-o", path, "--resume", "nightly", "--db-table", "b", "--db-meta", "--features", "tls")
	want(t, exitError, "the table is there already: b", "extract", in, "-o", path, "--db-table", "b", "--db-if-exists", "fail")
	want(t, exitError, "column total_packets is TEXT", "extract", in, "-o", badTable(t, dir))
}

// badTable makes a database whose table does not fit.
func badTable(t *testing.T, dir string) string {
	path := filepath.Join(dir, "bad.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("CREATE TABLE pinyon_features (total_packets TEXT)"); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestAddress: the address of a database may come from the environment, -f may not contradict
// it, and no message shows a password.
func TestAddress(t *testing.T) {
	in := captureFile(t)
	for _, name := range []string{"PGHOST", "PGHOSTADDR", "PGSERVICE", "PGDATABASE"} {
		t.Setenv(name, "")
	}
	want(t, exitError, "format sqlite: give its address with -o, or in PINYON_DB_DSN", "extract", in, "-f", "sqlite")
	want(t, exitError, "format postgres: give its address", "extract", in, "-f", "postgres")
	want(t, exitUsage, "is no place for -f sqlite", "extract", in, "-f", "sqlite", "-o", "postgres://u@h/db")
	want(t, exitUsage, "a.db is no place for -f postgres", "extract", in, "-f", "postgres", "-o", "a.db")
	path := filepath.Join(t.TempDir(), "env.db")
	t.Setenv("PINYON_DB_DSN", "sqlite:///"+path)
	want(t, 0, "3 flows", "extract", in, "-f", "sqlite")
	if got := one(t, path, "SELECT count(*) FROM pinyon_features"); got != "3" {
		t.Error(got)
	}
	want(t, exitUsage, "is no place for -f postgres", "extract", in, "-f", "postgres")
	_, _, text := runPinyon(t, "extract", in, "-o", "postgres://u:geheim@127.0.0.1:1/db?connect_timeout=1&sslpassword=geheim")
	if strings.Contains(text, "geheim") || !strings.Contains(text, "postgres://u:***@127.0.0.1:1/db") {
		t.Error(text)
	}
}

// TestConvert: rows go from each format to each other one, into a database and back to what they
// were, and damage is an error.
func TestConvert(t *testing.T) {
	in := captureFile(t)
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	flags := []string{"--include-splt", "--include-sequences", "--provenance", "none"}
	want(t, 0, "3 flows", append([]string{"extract", in, "-o", path("want.csv")}, flags...)...)
	for _, name := range []string{"a.parquet", "a.arrow", "a.feather", "a.jsonl", "a.csv", "a.tsv"} {
		want(t, 0, "3 flows", append([]string{"extract", in, "-o", path(name)}, flags...)...)
		want(t, 0, "3 rows -> "+path("got.csv"), "convert", path(name), "-o", path("got.csv"))
		exp := read(t, path("want.csv"))
		if name == "a.jsonl" { // which has no infinite numbers
			exp = strings.ReplaceAll(exp, ",inf", ",")
		}
		if got := read(t, path("got.csv")); got != exp {
			t.Errorf("%s: got\n%s", name, got)
		}
		want(t, 0, "3 rows accepted, 3 committed", "convert", path(name), "-o", path("x.db"), "--db-if-exists", "replace", "--tee", "jsonl=/dev/null")
		if got := one(t, path("x.db"), "SELECT count(*) || ' ' || sum(total_packets) || ' ' || json_array_length(max(iat_sequence)) FROM pinyon_features"); !strings.HasPrefix(got, "3 19 ") {
			t.Errorf("%s: %s", name, got)
		}
	}
	want(t, exitError, "nowhere", "convert", "nowhere", "-o", path("y.csv"))
	want(t, exitUsage, "is also an input", "convert", path("a.csv"), "-o", path("a.csv"))
	want(t, exitError, "neither a capture", "convert", write(t, "x", []byte("just words\n")), "-o", path("y.csv"))
	cut := read(t, path("a.arrow"))
	want(t, exitError, "cut.arrow", "convert", write(t, "cut.arrow", []byte(cut[:len(cut)-2000])), "-o", path("y.csv"))
	if names := filesIn(t, dir); slices.Contains(names, "y.csv") {
		t.Error("an output of damaged rows is left")
	}
}

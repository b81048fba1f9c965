package dataset

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pinyon/column"
	"pinyon/extract"
	"pinyon/feature"
	"pinyon/internal/damage"
	"pinyon/sink/all"
	"pinyon/sink/sinktest"
)

// samples are small files of a format, packed in every way that it has.
func samples(t testing.TB, names ...string) (files [][]byte) {
	t.Helper()
	s := &column.Schema{Nulls: true, Version: feature.SchemaVersion}
	kinds := map[any]int{}
	for _, d := range extract.All() {
		if kinds[d.Kind]++; kinds[d.Kind] <= 2 {
			s.Fields = append(s.Fields, column.Field{Desc: d, Out: d.Name})
		}
	}
	b := column.New(s, 0)
	sinktest.Fill(b, sinktest.Rows(s, 10))
	for _, name := range names {
		word, options, _ := strings.Cut(name, "?")
		path := filepath.Join(t.TempDir(), "x")
		target, err := all.Sinks().Parse(strings.TrimSuffix(word+"="+path+"?"+options, "?"))
		if err != nil {
			t.Fatal(err)
		}
		k, err := target.Open(context.Background(), s, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(k.Write(context.Background(), b), k.Write(context.Background(), b), k.Close(context.Background())); err != nil {
			t.Fatal(err)
		}
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

// formats are the formats that are read back.
var formats = map[string][]string{
	"arrow":   {"arrow", "arrow?compression=lz4", "arrow?compression=zstd"},
	"file":    {"arrow-file", "arrow-file?compression=lz4", "arrow-file?compression=zstd"},
	"parquet": {"parquet?compression=none", "parquet?compression=snappy", "parquet?compression=zstd", "parquet?compression=gzip"},
	"npy":     {"npy"},
	"csv":     {"csv", "tsv"},
	"json":    {"jsonl", "json-array"},
}

// look reads a file in every way that there is. What is wrong with it is an error, never a panic.
func look(t testing.TB, path string) {
	t.Helper()
	l := Limits{Unpacked: 64 << 20}
	if table, err := l.Scan(path); err == nil {
		table.Faults(feature.SchemaVersion)
	}
	r, err := l.Open(path, nil)
	if err != nil {
		return
	}
	defer r.Close()
	n := 0
	for b, err := range r.Batches() {
		if err != nil {
			return
		}
		if err := b.Check(); err != nil {
			t.Fatal(err)
		}
		if n += b.Rows; n > 1<<20 {
			return
		}
	}
}

func fuzz(f *testing.F, format string) {
	for _, b := range samples(f, formats[format]...) {
		f.Add(b)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(dir, "x")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		look(t, path)
	})
}

func FuzzArrow(f *testing.F)     { fuzz(f, "arrow") }
func FuzzArrowFile(f *testing.F) { fuzz(f, "file") }
func FuzzParquet(f *testing.F)   { fuzz(f, "parquet") }
func FuzzNpy(f *testing.F)       { fuzz(f, "npy") }
func FuzzCSV(f *testing.F)       { fuzz(f, "csv") }
func FuzzJSON(f *testing.F)      { fuzz(f, "json") }

// allocated is how many bytes the process has allocated so far.
func allocated() uint64 {
	m := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(m)
	return m[0].Value.Uint64()
}

// tryDamaged looks at bytes as a file and at the memory that this takes.
func tryDamaged(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	before := allocated()
	look(t, path)
	if n := allocated() - before; n > 256<<20 {
		t.Fatalf("%d MB were allocated for a file of %d bytes", n>>20, len(b))
	}
}

// TestDamaged: a damaged file of any format is described or is an error, and takes no more
// memory than a whole one by far. Bytes all over the file are 0xff once, it is cut, and changes
// are drawn.
func TestDamaged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	for _, name := range slices.Sorted(maps.Keys(formats)) {
		all := samples(t, formats[name]...)
		for i, whole := range all {
			r := rand.New(rand.NewPCG(1, uint64(i)))
			step := 1 + len(whole)/50
			for at := i % step; at < len(whole); at += step {
				b := bytes.Clone(whole)
				b[at] = 0xff
				tryDamaged(t, path, b)
				tryDamaged(t, path, whole[:at])
			}
			for range 60 {
				tryDamaged(t, path, damage.Mutate(r, whole, all[r.IntN(len(all))]))
			}
		}
	}
}

// TestDamagedMany is TestDamaged with as many changes as PINYON_DAMAGED says, drawn from the
// seed PINYON_DAMAGED_SEED; scripts/damaged.sh runs it in parts, each with little memory. The
// file at hand is PINYON_DAMAGED_FILE, if that is set, for whoever wants to see it after a crash.
func TestDamagedMany(t *testing.T) {
	n, _ := strconv.Atoi(os.Getenv("PINYON_DAMAGED"))
	if n == 0 {
		t.Skip("PINYON_DAMAGED, the number of changes, is not set")
	}
	seed, err := strconv.ParseUint(os.Getenv("PINYON_DAMAGED_SEED"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	path := os.Getenv("PINYON_DAMAGED_FILE")
	if path == "" {
		path = filepath.Join(t.TempDir(), "x")
	}
	var all [][]byte
	for _, name := range slices.Sorted(maps.Keys(formats)) {
		all = append(all, samples(t, formats[name]...)...)
	}
	r := rand.New(rand.NewPCG(seed, 1))
	most := uint64(0)
	for range n {
		b := damage.Mutate(r, all[r.IntN(len(all))], all[r.IntN(len(all))])
		before := allocated()
		tryDamaged(t, path, b)
		most = max(most, allocated()-before)
	}
	t.Logf("%d files; the most that one allocated in sum is %d kB", n, most>>10)
}

// TestTruncated: a file that is cut is an error in every format that tells its end.
func TestTruncated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	for name, list := range formats {
		for i, whole := range samples(t, list...) {
			if name == "csv" || name == "json" && i == 0 {
				continue // lines end anywhere
			}
			for n := 8; n < len(whole); n += 1 + len(whole)/100 {
				if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
					t.Fatal(err)
				}
				if _, err := Scan(path); err == nil && name != "arrow" { // batches of a stream stand alone
					t.Errorf("%s of %d bytes, cut at %d: no error", list[i], len(whole), n)
				}
			}
		}
	}
}

// TestUnpackLimit: a file that unpacks to more than is allowed is an error that says so.
func TestUnpackLimit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	for _, name := range []string{"parquet", "arrow", "file"} {
		for i, whole := range samples(t, formats[name]...) {
			if err := os.WriteFile(path, whole, 0o600); err != nil {
				t.Fatal(err)
			}
			var le *LimitError
			if _, err := (Limits{Unpacked: 200}).Scan(path); !errors.As(err, &le) && !strings.Contains(err.Error(), "damaged: a message") && !strings.Contains(err.Error(), "damaged: a footer") {
				t.Errorf("%s: %v", formats[name][i], err)
			}
			if _, err := Scan(path); err != nil {
				t.Errorf("%s: %v", formats[name][i], err)
			}
		}
	}
	for _, text := range []string{"src_ip\n\"" + strings.Repeat("a,", 1<<20), `[{"src_ip":"` + strings.Repeat("a", 1<<21) + `"}]`} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var le *LimitError
		if _, err := (Limits{Unpacked: 1 << 20}).Scan(path); !errors.As(err, &le) {
			t.Errorf("a row of 2 MB: %v", err)
		}
	}
}

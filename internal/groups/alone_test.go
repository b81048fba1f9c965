package groups_test

import (
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"pinyon/column"
	"pinyon/feature"
	"pinyon/internal/corpus"
	"pinyon/internal/groups"
	"pinyon/packet"
)

// everything are options with every column there is, absent values as nulls.
func everything() *groups.Options {
	o := further()
	o.Trace, o.Sequences, o.SPLT, o.Temporal, o.Nulls = true, true, true, true, true
	return o
}

// A part is a set of columns to be asked for alone.
type part struct {
	name             string
	groups, features []string
}

// partsOf are the groups, what each group has in extra, and single columns: some, others for
// every number.
func partsOf(ds []feature.Desc, number, single int) (parts []part) {
	for _, g := range groups.Names() {
		parts = append(parts, part{name: "group " + g, groups: []string{g}})
	}
	for i := 0; i < len(ds); {
		d := ds[i]
		p := part{name: "extra of " + d.Group + " from " + d.Name}
		for ; i < len(ds) && ds[i].Group == d.Group && ds[i].Optional == d.Optional; i++ {
			p.features = append(p.features, ds[i].Name)
		}
		if d.Optional {
			parts = append(parts, p)
		}
	}
	for k := range single {
		name := ds[(number*single+k)%len(ds)].Name
		parts = append(parts, part{name: "column " + name, features: []string{name}})
	}
	return parts
}

// corpusShare is one of how many captures of the corpus TestAlone takes if the whole is not
// asked for.
const corpusShare = 60

// TestAlone: no value depends on which other columns are asked for. It holds the values of
// each group, of each part of extra and of single columns, asked for alone, against the same
// among all columns: of every capture of testdata, and of one in corpusShare of the corpus, or
// with PINYON_ALONE=all of every one.
func TestAlone(t *testing.T) {
	var paths []string
	collect := func(root string, share int) {
		n := 0
		filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && filepath.Base(filepath.Dir(path)) != "golden" {
				if n++; n%share == 0 {
					paths = append(paths, path)
				}
			}
			return nil
		})
	}
	collect(filepath.Join("..", "..", "testdata"), 1)
	share := corpusShare
	if os.Getenv("PINYON_ALONE") == "all" {
		share = 1
	}
	collect(corpus.Dir(), share)
	ds := groups.All()
	captures, flows, values, differ := 0, 0, 0, 0
	held := func(i int, name string, frames []packet.Frame, all []column.Row) {
		for _, p := range partsOf(ds, i, 8) {
			n, bad := alone(t, name, p, frames, all)
			values += n
			differ += bad
		}
	}
	for i, path := range paths {
		frames := readFrames(path)
		if len(frames) == 0 {
			continue
		}
		captures++
		all := rows(t, everything(), frames)
		flows += len(all)
		held(i, path, frames, all)
	}
	// What lies in a tunnel, and what answers a probe of another protocol.
	for i, name := range []string{"tls13.pcap", "ssh.pcap", "http2.pcap", "http1.pcap", "h2c.pcap"} {
		inner := turnsOf(t, name)
		for k, turns := range [][]turn{
			slices.Concat(carriers[3].turns, inner), slices.Concat(carriers[6].turns, inner), slices.Concat(carriers[11].turns, inner), joined(carriers[11].turns, inner),
			{{1, []byte("SSH-2.0-OpenSSH_9.2\r\n")}, inner[0]}, {{0, []byte("GET / HTTP/1.1\r\n\r\n")}, {1, []byte("SSH-2.0-OpenSSH_9.2\r\n")}, inner[0]},
		} {
			frames := converse(turns)
			held(i, fmt.Sprintf("%s, made %d", name, k), frames, rows(t, everything(), frames))
		}
	}
	if captures < 60 {
		t.Fatalf("only %d captures", captures)
	}
	t.Logf("%d captures, %d flows, %d values, %d differ", captures, flows, values, differ)
}

// alone asks for a part and returns how many values it held, and how many differ.
func alone(t *testing.T, path string, p part, frames []packet.Frame, all []column.Row) (values, differ int) {
	o := everything()
	o.Groups, o.Features = p.groups, p.features
	got := rows(t, o, frames)
	if len(got) != len(all) {
		t.Errorf("%s, %s: %d rows; want %d", path, p.name, len(got), len(all))
		return 0, 1
	}
	for i := range got {
		for c, f := range got[i].Schema().Fields {
			values++
			g, w := got[i].At(c), all[i].Value(f.Out)
			if !sameValue(g, w) {
				if differ++; differ == 1 {
					t.Errorf("%s, %s: %s of row %d is %v alone, %v among all", path, p.name, f.Out, i, g, w)
				}
			}
		}
	}
	return values, differ
}

func sameValue(a, b any) bool {
	if x, ok := a.(float64); ok {
		y, ok := b.(float64)
		return ok && math.Float64bits(x) == math.Float64bits(y)
	}
	return reflect.DeepEqual(a, b)
}

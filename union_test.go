package pinyon_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pinyon"
	"pinyon/packet"
	"pinyon/pcap"
	"pinyon/sink/csv"
	"pinyon/source"
	"pinyon/source/merged"
)

// memory is a capture in memory.
type memory struct {
	source.Tally
	frames []packet.Frame
}

func (m *memory) Next(f *packet.Frame) error {
	if len(m.frames) == 0 {
		return io.EOF
	}
	*f = m.frames[0]
	m.frames = m.frames[1:]
	m.Count(f)
	return nil
}

func (m *memory) Close() error { return nil }

// inMemory is frames as an input.
func inMemory(name string, frames []packet.Frame) pinyon.Input {
	return pinyon.Input{Name: name, Open: func() (source.Source, error) { return &memory{frames: frames}, nil }}
}

// framesOf reads a capture, as far as it can be read.
func framesOf(t *testing.T, name string) (list []packet.Frame) {
	t.Helper()
	r, err := pcap.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var f packet.Frame
	for r.Next(&f) == nil {
		f.Data, f.Block = slices.Clone(f.Data), nil
		list = append(list, f)
	}
	return list
}

// tableOf is the rows of an input with every column, as CSV.
func tableOf(t *testing.T, cfg *pinyon.Config, in pinyon.Input) (string, error) {
	t.Helper()
	p, err := pinyon.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	s, err := csv.New(&out, p.Schema(), nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := p.Process(context.Background(), in, s)
	if err == nil {
		err = s.Close(context.Background())
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), res.Err()
}

// union merges inputs by the rules of cfg.
func union(t *testing.T, cfg *pinyon.Config, ins ...pinyon.Input) pinyon.Input {
	t.Helper()
	names := make([]string, len(ins))
	for i := range ins {
		names[i] = ins[i].Name
	}
	in, err := merged.Input(merged.Captures(ins), names, merged.Options{StepBack: cfg.Flow().Timeout})
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// unionConfig has every column, and flows that end by every rule.
func unionConfig() *pinyon.Config {
	cfg := pinyon.DefaultConfig()
	cfg.Features, cfg.IncludeTrace, cfg.NumWorkers, cfg.ActiveTimeout = []string{"all", "extra"}, true, 1, 20
	return cfg
}

// TestUnionOfOne: of every third capture, the capture alone gives the same bytes as one that is read as it is.
func TestUnionOfOne(t *testing.T) {
	if testing.Short() {
		t.Skip("reads every third capture of testdata twice")
	}
	same := 0
	for i, name := range captures(t) {
		if i%3 != 0 {
			continue
		}
		cfg := unionConfig()
		want, werr := tableOf(t, cfg, pinyon.File(name))
		cfg.NumWorkers = []int{1, 2, 8}[i/3%3]
		got, err := tableOf(t, cfg, union(t, cfg, pinyon.File(name)))
		var back *merged.StepBackError
		if errors.As(err, &back) || err != nil && strings.Contains(err.Error(), "before 1970") {
			continue
		}
		if got != want || (err == nil) != (werr == nil) {
			t.Errorf("%s: %v, %v; rows\n%s\nwant\n%s", name, err, werr, got, want)
		}
		same++
	}
	if same < 15 {
		t.Errorf("only %d captures could be compared", same)
	}
}

// TestUnionOfPieces: of a capture whose clock does not go back, cut anywhere and dealt out among
// captures that overlap, the union has the rows of the whole; but for where packets stand.
func TestUnionOfPieces(t *testing.T) {
	for i, name := range captures(t) {
		whole := framesOf(t, name)
		if !slices.IsSortedFunc(whole, func(a, b packet.Frame) int { return int(min(max(a.TS-b.TS, -1), 1)) }) || len(whole) == 0 || whole[0].TS < 0 {
			continue
		}
		if len(whole) > 500 && testing.Short() {
			continue
		}
		r := rand.New(rand.NewPCG(uint64(i), 3))
		cfg := unionConfig()
		cfg.IncludeTrace = false
		pieces := make([][]packet.Frame, 1+r.IntN(4))
		at := 0
		for k, f := range whole {
			if k > 0 && f.TS == whole[k-1].TS { // equal times keep their order in one piece only
			} else if r.IntN(1+len(whole)/8) == 0 {
				at = r.IntN(len(pieces))
			}
			f.Number = 0
			pieces[at] = append(pieces[at], f)
		}
		var ins []pinyon.Input
		for _, p := range pieces {
			ins = append(ins, inMemory(filepath.Base(name), p))
		}
		want, _ := tableOf(t, cfg, inMemory("whole", whole))
		cfg.NumWorkers = 1 + i%3
		got, err := tableOf(t, cfg, union(t, cfg, ins...))
		if err != nil || sorted(got) != sorted(want) {
			t.Errorf("%s in %d pieces: %v; rows\n%s\nwant\n%s", name, len(pieces), err, got, want)
		}
	}
}

// sorted is text with its lines in order: rows whose flows end at the same time come in the order of
// the captures of their first packets.
func sorted(text string) string {
	lines := strings.SplitAfter(text, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "")
}

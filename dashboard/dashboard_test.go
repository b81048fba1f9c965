package dashboard

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLayout: whatever panels a board has, none lies over another or beyond the edge, and a row
// begins below everything before it.
func TestLayout(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		b := New(fmt.Sprint("Board ", seed))
		for range r.IntN(40) {
			look := Look{Width: r.IntN(30), Height: r.IntN(12)}
			switch r.IntN(4) {
			case 0:
				b.Row("row")
			case 1:
				b.Stat("stat", "x", look)
			case 2:
				b.Graph("graph", look, Query{"x", ""}, Query{"y", ""})
			default:
				b.Pie("pie", Query{"x", ""}, look)
			}
		}
		taken, ids, below := map[[2]int]bool{}, map[int]bool{}, 0
		for _, p := range b.Build().Panels {
			g := p.Grid
			if g.X < 0 || g.W < 1 || g.H < 1 || g.X+g.W > Columns || ids[p.ID] || p.Type == "row" && (g.X != 0 || g.Y < below) {
				t.Fatalf("seed %d: panel %+v, %d rows before it", seed, p, below)
			}
			ids[p.ID] = true
			for x := g.X; x < g.X+g.W; x++ {
				for y := g.Y; y < g.Y+g.H; y++ {
					if taken[[2]int{x, y}] {
						t.Fatalf("seed %d: %s lies over another panel at %d, %d", seed, p.Title, x, y)
					}
					taken[[2]int{x, y}] = true
				}
			}
			below = max(below, g.Y+g.H)
		}
	}
}

// TestBuilder: defaults, what calls change, and that one graph keeps each of its queries with its legend.
func TestBuilder(t *testing.T) {
	d := New("My Board: été 2!").Build()
	if d.UID != "my-board-t-2" || d.Refresh != "10s" || d.SchemaVersion != 38 || len(d.Templating.List) != 1 || d.Templating.List[0].Name != "datasource" {
		t.Errorf("%+v", d)
	}
	b := New("x").UID("u").Refresh("1m").Tags("a").Jobs("m_total").Graph("g", Look{}, Query{"x", "X"}, Query{"y", "Y"}).Stat("s", "z", Look{Base: "blue", Steps: []Step{{"red", 5}}})
	d = b.Build()
	b.Stat("later", "z", Look{})
	if d.UID != "u" || d.Refresh != "1m" || len(d.Tags) != 1 || len(d.Templating.List) != 2 || len(d.Panels) != 2 {
		t.Errorf("%+v", d)
	}
	g, s := d.Panels[0], d.Panels[1]
	if len(g.Targets) != 2 || g.Targets[1] != (Target{source, "y", "Y", "B"}) || g.Grid != (Grid{8, 12, 0, 0}) || g.Field.Defaults.Unit != "short" {
		t.Errorf("%+v", g)
	}
	if steps := s.Field.Defaults.Thresholds.Steps; s.Grid != (Grid{4, 4, 12, 0}) || len(steps) != 2 || steps[0].Value != nil || steps[0].Color != "blue" || *steps[1].Value != 5 {
		t.Errorf("%+v", s)
	}
}

// TestExport: the file is JSON in which every query goes where it is to, and nowhere else.
func TestExport(t *testing.T) {
	d := Overview("pinyon")
	for _, uid := range []string{"", "abc"} {
		path := filepath.Join(t.TempDir(), "a", "b", "board.json")
		if err := Export(path, d, uid); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if (uid == "") != strings.Contains(string(text), "${datasource}") || strings.Contains(string(text), `\u003`) || !bytes.Contains(text, []byte("\n  \"uid\"")) {
			t.Errorf("uid %q: %.300s", uid, text)
		}
		var back Board
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		want := source.UID
		if uid != "" {
			want = uid
		}
		n := 0
		for _, p := range back.Panels {
			for _, q := range p.Targets {
				if n++; q.Source.UID != want || p.Source.UID != want || q.Source.Type != "prometheus" {
					t.Errorf("uid %q: %s asks %+v", uid, p.Title, q.Source)
				}
			}
		}
		if n < 30 || len(back.Panels) != len(d.Panels) {
			t.Errorf("uid %q: %d queries in %d panels", uid, n, len(back.Panels))
		}
		for _, v := range back.Templating.List {
			if v.Source != nil && v.Source.UID != want || uid != "" && v.Name == "datasource" {
				t.Errorf("uid %q: variable %+v", uid, v)
			}
		}
	}
	if d.Panels[1].Source.UID != source.UID {
		t.Error("Export changed the board")
	}
}

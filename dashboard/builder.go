// Package dashboard makes boards for Grafana, and the scrape job and alert rules for Prometheus, that
// go with what package metrics serves.
//
// A Builder makes any board; Overview is the one of this module. A board is JSON of Grafana's schema
// version 38, rules and scrape job are YAML of Prometheus.
package dashboard

import (
	"strings"
	"unicode"
)

// Columns is how wide a board is.
const Columns = 24

// A Builder puts panels on a board, from the left to the right and then below: no panel lies over
// another. Its methods return it, so that calls can follow one another.
type Builder struct {
	board Board
	x, y  int // where the next panel begins
	line  int // below the panels of the line at hand
}

// New begins a board. Its UID is the title in lower case with hyphens; it is refreshed every 10
// seconds and shows the last hour.
func New(title string) *Builder {
	return &Builder{board: Board{
		UID: slug(title), Title: title, Tags: []string{"pinyon", "custom"}, SchemaVersion: 38, Version: 1, Editable: true,
		Refresh: "10s", Time: Span{"now-1h", "now"}, Style: "dark", GraphTooltip: 1, Panels: []Panel{},
		Templating: Templating{List: []Variable{dataSource}},
	}}
}

// slug is a title as a UID: letters and digits, a hyphen for each run of anything else.
func slug(title string) string {
	words := strings.FieldsFunc(strings.ToLower(title), func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	s := strings.Join(words, "-")
	return s[:min(len(s), 40)] // Grafana takes no more
}

// UID sets the board's UID, by which links find it; up to 40 characters.
func (b *Builder) UID(uid string) *Builder {
	b.board.UID = uid
	return b
}

// Refresh sets how often the board is refreshed, such as 30s.
func (b *Builder) Refresh(every string) *Builder {
	b.board.Refresh = every
	return b
}

// Tags sets the words by which the board is found.
func (b *Builder) Tags(tags ...string) *Builder {
	b.board.Tags = tags
	return b
}

// Jobs adds the variable job: the values that this label has in a metric, all of them at first.
func (b *Builder) Jobs(metric string) *Builder {
	query := "label_values(" + metric + ", job)"
	b.board.Templating.List = append(b.board.Templating.List, Variable{
		Name: "job", Label: "Job", Type: "query", Source: &source, Query: map[string]string{"query": query, "refId": "job"}, Definition: query,
		Refresh: 2, IncludeAll: true, AllValue: ".*", Multi: true, Current: &Current{Selected: true, Text: []string{"All"}, Value: []string{"$__all"}}, Sort: 1,
	})
	return b
}

// A Query is an expression of PromQL and how its series are called: a text in which {{label}}
// stands for a label's value.
type Query struct{ Expr, Legend string }

// A Step is the colour from a value on.
type Step struct {
	Color string
	From  float64
}

// Look is how a panel looks. The zero value of a field is the default of the kind of panel.
type Look struct {
	Unit          string // Grafana's word: short, decbytes, pps, Bps, s, percentunit; short unless given
	Width, Height int    // of 24 columns, and rows of 30 pixels
	About         string // what it shows, for whoever asks
	Base          string // colour below the first of Steps
	Steps         []Step // by value
}

// Row begins a row with a title below everything so far.
func (b *Builder) Row(title string) *Builder {
	b.newLine()
	b.place(Panel{Type: "row", Title: title, Panels: []Panel{}}, Columns, 1)
	return b
}

// Stat adds a number, with the latest value of each series of a query.
func (b *Builder) Stat(title, expr string, look Look) *Builder {
	p := panel("stat", title, look, []Query{{Expr: expr}})
	p.Options = map[string]any{"colorMode": "value", "graphMode": "area", "textMode": "auto", "reduceOptions": latest}
	b.place(p, or(look.Width, 4), or(look.Height, 4))
	return b
}

// Graph adds curves over time, one for each series of the queries.
func (b *Builder) Graph(title string, look Look, queries ...Query) *Builder {
	p := panel("timeseries", title, look, queries)
	p.Options = map[string]any{
		"legend":  map[string]any{"displayMode": "list", "placement": "bottom", "showLegend": true},
		"tooltip": map[string]any{"mode": "multi", "sort": "desc"},
	}
	p.Field.Defaults.Custom = map[string]any{"drawStyle": "line", "lineWidth": 1, "fillOpacity": 10, "showPoints": "never", "spanNulls": false}
	b.place(p, or(look.Width, 12), or(look.Height, 8))
	return b
}

// Pie adds a circle with a part for each series of a query, by its latest value.
func (b *Builder) Pie(title string, query Query, look Look) *Builder {
	p := panel("piechart", title, look, []Query{query})
	p.Options = map[string]any{
		"pieType": "donut", "reduceOptions": latest,
		"legend": map[string]any{"displayMode": "table", "placement": "right", "showLegend": true, "values": []string{"value", "percent"}},
	}
	b.place(p, or(look.Width, 6), or(look.Height, 8))
	return b
}

// Build gives the board.
func (b *Builder) Build() *Board {
	board := b.board
	board.Panels = append([]Panel{}, b.board.Panels...)
	return &board
}

var latest = map[string]any{"calcs": []string{"lastNotNull"}, "fields": "", "values": false}

func or(n, other int) int {
	if n > 0 {
		return n
	}
	return other
}

// panel is what all kinds have.
func panel(kind, title string, look Look, queries []Query) Panel {
	p := Panel{Type: kind, Title: title, Description: look.About, Source: &source, Field: &Field{Overrides: []string{}}}
	d := &p.Field.Defaults
	if d.Unit = look.Unit; d.Unit == "" {
		d.Unit = "short"
	}
	base := look.Base
	if base == "" {
		base = "green"
	}
	d.Thresholds = Thresholds{Mode: "absolute", Steps: []Threshold{{Color: base}}}
	for _, s := range look.Steps {
		d.Thresholds.Steps = append(d.Thresholds.Steps, Threshold{s.Color, &s.From})
	}
	for i, q := range queries {
		p.Targets = append(p.Targets, Target{Source: source, Expr: q.Expr, Legend: q.Legend, Ref: ref(i)})
	}
	return p
}

// ref is the name of query i of a panel: A to Z, then A1 and so on.
func ref(i int) string {
	name := string(rune('A' + i%26))
	if i >= 26 {
		name += string(rune('0' + i/26))
	}
	return name
}

// place puts a panel where there is room for it.
func (b *Builder) place(p Panel, w, h int) {
	w = min(w, Columns)
	if b.x+w > Columns {
		b.newLine()
	}
	p.ID, p.Grid = len(b.board.Panels)+1, Grid{H: h, W: w, X: b.x, Y: b.y}
	b.board.Panels = append(b.board.Panels, p)
	b.x += w
	b.line = max(b.line, b.y+h)
}

func (b *Builder) newLine() { b.x, b.y = 0, b.line }

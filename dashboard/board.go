package dashboard

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
)

// A Board is a dashboard as Grafana imports it.
type Board struct {
	UID           string     `json:"uid"`
	Title         string     `json:"title"`
	Tags          []string   `json:"tags"`
	SchemaVersion int        `json:"schemaVersion"`
	Version       int        `json:"version"`
	Editable      bool       `json:"editable"`
	Refresh       string     `json:"refresh"`
	Time          Span       `json:"time"`
	Style         string     `json:"style"`
	GraphTooltip  int        `json:"graphTooltip"` // 1: the crosshair is that of all panels
	Templating    Templating `json:"templating"`
	Panels        []Panel    `json:"panels"`
}

// A Span is a range of time, such as now-1h to now.
type Span struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Templating is a board's variables.
type Templating struct {
	List []Variable `json:"list"`
}

// A Variable is what whoever looks at the board picks.
type Variable struct {
	Name       string   `json:"name"`
	Label      string   `json:"label,omitempty"`
	Type       string   `json:"type"`
	Source     *Source  `json:"datasource,omitempty"`
	Query      any      `json:"query"`
	Definition string   `json:"definition,omitempty"`
	Refresh    int      `json:"refresh"`
	IncludeAll bool     `json:"includeAll"`
	AllValue   string   `json:"allValue,omitempty"`
	Multi      bool     `json:"multi"`
	Sort       int      `json:"sort"`
	Current    *Current `json:"current,omitempty"`
}

// Current is what is picked of a variable at first.
type Current struct {
	Selected bool     `json:"selected"`
	Text     []string `json:"text"`
	Value    []string `json:"value"`
}

// A Source is where a query goes: a Prometheus by its UID, or the one that the variable holds.
type Source struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

var (
	source     = Source{"prometheus", "${datasource}"}
	dataSource = Variable{Name: "datasource", Label: "Data source", Type: "datasource", Query: "prometheus", Refresh: 1}
)

// A Panel is a row's title, or a picture of queries.
type Panel struct {
	ID          int            `json:"id"`
	Type        string         `json:"type"`
	Title       string         `json:"title"`
	Description string         `json:"description,omitempty"`
	Source      *Source        `json:"datasource,omitempty"`
	Grid        Grid           `json:"gridPos"`
	Targets     []Target       `json:"targets,omitempty"`
	Field       *Field         `json:"fieldConfig,omitempty"`
	Options     map[string]any `json:"options,omitempty"`
	Collapsed   bool           `json:"collapsed,omitempty"`
	Panels      []Panel        `json:"panels,omitempty"` // of a row that is folded
}

// A Grid is where a panel lies: columns of 24, and rows of 30 pixels.
type Grid struct {
	H int `json:"h"`
	W int `json:"w"`
	X int `json:"x"`
	Y int `json:"y"`
}

// A Target is a query of a panel.
type Target struct {
	Source Source `json:"datasource"`
	Expr   string `json:"expr"`
	Legend string `json:"legendFormat,omitempty"`
	Ref    string `json:"refId"`
}

// Field is how a panel shows values.
type Field struct {
	Defaults  Defaults `json:"defaults"`
	Overrides []string `json:"overrides"`
}

// Defaults are those of all values of a panel.
type Defaults struct {
	Unit       string         `json:"unit"`
	Thresholds Thresholds     `json:"thresholds"`
	Custom     map[string]any `json:"custom,omitempty"`
}

// Thresholds are colours by value.
type Thresholds struct {
	Mode  string      `json:"mode"`
	Steps []Threshold `json:"steps"`
}

// A Threshold is a colour from a value on; the first of a list has none.
type Threshold struct {
	Color string   `json:"color"`
	Value *float64 `json:"value"`
}

// WithSource gives the board with every query going to the Prometheus of a UID, and no choice of
// another.
func (b *Board) WithSource(uid string) *Board {
	c := *b
	one := Source{source.Type, uid}
	c.Templating.List = nil
	for _, v := range b.Templating.List {
		if v.Type == dataSource.Type {
			continue
		}
		if v.Source != nil {
			v.Source = &one
		}
		c.Templating.List = append(c.Templating.List, v)
	}
	if c.Templating.List == nil {
		c.Templating.List = []Variable{}
	}
	c.Panels = nil
	for _, p := range b.Panels {
		if p.Source != nil {
			p.Source = &one
		}
		targets := append([]Target(nil), p.Targets...)
		for i := range targets {
			targets[i].Source = one
		}
		p.Targets = targets
		c.Panels = append(c.Panels, p)
	}
	return &c
}

// JSON is the board as Grafana imports it, two spaces deep.
func (b *Board) JSON() ([]byte, error) {
	var w bytes.Buffer
	e := json.NewEncoder(&w)
	e.SetEscapeHTML(false) // expressions have < and >
	e.SetIndent("", "  ")
	if err := e.Encode(b); err != nil {
		return nil, err
	}
	return w.Bytes(), nil
}

// Export writes the board to a file, whose directories are made. uid is that of the Prometheus that
// all queries go to; empty leaves the choice to who looks at the board.
func Export(path string, b *Board, uid string) error {
	if uid != "" {
		b = b.WithSource(uid)
	}
	text, err := b.JSON()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o666)
}

package label

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// page is a mapping as a file has it, YAML or JSON.
type page struct {
	Preset string `yaml:"preset"`

	FlowID     string `yaml:"flow_id_column"`
	Label      string `yaml:"label_column"`
	Src        string `yaml:"src_ip_column"`
	SrcPort    string `yaml:"src_port_column"`
	Dst        string `yaml:"dst_ip_column"`
	DstPort    string `yaml:"dst_port_column"`
	Protocol   string `yaml:"protocol_column"`
	From       string `yaml:"timestamp_column"`
	To         string `yaml:"timestamp_end_column"`
	Duration   string `yaml:"duration_column"`
	Unit       string `yaml:"duration_unit"`
	Header     []string
	Layouts    []string          `yaml:"time_layouts"`
	TimeUnit   string            `yaml:"time_unit"`
	Zone       string            `yaml:"time_zone"`
	Afternoon  *int              `yaml:"afternoon_below"`
	Resolution *float64          `yaml:"time_resolution"`
	Tolerance  *float64          `yaml:"timestamp_tolerance"`
	Blank      string            `yaml:"blank_label"`
	Rename     map[string]string `yaml:"rename"`
	Skip       *bool             `yaml:"skip_unreadable"`
	Addresses  string            `yaml:"addresses"`
}

// DefaultTolerance is the tolerance of a mapping that says nothing of it.
const DefaultTolerance = time.Second

// LoadMapping is the preset of that name, or else what a file says, YAML or JSON. docs/labels.md has
// its keys.
func LoadMapping(name string) (*Mapping, error) {
	if m := Preset(name); m != nil {
		return m, nil
	}
	b, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) && !strings.ContainsAny(name, `./\`) {
		return nil, fmt.Errorf("label: %s is neither a file nor a preset; presets are: %s", name, strings.Join(Presets(), ", "))
	}
	if err != nil {
		return nil, err
	}
	m, err := ParseMapping(b)
	if err != nil {
		return nil, fmt.Errorf("label: %s: %w", name, err)
	}
	return m, nil
}

// ParseMapping reads a mapping, YAML or JSON. Unknown keys are errors.
func ParseMapping(b []byte) (*Mapping, error) {
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	var p page
	if err := d.Decode(&p); err != nil && err != io.EOF {
		return nil, err
	}
	m := &Mapping{Tolerance: DefaultTolerance}
	if p.Preset != "" {
		if m = Preset(p.Preset); m == nil {
			return nil, fmt.Errorf("preset: got %q; want one of %s", p.Preset, strings.Join(Presets(), ", "))
		}
	}
	for _, c := range []struct {
		from string
		to   *string
	}{
		{p.FlowID, &m.ID}, {p.Label, &m.Label}, {p.Src, &m.Src}, {p.SrcPort, &m.SrcPort}, {p.Dst, &m.Dst}, {p.DstPort, &m.DstPort},
		{p.Protocol, &m.Protocol}, {p.From, &m.From}, {p.To, &m.To}, {p.Duration, &m.Duration}, {p.Blank, &m.Blank},
	} {
		if c.from != "" {
			*c.to = c.from
		}
	}
	if p.Header != nil {
		m.Header = p.Header
	}
	if p.Rename != nil {
		m.Rename = p.Rename
	}
	if p.Skip != nil {
		m.Skip = *p.Skip
	}
	return m, p.times(m)
}

// times sets what is not copied as it is.
func (p *page) times(m *Mapping) (err error) {
	if p.Layouts != nil {
		m.Layouts = nil
		for _, s := range p.Layouts {
			layout, err := layoutOf(s)
			if err != nil {
				return fmt.Errorf("time_layouts: %w", err)
			}
			m.Layouts = append(m.Layouts, layout)
		}
	}
	if p.Zone != "" {
		if m.Location, err = zone(p.Zone); err != nil {
			return fmt.Errorf("time_zone: %w", err)
		}
	}
	if m.Unit, err = unit("duration_unit", p.Unit, m.Unit); err != nil {
		return err
	}
	if m.TimeUnit, err = unit("time_unit", p.TimeUnit, m.TimeUnit); err != nil {
		return err
	}
	switch p.Addresses {
	case "", "clear":
	case "anonymized":
		m.Anonymized = true
	default:
		return fmt.Errorf("addresses: got %q; want clear or anonymized", p.Addresses)
	}
	if p.Afternoon != nil {
		if m.Afternoon = *p.Afternoon; m.Afternoon < 0 || m.Afternoon > 12 {
			return fmt.Errorf("afternoon_below: got %d; want 0 to 12", m.Afternoon)
		}
	}
	if m.Resolution, err = seconds("time_resolution", p.Resolution, m.Resolution); err != nil {
		return err
	}
	m.Tolerance, err = seconds("timestamp_tolerance", p.Tolerance, m.Tolerance)
	return err
}

func unit(name, s string, otherwise time.Duration) (time.Duration, error) {
	if s == "" {
		return otherwise, nil
	}
	d, ok := map[string]time.Duration{"s": time.Second, "ms": time.Millisecond, "us": time.Microsecond, "ns": time.Nanosecond}[s]
	if !ok {
		return 0, fmt.Errorf("%s: got %q; want s, ms, us or ns", name, s)
	}
	return d, nil
}

func seconds(name string, v *float64, otherwise time.Duration) (time.Duration, error) {
	if v == nil {
		return otherwise, nil
	}
	if !(*v >= 0 && *v <= 1e9) {
		return 0, fmt.Errorf("%s: got %v; want seconds from 0 to 1e9", name, *v)
	}
	return time.Duration(math.Round(*v * 1e9)), nil
}

// zone is a time zone by its name in the IANA database, or by its distance from UTC: +02:00.
func zone(s string) (*time.Location, error) {
	if t, err := time.Parse("-07:00", s); err == nil {
		_, offset := t.Zone()
		return time.FixedZone(s, offset), nil
	}
	if s == "Local" {
		return nil, errors.New("zone Local is another one on every machine; want a name such as America/Halifax, or a distance such as -03:00")
	}
	return time.LoadLocation(s)
}

// directives are those of strftime as package time has them. A day, month or hour may be written
// without its zero.
var directives = map[byte]string{
	'Y': "2006", 'y': "06", 'm': "1", 'd': "2", 'H': "15", 'I': "3", 'M': "04", 'S': "05", 'p': "PM",
	'b': "Jan", 'B': "January", 'a': "Mon", 'A': "Monday", 'z': "Z0700", 'Z': "MST", 'j': "002", '%': "%",
	'F': "2006-01-02", 'T': "15:04:05", 'D': "01/02/06", 'f': "",
}

// layoutOf is a layout of package time: s itself unless it has directives of strftime. A fraction of
// a second is read without being asked for, so a %f behind a dot or a comma is left out.
func layoutOf(s string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b.WriteByte(s[i])
			continue
		}
		if i++; i == len(s) {
			return "", fmt.Errorf("%q ends in %%", s)
		}
		part, ok := directives[s[i]]
		if !ok {
			return "", fmt.Errorf("%q: %%%c is not known", s, s[i])
		}
		if s[i] == 'f' {
			head := b.String()
			if !strings.HasSuffix(head, ".") && !strings.HasSuffix(head, ",") {
				return "", fmt.Errorf("%q: %%f is known behind a dot only", s)
			}
			b.Reset()
			b.WriteString(head[:len(head)-1])
		}
		b.WriteString(part)
	}
	if b.Len() == 0 {
		return "", errors.New("a layout is empty")
	}
	return b.String(), nil
}

// Presets are the names of the published layouts that Preset knows.
func Presets() []string {
	var names []string
	for name := range presets {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Preset is the mapping of a published data set, the caller's to change; nil if there is none of that
// name.
func Preset(name string) *Mapping {
	if of := presets[name]; of != nil {
		return of()
	}
	return nil
}

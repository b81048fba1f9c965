package pinyon_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"pinyon"
	"pinyon/column"
)

// TestParts: the columns of a part have the values that a run for them alone gives, and those of
// cfg are what they are without parts, in the same order.
func TestParts(t *testing.T) {
	capture := "testdata/dns_tcp.pcap"
	rows := func(p *pinyon.Pipeline, s *column.Schema) (all []string) {
		view, err := column.NewView(p.Schema(), s)
		if err != nil {
			t.Fatal(err)
		}
		run := p.Start(pinyon.Files(capture))
		for b, err := range run.Batches(context.Background()) {
			if err != nil {
				t.Fatal(err)
			}
			b = view.Of(b)
			for i := range b.Rows {
				for k := range b.Cols {
					all = append(all, fmt.Sprint(s.Fields[k].Out, "=", b.Row(i).At(k)))
				}
			}
		}
		return all
	}
	alone := func(change func(*pinyon.Config), opts ...pinyon.Option) []string {
		cfg := pinyon.DefaultConfig()
		change(cfg)
		p, err := pinyon.New(cfg, opts...)
		if err != nil {
			t.Fatal(err)
		}
		return rows(p, p.Schema())
	}
	cfg := pinyon.DefaultConfig()
	cfg.SpecificFeatures = []string{"total_packets", "duration"}
	parts := [][]string{{"dns"}, nil, {"JJ-CORE"}, {"extra", "src_ip"}, {"total_bytes", "timing.iat_mean"}, {"tranalyzer"}}
	p, schemas, err := pinyon.NewParts(cfg, parts, pinyon.WithAskedOrder())
	if err != nil {
		t.Fatal(err)
	}
	asked := alone(func(c *pinyon.Config) { c.SpecificFeatures = cfg.SpecificFeatures }, pinyon.WithAskedOrder())
	for i, want := range [][]string{
		asked,
		alone(func(c *pinyon.Config) { c.Features = []string{"dns"} }),
		asked,
		alone(func(c *pinyon.Config) { c.Profile = "JJ-CORE" }),
		nil,
		alone(func(c *pinyon.Config) { c.SpecificFeatures = []string{"timing.iat_mean", "total_bytes"} }),
		alone(func(c *pinyon.Config) { c.Features = []string{"tranalyzer"} }),
	} {
		if got := rows(p, schemas[i]); want != nil && !slices.Equal(got, want) {
			t.Errorf("part %d:\n%.300q\nwant\n%.300q", i, got, want)
		}
	}
	if s := schemas[4]; s.Index("src_ip") < 0 || len(s.Fields) < 50 {
		t.Errorf("extra and src_ip: %d columns", len(s.Fields))
	}
	for _, words := range [][]string{{"nonesuch"}, {"dns", "nonesuch"}} {
		if _, _, err := pinyon.NewParts(nil, [][]string{words}); err == nil {
			t.Errorf("%q: no error", words)
		}
	}
}

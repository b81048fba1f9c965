package sink_test

import (
	"context"
	"fmt"
	"log"
	"net/url"
	"os"

	"pinyon/column"
	"pinyon/feature"
	"pinyon/sink"
	"pinyon/sink/all"
)

// A memory keeps rows as maps, under the names that URLs give it. It is a whole sink: this
// file is what a package of a new one begins with.
type memory struct {
	name  string
	o     *memoryOptions
	rows  []map[string]any // taken, not yet committed
	count sink.Counters
	over  bool
}

// memoryOptions are what a target's query may say.
type memoryOptions struct {
	sink.Common
	Most int // rows that are kept; the others are lost; 0 is all
}

// tables are what closed memories hold.
var tables = map[string][]map[string]any{}

// memoryFormat describes it; the one line that registers it is in the example.
var memoryFormat = sink.Descriptor{
	Name: "memory", Schemes: []string{"memory"}, Doc: "Rows in this process.",
	Options: []sink.Option{
		sink.Count("most", "", "rows that are kept", 0, func(o *memoryOptions) *int { return &o.Most }),
	},
	NewOptions: func() any { return &memoryOptions{} },
	Open: func(_ context.Context, to *sink.Target, _ *column.Schema, settings any, _ *sink.Run) (sink.Sink, error) {
		u, err := url.Parse(to.Path)
		if err != nil {
			return nil, err
		}
		return &memory{name: u.Host, o: settings.(*memoryOptions)}, nil
	},
}

func (m *memory) Write(_ context.Context, b *column.Batch) error {
	if m.over {
		return sink.ErrAborted
	}
	m.count.Accepted.Add(uint64(b.Rows))
	for i := range b.Rows {
		if m.o.Most > 0 && len(m.rows) == m.o.Most {
			m.count.Lost.Add(1)
			continue
		}
		m.rows = append(m.rows, b.Row(i).Map()) // b is borrowed: the map is a copy
	}
	return nil
}

func (m *memory) Flush(context.Context) error {
	tables[m.name] = m.rows
	m.count.Committed.Store(uint64(len(m.rows)))
	return nil
}

func (m *memory) Close(ctx context.Context) error {
	if m.over {
		return sink.ErrAborted
	}
	if lost := m.count.Lost.Load(); lost > 0 {
		defer func() { m.over = true }()
		m.Flush(ctx)
		return &sink.LossError{Rows: lost, Err: fmt.Errorf("memory %s holds %d", m.name, m.o.Most)}
	}
	return m.Flush(ctx)
}

func (m *memory) Abort() error { m.over = true; return nil }

func (m *memory) Counters() *sink.Counters { return &m.count }

// A sink of one's own stands beside those of the module by one line of the registry.
func ExampleOpen() {
	s := &column.Schema{Fields: []column.Field{{Out: "packets", Desc: feature.Desc{Kind: feature.Int}}}}
	b := column.New(s, 3)
	b.Cols[0].Ints, b.Rows = []int64{5, 7, 11}, 3

	o := &sink.Options{Registry: append(all.Sinks(), &memoryFormat)}
	o.Stdout = os.Stdout
	ctx := context.Background()
	for _, target := range []string{"memory://flows?most=2", "csv=-?delimiter=;"} {
		k, err := sink.Open(ctx, target, s, o)
		if err != nil {
			log.Fatal(err)
		}
		if err := k.Write(ctx, b); err != nil {
			log.Fatal(err)
		}
		if err := k.Close(ctx); err != nil {
			fmt.Println(err)
		}
		fmt.Printf("%+v\n", k.Counters().Stats())
	}
	fmt.Println(tables["flows"])
	// Output:
	// 1 rows lost: memory flows holds 2
	// {Accepted:3 Committed:2 Resumed:0 Lost:1 Dropped:0 Bytes:0 Replaced:0 Errors:0 Files:0 Room:0}
	// packets
	// 5
	// 7
	// 11
	// {Accepted:3 Committed:3 Resumed:0 Lost:0 Dropped:0 Bytes:15 Replaced:0 Errors:0 Files:0 Room:0}
	// [map[packets:5] map[packets:7]]
}

package engine

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"pinyon/column"
	"pinyon/internal/groups"
	"pinyon/source"
)

// TestClosesInputs: however a run ends, each input is opened or closed, once.
func TestClosesInputs(t *testing.T) {
	for _, workers := range []int{1, 2} {
		for _, small := range []bool{false, true} {
			for _, end := range []string{"whole", "context", "stop", "before"} {
				t.Run(fmt.Sprintf("workers=%d/small=%t/%s", workers, small, end), func(t *testing.T) {
					ctx, cancel := context.WithCancel(context.Background())
					defer cancel()
					var stop atomic.Bool
					o := testOptions(t, func(_ *groups.Options, o *Options) { o.Workers, o.Stop = workers, &stop })
					const inputs = 200
					opened, closed := make([]atomic.Int32, inputs), make([]atomic.Int32, inputs)
					ins := make([]Input, inputs)
					for i := range ins {
						ins[i].Name = fmt.Sprint(i)
						if small {
							ins[i].Size = 10
						}
						ins[i].Open = func() (source.Source, error) {
							opened[i].Add(1)
							switch {
							case i != 3:
							case end == "context":
								cancel()
							case end == "stop":
								stop.Store(true)
							}
							return nil, errors.New("nothing here")
						}
						ins[i].Close = func() error { closed[i].Add(1); return nil }
					}
					emit := func(*column.Batch) error { return nil }
					if end == "before" {
						cancel() // before the first
					}
					run(ctx, ins, o, emit)
					all := 0
					for i := range ins {
						if a, b := opened[i].Load(), closed[i].Load(); a+b != 1 {
							t.Errorf("input %d: opened %d times, closed %d times", i, a, b)
						} else {
							all += int(a)
						}
					}
					if (all == inputs) != (end == "whole") && !small {
						t.Errorf("%d inputs were opened", all)
					}
				})
			}
		}
	}
}

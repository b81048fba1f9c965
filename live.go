package pinyon

import (
	"context"

	"pinyon/capture"
	"pinyon/source/device"
)

// Live is an open capture as an input. Its flows leave by the wall clock too, and rows are
// handed on as flows end. The run closes it; its Stats stay.
func Live(d *capture.Device) Input { return device.Input(d) }

// ExtractLive captures from devices into memory until o.Count, o.Duration or the end of ctx,
// which is no error. A filter in cfg is used if o has none. Errors of opening are those of
// capture.Open.
func ExtractLive(ctx context.Context, o capture.Options, cfg *Config, opts ...Option) (*Table, error) {
	if cfg == nil {
		cfg = DefaultConfig()
	}
	if o.Filter == "" {
		o.Filter = cfg.BPFFilter
	}
	own := *cfg
	own.DrawShardKey()
	own.LimitMemory()
	cfg = &own
	d, err := capture.Open(o)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	defer context.AfterFunc(ctx, d.Stop)()
	return extractTable(context.WithoutCancel(ctx), Live(d), cfg, opts)
}

package capture

import (
	"errors"
	"time"

	"pinyon/capture/settings"
	"pinyon/netif"
)

// FromConfig is what settings say of devices, limits and filter. It validates c and opens
// nothing. Where c names no device it looks for one of the preferred kinds if c asks for that.
// Output, log, rate limit and address lists are not a device's concern.
func FromConfig(c *settings.Capture) (Options, error) {
	if err := c.Validate(); err != nil {
		return Options{}, err
	}
	o := Options{
		Interfaces: append([]string(nil), c.Interfaces...), Filter: c.Expression(), NoOptimize: !c.Optimize,
		Count: c.Count, Duration: time.Duration(c.Timeout * float64(time.Second)),
		NoPromisc: !c.Promiscuous, Monitor: c.Monitor, Snaplen: c.Snaplen, BufferSize: int(c.BufferSize),
		ReadTimeout: time.Duration(c.Perform.BufferTimeout * float64(time.Millisecond)), Rings: c.Perform.Workers,
	}
	if len(o.Interfaces) == 0 && c.Detection == "preferred_type" {
		var kinds []netif.Kind
		for _, name := range c.PreferredTypes {
			k, err := netif.ParseKind(name)
			if err != nil {
				return Options{}, err
			}
			kinds = append(kinds, k)
		}
		d, _, err := netif.Recommend(netif.Policy{Prefer: kinds})
		if err != nil {
			return Options{}, err
		}
		o.Interfaces = []string{d.Name}
	}
	if o.BufferSize < 0 || int64(o.BufferSize) != int64(c.BufferSize) {
		return Options{}, errors.New("buffer_size is more than this machine can address")
	}
	return o, nil
}

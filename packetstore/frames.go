package packetstore

import (
	"context"

	"pinyon/packet"
	"pinyon/packetstore/expr"
)

// Frames calls f with every frame for which a condition holds (nil: all), as it was captured, and
// with the name of its interface. The frame is valid until f returns. Its Type and interface number
// are not stored, and 0. The error of a file without whole frames is ErrNoFrames.
func (s *Store) Frames(ctx context.Context, where *expr.Node, f func(frame *packet.Frame, device string) error) error {
	number := uint64(0)
	return s.scan(ctx, orAll(where), func(g *opened, rows []bool) error {
		if _, ok := g.file.at[frame.Name]; !ok {
			return &FileError{g.file.path, ErrNoFrames}
		}
		var v [5]*values
		for i, name := range []string{frame.Name, "timestamp", "packet_size", "link_type", "interface"} {
			var err error
			if v[i], err = g.values(name); err != nil {
				return err
			}
		}
		var p packet.Frame
		for i, ok := range rows {
			if !ok {
				continue
			}
			number++
			p = packet.Frame{Data: v[0].text(i), TS: v[1].ints[i], Wire: uint32(v[2].ints[i]), Number: number}
			if v[3].is(i) {
				p.Link = uint16(v[3].ints[i])
			}
			if err := f(&p, string(v[4].text(i))); err != nil {
				return err
			}
		}
		return nil
	})
}

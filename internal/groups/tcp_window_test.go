package groups

import (
	"testing"

	"pinyon/packet"
)

func scaled(shift uint8) func(*packet.Packet) {
	return func(p *packet.Packet) {
		p.WindowScale = shift
		p.Has |= packet.HasWindowScale | packet.HasOption
	}
}

func TestWindowScale(t *testing.T) {
	plain := func(dir int) segment { return segment{dir: dir, flags: ack, window: 100} }
	open := func(dir int, flags uint16, edit func(*packet.Packet)) segment {
		return segment{dir: dir, flags: flags, window: 1000, edit: edit}
	}
	tests := []struct {
		name           string
		in             []segment
		fwd, bwd       int // scaled maximum
		scaleF, scaleB int
	}{
		{"both offer", []segment{open(0, syn, scaled(7)), open(1, synAck, scaled(5)), plain(0), plain(1)}, 12800, 3200, 7, 5},
		{"responder does not", []segment{open(0, syn, scaled(7)), open(1, synAck, nil), plain(0), plain(1)}, 1000, 1000, 7, 0},
		{"initiator does not", []segment{open(0, syn, nil), open(1, synAck, scaled(5)), plain(0), plain(1)}, 1000, 1000, 0, 5},
		{"other SYN not captured", []segment{open(0, synAck, scaled(7)), plain(0), plain(1)}, 12800, 100, 7, 0},
		{"other SYN comes later", []segment{open(0, synAck, scaled(7)), plain(0), open(1, syn, nil), {flags: ack, window: 200}}, 12800, 1000, 7, 0},
		{"capped", []segment{open(0, syn, scaled(255)), open(1, synAck, scaled(15)), plain(0), plain(1)}, 100 << 14, 100 << 14, 255, 15},
		{"the first offer counts", []segment{open(0, syn, scaled(1)), open(0, syn, scaled(9)), plain(0)}, 1000, 0, 1, 0},
		{"an offer on a second SYN", []segment{open(0, syn, nil), open(0, syn, scaled(9)), plain(0)}, 51200, 0, 9, 0},
		{"void without SYN", []segment{open(0, syn, nil), open(1, synAck, scaled(3)), open(0, ack, scaled(9)), plain(0), plain(1)}, 1000, 1000, 0, 3},
		{"void with RST", []segment{open(0, syn|rst, scaled(9)), plain(0)}, 100, 0, 0, 0},
		{"SYN-ACK is never scaled", []segment{open(0, syn, scaled(7)), open(1, synAck, scaled(7))}, 1000, 1000, 7, 7},
	}
	for _, tt := range tests {
		got := tcpCells(t, tt.in...)
		for name, want := range map[string]int{"tcp_scaled_win_fwd_max": tt.fwd, "tcp_scaled_win_bwd_max": tt.bwd, "tcp_win_scale_fwd": tt.scaleF, "tcp_win_scale_bwd": tt.scaleB} {
			if got[name] != int64(want) {
				t.Errorf("%s: %s = %v, want %d", tt.name, name, got[name], want)
			}
		}
	}
}

func TestWindowSteps(t *testing.T) {
	w := func(v uint16) segment { return segment{flags: ack, window: v} }
	wantCells(t, tcpCells(t, w(10), w(0), w(0), w(20), segment{flags: rst, window: 0}, w(20), w(5)),
		"tcp_init_win_fwd", 10, "tcp_win_fwd_min", 0, "tcp_win_fwd_max", 20, "tcp_win_fwd_mean", 55.0/6, "tcp_win_fwd_zero_count", 2,
		"tcp_win_fwd_up_count", 1, "tcp_win_fwd_down_count", 2, "tcp_win_fwd_change_count", 3, "tcp_zero_win_ratio", 2.0/6)
	// The unscaled window of the SYN and the same window scaled afterwards are no change.
	wantCells(t, tcpCells(t,
		segment{flags: syn, window: 64000, edit: scaled(7)}, segment{dir: 1, flags: synAck, window: 64000, edit: scaled(7)},
		w(500), segment{dir: 1, flags: ack, window: 499}),
		"tcp_win_fwd_change_count", 0, "tcp_win_bwd_down_count", 1, "tcp_win_bwd_up_count", 0, "tcp_win_fwd_min", 500)
	// A direction of RSTs alone has no window.
	wantCells(t, tcpNulls(t, w(3), segment{dir: 1, flags: rst | ack}),
		"tcp_init_win_bwd", nil, "tcp_win_bwd_min", nil, "tcp_win_bwd_max", nil, "tcp_win_bwd_mean", nil, "tcp_scaled_win_bwd_max", nil,
		"tcp_win_bwd_zero_count", 0, "tcp_win_bwd_change_count", 0, "tcp_win_scale_fwd", nil, "tcp_init_win_fwd", 3)
}

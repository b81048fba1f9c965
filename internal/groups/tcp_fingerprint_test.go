package groups

import (
	"crypto/md5"
	"fmt"
	"testing"

	"pinyon/packet"
)

func TestHint(t *testing.T) {
	mac := []byte{2, 4, 5, 180, 1, 3, 3, 6, 1, 1, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0, 4, 2, 0, 0}
	freebsd := []byte{2, 4, 5, 180, 1, 3, 3, 6, 4, 2, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0}
	openbsd := []byte{2, 4, 5, 180, 1, 1, 4, 2, 1, 3, 3, 6, 1, 1, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0}
	linux := []byte{2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 3, 7}
	windows := []byte{2, 4, 5, 180, 1, 3, 3, 8, 1, 1, 4, 2}
	tests := []struct {
		ttl    uint8
		window uint16
		area   []byte
		want   string
	}{
		{64, 5840, mac, "linux-old"},
		{60, 65535, mac, "macos"},
		{64, 65535, freebsd, "bsd"},
		{64, 16384, openbsd, "bsd"},
		{50, 64240, linux, "linux"},
		{64, 29200, nil, "linux"},
		{1, 65535, nil, "linux"},
		{64, 8192, nil, "unknown"},
		{64, 64240, windows, "unknown"},
		{64, 64240, mac[:11], "unknown"}, // cut within the order
		{128, 65520, windows, "windows-10"},
		{65, 64240, windows, "windows"},
		{128, 8192, nil, "windows"},
		{128, 65535, nil, "windows"},
		{128, 5840, linux, "unknown"},
		{129, 65535, mac, "unknown"},
		{255, 8192, windows, "unknown"},
		{0, 5840, linux, "unknown"},
	}
	for _, tt := range tests {
		s := segment{flags: syn, window: tt.window, edit: func(p *packet.Packet) {
			p.TTL, p.Options = tt.ttl, tt.area
		}}
		for dir, flags := range []uint16{syn, synAck} {
			s.dir, s.flags = dir, flags
			name := [...]string{"tcp_os_hint_fwd", "tcp_os_hint_bwd"}[dir]
			if got := tcpNulls(t, s)[name]; got != tt.want {
				t.Errorf("TTL %d, window %d, options %v: %s = %v, want %s", tt.ttl, tt.window, tt.area, name, got, tt.want)
			}
		}
	}
}

func TestFingerprint(t *testing.T) {
	print := func(w, ttl, m, s, o int) string {
		sum := md5.Sum(fmt.Appendf(nil, "%d_%d_%d_%d_%d", w, ttl, m, s, o))
		return fmt.Sprintf("t%d_%d_%d_%x", w, m, s, sum[:6])
	}
	mss := optionArea(2, 4, 5, 180)
	first := segment{flags: syn, window: 100, edit: mss}
	wantCells(t, tcpNulls(t, first, segment{flags: syn, window: 200}),
		"tcp_fp_fwd", print(100, 64, 1460, 0, 0), "tcp_fp_fwd_window", 100, "tcp_fp_fwd_ttl", 64, "tcp_fp_fwd_mss", 1460, "tcp_fp_fwd_ws", nil,
		"tcp_fp_bwd", nil, "tcp_fp_bwd_window", nil, "tcp_fp_bwd_ttl", nil, "tcp_fp_bwd_mss", nil, "tcp_fp_bwd_ws", nil, "tcp_os_hint_bwd", nil)
	// The hash has the estimated initial TTL, the column the captured one.
	for captured, initial := range map[uint8]int{0: 64, 1: 64, 64: 64, 65: 128, 128: 128, 129: 255, 255: 255} {
		s := segment{dir: 1, flags: synAck, window: 9, edit: func(p *packet.Packet) { p.TTL = captured }}
		wantCells(t, tcpCells(t, s), "tcp_fp_bwd", print(9, initial, 0, 0, 0), "tcp_fp_bwd_ttl", int(captured))
	}
	options := []struct {
		area []byte
		o    int
	}{{[]byte{4, 2, 0, 0}, 1}, {[]byte{8, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 2}, {[]byte{4, 2, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0}, 3}}
	for _, tt := range options {
		wantCells(t, tcpCells(t, segment{flags: syn, window: 1, edit: optionArea(tt.area...)}), "tcp_fp_fwd", print(1, 64, 0, 0, tt.o))
	}
	// Only the initiator's SYN and the responder's SYN-ACK tell.
	wantCells(t, tcpCells(t, segment{flags: synAck, window: 3}, segment{dir: 1, flags: syn, window: 3}, segment{flags: ack}),
		"tcp_fp_fwd", "", "tcp_fp_bwd", "", "tcp_os_hint_fwd", "unknown", "tcp_fp_fwd_window", 0)
}

func TestUptime(t *testing.T) {
	tests := []struct {
		name  string
		first uint32
		ticks uint32
		us    int64
		rate  float64
	}{
		{"1000 Hz", 3_600_000, 500, 500_000, 1000},
		{"1000 Hz, 14 % fast", 3_600_000, 570, 500_000, 1000},
		{"16 % fast", 3_600_000, 580, 500_000, 1160},
		{"250 Hz", 900_000, 125, 500_000, 250},
		{"100 Hz", 900_000, 50, 500_000, 100},
		{"10 Hz", 900_000, 50, 5_000_000, 10},
		{"1 Hz", 900_000, 50, 50_000_000, 1},
		{"1 MHz", 900_000, 500_000, 500_000, 1e6},
		{"no usual rate", 900_000, 2500, 500_000, 5000},
		{"too short a time", 900_000, 1999, 199_999, 100},
		{"just long enough", 900_000, 200, 200_000, 1000},
		{"too few ticks", 900_000, 9, 500_000, 100},
		{"over the wrap", 4294967200, 500, 500_000, 1000},
		{"0", 0, 500, 500_000, 1000},
	}
	for _, tt := range tests {
		for dir, name := range []string{"tcp_uptime_fwd", "tcp_uptime_bwd"} {
			got := tcpCells(t, segment{dir: dir, flags: ack, edit: stamped(tt.first, 0)}, segment{dir: dir, us: tt.us, flags: ack, edit: stamped(tt.first+tt.ticks, 0)})
			if want := float64(tt.first) / tt.rate / 3600; got[name] != want {
				t.Errorf("%s: %s = %v, want %v", tt.name, name, got[name], want)
			}
		}
	}
	wantCells(t, tcpNulls(t, segment{flags: syn}), "tcp_uptime_fwd", nil, "tcp_uptime_bwd", nil)
	// The group needs the timestamps of tcp_options even by itself.
	run := newTCPRun(t, false, "tcp_fingerprint")
	wantCells(t, run.run(segment{flags: syn, edit: stamped(360_000, 0)}), "tcp_uptime_fwd", 1.0)
}

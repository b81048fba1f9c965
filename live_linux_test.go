package pinyon_test

import (
	"context"
	"errors"
	"io/fs"
	"os/exec"
	"testing"
	"time"

	"pinyon"
	"pinyon/capture"
	"pinyon/internal/nstest"
)

// TestExtractLive: a capture ends with its context, and the flows it saw are there.
func TestExtractLive(t *testing.T) {
	ns := nstest.New(t)
	if _, err := exec.LookPath("ping"); err != nil {
		t.Skip("no ping program:", err)
	}
	var d *capture.Device
	ns.Do(func() {
		var err error
		if d, err = capture.Open(capture.Options{Interface: "lo", Filter: "icmp", ReadTimeout: 50 * time.Millisecond}); err != nil {
			t.Fatal(err)
		}
	})
	p, err := pinyon.New(nil, pinyon.WithEndless())
	if err != nil {
		t.Fatal(err)
	}
	if p.LeftOut() == 0 || p.Schema().Index("conn_src_unique_dsts") >= 0 {
		t.Errorf("%d columns left out", p.LeftOut())
	}
	ns.Run("ping", "-c", "3", "-i", "0.01", "127.0.0.1")
	time.AfterFunc(100*time.Millisecond, d.Stop)
	rows := 0
	run := p.Start([]pinyon.Input{pinyon.Live(d)})
	for b, err := range run.Batches(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		for i := range b.Rows {
			row := b.Row(i)
			rows++
			if n := row.Int("total_packets"); n != 6 || row.Text("src_ip") != "127.0.0.1" {
				t.Errorf("%d packets from %s; want 6 from 127.0.0.1", n, row.Text("src_ip"))
			}
		}
	}
	s := d.Stats()
	if of := run.Result().Inputs[0].Source; of != s {
		t.Errorf("the report says %+v; the device %+v", of, s)
	}
	if rows != 1 || s.Received != 6 || s.Captured != 6 {
		t.Errorf("%d rows, %+v", rows, s)
	}
}

// TestExtractLiveEnds: count, duration and the context end it, none of them an error.
func TestExtractLiveEnds(t *testing.T) {
	ns := nstest.New(t)
	for name, o := range map[string]capture.Options{
		"duration": {Interface: "lo", Duration: 50 * time.Millisecond},
		"context":  {Interface: "lo"},
	} {
		ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
		var table *pinyon.Table
		var err error
		ns.Do(func() { table, err = pinyon.ExtractLive(ctx, o, nil) })
		cancel()
		if err != nil || table.Len() != 0 || table.Result.Inputs[0].Name != "lo" {
			t.Errorf("%s: %v, %d rows", name, err, table.Len())
		}
	}
}

// TestExtractLiveErrors: what keeps a capture from being opened can be told apart.
func TestExtractLiveErrors(t *testing.T) {
	_, err := pinyon.ExtractLive(context.Background(), capture.Options{Interface: "nosuchdevice"}, nil)
	var ie *capture.InterfaceError
	if !errors.Is(err, capture.ErrNotFound) || !errors.As(err, &ie) || ie.Name != "nosuchdevice" || errors.Is(err, fs.ErrPermission) {
		t.Errorf("%v", err)
	}
}

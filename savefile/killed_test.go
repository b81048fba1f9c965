package savefile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"pinyon/packet"
	"pinyon/packetstore"
	"pinyon/pcap"
)

// What the process that TestKilled kills writes: frames of a millisecond each, a file a second.
const (
	killedFiles = 3 // that are complete when it says so
	killedEach  = 1000
	killedMore  = 500 // in the file that is not
	killedEnv   = "PINYON_TEST_KILLED"
)

// writeUntilKilled is that process.
func writeUntilKilled(t *testing.T, path string) {
	s, err := OpenSeries(path, &Rotation{Every: time.Second}, &Options{Interface: Devices([]string{"e0"}, []uint16{1}, 0), Rows: packetstore.Options{Payload: 20}})
	if err != nil {
		t.Fatal(err)
	}
	data := make([]byte, 200)
	for i := range killedFiles*killedEach + killedMore {
		if err := s.Write(&packet.Frame{Data: data, Link: 1, Wire: 200, TS: int64(i) * 1e6}); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(s.settle(), s.file.Flush()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), "ready"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	select {} // until it is killed
}

// TestKilled: of a capture that is killed, every file that has its name is whole, and the one that
// was open is told of, or read as far as it goes.
func TestKilled(t *testing.T) {
	if path := os.Getenv(killedEnv); path != "" {
		writeUntilKilled(t, path)
	}
	if runtime.GOOS == "windows" {
		t.Skip("a process that is killed there leaves files that nobody may read for a while")
	}
	for _, name := range []string{"x.parquet", "x.pcapng", "x.pcap"} {
		dir := t.TempDir()
		cmd := exec.Command(os.Args[0], "-test.run=^TestKilled$")
		cmd.Env = append(os.Environ(), killedEnv+"="+filepath.Join(dir, name))
		if err := cmd.Start(); err != nil {
			t.Skip("no process can be started: ", err)
		}
		ready := false
		for end := time.Now().Add(60 * time.Second); !ready && time.Now().Before(end); time.Sleep(time.Millisecond) {
			_, err := os.Stat(filepath.Join(dir, "ready"))
			ready = err == nil
		}
		cmd.Process.Kill()
		cmd.Wait()
		if !ready {
			t.Fatalf("%s: nothing was written", name)
		}
		if IsRows(name) {
			checkRows(t, dir)
		} else {
			checkFrames(t, dir, name)
		}
	}
}

// checkRows: the store is the complete files, and tells of the other one.
func checkRows(t *testing.T, dir string) {
	s, err := packetstore.Open(&packetstore.ReadOptions{Failed: func(err *packetstore.FileError) bool {
		t.Error(err)
		return true
	}}, dir)
	if err != nil {
		t.Fatal(err)
	}
	sum, err := s.Summary(context.Background(), nil)
	if err != nil || sum.Files != killedFiles || sum.Packets != killedFiles*killedEach {
		t.Errorf("%+v, %v", sum, err)
	}
	if len(s.Unfinished()) != 1 {
		t.Fatalf("unfinished: %q", s.Unfinished())
	}
	open, err := packetstore.Open(nil, s.Unfinished()...)
	if err == nil {
		_, err = open.Summary(context.Background(), nil)
	}
	if !errors.Is(err, packetstore.ErrUnfinished) {
		t.Errorf("the file that was open: %v", err)
	}
}

// checkFrames: complete files have all of their frames, and the other one those that were flushed.
func checkFrames(t *testing.T, dir, name string) {
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	whole, open := 0, 0
	for _, e := range list {
		if e.Name() == "ready" {
			continue
		}
		want := killedEach
		if strings.HasPrefix(e.Name(), ".") {
			open++
			want = killedMore
		} else {
			whole++
		}
		r, err := pcap.Open(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		var f packet.Frame
		for err = r.Next(&f); err == nil; err = r.Next(&f) {
			n++
		}
		r.Close()
		if n != want || err != io.EOF {
			t.Errorf("%s: %d frames, %v; want %d", e.Name(), n, err, want)
		}
	}
	if whole != killedFiles || open != 1 {
		t.Errorf("%s: %d files, %d open: %s", name, whole, open, fmt.Sprint(list))
	}
}

package pipe

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/ipc"

	"pinyon/feed"
	"pinyon/pcap"
	"pinyon/remote/wire"
)

// a caller of a server over a capture, each request of which waits for its reply.
type caller struct {
	t    *testing.T
	in   *io.PipeWriter
	out  *io.PipeReader
	done chan error
	id   uint64
	rows int
}

func call(t *testing.T, f feed.Feed) *caller {
	t.Helper()
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	c := &caller{t: t, in: inW, out: outR, done: make(chan error, 1)}
	go func() {
		err := New(f, outW, nil).Serve(context.Background(), inR)
		outW.Close()
		c.done <- err
	}()
	return c
}

// ask sends a request and takes frames until its reply.
func (c *caller) ask(q Request) *Reply {
	c.t.Helper()
	c.id++
	q.ID = c.id
	body, err := json.Marshal(&q)
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := c.in.Write(appendFrame(nil, TypeRequest, body)); err != nil {
		c.t.Fatal(err)
	}
	for {
		var head [wire.HeaderSize]byte
		if _, err := io.ReadFull(c.out, head[:]); err != nil {
			c.t.Fatal(err)
		}
		body := make([]byte, binary.BigEndian.Uint32(head[:]))
		if _, err := io.ReadFull(c.out, body); err != nil {
			c.t.Fatal(err)
		}
		switch Type(head[4]) {
		case TypeReply:
			var r Reply
			if err := json.Unmarshal(body, &r); err != nil {
				c.t.Fatal(err)
			}
			if r.ID == q.ID {
				return &r
			}
		case TypeSchema, TypeRows:
			if name := string(bytes.TrimRight(body[:8], "\x00")); name != q.Form {
				c.t.Errorf("rows of form %q, asked for %q", name, q.Form)
			}
			if Type(head[4]) == TypeRows {
				m, err := ipc.NewMessageReader(bytes.NewReader(body[8:])).Message()
				if err != nil || m.Type() != ipc.MessageRecordBatch {
					c.t.Fatal("rows are no record batch:", err)
				}
				c.rows++
			}
		}
	}
}

func (c *caller) close() {
	c.t.Helper()
	c.in.Close()
	if err := <-c.done; err != nil {
		c.t.Error("serve:", err)
	}
}

// TestReads: counts are kept, buffers and ends told, a filter holds from its reply on, and what is
// wrong is told by its kind while the feed goes on.
func TestReads(t *testing.T) {
	f, err := feed.OpenOffline("../testdata/http1.pcap")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c := call(t, f)
	defer c.close()
	if r := c.ask(Request{Op: "describe"}); r.Feed == nil || r.Feed.DLT != 1 || r.Feed.Live || !strings.HasSuffix(r.Feed.Name, "http1.pcap") {
		t.Errorf("describe: %+v", r)
	}
	if r := c.ask(Request{Op: "read", Count: 3, Until: "count", Form: "raw"}); r.Packets != 3 || r.Reason != "count" || c.rows != 1 {
		t.Errorf("read 3: %+v in %d batches", r, c.rows)
	}
	if r := c.ask(Request{Op: "filter", Text: "port ="}); r.Error == nil || r.Error.Kind != "filter" {
		t.Errorf("a wrong filter: %+v", r)
	}
	for _, op := range []string{"inject", "stats", "direction"} {
		if r := c.ask(Request{Op: op, Text: "in", Data: make([]byte, 60)}); r.Error == nil || r.Error.Kind != "unsupported" {
			t.Errorf("%s of a file: %+v", op, r)
		}
	}
	for _, q := range []Request{{Op: "fly"}, {Op: "read", Until: "count", Form: "x"}, {Op: "read", Until: "x", Form: "raw"}, {Op: "match", LinkType: -1}} {
		if r := c.ask(q); r.Error == nil || r.Error.Kind != "request" {
			t.Errorf("%+v: %+v", q, r)
		}
	}
	if r := c.ask(Request{Op: "filter", Text: "tcp[tcpflags] & tcp-fin != 0", On: true}); r.Error != nil {
		t.Errorf("a filter: %+v", r)
	}
	if r := c.ask(Request{Op: "read", Until: "end", Form: "packets"}); r.Packets != 2 || r.Reason != "eof" {
		t.Errorf("the FINs: %+v", r)
	}
	if r := c.ask(Request{Op: "read", Until: "buffer", Form: "none"}); r.Packets != 0 || r.Reason != "eof" {
		t.Errorf("behind the end: %+v", r)
	}
}

// TestOutput: packets that are read go to the file, whole when the pipe ends, whoever reads rows.
func TestOutput(t *testing.T) {
	f, err := feed.OpenOffline("../testdata/http1.pcap")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	dir := t.TempDir()
	c := call(t, f)
	if r := c.ask(Request{Op: "output", Text: filepath.Join(dir, "x.txt")}); r.Error == nil || r.Error.Kind != "output" {
		t.Errorf("an unknown kind of file: %+v", r)
	}
	for i, name := range []string{"a.pcap", "b.pcapng", "c.parquet"} {
		if r := c.ask(Request{Op: "output", Text: filepath.Join(dir, name)}); r.Error != nil {
			t.Fatal(r.Error)
		}
		if r := c.ask(Request{Op: "read", Count: []int{5, 5, 0}[i], Until: "end", Form: "none"}); r.Error != nil {
			t.Fatal(r.Error)
		}
	}
	c.close()
	for name, want := range map[string]int{"a.pcap": 5, "b.pcapng": 5} {
		g, err := feed.OpenOffline(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if n, err := g.Dispatch(feed.All, func(*feed.Packet) error { return nil }); n != want || err != io.EOF {
			t.Errorf("%s: %d packets, %v; want %d", name, n, err, want)
		}
		g.Close()
	}
	if info, err := os.Stat(filepath.Join(dir, "c.parquet")); err != nil || info.Size() < 100 {
		t.Error("c.parquet:", err)
	}
}

// TestMatch: filters are tried on frames without any feed.
func TestMatch(t *testing.T) {
	c := call(t, nil)
	defer c.close()
	r, err := pcap.Open("../testdata/dns_udp.pcap")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var frames [][]byte
	f, err := feed.OpenOffline("../testdata/dns_udp.pcap")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	f.Dispatch(feed.All, func(p *feed.Packet) error {
		frames = append(frames, bytes.Clone(p.Data))
		return nil
	})
	for expr, want := range map[string]bool{"udp port 53": true, "tcp": false} {
		got := c.ask(Request{Op: "match", LinkType: 1, Text: expr, Frames: frames})
		if len(got.Match) != len(frames) || len(frames) == 0 || got.Match[0] != want {
			t.Errorf("%s: %+v", expr, got)
		}
	}
	if got := c.ask(Request{Op: "read", Until: "end", Form: "raw"}); got.Error == nil || got.Error.Kind != "request" {
		t.Errorf("a read of nothing: %+v", got)
	}
}

// TestLocal: no message of a network is taken for a frame of this package, nor one of this package
// for one of a network.
func TestLocal(t *testing.T) {
	for kind := TypeRequest; kind < typeEnd; kind++ {
		if _, _, _, err := wire.Split(appendFrame(nil, kind, []byte("{}"))); err == nil {
			t.Errorf("type %d is one of the network's", kind)
		}
	}
	var q Request
	if err := readRequest(bytes.NewReader(wire.Append(nil, &wire.Filter{Expr: "tcp"})), &q); err == nil {
		t.Error("a message of the network was taken for a request")
	}
}

// FuzzRequest: whatever comes, reading a request ends, with no more read than its length says.
func FuzzRequest(f *testing.F) {
	f.Add(appendFrame(nil, TypeRequest, []byte(`{"id":1,"op":"read","count":3}`)))
	f.Add(appendFrame(nil, TypeReply, nil))
	f.Add([]byte("\xff\xff\xff\xff@\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bytes.NewReader(b)
		var q Request
		if err := readRequest(r, &q); err == nil {
			if n := int(binary.BigEndian.Uint32(b)) + wire.HeaderSize; len(b)-r.Len() != n {
				t.Errorf("read %d bytes of a frame of %d", len(b)-r.Len(), n)
			}
		}
	})
}

package watch_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pinyon"
	"pinyon/internal/vectors"
	"pinyon/packet"
	"pinyon/pcap"
	"pinyon/sink"
	"pinyon/sink/all"
	"pinyon/watch"
)

// capture is the check flows as a capture.
func capture(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	w := pcap.NewWriter(&b, pcap.WriterOptions{Link: packet.LinkEthernet, Nano: true})
	for _, frames := range [][]packet.Frame{vectors.V1x(), vectors.V2(), vectors.V3()} {
		for i := range frames {
			if err := w.Write(&frames[i]); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// extractor has a site's files made into rows by a target.
func (s *site) extractor(o *watch.Options, target string, change func(*watch.Extractor)) {
	o.New = func() (watch.Processor, error) {
		pipe, err := pinyon.New(nil)
		if err != nil {
			return nil, err
		}
		to, err := all.Sinks().Parse(target)
		if err != nil {
			return nil, err
		}
		x := &watch.Extractor{Pipeline: pipe, Target: to, Sidecar: true}
		if change != nil {
			change(x)
		}
		return x, nil
	}
}

// TestExtractor: the rows of a file are those that it gives by itself; a file that is cut short
// gives those before the cut; one that is no capture is given up; of one without flows there is
// an output with a header, or none.
func TestExtractor(t *testing.T) {
	s := newSite(t)
	text := capture(t)
	s.put("whole.pcap", text)
	s.put("cut.pcap", text[:len(text)-10])
	s.put("none.pcap", text[:24])
	s.put("other.pcap", "no capture at all")
	o := s.options()
	o.Extension, o.Retries = "csv", -1
	s.extractor(&o, "csv=x", nil)
	st := s.drain(o)
	if st.Done != 2 || st.Damaged != 1 || st.Failed != 1 {
		t.Fatalf("%+v", st)
	}
	pipe, err := pinyon.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	alone := filepath.Join(t.TempDir(), "alone.csv")
	k, err := sink.Open(context.Background(), alone, pipe.Schema(), &sink.Options{Registry: all.Sinks()})
	if err != nil {
		t.Fatal(err)
	}
	_, err = pipe.Process(context.Background(), pinyon.File(filepath.Join(s.in, "whole.pcap")), k)
	if err := errors.Join(err, k.Close(context.Background())); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(alone)
	if err != nil {
		t.Fatal(err)
	}
	s.want("whole.csv", string(want))
	header, _, _ := strings.Cut(string(want), "\n")
	s.want("none.csv", header+"\n")
	if b, err := os.ReadFile(filepath.Join(s.out, "cut.csv")); err != nil || bytes.Count(b, []byte("\n")) < 2 {
		t.Errorf("cut: %q, %v", b, err)
	}
	if b, err := os.ReadFile(filepath.Join(s.out, "cut.csv.provenance.json")); err != nil || !bytes.Contains(b, []byte("truncated")) {
		t.Errorf("its provenance: %s, %v", b, err)
	}
	s.put("none.pcap", text)
	s.put("whole.pcap", text[:24])
	s.extractor(&o, "csv=x", func(x *watch.Extractor) { x.SkipEmpty = true })
	if st := s.drain(o); st.Done != 1 || st.Empty != 1 {
		t.Errorf("%+v", st)
	}
	s.want("none.csv", string(want))
	for _, name := range s.outputs() {
		if strings.HasPrefix(name, "whole") {
			t.Errorf("%s is left of a file without flows", name)
		}
	}
}

// TestFailingTarget: where nothing can be written a file waits until that has changed.
func TestFailingTarget(t *testing.T) {
	s := newSite(t)
	s.put("x.pcap", capture(t))
	o := s.options()
	o.Extension, o.Retries = "csv", -1
	tries := 0
	s.extractor(&o, "csv=x", nil)
	inner := o.New
	o.New = func() (watch.Processor, error) {
		p, err := inner()
		return processor(func(ctx context.Context, j *watch.Job) (*watch.Result, error) {
			if tries++; tries < 3 {
				j.Output = filepath.Join(s.in, "x.pcap", "not a directory.csv")
			}
			return p.Process(ctx, j)
		}), err
	}
	if st := s.drain(o); st.OutputFailed != 2 || st.Done != 1 {
		t.Errorf("%+v", st)
	}
}

type processor func(context.Context, *watch.Job) (*watch.Result, error)

func (p processor) Process(ctx context.Context, j *watch.Job) (*watch.Result, error) {
	return p(ctx, j)
}

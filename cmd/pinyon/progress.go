package main

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"

	"pinyon"
)

// How often progress is shown: on a terminal, and as lines anywhere else.
const (
	barEvery  = 100 * time.Millisecond
	lineEvery = 10 * time.Second
)

// A progress tells how far a run is, by bytes read of what there is to read.
type progress struct {
	run   pinyon.Account
	live  bool  // of devices, which have no end to be measured by
	total int64 // -1 if some input has no size
	start time.Time
	done  chan struct{}
	ended chan struct{}
}

func newProgress(in *inputs) *progress {
	p := &progress{live: in.live != nil, total: in.total, start: time.Now()}
	if !in.known {
		p.total = -1
	}
	return p
}

// show starts to print to standard error: a line every so often, or if every is 0 a bar on a
// terminal, and elsewhere a line now and then. close ends it.
func (p *progress) show(a *app, every time.Duration) {
	p.done, p.ended = make(chan struct{}), make(chan struct{})
	bar := every == 0 && isTerminal(a.err) && a.logFormat != "json"
	if every == 0 {
		every = lineEvery
	}
	if w := a.err; bar {
		go p.loop(barEvery, p.bar(w))
		return
	}
	go p.loop(every, func(end bool) {
		if !end {
			a.say("%s", p.line())
		}
	})
}

func (p *progress) loop(every time.Duration, step func(end bool)) {
	defer close(p.ended)
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			step(false)
		case <-p.done:
			step(true)
			return
		}
	}
}

func (p *progress) close() {
	if p.done != nil {
		close(p.done)
		<-p.ended
	}
}

func (p *progress) bar(w io.Writer) func(end bool) {
	b := progressbar.NewOptions64(p.total,
		progressbar.OptionSetWriter(w),
		progressbar.OptionShowBytes(true),
		progressbar.OptionUseIECUnits(true),
		progressbar.OptionSetWidth(24),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionSetElapsedTime(true),
		progressbar.OptionShowTotalBytes(true),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionThrottle(0),
	)
	return func(end bool) {
		if end {
			b.Finish()
			return
		}
		s := p.run.Read()
		if p.live {
			b.Describe(p.text(s))
			b.Add(0)
			return
		}
		b.Describe(fmt.Sprintf("%s packets, %s flows", short(s.Records), short(s.Rows)))
		n := s.Source.Offset
		if p.total > 0 {
			n = min(n, p.total-1) // the last step would end the bar
		}
		b.Set64(n)
	}
}

// line is the state as text.
func (p *progress) line() string { return p.text(p.run.Read()) }

func (p *progress) text(run pinyon.Snapshot) string {
	n, secs := run.Source.Offset, time.Since(p.start).Seconds()
	if p.live {
		s := &run.Source
		return fmt.Sprintf("%d received, lost %d in the ring and %d at the interface, %d captured, %d live flows, %d ended, %d rows, %s packets/s",
			s.Received, s.Dropped, s.InterfaceDropped, s.Captured, run.Flows, run.Opened-uint64(run.Flows), run.Rows, short(uint64(float64(run.Records)/secs)))
	}
	records := run.Records
	s := ""
	switch {
	case p.total > 0:
		s = fmt.Sprintf("%d%%, %s of %s, ", 100*n/p.total, size(n), size(p.total))
	case n > 0: // a device has no bytes to be through with
		s = size(n) + ", "
	}
	s += fmt.Sprintf("%d packets, %d flows, %s packets/s", records, run.Rows, short(uint64(float64(records)/secs)))
	if p.total > 0 && n > 0 {
		s += fmt.Sprintf(", %s left", time.Duration(secs*float64(p.total-n)/float64(n)*float64(time.Second)).Round(time.Second))
	}
	return s
}

// size is a number of bytes for a reader.
func size(n int64) string {
	units := []string{"bytes", "KiB", "MiB", "GiB", "TiB"}
	f, u := float64(n), 0
	for f >= 1024 && u < len(units)-1 {
		f /= 1024
		u++
	}
	if u == 0 {
		return fmt.Sprintf("%d bytes", n)
	}
	return fmt.Sprintf("%.1f %s", f, units[u])
}

// short is a count for a reader.
func short(n uint64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.2fG", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.2fM", float64(n)/1e6)
	case n >= 1e4:
		return fmt.Sprintf("%.1fk", float64(n)/1e3)
	}
	return fmt.Sprint(n)
}

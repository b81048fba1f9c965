package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"pinyon/capture/afpacket"
	"pinyon/config"
	"pinyon/filter"
	"pinyon/internal/plain"
	"pinyon/netif"
	"pinyon/packet"
	"pinyon/pcap"
	"pinyon/replay"
	"pinyon/source"
	sourcefile "pinyon/source/file"
)

// replayFlags are the flags of replay.
type replayFlags struct {
	opt      replay.Options
	sender   afpacket.SenderOptions
	duration string
	maxGap   string
	memory   string
	filter   string
	resolve  bool
	summary  string
}

func (a *app) replayCommand() *cobra.Command {
	r := &replayFlags{}
	cmd := &cobra.Command{
		Use:   "replay FILE INTERFACE",
		Short: "Send the frames of a capture on an interface",
		Long: `Send the frames of a capture (- is standard input) on an interface, unchanged and in order: at
the capture's own pace, at a rate, or as fast as the interface takes them. Frames that are
too long for the interface are left out and counted, as is everything else that was not
sent. With frames that the kernel refused the exit status is 3.`,
		Example: `  pinyon replay trace.pcap eth1
  pinyon replay trace.pcapng.gz veth0 --topspeed --loops 10
  pinyon replay trace.pcap eth1 --mbps 100 --filter 'udp port 53'`,
		Args: cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error { return a.replay(r, args[0], args[1]) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.Float64Var(&r.opt.PPS, "pps", 0, "frames a second")
	f.Float64Var(&r.opt.Mbps, "mbps", 0, "million bits a second, frames from link header to end")
	f.BoolVar(&r.opt.TopSpeed, "topspeed", false, "as fast as it goes")
	f.Float64Var(&r.opt.Multiplier, "multiplier", 1, "of the capture's own pace: 2 is twice as fast")
	f.StringVar(&r.maxGap, "max-gap", "", "cut longer pauses of the capture to this")
	f.IntVar(&r.opt.Loops, "loops", 1, "how often to send the capture; 0 is for ever")
	f.Uint64Var(&r.opt.Limit, "limit", 0, "frames to send at most; 0 is no limit")
	f.StringVarP(&r.duration, "duration", "d", "", "end after so long: seconds, or 90s, 5m, 2h")
	f.StringVar(&r.filter, "filter", "", "frames to send, in the language of pcap-filter; none is all")
	f.BoolVar(&r.resolve, "resolve", false, "let names of hosts and networks stand in --filter")
	f.StringVar(&r.memory, "memory", "256MiB", "of frames to hold before the first is sent; what does not fit is read meanwhile")
	f.IntVar(&r.sender.Batch, "batch", afpacket.DefaultBatch, "frames that one system call takes at most")
	f.BoolVar(&r.sender.QdiscBypass, "qdisc-bypass", false, "hand frames to the driver past its queue; a full driver then drops in silence")
	f.StringVar(&r.summary, "summary", "text", "form of the result on standard error: text or json")
	complete(cmd, "summary", []string{"text", "json"})
	return cmd
}

// options resolves the flags.
func (r *replayFlags) options(file string) (err error) {
	paces := 0
	for _, set := range []bool{r.opt.PPS != 0, r.opt.Mbps != 0, r.opt.TopSpeed, r.opt.Multiplier != 1} {
		if set {
			paces++
		}
	}
	switch {
	case paces > 1:
		return usage("--pps, --mbps, --topspeed and --multiplier exclude each other")
	case !(r.opt.PPS >= 0) || !(r.opt.Mbps >= 0) || !(r.opt.Multiplier > 0) || math.IsInf(r.opt.PPS+r.opt.Mbps+r.opt.Multiplier, 0):
		return usage("--pps, --mbps and --multiplier want a finite number above 0")
	case r.opt.Loops < 0:
		return usage("--loops: got %d; want 0 or more", r.opt.Loops)
	case r.summary != "text" && r.summary != "json":
		return usage("unknown form %q of the summary; want text or json", r.summary)
	case r.sender.Batch < 1:
		return usage("--batch: got %d; want 1 or more", r.sender.Batch)
	}
	if r.opt.Loops == 0 {
		r.opt.Loops = -1
	}
	if r.opt.Duration, err = parseDuration(r.duration); err != nil {
		return usage("--duration: %w", err)
	}
	if r.opt.MaxGap, err = parseDuration(r.maxGap); err != nil {
		return usage("--max-gap: %w", err)
	}
	size, err := config.ParseSize(r.memory)
	if err != nil {
		return usage("--memory: %w", err)
	}
	if r.opt.Memory = int64(size); size == 0 {
		r.opt.Memory = -1 // none; 0 would be the default
	}
	if info, err := os.Stat(file); file == "-" || err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		r.opt.Once = true
		if r.opt.Loops == 1 {
			r.opt.Memory = -1 // frames leave as they come
		}
	}
	if r.filter != "" {
		fo := &filter.Options{}
		if r.resolve {
			fo.Resolver = filter.System{}
		}
		set, err := filter.NewSet(r.filter, fo)
		if err != nil {
			return badFilter(r.filter, err)
		}
		r.opt.Keep = func(f *packet.Frame) (bool, error) { return set.Match(f) }
	}
	return nil
}

func (a *app) replay(r *replayFlags, file, device string) error {
	if err := r.options(file); err != nil {
		return err
	}
	to, err := afpacket.OpenSender(device, &r.sender)
	if errors.Is(err, afpacket.ErrNotSupported) {
		return fmt.Errorf("%s: %w", device, err)
	} else if err != nil {
		return err
	}
	defer to.Close()
	sig := watchSignals(a, func(bool) {})
	defer sig.close()
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	go func() {
		select {
		case <-sig.ended:
			cancel(errStopped)
		case <-ctx.Done():
		}
	}()
	if err := a.checkInput(file); err != nil {
		return err
	}
	open := func() (source.Source, error) {
		switch {
		case file == "-":
			return sourcefile.OpenStream("standard input", func() (io.ReadCloser, error) { return io.NopCloser(a.in), nil }, sig.ended)
		case r.opt.Once:
			return sourcefile.OpenStream(file, func() (io.ReadCloser, error) { return os.Open(file) }, sig.ended)
		}
		return pcap.Open(file)
	}
	before, counted := netif.Counters(to.Index())
	stats, err := replay.Run(ctx, open, to, &r.opt)
	if sig.status.Load() != 0 && (err == nil || errors.Is(err, errStopped) || errors.Is(err, pcap.ErrFormat) || errors.Is(err, pcap.ErrTruncated)) {
		err = &exit{status: int(sig.status.Load())} // a pipe that is given up may end anywhere
	}
	s := replaySummary{Stats: stats, skipped: skippedBy(stats.Source)}
	if after, e := netif.Counters(to.Index()); counted == nil && e == nil {
		n := after.TxDropped - before.TxDropped
		s.DeviceDropped = &n
	}
	var fe *filter.Error
	var stopped *exit
	var damage *pcap.Error
	_, sending := err.(syscall.Errno) // the sender's, bare
	switch {
	case err == nil || errors.As(err, &stopped):
	case errors.As(err, &fe):
		return badFilter(r.filter, err)
	case errors.Is(err, replay.ErrLinkType), errors.Is(err, replay.ErrOnce):
		err = usage("%s on %s: %w", file, device, err)
	case errors.As(err, &damage):
		err = &exit{exitIncomplete, fmt.Errorf("%s: %s", file, strings.TrimPrefix(err.Error(), "pcap: "))}
	case sending, errors.Is(err, replay.ErrNothing):
		err = fmt.Errorf("%s: %w", device, err)
	}
	if s.Records > 0 || err == nil || stopped != nil {
		if e := a.tellReplay(r, &s, file, device); e != nil {
			return e
		}
	}
	if err == nil && len(s.Failed) > 0 {
		err = &exit{status: exitIncomplete}
	}
	return err
}

// replaySummary is what a run has to tell.
type replaySummary struct {
	replay.Stats
	skipped // of the capture, once, however often it was sent
	// DeviceDropped is by how much the device's own count of frames that it dropped, whoever
	// sent them, has grown: a veth whose other end is down, or full, takes what it drops. Nil
	// if the device does not tell.
	DeviceDropped *uint64 `json:"device_dropped"`
}

// errStopped is a signal's.
var errStopped = errors.New("stopped")

// lateNoted is how late a frame may leave, in seconds, without a word in the summary.
const lateNoted = 1e-3

// tellReplay tells what was sent.
func (a *app) tellReplay(r *replayFlags, s *replaySummary, file, device string) error {
	if r.summary == "json" {
		b, err := json.Marshal(s)
		if err != nil {
			return err
		}
		fmt.Fprintf(a.err, "%s\n", plain.JSON(b))
		return nil
	}
	a.say("%d frames (%d bytes) of %s -> %s in %s: %.0f frames/s, %.1f Mbit/s", s.Sent, s.Bytes, file, device,
		time.Duration(s.Seconds*float64(time.Second)).Round(time.Millisecond), s.PPS, s.Mbps)
	var parts []string
	for _, v := range []struct {
		n    uint64
		what string
	}{{s.TooLong, "too long for the interface"}, {s.Filtered, "filtered"}, {s.Cut, "shorter than they had been"}} {
		if v.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", v.n, v.what))
		}
	}
	if n := counts(s.Failed); n != "" {
		parts = append(parts, "failed: "+n)
	}
	if n := counts(s.Retries); n != "" {
		parts = append(parts, "tried again: "+n)
	}
	if s.DeviceDropped != nil && *s.DeviceDropped > 0 {
		parts = append(parts, fmt.Sprintf("%d dropped by %s after it took them", *s.DeviceDropped, device))
	}
	if s.MaxLate > lateNoted {
		parts = append(parts, fmt.Sprintf("up to %.1f ms late", s.MaxLate*1e3))
	}
	if len(parts) > 0 {
		a.say("%s", strings.Join(parts, "; "))
	}
	a.saySkipped(s.skipped)
	return nil
}

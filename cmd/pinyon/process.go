package main

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pinyon"
	"pinyon/capture"
	procs "pinyon/capture/process"
	"pinyon/column"
)

// processFlags say whose packets are wanted.
type processFlags struct {
	pids     []int
	names    []string
	children bool
	linger   time.Duration
}

func (p *processFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.IntSliceVar(&p.pids, "pid", nil, "take the packets of this process alone (repeatable)")
	f.StringArrayVar(&p.names, "process", nil, "take the packets of the processes of this name alone, those that begin later included; *, ? and [] as in file names (repeatable)")
	f.BoolVar(&p.children, "children", false, "with --pid or --process: those of their descendants too")
	f.DurationVar(&p.linger, "linger", time.Second, "with --pid or --process: go on for so long after the last of the processes has ended")
}

// processSource is a device of whose packets some belong to nobody wanted.
type processSource struct {
	*procs.Source
	device liveSource
	closed chan struct{}
}

func (p *processSource) Name() string         { return p.device.Name() }
func (p *processSource) Interfaces() []string { return p.device.Interfaces() }
func (p *processSource) LinkTypes() []uint16  { return p.device.LinkTypes() }
func (p *processSource) Snaplen() int         { return p.device.Snaplen() }
func (p *processSource) FilterExpr() string   { return p.device.FilterExpr() }
func (p *processSource) Stop()                { p.device.Stop() }

func (p *processSource) Close() error {
	select {
	case <-p.closed:
		return nil
	default:
	}
	close(p.closed)
	return p.Source.Close()
}

// findProcesses opens what knows whose packets are whose; nil if nobody asks.
func (x *extraction) findProcesses(p *processFlags, cfg *pinyon.Config) (*procs.Tracker, error) {
	spec := procs.Spec{PIDs: p.pids, Names: p.names, Children: p.children}
	asked := len(p.pids)+len(p.names) > 0
	switch {
	case !asked && p.children:
		return nil, usage("--children: whose? give --pid or --process")
	case slices.Contains(p.names, ""):
		return nil, usage("--process: the name is empty")
	case slices.ContainsFunc(p.pids, func(pid int) bool { return pid < 1 }):
		return nil, usage("--pid: got %d; want 1 or more", slices.Min(p.pids))
	case p.linger < 0:
		return nil, usage("--linger: got %v; want 0 or more", p.linger)
	case len(p.pids) > 0 && len(p.names) > 0:
		x.say("note: --process is left aside, as --pid is given")
		spec.Names = nil
	case !asked && !x.namesProcesses(cfg):
		return nil, nil
	}
	t, err := procs.Open(spec, nil)
	switch {
	case errors.Is(err, procs.ErrNoProcess):
		return nil, usage("%s", strings.TrimPrefix(err.Error(), "process: "))
	case err != nil && !asked:
		x.say("note: process_pid and process_name stay empty: %s", strings.TrimPrefix(err.Error(), "process: "))
		return nil, nil
	}
	return t, err
}

// namesProcesses reports whether an output has a column of processes.
func (x *extraction) namesProcesses(cfg *pinyon.Config) bool {
	parts := [][]string{}
	for _, t := range x.targets {
		parts = append(parts, t.Columns)
	}
	_, schemas, err := pinyon.NewParts(cfg, parts)
	if err != nil {
		return false // it is told of once everything is known
	}
	for _, s := range schemas {
		if slices.ContainsFunc(s.Fields, func(f column.Field) bool { return f.Name == "process_pid" || f.Name == "process_name" }) {
			return true
		}
	}
	return false
}

// ofProcesses puts what knows whose packets are whose before a device. The capture ends after count
// packets, if that is not 0.
func (a *app) ofProcesses(d *capture.Device, t *procs.Tracker, count uint64, l *liveFlags) (*processSource, pinyon.Input) {
	p := &processSource{procs.NewSource(d, t), d, make(chan struct{})}
	if count > 0 {
		p.Limit(count, d.Stop)
	}
	go func() {
		select {
		case <-p.closed:
			return
		case <-t.Ended():
		}
		select {
		case <-p.closed:
			return
		case <-time.After(l.process.linger):
		}
		a.say("note: no process that is wanted runs any more: the capture ends")
		d.Stop()
	}()
	one := pinyon.Live(d)
	one.Close = p.Close
	one.Process = func(number uint32) (int, string) {
		v, _ := t.Process(number)
		return v.PID, v.Name
	}
	return p, one
}

// processesOf is what leaves out packets in a live source; nil if nothing does.
func processesOf(src liveSource) *processSource {
	switch s := src.(type) {
	case *processSource:
		return s
	case *gated:
		return processesOf(s.liveSource)
	}
	return nil
}

// printProcesses tells what became of packets under a process filter.
func (a *app) printProcesses(s *procs.Stats) {
	if s == nil {
		return
	}
	a.say("processes (%s): %d packets matched, %d of others, %d of nobody known", s.Method, s.Matched, s.Unmatched, s.Unknown)
	if s.Overflowed+s.EventsLost+s.Refused > 0 {
		a.say("noted: %d packets gave way to others that waited, %d events lost, %d things beyond the limits", s.Overflowed, s.EventsLost, s.Refused)
	}
}

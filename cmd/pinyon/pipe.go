package main

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"pinyon/capture"
	"pinyon/feed"
	"pinyon/filter"
	"pinyon/packet"
	"pinyon/packetstore"
	"pinyon/pipe"
)

// pipeFlags are what the flags of pipe say.
type pipeFlags struct {
	live    liveFlags
	ifaces  []string
	file    string
	nothing bool
	decap   string
	payload int
	filter  filterFlags
}

// pipeCommand is for programs: the Python package starts it and steers it. It is not in the help.
func (a *app) pipeCommand() *cobra.Command {
	p := &pipeFlags{}
	cmd := &cobra.Command{
		Use:    "pipe [-i DEV | -r FILE | --nothing] [FILTER...]",
		Short:  "Let a program steer a capture over standard input and output",
		Long:   "Let a program steer a capture: requests come on standard input, packets and replies go to standard output, in the frames of docs/pipe.md. The command ends with its input.",
		Hidden: true,
		RunE:   func(_ *cobra.Command, args []string) error { return a.runPipe(p, strings.Join(args, " ")) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringArrayVarP(&p.ifaces, "interface", "i", nil, "interface to capture from")
	f.StringVarP(&p.file, "read", "r", "", "capture to read")
	f.BoolVar(&p.nothing, "nothing", false, "open nothing: requests try filters alone")
	f.StringVar(&p.decap, "decap", "none", "none, or inner for the fields of the innermost IP header")
	f.IntVar(&p.payload, "store-payload", 0, "bytes of payload that a row has")
	p.filter.add(cmd)
	p.live.addCapture(cmd)
	cmd.MarkFlagsMutuallyExclusive("interface", "read", "nothing")
	return cmd
}

func (a *app) runPipe(p *pipeFlags, expr string) error {
	rows := packetstore.Options{Payload: p.payload}
	if p.decap == "inner" {
		rows.Decap = packet.DecapInner
	} else if p.decap != "none" {
		return usage("--decap: got %q; want none or inner", p.decap)
	}
	f, err := a.openPipe(p, expr, &rows)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	sig := watchSignals(a, func(bool) {})
	defer sig.close()
	go func() {
		select {
		case <-sig.ended:
			cancel()
		case <-ctx.Done():
		}
	}()
	if f != nil {
		defer f.Close()
	}
	if err := pipe.New(f, a.out, &rows).Serve(ctx, a.in); err != nil {
		return err
	}
	if s := int(sig.status.Load()); s != 0 {
		return &exit{status: s}
	}
	return nil
}

// openPipe opens what the flags name.
func (a *app) openPipe(p *pipeFlags, expr string, rows *packetstore.Options) (feed.Feed, error) {
	if p.nothing {
		return nil, nil
	}
	o := capture.Options{Filter: expr, NoOptimize: p.filter.noOptimize}
	if p.filter.resolve {
		o.Resolver = filter.System{}
	}
	if p.file != "" {
		f, err := feed.OpenOffline(p.file, feed.With(o))
		if err != nil {
			return nil, pipeError(nil, expr, err)
		}
		return f, nil
	}
	if len(p.ifaces) > 1 {
		return nil, usage("-i: give one interface; any is all of them")
	}
	o, err := p.live.options(p.ifaces, expr, p.filter.resolve)
	if err != nil {
		return nil, err
	}
	o.NoOptimize, o.ReadTimeout = p.filter.noOptimize, pipe.ReadTimeout
	f, err := feed.OpenLive("", &o)
	if err != nil {
		return nil, pipeError(p.ifaces, expr, err)
	}
	name := f.Name()
	rows.Own = ownAddresses()
	rows.Interface = func(uint32) string { return name }
	return f, nil
}

// pipeError is an error of opening as other commands tell it.
func pipeError(names []string, expr string, err error) error {
	var fe *filter.Error
	if errors.As(err, &fe) {
		return badFilter(expr, err)
	}
	return notThere(names, err)
}

package main

import (
	"net"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"pinyon"
	"pinyon/account"
	"pinyon/metrics"
)

// monitoring is the flags of whatever shows metrics while it runs.
type monitoring struct {
	port      int
	addr      string
	namespace string
	linger    string
	given     func() bool // --prometheus-port was

	after  time.Duration // --prometheus-linger
	server *metrics.Server
}

// add adds the flags to a command.
func (m *monitoring) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.IntVar(&m.port, "prometheus-port", 0, "serve metrics for Prometheus at this port while the run lasts; 0 is any that is free, without the flag none is served")
	f.StringVar(&m.addr, "prometheus-addr", "127.0.0.1", "address to serve metrics at; any other than a loopback one shows them to others")
	f.StringVar(&m.namespace, "metrics-namespace", metrics.Namespace, "what names of metrics begin with; joyfuljay for its dashboards")
	f.StringVar(&m.linger, "prometheus-linger", "", "serve metrics for so long after the end, or until a signal: seconds, or 90s, 5m")
	m.given = func() bool { return f.Changed("prometheus-port") }
	normal := f.GetNormalizeFunc()
	f.SetNormalizeFunc(func(f *pflag.FlagSet, name string) pflag.NormalizedName {
		if name == "metrics-port" {
			name = "prometheus-port"
		}
		return normal(f, name)
	})
}

// start serves what read tells, if that was asked for. ready says whether the run is at work.
func (m *monitoring) start(a *app, read func() account.Snapshot, ready func() bool) error {
	if err := metrics.CheckNamespace(m.namespace); err != nil {
		return usage("--metrics-namespace: %w", err)
	}
	var err error
	if m.after, err = parseDuration(m.linger); err != nil {
		return usage("--prometheus-linger: %w", err)
	}
	if !m.given() {
		if m.linger != "" {
			return usage("--prometheus-linger needs --prometheus-port")
		}
		return nil
	}
	if m.port < 0 || m.port > 1<<16-1 {
		return usage("--prometheus-port: got %d; want 0 to 65535", m.port)
	}
	e, err := metrics.New(read, &metrics.Options{Namespace: m.namespace, Version: pinyon.Version, Commit: pinyon.Commit(), Ready: ready})
	if err != nil {
		return err
	}
	if m.server, err = e.Listen(net.JoinHostPort(m.addr, strconv.Itoa(m.port))); err != nil {
		return err
	}
	if m.port == 0 {
		a.say("metrics: http://%s/metrics", m.server.Addr())
	}
	return nil
}

// close stops serving, once the time is over for which it goes on after the run's end; stop ends
// that early.
func (m *monitoring) close(stop <-chan struct{}) {
	if m.server == nil {
		return
	}
	if m.after > 0 {
		select {
		case <-stop:
		case <-time.After(m.after):
		}
	}
	m.server.Close()
}

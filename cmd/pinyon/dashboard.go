package main

import (
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"pinyon/dashboard"
	"pinyon/metrics"
)

// board is the flags of what writes the board.
type board struct{ output, source, namespace string }

func (b *board) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVarP(&b.output, "output", "o", "-", "file to write to; - is standard output")
	f.StringVar(&b.source, "datasource-uid", "", "UID of the Prometheus that all queries go to; without it whoever looks at the board picks one")
	b.addNamespace(cmd)
}

func (b *board) addNamespace(cmd *cobra.Command) {
	cmd.Flags().StringVar(&b.namespace, "namespace", metrics.Namespace, "what names of metrics begin with, as --metrics-namespace says")
}

func (b *board) check() error {
	if err := metrics.CheckNamespace(b.namespace); err != nil {
		return usage("--namespace: %w", err)
	}
	return nil
}

func (b *board) write(a *app) error {
	if err := b.check(); err != nil {
		return err
	}
	d := dashboard.Overview(b.namespace)
	if b.source != "" {
		d = d.WithSource(b.source)
	}
	text, err := d.JSON()
	if err != nil {
		return err
	}
	return a.writeMade(b.output, text)
}

// writeMade writes what a command made to a file, whose directories are made, or to standard output.
func (a *app) writeMade(path string, text []byte) error {
	if path != "-" {
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
	}
	return a.writeResult(path, text)
}

func (a *app) exportCommand(use string) *cobra.Command {
	b := &board{}
	cmd := &cobra.Command{
		Use:   use,
		Short: "Write the overview board for Grafana",
		Long: `Write a board for Grafana: what runs did, how fast, what went wrong and what was lost. Import it there, or put it into a
directory from which Grafana is provisioned.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return b.write(a) },
	}
	b.add(cmd)
	return cmd
}

func (a *app) dashboardCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "dashboard",
		Short: "Write a board for Grafana, and a scrape job and alert rules for Prometheus",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.exportCommand("export"), a.scrapeCommand(), a.alertsCommand())
	return cmd
}

func (a *app) scrapeCommand() *cobra.Command {
	var s dashboard.Scrape
	var output, every string
	cmd := &cobra.Command{
		Use:   "prometheus",
		Short: "Write a scrape job for Prometheus",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			var err error
			if s.Interval, err = parseDuration(every); err != nil {
				return usage("--scrape-interval: %w", err)
			}
			return a.writeMade(output, s.YAML())
		},
	}
	f := cmd.Flags()
	f.StringVarP(&output, "output", "o", "-", "file to write to; - is standard output")
	f.StringVar(&s.Job, "job-name", "pinyon", "name of the job, which is the label job of every series")
	f.StringVar(&s.Target, "target", "localhost:9400", "HOST:PORT where metrics are served")
	f.StringVar(&every, "scrape-interval", "15s", "how often to scrape: seconds, or 15s, 1m")
	return cmd
}

func (a *app) alertsCommand() *cobra.Command {
	limits := dashboard.DefaultAlerts()
	var output string
	b := &board{}
	cmd := &cobra.Command{
		Use:   "alerts",
		Short: "Write alert rules for Prometheus",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := b.check(); err != nil {
				return err
			}
			limits.Namespace = b.namespace
			return a.writeMade(output, limits.YAML())
		},
	}
	f := cmd.Flags()
	f.StringVarP(&output, "output", "o", "-", "file to write to; - is standard output")
	f.Float64Var(&limits.Errors, "error-threshold", limits.Errors, "errors a second, on average over 5 minutes, above which HighErrorRate fires")
	f.Float64Var(&limits.Packets, "packet-rate-threshold", limits.Packets, "packets a second, on average over 5 minutes, up to which NoPackets fires of live runs")
	f.Float64Var(&limits.Flows, "active-flows-threshold", limits.Flows, "flows at once above which HighActiveFlows fires")
	b.addNamespace(cmd)
	return cmd
}

// hidden is a command that help does not list, under a name that others know.
func hidden(cmd *cobra.Command) *cobra.Command {
	cmd.Hidden = true
	return cmd
}

package main

import (
	"context"
	"errors"
	"iter"

	"github.com/spf13/cobra"

	"pinyon/column"
	"pinyon/packet"
	"pinyon/packetstore"
	"pinyon/packetstore/expr"
	"pinyon/pcap"
	"pinyon/savefile"
	"pinyon/sink"
	"pinyon/sink/files"
)

// asking is what the flags of a question to files of packets say.
type asking struct {
	*extraction
	filter  string
	columns []string
	limit   uint64
	wide    bool
	by      string
	top     int
	json    bool
	failed  bool // a file could not be read
}

func (a *app) packetsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "packets",
		Short: "Ask files of packets: rows, sums, groups, and captures again",
		Long: `Ask Parquet files of packets, as "dump -w FILE.parquet" and "live --packets" write them: one, several,
or those of a directory, by name. Conditions are in the words of pcap-filter(7) for hosts, networks,
ports, protocols and flags, or compare columns (docs/packets.md); files are read no further than the
answer needs.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.packetsQuery(), a.packetsSummary(), a.packetsStats(), a.packetsGroup(), a.packetsToPcap())
	return cmd
}

// asks makes a question of a command.
func (a *app) asks() *asking {
	return &asking{extraction: &extraction{app: a, provenance: "none", summary: "text", order: "schema"}}
}

func (q *asking) addFilter(cmd *cobra.Command) {
	cmd.Flags().StringVar(&q.filter, "filter", "", "condition on packets, as of packets query")
}

func (a *app) packetsQuery() *cobra.Command {
	q := a.asks()
	cmd := &cobra.Command{
		Use:   "query EXPR PATH...",
		Short: "Write the rows of packets for which a condition holds",
		Example: `  pinyon packets query 'host 10.0.0.7 and tcp port 443' packets.parquet
  pinyon packets query 'tcp[tcpflags] & tcp-rst != 0' captures/ --columns timestamp,src_ip,dst_ip -f jsonl
  pinyon packets query 'timestamp >= 2026-03-01T12:00 and packet_size > 1000' a.parquet b.parquet -o big.parquet`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			q.filter = args[0]
			return q.rows(args[1:], q.query)
		},
	}
	q.addTargetFlags(cmd)
	f := cmd.Flags()
	f.StringSliceVar(&q.columns, "columns", nil, "columns to write, in this order; all but frame")
	f.Uint64Var(&q.limit, "limit", 0, "end after so many rows; 0 is all")
	f.BoolVar(&q.wide, "wide", false, "one column for each field of each layer: IP_src, TCP_dport, ...")
	q.addSettings(cmd)
	var names []string
	for _, c := range packetstore.Columns() {
		names = append(names, c.Name)
	}
	completeList(cmd, "columns", names)
	return cmd
}

func (a *app) packetsGroup() *cobra.Command {
	q := a.asks()
	cmd := &cobra.Command{
		Use:     "group --by COLUMN PATH...",
		Short:   "Count packets and bytes by the values of a column",
		Example: `  pinyon packets group --by protocol packets.parquet`,
		Args:    cobra.MinimumNArgs(1),
		RunE:    func(_ *cobra.Command, args []string) error { return q.rows(args, q.group) },
	}
	cmd.Flags().StringVar(&q.by, "by", "protocol", "column whose values make the groups")
	q.addFilter(cmd)
	q.addTargetFlags(cmd)
	q.addSettings(cmd)
	return cmd
}

func (a *app) packetsSummary() *cobra.Command {
	q := a.asks()
	cmd := &cobra.Command{
		Use:   "summary PATH...",
		Short: "Sum packets, bytes, time, protocols and addresses",
		Args:  cobra.MinimumNArgs(1),
		RunE:  func(_ *cobra.Command, args []string) error { return q.sum(args) },
	}
	q.addFilter(cmd)
	cmd.Flags().IntVar(&q.top, "top", 10, "how many protocols and addresses are told")
	cmd.Flags().BoolVar(&q.json, "json", false, "as JSON")
	return cmd
}

func (a *app) packetsStats() *cobra.Command {
	q := a.asks()
	cmd := &cobra.Command{
		Use:   "stats PATH...",
		Short: "Tell columns' bounds, missing values and bytes, by the files' footers alone",
		Args:  cobra.MinimumNArgs(1),
		RunE:  func(_ *cobra.Command, args []string) error { return q.stats(args) },
	}
	return cmd
}

func (a *app) packetsToPcap() *cobra.Command {
	q := a.asks()
	cmd := &cobra.Command{
		Use:     "to-pcap PATH... -o FILE",
		Short:   "Make a capture of packets again, if they were written with --store-frames",
		Example: `  pinyon packets to-pcap packets.parquet --filter 'host 10.0.0.7' -o host.pcapng`,
		Args:    cobra.MinimumNArgs(1),
		RunE:    func(_ *cobra.Command, args []string) error { return q.toPcap(args) },
	}
	q.addFilter(cmd)
	cmd.Flags().StringVarP(&q.output, "output", "o", "-", "capture to write: .pcapng, else pcap, with nanoseconds; - is standard output")
	cmd.Flags().StringVarP(&q.output, "write", "w", "-", "as --output, by the name that dump has for it")
	cmd.MarkFlagsMutuallyExclusive("output", "write")
	return cmd
}

// open opens the files and reads the condition.
func (q *asking) open(paths []string) (*packetstore.Store, *expr.Node, error) {
	where, err := packetstore.Compile(q.filter)
	if err != nil {
		return nil, nil, badFilter(q.filter, err)
	}
	s, err := packetstore.Open(&packetstore.ReadOptions{Failed: func(err *packetstore.FileError) bool {
		if errors.Is(err, packetstore.ErrNoFrames) {
			return false
		}
		q.failed = true
		q.say("%s: %v; going on without it", q.name, err)
		return true
	}}, paths...)
	if err != nil {
		return nil, nil, err
	}
	if err := q.checkInputs(infosOf(s.Paths())); err != nil {
		return nil, nil, err
	}
	for _, name := range s.Unfinished() {
		q.say("note: %s is not complete: it is being written, or whoever wrote it was stopped", name)
	}
	return s, where, nil
}

// end tells what was read, and gives the error of a question that some files did not answer.
func (q *asking) end(s *packetstore.Store, err error) error {
	st := s.Stats()
	q.log.Info("read", "bytes", st.Bytes, "row_groups", st.Groups, "of_which_read", st.Read)
	if err == nil && q.failed {
		return &exit{status: exitIncomplete}
	}
	return err
}

// rows writes what a question gives to outputs.
func (q *asking) rows(paths []string, ask func(ctx context.Context, s *packetstore.Store, where *expr.Node) (*column.Schema, iter.Seq2[*column.Batch, error], error)) error {
	var err error
	if q.targets, err = q.outputs(); err != nil {
		return err
	}
	s, where, err := q.open(paths)
	if err != nil {
		return err
	}
	var outs files.Outputs
	sig := watchSignals(q.app, func(keep bool) { q.giveUp(&outs, keep) })
	defer sig.close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-sig.ended:
			cancel()
		case <-ctx.Done():
		}
	}()
	if err := checkOutputs(q.targets, nil, infosOf(s.Paths())); err != nil {
		return err
	}
	schema, batches, err := ask(ctx, s, where)
	if status := sig.status.Load(); status != 0 {
		return &exit{status: int(status)}
	}
	if err != nil {
		return err
	}
	run := &sink.Run{Settings: q.settings, Stdout: q.out, ID: q.resume, Resume: q.resume != "", Ending: sig.ended}
	run.Workers = 1
	policy, err := q.policy(false)
	if err == nil {
		err = q.apply(&outs, policy, false, func() bool { return false })
	}
	if err != nil {
		return err
	}
	if err := outs.Open(ctx, q.targets, schema, run); err != nil {
		return outputError(err)
	}
	err = q.pour(context.Background(), &outs, sig, "", batches)
	if status := sig.status.Load(); status != 0 {
		return &exit{status: int(status)}
	}
	return q.end(s, err)
}

func (q *asking) query(ctx context.Context, s *packetstore.Store, where *expr.Node) (*column.Schema, iter.Seq2[*column.Batch, error], error) {
	if q.wide {
		if len(q.columns) > 0 {
			return nil, nil, usage("--wide and --columns: give one of them")
		}
		return packetstore.WideRows(), q.first(s.Wide(ctx, where)), nil
	}
	schema, err := packetstore.Rows(q.columns...)
	if err != nil {
		return nil, nil, usage("--columns: %w", err)
	}
	return schema, q.first(s.Filter(ctx, where, q.columns...)), nil
}

// first ends after the rows of --limit.
func (q *asking) first(batches iter.Seq2[*column.Batch, error]) iter.Seq2[*column.Batch, error] {
	if q.limit == 0 {
		return batches
	}
	return func(yield func(*column.Batch, error) bool) {
		left := q.limit
		for b, err := range batches {
			if err == nil && uint64(b.Rows) > left {
				b = b.Head(int(left))
			}
			if !yield(b, err) || err != nil {
				return
			}
			if left -= uint64(b.Rows); left == 0 {
				return
			}
		}
	}
}

func (q *asking) group(ctx context.Context, s *packetstore.Store, where *expr.Node) (*column.Schema, iter.Seq2[*column.Batch, error], error) {
	if err := packetstore.CanGroup(q.by); err != nil {
		return nil, nil, usage("--by: %w", err)
	}
	g, err := s.Group(ctx, q.by, where)
	if err != nil {
		return nil, nil, err
	}
	if g.Others.Packets > 0 {
		q.say("note: %d packets, %d bytes, of values beyond the first %d are left out", g.Others.Packets, g.Others.Bytes, len(g.Groups))
	}
	b := g.Batch()
	return b.Schema, func(yield func(*column.Batch, error) bool) { yield(b, nil) }, nil
}

// toPcap writes frames to a capture.
func (q *asking) toPcap(paths []string) error {
	if q.output != "-" {
		if err := checkFrames("-o", q.output); err != nil {
			return err
		}
		if savefile.IsRows(q.output) {
			return usage("-o %s: want a name of a capture; packets query writes rows", q.output)
		}
	}
	s, where, err := q.open(paths)
	if err != nil {
		return err
	}
	var names []string
	var links []uint16
	type device struct {
		name string
		link uint16
	}
	number := map[device]uint32{}
	to, err := savefile.Create(q.output, &savefile.Options{Stdout: q.out, Interface: func(n uint32) (pcap.Interface, bool) {
		if int(n) >= len(names) {
			return pcap.Interface{}, false
		}
		return pcap.Interface{Name: names[n], Link: links[n]}, true
	}})
	if err != nil {
		return err
	}
	defer to.Abort()
	frames := 0
	err = s.Frames(context.Background(), where, func(f *packet.Frame, name string) error {
		d := device{name, f.Link}
		n, ok := number[d]
		if !ok {
			n = uint32(len(names))
			number[d] = n
			names, links = append(names, name), append(links, f.Link)
		}
		f.Iface = n
		frames++
		return to.Write(f)
	})
	var le *savefile.LinkError
	if errors.As(err, &le) {
		return usage("-o %w", err)
	}
	if err == nil {
		err = to.Close()
	}
	if err == nil {
		q.say("%d frames -> %s", frames, q.output)
	}
	return q.end(s, err)
}

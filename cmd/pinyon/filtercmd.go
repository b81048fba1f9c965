package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"pinyon/filter"
	"pinyon/internal/plain"
	"pinyon/packet"
	"pinyon/pcap"
)

// filterFlags are the flags of whatever compiles a filter from its arguments.
type filterFlags struct {
	resolve    bool
	noOptimize bool
}

func (f *filterFlags) add(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.resolve, "resolve", false, "let names of hosts and networks stand in the expression")
	cmd.Flags().BoolVar(&f.noOptimize, "no-optimize", false, "leave out what makes the program shorter, as tcpdump -O does")
}

func (f *filterFlags) options(m filter.Mode) *filter.Options {
	o := &filter.Options{Mode: m, NoOptimize: f.noOptimize}
	if f.resolve {
		o.Resolver = filter.System{}
	}
	return o
}

func (a *app) filterCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "filter",
		Short: "Check, show and try filter expressions",
		Long: `Check, show and try expressions of the language of pcap-filter(7), as --filter and dump take
them. Words of an expression may be several arguments; after -- none is taken for a flag.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.filterCheckCommand(), a.filterDumpCommand(), a.filterTestCommand())
	return cmd
}

func (a *app) filterCheckCommand() *cobra.Command {
	var f filterFlags
	var link string
	cmd := &cobra.Command{
		Use:   "check EXPR...",
		Short: "Say whether an expression is one, and how long its program is",
		Long: `Say whether an expression can be compiled for a link type. If not, the exit status is 2 and
the place of the error is shown.`,
		Example: `  pinyon filter check 'tcp port 80 or tcp port 443'
  pinyon filter check wlan type mgt --link IEEE802_11_RADIO`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return a.filterCheck(strings.Join(args, " "), link, &f) },
	}
	addLink(cmd, &link)
	f.add(cmd)
	return cmd
}

func addLink(cmd *cobra.Command, link *string) {
	cmd.Flags().StringVar(link, "link", "EN10MB", "link type of the frames: a name as tcpdump -L has it, or a LINKTYPE_ number")
	complete(cmd, "link", packet.LinkNames())
}

// parseLink reads --link.
func parseLink(s string) (uint16, error) {
	link, err := packet.ParseLink(s)
	if err != nil {
		return 0, usage("--link: unknown link type %q; want a name such as EN10MB, or a number", s)
	}
	return link, nil
}

func (a *app) filterCheck(expr, linkText string, f *filterFlags) error {
	link, err := parseLink(linkText)
	if err != nil {
		return err
	}
	where := ""
	p, err := filter.Compile(expr, link, f.options(filter.ModeFile))
	if errors.Is(err, filter.ErrMode) {
		where = " of a device (not of a file)"
		p, err = filter.Compile(expr, link, f.options(filter.ModeLive))
	}
	if err != nil {
		return badFilter(expr, err)
	}
	return a.writeResult("-", fmt.Appendf(nil, "valid for frames of type %s (%d)%s: %d instructions\n", linkName(link), link, where, p.Len()))
}

func (a *app) filterDumpCommand() *cobra.Command {
	var f filterFlags
	var link string
	var live, asC, decimal bool
	var d int
	cmd := &cobra.Command{
		Use:   "dump [EXPR...]",
		Short: "Print the program of an expression",
		Long: `Print the classic BPF program of an expression as tcpdump -d does. Its verdicts are libpcap's;
its instructions need not be.`,
		Example: `  pinyon filter dump tcp port 80
  iptables -A INPUT -m bpf --bytecode "$(pinyon filter dump --ddd --link RAW udp port 53 | tr '\n' ',')" -j DROP`,
		RunE: func(_ *cobra.Command, args []string) error {
			form := (*filter.Program).Dump
			given := 0
			for _, is := range []bool{d > 0, asC, decimal} {
				if is {
					given++
				}
			}
			asC, decimal = asC || d == 2, decimal || d == 3
			switch {
			case given > 1:
				return usage("-d, -dd, -ddd: give one of them")
			case d > 3:
				return usage("-d: got %d of them; want 3 at most", d)
			case asC:
				form = (*filter.Program).DumpC
			case decimal:
				form = (*filter.Program).DumpDecimal
			}
			return a.filterDump(strings.Join(args, " "), link, live, form, &f)
		},
	}
	addLink(cmd, &link)
	cmd.Flags().BoolVar(&live, "live", false, "the program that the kernel runs for a device")
	// As tcpdump has them, and with two dashes, as nothing else of several letters has one.
	cmd.Flags().CountVarP(&d, "d", "d", "the form: -d as lines (default), -dd as elements of a C array, -ddd as decimal numbers after their count")
	cmd.Flags().BoolVar(&asC, "dd", false, "same as -dd")
	cmd.Flags().BoolVar(&decimal, "ddd", false, "same as -ddd")
	f.add(cmd)
	return cmd
}

func (a *app) filterDump(expr, linkText string, live bool, form func(*filter.Program, io.Writer) error, f *filterFlags) error {
	link, err := parseLink(linkText)
	if err != nil {
		return err
	}
	mode := filter.ModeFile
	if live {
		mode = filter.ModeKernel
	}
	p, err := filter.Compile(expr, link, f.options(mode))
	if live && (errors.Is(err, filter.ErrMode) || errors.Is(err, filter.ErrTooComplex)) {
		if p, err = filter.Compile(expr, link, f.options(filter.ModeLive)); err == nil {
			a.say("note: no program for the kernel, which takes everything then; this one runs in the process")
		}
	}
	if err != nil {
		return badFilter(expr, err)
	}
	var b strings.Builder
	if err := form(p, &b); err != nil {
		return err
	}
	return a.writeResult("-", []byte(b.String()))
}

func (a *app) filterTestCommand() *cobra.Command {
	t := &filterTest{app: a}
	cmd := &cobra.Command{
		Use:   "test EXPR... -r FILE",
		Short: "Try an expression on captures",
		Long: `Print the frames of captures that an expression matches: record number, time and a summary.
An expression that has no meaning on the link type of a file is refused with exit status 2.`,
		Example: `  pinyon filter test tcp port 443 -r trace.pcap
  pinyon filter test 'tcp[tcpflags] & tcp-syn != 0' -r a.pcap -r b.pcapng --count`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return t.run(strings.Join(args, " ")) },
	}
	cmd.Flags().StringArrayVarP(&t.files, "read", "r", nil, "capture to read, - is standard input; may be repeated")
	cmd.Flags().BoolVar(&t.count, "count", false, "print the number of matching frames alone")
	t.flags.add(cmd)
	return cmd
}

// filterTest is what the flags of filter test say, and what was found.
type filterTest struct {
	*app
	flags filterFlags
	files []string
	count bool

	records, matched uint64
	skipped          skipped
	faults, unread   int // files that were damaged or not read, and of them those without any record
	forbidden        int // of these, those that may not be read
}

func (t *filterTest) run(expr string) error {
	if len(t.files) == 0 {
		return usage("filter test: give a capture with -r")
	}
	for i, name := range t.files {
		for _, other := range t.files[:i] {
			if name == "-" && other == "-" {
				return usage("standard input is given twice")
			}
		}
		if err := t.checkInput(name); err != nil {
			return err
		}
	}
	set, err := filter.NewSet(expr, t.flags.options(filter.ModeFile))
	if err != nil {
		return badFilter(expr, err)
	}
	out := bufio.NewWriter(t.out)
	for _, name := range t.files {
		if err := t.file(name, expr, set, out); err != nil {
			return err
		}
	}
	if t.count {
		fmt.Fprintln(out, t.matched)
	}
	if err := out.Flush(); err != nil {
		return err
	}
	t.say("%d of %d frames match", t.matched, t.records)
	t.saySkipped(t.skipped)
	switch {
	case t.forbidden == len(t.files):
		return &exit{status: exitPermission}
	case t.unread == len(t.files):
		return &exit{status: exitError}
	case t.faults > 0:
		return &exit{status: exitIncomplete}
	}
	return nil
}

// file tries the filter on one capture. What is wrong with the capture is said and counted;
// an error ends the command.
func (t *filterTest) file(name, expr string, set *filter.Set, out *bufio.Writer) error {
	r, err := t.openCapture(name)
	if err != nil {
		t.fault(name, err)
		t.unread++
		if errors.Is(err, fs.ErrPermission) {
			t.forbidden++
		}
		return nil
	}
	defer func() {
		t.skipped.add(skippedBy(r.Counts()))
		r.Close()
	}()
	before := ""
	if len(t.files) > 1 {
		before = plain.Text(name) + ":"
	}
	var f packet.Frame
	var line []byte
	for {
		if err := r.Next(&f); err == io.EOF {
			return nil
		} else if err != nil {
			t.fault(name, err)
			return nil
		}
		t.records++
		ok, err := set.Match(&f)
		if err != nil {
			return inFile(name, f.Link, badFilter(expr, err))
		}
		if !ok {
			continue
		}
		t.matched++
		if t.count {
			continue
		}
		line = fmt.Appendf(line[:0], "%s%d %s %s\n", before, f.Number, timeText(f.TS), f.Summary())
		if _, err := out.Write(line); err != nil {
			return err
		}
	}
}

func (t *filterTest) fault(name string, err error) {
	t.faults++
	text := strings.TrimPrefix(err.Error(), "pcap: ")
	var pe *pcap.Error
	if errors.As(err, &pe) { // which does not know the name
		text = name + ": " + text
	}
	t.say("%s: %s", t.name, text)
}

// inFile adds to an error of a filter whose frames it is that it cannot be for.
func inFile(name string, link uint16, err error) error {
	return &exit{exitUsage, fmt.Errorf("%s (%s): %w", name, linkName(link), err)}
}

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"pinyon"
	"pinyon/capture"
	"pinyon/capture/plan"
	"pinyon/filter"
	"pinyon/internal/plain"
	"pinyon/packet"
	"pinyon/packetstore"
	"pinyon/pcap"
	"pinyon/savefile"
	"pinyon/sink/files"
	"pinyon/source"
	"pinyon/source/file"
)

// dumper is what the flags of dump say, and the run.
type dumper struct {
	*app
	live    liveFlags
	ifaces  []string
	file    string
	paths   []string
	list    bool
	save    string
	payload int
	whole   bool // frames in rows
	print   bool
	hex     bool
	decap   string
	filter  filterFlags

	fields  []frameField
	named   bool               // frame.interface is among them
	on      savefile.Interface // whose name row.on is
	out     *bufio.Writer
	line    []byte
	row     frameRow
	decoder packet.Decoder
	frames  frameFile
	files   *plan.Files // of packets, by settings
	matched uint64
	flushed time.Time
}

func (a *app) dumpCommand() *cobra.Command {
	d := &dumper{app: a}
	cmd := &cobra.Command{
		Use:   "dump [-i DEV | -r FILE] [-e FIELD]... [FILTER...]",
		Short: "Print the packets of an interface or a capture",
		Long: `Print the packets of an interface or a capture: a line each with the time and a summary, or
the values of fields with tabs between them. FILTER is in the language of pcap-filter(7);
after -- no word of it is taken for a flag. Without -i and -r the most useful interface is
taken; "any" is all of them.

With -w frames go to a file, and nothing is printed unless -e, -x or --print asks for it.
The first interrupt stops the capture and finishes what is open; another one, a second later
or more, aborts.`,
		Example: `  pinyon dump -i eth0 tcp port 443
  pinyon dump -r trace.pcap -e frame.time_epoch -e ip.src,ip.dst -e tcp.flags tcp
  pinyon dump -r trace.pcapng -w dns.pcap udp port 53
  pinyon dump -r trace.pcap -w packets.parquet`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := notEmpty(cmd, "read", "write"); err != nil {
				return err
			}
			if d.file != "" {
				for _, name := range captureFlags {
					if cmd.Flags().Changed(name) {
						return usage("--%s: is of a capture from an interface, not of -r", name)
					}
				}
			}
			if d.file == "" && len(args) > 0 {
				if info, err := os.Stat(args[0]); err == nil && info.Mode().IsRegular() {
					return usage("%s is a file: -r %s reads it; what stands without a flag is a filter expression", args[0], args[0])
				}
			}
			if d.file != "" && len(d.live.sensor.paths) > 0 {
				return usage("--config is for a capture from an interface, not for -r")
			}
			if err := d.live.sensor.load(); err != nil {
				return err
			}
			return d.run(strings.Join(args, " "))
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringArrayVarP(&d.ifaces, "interface", "i", nil, "interface to capture from; several are joined by time")
	f.StringVarP(&d.file, "read", "r", "", "capture to read; - is standard input")
	f.StringSliceVarP(&d.paths, "field", "e", nil, "print this field instead; may be repeated, or a list with commas")
	f.BoolVar(&d.list, "fields", false, "list the fields and end")
	f.Uint64VarP(&d.live.capture.Count, "count", "c", 0, "end after so many packets; 0 is never")
	f.StringVarP(&d.save, "write", "w", "", "write the frames to this file: .pcapng, rows of packets if .parquet, else pcap, nanoseconds kept; - is standard output")
	f.IntVar(&d.payload, "store-payload", 0, "bytes of payload that a row keeps (-w FILE.parquet)")
	f.BoolVar(&d.whole, "store-frames", false, "keep whole frames in rows, for packets to-pcap (-w FILE.parquet)")
	f.BoolVar(&d.print, "print", false, "print with -w too")
	f.BoolVarP(&d.hex, "hex", "x", false, "print the bytes too, those of the link layer included")
	f.StringVar(&d.decap, "decap", "none", "none, or inner for the fields of the innermost IP header")
	d.filter.add(cmd)
	d.live.addCapture(cmd)
	d.live.sensor = &sensor{app: a, reloads: true}
	d.live.sensor.add(cmd, "")
	completeList(cmd, "field", fieldPaths())
	complete(cmd, "decap", []string{"none", "inner"})
	return cmd
}

// check resolves the flags.
func (d *dumper) check(expr string) (err error) {
	if d.file != "" && len(d.ifaces) > 0 {
		return usage("-i and -r: give one of them")
	}
	switch d.decap {
	case "none":
	case "inner":
		d.decoder.Decap = packet.DecapInner
	default:
		return usage("--decap: got %q; want none or inner", d.decap)
	}
	if d.fields, err = fieldsOf(d.paths); err != nil {
		return err
	}
	for _, f := range d.fields {
		d.named = d.named || f.path == "frame.interface"
	}
	if d.save != "" && files.Place(d.save) == "-" {
		d.save = "-"
	}
	if err := checkFrames("-w", d.save); err != nil {
		return err
	}
	if s := d.live.sensor; s.runs() {
		d.print = d.print || s.plan.Lines
		if d.save == "" && s.plan.Files != nil {
			d.files = s.plan.Files
			d.save = d.files.Path
		}
	}
	d.print = d.print || d.save == "" || d.hex || len(d.fields) > 0
	if d.print && d.save == "-" {
		return usage("-w -: standard output cannot take lines as well")
	}
	if d.payload != 0 && (d.payload < 0 || !savefile.IsRows(d.save)) {
		return usage("--store-payload: got %d; want 0 or more, and -w FILE.parquet", d.payload)
	}
	if d.whole && !savefile.IsRows(d.save) {
		return usage("--store-frames: want -w FILE.parquet too")
	}
	if d.save != "" && d.file != "" && sameFile(d.file, d.save) {
		return usage("-w %s: that is what -r reads", d.save)
	}
	if err := filter.Check(expr, d.filter.options(filter.ModeFile)); err != nil {
		return badFilter(expr, err)
	}
	return nil
}

// sameFile reports whether two names are of one file or pipe.
func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	if a == "-" || b == "-" || err != nil || files.IsNull(files.Place(a)) {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

func (d *dumper) run(expr string) error {
	if d.list {
		return d.writeResult("-", []byte(fieldTable()))
	}
	if err := d.check(expr); err != nil {
		return err
	}
	d.out = bufio.NewWriterSize(d.app.out, 64<<10)
	var frames atomic.Value // of what is written
	sig := watchSignals(d.app, func(bool) {
		if f, ok := frames.Load().(*frameFile); ok {
			(*f).Abort()
		}
	})
	defer sig.close()
	src, err := d.open(expr, sig)
	if s := int(sig.status.Load()); s != 0 && (errors.Is(err, pcap.ErrFormat) || errors.Is(err, pcap.ErrTruncated)) {
		return &exit{status: s} // a pipe that is given up may end anywhere
	}
	if err != nil {
		return err
	}
	defer src.close()
	if d.save != "" {
		o := savefile.Options{Stdout: d.app.out, Ending: sig.ended, Interface: src.iface, Rows: packetstore.Options{Payload: d.payload, Frames: d.whole, Decap: d.decoder.Decap}}
		if len(d.file) == 0 {
			o.Rows.Own = ownAddresses()
		}
		if d.files != nil {
			o.Failed = func(path, kept string, err error) { d.say("%s: %s: %v", d.name, path, err) }
			series, e := openFiles(d.files, &savefile.Rotation{}, &o)
			d.frames, err = seriesFile{series}, e
		} else {
			d.frames, err = savefile.Create(d.save, &o)
		}
		if err != nil {
			return err
		}
		frames.Store(&d.frames)
		defer d.frames.Abort()
	}
	err = d.copy(src)
	var fault *inputError
	if err != nil && !errors.As(err, &fault) && !d.lost {
		d.out.Flush()
		return err
	}
	if d.frames != nil { // complete with what there is, whatever ended the input
		if e := d.frames.Close(); e != nil {
			return e
		}
	}
	if d.lost {
		return err
	}
	if e := d.unread(d.out.Flush()); e != nil {
		return e
	}
	if fault != nil {
		d.say("%s: %s", d.name, fault.text)
	}
	err = src.close()
	status := src.tell(d)
	if err != nil {
		return err
	}
	if fault != nil {
		status = exitIncomplete
	}
	if s := int(sig.status.Load()); s != 0 {
		status = s
	}
	if status != exitOK {
		return &exit{status: status}
	}
	return nil
}

// A frameFile is where frames go: a file, or files that follow each other.
type frameFile interface {
	WriteFrom(f *packet.Frame, section int) error
	Flush() error
	Close() error
	Abort()
}

// seriesFile is files that follow each other, of interfaces.
type seriesFile struct{ *savefile.Series }

func (s seriesFile) WriteFrom(f *packet.Frame, _ int) error { return s.Write(f) }
func (s seriesFile) Flush() error                           { return s.Idle() }

// inputError is an input that ended before its end; what came before it stands.
type inputError struct{ text string }

func (e *inputError) Error() string { return e.text }

// A dumpSource is where dump's frames come from.
type dumpSource interface {
	// next fills f with the next frame that matches: io.EOF at the end, an *inputError if
	// that came early, source.ErrTimeout if none came for a while.
	next(f *packet.Frame) error
	// section is the part of the input that interface numbers are of.
	section() int
	// iface tells of an interface of the part at hand.
	iface(n uint32) (i pcap.Interface, ok bool)
	// tell says the sums and gives the exit status that they ask for.
	tell(d *dumper) int
	close() error
}

// copy takes every frame to where it goes.
func (d *dumper) copy(src dumpSource) error {
	live := d.file == ""
	for {
		switch err := src.next(&d.row.f); {
		case err == io.EOF:
			return nil
		case err == source.ErrTimeout:
			if err := d.flush(); err != nil {
				return err
			}
			continue
		case err != nil:
			return err
		}
		d.matched++
		if d.print {
			if d.named {
				d.nameInterface(src)
			}
			if err := d.unread(d.printRow()); err != nil {
				return err
			}
		}
		if d.frames != nil {
			if err := d.frames.WriteFrom(&d.row.f, src.section()); err != nil {
				var le *savefile.LinkError
				if errors.As(err, &le) {
					return usage("-w %w", err)
				}
				return err
			}
		}
		switch {
		case live:
			// No lull may come, so the clock tells too.
			if now := time.Now(); now.Sub(d.flushed) > flushTime {
				if err := d.flush(); err != nil {
					return err
				}
			}
		case d.matched == d.live.capture.Count:
			return nil
		}
	}
}

// flushTime is how late a line may be seen.
const flushTime = 100 * time.Millisecond

// flush hands on what was printed and written.
func (d *dumper) flush() error {
	d.flushed = time.Now()
	if d.frames != nil {
		if err := d.frames.Flush(); err != nil {
			return err
		}
	}
	return d.unread(d.out.Flush())
}

// unread is an error of printing, unless nobody reads any more while a file of frames is
// written: that goes on without the lines.
func (d *dumper) unread(err error) error {
	if err == nil || !d.lost || d.frames == nil {
		return err
	}
	d.lost, d.print = false, false
	d.out.Reset(io.Discard)
	d.say("note: nobody reads standard output any more; frames go to %s alone", d.save)
	return nil
}

// nameInterface gives the row the name of its interface.
func (d *dumper) nameInterface(src dumpSource) {
	key := savefile.Interface{Section: src.section(), Number: d.row.f.Iface}
	if d.row.on != "" && key == d.on {
		return
	}
	d.on = key
	if i, _ := src.iface(key.Number); i.Name != "" {
		d.row.on = plain.Text(i.Name)
	} else {
		d.row.on = strconv.FormatUint(uint64(key.Number), 10)
	}
}

// printRow prints the frame at hand. It allocates for summaries only.
func (d *dumper) printRow() error {
	r := &d.row
	r.ip = d.decoder.Decode(&r.f, &r.p)
	b := d.line[:0]
	if len(d.fields) == 0 {
		b = append(appendTime(b, r.f.TS), ' ')
		b = append(b, r.summary()...)
	}
	for i := range d.fields {
		if i > 0 {
			b = append(b, '\t')
		}
		b = d.fields[i].add(b, r)
	}
	b = append(b, '\n')
	if d.hex {
		b = appendHex(b, r.f.Data)
	}
	d.line = b
	_, err := d.out.Write(b)
	return err
}

// appendHex appends bytes, sixteen a line, as tcpdump -XX does.
func appendHex(b, data []byte) []byte {
	const digits, perLine = "0123456789abcdef", 16
	for at := 0; at < len(data); at += perLine {
		row := data[at:min(at+perLine, len(data))]
		b = fmt.Appendf(b, "\t0x%04x: ", at)
		for i := range perLine {
			if i%2 == 0 {
				b = append(b, ' ')
			}
			if i < len(row) {
				b = append(b, digits[row[i]>>4], digits[row[i]&15])
			} else {
				b = append(b, "  "...)
			}
		}
		b = append(b, "  "...)
		for _, c := range row {
			if c <= ' ' || c >= 0x7f {
				c = '.'
			}
			b = append(b, c)
		}
		b = append(b, '\n')
	}
	return b
}

func (d *dumper) open(expr string, sig *interrupt) (dumpSource, error) {
	if d.file != "" {
		return d.openFile(expr, sig)
	}
	return d.openDevice(expr, sig)
}

// dumpFile is a capture as a source of dump.
type dumpFile struct {
	name    string
	expr    string
	set     *filter.Set
	src     source.Source
	r       *pcap.Reader
	stop    *pinyon.Stop
	records uint64
	closed  bool
}

func (d *dumper) openFile(expr string, sig *interrupt) (dumpSource, error) {
	set, err := filter.NewSet(expr, d.filter.options(filter.ModeFile))
	if err != nil {
		return nil, badFilter(expr, err)
	}
	if err := d.checkInput(d.file); err != nil {
		return nil, err
	}
	s := &dumpFile{name: d.file, expr: expr, set: set, stop: &sig.stop}
	info, err := os.Stat(d.file)
	switch {
	case d.file == "-":
		s.name = "standard input"
		s.src, err = file.OpenStream(s.name, func() (io.ReadCloser, error) { return io.NopCloser(d.in), nil }, sig.ended)
	case err == nil && !info.Mode().IsRegular() && !info.IsDir():
		s.src, err = file.OpenStream(d.file, func() (io.ReadCloser, error) { return os.Open(d.file) }, sig.ended)
	default:
		s.src, err = pcap.Open(d.file)
	}
	if err != nil {
		return nil, err
	}
	switch src := s.src.(type) {
	case *file.Stream:
		s.r = src.Reader
		src.Idle(func() { d.flush() }) // an error comes again with the next line
	case *pcap.Reader:
		s.r = src
	}
	return s, nil
}

func (s *dumpFile) next(f *packet.Frame) error {
	for {
		err := s.src.Next(f)
		if err == io.EOF || s.stop.IsSet() { // a pipe that is given up may end within a record
			return io.EOF
		}
		if err != nil {
			return &inputError{s.name + ": " + strings.TrimPrefix(err.Error(), "pcap: ")}
		}
		s.records++
		ok, err := s.set.Match(f)
		if err != nil {
			return inFile(s.name, f.Link, badFilter(s.expr, err))
		}
		if ok {
			return nil
		}
	}
}

func (s *dumpFile) section() int { return s.r.Section() }

func (s *dumpFile) iface(n uint32) (i pcap.Interface, ok bool) { return s.r.Interface(n) }

func (s *dumpFile) tell(d *dumper) int {
	d.say("%s: %d records, %d matched", s.name, s.records, d.matched)
	d.saySkipped(skippedBy(s.r.Counts()))
	return exitOK
}

func (s *dumpFile) close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	return s.src.Close()
}

// dumpDevice is a capture of devices as a source of dump.
type dumpDevice struct {
	liveSource // dev, or what lets some of its packets pass
	dev        *capture.Device
	fail       bool // --fail-on-loss
	stop       chan struct{}
	done       bool
}

func (d *dumper) openDevice(expr string, sig *interrupt) (dumpSource, error) {
	o, err := d.live.options(d.ifaces, expr, d.filter.resolve)
	if err != nil {
		return nil, err
	}
	o.NoOptimize = o.NoOptimize || d.filter.noOptimize
	o.ReadTimeout, expr = flushTime, o.Filter
	dev, err := capture.Open(o)
	var fe *filter.Error
	if errors.As(err, &fe) {
		return nil, badFilter(expr, fe)
	}
	if err != nil {
		return nil, notThere(o.Interfaces, err)
	}
	if links := dev.LinkTypes(); d.save != "" && savefile.OneLink(d.save) {
		for _, l := range links {
			if l != links[0] {
				dev.Close()
				return nil, usage("-w %s: interfaces of types %s and %s need a .pcapng or .parquet file", d.save, linkName(links[0]), linkName(l))
			}
		}
	}
	s := &dumpDevice{liveSource: d.live.sensor.behind(dev), dev: dev, fail: d.live.failLoss, stop: make(chan struct{})}
	go func() {
		select {
		case <-sig.ended:
			dev.Stop()
		case <-s.stop:
		}
	}()
	if len(o.Interfaces) == 0 {
		d.say("listening on %s", plain.Text(dev.Name()))
	}
	d.live.sensor.follow(dev, s.stop)
	d.log.Info("capturing", "interfaces", dev.Name(), "filter", dev.FilterExpr(), "snaplen", dev.Snaplen())
	return s, nil
}

func (s *dumpDevice) next(f *packet.Frame) error {
	err := s.liveSource.Next(f)
	if err == nil || err == io.EOF || err == source.ErrTimeout {
		return err
	}
	return &inputError{strings.TrimPrefix(err.Error(), "capture: ")}
}

func (s *dumpDevice) section() int { return 0 }

func (s *dumpDevice) iface(n uint32) (i pcap.Interface, ok bool) {
	return pcap.Interface{Name: s.dev.Interfaces()[n], Link: s.dev.LinkTypes()[n], Snaplen: uint32(s.dev.Snaplen())}, true
}

func (s *dumpDevice) tell(d *dumper) int {
	st := s.Stats()
	d.sayCaptured(s.dev.Interfaces(), &st, "")
	if s.fail && st.Lost() > 0 {
		return exitIncomplete
	}
	return exitOK
}

func (s *dumpDevice) close() error {
	if s.done {
		return nil
	}
	s.done = true
	close(s.stop)
	return s.dev.Close()
}

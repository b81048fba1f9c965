package packetstore

import (
	"fmt"
	"io"
	"net/netip"
	"os"
	"strconv"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"

	"pinyon/packet"
	format "pinyon/sink/parquet"
)

// Options say what is kept of packets. The zero value and nil work.
type Options struct {
	// Interface names the device that Frame.Iface stands for; nil, and an empty name, is none.
	Interface func(n uint32) string
	// Own reports whether an address is one of this machine; see packet.DirectionOf.
	Own func(netip.Addr) bool
	// Payload is how many bytes of a packet's payload are kept.
	Payload int
	// Frames has whole frames kept, in a column of their own, of which captures can be made
	// again.
	Frames bool
	// Decap is how far tunnels are opened.
	Decap packet.Decap
	// Compression is snappy, gzip, brotli, lz4, zstd or none; empty is zstd.
	Compression string
	// RowGroup is rows a group; 0 is 50,000.
	RowGroup int
}

// Version is that of the schema of packets, which a file tells under versionKey. A reader takes
// files up to its own; one without is of version 1.
const (
	Version    = 1
	versionKey = "pinyon.packets"
)

const (
	defaultGroup = 50_000
	groupBytes   = 64 << 20 // of payload and whole frames
)

// A Writer writes the rows of frames to a Parquet file. Write, called from one goroutine,
// takes what it keeps of a frame. A row group that is full, by rows or by 64 MiB of payload and
// whole frames,
// is encoded beside that, while another is filled; Write waits if that is full too. The
// first error of the writer below is final, and every later call returns it.
type Writer struct {
	row    row
	dec    packet.Decoder
	o      Options
	group  *group
	total  uint64
	file   *file.Writer
	props  []parquet.WriterProperty
	full   chan *group
	free   chan *group
	done   chan struct{}
	failed atomic.Pointer[error]
	closed bool
}

// NewWriter begins a file on w, which it does not close. A Writer that is given up is to be
// closed all the same: it has a goroutine.
func NewWriter(w io.Writer, o *Options) (*Writer, error) {
	if o == nil {
		o = &Options{}
	}
	props, err := format.Codec(o.Compression)
	if err != nil {
		return nil, fmt.Errorf("packetstore: %w", err)
	}
	if o.Payload < 0 || o.RowGroup < 0 {
		return nil, fmt.Errorf("packetstore: payload of %d bytes, row groups of %d", o.Payload, o.RowGroup)
	}
	s := &Writer{o: *o, full: make(chan *group, 1), free: make(chan *group, 2), done: make(chan struct{})}
	s.dec.Decap, s.row.payload = o.Decap, o.Payload
	if s.o.RowGroup == 0 {
		s.o.RowGroup = defaultGroup
	}
	props = append(props, parquet.WithCreatedBy("pinyon"),
		// The dictionaries of texts are made before the library sees them: they never give up.
		parquet.WithDictionaryPageSizeLimit(1<<30))
	with := columnsOf(o)
	for _, c := range with {
		if c.store == dict {
			props = append(props, parquet.WithDictionaryCostFallbackFor(c.Name, false))
		}
	}
	for _, name := range sought {
		props = append(props, parquet.WithBloomFilterEnabledFor(name, true))
	}
	// Of these nearly every value is another one.
	for _, name := range []string{"timestamp", "tcp_seq", "tcp_ack"} {
		props = append(props, parquet.WithDictionaryFor(name, false), parquet.WithEncodingFor(name, parquet.Encodings.DeltaBinaryPacked))
	}
	for _, name := range []string{"payload", "frame"} {
		props = append(props, parquet.WithDictionaryFor(name, false), parquet.WithStatsFor(name, false))
	}
	s.props = props
	root, err := schemaOf(with)
	if err == nil {
		// What has a Close would be closed.
		s.file, err = file.NewParquetWriterWithError(struct{ io.Writer }{w}, root, file.WithWriterProps(parquet.NewWriterProperties(props...)))
	}
	if err == nil {
		err = s.file.AppendKeyValueMetadata(versionKey, strconv.Itoa(Version))
	}
	if err != nil {
		return nil, fmt.Errorf("packetstore: %w", err)
	}
	s.group = newGroup(with, min(s.o.RowGroup, defaultGroup))
	s.free <- newGroup(with, min(s.o.RowGroup, defaultGroup))
	go s.encode()
	return s, nil
}

// Write takes a frame. After Close it returns os.ErrClosed.
func (s *Writer) Write(f *packet.Frame) error {
	if err := s.err(); err != nil {
		return err
	}
	if s.closed {
		return fmt.Errorf("packetstore: %w", os.ErrClosed)
	}
	r := &s.row
	r.frame = f
	r.ip = s.dec.Examine(f, &r.p, &r.v)
	r.arp, r.isARP = r.v.ARP()
	r.op, r.hasOp = r.v.ARPOperation()
	if s.o.Interface != nil {
		r.iface = s.o.Interface(f.Iface)
	}
	var src, dst netip.Addr
	switch {
	case r.ip:
		src, dst = r.p.SrcAddr(), r.p.DstAddr()
		s.group.payload += min(len(r.p.Payload), r.payload)
	case r.isARP:
		src, dst = r.arp.Sender(), r.arp.Target()
	}
	if s.o.Frames {
		s.group.payload += len(f.Data)
	}
	r.dir = packet.DirectionOf(r.p.PacketType, src, dst, s.o.Own)
	s.group.add(r)
	s.total++
	if s.group.rows == s.o.RowGroup || s.group.payload >= groupBytes {
		s.full <- s.group
		s.group = <-s.free
	}
	return nil
}

// encode writes groups until there are no more.
func (s *Writer) encode() {
	defer close(s.done)
	for g := range s.full {
		if s.failed.Load() == nil {
			*s.file.Properties() = *parquet.NewWriterProperties(append(s.props, g.blooms()...)...)
			s.fail(g.write(s.file))
		}
		g.reset()
		s.free <- g
	}
}

func (s *Writer) fail(err error) {
	if err != nil {
		err = fmt.Errorf("packetstore: %w", err)
		s.failed.CompareAndSwap(nil, &err)
	}
}

func (s *Writer) err() error {
	if err := s.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// Flush tells what went wrong so far. Rows are in the file once their row group is full.
func (s *Writer) Flush() error { return s.err() }

// Close completes the file. A second one returns the first one's error.
func (s *Writer) Close() error {
	if s.closed {
		return s.err()
	}
	s.closed = true
	if s.group.rows > 0 {
		s.full <- s.group
	}
	close(s.full)
	<-s.done
	if s.failed.Load() == nil {
		s.fail(s.file.Close())
	}
	return s.err()
}

// Rows is how many frames were taken.
func (s *Writer) Rows() uint64 { return s.total }

// Counts are what decoding them met.
func (s *Writer) Counts() packet.Counts { return s.dec.Counts }

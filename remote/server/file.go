package server

import (
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"pinyon/filter"
	"pinyon/packet"
	"pinyon/pcap"
	"pinyon/remote/wire"
	"pinyon/source"
)

// A File is a capture file as the source of a server, which tells clients of its interfaces before
// the first packet.
type File struct {
	*pcap.Reader
	path    string
	expr    string
	set     *filter.Set // nil takes all
	faces   []wire.Interface
	at      map[face]uint32
	stopped atomic.Bool
	st      source.Stats // of packets that the filter refused
}

// A face is what a packet says of where it was captured.
type face struct {
	id   uint32
	link uint16
}

// OpenFile opens a capture, of which the packets that a filter in the language of pcap-filter(7) lets
// pass are sent; "" is all. It reads the file once to find its interfaces.
func OpenFile(path, expr string) (*File, error) {
	f := &File{path: path, expr: expr, at: map[face]uint32{}}
	if expr != "" {
		var err error
		if f.set, err = filter.NewSet(expr, &filter.Options{}); err != nil {
			return nil, err
		}
	}
	if err := f.find(); err != nil {
		return nil, err
	}
	var err error
	f.Reader, err = pcap.Open(path)
	return f, err
}

// find reads the file for its interfaces. What is damaged ends it, as it ends the source later.
func (f *File) find() error {
	r, err := pcap.Open(f.path)
	if err != nil {
		return err
	}
	defer r.Close()
	var p packet.Frame
	for r.Next(&p) == nil {
		k := face{p.Iface, p.Link}
		if _, ok := f.at[k]; ok {
			continue
		}
		if len(f.faces) == wire.MaxInterfaces {
			return fmt.Errorf("%s: more than %d interfaces", f.path, wire.MaxInterfaces)
		}
		i, _ := r.Interface(p.Iface)
		if i.Name == "" {
			i.Name = fmt.Sprintf("interface %d", p.Iface)
		}
		f.at[k] = uint32(len(f.faces))
		f.faces = append(f.faces, wire.Interface{Name: i.Name, Link: p.Link, Snaplen: wire.MaxCapLen})
	}
	if f.faces == nil {
		f.faces = []wire.Interface{{Name: "interface 0", Link: packet.LinkEthernet, Snaplen: wire.MaxCapLen}}
	}
	return nil
}

// Next fills p with the next packet that the filter lets pass; io.EOF at the end.
func (f *File) Next(p *packet.Frame) error {
	for {
		if f.stopped.Load() {
			return io.EOF
		}
		if err := f.Reader.Next(p); err != nil {
			return err
		}
		if f.set != nil {
			ok, err := f.set.Match(p)
			if err != nil {
				return err
			}
			if !ok {
				f.st.Captured++
				f.st.Bytes += uint64(p.Wire)
				continue
			}
		}
		at, ok := f.at[face{p.Iface, p.Link}]
		if !ok {
			return errors.New(f.path + ": the file has changed")
		}
		p.Iface = at
		return nil
	}
}

// Stats are the sums of what the filter let pass.
func (f *File) Stats() source.Stats {
	s := f.Reader.Stats()
	s.Received -= f.st.Captured
	s.Captured -= f.st.Captured
	s.Bytes -= f.st.Bytes
	return s
}

// Stop has Next return io.EOF, from any goroutine.
func (f *File) Stop() { f.stopped.Store(true) }

// Name is the path.
func (f *File) Name() string { return f.path }

// Wire are the interfaces as clients are told of them.
func (f *File) Wire() []wire.Interface { return f.faces }

// Interfaces are the names of the interfaces; packet.Frame.Iface is the position here.
func (f *File) Interfaces() (names []string) {
	for _, i := range f.faces {
		names = append(names, i.Name)
	}
	return names
}

// LinkTypes are the LINKTYPE_ values of the interfaces, in their order.
func (f *File) LinkTypes() (types []uint16) {
	for _, i := range f.faces {
		types = append(types, i.Link)
	}
	return types
}

// Snaplen is how many bytes of a packet are sent at most.
func (f *File) Snaplen() int { return wire.MaxCapLen }

// FilterExpr is the filter.
func (f *File) FilterExpr() string { return f.expr }

//go:build libpcap && cgo

package libpcap

/*
#cgo windows LDFLAGS: -lwpcap
#cgo !windows LDFLAGS: -lpcap
#include <stdlib.h>
#include <string.h>
#include <pcap/pcap.h>

// A packet in a block: time in nanoseconds, captured bytes, bytes on the wire, and then the
// captured bytes, filled up to a multiple of 8.
#define HEAD 16

typedef struct {
	pcap_t *p;
	unsigned char *to;
	size_t room, used;
	size_t most; // that the next packet may take
	int n, micro;
} sink;

typedef struct {
	int code, n;
	size_t used;
} filled;

static void keep(u_char *user, const struct pcap_pkthdr *h, const u_char *data) {
	sink *s = (sink *)user;
	long long sec = h->ts.tv_sec, sub = h->ts.tv_usec;
	long long ns = sec * 1000000000 + (s->micro ? sub * 1000 : sub);
	unsigned caplen = h->caplen, len = h->len;
	size_t size = HEAD + ((size_t)caplen + 7) / 8 * 8;
	if (s->room - s->used < size)
		return; // cannot be: caplen is no more than the snapshot length
	unsigned char *to = s->to + s->used;
	memcpy(to, &ns, 8);
	memcpy(to + 8, &caplen, 4);
	memcpy(to + 12, &len, 4);
	memcpy(to + HEAD, data, caplen);
	s->used += size;
	s->n++;
	if (s->room - s->used < s->most)
		pcap_breakloop(s->p);
}

static filled fill(pcap_t *p, void *to, size_t room, size_t most, int micro) {
	sink s = {p, to, room, 0, most, 0, micro};
	filled f;
	f.code = pcap_dispatch(p, -1, keep, (u_char *)&s);
	f.n = s.n;
	f.used = s.used;
	return f;
}

static int descriptor(pcap_t *p) {
#ifdef _WIN32
	return -1;
#else
	return pcap_get_selectable_fd(p);
#endif
}

// DLT_ values that are no LINKTYPE_ values, as this system has them.
static int linktype(int dlt) {
	switch (dlt) {
	case DLT_RAW: return 101;
	case DLT_SLIP_BSDOS: return 102;
	case DLT_PPP_BSDOS: return 103;
	case DLT_ATM_RFC1483: return 100;
	case DLT_ATM_CLIP: return 106;
	case DLT_LOOP: return 108;
	case DLT_ENC: return 109;
	case DLT_PFSYNC: return 246;
	case DLT_PKTAP: return 258;
	}
	return dlt;
}
*/
import "C"

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"unsafe"

	"pinyon/filter"
	"pinyon/packet"
)

const (
	head      = C.HEAD
	blockSize = 1 << 20 // bytes; at the default snapshot length at least four packets
)

// A Ring is an open handle. Next, Buffered, Failed, Err and Close are for one goroutine,
// Ready reports whether Next has a packet; it may end the last frame's time as Next does.
func (r *Ring) Ready() bool { return r.left > 0 || r.fill() }

// Attach and Sums for any.
type Ring struct {
	cfg   Config
	micro C.int
	most  int // bytes that a packet takes of a block
	fd    int

	blk  *packet.Block
	used int // bytes of blk filled
	at   int // of the next packet
	left int // packets from there on
	fail error

	mu   sync.Mutex // libpcap's handles are for one thread at a time
	p    *C.pcap_t  // nil once closed
	last C.struct_pcap_stat
	sum  [2]uint64 // received, dropped

	pool   sync.Mutex
	free   []*packet.Block
	closed bool
}

// LinkType is the LINKTYPE_ value that a device has of itself.
func LinkType(name string) (uint16, error) {
	p, err := activate(Config{Name: name, Snaplen: 64, Retire: 1})
	if err != nil {
		return 0, err
	}
	defer C.pcap_close(p)
	return uint16(C.linktype(C.pcap_datalink(p))), nil
}

// Open opens a device with a filter. What came between opening and the filter is there, and
// counted: whoever reads has to leave out what is not younger than Open's return.
func Open(c Config, prog []filter.Instruction) (*Ring, error) {
	p, err := activate(c)
	if err != nil {
		return nil, err
	}
	r := &Ring{cfg: c, p: p, most: head + (c.Snaplen+7)/8*8}
	if err := r.prepare(prog); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

func activate(c Config) (*C.pcap_t, error) {
	name := C.CString(c.Name)
	defer C.free(unsafe.Pointer(name))
	var text [C.PCAP_ERRBUF_SIZE]C.char
	p := C.pcap_create(name, &text[0])
	if p == nil {
		return nil, errors.New("libpcap: " + C.GoString(&text[0]))
	}
	flag := func(on bool) C.int {
		if on {
			return 1
		}
		return 0
	}
	C.pcap_set_snaplen(p, C.int(c.Snaplen))
	C.pcap_set_promisc(p, flag(c.Promisc))
	C.pcap_set_timeout(p, C.int(max(1, c.Retire)))
	C.pcap_set_immediate_mode(p, flag(c.Immediate))
	if c.BufferSize > 0 {
		C.pcap_set_buffer_size(p, C.int(min(c.BufferSize, 1<<31-1)))
	}
	C.pcap_set_tstamp_precision(p, C.PCAP_TSTAMP_PRECISION_NANO) // or microseconds stay
	if code := C.pcap_activate(p); code < 0 {
		err := fmt.Errorf("libpcap: %s: %s", C.GoString(C.pcap_statustostr(code)), C.GoString(C.pcap_geterr(p)))
		switch code {
		case C.PCAP_ERROR_PERM_DENIED, C.PCAP_ERROR_PROMISC_PERM_DENIED:
			err = fmt.Errorf("%w: %w", err, fs.ErrPermission)
		case C.PCAP_ERROR_IFACE_NOT_UP:
			err = fmt.Errorf("%w: %w", err, ErrDown)
		}
		C.pcap_close(p)
		return nil, err
	}
	return p, nil
}

// prepare asks for the link type and not to wait, and sets the filter.
func (r *Ring) prepare(prog []filter.Instruction) error {
	if C.pcap_get_tstamp_precision(r.p) != C.PCAP_TSTAMP_PRECISION_NANO {
		r.micro = 1
	}
	if C.linktype(C.pcap_datalink(r.p)) != C.int(r.cfg.Link) {
		if C.pcap_set_datalink(r.p, C.int(r.cfg.Link)) != 0 {
			return r.error()
		}
	}
	var text [C.PCAP_ERRBUF_SIZE]C.char
	if C.pcap_setnonblock(r.p, 1, &text[0]) != 0 {
		return errors.New("libpcap: " + C.GoString(&text[0]))
	}
	r.fd = int(C.descriptor(r.p))
	return r.Attach(prog)
}

// error is what libpcap says, with mu held.
func (r *Ring) error() error { return errors.New("libpcap: " + C.GoString(C.pcap_geterr(r.p))) }

// Next fills f with the next packet if one is there. Its Data stays valid until the
// following call, or as long as f.Block is held.
func (r *Ring) Next(f *packet.Frame) bool {
	if r.left == 0 && !r.fill() {
		return false
	}
	b := r.blk.Buf[r.at:]
	n := int(binary.NativeEndian.Uint32(b[8:]))
	f.TS = int64(binary.NativeEndian.Uint64(b))
	f.Wire = max(binary.NativeEndian.Uint32(b[12:]), uint32(n))
	f.Data = b[head : head+n : head+n]
	f.Iface, f.Link, f.NoTime, f.Block = r.cfg.Position, r.cfg.Link, false, r.blk
	f.Type = packet.TypeUnknown // libpcap tells it in cooked headers only
	switch {
	case r.cfg.Link == packet.LinkLinuxSLL2 && n > 10:
		f.Type = packet.Type(f.Data[10]) + 1
	case r.cfg.Link == packet.LinkLinuxSLL && n > 1:
		f.Type = packet.Type(f.Data[1]) + 1
	}
	r.left--
	r.at += head + (n+7)/8*8
	return true
}

// fill has libpcap copy what it has into the rest of the block at hand, or a new one. Bytes
// that were handed out are never overwritten while the block is held.
func (r *Ring) fill() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.p == nil || r.fail != nil {
		return false
	}
	if r.blk == nil || len(r.blk.Buf)-r.used < r.most {
		if r.blk != nil {
			r.blk.Release()
		}
		r.blk, r.used = r.block(), 0
	}
	room := r.blk.Buf[r.used:]
	got := C.fill(r.p, unsafe.Pointer(&room[0]), C.size_t(len(room)), C.size_t(r.most), r.micro)
	if got.code < 0 && got.code != C.PCAP_ERROR_BREAK {
		r.fail = r.error()
	}
	r.at = r.used
	r.used += int(got.used)
	r.left = int(got.n)
	return r.left > 0
}

// block takes a block of the pool.
func (r *Ring) block() *packet.Block {
	r.pool.Lock()
	defer r.pool.Unlock()
	var b *packet.Block
	if n := len(r.free); n > 0 {
		b, r.free = r.free[n-1], r.free[:n-1]
	} else {
		b = &packet.Block{Buf: make([]byte, max(blockSize, 2*r.most)), Free: r.give}
	}
	b.Retain()
	return b
}

// give takes a block back.
func (r *Ring) give(b *packet.Block) {
	r.pool.Lock()
	defer r.pool.Unlock()
	if !r.closed && len(r.free) < 8 {
		r.free = append(r.free, b)
	}
}

// Lent: blocks are copies, of which there are as many as are needed.
func (r *Ring) Lent() bool { return false }

// Buffered is how many packets are left of what libpcap gave at a time.
func (r *Ring) Buffered() int { return r.left }

// Attach replaces the filter. Packets already taken by the kernel stay.
func (r *Ring) Attach(prog []filter.Instruction) error {
	if len(prog) == 0 {
		prog = []filter.Instruction{{Op: 6}} // return 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.p == nil {
		return os.ErrClosed
	}
	return r.set(prog)
}

// Sums are packets received and dropped so far. On Linux those received passed the filter;
// BSD counts them before it. libpcap counts in 32 bits.
func (r *Ring) Sums() (received, dropped, freezes uint64, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.p != nil {
		err = r.count()
	}
	return r.sum[0], r.sum[1], 0, err
}

func (r *Ring) count() error {
	var s C.struct_pcap_stat
	if C.pcap_stats(r.p, &s) != 0 {
		return r.error()
	}
	r.sum[0] += uint64(uint32(s.ps_recv - r.last.ps_recv))
	r.sum[1] += uint64(uint32(s.ps_drop - r.last.ps_drop))
	r.last = s
	return nil
}

// Failed reports whether Err has something to tell: libpcap asks the socket itself, so that
// nobody else sees it there.
func (r *Ring) Failed() bool { return r.fail != nil }

// Err is why Next gave nothing: ErrDown, after which packets may come again, ErrGone, or
// what libpcap says.
func (r *Ring) Err() error {
	err := r.fail
	switch {
	case err == nil:
		return nil
	case strings.Contains(err.Error(), "went down"):
		r.fail = nil
		return ErrDown
	case strings.Contains(err.Error(), "disappeared"), strings.Contains(err.Error(), "No such device"):
		return ErrGone
	}
	return err
}

// FD can be waited for; -1 where there is none.
func (r *Ring) FD() int { return r.fd }

// Close closes the handle. Frames whose Block is held stay valid.
func (r *Ring) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.p == nil {
		return nil
	}
	r.count()
	C.pcap_close(r.p)
	r.p, r.left = nil, 0
	if r.blk != nil {
		r.blk.Release()
		r.blk = nil
	}
	r.pool.Lock()
	r.closed, r.free = true, nil
	r.pool.Unlock()
	return nil
}

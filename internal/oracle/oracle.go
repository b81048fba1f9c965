//go:build libpcap

package oracle

/*
#cgo LDFLAGS: -lpcap
#include <stdlib.h>
#include <string.h>
#include <pcap/pcap.h>

// taken is what a callback is called with, kept.
typedef struct {
	long long sec, nsec;
	unsigned caplen, len;
	unsigned char *data;
} taken;

typedef struct {
	taken *all;
	int n, room;
	int stop; // call pcap_breakloop in this callback
	pcap_t *p;
} bag;

static void take(u_char *user, const struct pcap_pkthdr *h, const u_char *data) {
	bag *b = (bag *)user;
	if (b->n == b->room) {
		b->room = b->room ? 2 * b->room : 64;
		b->all = realloc(b->all, b->room * sizeof *b->all);
	}
	taken *t = &b->all[b->n++];
	t->sec = h->ts.tv_sec;
	t->nsec = h->ts.tv_usec;
	t->caplen = h->caplen;
	t->len = h->len;
	t->data = malloc(h->caplen ? h->caplen : 1);
	memcpy(t->data, data, h->caplen);
	if (b->n == b->stop)
		pcap_breakloop(b->p);
}

static int run(pcap_t *p, int loop, int cnt, bag *b, int stop) {
	memset(b, 0, sizeof *b);
	b->p = p;
	b->stop = stop;
	return loop ? pcap_loop(p, cnt, take, (u_char *)b) : pcap_dispatch(p, cnt, take, (u_char *)b);
}

static void drop(bag *b) {
	for (int i = 0; i < b->n; i++)
		free(b->all[i].data);
	free(b->all);
}
*/
import "C"

import (
	"errors"
	"unsafe"
)

// Version is libpcap's own word.
func Version() string { return C.GoString(C.pcap_lib_version()) }

// A Packet is what libpcap's callback got.
type Packet struct {
	TS           int64 // ns
	CapLen, Wire uint32
	Data         []byte
}

// A File is an open savefile, with times in nanoseconds.
type File struct{ p *C.pcap_t }

// Open is pcap_open_offline.
func Open(path string) (*File, error) {
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	var text [C.PCAP_ERRBUF_SIZE]C.char
	p := C.pcap_open_offline_with_tstamp_precision(name, C.PCAP_TSTAMP_PRECISION_NANO, &text[0])
	if p == nil {
		return nil, errors.New(C.GoString(&text[0]))
	}
	return &File{p}, nil
}

// Close is pcap_close.
func (f *File) Close() { C.pcap_close(f.p) }

// Dispatch is pcap_dispatch: its packets and what it returned. With stop, the callback of
// that packet calls pcap_breakloop.
func (f *File) Dispatch(cnt, stop int) ([]Packet, int) { return f.run(0, cnt, stop) }

// Loop is pcap_loop.
func (f *File) Loop(cnt, stop int) ([]Packet, int) { return f.run(1, cnt, stop) }

func (f *File) run(loop, cnt, stop int) ([]Packet, int) {
	var b C.bag
	code := C.run(f.p, C.int(loop), C.int(cnt), &b, C.int(stop))
	defer C.drop(&b)
	var all []Packet
	for _, t := range unsafe.Slice(b.all, int(b.n)) {
		all = append(all, Packet{int64(t.sec)*1e9 + int64(t.nsec), uint32(t.caplen), uint32(t.len), C.GoBytes(unsafe.Pointer(t.data), C.int(t.caplen))})
	}
	return all, int(code)
}

// Next is pcap_next_ex: 1 with a packet, -2 at the end of the file, -1 with an error.
func (f *File) Next() (Packet, int) {
	var h *C.struct_pcap_pkthdr
	var data *C.u_char
	code := C.pcap_next_ex(f.p, &h, &data)
	if code != 1 {
		return Packet{}, int(code)
	}
	return Packet{int64(h.ts.tv_sec)*1e9 + int64(h.ts.tv_usec), uint32(h.caplen), uint32(h.len), C.GoBytes(unsafe.Pointer(data), C.int(h.caplen))}, 1
}

// Filter is pcap_compile and pcap_setfilter.
func (f *File) Filter(expr string, optimize bool) error {
	text := C.CString(expr)
	defer C.free(unsafe.Pointer(text))
	var prog C.struct_bpf_program
	opt := C.int(0)
	if optimize {
		opt = 1
	}
	if C.pcap_compile(f.p, &prog, text, opt, 0) != 0 {
		return f.Err()
	}
	defer C.pcap_freecode(&prog)
	if C.pcap_setfilter(f.p, &prog) != 0 {
		return f.Err()
	}
	return nil
}

// Err is pcap_geterr.
func (f *File) Err() error { return errors.New(C.GoString(C.pcap_geterr(f.p))) }

// DLT is pcap_datalink, Snaplen pcap_snapshot, FD pcap_get_selectable_fd.
func (f *File) DLT() int { return int(C.pcap_datalink(f.p)) }

// Snaplen is pcap_snapshot.
func (f *File) Snaplen() int { return int(C.pcap_snapshot(f.p)) }

// SetNonblock is pcap_setnonblock, and Nonblock pcap_getnonblock.
func (f *File) SetNonblock(on bool) error {
	var text [C.PCAP_ERRBUF_SIZE]C.char
	n := C.int(0)
	if on {
		n = 1
	}
	if C.pcap_setnonblock(f.p, n, &text[0]) != 0 {
		return errors.New(C.GoString(&text[0]))
	}
	return nil
}

// SetDirection is pcap_setdirection.
func (f *File) SetDirection(d int) error {
	if C.pcap_setdirection(f.p, C.pcap_direction_t(d)) != 0 {
		return f.Err()
	}
	return nil
}

// Inject is pcap_inject.
func (f *File) Inject(b []byte) error {
	if C.pcap_inject(f.p, unsafe.Pointer(unsafe.SliceData(b)), C.size_t(len(b))) < 0 {
		return f.Err()
	}
	return nil
}

// Stats is whether pcap_stats gives any.
func (f *File) Stats() error {
	var s C.struct_pcap_stat
	if C.pcap_stats(f.p, &s) != 0 {
		return f.Err()
	}
	return nil
}

// Name is pcap_datalink_val_to_name; empty if libpcap has none.
func Name(dlt int) string {
	if s := C.pcap_datalink_val_to_name(C.int(dlt)); s != nil {
		return C.GoString(s)
	}
	return ""
}

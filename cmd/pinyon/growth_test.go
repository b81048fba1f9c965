package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pinyon/internal/gen"
	"pinyon/internal/growth"
	"pinyon/packet"
	"pinyon/pcap"
)

// hostOf is host i of 2²⁴.
func hostOf(i int, port uint16) *gen.Host {
	return &gen.Host{MAC: [6]byte{2, 0, 0, byte(i >> 16), byte(i >> 8), byte(i)}, Addr: netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), Port: port, TTL: 64}
}

var server = hostOf(1<<24-2, 443)

// captureOf is a pcap file of frames, each at its time in ns.
func captureOf(n int, frame func(i int) (at int64, data []byte)) []byte {
	var b bytes.Buffer
	w := pcap.NewWriter(&b, pcap.WriterOptions{Link: packet.LinkEthernet, Nano: true})
	for i := range n {
		at, data := frame(i)
		if err := w.Write(&packet.Frame{TS: 1_700_000_000e9 + at, Data: data, Wire: uint32(len(data)), Link: packet.LinkEthernet}); err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// ngBlock is a pcapng block.
func ngBlock(kind uint32, body []byte) []byte {
	body = append(body, make([]byte, -len(body)&3)...)
	b := binary.LittleEndian.AppendUint32(nil, kind)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(body)+12))
	b = append(b, body...)
	return binary.LittleEndian.AppendUint32(b, uint32(len(body)+12))
}

func ngSection() []byte {
	return ngBlock(0x0a0d0d0a, append([]byte{0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0}, bytes.Repeat([]byte{0xff}, 8)...))
}

func ngInterface(link uint16, name string) []byte {
	b := binary.LittleEndian.AppendUint16(nil, link)
	b = append(b, 0, 0, 0, 0, 4, 0)
	b = binary.LittleEndian.AppendUint16(append(b, 2, 0), uint16(len(name)))
	b = append(append(b, name...), make([]byte, -len(name)&3)...)
	return ngBlock(1, append(b, 0, 0, 0, 0))
}

func ngPacket(id uint32, at int64, data []byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, id)
	b = binary.LittleEndian.AppendUint32(b, uint32(at/1000>>32))
	b = binary.LittleEndian.AppendUint32(b, uint32(at/1000))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	return ngBlock(6, append(b, data...))
}

// datagramOf is a small datagram of host i to the server.
func datagramOf(i int) []byte {
	return (&gen.UDP{IP: gen.IP{Src: hostOf(i, 5000), Dst: server}, Payload: []byte("x")}).Append(nil)
}

func segmentOf(i int, flags uint16, seq, ack uint32, reply bool) []byte {
	s, d := hostOf(i, 5000), server
	if reply {
		s, d = d, s
	}
	return (&gen.TCP{IP: gen.IP{Src: s, Dst: d}, Flags: flags, Seq: seq, Ack: ack, Window: 1000}).Append(nil)
}

// ng is n times what each gives, behind a section and an interface.
func ng(n int, each func(i int) []byte) []byte {
	b := append(ngSection(), ngInterface(packet.LinkEthernet, "first")...)
	for i := range n {
		b = append(b, each(i)...)
	}
	return b
}

// fragmentOf makes fragment at an offset of 8 bytes, of datagram id, out of a datagram.
func fragmentOf(data []byte, id uint16, offset uint16, more bool) []byte {
	word := offset
	if more {
		word |= 0x2000
	}
	binary.BigEndian.PutUint16(data[18:], id)
	binary.BigEndian.PutUint16(data[20:], word)
	return data
}

// growing are inputs that something in Pinyon keeps account of piece by piece, at any size.
var growing = []struct {
	name string
	n    int
	make func(n int) []byte
	only string   // the command that the input is for; all if empty
	args []string // of extract
}{
	{name: "interfaces", n: 4000, make: func(n int) []byte {
		return ng(n, func(i int) []byte {
			return append(ngInterface(packet.LinkEthernet, fmt.Sprint("interface ", i)), ngPacket(uint32(i+1), int64(i)*1e6, datagramOf(i%100))...)
		})
	}},
	{name: "sections", n: 4000, make: func(n int) []byte {
		return ng(n, func(i int) []byte {
			b := append(ngSection(), ngInterface(packet.LinkEthernet, fmt.Sprint("interface ", i))...)
			return append(b, ngPacket(0, int64(i)*1e6, datagramOf(i%100))...)
		})
	}},
	{name: "link types", n: 3000, make: func(n int) []byte {
		return ng(n, func(i int) []byte {
			return append(ngInterface(uint16(2000+i), "x"), ngPacket(uint32(i+1), int64(i)*1e6, datagramOf(i%100))...)
		})
	}},
	{name: "name resolution", n: 6000, make: func(n int) []byte {
		return ng(n, func(i int) []byte {
			record := append([]byte{1, 0, 12, 0, 10, byte(i >> 16), byte(i >> 8), byte(i)}, "host.ex\x00"...)
			return append(ngBlock(4, append(record, 0, 0, 0, 0)), ngPacket(0, int64(i)*1e6, datagramOf(i%100))...)
		})
	}},
	{name: "first fragments", n: 8000, only: "extract", make: func(n int) []byte {
		return captureOf(n, func(i int) (int64, []byte) {
			return int64(i) * 1000, fragmentOf(datagramOf(i>>16), uint16(i), 0, true)
		})
	}},
	{name: "fragments of one datagram", n: 8000, only: "extract", make: func(n int) []byte {
		return captureOf(n, func(i int) (int64, []byte) {
			return int64(i) * 1000, fragmentOf(datagramOf(1), 7, uint16(i%8000), true)
		})
	}},
	{name: "later fragments alone", n: 1500, only: "extract", make: func(n int) []byte {
		return captureOf(n, func(i int) (int64, []byte) {
			return int64(i) * 1000, fragmentOf(datagramOf(i), uint16(i), 100, false)
		})
	}},
	{name: "VLANs", n: 4000, make: func(n int) []byte {
		return captureOf(n, func(i int) (int64, []byte) {
			d := datagramOf(i)
			tags := bytes.Repeat([]byte{0x81, 0, byte(i >> 8 & 15), byte(i)}, 1+i%40)
			return int64(i) * 1000, append(append(d[:12:12], tags...), d[12:]...)
		})
	}},
	{name: "held SYNs", n: 1500, only: "extract", make: func(n int) []byte {
		return captureOf(3*n, func(i int) (int64, []byte) {
			at := int64(i) * 1000
			switch i % 3 {
			case 0:
				return at, segmentOf(i/3%5000, packet.SYN, uint32(i), 0, false)
			case 1:
				return at, segmentOf(i/3%5000, packet.SYN|packet.ACK, uint32(i), uint32(i), true)
			}
			return at, segmentOf(i/3%5000, packet.ACK, uint32(i-1), uint32(i), false)
		})
	}},
	{name: "resets", n: 1500, only: "extract", make: func(n int) []byte {
		return captureOf(2*n, func(i int) (int64, []byte) {
			if i%2 == 0 {
				return int64(i) * 100, segmentOf(i/2%6000, packet.SYN, uint32(i), 0, false)
			}
			return int64(i) * 100, segmentOf(i/2%6000, packet.RST|packet.ACK, 0, uint32(i), true)
		})
	}},
	{name: "flows that end at once", n: 1500, only: "extract", make: func(n int) []byte {
		return captureOf(n+1, func(i int) (int64, []byte) {
			at := int64(i)
			if i == n {
				at = 1000e9
			}
			return at, datagramOf(i)
		})
	}},
	{name: "evicted while the clock stands", n: 4200, only: "extract", args: []string{"--max-concurrent-flows", "4100"}, make: func(n int) []byte {
		return captureOf(n, func(i int) (int64, []byte) { return 0, datagramOf(i) })
	}},
	{name: "reused while the clock stands", n: 1500, only: "extract", make: func(n int) []byte {
		return captureOf(2*n, func(i int) (int64, []byte) {
			if i%2 == 0 {
				return 0, segmentOf(i/2%1000, packet.SYN, uint32(i), 0, false)
			}
			return 0, segmentOf(i/2%1000, packet.RST|packet.ACK, 0, uint32(i), true)
		})
	}},
	{name: "few samples kept", n: 2000, only: "extract", args: []string{"--sample-memory", "64KiB"}, make: func(n int) []byte {
		return captureOf(3*n, func(i int) (int64, []byte) { return int64(i) * 1000, datagramOf(i % n) })
	}},
	{name: "hosts", n: 1500, only: "extract", args: []string{"--betweenness-max-nodes", "50"}, make: func(n int) []byte {
		return captureOf(2*n, func(i int) (int64, []byte) {
			return int64(i) * 1000, (&gen.UDP{IP: gen.IP{Src: hostOf(i*7919%n, 5000), Dst: hostOf(i*104729%n, uint16(i))}, Payload: []byte("x")}).Append(nil)
		})
	}},
	{name: "one host to many", n: 1500, only: "extract", args: []string{"--connection-include-temporal"}, make: func(n int) []byte {
		return captureOf(2*n, func(i int) (int64, []byte) {
			return int64(i) * 1000, (&gen.UDP{IP: gen.IP{Src: hostOf(1, 5000), Dst: hostOf(i+2, uint16(i))}, Payload: []byte("x")}).Append(nil)
		})
	}},
}

// TestGrowth: no command takes time or memory with the square of how many of anything a capture
// has; with PINYON_LONG, with two workers neither.
func TestGrowth(t *testing.T) {
	dir := t.TempDir()
	commands := map[string][]string{
		"extract":      {"extract", "", "-f", "arrow", "-o", filepath.Join(dir, "o.arrow"), "--no-progress"},
		"extract -w 2": {"extract", "", "-f", "csv", "-o", filepath.Join(dir, "o.csv"), "--no-progress", "-w", "2", "--filter", "len > 1"},
		"pcapng":       {"dump", "-r", "", "-w", filepath.Join(dir, "o.pcapng")},
		"packets":      {"dump", "-r", "", "-w", filepath.Join(dir, "o.parquet")},
		"names":        {"dump", "-r", "", "-e", "frame.interface"},
		"lines":        {"dump", "-r", "", "len > 1"},
		"info":         {"info", "--json", ""},
	}
	for _, g := range growing {
		for name, command := range commands {
			if g.only != "" && command[0] != g.only {
				continue
			}
			if name == "extract -w 2" && os.Getenv("PINYON_LONG") == "" {
				continue
			}
			t.Run(g.name+"/"+name, func(t *testing.T) {
				growth.Linear(t, g.n, func(n int) func() {
					path := write(t, "in.pcap", g.make(n))
					args := strings.Split(strings.Join(command, "\x00"), "\x00")
					for i := range args {
						if args[i] == "" {
							args[i] = path
						}
					}
					if args[0] == "extract" {
						args = append(args, g.args...)
					}
					return func() {
						if status, _, said := runPinyon(t, args...); status != 0 {
							t.Fatal(args, status, said)
						}
					}
				})
			})
		}
	}
}

#!/usr/bin/env python3
"""A capture of odd conversations for the witness: fuzz.py SEED OUT.pcap [FLOWS]

Segments that repeat, overlap, leave holes and fill them, numbers that wrap, clocks that step back, options cut and
doubled, ports used again, lengths that lie, fragments, extension headers, VLAN tags: what real captures show seldom.
"""
from __future__ import annotations

import random
import struct
import sys
from ipaddress import ip_address

from craft import ETHERNET, START, pcap

SYN, FIN, RST, PSH, ACK = 2, 1, 4, 8, 16


def ipv4(src, dst, proto, body, r, ttl, ident, tos=0, df=True, length=None, frag=0, options=b''):
    size = 20 + len(options) + len(body) if length is None else length
    head = struct.pack('>BBHHHBBH4s4s', 0x45 + len(options) // 4, tos, size, ident & 0xffff, frag or df << 14, ttl,
                       proto, 0, src, dst)
    return head + options + body


def ipv6(src, dst, proto, body, ttl, label, tclass, length=None, extension=b''):
    """An extension is a hop-by-hop header and what follows it."""
    size = len(extension) + len(body) if length is None else length
    first = 6 << 28 | tclass << 20 | label
    return struct.pack('>IHBB', first, size, 0 if extension else proto, ttl) + src + dst + extension + body


def ether(r, src, dst, kind, body, vlan=None, inner=None):
    tags = b''.join(struct.pack('>HH', t, v) for t, v in ((0x8100, vlan), (0x8100, inner)) if v is not None)
    frame = dst + src + tags + struct.pack('>H', kind) + body
    return frame + bytes(max(0, 60 - len(frame)))           # padding of the link, which is no payload


def tcp_options(r, syn, clock, echo):
    out = b''
    if syn:
        if r.random() < .85:
            out += struct.pack('>BBH', 2, 4, r.choice([1460, 1380, 536, 0]))
        if r.random() < .7:
            out += b'\x01' + bytes([3, 3, r.choice([0, 2, 7, 8, 14, 15, 200])])
        if r.random() < .6:
            out += b'\x04\x02'
        if r.random() < .1:
            out += bytes([30, 12, r.choice([0x00, 0x10, 0x20]), 0x81]) + bytes(8)
        if r.random() < .1:
            out += struct.pack('>BBH', 2, 4, 777)
    elif r.random() < .03:
        out += bytes([3, 3, 5]) + b'\x02\x04\x05\x00'       # void outside SYN
    if clock is not None and r.random() < .95:
        out += b'\x01\x01' + struct.pack('>BBII', 8, 10, clock % 2**32, echo % 2**32)
    if not syn and r.random() < .1:
        n = r.randint(1, 3)
        out += bytes([5, 2 + 8 * n]) + bytes(r.randrange(256) for _ in range(8 * n))
    if r.random() < .04:
        out += r.choice([b'\x00', b'\x02', b'\x05\x00', b'\x08\x0a\x01', b'\x02\x03\x05', b'\x1e\x02',
                         b'\x00\x02\x04\x05\xb4',
                         bytes([30, 4, 0x40, 0]), b'\xfd\x04\xaa\xbb', b'\x03\x03'])
    out = out[:40]
    return out + (b'\x01' if r.random() < .7 else b'\x00') * (-len(out) % 4)


class End:
    def __init__(self, r):
        self.isn = r.choice([r.randrange(2**32), 2**32 - r.randint(1, 4000), 0, 2**31 - 5])
        self.seq = self.isn
        self.sent = []
        self.window = r.choice([65535, 64240, 29200, 5840, 8192, 512, 65520])
        self.tick = r.choice([1, 10, 100, 250, 1000])
        self.clock0 = r.choice([0, 1, r.randrange(2**32), 2**32 - 50])
        self.stamps = r.random() < .7
        self.last_echo = 0
        self.ttl = r.choice([64, 63, 57, 128, 120, 255, 240, 1, 0])
        self.ident = r.randrange(65536)
        self.peer_ack = 0


def tcp_flow(r, put, now, v6):
    a, b = End(r), End(r)
    ends = [a, b]
    a.peer_ack, b.peer_ack = b.isn, a.isn
    plan = []
    if r.random() < .75:
        plan += [(0, 'syn'), (1, 'synack'), (0, 'ack')]
        if r.random() < .3:
            plan.insert(1, (0, 'syn'))
        if r.random() < .2:
            plan.insert(2, (1, 'synack'))
        if r.random() < .1:
            plan[1:1] = [(1, 'syn')]
        if r.random() < .1:
            plan = plan[1:]
    moves = ['data'] * 10 + ['ack'] * 5 + ['again', 'again', 'overlap', 'gap', 'back', 'alive', 'dupack', 'dupack',
                                          'zero', 'push', 'early', 'byte', 'odd']
    for _ in range(r.choice([0, 1, 2, 5, 20, 60])):
        plan.append((r.random() < .45, r.choice(moves)))
    if r.random() < .15:
        plan += [(0, 'gap')] * 70 + [(0, 'back')] * 80
    if r.random() < .6:
        plan += [(0, 'fin'), (1, 'ack'), (1, 'fin'), (0, 'ack')]
        if r.random() < .3:
            plan += [(1, 'fin'), (0, 'ack')]
    if r.random() < .25:
        plan.append((r.randint(0, 1), 'rst'))
    if r.random() < .15:
        plan.insert(r.randrange(len(plan) + 1), (r.randint(0, 1), 'newsyn'))
    if r.random() < .1:
        plan.insert(r.randrange(len(plan) + 1), (r.randint(0, 1), 'rst'))
    delayed = []
    for side, what in plan:
        side = int(side)
        me, other = ends[side], ends[1 - side]
        now += r.choice([0, 1000, 20_000, 300_000, 5_000_000, 49_999_000, 50_000_000, 50_001_000, 200_000_000,
                         1_000_000_000, 3_000_000_000]) if r.random() < .97 else -r.choice([1000, 400_000_000])
        seq, data, flags, ack = me.seq, b'', ACK, me.peer_ack
        if what == 'syn' or what == 'newsyn':
            if what == 'newsyn' and r.random() < .7:
                me.isn = r.randrange(2**32)
                me.sent = []
            seq, flags, ack = me.isn, SYN, 0
            data = bytes(r.randrange(256) for _ in range(r.choice([0] * 9 + [50])))
            me.seq = me.isn + 1 + len(data)
        elif what == 'synack':
            seq, flags, ack = me.isn, SYN | ACK, other.seq if r.random() < .9 else other.isn + 1
            me.seq = me.isn + 1
        elif what in ('data', 'push'):
            data = r.randbytes(r.choice([1, 5, 100, 536, 1448]))
            if r.random() < .3:
                data = b'GET / HTTP/1.1\r\n' * r.randint(1, 20)
            flags |= PSH if what == 'push' else 0
            ack = other.seq if r.random() < .6 else ack
        elif what == 'ack':
            ack = other.seq if r.random() < .8 else ack
        elif what == 'dupack':
            pass
        elif what == 'again' and me.sent:
            seq, data = r.choice(me.sent[-4:])
        elif what == 'overlap' and me.sent:
            seq, data = r.choice(me.sent[-3:])
            cut = r.randrange(len(data) + 1)
            seq, data = seq + cut, data[cut:] + r.randbytes(r.choice([0, 10, 700]))
        elif what == 'gap':
            seq += r.choice([1, 50, 1448, 3000])
            data = r.randbytes(r.choice([0, 1, 20, 100]))
        elif what == 'back':
            seq -= r.choice([1, 2, 30, 1448, 4000, 8000])
            data = r.randbytes(r.choice([1, 10, 50, 1000, 1448]))
        elif what == 'early':
            seq, data = me.isn - r.choice([0, 1, 40, 500]), r.randbytes(r.choice([1, 30, 600]))
        elif what == 'alive':
            seq, data = seq - 1, bytes(r.choice([0, 1]))
        elif what == 'byte':
            data = b'x'
        elif what == 'zero':
            me.window = 0 if me.window else 4096
        elif what == 'fin':
            flags |= FIN
            data = r.randbytes(r.choice([0, 0, 77]))
        elif what == 'rst':
            flags, seq = r.choice([RST, RST | ACK]), r.choice([seq, 0, seq + 5000])
            data = r.choice([b'', b'', b'reason'])
        elif what == 'odd':
            flags = r.choice([0, 0x29, 1, 3, 6, 0x1ff, 0x1d0, 0x50, ACK | 0x20])
        seq, ack = seq % 2**32, ack % 2**32
        if flags & ACK:
            me.peer_ack = ack
        if data and what != 'rst':
            me.sent.append((seq, data))
        end = seq + len(data) + bool(flags & SYN) + bool(flags & FIN)
        if what != 'rst' and (end - me.seq + 2**31) % 2**32 - 2**31 > 0:
            me.seq = end
        clock = me.clock0 + int(now / 1e9 * me.tick) if me.stamps else None
        options = tcp_options(r, bool(flags & SYN), clock, other.last_echo if r.random() < .9 else 0)
        if clock is not None:
            me.last_echo = clock
        if r.random() < .1:
            me.window = r.choice([0, 100, 501, 65535, me.window])
        offset = 5 + len(options) // 4
        if r.random() < .004:
            offset = r.choice([0, 4, 15])
        segment = struct.pack('>HHIIHHHH', *(put.ports if side == 0 else put.ports[::-1]), seq, ack,
                              offset << 12 | flags, me.window, 0, 0) + options + data
        if r.random() < .03:
            delayed.append((now, side, segment, me))
            continue
        put(now, side, 6, segment, me, v6)
        if delayed and r.random() < .5:
            put(delayed[0][0] if r.random() < .2 else now, *delayed[0][1:2], 6, *delayed.pop(0)[2:], v6)
    return now


def udp_flow(r, put, now, v6):
    ends = [End(r), End(r)]
    size = r.choice([0, 3, 100, 586 - 28, 1400])
    for _ in range(r.choice([1, 2, 2, 3, 10, 40])):
        now += r.choice([0, 50_000_000, 49_999_999, 1_000, 100_000_000])
        data = r.choice([bytes(size), r.randbytes(size), r.randbytes(r.randrange(300)), b'aAbB\n\t\r' * 9])
        length = 8 + len(data)
        if r.random() < .06:
            length = r.choice([0, 7, 8, 9, 60000, max(8, length - 5)])
        side = int(r.random() < .4)
        put(now, side, 17, struct.pack('>HHHH', *(put.ports if side == 0 else put.ports[::-1]), length, 0) + data,
            ends[side], v6)
    return now


def icmp_flow(r, put, now, v6):
    ends, seq = [End(r), End(r)], r.choice([0, 1, 65530, 300])
    types = [128, 129, 1, 3, 137, 2, 135] if v6 else [8, 0, 3, 11, 5, 13, 14, 4]
    for _ in range(r.choice([1, 2, 5, 20])):
        now += r.choice([0, 1_000_000_000, 100_000_000, 20_000])
        kind = r.choice(types[:2] * 4 + types)
        seq += r.choice([0, 1, 1, 1, 2, 7])
        body = struct.pack('>BBHHH', kind, r.choice([0, 0, 0, 1, 3]), 0, r.choice([7, 7, 7, 8]), seq % 65536)
        body = (body + r.randbytes(r.choice([0, 32, 56])))[:r.choice([1, 2, 4, 8] if r.random() < .05 else [99])]
        side = int(kind in types[1::2])
        put(now, side, 58 if v6 else 1, body, ends[side], v6)
    return now


def other_flow(r, put, now, v6):
    end = End(r)
    proto = r.choice([47, 50, 51, 2, 89, 4, 41, 132, 136, 33, 58, 1, 59])
    for _ in range(r.choice([1, 3])):
        now += 10_000_000
        put(now, int(r.random() < .3), proto, r.randbytes(r.choice([0, 2, 3, 4, 12, 60])), end, v6)
    return now


class Put:
    """Puts packets of one flow into the capture."""

    def __init__(self, r, frames, tcp):
        self.r, self.frames = r, frames
        self.ports = r.randrange(1, 65536), r.choice([443, 80, 9001, 51820, 1194, 500, 22, r.randrange(65536)])
        self.macs = [r.randbytes(5) + b'\x02',
                     r.choice([b'\xff' * 6, b'\x01\x00\x5e\x00\x00\x01', r.randbytes(6), r.randbytes(6)])]
        self.four = [ip_address(r.randrange(2**32)).packed for _ in range(2)]
        self.six = [ip_address(r.randrange(2**128)).packed for _ in range(2)]
        if r.random() < .05:
            self.four[1], self.six[1] = self.four[0], self.six[0]
            if r.random() < .5 and not tcp:
                self.ports = self.ports[:1] * 2
        self.vlan = r.choice([None] * 4 + [0, 5, 4000])
        self.roam = r.random() < .1
        self.df = r.random() < .8
        self.tos = r.choice([0, 0, 2, 0xb8])

    def __call__(self, now, side, proto, body, end, v6):
        r = self.r
        end.ident += r.choice([0, 1, 1, 1, 1, 2, 65535])
        ttl = end.ttl if r.random() < .95 else r.randrange(256)
        tos = self.tos if r.random() < .9 else r.randrange(256)
        smac, dmac = self.macs if side == 0 else self.macs[::-1]
        vlan, inner = self.vlan, None
        if self.roam:
            smac = r.choice([smac, bytes([2, 0, 0, 0, 0, r.randrange(100)])])
            vlan, inner = r.choice([(vlan, None), (r.randrange(4096), None), (9, 10)])
        if v6:
            src, dst = (self.six if side == 0 else self.six[::-1])
            label = r.choice([0x12345 + side] * 9 + [r.randrange(2**20)])
            extension, length = b'', None
            if r.random() < .1:
                extension = bytes([proto, 0, 1, 4, 0, 0, 0, 0])
                if r.random() < .3:
                    extension = bytes([43, 0, 1, 4, 0, 0, 0, 0]) + bytes([proto, 0, 4, 0, 0, 0, 0, 0])
                elif r.random() < .3:
                    extension = bytes([44, 0, 1, 4, 0, 0, 0, 0]) + struct.pack('>BBHI', proto, 0, 0, 77)   # atomic
            if r.random() < .01:
                length = 0
            packets = [ipv6(src, dst, proto, body, ttl, label, tos, length, extension)]
            kind = 0x86dd
        else:
            src, dst = (self.four if side == 0 else self.four[::-1])
            kind = 0x800
            options = r.choice([b''] * 20 + [b'\x94\x04\x00\x00'])
            if len(body) > 64 and r.random() < .03:
                cut = 8 * r.randint(1, len(body) // 8 - 1)
                packets = [ipv4(src, dst, proto, body[:cut], r, ttl, end.ident, tos, False, frag=0x2000),
                           ipv4(src, dst, proto, body[cut:], r, ttl, end.ident, tos, False, frag=cut // 8)]
                if r.random() < .2:
                    packets.reverse()
            else:
                length = r.choice([0, 20 + len(options) + len(body) + 40]) if r.random() < .01 else None
                packets = [ipv4(src, dst, proto, body, r, ttl, end.ident, tos, self.df, length, options=options)]
        for packet in packets:
            frame = ether(r, smac, dmac, kind, packet, vlan, inner)
            caplen = len(frame) if r.random() < .97 else min(len(frame), r.randint(30, 120))
            self.frames.append((now, frame[:caplen], len(frame)))


def main():
    out, flows = sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 60
    r = random.Random(int(sys.argv[1]))
    frames, now = [], START + 123_456_789
    for _ in range(flows):
        make = r.choice([tcp_flow] * 6 + [udp_flow, icmp_flow, other_flow])
        own = []
        make(r, Put(r, own, make is tcp_flow), now, r.random() < .3)
        frames += own
        now += r.choice([0, 1_000_000, 400_000_000])
    frames.sort(key=lambda x: x[0] // 2_000_000_000)       # flows interleave; steps back within a flow stay
    pcap(out, frames, ETHERNET)


if __name__ == '__main__':
    main()

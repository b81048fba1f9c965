#!/usr/bin/env python3
"""A capture of DNS and HTTP/2 conversations, whole and broken: msgfuzz.py SEED OUT.pcap"""
from __future__ import annotations

import random
import struct
import sys

from craft import START, ipv4, pcap, tcp, udp

r = random.Random()
frames: list[tuple] = []          # (time, bytes, length on the wire)


def put(src, dst, proto, body, cut=0):
    now = frames[-1][0] if frames else START
    packet = ipv4(src, dst, proto, body)
    frames.append((now + r.choice([1000, 1_000_000]), packet[:len(packet) - cut], len(packet)))


def name(known, base):
    """Wire form of a name; sometimes a pointer, good or bad."""
    out = b''
    for _ in range(r.choice([0, 1, 2, 3, 3])):
        label = r.choice([b'www', b'Example', b'com', b'a.b', b'\x00\xff', b'x' * 63, r.randbytes(4), b'back\\'])
        out += bytes([len(label)]) + label
    roll = r.random()
    if roll < .3 and known:
        return out + struct.pack('>H', 0xc000 | r.choice(known))
    if roll < .33:
        return out + struct.pack('>H', 0xc000 | (base + len(out)))         # points at itself
    if roll < .35:
        return out + b'\x40'
    return out + b'\0'


def message(response, ident, question=None):
    counts = [r.choice([1, 1, 1, 1, 0, 2, 17]), 0, 0, 0]
    if response:
        counts[1:] = [r.choice([0, 1, 3]), r.choice([0, 0, 1]), r.choice([0, 1])]
    elif r.random() < .4:
        counts[3] = 1
    flags = response << 15 | r.choice([0, 0, 0, 1, 3, 4, 5, 6]) << 11 | r.choice([0, 0, 0, 4]) << 8
    flags |= r.choice([0, 1]) << 8 | r.choice([0, 0x80]) | r.choice([0, 0, 3, 2, 11, 12])
    if r.random() < .05:
        flags |= 0x200
    out = struct.pack('>HHHHHH', ident, flags, *counts)
    known = []
    for i in range(counts[0]):
        known.append(len(out))
        if i == 0 and question and r.random() < .9:
            out += question
            continue
        out += name(known[:-1], len(out)) + struct.pack('>HH', r.choice([1, 28, 5, 65, 999, 255]), r.choice([1, 1, 1, 3]))
    for section in (1, 2, 3):
        for _ in range(counts[section]):
            if section == 3 and r.random() < .7:
                out += b'\0' + struct.pack('>HHIH', 41, 1232, r.choice([0, 1 << 24, 1 << 15]), 4) + b'\0\x08\0\0'
                continue
            data = r.randbytes(r.choice([4, 16, 0]))
            ttl = r.choice([0, 60, 300, 2**31, 2**32 - 1])
            out += name(known, len(out)) + struct.pack('>HHIH', 1, 1, ttl, len(data)) + data
    if r.random() < .05:
        out = out[:r.randrange(len(out))]
    if r.random() < .05:
        out += b'tail'
    return out


def stream(a, b, ports, parts):
    """A TCP conversation: parts are (from the client, bytes)."""
    seq = [r.randrange(2**32), r.randrange(2**32)]

    def seg(way, flags, data):
        put(*((a, b) if way else (b, a)), 6, tcp(*(ports if way else ports[::-1]), seq[way],
                                                 seq[not way] if flags & 16 else 0, flags, data))

    if r.random() < .9:
        seg(1, 2, b'')
        seq[1] += 1
        seg(0, 18, b'')
        seq[0] += 1
        seg(1, 16, b'')
    for way, data in parts:
        pieces = []
        while data:
            n = r.choice([1, 7, 20, 500, 1448])
            pieces.append((seq[way], data[:n]))
            seq[way] += len(data[:n])
            data = data[n:]
        if r.random() < .2 and len(pieces) > 1:
            i = r.randrange(len(pieces) - 1)
            pieces[i], pieces[i + 1] = pieces[i + 1], pieces[i]
        if r.random() < .1 and pieces:
            pieces.insert(0, pieces[-1])
        if r.random() < .04 and pieces:
            del pieces[r.randrange(len(pieces))]
        end = seq[way]
        for at, piece in pieces:
            seq[way] = at
            seg(way, 24, piece)
        seq[way] = end


def dns():
    a, b = r.randbytes(4), r.randbytes(4)
    port = r.choice([53, 53, 53, 5353, 5355, 54])
    tcp = r.random() < .3
    parts = []
    for _ in range(r.choice([1, 1, 2, 4])):
        ident = r.choice([7, 7, 9])
        question = name([], 12) + struct.pack('>HH', r.choice([1, 28, 16]), 1)
        for response in r.choice([[0], [0, 1], [0, 1], [1], [1, 0], [0, 0, 1, 1]]):
            upper = question.swapcase() if response and r.random() < .2 else question
            way = 1 - response if r.random() < .95 else response
            parts.append((way, message(response, r.choice([ident] * 9 + [1]), upper)))
    ports = (r.choice([port, 40000 + r.randrange(9999)]), port)
    if tcp:
        stream(a, b, ports, [(w, struct.pack('>H', len(m)) + m) for w, m in parts])
    else:
        for w, m in parts:
            put(*((a, b) if w else (b, a)), 17, udp(*(ports if w else ports[::-1]), m),
                r.choice([0] * 20 + [min(len(m), 5)]))


def frame(kind, flags, stream_id, body):
    return struct.pack('>I', len(body))[1:] + bytes([kind, flags]) + struct.pack('>I', stream_id) + body


def settings():
    return frame(4, 0, 0, r.choice([b'', struct.pack('>HI', 5, r.choice([16384, 40000])), struct.pack('>HI', 3, 9)]))


PREFACE = b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
UPGRADE = (b'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n'
           b'HTTP2-Settings: AAMAAABk\r\n\r\n')
SWITCH = b'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n'


def http2():
    a, b = r.randbytes(4), r.randbytes(4)
    client = settings() if r.random() < .95 else b''
    server = settings() if r.random() < .95 else frame(6, 0, 0, bytes(8))
    parts = []
    for _ in range(r.choice([1, 3, 10])):
        i = r.choice([1, 3, 5, 7])
        kind = r.choice([0, 0, 1, 1, 2, 3, 4, 6, 7, 8, 8, 9, 5, 0x10, 0x20, 0xa])
        sid = 0 if kind in (4, 6, 7) or kind == 8 and r.random() < .5 else i
        if r.random() < .03:
            sid = 0 if sid else 9
        size = r.choice([0, 5, 100, 2000] + [20000] * (r.random() < .1))
        body, flags = {4: (b'', 1), 6: (bytes(8), 0), 8: (struct.pack('>I', 99), 0)}.get(
            kind, (r.randbytes(size), r.choice([0, 4, 8])))
        if kind == 5:
            body = (bytes([1]) if flags & 8 else b'') + struct.pack('>I', r.choice([2, 4])) + b'xx'
        way = r.randint(0, 1)
        parts.append((way, frame(kind, flags, sid | r.choice([0, 0, 1 << 31]), body)))
    roll = r.random()
    head = [(1, PREFACE + client), (0, server)]
    if roll < .2:
        head = [(1, UPGRADE), (0, SWITCH + server), (1, PREFACE + client)]
    elif roll < .25:
        head = [(1, PREFACE[:20] + b'XX\r\n' + client), (0, server)]
    elif roll < .3:
        head, parts = [(0, server)], [(0, p) for _, p in parts]
    stream(a, b, (40000 + r.randrange(9999), r.choice([80, 8080, 443, 50051])), head + parts)


def main():
    r.seed(int(sys.argv[1]))
    for _ in range(60):
        r.choice([dns, dns, http2])()
    pcap(sys.argv[2], frames)


if __name__ == '__main__':
    main()

#!/usr/bin/env python3
"""Captures that reach the bounds of what a flow remembers: caps.py DIRECTORY"""
from __future__ import annotations

import random
import struct
import sys

from craft import ETHERNET, START, ethernet, ipv6, pcap, segment, stamp, udp


def echoes(r: random.Random) -> list[bytes]:
    """3000 data segments, then ACKs of some of their ends with echoes of some of their stamps."""
    frames = [segment(True, 0, 0, 2, options=stamp(1, 0)), segment(False, 0, 1, 18, options=stamp(9, 1)),
              segment(True, 1, 1, 16, options=stamp(2, 9))]
    frames += [segment(True, 1 + 10 * i, 1, 16, b'x' * 10, stamp(100 + i, 9)) for i in range(3000)]
    frames += [segment(False, 1, 11 + 10 * i, 16, options=stamp(50 + i, 100 + i - r.choice([0, 0, 3])))
               for i in sorted(r.sample(range(3000), 300))]
    return frames


def holes(r: random.Random) -> list[bytes]:
    """1500 holes and their filling, in random order."""
    frames = [segment(True, 0, 0, 2), segment(False, 0, 1, 18), segment(True, 1, 1, 16)]
    frames += [segment(True, 1 + 100 * i, 1, 16, b'y' * 50) for i in range(1500)]
    return frames + [segment(True, 51 + 100 * i, 1, 16, b'z' * 50) for i in r.sample(range(1500), 1500)]


def many() -> list[bytes]:
    """Many stations, VLANs, flow labels, lengths and hop limits."""
    frames = []
    for i in range(3000):
        body = udp(5000, 6000, bytes(i % 1200))
        packet = struct.pack('>IHBB', 6 << 28 | (i % 7) << 20 | (i * 37) % 1500, len(body), 17, i % 256)
        packet += ipv6(b'\1' * 16, b'\2' * 16, 17, body)[8:]
        frames.append(ethernet(packet, 0x86dd, struct.pack('>IH', 2, i % 90), struct.pack('>HHH', 1, 2, 3), i % 80))
    return frames


def main() -> None:
    r, out = random.Random(5), sys.argv[1]
    pcap(f'{out}/rtt.pcap', [(START + i * 7_000_000, x) for i, x in enumerate(echoes(r))])
    pcap(f'{out}/holes.pcap', [(START + i * 1_000_000, x) for i, x in enumerate(holes(r))])
    pcap(f'{out}/many.pcap', [(START + i * 1_000_000, x) for i, x in enumerate(many())], ETHERNET)


if __name__ == '__main__':
    main()

#!/usr/bin/env python3
"""A capture of many hosts for the group connection: graphfuzz.py SEED OUT.pcap"""
from __future__ import annotations

import random
import sys
from ipaddress import ip_address

from craft import START, ipv4, ipv6, pcap, udp


def main() -> None:
    r = random.Random(int(sys.argv[1]))
    hosts = r.choice([2, 3, 5, 12, 30, 60])
    four = [ip_address(r.randrange(2**32)).packed for _ in range(hosts)]
    six = [ip_address(r.randrange(2**128)).packed for _ in range(r.choice([0, 0, 8]))]
    clusters = [r.sample(four, min(len(four), r.randint(2, 8))) for _ in range(r.randint(1, 6))]
    now, frames = START, []
    for _ in range(r.choice([3, 10, 50, 150])):
        pool = six if six and r.random() < .2 else r.choice(clusters) if r.random() < .8 else four
        a, b = r.choice(pool), r.choice(pool)
        now += r.choice([0, 1000, 100_000_000, 999_999_999, 1_000_000_000])
        ports = r.choice([1000, 1001, 2000 + r.randrange(500)]), r.choice([53, 80, 443, r.randrange(1, 60000)])
        for i in range(r.choice([1, 1, 2, 5])):
            src, dst, numbers = (a, b, ports) if r.random() < .6 or not i else (b, a, ports[::-1])
            body = udp(*numbers, bytes(r.randrange(80)))
            packet = ipv4(src, dst, 17, body) if len(a) == 4 else ipv6(src, dst, 17, body)
            frames.append((now + i * 1_000_000, packet))
    pcap(sys.argv[2], sorted(frames, key=lambda x: x[0]))


if __name__ == '__main__':
    main()

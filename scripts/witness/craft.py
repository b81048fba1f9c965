"""Small captures made by hand: headers from values, frames into a pcap file with nanosecond times."""
from __future__ import annotations

import struct
from collections.abc import Iterable

ETHERNET, RAW = 1, 101
START = 1_700_000_000 * 10**9
CLIENT, SERVER = bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])


def pcap(path: str, frames: Iterable[tuple], link: int = RAW) -> None:
    """frames are (time in ns, bytes), or (time, bytes, length on the wire)."""
    with open(path, 'wb') as file:
        file.write(struct.pack('<IHHiIII', 0xa1b23c4d, 2, 4, 0, 0, 262144, link))
        for t, frame, *wire in frames:
            file.write(struct.pack('<IIII', t // 10**9, t % 10**9, len(frame), *wire or [len(frame)]) + frame)


def ipv4(src: bytes, dst: bytes, proto: int, body: bytes, ttl: int = 64, ident: int = 0, fragment: int = 0,
         length: int | None = None) -> bytes:
    """fragment is flags and offset as they stand in the header."""
    size = 20 + len(body) if length is None else length
    return struct.pack('>BBHHHBBH4s4s', 0x45, 0, size, ident, fragment, ttl, proto, 0, src, dst) + body


def ipv6(src: bytes, dst: bytes, first: int, body: bytes, label: int = 0) -> bytes:
    return struct.pack('>IHBB', 6 << 28 | label, len(body), first, 64) + src + dst + body


def udp(sport: int, dport: int, data: bytes, length: int | None = None) -> bytes:
    return struct.pack('>HHHH', sport, dport, 8 + len(data) if length is None else length, 0) + data


def tcp(sport: int, dport: int, seq: int, ack: int, flags: int, data: bytes = b'', options: bytes = b'',
        window: int = 64240) -> bytes:
    options += bytes(-len(options) % 4)
    return struct.pack('>HHIIHHHH', sport, dport, seq % 2**32, ack % 2**32, (5 + len(options) // 4) << 12 | flags, window,
                       0, 0) + options + data


def segment(fwd: bool, seq: int, ack: int, flags: int, data: bytes = b'', options: bytes = b'', window: int = 64240,
            ports: tuple[int, int] = (40000, 80)) -> bytes:
    """An IPv4 packet between CLIENT (fwd) and SERVER."""
    ends, numbers = ((CLIENT, SERVER), ports) if fwd else ((SERVER, CLIENT), ports[::-1])
    return ipv4(*ends, 6, tcp(*numbers, seq, ack, flags, data, options, window))


def stamp(value: int, echo: int) -> bytes:
    """The timestamp option, aligned."""
    return b'\1\1' + struct.pack('>BBII', 8, 10, value % 2**32, echo % 2**32)


def ethernet(body: bytes, kind: int = 0x0800, src: bytes = b'\2\0\0\0\0\1', dst: bytes = b'\2\0\0\0\0\2',
             vlan: int | None = None) -> bytes:
    tag = b'' if vlan is None else struct.pack('>HH', 0x8100, vlan)
    return dst + src + tag + struct.pack('>H', kind) + body

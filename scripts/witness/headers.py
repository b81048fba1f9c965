"""IP, TCP, UDP and ICMP headers read from bytes, after RFC 791, 8200, 4302, 9293, 768, 792 and 4443.

docs/deviations.md and the rules of lengths there say what Pinyon promises; nothing of Pinyon is used.
"""
from __future__ import annotations

import struct
from dataclasses import dataclass, field
from ipaddress import ip_address

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR, AE = (1 << i for i in range(9))
TCP, UDP, ICMP, ICMP6 = 6, 17, 1, 58
PORTS = {6, 17, 33, 132, 136}                 # TCP, UDP, DCCP, SCTP, UDP-Lite
EXTENSIONS = {0, 43, 60, 135, 139, 140}       # IPv6 headers whose length byte counts 8 bytes beyond the first 8
FRAGMENT, ESP, AH, NO_NEXT = 44, 50, 51, 59
MOST_HEADERS = 16


@dataclass
class Packet:
    number: int                   # of the record, from 1
    ts: int                       # ns since 1970
    wirelen: int
    caplen: int
    smac: str | None = None
    dmac: str | None = None
    eth_type: int | None = None
    vlan: int | None = None       # of the outermost tag
    sll_type: int | None = None   # packet type of a cooked header: 1 broadcast, 2 multicast
    version: int = 0
    src: str = ''
    dst: str = ''
    proto: int = 0
    total_len: int = 0
    payload_len: int = 0
    payload: bytes = b''
    ttl: int = 0
    tos: int | None = None
    ip_id: int | None = None
    ip_flags: int | None = None
    flow_label: int | None = None
    tclass: int | None = None
    spi: int | None = None        # of ESP
    frag_off: int | None = None   # of a fragment: 0 is the first
    frag_key: tuple | None = None
    sport: int = 0
    dport: int = 0
    flags: int | None = None      # None: no TCP header was read
    seq: int | None = None
    ack: int | None = None
    window: int | None = None
    mss: int | None = None
    wscale: int | None = None
    sack_permitted: bool = False
    sack_blocks: int = 0
    tsval: int | None = None
    tsecr: int | None = None
    mptcp: list = field(default_factory=list)   # subtypes of option 30; None for one without
    kinds: list = field(default_factory=list)   # of all options; none behind an end of list
    ends: int = 0                 # bytes of the list's end: the option itself and those of value 0 behind it
    icmp_type: int | None = None
    icmp_code: int | None = None
    icmp_id: int | None = None
    icmp_seq: int | None = None
    ah: bool = False              # an Authentication Header was passed
    clock: int = 0                # reading of the capture clock
    # A flow sets these when the packet joins it.
    fwd: bool = True
    t: int = 0                    # flow time: never less than that of the packet before


def read_ip(p: Packet, raw: bytes, at: int, enclosing: int | None) -> bool:
    """Read the packet whose IP header begins at a position of the frame; false if there is none.

    enclosing is where the shortest of the headers around it says that its content ends (PPPoE, IP and UDP around a
    tunnel); None if none says so. Payload does not go beyond it; the IP bytes are what the header says.
    """
    ip = raw[at:]
    if len(ip) >= 20 and ip[0] >> 4 == 4:
        length, p.ip_id, fragment = struct.unpack('>HHH', ip[2:8])
        header = (ip[0] & 15) * 4
        if header < 20 or 0 < length < header:
            return False
        p.version, p.tos, p.ttl, p.proto, p.ip_flags = 4, ip[1], ip[8], ip[9], fragment >> 13
        p.src, p.dst = str(ip_address(ip[12:16])), str(ip_address(ip[16:20]))
        p.total_len = length or p.wirelen - at
        if fragment & 0x3fff:
            p.frag_off = (fragment & 0x1fff) * 8
            p.frag_key = p.src, p.dst, p.proto, p.ip_id
        whole = True
        if not p.frag_off:
            header, whole, _ = _extensions(p, ip, header)
    elif len(ip) >= 40 and ip[0] >> 4 == 6:
        first, length, p.proto, p.ttl = struct.unpack('>IHBB', ip[:8])
        p.version, p.tclass, p.flow_label = 6, first >> 20 & 255, first & 0xfffff
        p.src, p.dst = str(ip_address(ip[8:24])), str(ip_address(ip[24:40]))
        header, whole, jumbo = _extensions(p, ip[:40 + length] if length else ip, 40)   # none lies behind the packet
        if length:
            p.total_len = length + 40
        elif jumbo:
            p.total_len = jumbo + 40
        else:                                   # an offloaded segment, or really nothing behind the header
            p.total_len = 40 if ip[6] in (NO_NEXT, ICMP6) else p.wirelen - at
    else:
        return False
    end = p.total_len if enclosing is None else min(p.total_len, max(0, enclosing - at))
    p.payload_len = max(0, end - header)
    if whole and not p.frag_off:
        _transport(p, ip[header:min(len(ip), end)] if end >= header else b'')
    return True


def _extensions(p: Packet, ip: bytes, at: int) -> tuple[int, bool, int | None]:
    """Length of the IP header with what is walked behind it, whether all was captured, and the jumbo length."""
    jumbo = None
    for _ in range(MOST_HEADERS):
        kind = p.proto
        if kind == AH:
            size = (ip[at + 1] + 2) * 4 if at + 2 <= len(ip) else 12
        elif p.version == 4:
            return at, True, None
        elif kind == FRAGMENT:
            size = 8
        elif kind in EXTENSIONS:
            size = (ip[at + 1] + 1) * 8 if at + 2 <= len(ip) else 8
        else:
            return at, True, jumbo
        if at + size > len(ip):
            return at, False, jumbo
        body = ip[at:at + size]
        p.proto, p.ah = body[0], p.ah or kind == AH
        if kind == 0 and at == 40:              # only the first header may be hop-by-hop (RFC 8200 section 4.1)
            jumbo = _jumbo(body) or jumbo
        if kind == FRAGMENT:
            offset, ident = struct.unpack('>HI', body[2:8])
            if offset & 0xfff9:                 # offset or M; neither is an atomic fragment, which is none
                p.frag_off, p.frag_key = offset & 0xfff8, (p.src, p.dst, ident)
                if p.frag_off:
                    return at + size, True, jumbo
        at += size
    return at, False, jumbo


def _jumbo(body: bytes) -> int | None:
    at = 2
    while at + 1 < len(body):
        if body[at] == 0:
            at += 1
            continue
        if body[at] == 0xc2 and body[at + 1] == 4 and at + 6 <= len(body):
            return struct.unpack('>I', body[at + 2:at + 6])[0]
        at += 2 + body[at + 1]
    return None


def _transport(p: Packet, data: bytes) -> None:
    """data is what was captured of the bytes behind the IP header, padding of the link cut off."""
    space = p.payload_len
    if p.proto in PORTS and len(data) >= 4:
        p.sport, p.dport = struct.unpack('>HH', data[:4])
    if p.proto == TCP:
        offset = (data[12] >> 4) * 4 if len(data) > 12 else 20
        p.payload_len = space - offset if 20 <= offset <= space else 0
        if len(data) >= 20 <= offset <= space:
            p.seq, p.ack, control, p.window = struct.unpack('>IIHH', data[4:16])
            p.flags = control & 0x1ff
            _options(p, data[20:offset])
            p.payload = data[offset:]
    elif p.proto == UDP:
        p.payload_len = max(0, space - 8)
        if len(data) >= 8:
            length = struct.unpack('>H', data[4:6])[0]
            if 8 <= length <= space:
                p.payload_len = length - 8
            p.payload = data[8:8 + p.payload_len]
    elif p.proto == 136:
        p.payload_len = max(0, space - 8)
    elif p.proto == ESP and len(data) >= 4:
        p.spi = struct.unpack('>I', data[:4])[0]
    elif p.proto == ICMP and p.version == 4 or p.proto == ICMP6 and p.version == 6:
        p.payload_len = max(0, space - 8)
        if len(data) >= 2:
            p.icmp_type, p.icmp_code = data[:2]
            if len(data) >= 8 and p.icmp_type in ((0, 8, *range(13, 19)) if p.version == 4 else (128, 129)):
                p.icmp_id, p.icmp_seq = struct.unpack('>HH', data[4:8])


def _options(p: Packet, area: bytes) -> None:
    at = 0
    while at < len(area):
        kind = area[at]
        if kind < 2:
            p.kinds.append(kind)
            if kind == 0:
                p.ends = next((i for i, b in enumerate(area[at:]) if b), len(area) - at)
                return
            at += 1
            continue
        if at + 1 >= len(area) or area[at + 1] < 2 or at + area[at + 1] > len(area):
            return
        body = area[at + 2:at + area[at + 1]]
        at += area[at + 1]
        p.kinds.append(kind)
        if kind == 2 and len(body) == 2:
            p.mss = int.from_bytes(body, 'big')
        elif kind == 3 and len(body) == 1:
            p.wscale = body[0]
        elif kind == 4 and not body:
            p.sack_permitted = True
        elif kind == 5:
            p.sack_blocks += len(body) // 8
        elif kind == 8 and len(body) == 8:
            p.tsval, p.tsecr = struct.unpack('>II', body)
        elif kind == 30:
            p.mptcp.append(body[0] >> 4 if body else None)

"""Packets of a capture as the witness sees them.

tshark reads the file, numbers the records, gives their times and finds the IP headers behind whatever link layer and
tunnels there are; from the IP header on headers.py reads the bytes.
"""
from __future__ import annotations

import itertools
import json
import re
import struct
import subprocess
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import dataclass, field

from headers import ICMP, ICMP6, TCP, UDP, Packet, read_ip

S = 10**9
FRAGMENT_TIME = 30 * S

TSHARK = ['tshark', '-n', '-o', 'ip.defragment:FALSE', '-o', 'ipv6.defragment:FALSE',
          '-o', 'tcp.desegment_tcp_streams:FALSE', '-o', 'tcp.analyze_sequence_numbers:FALSE',
          '-o', 'tcp.relative_sequence_numbers:FALSE', '-o', 'ip.tso_support:FALSE',
          '-d', 'udp.port==8472,vxlan']
LINK = ['frame.time_epoch', 'frame.len', 'frame.cap_len', 'eth.src', 'eth.dst', 'eth.type', 'llc.type', 'vlan.id',
        'ieee8021ad.id', 'sll.src.eth', 'sll.etype', 'sll.gretype', 'sll.pkttype', 'wlan.sa', 'wlan.da', 'chdlc.protocol',
        'fr.chdlctype', 'fr.snaptype']
# What tshark says of the headers, held against what is read here.
HEADER = {'ip.len': 'total_len', 'ip.ttl': 'ttl', 'ip.id': 'ip_id', 'ipv6.hlim': 'ttl', 'ipv6.flow': 'flow_label',
          'tcp.seq_raw': 'seq', 'tcp.ack_raw': 'ack', 'tcp.flags': 'flags', 'tcp.window_size_value': 'window',
          'tcp.srcport': 'sport', 'udp.srcport': 'sport', 'tcp.len': 'payload_len', 'icmp.type': 'icmp_type',
          'icmpv6.type': 'icmp_type', 'tcp.options.mss_val': 'mss', 'tcp.options.wscale.shift': 'wscale',
          'tcp.options.timestamp.tsval': 'tsval', 'tcp.options.timestamp.tsecr': 'tsecr'}
# Layers that may lie between the outermost and the innermost IP header with `decap: inner`.
TUNNEL = {'ip', 'ipv6', 'gre', 'erspan', 'eth', 'vlan', 'ieee8021ah', 'ieee8021ad', 'mpls', 'pwethheuristic', 'pwethcw',
          'pwethnocw', 'ppp', 'pppoes', 'udp', 'vxlan', 'geneve', 'gtp', 'teredo', 'l2tp', 'capwap', 'capwap.data',
          'wlan', 'llc', 'nsh', 'ah', 'ipv6.hopopts', 'ipv6.routing', 'ipv6.dstopts', 'ipv6.fraghdr', 'chdlc', 'etag',
          'vntag', 'cfp', 'fp', 'prp'}
MOST_IP_HEADERS = 4


@dataclass
class Capture:
    packets: list[Packet]                     # records with an IP header
    now: int = 0                              # the capture clock at the last record
    doubts: list[tuple] = field(default_factory=list)   # headers that tshark reads otherwise


class Clock:
    """The capture clock in ns: never back, and a leap forward counts for no more than four timeouts."""

    def __init__(self, options: Namespace):
        self.timeout = round(options.timeout * S)
        self.leap = 4 * max(self.timeout, FRAGMENT_TIME, round(options.active_timeout * S),
                            round(options.tcp_close_delay * S))
        self.now = self.top = 0

    def tick(self, ts: int) -> int:
        if ts >= self.top:
            self.now += min(ts - self.top, self.leap)
            self.top = ts
        elif self.top - ts > self.timeout:
            self.top = ts
        return self.now


def read(path: str, options: Namespace) -> Capture:
    """Every IP packet of the capture, by its outermost IP header or, with `decap: inner`, by its innermost."""
    inner = options.decap == 'inner'
    layers = json.loads(_tshark(path, '-T', 'jsonraw', '-j', 'none') or '[]', object_pairs_hook=list)
    names = [*LINK, *HEADER]
    rows = _tshark(path, '-T', 'fields', '-E', 'occurrence=f', *(x for n in names for x in ('-e', n))).splitlines()
    capture, time, times = Capture([]), 0, []
    dumped: dict[int, bytes] = {}
    for number, (frame, row) in enumerate(zip(layers, rows, strict=True), 1):
        said = dict(zip(names, row.split('\t'), strict=True))
        if said['frame.time_epoch']:            # a record without time has that of the one before
            time = _ns(said['frame.time_epoch'])
        times.append(time)
        p = Packet(number, time, int(said['frame.len']), int(said['frame.cap_len']))
        stack = [(name[:-4], value) for name, value in dict(dict(frame)['_source'])['layers'] if _is_raw(name, value)]
        whole = next((value[0] for name, value in stack if name == 'frame'), '')
        if whole.startswith('field length'):    # tshark 4.0 gives the layers, but not the frame
            dumped = dumped or _hex_dump(path)
            raw = dumped[number]
        else:
            raw = bytes.fromhex(whole)
        found = _ip_headers(raw, [layer for layer in stack if layer[0] not in ('frame', 'pkt_comment')])
        if not found or not (p := _deepest(p, raw, found if inner else found[:1])):
            continue
        _link(p, said, found[0].below)
        capture.packets.append(p)
        if not inner and p.frag_off is None and p.caplen == p.wirelen and found[0].at + p.total_len <= p.wirelen:
            capture.doubts += _compare(p, said)
    capture.now = finish(capture.packets, times, options)
    return capture


def finish(packets: list[Packet], times: list[int], options: Namespace) -> int:
    """What depends on the records before: the capture clock, by the time of every record, and fragments. Returns the
    clock at the last record."""
    clock = Clock(options)
    readings = [clock.tick(time) for time in times]
    for p in packets:
        p.clock = readings[p.number - 1]
    _ports_of_fragments(packets, options.key_vlan)
    return clock.now


def _deepest(blank: Packet, raw: bytes, found: list[Header]) -> Packet | None:
    """The packet of the innermost header that can be read; a header that cannot leaves what is around it."""
    best = None
    for header in found:
        p = Packet(blank.number, blank.ts, blank.wirelen, blank.caplen)
        if header.at is None or not read_ip(p, raw, header.at, header.enclosing) or p.version != header.version:
            break
        best = p
        if p.frag_off:                          # no header lies in a later fragment
            break
    return best


def _compare(p: Packet, said: dict[str, str]) -> Iterator[tuple]:
    layers = {('ip', 'ipv6')[p.version == 6], {TCP: 'tcp', UDP: 'udp', ICMP: 'icmp', ICMP6: 'icmpv6'}.get(p.proto)}
    for name, field_name in HEADER.items():
        mine = getattr(p, field_name)
        if not said[name] or mine is None or name.split('.')[0] not in layers:
            continue
        theirs = int(said[name], 0) & (0x1ff if name == 'tcp.flags' else -1)       # not the reserved bits
        if theirs != mine and (name, theirs) != ('ip.len', 0):                      # 0: an offloaded segment
            yield p.number, name, theirs, mine


def _tshark(path: str, *arguments: str) -> str:
    done = subprocess.run([*TSHARK, '-r', path, *arguments], capture_output=True, text=True, errors='replace')
    if not done.stdout and done.returncode:
        raise OSError(done.stderr.strip())
    return done.stdout


def _ns(text: str) -> int:
    """tshark writes nine digits behind the point, or more where the record's field is beyond its range."""
    whole, _, part = text.partition('.')
    return int(whole) * S + int(part) * (-1 if whole.startswith('-') else 1)


@dataclass
class Header:
    at: int | None                # position in the frame; None where tshark took the bytes from elsewhere
    version: int
    below: list[str]              # layers in front of it
    enclosing: int | None         # where the headers around it say that their content ends


def _is_raw(name: str, value) -> bool:
    return name.endswith('_raw') and isinstance(value, list)


def _hex_dump(path: str) -> dict[int, bytes]:
    """Bytes of every frame, by number, as tshark dumps them; what it put together from several frames is left out."""
    frames: dict[int, bytes] = {}
    for number, block in enumerate(re.split(r'\n\n(?=0000  )', _tshark(path, '-x').strip('\n')), 1):
        lines = itertools.takewhile(lambda line: re.match('[0-9a-f]{4,}  ', line), block.splitlines())
        frames[number] = bytes.fromhex(''.join(line.split('  ')[1] for line in lines))
    return frames


def _ip_headers(raw: bytes, layers: list) -> list[Header]:
    """The IP headers of a frame from the outside inward."""
    below, found, ends = [], [], []
    for name, value in layers:
        lost = value[0].startswith('field length')
        head, at = b'' if lost else bytes.fromhex(value[0]), value[1]
        if found and name not in TUNNEL:                   # what ICMP quotes is no tunnel
            break
        there = not lost and raw[at:at + len(head)] == head
        if name in ('ip', 'ipv6'):
            if len(found) == MOST_IP_HEADERS:
                break
            found.append(Header(at if there else None, 4 if name == 'ip' else 6, list(below), min(ends, default=None)))
        if there:
            ends += _end(name, head, at)
        below.append(name)
    return found


def _end(name: str, head: bytes, at: int) -> list[int]:
    """Where a header says that its content ends, if it says so."""
    if name == 'pppoes' and len(head) >= 6:
        return [at + 6 + struct.unpack('>H', head[4:6])[0]]
    if name == 'udp' and len(head) >= 6 and (length := struct.unpack('>H', head[4:6])[0]) >= 8:
        return [at + length]
    if name == 'ip' and len(head) >= 20 and (length := struct.unpack('>H', head[2:4])[0]):
        return [] if head[6] & 0x3f or head[7] else [at + length]          # of a datagram in fragments more follows
    if name == 'l2tp' and len(head) >= 4 and head[0] & 0x40:
        return [at + struct.unpack('>H', head[2:4])[0]]
    if name == 'ipv6' and len(head) >= 40 and (length := struct.unpack('>H', head[4:6])[0]):
        return [at + 40 + length]
    if name in ('eth', 'vlan') and len(head) in (4, 14) and (length := struct.unpack('>H', head[-2:])[0]) <= 1500:
        return [at + len(head) + length]        # IEEE 802.3
    if name == 'gtp' and len(head) >= 8:
        return [at + 8 + struct.unpack('>H', head[2:4])[0]]
    return []


def _link(p: Packet, link: dict[str, str], below: list[str]) -> None:
    def number(name: str) -> int | None:
        return int(link[name], 0) if link[name] else None

    if 'eth' in below:
        p.smac, p.dmac = link['eth.src'] or None, link['eth.dst'] or None
        p.eth_type = number('eth.type') if number('eth.type') is not None else number('llc.type')
    elif 'sll' in below:
        p.smac, p.eth_type, p.sll_type = link['sll.src.eth'] or None, number('sll.etype'), number('sll.pkttype')
        if p.eth_type is None:  # of a GRE tunnel the field holds the type that GRE carries
            p.eth_type = number('sll.gretype')
    elif 'wlan' in below:
        p.smac, p.dmac, p.eth_type = link['wlan.sa'] or None, link['wlan.da'] or None, number('llc.type')
    elif 'chdlc' in below:
        p.eth_type = number('chdlc.protocol')
    elif 'fr' in below:
        p.eth_type = number('fr.chdlctype') if link['fr.chdlctype'] else number('fr.snaptype')
    tag = next((name for name in below if name in ('vlan', 'ieee8021ad')), None)
    if tag:
        p.vlan = number(f'{tag}.id')


def _ports_of_fragments(packets: list[Packet], key_vlan: bool) -> None:
    """A later fragment has the ports, and the protocol, of the first one of its datagram, if that came before it."""
    known: dict[tuple, tuple] = {}
    for p in packets:
        if p.frag_key is None:
            continue
        key = *p.frag_key, (p.vlan or 0) if key_vlan else None
        if p.frag_off == 0:
            known[key] = p.clock, p.sport, p.dport, p.proto
        elif key in known and p.clock - known[key][0] <= FRAGMENT_TIME:
            _, p.sport, p.dport, p.proto = known[key]

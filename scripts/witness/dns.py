"""The group dns and its columns in `extra`: every message over UDP and TCP, and the transaction that a row describes.

A name, a count or a code comes from the first query and from the response that belongs to it. On ports of DNS a message
counts if all that it counts is there; on other ports the first one has to have the shape that docs/deviations.md states.
"""
from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from scipy.stats import entropy as shannon

from arithmetic import none
from flow import Flow
from headers import TCP, UDP
from stream import BOUND, Stream

DNS_PORTS = (53, 5353, 5355)
NAMES = 4096                 # distinct names counted
OPCODES = (0, 1, 2, 4, 5, 6)   # QUERY, IQUERY, STATUS, NOTIFY, UPDATE, DSO
CLASSES = (1, 3, 4, 254, 255)
OPT, ANY, CNAME, IXFR, TSIG, SIG = 41, 255, 5, 251, 250, 24
TYPES = {1: 'A', 2: 'NS', 5: 'CNAME', 6: 'SOA', 10: 'NULL', 12: 'PTR', 13: 'HINFO', 15: 'MX', 16: 'TXT', 17: 'RP',
         18: 'AFSDB', 24: 'SIG', 25: 'KEY', 28: 'AAAA', 29: 'LOC', 33: 'SRV', 35: 'NAPTR', 36: 'KX', 37: 'CERT',
         39: 'DNAME', 41: 'OPT', 42: 'APL', 43: 'DS', 44: 'SSHFP', 45: 'IPSECKEY', 46: 'RRSIG', 47: 'NSEC',
         48: 'DNSKEY', 49: 'DHCID', 50: 'NSEC3', 51: 'NSEC3PARAM', 52: 'TLSA', 53: 'SMIMEA', 55: 'HIP', 59: 'CDS',
         60: 'CDNSKEY', 61: 'OPENPGPKEY', 62: 'CSYNC', 63: 'ZONEMD', 64: 'SVCB', 65: 'HTTPS', 99: 'SPF',
         108: 'EUI48', 109: 'EUI64', 249: 'TKEY', 250: 'TSIG', 251: 'IXFR', 252: 'AXFR', 253: 'MAILB', 254: 'MAILA',
         255: 'ANY', 256: 'URI', 257: 'CAA'}
CODES = {0: 'NOERROR', 1: 'FORMERR', 2: 'SERVFAIL', 3: 'NXDOMAIN', 4: 'NOTIMP', 5: 'REFUSED', 6: 'YXDOMAIN',
         7: 'YXRRSET', 8: 'NXRRSET', 9: 'NOTAUTH', 10: 'NOTZONE', 11: 'DSOTYPENI', 16: 'BADVERS', 17: 'BADKEY',
         18: 'BADTIME', 19: 'BADMODE', 20: 'BADNAME', 21: 'BADALG', 22: 'BADTRUNC', 23: 'BADCOOKIE'}


class Refused(ValueError):
    """The bytes are no message."""


@dataclass
class Question:
    labels: list[bytes]
    pointers: int
    kind: int
    klass: int

    def same(self, other: Question, mdns: bool) -> bool:
        mask = 0x7fff if mdns else 0xffff
        return (lower(self.labels), self.kind, self.klass & mask) == (lower(other.labels), other.kind, other.klass & mask)


@dataclass
class Record:
    labels: list[bytes]
    kind: int
    klass: int
    ttl: int
    data: bytes


class Message:
    """A DNS message. part says that the capture has not all of it: then what lies behind the cut is left out."""

    def __init__(self, data: bytes, part: bool, mdns: bool):
        if len(data) < 12:
            raise Refused
        self.data, self.fwd, self.t, self.wire = data, True, 0, len(data)
        self.id, self.flags, *self.counts = (int.from_bytes(data[i:i + 2], 'big') for i in range(0, 12, 2))
        self.response, self.truncated = bool(self.flags & 0x8000), bool(self.flags & 0x200)
        self.rd, self.ra, self.code, self.opcode = (
            bool(self.flags & 0x100), bool(self.flags & 0x80), self.flags & 15, self.flags >> 11 & 15)
        if self.opcode not in OPCODES or self.counts[0] > 16 and not mdns:
            raise Refused
        self.questions: list[Question] = []
        self.sections: list[list[Record]] = [[], [], []]
        self.opt: Record | None = None
        self.end, self.whole = 12, True
        self._read(part)
        if not part and not self.counts[0] and not any(self.sections) and len(data) > 12:
            raise Refused
        if self.opt:
            self.code += (self.opt.ttl >> 24) * 16

    def _read(self, part: bool) -> None:
        section = 0
        try:
            for section, count in enumerate(self.counts):
                for _ in range(count):
                    if section:
                        self._record(section)
                    else:
                        labels, pointers, at = self._name(self.end)
                        self.questions.append(Question(labels, pointers, *self._numbers(at, 'HH')))
                        self.end = at + 4
        except EOFError:
            self.whole = False
            cut_opt = section == 3 and self.questions and b'\0\0\x29'.startswith(self.data[self.end:self.end + 3])
            if not part and not cut_opt:
                raise Refused from None

    def _record(self, section: int) -> None:
        labels, _, at = self._name(self.end)
        kind, klass, ttl, size = self._numbers(at, 'HHIH')
        if at + 10 + size > len(self.data):
            raise EOFError
        record = Record(labels, kind, klass, ttl, self.data[at + 10:at + 10 + size])
        self.sections[section - 1].append(record)
        if section == 3 and kind == OPT and self.data[self.end] == 0 and not self.opt:
            self.opt = record
        self.end = at + 10 + size

    def _numbers(self, at: int, form: str) -> tuple[int, ...]:
        if at + struct.calcsize('>' + form) > len(self.data):
            raise EOFError
        return struct.unpack_from('>' + form, self.data, at)

    def _name(self, at: int) -> tuple[list[bytes], int, int]:
        """Labels of the name at a position, how many pointers it has, and the position behind it."""
        labels, size, pointers, behind, limit = [], 1, 0, None, at
        while True:
            if at >= len(self.data):
                raise EOFError
            n = self.data[at]
            if n >= 0xc0:
                if at + 1 >= len(self.data):
                    raise EOFError
                behind = behind or at + 2
                at = (n & 0x3f) << 8 | self.data[at + 1]
                if at >= limit:
                    raise Refused
                limit, pointers = at, pointers + 1
                continue
            if n > 63:
                raise Refused
            if n == 0:
                return labels, pointers, behind or at + 1
            if at + 1 + n > len(self.data):
                raise EOFError
            labels.append(self.data[at + 1:at + 1 + n])
            at, size = at + 1 + n, size + 1 + n
            if size > 255:
                raise Refused

    def has_shape(self) -> bool:
        """Whether it is DNS whatever the ports are."""
        code, op, query = self.flags & 15, self.opcode, not self.response
        if self.counts[0] != 1 or self.flags & 0x40 or op not in (0, 4, 5) or not self.questions:
            return False
        if query and (code or self.flags & 0x280 or op == 0 and (self.flags & 0x400 or self.counts[1])):
            return False
        q = self.questions[0]
        if q.klass not in CLASSES or q.kind not in TYPES or q.pointers or any(not printable(x) for x in q.labels):
            return False
        if q.labels and len(q.labels[0]) == 32 and all(0x41 <= b <= 0x50 for b in q.labels[0]):     # NetBIOS
            return False
        if query and op == 0 and self.counts[2] and q.kind != IXFR:
            return False
        known = all(r.klass in CLASSES or r.kind == OPT and not r.labels for section in self.sections for r in section)
        more = query and op == 0 and any(r.kind not in (TSIG, SIG, OPT) for r in self.sections[2])
        return known and not more and (not self.whole or self.end == len(self.data))


def printable(label: bytes) -> bool:
    return all(0x21 <= b <= 0x7e for b in label)


def lower(labels: list[bytes]) -> list[bytes]:
    return [label.lower() for label in labels]


def text(labels: list[bytes]) -> str:
    return '.'.join(''.join(map(escape, label.lower())) for label in labels) or '.'


def escape(byte: int) -> str:
    return '\\' + chr(byte) if byte in b'.\\' else chr(byte) if 0x21 <= byte <= 0x7e else f'\\{byte:03d}'


def carrier(f: Flow) -> tuple[str, bool]:
    """How messages would travel, and whether the ports are of DNS."""
    port = next((p for p in DNS_PORTS if p in (f.sport, f.dport)), None)
    plain = 'tcp' if f.proto == TCP else 'udp'
    return {53: plain, 5353: 'mdns', 5355: 'llmnr', None: plain}[port], port is not None


def bodies(f: Flow) -> list[tuple[int, int, bool, bytes, int, bool]]:
    """Time, order, direction, bytes, length as sent, and whether bytes are missing, of what may be messages."""
    if f.proto == UDP:
        return [(p.t, i, p.fwd, p.payload, max(p.payload_len, len(p.payload)),
                 len(p.payload) < p.payload_len or p.frag_off == 0) for i, p in enumerate(f.packets) if p.payload]
    found = []
    for way, side in ((True, f.fwd), (False, f.bwd)):
        stream, at = Stream([p for p in side if p.flags is not None]), 0
        data = stream.data[:BOUND]
        while at + 2 <= len(data) and at + 2 + int.from_bytes(data[at:at + 2], 'big') <= len(data):
            size = int.from_bytes(data[at:at + 2], 'big')
            end = at + 2 + size
            found.append((stream.brought[end - 1].t, stream.complete(end).number, way, data[at + 2:end], size, False))
            at += 2 + size
    return sorted(found, key=lambda b: b[1])


def dns_messages(f: Flow) -> Iterator[Message]:
    """Accepted messages in the order in which they were complete."""
    name, own = carrier(f)
    given_up = set()                            # directions of TCP that began with something else
    for t, _, way, data, wire, part in bodies(f):
        try:
            if way in given_up:
                raise Refused
            m = Message(data, part, name == 'mdns')
            if not own and not m.has_shape():
                raise Refused
        except Refused:
            if f.proto == TCP and not own:
                given_up.add(way)
            continue
        own = True
        m.fwd, m.t, m.wire = way, t, wire
        yield m


def answers(m: Message, query: Message, mdns: bool) -> bool:
    """Whether a response is one to this query. Ids say nothing in multicast DNS (RFC 6762 section 18.1)."""
    if m.fwd == query.fwd:
        return False
    if mdns and not m.questions:
        return not query.questions or any(
            lower(r.labels) == lower(q.labels) and (r.kind in (q.kind, CNAME) or q.kind == ANY)
            and (r.klass & 0x7fff == q.klass & 0x7fff or q.klass & 0x7fff == ANY)
            for r in m.sections[0] for q in query.questions[:16])
    if m.id != query.id and not (mdns and m.id == 0):
        return False
    return not m.questions or not query.questions or m.questions[0].same(query.questions[0], mdns)


def dns(f: Flow, _) -> dict:
    messages = list(dns_messages(f)) if f.proto in (TCP, UDP) else []
    name, _own = carrier(f)
    mdns = name == 'mdns'
    query = next((m for m in messages if not m.response), None)
    reply = next((m for m in messages if m.response and (query is None or answers(m, query, mdns))), None)
    record = query or reply
    asked = record.questions[0] if record and record.questions else None
    row = none('dns_query_name dns_query_type dns_query_type_str dns_response_code dns_response_code_str '
               'dns_answer_count dns_authority_count dns_additional_count dns_min_ttl dns_max_ttl')
    row |= {'dns_detected': bool(messages), 'dns_is_query': any(not m.response for m in messages),
            'dns_is_response': any(m.response for m in messages),
            'dns_truncated': any(m.response and m.truncated for m in messages),
            'dns_recursion_desired': bool(record) and record.rd,
            'dns_recursion_available': bool(reply) and reply.ra}
    if asked:
        row |= {'dns_query_name': text(asked.labels), 'dns_query_type': asked.kind,
                'dns_query_type_str': TYPES.get(asked.kind, f'TYPE{asked.kind}')}
    if reply:
        ttls = [0 if r.ttl >> 31 else r.ttl for r in reply.sections[0]]
        row |= {'dns_response_code': reply.code, 'dns_response_code_str': CODES.get(reply.code, f'RCODE{reply.code}'),
                'dns_answer_count': reply.counts[1], 'dns_authority_count': reply.counts[2],
                'dns_additional_count': reply.counts[3], 'dns_min_ttl': min(ttls, default=None),
                'dns_max_ttl': max(ttls, default=None)}
    absent = dict.fromkeys(MORE) | dict.fromkeys(FLAGS, False)
    return row | (more(messages, query, reply, name) if messages else absent)


MORE = ('dns_transport', 'dns_query_count', 'dns_response_count', 'dns_rtt_us', 'dns_opcode', 'dns_query_class',
        'dns_authoritative', 'dns_authenticated', 'dns_checking_disabled', 'dns_edns', 'dns_edns_udp_size', 'dns_edns_do',
        'dns_cname_count', 'dns_nxdomain_count', 'dns_error_count', 'dns_query_len', 'dns_response_len', 'dns_qname_len',
        'dns_qname_labels', 'dns_qname_max_label', 'dns_qname_entropy', 'dns_qname_digit_ratio', 'dns_distinct_qnames',
        'dns_0x20')
FLAGS = ('dns_authoritative', 'dns_authenticated', 'dns_checking_disabled', 'dns_edns', 'dns_edns_do', 'dns_0x20')


def name_shape(labels: list[bytes]) -> list[float]:
    """Length, labels, longest label, entropy and share of digits of a name that was asked for."""
    spelt = b''.join(labels)
    return [len(spelt), len(labels), max(map(len, labels), default=0),
            float(shannon(list(Counter(spelt.lower()).values()), base=2)) if spelt else 0.0,
            sum(b in b'0123456789' for b in spelt) / len(spelt) if spelt else 0.0]


def more(messages: list[Message], query: Message | None, reply: Message | None, name: str) -> dict:
    """The columns of `extra` that are numbers or flags."""
    mdns, record = name == 'mdns', query or reply
    asked = record.questions[0] if record.questions else None
    labels = asked.labels if asked else []
    spelt = b''.join(labels)
    responses = [m for m in messages if m.response]
    rtt = None
    if query and reply and messages.index(query) < messages.index(reply):
        copies = [m for m in messages[:messages.index(reply)] if not m.response and m.fwd == query.fwd
                  and (m.id == query.id or mdns) and len(m.questions[:1]) == len(query.questions[:1])
                  and all(a.same(b, mdns) for a, b in zip(m.questions[:1], query.questions[:1], strict=True))]
        rtt = max(0, reply.t - copies[-1].t) // 1000
    opt = query.opt if query else None
    return dict(zip(MORE, (
        name, len(messages) - len(responses), len(responses), rtt, record.opcode,
        (asked.klass & 0x7fff if mdns else asked.klass) if asked else None,
        bool(reply and reply.flags & 0x400), bool(reply and reply.flags & 0x20), bool(query and query.flags & 0x10),
        opt is not None, opt.klass if opt else None, bool(opt and opt.ttl & 0x8000),
        sum(r.kind == CNAME for r in reply.sections[0]) if reply else None,
        sum(m.code == 3 for m in responses), sum(m.code != 0 for m in responses),
        query.wire if query else None, reply.wire if reply else None, *(name_shape(labels) if asked else [None] * 5),
        min(NAMES, len({tuple(lower(q.labels)) for m in messages for q in m.questions})),
        bool(query) and any(b in range(97, 123) for b in spelt) and any(b in range(65, 91) for b in spelt)), strict=True))

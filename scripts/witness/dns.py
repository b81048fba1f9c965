"""The group dns: every message over UDP and TCP, and the transaction that a row describes.

A name, a count or a code comes from the first query and from the response that belongs to it.
"""
from __future__ import annotations

from collections.abc import Iterator

from arithmetic import none
from flow import Flow
from headers import TCP, UDP
from stream import BOUND, Stream

DNS_PORTS = {53, 5353, 5355}
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


class Message:
    """A DNS message; ValueError if it is none, EOFError inside where it ends too soon."""

    def __init__(self, data, fwd, cut, mdns):
        if len(data) < 12:
            raise ValueError
        self.data, self.fwd = data, fwd
        self.id, flags, *counts = (int.from_bytes(data[i:i + 2]) for i in range(0, 12, 2))
        self.response, self.truncated = bool(flags & 0x8000), bool(flags & 0x200)
        self.rd, self.ra, self.code = bool(flags & 0x100), bool(flags & 0x80), flags & 15
        if flags >> 11 & 15 not in (0, 1, 2, 4, 5, 6) or counts[0] > 16 and not mdns:
            raise ValueError
        self.counts, self.questions, self.ttls, at = counts, [], [], 12
        try:
            for section, count in enumerate(counts):
                for _ in range(count):
                    name, at = self._name(at)
                    at += 4 if section == 0 else 10
                    if at > len(data):
                        raise EOFError
                    if section == 0:
                        self.questions.append((name, *(int.from_bytes(data[i:i + 2]) for i in (at - 4, at - 2))))
                        continue
                    kind, ttl = int.from_bytes(data[at - 10:at - 8]), int.from_bytes(data[at - 6:at - 2])
                    at += int.from_bytes(data[at - 2:at])
                    if at > len(data):
                        raise EOFError
                    if section == 1:
                        self.ttls.append(0 if ttl >> 31 else ttl)
                    if section == 3 and kind == 41 and name == '.':
                        self.code = (ttl >> 24) * 16 + (flags & 15)
        except EOFError:
            if not self.truncated and not cut:
                raise ValueError from None

    def _name(self, at):
        """Name at a position, and the position behind it."""
        labels, size, behind, limit = [], 1, None, at
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
                    raise ValueError
                limit = at
                continue
            if n > 63:
                raise ValueError
            if n == 0:
                return '.'.join(labels) or '.', behind or at + 1
            if at + 1 + n > len(self.data):
                raise EOFError
            labels.append(''.join(escape(b) for b in self.data[at + 1:at + 1 + n].lower()))
            at, size = at + 1 + n, size + 1 + n
            if size > 255:
                raise ValueError


def escape(byte: int) -> str:
    return '\\' + chr(byte) if byte in b'.\\' else chr(byte) if 0x21 <= byte <= 0x7e else f'\\{byte:03d}'


def dns_messages(f: Flow) -> Iterator[Message]:
    """Accepted messages in capture order; of TCP those of one direction after those of the other."""
    mdns = 5353 in (f.sport, f.dport)
    if f.proto == UDP:
        bodies = [(p.payload, p.fwd, len(p.payload) < p.payload_len or p.frag_off == 0) for p in f.packets if p.payload]
    else:
        bodies = []
        for way, side in ((True, f.fwd), (False, f.bwd)):
            data, at = Stream([p for p in side if p.flags is not None]).data[:BOUND], 0
            while at + 2 <= len(data) and at + 2 + int.from_bytes(data[at:at + 2]) <= len(data):
                size = int.from_bytes(data[at:at + 2])
                bodies.append((data[at + 2:at + 2 + size], way, False))
                at += 2 + size
    for data, way, cut in bodies:
        try:
            yield Message(data, way, cut, mdns)
        except ValueError:
            pass


def dns(f: Flow, _) -> dict:
    messages = list(dns_messages(f)) if f.proto in (TCP, UDP) and {f.sport, f.dport} & DNS_PORTS else []
    query = next((m for m in messages if not m.response), None)

    def answers(m):
        if query is None:
            return True
        same = not m.questions or not query.questions or m.questions[0] == query.questions[0]
        return m.fwd != query.fwd and m.id == query.id and same

    reply = next((m for m in messages if m.response and answers(m)), None)
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
        row |= {'dns_query_name': asked[0], 'dns_query_type': asked[1],
                'dns_query_type_str': TYPES.get(asked[1], f'TYPE{asked[1]}')}
    if reply:
        row |= {'dns_response_code': reply.code, 'dns_response_code_str': CODES.get(reply.code, f'RCODE{reply.code}'),
                'dns_answer_count': reply.counts[1], 'dns_authority_count': reply.counts[2],
                'dns_additional_count': reply.counts[3], 'dns_min_ttl': min(reply.ttls, default=None),
                'dns_max_ttl': max(reply.ttls, default=None)}
    return row

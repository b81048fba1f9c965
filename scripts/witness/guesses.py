"""The group fingerprint: DNS over HTTPS anew, by what the row says of TLS, QUIC and HTTP; of VPNs and Tor, whose forms
are not read here, that the yes/no columns and traffic_type follow from the confidences.

The resolvers are those of internal/groups/resolvers.txt, read here by a rule of its own.
"""
from __future__ import annotations

import base64
import binascii
import re
from functools import cache
from ipaddress import ip_address
from pathlib import Path

from arithmetic import S
from flow import Flow

RESOLVERS = Path(__file__).parents[2] / 'internal' / 'groups' / 'resolvers.txt'
LIKELY = 0.5
DOT = 853                     # the port of DNS over TLS


@cache
def resolvers() -> tuple[frozenset, frozenset, frozenset]:
    """Names that stand for themselves and those below, names for those below alone, and addresses."""
    names, below, addresses = set(), set(), set()
    for line in RESOLVERS.read_text().splitlines():
        line = line.partition('#')[0].strip().lower()
        if not line:
            continue
        if is_address(line):
            addresses.add(ip_address(line))
        else:
            (below if line.startswith('.') else names).add(line.strip('.'))
    return frozenset(names), frozenset(below), frozenset(addresses)


def is_address(text: str) -> bool:
    try:
        ip_address(text.strip('[]'))
    except ValueError:
        return False
    return True


def is_resolver(name: str) -> bool:
    labels = name.lower().rstrip('.').split('.')
    names, below, _ = resolvers()
    parents = ['.'.join(labels[i:]) for i in range(len(labels))]
    return any(p in names for p in parents) or any(p in below for p in parents[1:])


def in_clear(row: dict) -> bool:
    """Whether HTTP/1 without TLS says that it carries DNS (RFC 8484)."""
    if not row.get('http_detected') or row.get('tls_detected') or row.get('http_version_req') == 'HTTP/2':
        return False
    if (row.get('http_content_type') or '').partition(';')[0].strip().lower() == 'application/dns-message':
        return True
    for value in re.findall(r'[?&]dns=([^&#]{16})', row.get('http_uri') or ''):
        try:
            head = base64.urlsafe_b64decode(value)
        except (binascii.Error, ValueError):
            continue
        if not head[2] >> 7 and head[4:6] == b'\0\1' and head[6:10] == bytes(4):
            return True
    return False


def is_web(f: Flow, row: dict) -> bool:
    """Whether TLS or QUIC may carry HTTP: protocols offered say so, and none are offered on another port than DoT's."""
    if row.get('quic_detected'):
        return any(p.startswith('h3') for p in (row.get('quic_alpn_offered') or '').split(','))
    if not row.get('tls_detected') or row.get('tls_transport') == 'dtls':
        return False
    offered = [p for p in (row.get('tls_alpn_offered') or '').split(',') if p]
    if not offered:
        return DOT not in (f.sport, f.dport)
    return any(p == 'h2' or p.startswith('http/1.') for p in offered)


def doh(f: Flow, row: dict) -> int:
    """Confidence in hundredths."""
    web = is_web(f, row)
    name = (row.get('quic_sni' if row.get('quic_detected') else 'tls_sni') or '') if web else ''
    span = f.end - f.start
    sure = 80 if in_clear(row) else 60 if name and is_resolver(name) else 0
    if not sure and web and (not name or is_address(name)) and ip_address(f.dst) in resolvers()[2]:
        sure = 50
    if sure:
        return min(100, sure + 10 * (span < S) + 10 * (f.n < 20))
    sent, back = sum(p.total_len for p in f.fwd), sum(p.total_len for p in f.bwd)
    few, many = len(f.fwd), len(f.bwd)
    if not web or f.n > 15 or few < 2 or many < 2 or abs(few - many) > 3 \
            or max(p.total_len for p in f.fwd) > 600 or sent > 2000 or back > 5000:
        return 0
    return 10 * (sent < 2 * back < 20 * sent) + 10 * (span < S // 2) + 10 * (few <= 6 and many <= 6)


def fingerprint(f: Flow, _, row: dict) -> dict:
    given = {kind: row[f'{kind}_confidence'] for kind in ('tor', 'vpn', 'doh') if f'{kind}_confidence' in row}
    if len(given) < 3:
        return {}
    value = {}
    if 'tls_alpn_offered' in row:               # without `extra` the row does not say what was offered
        value['doh_confidence'] = given['doh'] = doh(f, row) / 100
    value |= {f'likely_{kind}': confidence >= LIKELY for kind, confidence in given.items()}
    hidden = f.proto == 50 or any(row.get(c) for c in ('tls_detected', 'quic_detected', 'ssh_detected'))
    kind = row.get('vpn_type')
    return value | {'traffic_type': 'tor' if value['likely_tor'] else ('vpn:' + kind if kind else 'vpn')
                    if value['likely_vpn'] else 'doh' if value['likely_doh'] else 'encrypted' if hidden else 'unknown'}

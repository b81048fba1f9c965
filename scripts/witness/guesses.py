"""The group fingerprint: what kind of traffic a flow may be.

Findings of the TLS, QUIC, SSH and HTTP parsers are taken from the row; these are not witnessed. Without the columns of
`extra` only the columns for VPNs are.
"""
from __future__ import annotations

import base64
import ipaddress
import re
from functools import cache
from pathlib import Path

from arithmetic import S
from flow import Flow
from headers import TCP, UDP
from tunnels import Tunnels

LIST = Path(__file__).parents[2] / 'extract' / 'resolvers.txt'


@cache
def resolvers() -> set[str]:
    """Names, those with a dot before them for the names below alone, and addresses."""
    return {line.strip() for line in LIST.read_text().splitlines() if line.strip() and not line.startswith('#')}


def is_resolver(name: str) -> bool:
    name = name.lower().removesuffix('.')
    parts = name.split('.')
    above = {'.'.join(parts[i:]) for i in range(1, len(parts))}
    return bool(name) and (name in resolvers() or bool(above & resolvers()) or any('.' + a in resolvers() for a in above))


def is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
        return True
    except ValueError:
        return False


def vpn(f: Flow) -> tuple[int, str]:
    found = Tunnels(f)
    ports = {f.sport, f.dport} if f.proto == UDP else set()
    kind = 'ipsec-esp' if f.proto == 50 else 'ipsec-ah' if f.proto == 51 or any(p.ah for p in f.packets) else \
        'l2tp' if f.proto == 115 else found.kind() or ('ipsec-esp' if found.hint() == 'ipsec-esp' and 4500 in ports else '')
    if kind:
        return 90, kind
    large = sum(1400 <= p.total_len <= 1500 for p in f.packets)
    return 25 * bool(found.hint()) + 15 * bool(ports & {1194, 51820, 500, 4500, 1701}) + 5 * (2 * large > f.n), ''


def made_up(label: str) -> bool:
    return sum(42 if c.isdigit() else -13 if c in 'aeiou' else 30 if c in 'jqxz' else 1 for c in label) > 10


def cells(length: int, is13: bool) -> bool:
    if is13:
        return length > 17 and (length - 17) % 514 == 0
    return length in {n for k in range(1, 33) for n in
                      (514 * k + 24, 514 * k + 16, *(16 + (514 * k + d) // 16 * 16 + 16 for d in (20, 32)))}


def tor(f: Flow, row: dict) -> int:
    score = 0
    dn = [re.fullmatch(r'CN=www\.[a-z2-7]{8,20}\.(com|net)', row.get(c) or '') for c in ('tls_cert_subject', 'tls_cert_issuer')]
    if all(dn) and dn[0][1] == 'net':
        score += 60
    shy = row['tls_detected'] and row['tls_cipher_count'] and not row['tls_alpn']
    name = re.fullmatch(r'www\.([a-z2-7]{4,25})\.com', row['tls_sni'] or '') if shy else None
    if name:
        score += 10 + 20 * made_up(name[1])
    if not row['tls_detected']:
        return score + 20 * (10 * sum(580 <= p.total_len <= 600 for p in f.packets) > 7 * f.n)
    is13 = row['tls_version_str'] == 'TLS 1.3'
    data = [n for n, t in zip(row['tls_record_lengths'], row['tls_record_types'], strict=True) if t == 23]
    larger = [abs(n) for n in data if abs(n) > 300]
    whole = sum(cells(n, is13) for n in larger)
    if row['tls_transport'] != 'dtls' and whole >= 3 and 2 * whole >= len(larger):
        score += 40
    sent = 0
    for n in data if shy and is13 else ():
        sent += n > 0
        if n > 0 and sent == 2 and n - 22 not in (2, 4, 6, 8, 10) or sent > 2:
            break
        if n < -1024 and sent == 2:
            score += 20
            break
    return score


def in_clear(row: dict) -> bool:
    if (row['http_content_type'] or '').split(';')[0].strip().lower() == 'application/dns-message':
        return True
    for pair in (row['http_uri'] or '').partition('?')[2].split('&'):
        if re.match(r'dns=[\w-]{16}', pair, re.ASCII):
            h = base64.urlsafe_b64decode(pair[4:20])
            if h[2] < 128 and h[4:10] == b'\0\1\0\0\0\0':
                return True
    return False


def doh(f: Flow, row: dict) -> int:
    short = 10 * (f.end - f.start < S) + 10 * (f.n < 20)
    if in_clear(row):
        return min(100, 80 + short)
    offers = (row['tls_alpn_offered'] or '').split(',') if row['tls_alpn_offered'] else []
    if row['quic_detected']:
        offers = (row['quic_alpn_offered'] or '').split(',')
        web, name = any(re.fullmatch(r'h3(-\d+)?', p) for p in offers), row['quic_sni'] or ''
    else:
        name = row['tls_sni'] or ''
        web = row['tls_detected'] and row['tls_transport'] != 'dtls' and (
            any(p == 'h2' or p.startswith('http/1.') for p in offers) if offers else 853 not in (f.sport, f.dport))
    if not web:
        return 0
    if is_resolver(name):
        return 60 + short
    if (not name or is_address(name)) and {str(ipaddress.ip_address(f.dst))} & resolvers():
        return 50 + short
    few, many = len(f.fwd), len(f.bwd)
    sent, back = sum(p.total_len for p in f.fwd), sum(p.total_len for p in f.bwd)
    if f.n > 15 or few < 2 or many < 2 or abs(few - many) > 3 or max(p.total_len for p in f.fwd) > 600 \
            or sent > 2000 or back > 5000:
        return 0
    return 10 * (sent < 2 * back < 20 * sent) + 10 * (f.end - f.start < S // 2) + 10 * (few <= 6 and many <= 6)


def fingerprint(f: Flow, _, row: dict) -> dict:
    score, kind = vpn(f)
    value = {'likely_vpn': score >= 50, 'vpn_confidence': score / 100, 'vpn_type': kind or None}
    if 'tls_record_lengths' not in row:
        return value
    t, d = tor(f, row), doh(f, row)
    hidden = f.proto == 50 or any(row.get(c) for c in ('tls_detected', 'quic_detected', 'ssh_detected'))
    return value | {
        'likely_tor': t >= 50, 'tor_confidence': min(t, 100) / 100, 'likely_doh': d >= 50, 'doh_confidence': d / 100,
        'traffic_type': 'tor' if t >= 50 else 'vpn:' + kind if kind else 'doh' if d >= 50 else
        'encrypted' if hidden else 'unknown'}

"""The group fingerprint: what kind of traffic a flow may be.

Names and protocols found by the TLS, QUIC and SSH parsers are taken from the row; these are not witnessed.
"""
from __future__ import annotations

from arithmetic import S, cv
from flow import Flow
from headers import TCP, UDP

DOH_NAMES = ('cloudflare-dns.com', 'dns.google', 'dns.google.com', 'doh.opendns.com', 'dns.quad9.net',
             'doh.cleanbrowsing.org', 'dns.adguard.com', 'doh.dns.sb', 'dns.nextdns.io')


def fingerprint(f: Flow, _, row: dict) -> dict:
    """Takes server name and protocol (tls, quic, ssh) from the row: those groups are not witnessed here."""
    x = [p.total_len for p in f.packets]

    def share(low: int, high: int) -> int:
        return sum(low <= v <= high for v in x)

    tor = 40 * (10 * share(580, 600) > 7 * f.n) + 30 * (sum(x) > 0 and cv(x) < 0.1) \
        + 10 * (f.dport in (443, 9001, 9030, 9050, 9051))
    udp, ports = f.proto == UDP, {f.sport, f.dport}
    vpn, kind = 0, ''
    for amount, name, holds in (
            (50, 'openvpn', udp and 1194 in ports), (50, 'wireguard', udp and 51820 in ports),
            (70, 'ipsec-esp', f.proto == 50), (70, 'ipsec-ah', f.proto == 51),
            (40, 'ipsec-ike', udp and ports & {500, 4500}), (40, 'l2tp', udp and 1701 in ports),
            (20, None, 2 * share(1400, 1500) > f.n)):
        if holds:
            vpn, kind = min(100, vpn + amount), name or kind
    doh, named = 0, False
    if f.proto == TCP and f.dport == 443:
        name = (row.get('tls_sni') or '').lower().rstrip('.')
        named = any(name == known or name.endswith('.' + known) for known in DOH_NAMES)
        sent, back = sum(p.total_len for p in f.fwd), sum(p.total_len for p in f.bwd)
        few, many = len(f.fwd), len(f.bwd)
        if named:
            doh = 60 + 10 * (f.end - f.start < S) + 10 * (f.n < 20)
        elif not (f.n > 15 or few < 2 or many < 2 or abs(few - many) > 3 or max(p.total_len for p in f.fwd) > 600
                  or sent > 2000 or back > 5000):
            doh = 15 * (sent < 2 * back < 20 * sent) + 15 * (f.end - f.start < S // 2) + 10 * (few <= 6 and many <= 6)
    likely = {'tor': tor >= 50, 'vpn': vpn >= 40, 'doh': named or doh >= 35}
    hidden = f.proto == 50 or any(row.get(c) for c in ('tls_detected', 'quic_detected', 'ssh_detected'))
    return {'likely_tor': likely['tor'], 'tor_confidence': tor / 100, 'likely_vpn': likely['vpn'],
            'vpn_confidence': vpn / 100, 'vpn_type': kind or None, 'likely_doh': likely['doh'],
            'doh_confidence': doh / 100,
            'traffic_type': 'tor' if likely['tor'] else ('vpn:' + kind if kind else 'vpn') if likely['vpn'] else
            'doh' if likely['doh'] else 'encrypted' if hidden else 'unknown'}

"""The groups flow_meta, timing, size, padding and entropy: time and lengths of any flow.

One function a group, from a flow to the values of its columns. None is an absent value.
"""
from __future__ import annotations

import hashlib
import math
import statistics
from collections import Counter

import numpy as np
from scipy.stats import entropy as shannon

from arithmetic import S, bits, cv, gaps, greatest, least, mean, percentile, ratio, seconds, std, variance
from flow import Flow
from headers import ACK, FIN, RST, SYN, TCP, UDP

PORT_NAMES = {
    20: 'ftp-data', 21: 'ftp', 22: 'ssh', 23: 'telnet', 25: 'smtp', 53: 'dns', 67: 'dhcp', 68: 'dhcp', 69: 'tftp',
    80: 'http', 110: 'pop3', 119: 'nntp', 123: 'ntp', 143: 'imap', 161: 'snmp', 162: 'snmp-trap', 443: 'https',
    445: 'smb', 465: 'smtps', 514: 'syslog', 587: 'smtp-submission', 636: 'ldaps', 853: 'dns-over-tls', 993: 'imaps',
    995: 'pop3s', 1080: 'socks', 1194: 'openvpn', 1433: 'mssql', 1521: 'oracle', 1723: 'pptp', 3306: 'mysql',
    3389: 'rdp', 5060: 'sip', 5061: 'sips', 5222: 'xmpp', 5432: 'postgresql', 5900: 'vnc', 6379: 'redis',
    6667: 'irc', 8080: 'http-alt', 8443: 'https-alt', 8888: 'http-alt', 9000: 'php-fpm', 9200: 'elasticsearch',
    27017: 'mongodb'}


def flow_meta(f: Flow, _) -> dict:
    sent, back = sum(p.total_len for p in f.fwd), sum(p.total_len for p in f.bwd)
    payload = {name: sum(p.payload_len for p in side) for name, side in f.sides}
    span = (f.end - f.start) / S
    ends = sorted([(f.src, f.sport), (f.dst, f.dport)])
    ident = ':'.join(f'{address}:{port}' for address, port in ends) + f':{f.proto}'
    level = 1 if f.dport < 1024 else 2 if f.dport < 49152 else 3
    headers = [*(['ETH'] if f.packets[0].smac else []), 'IP6' if f.packets[0].version == 6 else 'IP',
               {6: 'TCP', 17: 'UDP', 1: 'ICMP'}.get(f.proto, f'PROTO{f.proto}')]
    syn = any(p.flags & (SYN | ACK) == SYN for p in f.segments)
    synack = any(p.flags & (SYN | ACK) == SYN | ACK for p in f.segments)
    fin_f, fin_b = (any(p.flags & FIN for p in f.segments if p.fwd == way) for way in (True, False))
    rst = any(p.flags & RST for p in f.segments)
    return {
        'flow_id': hashlib.sha256(ident.encode()).hexdigest()[:32],
        'src_ip': f.src, 'dst_ip': f.dst, 'src_port': f.sport, 'dst_port': f.dport,
        'dst_port_class': PORT_NAMES.get(f.dport, ('system', 'registered', 'dynamic')[level - 1]),
        'dst_port_class_num': level, 'protocol': f.proto,
        'start_time': f.start / S, 'end_time': f.end / S, 'time_first': f.start / S, 'time_last': f.end / S,
        'start_ns': f.start, 'end_ns': f.end, 'duration': span,
        'total_packets': f.n, 'packets_fwd': len(f.fwd), 'packets_bwd': len(f.bwd),
        'total_bytes': sent + back, 'bytes_fwd': sent, 'bytes_bwd': back,
        'payload_bytes_fwd': payload['fwd'], 'payload_bytes_bwd': payload['bwd'],
        'payload_bytes_total': payload['fwd'] + payload['bwd'],
        'packets_ratio': ratio(len(f.fwd), len(f.bwd), float(len(f.fwd))),
        'bytes_ratio': ratio(sent, back, float(sent)),
        'packets_per_second': ratio(f.n, span, float(f.n)),
        'bytes_per_second': ratio(sent + back, span, float(sent + back)),
        'avg_packet_size': (sent + back) / f.n,
        'flow_stat': bits(syn, synack, fin_f, fin_b, rst, False, syn and synack and (fin_f and fin_b or rst)),
        'num_hdrs': len(headers), 'hdr_desc': '-'.join(headers)}


def timing(f: Flow, options) -> dict:
    theta = round(options.burst_threshold_ms * 10**6)
    row = {'iat_sum': seconds(sum(f.gaps)) if f.gaps else None}
    for p in (25, 75, 90, 99):
        row[f'iat_p{p}'] = seconds(percentile(f.gaps, p))
    for name, x in (('', f.gaps), ('_fwd', gaps(f.fwd)), ('_bwd', gaps(f.bwd))):
        row |= {f'iat{name}_min': seconds(least(x)), f'iat{name}_max': seconds(greatest(x)),
                f'iat{name}_mean': seconds(mean(x)), f'iat{name}_std': seconds(std(x)),
                f'iat{name}_median': seconds(percentile(x, 50)), f'burstiness_index{name}': cv(x)}
    runs, idle = bursts(f, theta), [g for g in f.gaps if g >= theta]
    count = len(runs) if f.n > 1 else 0
    row |= {'burst_count': count, 'avg_burst_packets': ratio(f.n, count, 0.0),
            'avg_burst_duration': ratio(seconds(sum(r[-1].t - r[0].t for r in runs)), count, 0.0),
            'max_burst_packets': max(map(len, runs)) if count else 0,
            'idle_count': len(idle), 'avg_idle_duration': seconds(mean(idle)) or 0.0,
            'max_idle_duration': seconds(greatest(idle)) or 0.0,
            'first_response_time': seconds(f.bwd[0].t - f.start) if f.bwd else None}
    m = options.max_sequence_length
    head = f.packets[:m]
    before = [0.0, *(seconds(g) for g in f.gaps)][:m]
    signs = [1 if p.fwd else -1 for p in head]

    def pad(x: list, zero: float) -> list:
        return [*x, *[zero] * (m - len(x))]

    row |= {'iat_sequence': pad([seconds(g) for g in f.gaps[:m]], 0.0),
            'timestamp_sequence': pad([seconds(p.t - f.start) for p in head], 0.0),
            'splt': [list(x) for x in zip((p.total_len for p in head), before, signs)],
            'splt_lengths': pad([p.total_len for p in head], 0), 'splt_times': pad(before, 0.0),
            'splt_directions': pad(signs, 0)}
    return row


def bursts(f, theta):
    """Runs of packets with gaps below theta; each packet is in one."""
    runs = [[f.packets[0]]]
    for gap, p in zip(f.gaps, f.packets[1:]):
        if gap >= theta:
            runs.append([])
        runs[-1].append(p)
    return runs


def size(f: Flow, options) -> dict:
    row = {}
    for name, side in (('', f.packets), ('_fwd', f.fwd), ('_bwd', f.bwd)):
        x = [p.total_len for p in side]
        y = [p.payload_len for p in side]
        row |= {f'pkt_len{name}_min': least(x), f'pkt_len{name}_max': greatest(x), f'pkt_len{name}_mean': mean(x),
                f'pkt_len{name}_std': std(x), f'pkt_len{name}_median': percentile(x, 50),
                f'payload_len{name}_mean': mean(y), f'payload_len{name}_std': std(y),
                f'packets_with_payload{name}': sum(v > 0 for v in y), f'l7_bytes{name or "_total"}': sum(y)}
        if name:
            row |= {f'l7_pkt_min{name}': least([v for v in y if v]), f'l7_pkt_max{name}': greatest([v for v in y if v])}
    x, y = [p.total_len for p in f.packets], [p.payload_len for p in f.packets]
    sent, back = sum(p.total_len for p in f.fwd), sum(p.total_len for p in f.bwd)
    common, times = Counter(x).most_common(1)[0]                  # of equal counts the one first met
    m = options.max_sequence_length
    signed = [p.total_len if p.fwd else -p.total_len for p in f.packets[:m]]
    return row | {
        'pkt_len_p25': percentile(x, 25), 'pkt_len_p75': percentile(x, 75), 'pkt_len_p90': percentile(x, 90),
        'payload_len_min': least(y), 'payload_len_max': greatest(y),
        'header_only_ratio': sum(v == 0 for v in y) / f.n, 'pkt_len_variance': variance(x),
        'dominant_pkt_size': common, 'dominant_pkt_ratio': times / f.n,
        'pkt_asymmetry': (len(f.fwd) - len(f.bwd)) / f.n, 'byte_asymmetry': ratio(sent - back, sent + back, 0.0),
        'pkt_len_sequence': [*signed, *[0] * (m - len(signed))]}


def padding(f: Flow, options) -> dict:
    x, one = [p.total_len for p in f.packets], f.n == 1
    common, times = Counter(x).most_common(1)[0]
    counts = list(Counter(x).values())
    cells = sum(580 <= v <= 600 for v in x)
    overhead = sum(p.total_len - p.payload_len for p in f.packets)
    constant_rate = not one and cv(f.gaps) <= 0.1
    tor = 10 * cells >= 7 * f.n and (one or cv(x) < 0.1)
    shares = [ratio(sum(p.payload_len for p in run), sum(p.total_len for p in run))
              for run in bursts(f, round(options.burst_threshold_ms * 10**6))]
    shares = [v for v in shares if v is not None]
    return {
        'pkt_size_variance': variance(x), 'pkt_size_cv': cv(x), 'is_constant_size': 100 * times >= 95 * f.n,
        'dominant_size_mode': common, 'dominant_size_ratio': times / f.n, 'unique_size_count': len(counts),
        'size_entropy': float(shannon(counts, base=len(counts))) if len(counts) > 1 else 0.0,
        'iat_variance': 0.0 if one else variance(f.gaps) / S**2, 'iat_cv': 0.0 if one else cv(f.gaps),
        'is_constant_rate': constant_rate, 'tor_cell_count': cells, 'tor_cell_ratio': cells / f.n, 'is_tor_like': tor,
        'burst_padding_ratio': 0.0 if one else ratio(overhead, sum(x), 0.0),
        'burst_overhead_bytes': 0 if one else overhead,
        'avg_burst_payload_efficiency': 1.0 if one or not shares else statistics.fmean(shares),
        'padding_score': min(10, 3 * (100 * times >= 95 * f.n) + 2 * (10 * times > 8 * f.n) + 2 * constant_rate
                             + 3 * tor) / 10}


def entropy(f: Flow, options) -> dict:
    sample = {name: b''.join(p.payload for p in side if p.proto in (TCP, UDP))[:options.entropy_sample_bytes]
              for name, side in f.sides}
    both = sample['fwd'] + sample['bwd']
    n = len(both)

    def h(data: bytes) -> float | None:
        return float(shannon(list(Counter(data).values()), base=2)) if data else None

    def share(holds) -> float | None:
        return sum(map(holds, both)) / n if n else None

    i, r = h(sample['fwd']), h(sample['bwd'])
    p = np.bincount(np.frombuffer(both, np.uint8), minlength=256) / n if n else None
    return {
        'entropy_payload': h(both), 'entropy_initiator': i, 'entropy_responder': r,
        'entropy_ratio': None if not n else i / r if i is not None and r else math.inf if i else 0.0,
        'byte_distribution_uniformity': max(0.0, 1 - float(((p - 1 / 256)**2).sum())) if n >= 256 else None,
        'printable_ratio': share(lambda b: 32 <= b <= 126 or b in b'\t\n\r'), 'null_ratio': share(lambda b: b == 0),
        'high_byte_ratio': share(lambda b: b >= 128), 'payload_bytes_sampled': n}

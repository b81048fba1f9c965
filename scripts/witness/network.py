"""The groups mac, ip_extended, ipv6_options and icmp: stations and network headers."""
from __future__ import annotations

from collections import Counter

from arithmetic import bits, greatest, initial_ttl, least, mean, none, ratio
from flow import Flow
from headers import ICMP, ICMP6

LABELS = 1024                 # distinct flow labels kept a direction
STATIONS = 64                 # distinct MAC addresses and VLAN ids counted


def mac(f: Flow, _) -> dict:
    first = f.packets[0]
    vlans = {p.vlan for p in f.packets if p.vlan is not None}
    sources = [{p.smac for p in side if p.smac} for _, side in f.sides]
    targets = [{p.dmac for p in side if p.dmac} for _, side in f.sides]
    everyone = 'ff:ff:ff:ff:ff:ff'
    return {
        'mac_src': first.smac if first.fwd else first.dmac, 'mac_dst': first.dmac if first.fwd else first.smac,
        'mac_eth_type': first.eth_type, 'mac_vlan_id': least(vlans),
        'mac_vlan_count': min(STATIONS, len(vlans)), 'mac_unique_src_count': min(STATIONS, len(sources[0] | sources[1])),
        'mac_unique_dst_count': min(STATIONS, len(targets[0] | targets[1])),
        'mac_stat': bits(first.smac, first.dmac, any(len(s) > 1 for s in sources), any(len(t) > 1 for t in targets),
                         vlans),
        'mac_broadcast_count': sum(p.dmac == everyone if p.dmac else p.sll_type == 1 for p in f.packets),
        'mac_multicast_count': sum(int(p.dmac[:2], 16) & 1 and p.dmac != everyone if p.dmac else p.sll_type == 2
                                   for p in f.packets)}


def ip_extended(f: Flow, _) -> dict:
    row, steps = {}, 0
    for name, side in f.sides:
        x = [p.ttl for p in side]
        row |= {f'ip_ttl_{name}_min': least(x), f'ip_ttl_{name}_max': greatest(x), f'ip_ttl_{name}_mean': mean(x),
                f'ip_ttl_{name}_changes': len(set(x)) - 1 if x else None}
        ids = [p.ip_id for p in side if p.version == 4]
        steps += sum((b - a) % 65536 > 1 for a, b in zip(ids, ids[1:]))
    tos = {p.tos for p in f.packets if p.tos is not None}
    value, df, flags = least(tos), sum(bool((p.ip_flags or 0) & 2) for p in f.packets), 0
    for p in f.packets:
        flags |= p.ip_flags or 0
    first = f.fwd[0].ttl if f.fwd else None
    return row | {
        'ip_ttl_fwd_initial_est': initial_ttl(first) if f.fwd else None,
        'ip_ttl_fwd_hops_est': initial_ttl(first) - first if f.fwd else None,
        'ip_tos_value': value, 'ip_tos_unique_count': len(tos), 'ip_dscp': value >> 2 if tos else None,
        'ip_ecn': value & 3 if tos else None, 'ip_flags': flags if tos else None, 'ip_df_count': df,
        'ip_df_ratio': df / f.n, 'ip_version': min(p.version for p in f.packets), 'ip_id_gaps': steps}


def ipv6_options(f: Flow, _) -> dict:
    six = [p for p in f.packets if p.version == 6]
    labels = [set(list(dict.fromkeys(p.flow_label for p in side if p.version == 6))[:LABELS]) for _, side in f.sides]
    classes = {p.tclass for p in six}
    value = least(classes)
    return {
        'ipv6_packet_count': len(six), 'ipv4_packet_count': f.n - len(six),
        'ipv6_flow_label': six[0].flow_label if six else None,
        'ipv6_flow_label_unique_count': len(labels[0] | labels[1]),
        'ipv6_flow_label_changes': sum(len(s) - 1 for s in labels if s), 'ipv6_traffic_class': value,
        'ipv6_traffic_class_unique_count': len(classes), 'ipv6_dscp': value >> 2 if six else None,
        'ipv6_ecn': value & 3 if six else None, 'ipv6_ratio': len(six) / f.n, 'is_ipv6_only': int(len(six) == f.n)}

ICMP_MEANING = {4: {8: 'request', 0: 'reply', 3: 'unreachable', 11: 'exceeded', 5: 'redirect'},
                6: {128: 'request', 129: 'reply', 1: 'unreachable', 3: 'exceeded', 137: 'redirect'}}


def icmp(f: Flow, _) -> dict:
    heard = [p for p in f.packets if p.icmp_type is not None]
    if (f.proto, f.packets[0].version) not in ((ICMP, 4), (ICMP6, 6)):
        return none('icmp_packet_count icmp_echo_request_count icmp_echo_reply_count icmp_dest_unreachable_count '
                    'icmp_time_exceeded_count icmp_unique_type_codes icmp_dominant_type icmp_dominant_type_count '
                    'icmp_echo_success_ratio icmp_unique_ids icmp_seq_min icmp_seq_max icmp_seq_gaps icmp_stat '
                    'icmp_ratio') | {'is_icmp_only': False}
    count = Counter(ICMP_MEANING[p.version].get(p.icmp_type, 'other') for p in heard)
    types = Counter(p.icmp_type for p in heard).most_common(1)
    numbers = {p.icmp_seq for p in heard if p.icmp_seq is not None}
    starts = sum((n - 1) % 65536 not in numbers for n in numbers)      # of runs on the ring
    return {
        'icmp_packet_count': len(heard), 'icmp_echo_request_count': count['request'],
        'icmp_echo_reply_count': count['reply'], 'icmp_dest_unreachable_count': count['unreachable'],
        'icmp_time_exceeded_count': count['exceeded'],
        'icmp_unique_type_codes': len({(p.icmp_type, p.icmp_code) for p in heard}),
        'icmp_dominant_type': types[0][0] if types else None,
        'icmp_dominant_type_count': types[0][1] if types else 0,
        'icmp_echo_success_ratio': ratio(count['reply'], count['request']),
        'icmp_unique_ids': len({p.icmp_id for p in heard if p.icmp_id is not None}),
        'icmp_seq_min': least(numbers), 'icmp_seq_max': greatest(numbers), 'icmp_seq_gaps': max(0, starts - 1),
        'icmp_stat': bits(*(count[k] for k in ('request', 'reply', 'unreachable', 'exceeded', 'redirect', 'other'))),
        'icmp_ratio': len(heard) / f.n, 'is_icmp_only': len(heard) == f.n}

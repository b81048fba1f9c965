"""The groups tcp, tcp_window, tcp_options, tcp_mptcp and tcp_fingerprint: flags and options of a connection."""
from __future__ import annotations

import hashlib
import math

from arithmetic import S, bits, cmp, greatest, initial_ttl, least, mean, ratio
from flow import Flow
from headers import ACK, CWR, ECE, FIN, PSH, RST, SYN, URG, Packet


def tcp(f: Flow, _) -> dict:
    seg = f.segments

    def with_flag(bit: int, packets: list[Packet] = seg) -> int:
        return sum(bool(p.flags & bit) for p in packets)

    syn = sum(p.flags & (SYN | ACK) == SYN for p in seg)
    synack = sum(p.flags & (SYN | ACK) == SYN | ACK for p in seg)
    ways = {name: [p for p in side if p.flags is not None] for name, side in f.sides}
    opened = any(p.flags & (SYN | ACK) == SYN for p in ways['fwd'])
    answered = any(p.flags & (SYN | ACK) == SYN | ACK for p in ways['bwd'])
    fin_f, fin_b = with_flag(FIN, ways['fwd']), with_flag(FIN, ways['bwd'])
    data = sum(p.payload_len > 0 for p in seg)
    odd = any(not p.flags or p.flags & (FIN | PSH | URG) == FIN | PSH | URG or p.flags & (FIN | ACK | SYN) == FIN
              or p.flags & SYN and p.flags & (FIN | RST) for p in seg)
    union = {}
    for name, side in (('agg', seg), *ways.items()):
        union[name] = 0
        for p in side:
            union[name] |= p.flags
    acks, rst = with_flag(ACK), with_flag(RST)
    return {
        'tcp_is_tcp': True, 'tcp_syn_count': syn, 'tcp_synack_count': synack, 'tcp_fin_count': with_flag(FIN),
        'tcp_rst_count': rst, 'tcp_ack_count': acks, 'tcp_psh_count': with_flag(PSH), 'tcp_urg_count': with_flag(URG),
        'tcp_ece_count': with_flag(ECE), 'tcp_cwr_count': with_flag(CWR), 'tcp_complete_handshake': opened and answered,
        'tcp_graceful_close': bool(fin_f and fin_b), 'tcp_reset_close': rst > 0,
        'tcp_syn_ratio': (syn + synack) / f.n, 'tcp_fin_ratio': with_flag(FIN) / f.n, 'tcp_rst_ratio': rst / f.n,
        'tcp_psh_ratio': with_flag(PSH) / f.n, 'tcp_data_packets': data,
        'tcp_ack_only_packets': sum(p.flags & (ACK | SYN | FIN | RST) == ACK and not p.payload_len for p in seg),
        'tcp_flags_anomaly': odd, 'tcp_initiator_syn': opened, 'tcp_responder_synack': answered,
        'tcp_fstat': bits(opened, answered, acks > synack, fin_f, fin_b, rst, data, odd),
        'tcp_flags_agg': union['agg'], 'tcp_flags_fwd': union['fwd'], 'tcp_flags_bwd': union['bwd']}


def tcp_window(f: Flow, _) -> dict:
    used = [p for p in f.segments if not p.flags & RST]
    syn = {way: [p for p in used if p.fwd == way and p.flags & SYN] for way in (True, False)}
    shift = {}                                    # of the first SYN with the option, by side and record number
    for way, list_ in syn.items():
        shift[way] = next(((p.number, p.wscale) for p in list_ if p.wscale is not None), None)

    def effective(p):
        """In bytes: scaled if, as far as was seen by then, both sides offered it (RFC 7323 section 2.2)."""
        mine, other = shift[p.fwd], shift[not p.fwd]
        if p.flags & SYN or not mine or mine[0] > p.number:
            return p.window
        asked = any(s.number < p.number for s in syn[not p.fwd])
        return p.window << min(14, mine[1]) if not asked or other and other[0] < p.number else p.window

    row, zeros = {}, 0
    for way, name in ((True, 'fwd'), (False, 'bwd')):
        x = [p.window for p in used if p.fwd == way]
        y = [effective(p) for p in used if p.fwd == way]
        up = sum(b > a for a, b in zip(y, y[1:]))
        down = sum(b < a for a, b in zip(y, y[1:]))
        zeros += x.count(0)
        row |= {f'tcp_init_win_{name}': x[0] if x else None, f'tcp_win_scale_{name}': shift[way] and shift[way][1],
                f'tcp_win_{name}_min': least(x), f'tcp_win_{name}_max': greatest(x), f'tcp_win_{name}_mean': mean(x),
                f'tcp_win_{name}_zero_count': x.count(0), f'tcp_win_{name}_up_count': up,
                f'tcp_win_{name}_down_count': down, f'tcp_win_{name}_change_count': up + down,
                f'tcp_scaled_win_{name}_max': greatest(y)}
    return row | {'tcp_zero_win_ratio': ratio(zeros, len(used))}


def ts_diff(side):
    """How far the timestamp clock of these segments ran, in ticks."""
    v = [p.tsval for p in side if p.tsval is not None]
    return max(0, sum(cmp(b, a) for a, b in zip(v, v[1:]))) if len(v) > 1 else None


def tcp_options(f: Flow, _) -> dict:
    row, seen = {}, [False] * 4
    for name, side in f.sides:
        seg = [p for p in side if p.flags is not None]
        syn = [p for p in seg if p.flags & SYN]
        stamped = [p for p in seg if p.tsval is not None]
        mss = next((p.mss for p in syn if p.mss is not None), None)
        ws = next((p.wscale for p in syn if p.wscale is not None), None)
        sack = any(p.sack_permitted for p in syn)
        row |= {f'tcp_mss_{name}': mss, f'tcp_ws_{name}': ws, f'tcp_sack_permitted_{name}': int(sack),
                f'tcp_ts_{name}_present': int(bool(stamped)),
                f'tcp_ts_{name}_first': stamped[0].tsval if stamped else None,
                f'tcp_ts_{name}_last': stamped[-1].tsval if stamped else None, f'tcp_ts_{name}_diff': ts_diff(seg),
                f'tcp_ts_ecr_{name}_first': next((p.tsecr for p in stamped if p.flags & ACK), None)}
        seen = [a or b for a, b in zip(seen, (mss is not None, ws is not None, sack, bool(stamped)))]
    return row | {'tcp_sack_blocks_total': sum(p.sack_blocks for p in f.segments), 'tcp_options_bitmap': bits(*seen),
                  'tcp_options_pkt_count': sum(any(k > 1 for k in p.kinds) for p in f.segments)}


def tcp_mptcp(f: Flow, _) -> dict:
    with_it = [p for p in f.segments if p.mptcp]

    def opens(way: bool, subtype: int) -> bool:
        return any(p.fwd == way and p.flags & SYN and subtype in p.mptcp[:1] for p in with_it)

    capable = opens(True, 0), opens(False, 0)
    return {'mptcp_detected': int(bool(with_it)), 'mptcp_capable_fwd': int(capable[0]),
            'mptcp_capable_bwd': int(capable[1]), 'mptcp_option_count': len(with_it),
            'mptcp_stat': bits(with_it, *capable, all(capable)),
            'is_mptcp': int(all(capable) or opens(True, 1) and opens(False, 1))}


def tcp_fingerprint(f: Flow, _) -> dict:
    row = {}
    for name, side in f.sides:
        seg = [p for p in side if p.flags is not None]
        wanted = SYN if name == 'fwd' else SYN | ACK
        p = next((p for p in seg if p.flags & (SYN | ACK) == wanted), None)
        row |= {f'tcp_fp_{name}': fingerprint_text(p) if p else None, f'tcp_os_hint_{name}': os_hint(p) if p else None,
                f'tcp_uptime_{name}': uptime(seg), f'tcp_fp_{name}_window': p and p.window,
                f'tcp_fp_{name}_ttl': p and p.ttl, f'tcp_fp_{name}_mss': p and p.mss, f'tcp_fp_{name}_ws': p and p.wscale}
    return row


def fingerprint_text(p):
    mss, ws = p.mss or 0, p.wscale or 0
    o = p.sack_permitted + 2 * (p.tsval is not None)
    digest = hashlib.md5(f'{p.window}_{initial_ttl(p.ttl)}_{mss}_{ws}_{o}'.encode()).hexdigest()
    return f't{p.window}_{mss}_{ws}_{digest[:12]}'


def os_hint(p: Packet) -> str:
    def starts(*kinds: int) -> bool:
        return tuple(p.kinds[:len(kinds)]) == kinds

    t, w = initial_ttl(p.ttl), p.window
    if t == 64 and p.ttl:
        if w == 5840:
            return 'linux-old'
        if starts(2, 1, 3, 1, 1, 8, 4):
            return 'macos'
        if starts(2, 1, 3, 4, 8) or starts(2, 1, 1, 4, 1, 3, 1, 1, 8):
            return 'bsd'
        if starts(2, 4, 8, 1, 3) or w in (29200, 65535):
            return 'linux'
    if t == 128:
        if w == 65520:
            return 'windows-10'
        if starts(2, 1, 3, 1, 1, 4) or w in (65535, 8192):
            return 'windows'
    return 'unknown'


def uptime(seg):
    stamped = [p for p in seg if p.tsval is not None]
    if not stamped:
        return None
    ticks, span = ts_diff(stamped) or 0, (stamped[-1].t - stamped[0].t) / S
    rate = 100
    if span >= 0.2 and ticks >= 10:
        rate = ticks / span
        near = min((1, 10, 100, 250, 1000, 10**6), key=lambda value: abs(math.log(rate / value)))
        if abs(rate - near) <= 0.15 * near:
            rate = near
    return stamped[0].tsval / rate / 3600

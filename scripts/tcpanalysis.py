#!/usr/bin/env python3
"""TCP analysis beside tshark's: retransmissions, out of order, zero windows, handshake round-trip time.

    scripts/tcpanalysis.py [--only SUBSTR] [--jobs N] [--oracle] [-o FILE] [CAPTURE or FOLDER...]

PINYON is the command (default ./pinyon), CORPUS the folder of captures (default ../shared/corpus; testdata is
always added). Prints markdown: totals, then a line for each capture that differs, with the explanation that
tcpanalysis.known.tsv (capture, measure, reason) gives. Exit status 1 if a difference has none. One explanation is
found by the script itself: the late segments that tshark names, parted by the bytes captured before them.

What is compared, over all TCP packets reached with `--decap inner`, FIN, RST and timeouts never splitting a flow:
- retrans: tcp.analysis.retransmission (tshark sets it on fast and spurious ones too) on segments with data, as a
  repeated SYN or FIN without data has no class in Pinyon; ours tcp_seq_*_retrans;
- ooo: tcp.analysis.out_of_order on segments with data; ours tcp_seq_*_ooo;
- r+o: their sum, as the two programs part the two by different rules (tshark by time, Pinyon by bytes seen);
- zero: segments with window 0 and RST clear, on flows whose fixed TCP header was captured; ours tcp_win_*_zero_count.
  tcp.analysis.zero_window itself leaves SYN and FIN out, so the window field is used;
- rtt: 5-tuples where both give a handshake time, and of them those that agree within 2 us (tshark holds it as a float of
  the microseconds printed). tshark has none unless all three segments were captured in order; ours then doubles the first leg.
"""
import argparse, collections, concurrent.futures as cf, sys

sys.dont_write_bytecode = True
import oracle, rows

FEATURES = '--features=flow_meta,tcp,tcp_sequence,tcp_window,tcp_rtt'
OPTIONS = ('--decap', 'inner', '--no-terminate-on-fin-rst', '--timeout', '1e9', FEATURES)
MEASURES = ('retrans', 'ooo', 'r+o', 'zero', 'rtt')
BY_BYTES = "tshark parts late segments by time; parted by whether their bytes were captured before, its own come to the same"
RECOUNT = 'a recount of the bytes captured before each segment, over tshark\'s fields, comes to what Pinyon has'
SYN, RST, RTT_TOLERANCE = 2, 4, 2e-6


class Seen:
    """The sequence numbers of one direction that were captured, SYN included, as ranges relative to its first segment."""

    def __init__(self):
        self.base, self.syn, self.ranges = None, None, []

    def add(self, seq, n, syn):
        """Adds n bytes at seq; None if they begin after all captured so far, else whether one of them before those is new."""
        if syn and seq != self.syn or self.base is None:
            self.base, self.syn, self.ranges = seq, seq if syn else self.syn, []
        start = at = (seq - self.base + 2**31) % 2**32 - 2**31
        end, new, kept = start + n + syn, 0, []
        top = self.ranges[-1][1] if self.ranges else start
        l, r = start, end
        for a, b in self.ranges:  # ascending, disjoint
            if b < start or a > end:
                kept.append((a, b))
                continue
            new += max(0, min(a, top) - at)
            at = max(at, b)
            l, r = min(l, a), max(r, b)
        new += max(0, min(end, top) - at)
        self.ranges = sorted(kept + [(l, r)])
        return new > 0 if start < top else None


def theirs(table):
    """Counter of measures, {tuple: first initial_rtt}; None if the capture has no TCP.

    seen and late part the segments that tshark calls retrans or ooo by whether all their bytes were captured before;
    all seen and all late part every data segment that begins before the highest number captured.
    """
    c, rtt, tcp, directions = collections.Counter(), {}, False, collections.defaultdict(Seen)
    at = {p.number: p for p in oracle.packets(table, True) if p.proto == oracle.TCP}
    for r in table:
        p = at.get(int(r['frame.number'][0]))
        if p is None:
            continue
        tcp = True
        retrans, ooo = (f'tcp.analysis.{x}' in r and p.payload > 0 for x in ('retransmission', 'out_of_order'))
        c['retrans'] += retrans
        c['ooo'] += ooo
        c['r+o'] += retrans or ooo
        if p.flags is not None and not p.flags & RST and 'tcp.seq_raw' in r:
            new = directions[p.src, p.sport, p.dst, p.dport].add(int(r['tcp.seq_raw'][-1]), p.payload, p.flags & SYN and 1)
            if new is not None and p.payload:
                c['all late' if new else 'all seen'] += 1
            if retrans or ooo:
                c['late' if new else 'seen'] += 1
        if p.flags is not None and not p.flags & RST and 'tcp.window_size_value' in r:
            c['zero'] += int(r['tcp.window_size_value'][-1]) == 0
        if 'tcp.analysis.initial_rtt' in r:
            a, b = (p.src, p.sport), (p.dst, p.dport)
            rtt.setdefault((min(a, b), max(a, b)), float(r['tcp.analysis.initial_rtt'][-1]))
    return (c, rtt) if tcp else None


def ours(rs):
    c, rtt = collections.Counter(), {}
    for r in rs:
        if int(r['protocol']) != oracle.TCP:
            continue
        for measure, names in (('retrans', 'tcp_seq_{}_retrans'), ('ooo', 'tcp_seq_{}_ooo'), ('zero', 'tcp_win_{}_zero_count')):
            c[measure] += sum(r.get(names.format(d)) or 0 for d in ('fwd', 'bwd'))
        a, b = rows.end(r, 'src'), rows.end(r, 'dst')
        if r.get('tcp_rtt_handshake'):
            rtt.setdefault((min(a, b), max(a, b)), r['tcp_rtt_handshake'])
    c['r+o'] = c['retrans'] + c['ooo']
    return c, rtt


def check(name, path, only_oracle):
    table = oracle.table(path)
    t = theirs(table) if table else None
    if t is None:
        return None
    if only_oracle:
        return name, t, None, None
    try:
        return name, t, ours(rows.extract(path, *OPTIONS)), None
    except (rows.Failed, ValueError, KeyError) as e:
        return name, t, None, f'{type(e).__name__}: {e}'


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('roots', nargs='*')
    p.add_argument('--only', default='')
    p.add_argument('--jobs', type=int, default=2)
    p.add_argument('--oracle', action='store_true', help="tshark's totals only, without PINYON")
    p.add_argument('-o', default='-')
    a = p.parse_args()
    found = [(n, f) for n, f in oracle.captures(*(a.roots or [rows.CORPUS, oracle.here('../testdata')])) if a.only in n]
    known = oracle.known(oracle.here('tcpanalysis.known.tsv'))
    sums = {m: [0, 0, 0] for m in MEASURES}  # theirs, ours, captures that agree
    captures, differing, errors, both, agree, unexplained = 0, [], [], 0, 0, 0
    with cf.ThreadPoolExecutor(a.jobs) as ex:
        for r in ex.map(lambda f: check(f[0], f[1], a.oracle), found):
            if r is None:
                continue
            name, (t, trtt), o, error = r
            captures += 1
            if error:
                errors.append((name, error))
                continue
            oc, ortt = o or (collections.Counter(), {})
            for m in MEASURES[:4]:
                sums[m][0] += t[m]
                sums[m][1] += oc[m]
                sums[m][2] += t[m] == oc[m]
            common = [k for k in trtt if k in ortt]
            off = [k for k in common if abs(trtt[k] - ortt[k]) > RTT_TOLERANCE]
            sums['rtt'][0] += len(trtt)
            sums['rtt'][1] += len(ortt)
            sums['rtt'][2] += not off
            both, agree = both + len(common), agree + len(common) - len(off)
            for m in MEASURES:
                if a.oracle or (not off if m == 'rtt' else t[m] == oc[m]):
                    continue
                if m == 'r+o' and oc['r+o'] != t['r+o'] and (oc['retrans'] == t['retrans'] or oc['ooo'] == t['ooo']):
                    continue  # said already by the one that differs
                reason = next((k[-1] for k in known[name] if k[0] in (m, '*')), '')
                if not reason and m in ('retrans', 'ooo') and (t['seen'], t['late']) == (oc['retrans'], oc['ooo']):
                    reason = BY_BYTES
                ours_now, recount = (oc['retrans'], oc['ooo']), (t['all seen'], t['all late'])
                if not reason and m != 'rtt' and ours_now == recount:
                    reason = RECOUNT
                unexplained += not reason
                pair = (f'{trtt[off[0]]:.6f}', f'{ortt[off[0]]:.6f}') if m == 'rtt' else (t[m], oc[m])
                note = f'{len(off)} of {len(common)} tuples; first shown' if m == 'rtt' else ''
                differing.append((name, m, *pair, note, reason))
    out = sys.stdout if a.o == '-' else open(a.o, 'w')
    say = lambda *x: print(*x, file=out)
    say(f'# TCP analysis beside {oracle.version()}\n')
    say(f'{captures} captures with TCP.\n')
    say('| measure | tshark | Pinyon | captures that agree |\n|---|---|---|---|')
    for m in MEASURES:
        say(f'| {m} | {sums[m][0]} | {sums[m][1]} | {sums[m][2]} |')
    say(f'\nHandshake time: {both} tuples have one in both, {agree} agree within 2 µs.\n')
    if differing:
        say('| capture | measure | tshark | Pinyon | note | explanation |\n|---|---|---|---|---|---|')
        for d in differing:
            say('| ' + ' | '.join(map(str, d)) + ' |')
    for name, error in errors:
        say(f'\n{name}: {error}')
    say(f'\n{len(differing)} differences, {unexplained} without an explanation, {len(errors)} captures refused.')
    sys.exit(bool(unexplained or errors))


main()

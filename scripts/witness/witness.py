#!/usr/bin/env python3
"""A second opinion on the rows of a Pinyon build.

    scripts/witness/witness.py --pinyon ./pinyon CAPTURE...

The witness reads each capture with tshark, cuts its packets into flows by a splitter of its own and computes every column
anew with numpy, scipy and Python's own statistics; then it runs `pinyon extract` and compares. It prints a table of
columns: compared, equal, explained, different. The column "cut" is the flow itself: first and last record, packets and
end_reason. Floats are equal within 1e-9, times since 1970 within the last digit, all else exactly.

Exit status: 0 if all is equal or explained, 1 if something differs without an explanation, 2 if there are no rows.

known.tsv beside this file (--explained names another) lists known differences, tab-separated: column or *, part of the
capture's path, reason. --more gives the command options that choose columns; options that change values have names of
their own here, and both sides obey them. With --more '--features all,extra' the arithmetic columns of `extra` are
witnessed as well.

Not witnessed: tls, quic, ssh, http2_detected, http3_detected, http_version (the group fingerprint takes its findings from
the row), flow limits, sampling, percentiles from a sketch, and betweenness of more than 800 hosts.

test_witness.py tests the witness itself. craft.py, fuzz.py, graphfuzz.py, msgfuzz.py and caps.py make captures that show
what real ones show seldom.
"""
from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import os
import shlex
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import capture
import dns
import extra
import flow
import general
import graph
import guesses
import http2
import network
import sequence
import split
import tcp
from headers import TCP

EVERY = (general.flow_meta, general.timing, general.size, general.padding, general.entropy, network.mac,
         network.ip_extended, network.ipv6_options, network.icmp, dns.dns, http2.http2, extra.extra)
OF_TCP = (tcp.tcp, sequence.tcp_sequence, tcp.tcp_window, tcp.tcp_options, tcp.tcp_mptcp, sequence.tcp_rtt,
          tcp.tcp_fingerprint, extra.extra_tcp)
GIVEN = {'input'}
EPOCH = {'start_time', 'end_time', 'time_first', 'time_last'}      # 1e-9 of them is more than a second


def columns(f: flow.Flow, options: argparse.Namespace, row: dict) -> dict:
    """The columns of one flow; row gives the findings of parsers that are not witnessed."""
    value = {}
    for group in EVERY:
        value |= group(f, options)
    for group in OF_TCP:
        found = group(f, options)
        value |= found if f.proto == TCP else dict.fromkeys(found)
    value['tcp_is_tcp'] = f.proto == TCP
    return value | guesses.fingerprint(f, options, row)


def equal(name: str, theirs, mine, missing: str) -> bool:
    if mine is None and missing == 'zero':
        mine = flow.ABSENT.get(name, type(theirs)())
    if isinstance(mine, float) and math.isinf(mine):
        mine = None                                                # JSON has no infinity
    if isinstance(mine, list) and isinstance(theirs, list):
        return len(mine) == len(theirs) and all(equal(name, a, b, missing) for a, b in zip(theirs, mine, strict=True))
    if isinstance(mine, float) and isinstance(theirs, (int, float)) and not isinstance(theirs, bool):
        return math.isclose(theirs, mine, rel_tol=0 if name in EPOCH else 1e-9,
                            abs_tol=math.ulp(mine) if name in EPOCH else 1e-15)
    if isinstance(mine, int) and not isinstance(mine, bool) and isinstance(theirs, float):
        return theirs == mine                                      # a float column of whole numbers
    return type(theirs) is type(mine) and theirs == mine


class Report:
    """What one capture, or many of them, gave."""

    def __init__(self):
        self.same, self.different, self.known = Counter(), Counter(), Counter()
        self.examples: dict[str, list[str]] = defaultdict(list)
        self.unseen: set[str] = set()
        self.rows, self.notes = 0, []

    def add(self, other: Report, most: int) -> None:
        self.rows += other.rows
        self.notes += other.notes
        self.unseen |= other.unseen
        for mine, theirs in ((self.same, other.same), (self.different, other.different), (self.known, other.known)):
            mine.update(theirs)
        for name, lines in other.examples.items():
            self.examples[name] = (self.examples[name] + lines)[:most]

    def compare(self, where: str, name: str, theirs, mine, options: argparse.Namespace) -> None:
        if equal(name, theirs, mine, options.missing):
            self.same[name] += 1
        elif any(e[0] in (name, '*') and e[1] in where for e in options.explained):
            self.known[name] += 1
        else:
            self.different[name] += 1
            self.examples[name].append(f'{where}: {theirs!r}, witness {mine!r}')

    def print(self, short: bool) -> None:
        names = {*self.same, *self.different, *self.known}
        print(f'{"column":34} {"compared":>9} {"equal":>9} {"explained":>9} {"different":>9}')
        for name in sorted(names, key=lambda c: (-self.different[c], -self.known[c], c)):
            same, known, different = self.same[name], self.known[name], self.different[name]
            if not short or different or known:
                print(f'{name:34} {same + different + known:9} {same:9} {known:9} {different:9}')
                for line in self.examples[name]:
                    print('   ', line)
        for note in self.notes:
            print(note)
        print('not witnessed:', ' '.join(sorted(self.unseen)) or 'none')


def rows_of(path: str, options: argparse.Namespace) -> list[dict]:
    words = [options.pinyon, 'extract', path, '-f', 'jsonl', '-o', '-', '--no-progress', '--include-trace',
             '--missing', options.missing, '--decap', options.decap, '--timeout', str(options.timeout),
             '--active-timeout', str(options.active_timeout), '--tcp-close-delay', str(options.tcp_close_delay),
             '--burst-threshold-ms', str(options.burst_threshold_ms),
             '--entropy-sample-bytes', str(options.entropy_sample_bytes),
             '--max-sequence-length', str(options.max_sequence_length),
             '--connection-community-algorithm', options.connection_community_algorithm,
             *(['--key-vlan'] if options.key_vlan else []),
             *([] if options.terminate_on_fin_rst else ['--no-terminate-on-fin-rst']),
             *(['--connection-use-ports'] if options.connection_use_ports else []), *shlex.split(options.more)]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode not in (0, 3):                              # 3: the capture is damaged, the rows are there
        raise OSError(f'exit status {done.returncode}: {done.stderr.strip()[-300:]}')
    return [row for row in map(json.loads, done.stdout.splitlines()) if row.get('type') != 'metadata']


def place(p_src, p_sport, p_dst, p_dport, proto, first) -> tuple:
    return (*sorted([(p_src, p_sport), (p_dst, p_dport)]), proto, first)


def examine(path: str, options: argparse.Namespace) -> Report:
    """Compare the rows of one capture."""
    report = Report()
    try:
        rows = rows_of(path, options)
        seen = capture.read(path, options) if rows else capture.Capture([])
    except OSError as error:
        report.notes.append(f'{path}: left out: {error}')
        return report
    for doubt in seen.doubts[:options.examples]:
        report.notes.append(f'header: tshark reads another value: {path} {doubt}')
    cuts = split.split(seen.packets, seen.now, options)
    flows = [flow.Flow(c.packets, c.initiator) for c in cuts]
    more = graph.connection(flows, options)
    mine = {place(c.packets[0].src, c.packets[0].sport, c.packets[0].dst, c.packets[0].dport, c.packets[0].proto,
                  c.packets[0].number): i for i, c in enumerate(cuts)}
    order, whole = [], len(rows) == len(cuts)
    for row in rows:
        report.rows += 1
        where = f"{path} {row['first_packet']}-{row['last_packet']} {row['src_ip']}:{row['src_port']}"
        i = mine.pop(place(row['src_ip'], row['src_port'], row['dst_ip'], row['dst_port'], row['protocol'],
                           row['first_packet']), None)
        theirs = [row['last_packet'], row['total_packets'], row['end_reason']]
        if i is None:
            report.compare(where, 'cut', theirs, None, options)
            continue
        order.append(i)
        packets = cuts[i].packets
        here = [packets[-1].number, len(packets), cuts[i].reason]
        report.compare(where, 'cut', theirs, here, options)
        value = columns(flows[i], options, row) | more[i] | {
            'end_reason': cuts[i].reason, 'first_packet': packets[0].number, 'last_packet': packets[-1].number}
        report.unseen |= row.keys() - value.keys() - GIVEN
        if theirs[:2] != here[:2]:
            continue                                               # other packets, other values
        for name in row.keys() & value.keys():
            if whole or not name.startswith('conn_'):              # a place among other rows is another place
                report.compare(where, name, row[name], value[name], options)
    for i in mine.values():
        first = cuts[i].packets[0]
        report.compare(f'{path} {first.number}-{cuts[i].packets[-1].number} {first.src}:{first.sport}', 'cut', None,
                       [cuts[i].packets[-1].number, len(cuts[i].packets), cuts[i].reason], options)
    report.compare(path, 'order', order == sorted(order), True, options)
    return report


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument('--pinyon', default='./pinyon')
    parse.add_argument('--more', default='', help='further options of `pinyon extract`, such as --features all,extra')
    parse.add_argument('--missing', choices=('zero', 'null'), default='null')
    parse.add_argument('--decap', choices=('none', 'inner'), default='none')
    parse.add_argument('--key-vlan', action='store_true')
    parse.add_argument('--timeout', type=float, default=60.0)
    parse.add_argument('--active-timeout', type=float, default=0.0)
    parse.add_argument('--tcp-close-delay', type=float, default=5.0)
    parse.add_argument('--terminate-on-fin-rst', action=argparse.BooleanOptionalAction, default=True)
    parse.add_argument('--burst-threshold-ms', type=float, default=50.0)
    parse.add_argument('--entropy-sample-bytes', type=int, default=256)
    parse.add_argument('--max-sequence-length', type=int, default=100)
    parse.add_argument('--connection-use-ports', action='store_true')
    parse.add_argument('--connection-community-algorithm', default='louvain')
    parse.add_argument('--explained', type=Path, default=Path(__file__).with_name('known.tsv'))
    parse.add_argument('--examples', type=int, default=3, help='differences shown per column')
    parse.add_argument('--short', action='store_true', help='show only columns with differences')
    parse.add_argument('--jobs', type=int, default=os.cpu_count(), help='captures examined side by side')
    parse.add_argument('captures', nargs='+')
    return parse.parse_args(words)


def known(path: Path) -> list[list[str]]:
    lines = path.read_text().splitlines() if path.exists() else []
    return [line.split('\t') for line in lines if line and not line.startswith('#')]


def main() -> int:
    options = arguments()
    options.explained = known(options.explained)
    total = Report()
    with multiprocessing.Pool(options.jobs) as pool:
        for report in pool.starmap(examine, [(path, options) for path in options.captures], chunksize=1):
            total.add(report, options.examples)
    total.print(options.short)
    different = sum(total.different.values())
    values = sum(total.same.values()) + different + sum(total.known.values())
    print(f'{len(options.captures)} captures, {total.rows} rows, {values} values: {sum(total.known.values())} explained, '
          f'{different} differ')
    return 2 if not total.rows else 1 if different else 0


if __name__ == '__main__':
    sys.exit(main())

#!/usr/bin/env python3
"""TLS, QUIC, SSH and DNS columns against what other programs publish for their own captures.

    scripts/vectors.py [--foxio DIR] [--mercury DIR] [--zeek DIR] [--page FILE] [--show] [--only SUBSTR]

The folders hold checkouts of FoxIO-LLC/ja4 (pcap, rust/ja4/src/snapshots, python/test/testdata, zeek/tests),
cisco/mercury (test/data) and zeek/zeek (testing/btest); FOXIO_JA4, MERCURY and ZEEK name them as well. A source
that is not given is skipped, and the last lines say so. PINYON is the command (default ./pinyon).

foxio.py, npf.py and zeek.py turn them into cases: a field, what the source says, what Pinyon says. The table
counts the equal ones. Differences that vectors.known.tsv explains are counted apart; exit status 1 if one is left
unexplained or if fewer cases are equal than vectors.floor.tsv demands (--floors rewrites it). --page puts the table,
with the date, between the markers of docs/conformance.md.
"""
import argparse, concurrent.futures as cf, datetime, os, sys

sys.dont_write_bytecode = True
import foxio, npf, oracle, zeek

SOURCES = (('foxio', foxio.cases, 'FOXIO_JA4'), ('npf', npf.cases, 'MERCURY'), ('zeek', zeek.cases, 'ZEEK'))
FOLDER = {'npf': 'mercury'}
BEGIN, END = '<!-- vectors.py -->', '<!-- /vectors.py -->'


def explain(known, case):
    """Where vectors.known.tsv explains the case, and the reason. '*' stands for any field, flow or value."""
    for i, (source, field, flow, want, reason) in enumerate(known[case.capture]):
        if source == case.source and field in ('*', case.field) and flow in ('*', case.flow) and want in ('*', case.want):
            return (case.capture, i), reason
    return None, None


def read_floors(path):
    floors = {}
    if os.path.exists(path):
        with open(path) as f:
            for line in f:
                if line.strip() and not line.startswith('#'):
                    source, field, n = line.rstrip('\n').split('\t')
                    floors[source, field] = int(n)
    return floors


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, _, variable in SOURCES:
        p.add_argument('--' + FOLDER.get(name, name), default=os.environ.get(variable), metavar='DIR', dest=name)
    p.add_argument('--page', help='file with the markers between which the table goes')
    p.add_argument('--floors', action='store_true', help='write what is equal now to vectors.floor.tsv')
    p.add_argument('--show', action='store_true', help='print explained differences too')
    p.add_argument('--only', default='', help='captures whose name holds this; no floor then')
    p.add_argument('--jobs', type=int, default=2)
    a = p.parse_args()

    cases, skipped = [], []
    with cf.ThreadPoolExecutor(a.jobs) as pool:
        for name, read, variable in SOURCES:
            folder = getattr(a, name)
            if folder:
                cases += read(folder, pool, a.only)
            else:
                skipped.append(f'{name}: skipped, neither --{FOLDER.get(name, name)} nor {variable} names its folder')

    known = oracle.known(oracle.here('vectors.known.tsv'))
    used, failed = set(), False
    tally = {}
    for c in cases:
        t = tally.setdefault((c.source, c.field), [0, 0, 0])
        t[1] += 1
        if c.equal:
            t[0] += 1
            continue
        at, reason = explain(known, c)
        if reason:
            used.add(at)
            t[2] += 1
        else:
            failed = True
        if a.show or not reason:
            print(f'{c.source} {c.capture} {c.flow} {c.field}: {c.source} {c.want!r}, pinyon {c.got!r}' +
                  (f'; explained: {reason}' if reason else ''))

    lines = ['| source | field | equal | of | explained |', '|---|---|---|---|---|']
    for (source, field), (equal, of, explained) in tally.items():
        lines.append(f'| {source} | {field} | {equal} | {of} | {explained or ""} |')
    total = [sum(t[i] for t in tally.values()) for i in range(3)]
    lines.append(f'| all | | {total[0]} | {total[1]} | {total[2] or ""} |')
    print('\n'.join(lines))
    for s in skipped:
        print(s)
    if not cases:
        sys.exit('no case')

    if not a.only:
        for capture, entries in known.items():
            for i, e in enumerate(entries):
                if (capture, i) not in used and getattr(a, e[0]):
                    print(f'vectors.known.tsv: no difference any more: {capture} {e[0]} {e[1]} {e[2]}')
                    failed = True
        path = oracle.here('vectors.floor.tsv')
        if a.floors:
            with open(path, 'w') as f:
                f.write('# Equal cases that vectors.py demands, by source and field; written by vectors.py --floors.\n')
                f.writelines(f'{s}\t{n}\t{t[0]}\n' for (s, n), t in tally.items() if t[0])
        for (source, field), n in read_floors(path).items():
            have = tally.get((source, field), [0])[0]
            if getattr(a, source) and have < n:
                print(f'{source} {field}: {have} equal, floor {n}')
                failed = True
    if a.page:
        with open(a.page) as f:
            head, rest = f.read().split(BEGIN)
        tail = rest.split(END)[1]
        notes = {}
        for c in cases:
            if not c.equal:
                at = notes.setdefault(explain(known, c)[1] or 'not explained', ({}, {}))
                at[0][c.source + ' ' + c.capture] = at[1][c.field] = None
        notes = [f'- {", ".join(where)} ({", ".join(what)}): {reason}.' for reason, (where, what) in notes.items()]
        with open(a.page, 'w') as f:
            f.write(f'{head}{BEGIN}\n{datetime.date.today()}:\n\n' + '\n'.join(lines) + '\n\n' + '\n'.join(notes) + f'\n{END}{tail}')
    sys.exit(failed)


if __name__ == '__main__':
    main()

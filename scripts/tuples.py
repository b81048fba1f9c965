#!/usr/bin/env python3
"""Packets of every 5-tuple, both directions, against tshark: captures with fragments, extension headers, tunnels.

    scripts/tuples.py [--inner | --none] [--all] [--only SUBSTR] [--jobs N] [CAPTURE or FOLDER...]

PINYON is the command (default ./pinyon), CORPUS the folder of captures (default ../shared/corpus; testdata is
always added). Without options both ways are run: `--decap none` on captures with fragments or IPv6 extension
headers, `--decap inner` on captures with tunnels; --all takes every capture. Differences that tuples.known.tsv
explains (capture, decap, frames, reason) are listed with the reason; exit status 1 if one is left unexplained. Bytes and payload are
compared as well and counted apart, as they hang on tshark's fields for lengths. --oracle prints tshark's side only, without PINYON.
"""
import argparse, collections, concurrent.futures as cf, os, sys

sys.dont_write_bytecode = True
import oracle, rows

FEATURES = '--features=flow_meta'


def wanted(table, inner, everything):
    """Does the capture have what this check is about?"""
    if everything:
        return True
    for p in oracle.packets(table, inner):
        if inner and p.nested > 1 or not inner and (p.later or p.ext):
            return True
    return False


def check(name, path, inner, a):
    table = oracle.table(path)
    if table is None or not wanted(table, inner, a.all):
        return None
    theirs = oracle.tuples(oracle.packets(table, inner))
    if a.oracle:
        return name, len(theirs), sum(sum(s.packets) for s in theirs.values()), [], 0, None
    try:
        ours = rows.tuples(rows.extract(path, '--decap', 'inner' if inner else 'none', FEATURES))
    except (rows.Failed, ValueError, KeyError) as e:
        return name, len(theirs), 0, [], 0, f'{type(e).__name__}: {e}'
    diffs, sizes = [], 0
    for key in list(theirs) + [k for k in ours if k not in theirs]:
        t, o = theirs.get(key), ours.get(key)
        want, got = t.packets if t else [0, 0], o['packets'] if o else [0, 0]
        # Both ends alike: which way a packet went cannot be told.
        if want != got and not (key[1] == key[2] and sum(want) == sum(got)):
            frames = ','.join(map(str, t.frames[:6])) if t else ''
            diffs.append((key, want, got, frames))
        elif t and o and (t.total != o['bytes'] or t.payload != o['payload_bytes']) and key[1] != key[2]:
            sizes += 1
            if a.sizes:
                print(f'  {name}: {oracle.show(key)}: bytes {t.total} {o["bytes"]}, payload {t.payload} {o["payload_bytes"]}')
    return name, len(theirs), sum(sum(s.packets) for s in theirs.values()), diffs, sizes, None


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('roots', nargs='*', default=None)
    p.add_argument('--inner', action='store_true')
    p.add_argument('--none', action='store_true')
    p.add_argument('--all', action='store_true')
    p.add_argument('--only', default='')
    p.add_argument('--jobs', type=int, default=2)
    p.add_argument('--oracle', action='store_true')
    p.add_argument('--sizes', action='store_true', help='print the tuples whose bytes or payload differ')
    a = p.parse_args()
    roots = a.roots or [rows.CORPUS, oracle.here('../testdata')]
    found = [(n, f) for n, f in oracle.captures(*roots) if a.only in n]
    known = oracle.known(oracle.here('tuples.known.tsv'))
    failed = False
    for inner in (False, True):
        if (a.inner or a.none) and inner != a.inner:
            continue
        decap = 'inner' if inner else 'none'
        captures = tuples = packets = equal = explained = sizes = 0
        with cf.ThreadPoolExecutor(a.jobs) as ex:
            for r in ex.map(lambda f: check(f[0], f[1], inner, a), found):
                if r is None:
                    continue
                name, n, pk, diffs, size, error = r
                captures, tuples, packets, sizes = captures + 1, tuples + n, packets + pk, sizes + size
                if not diffs and not error:
                    equal += 1
                    if a.oracle or a.only:
                        print(f'{decap}\t{name}\t{n} tuples, {pk} packets')
                    continue
                reason = next((k[-1] for k in known[name] if k[0] in (decap, 'both')), None)
                explained += reason is not None
                failed |= reason is None
                print(f'{decap}\t{name}: {error or ""}{"explained: " + reason if reason else ""}')
                for key, want, got, frames in diffs[:8]:
                    print(f'    {oracle.show(key)}: tshark {want}, pinyon {got}, frames {frames}')
                if len(diffs) > 8:
                    print(f'    and {len(diffs) - 8} tuples more')
        print(f'decap {decap}: {captures} captures, {tuples} tuples, {packets} packets; '
              f'equal {equal}, explained {explained}, different {captures - equal - explained}; '
              f'tuples whose bytes or payload differ {sizes}')
    sys.exit(failed)


main()

#!/usr/bin/env python3
"""Writes what tshark says of each capture of this folder beside it: expect.py [FILE...]

NAME.tshark.tsv holds the sums of every 5-tuple with the outermost IP header, NAME.inner.tshark.tsv those with the
innermost one where they differ. a is the smaller end (by address bytes, then port), ab what a sent; rows are in order of the
tuple's first packet; flags is the OR of the TCP flag bits (AE 256 included), 0 without TCP. The rules are in scripts/oracle.py.
"""
import glob, ipaddress, os, sys

sys.dont_write_bytecode = True
here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, '..', 'scripts'))
import oracle

COLUMNS = 'proto a a_port b b_port packets_ab packets_ba bytes_ab bytes_ba payload_ab payload_ba flags_ab flags_ba'.split()


def write(path, capture, decap, sums):
    with open(path, 'w') as f:
        f.write(f'# {oracle.version()}: {" ".join(oracle.COMMAND)} -r {os.path.basename(capture)}, decap {decap}\n')
        f.write('\t'.join(COLUMNS) + '\n')
        for (proto, a, b), s in sums.items():
            cells = [proto, ipaddress.ip_address(a[0]), a[1], ipaddress.ip_address(b[0]), b[1],
                     *s.packets, *s.total, *s.payload, *s.flags]
            f.write('\t'.join(map(str, cells)) + '\n')


def same(x, y):
    return list(x) == list(y) and all((x[k].packets, x[k].total) == (y[k].packets, y[k].total) for k in x)


files = sys.argv[1:] or sorted(f for ext in ('pcap', 'pcapng', 'pcap.gz', 'pcap.zst') for f in glob.glob(os.path.join(here, '*.' + ext)))
for capture in files:
    rows = oracle.table(capture)
    if rows is None:
        print('tshark cannot read', capture, file=sys.stderr)
        continue
    stem = os.path.join(os.path.dirname(capture), os.path.basename(capture).split('.')[0])
    outer, inner = (oracle.tuples(oracle.packets(rows, x)) for x in (False, True))
    write(stem + '.tshark.tsv', capture, 'none', outer)
    if not same(outer, inner):
        write(stem + '.inner.tshark.tsv', capture, 'inner', inner)
    elif os.path.exists(stem + '.inner.tshark.tsv'):
        os.remove(stem + '.inner.tshark.tsv')

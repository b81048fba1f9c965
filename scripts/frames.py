#!/usr/bin/env python3
"""The rows of packets (`dump -w FILE.parquet`) against tshark, frame by frame.

    scripts/frames.py [--only SUBSTR] [--jobs N] [--write FILE] [CAPTURE or FOLDER...]

PINYON is the command (default ./pinyon), CORPUS the folder of captures (default ../shared/corpus; testdata is always
added). Compared are time, size, captured size, link addresses, VLAN, ARP operation and addresses, and of IP packets
addresses, protocol, ports and TCP flags. Differences that frames.known.tsv explains (capture, field, reason) are
listed with the reason; exit status 1 if one is left unexplained. --write keeps tshark's side, for TestFrameByFrame.
Needs pyarrow.
"""
import argparse, collections, concurrent.futures as cf, ipaddress, os, sys, tempfile

sys.dont_write_bytecode = True
import oracle, rows

oracle.FIELDS = oracle.FIELDS + 'eth.src eth.dst vlan.id ieee8021ad.id arp.opcode arp.src.proto_ipv4 arp.dst.proto_ipv4'.split()
COLUMNS = 'timestamp packet_size captured_size src_mac dst_mac vlan_id arp_operation src_ip dst_ip ip_proto src_port dst_port tcp_flags'.split()
# What ends the captured link: a tag behind it is inside a tunnel.
ABOVE = ('ip', 'ipv6', 'arp', 'mpls', 'pppoes')
TAGS = {'vlan': 'vlan.id', 'ieee8021ad': 'ieee8021ad.id'}


def theirs(table):
    """What tshark says of each frame: a dict by column, without what it does not say or what is not compared."""
    packets = {p.number: p for p in oracle.packets(table)}
    for r in table:
        w, names = {}, r.get('frame.protocols', [''])[0].split(':')
        if 'frame.time_epoch' in r:
            w['timestamp'] = oracle.nanoseconds(r['frame.time_epoch'][0])
        w['packet_size'] = max(int(r['frame.len'][0]), int(r['frame.cap_len'][0]))
        w['captured_size'] = int(r['frame.cap_len'][0])
        if names[0] == 'eth' and 'eth.src' in r:
            w['src_mac'], w['dst_mac'] = r['eth.src'][0], r['eth.dst'][0]
            link = names[:next((i for i, n in enumerate(names) if n in ABOVE), len(names))]
            tag = next((TAGS[n] for n in link if n in TAGS), None)
            if tag is None or tag in r:
                w['vlan_id'] = int(r[tag][0]) if tag else None
        p = packets.get(int(r['frame.number'][0]))
        if p:
            w['src_ip'], w['dst_ip'] = (str(ipaddress.ip_address(x)) for x in (p.src, p.dst))
            if p.later:  # a row has what the packet itself says
                w['src_port'] = w['dst_port'] = w['tcp_flags'] = None
            else:
                w['ip_proto'] = p.proto
                if p.proto in oracle.PORT_PROTO and (p.sport or p.dport):
                    w['src_port'], w['dst_port'] = p.sport, p.dport
                if p.flags is not None:
                    w['tcp_flags'] = p.flags
        elif 'arp' in names and 'ip' not in names and 'ipv6' not in names and 'arp.opcode' in r:
            w['arp_operation'] = int(r['arp.opcode'][0])
            if 'arp.src.proto_ipv4' in r and 'arp.dst.proto_ipv4' in r:
                w['src_ip'], w['dst_ip'] = r['arp.src.proto_ipv4'][0], r['arp.dst.proto_ipv4'][0]
        yield int(r['frame.number'][0]), w


def ours(path):
    import pyarrow.parquet as pq
    fd, name = tempfile.mkstemp(suffix='.parquet')
    os.close(fd)
    try:
        rows.run(['dump', '-r', path, '-w', name])
        t = pq.read_table(name, columns=COLUMNS)
        out = {c: t[c].cast('int64').to_pylist() if c == 'timestamp' else t[c].to_pylist() for c in COLUMNS}
        return [dict(zip(out, v)) for v in zip(*out.values())]
    finally:
        if os.path.exists(name):
            os.unlink(name)


def check(name, path):
    table = oracle.table(path)
    if table is None:
        return None
    try:
        got = ours(path)
    except (rows.Failed, ValueError, KeyError) as e:
        return name, len(table), 0, [(0, 'all', '', f'{type(e).__name__}: {e}')], {}
    diffs, values, all_of = [], 0, {}
    for number, w in theirs(table):
        all_of[number] = w
        if number > len(got):
            diffs.append((number, 'rows', 'a frame', 'no row'))
            continue
        for column, want in w.items():
            values += 1
            if got[number - 1][column] != want:
                diffs.append((number, column, want, got[number - 1][column]))
    if len(got) > len(table):
        diffs.append((len(table) + 1, 'rows', 'no frame', 'a row'))
    return name, len(table), values, diffs, all_of


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('roots', nargs='*', default=None)
    p.add_argument('--only', default='')
    p.add_argument('--jobs', type=int, default=2)
    p.add_argument('--write')
    a = p.parse_args()
    roots = a.roots or [rows.CORPUS, oracle.here('../testdata')]
    found = [(n, f) for n, f in oracle.captures(*roots) if a.only in n]
    known = oracle.known(oracle.here('frames.known.tsv'))
    captures = frames = values = equal = explained = 0
    out = open(a.write, 'w') if a.write else None
    if out:
        out.write(f'# {oracle.version()}, by frames.py --write: what it says of frames; - is nothing, an empty cell is not compared\n')
        out.write('\t'.join(['capture', 'frame'] + COLUMNS) + '\n')
    with cf.ThreadPoolExecutor(a.jobs) as ex:
        for r in ex.map(lambda f: check(*f), found):
            if r is None:
                continue
            name, n, v, diffs, said = r
            captures, frames, values = captures + 1, frames + n, values + v
            if out:
                for number, w in said.items():
                    out.write('\t'.join([name, str(number)] + [('-' if w[c] is None else str(w[c])) if c in w else '' for c in COLUMNS]) + '\n')
            if not diffs:
                equal += 1
                continue
            reasons = {k[0]: k[-1] for k in known[name]}
            left = [d for d in diffs if d[1] not in reasons and 'all' not in reasons]
            explained += not left
            by = collections.Counter(d[1] for d in diffs)
            print(f'{name}: {dict(by)} of {n} frames' + ''.join(f'; {c}: {t}' for c, t in reasons.items()), flush=True)
            for number, column, want, got in left[:6]:
                print(f'    frame {number}: {column}: tshark {want}, pinyon {got}', flush=True)
            if len(left) > 6:
                print(f'    and {len(left) - 6} more')
    print(f'{captures} captures, {frames} frames, {values} values; equal {equal}, explained {explained}, different {captures - equal - explained}')
    sys.exit(captures - equal - explained > 0)


main()

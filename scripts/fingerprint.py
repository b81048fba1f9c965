#!/usr/bin/env python3
"""How often the columns for Tor, VPN and DNS over HTTPS are right: fingerprint.py [--cmd CMD] [--corpus DIR] [--labels FILE] [--write]

Prints tables of precision and recall, n beside every figure, and what each confidence was worth: on the captures of
testdata/fingerprint, whose labels lie beside them, and on a corpus of captures, if there is one, by the labels of FILE:
a line of JSON a capture, {"file", "by", "flows": [{"proto", "a": "ADDRESS PORT", "b", "label"}]}, label as nDPI prints it.
--write puts the tables into docs/fingerprint.md. -v names every flow that was missed or wrongly accused.

A labelled flow is a 5-tuple. It counts as found if any row of it is; rows of other tuples do not count.
"""
import argparse, collections, datetime, ipaddress, json, os, shlex, subprocess, sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
OWN = os.path.join(ROOT, 'testdata', 'fingerprint')
DOC = os.path.join(ROOT, 'docs', 'fingerprint.md')
BEGIN, END = '<!-- written by scripts/fingerprint.py -->', '<!-- end -->'

# What nDPI's words mean here. A protocol is a tunnel of that kind; a flow to the web services of a tunnel's operator
# (TLS.NordVPN) is named after the operator and no tunnel, and tells nothing: it is left out.
TUNNELS = {'WireGuard': 'wireguard', 'OpenVPN': 'openvpn', 'IPSec': 'ipsec', 'L2TP': 'l2tp', 'PPTP': 'other', 'TINC': 'other',
           'Softether': 'other', 'Tailscale': 'other', 'CiscoVPN': 'other', 'AnyConnect': 'other', 'UltraSurf': 'other'}
NAMED = {k: k for k in ('wireguard', 'openvpn', 'ipsec', 'l2tp')}  # what vpn_type begins with; the rest is other
OPERATORS = {'NordVPN', 'ProtonVPN', 'SurfShark', 'TunnelBear', 'Mullvad', 'Psiphon', 'Softether', 'PrivateInternetAccess', 'DNScrypt', 'Tor'}
# Labels that the capture itself contradicts: TLS to the resolver's own address, and QUIC to dns.google by name, called
# TLS and QUIC there. The reason stands in docs/fingerprint.md.
CORRECTED = {('ndpi/doh.pcapng', '1.1.1.1'): 'doh', ('ndpi/os_detected.pcapng', '8.8.8.8'): 'doh'}
CLASSES = [('Tor', 'tor'), ('VPN', 'vpn'), ('DoH', 'doh')]


def kind_of(label, proto, ports):
    """tor, vpn:KIND, doh, none; None is left out."""
    first, *rest = label.split('.')
    if first in TUNNELS:
        return 'vpn:' + TUNNELS[first]
    if first == 'Tor':
        return 'tor'
    if 'DoH_DoT' in (first, *rest):
        return 'doh' if proto == 6 and 853 not in ports and first == 'TLS' else None  # DoT and DoQ are other columns' matter
    if first == 'DNScrypt' or OPERATORS & {first, *rest}:
        return None
    return 'none'


def end(address, port):
    return (str(ipaddress.ip_address(address)), int(port))


def rows(cmd, path):
    """Rows by 5-tuple."""
    words = [path if w == '{}' else w for w in shlex.split(cmd)]
    p = subprocess.run(words, capture_output=True, text=True)
    found = collections.defaultdict(list)
    for line in p.stdout.splitlines():
        r = json.loads(line)
        found[r['protocol'], *sorted([end(r['src_ip'], r['src_port']), end(r['dst_ip'], r['dst_port'])])].append(r)
    return found


def corpus_flows(cmd, corpus, labels):
    """(name, kind, rows, kind as published) of every labelled flow that has a row, the number of those that have none, and of those left out."""
    flows, absent, out, names = [], 0, 0, set()
    for line in open(labels):
        d = json.loads(line)
        path = os.path.join(corpus, d['file'])
        labelled = [f for f in d['flows'] if f.get('label')]
        if not labelled or not os.path.exists(path):
            continue
        names.add(d['by'])
        by_tuple = rows(cmd, path)
        for f in labelled:
            try:
                a, b = end(*f['a'].split()), end(*f['b'].split())
            except ValueError:  # nDPI shortens some IPv6 addresses twice
                absent += 1
                continue
            published = kind_of(f['label'], f['proto'], (a[1], b[1]))
            kind = (CORRECTED.get((d['file'], b[0])) if 443 in (a[1], b[1]) else None) or published
            if kind is None:
                out += 1
                continue
            r = by_tuple.get((f['proto'], *sorted([a, b])))
            if not r:
                absent += 1
                continue
            flows.append((f'{d["file"]} {f["proto"]} {a} {b} {f["label"]}', kind, r, published))
    return flows, absent, out, sorted(names)


def own_flows(cmd):
    flows = []
    for line in open(os.path.join(OWN, 'labels.tsv')):
        if line.startswith(('#', 'capture\t')):
            continue
        name, kind = line.split()
        for t, r in rows(cmd, os.path.join(OWN, name)).items():
            flows.append((f'{name} {t}', kind, r, kind))
    return flows


def likely(column, r):
    return any(x['likely_' + column] for x in r)


def share(n, of):
    return f'{100 * n / of:.1f} % ({n} of {of})' if of else None


def score(flows, verbose):
    print_rows = []
    for title, c in CLASSES:
        true = [f for f in flows if f[1].split(':')[0] == c]
        said = [f for f in flows if likely(c, f[2])]
        right = [f for f in said if f in true]
        print_rows.append((title, share(len(right), len(said)) or 'never said', share(len(right), len(true)) or 'no labelled flow'))
        if verbose:
            for f in said:
                if f not in true:
                    print('wrong', title, f[0], [(x['traffic_type'], x[c + '_confidence']) for x in f[2]], file=sys.stderr)
            for f in true:
                if f not in said:
                    print('missed', title, f[0], [(x['traffic_type'], x[c + '_confidence']) for x in f[2]], file=sys.stderr)
        if c != 'vpn':
            continue
        # By kind: of flows of a kind, how many were said to be of it; of flows said to be of it, how many were.
        for kind in ('wireguard', 'openvpn', 'ipsec', 'l2tp', 'other'):
            of = [f for f in true if f[1] == 'vpn:' + kind]
            told = [f for f in said if any(x['likely_vpn'] and NAMED.get(x['vpn_type'].split('-')[0], 'other') == kind for x in f[2])]
            both = [f for f in told if f in of]
            print_rows.append((f'VPN: {kind}', share(len(both), len(told)) or 'never said', share(len(both), len(of)) or 'no labelled flow'))
    return print_rows


def worth(flows):
    """What share of the flows with a confidence were of the kind."""
    out = []
    for title, c in CLASSES:
        by = collections.defaultdict(list)
        for _, kind, r, _ in flows:
            by[max(x[c + '_confidence'] for x in r)].append(kind.split(':')[0] == c)
        for confidence in sorted(by):
            out.append((title, f'{confidence:.2f}', share(sum(by[confidence]), len(by[confidence]))))
    return out


def together(own, corpus):
    """Precision of each kind over all flows, labels as published, and with those corrected that the capture contradicts."""
    out = []
    for title, c in CLASSES:
        said = [f for f in own + corpus if likely(c, f[2])]
        mine = [f for f in said if f in own]
        right = lambda label: share(sum(f[label].split(':')[0] == c for f in said), len(said)) or 'never said'
        out.append((title, right(3), right(1), f'{len(mine)} of {len(said)}'))
    return out


def table(head, body):
    lines = ['| ' + ' | '.join(head) + ' |', '|' + '---|' * len(head)]
    return '\n'.join(lines + ['| ' + ' | '.join(r) + ' |' for r in body])


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--cmd', default='pinyon extract {} -f jsonl -o - --no-progress --features fingerprint,flow_meta')
    p.add_argument('--corpus', default=os.environ.get('PINYON_CORPUS', os.path.join(ROOT, '..', 'shared', 'corpus')))
    p.add_argument('--labels', default=os.path.join(ROOT, '..', 'shared', 'oracle', 'projects.jsonl'))
    p.add_argument('--write', action='store_true')
    p.add_argument('-v', action='store_true')
    a = p.parse_args()

    today = datetime.date.today().isoformat()
    own = own_flows(a.cmd)
    head = ('columns', 'precision', 'recall')
    kinds = collections.Counter(k.split(':')[0] for _, k, _, _ in own)
    parts = [f'### Captures of testdata/fingerprint\n\n{len(own)} flows, of which {kinds["tor"]} Tor, {kinds["vpn"]} VPN, {kinds["doh"]} DoH, {kinds["none"]} none of these; measured {today}.\n\n' + table(head, score(own, a.v))]
    if os.path.isdir(a.corpus) and os.path.exists(a.labels):
        flows, absent, out, names = corpus_flows(a.cmd, a.corpus, a.labels)
        kinds = collections.Counter(k.split(':')[0] for _, k, _, _ in flows)
        parts.append(f'### Captures of public projects\n\n{os.path.basename(os.path.normpath(a.corpus))}/, labels by {", ".join(names)}: {len(flows)} flows of {len({f[0].split()[0] for f in flows})} captures, '
                     f'of which {kinds["tor"]} Tor, {kinds["vpn"]} VPN, {kinds["doh"]} DoH; measured {today}. Not counted: {out} flows to web services of\n'
                     f'operators, of DNSCrypt, DoT or DoQ, and {absent} labelled ones without a flow here (inside tunnels, or an address that nDPI cut short).\n\n' + table(head, score(flows, a.v)))
        parts.append('### Precision over both\n\n' + table(('columns', 'labels as published', 'two corrected', 'said of flows of testdata'), together(own, flows)))
        parts.append('### What a confidence was worth there\n\n' + table(('columns', 'confidence', 'of that kind'), worth(flows)))
    else:
        print('no corpus, or no labels:', a.corpus, a.labels, file=sys.stderr)
    text = '\n\n'.join(parts) + '\n'
    if not a.write:
        print(text)
        return
    doc = open(DOC).read()
    before, rest = doc.split(BEGIN)
    open(DOC, 'w').write(before + BEGIN + '\n\n' + text + '\n' + END + rest.split(END)[1])


main()

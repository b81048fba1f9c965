#!/usr/bin/env python3
"""Names and fingerprints that tshark, nDPI or FoxIO see in the corpus and Pinyon does not.

    scripts/names.py [--only SUBSTR] [--jobs N]

PINYON is the command (default ./pinyon), CORPUS the folder of captures (default ../shared/corpus), ORACLE the folder with
tshark.jsonl and projects.jsonl (default ../shared/oracle). A flow is found by its two ends, and has to have each server
name, host, JA3, JA3S, JA4 and HASSH that the others give for it, in any of its columns of that kind. What it has not is
listed with the reason that names.known.tsv gives (capture, kind, who sees it with nDPI's label, value, reason; * ends
what may go on in any way); exit status 1 if one is left unexplained.
"""
import argparse
import collections
import concurrent.futures as cf
import ipaddress
import json
import os
import subprocess
import sys

PINYON = os.environ.get('PINYON', './pinyon')
CORPUS = os.environ.get('CORPUS', '../shared/corpus')
ORACLE = os.environ.get('ORACLE', '../shared/oracle')
HERE = os.path.dirname(os.path.abspath(__file__))

# The columns in which each kind of value may stand.
COLUMNS = {
    'name': ['tls_sni', 'quic_sni', 'http_host', 'dns_query_name', 'tls_cert_san_dns'],
    'ja3': ['ja3_hash', 'quic_ja3_hash'],
    'ja3s': ['ja3s_hash', 'quic_ja3s_hash'],
    'ja4': ['ja4', 'quic_ja4'],
    'hassh': ['ssh_hassh'],
    'hassh_server': ['ssh_hassh_server'],
}
# What the others call them.
FIELDS = {'sni': 'name', 'domain': 'name', 'ja3': 'ja3', 'ja3s': 'ja3s', 'ja4': 'ja4', 'JA4.1': 'ja4', 'JA4': 'ja4',
          'hassh': 'hassh', 'hassh_server': 'hassh_server'}


def end(address: str, port: object) -> tuple[str, int]:
    ip = ipaddress.ip_address(address)
    return str(getattr(ip, 'ipv4_mapped', None) or ip), int(port)


def of_oracle(text: str) -> tuple[str, int]:
    address, port = text.rsplit(' ', 1)
    return end(address, port)


def seen(path: str) -> dict[frozenset, dict[str, set[str]]]:
    """What Pinyon sees, tunnels opened or not, by the two ends of a flow."""
    flows: dict[frozenset, dict[str, set[str]]] = collections.defaultdict(lambda: collections.defaultdict(set))
    for decap in ('none', 'inner'):
        run = subprocess.run([PINYON, 'extract', path, '-f', 'jsonl', '-o', '-', '--no-progress', '--features', 'all,extra',
                              '--decap', decap], capture_output=True, check=False)
        for line in run.stdout.splitlines():
            row = json.loads(line)
            key = frozenset([end(row['src_ip'], row['src_port']), end(row['dst_ip'], row['dst_port'])])
            for kind, names in COLUMNS.items():
                flows[key][kind].update(str(row[c]).lower() for c in names if row.get(c))
    return flows


def missing(job: tuple[str, list[tuple[str, dict]]]) -> list[tuple[str, str, str, str, str]]:
    """(capture, kind, who, value, flow) of what Pinyon has not."""
    name, told = job
    path = os.path.join(CORPUS, name)
    if not os.path.exists(path):
        return []
    flows, out = seen(path), []
    for who, flow in told:
        key = frozenset([of_oracle(flow['a']), of_oracle(flow['b'])])
        for field, kind in FIELDS.items():
            values = flow.get(field, [])
            for value in values if isinstance(values, list) else [values]:
                have = flows[key][kind] if key in flows else set()
                bare = value.lower().rstrip('.')
                if not any(bare == h.rstrip('.') or kind == 'name' and bare == h.rsplit(':', 1)[0] for h in have):
                    out.append((name, kind, who, value, flow['a'] + ' - ' + flow['b']))
    return out


def known() -> list[list[str]]:
    with open(os.path.join(HERE, 'names.known.tsv'), encoding='utf8') as lines:
        return [line.rstrip('\n').split('\t') for line in lines if line.strip() and line[0] != '#']


def reason(table: list[list[str]], item: tuple[str, str, str, str, str]) -> str:
    for capture, kind, who, value, why in table:
        if all(want == have or want == '*' or want.endswith('*') and have.startswith(want[:-1])
               for want, have in zip((capture, kind, who, value), item)):
            return why
    return ''


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--only', default='')
    parser.add_argument('--jobs', type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    told: dict[str, list[tuple[str, dict]]] = collections.defaultdict(list)
    for file in ('tshark.jsonl', 'projects.jsonl'):
        with open(os.path.join(ORACLE, file), encoding='utf8') as lines:
            for line in lines:
                capture = json.loads(line)
                if arguments.only in capture['file']:
                    told[capture['file']] += [
                        (':'.join(filter(None, (capture.get('by', 'tshark'), f.get('label', '').split('.')[0]))), f)
                        for f in capture['flows'] if FIELDS.keys() & f.keys()]
    values = sum(len(v) if isinstance(v, list) else 1 for fs in told.values() for _, f in fs for k, v in f.items() if k in FIELDS)
    with cf.ThreadPoolExecutor(arguments.jobs) as pool:
        items = [i for found in pool.map(missing, sorted(told.items())) for i in found]
    table, open_ = known(), 0
    for item in items:
        why = reason(table, item)
        open_ += not why
        print('\t'.join((*item, why or 'UNEXPLAINED')))
    print(f'{values} names and fingerprints, {len(items)} not seen, {open_} unexplained', file=sys.stderr)
    return 1 if open_ else 0


if __name__ == '__main__':
    sys.exit(main())

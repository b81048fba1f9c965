"""JA4, server names, HASSH and SSH banners that the programs of FoxIO-LLC/ja4 give for the captures beside them.

Of the JA4 family only JA4 itself is read; the other methods are left alone. vectors.py runs it.
"""
import glob, json, os

import vector

PYTHON = (('JA4', 'ja4'), ('JA4_r', 'ja4_r'), ('JA4_o', 'ja4_o'), ('JA4_ro', 'ja4_ro'))
SSH = (('hassh', 'ssh_hassh'), ('hassh_server', 'ssh_hassh_server'), ('ssh_protocol_client', 'ssh_client_banner'), ('ssh_protocol_server', 'ssh_server_banner'))
TCP, UDP = 6, 17


def snapshot(path):
    """Flows of a snapshot: a list of blocks, each with fields and at most one level of fields below them."""
    block = None
    with open(path) as f:
        for line in f.read().split('---\n', 2)[2].split('\n'):
            if line.startswith('- '):
                if block:
                    yield block
                block = {}
                line = '  ' + line[2:]
            name, colon, value = line.strip().partition(':')
            if block is not None and colon and name.replace('_', '').isalnum():
                block[name] = value.strip().strip('\'"')
    if block:
        yield block


def zeek_log(path):
    with open(path) as f:
        for line in f:
            if line.startswith('#fields'):
                names = line.rstrip('\n').split('\t')[1:]
            elif not line.startswith('#'):
                yield dict(zip(names, line.rstrip('\n').split('\t')))


def capture(folder, name, path):
    """All cases of one capture."""
    out = []
    flows = vector.Flows(path)
    rust = os.path.join(folder, 'rust/ja4/src/snapshots', f'ja4__insta@{name}.snap')
    if os.path.exists(rust):
        for b in snapshot(rust):
            flow = f'{b["src"]} {b["src_port"]} {b["dst"]} {b["dst_port"]}'
            found = flows.find(vector.ends(b['src'], b['src_port'], b['dst'], b['dst_port']), TCP if b['transport'] == 'tcp' else UDP)
            if 'ja4' in b:
                out.append(vector.Case('foxio', f'Rust JA4, {b["transport"].upper() if b["transport"] == "tcp" else "QUIC"}',
                                       name, flow, b['ja4'], vector.values(found, 'ja4')))
            if 'tls_server_name' in b:
                out.append(vector.Case('foxio', 'Rust server name', name, flow, b['tls_server_name'], vector.values(found, 'tls_sni', 'quic_sni')))
            for field, column in SSH:
                if b.get(field, 'null') != 'null':
                    have = [v.replace('\\x20', ' ') for v in vector.values(found, column)]
                    out.append(vector.Case('foxio', f'Rust {field}', name, flow, b[field], have))
    python = os.path.join(folder, 'python/test/testdata', name + '.json')
    if os.path.exists(python):
        with open(python) as f:
            for b in json.load(f):
                for full, want in b.items():
                    method, _, nth = full.partition('.')
                    column = dict(PYTHON).get(method)
                    if not column:
                        continue
                    flow = f'{b["src"]} {b["srcport"]} {b["dst"]} {b["dstport"]}'
                    found = flows.find(vector.ends(b['src'], b['srcport'], b['dst'], b['dstport']))
                    field = f'Python {method}' + (', second hello' if nth == '2' else '')
                    out.append(vector.Case('foxio', field, name, flow, want, vector.values(found, column)))
    log = os.path.join(folder, 'zeek/tests/Traces', 'Scripts.ja4-' + name.partition('.')[0], 'ssl.log')
    if os.path.exists(log):
        for b in zeek_log(log):
            flow = ' '.join(b['id.' + x] for x in ('orig_h', 'orig_p', 'resp_h', 'resp_p'))
            found = flows.find(vector.ends(*flow.split()))
            if b['ja4'] != '-':
                out.append(vector.Case('foxio', 'Zeek JA4, QUIC' if b['ja4'][0] == 'q' else 'Zeek JA4, TCP', name, flow, b['ja4'], vector.values(found, 'ja4')))
    return out


def cases(folder, pool, only):
    paths = [p for p in sorted(glob.glob(os.path.join(folder, 'pcap/*'))) if only in p]
    parts = pool.map(lambda p: capture(folder, os.path.basename(p), p), paths)
    found = [c for part in parts for c in part]
    return sorted(found, key=lambda c: c.field)
